//! Keys that nobody uses: made in a key exchange, without a session and without a login.
//!
//! Anybody can make keys, so these are bounded. A key that a login belongs to, and one that the driver brought, is not
//! among them; keys with sessions are bounded by the sessions.

use alloc::collections::BTreeMap;

use super::{AuthKeyRecord, Endpoint, KeyKind, ServerEvent};
use crate::ids::AuthKeyId;

/// Keys looked at in one go for one that can be forgotten.
const TRIES: usize = 16;

/// The keys that may be forgotten once nobody uses them, the one that has been idle for longest first.
#[derive(Debug, Default)]
pub(super) struct IdleKeys {
    /// Since when each key has been idle; none while it has a session.
    since: BTreeMap<AuthKeyId, Option<u64>>,
    queue: BTreeMap<u64, AuthKeyId>,
    last: u64,
}

impl IdleKeys {
    /// Notes that a key may be forgotten; it counts as idle from now on.
    fn track(&mut self, id: AuthKeyId) {
        self.since.entry(id).or_insert(None);
        self.set_idle(id);
    }

    /// Notes that a key is gone, or must not be forgotten.
    pub(super) fn untrack(&mut self, id: AuthKeyId) {
        if let Some(since) = self.since.remove(&id).flatten() {
            self.queue.remove(&since);
        }
    }

    /// Notes that a key has a session.
    pub(super) fn set_used(&mut self, id: AuthKeyId) {
        if let Some(since) = self.since.get_mut(&id).and_then(Option::take) {
            self.queue.remove(&since);
        }
    }

    /// Notes that a key has no session any more.
    fn set_idle(&mut self, id: AuthKeyId) {
        if let Some(since @ None) = self.since.get_mut(&id) {
            self.last = self.last.wrapping_add(1);
            *since = Some(self.last);
            self.queue.insert(self.last, id);
        }
    }

    /// Keys that are idle.
    fn len(&self) -> usize {
        self.queue.len()
    }

    fn oldest(&self) -> Option<AuthKeyId> {
        self.queue.first_key_value().map(|(_, id)| *id)
    }
}

impl Endpoint {
    /// Says whether a login belongs to a key: such a key is never forgotten to make room.
    ///
    /// Keys of the key exchange have none until the driver says so; keys that the driver brought are kept until it
    /// says otherwise. Temporary keys need not be kept: a client that loses one makes another.
    pub fn set_key_kept(&mut self, id: AuthKeyId, kept: bool) {
        if kept {
            self.idle_keys.untrack(id);
        } else if self.keys.get(id).is_some() {
            self.may_forget_key(id);
        }
    }

    /// Keys of the key exchange that have neither a session nor a login; at most [`ServerConfig::idle_keys`] stay.
    ///
    /// [`ServerConfig::idle_keys`]: crate::config::ServerConfig::idle_keys
    #[must_use]
    pub fn idle_keys(&self) -> usize {
        self.idle_keys.len()
    }

    /// Lets a key be forgotten from now on, once it is idle and others need its place.
    pub(super) fn may_forget_key(&mut self, id: AuthKeyId) {
        self.idle_keys.track(id);
        if self.has_sessions(id) {
            self.idle_keys.set_used(id);
        }
        self.forget_idle_keys();
    }

    /// A session of the key is gone.
    pub(super) fn on_session_of_key_gone(&mut self, id: AuthKeyId) {
        if !self.has_sessions(id) {
            self.idle_keys.set_idle(id);
            self.forget_idle_keys();
        }
    }

    fn has_sessions(&self, id: AuthKeyId) -> bool {
        self.sessions_of(id).next().is_some()
    }

    /// Forgets the keys that have been idle for longest, until no more than the limit are left.
    fn forget_idle_keys(&mut self) {
        for _ in 0..TRIES {
            if self.idle_keys.len() <= self.config.idle_keys {
                return;
            }
            let Some(id) = self.idle_keys.oldest() else {
                return;
            };
            self.idle_keys.untrack(id);
            if self.acts_through_another(id) {
                // It waits once more: its temporary key has a session, and those are bounded.
                self.idle_keys.track(id);
                continue;
            }
            if self.keys.remove(id) {
                self.events
                    .push_back(ServerEvent::AuthKeyDestroyed { auth_key_id: id });
            }
        }
    }

    /// Whether a permanent key is in use through the temporary key that is bound to it.
    fn acts_through_another(&self, id: AuthKeyId) -> bool {
        let temporary = self.keys.get(id).and_then(|record| match record {
            AuthKeyRecord {
                kind: KeyKind::Permanent { temporary },
                ..
            } => temporary,
            _ => None,
        });
        temporary.is_some_and(|temporary| self.has_sessions(temporary))
    }
}
