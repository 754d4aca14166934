//! Channels and supergroups.

use tl_parser::{Object, Value};

use crate::driver::{
    ALICE, BOB, Client, Stage, as_user, get_history, ids, objects, send_message, texts,
};

/// A supergroup or channel of a client's, as an `inputPeerChannel`.
pub(crate) fn channel(stage: &mut Stage, client: Client, kind: &'static str) -> Object {
    let create = Object::new("channels.createChannel")
        .with(kind, true)
        .with("title", "News")
        .with("about", "all of it");
    let reply = stage.ok(client, create);
    peer_of(&objects(&reply, "chats").remove(0))
}

pub(crate) fn peer_of(channel: &Object) -> Object {
    Object::new("inputPeerChannel")
        .with("channel_id", channel.long("id").unwrap())
        .with("access_hash", channel.long("access_hash").unwrap())
}

/// The same channel as an `InputChannel`.
pub(crate) fn input(peer: &Object) -> Object {
    Object::new("inputChannel")
        .with("channel_id", peer.long("channel_id").unwrap())
        .with("access_hash", peer.long("access_hash").unwrap())
}

/// A call on a channel.
pub(crate) fn on(function: &'static str, peer: &Object) -> Object {
    Object::new(function).with("channel", input(peer))
}

/// Invites somebody and gives the channel as he sees it.
pub(crate) fn invite(
    stage: &mut Stage,
    from: Client,
    peer: &Object,
    username: &str,
    to: Client,
) -> Object {
    let user = stage.peer(from, username);
    let request =
        on("channels.inviteToChannel", peer).with("users", vec![Value::from(as_user(&user))]);
    stage.ok(from, request);
    stage.updates(to);
    let dialogs = stage.ok(to, crate::driver::get_dialogs());
    let id = peer.long("channel_id");
    let chat = objects(&dialogs, "chats")
        .into_iter()
        .find(|chat| chat.long("id") == id);
    peer_of(&chat.unwrap())
}

#[test]
fn a_supergroup_has_one_list_of_messages_for_all() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    let id = stage.send_id(alice, &group, "hello");
    assert_eq!(id, 3, "after creation and invitation");
    let update = stage.update(bob);
    assert_eq!(update.name(), "updateNewChannelMessage");
    assert_eq!(update.object("message").unwrap().int("id"), Some(3));
    assert_eq!(stage.history(bob, &theirs)[0], "hello");
    let private_pts = stage.pts(bob);
    stage.send(bob, &theirs, "hi");
    assert_eq!(stage.pts(bob), private_pts, "another sequence");
}

#[test]
fn posts_of_a_channel_come_from_the_channel() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let news = channel(&mut stage, alice, "broadcast");
    let theirs = invite(&mut stage, alice, &news, "bob_mtkit", bob);
    stage.send(alice, &news, "read this");
    let update = stage.update(bob);
    let post = update.object("message").unwrap();
    assert!(post.flag("post"));
    assert!(post.get("from_id").is_none());
    assert_eq!(post.int("views"), Some(1));
    assert_eq!(
        stage.error(bob, send_message(&theirs, "x", 5)),
        "400 CHAT_ADMIN_REQUIRED"
    );
    let views = Object::new("messages.getMessagesViews")
        .with("peer", theirs)
        .with("id", ids(&[post.int("id").unwrap()]))
        .with("increment", true);
    let views = stage.ok(bob, views);
    assert_eq!(objects(&views, "views")[0].int("views"), Some(2));
    let sign = on("channels.toggleSignatures", &news).with("signatures_enabled", true);
    stage.ok(alice, sign);
    stage.updates(bob);
    stage.send(alice, &news, "signed");
    let update = stage.update(bob);
    let post = update.object("message").unwrap();
    assert_eq!(post.str("post_author"), Some("Alice"));
}

#[test]
fn a_public_channel_is_found_read_and_joined() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let news = channel(&mut stage, alice, "megagroup");
    let name = |name: &str| on("channels.updateUsername", &news).with("username", name);
    assert_eq!(
        stage.error(alice, name("bob_mtkit")),
        "400 USERNAME_OCCUPIED"
    );
    stage.yes(alice, name("news_mtkit"));
    stage.send(alice, &news, "welcome");
    let resolve = Object::new("contacts.resolveUsername").with("username", "news_mtkit");
    let found = stage.ok(bob, resolve);
    let chat = objects(&found, "chats").remove(0);
    assert!(chat.flag("left"));
    let theirs = peer_of(&chat);
    assert_eq!(stage.history(bob, &theirs)[0], "welcome");
    assert_eq!(
        stage.error(bob, send_message(&theirs, "x", 5)),
        "403 CHAT_WRITE_FORBIDDEN"
    );
    let reply = stage.ok(bob, on("channels.joinChannel", &theirs));
    assert_eq!(reply.name(), "messages.chatInviteJoinResultOk");
    let chats = reply.object("updates").unwrap().vector("chats").unwrap();
    assert_eq!(chats.len(), 1, "clients read the channel from here");
    assert_eq!(
        stage.error(bob, on("channels.joinChannel", &theirs)),
        "400 USER_ALREADY_PARTICIPANT"
    );
    stage.send(bob, &theirs, "thanks");
    stage.ok(bob, on("channels.leaveChannel", &theirs));
    assert_eq!(
        stage.error(bob, on("channels.leaveChannel", &theirs)),
        "400 USER_NOT_PARTICIPANT"
    );
    assert_eq!(
        stage.error(alice, on("channels.leaveChannel", &news)),
        "400 USER_CREATOR"
    );
}

#[test]
fn a_private_channel_is_closed_to_strangers() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let news = channel(&mut stage, alice, "broadcast");
    assert_eq!(
        stage.error(bob, get_history(&news)),
        "400 CHANNEL_INVALID",
        "a hash of somebody else"
    );
    let theirs = invite(&mut stage, alice, &news, "bob_mtkit", bob);
    stage.ok(bob, on("channels.leaveChannel", &theirs));
    for request in [
        get_history(&theirs),
        on("channels.getFullChannel", &theirs),
        on("channels.joinChannel", &theirs),
    ] {
        assert_eq!(stage.error(bob, request), "400 CHANNEL_PRIVATE");
    }
}

fn get_difference(peer: &Object, pts: i32) -> Object {
    on("updates.getChannelDifference", peer)
        .with("filter", Object::new("channelMessagesFilterEmpty"))
        .with("pts", pts)
        .with("limit", 100)
}

/// `pts` of a channel.
fn pts(stage: &mut Stage, client: Client, peer: &Object) -> i32 {
    let full = stage.ok(client, on("channels.getFullChannel", peer));
    full.object("full_chat").unwrap().int("pts").unwrap()
}

#[test]
fn a_channel_has_its_own_difference() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    let before = pts(&mut stage, bob, &theirs);
    let nothing = stage.ok(bob, get_difference(&theirs, before));
    assert_eq!(nothing.name(), "updates.channelDifferenceEmpty");
    let one = stage.send_id(alice, &group, "one");
    let two = stage.send_id(alice, &group, "two");
    let edit = Object::new("messages.editMessage")
        .with("peer", group.clone())
        .with("id", one)
        .with("message", "one, edited");
    stage.ok(alice, edit);
    let delete = on("channels.deleteMessages", &group).with("id", ids(&[two]));
    let affected = stage.ok(alice, delete);
    assert_eq!(affected.int("pts_count"), Some(1));
    let difference = stage.ok(bob, get_difference(&theirs, before));
    assert_eq!(difference.name(), "updates.channelDifference");
    assert!(difference.flag("final"));
    let new: Vec<_> = objects(&difference, "new_messages")
        .iter()
        .map(|message| message.str("message").unwrap().to_owned())
        .collect();
    assert_eq!(new, ["one, edited"]);
    let other: Vec<_> = objects(&difference, "other_updates")
        .iter()
        .map(|update| update.name().to_owned())
        .collect();
    assert_eq!(
        other,
        ["updateEditChannelMessage", "updateDeleteChannelMessages"]
    );
    assert_eq!(difference.int("pts"), Some(pts(&mut stage, bob, &theirs)));
    let part = get_difference(&theirs, before).with("limit", 1);
    let part = stage.ok(bob, part);
    assert!(!part.flag("final"));
    assert_eq!(part.int("pts"), Some(before + 1));
    let lost = stage.ok(bob, get_difference(&theirs, 10_000));
    assert_eq!(lost.name(), "updates.channelDifferenceTooLong");
    assert_eq!(
        stage.error(bob, get_difference(&theirs, 0)),
        "400 PERSISTENT_TIMESTAMP_EMPTY"
    );
}

#[test]
fn reading_a_supergroup_is_seen_by_the_writer() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    let id = stage.send_id(alice, &group, "read me");
    let unread = |stage: &mut Stage| {
        let full = stage.ok(bob, on("channels.getFullChannel", &theirs));
        full.object("full_chat").unwrap().int("unread_count")
    };
    assert_eq!(unread(&mut stage), Some(2), "the invitation counts too");
    let second = stage.log_in(BOB);
    stage.yes(bob, on("channels.readHistory", &theirs).with("max_id", id));
    assert_eq!(unread(&mut stage), Some(0));
    assert_eq!(stage.update(alice).name(), "updateReadChannelOutbox");
    assert_eq!(stage.update(second).name(), "updateReadChannelInbox");
}

fn participants(peer: &Object, filter: &'static str) -> Object {
    on("channels.getParticipants", peer)
        .with("filter", Object::new(filter))
        .with("offset", 0)
        .with("limit", 100)
        .with("hash", 0_i64)
}

#[test]
fn administrators_have_the_rights_they_were_given() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let news = channel(&mut stage, alice, "broadcast");
    let theirs = invite(&mut stage, alice, &news, "bob_mtkit", bob);
    let bob_peer = stage.peer(alice, "bob_mtkit");
    let promote = |rights: Object| {
        on("channels.editAdmin", &news)
            .with("user_id", as_user(&bob_peer))
            .with("admin_rights", rights)
            .with("rank", "editor")
    };
    let rights = || Object::new("chatAdminRights").with("post_messages", true);
    stage.ok(alice, promote(rights()));
    stage.send(bob, &theirs, "a post of bob's");
    let rename = on("channels.editTitle", &theirs).with("title", "Olds");
    assert_eq!(stage.error(bob, rename), "400 CHAT_ADMIN_REQUIRED");
    let admins = stage.ok(alice, participants(&news, "channelParticipantsAdmins"));
    let names: Vec<_> = objects(&admins, "participants")
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    assert!(names.contains(&"channelParticipantCreator".to_owned()));
    assert!(names.contains(&"channelParticipantAdmin".to_owned()));
    stage.ok(alice, promote(Object::new("chatAdminRights")));
    assert_eq!(
        stage.error(bob, send_message(&theirs, "x", 9)),
        "400 CHAT_ADMIN_REQUIRED"
    );
    let alice_peer = stage.peer(bob, "alice_mtkit");
    let depose = on("channels.editAdmin", &theirs)
        .with("user_id", as_user(&alice_peer))
        .with("admin_rights", Object::new("chatAdminRights"))
        .with("rank", "");
    assert_eq!(stage.error(bob, depose), "400 CHAT_ADMIN_REQUIRED");
}

#[test]
fn members_are_restricted_and_thrown_out() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    let bob_peer = stage.peer(alice, "bob_mtkit");
    let ban = |flag: &'static str, until: i32| {
        on("channels.editBanned", &group)
            .with("participant", bob_peer.clone())
            .with(
                "banned_rights",
                Object::new("chatBannedRights")
                    .with(flag, true)
                    .with("until_date", until),
            )
    };
    let until = i32::try_from(stage.now).unwrap() + 60;
    stage.ok(alice, ban("send_messages", until));
    assert_eq!(
        stage.error(bob, send_message(&theirs, "x", 5)),
        "400 USER_BANNED_IN_CHANNEL"
    );
    stage.now += 60;
    stage.send(bob, &theirs, "again");
    stage.ok(alice, ban("view_messages", 0));
    assert_eq!(
        stage.error(bob, get_history(&theirs)),
        "400 CHANNEL_PRIVATE"
    );
    let kicked = Object::new("channelParticipantsKicked").with("q", "");
    let list = participants(&group, "channelParticipantsRecent").with("filter", kicked);
    let list = stage.ok(alice, list);
    let row = objects(&list, "participants").remove(0);
    assert_eq!(row.name(), "channelParticipantBanned");
    assert!(row.flag("left"));
    invite(&mut stage, alice, &group, "bob_mtkit", bob);
    stage.send(bob, &theirs, "forgiven");
    let creator = on("channels.editBanned", &group)
        .with("participant", crate::driver::to_self())
        .with(
            "banned_rights",
            Object::new("chatBannedRights").with("until_date", 0),
        );
    assert_eq!(stage.error(alice, creator), "400 USER_CREATOR");
}

#[test]
fn one_member_is_asked_for() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let get =
        |peer: Object, who: Object| on("channels.getParticipant", &peer).with("participant", who);
    let bob_peer = stage.peer(alice, "bob_mtkit");
    assert_eq!(
        stage.error(alice, get(group.clone(), bob_peer.clone())),
        "400 USER_NOT_PARTICIPANT"
    );
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    let row = stage.ok(alice, get(group, bob_peer));
    assert_eq!(
        row.object("participant").unwrap().name(),
        "channelParticipant"
    );
    let row = stage.ok(bob, get(theirs, crate::driver::to_self()));
    assert_eq!(
        row.object("participant").unwrap().name(),
        "channelParticipantSelf"
    );
}

#[test]
fn slow_mode_makes_members_wait() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    let slow = |seconds: i32| on("channels.toggleSlowMode", &group).with("seconds", seconds);
    assert_eq!(stage.error(alice, slow(7)), "400 SECONDS_INVALID");
    stage.ok(alice, slow(30));
    stage.send(bob, &theirs, "one");
    stage.now += 10;
    assert_eq!(
        stage.error(bob, send_message(&theirs, "two", 5)),
        "420 SLOWMODE_WAIT_20"
    );
    stage.send(alice, &group, "the creator does not wait");
    stage.send(alice, &group, "never");
    stage.now += 20;
    stage.send(bob, &theirs, "two");
}

#[test]
fn protected_content_is_not_forwarded() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let news = channel(&mut stage, alice, "broadcast");
    let id = stage.send_id(alice, &news, "secret");
    let forward = Object::new("messages.forwardMessages")
        .with("from_peer", news.clone())
        .with("to_peer", crate::driver::to_self())
        .with("id", ids(&[id]))
        .with("random_id", Value::vector([90_i64]));
    let reply = stage.ok(alice, forward.clone());
    let message = objects(&reply, "updates")[1]
        .object("message")
        .unwrap()
        .clone();
    let header = message.object("fwd_from").unwrap();
    assert_eq!(header.int("channel_post"), Some(id));
    let protect = Object::new("messages.toggleNoForwards")
        .with("peer", news)
        .with("enabled", true);
    stage.ok(alice, protect);
    let again = forward.with("random_id", Value::vector([91_i64]));
    assert_eq!(stage.error(alice, again), "400 CHAT_FORWARDS_RESTRICTED");
}

#[test]
fn single_messages_of_a_channel_are_read_by_id() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let news = channel(&mut stage, alice, "broadcast");
    let id = stage.send_id(alice, &news, "one");
    let named = |id: i32| Value::from(Object::new("inputMessageID").with("id", id));
    let get = on("channels.getMessages", &news).with("id", vec![named(id), named(99)]);
    let reply = stage.ok(alice, get);
    assert_eq!(reply.name(), "messages.channelMessages");
    assert_eq!(texts(&reply), ["one", "messageEmpty"]);
    let pin = Object::new("messages.updatePinnedMessage")
        .with("peer", news.clone())
        .with("id", id);
    stage.ok(alice, pin);
    let pinned = Object::new("inputMessagePinned");
    let get = on("channels.getMessages", &news).with("id", vec![Value::from(pinned)]);
    let reply = stage.ok(alice, get);
    assert_eq!(texts(&reply), ["one"]);
    let link = on("channels.exportMessageLink", &news).with("id", id);
    let link = stage.ok(alice, link);
    assert!(link.str("link").unwrap().starts_with("https://t.me/c/"));
}

#[test]
fn a_deleted_channel_is_gone() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let group = channel(&mut stage, alice, "megagroup");
    let theirs = invite(&mut stage, alice, &group, "bob_mtkit", bob);
    stage.ok(alice, on("channels.deleteChannel", &group));
    assert_eq!(stage.update(bob).name(), "updateChannel");
    assert_eq!(
        stage.error(bob, get_history(&theirs)),
        "400 CHANNEL_PRIVATE"
    );
    let dialogs = stage.ok(bob, crate::driver::get_dialogs());
    assert_eq!(objects(&dialogs, "dialogs").len(), 0);
}
