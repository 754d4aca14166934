//! People and bots.

use std::collections::{BTreeMap, BTreeSet};

use tl_parser::{Object, Value};

use super::ids::{PeerId, PhotoId, UserId};
use super::password::{Password, PendingPassword};

/// When somebody was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Never seen.
    #[default]
    Unknown,
    /// Online until a moment (Unix seconds), unless told otherwise before.
    Online { until: i32 },
    /// Went offline at a moment.
    Offline { since: i32 },
}

/// Whether the service still serves an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Served as usual.
    #[default]
    Good,
    /// Deleted by its owner.
    Deactivated,
    /// Banned for abuse of the terms of service.
    Banned,
    /// May read, not act.
    Frozen,
    /// Reported for spam: may not write to strangers.
    Limited,
}

/// What a bot has beyond a person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bot {
    pub(crate) token: String,
    pub(crate) description: String,
    /// (command, description) pairs of the default scope.
    pub(crate) commands: Vec<(String, String)>,
    /// What stands in the text field of whoever asks the bot from another chat; `None` where the bot cannot be asked so.
    pub(crate) inline_placeholder: Option<String>,
    /// `BotMenuButton` by user; `None` for all others.
    pub(crate) menu_buttons: BTreeMap<Option<UserId>, Object>,
    /// `chatAdminRights` that the bot asks for when it is added.
    pub(crate) group_rights: Option<Object>,
    pub(crate) channel_rights: Option<Object>,
    /// Counts changes of commands and description.
    pub(crate) info_version: i32,
}

/// How one account named another in its address book.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Contact {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    /// The phone number as the contact's owner knows it; empty when added by id.
    pub(crate) phone: String,
    /// `textWithEntities` that only the owner sees.
    pub(crate) note: Option<Object>,
    pub(crate) close_friend: bool,
}

/// A person or bot.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) username: Option<String>,
    /// Digits only; bots have none.
    pub(crate) phone: Option<String>,
    pub(crate) about: String,
    pub(crate) bot: Option<Bot>,
    pub(crate) premium: bool,
    pub(crate) verified: bool,
    pub(crate) support: bool,
    pub(crate) presence: Presence,
    pub(crate) standing: Standing,
    /// Profile photos, the current one last.
    pub(crate) photos: Vec<PhotoId>,
    pub(crate) contacts: BTreeMap<UserId, Contact>,
    /// Peers this account blocked, and when.
    pub(crate) blocked: BTreeMap<PeerId, i32>,
    pub(crate) password: Option<Password>,
    /// A new password or recovery address that waits for the code sent there.
    pub(crate) pending_password: Option<PendingPassword>,
    /// When the password may be taken away without being known (Unix seconds).
    pub(crate) password_reset: Option<i32>,
    /// Where login codes are sent instead of by SMS.
    pub(crate) login_email: Option<String>,
    /// Days after which an unused session ends.
    pub(crate) session_ttl_days: i32,
    /// The DC that serves the account; `None` for every one.
    pub(crate) dc: Option<i32>,
    /// Notification settings by the key of their scope, as `inputPeerNotifySettings` gave them.
    pub(crate) notify: BTreeMap<NotifyScope, Object>,
    /// Privacy rules by name of the key, as `PrivacyRule` objects.
    pub(crate) privacy: BTreeMap<String, Vec<Value>>,
    /// Days after which an unused account is deleted.
    pub(crate) account_ttl_days: i32,
    /// Seconds that messages of chats begun by this account live; 0 for ever.
    pub(crate) default_ttl: i32,
    /// Settings that are only kept, by kind.
    pub(crate) settings: BTreeMap<&'static str, Object>,
    /// `birthday`.
    pub(crate) birthday: Option<Object>,
    /// An export of the account's data that is under way.
    pub(crate) takeout: Option<i64>,
    /// Bots that may write first.
    pub(crate) allowed_bots: BTreeSet<UserId>,
    /// Folders (chat filters) by id, as `DialogFilter` objects.
    pub(crate) filters: BTreeMap<i32, Object>,
    /// Terms of service that were accepted, to answer `help.acceptTermsOfService` twice alike.
    pub(crate) accepted_terms: BTreeSet<String>,
}

/// What notification settings apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NotifyScope {
    Peer(PeerId),
    Users,
    Chats,
    Broadcasts,
}

impl User {
    pub(crate) fn new(id: UserId, first_name: impl Into<String>) -> Self {
        Self {
            id,
            first_name: first_name.into(),
            last_name: String::new(),
            username: None,
            phone: None,
            about: String::new(),
            bot: None,
            premium: false,
            verified: false,
            support: false,
            presence: Presence::Unknown,
            standing: Standing::Good,
            photos: Vec::new(),
            contacts: BTreeMap::new(),
            blocked: BTreeMap::new(),
            password: None,
            pending_password: None,
            password_reset: None,
            login_email: None,
            session_ttl_days: 180,
            dc: None,
            notify: BTreeMap::new(),
            privacy: BTreeMap::new(),
            account_ttl_days: 365,
            default_ttl: 0,
            settings: BTreeMap::new(),
            birthday: None,
            takeout: None,
            allowed_bots: BTreeSet::new(),
            filters: BTreeMap::new(),
            accepted_terms: BTreeSet::new(),
        }
    }

    pub(crate) fn is_bot(&self) -> bool {
        self.bot.is_some()
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.standing == Standing::Deactivated
    }

    pub(crate) fn has_blocked(&self, other: UserId) -> bool {
        self.blocked.contains_key(&PeerId::User(other))
    }
}
