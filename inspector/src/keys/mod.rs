//! Keys: what a capture is decrypted with, and where each of them came from.

mod key_log;
pub mod session_string;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::ids::{AuthKeyId, Nonce};
use mtproto_core::transport::ProxySecret;

pub use key_log::{Entry, KeyLogReader, LineProblem, LineProblemKind, parse_line};

/// Keys of each kind that are kept; more would not be of one capture.
const MAX_KEYS: usize = 1_000_000;
/// Proxy secrets that are kept: each costs a key derivation per obfuscated connection.
const MAX_PROXY_SECRETS: usize = 64;

/// How long an authorization key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLife {
    /// A key that a login belongs to.
    Permanent,
    /// A key of perfect forward secrecy, bound to a permanent one for some hours.
    Temporary,
}

/// An authorization key that is known.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// The key.
    pub key: AuthKey,
    /// The data centre it is for, if its source says so.
    pub dc: Option<i32>,
    /// How long it lives, if its source says so.
    pub life: Option<KeyLife>,
    /// Where it came from.
    pub source: Source,
}

/// Where a key came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A file or string that the user named.
    Given(String),
    /// A Decryption Secrets Block of the capture.
    Capture,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => f.write_str(name),
            Self::Capture => f.write_str("the capture itself"),
        }
    }
}

/// A temporary key and the permanent one that it was bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The permanent key.
    pub permanent: AuthKeyId,
    /// When the temporary key expires, in Unix seconds.
    pub expires: i64,
}

/// Every key that is known, by its identifier.
#[derive(Debug, Default)]
pub struct KeyRing {
    auth_keys: HashMap<AuthKeyId, KnownKey>,
    new_nonces: HashMap<Nonce, [u8; 32]>,
    bindings: HashMap<AuthKeyId, Binding>,
    proxy_secrets: Arc<[ProxySecret]>,
    problems: Vec<(Source, LineProblem)>,
    unknown_labels: u64,
}

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a whole key log; lines that cannot be used are kept as [`problems`](Self::problems).
    pub fn add_key_log(&mut self, text: &[u8], source: &Source) {
        let mut reader = KeyLogReader::new();
        self.add_chunk(&mut reader, text, source);
        let last = reader.finish();
        self.take_all(last, source);
    }

    /// Takes the next bytes of a key log that is still growing.
    pub fn add_chunk(&mut self, reader: &mut KeyLogReader, chunk: &[u8], source: &Source) {
        let entries = reader.push(chunk);
        self.take_all(entries, source);
    }

    fn take_all(&mut self, entries: Vec<Result<Entry, LineProblem>>, source: &Source) {
        for entry in entries {
            match entry {
                Ok(entry) => self.add(entry, source),
                Err(problem) if self.problems.len() < 1000 => {
                    self.problems.push((source.clone(), problem));
                }
                Err(_) => {}
            }
        }
    }

    /// Adds what one line said. The first of two different statements about the same thing stays.
    pub fn add(&mut self, entry: Entry, source: &Source) {
        if self.auth_keys.len() + self.new_nonces.len() + self.bindings.len() >= MAX_KEYS {
            return;
        }
        match entry {
            Entry::AuthKey { dc, key, life } => {
                let known = KnownKey {
                    key,
                    dc,
                    life,
                    source: source.clone(),
                };
                self.auth_keys.entry(known.key.id()).or_insert(known);
            }
            Entry::NewNonce { nonce, new_nonce } => {
                self.new_nonces.entry(nonce).or_insert(new_nonce);
            }
            Entry::KeyBind {
                temporary,
                permanent,
                expires,
            } => {
                self.bindings
                    .entry(temporary)
                    .or_insert(Binding { permanent, expires });
            }
            Entry::ProxySecret { secret } if self.proxy_secrets.len() < MAX_PROXY_SECRETS => {
                self.proxy_secrets = self.proxy_secrets.iter().cloned().chain([secret]).collect();
            }
            Entry::ProxySecret { .. } => {}
            Entry::UnknownLabel => self.unknown_labels += 1,
        }
    }

    /// The key with this identifier.
    #[must_use]
    pub fn auth_key(&self, id: AuthKeyId) -> Option<&KnownKey> {
        self.auth_keys.get(&id)
    }

    /// The client's secret number of the key exchange with this `nonce`.
    #[must_use]
    pub fn new_nonce(&self, nonce: &Nonce) -> Option<&[u8; 32]> {
        self.new_nonces.get(nonce)
    }

    /// What a temporary key was bound to.
    #[must_use]
    pub fn binding(&self, temporary: AuthKeyId) -> Option<Binding> {
        self.bindings.get(&temporary).copied()
    }

    /// The secrets of MTProxy servers, tried on every obfuscated stream.
    #[must_use]
    pub fn proxy_secrets(&self) -> Arc<[ProxySecret]> {
        Arc::clone(&self.proxy_secrets)
    }

    /// Number of authorization keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.auth_keys.len()
    }

    /// Whether there is no authorization key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.auth_keys.is_empty()
    }

    /// The authorization keys, in no particular order.
    pub fn auth_keys(&self) -> impl Iterator<Item = &KnownKey> {
        self.auth_keys.values()
    }

    /// Lines that could not be used, with their source.
    #[must_use]
    pub fn problems(&self) -> &[(Source, LineProblem)] {
        &self.problems
    }

    /// Lines whose label means nothing here; the format asks to ignore them.
    #[must_use]
    pub const fn unknown_labels(&self) -> u64 {
        self.unknown_labels
    }
}
