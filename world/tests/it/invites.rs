//! Invite links.

use tl_parser::Object;

use crate::channels::channel;
use crate::driver::{ALICE, BOB, Client, Stage, as_user, objects};
use crate::groups::group;

fn export(peer: &Object) -> Object {
    Object::new("messages.exportChatInvite").with("peer", peer.clone())
}

fn hash(invite: &Object) -> String {
    invite
        .str("link")
        .unwrap()
        .strip_prefix("https://t.me/+")
        .unwrap()
        .to_owned()
}

fn check(hash: &str) -> Object {
    Object::new("messages.checkChatInvite").with("hash", hash)
}

fn import(hash: &str) -> Object {
    Object::new("messages.importChatInvite").with("hash", hash)
}

#[test]
fn a_link_leads_into_a_supergroup() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let news = channel(&mut stage, alice, "megagroup");
    let link = hash(&stage.ok(alice, export(&news)));
    let seen = stage.ok(bob, check(&link));
    assert_eq!(seen.name(), "chatInvite");
    assert_eq!(seen.str("title"), Some("News"));
    stage.ok(bob, import(&link));
    assert_eq!(stage.ok(bob, check(&link)).name(), "chatInviteAlready");
    let update = stage.update(alice);
    let action = update.object("message").unwrap().object("action").unwrap();
    assert_eq!(action.name(), "messageActionChatJoinedByLink");
    assert_eq!(
        stage.error(bob, import(&link)),
        "400 USER_ALREADY_PARTICIPANT"
    );
    let importers = Object::new("messages.getChatInviteImporters")
        .with("peer", news)
        .with("offset_date", 0)
        .with("offset_user", Object::new("inputUserEmpty"))
        .with("limit", 10);
    let importers = stage.ok(alice, importers);
    assert_eq!(importers.int("count"), Some(1));
}

#[test]
fn a_link_leads_into_a_basic_group() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let carol = stage.client();
    let phone = "9996627777";
    stage.sign_in(carol, phone).unwrap();
    let sent = stage.ok(carol, crate::driver::send_code(phone));
    stage.ok(carol, crate::driver::sign_in(phone, &sent, "22222"));
    let sign_up = Object::new("auth.signUp")
        .with("phone_number", phone)
        .with("phone_code_hash", sent.str("phone_code_hash").unwrap())
        .with("first_name", "Dora")
        .with("last_name", "");
    stage.ok(carol, sign_up);
    let chat = group(&mut stage, alice);
    let link = hash(&stage.ok(alice, export(&chat)));
    stage.ok(carol, import(&link));
    stage.send(carol, &chat, "I am in");
    assert_eq!(stage.history(alice, &chat)[0], "I am in");
}

#[test]
fn bad_and_spent_links_have_their_errors() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let news = channel(&mut stage, alice, "megagroup");
    assert_eq!(stage.error(bob, check("")), "400 INVITE_HASH_EMPTY");
    assert_eq!(stage.error(bob, check("x")), "400 INVITE_HASH_INVALID");
    let first = hash(&stage.ok(alice, export(&news)));
    stage.ok(alice, export(&news));
    assert_eq!(
        stage.error(bob, import(&first)),
        "400 INVITE_HASH_EXPIRED",
        "a new permanent link revokes the old one"
    );
    let date = i32::try_from(stage.now).unwrap() + 10;
    let timed = hash(&stage.ok(alice, export(&news).with("expire_date", date)));
    stage.now += 10;
    assert_eq!(stage.error(bob, import(&timed)), "400 INVITE_HASH_EXPIRED");
}

/// A link under which one asks to be let in, and who asked.
fn asked(stage: &mut Stage, alice: Client, bob: Client) -> Object {
    let news = channel(stage, alice, "megagroup");
    let link = export(&news).with("request_needed", true);
    let link = hash(&stage.ok(alice, link));
    assert_eq!(stage.error(bob, import(&link)), "400 INVITE_REQUEST_SENT");
    let update = stage.update(alice);
    assert_eq!(update.name(), "updatePendingJoinRequests");
    assert_eq!(update.int("requests_pending"), Some(1));
    news
}

#[test]
fn requests_are_granted_or_refused() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    for approved in [false, true] {
        let news = asked(&mut stage, alice, bob);
        let bob_peer = stage.peer(alice, "bob_mtkit");
        let answer = Object::new("messages.hideChatJoinRequest")
            .with_flag("approved", approved)
            .with("peer", news)
            .with("user_id", as_user(&bob_peer));
        stage.ok(alice, answer.clone());
        assert_eq!(stage.error(alice, answer), "400 USER_ID_INVALID");
        let came_in = stage
            .updates(bob)
            .iter()
            .any(|update| update.name() == "updateNewChannelMessage");
        assert_eq!(came_in, approved);
        stage.updates(alice);
    }
}

#[test]
fn links_are_listed_edited_and_deleted() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let news = channel(&mut stage, alice, "broadcast");
    let titled = stage.ok(alice, export(&news).with("title", "press"));
    let link = titled.str("link").unwrap();
    let named = |function: &'static str| {
        Object::new(function)
            .with("peer", news.clone())
            .with("link", link)
    };
    let list = |revoked| {
        Object::new("messages.getExportedChatInvites")
            .with_flag("revoked", revoked)
            .with("peer", news.clone())
            .with("admin_id", Object::new("inputUserSelf"))
            .with("limit", 10)
    };
    let invites = stage.ok(alice, list(false));
    assert_eq!(objects(&invites, "invites"), std::slice::from_ref(&titled));
    let delete = named("messages.deleteExportedChatInvite");
    assert_eq!(
        stage.error(alice, delete.clone()),
        "400 INVITE_HASH_EXPIRED",
        "not before it is revoked"
    );
    let revoke = named("messages.editExportedChatInvite").with("revoked", true);
    stage.ok(alice, revoke);
    assert_eq!(stage.ok(alice, list(true)).int("count"), Some(1));
    stage.ok(alice, named("messages.getExportedChatInvite"));
    stage.yes(alice, delete);
    assert_eq!(stage.ok(alice, list(true)).int("count"), Some(0));
}
