//! Basic groups.

use tl_parser::{Object, Value};

use crate::driver::{
    ALICE, BOB, Client, Stage, as_user, get_history, objects, send_message, texts,
};

/// A group of Alice's with Bob and the bot in it.
pub(crate) fn group(stage: &mut Stage, alice: Client) -> Object {
    let bob = stage.peer(alice, "bob_mtkit");
    let bot = stage.peer(alice, "mtkit_bot");
    let create = Object::new("messages.createChat")
        .with(
            "users",
            vec![Value::from(as_user(&bob)), as_user(&bot).into()],
        )
        .with("title", " Stage ");
    let reply = stage.ok(alice, create);
    let updates = reply.object("updates").unwrap();
    let chat = objects(updates, "chats").remove(0);
    Object::new("inputPeerChat").with("chat_id", chat.long("id").unwrap())
}

fn chat_id(peer: &Object) -> i64 {
    peer.long("chat_id").unwrap()
}

fn names(updates: &[Object]) -> Vec<String> {
    updates.iter().map(|one| one.name().to_owned()).collect()
}

#[test]
fn a_group_is_made_and_everybody_learns_of_it() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let bot = stage.bot();
    let chat = group(&mut stage, alice);
    for member in [bob, bot] {
        let updates = stage.updates(member);
        assert_eq!(
            names(&updates),
            ["updateChatParticipants", "updateNewMessage"]
        );
        let message = updates[1].object("message").unwrap();
        let action = message.object("action").unwrap();
        assert_eq!(action.name(), "messageActionChatCreate");
        assert_eq!(action.str("title"), Some("Stage"));
    }
    let full = Object::new("messages.getFullChat").with("chat_id", chat_id(&chat));
    let full = stage.ok(bob, full);
    let participants = full
        .object("full_chat")
        .unwrap()
        .object("participants")
        .unwrap()
        .clone();
    assert_eq!(objects(&participants, "participants").len(), 3);
    let lonely = Object::new("messages.createChat")
        .with("users", Vec::<Value>::new())
        .with("title", "x");
    assert_eq!(stage.error(alice, lonely), "400 USERS_TOO_FEW");
}

#[test]
fn group_messages_reach_all_with_ids_of_their_own() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    stage.send(alice, &crate::driver::to_self(), "shifts the ids of alice");
    let chat = group(&mut stage, alice);
    stage.updates(bob);
    let id = stage.send_id(alice, &chat, "hello @bob_mtkit");
    assert_eq!(id, 3);
    let update = stage.update(bob);
    let message = update.object("message").unwrap();
    assert_eq!(message.int("id"), Some(2));
    assert!(message.flag("mentioned"));
    assert_eq!(
        message.object("from_id").unwrap().long("user_id"),
        stage.me(alice).long("id")
    );
    let reply_to = Object::new("inputReplyToMessage").with("reply_to_msg_id", 2);
    let answer = send_message(&chat, "yes?", 70).with("reply_to", reply_to);
    stage.ok(bob, answer);
    let update = stage.update(alice);
    let header = update.object("message").unwrap().object("reply_to");
    assert_eq!(header.unwrap().int("reply_to_msg_id"), Some(3));
    let read = Object::new("messages.readHistory")
        .with("peer", chat)
        .with("max_id", 0);
    stage.ok(bob, read);
    assert_eq!(stage.update(alice).name(), "updateReadHistoryOutbox");
}

#[test]
fn members_come_and_go() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = group(&mut stage, alice);
    let bob_peer = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &chat, "before");
    let remove = |user: &Object| {
        Object::new("messages.deleteChatUser")
            .with("chat_id", chat_id(&chat))
            .with("user_id", as_user(user))
    };
    stage.updates(bob);
    stage.ok(alice, remove(&bob_peer));
    let updates = stage.updates(bob);
    let message = updates[0].object("message").unwrap();
    assert_eq!(
        message.object("action").unwrap().name(),
        "messageActionChatDeleteUser"
    );
    stage.send(alice, &chat, "without bob");
    assert_eq!(stage.updates(bob), []);
    let history = stage.ok(bob, get_history(&chat));
    assert_eq!(
        texts(&history),
        ["messageService", "before", "messageService"],
        "he keeps what he had"
    );
    assert_eq!(objects(&history, "chats")[0].name(), "chatForbidden");
    assert_eq!(
        stage.error(bob, send_message(&chat, "x", 5)),
        "403 CHAT_WRITE_FORBIDDEN"
    );
    assert_eq!(
        stage.error(alice, remove(&bob_peer)),
        "400 USER_NOT_PARTICIPANT"
    );
    let add = Object::new("messages.addChatUser")
        .with("chat_id", chat_id(&chat))
        .with("user_id", as_user(&bob_peer))
        .with("fwd_limit", 0);
    stage.ok(alice, add.clone());
    assert_eq!(stage.error(alice, add), "400 USER_ALREADY_PARTICIPANT");
    stage.send(alice, &chat, "with bob");
    assert_eq!(stage.history(bob, &chat)[0], "with bob");
}

#[test]
fn privacy_keeps_one_out_of_groups() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let forbid = Object::new("account.setPrivacy")
        .with("key", Object::new("inputPrivacyKeyChatInvite"))
        .with(
            "rules",
            vec![Value::from(Object::new("inputPrivacyValueDisallowAll"))],
        );
    stage.ok(bob, forbid);
    let peer = stage.peer(alice, "bob_mtkit");
    let create = Object::new("messages.createChat")
        .with("users", vec![Value::from(as_user(&peer))])
        .with("title", "Stage");
    let reply = stage.ok(alice, create);
    let missing = objects(&reply, "missing_invitees").remove(0);
    assert_eq!(missing.long("user_id"), peer.long("user_id"));
    assert_eq!(stage.updates(bob), []);
}

#[test]
fn title_photo_and_description_are_changed() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = group(&mut stage, alice);
    stage.updates(bob);
    let rename = |title: &str| {
        Object::new("messages.editChatTitle")
            .with("chat_id", chat_id(&chat))
            .with("title", title)
    };
    stage.ok(bob, rename("Scene"));
    assert_eq!(stage.error(bob, rename("Scene")), "400 CHAT_NOT_MODIFIED");
    assert_eq!(stage.error(bob, rename("")), "400 CHAT_TITLE_EMPTY");
    let file = crate::files::upload(&mut stage, alice, &crate::files::png(640, 640), 1024)
        .with("name", "a.png");
    let photo = Object::new("messages.editChatPhoto")
        .with("chat_id", chat_id(&chat))
        .with(
            "photo",
            Object::new("inputChatUploadedPhoto").with("file", file),
        );
    let reply = stage.ok(alice, photo);
    let shown = objects(&reply, "chats").remove(0);
    assert_eq!(shown.object("photo").unwrap().name(), "chatPhoto");
    let about = Object::new("messages.editChatAbout")
        .with("peer", chat.clone())
        .with("about", "where it happens");
    stage.yes(alice, about.clone());
    assert_eq!(stage.error(alice, about), "400 CHAT_ABOUT_NOT_MODIFIED");
    let actions: Vec<_> = stage
        .updates(bob)
        .iter()
        .filter_map(|update| {
            let message = update.object("message")?;
            Some(message.object("action")?.name().to_owned())
        })
        .collect();
    assert_eq!(
        actions,
        ["messageActionChatEditPhoto"],
        "not his own change"
    );
}

#[test]
fn default_rights_bind_members_not_administrators() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = group(&mut stage, alice);
    let silence = Object::new("messages.editChatDefaultBannedRights")
        .with("peer", chat.clone())
        .with(
            "banned_rights",
            Object::new("chatBannedRights")
                .with("send_messages", true)
                .with("until_date", 0),
        );
    assert_eq!(stage.error(bob, silence.clone()), "400 CHAT_ADMIN_REQUIRED");
    stage.ok(alice, silence);
    assert_eq!(
        stage.error(bob, send_message(&chat, "x", 5)),
        "403 CHAT_WRITE_FORBIDDEN"
    );
    stage.send(alice, &chat, "only me");
    let bob_peer = stage.peer(alice, "bob_mtkit");
    let promote = Object::new("messages.editChatAdmin")
        .with("chat_id", chat_id(&chat))
        .with("user_id", as_user(&bob_peer))
        .with("is_admin", true);
    stage.yes(alice, promote);
    stage.send(bob, &chat, "me too");
}

#[test]
fn a_group_is_deleted_by_its_creator() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = group(&mut stage, alice);
    let delete = Object::new("messages.deleteChat").with("chat_id", chat_id(&chat));
    assert_eq!(stage.error(bob, delete.clone()), "400 CHAT_ADMIN_REQUIRED");
    stage.yes(alice, delete);
    assert_eq!(stage.error(bob, get_history(&chat)), "400 PEER_ID_INVALID");
}

#[test]
fn others_messages_are_deleted_for_all_by_administrators_alone() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = group(&mut stage, alice);
    let id = stage.send_id(alice, &chat, "hers");
    let delete = |id: i32| {
        Object::new("messages.deleteMessages")
            .with("revoke", true)
            .with("id", crate::driver::ids(&[id]))
    };
    assert_eq!(stage.error(bob, delete(2)), "403 MESSAGE_DELETE_FORBIDDEN");
    stage.ok(alice, delete(id));
    assert_eq!(stage.history(bob, &chat), ["messageService"]);
}

#[test]
fn a_group_becomes_a_supergroup() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = group(&mut stage, alice);
    stage.updates(bob);
    let migrate = Object::new("messages.migrateChat").with("chat_id", chat_id(&chat));
    let reply = stage.ok(alice, migrate.clone());
    let channel = objects(&reply, "chats")
        .into_iter()
        .find(|chat| chat.name() == "channel")
        .unwrap();
    assert!(channel.flag("megagroup") && channel.flag("creator"));
    assert_eq!(channel.int("participants_count"), Some(3));
    assert_eq!(
        names(&stage.updates(bob)),
        ["updateNewMessage", "updateNewChannelMessage"]
    );
    assert_eq!(stage.error(alice, migrate), "400 CHAT_ID_INVALID");
    assert_eq!(
        stage.error(bob, send_message(&chat, "x", 5)),
        "403 CHAT_WRITE_FORBIDDEN"
    );
}

#[test]
fn common_groups_are_listed() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    group(&mut stage, alice);
    let bob = stage.peer(alice, "bob_mtkit");
    let common = Object::new("messages.getCommonChats")
        .with("user_id", as_user(&bob))
        .with("max_id", 0_i64)
        .with("limit", 10);
    let common = stage.ok(alice, common);
    assert_eq!(objects(&common, "chats").len(), 1);
}
