//! `bots.*`, and the buttons under bots' messages.
//!
//! <https://core.telegram.org/api/bots>

use tl_parser::{Object, Value};

use super::messages::markup::has_callback;
use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    BOT_COMMAND_DESCRIPTION_INVALID, BOT_COMMAND_INVALID, BOT_INVALID, BOT_RESPONSE_TIMEOUT,
    DATA_INVALID, MESSAGE_ID_INVALID, QUERY_ID_INVALID, RpcError, START_PARAM_INVALID,
};
use crate::model::ids::{PeerId, UserId};
use crate::model::message::Place;
use crate::outcome::Effect;
use crate::posting::Draft;
use crate::queries::{Asked, PATIENCE, Query};
use crate::random::Purpose;
use crate::render::user::bot_command;
use crate::request::Arguments;

mod inline;
mod menu;

pub(super) const METHODS: &[Method] = &[
    Method::new("messages.getInlineBotResults", Access::People, inline::ask),
    Method::new("messages.setInlineBotResults", Access::Bots, inline::answer),
    Method::new(
        "messages.sendInlineBotResult",
        Access::People,
        inline::choose,
    ),
    Method::new("messages.editInlineBotMessage", Access::Bots, inline::edit),
    Method::new("bots.setBotCommands", Access::Bots, set_commands),
    Method::new("bots.getBotCommands", Access::Bots, get_commands),
    Method::new("bots.resetBotCommands", Access::Bots, reset_commands),
    Method::new("bots.setBotInfo", Access::Everybody, set_info),
    Method::new("bots.getBotInfo", Access::Everybody, get_info),
    Method::new("bots.setBotMenuButton", Access::Bots, menu::set_button),
    Method::new("bots.getBotMenuButton", Access::Bots, menu::get_button),
    Method::new(
        "bots.setBotGroupDefaultAdminRights",
        Access::Bots,
        menu::set_group_rights,
    ),
    Method::new(
        "bots.setBotBroadcastDefaultAdminRights",
        Access::Bots,
        menu::set_channel_rights,
    ),
    Method::new("bots.canSendMessage", Access::People, menu::may_write),
    Method::new("bots.allowSendMessage", Access::People, menu::let_write),
    Method::new("messages.startBot", Access::People, start),
    Method::new("messages.getBotCallbackAnswer", Access::People, press),
    Method::new("messages.setBotCallbackAnswer", Access::Bots, answer),
];

/// Most commands of a bot; longest command, description, and text about a bot in characters.
const COMMANDS_MAX: usize = 100;
const COMMAND_MAX: usize = 32;
const DESCRIPTION_MAX: usize = 256;
const ABOUT_MAX: usize = 512;

fn set_commands(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut commands = Vec::new();
    for command in request.need_objects("commands")? {
        let name = command.need_str("command")?;
        let description = command.need_str("description")?;
        let right = (1..=COMMAND_MAX).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !right || commands.len() >= COMMANDS_MAX {
            return Err(BOT_COMMAND_INVALID.into());
        }
        if !(1..=DESCRIPTION_MAX).contains(&description.chars().count()) {
            return Err(BOT_COMMAND_DESCRIPTION_INVALID.into());
        }
        commands.push((name.to_owned(), description.to_owned()));
    }
    replace_commands(call, me, commands)
}

fn reset_commands(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    replace_commands(call, me, Vec::new())
}

/// Sets the commands of a bot; those who have a chat with it learn of them.
fn replace_commands(
    call: &mut Call<'_>,
    me: UserId,
    commands: Vec<(String, String)>,
) -> Result<Value, RpcError> {
    let bot = call.user_mut(me)?.bot.as_mut().ok_or(BOT_INVALID)?;
    bot.info_version = bot.info_version.saturating_add(1);
    bot.commands.clone_from(&commands);
    let rendered: Vec<Value> = commands
        .iter()
        .map(|(command, description)| bot_command(command, description).into())
        .collect();
    for listener in call.acquaintances(me) {
        call.notify(listener, |view| {
            vec![
                Object::new("updateBotCommands")
                    .with("peer", view.peer(PeerId::User(me)))
                    .with("bot_id", me.0)
                    .with("commands", rendered.clone()),
            ]
        });
    }
    Ok(done())
}

fn get_commands(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let bot = call.user_ref(me)?.bot.as_ref().ok_or(BOT_INVALID)?;
    let commands = bot.commands.iter();
    Ok(Value::vector(commands.map(|(command, description)| {
        bot_command(command, description)
    })))
}

/// The bot that a request speaks of: the caller itself, or one of his.
fn own_bot(call: &Call<'_>, request: &Object) -> Result<UserId, RpcError> {
    let me = call.me()?;
    let id = match request.object("bot") {
        Some(input) => call.user(input)?,
        None => me,
    };
    if !call.user_ref(id)?.is_bot() || id != me {
        return Err(BOT_INVALID.into());
    }
    Ok(id)
}

fn set_info(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let id = own_bot(call, request)?;
    let cut = |field| {
        let text = request.str(field)?;
        Some(text.chars().take(ABOUT_MAX).collect::<String>())
    };
    let (name, about, description) = (cut("name"), cut("about"), cut("description"));
    let user = call.user_mut(id)?;
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        user.first_name = name;
    }
    if let Some(about) = about {
        user.about = about;
    }
    if let (Some(description), Some(bot)) = (description, user.bot.as_mut()) {
        bot.description = description;
        bot.info_version = bot.info_version.saturating_add(1);
    }
    Ok(done())
}

fn get_info(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let id = own_bot(call, request)?;
    let user = call.user_ref(id)?;
    let bot = user.bot.as_ref().ok_or(BOT_INVALID)?;
    Ok(Object::new("bots.botInfo")
        .with("name", user.first_name.as_str())
        .with("about", user.about.as_str())
        .with("description", bot.description.as_str())
        .into())
}

/// Sends `/start` with a parameter, as a deep link does.
fn start(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let bot = call.user_in(request, "bot")?;
    let parameter = request.need_str("start_param")?;
    if !call.user_ref(bot)?.is_bot() {
        return Err(BOT_INVALID.into());
    }
    let right = parameter.len() <= 64
        && parameter
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !right {
        return Err(START_PARAM_INVALID.into());
    }
    let text = format!("/start {parameter}");
    let (text, entities) = call.prepare_text(&text, &[], 100)?;
    call.state.check_room(1)?;
    let mut draft = Draft::text(Place::Private(me, bot), me, text);
    draft.set_entities(entities);
    let (_, happened) = call.state.post(call.now.date(), draft);
    call.settle(&happened, Vec::new())
}

/// Somebody presses a callback button; the reply waits for the bot.
fn press(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let id = request.need_int("msg_id")?;
    let message = call.state.message_in(me, peer, id);
    let message = message.ok_or(MESSAGE_ID_INVALID)?;
    let data = request.bytes("data").ok_or(DATA_INVALID)?.to_vec();
    let bot = message.via_bot.unwrap_or(message.author);
    let markup = message
        .content()
        .and_then(|content| content.markup.as_ref());
    if !markup.is_some_and(|markup| has_callback(markup, &data)) {
        return Err(DATA_INVALID.into());
    }
    if !call.user_ref(bot)?.is_bot() {
        return Err(MESSAGE_ID_INVALID.into());
    }
    let (key, via_bot) = (message.key, message.via_bot.is_some());
    // A message that was sent via the bot is in no box of its own.
    let bots_id = message.id_for(bot).filter(|_| !via_bot);
    let bots_peer = message.place.peer_for(bot);
    if bots_id.is_none() && !via_bot {
        return Err(MESSAGE_ID_INVALID.into());
    }
    let instance = match (bots_id, bots_peer) {
        (None, _) => i64::try_from(key.0).unwrap_or(i64::MAX),
        (_, PeerId::User(id)) => id.0,
        (_, PeerId::Chat(id)) => id.0,
        (_, PeerId::Channel(id)) => id.0,
    };
    let random = &mut call.state.random;
    let chat_instance = random.derive(Purpose::ChatInstance, bot.0, instance);
    let query_id = random.long();
    let until = call.now.plus(PATIENCE).seconds();
    let query = Query {
        bot,
        until,
        asked: Asked::Callback,
    };
    if !call.state.queries.open(query_id, query, call.now.seconds()) {
        return Err(RpcError::flood_wait(PATIENCE));
    }
    let dc = call.caller.dc;
    call.notify(bot, |view| {
        let update = match bots_id {
            Some(id) => Object::new("updateBotCallbackQuery")
                .with("peer", view.peer(bots_peer))
                .with("msg_id", id),
            None => Object::new("updateInlineBotCallbackQuery")
                .with("msg_id", view.inline_message_id(key, dc)),
        };
        vec![
            update
                .with("query_id", query_id)
                .with("user_id", view.user_id(me))
                .with("chat_instance", chat_instance)
                .with("data", data.clone()),
        ]
    });
    call.effects.push(Effect::AwaitAnswer {
        ticket: query_id,
        until,
    });
    Err(BOT_RESPONSE_TIMEOUT.into())
}

fn answer(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let query_id = request.need_long("query_id")?;
    let now = call.now.seconds();
    let is_press = |asked: &Asked| *asked == Asked::Callback;
    let query = call.state.queries.close(query_id, me, now, is_press);
    query.ok_or(QUERY_ID_INVALID)?;
    let url = request.str("url");
    let message = request.str("message");
    let reply = Object::new("messages.botCallbackAnswer")
        .with_flag("alert", request.flag("alert"))
        .with_flag("has_url", url.is_some())
        .with_flag("native_ui", true)
        .with_opt("message", message)
        .with_opt("url", url)
        .with("cache_time", request.need_int("cache_time")?);
    call.effects.push(Effect::Answer {
        ticket: query_id,
        reply: Ok(reply.into()),
    });
    Ok(done())
}
