//! Bots: commands, keyboards and buttons.

use tl_parser::{Object, Value};
use world::Effect;

use crate::driver::{ALICE, Client, Stage, as_user, objects, send_message};

fn keyboard(data: &str) -> Object {
    let kind = Object::new("inlineButtonTypeCallback").with("data", data);
    let button = Object::new("keyboardInlineButton")
        .with("text", "Press")
        .with("type", kind);
    let row = Object::new("keyboardInlineButtonRow").with("buttons", vec![Value::from(button)]);
    Object::new("replyInlineMarkup").with("rows", vec![Value::from(row)])
}

/// Alice and a bot that sent her a keyboard: the clients, the bot's peer, and her id of the message.
fn pressed(stage: &mut Stage) -> (Client, Client, Object, i32) {
    let alice = stage.log_in(ALICE);
    let bot = stage.bot();
    let to_bot = stage.peer(alice, "mtkit_bot");
    stage.send(alice, &to_bot, "/start");
    stage.updates(bot);
    let to_alice = stage.peer(bot, "alice_mtkit");
    let menu = send_message(&to_alice, "choose", 50).with("reply_markup", keyboard("yes"));
    stage.ok(bot, menu);
    let update = stage.update(alice);
    let message = update.object("message").unwrap();
    assert_eq!(
        message.object("reply_markup").unwrap().name(),
        "replyInlineMarkup"
    );
    (alice, bot, to_bot, message.int("id").unwrap())
}

fn press(peer: &Object, id: i32, data: &str) -> Object {
    Object::new("messages.getBotCallbackAnswer")
        .with("peer", peer.clone())
        .with("msg_id", id)
        .with("data", data)
}

fn answer(query_id: i64) -> Object {
    Object::new("messages.setBotCallbackAnswer")
        .with("query_id", query_id)
        .with("message", "well done")
        .with("cache_time", 0)
}

#[test]
fn a_press_waits_for_the_answer_of_the_bot() {
    let mut stage = Stage::new();
    let (alice, bot, to_bot, id) = pressed(&mut stage);
    assert_eq!(
        stage.error(alice, press(&to_bot, id, "yes")),
        "400 BOT_RESPONSE_TIMEOUT",
        "what is said when nobody answers"
    );
    let query = stage.update(bot);
    assert_eq!(query.name(), "updateBotCallbackQuery");
    assert_eq!(query.bytes("data"), Some(&b"yes"[..]));
    let query_id = query.long("query_id").unwrap();
    let [Effect::AwaitAnswer { ticket, until }] = stage.effects[..] else {
        panic!("{:?}", stage.effects);
    };
    assert_eq!((ticket, until), (query_id, stage.now + 10));
    stage.effects.clear();
    stage.yes(bot, answer(query_id));
    let [Effect::Answer { ticket, reply }] = &stage.effects[..] else {
        panic!("{:?}", stage.effects);
    };
    assert_eq!(*ticket, query_id);
    let reply = reply.clone().unwrap();
    crate::check::reply("messages.getBotCallbackAnswer", &reply);
    assert_eq!(reply.as_object().unwrap().str("message"), Some("well done"));
    assert_eq!(
        stage.error(bot, answer(query_id)),
        "400 QUERY_ID_INVALID",
        "only once"
    );
}

#[test]
fn a_late_answer_is_refused() {
    let mut stage = Stage::new();
    let (alice, bot, to_bot, id) = pressed(&mut stage);
    stage.error(alice, press(&to_bot, id, "yes"));
    let query_id = stage.update(bot).long("query_id").unwrap();
    stage.now += 10;
    assert_eq!(stage.error(bot, answer(query_id)), "400 QUERY_ID_INVALID");
}

#[test]
fn only_buttons_that_exist_are_pressed() {
    let mut stage = Stage::new();
    let (alice, _, to_bot, id) = pressed(&mut stage);
    assert_eq!(
        stage.error(alice, press(&to_bot, id, "no")),
        "400 DATA_INVALID"
    );
    assert_eq!(
        stage.error(alice, press(&to_bot, 1, "yes")),
        "400 DATA_INVALID"
    );
    assert_eq!(
        stage.error(alice, press(&to_bot, 99, "yes")),
        "400 MESSAGE_ID_INVALID"
    );
}

#[test]
fn editing_a_message_without_its_keyboard_takes_it_away() {
    let mut stage = Stage::new();
    let (alice, bot, ..) = pressed(&mut stage);
    let to_alice = stage.peer(bot, "alice_mtkit");
    let edit = Object::new("messages.editMessage")
        .with("peer", to_alice)
        .with("id", 2)
        .with("message", "chosen");
    stage.ok(bot, edit);
    let update = stage.update(alice);
    let message = update.object("message").unwrap();
    assert!(message.get("reply_markup").is_none());
}

#[test]
fn keyboards_keep_to_their_rules() {
    let mut stage = Stage::new();
    let (alice, bot, to_bot, _) = pressed(&mut stage);
    let to_alice = stage.peer(bot, "alice_mtkit");
    let long = send_message(&to_alice, "x", 60).with("reply_markup", keyboard(&"x".repeat(65)));
    assert_eq!(stage.error(bot, long), "400 BUTTON_DATA_INVALID");
    stage.updates(bot);
    let mine = send_message(&to_bot, "x", 61).with("reply_markup", keyboard("yes"));
    stage.ok(alice, mine);
    let update = stage.update(bot);
    let message = update.object("message").unwrap();
    assert!(message.get("reply_markup").is_none(), "people have none");
}

#[test]
fn commands_are_shown_to_those_who_talk_to_the_bot() {
    let mut stage = Stage::new();
    let (alice, bot, to_bot, _) = pressed(&mut stage);
    let command = |name: &str, description: &str| {
        Value::from(
            Object::new("botCommand")
                .with("command", name)
                .with("description", description),
        )
    };
    let set = |commands: Vec<Value>| {
        Object::new("bots.setBotCommands")
            .with("scope", Object::new("botCommandScopeDefault"))
            .with("lang_code", "")
            .with("commands", commands)
    };
    stage.yes(bot, set(vec![command("start", "begin")]));
    assert_eq!(stage.update(alice).name(), "updateBotCommands");
    let full = Object::new("users.getFullUser").with("id", as_user(&to_bot));
    let full = stage.ok(alice, full);
    let info = full
        .object("full_user")
        .unwrap()
        .object("bot_info")
        .unwrap();
    assert_eq!(objects(info, "commands").len(), 1);
    assert_eq!(
        stage.error(bot, set(vec![command("Start", "x")])),
        "400 BOT_COMMAND_INVALID"
    );
    assert_eq!(
        stage.error(bot, set(vec![command("start", "")])),
        "400 BOT_COMMAND_DESCRIPTION_INVALID"
    );
    let scoped = |name: &'static str| {
        Object::new(name)
            .with("scope", Object::new("botCommandScopeDefault"))
            .with("lang_code", "")
    };
    assert_eq!(stage.list(bot, scoped("bots.getBotCommands")).len(), 1);
    stage.yes(bot, scoped("bots.resetBotCommands"));
    assert_eq!(stage.list(bot, scoped("bots.getBotCommands")).len(), 0);
}

#[test]
fn a_bot_describes_itself() {
    let mut stage = Stage::new();
    let bot = stage.bot();
    let set = Object::new("bots.setBotInfo")
        .with("lang_code", "")
        .with("about", "about me")
        .with("description", "what I do");
    stage.yes(bot, set);
    let info = stage.ok(bot, Object::new("bots.getBotInfo").with("lang_code", ""));
    assert_eq!(info.str("about"), Some("about me"));
    assert_eq!(info.str("description"), Some("what I do"));
}

#[test]
fn a_deep_link_starts_a_bot_with_its_parameter() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bot = stage.bot();
    let to_bot = stage.peer(alice, "mtkit_bot");
    let start = |parameter: &str| {
        Object::new("messages.startBot")
            .with("bot", as_user(&to_bot))
            .with("peer", to_bot.clone())
            .with("random_id", 5_i64)
            .with("start_param", parameter)
    };
    stage.ok(alice, start("ref42"));
    let update = stage.update(bot);
    let message = update.object("message").unwrap();
    assert_eq!(message.str("message"), Some("/start ref42"));
    assert_eq!(
        stage.error(alice, start("no spaces")),
        "400 START_PARAM_INVALID"
    );
}
