//! What a client missed.

use tl_parser::Object;

use crate::driver::{ALICE, BOB, Stage, get_difference, ids, objects, texts, to_self};

#[test]
fn nothing_happened_since_the_state() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let pts = stage.pts(alice);
    assert!(pts > 0);
    let difference = stage.ok(alice, get_difference(pts));
    assert_eq!(difference.name(), "updates.differenceEmpty");
}

#[test]
fn the_difference_tells_everything_in_order() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let before = stage.pts(bob);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let one = stage.send_id(alice, &to_bob, "one");
    stage.send(alice, &to_bob, "two");
    let three = stage.send_id(alice, &to_bob, "three");
    let edit = Object::new("messages.editMessage")
        .with("peer", to_bob.clone())
        .with("id", one)
        .with("message", "one, edited");
    stage.ok(alice, edit);
    let delete = Object::new("messages.deleteMessages")
        .with("revoke", true)
        .with("id", ids(&[three]));
    stage.ok(alice, delete);

    let difference = stage.ok(bob, get_difference(before));
    assert_eq!(difference.name(), "updates.difference");
    assert_eq!(
        difference
            .vector("new_messages")
            .unwrap()
            .iter()
            .map(|m| m.as_object().unwrap().str("message").unwrap())
            .collect::<Vec<_>>(),
        ["one, edited", "two"],
        "as they are now, without the deleted one"
    );
    let others: Vec<_> = objects(&difference, "other_updates")
        .iter()
        .map(|update| update.name().to_owned())
        .collect();
    assert_eq!(others, ["updateEditMessage", "updateDeleteMessages"]);
    let state = difference.object("state").unwrap();
    assert_eq!(state.int("pts"), Some(stage.pts(bob)));
    let users = objects(&difference, "users");
    assert!(users.iter().any(|u| u.str("first_name") == Some("Alice")));
}

#[test]
fn updates_move_pts_by_their_count() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let mut pts = stage.pts(bob);
    let sent: Vec<_> = (0..3)
        .map(|n| stage.send_id(alice, &to_bob, &n.to_string()))
        .collect();
    let delete = Object::new("messages.deleteMessages")
        .with("revoke", true)
        .with("id", ids(&sent));
    stage.ok(alice, delete);
    for update in stage.updates(bob) {
        assert_eq!(
            update.int("pts"),
            Some(pts + update.int("pts_count").unwrap())
        );
        pts = update.int("pts").unwrap();
    }
    assert_eq!(pts, stage.pts(bob));
}

#[test]
fn a_long_difference_comes_in_slices() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let mut pts = stage.pts(alice);
    for n in 0..25 {
        stage.send(alice, &to_self(), &n.to_string());
    }
    let mut messages = Vec::new();
    let mut slices = 0;
    loop {
        let request = get_difference(pts).with("pts_limit", 10);
        let difference = stage.ok(alice, request);
        for message in objects(&difference, "new_messages") {
            messages.push(message.str("message").unwrap().to_owned());
        }
        slices += 1;
        if difference.name() == "updates.difference" {
            break;
        }
        assert_eq!(difference.name(), "updates.differenceSlice");
        let state = difference.object("intermediate_state").unwrap();
        pts = state.int("pts").unwrap();
    }
    assert_eq!(slices, 3);
    let expected: Vec<_> = (0..25).map(|n| n.to_string()).collect();
    assert_eq!(messages, expected);
}

#[test]
fn a_client_too_far_behind_starts_anew() {
    let mut config = crate::driver::config(1);
    config.limits.logged_updates = 5;
    let mut stage = Stage::with(config);
    let alice = stage.log_in(ALICE);
    let before = stage.pts(alice);
    for n in 0..6 {
        stage.send(alice, &to_self(), &n.to_string());
    }
    let difference = stage.ok(alice, get_difference(before));
    assert_eq!(difference.name(), "updates.differenceTooLong");
    assert_eq!(difference.int("pts"), Some(stage.pts(alice)));
    let ahead = stage.ok(alice, get_difference(1000));
    assert_eq!(
        ahead.name(),
        "updates.differenceTooLong",
        "a state of another world"
    );
}

#[test]
fn impossible_states_have_their_errors() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    assert_eq!(
        stage.error(alice, get_difference(0)),
        "400 PERSISTENT_TIMESTAMP_EMPTY"
    );
    assert_eq!(
        stage.error(alice, get_difference(-1)),
        "400 PERSISTENT_TIMESTAMP_INVALID"
    );
}

#[test]
fn the_state_counts_unread_dialogs() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "one");
    stage.send(alice, &to_bob, "two");
    let state = stage.ok(bob, Object::new("updates.getState"));
    assert_eq!(state.int("unread_count"), Some(1));
    let to_alice = stage.peer(bob, "alice_mtkit");
    let history = stage.ok(bob, crate::driver::get_history(&to_alice));
    assert_eq!(texts(&history), ["two", "one"]);
}
