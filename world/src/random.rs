//! The world's only source of chance: a generator seeded by the configuration.
//!
//! Two kinds of numbers come from it.
//! A *drawn* number depends on how many were drawn before (ids of new users, hashes of codes).
//! A *derived* number depends on its inputs alone (the access hash of one user in the eyes of another), so it needs no table and survives a reordering of calls.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// What a derived number is for; part of its input, so that two purposes never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    UserHash = 1,
    ChannelHash = 2,
    PhotoHash = 3,
    DocumentHash = 4,
    FileReference = 5,
    AuthorizationHash = 6,
    ChatInstance = 7,
    NewSalt = 8,
    SecretChatHash = 9,
    EncryptedFileHash = 10,
    InlineMessageHash = 11,
    ContactToken = 12,
}

/// A seeded generator.
#[derive(Debug)]
pub(crate) struct Random {
    seed: u64,
    drawn: ChaCha12Rng,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: ChaCha12Rng::seed_from_u64(seed),
        }
    }

    /// The next 64 bits, as the signed number of a `long` field.
    pub(crate) fn long(&mut self) -> i64 {
        self.drawn.next_u64().cast_signed()
    }

    /// A number within `low..high`; `low` where the range is empty.
    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(1).unsigned_abs();
        low.saturating_add((self.drawn.next_u64() % width).cast_signed())
    }

    /// `N` bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.drawn.fill_bytes(&mut bytes);
        bytes
    }

    /// `length` letters and digits, as in the secret of a bot token or an invite link.
    pub(crate) fn letters(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..length)
            .map(|_| char::from(ALPHABET[(self.drawn.next_u32() % 64) as usize]))
            .collect()
    }

    /// Lower-case hexadecimal digits of `N` bytes, as in `phone_code_hash`.
    pub(crate) fn hex<const N: usize>(&mut self) -> String {
        self.bytes::<N>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The number that `purpose`, `viewer` and `subject` determine in this world.
    pub(crate) fn derive(&self, purpose: Purpose, viewer: i64, subject: i64) -> i64 {
        let mut key = [0_u8; 32];
        let words = [
            self.seed,
            purpose as u64,
            viewer.cast_unsigned(),
            subject.cast_unsigned(),
        ];
        for (place, word) in key.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha12Rng::from_seed(key).next_u64().cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Random};

    #[test]
    fn derived_numbers_depend_on_every_input() {
        let random = Random::new(7);
        let base = random.derive(Purpose::UserHash, 1, 2);
        assert_eq!(base, random.derive(Purpose::UserHash, 1, 2));
        assert_ne!(base, random.derive(Purpose::UserHash, 2, 1));
        assert_ne!(base, random.derive(Purpose::ChannelHash, 1, 2));
        assert_ne!(base, Random::new(8).derive(Purpose::UserHash, 1, 2));
    }

    #[test]
    fn drawn_numbers_repeat_with_the_seed() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (random.long(), random.letters(35), random.hex::<9>())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!((10..20).contains(&Random::new(3).within(10, 20)));
        assert_eq!(Random::new(3).within(5, 5), 5);
    }
}
