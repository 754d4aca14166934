//! The list of dialogs.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, BOB, CODE, Client, Stage, get_dialogs, objects, send_code, to_self};

/// First names of the peers of some dialogs.
fn names(dialogs: &Object) -> Vec<String> {
    let users = objects(dialogs, "users");
    objects(dialogs, "dialogs")
        .iter()
        .map(|dialog| {
            let id = dialog.object("peer").unwrap().long("user_id");
            let user = users.iter().find(|user| user.long("id") == id).unwrap();
            user.str("first_name").unwrap().to_owned()
        })
        .collect()
}

/// Alice, who wrote to Bob, the bot and herself, in that order.
fn three(stage: &mut Stage) -> Client {
    let alice = stage.log_in(ALICE);
    for peer in ["bob_mtkit", "mtkit_bot", "alice_mtkit"] {
        let peer = stage.peer(alice, peer);
        stage.now += 10;
        stage.send(alice, &peer, "hello");
    }
    alice
}

#[test]
fn the_latest_dialog_is_first() {
    let mut stage = Stage::new();
    let alice = three(&mut stage);
    let dialogs = stage.ok(alice, get_dialogs());
    assert_eq!(dialogs.name(), "messages.dialogs");
    assert_eq!(names(&dialogs), ["Alice", "mtkit bot", "Bob"]);
    assert_eq!(objects(&dialogs, "messages").len(), 3);
}

#[test]
fn dialogs_are_paged_by_the_last_one_seen() {
    let mut stage = Stage::new();
    let alice = three(&mut stage);
    let first = stage.ok(alice, get_dialogs().with("limit", 2));
    assert_eq!(first.name(), "messages.dialogsSlice");
    assert_eq!(first.int("count"), Some(3));
    assert_eq!(names(&first), ["Alice", "mtkit bot"]);
    let last = objects(&first, "messages").pop().unwrap();
    let bot = stage.peer(alice, "mtkit_bot");
    let next = get_dialogs()
        .with("offset_date", last.int("date").unwrap())
        .with("offset_id", last.int("id").unwrap())
        .with("offset_peer", bot);
    let second = stage.ok(alice, next);
    assert_eq!(names(&second), ["Bob"]);
}

#[test]
fn unread_messages_are_counted() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "one");
    stage.send(alice, &to_bob, "two");
    let dialogs = stage.ok(bob, get_dialogs());
    let dialog = objects(&dialogs, "dialogs").remove(0);
    assert_eq!(dialog.int("unread_count"), Some(2));
    assert_eq!(dialog.int("top_message"), Some(2));
    let dialogs = stage.ok(alice, get_dialogs());
    let dialog = objects(&dialogs, "dialogs").remove(0);
    assert_eq!(dialog.int("unread_count"), Some(0), "not one's own");
}

fn dialog_peer(peer: &Object) -> Object {
    Object::new("inputDialogPeer").with("peer", peer.clone())
}

fn pin(peer: &Object, pinned: bool) -> Object {
    Object::new("messages.toggleDialogPin")
        .with_flag("pinned", pinned)
        .with("peer", dialog_peer(peer))
}

#[test]
fn pinned_dialogs_come_first_and_by_themselves() {
    let mut stage = Stage::new();
    let alice = three(&mut stage);
    let second = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    stage.yes(alice, pin(&bob, true));
    assert_eq!(stage.update(second).name(), "updateDialogPinned");
    let dialogs = stage.ok(alice, get_dialogs());
    assert_eq!(names(&dialogs)[0], "Bob");
    let without = stage.ok(alice, get_dialogs().with("exclude_pinned", true));
    assert!(!names(&without).contains(&"Bob".to_owned()));
    let get_pinned = || Object::new("messages.getPinnedDialogs").with("folder_id", 0);
    let pinned = stage.ok(alice, get_pinned());
    assert_eq!(names(&pinned), ["Bob"]);
    assert!(pinned.object("state").is_some());

    let bot = stage.peer(alice, "mtkit_bot");
    let order = vec![
        Value::from(dialog_peer(&bot)),
        Value::from(dialog_peer(&bob)),
    ];
    let reorder = Object::new("messages.reorderPinnedDialogs")
        .with("force", true)
        .with("folder_id", 0)
        .with("order", order);
    stage.yes(alice, reorder);
    let pinned = stage.ok(alice, get_pinned());
    assert_eq!(names(&pinned), ["mtkit bot", "Bob"]);
    stage.yes(alice, pin(&bob, false));
    let pinned = stage.ok(alice, get_pinned());
    assert_eq!(names(&pinned), ["mtkit bot"]);
}

#[test]
fn no_more_than_five_dialogs_are_pinned() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let mut errors = Vec::new();
    for n in 0..6 {
        let phone = format!("99966255{n:02}");
        let other = stage.client();
        let sent = stage.ok(other, send_code(&phone));
        stage.ok(other, crate::driver::sign_in(&phone, &sent, CODE));
        let sign_up = Object::new("auth.signUp")
            .with("phone_number", phone.as_str())
            .with("phone_code_hash", sent.str("phone_code_hash").unwrap())
            .with("first_name", format!("Friend {n}"))
            .with("last_name", "");
        stage.ok(other, sign_up);
        let found = stage.ok(
            alice,
            Object::new("contacts.resolvePhone").with("phone", phone),
        );
        let user = objects(&found, "users").remove(0);
        let peer = Object::new("inputPeerUser")
            .with("user_id", user.long("id").unwrap())
            .with("access_hash", user.long("access_hash").unwrap());
        errors.extend(stage.call(alice, &pin(&peer, true)).err());
    }
    assert_eq!(errors, ["400 PINNED_DIALOGS_TOO_MUCH"]);
}

#[test]
fn single_dialogs_are_asked_for_by_peer() {
    let mut stage = Stage::new();
    let alice = three(&mut stage);
    let bob = stage.peer(alice, "bob_mtkit");
    let request =
        Object::new("messages.getPeerDialogs").with("peers", vec![Value::from(dialog_peer(&bob))]);
    let dialogs = stage.ok(alice, request);
    assert_eq!(names(&dialogs), ["Bob"]);
}

#[test]
fn drafts_are_kept_for_all_sessions_until_sent() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let second = stage.log_in(ALICE);
    let save = |text: &str| {
        Object::new("messages.saveDraft")
            .with("peer", to_self())
            .with("message", text)
    };
    stage.yes(alice, save("not yet"));
    let update = stage.update(second);
    assert_eq!(update.name(), "updateDraftMessage");
    assert_eq!(
        update.object("draft").unwrap().str("message"),
        Some("not yet")
    );
    let all = stage.ok(second, Object::new("messages.getAllDrafts"));
    assert_eq!(objects(&all, "updates").len(), 1);
    let send = crate::driver::send_message(&to_self(), "now", 9).with("clear_draft", true);
    stage.ok(alice, send);
    let all = stage.ok(second, Object::new("messages.getAllDrafts"));
    assert_eq!(objects(&all, "updates").len(), 0);
    stage.yes(alice, save("again"));
    stage.yes(alice, Object::new("messages.clearAllDrafts"));
    let all = stage.ok(second, Object::new("messages.getAllDrafts"));
    assert_eq!(objects(&all, "updates").len(), 0);
}

#[test]
fn a_dialog_is_marked_unread_by_hand() {
    let mut stage = Stage::new();
    let alice = three(&mut stage);
    let bob = stage.peer(alice, "bob_mtkit");
    let mark = |unread| {
        Object::new("messages.markDialogUnread")
            .with_flag("unread", unread)
            .with("peer", dialog_peer(&bob))
    };
    stage.yes(alice, mark(true));
    let marks = Object::new("messages.getDialogUnreadMarks");
    assert_eq!(stage.list(alice, marks.clone()).len(), 1);
    stage.yes(alice, mark(false));
    assert_eq!(stage.list(alice, marks).len(), 0);
}

#[test]
fn archived_dialogs_leave_the_main_list() {
    let mut stage = Stage::new();
    let alice = three(&mut stage);
    let bob = stage.peer(alice, "bob_mtkit");
    let entry = Object::new("inputFolderPeer")
        .with("peer", bob)
        .with("folder_id", 1);
    let archive =
        Object::new("folders.editPeerFolders").with("folder_peers", vec![Value::from(entry)]);
    stage.ok(alice, archive);
    let main = stage.ok(alice, get_dialogs());
    assert_eq!(names(&main), ["Alice", "mtkit bot"]);
    let archive = stage.ok(alice, get_dialogs().with("folder_id", 1));
    assert_eq!(names(&archive), ["Bob"]);
    let wrong = get_dialogs().with("folder_id", 7);
    assert_eq!(stage.error(alice, wrong), "400 FOLDER_ID_INVALID");
}

#[test]
fn folders_are_kept() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let title = Object::new("textWithEntities")
        .with("text", "Work")
        .with("entities", Vec::<Value>::new());
    let filter = Object::new("dialogFilter")
        .with("contacts", true)
        .with("id", 2)
        .with("title", title)
        .with("pinned_peers", Vec::<Value>::new())
        .with("include_peers", Vec::<Value>::new())
        .with("exclude_peers", Vec::<Value>::new());
    let update = |id: i32| Object::new("messages.updateDialogFilter").with("id", id);
    stage.yes(alice, update(2).with("filter", filter.clone()));
    let filters = stage.ok(alice, Object::new("messages.getDialogFilters"));
    assert_eq!(objects(&filters, "filters")[1], filter);
    stage.yes(alice, update(2));
    let filters = stage.ok(alice, Object::new("messages.getDialogFilters"));
    assert_eq!(objects(&filters, "filters").len(), 1);
    assert_eq!(stage.error(alice, update(1)), "400 FOLDER_ID_INVALID");
}
