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

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;

    /// Bytes that differ from call to call.
    struct Mixer(u64);

    impl SecureRandom for Mixer {
        fn fill(&mut self, dest: &mut [u8]) {
            for byte in dest {
                self.0 = self
                    .0
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = (self.0 >> 56) as u8;
            }
        }
    }

    fn is_prime(number: &BigUint) -> bool {
        let number = modular::from_be(&number.to_bytes_be()).unwrap();
        is_probable_prime(&Modulus::new(number).unwrap(), &mut Mixer(1))
    }

    fn power_of_two(exponent: u32) -> BigUint {
        BigUint::from(2_u8).pow(exponent)
    }

    #[test]
    fn known_primes_pass_and_products_of_them_do_not() {
        // Two Mersenne primes and the prime of Curve25519.
        let primes = [
            power_of_two(127) - 1_u8,
            power_of_two(521) - 1_u8,
            power_of_two(255) - 19_u8,
        ];
        for prime in &primes {
            assert!(is_prime(prime), "{prime}");
            assert!(!is_prime(&(prime + 2_u8)), "{prime} + 2");
            assert!(!is_prime(&(prime * prime)), "the square of {prime}");
        }
        assert!(!is_prime(&(&primes[0] * &primes[1])));
        assert!(!is_prime(&(power_of_two(1279) + 1_u8)));
    }

    #[test]
    fn hs_32_strong_pseudoprimes_to_fixed_bases_do_not_pass() {
        // Arnault 1995: composite, yet strong to every prime base below 307. Its factors are p and 313 (p - 1) + 1 and
        // 353 (p - 1) + 1.
        let p = BigUint::parse_bytes(
            b"29674495668685510550154174642905332730771991799853043350995075531276838753171770199594238596428121188033664754218345562493168782883",
            10,
        )
        .unwrap();
        let one_less = &p - 1_u8;
        let number = &p * (&one_less * 313_u16 + 1_u8) * (&one_less * 353_u16 + 1_u8);
        let odd = &number - 1_u8;
        let twos = odd.trailing_zeros().unwrap();
        let odd = odd >> twos;
        for base in [2_u8, 3, 5, 7, 11, 13] {
            let mut power = BigUint::from(base).modpow(&odd, &number);
            let passes = power == BigUint::from(1_u8)
                || (0..twos).any(|_| {
                    let passes = power == &number - 1_u8;
                    power = &power * &power % &number;
                    passes
                });
            assert!(passes, "base {base}");
        }
        assert!(!is_prime(&number));
    }

    #[test]
    fn remainders_and_halves_are_those_of_division() {
        let number: Num<FULL> =
            core::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let big = BigUint::from_bytes_be(&modular::to_be_bytes(&number));
        for divisor in [1, 3, 5, 7, 8, 24, 127] {
            assert_eq!(BigUint::from(remainder(&number, divisor)), &big % divisor);
        }
        let half = BigUint::from_bytes_be(&modular::to_be_bytes(&halve(&number)));
        assert_eq!(half, big >> 1);
    }
}
