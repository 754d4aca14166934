//! Is a number given by the other side a safe prime?
//!
//! Section: <https://core.telegram.org/mtproto/security_guidelines#checking-dh-prime>.

use super::modular::{self, FULL, Modulus, Num};
use crate::random::SecureRandom;

/// Rounds of Miller and Rabin; a composite passes one with a random base with probability at most 1/4.
///
/// A hostile server chooses the number, so nothing is known about it but this worst case: 64 rounds leave 2^-128.
const ROUNDS: usize = 64;

/// Whether `p`, of exactly 2048 bits, is prime and (p − 1)/2 is prime too.
///
/// The bases are random, so no composite can be made that passes more often than by chance.
/// A composite is refused after one or two powers, a safe prime costs about 65.
/// Variable-time: primes are public.
pub(super) fn is_safe_prime(p: &Num<FULL>, random: &mut dyn SecureRandom) -> bool {
    let Some(modulus) = Modulus::new(*p) else {
        return false;
    };
    let half = halve(p);
    if has_small_factor(p) || has_small_factor(&half) {
        return false;
    }
    let Some(half_modulus) = Modulus::new(half) else {
        return false;
    };
    // 2^(p-1) = 1 first, because it stops nearly every composite at the price of one power. Later, when q = (p-1)/2 is
    // known to be prime, it also proves that p is (Pocklington: q is beyond the root of p, and 2^((p-1)/q) - 1 = 3 has
    // no factor in common with p).
    let two = modulus.add(modulus.one(), modulus.one());
    let fermat = modulus.pow(&modulus.square(&two), &modular::to_be_bytes(&half));
    fermat == *modulus.one() && is_probable_prime(&half_modulus, random)
}

/// Miller and Rabin with random bases, for odd numbers above 2^64 of up to 2048 bits.
fn is_probable_prime(modulus: &Modulus<FULL>, random: &mut dyn SecureRandom) -> bool {
    let one = *modulus.one();
    let minus_one = modulus.sub(&[0; FULL], &one);
    // n − 1 = odd · 2^twos
    let mut odd = halve(modulus.n());
    let mut twos = 1_u32;
    while odd.first().is_some_and(|word| word & 1 == 0) {
        odd = halve(&odd);
        twos = twos.saturating_add(1);
    }
    let odd = modular::to_be_bytes(&odd);
    (0..ROUNDS).all(|_| {
        // Uniform enough over 0..n: 2048 random bits taken modulo n, already in Montgomery form. The bases 0, 1 and −1
        // tell nothing; they turn up with probability 2^-2046.
        let base = modulus.enter(&modular::from_be_bytes(&crate::random::bytes(random)));
        let mut power = modulus.pow(&base, &odd);
        if power == one || power == minus_one {
            return true;
        }
        (1..twos).any(|_| {
            power = modulus.square(&power);
            power == minus_one
        })
    })
}

/// The number shifted right by one bit.
fn halve(number: &Num<FULL>) -> Num<FULL> {
    let mut out = [0; FULL];
    let mut from_above = 0;
    for (to, word) in out.iter_mut().zip(number).rev() {
        *to = (word >> 1) | from_above;
        from_above = word << 63;
    }
    out
}

/// Whether one of the first primes divides a number that is far above all of them.
fn has_small_factor(number: &Num<FULL>) -> bool {
    const SMALL: [u64; 30] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97, 101, 103, 107, 109, 113, 127,
    ];
    SMALL.into_iter().any(|prime| remainder(number, prime) == 0)
}

/// The remainder of division by a small number other than 0.
pub(super) fn remainder(number: &Num<FULL>, divisor: u64) -> u64 {
    let divisor = u128::from(divisor.max(1));
    let rest = number.iter().rev().fold(0, |rest: u128, &word| {
        ((rest << 64) | u128::from(word))
            .checked_rem(divisor)
            .unwrap_or(0)
    });
    u64::try_from(rest).unwrap_or(0)
}
