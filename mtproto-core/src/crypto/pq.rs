//! Factorisation of `pq`, the client's proof of work at the start of a key exchange.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key#proof-of-work>.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "arithmetic modulo a 64-bit number on 128-bit products; each step states its bound"
)]

/// Splits `pq` into its two prime factors, the smaller first.
///
/// `None` if `pq` is not a product of exactly two primes: 0, 1, a prime, or a product of more.
/// The number comes from the other side, so the work is bounded whatever it is: primes are recognised first, and the
/// search ends after about 2^20 steps, which is many times what a product of two 32-bit primes needs.
/// Variable-time: the number is public.
#[must_use]
pub fn factorize(pq: u64) -> Option<(u64, u64)> {
    if pq < 4 || is_prime(pq) {
        return None;
    }
    let factor = small_factor(pq)
        .or_else(|| root(pq))
        .or_else(|| brent(pq))?;
    let (p, q) = (factor.min(pq / factor), factor.max(pq / factor));
    (is_prime(p) && is_prime(q)).then_some((p, q))
}

fn small_factor(n: u64) -> Option<u64> {
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
        .into_iter()
        .find(|&p| n.is_multiple_of(p))
}

fn root(n: u64) -> Option<u64> {
    let root = n.isqrt();
    (root * root == n).then_some(root)
}

/// Miller and Rabin with the first twelve primes as bases, which decides every 64-bit number.
fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if n < 2 || BASES.contains(&n) {
        return n >= 2;
    }
    if small_factor(n).is_some() {
        return false;
    }
    let twos = (n - 1).trailing_zeros();
    BASES.into_iter().all(|base| {
        let mut power = pow(base, (n - 1) >> twos, n);
        power == 1
            || (0..twos).any(|_| {
                let passed = power == n - 1;
                power = mul(power, power, n);
                passed
            })
    })
}

fn mul(a: u64, b: u64, n: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(n)) as u64
}

fn pow(mut base: u64, mut exponent: u64, n: u64) -> u64 {
    let mut out = 1;
    while exponent != 0 {
        if exponent & 1 == 1 {
            out = mul(out, base, n);
        }
        base = mul(base, base, n);
        exponent >>= 1;
    }
    out
}

/// Brent's cycle search in Pollard's rho, with the differences of `BATCH` steps gathered for one gcd.
fn brent(n: u64) -> Option<u64> {
    const BATCH: u32 = 128;
    (1..20).find_map(|c| {
        let step = |y| ((u128::from(mul(y, y, n)) + c) % u128::from(n)) as u64;
        let mut y = 2;
        for length in (0..17).map(|i| 1_u32 << i) {
            let x = y;
            let mut done = 0;
            while done < length {
                let start = y;
                let mut product = 1;
                for _ in 0..BATCH.min(length - done) {
                    y = step(y);
                    product = mul(product, x.abs_diff(y), n);
                }
                done += BATCH;
                if gcd(product, n) == 1 {
                    continue;
                }
                // The batch met a factor, or all of them at once: go through it again step by step.
                let mut y = start;
                return (0..BATCH).find_map(|_| {
                    y = step(y);
                    let factor = gcd(x.abs_diff(y), n);
                    (factor > 1 && factor < n).then_some(factor)
                });
            }
        }
        None
    })
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
