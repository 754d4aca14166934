//! Powers of a fixed base: Lim and Lee's comb with eight teeth.
//!
//! The exponent of 2048 bits is cut into eight rows of 256 bits.
//! The table holds the product of g^(2^(256 i)) for each of the 256 sets of rows, so one pass over the columns needs
//! 256 squarings instead of 2048.

use alloc::vec;
use alloc::vec::Vec;

use super::pow::{bit, select};
use super::{FULL, Modulus, Num};

const TEETH: usize = 8;
const COLUMNS: usize = 2048 / TEETH;

/// The table of one base and modulus: 64 KiB, made in about the time of one ordinary power.
#[derive(Clone)]
pub(in super::super) struct Comb {
    table: Vec<Num<FULL>>,
}

impl Comb {
    /// The table of `base` (in Montgomery form).
    pub(in super::super) fn new(modulus: &Modulus<FULL>, base: &Num<FULL>) -> Self {
        let mut table = vec![*modulus.one(); 1 << TEETH];
        let mut tooth = *base;
        for i in 0..TEETH {
            for j in 0..1 << i {
                table[(1 << i) + j] = modulus.mul(&table[j], &tooth);
            }
            for _ in 0..COLUMNS {
                tooth = modulus.square(&tooth);
            }
        }
        Self { table }
    }

    /// The base to the power of a big-endian `exponent`, in Montgomery form and in constant time.
    pub(in super::super) fn pow(&self, modulus: &Modulus<FULL>, exponent: &[u8; 256]) -> Num<FULL> {
        let mut acc = *modulus.one();
        let mut factor = [0; FULL];
        for column in (0..COLUMNS).rev() {
            acc = modulus.square(&acc);
            let digit = (0..TEETH).rev().fold(0, |digit, row| {
                (digit << 1) | bit(exponent, row * COLUMNS + column)
            });
            select(&mut factor, &self.table, digit);
            acc = modulus.mul(&acc, &factor);
        }
        acc
    }
}
