//! `User` and `UserFull`.

use tl_parser::{Object, Value};

use super::View;
use crate::model::ids::{PeerId, UserId};
use crate::model::message::Place;
use crate::model::schedule::Shelf;
use crate::model::user::{Bot, NotifyScope, Presence, User};

impl View<'_> {
    /// A `User` as the viewer knows him; `userEmpty` where there is none.
    pub(crate) fn user(&self, id: UserId) -> Object {
        let Some(user) = self.state.users.get(&id) else {
            return Object::new("userEmpty").with("id", id.0);
        };
        let hash = self.state.user_hash(self.viewer, id);
        if user.is_deleted() {
            return Object::new("user")
                .with("deleted", true)
                .with("id", id.0)
                .with("access_hash", hash);
        }
        let is_self = id == self.viewer;
        let viewer = self.state.users.get(&self.viewer);
        let contact = viewer.and_then(|viewer| viewer.contacts.get(&id));
        let (first_name, last_name) = contact
            .filter(|_| !is_self)
            .map_or((&user.first_name, &user.last_name), |contact| {
                (&contact.first_name, &contact.last_name)
            });
        let mutual = contact.is_some() && user.contacts.contains_key(&self.viewer);
        let knows_phone = is_self
            || mutual
            || contact.is_some_and(|contact| Some(&contact.phone) == user.phone.as_ref());
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        Object::new("user")
            .with_flag("self", is_self)
            .with_flag("contact", contact.is_some())
            .with_flag(
                "close_friend",
                contact.is_some_and(|contact| contact.close_friend),
            )
            .with_flag("mutual_contact", mutual)
            .with_flag("bot", user.is_bot())
            // Privacy mode is off: bots see every message of their groups.
            .with_flag("bot_chat_history", user.is_bot())
            .with_flag("verified", user.verified)
            .with_flag("support", user.support)
            .with_flag("premium", user.premium)
            .with("id", id.0)
            .with("access_hash", hash)
            .with_opt("first_name", text(first_name))
            .with_opt("last_name", text(last_name))
            .with_opt("username", user.username.clone())
            .with_opt("phone", user.phone.clone().filter(|_| knows_phone))
            .with_opt("photo", self.profile_photo(user))
            .with_opt("status", self.status(user))
            .with_opt(
                "bot_info_version",
                user.bot.as_ref().map(|bot| bot.info_version.max(1)),
            )
            .with_opt(
                "bot_inline_placeholder",
                user.bot
                    .as_ref()
                    .and_then(|bot| bot.inline_placeholder.clone()),
            )
    }

    fn profile_photo(&self, user: &User) -> Option<Object> {
        let photo = self.state.photos.get(user.photos.last()?)?;
        Some(
            Object::new("userProfilePhoto")
                .with("photo_id", photo.id.0)
                .with("dc_id", photo.dc_id),
        )
    }

    /// `UserStatus` of a person; bots have none.
    pub(crate) fn status(&self, user: &User) -> Option<Object> {
        if user.is_bot() {
            return None;
        }
        Some(match user.presence {
            Presence::Unknown => Object::new("userStatusEmpty"),
            Presence::Online { until } if until > self.now => {
                Object::new("userStatusOnline").with("expires", until)
            }
            Presence::Online { until: since } | Presence::Offline { since } => {
                Object::new("userStatusOffline").with("was_online", since)
            }
        })
    }

    /// `users.userFull`.
    pub(crate) fn user_full(&mut self, user: &User) -> Object {
        let peer = PeerId::User(user.id);
        self.note(peer);
        let viewer = self.state.users.get(&self.viewer);
        let blocked = viewer.is_some_and(|viewer| viewer.blocked.contains_key(&peer));
        let common = self
            .state
            .chats
            .values()
            .filter(|chat| chat.has(self.viewer) && chat.has(user.id))
            .count()
            + self
                .state
                .channels
                .values()
                .filter(|channel| channel.has(self.viewer) && channel.has(user.id))
                .count();
        let common = if user.id == self.viewer { 0 } else { common };
        let settings = self.peer_settings(user);
        let bot = user.bot.as_ref();
        let contact = viewer.and_then(|viewer| viewer.contacts.get(&user.id));
        let note = contact.and_then(|contact| contact.note.clone());
        let full = Object::new("userFull")
            .with_flag("blocked", blocked)
            .with_flag("can_pin_message", true)
            .with_flag("has_scheduled", self.has_scheduled(peer))
            .with_flag("phone_calls_available", !user.is_bot())
            .with("id", user.id.0)
            .with_opt(
                "about",
                Some(user.about.clone()).filter(|about| !about.is_empty()),
            )
            .with("settings", settings)
            .with_opt(
                "profile_photo",
                user.photos.last().map(|photo| self.photo(*photo)),
            )
            .with(
                "notify_settings",
                self.notify_settings(NotifyScope::Peer(peer)),
            )
            .with_opt(
                "bot_info",
                user.bot
                    .as_ref()
                    .map(|bot| bot_info(user, bot, self.viewer)),
            )
            .with_opt("pinned_msg_id", self.pinned_message(PeerId::User(user.id)))
            .with_opt(
                "bot_group_admin_rights",
                bot.and_then(|bot| bot.group_rights.clone()),
            )
            .with_opt(
                "bot_broadcast_admin_rights",
                bot.and_then(|bot| bot.channel_rights.clone()),
            )
            .with_opt("birthday", self.birthday(user.id))
            .with_opt("note", note)
            .with(
                "common_chats_count",
                i32::try_from(common).unwrap_or(i32::MAX),
            )
            .with_opt(
                "ttl_period",
                self.state.ttl(Place::Private(self.viewer, user.id)),
            );
        self.with_peers(Object::new("users.userFull").with("full_user", full))
    }

    /// `birthday` of somebody, if the viewer may see it.
    pub(crate) fn birthday(&self, id: UserId) -> Option<Object> {
        let birthday = self.state.users.get(&id)?.birthday.clone();
        birthday.filter(|_| self.state.permits(id, "Birthday", self.viewer))
    }

    /// Whether messages of the viewer's wait for their date in a chat.
    pub(crate) fn has_scheduled(&self, peer: PeerId) -> bool {
        let has = |owner| {
            let shelf = self.state.schedule.shelves.get(&Shelf { owner, peer });
            shelf.is_some_and(|shelf| !shelf.waiting.is_empty())
        };
        has(Some(self.viewer)) || has(None)
    }

    /// `peerSettings`: what the client offers above a chat with somebody.
    pub(crate) fn peer_settings(&self, user: &User) -> Object {
        let viewer = self.state.users.get(&self.viewer);
        let known = user.id == self.viewer
            || user.is_bot()
            || viewer
                .is_none_or(|viewer| viewer.is_bot() || viewer.contacts.contains_key(&user.id));
        Object::new("peerSettings")
            .with_flag("report_spam", !known)
            .with_flag("add_contact", !known)
            .with_flag("block_contact", !known)
    }

    /// `PeerNotifySettings` of a scope, as the viewer set them.
    pub(crate) fn notify_settings(&self, scope: NotifyScope) -> Object {
        let stored = self
            .state
            .users
            .get(&self.viewer)
            .and_then(|viewer| viewer.notify.get(&scope));
        stored
            .cloned()
            .unwrap_or_else(|| Object::new("peerNotifySettings"))
    }
}

/// `botInfo` of a bot.
pub(crate) fn bot_info(user: &User, bot: &Bot, viewer: UserId) -> Object {
    let buttons = &bot.menu_buttons;
    let button = buttons.get(&Some(viewer)).or_else(|| buttons.get(&None));
    let button = button.cloned();
    let button = button.unwrap_or_else(|| Object::new("botMenuButtonDefault"));
    let commands: Vec<Value> = bot
        .commands
        .iter()
        .map(|(command, description)| bot_command(command, description).into())
        .collect();
    Object::new("botInfo")
        .with("user_id", user.id.0)
        .with("description", bot.description.as_str())
        .with("commands", commands)
        .with("menu_button", button)
}

/// `botCommand`.
pub(crate) fn bot_command(command: &str, description: &str) -> Object {
    Object::new("botCommand")
        .with("command", command)
        .with("description", description)
}
