//! People write to each other.

use tl_parser::{Object, Value};

use crate::driver::{
    ALICE, BOB, Client, Stage, get_history, ids, objects, send_message, texts, to_self,
};

/// Alice and Bob, each with the other's peer.
fn two(stage: &mut Stage) -> (Client, Object, Client, Object) {
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let to_alice = stage.peer(bob, "alice_mtkit");
    (alice, to_bob, bob, to_alice)
}

#[test]
fn a_message_reaches_the_other_side_at_once() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    let reply = stage.send(alice, &to_bob, "hello");
    assert_eq!(reply.name(), "updates");
    let updates = objects(&reply, "updates");
    assert_eq!(updates[0].name(), "updateMessageID");
    assert_eq!(updates[1].name(), "updateNewMessage");
    let mine = updates[1].object("message").unwrap();
    assert!(mine.flag("out"));
    assert_eq!(mine.int("id"), updates[0].int("id"));

    let update = stage.update(bob);
    assert_eq!(update.name(), "updateNewMessage");
    let theirs = update.object("message").unwrap();
    assert!(!theirs.flag("out"));
    assert_eq!(theirs.str("message"), Some("hello"));
    assert_eq!(
        theirs.object("peer_id").unwrap().long("user_id"),
        to_alice.long("user_id")
    );
    assert_eq!(stage.history(bob, &to_alice), ["hello"]);
    assert_eq!(stage.history(alice, &to_bob), ["hello"]);
}

#[test]
fn other_sessions_of_the_sender_learn_of_the_message() {
    let mut stage = Stage::new();
    let (alice, to_bob, ..) = two(&mut stage);
    let second = stage.log_in(ALICE);
    let mut same_key = alice;
    same_key.session += 1;
    stage.send(alice, &to_bob, "hello");
    let update = stage.update(second);
    assert!(update.object("message").unwrap().flag("out"));
    assert_eq!(stage.updates(alice), [], "the reply was enough");
    stage.send(same_key, &to_bob, "from a second session of the same key");
    assert_eq!(
        stage.updates(alice),
        [],
        "the key of the caller is excepted by session"
    );
}

#[test]
fn saved_messages_are_answered_with_full_updates() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let reply = stage.send(alice, &to_self(), "note");
    assert_eq!(reply.name(), "updates");
    let updates = objects(&reply, "updates");
    assert_eq!(updates.len(), 2);
    let message = updates[1].object("message").unwrap();
    assert!(!message.flag("out"), "as the real service has it");
    let me = stage.me(alice).long("id");
    assert_eq!(message.object("peer_id").unwrap().long("user_id"), me);
    assert_eq!(message.object("from_id").unwrap().long("user_id"), me);
    assert_eq!(stage.history(alice, &to_self()), ["note"]);
}

#[test]
fn ids_count_per_account_and_over_all_chats() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    assert_eq!(stage.send_id(alice, &to_self(), "one"), 1);
    assert_eq!(stage.send_id(alice, &to_bob, "two"), 2);
    assert_eq!(stage.send_id(bob, &to_alice, "three"), 2);
    let history = stage.ok(alice, get_history(&to_bob));
    let ids: Vec<_> = objects(&history, "messages")
        .iter()
        .map(|message| message.int("id").unwrap())
        .collect();
    assert_eq!(ids, [3, 2]);
}

#[test]
fn bad_messages_have_their_errors() {
    let mut stage = Stage::new();
    let (alice, to_bob, ..) = two(&mut stage);
    let mut error =
        |text: &str, random_id| stage.error(alice, send_message(&to_bob, text, random_id));
    assert_eq!(error("", 1), "400 MESSAGE_EMPTY");
    assert_eq!(error(" \n ", 1), "400 MESSAGE_EMPTY");
    assert_eq!(error(&"x".repeat(4097), 1), "400 MESSAGE_TOO_LONG");
    assert_eq!(error("x", 0), "400 RANDOM_ID_EMPTY");
    stage.ok(alice, send_message(&to_bob, "x", 77));
    assert_eq!(
        stage.error(alice, send_message(&to_bob, "x", 77)),
        "500 RANDOM_ID_DUPLICATE"
    );
}

#[test]
fn an_access_hash_serves_its_owner_alone() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    assert_ne!(
        stage.peer(bob, "mtkit_bot").long("access_hash"),
        stage.peer(alice, "mtkit_bot").long("access_hash")
    );
    let stolen = to_bob
        .clone()
        .with("access_hash", to_alice.long("access_hash").unwrap());
    let unknown = to_bob.with("user_id", 5_i64);
    for peer in [stolen, unknown, Object::new("inputPeerEmpty")] {
        assert_eq!(
            stage.error(alice, send_message(&peer, "x", 9)),
            "400 PEER_ID_INVALID"
        );
    }
}

#[test]
fn entities_are_kept_checked_and_found() {
    let mut stage = Stage::new();
    let (alice, to_bob, ..) = two(&mut stage);
    let entity = |name: &'static str, offset: i32, length: i32| {
        Object::new(name)
            .with("offset", offset)
            .with("length", length)
    };
    let send = |entities: Vec<Object>, random: i64| {
        send_message(&to_bob, "  bold 😀 @bob_mtkit", random).with("entities", entities)
    };
    let reply = stage.ok(alice, send(vec![entity("messageEntityBold", 2, 4)], 5));
    let message = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    assert_eq!(message.str("message"), Some("bold 😀 @bob_mtkit"));
    let found: Vec<_> = objects(&message, "entities")
        .iter()
        .map(|e| (e.name().to_owned(), e.int("offset").unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("messageEntityBold".to_owned(), 0),
            ("messageEntityMention".to_owned(), 8)
        ]
    );
    for bad in [
        entity("messageEntityBold", -1, 4),
        entity("messageEntityBold", 0, 0),
        entity("messageEntityBold", i32::MAX, i32::MAX).with("offset", -5),
    ] {
        assert_eq!(
            stage.error(alice, send(vec![bad], 6)),
            "400 ENTITY_BOUNDS_INVALID"
        );
    }
}

#[test]
fn a_mention_by_id_names_the_user() {
    let mut stage = Stage::new();
    let (alice, to_bob, ..) = two(&mut stage);
    let entity = Object::new("inputMessageEntityMentionName")
        .with("offset", 0)
        .with("length", 3)
        .with("user_id", crate::driver::as_user(&to_bob));
    let request = send_message(&to_self(), "Bob", 5).with("entities", vec![entity]);
    let reply = stage.ok(alice, request);
    let message = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    let entity = objects(&message, "entities").remove(0);
    assert_eq!(entity.name(), "messageEntityMentionName");
    assert_eq!(entity.long("user_id"), to_bob.long("user_id"));
    let users = objects(&reply, "users");
    assert!(users.iter().any(|u| u.long("id") == to_bob.long("user_id")));
}

#[test]
fn histories_are_paged_by_offsets() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    for n in 1..=10 {
        stage.now += 60;
        stage.send(alice, &to_self(), &n.to_string());
    }
    let mut page = |change: &[(&'static str, i32)]| {
        let request = change
            .iter()
            .fold(get_history(&to_self()), |request, (field, value)| {
                request.with(*field, *value)
            });
        texts(&stage.ok(alice, request))
    };
    assert_eq!(page(&[("limit", 3)]), ["10", "9", "8"]);
    assert_eq!(page(&[("limit", 2), ("offset_id", 8)]), ["7", "6"]);
    assert_eq!(page(&[("limit", 2), ("add_offset", 1)]), ["9", "8"]);
    assert_eq!(
        page(&[("limit", 4), ("offset_id", 5), ("add_offset", -2)]),
        ["6", "5", "4", "3"]
    );
    assert_eq!(page(&[("max_id", 4), ("min_id", 1)]), ["3", "2"]);
    let date = i32::try_from(crate::driver::START).unwrap() + 3 * 60;
    assert_eq!(page(&[("offset_date", date)]), ["2", "1"]);
    assert_eq!(page(&[("offset_id", 1)]), Vec::<String>::new());
    assert_eq!(
        page(&[("add_offset", i32::MIN), ("limit", i32::MAX)]),
        Vec::<String>::new()
    );
}

#[test]
fn a_part_of_a_history_says_how_much_there_is() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    for n in 1..=3 {
        stage.send(alice, &to_self(), &n.to_string());
    }
    let part = stage.ok(alice, get_history(&to_self()).with("limit", 2));
    assert_eq!(part.name(), "messages.messagesSlice");
    assert_eq!(part.int("count"), Some(3));
    let whole = stage.ok(alice, get_history(&to_self()));
    assert_eq!(whole.name(), "messages.messages");
}

#[test]
fn single_messages_are_read_by_id() {
    let mut stage = Stage::new();
    let (alice, to_bob, ..) = two(&mut stage);
    let id = stage.send_id(alice, &to_bob, "hello");
    let named = |id: i32| Value::from(Object::new("inputMessageID").with("id", id));
    let request = Object::new("messages.getMessages").with("id", vec![named(id), named(99)]);
    let reply = stage.ok(alice, request);
    assert_eq!(texts(&reply), ["hello", "messageEmpty"]);
    let none = Object::new("messages.getMessages").with("id", Vec::<Value>::new());
    assert_eq!(stage.error(alice, none), "400 MESSAGE_IDS_EMPTY");
}

#[test]
fn an_answer_names_the_message_that_each_side_knows() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    stage.send(alice, &to_self(), "shifts the ids of alice");
    let first = stage.send_id(alice, &to_bob, "question");
    assert_eq!(first, 2);
    let reply_to = Object::new("inputReplyToMessage").with("reply_to_msg_id", 1);
    let request = send_message(&to_alice, "answer", 50).with("reply_to", reply_to);
    let reply = stage.ok(bob, request);
    let header = |object: &Object| {
        let message = objects(object, "updates").pop().unwrap();
        let header = message.object("message").unwrap().object("reply_to");
        header.unwrap().int("reply_to_msg_id")
    };
    assert_eq!(header(&reply), Some(1));
    let update = stage.update(alice);
    let theirs = update
        .object("message")
        .unwrap()
        .object("reply_to")
        .unwrap();
    assert_eq!(theirs.int("reply_to_msg_id"), Some(2));
    let nothing = Object::new("inputReplyToMessage").with("reply_to_msg_id", 99);
    let request = send_message(&to_alice, "x", 51).with("reply_to", nothing);
    assert_eq!(stage.error(bob, request), "400 REPLY_MESSAGE_ID_INVALID");
}

fn edit(peer: &Object, id: i32, text: &str) -> Object {
    Object::new("messages.editMessage")
        .with("peer", peer.clone())
        .with("id", id)
        .with("message", text)
}

#[test]
fn an_edit_changes_both_copies() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    let id = stage.send_id(alice, &to_bob, "helo");
    stage.updates(bob);
    stage.now += 5;
    let reply = stage.ok(alice, edit(&to_bob, id, "hello"));
    let mine = objects(&reply, "updates").remove(0);
    assert_eq!(mine.name(), "updateEditMessage");
    assert!(mine.object("message").unwrap().int("edit_date").is_some());
    assert_eq!(stage.update(bob).name(), "updateEditMessage");
    assert_eq!(stage.history(bob, &to_alice), ["hello"]);
}

#[test]
fn edits_that_are_not_allowed_have_their_errors() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    let id = stage.send_id(alice, &to_bob, "hello");
    let mut error = |client, request| stage.error(client, request);
    assert_eq!(
        error(alice, edit(&to_bob, id, "hello")),
        "400 MESSAGE_NOT_MODIFIED"
    );
    assert_eq!(error(alice, edit(&to_bob, id, "")), "400 MESSAGE_EMPTY");
    assert_eq!(
        error(alice, edit(&to_bob, 99, "x")),
        "400 MESSAGE_ID_INVALID"
    );
    assert_eq!(
        error(bob, edit(&to_alice, 1, "x")),
        "403 MESSAGE_AUTHOR_REQUIRED"
    );
    stage.now += 172_801;
    assert_eq!(
        stage.error(alice, edit(&to_bob, id, "x")),
        "400 MESSAGE_EDIT_TIME_EXPIRED"
    );
}

fn delete(messages: &[i32], revoke: bool) -> Object {
    Object::new("messages.deleteMessages")
        .with_flag("revoke", revoke)
        .with("id", ids(messages))
}

#[test]
fn messages_are_deleted_for_oneself_or_for_both() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    let one = stage.send_id(alice, &to_bob, "one");
    let two = stage.send_id(alice, &to_bob, "two");
    stage.updates(bob);
    let affected = stage.ok(alice, delete(&[one], false));
    assert_eq!(affected.int("pts_count"), Some(1));
    assert_eq!(affected.int("pts"), Some(stage.pts(alice)));
    assert_eq!(stage.history(alice, &to_bob), ["two"]);
    assert_eq!(stage.history(bob, &to_alice), ["two", "one"]);
    assert_eq!(stage.updates(bob), []);
    stage.ok(alice, delete(&[two, 99], true));
    assert_eq!(stage.history(bob, &to_alice), ["one"]);
    let update = stage.update(bob);
    assert_eq!(update.name(), "updateDeleteMessages");
    assert_eq!(update.get("messages"), Some(&ids(&[2])));
}

#[test]
fn a_history_is_deleted_in_portions() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    for n in 0..130 {
        stage.send(alice, &to_bob, &n.to_string());
    }
    let request = Object::new("messages.deleteHistory")
        .with("revoke", true)
        .with("peer", to_bob.clone())
        .with("max_id", 0);
    let affected = stage.ok(alice, request.clone());
    assert_eq!(affected.int("offset"), Some(30));
    let affected = stage.ok(alice, request);
    assert_eq!(affected.int("offset"), Some(0));
    assert_eq!(stage.history(alice, &to_bob), Vec::<String>::new());
    assert_eq!(stage.history(bob, &to_alice), Vec::<String>::new());
    let dialogs = stage.ok(alice, crate::driver::get_dialogs());
    assert_eq!(objects(&dialogs, "dialogs"), []);
}

#[test]
fn reading_moves_the_marks_of_both_sides() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    for text in ["one", "two", "three"] {
        stage.send(alice, &to_bob, text);
    }
    let second = stage.log_in(BOB);
    let read = |max_id: i32| {
        Object::new("messages.readHistory")
            .with("peer", to_alice.clone())
            .with("max_id", max_id)
    };
    let affected = stage.ok(bob, read(2));
    assert_eq!(affected.int("pts_count"), Some(1));
    let inbox = stage.update(second);
    assert_eq!(inbox.name(), "updateReadHistoryInbox");
    assert_eq!(inbox.int("max_id"), Some(2));
    assert_eq!(inbox.int("still_unread_count"), Some(1));
    let outbox = stage.update(alice);
    assert_eq!(outbox.name(), "updateReadHistoryOutbox");
    assert_eq!(outbox.int("max_id"), Some(2));
    let affected = stage.ok(bob, read(1));
    assert_eq!(affected.int("pts_count"), Some(0), "no way back");
    stage.ok(bob, read(0));
    assert_eq!(stage.update(alice).int("max_id"), Some(3));
}

#[test]
fn typing_is_seen_by_the_other_side_alone() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, _) = two(&mut stage);
    let request = Object::new("messages.setTyping")
        .with("peer", to_bob)
        .with("action", Object::new("sendMessageTypingAction"));
    stage.yes(alice, request);
    assert_eq!(stage.update(bob).name(), "updateUserTyping");
    assert_eq!(stage.updates(alice), []);
}

#[test]
fn a_blocked_sender_is_not_heard_and_not_told() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    stage.yes(
        bob,
        Object::new("contacts.block").with("id", to_alice.clone()),
    );
    stage.send(alice, &to_bob, "hello?");
    assert_eq!(stage.updates(bob), []);
    assert_eq!(stage.history(bob, &to_alice), Vec::<String>::new());
    assert_eq!(stage.history(alice, &to_bob), ["hello?"]);
    assert_eq!(
        stage.error(bob, send_message(&to_alice, "x", 5)),
        "400 YOU_BLOCKED_USER"
    );
    stage.yes(bob, Object::new("contacts.unblock").with("id", to_alice));
    stage.send(alice, &to_bob, "and now?");
    assert_eq!(stage.updates(bob).len(), 1);
}

#[test]
fn a_bot_answers_but_never_begins() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bot = stage.bot();
    let to_alice = stage.peer(bot, "alice_mtkit");
    assert_eq!(
        stage.error(bot, send_message(&to_alice, "hi", 1)),
        "400 PEER_ID_INVALID"
    );
    let to_bot = stage.peer(alice, "mtkit_bot");
    stage.send(alice, &to_bot, "/start");
    let update = stage.update(bot);
    let message = update.object("message").unwrap();
    let entity = objects(message, "entities").remove(0);
    assert_eq!(entity.name(), "messageEntityBotCommand");
    let without_hash = to_alice.with("access_hash", 0_i64);
    stage.send(bot, &without_hash, "welcome");
    assert_eq!(stage.history(alice, &to_bot), ["welcome", "/start"]);
}

#[test]
fn forwards_name_their_origin() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    let id = stage.send_id(alice, &to_bob, "original");
    stage.now += 100;
    let forward = |from: &Object, to: &Object, id: i32, random: i64| {
        Object::new("messages.forwardMessages")
            .with("from_peer", from.clone())
            .with("to_peer", to.clone())
            .with("id", ids(&[id]))
            .with("random_id", Value::vector([random]))
    };
    let reply = stage.ok(alice, forward(&to_bob, &to_self(), id, 90));
    let message = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    let header = message.object("fwd_from").unwrap();
    assert_eq!(
        header.object("from_id").unwrap().long("user_id"),
        stage.me(alice).long("id")
    );
    assert_eq!(header.int("date"), i32::try_from(crate::driver::START).ok());
    assert_eq!(message.str("message"), Some("original"));
    let anonymous = forward(&to_alice, &to_self(), 1, 91).with("drop_author", true);
    let reply = stage.ok(bob, anonymous);
    let message = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    assert!(message.object("fwd_from").is_none());
    assert_eq!(
        stage.error(alice, forward(&to_bob, &to_self(), 99, 92)),
        "400 MESSAGE_ID_INVALID"
    );
}

#[test]
fn messages_are_found_by_words() {
    let mut stage = Stage::new();
    let (alice, to_bob, ..) = two(&mut stage);
    for text in ["Red apple", "green Apples", "pear", "see https://a.org"] {
        stage.send(alice, &to_bob, text);
    }
    let search = |q: &str, filter: &'static str| {
        Object::new("messages.search")
            .with("peer", to_bob.clone())
            .with("q", q)
            .with("filter", Object::new(filter))
            .with("min_date", 0)
            .with("max_date", 0)
            .with("offset_id", 0)
            .with("add_offset", 0)
            .with("limit", 10)
            .with("max_id", 0)
            .with("min_id", 0)
            .with("hash", 0_i64)
    };
    let empty = "inputMessagesFilterEmpty";
    let mut found = |request| texts(&stage.ok(alice, request));
    assert_eq!(found(search("apple", empty)), ["green Apples", "Red apple"]);
    assert_eq!(found(search("red app", empty)), ["Red apple"]);
    assert_eq!(found(search("plum", empty)), Vec::<String>::new());
    assert_eq!(
        found(search("", "inputMessagesFilterUrl")),
        ["see https://a.org"]
    );
    let everywhere = search("pear", empty).with("peer", Object::new("inputPeerEmpty"));
    assert_eq!(found(everywhere), ["pear"]);
}

#[test]
fn pinning_leaves_a_notice() {
    let mut stage = Stage::new();
    let (alice, to_bob, bob, to_alice) = two(&mut stage);
    let id = stage.send_id(alice, &to_bob, "important");
    stage.updates(bob);
    let pin = |id: i32| {
        Object::new("messages.updatePinnedMessage")
            .with("peer", to_bob.clone())
            .with("id", id)
    };
    stage.ok(alice, pin(id));
    let names: Vec<_> = stage
        .updates(bob)
        .iter()
        .map(|update| update.name().to_owned())
        .collect();
    assert_eq!(names, ["updatePinnedMessages", "updateNewMessage"]);
    let history = stage.ok(bob, get_history(&to_alice));
    let notice = objects(&history, "messages").remove(0);
    assert_eq!(
        notice.object("action").unwrap().name(),
        "messageActionPinMessage"
    );
    let full = Object::new("users.getFullUser").with("id", crate::driver::as_user(&to_bob));
    let full = stage.ok(alice, full);
    assert_eq!(
        full.object("full_user").unwrap().int("pinned_msg_id"),
        Some(id)
    );
    assert_eq!(stage.error(alice, pin(id)), "400 CHAT_NOT_MODIFIED");
    let unpin = Object::new("messages.unpinAllMessages").with("peer", to_bob.clone());
    stage.ok(alice, unpin);
    assert_eq!(stage.error(alice, pin(99)), "400 MESSAGE_ID_INVALID");
}

#[test]
fn a_world_has_room_for_a_number_of_messages() {
    let mut config = crate::driver::config(1);
    config.limits.messages = 2;
    let mut stage = Stage::with(config);
    let alice = stage.log_in(ALICE);
    stage.send(alice, &to_self(), "one");
    stage.send(alice, &to_self(), "two");
    assert_eq!(
        stage.error(alice, send_message(&to_self(), "three", 9)),
        "420 FLOOD_WAIT_3600"
    );
}
