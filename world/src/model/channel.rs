//! Channels and supergroups: one list of messages for all, with its own `pts`.

use std::collections::BTreeMap;

use super::ids::{ChannelId, ChatId, MessageKey, PeerId, PhotoId, UserId};
use super::invite::Invite;
use super::rights::{AdminRights, BannedRights};
use super::update_log::UpdateLog;

/// Most members of a supergroup, as `help.getConfig` tells in `megagroup_size_max`.
pub(crate) const MEGAGROUP_SIZE_MAX: usize = 200_000;

/// What an administrator was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin {
    pub(crate) rights: AdminRights,
    pub(crate) promoted_by: UserId,
    pub(crate) rank: String,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) inviter: Option<UserId>,
    pub(crate) date: i32,
    pub(crate) admin: Option<Admin>,
    /// When he last wrote, for slow mode.
    pub(crate) last_sent: i32,
}

/// Somebody who was restricted or thrown out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ban {
    pub(crate) rights: BannedRights,
    pub(crate) by: UserId,
    pub(crate) date: i32,
}

/// A channel or supergroup.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    pub(crate) broadcast: bool,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) username: Option<String>,
    pub(crate) creator: UserId,
    pub(crate) date: i32,
    pub(crate) members: BTreeMap<UserId, Member>,
    pub(crate) banned: BTreeMap<PeerId, Ban>,
    pub(crate) default_rights: BannedRights,
    pub(crate) photo: Option<PhotoId>,
    /// Seconds between two messages of one member; 0 switches it off.
    pub(crate) slowmode_seconds: i32,
    pub(crate) signatures: bool,
    pub(crate) noforwards: bool,
    pub(crate) invites: Vec<Invite>,
    /// The basic group it was.
    pub(crate) migrated_from: Option<ChatId>,
    last_id: i32,
    pub(crate) messages: BTreeMap<i32, MessageKey>,
    pub(crate) log: UpdateLog,
    pub(crate) deleted: bool,
}

impl Channel {
    pub(crate) fn new(
        id: ChannelId,
        title: String,
        creator: UserId,
        date: i32,
        broadcast: bool,
        logged_updates: usize,
    ) -> Self {
        let founder = Member {
            inviter: None,
            date,
            admin: None,
            last_sent: 0,
        };
        Self {
            id,
            broadcast,
            title,
            about: String::new(),
            username: None,
            creator,
            date,
            members: BTreeMap::from([(creator, founder)]),
            banned: BTreeMap::new(),
            default_rights: BannedRights::default(),
            photo: None,
            slowmode_seconds: 0,
            signatures: false,
            noforwards: false,
            invites: Vec::new(),
            migrated_from: None,
            last_id: 0,
            messages: BTreeMap::new(),
            log: UpdateLog::new(logged_updates),
            deleted: false,
        }
    }

    /// Adds a message and gives it the next id.
    pub(crate) fn add(&mut self, message: MessageKey) -> i32 {
        self.last_id = self.last_id.saturating_add(1);
        self.messages.insert(self.last_id, message);
        self.last_id
    }

    /// Id of the newest message ever.
    pub(crate) fn last_id(&self) -> i32 {
        self.last_id
    }

    pub(crate) fn has(&self, user: UserId) -> bool {
        self.members.contains_key(&user)
    }

    /// What `user` may do as an administrator; nothing where he is none.
    pub(crate) fn admin_rights(&self, user: UserId) -> AdminRights {
        if user == self.creator {
            return AdminRights::creator();
        }
        self.members
            .get(&user)
            .and_then(|member| member.admin.as_ref())
            .map_or_else(AdminRights::default, |admin| admin.rights)
    }

    pub(crate) fn is_admin(&self, user: UserId) -> bool {
        !self.admin_rights(user).is_empty()
    }

    /// The restriction of `user` that is in force at `now`.
    pub(crate) fn ban(&self, user: UserId, now: i32) -> Option<&Ban> {
        self.banned
            .get(&PeerId::User(user))
            .filter(|ban| ban.rights.is_in_force(now))
    }

    /// Whether `user` may read the channel at `now`.
    pub(crate) fn is_visible_to(&self, user: UserId, now: i32) -> bool {
        let thrown_out = self
            .ban(user, now)
            .is_some_and(|ban| ban.rights.bits & BannedRights::VIEW_MESSAGES != 0);
        !self.deleted && !thrown_out && (self.has(user) || self.username.is_some())
    }
}
