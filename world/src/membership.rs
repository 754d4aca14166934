//! Coming and going in groups and channels, whichever function asked for it.

use tl_parser::Object;

use crate::call::{Call, Happened};
use crate::error::{
    CHANNELS_TOO_MUCH, RpcError, USER_ALREADY_PARTICIPANT, USER_PRIVACY_RESTRICTED, USERS_TOO_MUCH,
};
use crate::model::channel::{MEGAGROUP_SIZE_MAX, Member};
use crate::model::chat::{CHAT_SIZE_MAX, Participant};
use crate::model::ids::{ChannelId, ChatId, PeerId, UserId};
use crate::model::message::{Action, Place};
use crate::posting::Draft;
use crate::render::View;

/// Most channels and supergroups of one account.
const CHANNELS_MAX: usize = 500;

impl Call<'_> {
    /// Whether `user` lets `by` add him to groups.
    pub(crate) fn check_can_be_invited(&self, by: UserId, user: UserId) -> Result<(), RpcError> {
        let blocked = self.user_ref(user)?.has_blocked(by);
        if user != by && (blocked || !self.permits(user, "ChatInvite", by)) {
            return Err(USER_PRIVACY_RESTRICTED.into());
        }
        Ok(())
    }

    /// Makes `user` a member of a basic group.
    pub(crate) fn enter_chat(
        &mut self,
        id: ChatId,
        user: UserId,
        inviter: UserId,
    ) -> Result<(), RpcError> {
        let date = self.date();
        let chat = self.chat_mut(id)?;
        if chat.has(user) {
            return Err(USER_ALREADY_PARTICIPANT.into());
        }
        if chat.participants.len() >= CHAT_SIZE_MAX {
            return Err(USERS_TOO_MUCH.into());
        }
        let participant = Participant {
            inviter,
            date,
            admin: false,
        };
        chat.participants.insert(user, participant);
        chat.version = chat.version.saturating_add(1);
        Ok(())
    }

    /// Tells all members of a basic group who is in it now.
    pub(crate) fn tell_participants(&mut self, id: ChatId) {
        for reader in self.state.readers(Place::Chat(id)) {
            self.notify(reader, |view| participants_update(view, id));
        }
    }

    /// Makes `user` a member of a channel, with its dialog in his list.
    pub(crate) fn enter_channel(
        &mut self,
        id: ChannelId,
        user: UserId,
        inviter: Option<UserId>,
    ) -> Result<(), RpcError> {
        let mine = self.state.channels.values().filter(|c| c.has(user)).count();
        if mine >= CHANNELS_MAX {
            return Err(CHANNELS_TOO_MUCH.into());
        }
        let date = self.date();
        let channel = self.channel_mut(id)?;
        if channel.has(user) {
            return Err(USER_ALREADY_PARTICIPANT.into());
        }
        if channel.members.len() >= MEGAGROUP_SIZE_MAX {
            return Err(USERS_TOO_MUCH.into());
        }
        let member = Member {
            inviter,
            date,
            admin: None,
            last_sent: 0,
        };
        channel.members.insert(user, member);
        self.open_channel_dialog(id, user);
        Ok(())
    }

    /// The dialog of a channel begins read up to its present end.
    pub(crate) fn open_channel_dialog(&mut self, id: ChannelId, user: UserId) {
        let date = self.date();
        let last = self.state.channels.get(&id).map_or(0, |c| c.last_id());
        if let Some(mailbox) = self.state.mailboxes.get_mut(&user) {
            let dialog = mailbox.dialog_mut(PeerId::Channel(id));
            dialog.read_inbox_max_id = last;
            dialog.since = date;
        }
    }

    /// Takes `user` out of a channel; its dialog leaves his list.
    pub(crate) fn exit_channel(&mut self, id: ChannelId, user: UserId) -> Result<(), RpcError> {
        self.channel_mut(id)?.members.remove(&user);
        if let Some(mailbox) = self.state.mailboxes.get_mut(&user) {
            mailbox.dialogs.remove(&PeerId::Channel(id));
        }
        Ok(())
    }

    /// Tells the sessions of `user` that a channel changed for him.
    pub(crate) fn tell_channel(&mut self, id: ChannelId, user: UserId) {
        self.notify(user, |view| vec![channel_update(view, id)]);
    }

    /// Tells all members that a channel changed.
    pub(crate) fn tell_channel_to_all(&mut self, id: ChannelId) {
        for reader in self.state.readers(Place::Channel(id)) {
            self.tell_channel(id, reader);
        }
    }

    /// Posts a service message of the caller's. In broadcast channels it comes from the channel.
    pub(crate) fn post_service(
        &mut self,
        me: UserId,
        place: Place,
        action: Action,
    ) -> Result<Vec<Happened>, RpcError> {
        self.state.check_room(1)?;
        let mut draft = Draft::service(place, me, action);
        if let Place::Channel(id) = place
            && self.channel_ref(id)?.broadcast
        {
            draft.from = None;
        }
        let (_, happened) = self.state.post(self.now.date(), draft);
        Ok(happened)
    }
}

/// `updateChannel`, with the channel in the container.
pub(crate) fn channel_update(view: &mut View<'_>, id: ChannelId) -> Object {
    view.note(PeerId::Channel(id));
    Object::new("updateChannel").with("channel_id", id.0)
}

/// `updateChatParticipants`, with the group in the container.
pub(crate) fn participants_update(view: &mut View<'_>, id: ChatId) -> Vec<Object> {
    view.note(PeerId::Chat(id));
    let Some(chat) = view.state.chats.get(&id) else {
        return Vec::new();
    };
    let participants = view.participants(chat);
    vec![Object::new("updateChatParticipants").with("participants", participants)]
}
