//! Where a server keeps its authorization keys.

use alloc::collections::BTreeMap;

use crate::crypto::auth_key::AuthKey;
use crate::ids::{AuthKeyId, DcId, ServerSalt};
use crate::time::UnixTime;

/// The keys of a server. Drivers persist them, share them between endpoints, or keep them in memory.
pub trait AuthKeyStore: Send {
    /// The key named `id`.
    fn get(&self, id: AuthKeyId) -> Option<AuthKeyRecord>;

    /// Adds a key, or replaces the record of the one with the same identifier.
    fn insert(&mut self, record: AuthKeyRecord);

    /// Removes a key; returns whether it was there.
    fn remove(&mut self, id: AuthKeyId) -> bool;
}

/// A key and what belongs to it.
#[derive(Clone, Debug)]
pub struct AuthKeyRecord {
    /// The key.
    pub key: AuthKey,
    /// The data centre that the client named when it made the key, if it named one.
    pub dc: Option<DcId>,
    /// When the key was made.
    pub created: UnixTime,
    /// The salt that the key exchange made; none for keys that came in another way.
    pub first_salt: Option<ServerSalt>,
    /// Permanent or temporary.
    pub kind: KeyKind,
}

/// The two kinds of authorization keys.
///
/// Section: <https://core.telegram.org/api/pfs>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Carries a login.
    Permanent {
        /// The one temporary key that is bound to it.
        temporary: Option<AuthKeyId>,
    },
    /// Acts for a permanent key while it is bound to it.
    Temporary {
        /// When the key ends.
        expires_at: UnixTime,
        /// The permanent key it is bound to.
        permanent: Option<AuthKeyId>,
    },
}

impl AuthKeyRecord {
    /// A permanent key that did not come from a key exchange, such as one of a ready session.
    #[must_use]
    pub const fn permanent(key: AuthKey, created: UnixTime) -> Self {
        Self {
            key,
            dc: None,
            created,
            first_salt: None,
            kind: KeyKind::Permanent { temporary: None },
        }
    }

    /// The permanent key that a login under this key belongs to; none for a temporary key that is not bound.
    #[must_use]
    pub const fn login_key(&self) -> Option<AuthKeyId> {
        match self.kind {
            KeyKind::Permanent { .. } => Some(self.key.id()),
            KeyKind::Temporary { permanent, .. } => permanent,
        }
    }

    /// Whether the key has ended at `unix`.
    #[must_use]
    pub fn is_expired(&self, unix: UnixTime) -> bool {
        matches!(self.kind, KeyKind::Temporary { expires_at, .. } if expires_at <= unix)
    }
}

/// Keys in memory, gone with the process.
///
/// The store itself has no bound. The endpoint keeps it bounded: keys without a session and without a login by
/// [`ServerConfig::idle_keys`](crate::config::ServerConfig::idle_keys), those with sessions by the sessions.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    keys: BTreeMap<AuthKeyId, AuthKeyRecord>,
}

impl MemoryKeyStore {
    /// An empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keys: BTreeMap::new(),
        }
    }
}

impl AuthKeyStore for MemoryKeyStore {
    fn get(&self, id: AuthKeyId) -> Option<AuthKeyRecord> {
        self.keys.get(&id).cloned()
    }

    fn insert(&mut self, record: AuthKeyRecord) {
        self.keys.insert(record.key.id(), record);
    }

    fn remove(&mut self, id: AuthKeyId) -> bool {
        self.keys.remove(&id).is_some()
    }
}
