//! Basic groups: small, equal, each member with his own copies.

use std::collections::BTreeMap;

use super::ids::{ChannelId, ChatId, PhotoId, UserId};
use super::invite::Invite;
use super::rights::BannedRights;

/// Most members of a basic group, as `help.getConfig` tells in `chat_size_max`.
pub(crate) const CHAT_SIZE_MAX: usize = 200;

/// A member of a basic group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) inviter: UserId,
    pub(crate) date: i32,
    pub(crate) admin: bool,
}

/// A basic group.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub(crate) id: ChatId,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) creator: UserId,
    pub(crate) date: i32,
    pub(crate) participants: BTreeMap<UserId, Participant>,
    /// Counts changes of the members.
    pub(crate) version: i32,
    pub(crate) photo: Option<PhotoId>,
    pub(crate) default_rights: BannedRights,
    pub(crate) invites: Vec<Invite>,
    /// The supergroup it became.
    pub(crate) migrated_to: Option<ChannelId>,
    pub(crate) deactivated: bool,
}

impl Chat {
    pub(crate) fn has(&self, user: UserId) -> bool {
        self.participants.contains_key(&user)
    }

    /// Whether `user` may do what administrators may.
    pub(crate) fn is_admin(&self, user: UserId) -> bool {
        self.creator == user || self.participants.get(&user).is_some_and(|p| p.admin)
    }
}
