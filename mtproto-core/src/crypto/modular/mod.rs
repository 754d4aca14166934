//! Arithmetic modulo an odd number of a fixed width, in Montgomery form.
//!
//! The two widths in use are 2048 bits (Diffie–Hellman, RSA, SRP) and 1024 bits (the halves of an RSA private key).
//! The modulus is public or fixed per key; the time of an operation depends on the width of the modulus alone, never on
//! the operands: no branch and no index is taken from them, and the masks that select between two results are hidden
//! from the optimiser.
//! Intermediate products on the stack are not erased.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::needless_range_loop,
    reason = "loops over arrays of a fixed number of words; a product of two words and two more words fit 128 bits"
)]

mod comb;
mod pow;

use core::hint::black_box;

use zeroize::Zeroize;

pub(super) use comb::Comb;

/// The width in 64-bit words of 2048 bits.
pub(super) const FULL: usize = 32;
/// The width in 64-bit words of 1024 bits.
pub(super) const HALF: usize = 16;

/// A number of `L` 64-bit words, the lowest first.
pub(super) type Num<const L: usize> = [u64; L];

/// Room for a product of two numbers of the greatest width.
type Product = [u64; 2 * FULL];

/// An odd modulus with what Montgomery multiplication needs; R is 2^(64 L).
#[derive(Clone)]
pub(super) struct Modulus<const L: usize> {
    n: Num<L>,
    /// −1/n modulo 2^64.
    n_inv: u64,
    /// R modulo n: the Montgomery form of 1.
    one: Num<L>,
    /// R² modulo n: multiplying by it brings a number into Montgomery form.
    rr: Num<L>,
}

impl<const L: usize> Modulus<L> {
    /// Prepares `n` as a modulus; `None` if it is even or 1.
    pub(super) fn new(n: Num<L>) -> Option<Self> {
        const { assert!(L >= 1 && L <= FULL) };
        let bits = bit_length(&n);
        if n[0] & 1 == 0 || bits < 2 {
            return None;
        }
        // Newton's iteration doubles the number of right bits of the inverse: 1, 2, 4, … 64.
        let mut inverse = 1_u64;
        for _ in 0..6 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n[0].wrapping_mul(inverse)));
        }
        let mut modulus = Self {
            n,
            n_inv: inverse.wrapping_neg(),
            one: [0; L],
            rr: [0; L],
        };
        // The highest power of two below n, doubled until it is R modulo n.
        let mut one = [0; L];
        one[(bits - 1) / 64] = 1 << ((bits - 1) % 64);
        for _ in bits - 1..64 * L {
            one = modulus.double(&one);
        }
        modulus.one = one;
        // In Montgomery form: 2, then squared to 2^(2^k) until 2^(64 L) = R. The widths are powers of two.
        let mut rr = modulus.double(&one);
        for _ in 0..(64 * L).ilog2() {
            rr = modulus.square(&rr);
        }
        modulus.rr = rr;
        Some(modulus)
    }

    /// The modulus itself.
    pub(super) const fn n(&self) -> &Num<L> {
        &self.n
    }

    /// 1 in Montgomery form.
    pub(super) const fn one(&self) -> &Num<L> {
        &self.one
    }

    /// Brings any number of `L` words into Montgomery form, reducing it.
    pub(super) fn enter(&self, a: &Num<L>) -> Num<L> {
        self.mul(a, &self.rr)
    }

    /// Brings a number back from Montgomery form.
    pub(super) fn leave(&self, a: &Num<L>) -> Num<L> {
        let mut wide = [0; 2 * FULL];
        wide[..L].copy_from_slice(a);
        self.reduce(&mut wide)
    }

    /// The Montgomery product a b / R; at least one factor must be below n, the result is.
    pub(super) fn mul(&self, a: &Num<L>, b: &Num<L>) -> Num<L> {
        let mut wide: Product = [0; 2 * FULL];
        multiply(&mut wide, a, b);
        self.reduce(&mut wide)
    }

    /// The Montgomery square of a number below n.
    pub(super) fn square(&self, a: &Num<L>) -> Num<L> {
        let mut wide: Product = [0; 2 * FULL];
        for i in 0..L {
            let mut carry = 0;
            for j in i + 1..L {
                (wide[i + j], carry) = multiply_add(wide[i + j], a[i], a[j], carry);
            }
            wide[i + L] = carry;
        }
        // Twice the mixed products plus the squares.
        let (mut shifted_out, mut carry) = (0, 0_u64);
        for i in 0..L {
            let (low, high) = (wide[2 * i], wide[2 * i + 1]);
            let square = u128::from(a[i]) * u128::from(a[i]);
            let sum = u128::from((low << 1) | shifted_out)
                + u128::from(square as u64)
                + u128::from(carry);
            wide[2 * i] = sum as u64;
            let sum = u128::from((high << 1) | (low >> 63)) + (square >> 64) + (sum >> 64);
            wide[2 * i + 1] = sum as u64;
            carry = (sum >> 64) as u64;
            shifted_out = high >> 63;
        }
        self.reduce(&mut wide)
    }

    /// a + b for numbers below n.
    pub(super) fn add(&self, a: &Num<L>, b: &Num<L>) -> Num<L> {
        let mut sum = [0; L];
        let mut carry = false;
        for i in 0..L {
            let (x, first) = a[i].overflowing_add(b[i]);
            let (x, second) = x.overflowing_add(u64::from(carry));
            sum[i] = x;
            carry = first | second;
        }
        self.subtract_once(&sum, u64::from(carry))
    }

    /// a − b for numbers below n.
    pub(super) fn sub(&self, a: &Num<L>, b: &Num<L>) -> Num<L> {
        let (mut difference, borrow) = subtract(a, b);
        // Adds n back if the difference was negative.
        let mask = mask(borrow);
        let mut carry = false;
        for i in 0..L {
            let (x, first) = difference[i].overflowing_add(self.n[i] & mask);
            let (x, second) = x.overflowing_add(u64::from(carry));
            difference[i] = x;
            carry = first | second;
        }
        difference
    }

    fn double(&self, a: &Num<L>) -> Num<L> {
        self.add(a, a)
    }

    /// Montgomery reduction: `wide` / R modulo n, for `wide` below n R.
    fn reduce(&self, wide: &mut Product) -> Num<L> {
        let mut top = 0;
        for i in 0..L {
            let factor = wide[i].wrapping_mul(self.n_inv);
            let mut carry = 0;
            let row = row::<L>(wide, i);
            for j in 0..L {
                (row[j], carry) = multiply_add(row[j], factor, self.n[j], carry);
            }
            let sum = u128::from(wide[i + L]) + u128::from(carry) + u128::from(top);
            wide[i + L] = sum as u64;
            top = (sum >> 64) as u64;
        }
        let mut high = [0; L];
        high.copy_from_slice(&wide[L..2 * L]);
        self.subtract_once(&high, top)
    }

    /// `a` (with `top` as the word above it) minus n, if that is not negative; for numbers below 2 n.
    fn subtract_once(&self, a: &Num<L>, top: u64) -> Num<L> {
        let (mut difference, borrow) = subtract(a, &self.n);
        let keep = mask(borrow & (top ^ 1));
        for i in 0..L {
            difference[i] ^= keep & (difference[i] ^ a[i]);
        }
        difference
    }
}

impl Modulus<HALF> {
    /// Brings a number of twice the width into Montgomery form, reducing it.
    pub(super) fn enter_wide(&self, a: &Num<FULL>) -> Num<HALF> {
        let (mut low, mut high) = ([0; HALF], [0; HALF]);
        low.copy_from_slice(&a[..HALF]);
        high.copy_from_slice(&a[HALF..]);
        // a R = low R + (high R) R
        self.add(&self.enter(&low), &self.enter(&self.enter(&high)))
    }
}

impl<const L: usize> Zeroize for Modulus<L> {
    /// For the primes of a private key, which are secret.
    fn zeroize(&mut self) {
        self.n.zeroize();
        self.n_inv.zeroize();
        self.one.zeroize();
        self.rr.zeroize();
    }
}

/// All ones if `bit` is 1, zero if it is 0, in a way that the compiler does not turn into a branch.
fn mask(bit: u64) -> u64 {
    black_box(bit.wrapping_neg())
}

/// `acc + a b + carry` as (low word, high word).
#[inline(always)]
fn multiply_add(acc: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(acc) + u128::from(a) * u128::from(b) + u128::from(carry);
    (sum as u64, (sum >> 64) as u64)
}

/// `L` words of a product from `start`: an array, so that the inner loops need no bounds checks.
#[inline(always)]
fn row<const L: usize>(wide: &mut Product, start: usize) -> &mut [u64; L] {
    let rest = &mut wide[start..];
    // Never empty: L + start is at most the length of a product.
    rest.first_chunk_mut()
        .unwrap_or_else(|| unreachable!("a row of a product"))
}

/// The product of two numbers, into the zeroed `wide`.
#[inline(always)]
fn multiply<const L: usize>(wide: &mut Product, a: &Num<L>, b: &Num<L>) {
    for i in 0..L {
        let mut carry = 0;
        let row = row::<L>(wide, i);
        for j in 0..L {
            (row[j], carry) = multiply_add(row[j], a[i], b[j], carry);
        }
        wide[i + L] = carry;
    }
}

/// a − b and the borrow (1 if b is greater).
fn subtract<const L: usize>(a: &Num<L>, b: &Num<L>) -> (Num<L>, u64) {
    let mut difference = [0; L];
    let mut borrow = false;
    for i in 0..L {
        let (x, first) = a[i].overflowing_sub(b[i]);
        let (x, second) = x.overflowing_sub(u64::from(borrow));
        difference[i] = x;
        borrow = first | second;
    }
    (difference, u64::from(borrow))
}

/// Whether a is below b, in constant time: 1 or 0.
pub(super) fn less<const L: usize>(a: &Num<L>, b: &Num<L>) -> u64 {
    subtract(a, b).1
}

/// The number of bits of a public number.
pub(super) fn bit_length<const L: usize>(a: &Num<L>) -> usize {
    match a.iter().rposition(|&word| word != 0) {
        Some(i) => 64 * i + 64 - a[i].leading_zeros() as usize,
        None => 0,
    }
}

/// The full product of two numbers of half width.
pub(super) fn multiply_halves(a: &Num<HALF>, b: &Num<HALF>) -> Num<FULL> {
    let mut wide = [0; 2 * FULL];
    multiply(&mut wide, a, b);
    let mut product = [0; FULL];
    product.copy_from_slice(&wide[..FULL]);
    product
}

/// A number of half width with zeros above.
pub(super) fn widen(a: &Num<HALF>) -> Num<FULL> {
    let mut wide = [0; FULL];
    wide[..HALF].copy_from_slice(a);
    wide
}

/// a − b modulo 2^(64 L).
pub(super) fn wrapping_sub<const L: usize>(a: &Num<L>, b: &Num<L>) -> Num<L> {
    subtract(a, b).0
}

/// a + b without the last carry.
pub(super) fn wrapping_add<const L: usize>(a: &Num<L>, b: &Num<L>) -> Num<L> {
    let mut sum = [0; L];
    let mut carry = false;
    for i in 0..L {
        let (x, first) = a[i].overflowing_add(b[i]);
        let (x, second) = x.overflowing_add(u64::from(carry));
        sum[i] = x;
        carry = first | second;
    }
    sum
}

/// The number of a big-endian magnitude; `None` if it does not fit `L` words. Leading zeros are allowed.
pub(super) fn from_be<const L: usize>(bytes: &[u8]) -> Option<Num<L>> {
    let significant = bytes
        .iter()
        .position(|&byte| byte != 0)
        .unwrap_or(bytes.len());
    let bytes = &bytes[significant..];
    if bytes.len() > 8 * L {
        return None;
    }
    let mut number = [0; L];
    for (word, chunk) in number.iter_mut().zip(bytes.rchunks(8)) {
        *word = chunk
            .iter()
            .fold(0, |word, &byte| (word << 8) | u64::from(byte));
    }
    Some(number)
}

/// The number of 256 big-endian bytes, in constant time.
pub(super) fn from_be_bytes(bytes: &[u8; 256]) -> Num<FULL> {
    let mut number = [0; FULL];
    for (word, chunk) in number.iter_mut().zip(bytes.rchunks_exact(8)) {
        *word = chunk
            .iter()
            .fold(0, |word, &byte| (word << 8) | u64::from(byte));
    }
    number
}

/// The number as 256 big-endian bytes.
pub(super) fn to_be_bytes(number: &Num<FULL>) -> [u8; 256] {
    let mut bytes = [0; 256];
    for (chunk, word) in bytes.rchunks_exact_mut(8).zip(number) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn big<const L: usize>(number: &Num<L>) -> BigUint {
        BigUint::from_slice(
            &number
                .iter()
                .flat_map(|&word| [word as u32, (word >> 32) as u32])
                .collect::<std::vec::Vec<_>>(),
        )
    }

    fn num<const L: usize>(big: &BigUint) -> Num<L> {
        from_be(&big.to_bytes_be()).unwrap()
    }

    /// Words that are often all zeros or all ones, where carries go wrong.
    fn words<const L: usize>() -> impl Strategy<Value = Num<L>> {
        let word = prop_oneof![4 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX)];
        prop::collection::vec(word, L).prop_map(|words| words.try_into().unwrap())
    }

    fn agrees<const L: usize>(
        mut n: Num<L>,
        a: Num<L>,
        b: Num<L>,
        exponent: &[u8],
    ) -> Result<(), TestCaseError> {
        n[0] |= 1;
        prop_assume!(bit_length(&n) > 1);
        let modulus = Modulus::new(n).unwrap();
        let n = big(&n);
        let (a, b) = (num::<L>(&(big(&a) % &n)), num::<L>(&(big(&b) % &n)));
        let (x, y) = (modulus.enter(&a), modulus.enter(&b));
        prop_assert_eq!(big(&modulus.leave(&x)), big(&a));
        prop_assert_eq!(
            big(&modulus.leave(&modulus.mul(&x, &y))),
            big(&a) * big(&b) % &n
        );
        prop_assert_eq!(
            big(&modulus.leave(&modulus.square(&x))),
            big(&a) * big(&a) % &n
        );
        prop_assert_eq!(big(&modulus.add(&a, &b)), (big(&a) + big(&b)) % &n);
        prop_assert_eq!(big(&modulus.sub(&a, &b)), (big(&a) + &n - big(&b)) % &n);
        let power = big(&a).modpow(&BigUint::from_bytes_be(exponent), &n);
        prop_assert_eq!(big(&modulus.leave(&modulus.pow(&x, exponent))), power);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn full_width_agrees_with_num_bigint(
            n in words::<FULL>(), a in words::<FULL>(), b in words::<FULL>(),
            exponent in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            agrees(n, a, b, &exponent)?;
        }

        #[test]
        fn half_width_agrees_with_num_bigint(
            n in words::<HALF>(), a in words::<HALF>(), b in words::<HALF>(),
            exponent in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            agrees(n, a, b, &exponent)?;
        }

        #[test]
        fn short_moduli_in_wide_words_agree_with_num_bigint(
            low: u64, filled in 1_usize..FULL, a in words::<FULL>(), b in words::<FULL>(),
        ) {
            let mut n = [0; FULL];
            n[..filled].fill(low);
            agrees(n, a, b, &[0xa5; 9])?;
        }

        #[test]
        fn numbers_above_the_modulus_are_reduced_on_entry(n in words::<FULL>(), a in words::<FULL>()) {
            let mut n = n;
            n[0] |= 1;
            prop_assume!(bit_length(&n) > 1);
            let modulus = Modulus::new(n).unwrap();
            prop_assert_eq!(big(&modulus.leave(&modulus.enter(&a))), big(&a) % big(&n));
        }

        #[test]
        fn products_of_halves_agree_with_num_bigint(a in words::<HALF>(), b in words::<HALF>()) {
            prop_assert_eq!(big(&multiply_halves(&a, &b)), big(&a) * big(&b));
        }

        #[test]
        fn bytes_survive_both_ways(number in words::<FULL>()) {
            let bytes = to_be_bytes(&number);
            prop_assert_eq!(from_be_bytes(&bytes), number);
            prop_assert_eq!(from_be(&bytes), Some(number));
            prop_assert_eq!(big(&number), BigUint::from_bytes_be(&bytes));
        }
    }

    #[test]
    fn even_numbers_and_one_are_no_moduli() {
        let mut n = [0; FULL];
        assert!(Modulus::new(n).is_none());
        n[0] = 1;
        assert!(Modulus::new(n).is_none());
        n[0] = 4;
        assert!(Modulus::new(n).is_none());
        n[0] = 3;
        assert!(Modulus::new(n).is_some());
    }

    #[test]
    fn too_long_magnitudes_do_not_fit_but_leading_zeros_do() {
        let mut bytes = std::vec![0; 300];
        bytes[299] = 9;
        assert_eq!(from_be::<HALF>(&bytes).map(|n| n[0]), Some(9));
        bytes[299 - 128] = 1;
        assert_eq!(from_be::<HALF>(&bytes), None);
    }
}
