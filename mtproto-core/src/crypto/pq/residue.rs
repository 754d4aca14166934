//! Arithmetic modulo an odd 64-bit number, in Montgomery form with R = 2^64.

/// The residues modulo one odd number; all values are in Montgomery form and below the modulus.
#[derive(Clone, Copy)]
pub(super) struct Ring {
    n: u64,
    /// 1/n modulo 2^64.
    inverse: u64,
    /// R modulo n: the number 1.
    one: u64,
    /// R² modulo n.
    rr: u64,
}

impl Ring {
    /// `None` for even numbers and 1.
    pub(super) const fn new(n: u64) -> Option<Self> {
        if n & 1 == 0 || n == 1 {
            return None;
        }
        // Three bits are right at first; each step doubles them.
        let mut inverse = n.wrapping_mul(3) ^ 2;
        let mut i = 0;
        while i < 5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
            i += 1;
        }
        let one = ((1_u128 << 64) % n as u128) as u64;
        let rr = (one as u128 * one as u128 % n as u128) as u64;
        Some(Self {
            n,
            inverse,
            one,
            rr,
        })
    }

    pub(super) const fn modulus(&self) -> u64 {
        self.n
    }

    pub(super) const fn one(&self) -> u64 {
        self.one
    }

    /// A number, reduced, in Montgomery form.
    pub(super) fn enter(&self, a: u64) -> u64 {
        self.mul(a % self.n, self.rr)
    }

    /// The number behind a residue.
    pub(super) fn leave(&self, a: u64) -> u64 {
        self.reduce(u128::from(a))
    }

    #[inline(always)]
    pub(super) fn mul(&self, a: u64, b: u64) -> u64 {
        self.reduce(u128::from(a) * u128::from(b))
    }

    #[inline(always)]
    pub(super) fn add(&self, a: u64, b: u64) -> u64 {
        let (sum, carry) = a.overflowing_add(b);
        let (reduced, borrow) = sum.overflowing_sub(self.n);
        if carry || !borrow { reduced } else { sum }
    }

    #[inline(always)]
    pub(super) const fn sub(&self, a: u64, b: u64) -> u64 {
        let (difference, borrow) = a.overflowing_sub(b);
        if borrow {
            difference.wrapping_add(self.n)
        } else {
            difference
        }
    }

    pub(super) fn pow(&self, mut base: u64, mut exponent: u64) -> u64 {
        let mut out = self.one;
        while exponent != 0 {
            if exponent & 1 == 1 {
                out = self.mul(out, base);
            }
            base = self.mul(base, base);
            exponent >>= 1;
        }
        out
    }

    /// 1/a, or else a divisor that a and the modulus have in common.
    pub(super) fn invert(&self, a: u64) -> Result<u64, u64> {
        let (mut r, mut next_r) = (self.n, self.leave(a));
        let (mut t, mut next_t) = (0_i128, 1_i128);
        while next_r != 0 {
            let quotient = r / next_r;
            (r, next_r) = (next_r, r - quotient * next_r);
            // The coefficients stay below n in magnitude.
            (t, next_t) = (next_t, t - i128::from(quotient) * next_t);
        }
        if r != 1 {
            return Err(r);
        }
        Ok(self.enter(t.rem_euclid(i128::from(self.n)) as u64))
    }

    /// `t` / R modulo n, for `t` below n R.
    #[inline(always)]
    fn reduce(&self, t: u128) -> u64 {
        let factor = (t as u64).wrapping_mul(self.inverse);
        let multiple = ((u128::from(factor) * u128::from(self.n)) >> 64) as u64;
        let (reduced, borrow) = ((t >> 64) as u64).overflowing_sub(multiple);
        if borrow {
            reduced.wrapping_add(self.n)
        } else {
            reduced
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn operations_agree_with_128_bit_arithmetic(n: u64, a: u64, b: u64, small in 0_u32..30) {
            let n = (n >> small) | 1;
            prop_assume!(n > 1);
            let ring = Ring::new(n).unwrap();
            let (wide_n, wide_a, wide_b) = (u128::from(n), u128::from(a % n), u128::from(b % n));
            let (x, y) = (ring.enter(a), ring.enter(b));
            prop_assert_eq!(u128::from(ring.leave(x)), wide_a);
            prop_assert_eq!(ring.leave(ring.one()), 1);
            prop_assert_eq!(u128::from(ring.leave(ring.mul(x, y))), wide_a * wide_b % wide_n);
            prop_assert_eq!(u128::from(ring.leave(ring.add(x, y))), (wide_a + wide_b) % wide_n);
            prop_assert_eq!(u128::from(ring.leave(ring.sub(x, y))), (wide_a + wide_n - wide_b) % wide_n);
            match ring.invert(x) {
                Ok(inverse) => prop_assert_eq!(ring.mul(x, inverse), ring.one()),
                Err(divisor) => {
                    prop_assert!(divisor > 1 && n.is_multiple_of(divisor));
                    prop_assert!(a.is_multiple_of(divisor));
                }
            }
            prop_assert_eq!(ring.pow(x, 5), ring.mul(x, ring.mul(ring.mul(x, x), ring.mul(x, x))));
        }
    }

    #[test]
    fn even_numbers_and_one_have_no_montgomery_form() {
        assert!(
            [0, 1, 2, 1 << 63]
                .into_iter()
                .all(|n| Ring::new(n).is_none())
        );
    }
}
