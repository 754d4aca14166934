//! The point of view from which everything is rendered.

use std::collections::BTreeSet;

use tl_parser::{Object, Value};

use crate::model::ids::{ChannelId, ChatId, PeerId, UserId};
use crate::state::State;

/// What `viewer` sees at one moment.
///
/// Rendering a peer's id notes the peer; the containers that end a rendering (`updates`, `messages.messages`, …) list the users and chats noted so far.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) viewer: UserId,
    pub(crate) now: i32,
    users: BTreeSet<UserId>,
    chats: BTreeSet<ChatId>,
    channels: BTreeSet<ChannelId>,
}

impl<'a> View<'a> {
    pub(crate) fn new(state: &'a State, viewer: UserId, now: i32) -> Self {
        Self {
            state,
            viewer,
            now,
            users: BTreeSet::new(),
            chats: BTreeSet::new(),
            channels: BTreeSet::new(),
        }
    }

    /// Notes a peer that the rendered object mentions.
    pub(crate) fn note(&mut self, peer: PeerId) {
        match peer {
            PeerId::User(id) => {
                self.users.insert(id);
            }
            PeerId::Chat(id) => {
                self.chats.insert(id);
            }
            PeerId::Channel(id) => {
                self.channels.insert(id);
            }
        }
    }

    /// The users noted so far, as `User` objects.
    pub(crate) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|id| self.user(*id).into()).collect()
    }

    /// The groups and channels noted so far, as `Chat` objects.
    pub(crate) fn chats(&self) -> Vec<Value> {
        let chats = self.chats.iter().map(|id| self.chat(*id).into());
        let channels = self.channels.iter().map(|id| self.channel(*id).into());
        chats.chain(channels).collect()
    }

    /// Adds the `chats` and `users` that the object mentions.
    pub(crate) fn with_peers(&self, object: Object) -> Object {
        object
            .with("chats", self.chats())
            .with("users", self.users())
    }

    /// An `updates` container.
    pub(crate) fn updates(&self, updates: Vec<Object>) -> Object {
        let container = Object::new("updates").with("updates", updates);
        self.with_peers(container)
            .with("date", self.now)
            .with("seq", 0)
    }
}
