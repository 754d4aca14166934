//! Modular powers: with a secret exponent in constant time, with a public one quickly.

use core::hint::black_box;

use zeroize::Zeroize;

use super::{Modulus, Num};

/// Bits of the exponent taken at once.
const WINDOW: usize = 5;

impl<const L: usize> Modulus<L> {
    /// `base` to the power of the big-endian `exponent`; base and result are in Montgomery form.
    ///
    /// The time depends on the length of the exponent in bytes, not on its value.
    pub(in super::super) fn pow(&self, base: &Num<L>, exponent: &[u8]) -> Num<L> {
        let mut table = [*self.one(); 1 << WINDOW];
        for i in 1..table.len() {
            table[i] = self.mul(&table[i - 1], base);
        }
        let windows = (8 * exponent.len()).div_ceil(WINDOW);
        let mut acc = *self.one();
        let mut factor = [0; L];
        for window in (0..windows).rev() {
            for _ in 0..WINDOW {
                acc = self.square(&acc);
            }
            let digit = (0..WINDOW).rev().fold(0, |digit, i| {
                (digit << 1) | bit(exponent, window * WINDOW + i)
            });
            select(&mut factor, &table, digit);
            acc = self.mul(&acc, &factor);
        }
        // With a secret base (SRP's verifier) its powers are secret too.
        table.as_flattened_mut().zeroize();
        factor.zeroize();
        acc
    }

    /// `base` to the power of a public `exponent`, in time that depends on the exponent.
    pub(in super::super) fn pow_public(&self, base: &Num<L>, exponent: u64) -> Num<L> {
        let mut acc = *self.one();
        for i in (0..64 - exponent.leading_zeros()).rev() {
            acc = self.square(&acc);
            if (exponent >> i) & 1 == 1 {
                acc = self.mul(&acc, base);
            }
        }
        acc
    }
}

/// Bit `index` of a big-endian number, counted from the lowest; bits above its end are 0.
pub(super) fn bit(number: &[u8], index: usize) -> u64 {
    match number.len().checked_sub(index / 8 + 1) {
        Some(at) => u64::from(number[at] >> (index % 8)) & 1,
        None => 0,
    }
}

/// `table[digit]`, read by going through the whole table.
pub(super) fn select<const L: usize>(out: &mut Num<L>, table: &[Num<L>], digit: u64) {
    /// Entries whose masks are made together; the barrier against the optimiser costs a trip through memory.
    const ENTRIES: usize = 32;
    /// Words gathered together, few enough to stay in registers.
    const WORDS: usize = 8;
    out.fill(0);
    for (chunk, first) in table.chunks(ENTRIES).zip((0..).step_by(ENTRIES)) {
        let masks: [u64; ENTRIES] = core::array::from_fn(|i| {
            let difference = (first + i as u64) ^ digit;
            // The top bit is 1 if the difference is zero: only then does subtracting 1 borrow.
            ((difference.wrapping_sub(1) & !difference) >> 63).wrapping_neg()
        });
        let masks = black_box(masks);
        for (column, out) in out.chunks_exact_mut(WORDS).enumerate() {
            let mut words = [0; WORDS];
            for (entry, mask) in chunk.iter().zip(masks) {
                for (word, entry) in words
                    .iter_mut()
                    .zip(&entry[WORDS * column..WORDS * (column + 1)])
                {
                    *word |= entry & mask;
                }
            }
            for (out, word) in out.iter_mut().zip(words) {
                *out |= word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_powers_agree() {
        let mut n = [u64::MAX; 16];
        n[0] = 0xffff_ffff_ffff_ff61;
        let modulus = Modulus::new(n).unwrap();
        let base = modulus.enter(&[3; 16]);
        for exponent in [0, 1, 2, 3, 16, 17, 31, 32, 65537, u64::MAX] {
            assert_eq!(
                modulus.pow(&base, &exponent.to_be_bytes()),
                modulus.pow_public(&base, exponent),
                "{exponent}"
            );
        }
        assert_eq!(modulus.pow(&base, &[]), *modulus.one());
    }

    #[test]
    fn select_reads_each_entry() {
        let entry = |i: u64| -> [u64; 16] {
            core::array::from_fn(|word| i << (word % 8 * 8) | word as u64)
        };
        let table: std::vec::Vec<_> = (0..256).map(entry).collect();
        let mut out = [0; 16];
        for digit in 0..256 {
            select(&mut out, &table, digit);
            assert_eq!(out, entry(digit));
        }
    }
}
