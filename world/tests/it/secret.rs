//! Secret chats between two keys.

use tl_parser::Object;

use crate::driver::{ALICE, BOB, Client, Stage, as_user, objects};

fn half(first: u8) -> Vec<u8> {
    let mut half = vec![7; 256];
    half[0] = first;
    half
}

fn request(stage: &mut Stage, client: Client, username: &str, id: i32) -> Object {
    let user = as_user(&stage.peer(client, username));
    Object::new("messages.requestEncryption")
        .with("user_id", user)
        .with("random_id", id)
        .with("g_a", half(1))
}

/// An `inputEncryptedChat` of a chat as its owner sees it.
fn input(chat: &Object) -> Object {
    Object::new("inputEncryptedChat")
        .with("chat_id", chat.int("id").unwrap())
        .with("access_hash", chat.long("access_hash").unwrap())
}

fn accept(chat: &Object) -> Object {
    Object::new("messages.acceptEncryption")
        .with("peer", input(chat))
        .with("g_b", half(2))
        .with("key_fingerprint", 77_i64)
}

fn letter(chat: &Object, random_id: i64, text: &[u8]) -> Object {
    Object::new("messages.sendEncrypted")
        .with("peer", input(chat))
        .with("random_id", random_id)
        .with("data", text)
}

fn difference(qts: i32, pts: i32, date: i32) -> Object {
    Object::new("updates.getDifference")
        .with("pts", pts)
        .with("date", date)
        .with("qts", qts)
}

/// Alice and Bob in a secret chat, each with the chat as he sees it.
fn established(stage: &mut Stage) -> ((Client, Object), (Client, Object)) {
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let ask = request(stage, alice, "bob_mtkit", 5);
    assert_eq!(stage.ok(alice, ask).name(), "encryptedChatWaiting");
    let offered = stage.update(bob).object("chat").unwrap().clone();
    assert_eq!(offered.name(), "encryptedChatRequested");
    assert_eq!(offered.bytes("g_a"), Some(&half(1)[..]));
    let at_bob = stage.ok(bob, accept(&offered));
    let at_alice = stage.update(alice).object("chat").unwrap().clone();
    ((alice, at_alice), (bob, at_bob))
}

#[test]
fn two_keys_exchange_halves_and_letters() {
    let mut stage = Stage::new();
    let ((alice, at_alice), (bob, at_bob)) = established(&mut stage);
    assert_eq!(at_alice.name(), "encryptedChat");
    assert_eq!(at_alice.bytes("g_a_or_b"), Some(&half(2)[..]));
    assert_eq!(at_bob.bytes("g_a_or_b"), Some(&half(1)[..]));
    assert_eq!(at_bob.long("key_fingerprint"), Some(77));
    assert_ne!(
        at_alice.long("access_hash"),
        at_bob.long("access_hash"),
        "hashes are per viewer"
    );

    stage.ok(alice, letter(&at_alice, 100, b"sealed"));
    let update = stage.update(bob);
    assert_eq!(update.int("qts"), Some(1));
    let message = update.object("message").unwrap();
    assert_eq!(message.bytes("bytes"), Some(&b"sealed"[..]));
    assert_eq!(message.object("file").unwrap().name(), "encryptedFileEmpty");
    let service = Object::new("messages.sendEncryptedService")
        .with("peer", input(&at_alice))
        .with("random_id", 101_i64)
        .with("data", &b"layer"[..]);
    stage.ok(alice, service);
    let update = stage.update(bob);
    assert_eq!(
        update.object("message").unwrap().name(),
        "encryptedMessageService"
    );
    assert_eq!(
        stage.error(alice, letter(&at_alice, 101, b"again")),
        "500 RANDOM_ID_DUPLICATE"
    );

    let typing = Object::new("messages.setEncryptedTyping")
        .with("peer", input(&at_bob))
        .with("typing", true);
    stage.yes(bob, typing);
    assert_eq!(stage.update(alice).name(), "updateEncryptedChatTyping");
    let now = i32::try_from(stage.now).unwrap();
    let read = Object::new("messages.readEncryptedHistory")
        .with("peer", input(&at_bob))
        .with("max_date", now);
    stage.yes(bob, read);
    assert_eq!(stage.update(alice).name(), "updateEncryptedMessagesRead");
}

#[test]
fn nothing_of_a_secret_chat_reaches_another_key() {
    let mut stage = Stage::new();
    let ((alice, at_alice), (bob, at_bob)) = established(&mut stage);
    let second = stage.log_in(BOB);
    stage.ok(alice, letter(&at_alice, 1, b"for one key"));
    assert_eq!(stage.updates(bob).len(), 1);
    assert_eq!(stage.updates(second), []);
    let state = stage.ok(second, Object::new("updates.getState"));
    assert_eq!(state.int("qts"), Some(0));
    assert_eq!(
        stage.error(second, letter(&at_bob, 2, b"not mine")),
        "400 ENCRYPTION_ID_INVALID"
    );
    // The hash of another viewer opens nothing.
    assert_eq!(
        stage.error(bob, letter(&at_alice, 3, b"stolen")),
        "400 CHAT_ID_INVALID"
    );
}

#[test]
fn the_first_device_that_accepts_has_the_chat() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let (first, second) = (stage.log_in(BOB), stage.log_in(BOB));
    let ask = request(&mut stage, alice, "bob_mtkit", 9);
    stage.ok(alice, ask);
    let offered = stage.update(first).object("chat").unwrap().clone();
    assert_eq!(stage.updates(second).len(), 1);
    stage.ok(first, accept(&offered));
    let over = stage.update(second).object("chat").unwrap().clone();
    assert_eq!(over.name(), "encryptedChatDiscarded");
    assert_eq!(
        stage.error(second, accept(&offered)),
        "400 ENCRYPTION_ALREADY_ACCEPTED"
    );
}

#[test]
fn letters_and_changes_wait_for_a_key_that_was_away() {
    let mut stage = Stage::new();
    let ((alice, at_alice), (bob, _)) = established(&mut stage);
    let pts = stage.pts(bob);
    for id in 1..=3 {
        stage.ok(alice, letter(&at_alice, id, b"wait"));
    }
    let missed = stage.ok(bob, difference(1, pts, 0));
    assert_eq!(missed.name(), "updates.difference");
    let letters = objects(&missed, "new_encrypted_messages");
    assert_eq!(letters.len(), 2, "the first was there already");
    assert_eq!(missed.object("state").unwrap().int("qts"), Some(3));

    stage.now += 100;
    let gone = i32::try_from(stage.now).unwrap();
    let discard = Object::new("messages.discardEncryption")
        .with("delete_history", true)
        .with("chat_id", 5);
    stage.yes(alice, discard.clone());
    let missed = stage.ok(bob, difference(3, pts, gone));
    let update = objects(&missed, "other_updates").remove(0);
    assert!(update.object("chat").unwrap().flag("history_deleted"));
    assert_eq!(
        stage.error(alice, discard),
        "400 ENCRYPTION_ALREADY_DECLINED"
    );
    assert_eq!(
        stage.error(alice, letter(&at_alice, 9, b"late")),
        "400 ENCRYPTION_DECLINED"
    );
}

#[test]
fn what_was_received_is_forgotten_and_counted_on() {
    let mut stage = Stage::new();
    let ((alice, at_alice), (bob, _)) = established(&mut stage);
    for id in [11, 12] {
        stage.ok(alice, letter(&at_alice, id, b"x"));
    }
    let received = |qts: i32| Object::new("messages.receivedQueue").with("max_qts", qts);
    assert_eq!(stage.error(bob, received(3)), "400 MAX_QTS_INVALID");
    let ids = stage.list(bob, received(1));
    assert_eq!(ids, [11_i64.into()]);
    let state = stage.ok(bob, Object::new("updates.getState"));
    assert_eq!(state.int("qts"), Some(2));
}

#[test]
fn a_login_that_ends_takes_its_secret_chats_along() {
    let mut stage = Stage::new();
    let ((alice, _), (bob, _)) = established(&mut stage);
    stage.ok(bob, Object::new("auth.logOut"));
    let over = stage.update(alice).object("chat").unwrap().clone();
    assert_eq!(over.name(), "encryptedChatDiscarded");
}

#[test]
fn weak_halves_and_strange_partners_are_refused() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let ask = request(&mut stage, alice, "bob_mtkit", 1);
    for weak in [half(0xff), half(1)[..255].to_vec(), {
        let mut small = vec![0; 256];
        small[255] = 2;
        small
    }] {
        let ask = ask.clone().with("g_a", weak);
        assert_eq!(stage.error(alice, ask), "400 DH_G_A_INVALID");
    }
    let to_bot = request(&mut stage, alice, "mtkit_bot", 2);
    assert_eq!(stage.error(alice, to_bot), "400 USER_ID_INVALID");
    let config = Object::new("messages.getDhConfig")
        .with("version", 0)
        .with("random_length", 64);
    let reply = stage.ok(alice, config.clone());
    assert_eq!(reply.bytes("random").unwrap().len(), 64);
    assert_eq!(reply.bytes("p").unwrap().len(), 256);
    let again = stage.ok(alice, config.clone().with("version", 1));
    assert_eq!(again.name(), "messages.dhConfigNotModified");
    assert_eq!(
        stage.error(alice, config.with("random_length", 5000)),
        "400 RANDOM_LENGTH_INVALID"
    );
}

#[test]
fn a_file_is_relayed_and_downloaded_by_the_other_end() {
    let mut stage = Stage::new();
    let ((alice, at_alice), (bob, _)) = established(&mut stage);
    let part = Object::new("upload.saveFilePart")
        .with("file_id", 3_i64)
        .with("file_part", 0)
        .with("bytes", vec![9_u8; 1024]);
    stage.yes(alice, part);
    let file = Object::new("inputEncryptedFileUploaded")
        .with("id", 3_i64)
        .with("parts", 1)
        .with("md5_checksum", "")
        .with("key_fingerprint", 4);
    let send = Object::new("messages.sendEncryptedFile")
        .with("peer", input(&at_alice))
        .with("random_id", 1_i64)
        .with("data", &b"caption"[..])
        .with("file", file);
    let sent = stage.ok(alice, send);
    let mine = sent.object("file").unwrap().clone();
    let update = stage.update(bob);
    let file = update.object("message").unwrap().object("file").unwrap();
    assert_eq!(file.long("size"), Some(1024));
    let get = |file: &Object| {
        let location = Object::new("inputEncryptedFileLocation")
            .with("id", file.long("id").unwrap())
            .with("access_hash", file.long("access_hash").unwrap());
        Object::new("upload.getFile")
            .with("location", location)
            .with("offset", 0_i64)
            .with("limit", 4096)
    };
    let loaded = stage.ok(bob, get(file));
    assert_eq!(loaded.bytes("bytes"), Some(&[9_u8; 1024][..]));
    assert_eq!(stage.error(bob, get(&mine)), "400 FILE_EMTPY");
}
