//! AES-256-IGE of one stream.
//!
//! Encryption is c\[i\] = E(p\[i\] ^ c\[i-1\]) ^ p\[i-1\]; decryption has the same shape with the roles of p and c changed
//! and the inverse cipher. Both exclusive ors fold into the round keys of two neighbouring blocks: the state leaves the
//! last round of block i as the state after the first key of block i+1. So the chain from block to block is the fourteen
//! rounds and nothing else, and the output is made beside it.

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::{Block, load, store};

/// The round keys of AES-256.
pub(super) type Keys = [__m128i; 15];

/// The round keys in the order of use.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn schedule<const ENCRYPT: bool>(key: [__m128i; 2]) -> Keys {
    let mut encrypt = expand(key);
    if ENCRYPT {
        return encrypt;
    }
    let mut decrypt = encrypt;
    decrypt[0] = encrypt[14];
    decrypt[14] = encrypt[0];
    for i in 1..14 {
        decrypt[i] = _mm_aesimc_si128(encrypt[14 - i]);
    }
    encrypt.zeroize();
    decrypt
}

#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn expand([k0, k1]: [__m128i; 2]) -> Keys {
    /// The running exclusive or over the four words.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn spread(words: __m128i) -> __m128i {
        let words = _mm_xor_si128(words, _mm_slli_si128::<4>(words));
        _mm_xor_si128(words, _mm_slli_si128::<8>(words))
    }
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn even<const CONSTANT: i32>(before: __m128i, last: __m128i) -> __m128i {
        let rotated = _mm_aeskeygenassist_si128::<CONSTANT>(last);
        _mm_xor_si128(spread(before), _mm_shuffle_epi32::<0xff>(rotated))
    }
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn odd(before: __m128i, last: __m128i) -> __m128i {
        let substituted = _mm_aeskeygenassist_si128::<0>(last);
        _mm_xor_si128(spread(before), _mm_shuffle_epi32::<0xaa>(substituted))
    }
    let k2 = even::<0x01>(k0, k1);
    let k3 = odd(k1, k2);
    let k4 = even::<0x02>(k2, k3);
    let k5 = odd(k3, k4);
    let k6 = even::<0x04>(k4, k5);
    let k7 = odd(k5, k6);
    let k8 = even::<0x08>(k6, k7);
    let k9 = odd(k7, k8);
    let k10 = even::<0x10>(k8, k9);
    let k11 = odd(k9, k10);
    let k12 = even::<0x20>(k10, k11);
    let k13 = odd(k11, k12);
    let k14 = even::<0x40>(k12, k13);
    [
        k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14,
    ]
}

#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn round<const ENCRYPT: bool>(state: __m128i, key: __m128i) -> __m128i {
    if ENCRYPT {
        _mm_aesenc_si128(state, key)
    } else {
        _mm_aesdec_si128(state, key)
    }
}

#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn last_round<const ENCRYPT: bool>(state: __m128i, key: __m128i) -> __m128i {
    if ENCRYPT {
        _mm_aesenclast_si128(state, key)
    } else {
        _mm_aesdeclast_si128(state, key)
    }
}

/// The two halves of an IV as (what the first input is combined with, what the first output is combined with).
pub(super) const fn feedback<const ENCRYPT: bool>(
    [ciphertext, plaintext]: [__m128i; 2],
) -> (__m128i, __m128i) {
    if ENCRYPT {
        (ciphertext, plaintext)
    } else {
        (plaintext, ciphertext)
    }
}

/// 32 bytes in two registers.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn load_pair(bytes: &[u8; 32]) -> [__m128i; 2] {
    let (halves, _) = bytes.as_chunks();
    [load(&halves[0]), load(&halves[1])]
}

/// A stream between two blocks.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    /// The cipher's state in front of its first round.
    state: __m128i,
    /// The input of the block in work.
    input: __m128i,
    /// The input of the block before it.
    previous_input: __m128i,
}

impl Chain {
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn start<const ENCRYPT: bool>(keys: &Keys, iv: [__m128i; 2], first: &Block) -> Self {
        let (previous_output, previous_input) = feedback::<ENCRYPT>(iv);
        let input = load(first);
        let state = _mm_xor_si128(_mm_xor_si128(input, keys[0]), previous_output);
        Self {
            state,
            input,
            previous_input,
        }
    }

    /// Runs the inner rounds `FROM..TO` of the block in work.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn rounds<const ENCRYPT: bool, const FROM: usize, const TO: usize>(
        &mut self,
        keys: &Keys,
    ) {
        for key in &keys[FROM..TO] {
            self.state = round::<ENCRYPT>(self.state, *key);
        }
    }

    /// Ends the block in work and takes the next one; the output is returned.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn advance<const ENCRYPT: bool>(&mut self, keys: &Keys, next: &Block) -> __m128i {
        let next = load(next);
        let ends = _mm_xor_si128(keys[14], keys[0]);
        let folded = _mm_xor_si128(_mm_xor_si128(ends, self.previous_input), next);
        self.state = last_round::<ENCRYPT>(self.state, folded);
        self.previous_input = self.input;
        self.input = next;
        // The new state is output ^ next input ^ first key.
        _mm_xor_si128(self.state, _mm_xor_si128(next, keys[0]))
    }

    /// Ends the last block; the output is returned.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    fn finish<const ENCRYPT: bool>(self, keys: &Keys) -> __m128i {
        last_round::<ENCRYPT>(self.state, _mm_xor_si128(keys[14], self.previous_input))
    }

    /// Runs to the end of `blocks`, the first of which is in work.
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn run<const ENCRYPT: bool>(mut self, keys: &Keys, blocks: &mut [Block]) {
        for i in 1..blocks.len() {
            self.rounds::<ENCRYPT, 1, 14>(keys);
            let output = self.advance::<ENCRYPT>(keys, &blocks[i]);
            store(&mut blocks[i - 1], output);
        }
        if let Some(last) = blocks.last_mut() {
            self.rounds::<ENCRYPT, 1, 14>(keys);
            store(last, self.finish::<ENCRYPT>(keys));
        }
    }
}

/// A whole stream.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn whole<const ENCRYPT: bool>(
    key: [__m128i; 2],
    iv: [__m128i; 2],
    blocks: &mut [Block],
) {
    let mut keys = schedule::<ENCRYPT>(key);
    if let Some(first) = blocks.first() {
        Chain::start::<ENCRYPT>(&keys, iv, first).run::<ENCRYPT>(&keys, blocks);
    }
    keys.zeroize();
}

#[target_feature(enable = "aes,avx,sha")]
pub(super) fn encrypt(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    whole::<true>(load_pair(key), load_pair(iv), blocks);
}

#[target_feature(enable = "aes,avx,sha")]
pub(super) fn decrypt(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    whole::<false>(load_pair(key), load_pair(iv), blocks);
}
