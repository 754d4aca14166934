//! Inline bots.

use tl_parser::{Object, Value};
use world::Effect;

use crate::driver::{ALICE, BOB, Client, Stage, as_user, objects};

fn ask(bot: &Object, peer: &Object, query: &str) -> Object {
    Object::new("messages.getInlineBotResults")
        .with("bot", bot.clone())
        .with("peer", peer.clone())
        .with("query", query)
        .with("offset", "")
}

fn article(id: &str, text: &str) -> Object {
    let message = Object::new("inputBotInlineMessageText").with("message", text);
    Object::new("inputBotInlineResult")
        .with("id", id)
        .with("type", "article")
        .with("title", "An article")
        .with("send_message", message)
}

fn answer(query_id: i64, results: Vec<Object>) -> Object {
    Object::new("messages.setInlineBotResults")
        .with("query_id", query_id)
        .with("results", Value::vector(results))
        .with("cache_time", 300)
}

fn keyboard() -> Object {
    let kind = Object::new("inlineButtonTypeCallback").with("data", &b"go"[..]);
    let button = Object::new("keyboardInlineButton")
        .with("text", "Go")
        .with("type", kind);
    let row = Object::new("keyboardInlineButtonRow").with("buttons", Value::vector([button]));
    Object::new("replyInlineMarkup").with("rows", Value::vector([row]))
}

/// Alice, Bob and the bot; the bot as Alice's `InputUser`, and Bob as her peer.
fn cast(stage: &mut Stage) -> (Client, Client, Client, Object, Object) {
    let (alice, bob, bot) = (stage.log_in(ALICE), stage.log_in(BOB), stage.bot());
    let bot_user = as_user(&stage.peer(alice, "mtkit_bot"));
    let to_bob = stage.peer(alice, "bob_mtkit");
    (alice, bob, bot, bot_user, to_bob)
}

/// Asks and lets the bot answer; gives the query and what the answer's effect carries.
fn offer(
    stage: &mut Stage,
    (alice, bot): (Client, Client),
    (bot_user, to_bob): (&Object, &Object),
    results: Vec<Object>,
) -> (i64, Object) {
    // Nobody answers at once, so the driver holds the reply back.
    assert_eq!(
        stage.error(alice, ask(bot_user, to_bob, "cats")),
        "400 BOT_RESPONSE_TIMEOUT"
    );
    let update = stage.updates(bot).pop().unwrap();
    assert_eq!(update.name(), "updateBotInlineQuery");
    assert_eq!(update.str("query"), Some("cats"));
    assert_eq!(
        update.object("peer_type").unwrap().name(),
        "inlineQueryPeerTypePM"
    );
    let query_id = update.long("query_id").unwrap();
    stage.yes(bot, answer(query_id, results));
    let Some(Effect::Answer { ticket, reply }) = stage.effects.pop() else {
        panic!("no answer");
    };
    assert_eq!(ticket, query_id);
    let reply = reply.unwrap();
    crate::check::reply("messages.getInlineBotResults", &reply);
    (query_id, reply.into_object().unwrap())
}

fn choose(stage: &mut Stage, peer: &Object, query_id: i64, id: &str) -> Object {
    Object::new("messages.sendInlineBotResult")
        .with("peer", peer.clone())
        .with("random_id", stage.random())
        .with("query_id", query_id)
        .with("id", id)
}

#[test]
fn a_result_of_an_inline_bot_is_chosen_and_sent() {
    let mut stage = Stage::new();
    let (alice, bob, bot, bot_user, to_bob) = cast(&mut stage);
    let results = vec![article("1", "a cat"), article("2", "two cats")];
    let (query_id, offered) = offer(&mut stage, (alice, bot), (&bot_user, &to_bob), results);
    assert_eq!(objects(&offered, "results").len(), 2);
    let request = choose(&mut stage, &to_bob, query_id, "2");
    stage.ok(alice, request);
    let message = stage.update(bob).object("message").unwrap().clone();
    assert_eq!(message.str("message"), Some("two cats"));
    assert_eq!(message.long("via_bot_id"), bot_user.long("user_id"));
    let chosen = stage.update(bot);
    assert_eq!(chosen.name(), "updateBotInlineSend");
    assert_eq!(chosen.str("id"), Some("2"));
    assert_eq!(chosen.object("msg_id"), None, "there is nothing to edit");
    let request = choose(&mut stage, &to_bob, query_id, "3");
    assert_eq!(stage.error(alice, request), "400 RESULT_ID_INVALID");
    stage.now += 4000;
    let request = choose(&mut stage, &to_bob, query_id, "1");
    assert_eq!(stage.error(alice, request), "400 INLINE_RESULT_EXPIRED");
}

#[test]
fn a_message_via_a_bot_has_buttons_that_reach_the_bot() {
    let mut stage = Stage::new();
    let (alice, bob, bot, bot_user, to_bob) = cast(&mut stage);
    let message = Object::new("inputBotInlineMessageText")
        .with("message", "press")
        .with("reply_markup", keyboard());
    let result = article("1", "").with("send_message", message);
    let who = (&bot_user, &to_bob);
    let (query_id, _) = offer(&mut stage, (alice, bot), who, vec![result]);
    let request = choose(&mut stage, &to_bob, query_id, "1");
    stage.ok(alice, request);
    let sent = stage.update(bob).object("message").unwrap().clone();
    let msg_id = stage.update(bot).object("msg_id").unwrap().clone();

    let from_alice = stage.peer(bob, "alice_mtkit");
    let press = Object::new("messages.getBotCallbackAnswer")
        .with("peer", from_alice)
        .with("msg_id", sent.int("id").unwrap())
        .with("data", &b"go"[..]);
    assert_eq!(stage.error(bob, press), "400 BOT_RESPONSE_TIMEOUT");
    let pressed = stage.update(bot);
    assert_eq!(pressed.name(), "updateInlineBotCallbackQuery");
    assert_eq!(pressed.object("msg_id"), Some(&msg_id));

    let edit = Object::new("messages.editInlineBotMessage")
        .with("id", msg_id.clone())
        .with("message", "pressed");
    stage.yes(bot, edit.clone());
    let edited = stage.updates(bob).pop().unwrap();
    assert_eq!(edited.name(), "updateEditMessage");
    assert_eq!(
        edited.object("message").unwrap().str("message"),
        Some("pressed")
    );
    assert_eq!(stage.error(bot, edit), "400 MESSAGE_NOT_MODIFIED");
    let stolen = Object::new("messages.editInlineBotMessage")
        .with("id", msg_id.with("access_hash", 1_i64))
        .with("message", "no");
    assert_eq!(stage.error(bot, stolen), "400 MESSAGE_ID_INVALID");
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let mut stage = Stage::new();
    let (alice, _, bot, bot_user, to_bob) = cast(&mut stage);
    let _ = stage.error(alice, ask(&bot_user, &to_bob, "x"));
    let query_id = stage.updates(bot).pop().unwrap().long("query_id").unwrap();
    let cases = [
        (vec![article("", "x")], "400 RESULT_ID_EMPTY"),
        (
            vec![article("1", "x"), article("1", "y")],
            "400 RESULT_ID_DUPLICATE",
        ),
        (vec![article("1", "")], "400 MESSAGE_EMPTY"),
        (
            vec![article("1", "x").with("type", "")],
            "400 RESULT_TYPE_INVALID",
        ),
        (
            (0..51).map(|n| article(&n.to_string(), "x")).collect(),
            "400 RESULTS_TOO_MUCH",
        ),
    ];
    for (results, error) in cases {
        assert_eq!(stage.error(bot, answer(query_id, results)), error);
    }
    // A callback answer does not close an inline query.
    let callback = Object::new("messages.setBotCallbackAnswer")
        .with("query_id", query_id)
        .with("cache_time", 0);
    assert_eq!(stage.error(bot, callback), "400 QUERY_ID_INVALID");
    stage.now += 60;
    assert_eq!(
        stage.error(bot, answer(query_id, vec![article("1", "late")])),
        "400 QUERY_ID_INVALID"
    );
    let bob = as_user(&to_bob);
    assert_eq!(
        stage.error(alice, ask(&bob, &to_bob, "x")),
        "400 BOT_INVALID"
    );
}
