//! Reading messages: history, single ones, and search.
//!
//! <https://core.telegram.org/api/offsets>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{CHANNEL_PRIVATE, MESSAGE_IDS_EMPTY, RpcError};
use crate::methods::{Access, Method};
use crate::model::ids::{ChannelId, MessageKey, PeerId, UserId};
use crate::model::media::Media;
use crate::model::message::{Body, Message};
use crate::request::Arguments;

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.getHistory", Access::People, get_history),
    Method::new("messages.getMessages", Access::Everybody, get_messages),
    Method::new(
        "channels.getMessages",
        Access::Everybody,
        get_channel_messages,
    ),
    Method::new("messages.search", Access::People, search),
    Method::new("messages.searchGlobal", Access::People, search_global),
    Method::new("messages.getSearchCounters", Access::People, get_counters),
    Method::new(
        "messages.getUnreadMentions",
        Access::People,
        get_unread_mentions,
    ),
];

/// Most messages in one reply.
const PAGE: usize = 100;

/// Ids and keys of a dialog's messages, the newest first.
fn newest_first(call: &Call<'_>, me: UserId, peer: PeerId) -> Vec<(i32, MessageKey)> {
    match peer {
        PeerId::Channel(id) => {
            let channel = call.state.channels.get(&id);
            channel
                .map(|channel| {
                    let messages = channel.messages.iter().rev();
                    messages.map(|(id, key)| (*id, *key)).collect()
                })
                .unwrap_or_default()
        }
        _ => call
            .state
            .mailboxes
            .get(&me)
            .and_then(|mailbox| {
                let ids = mailbox.dialogs.get(&peer)?.ids.iter().rev();
                Some(
                    ids.filter_map(|id| Some((*id, mailbox.copies.get(id)?.message)))
                        .collect(),
                )
            })
            .unwrap_or_default(),
    }
}

/// The page of a list that the usual offsets name. `all` begins with the newest message.
fn page(call: &Call<'_>, request: &Object, all: &[(i32, MessageKey)]) -> Vec<(i32, MessageKey)> {
    let offset_id = request.int("offset_id").unwrap_or(0);
    let offset_date = request.int("offset_date").unwrap_or(0);
    let date = |key: &MessageKey| {
        let message = call.state.messages.get(key);
        message.map_or(0, |message| message.date)
    };
    let start = if offset_id > 0 {
        all.partition_point(|(id, _)| *id >= offset_id)
    } else if offset_date > 0 {
        all.partition_point(|(_, key)| date(key) >= offset_date)
    } else {
        0
    };
    // A negative `add_offset` asks for newer messages than the offset too.
    let add = i64::from(request.int("add_offset").unwrap_or(0));
    let limit = request.limit(PAGE);
    let first = i64::try_from(start).unwrap_or(i64::MAX).saturating_add(add);
    let end = first.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX));
    let index = |at: i64| usize::try_from(at.max(0)).unwrap_or(0).min(all.len());
    let max_id = request.int("max_id").unwrap_or(0);
    let min_id = request.int("min_id").unwrap_or(0);
    all.get(index(first)..index(end))
        .unwrap_or_default()
        .iter()
        .filter(|(id, _)| (max_id <= 0 || *id < max_id) && *id > min_id)
        .copied()
        .collect()
}

fn get_history(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let all = newest_first(call, me, peer);
    let page = page(call, request, &all);
    Ok(call.view(me).messages(Some(peer), &page, all.len()).into())
}

/// The message ids that a list of `InputMessage` names. `peer` is the channel, or the caller's own box.
fn named(
    call: &Call<'_>,
    me: UserId,
    channel: Option<ChannelId>,
    request: &Object,
) -> Result<Vec<(i32, Option<MessageKey>)>, RpcError> {
    let inputs = request.need_vector("id")?;
    if inputs.is_empty() {
        return Err(MESSAGE_IDS_EMPTY.into());
    }
    let find = |id: i32| {
        let message = match channel {
            Some(channel) => call.state.message_in(me, PeerId::Channel(channel), id),
            None => call.state.boxed(me, id),
        };
        message.map(|message| message.key)
    };
    let replied = |id: i32| {
        let message = call.state.messages.get(&find(id)?)?;
        let to = call.state.messages.get(&message.reply.as_ref()?.to)?;
        Some((to.id_for(me)?, Some(to.key)))
    };
    let mut found = Vec::new();
    for input in inputs.iter().take(PAGE) {
        // Old layers name messages by bare numbers.
        if let Some(id) = input.as_int() {
            found.push((id, find(id)));
            continue;
        }
        let Some(input) = input.as_object() else {
            continue;
        };
        let id = input.int("id").unwrap_or(0);
        match input.name() {
            "inputMessageReplyTo" => found.push(replied(id).unwrap_or((id, None))),
            "inputMessagePinned" => {
                let pinned = channel
                    .and_then(|channel| call.view(me).pinned_message(PeerId::Channel(channel)));
                found.extend(pinned.map(|id| (id, find(id))));
            }
            _ => found.push((id, find(id))),
        }
    }
    Ok(found)
}

fn get_messages(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let found = named(call, me, None, request)?;
    Ok(render_named(call, me, None, &found))
}

fn get_channel_messages(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let channel = call.channel_in(request, "channel")?;
    let found = named(call, me, Some(channel), request)?;
    Ok(render_named(call, me, Some(channel), &found))
}

/// The messages that were named, with `messageEmpty` in the places of those that are not there.
fn render_named(
    call: &Call<'_>,
    me: UserId,
    channel: Option<ChannelId>,
    found: &[(i32, Option<MessageKey>)],
) -> Value {
    // No message has the key 0, so that a missing one renders as empty.
    let keys: Vec<_> = found
        .iter()
        .map(|(id, key)| (*id, key.unwrap_or(MessageKey(0))))
        .collect();
    let peer = channel.map(PeerId::Channel);
    call.view(me).messages(peer, &keys, keys.len()).into()
}

/// Whether a message is of the kind that a `MessagesFilter` names.
fn passes(call: &Call<'_>, me: UserId, filter: &str, message: &Message) -> bool {
    let content = message.content();
    let media = content.and_then(|content| content.media.as_ref());
    let attribute = |name: &str| match media {
        Some(Media::Document { document, .. }) => {
            let document = call.state.documents.get(document);
            document.is_some_and(|document| {
                let mut attributes = document.attributes.iter().filter_map(Value::as_object);
                attributes.any(|attribute| attribute.name() == name)
            })
        }
        _ => false,
    };
    let flagged = |name: &str, flag: &str| match media {
        Some(Media::Document { document, .. }) => {
            let document = call.state.documents.get(document);
            document.is_some_and(|document| {
                let mut attributes = document.attributes.iter().filter_map(Value::as_object);
                attributes.any(|attribute| attribute.name() == name && attribute.flag(flag))
            })
        }
        _ => false,
    };
    let is_photo = matches!(media, Some(Media::Photo { .. }));
    let is_video = attribute("documentAttributeVideo");
    match filter {
        "inputMessagesFilterEmpty" => true,
        "inputMessagesFilterPhotos" => is_photo,
        "inputMessagesFilterVideo" => is_video,
        "inputMessagesFilterPhotoVideo" => is_photo || is_video,
        "inputMessagesFilterDocument" => {
            matches!(media, Some(Media::Document { .. }))
                && !is_video
                && !attribute("documentAttributeAudio")
        }
        "inputMessagesFilterUrl" => content.is_some_and(|content| {
            let mut entities = content.entities.iter().filter_map(Value::as_object);
            entities
                .any(|entity| matches!(entity.name(), "messageEntityUrl" | "messageEntityTextUrl"))
        }),
        "inputMessagesFilterGif" => attribute("documentAttributeAnimated"),
        "inputMessagesFilterVoice" => flagged("documentAttributeAudio", "voice"),
        "inputMessagesFilterMusic" => {
            attribute("documentAttributeAudio") && !flagged("documentAttributeAudio", "voice")
        }
        "inputMessagesFilterRoundVideo" => flagged("documentAttributeVideo", "round_message"),
        "inputMessagesFilterRoundVoice" => {
            flagged("documentAttributeAudio", "voice")
                || flagged("documentAttributeVideo", "round_message")
        }
        "inputMessagesFilterGeo" => matches!(media, Some(Media::Geo(_) | Media::Venue { .. })),
        "inputMessagesFilterContacts" => matches!(media, Some(Media::Contact { .. })),
        "inputMessagesFilterPoll" => matches!(media, Some(Media::Poll(_))),
        "inputMessagesFilterPinned" => message.pinned,
        "inputMessagesFilterMyMentions" => {
            let copy = message
                .copies
                .get(&me)
                .and_then(|id| call.state.mailboxes.get(&me)?.copies.get(id));
            copy.is_some_and(|copy| copy.mentioned)
        }
        "inputMessagesFilterChatPhotos" => matches!(
            message.body,
            Body::Service(crate::model::message::Action::EditPhoto(_))
        ),
        _ => false,
    }
}

/// Whether a message has every word of the query at the beginning of one of its words.
fn matches_text(message: &Message, words: &[String]) -> bool {
    let Some(content) = message.content() else {
        return words.is_empty();
    };
    let text = content.text.to_lowercase();
    words.iter().all(|wanted| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|word| word.starts_with(wanted.as_str()))
    })
}

fn query_words(query: &str) -> Vec<String> {
    query
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(Into::into)
        .take(32)
        .collect()
}

fn search(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = match request.need_object("peer")? {
        // The empty peer stands for all private chats and basic groups.
        input if input.name() == "inputPeerEmpty" => None,
        input => Some(call.peer(input)?),
    };
    let from = match request.object("from_id") {
        None => None,
        Some(input) => Some(call.peer(input)?),
    };
    let filter = request.need_object("filter")?.name().to_owned();
    let words = query_words(request.need_str("q")?);
    let (min_date, max_date) = (request.need_int("min_date")?, request.need_int("max_date")?);
    let all = match peer {
        Some(peer) => newest_first(call, me, peer),
        None => everything(call, me),
    };
    let found: Vec<_> = all
        .into_iter()
        .filter(|(_, key)| {
            call.state.messages.get(key).is_some_and(|message| {
                (min_date <= 0 || message.date >= min_date)
                    && (max_date <= 0 || message.date <= max_date)
                    && from.is_none_or(|from| message.from == Some(from))
                    && passes(call, me, &filter, message)
                    && matches_text(message, &words)
            })
        })
        .collect();
    let page = page(call, request, &found);
    Ok(call.view(me).messages(peer, &page, found.len()).into())
}

/// All messages of the caller's own box, the newest first.
fn everything(call: &Call<'_>, me: UserId) -> Vec<(i32, MessageKey)> {
    let mailbox = call.state.mailboxes.get(&me);
    mailbox
        .map(|mailbox| {
            let copies = mailbox.copies.iter().rev();
            copies.map(|(id, copy)| (*id, copy.message)).collect()
        })
        .unwrap_or_default()
}

fn search_global(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let filter = request.need_object("filter")?.name().to_owned();
    let words = query_words(request.need_str("q")?);
    let mut all = everything(call, me);
    for channel in call.state.channels.values().filter(|c| c.has(me)) {
        all.extend(channel.messages.iter().map(|(id, key)| (*id, *key)));
    }
    // Keys are given in the order of sending.
    all.sort_unstable_by_key(|(_, key)| std::cmp::Reverse(*key));
    all.retain(|(_, key)| {
        call.state.messages.get(key).is_some_and(|message| {
            passes(call, me, &filter, message) && matches_text(message, &words)
        })
    });
    let offset_id = request.need_int("offset_id")?;
    let start = if offset_id > 0 {
        let at = all.iter().position(|(id, _)| *id == offset_id);
        at.map_or(0, |at| at + 1)
    } else {
        0
    };
    let page: Vec<_> = all
        .iter()
        .skip(start)
        .take(request.limit(PAGE))
        .copied()
        .collect();
    Ok(call.view(me).messages(None, &page, all.len()).into())
}

fn get_counters(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let all = newest_first(call, me, peer);
    let filters = request.need_objects("filters")?;
    Ok(Value::vector(filters.into_iter().take(20).map(|filter| {
        let count = all
            .iter()
            .filter_map(|(_, key)| call.state.messages.get(key))
            .filter(|message| passes(call, me, filter.name(), message))
            .count();
        Object::new("messages.searchCounter")
            .with("filter", filter.clone())
            .with("count", i32::try_from(count).unwrap_or(i32::MAX))
    })))
}

fn get_unread_mentions(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mailbox = call.state.mailboxes.get(&me).ok_or(CHANNEL_PRIVATE)?;
    let mut found: Vec<_> = mailbox
        .unread(peer)
        .filter(|(_, copy)| copy.mentioned)
        .map(|(id, copy)| (id, copy.message))
        .collect();
    found.reverse();
    let page = page(call, request, &found);
    Ok(call
        .view(me)
        .messages(Some(peer), &page, found.len())
        .into())
}
