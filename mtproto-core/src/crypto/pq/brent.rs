//! Pollard's rho in Brent's form: slower than curves, but it also separates factors that are both small.

use super::gcd;
use super::residue::Ring;

/// Steps whose differences are multiplied before one gcd.
const BATCH: u32 = 128;
/// The longest run without a new starting point, as a power of two. Factors of 32 bits need about 2^16 steps.
const LONGEST: u32 = 19;
/// Sequences tried.
const SEQUENCES: u64 = 8;

/// A proper factor of a composite number, found within `SEQUENCES` · 2^(`LONGEST` + 2) steps or not at all.
pub(super) fn find_factor(ring: &Ring) -> Option<u64> {
    (1..=SEQUENCES).find_map(|constant| walk(ring, ring.enter(constant)))
}

fn walk(ring: &Ring, constant: u64) -> Option<u64> {
    let n = ring.modulus();
    let step = |y| ring.add(ring.mul(y, y), constant);
    let mut y = ring.enter(2);
    for length in (0..=LONGEST).map(|i| 1_u32 << i) {
        let x = y;
        let mut left = length;
        while left > 0 {
            let start = y;
            let batch = left.min(BATCH);
            let mut product = ring.one();
            for _ in 0..batch {
                y = step(y);
                product = ring.mul(product, x.abs_diff(y));
            }
            left -= batch;
            match gcd(product, n) {
                1 => {}
                // Both factors in one batch: step by step they may come apart.
                factor if factor == n => {
                    let mut y = start;
                    return (0..batch).find_map(|_| {
                        y = step(y);
                        Some(gcd(x.abs_diff(y), n)).filter(|factor| (2..n).contains(factor))
                    });
                }
                factor => return Some(factor),
            }
        }
    }
    None
}
