//! The elliptic curve method with Montgomery curves in Suyama's parametrisation.
//!
//! A curve succeeds when the order of its group modulo one prime factor has no prime power above `B1` but for one prime
//! up to `B2`. For factors of 32 bits about one curve in ten does, and a curve costs some 5 µs.

use super::gcd;
use super::residue::Ring;

/// The bound of the first stage: the point is multiplied by every prime power up to it.
const B1: u64 = 150;
/// The second stage looks for one more prime up to 60 times this.
const GIANT_STEPS: u64 = 60;
/// The second stage begins here: 60 · 3 − 29 = 151 is the first number above `B1`.
const FIRST_GIANT_STEP: u64 = 3;
/// Curves tried before giving up.
const CURVES: u64 = 96;

/// A point without its y coordinate: x = X/Z.
type Point = (u64, u64);

struct Curve<'a> {
    ring: &'a Ring,
    /// (A + 2)/4 of the curve y² = x³ + A x² + x.
    a24: u64,
}

/// A proper factor of a composite number without factors below 40, unless all curves fail.
pub(super) fn find_factor(ring: &Ring) -> Option<u64> {
    let n = ring.modulus();
    let proper = |factor: u64| Some(factor).filter(|factor| (2..n).contains(factor));
    (6..6 + CURVES).find_map(|sigma| match Curve::new(ring, ring.enter(sigma)) {
        Ok((curve, start)) => {
            let point = FIRST_STAGE
                .iter()
                .fold(start, |point, &factor| curve.multiply(point, factor));
            proper(gcd(curve.second_stage(point), n))
        }
        Err(factor) => proper(factor),
    })
}

impl<'a> Curve<'a> {
    /// The curve number `sigma` with a point on it, or the divisor that stands in the way.
    fn new(ring: &'a Ring, sigma: u64) -> Result<(Self, Point), u64> {
        let cube = |a| ring.mul(ring.mul(a, a), a);
        let u = ring.sub(ring.mul(sigma, sigma), ring.enter(5));
        let v = ring.mul(ring.enter(4), sigma);
        let (u3, v3) = (cube(u), cube(v));
        // (A + 2)/4 = (v − u)³ (3 u + v) / (16 u³ v)
        let numerator = ring.mul(
            cube(ring.sub(v, u)),
            ring.add(ring.add(ring.add(u, u), u), v),
        );
        let denominator = ring.mul(ring.enter(16), ring.mul(u3, v));
        let a24 = ring.mul(numerator, ring.invert(denominator)?);
        Ok((Self { ring, a24 }, (u3, v3)))
    }

    #[inline(always)]
    fn double(&self, p: Point) -> Point {
        let ring = self.ring;
        let (sum, difference) = (ring.add(p.0, p.1), ring.sub(p.0, p.1));
        let (sum, difference) = (ring.mul(sum, sum), ring.mul(difference, difference));
        let t = ring.sub(sum, difference);
        (
            ring.mul(sum, difference),
            ring.mul(t, ring.add(difference, ring.mul(self.a24, t))),
        )
    }

    /// p + q, given p − q.
    #[inline(always)]
    fn add(&self, p: Point, q: Point, difference: Point) -> Point {
        let ring = self.ring;
        let u = ring.mul(ring.sub(p.0, p.1), ring.add(q.0, q.1));
        let v = ring.mul(ring.add(p.0, p.1), ring.sub(q.0, q.1));
        let (s, t) = (ring.add(u, v), ring.sub(u, v));
        (
            ring.mul(difference.1, ring.mul(s, s)),
            ring.mul(difference.0, ring.mul(t, t)),
        )
    }

    /// `factor` times `p`, for a factor of at least 1, by Montgomery's ladder.
    fn multiply(&self, p: Point, factor: u64) -> Point {
        let (mut low, mut high) = (p, self.double(p));
        for i in (0..factor.ilog2()).rev() {
            let sum = self.add(low, high, p);
            (low, high) = if (factor >> i) & 1 == 1 {
                (sum, self.double(high))
            } else {
                (self.double(low), sum)
            };
        }
        low
    }

    /// A product that a factor divides if the order of `p` modulo that factor is 1 or one prime up to `B2`.
    ///
    /// Every prime above 5 is 60 k ± j with j below 30 and prime to 30, and 60 k p = ∓ j p shows as equal x coordinates.
    fn second_stage(&self, p: Point) -> u64 {
        let p2 = self.double(p);
        let p3 = self.add(p2, p, p);
        let p4 = self.double(p2);
        let p5 = self.add(p3, p2, p);
        let p6 = self.double(p3);
        let p7 = self.add(p4, p3, p);
        let p11 = self.add(p6, p5, p);
        let p13 = self.add(p7, p6, p);
        let p17 = self.add(p11, p6, p5);
        let p19 = self.add(p13, p6, p7);
        let p23 = self.add(p17, p6, p11);
        let p29 = self.add(p23, p6, p17);
        let p30 = self.add(p17, p13, p4);
        let p60 = self.double(p30);
        let baby_steps = [(p, p7), (p11, p13), (p17, p19), (p23, p29)];

        let ring = self.ring;
        let (mut previous, mut giant) = (p60, self.double(p60));
        let mut product = p.1;
        for k in 2..=GIANT_STEPS {
            if k >= FIRST_GIANT_STEP {
                // Two products side by side, since each multiplication waits for the one before.
                let mut second = ring.one();
                for (a, b) in baby_steps {
                    let difference = |point: Point| {
                        ring.sub(ring.mul(giant.0, point.1), ring.mul(point.0, giant.1))
                    };
                    product = ring.mul(product, difference(a));
                    second = ring.mul(second, difference(b));
                }
                product = ring.mul(product, second);
            }
            (previous, giant) = (giant, self.add(giant, p60, previous));
        }
        product
    }
}

/// Every prime power up to `B1`, multiplied together as far as they fit a word.
const FIRST_STAGE: [u64; STAGE_WORDS] = first_stage().0;
const STAGE_WORDS: usize = first_stage::<0>().1;

/// The words, and how many there are; `N` is the room for them.
#[allow(clippy::indexing_slicing, reason = "runs at compile time only")]
const fn first_stage<const N: usize>() -> ([u64; N], usize) {
    let mut words = [1; N];
    let mut used = 0;
    let mut word = 1_u64;
    let mut p = 2;
    while p <= B1 {
        if is_small_prime(p) {
            let mut power = p;
            while power * p <= B1 {
                power *= p;
            }
            match word.checked_mul(power) {
                Some(product) => word = product,
                None => {
                    if used < N {
                        words[used] = word;
                    }
                    used += 1;
                    word = power;
                }
            }
        }
        p += 1;
    }
    if used < N {
        words[used] = word;
    }
    (words, used + 1)
}

const fn is_small_prime(n: u64) -> bool {
    let mut d = 2;
    while d * d <= n {
        if n.is_multiple_of(d) {
            return false;
        }
        d += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn the_first_stage_holds_each_prime_power_once() {
        let product: Vec<u64> = FIRST_STAGE.to_vec();
        for p in (2..=B1).filter(|&p| is_small_prime(p)) {
            let expected = B1.ilog(p);
            let found: u32 = product
                .iter()
                .map(|&word| {
                    (1..)
                        .take_while(|&i| p.checked_pow(i).is_some_and(|q| word.is_multiple_of(q)))
                        .count()
                })
                .map(|count| u32::try_from(count).unwrap())
                .sum();
            assert_eq!(found, expected, "{p}");
        }
        assert!(FIRST_STAGE.iter().all(|&word| word > 1));
    }

    #[test]
    fn multiples_agree_however_they_are_reached() {
        let ring = Ring::new(1_000_003 * 1_000_033).unwrap();
        let (curve, p) = Curve::new(&ring, ring.enter(7)).unwrap();
        let same = |a: Point, b: Point| ring.mul(a.0, b.1) == ring.mul(b.0, a.1);
        assert!(same(curve.multiply(p, 1), p));
        assert!(same(
            curve.multiply(curve.multiply(p, 6), 35),
            curve.multiply(p, 210)
        ));
        let (p2, p3) = (curve.multiply(p, 2), curve.multiply(p, 3));
        assert!(same(curve.add(p3, p2, p), curve.multiply(p, 5)));
    }
}
