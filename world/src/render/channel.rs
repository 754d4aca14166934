//! `Chat` and `ChatFull` of channels and supergroups, and their participants.

use tl_parser::{Object, Value};

use super::View;
use super::chat::{admin_rights, banned_rights};
use super::peer::peer;
use super::user::bot_info;
use crate::model::channel::{Ban, Channel, Member};
use crate::model::ids::{ChannelId, PeerId, UserId};
use crate::model::message::Place;
use crate::model::rights::{AdminRights, BannedRights};
use crate::model::user::NotifyScope;

impl View<'_> {
    /// A channel as the viewer sees it; `channelForbidden` where he may not.
    pub(crate) fn channel(&self, id: ChannelId) -> Object {
        let hash = self.state.channel_hash(self.viewer, id);
        let Some(channel) = self.state.channels.get(&id) else {
            return Object::new("chatEmpty").with("id", id.0);
        };
        if !channel.is_visible_to(self.viewer, self.now) {
            let until = channel
                .ban(self.viewer, self.now)
                .map(|ban| ban.rights.until_date);
            return Object::new("channelForbidden")
                .with_flag("broadcast", channel.broadcast)
                .with_flag("megagroup", !channel.broadcast)
                .with("id", id.0)
                .with("access_hash", hash)
                .with("title", channel.title.as_str())
                .with_opt("until_date", until);
        }
        let rights = channel.admin_rights(self.viewer);
        let ban = channel.ban(self.viewer, self.now);
        Object::new("channel")
            .with_flag("creator", channel.creator == self.viewer)
            .with_flag("left", !channel.has(self.viewer))
            .with_flag("broadcast", channel.broadcast)
            .with_flag("megagroup", !channel.broadcast)
            .with_flag("signatures", channel.signatures)
            .with_flag("slowmode_enabled", channel.slowmode_seconds > 0)
            .with_flag("noforwards", channel.noforwards)
            .with("id", id.0)
            .with("access_hash", hash)
            .with("title", channel.title.as_str())
            .with_opt("username", channel.username.clone())
            .with("photo", self.chat_photo(channel.photo))
            .with("date", channel.date)
            .with_opt(
                "admin_rights",
                (!rights.is_empty()).then(|| admin_rights(rights)),
            )
            .with_opt("banned_rights", ban.map(|ban| banned_rights(ban.rights)))
            .with_opt(
                "default_banned_rights",
                (!channel.broadcast).then(|| banned_rights(channel.default_rights)),
            )
            .with("participants_count", count(channel.members.len()))
    }

    /// `channelFull` in its `messages.chatFull`.
    pub(crate) fn channel_full(&mut self, channel: &Channel) -> Object {
        let id = PeerId::Channel(channel.id);
        self.note(id);
        let is_admin = channel.is_admin(self.viewer);
        let dialog = self
            .state
            .mailboxes
            .get(&self.viewer)
            .and_then(|mailbox| mailbox.dialogs.get(&id));
        let (read_inbox, read_outbox) = dialog.map_or((0, 0), |dialog| {
            (dialog.read_inbox_max_id, dialog.read_outbox_max_id)
        });
        let photo = channel.photo.map_or_else(
            || Object::new("photoEmpty").with("id", 0_i64),
            |photo| self.photo(photo),
        );
        let bots: Vec<Value> = channel
            .members
            .keys()
            .filter_map(|id| self.state.users.get(id))
            .filter_map(|user| Some(bot_info(user, user.bot.as_ref()?, self.viewer).into()))
            .collect();
        let admins = channel
            .members
            .keys()
            .filter(|id| channel.is_admin(**id))
            .count();
        let kicked = |kicked: bool| {
            let banned = channel.banned.values().filter(|ban| {
                ban.rights.is_in_force(self.now)
                    && (ban.rights.bits & BannedRights::VIEW_MESSAGES != 0) == kicked
            });
            is_admin.then(|| count(banned.count()))
        };
        let invite = channel
            .invites
            .iter()
            .find(|invite| invite.permanent && invite.admin == self.viewer && !invite.revoked);
        let (kicked_count, banned_count) = (kicked(true), kicked(false));
        let full = Object::new("channelFull")
            .with_flag("can_view_participants", !channel.broadcast || is_admin)
            .with_flag("can_set_username", channel.creator == self.viewer)
            .with_flag("can_delete_channel", channel.creator == self.viewer)
            .with_flag("has_scheduled", self.has_scheduled(id))
            .with("id", channel.id.0)
            .with("about", channel.about.as_str())
            .with("participants_count", count(channel.members.len()))
            .with_opt("admins_count", is_admin.then(|| count(admins)))
            .with_opt("kicked_count", kicked_count)
            .with_opt("banned_count", banned_count)
            .with("read_inbox_max_id", read_inbox)
            .with("read_outbox_max_id", read_outbox)
            .with("unread_count", self.state.unread_count(self.viewer, id))
            .with("chat_photo", photo)
            .with(
                "notify_settings",
                self.notify_settings(NotifyScope::Peer(id)),
            )
            .with_opt("exported_invite", invite.map(|invite| self.invite(invite)))
            .with("bot_info", bots)
            .with_opt(
                "migrated_from_chat_id",
                channel.migrated_from.map(|id| id.0),
            )
            .with_opt("migrated_from_max_id", channel.migrated_from.map(|_| 0))
            .with_opt("pinned_msg_id", self.pinned_message(id))
            .with_opt(
                "slowmode_seconds",
                Some(channel.slowmode_seconds).filter(|seconds| *seconds > 0),
            )
            .with("pts", channel.log.pts())
            .with_opt("ttl_period", self.state.ttl(Place::Channel(channel.id)))
            .with(
                "available_reactions",
                Object::new("chatReactionsAll").with("allow_custom", true),
            );
        self.with_peers(Object::new("messages.chatFull").with("full_chat", full))
    }

    /// `ChannelParticipant` of somebody in the channel.
    pub(crate) fn member(&mut self, channel: &Channel, id: UserId, member: &Member) -> Object {
        let user_id = self.user_id(id);
        if id == channel.creator {
            let rank = member.admin.as_ref().map(|admin| admin.rank.clone());
            return Object::new("channelParticipantCreator")
                .with("user_id", user_id)
                .with("admin_rights", admin_rights(AdminRights::creator()))
                .with_opt("rank", rank.filter(|rank| !rank.is_empty()));
        }
        if let Some(admin) = &member.admin {
            let is_self = id == self.viewer;
            let inviter = member.inviter.unwrap_or(channel.creator);
            return Object::new("channelParticipantAdmin")
                .with_flag(
                    "can_edit",
                    channel.creator == self.viewer || admin.promoted_by == self.viewer,
                )
                .with_flag("self", is_self)
                .with("user_id", user_id)
                .with_opt("inviter_id", is_self.then(|| self.user_id(inviter)))
                .with("promoted_by", self.user_id(admin.promoted_by))
                .with("date", member.date)
                .with("admin_rights", admin_rights(admin.rights))
                .with_opt(
                    "rank",
                    Some(admin.rank.clone()).filter(|rank| !rank.is_empty()),
                );
        }
        if let Some(ban) = channel.ban(id, self.now) {
            return self.banned(channel, PeerId::User(id), ban);
        }
        if id == self.viewer {
            let inviter = member.inviter.unwrap_or(id);
            return Object::new("channelParticipantSelf")
                .with("user_id", user_id)
                .with("inviter_id", self.user_id(inviter))
                .with("date", member.date);
        }
        Object::new("channelParticipant")
            .with("user_id", user_id)
            .with("date", member.date)
    }

    /// `channelParticipantBanned`.
    pub(crate) fn banned(&mut self, channel: &Channel, id: PeerId, ban: &Ban) -> Object {
        let left = !id.user().is_some_and(|user| channel.has(user));
        self.note(id);
        Object::new("channelParticipantBanned")
            .with_flag("left", left)
            .with("peer", peer(id))
            .with("kicked_by", self.user_id(ban.by))
            .with("date", ban.date)
            .with("banned_rights", banned_rights(ban.rights))
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
