//! What a strict client (TDLib) refuses or complains about, and other servers leave out.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, BOB, Stage, as_user, ids, objects, to_self};

/// The message id that `updateMessageID` gives, and those of the new messages beside it.
fn message_ids(updates: &Object) -> (Option<i32>, Vec<i32>) {
    let updates = objects(updates, "updates");
    let told = updates.iter().find(|one| one.name() == "updateMessageID");
    let told = told.and_then(|one| one.int("id"));
    let new = updates.iter().filter_map(|one| one.object("message"));
    (told, new.filter_map(|message| message.int("id")).collect())
}

#[test]
fn what_is_created_names_its_first_message() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let create = Object::new("messages.createChat")
        .with("users", vec![Value::from(as_user(&bob))])
        .with("title", "Readers");
    let reply = stage.ok(alice, create);
    let (told, new) = message_ids(reply.object("updates").unwrap());
    assert_eq!((told.is_some(), new.len()), (true, 1));
    assert_eq!(told, new.first().copied());

    let create = Object::new("channels.createChannel")
        .with("broadcast", true)
        .with("title", "News")
        .with("about", "");
    let reply = stage.ok(alice, create);
    assert_eq!(message_ids(&reply), (Some(1), vec![1]));
}

#[test]
fn rights_of_a_group_are_taken_away_for_ever_and_not_until_1970() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let create = Object::new("messages.createChat")
        .with("users", vec![Value::from(as_user(&bob))])
        .with("title", "Readers");
    let reply = stage.ok(alice, create);
    let chat = objects(reply.object("updates").unwrap(), "chats").remove(0);
    let rights = chat.object("default_banned_rights").unwrap();
    assert_eq!(rights.int("until_date"), Some(i32::MAX));
}

#[test]
fn strangers_can_be_reported_where_they_can_be_blocked() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let reply = stage.ok(
        alice,
        Object::new("messages.getPeerSettings").with("peer", bob),
    );
    let settings = reply.object("settings").unwrap();
    for flag in ["report_spam", "add_contact", "block_contact"] {
        assert!(settings.flag(flag), "{flag}");
    }
}

#[test]
fn what_is_kept_in_saved_messages_says_where_it_was_taken_from() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_alice = stage.peer(bob, "alice_mtkit");
    stage.send(bob, &to_alice, "well");
    let to_bob = stage.peer(alice, "bob_mtkit");
    let forward = |to: Object, random: i64| {
        Object::new("messages.forwardMessages")
            .with("from_peer", to_bob.clone())
            .with("to_peer", to)
            .with("id", ids(&[1]))
            .with("random_id", Value::vector([random]))
    };
    let reply = stage.ok(alice, forward(to_self(), 7));
    let copy = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    let header = copy.object("fwd_from").unwrap();
    let user = to_bob.long("user_id");
    assert_eq!(
        header.object("saved_from_peer").unwrap().long("user_id"),
        user
    );
    assert_eq!(header.int("saved_from_msg_id"), Some(1));
    assert_eq!(copy.object("saved_peer_id").unwrap().long("user_id"), user);

    let reply = stage.ok(alice, forward(to_bob.clone(), 8));
    let copy = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    let header = copy.object("fwd_from").unwrap();
    assert!(
        header.object("saved_from_peer").is_none(),
        "only in Saved Messages"
    );
}
