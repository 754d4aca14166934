//! Randomness as the core sees it: given by the driver, never drawn from the system.

use alloc::boxed::Box;

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
