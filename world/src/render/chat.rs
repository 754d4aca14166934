//! `Chat` and `ChatFull` of basic groups, and what they share with channels.

use tl_parser::{Object, Value};

use super::View;
use super::user::bot_info;
use crate::model::chat::{Chat, Participant};
use crate::model::ids::{ChatId, PeerId, PhotoId, UserId};
use crate::model::invite::Invite;
use crate::model::message::Place;
use crate::model::rights::{ADMIN_RIGHTS, AdminRights, BANNED_RIGHTS, BannedRights};
use crate::model::user::NotifyScope;

impl View<'_> {
    /// A basic group as the viewer sees it; `chatForbidden` where he is no member.
    pub(crate) fn chat(&self, id: ChatId) -> Object {
        let Some(chat) = self.state.chats.get(&id) else {
            return Object::new("chatEmpty").with("id", id.0);
        };
        if !chat.has(self.viewer) && !chat.deactivated {
            return Object::new("chatForbidden")
                .with("id", id.0)
                .with("title", chat.title.as_str());
        }
        let migrated_to = chat.migrated_to.map(|channel| {
            Object::new("inputChannel")
                .with("channel_id", channel.0)
                .with("access_hash", self.state.channel_hash(self.viewer, channel))
        });
        let is_admin = chat.is_admin(self.viewer);
        Object::new("chat")
            .with_flag("creator", chat.creator == self.viewer)
            .with_flag("left", !chat.has(self.viewer))
            .with_flag("deactivated", chat.deactivated)
            .with("id", id.0)
            .with("title", chat.title.as_str())
            .with("photo", self.chat_photo(chat.photo))
            .with(
                "participants_count",
                i32::try_from(chat.participants.len()).unwrap_or(i32::MAX),
            )
            .with("date", chat.date)
            .with("version", chat.version)
            .with_opt("migrated_to", migrated_to)
            .with_opt(
                "admin_rights",
                is_admin.then(|| admin_rights(AdminRights::creator())),
            )
            .with("default_banned_rights", banned_rights(chat.default_rights))
    }

    /// `ChatPhoto` of a group or channel.
    pub(crate) fn chat_photo(&self, photo: Option<PhotoId>) -> Object {
        match photo.and_then(|id| self.state.photos.get(&id)) {
            None => Object::new("chatPhotoEmpty"),
            Some(photo) => Object::new("chatPhoto")
                .with("photo_id", photo.id.0)
                .with("dc_id", photo.dc_id),
        }
    }

    /// `chatFull` in its `messages.chatFull`.
    pub(crate) fn chat_full(&mut self, chat: &Chat) -> Object {
        let peer = PeerId::Chat(chat.id);
        self.note(peer);
        let bots: Vec<Value> = chat
            .participants
            .keys()
            .filter_map(|id| self.state.users.get(id))
            .filter_map(|user| Some(bot_info(user, user.bot.as_ref()?, self.viewer).into()))
            .collect();
        let invite = chat
            .invites
            .iter()
            .find(|invite| invite.permanent && invite.admin == self.viewer && !invite.revoked);
        let full = Object::new("chatFull")
            .with_flag("can_set_username", chat.creator == self.viewer)
            .with_flag("has_scheduled", self.has_scheduled(peer))
            .with("id", chat.id.0)
            .with("about", chat.about.as_str())
            .with("participants", self.participants(chat))
            .with_opt("chat_photo", chat.photo.map(|photo| self.photo(photo)))
            .with(
                "notify_settings",
                self.notify_settings(NotifyScope::Peer(peer)),
            )
            .with_opt("exported_invite", invite.map(|invite| self.invite(invite)))
            .with_opt("bot_info", Some(bots).filter(|bots| !bots.is_empty()))
            .with_opt("pinned_msg_id", self.pinned_message(peer))
            .with_opt("ttl_period", self.state.ttl(Place::Chat(chat.id)))
            .with(
                "available_reactions",
                Object::new("chatReactionsAll").with("allow_custom", true),
            );
        self.with_peers(Object::new("messages.chatFull").with("full_chat", full))
    }

    /// `chatParticipants`.
    pub(crate) fn participants(&mut self, chat: &Chat) -> Object {
        let participants: Vec<Value> = chat
            .participants
            .iter()
            .map(|(id, participant)| self.participant(chat, *id, participant).into())
            .collect();
        Object::new("chatParticipants")
            .with("chat_id", chat.id.0)
            .with("participants", participants)
            .with("version", chat.version)
    }

    fn participant(&mut self, chat: &Chat, id: UserId, participant: &Participant) -> Object {
        let user_id = self.user_id(id);
        if chat.creator == id {
            return Object::new("chatParticipantCreator").with("user_id", user_id);
        }
        let name = if participant.admin {
            "chatParticipantAdmin"
        } else {
            "chatParticipant"
        };
        Object::new(name)
            .with("user_id", user_id)
            .with("inviter_id", self.user_id(participant.inviter))
            .with("date", participant.date)
    }

    /// `chatInviteExported`.
    pub(crate) fn invite(&mut self, invite: &Invite) -> Object {
        let count = |number: usize| (number > 0).then(|| i32::try_from(number).unwrap_or(i32::MAX));
        Object::new("chatInviteExported")
            .with_flag("revoked", invite.revoked)
            .with_flag("permanent", invite.permanent)
            .with_flag("request_needed", invite.request_needed)
            .with("link", invite.link())
            .with("admin_id", self.user_id(invite.admin))
            .with("date", invite.date)
            .with_opt("expire_date", invite.expire_date)
            .with_opt("usage_limit", invite.usage_limit)
            .with_opt("usage", count(invite.joined.len()))
            .with_opt("requested", count(invite.requested.len()))
            .with_opt("title", invite.title.clone())
    }
}

/// `chatAdminRights`.
pub(crate) fn admin_rights(rights: AdminRights) -> Object {
    ADMIN_RIGHTS
        .iter()
        .fold(Object::new("chatAdminRights"), |object, (name, bit)| {
            object.with_flag(*name, rights.0 & (1 << bit) != 0)
        })
}

/// `chatBannedRights`.
pub(crate) fn banned_rights(rights: BannedRights) -> Object {
    BANNED_RIGHTS
        .iter()
        .fold(Object::new("chatBannedRights"), |object, (name, bit)| {
            object.with_flag(*name, rights.bits & (1 << bit) != 0)
        })
        .with(
            "until_date",
            // What is for ever is said with the last second, even where it was said with 0.
            if rights.until_date == 0 {
                i32::MAX
            } else {
                rights.until_date
            },
        )
}
