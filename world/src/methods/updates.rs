//! `updates.*`: where a client stands, and what it missed.
//!
//! <https://core.telegram.org/api/updates>

use tl_parser::{Object, Value};

use super::{Access, Method};
use crate::call::Call;
use crate::error::{
    CHANNEL_PRIVATE, PERSISTENT_TIMESTAMP_EMPTY, PERSISTENT_TIMESTAMP_INVALID, RpcError,
};
use crate::model::ids::{ChannelId, PeerId, UserId};
use crate::model::secret::{Letter, SecretChat, SecretState};
use crate::model::update_log::{Change, Logged, Since};
use crate::render::View;
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("updates.getState", Access::Everybody, get_state),
    Method::new("updates.getDifference", Access::Everybody, get_difference),
    Method::new(
        "updates.getChannelDifference",
        Access::Everybody,
        get_channel_difference,
    ),
];

/// Most changes in one slice of the common difference.
const SLICE: usize = 1000;
/// Most changes in one slice of a channel's difference.
const CHANNEL_SLICE: usize = 100;
/// Seconds after which a client shall ask for a channel again of its own accord.
const CHANNEL_TIMEOUT: i32 = 300;

/// `seq` of the caller's key.
fn seq(call: &Call<'_>) -> i32 {
    let authorization = call.state.authorization(call.caller.auth_key_id);
    authorization.map_or(1, |authorization| authorization.seq)
}

fn get_state(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let pts = call.pts(me, PeerId::User(me));
    Ok(call.view(me).update_state(pts, qts(call), seq(call)).into())
}

/// `qts` of the caller's key.
fn qts(call: &Call<'_>) -> i32 {
    call.state.secrets.qts(call.caller.auth_key_id)
}

fn get_difference(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let pts = request.need_int("pts")?;
    if pts == 0 {
        return Err(PERSISTENT_TIMESTAMP_EMPTY.into());
    }
    if pts < 0 {
        return Err(PERSISTENT_TIMESTAMP_INVALID.into());
    }
    let slice = request
        .int("pts_limit")
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0)
        .map_or(SLICE, |limit| limit.min(SLICE));
    let mut secret = Secret::since(call, me, request);
    let seq = seq(call);
    let Some(mailbox) = call.state.mailboxes.get(&me) else {
        return Err(PERSISTENT_TIMESTAMP_INVALID.into());
    };
    let (entries, complete) = match mailbox.log.since(pts, slice) {
        Since::Nothing if secret.is_empty() => {
            return Ok(Object::new("updates.differenceEmpty")
                .with("date", call.date())
                .with("seq", seq)
                .into());
        }
        Since::Lost => {
            return Ok(Object::new("updates.differenceTooLong")
                .with("pts", mailbox.log.pts())
                .into());
        }
        Since::Nothing => (Vec::new(), true),
        Since::Changes { entries, complete } => (entries, complete),
    };
    let reached = entries.last().map_or(pts, |entry| entry.pts);
    let mut view = call.view(me);
    let (messages, mut updates) = tell(&mut view, &entries, None);
    let letters: Vec<Value> = secret
        .letters
        .iter()
        .map(|letter| view.letter(letter).into())
        .collect();
    for chat in secret.chats.drain(..) {
        let update = view.encryption_update(&chat, call.caller.auth_key_id);
        updates.push(update.into());
    }
    let complete = complete && secret.complete;
    let (name, state_field) = if complete {
        ("updates.difference", "state")
    } else {
        ("updates.differenceSlice", "intermediate_state")
    };
    let object = Object::new(name)
        .with("new_messages", messages)
        .with("new_encrypted_messages", letters)
        .with("other_updates", updates)
        .with(state_field, view.update_state(reached, secret.qts, seq));
    Ok(view.with_peers(object).into())
}

/// What a key missed of its secret chats.
struct Secret {
    letters: Vec<Letter>,
    chats: Vec<SecretChat>,
    /// `qts` after the letters.
    qts: i32,
    complete: bool,
}

impl Secret {
    /// Letters after `qts`, and chats that changed since `date`. What the client says it has is forgotten.
    fn since(call: &mut Call<'_>, me: UserId, request: &Object) -> Self {
        let qts = request.int("qts").unwrap_or(0).max(0);
        let date = request.int("date").unwrap_or(0);
        let key = call.caller.auth_key_id;
        let secrets = &mut call.state.secrets;
        let mut letters: Vec<Letter> = Vec::new();
        if let Some(queue) = secrets.queues.get_mut(&key) {
            queue.confirm(qts.min(queue.qts()));
            letters.extend(queue.since(qts).take(SLICE.saturating_add(1)).cloned());
        }
        let complete = letters.len() <= SLICE;
        letters.truncate(SLICE);
        let chats = secrets.chats.values();
        let chats = chats.filter(|chat| {
            let mine = chat.creator == me || chat.participant == me;
            // Whoever asked for a chat knows that he did.
            let own_request =
                chat.creator_key == key && matches!(chat.state, SecretState::Requested { .. });
            mine && !own_request && date > 0 && chat.changed >= date
        });
        let reached = letters
            .last()
            .map_or_else(|| secrets.qts(key), |letter| letter.qts);
        Self {
            chats: chats.cloned().collect(),
            letters,
            qts: reached,
            complete,
        }
    }

    fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.chats.is_empty()
    }
}

/// New messages that still exist, and the other changes as updates.
fn tell(
    view: &mut View<'_>,
    entries: &[&Logged],
    channel: Option<ChannelId>,
) -> (Vec<Value>, Vec<Value>) {
    let mut messages = Vec::new();
    let mut updates = Vec::new();
    for entry in entries {
        if let Change::NewMessage(id) = &entry.change {
            let viewer = view.viewer;
            let message = match channel {
                Some(channel) => view.state.message_in(viewer, PeerId::Channel(channel), *id),
                None => view.state.boxed(viewer, *id),
            };
            if let Some(key) = message.map(|message| message.key) {
                messages.push(view.message(key, *id).into());
            }
            continue;
        }
        let update = match channel {
            Some(channel) => view.channel_change(channel, entry),
            None => view.mailbox_change(entry),
        };
        updates.push(update.into());
    }
    (messages, updates)
}

fn get_channel_difference(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let pts = request.need_int("pts")?;
    if pts == 0 {
        return Err(PERSISTENT_TIMESTAMP_EMPTY.into());
    }
    if pts < 0 {
        return Err(PERSISTENT_TIMESTAMP_INVALID.into());
    }
    let channel = call.channel_ref(id)?;
    if !channel.has(me) && channel.username.is_none() {
        return Err(CHANNEL_PRIVATE.into());
    }
    let mut view = call.view(me);
    match channel.log.since(pts, request.limit(CHANNEL_SLICE)) {
        Since::Nothing => Ok(Object::new("updates.channelDifferenceEmpty")
            .with("final", true)
            .with("pts", pts)
            .with("timeout", CHANNEL_TIMEOUT)
            .into()),
        Since::Lost => too_long(call, me, id),
        Since::Changes { entries, complete } => {
            let reached = entries.last().map_or(pts, |entry| entry.pts);
            view.note(PeerId::Channel(id));
            let (messages, updates) = tell(&mut view, &entries, Some(id));
            let object = Object::new("updates.channelDifference")
                .with_flag("final", complete)
                .with("pts", reached)
                .with("timeout", CHANNEL_TIMEOUT)
                .with("new_messages", messages)
                .with("other_updates", updates);
            Ok(view.with_peers(object).into())
        }
    }
}

/// The client is too far behind: it gets the dialog and its newest messages instead.
fn too_long(call: &Call<'_>, me: UserId, id: ChannelId) -> Result<Value, RpcError> {
    let channel = call.channel_ref(id)?;
    let newest: Vec<_> = channel
        .messages
        .iter()
        .rev()
        .take(20)
        .map(|(id, key)| (*id, *key))
        .collect();
    let peer = PeerId::Channel(id);
    let dialog = call
        .state
        .mailboxes
        .get(&me)
        .and_then(|mailbox| mailbox.dialogs.get(&peer))
        .cloned()
        .unwrap_or_default();
    let mut view = call.view(me);
    let messages: Vec<Value> = newest
        .into_iter()
        .map(|(id, key)| view.message(key, id).into())
        .collect();
    let object = Object::new("updates.channelDifferenceTooLong")
        .with("final", true)
        .with("timeout", CHANNEL_TIMEOUT)
        .with("dialog", view.dialog(peer, &dialog))
        .with("messages", messages);
    Ok(view.with_peers(object).into())
}
