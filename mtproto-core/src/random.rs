//! Randomness as the core sees it: given by the driver, never drawn from the system.

use alloc::boxed::Box;
use core::fmt;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of bytes that nobody else can predict.
///
/// Drivers give a buffered generator seeded by the operating system; tests and replays give a seeded one, so that
/// the same seed and the same inputs produce the same bytes.
pub trait SecureRandom {
    /// Fills `dest` entirely.
    fn fill(&mut self, dest: &mut [u8]);
}

impl<R: SecureRandom + ?Sized> SecureRandom for &mut R {
    fn fill(&mut self, dest: &mut [u8]) {
        (**self).fill(dest);
    }
}

impl<R: SecureRandom + ?Sized> SecureRandom for Box<R> {
    fn fill(&mut self, dest: &mut [u8]) {
        (**self).fill(dest);
    }
}

/// An array of `N` random bytes.
pub fn bytes<const N: usize>(random: &mut dyn SecureRandom) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// A fast generator in user space: ChaCha20 from a 32-byte seed.
///
/// A driver seeds it once from the operating system, because a system call per message costs half of sealing a small
/// one.
/// A test or a replay seeds it with a constant and gets the same bytes every time.
#[derive(Clone)]
pub struct ChaChaRandom(ChaCha20Rng);

impl ChaChaRandom {
    /// The generator that `seed` determines.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// The generator of a small number, for tests, worlds and replays; its output is as predictable as the number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        Self::from_seed(seed)
    }
}

impl SecureRandom for ChaChaRandom {
    fn fill(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }
}

/// The state would let a reader predict every key made from it.
impl fmt::Debug for ChaChaRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChaChaRandom(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let mut first = ChaChaRandom::from_number(7);
        let mut second = ChaChaRandom::from_number(7);
        let mut other = ChaChaRandom::from_number(8);
        let drawn: [u8; 100] = bytes(&mut first);
        assert_eq!(drawn, bytes::<100>(&mut second));
        assert_ne!(drawn, bytes::<100>(&mut other));
        assert_ne!(drawn, bytes::<100>(&mut first));
    }
}
