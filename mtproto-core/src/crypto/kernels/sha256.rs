//! SHA-256 with SHA-NI: one block, two blocks of two messages at once, and one block beside four of a cipher.
//!
//! The instructions work four rounds at a time, each waiting for the one before; a second chain of anything fills the
//! gaps.

use core::arch::x86_64::*;

use super::aes::{Chain, Keys};
use super::{Block, load, store};

/// A block of a message as four registers of four big-endian words.
pub(super) type Words = [__m128i; 4];

/// The state in the order of the instructions: words A B E F and C D G H.
#[derive(Clone, Copy)]
pub(super) struct State {
    abef: __m128i,
    cdgh: __m128i,
}

/// The round constants, four to a register.
const CONSTANTS: [Block; 16] = constants();

const fn constants() -> [Block; 16] {
    const K: [u32; 64] = [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    ];
    let mut out = [[0; 16]; 16];
    let mut i = 0;
    while i < 256 {
        out[i / 16][i % 16] = K[i / 4].to_le_bytes()[i % 4];
        i += 1;
    }
    out
}

/// Turns four little-endian words of a register into big-endian ones, or back.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn swap(words: __m128i) -> __m128i {
    _mm_shuffle_epi8(
        words,
        _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203),
    )
}

impl State {
    /// The state before the first block.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn new() -> Self {
        Self {
            abef: _mm_set_epi32(
                0x6a09_e667_u32.cast_signed(),
                0xbb67_ae85_u32.cast_signed(),
                0x510e_527f_u32.cast_signed(),
                0x9b05_688c_u32.cast_signed(),
            ),
            cdgh: _mm_set_epi32(
                0x3c6e_f372_u32.cast_signed(),
                0xa54f_f53a_u32.cast_signed(),
                0x1f83_d9ab_u32.cast_signed(),
                0x5be0_cd19_u32.cast_signed(),
            ),
        }
    }

    /// The two halves of the hash, if the last block carried the padding.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn digest(self) -> [__m128i; 2] {
        let feba = _mm_shuffle_epi32::<0x1b>(self.abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(self.cdgh);
        [
            swap(_mm_blend_epi16::<0xf0>(feba, dchg)),
            swap(_mm_alignr_epi8::<8>(dchg, feba)),
        ]
    }

    /// The hash as bytes.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn digest_bytes(self) -> [u8; 32] {
        let [low, high] = self.digest();
        let mut digest = [0; 32];
        let (halves, _) = digest.as_chunks_mut();
        store(&mut halves[0], low);
        store(&mut halves[1], high);
        digest
    }

    /// Four rounds, the `I`-th of sixteen such steps.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn step<const I: usize>(&mut self, words: __m128i) {
        let keyed = _mm_add_epi32(words, load(&CONSTANTS[I]));
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, keyed);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(keyed));
    }

    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn add(&mut self, other: Self) {
        self.abef = _mm_add_epi32(self.abef, other.abef);
        self.cdgh = _mm_add_epi32(self.cdgh, other.cdgh);
    }
}

/// The next four words of the message schedule out of the sixteen before them.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn extend(w: &mut Words) -> __m128i {
    let [w0, w1, w2, w3] = *w;
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2));
    let next = _mm_sha256msg2_epu32(sum, w3);
    *w = [w1, w2, w3, next];
    next
}

/// Writes out sixteen steps: four with the words of the block, twelve with words of the schedule.
macro_rules! sixteen_steps {
    ($step:ident) => {
        $step!(0);
        $step!(1);
        $step!(2);
        $step!(3);
        $step!(4);
        $step!(5);
        $step!(6);
        $step!(7);
        $step!(8);
        $step!(9);
        $step!(10);
        $step!(11);
        $step!(12);
        $step!(13);
        $step!(14);
        $step!(15);
    };
}

/// Hashes one block.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn compress(state: &mut State, mut w: Words) {
    let mut work = *state;
    macro_rules! step {
        ($i:literal) => {
            let words = if $i < 4 { w[$i % 4] } else { extend(&mut w) };
            work.step::<$i>(words);
        };
    }
    sixteen_steps!(step);
    state.add(work);
}

/// Hashes one block of each of two messages.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn compress_pair(states: &mut [State; 2], mut v: Words, mut w: Words) {
    let [mut first, mut second] = *states;
    macro_rules! step {
        ($i:literal) => {
            let (a, b) = if $i < 4 {
                (v[$i % 4], w[$i % 4])
            } else {
                (extend(&mut v), extend(&mut w))
            };
            first.step::<$i>(a);
            second.step::<$i>(b);
        };
    }
    sixteen_steps!(step);
    states[0].add(first);
    states[1].add(second);
}

/// Hashes the block `w` while the cipher does `blocks[..4]`, in one stream of instructions.
///
/// `blocks[0]` is in work in `chain` and `blocks[4]` is only read. The outputs are returned as words of the next hash
/// block.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn compress_beside_cipher<const ENCRYPT: bool>(
    state: &mut State,
    mut w: Words,
    chain: &mut Chain,
    keys: &Keys,
    blocks: &mut [Block; 5],
) -> Words {
    let mut work = *state;
    let mut outputs = w;
    macro_rules! step {
        ($i:literal) => {
            // Four steps of the hash to a block of the cipher.
            match $i % 4 {
                0 => chain.rounds::<ENCRYPT, 1, 4>(keys),
                1 => chain.rounds::<ENCRYPT, 4, 7>(keys),
                2 => chain.rounds::<ENCRYPT, 7, 11>(keys),
                _ => chain.rounds::<ENCRYPT, 11, 14>(keys),
            }
            let words = if $i < 4 { w[$i % 4] } else { extend(&mut w) };
            work.step::<$i>(words);
            if $i % 4 == 3 {
                let output = chain.advance::<ENCRYPT>(keys, &blocks[$i / 4 + 1]);
                store(&mut blocks[$i / 4], output);
                outputs[$i / 4] = swap(output);
            }
        };
    }
    sixteen_steps!(step);
    state.add(work);
    outputs
}

/// The plaintext of a message behind the 32-byte part of the key that is hashed with it, block by block.
pub(super) struct Message<'a> {
    key_part: &'a [Block; 2],
    plaintext: &'a [Block],
}

impl<'a> Message<'a> {
    pub(super) const fn new(key_part: &'a [Block; 2], plaintext: &'a [Block]) -> Self {
        Self {
            key_part,
            plaintext,
        }
    }

    /// The number of hash blocks: the padding of SHA-256 (a one bit, the length) always takes one cipher block more.
    pub(super) const fn len(&self) -> usize {
        (self.plaintext.len() + 3).div_ceil(4)
    }

    /// The words of the block number `index`.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn words(&self, index: usize) -> Words {
        let inner = index
            .checked_sub(1)
            .and_then(|i| self.plaintext.get(2 + 4 * i..)?.first_chunk());
        match inner {
            Some([a, b, c, d]) => [swap(load(a)), swap(load(b)), swap(load(c)), swap(load(d))],
            None => {
                let first = 4 * index;
                [
                    self.quarter(first),
                    self.quarter(first + 1),
                    self.quarter(first + 2),
                    self.quarter(first + 3),
                ]
            }
        }
    }

    /// Four words of the first block or of the last.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn quarter(&self, index: usize) -> __m128i {
        let end = 2 + self.plaintext.len();
        if let Some(key) = self.key_part.get(index) {
            return swap(load(key));
        }
        if let Some(block) = self.plaintext.get(index - 2) {
            return swap(load(block));
        }
        let one = if index == end { 1 << 31 } else { 0 };
        let bits = if index % 4 == 3 { end as u64 * 128 } else { 0 };
        let bits = _mm_set_epi64x(bits.rotate_left(32).cast_signed(), 0);
        _mm_or_si128(_mm_set_epi32(0, 0, 0, one), bits)
    }
}
