//! Server salts: the client's book of known ones, and the server's schedule.
//!
//! Salts belong to the authorization key. The server changes them every 30 minutes and accepts the former one for
//! another 30.
//! Sections: <https://core.telegram.org/mtproto/description#server-salt>,
//! <https://core.telegram.org/mtproto/service_messages#request-for-several-future-salts>.

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::hash;
use crate::ids::{AuthKeyId, ServerSalt};
use crate::time::UnixTime;
use crate::tl::service::FutureSalt;

/// How long a salt is the newest, and how long it is accepted after that, in seconds.
pub const SALT_PERIOD_SECS: u64 = 1800;
/// The most salts that a client may ask for.
pub(super) const MAX_FUTURE_SALTS: i32 = 64;

/// The salts that a client knows for its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaltBook {
    current: ServerSalt,
    /// Sorted by the start of validity.
    future: Vec<FutureSalt>,
}

impl SaltBook {
    /// A book that knows `current` alone.
    #[must_use]
    pub const fn new(current: ServerSalt) -> Self {
        Self {
            current,
            future: Vec::new(),
        }
    }

    /// The salt to use at `unix`: the newest valid one, else the last one that the server named.
    pub fn at(&mut self, unix: UnixTime) -> ServerSalt {
        let now = unix.as_tl_int();
        let begun = self.future.partition_point(|salt| salt.valid_since <= now);
        if let Some(newest) = self.future.drain(..begun).next_back()
            && newest.valid_until > now
        {
            self.current = newest.salt;
        }
        self.current
    }

    /// Adopts a salt that the server demands now.
    pub fn set(&mut self, salt: ServerSalt) {
        self.current = salt;
    }

    /// Adopts an answer to `get_future_salts`; entries that are over, empty, or too many are left out.
    pub fn learn(&mut self, salts: impl Iterator<Item = FutureSalt>, unix: UnixTime) {
        let now = unix.as_tl_int();
        let limit = usize::try_from(MAX_FUTURE_SALTS).unwrap_or(0);
        let usable = |salt: &FutureSalt| {
            salt.valid_until > now && salt.valid_until > salt.valid_since && salt.salt.0 != 0
        };
        self.future = salts.filter(usable).take(limit).collect();
        self.future.sort_by_key(|salt| salt.valid_since);
    }

    /// Number of salts known beside the current one.
    #[must_use]
    pub fn future_len(&self) -> usize {
        self.future.len()
    }
}

/// The salts of one key at the server, derived so that nothing but a secret must be stored.
///
/// The salt made by the key exchange is the one of the period in which the key was made.
#[derive(Clone)]
pub struct SaltSchedule {
    secret: [u8; 32],
}

impl fmt::Debug for SaltSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaltSchedule").finish_non_exhaustive()
    }
}

/// What the schedule needs to know of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaltOwner {
    /// The key.
    pub id: AuthKeyId,
    /// When the key was made.
    pub created: UnixTime,
    /// The salt that the key exchange made.
    pub first_salt: Option<ServerSalt>,
}

impl SaltSchedule {
    /// A schedule derived from `secret`, which must be known to the server alone.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The newest salt of the key at `unix`.
    #[must_use]
    pub fn current(&self, owner: &SaltOwner, unix: UnixTime) -> ServerSalt {
        self.of_period(owner, period(unix))
    }

    /// Whether `salt` is the newest one at `unix` or the one before.
    #[must_use]
    pub fn accepts(&self, owner: &SaltOwner, salt: ServerSalt, unix: UnixTime) -> bool {
        let now = period(unix);
        salt == self.of_period(owner, now)
            || now
                .checked_sub(1)
                .is_some_and(|before| salt == self.of_period(owner, before))
    }

    /// The salts of `count` periods from the current one on.
    #[must_use]
    pub fn future(&self, owner: &SaltOwner, unix: UnixTime, count: usize) -> Vec<FutureSalt> {
        let first = period(unix);
        (first..)
            .take(count)
            .map(|period| {
                let since = period.saturating_mul(SALT_PERIOD_SECS);
                let until = since.saturating_add(SALT_PERIOD_SECS.saturating_mul(2));
                FutureSalt {
                    valid_since: UnixTime::from_secs(since).as_tl_int(),
                    valid_until: UnixTime::from_secs(until).as_tl_int(),
                    salt: self.of_period(owner, period),
                }
            })
            .collect()
    }

    fn of_period(&self, owner: &SaltOwner, at: u64) -> ServerSalt {
        match owner.first_salt {
            Some(first) if at == period(owner.created) => first,
            _ => {
                let digest = hash::sha256(&[&self.secret, &owner.id.0, &at.to_le_bytes()]);
                let [a, b, c, d, e, f, g, h, ..] = digest;
                // Clients start with zero when they know no salt: it must never be right.
                ServerSalt(i64::from_le_bytes([a, b, c, d, e, f, g, h]) | 1)
            }
        }
    }
}

const fn period(unix: UnixTime) -> u64 {
    unix.as_secs() / SALT_PERIOD_SECS
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 1_700_000_000 / SALT_PERIOD_SECS * SALT_PERIOD_SECS;

    fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(T + secs)
    }

    fn owner() -> SaltOwner {
        SaltOwner {
            id: AuthKeyId([7; 8]),
            created: at(10),
            first_salt: Some(ServerSalt(42)),
        }
    }

    #[test]
    fn hs_51_the_salt_of_the_key_exchange_is_the_first_one() {
        let schedule = SaltSchedule::new([1; 32]);
        assert_eq!(schedule.current(&owner(), at(20)), ServerSalt(42));
        assert!(schedule.accepts(&owner(), ServerSalt(42), at(3599)));
        assert!(!schedule.accepts(&owner(), ServerSalt(42), at(3600)));
    }

    #[test]
    fn se_35_the_former_salt_is_accepted_for_1800_seconds() {
        let schedule = SaltSchedule::new([1; 32]);
        let old = schedule.current(&owner(), at(1800));
        assert_ne!(old, ServerSalt(42));
        assert!(schedule.accepts(&owner(), old, at(1800 + 1800 + 600)));
        assert!(!schedule.accepts(&owner(), old, at(1800 + 3600)));
    }

    #[test]
    fn se_34_a_zero_or_foreign_salt_is_never_right() {
        let schedule = SaltSchedule::new([1; 32]);
        assert!(!schedule.accepts(&owner(), ServerSalt(0), at(0)));
        let other = SaltOwner {
            id: AuthKeyId([8; 8]),
            first_salt: None,
            ..owner()
        };
        let foreign = schedule.current(&other, at(0));
        assert!(!schedule.accepts(&owner(), foreign, at(0)));
    }

    #[test]
    fn as_many_salts_as_asked_for_follow_each_other() {
        let schedule = SaltSchedule::new([1; 32]);
        let salts = schedule.future(&owner(), at(5), 64);
        assert_eq!(salts.len(), 64);
        assert_eq!(salts[0].salt, ServerSalt(42));
        for pair in salts.windows(2) {
            assert_eq!(pair[1].valid_since - pair[0].valid_since, 1800);
            assert_eq!(pair[0].valid_until - pair[0].valid_since, 3600);
            assert_ne!(pair[0].salt, pair[1].salt);
        }
    }

    #[test]
    fn se_32_a_client_switches_salts_in_time() {
        let schedule = SaltSchedule::new([1; 32]);
        let salts = schedule.future(&owner(), at(5), 3);
        let mut book = SaltBook::new(ServerSalt(9));
        book.learn(salts.iter().rev().copied(), at(5));
        assert_eq!(book.at(at(6)), salts[0].salt);
        assert_eq!(book.at(at(1799)), salts[0].salt);
        assert_eq!(book.at(at(1800)), salts[1].salt);
        assert_eq!(book.at(at(3700)), salts[2].salt);
        assert_eq!(book.at(at(90_000)), salts[2].salt, "better than nothing");
    }

    #[test]
    fn sv_51_useless_salts_change_nothing() {
        let mut book = SaltBook::new(ServerSalt(9));
        let entry = |since: i32, until: i32, salt| FutureSalt {
            valid_since: since,
            valid_until: until,
            salt: ServerSalt(salt),
        };
        let now = at(0).as_tl_int();
        let useless = [
            entry(now - 100, now - 50, 1),
            entry(now + 50, now + 10, 2),
            entry(now - 10, now + 10, 0),
            entry(i32::MIN, i32::MIN, 3),
        ];
        book.learn(useless.into_iter().cycle().take(100_000), at(0));
        assert_eq!(book.future_len(), 0);
        assert_eq!(book.at(at(0)), ServerSalt(9));
        book.learn(
            (0..100_000).map(|i| entry(now + i, now + 200_000, 5)),
            at(0),
        );
        assert_eq!(book.future_len(), 64);
    }
}
