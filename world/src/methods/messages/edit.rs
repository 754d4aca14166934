//! Changing and taking back what was sent: edits, deletions, pins.
//!
//! <https://core.telegram.org/method/messages.editMessage>

use tl_parser::{Object, Value};

use super::read::affected;
use crate::call::{Call, Happened};
use crate::error::{
    CHAT_ADMIN_REQUIRED, MESSAGE_AUTHOR_REQUIRED, MESSAGE_DELETE_FORBIDDEN,
    MESSAGE_EDIT_TIME_EXPIRED, MESSAGE_EMPTY, MESSAGE_ID_INVALID, MESSAGE_NOT_MODIFIED, RpcError,
};
use crate::methods::help::EDIT_TIME_LIMIT;
use crate::methods::{Access, Method};
use crate::model::ids::{ChannelId, MessageKey, PeerId, UserId};
use crate::model::message::{Action, Body, Content, Message, Place, Reply};
use crate::model::rights::{AdminRights, BannedRights};
use crate::model::update_log::Change;
use crate::posting::Draft;
use crate::request::Arguments;
use crate::text::{CAPTION_LENGTH_MAX, MESSAGE_LENGTH_MAX};

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.editMessage", Access::Everybody, edit_message),
    Method::new("messages.getMessageEditData", Access::People, get_edit_data),
    Method::new(
        "messages.deleteMessages",
        Access::Everybody,
        delete_messages,
    ),
    Method::new(
        "channels.deleteMessages",
        Access::Everybody,
        delete_in_channel,
    ),
    Method::new("messages.deleteHistory", Access::People, delete_history),
    Method::new(
        "channels.deleteHistory",
        Access::People,
        delete_channel_history,
    ),
    Method::new("messages.updatePinnedMessage", Access::Everybody, pin),
    Method::new("messages.unpinAllMessages", Access::Everybody, unpin_all),
];

/// Most messages deleted by one call.
const DELETE_MAX: usize = 100;

impl Call<'_> {
    /// The message `id` of a dialog, which the caller may edit.
    fn editable(&self, me: UserId, peer: PeerId, id: i32) -> Result<&Message, RpcError> {
        let message = self.state.message_in(me, peer, id);
        let message = message.ok_or(MESSAGE_ID_INVALID)?;
        let may_edit_posts = match message.place {
            Place::Channel(channel) => {
                let channel = self.channel_ref(channel)?;
                channel.broadcast && channel.admin_rights(me).allows(AdminRights::EDIT_MESSAGES)
            }
            _ => false,
        };
        if message.author != me && !may_edit_posts {
            return Err(MESSAGE_AUTHOR_REQUIRED.into());
        }
        if message.content().is_none() || message.forward.is_some() {
            return Err(MESSAGE_ID_INVALID.into());
        }
        let to_self = message.place == Place::Private(me, me);
        let is_bot = self.user_ref(me)?.is_bot();
        let age = self.date().saturating_sub(message.date);
        if age > EDIT_TIME_LIMIT && !to_self && !is_bot && !may_edit_posts {
            return Err(MESSAGE_EDIT_TIME_EXPIRED.into());
        }
        Ok(message)
    }
}

fn edit_message(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    if request.int("schedule_date").is_some() {
        return super::schedule::edit(call, me, peer, request);
    }
    let id = request.need_int("id")?;
    let message = call.editable(me, peer, id)?;
    let key = message.key;
    let old = message.content().cloned().unwrap_or_default();
    let happened = revise(call, me, key, &old, request)?;
    call.settle(&happened, Vec::new())
}

/// Puts what a request says of text, media and keyboard in the place of `old`, the content of message `key`.
pub(in crate::methods) fn revise(
    call: &mut Call<'_>,
    me: UserId,
    key: MessageKey,
    old: &Content,
    request: &Object,
) -> Result<Vec<Happened>, RpcError> {
    let mut new = old.clone();
    if let Some(raw) = request.str("message") {
        let longest = if old.media.is_some() {
            CAPTION_LENGTH_MAX
        } else {
            MESSAGE_LENGTH_MAX
        };
        let entities = request.vector("entities").unwrap_or_default();
        (new.text, new.entities) = call.prepare_text(raw, entities, longest)?;
    }
    if let Some(media) = request.object("media") {
        new.media = Some(call.input_media(me, media)?);
    }
    if new.text.is_empty() && new.media.is_none() {
        return Err(MESSAGE_EMPTY.into());
    }
    // Editing without a keyboard takes it away.
    new.markup = call.markup(me, request)?;
    if new == *old {
        return Err(MESSAGE_NOT_MODIFIED.into());
    }
    let date = call.date();
    if let Some(message) = call.state.messages.get_mut(&key) {
        message.body = Body::Ordinary(new.into());
        message.edit_date = Some(date);
    }
    Ok(call
        .state
        .log_for_readers(key, |id, _| Change::EditMessage(id)))
}

fn get_edit_data(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let message = call.editable(me, peer, request.need_int("id")?)?;
    let caption = message
        .content()
        .is_some_and(|content| content.media.is_some());
    Ok(Object::new("messages.messageEditData")
        .with_flag("caption", caption)
        .into())
}

fn delete_messages(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut ids = request.need_ints("id")?;
    ids.truncate(DELETE_MAX);
    let revoke = request.flag("revoke") || call.user_ref(me)?.is_bot();
    for id in &ids {
        let Some(message) = call.state.boxed(me, *id) else {
            continue;
        };
        // In a group, others' messages go for everybody only by an administrator's hand.
        if let (Place::Chat(chat), true) = (message.place, revoke)
            && message.author != me
            && !call.chat_ref(chat)?.is_admin(me)
        {
            return Err(MESSAGE_DELETE_FORBIDDEN.into());
        }
    }
    let happened = call.state.delete(me, &ids, revoke);
    call.announce(&happened);
    Ok(affected(call, me, &happened).into())
}

fn delete_in_channel(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let mut ids = request.need_ints("id")?;
    ids.truncate(DELETE_MAX);
    let channel = call.channel_ref(id)?;
    let may_all = channel
        .admin_rights(me)
        .allows(AdminRights::DELETE_MESSAGES);
    for message in ids.iter().filter_map(|id| channel.messages.get(id)) {
        let author = call
            .state
            .messages
            .get(message)
            .map(|message| message.author);
        if !may_all && author != Some(me) {
            return Err(MESSAGE_DELETE_FORBIDDEN.into());
        }
    }
    let happened = call.state.delete_in_channel(id, &ids);
    call.announce(&happened);
    Ok(channel_affected(call, id, &happened))
}

/// `messages.affectedMessages` after some changes of a channel.
fn channel_affected(call: &Call<'_>, id: ChannelId, happened: &[Happened]) -> Value {
    let pts = call.state.channels.get(&id).map_or(0, |c| c.log.pts());
    let count: i32 = happened.iter().map(|change| change.logged.pts_count).sum();
    Object::new("messages.affectedMessages")
        .with("pts", pts)
        .with("pts_count", count)
        .into()
}

/// `messages.affectedHistory` that says how much is left to do.
fn affected_history(affected: &Object, left: usize) -> Value {
    Object::new("messages.affectedHistory")
        .with("pts", affected.int("pts").unwrap_or(0))
        .with("pts_count", affected.int("pts_count").unwrap_or(0))
        .with("offset", i32::try_from(left).unwrap_or(i32::MAX))
        .into()
}

fn delete_history(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let max_id = request.need_int("max_id")?;
    let revoke = request.flag("revoke");
    let may_revoke = match peer {
        PeerId::User(_) => true,
        PeerId::Chat(id) => call.chat_ref(id)?.is_admin(me),
        PeerId::Channel(_) => return Err(crate::error::PEER_ID_INVALID.into()),
    };
    let ids: Vec<i32> = call
        .state
        .mailboxes
        .get(&me)
        .and_then(|mailbox| mailbox.dialogs.get(&peer))
        .map(|dialog| {
            let ids = dialog.ids.iter().copied();
            ids.filter(|id| max_id <= 0 || *id <= max_id).collect()
        })
        .unwrap_or_default();
    let (now, later) = ids.split_at(ids.len().min(DELETE_MAX));
    let happened = call.state.delete(me, now, revoke && may_revoke);
    call.announce(&happened);
    let mailbox = call.state.mailboxes.get_mut(&me);
    let dialog = mailbox.and_then(|mailbox| mailbox.dialogs.get_mut(&peer));
    if let Some(dialog) = dialog.filter(|dialog| dialog.ids.is_empty())
        && !request.flag("just_clear")
    {
        dialog.hidden = true;
        dialog.pinned = 0;
    }
    let affected = affected(call, me, &happened);
    Ok(affected_history(&affected, later.len()))
}

fn delete_channel_history(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let max_id = request.need_int("max_id")?;
    let channel = call.channel_ref(id)?;
    let may = channel
        .admin_rights(me)
        .allows(AdminRights::DELETE_MESSAGES);
    if !request.flag("for_everyone") || !may {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let ids: Vec<i32> = channel
        .messages
        .keys()
        .copied()
        .filter(|id| max_id <= 0 || *id <= max_id)
        .collect();
    let happened = call.state.delete_in_channel(id, &ids);
    call.settle(&happened, Vec::new())
}

/// Whether the caller may pin in a dialog.
fn check_may_pin(call: &Call<'_>, me: UserId, peer: PeerId) -> Result<(), RpcError> {
    let bits = BannedRights::PIN_MESSAGES;
    let now = call.date();
    let may = match peer {
        PeerId::User(_) => true,
        PeerId::Chat(id) => {
            let chat = call.chat_ref(id)?;
            chat.is_admin(me) || !chat.default_rights.forbids(bits, now)
        }
        PeerId::Channel(id) => {
            let channel = call.channel_ref(id)?;
            let rights = channel.admin_rights(me);
            let by_right = if channel.broadcast {
                rights.allows(AdminRights::EDIT_MESSAGES)
            } else {
                rights.allows(AdminRights::PIN_MESSAGES)
            };
            let by_default = !channel.broadcast
                && channel.has(me)
                && channel.ban(me, now).is_none()
                && !channel.default_rights.forbids(bits, now);
            by_right || by_default
        }
    };
    if may {
        Ok(())
    } else {
        Err(CHAT_ADMIN_REQUIRED.into())
    }
}

fn pin(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let id = request.need_int("id")?;
    let pinned = !request.flag("unpin");
    check_may_pin(call, me, peer)?;
    let message = call.state.message_in(me, peer, id);
    let message = message.ok_or(MESSAGE_ID_INVALID)?;
    let (key, place) = (message.key, message.place);
    if message.content().is_none() {
        return Err(MESSAGE_ID_INVALID.into());
    }
    if message.pinned == pinned {
        return Err(crate::error::CHAT_NOT_MODIFIED.into());
    }
    let mut happened = set_pinned(call, key, pinned);
    if pinned && !request.flag("pm_oneside") {
        call.state.check_room(1)?;
        let mut notice = Draft::service(place, me, Action::PinMessage);
        notice.silent = request.flag("silent");
        notice.reply = Some(Reply {
            to: key,
            quote: None,
        });
        if let Place::Channel(channel) = place
            && call.channel_ref(channel)?.broadcast
        {
            notice.from = None;
        }
        let (_, posted) = call.state.post(call.now.date(), notice);
        happened.extend(posted);
    }
    call.settle(&happened, Vec::new())
}

fn set_pinned(call: &mut Call<'_>, key: MessageKey, pinned: bool) -> Vec<Happened> {
    if let Some(message) = call.state.messages.get_mut(&key) {
        message.pinned = pinned;
    }
    call.state.log_for_readers(key, |id, peer| Change::Pinned {
        peer,
        ids: vec![id],
        pinned,
    })
}

fn unpin_all(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    check_may_pin(call, me, peer)?;
    let mut happened = Vec::new();
    let mut left = DELETE_MAX;
    while let Some(id) = call.view(me).pinned_message(peer) {
        let key = call.state.message_in(me, peer, id).map(|m| m.key);
        let Some(key) = key.filter(|_| left > 0) else {
            break;
        };
        left -= 1;
        happened.extend(set_pinned(call, key, false));
    }
    call.announce(&happened);
    let affected = match peer {
        PeerId::Channel(id) => channel_affected(call, id, &happened),
        _ => affected(call, me, &happened).into(),
    };
    let more = call.view(me).pinned_message(peer).is_some();
    let affected = affected
        .as_object()
        .cloned()
        .unwrap_or_else(|| Object::new(""));
    Ok(affected_history(&affected, usize::from(more)))
}
