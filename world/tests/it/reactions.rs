//! Reactions and polls.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, BOB, Client, Stage, objects};
use crate::groups::group;

fn react(peer: &Object, id: i32, emoji: Option<&str>) -> Object {
    let reaction: Vec<Value> = emoji
        .map(|emoji| Object::new("reactionEmoji").with("emoticon", emoji).into())
        .into_iter()
        .collect();
    Object::new("messages.sendReaction")
        .with("peer", peer.clone())
        .with("msg_id", id)
        .with("reaction", reaction)
}

#[test]
fn reactions_are_counted_and_seen_by_both() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let to_alice = stage.peer(bob, "alice_mtkit");
    let id = stage.send_id(alice, &to_bob, "hello");
    stage.updates(bob);
    stage.ok(bob, react(&to_alice, 1, Some("❤️")));
    let update = stage.update(alice);
    assert_eq!(update.name(), "updateMessageReactions");
    assert_eq!(update.int("msg_id"), Some(id));
    let reactions = update.object("reactions").unwrap();
    let count = objects(reactions, "results").remove(0);
    assert_eq!(count.int("count"), Some(1));
    assert!(count.get("chosen_order").is_none(), "not her own");
    let again = react(&to_alice, 1, Some("❤"));
    assert_eq!(stage.error(bob, again), "400 MESSAGE_NOT_MODIFIED");
    let unknown = react(&to_alice, 1, Some("x"));
    assert_eq!(stage.error(bob, unknown), "400 REACTION_INVALID");
    let list = Object::new("messages.getMessageReactionsList")
        .with("peer", to_bob.clone())
        .with("id", id)
        .with("limit", 10);
    assert_eq!(stage.ok(alice, list).int("count"), Some(1));
    stage.ok(bob, react(&to_alice, 1, None));
    let get = Object::new("messages.getMessagesReactions")
        .with("peer", to_bob)
        .with("id", crate::driver::ids(&[id]));
    let reply = stage.ok(alice, get);
    let update = objects(&reply, "updates").remove(0);
    assert_eq!(objects(update.object("reactions").unwrap(), "results"), []);
}

/// A poll of Alice's in a group with Bob: the group and its id for each.
fn poll(stage: &mut Stage, alice: Client, quiz: bool) -> Object {
    let chat = group(stage, alice);
    let text = |text: &str| {
        Object::new("textWithEntities")
            .with("text", text)
            .with("entities", Vec::<Value>::new())
    };
    let answers: Vec<Value> = ["yes", "no"]
        .iter()
        .map(|answer| {
            Object::new("pollAnswer")
                .with("text", text(answer))
                .with("option", *answer)
                .into()
        })
        .collect();
    let poll = Object::new("poll")
        .with("id", 0_i64)
        .with_flag("quiz", quiz)
        .with("question", text("Well?"))
        .with("answers", answers)
        .with("hash", 0_i64);
    let media = Object::new("inputMediaPoll")
        .with("poll", poll)
        .with_opt("correct_answers", quiz.then(|| Value::vector([0])));
    let send = Object::new("messages.sendMedia")
        .with("peer", chat.clone())
        .with("media", media)
        .with("message", "")
        .with("random_id", 80_i64);
    stage.ok(alice, send);
    chat
}

fn vote(peer: &Object, options: &[&'static str]) -> Object {
    Object::new("messages.sendVote")
        .with("peer", peer.clone())
        .with("msg_id", 2)
        .with("options", Value::vector(options.iter().copied()))
}

#[test]
fn votes_are_counted_for_those_who_voted() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let chat = poll(&mut stage, alice, false);
    stage.updates(bob);
    stage.ok(alice, vote(&chat, &["yes"]));
    let update = stage.update(bob);
    assert_eq!(update.name(), "updateMessagePoll");
    let results = update.object("results").unwrap();
    assert_eq!(results.int("total_voters"), Some(1));
    assert!(results.get("results").is_none(), "he has not voted");
    let reply = stage.ok(bob, vote(&chat, &["no"]));
    let update = objects(&reply, "updates").remove(0);
    let results = objects(update.object("results").unwrap(), "results");
    let chosen: Vec<_> = results.iter().map(|one| one.flag("chosen")).collect();
    assert_eq!(chosen, [false, true]);
    stage.ok(bob, vote(&chat, &[]));
    let get = Object::new("messages.getPollResults")
        .with("peer", chat.clone())
        .with("msg_id", 2)
        .with("poll_hash", 0_i64);
    let reply = stage.ok(alice, get);
    let update = objects(&reply, "updates").remove(0);
    assert_eq!(
        update.object("results").unwrap().int("total_voters"),
        Some(1)
    );
    assert_eq!(
        stage.error(bob, vote(&chat, &["maybe"])),
        "400 OPTION_INVALID"
    );
    assert_eq!(
        stage.error(bob, vote(&chat, &["yes", "no"])),
        "400 OPTION_INVALID"
    );
}

#[test]
fn a_quiz_is_answered_once() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let chat = poll(&mut stage, alice, true);
    let reply = stage.ok(alice, vote(&chat, &["no"]));
    let update = objects(&reply, "updates").remove(0);
    let results = objects(update.object("results").unwrap(), "results");
    assert!(results[0].flag("correct"));
    assert_eq!(
        stage.error(alice, vote(&chat, &["yes"])),
        "400 REVOTE_NOT_ALLOWED"
    );
}
