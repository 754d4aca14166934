//! `channels.*`: channels and supergroups, their settings and their coming to be.
//!
//! <https://core.telegram.org/api/channel>

use tl_parser::{Object, Value};

use super::chats::{about, title};
use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    CHAT_ADMIN_REQUIRED, CHAT_NOT_MODIFIED, MSG_ID_INVALID, RpcError, SECONDS_INVALID,
    USERNAME_NOT_MODIFIED, USERNAME_OCCUPIED,
};
use crate::membership::channel_update;
use crate::model::channel::Channel;
use crate::model::ids::{ChannelId, PeerId, UserId};
use crate::model::message::{Action, Place};
use crate::model::rights::AdminRights;
use crate::request::Arguments;
use crate::usernames::{check_username, key};

pub(super) mod members;

pub(super) const METHODS: &[Method] = &[
    Method::new("channels.createChannel", Access::People, create),
    Method::new("channels.deleteChannel", Access::People, delete),
    Method::new("channels.getChannels", Access::Everybody, get_channels),
    Method::new("channels.getFullChannel", Access::Everybody, get_full),
    Method::new("channels.editTitle", Access::Everybody, edit_title),
    Method::new("channels.editPhoto", Access::Everybody, edit_photo),
    Method::new("channels.checkUsername", Access::People, check_free),
    Method::new("channels.updateUsername", Access::People, update_username),
    Method::new(
        "channels.toggleSignatures",
        Access::People,
        toggle_signatures,
    ),
    Method::new("channels.toggleSlowMode", Access::People, toggle_slow_mode),
    Method::new("channels.exportMessageLink", Access::People, export_link),
    Method::new(
        "channels.getAdminedPublicChannels",
        Access::People,
        get_public,
    ),
    Method::new("channels.getLeftChannels", Access::People, get_left),
    Method::new("channels.getSendAs", Access::People, get_send_as),
    Method::new(
        "messages.toggleNoForwards",
        Access::People,
        toggle_no_forwards,
    ),
    Method::new("messages.getMessagesViews", Access::People, get_views),
    Method::new("channels.joinChannel", Access::People, members::join),
    Method::new("channels.leaveChannel", Access::Everybody, members::leave),
    Method::new("channels.inviteToChannel", Access::People, members::invite),
    Method::new("channels.getParticipants", Access::Everybody, members::list),
    Method::new("channels.getParticipant", Access::Everybody, members::get),
    Method::new("channels.editAdmin", Access::Everybody, members::edit_admin),
    Method::new(
        "channels.editBanned",
        Access::Everybody,
        members::edit_banned,
    ),
    Method::new(
        "channels.deleteParticipantHistory",
        Access::People,
        members::delete_history,
    ),
    Method::new("channels.readMessageContents", Access::People, take_note),
    Method::new("channels.reportSpam", Access::People, take_note),
];

/// Slow modes that can be chosen, in seconds.
const SLOW_MODES: [i32; 7] = [0, 10, 30, 60, 300, 900, 3600];

impl Call<'_> {
    /// Fails unless the caller is an administrator with a right.
    pub(super) fn check_admin(
        &self,
        me: UserId,
        id: ChannelId,
        right: AdminRights,
    ) -> Result<(), RpcError> {
        if self.channel_ref(id)?.admin_rights(me).allows(right) {
            Ok(())
        } else {
            Err(CHAT_ADMIN_REQUIRED.into())
        }
    }

    /// Fails unless the caller founded the channel.
    fn check_creator(&self, me: UserId, id: ChannelId) -> Result<(), RpcError> {
        if self.channel_ref(id)?.creator == me {
            Ok(())
        } else {
            Err(CHAT_ADMIN_REQUIRED.into())
        }
    }

    /// All members learn that a channel changed; the reply tells the caller.
    fn changed_channel(&mut self, me: UserId, id: ChannelId) -> Result<Value, RpcError> {
        self.tell_channel_to_all(id);
        let mut view = self.view(me);
        let update = channel_update(&mut view, id);
        Ok(view.updates(vec![update]).into())
    }

    /// A service message of the channel, after which everybody sees it anew.
    fn announced_channel(
        &mut self,
        me: UserId,
        id: ChannelId,
        action: Action,
    ) -> Result<Value, RpcError> {
        let happened = self.post_service(me, Place::Channel(id), action)?;
        self.settle_with(&happened, |view| vec![channel_update(view, id)])
    }
}

/// Functions that only tell the service something.
fn take_note(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    call.channel_in(request, "channel")?;
    Ok(done())
}

fn create(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let title = title(request)?;
    let about = about(request)?;
    call.state.check_room_for_chat()?;
    let id = ChannelId(call.state.fresh_id());
    let logged = call.state.config.limits.logged_updates;
    let broadcast = request.flag("broadcast") && !request.flag("megagroup");
    let date = call.date();
    let mut channel = Channel::new(id, title.clone(), me, date, broadcast, logged);
    channel.about = about;
    call.state.channels.insert(id, channel);
    call.open_channel_dialog(id, me);
    let happened = call.post_service(me, Place::Channel(id), Action::ChannelCreate { title })?;
    let mut first = call.first_message(me, &happened);
    call.settle_with(&happened, |view| {
        first.push(channel_update(view, id));
        first
    })
}

fn delete(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    call.check_creator(me, id)?;
    let readers = call.state.readers(Place::Channel(id));
    let channel = call.channel_mut(id)?;
    channel.deleted = true;
    let name = channel.username.take();
    let messages: Vec<_> = std::mem::take(&mut channel.messages)
        .into_values()
        .collect();
    channel.members.clear();
    for message in messages {
        call.state.messages.remove(&message);
    }
    if let Some(name) = name {
        call.state.usernames.remove(&key(&name));
    }
    for reader in readers {
        if let Some(mailbox) = call.state.mailboxes.get_mut(&reader) {
            mailbox.dialogs.remove(&PeerId::Channel(id));
        }
        call.tell_channel(id, reader);
    }
    let mut view = call.view(me);
    let update = channel_update(&mut view, id);
    Ok(view.updates(vec![update]).into())
}

fn get_channels(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let inputs = request.need_objects("id")?;
    let mut view = call.view(me);
    for input in inputs.into_iter().take(200) {
        let wrapped = Object::new("").with("channel", input.clone());
        view.note(PeerId::Channel(call.channel_in(&wrapped, "channel")?));
    }
    Ok(Object::new("messages.chats")
        .with("chats", view.chats())
        .into())
}

fn get_full(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let channel = call.channel_ref(id)?;
    Ok(call.view(me).channel_full(channel).into())
}

fn edit_title(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let title = title(request)?;
    call.check_admin(me, id, AdminRights::CHANGE_INFO)?;
    let channel = call.channel_mut(id)?;
    if channel.title == title {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    channel.title.clone_from(&title);
    call.announced_channel(me, id, Action::EditTitle { title })
}

fn edit_photo(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    call.check_admin(me, id, AdminRights::CHANGE_INFO)?;
    let photo = call.input_chat_photo(me, request)?;
    call.channel_mut(id)?.photo = photo;
    let action = photo.map_or(Action::DeletePhoto, Action::EditPhoto);
    call.announced_channel(me, id, action)
}

fn check_free(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let name = request.need_str("username")?;
    check_username(name)?;
    Ok((!call.state.usernames.contains_key(&key(name))).into())
}

fn update_username(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let name = request.need_str("username")?;
    call.check_creator(me, id)?;
    let old = call.channel_ref(id)?.username.clone();
    if old.as_deref().unwrap_or_default() == name {
        return Err(USERNAME_NOT_MODIFIED.into());
    }
    if !name.is_empty() {
        check_username(name)?;
        let holder = call.state.usernames.get(&key(name));
        if holder.is_some_and(|holder| *holder != PeerId::Channel(id)) {
            return Err(USERNAME_OCCUPIED.into());
        }
    }
    if let Some(old) = old {
        call.state.usernames.remove(&key(&old));
    }
    let new = Some(name.to_owned()).filter(|name| !name.is_empty());
    if new.is_some() {
        call.state.usernames.insert(key(name), PeerId::Channel(id));
    }
    call.channel_mut(id)?.username = new;
    call.tell_channel_to_all(id);
    Ok(done())
}

fn toggle_signatures(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let enabled = request.flag("signatures_enabled");
    call.check_admin(me, id, AdminRights::CHANGE_INFO)?;
    let channel = call.channel_mut(id)?;
    if channel.signatures == enabled {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    channel.signatures = enabled;
    call.changed_channel(me, id)
}

fn toggle_slow_mode(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let seconds = request.need_int("seconds")?;
    call.check_admin(me, id, AdminRights::BAN_USERS)?;
    if !SLOW_MODES.contains(&seconds) {
        return Err(SECONDS_INVALID.into());
    }
    let channel = call.channel_mut(id)?;
    if channel.slowmode_seconds == seconds {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    channel.slowmode_seconds = seconds;
    call.changed_channel(me, id)
}

fn toggle_no_forwards(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let enabled = request.need_bool("enabled")?;
    let PeerId::Channel(id) = call.peer_in(request, "peer")? else {
        return Err(CHAT_NOT_MODIFIED.into());
    };
    call.check_creator(me, id)?;
    let channel = call.channel_mut(id)?;
    if channel.noforwards == enabled {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    channel.noforwards = enabled;
    call.changed_channel(me, id)
}

fn export_link(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let id = call.channel_in(request, "channel")?;
    let msg_id = request.need_int("id")?;
    let channel = call.channel_ref(id)?;
    if !channel.messages.contains_key(&msg_id) {
        return Err(MSG_ID_INVALID.into());
    }
    let link = match &channel.username {
        Some(name) => format!("https://t.me/{name}/{msg_id}"),
        None => format!("https://t.me/c/{}/{msg_id}", id.0),
    };
    Ok(Object::new("exportedMessageLink")
        .with("link", link)
        .with("html", "")
        .into())
}

fn get_public(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut view = call.view(me);
    let channels = call.state.channels.values();
    for channel in channels.filter(|c| c.creator == me && c.username.is_some()) {
        view.note(PeerId::Channel(channel.id));
    }
    Ok(Object::new("messages.chats")
        .with("chats", view.chats())
        .into())
}

fn get_left(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    // Whoever leaves is forgotten, so that no channel is known as left.
    Ok(Object::new("messages.chats")
        .with("chats", Vec::<Value>::new())
        .into())
}

fn get_send_as(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.peer_in(request, "peer")?;
    let mut view = call.view(me);
    let own = Object::new("sendAsPeer").with("peer", view.peer(PeerId::User(me)));
    let object = Object::new("channels.sendAsPeers").with("peers", vec![own]);
    Ok(view.with_peers(object).into())
}

fn get_views(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let increment = request.need_bool("increment")?;
    let mut rows: Vec<Value> = Vec::new();
    for id in request.need_ints("id")?.into_iter().take(100) {
        let key = call
            .state
            .message_in(me, peer, id)
            .map(|message| message.key);
        let message = key.and_then(|key| call.state.messages.get_mut(&key));
        let is_channel = matches!(peer, PeerId::Channel(_));
        let row = Object::new("messageViews");
        rows.push(match message.filter(|_| is_channel) {
            None => row.into(),
            Some(message) => {
                if increment {
                    message.viewed_by.insert(me);
                }
                let views = i32::try_from(message.viewed_by.len()).unwrap_or(i32::MAX);
                row.with("views", views)
                    .with("forwards", message.forwards)
                    .into()
            }
        });
    }
    let view = call.view(me);
    Ok(view
        .with_peers(Object::new("messages.messageViews").with("views", rows))
        .into())
}
