//! Factorisation of `pq`, the client's proof of work at the start of a key exchange.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key#proof-of-work>.
//!
//! Variable-time: the number is public.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "arithmetic modulo a 64-bit number on 128-bit products; additions of residues state how they wrap"
)]

mod brent;
mod ecm;
mod residue;

use residue::Ring;

/// Splits `pq` into its two prime factors, the smaller first.
///
/// `None` if `pq` is not a product of exactly two primes: 0, 1, a prime, or a product of more.
/// The number comes from the other side, so the work is bounded whatever it is: primes are recognised first, elliptic
/// curves find the factors of nearly every other number within some curves, and a last search ends after a fixed number
/// of steps.
#[must_use]
pub fn factorize(pq: u64) -> Option<(u64, u64)> {
    let factor = match small_factor(pq) {
        Some(factor) => factor,
        None => {
            let ring = Ring::new(pq)?;
            if is_prime(&ring) {
                return None;
            }
            square_root(pq)
                .or_else(|| ecm::find_factor(&ring))
                .or_else(|| brent::find_factor(&ring))?
        }
    };
    let (p, q) = (factor.min(pq / factor), factor.max(pq / factor));
    let prime = |n| {
        BASES.contains(&n)
            || small_factor(n).is_none() && Ring::new(n).is_some_and(|n| is_prime(&n))
    };
    (prime(p) && prime(q)).then_some((p, q))
}

/// The first primes: as divisors they settle small and even numbers, as bases every 64-bit number.
const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

fn small_factor(n: u64) -> Option<u64> {
    BASES.into_iter().find(|&p| n != 0 && n.is_multiple_of(p))
}

fn square_root(n: u64) -> Option<u64> {
    let root = n.isqrt();
    (root * root == n).then_some(root)
}

/// Miller and Rabin with the first twelve primes as bases, which decides every number below 3.3 · 10^24 that none of
/// them divides (Sorenson and Webster, 2015).
fn is_prime(ring: &Ring) -> bool {
    let n = ring.modulus();
    let twos = (n - 1).trailing_zeros();
    let (one, minus_one) = (ring.one(), ring.sub(0, ring.one()));
    BASES.into_iter().all(|base| {
        let mut power = ring.pow(ring.enter(base), (n - 1) >> twos);
        if power == one || power == minus_one {
            return true;
        }
        (1..twos).any(|_| {
            power = ring.mul(power, power);
            power == minus_one
        })
    })
}

/// The greatest common divisor, by halving and subtracting.
fn gcd(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let shift = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.abs_diff(b));
    }
    a << shift
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The greatest primes below 2^16, 2^24, 2^28, 2^30, 2^31, 2^32, and some small ones.
    const PRIMES: [u64; 10] = [
        41,
        43,
        251,
        257,
        65_521,
        16_777_213,
        268_435_399,
        1_073_741_789,
        2_147_483_647,
        4_294_967_291,
    ];

    fn by_division(n: u64) -> bool {
        n >= 2
            && (2..)
                .take_while(|d| d * d <= n)
                .all(|d| !n.is_multiple_of(d))
    }

    #[test]
    fn both_searches_find_the_factors_of_products_of_two_primes() {
        for (i, &p) in PRIMES.iter().enumerate() {
            for &q in &PRIMES[i + 1..] {
                let ring = Ring::new(p * q).unwrap();
                let found = brent::find_factor(&ring).unwrap();
                assert!(found == p || found == q, "brent: {p} * {q}");
                // Curves alone may miss numbers whose factors are both tiny.
                if p > 60_000 {
                    let found = ecm::find_factor(&ring).unwrap();
                    assert!(found == p || found == q, "ecm: {p} * {q}");
                }
                assert_eq!(factorize(p * q), Some((p, q)));
            }
        }
    }

    #[test]
    fn numbers_up_to_three_thousand_are_judged_like_by_division() {
        for n in 0..3000_u64 {
            let expected = (2..n)
                .find(|d| n.is_multiple_of(*d))
                .filter(|d| by_division(n / d))
                .map(|d| (d, n / d));
            assert_eq!(factorize(n), expected, "{n}");
        }
    }

    #[test]
    fn strong_pseudoprimes_to_few_bases_are_composite() {
        // The least numbers that pass for the first 1, 2, ... 9 primes (Jaeschke 1993; Zhang 2001).
        for n in [
            2047,
            1_373_653,
            25_326_001,
            3_215_031_751,
            2_152_302_898_747,
            3_474_749_660_383,
            341_550_071_728_321,
            3_825_123_056_546_413_051,
        ] {
            assert!(!is_prime(&Ring::new(n).unwrap()), "{n}");
        }
        for n in [
            18_446_744_073_709_551_557,
            9_223_372_036_854_775_783,
            4_294_967_291,
        ] {
            assert!(is_prime(&Ring::new(n).unwrap()), "{n}");
        }
    }

    proptest! {
        #[test]
        fn gcd_agrees_with_euclid(a: u64, b: u64, common in 1_u64..1000) {
            fn euclid(a: u64, b: u64) -> u64 {
                if b == 0 { a } else { euclid(b, a % b) }
            }
            let (a, b) = (a / 1000 * common, b / 1000 * common);
            prop_assert_eq!(gcd(a, b), euclid(a, b));
            prop_assert_eq!(gcd(a, 0), a);
            prop_assert_eq!(gcd(0, b), b);
        }
    }
}
