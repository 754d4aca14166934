//! The whole of a world, and the questions that everybody asks of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::caller::Caller;
use crate::config::WorldConfig;
use crate::crypto::PasswordCrypto;
use crate::inline::Offers;
use crate::limits::Limits;
use crate::model::authorization::{Authorization, Login};
use crate::model::cdn::CdnFiles;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::email::Emails;
use crate::model::file::{Document, Photo};
use crate::model::ids::{ChannelId, ChatId, DocumentId, MessageKey, PeerId, PhotoId, UserId};
use crate::model::login::Logins;
use crate::model::mailbox::Mailbox;
use crate::model::message::{Message, Place};
use crate::model::password::Challenges;
use crate::model::schedule::Schedule;
use crate::model::secret::Secrets;
use crate::model::upload::Uploads;
use crate::model::user::User;
use crate::queries::Queries;
use crate::random::{Purpose, Random};
use crate::store::FileStore;

/// The account that writes login codes, as on the real service.
pub(crate) const SERVICE_ACCOUNT: UserId = UserId(777_000);

/// Everything there is.
pub(crate) struct State {
    pub(crate) config: WorldConfig,
    pub(crate) random: Random,
    pub(crate) crypto: Box<dyn PasswordCrypto + Send>,
    pub(crate) store: Box<dyn FileStore + Send>,
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) chats: BTreeMap<ChatId, Chat>,
    pub(crate) channels: BTreeMap<ChannelId, Channel>,
    /// By lower-case name.
    pub(crate) usernames: BTreeMap<String, PeerId>,
    /// By digits.
    pub(crate) phones: BTreeMap<String, UserId>,
    /// By bot token.
    pub(crate) tokens: BTreeMap<String, UserId>,
    /// By permanent authorization key.
    authorizations: BTreeMap<i64, Authorization>,
    /// The keys that are logged in, by account.
    keys: BTreeMap<UserId, BTreeSet<i64>>,
    pub(crate) logins: Logins,
    pub(crate) challenges: Challenges,
    pub(crate) messages: BTreeMap<MessageKey, Message>,
    last_message: u64,
    pub(crate) mailboxes: BTreeMap<UserId, Mailbox>,
    pub(crate) uploads: Uploads,
    pub(crate) photos: BTreeMap<PhotoId, Photo>,
    pub(crate) documents: BTreeMap<DocumentId, Document>,
    /// Bytes that the file store holds.
    pub(crate) stored_bytes: u64,
    pub(crate) queries: Queries,
    pub(crate) secrets: Secrets,
    pub(crate) schedule: Schedule,
    /// Messages that are taken away, by the second in which they are.
    pub(crate) expiring: BTreeSet<(i32, MessageKey)>,
    /// Seconds that messages live, by the chat; absent where they stay.
    ttls: BTreeMap<(PeerId, PeerId), i32>,
    pub(crate) offers: Offers,
    pub(crate) limits: Limits,
    pub(crate) emails: Emails,
    pub(crate) cdn: CdnFiles,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("users", &self.users.len())
            .field("chats", &self.chats.len())
            .field("channels", &self.channels.len())
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

impl State {
    /// A world without people.
    pub(crate) fn new(
        config: WorldConfig,
        crypto: Box<dyn PasswordCrypto + Send>,
        store: Box<dyn FileStore + Send>,
    ) -> Self {
        Self {
            random: Random::new(config.seed),
            config,
            crypto,
            store,
            users: BTreeMap::new(),
            chats: BTreeMap::new(),
            channels: BTreeMap::new(),
            usernames: BTreeMap::new(),
            phones: BTreeMap::new(),
            tokens: BTreeMap::new(),
            authorizations: BTreeMap::new(),
            keys: BTreeMap::new(),
            logins: Logins::default(),
            challenges: Challenges::default(),
            messages: BTreeMap::new(),
            last_message: 0,
            mailboxes: BTreeMap::new(),
            uploads: Uploads::default(),
            photos: BTreeMap::new(),
            documents: BTreeMap::new(),
            stored_bytes: 0,
            queries: Queries::default(),
            secrets: Secrets::default(),
            schedule: Schedule::default(),
            expiring: BTreeSet::new(),
            ttls: BTreeMap::new(),
            offers: Offers::default(),
            limits: Limits::default(),
            emails: Emails::default(),
            cdn: CdnFiles::default(),
        }
    }

    /// Adds an account with an empty box, and makes its names known.
    pub(crate) fn add_user(&mut self, user: User) {
        let id = user.id;
        if let Some(name) = &user.username {
            self.usernames.insert(name.to_lowercase(), PeerId::User(id));
        }
        if let Some(phone) = &user.phone {
            self.phones.insert(phone.clone(), id);
        }
        if let Some(bot) = &user.bot {
            self.tokens.insert(bot.token.clone(), id);
        }
        let mailbox = Mailbox::new(self.config.limits.logged_updates);
        self.mailboxes.insert(id, mailbox);
        self.users.insert(id, user);
    }

    /// An id that no user, group or channel has. All kinds share one range, below 2³¹ so that old layers can say it.
    pub(crate) fn fresh_id(&mut self) -> i64 {
        loop {
            let id = self.random.within(100_000_000, 2_000_000_000);
            let taken = self.users.contains_key(&UserId(id))
                || self.chats.contains_key(&ChatId(id))
                || self.channels.contains_key(&ChannelId(id));
            if !taken {
                return id;
            }
        }
    }

    /// A key that no message had.
    pub(crate) fn fresh_message_key(&mut self) -> MessageKey {
        self.last_message = self.last_message.saturating_add(1);
        MessageKey(self.last_message)
    }

    /// The newest message, if `user` wrote it.
    pub(crate) fn newest_of(&self, user: UserId) -> Option<MessageKey> {
        let (key, message) = self.messages.last_key_value()?;
        (message.author == user).then_some(*key)
    }

    /// The access hash of a user in the eyes of `viewer`.
    pub(crate) fn user_hash(&self, viewer: UserId, user: UserId) -> i64 {
        self.random.derive(Purpose::UserHash, viewer.0, user.0)
    }

    /// The access hash of a channel in the eyes of `viewer`.
    pub(crate) fn channel_hash(&self, viewer: UserId, channel: ChannelId) -> i64 {
        self.random
            .derive(Purpose::ChannelHash, viewer.0, channel.0)
    }

    /// The keys that are logged in to an account, sorted.
    pub(crate) fn keys_of(&self, user: UserId) -> Vec<i64> {
        self.keys
            .get(&user)
            .map(|keys| keys.iter().copied().collect())
            .unwrap_or_default()
    }

    /// What the world knows of a key.
    pub(crate) fn authorization(&self, key: i64) -> Option<&Authorization> {
        self.authorizations.get(&key)
    }

    /// How far a key has come with its login.
    pub(crate) fn login(&self, key: i64) -> Login {
        self.authorizations
            .get(&key)
            .map_or(Login::None, |authorization| authorization.login)
    }

    /// Notes that a logged-in key was used, and by which client.
    pub(crate) fn touch(&mut self, caller: &Caller, date: i32) {
        let Some(authorization) = self.authorizations.get_mut(&caller.auth_key_id) else {
            return;
        };
        authorization.active = date;
        if let Some(client) = &caller.client {
            authorization.client.clone_from(client);
        }
        if !caller.ip.is_empty() {
            authorization.ip.clone_from(&caller.ip);
        }
    }

    /// Sets how far the caller's key has come; `Login::None` forgets the key.
    pub(crate) fn set_login(&mut self, caller: &Caller, login: Login, date: i32) {
        let key = caller.auth_key_id;
        self.end_login(key);
        if login == Login::None {
            self.authorizations.remove(&key);
            return;
        }
        let hash = self.random.derive(Purpose::AuthorizationHash, key, 0);
        self.authorizations.insert(
            key,
            Authorization {
                login,
                client: caller.client.clone().unwrap_or_default(),
                ip: caller.ip.clone(),
                created: date,
                active: date,
                seq: 1,
                hash,
                secret_chats_off: false,
                calls_off: false,
            },
        );
        if let Login::User(user) = login {
            self.keys.entry(user).or_default().insert(key);
        }
    }

    /// Ends the login of a key from outside; it answers `SESSION_REVOKED` from now on.
    pub(crate) fn revoke(&mut self, key: i64) {
        self.end_login(key);
        if let Some(authorization) = self.authorizations.get_mut(&key) {
            authorization.login = Login::Revoked;
        }
    }

    /// Ends the login of a key that was used from two places; it answers `AUTH_KEY_DUPLICATED` from now on.
    pub(crate) fn duplicate(&mut self, key: i64) {
        self.end_login(key);
        if let Some(authorization) = self.authorizations.get_mut(&key) {
            authorization.login = Login::Duplicated;
        }
    }

    /// What the world knows of a key, to be changed.
    pub(crate) fn authorization_mut(&mut self, key: i64) -> Option<&mut Authorization> {
        self.authorizations.get_mut(&key)
    }

    fn end_login(&mut self, key: i64) {
        let user = self.authorizations.get(&key).and_then(Authorization::user);
        if let Some(keys) = user.and_then(|user| self.keys.get_mut(&user)) {
            keys.remove(&key);
        }
    }

    /// The copy `id` in the box of `owner`, as a message.
    pub(crate) fn boxed(&self, owner: UserId, id: i32) -> Option<&Message> {
        let copy = self.mailboxes.get(&owner)?.copies.get(&id)?;
        self.messages.get(&copy.message)
    }

    /// The message `id` of a dialog in the eyes of `viewer`.
    pub(crate) fn message_in(&self, viewer: UserId, peer: PeerId, id: i32) -> Option<&Message> {
        match peer {
            PeerId::Channel(channel) => {
                let key = self.channels.get(&channel)?.messages.get(&id)?;
                self.messages.get(key)
            }
            _ => self
                .boxed(viewer, id)
                .filter(|message| message.place.peer_for(viewer) == peer),
        }
    }

    /// The accounts that read a place.
    pub(crate) fn readers(&self, place: Place) -> Vec<UserId> {
        match place {
            Place::Private(a, b) if a == b => vec![a],
            Place::Private(a, b) => vec![a, b],
            Place::Chat(id) => self
                .chats
                .get(&id)
                .map(|chat| chat.participants.keys().copied().collect())
                .unwrap_or_default(),
            Place::Channel(id) => self
                .channels
                .get(&id)
                .map(|channel| channel.members.keys().copied().collect())
                .unwrap_or_default(),
        }
    }

    /// Seconds that messages of a place live; `None` where they stay.
    pub(crate) fn ttl(&self, place: Place) -> Option<i32> {
        self.ttls.get(&ttl_key(place)).copied()
    }

    /// Sets how many seconds messages of a place live; 0 for ever.
    pub(crate) fn set_ttl(&mut self, place: Place, period: i32) {
        if period > 0 {
            self.ttls.insert(ttl_key(place), period);
        } else {
            self.ttls.remove(&ttl_key(place));
        }
    }

    /// Whether `viewer` has met `user`: in a dialog, a contact list or a common group.
    pub(crate) fn has_met(&self, viewer: UserId, user: UserId) -> bool {
        let has_dialog = self
            .mailboxes
            .get(&viewer)
            .is_some_and(|mailbox| mailbox.dialogs.contains_key(&PeerId::User(user)));
        let is_contact = self
            .users
            .get(&viewer)
            .is_some_and(|viewer| viewer.contacts.contains_key(&user));
        has_dialog
            || is_contact
            || self
                .chats
                .values()
                .any(|chat| chat.has(viewer) && chat.has(user))
            || self
                .channels
                .values()
                .any(|channel| channel.has(viewer) && channel.has(user))
    }

    /// Newest message of a dialog: its id and date. 0 where there is none.
    pub(crate) fn top_message(&self, owner: UserId, peer: PeerId) -> (i32, i32) {
        let top = match peer {
            PeerId::Channel(id) => self
                .channels
                .get(&id)
                .and_then(|channel| channel.messages.last_key_value())
                .map(|(id, key)| (*id, *key)),
            _ => self.mailboxes.get(&owner).and_then(|mailbox| {
                let id = mailbox.dialogs.get(&peer)?.ids.last()?;
                Some((*id, mailbox.copies.get(id)?.message))
            }),
        };
        top.and_then(|(id, key)| Some((id, self.messages.get(&key)?.date)))
            .unwrap_or((0, 0))
    }

    /// Unread incoming messages of a dialog.
    pub(crate) fn unread_count(&self, owner: UserId, peer: PeerId) -> i32 {
        let Some(mailbox) = self.mailboxes.get(&owner) else {
            return 0;
        };
        let PeerId::Channel(id) = peer else {
            return mailbox.unread_count(peer);
        };
        let read = mailbox
            .dialogs
            .get(&peer)
            .map_or(0, |dialog| dialog.read_inbox_max_id);
        let count = self.channels.get(&id).map_or(0, |channel| {
            channel
                .messages
                .range(read.saturating_add(1)..)
                .filter_map(|(_, key)| self.messages.get(key))
                .filter(|message| message.author != owner)
                .count()
        });
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}

/// The two ends of a place; both sides of a private chat have the same.
fn ttl_key(place: Place) -> (PeerId, PeerId) {
    match place {
        Place::Private(a, b) => (PeerId::User(a.min(b)), PeerId::User(a.max(b))),
        Place::Chat(id) => (PeerId::Chat(id), PeerId::Chat(id)),
        Place::Channel(id) => (PeerId::Channel(id), PeerId::Channel(id)),
    }
}
