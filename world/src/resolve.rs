//! From `InputPeer`, `InputUser` and `InputChannel` to what they name.
//!
//! An access hash is right for one viewer only; a hash of somebody else, or an invented one, is answered like an unknown id.
//! <https://core.telegram.org/api/peers>

use tl_parser::Object;

use crate::call::Call;
use crate::error::{
    CHANNEL_INVALID, CHANNEL_PRIVATE, CHAT_ID_INVALID, PEER_ID_INVALID, RpcError, USER_ID_INVALID,
};
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::ids::{ChannelId, ChatId, PeerId, UserId};
use crate::model::user::User;
use crate::request::Arguments;

impl Call<'_> {
    /// The peer that an `InputPeer` names.
    pub(crate) fn peer(&self, input: &Object) -> Result<PeerId, RpcError> {
        let me = self.me()?;
        match input.name() {
            "inputPeerSelf" => Ok(PeerId::User(me)),
            "inputPeerUser" => self
                .checked_user(me, input)
                .map(PeerId::User)
                .ok_or_else(|| PEER_ID_INVALID.into()),
            "inputPeerChat" => {
                let id = ChatId(input.need_long("chat_id")?);
                // Whoever left keeps what he had of the group.
                let member = self.state.chats.get(&id).is_some_and(|chat| chat.has(me));
                if member || self.had_chat(me, id) {
                    Ok(PeerId::Chat(id))
                } else {
                    Err(PEER_ID_INVALID.into())
                }
            }
            "inputPeerChannel" => self.checked_channel(me, input).map(PeerId::Channel),
            "inputPeerUserFromMessage" => self
                .user_from_message(input)
                .map(PeerId::User)
                .ok_or_else(|| PEER_ID_INVALID.into()),
            "inputPeerChannelFromMessage" => {
                self.channel_from_message(me, input).map(PeerId::Channel)
            }
            _ => Err(PEER_ID_INVALID.into()),
        }
    }

    /// The peer in a field of a request.
    pub(crate) fn peer_in(&self, request: &Object, field: &str) -> Result<PeerId, RpcError> {
        self.peer(request.need_object(field)?)
    }

    /// The user that an `InputUser` names.
    pub(crate) fn user(&self, input: &Object) -> Result<UserId, RpcError> {
        let me = self.me()?;
        let user = match input.name() {
            "inputUserSelf" => Some(me),
            "inputUser" => self.checked_user(me, input),
            "inputUserFromMessage" => self.user_from_message(input),
            _ => None,
        };
        Ok(user.ok_or(USER_ID_INVALID)?)
    }

    /// The user in a field of a request.
    pub(crate) fn user_in(&self, request: &Object, field: &str) -> Result<UserId, RpcError> {
        self.user(request.need_object(field)?)
    }

    /// The channel that an `InputChannel` names, visible to the caller.
    pub(crate) fn channel_in(&self, request: &Object, field: &str) -> Result<ChannelId, RpcError> {
        let me = self.me()?;
        let input = request.need_object(field)?;
        match input.name() {
            "inputChannel" => self.checked_channel(me, input),
            "inputChannelFromMessage" => self.channel_from_message(me, input),
            _ => Err(CHANNEL_INVALID.into()),
        }
    }

    /// The basic group in a field of a request, of which the caller is a member.
    pub(crate) fn chat_in(&self, request: &Object, field: &str) -> Result<ChatId, RpcError> {
        let me = self.me()?;
        let id = ChatId(request.need_long(field)?);
        match self.state.chats.get(&id) {
            Some(chat) if chat.has(me) => Ok(id),
            _ => Err(CHAT_ID_INVALID.into()),
        }
    }

    /// Whether the caller has messages of a group, though he may be out of it.
    pub(crate) fn had_chat(&self, me: UserId, id: ChatId) -> bool {
        let mailbox = self.state.mailboxes.get(&me);
        let dialog = mailbox.and_then(|mailbox| mailbox.dialogs.get(&PeerId::Chat(id)));
        dialog.is_some_and(|dialog| !dialog.ids.is_empty())
    }

    fn checked_user(&self, me: UserId, input: &Object) -> Option<UserId> {
        let id = UserId(input.long("user_id")?);
        let hash = input.long("access_hash")?;
        let user = self.state.users.get(&id)?;
        let is_bot = self.state.users.get(&me)?.is_bot();
        // Bots may leave out the hash of users they have met.
        let right = hash == self.state.user_hash(me, id)
            || (hash == 0 && is_bot && self.state.has_met(me, id));
        right.then_some(user.id)
    }

    fn checked_channel(&self, me: UserId, input: &Object) -> Result<ChannelId, RpcError> {
        let id = ChannelId(input.need_long("channel_id")?);
        let hash = input.need_long("access_hash")?;
        let channel = self.state.channels.get(&id).ok_or(CHANNEL_INVALID)?;
        let is_bot = self.state.users.get(&me).is_some_and(User::is_bot);
        let right =
            hash == self.state.channel_hash(me, id) || (hash == 0 && is_bot && channel.has(me));
        if !right {
            return Err(CHANNEL_INVALID.into());
        }
        if !channel.is_visible_to(me, self.date()) {
            return Err(CHANNEL_PRIVATE.into());
        }
        Ok(id)
    }

    /// A user seen in a message: its author, or the source of its forward.
    fn user_from_message(&self, input: &Object) -> Option<UserId> {
        let me = self.me?;
        let id = UserId(input.long("user_id")?);
        let peer = self.peer(input.object("peer")?).ok()?;
        let message = self.state.message_in(me, peer, input.int("msg_id")?)?;
        let forwarded = message.forward.as_ref().and_then(|forward| forward.from);
        let seen = message.author == id
            || forwarded == Some(PeerId::User(id))
            || message.via_bot == Some(id);
        (seen && self.state.users.contains_key(&id)).then_some(id)
    }

    fn channel_from_message(&self, me: UserId, input: &Object) -> Result<ChannelId, RpcError> {
        let id = ChannelId(input.need_long("channel_id")?);
        let peer = self.peer_in(input, "peer")?;
        let message = self
            .state
            .message_in(me, peer, input.need_int("msg_id")?)
            .ok_or(CHANNEL_INVALID)?;
        let forwarded = message.forward.as_ref().and_then(|forward| forward.from);
        let channel = self.state.channels.get(&id).ok_or(CHANNEL_INVALID)?;
        if forwarded != Some(PeerId::Channel(id)) {
            return Err(CHANNEL_INVALID.into());
        }
        if !channel.is_visible_to(me, self.date()) {
            return Err(CHANNEL_PRIVATE.into());
        }
        Ok(id)
    }

    /// A user that exists.
    pub(crate) fn user_ref(&self, id: UserId) -> Result<&User, RpcError> {
        Ok(self.state.users.get(&id).ok_or(USER_ID_INVALID)?)
    }

    /// A user that exists, to be changed.
    pub(crate) fn user_mut(&mut self, id: UserId) -> Result<&mut User, RpcError> {
        Ok(self.state.users.get_mut(&id).ok_or(USER_ID_INVALID)?)
    }

    /// A basic group that exists.
    pub(crate) fn chat_ref(&self, id: ChatId) -> Result<&Chat, RpcError> {
        Ok(self.state.chats.get(&id).ok_or(CHAT_ID_INVALID)?)
    }

    /// A basic group that exists, to be changed.
    pub(crate) fn chat_mut(&mut self, id: ChatId) -> Result<&mut Chat, RpcError> {
        Ok(self.state.chats.get_mut(&id).ok_or(CHAT_ID_INVALID)?)
    }

    /// A channel that exists.
    pub(crate) fn channel_ref(&self, id: ChannelId) -> Result<&Channel, RpcError> {
        Ok(self.state.channels.get(&id).ok_or(CHANNEL_INVALID)?)
    }

    /// A channel that exists, to be changed.
    pub(crate) fn channel_mut(&mut self, id: ChannelId) -> Result<&mut Channel, RpcError> {
        Ok(self.state.channels.get_mut(&id).ok_or(CHANNEL_INVALID)?)
    }
}
