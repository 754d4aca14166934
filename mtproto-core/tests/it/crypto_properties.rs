//! Properties of the mathematics against num-bigint, and what hostile parameters meet.

use mtproto_core::crypto::dh::{self, DhError, DhParams, GeneratorTable, KNOWN_PRIME, PrimeCache};
use mtproto_core::crypto::pq;
use num_bigint::BigUint;
use proptest::prelude::*;

use crate::support::Seeded;

fn wide(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut out = [0; 256];
    out[256 - bytes.len()..].copy_from_slice(&bytes);
    out
}

fn check(prime: &[u8], g: i32) -> Result<DhParams, DhError> {
    dh::check_params(prime, g, &mut PrimeCache::new(), &mut Seeded(7))
}

fn number() -> impl Strategy<Value = [u8; 256]> {
    prop::collection::vec(any::<u8>(), 256).prop_map(|bytes| bytes.try_into().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn powers_agree_with_num_bigint(base in number(), exponent in number()) {
        let prime = BigUint::from_bytes_be(&KNOWN_PRIME);
        let e = BigUint::from_bytes_be(&exponent);
        let params = DhParams::known(3).unwrap();
        let expected = wide(&BigUint::from_bytes_be(&base).modpow(&e, &prime));
        prop_assert_eq!(params.pow(&base, &exponent), expected);
        prop_assert_eq!(dh::pow(&base, &exponent, &KNOWN_PRIME), Ok(expected));
        for g in [3_i32, 4, 7] {
            let params = DhParams::known(g).unwrap();
            let expected = wide(&BigUint::from(g.unsigned_abs()).modpow(&e, &prime));
            prop_assert_eq!(params.g_pow(&exponent), expected);
            prop_assert_eq!(GeneratorTable::new(params).g_pow(&exponent), expected);
        }
    }
}

/// The safe prime of RFC 3526, group 14 (2048 bits), used there with g = 2.
const RFC3526_2048: &str = "\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
    020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
    4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05\
    98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb\
    9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
    3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";

#[test]
fn hs_31_an_unknown_safe_prime_is_accepted_and_remembered() {
    let prime = hex::decode(RFC3526_2048).unwrap();
    let mut cache = PrimeCache::new();
    let mut random = Counting(0);
    let params = dh::check_params(&prime, 2, &mut cache, &mut random).unwrap();
    assert_eq!(
        (params.prime()[..].to_vec(), params.g()),
        (prime.clone(), 2)
    );
    assert!(random.0 > 0);

    let mut random = Counting(0);
    dh::check_params(&prime, 2, &mut cache, &mut random).unwrap();
    assert_eq!(random.0, 0, "a remembered prime is not tested again");
    assert_eq!(
        dh::check_params(&prime, 8, &mut cache, &mut random).unwrap_err(),
        DhError::GeneratorRange,
        "the generator is checked all the same"
    );
}

/// Counts how often it is asked.
struct Counting(u64);

impl mtproto_core::random::SecureRandom for Counting {
    fn fill(&mut self, dest: &mut [u8]) {
        self.0 += 1;
        Seeded(self.0).fill(dest);
    }
}

#[test]
fn primes_of_another_size_and_even_numbers_are_refused() {
    let mut even = KNOWN_PRIME;
    even[255] &= 0xfe;
    let mut short = KNOWN_PRIME;
    short[0] &= 0x7f;
    for (why, prime) in [
        ("even", &even[..]),
        ("2047 bits", &short),
        ("2040 bits", &KNOWN_PRIME[1..]),
        ("2056 bits", &[&[1], &KNOWN_PRIME[..]].concat()),
        ("zero", &[0; 256]),
        ("one", &[1]),
        ("empty", &[]),
    ] {
        assert_eq!(check(prime, 3).unwrap_err(), DhError::PrimeLength, "{why}");
    }
}

#[test]
fn numbers_that_are_no_safe_primes_are_refused() {
    let one = BigUint::from(1_u8);
    let known = BigUint::from_bytes_be(&KNOWN_PRIME);
    // (known − 1)/2 is a prime of 2047 bits; p = 2 q + 1 must be prime as well, so these are near misses.
    let composite = &known - 24_u8;
    let prime_1024 = (&one << 1024) - 105_u32;
    let square = &prime_1024 * &prime_1024;
    for (why, number) in [("near the known prime", composite), ("a square", square)] {
        // The generator 4 obeys its rule for each modulus, so that the test for primes is reached.
        let error = check(&wide(&number), 4).unwrap_err();
        assert_eq!(error, DhError::NotSafePrime, "{why}");
    }
}

/// Chernick's form (6k+1)(12k+1)(18k+1) with three prime factors: a Carmichael number of 2048 bits, which passes
/// Fermat's test for every base prime to it.
const CARMICHAEL_K: &str = "\
    8ff222abe64041b86ea72b761037901c4537c890455cb265fd2e6fc06d5f09f3ae5d12fa476224d1d0714a153792a332\
    a6c806b4e355e1b4792176c9b0f9fb80e675296ad931af52c31bc4958d3bd0606de6aacd7c";

#[test]
fn hs_32_a_composite_made_to_pass_fermats_test_is_refused() {
    let k = BigUint::parse_bytes(CARMICHAEL_K.as_bytes(), 16).unwrap();
    let number = (&k * 6_u8 + 1_u8) * (&k * 12_u8 + 1_u8) * (&k * 18_u8 + 1_u8);
    let two = BigUint::from(2_u8);
    assert_eq!(
        two.modpow(&(&number - 1_u8), &number),
        BigUint::from(1_u8),
        "it does pass"
    );
    assert_eq!(number.bits(), 2048);
    for seed in 1..4 {
        let result = dh::check_params(&wide(&number), 4, &mut PrimeCache::new(), &mut Seeded(seed));
        assert_eq!(result.unwrap_err(), DhError::NotSafePrime);
    }
}

#[test]
fn generators_out_of_range_are_refused() {
    for g in [i32::MIN, -3, -1, 0, 1, 8, 11, i32::MAX] {
        assert_eq!(
            check(&KNOWN_PRIME, g).unwrap_err(),
            DhError::GeneratorRange,
            "{g}"
        );
    }
}

#[test]
fn public_values_near_zero_or_the_prime_are_refused() {
    let prime = BigUint::from_bytes_be(&KNOWN_PRIME);
    let margin: BigUint = BigUint::from(1_u8) << 1984;
    let check = |g_x: &BigUint| dh::check_public(&wide(g_x), &KNOWN_PRIME);
    for good in [
        margin.clone(),
        &margin + 1_u8,
        &prime - &margin,
        &prime >> 1,
    ] {
        assert_eq!(check(&good), Ok(()));
    }
    for bad in [
        BigUint::default(),
        BigUint::from(1_u8),
        &margin - 1_u8,
        &prime - &margin + 1_u8,
        &prime - 1_u8,
        prime.clone(),
        &prime + 1_u8,
    ] {
        assert_eq!(check(&bad), Err(DhError::PublicRange), "{bad:x}");
    }
    assert_eq!(
        dh::check_public(&[0xff; 256], &[0; 256]),
        Err(DhError::PublicRange)
    );
}

#[test]
fn what_is_no_product_of_two_primes_has_no_factorisation() {
    for number in [
        0,
        1,
        2,
        3,
        8,
        12,
        30,
        9_223_372_036_854_775_783,
        u64::MAX,
        2_147_483_647,
        1 << 62,
    ] {
        assert_eq!(pq::factorize(number), None, "{number}");
    }
}

#[test]
fn small_even_and_square_products_are_factorised() {
    for (p, q) in [
        (2, 2),
        (2, 3),
        (3, 5),
        (2, 4_294_967_291),
        (2, 9_223_372_036_854_775_783),
        (4_294_967_291, 4_294_967_291),
        (4_294_967_279, 4_294_967_291),
        (65_521, 65_537),
    ] {
        assert_eq!(pq::factorize(p * q), Some((p, q)));
    }
}

proptest! {
    #[test]
    fn factors_multiply_to_the_number(p: u32, q: u32) {
        let number = u64::from(p) * u64::from(q);
        if let Some((p, q)) = pq::factorize(number) {
            prop_assert!(1 < p && p <= q);
            prop_assert_eq!(p * q, number);
            prop_assert_eq!(pq::factorize(p), None);
            prop_assert_eq!(pq::factorize(q), None);
        }
    }
}
