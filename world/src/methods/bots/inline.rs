//! Inline bots: questions from any chat, results to choose from, messages via a bot.
//!
//! <https://core.telegram.org/api/bots/inline>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{
    BOT_INLINE_DISABLED, BOT_INVALID, BOT_RESPONSE_TIMEOUT, INLINE_RESULT_EXPIRED, MESSAGE_EMPTY,
    MESSAGE_ID_INVALID, QUERY_ID_INVALID, RESULT_ID_DUPLICATE, RESULT_ID_EMPTY, RESULT_ID_INVALID,
    RESULT_TYPE_INVALID, RESULTS_TOO_MUCH, RpcError, SEND_MESSAGE_TYPE_INVALID,
    WEBPAGE_CURL_FAILED,
};
use crate::inline::{InlineResult, OFFER_LIFETIME, Offer, web_document};
use crate::methods::done;
use crate::methods::messages::edit::revise;
use crate::methods::messages::send::finish;
use crate::model::ids::{MessageKey, PeerId, UserId};
use crate::model::media::Media;
use crate::model::message::{Body, Content};
use crate::outcome::Effect;
use crate::queries::{Asked, PATIENCE, Query};
use crate::request::Arguments;
use crate::text::{CAPTION_LENGTH_MAX, MESSAGE_LENGTH_MAX};

/// Most results of one answer; longest query in characters.
const RESULTS_MAX: usize = 50;
const QUERY_MAX: usize = 256;

/// An account asks a bot; the reply waits for the bot.
pub(super) fn ask(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let bot = call.user_in(request, "bot")?;
    let inline = match &call.user_ref(bot)?.bot {
        Some(bot) => bot.inline_placeholder.is_some(),
        None => return Err(BOT_INVALID.into()),
    };
    if !inline {
        return Err(BOT_INLINE_DISABLED.into());
    }
    let peer = match request.need_object("peer")? {
        // Old clients do not say where the query was written.
        input if input.name() == "inputPeerEmpty" => None,
        input => Some(call.peer(input)?),
    };
    let query: String = request.need_str("query")?.chars().take(QUERY_MAX).collect();
    let offset = request.need_str("offset")?.to_owned();
    let query_id = call.state.random.long();
    let until = call.now.plus(PATIENCE).seconds();
    let asked = Asked::Inline {
        user: me,
        query: query.clone(),
    };
    let open = Query { bot, until, asked };
    if !call.state.queries.open(query_id, open, call.now.seconds()) {
        return Err(RpcError::flood_wait(PATIENCE));
    }
    call.notify(bot, |view| {
        let peer_type = peer.map(|peer| view.inline_peer_type(peer, PeerId::User(bot)));
        vec![
            Object::new("updateBotInlineQuery")
                .with("query_id", query_id)
                .with("user_id", view.user_id(me))
                .with("query", query.as_str())
                .with_opt("peer_type", peer_type)
                .with("offset", offset.as_str()),
        ]
    });
    call.effects.push(Effect::AwaitAnswer {
        ticket: query_id,
        until,
    });
    Err(BOT_RESPONSE_TIMEOUT.into())
}

/// The bot answers.
pub(super) fn answer(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let query_id = request.need_long("query_id")?;
    let inputs = request.need_objects("results")?;
    if inputs.len() > RESULTS_MAX {
        return Err(RESULTS_TOO_MUCH.into());
    }
    let mut results: Vec<InlineResult> = Vec::new();
    for input in inputs {
        let result = call.inline_result(me, input)?;
        if results.iter().any(|other| other.id == result.id) {
            return Err(RESULT_ID_DUPLICATE.into());
        }
        results.push(result);
    }
    let now = call.now.seconds();
    let is_inline = |asked: &Asked| matches!(asked, Asked::Inline { .. });
    let query = call.state.queries.close(query_id, me, now, is_inline);
    let query = query.ok_or(QUERY_ID_INVALID)?;
    let Asked::Inline { user, query } = query.asked else {
        return Err(QUERY_ID_INVALID.into());
    };
    let mut view = call.view(user);
    let rendered: Vec<Value> = results
        .iter()
        .map(|result| view.inline_result(result).into())
        .collect();
    let next_offset = request.str("next_offset").filter(|next| !next.is_empty());
    let reply = Object::new("messages.botResults")
        .with_flag("gallery", request.flag("gallery"))
        .with("query_id", query_id)
        .with_opt("next_offset", next_offset)
        .with_opt("switch_pm", request.object("switch_pm").cloned())
        .with_opt("switch_webview", request.object("switch_webview").cloned())
        .with("results", rendered)
        .with("cache_time", request.need_int("cache_time")?)
        .with("users", view.users());
    let offer = Offer {
        bot: me,
        user,
        query,
        results,
        until: call.now.plus(OFFER_LIFETIME).seconds(),
    };
    call.state.offers.insert(query_id, offer, now);
    call.effects.push(Effect::Answer {
        ticket: query_id,
        reply: Ok(reply.into()),
    });
    Ok(done())
}

impl Call<'_> {
    /// One result as a bot describes it.
    fn inline_result(&mut self, bot: UserId, input: &Object) -> Result<InlineResult, RpcError> {
        let id = input.need_str("id")?.to_owned();
        if id.is_empty() {
            return Err(RESULT_ID_EMPTY.into());
        }
        let kind = match input.str("type") {
            Some(kind) if (1..=32).contains(&kind.len()) => kind.to_owned(),
            _ => return Err(RESULT_TYPE_INVALID.into()),
        };
        if id.len() > 64 {
            return Err(RESULT_ID_INVALID.into());
        }
        let (photo, document) = match input.name() {
            "inputBotInlineResult" => (None, None),
            "inputBotInlineResultPhoto" => (
                Some(self.known_photo(bot, input.need_object("photo")?)?),
                None,
            ),
            "inputBotInlineResultDocument" => {
                let document = input.need_object("document")?;
                (None, Some(self.known_document(bot, document)?))
            }
            _ => return Err(RESULT_TYPE_INVALID.into()),
        };
        let send = input.need_object("send_message")?;
        let auto = send.name() == "inputBotInlineMessageMediaAuto";
        let mut content = self.inline_content(bot, send)?;
        if auto {
            content.media = match (photo, document) {
                (Some(photo), _) => Some(Media::Photo {
                    photo,
                    spoiler: false,
                    ttl_seconds: None,
                }),
                (_, Some(document)) => Some(Media::Document {
                    document,
                    spoiler: false,
                    ttl_seconds: None,
                }),
                _ => None,
            };
        }
        let text = |field| {
            let text: Option<&str> = input.str(field);
            text.map(|text| text.chars().take(512).collect::<String>())
        };
        Ok(InlineResult {
            id,
            kind,
            title: text("title"),
            description: text("description"),
            url: text("url"),
            thumb: input.object("thumb").map(web_document),
            web_content: input.object("content").map(web_document),
            photo,
            document,
            content,
            auto,
            no_webpage: send.flag("no_webpage"),
        })
    }

    /// The message that a chosen result sends.
    fn inline_content(&mut self, bot: UserId, send: &Object) -> Result<Content, RpcError> {
        let markup = self.markup(bot, send)?;
        let longest = match send.name() {
            "inputBotInlineMessageText" => MESSAGE_LENGTH_MAX,
            "inputBotInlineMessageMediaAuto" => CAPTION_LENGTH_MAX,
            _ => {
                // The other kinds have the fields of the media that they send.
                let name = send.name().strip_prefix("inputBotInlineMessageMedia");
                let name = name.filter(|kind| matches!(*kind, "Geo" | "Venue" | "Contact"));
                let media = match name.ok_or(SEND_MESSAGE_TYPE_INVALID)? {
                    "Geo" => renamed(send, "inputMediaGeoPoint"),
                    "Venue" => renamed(send, "inputMediaVenue"),
                    _ => renamed(send, "inputMediaContact"),
                };
                return Ok(Content {
                    media: Some(self.input_media(bot, &media)?),
                    markup,
                    ..Content::default()
                });
            }
        };
        let entities = send.vector("entities").unwrap_or_default();
        let (text, entities) = self.prepare_text(send.need_str("message")?, entities, longest)?;
        if text.is_empty() && send.name() == "inputBotInlineMessageText" {
            return Err(MESSAGE_EMPTY.into());
        }
        Ok(Content {
            text,
            entities,
            media: None,
            markup,
        })
    }
}

/// The same fields under another constructor.
fn renamed(object: &Object, name: &'static str) -> Object {
    let mut renamed = object.clone();
    renamed.rename(name);
    renamed
}

/// An account chooses a result.
pub(super) fn choose(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let query_id = request.need_long("query_id")?;
    let result_id = request.need_str("id")?;
    let offer = call.state.offers.get(query_id, me, call.now.seconds());
    let offer = offer.ok_or(INLINE_RESULT_EXPIRED)?;
    let (bot, query) = (offer.bot, offer.query.clone());
    let result = offer.results.iter().find(|result| result.id == result_id);
    let result = result.ok_or(RESULT_ID_INVALID)?.clone();
    // There is no web to load a picture from.
    if result.auto && result.content.media.is_none() && result.web_content.is_some() {
        return Err(WEBPAGE_CURL_FAILED.into());
    }
    if result.content.text.is_empty() && result.content.media.is_none() {
        return Err(MESSAGE_EMPTY.into());
    }
    let place = call.writable(me, peer, result.content.media.is_some())?;
    let has_keyboard = result.content.markup.is_some();
    let body = Body::Ordinary(result.content.into());
    let mut draft = call.draft(me, peer, place, request, body)?;
    draft.via_bot = Some(bot);
    let reply = finish(call, me, peer, request, draft)?;
    // A message that was put off has no id yet.
    let put_off = call.schedule_date(me, peer, request)?.is_some();
    let sent = call.state.newest_of(me).filter(|_| !put_off);
    let dc = call.caller.dc;
    call.notify(bot, |view| {
        let id = sent.filter(|_| has_keyboard);
        let id = id.map(|key| view.inline_message_id(key, dc));
        vec![
            Object::new("updateBotInlineSend")
                .with("user_id", view.user_id(me))
                .with("query", query.as_str())
                .with("id", result_id)
                .with_opt("msg_id", id),
        ]
    });
    Ok(reply)
}

/// The message that an `InputBotInlineMessageID` names, sent via the caller.
fn named(call: &Call<'_>, me: UserId, input: &Object) -> Result<MessageKey, RpcError> {
    let id = input.long("id").ok_or(MESSAGE_ID_INVALID)?;
    let right = input.need_long("access_hash")? == call.view(me).inline_message_hash(id);
    let key = MessageKey(u64::try_from(id).map_err(|_| MESSAGE_ID_INVALID)?);
    let message = call.state.messages.get(&key);
    let message = message.filter(|message| right && message.via_bot == Some(me));
    Ok(message.ok_or(MESSAGE_ID_INVALID)?.key)
}

/// The bot changes a message that was sent via it.
pub(super) fn edit(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let key = named(call, me, request.need_object("id")?)?;
    let message = call.state.messages.get(&key).ok_or(MESSAGE_ID_INVALID)?;
    let old = message.content().ok_or(MESSAGE_ID_INVALID)?.clone();
    let happened = revise(call, me, key, &old, request)?;
    call.announce(&happened);
    Ok(done())
}
