//! Passwords of two-step verification.

use std::collections::BTreeMap;

use crate::crypto::{PasswordChallenge, PasswordParams};

use super::ids::UserId;

/// What the service keeps of a password.
#[derive(Clone)]
pub(crate) struct Password {
    pub(crate) params: PasswordParams,
    /// `g^x mod p`; absent until first asked for, because it takes 100,000 rounds of hashing.
    pub(crate) verifier: Option<Box<[u8; 256]>>,
    /// The password in clear, where a fixture gave it.
    pub(crate) clear: Option<String>,
    pub(crate) hint: String,
    /// Confirmed address for recovery.
    pub(crate) recovery_email: Option<String>,
}

/// What takes effect once the recovery address is confirmed.
#[derive(Clone, Debug)]
pub(crate) struct PendingPassword {
    /// The new password, where it changes too.
    pub(crate) password: Option<Password>,
    pub(crate) email: String,
}

impl core::fmt::Debug for Password {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A challenge given out by `account.getPassword`, until it is used.
#[derive(Clone, Debug)]
pub(crate) struct OpenChallenge {
    pub(crate) user: UserId,
    pub(crate) challenge: PasswordChallenge,
    /// Unix seconds.
    pub(crate) until: i64,
}

/// Challenges by `srp_id`.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    open: BTreeMap<i64, OpenChallenge>,
}

/// Challenges that wait at once; the one that expires first gives way.
const MAX_OPEN: usize = 4096;

impl Challenges {
    /// Opens a challenge under `srp_id`.
    pub(crate) fn insert(&mut self, srp_id: i64, challenge: OpenChallenge, now: i64) {
        self.open.retain(|_, open| open.until > now);
        if self.open.len() >= MAX_OPEN {
            let first = self
                .open
                .iter()
                .min_by_key(|(_, open)| open.until)
                .map(|(id, _)| *id);
            if let Some(id) = first {
                self.open.remove(&id);
            }
        }
        self.open.insert(srp_id, challenge);
    }

    /// Takes a challenge of `user`; each serves once.
    pub(crate) fn take(
        &mut self,
        srp_id: i64,
        user: UserId,
        now: i64,
    ) -> Option<PasswordChallenge> {
        let open = self.open.get(&srp_id)?;
        if open.user != user || open.until <= now {
            return None;
        }
        self.open.remove(&srp_id).map(|open| open.challenge)
    }
}
