//! Diffie–Hellman of the key exchange, with every check of the security guidelines.
//!
//! Sections: <https://core.telegram.org/mtproto/auth_key#dh-key-exchange-complete>,
//! <https://core.telegram.org/mtproto/security_guidelines#diffie-hellman-key-exchange>.

use alloc::collections::VecDeque;
use core::fmt;

use super::hash::sha256;
use super::modular::{self, Comb, FULL, Modulus, Num};
use super::prime;
use crate::random::SecureRandom;

/// The prime that the service has used since its beginning, big-endian: a safe prime of 2048 bits.
#[rustfmt::skip]
pub const KNOWN_PRIME: [u8; 256] = [
    0xc7, 0x1c, 0xae, 0xb9, 0xc6, 0xb1, 0xc9, 0x04, 0x8e, 0x6c, 0x52, 0x2f, 0x70, 0xf1, 0x3f, 0x73,
    0x98, 0x0d, 0x40, 0x23, 0x8e, 0x3e, 0x21, 0xc1, 0x49, 0x34, 0xd0, 0x37, 0x56, 0x3d, 0x93, 0x0f,
    0x48, 0x19, 0x8a, 0x0a, 0xa7, 0xc1, 0x40, 0x58, 0x22, 0x94, 0x93, 0xd2, 0x25, 0x30, 0xf4, 0xdb,
    0xfa, 0x33, 0x6f, 0x6e, 0x0a, 0xc9, 0x25, 0x13, 0x95, 0x43, 0xae, 0xd4, 0x4c, 0xce, 0x7c, 0x37,
    0x20, 0xfd, 0x51, 0xf6, 0x94, 0x58, 0x70, 0x5a, 0xc6, 0x8c, 0xd4, 0xfe, 0x6b, 0x6b, 0x13, 0xab,
    0xdc, 0x97, 0x46, 0x51, 0x29, 0x69, 0x32, 0x84, 0x54, 0xf1, 0x8f, 0xaf, 0x8c, 0x59, 0x5f, 0x64,
    0x24, 0x77, 0xfe, 0x96, 0xbb, 0x2a, 0x94, 0x1d, 0x5b, 0xcd, 0x1d, 0x4a, 0xc8, 0xcc, 0x49, 0x88,
    0x07, 0x08, 0xfa, 0x9b, 0x37, 0x8e, 0x3c, 0x4f, 0x3a, 0x90, 0x60, 0xbe, 0xe6, 0x7c, 0xf9, 0xa4,
    0xa4, 0xa6, 0x95, 0x81, 0x10, 0x51, 0x90, 0x7e, 0x16, 0x27, 0x53, 0xb5, 0x6b, 0x0f, 0x6b, 0x41,
    0x0d, 0xba, 0x74, 0xd8, 0xa8, 0x4b, 0x2a, 0x14, 0xb3, 0x14, 0x4e, 0x0e, 0xf1, 0x28, 0x47, 0x54,
    0xfd, 0x17, 0xed, 0x95, 0x0d, 0x59, 0x65, 0xb4, 0xb9, 0xdd, 0x46, 0x58, 0x2d, 0xb1, 0x17, 0x8d,
    0x16, 0x9c, 0x6b, 0xc4, 0x65, 0xb0, 0xd6, 0xff, 0x9c, 0xa3, 0x92, 0x8f, 0xef, 0x5b, 0x9a, 0xe4,
    0xe4, 0x18, 0xfc, 0x15, 0xe8, 0x3e, 0xbe, 0xa0, 0xf8, 0x7f, 0xa9, 0xff, 0x5e, 0xed, 0x70, 0x05,
    0x0d, 0xed, 0x28, 0x49, 0xf4, 0x7b, 0xf9, 0x59, 0xd9, 0x56, 0x85, 0x0c, 0xe9, 0x29, 0x85, 0x1f,
    0x0d, 0x81, 0x15, 0xf6, 0x35, 0xb1, 0x05, 0xee, 0x2e, 0x4e, 0x15, 0xd0, 0x4b, 0x24, 0x54, 0xbf,
    0x6f, 0x4f, 0xad, 0xf0, 0x34, 0xb1, 0x04, 0x03, 0x11, 0x9c, 0xd8, 0xe3, 0xb9, 0x2f, 0xcc, 0x5b,
];

/// Why Diffie–Hellman numbers are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DhError {
    /// `dh_prime` is not an odd number of exactly 2048 bits.
    PrimeLength,
    /// `dh_prime` is not a safe prime: it or (p − 1)/2 is composite.
    NotSafePrime,
    /// `g` is not in 2..=7.
    GeneratorRange,
    /// `g` does not generate the subgroup of prime order (p − 1)/2: the rule of residues for this `g` is broken.
    GeneratorResidue,
    /// `g_a` or `g_b` is not within 2^(2048-64) ..= p − 2^(2048-64).
    PublicRange,
}

impl fmt::Display for DhError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrimeLength => "dh_prime is not an odd number of exactly 2048 bits",
            Self::NotSafePrime => "dh_prime is not a safe prime",
            Self::GeneratorRange => "g is not between 2 and 7",
            Self::GeneratorResidue => {
                "g does not generate the subgroup of prime order modulo dh_prime"
            }
            Self::PublicRange => "g_a or g_b is too close to 0 or to dh_prime",
        })
    }
}

impl core::error::Error for DhError {}

/// A prime and a generator that passed every check.
#[derive(Clone)]
pub struct DhParams {
    prime: [u8; 256],
    g: i32,
    modulus: Modulus<FULL>,
}

impl DhParams {
    /// [`KNOWN_PRIME`] with the generator `g` (3, 4 or 7 are possible).
    ///
    /// # Errors
    /// [`DhError::GeneratorRange`] or [`DhError::GeneratorResidue`].
    pub fn known(g: i32) -> Result<Self, DhError> {
        let modulus = modulus(&KNOWN_PRIME)?;
        check_generator(modulus.n(), g)?;
        Ok(Self {
            prime: KNOWN_PRIME,
            g,
            modulus,
        })
    }

    /// `dh_prime`, big-endian.
    #[must_use]
    pub const fn prime(&self) -> &[u8; 256] {
        &self.prime
    }

    /// The generator.
    #[must_use]
    pub const fn g(&self) -> i32 {
        self.g
    }

    pub(super) const fn modulus(&self) -> &Modulus<FULL> {
        &self.modulus
    }

    pub(super) fn generator(&self) -> Num<FULL> {
        small(self.g)
    }

    /// g^exponent modulo the prime, all numbers big-endian; constant-time in the exponent.
    ///
    /// [`GeneratorTable`] does the same four times faster where the same parameters serve many exchanges.
    #[must_use]
    pub fn g_pow(&self, exponent: &[u8; 256]) -> [u8; 256] {
        power(&self.modulus, &self.generator(), exponent)
    }

    /// base^exponent modulo the prime, all numbers big-endian; constant-time in the exponent.
    #[must_use]
    pub fn pow(&self, base: &[u8; 256], exponent: &[u8; 256]) -> [u8; 256] {
        power(&self.modulus, &modular::from_be_bytes(base), exponent)
    }

    /// Checks the other side's g_a or g_b, see [`check_public`].
    ///
    /// # Errors
    /// [`DhError::PublicRange`].
    pub fn check_public(&self, g_x: &[u8; 256]) -> Result<(), DhError> {
        check_public(g_x, &self.prime)
    }
}

impl fmt::Debug for DhParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DhParams")
            .field("known_prime", &(self.prime == KNOWN_PRIME))
            .field("g", &self.g)
            .finish_non_exhaustive()
    }
}

/// Powers of the generator, precomputed: 64 KiB, made in about the time of one power.
///
/// The core keeps none in the background; put one into a configuration and share it (`Arc`).
#[derive(Clone)]
pub struct GeneratorTable {
    params: DhParams,
    comb: Comb,
}

impl GeneratorTable {
    /// The table of these parameters.
    #[must_use]
    pub fn new(params: DhParams) -> Self {
        let base = params.modulus.enter(&params.generator());
        let comb = Comb::new(&params.modulus, &base);
        Self { params, comb }
    }

    /// The parameters that the table belongs to.
    #[must_use]
    pub const fn params(&self) -> &DhParams {
        &self.params
    }

    /// g^exponent modulo the prime, big-endian; constant-time in the exponent.
    #[must_use]
    pub fn g_pow(&self, exponent: &[u8; 256]) -> [u8; 256] {
        let modulus = &self.params.modulus;
        modular::to_be_bytes(&modulus.leave(&self.comb.pow(modulus, exponent)))
    }
}

impl fmt::Debug for GeneratorTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratorTable")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

/// Primes that passed the check before, so that a peer which keeps its prime is checked once.
///
/// Holds a fixed number of digests and forgets the oldest; [`KNOWN_PRIME`] needs no place in it.
#[derive(Clone, Debug, Default)]
pub struct PrimeCache {
    accepted: VecDeque<[u8; 32]>,
}

impl PrimeCache {
    /// The greatest number of primes remembered.
    pub const CAPACITY: usize = 16;

    /// An empty cache.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            accepted: VecDeque::new(),
        }
    }

    fn contains(&self, prime: &[u8; 256]) -> bool {
        self.accepted.contains(&sha256(&[prime]))
    }

    fn insert(&mut self, prime: &[u8; 256]) {
        if self.accepted.len() >= Self::CAPACITY {
            self.accepted.pop_front();
        }
        self.accepted.push_back(sha256(&[prime]));
    }
}

/// Checks `dh_prime` (big-endian) and `g`: an odd number of exactly 2048 bits, a safe prime, a generator of the
/// subgroup of prime order.
///
/// [`KNOWN_PRIME`] is recognised by comparison, other accepted primes by `cache`.
/// The full test costs about 65 modular powers and takes its bases from `random`, so a composite made to fool fixed
/// bases does not pass.
/// The cheap checks come first.
///
/// # Errors
/// The first check that fails.
pub fn check_params(
    prime: &[u8],
    g: i32,
    cache: &mut PrimeCache,
    random: &mut dyn SecureRandom,
) -> Result<DhParams, DhError> {
    let prime: &[u8; 256] = prime.try_into().map_err(|_| DhError::PrimeLength)?;
    let modulus = modulus(prime)?;
    check_generator(modulus.n(), g)?;
    if *prime != KNOWN_PRIME && !cache.contains(prime) {
        if !prime::is_safe_prime(modulus.n(), random) {
            return Err(DhError::NotSafePrime);
        }
        cache.insert(prime);
    }
    Ok(DhParams {
        prime: *prime,
        g,
        modulus,
    })
}

/// Checks the other side's `g_a` or `g_b`: within 2^(2048-64) ..= p − 2^(2048-64), which implies 1 < g_x < p − 1.
///
/// # Errors
/// [`DhError::PublicRange`].
pub fn check_public(g_x: &[u8; 256], prime: &[u8; 256]) -> Result<(), DhError> {
    let mut margin = [0; FULL];
    if let Some(top) = margin.last_mut() {
        // Bit 1984 is the lowest bit of the highest word.
        *top = 1;
    }
    let g_x = modular::from_be_bytes(g_x);
    let prime = modular::from_be_bytes(prime);
    if modular::less(&prime, &margin) == 1 {
        return Err(DhError::PublicRange);
    }
    let highest = modular::wrapping_sub(&prime, &margin);
    if modular::less(&g_x, &margin) == 1 || modular::less(&highest, &g_x) == 1 {
        return Err(DhError::PublicRange);
    }
    Ok(())
}

/// base^exponent modulo `prime`, all numbers big-endian, for a modulus that nobody has checked.
///
/// Constant-time in the exponent. [`DhParams::pow`] is the same for checked parameters and cannot fail.
///
/// # Errors
/// [`DhError::PrimeLength`] if the modulus is not an odd number of exactly 2048 bits.
pub fn pow(
    base: &[u8; 256],
    exponent: &[u8; 256],
    prime: &[u8; 256],
) -> Result<[u8; 256], DhError> {
    Ok(power(
        &modulus(prime)?,
        &modular::from_be_bytes(base),
        exponent,
    ))
}

/// g^exponent modulo `prime` for parameters that nobody has checked; a negative `g` counts as 0.
///
/// # Errors
/// [`DhError::PrimeLength`] if the modulus is not an odd number of exactly 2048 bits.
pub fn g_pow(g: i32, exponent: &[u8; 256], prime: &[u8; 256]) -> Result<[u8; 256], DhError> {
    Ok(power(&modulus(prime)?, &small(g), exponent))
}

fn power(modulus: &Modulus<FULL>, base: &Num<FULL>, exponent: &[u8; 256]) -> [u8; 256] {
    modular::to_be_bytes(&modulus.leave(&modulus.pow(&modulus.enter(base), exponent)))
}

fn modulus(prime: &[u8; 256]) -> Result<Modulus<FULL>, DhError> {
    let number = modular::from_be_bytes(prime);
    if modular::bit_length(&number) != 2048 {
        return Err(DhError::PrimeLength);
    }
    Modulus::new(number).ok_or(DhError::PrimeLength)
}

fn small(g: i32) -> Num<FULL> {
    let mut number = [0; FULL];
    if let Some(word) = number.first_mut() {
        *word = u64::try_from(g).unwrap_or(0);
    }
    number
}

/// g in 2..=7 and a quadratic residue modulo p, by the law of reciprocity.
fn check_generator(p: &Num<FULL>, g: i32) -> Result<(), DhError> {
    let (divisor, residues): (u64, &[u64]) = match g {
        2 => (8, &[7]),
        3 => (3, &[2]),
        4 => (1, &[0]),
        5 => (5, &[1, 4]),
        6 => (24, &[19, 23]),
        7 => (7, &[3, 5, 6]),
        _ => return Err(DhError::GeneratorRange),
    };
    if residues.contains(&prime::remainder(p, divisor)) {
        Ok(())
    } else {
        Err(DhError::GeneratorResidue)
    }
}
