//! The keys of a chat and their change: request, accept, commit; each party may begin one, only one runs at a time.
//!
//! Section: <https://core.telegram.org/api/end-to-end/pfs>.

use alloc::boxed::Box;

use super::chat::{SecretChat, SecretChatConfig, SecretChatEvent};
use super::key::{Secret, has_fingerprint};
use super::schema::Action;
use super::{RekeyFailure, SecretChatError};
use crate::crypto::auth_key::AuthKey;
use crate::ids::AuthKeyId;
use crate::random::{self, SecureRandom};
use crate::time::Instant;

/// Which key a message came under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Under {
    Current,
    /// The one before, for messages that were on their way.
    Previous,
    /// The one that the other side is about to commit to.
    Agreed,
}

/// A key that is no longer in use.
#[derive(Debug)]
struct Previous {
    key: AuthKey,
    /// The number of the first message seen under the new key: with everything before it there, this key goes.
    until: Option<i32>,
}

/// The key in use and the one before.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) current: AuthKey,
    previous: Option<Previous>,
    /// Messages under the key in use, both ways.
    uses: u32,
    /// Beyond this number the key is changed.
    most_uses: u32,
    has_encrypted: bool,
    /// At this time the key is changed.
    due: Instant,
}

impl Keys {
    pub(super) fn new(key: AuthKey, config: &SecretChatConfig, now: Instant) -> Self {
        Self {
            current: key,
            previous: None,
            uses: 0,
            most_uses: config.rekey_after_messages,
            has_encrypted: false,
            due: now.saturating_add(config.rekey_after),
        }
    }

    pub(super) fn erase(&mut self) {
        self.current = AuthKey::new([0; 256]);
        self.previous = None;
        self.has_encrypted = false;
    }

    pub(super) const fn note_use(&mut self, encrypted: bool) {
        self.uses = self.uses.saturating_add(1);
        self.has_encrypted |= encrypted;
    }

    /// The message `number` was interpreted, and with it all before it.
    pub(super) fn on_interpreted(&mut self, number: i32) {
        let is_done = |previous: &Previous| previous.until.is_some_and(|until| until <= number);
        if self.previous.as_ref().is_some_and(is_done) {
            self.previous = None;
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.has_encrypted.then_some(self.due)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.uses > self.most_uses || self.deadline().is_some_and(|due| due <= now)
    }

    /// A change failed: the next attempt waits as long as the first one did, so that two sides cannot refuse each other
    /// without end.
    fn put_off(&mut self, config: &SecretChatConfig, now: Instant) {
        self.most_uses = self.uses.saturating_add(config.rekey_after_messages);
        self.due = now.saturating_add(config.rekey_after);
    }
}

/// A change of keys under way.
#[derive(Debug)]
pub(super) enum Rekey {
    Idle,
    /// We began it.
    Requested {
        exchange_id: i64,
        secret: Box<Secret>,
    },
    /// The other side began it and we agreed: it may use the new key at any time.
    Accepted {
        exchange_id: i64,
        key: AuthKey,
    },
}

impl SecretChat {
    /// The key of this fingerprint.
    pub(super) fn key_named(&self, id: AuthKeyId) -> Option<(Under, AuthKey)> {
        let agreed = match &self.rekey {
            Rekey::Accepted { key, .. } => Some((Under::Agreed, key)),
            _ => None,
        };
        let previous = self.keys.previous.as_ref();
        [(Under::Current, &self.keys.current)]
            .into_iter()
            .chain(previous.map(|previous| (Under::Previous, &previous.key)))
            .chain(agreed)
            .find(|(_, key)| key.id() == id)
            .map(|(under, key)| (under, key.clone()))
    }

    /// A good message `number` came under one of the keys.
    pub(super) fn on_key_used(
        &mut self,
        now: Instant,
        under: Under,
        number: i32,
        random: &mut dyn SecureRandom,
    ) {
        match under {
            Under::Previous => {}
            Under::Current => {
                self.keys.note_use(false);
                if let Some(previous) = &mut self.keys.previous {
                    previous.until.get_or_insert(number);
                }
            }
            Under::Agreed => {
                if let Rekey::Accepted { key, .. } =
                    core::mem::replace(&mut self.rekey, Rekey::Idle)
                {
                    let until = Some(number);
                    self.switch(now, key, true, until);
                    self.push_action(&Action::Noop, random);
                }
            }
        }
    }

    /// Whether a change may begin: none runs, the last one is complete, nothing is missing.
    pub(super) fn can_start_rekey(&self) -> bool {
        matches!(self.rekey, Rekey::Idle) && self.keys.previous.is_none() && self.waiting.is_empty()
    }

    pub(super) fn start_rekey_if_due(&mut self, now: Instant, random: &mut dyn SecureRandom) {
        if !self.can_start_rekey() || !self.keys.is_due(now) || self.check_sendable().is_err() {
            return;
        }
        let Ok(secret) = Secret::draw(&self.params, &[], random) else {
            self.keys.put_off(&self.config, now);
            return;
        };
        let exchange_id = i64::from_le_bytes(random::bytes(random));
        let request = Action::RequestKey {
            exchange_id,
            g_a: &secret.public.clone(),
        };
        self.push_action(&request, random);
        self.rekey = Rekey::Requested {
            exchange_id,
            secret: Box::new(secret),
        };
    }

    pub(super) fn on_request_key(
        &mut self,
        now: Instant,
        exchange_id: i64,
        g_a: &[u8],
        random: &mut dyn SecureRandom,
    ) {
        match &self.rekey {
            // The other side gives its own up when it sees ours.
            Rekey::Requested {
                exchange_id: ours, ..
            } if *ours > exchange_id => return,
            Rekey::Requested {
                exchange_id: ours, ..
            } if *ours == exchange_id => {
                self.fail_rekey(now, RekeyFailure::SameExchange);
                return;
            }
            Rekey::Requested { .. } => {}
            Rekey::Idle if self.keys.previous.is_none() => {}
            // A change that was agreed on cannot be given up any more.
            Rekey::Idle | Rekey::Accepted { .. } => {
                self.push_action(&Action::AbortKey { exchange_id }, random);
                return;
            }
        }
        self.rekey = Rekey::Idle;
        let agreed = Secret::draw(&self.params, &[], random)
            .and_then(|secret| Ok((secret.shared(&self.params, g_a)?, secret.public)));
        let Ok((key, g_b)) = agreed else {
            self.push_action(&Action::AbortKey { exchange_id }, random);
            self.fail_rekey(now, RekeyFailure::PublicNumber);
            return;
        };
        let accept = Action::AcceptKey {
            exchange_id,
            g_b: &g_b,
            key_fingerprint: key.id().as_long(),
        };
        self.push_action(&accept, random);
        self.rekey = Rekey::Accepted { exchange_id, key };
    }

    pub(super) fn on_accept_key(
        &mut self,
        now: Instant,
        exchange_id: i64,
        g_b: &[u8],
        key_fingerprint: i64,
        random: &mut dyn SecureRandom,
    ) {
        let secret = match &self.rekey {
            Rekey::Requested {
                exchange_id: ours,
                secret,
            } if *ours == exchange_id => secret,
            _ => {
                self.push_action(&Action::AbortKey { exchange_id }, random);
                return;
            }
        };
        let agreed = match secret.shared(&self.params, g_b) {
            Ok(key) if has_fingerprint(&key, key_fingerprint) => Ok(key),
            Ok(_) => Err(RekeyFailure::Fingerprint),
            Err(_) => Err(RekeyFailure::PublicNumber),
        };
        match agreed {
            Ok(key) => {
                let commit = Action::CommitKey {
                    exchange_id,
                    key_fingerprint,
                };
                // The last message under the old key.
                self.push_action(&commit, random);
                self.switch(now, key, true, None);
            }
            Err(failure) => {
                self.push_action(&Action::AbortKey { exchange_id }, random);
                self.fail_rekey(now, failure);
            }
        }
    }

    pub(super) fn on_commit_key(
        &mut self,
        now: Instant,
        exchange_id: i64,
        key_fingerprint: i64,
        random: &mut dyn SecureRandom,
    ) -> Result<(), SecretChatError> {
        let key = match &self.rekey {
            Rekey::Accepted {
                exchange_id: ours,
                key,
            } if *ours == exchange_id && has_fingerprint(key, key_fingerprint) => key.clone(),
            // A message under the new key came first and did the same.
            _ if has_fingerprint(&self.keys.current, key_fingerprint) => return Ok(()),
            // The other side will write under a key that we do not have.
            _ => return Err(SecretChatError::CommittedKey),
        };
        // Everything before the commitment is there, so that nothing can come under the old key any more.
        self.switch(now, key, false, None);
        self.push_action(&Action::Noop, random);
        Ok(())
    }

    pub(super) fn on_abort_key(&mut self, now: Instant, aborted: i64) {
        match &self.rekey {
            Rekey::Requested { exchange_id, .. } | Rekey::Accepted { exchange_id, .. }
                if *exchange_id == aborted =>
            {
                self.fail_rekey(now, RekeyFailure::Refused);
            }
            _ => {}
        }
    }

    fn fail_rekey(&mut self, now: Instant, failure: RekeyFailure) {
        self.rekey = Rekey::Idle;
        self.keys.put_off(&self.config, now);
        self.events.push_back(SecretChatEvent::RekeyFailed(failure));
    }

    fn switch(&mut self, now: Instant, key: AuthKey, keep_old: bool, until: Option<i32>) {
        self.rekey = Rekey::Idle;
        let key_fingerprint = key.id().as_long();
        let old = core::mem::replace(&mut self.keys, Keys::new(key, &self.config, now));
        if keep_old {
            self.keys.previous = Some(Previous {
                key: old.current,
                until,
            });
        }
        self.events
            .push_back(SecretChatEvent::KeyChanged { key_fingerprint });
    }
}
