//! Reactions to messages, and votes in polls.
//!
//! <https://core.telegram.org/api/reactions>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{
    MESSAGE_ID_INVALID, MESSAGE_NOT_MODIFIED, MESSAGE_POLL_CLOSED, OPTION_INVALID,
    REACTION_INVALID, REVOTE_NOT_ALLOWED, RpcError,
};
use crate::methods::{Access, Method};
use crate::model::ids::{MessageKey, PeerId, UserId};
use crate::model::media::{Media, Poll};
use crate::model::message::{Body, Place, Reacted, Reaction};
use crate::render::View;
use crate::request::Arguments;

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.sendReaction", Access::Everybody, send),
    Method::new("messages.getMessagesReactions", Access::People, get_many),
    Method::new("messages.getMessageReactionsList", Access::People, list),
    Method::new("messages.sendVote", Access::People, vote),
    Method::new("messages.getPollResults", Access::People, get_results),
];

/// The reactions of the default set.
const EMOJI: [&str; 16] = [
    "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢", "🎉", "🤩", "🤮", "💩",
];

/// The reaction that a request names; none takes one's own away.
fn wanted(request: &Object) -> Result<Option<Reaction>, RpcError> {
    let named = request.vector("reaction").unwrap_or_default();
    let Some(input) = named.first().and_then(Value::as_object) else {
        return Ok(None);
    };
    match input.name() {
        "reactionEmpty" => Ok(None),
        "reactionEmoji" => {
            // The variation selector behind some emoji is no part of them.
            let emoji = input.need_str("emoticon")?.trim_end_matches('\u{fe0f}');
            if EMOJI.contains(&emoji) {
                Ok(Some(Reaction(emoji.to_owned())))
            } else {
                Err(REACTION_INVALID.into())
            }
        }
        _ => Err(REACTION_INVALID.into()),
    }
}

/// The message of a request with `peer` and `msg_id`.
fn message_key(call: &Call<'_>, me: UserId, peer: PeerId, id: i32) -> Result<MessageKey, RpcError> {
    let message = call.state.message_in(me, peer, id);
    Ok(message.ok_or(MESSAGE_ID_INVALID)?.key)
}

/// `updateMessageReactions` as `viewer` sees the message.
fn reactions_update(view: &mut View<'_>, key: MessageKey) -> Vec<Object> {
    let Some(message) = view.state.messages.get(&key) else {
        return Vec::new();
    };
    let Some(id) = message.id_for(view.viewer) else {
        return Vec::new();
    };
    let nothing = || {
        Object::new("messageReactions")
            .with("can_see_list", true)
            .with("results", Vec::<Value>::new())
    };
    let reactions = view.reactions(message).unwrap_or_else(nothing);
    vec![
        Object::new("updateMessageReactions")
            .with("peer", view.peer(message.place.peer_for(view.viewer)))
            .with("msg_id", id)
            .with("reactions", reactions),
    ]
}

fn send(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let key = message_key(call, me, peer, request.need_int("msg_id")?)?;
    let wanted = wanted(request)?;
    let date = call.date();
    let message = call
        .state
        .messages
        .get_mut(&key)
        .ok_or(MESSAGE_ID_INVALID)?;
    if matches!(message.body, Body::Service(_)) {
        return Err(MESSAGE_ID_INVALID.into());
    }
    let old = message.reactions.iter().find(|reacted| reacted.by == me);
    if old.map(|old| &old.reaction) == wanted.as_ref() {
        return Err(MESSAGE_NOT_MODIFIED.into());
    }
    message.reactions.retain(|reacted| reacted.by != me);
    if let Some(reaction) = wanted {
        message.reactions.push(Reacted {
            by: me,
            reaction,
            date,
            big: request.flag("big"),
        });
    }
    let place = message.place;
    tell(call, me, place, |view| reactions_update(view, key))
}

/// Tells all readers of a place what changed outside `pts`, and answers the caller with it.
fn tell(
    call: &mut Call<'_>,
    me: UserId,
    place: Place,
    make: impl Fn(&mut View<'_>) -> Vec<Object>,
) -> Result<Value, RpcError> {
    for reader in call.state.readers(place) {
        call.notify(reader, &make);
    }
    let mut view = call.view(me);
    let updates = make(&mut view);
    Ok(view.updates(updates).into())
}

fn get_many(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mut view = call.view(me);
    let mut updates = Vec::new();
    for id in request.need_ints("id")?.into_iter().take(100) {
        if let Ok(key) = message_key(call, me, peer, id) {
            updates.extend(reactions_update(&mut view, key));
        }
    }
    Ok(view.updates(updates).into())
}

fn list(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let key = message_key(call, me, peer, request.need_int("id")?)?;
    let message = call.state.messages.get(&key).ok_or(MESSAGE_ID_INVALID)?;
    let emoji = request.object("reaction").and_then(|r| r.str("emoticon"));
    let all: Vec<&Reacted> = message
        .reactions
        .iter()
        .filter(|reacted| emoji.is_none_or(|emoji| reacted.reaction.0 == emoji))
        .collect();
    let mut view = call.view(me);
    let rows: Vec<Value> = all
        .iter()
        .take(request.limit(100))
        .map(|reacted| view.peer_reaction(reacted).into())
        .collect();
    let object = Object::new("messages.messageReactionsList")
        .with("count", i32::try_from(all.len()).unwrap_or(i32::MAX))
        .with("reactions", rows);
    Ok(view.with_peers(object).into())
}

/// `updateMessagePoll` as `viewer` sees the poll.
fn poll_update(view: &mut View<'_>, key: MessageKey) -> Vec<Object> {
    let message = view.state.messages.get(&key);
    let media = message
        .and_then(|message| message.content())
        .and_then(|content| content.media.as_ref());
    let Some(Media::Poll(poll)) = media else {
        return Vec::new();
    };
    vec![
        Object::new("updateMessagePoll")
            .with("poll_id", poll.id)
            .with("poll", view.poll(poll))
            .with("results", view.poll_results(poll)),
    ]
}

/// The poll of a message.
fn poll_mut<'c>(call: &'c mut Call<'_>, key: MessageKey) -> Result<&'c mut Poll, RpcError> {
    let message = call
        .state
        .messages
        .get_mut(&key)
        .ok_or(MESSAGE_ID_INVALID)?;
    match &mut message.body {
        Body::Ordinary(content) => match &mut content.media {
            Some(Media::Poll(poll)) => Ok(poll),
            _ => Err(MESSAGE_ID_INVALID.into()),
        },
        Body::Service(_) => Err(MESSAGE_ID_INVALID.into()),
    }
}

fn vote(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let key = message_key(call, me, peer, request.need_int("msg_id")?)?;
    let options = request.need_vector("options")?;
    let options: Vec<&[u8]> = options.iter().filter_map(Value::as_bytes).collect();
    let poll = poll_mut(call, key)?;
    if poll.closed {
        return Err(MESSAGE_POLL_CLOSED.into());
    }
    let voted = poll.answers.iter().any(|a| a.voters.contains(&me));
    if voted && poll.quiz {
        return Err(REVOTE_NOT_ALLOWED.into());
    }
    let known = |option: &&[u8]| poll.answers.iter().any(|a| a.option == **option);
    if !options.iter().all(known) || (options.len() > 1 && !poll.multiple_choice) {
        return Err(OPTION_INVALID.into());
    }
    for answer in &mut poll.answers {
        answer.voters.retain(|voter| *voter != me);
        if options.contains(&answer.option.as_slice()) {
            answer.voters.push(me);
        }
    }
    let place = call.state.messages.get(&key).map(|message| message.place);
    tell(call, me, place.ok_or(MESSAGE_ID_INVALID)?, |view| {
        poll_update(view, key)
    })
}

fn get_results(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let key = message_key(call, me, peer, request.need_int("msg_id")?)?;
    poll_mut(call, key)?;
    let mut view = call.view(me);
    view.note(peer);
    let updates = poll_update(&mut view, key);
    Ok(view.updates(updates).into())
}
