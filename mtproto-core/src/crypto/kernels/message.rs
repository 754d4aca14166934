//! Whole messages of MTProto 2.0: hash, key derivation and cipher.

use alloc::vec::Vec;
use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::aes::{self, Chain, schedule};
use super::lanes::{Lane, WIDTH, run_all};
use super::sha256::{Message, State, compress, compress_beside_cipher, compress_pair, swap};
use super::{Block, load, store};
use crate::crypto::envelope::Job;
use crate::crypto::kdf;

/// Bytes of the authorization key from `start`; see [`Direction`](kdf::Direction) for `x`.
///
/// The greatest start is 96 and the longest part 36 bytes, so there are always enough.
fn part<const N: usize>(auth_key: &[u8; 256], start: usize) -> &[u8; N] {
    let (part, _) = auth_key[start..]
        .split_first_chunk()
        .unwrap_or((&[0; N], &[]));
    part
}

/// The part of the key that is hashed with the plaintext.
fn hashed_part(auth_key: &[u8; 256], x: usize) -> &[Block; 2] {
    let (blocks, _) = part::<32>(auth_key, 88 + x).as_chunks();
    blocks.first_chunk().unwrap_or(&[[0; 16]; 2])
}

/// The AES key and IV of a message; see [`kdf::keys_v2`].
///
/// Both hashes are of 52 bytes, which is one block, and run at once. All stays in registers.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn derive(auth_key: &[u8; 256], x: usize, msg_key: &Block) -> ([__m128i; 2], [__m128i; 2]) {
    let auth = |start: usize| part::<16>(auth_key, start + x);
    let msg_key = load(msg_key);
    // The end of a block: 52 bytes, a one bit, and the length of 416 bits.
    let padding = _mm_set_epi32(52 * 8, 0, 1 << 31, 0);
    let first_word = |register: __m128i| _mm_srli_si128::<12>(register);
    // msg_key, auth_key[x .. x + 36]
    let a = [
        swap(msg_key),
        swap(load(auth(0))),
        swap(load(auth(16))),
        _mm_or_si128(first_word(swap(load(auth(20)))), padding),
    ];
    // auth_key[40 + x .. 76 + x], msg_key
    let b = [
        swap(load(auth(40))),
        swap(load(auth(56))),
        swap(_mm_alignr_epi8::<12>(msg_key, load(auth(60)))),
        _mm_or_si128(first_word(swap(msg_key)), padding),
    ];
    let mut states = [State::new(); 2];
    compress_pair(&mut states, a, b);
    let [[a0, a1], [b0, b1]] = states.map(|state| state.digest());
    // 8 bytes of one hash, 16 of the other, 8 of the first, each from its own place.
    let key = [
        _mm_blend_epi16::<0xf0>(a0, b0),
        _mm_blend_epi16::<0xf0>(b1, a1),
    ];
    let iv = [
        _mm_blend_epi16::<0xf0>(b0, a0),
        _mm_blend_epi16::<0xf0>(a1, b1),
    ];
    (key, iv)
}

/// `msg_key_large` of one plaintext.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn hash(auth_key: &[u8; 256], x: usize, plaintext: &[Block]) -> [u8; 32] {
    let message = Message::new(hashed_part(auth_key, x), plaintext);
    let mut state = State::new();
    for i in 0..message.len() {
        compress(&mut state, message.words(i));
    }
    state.digest_bytes()
}

/// `msg_key_large` of two plaintexts of any length.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn hash_pair(first: &Job<'_>, second: &Job<'_>) -> [[u8; 32]; 2] {
    let messages = [first, second].map(|job| {
        Message::new(
            hashed_part(job.key.as_bytes(), job.direction.x()),
            job.blocks,
        )
    });
    let mut states = [State::new(); 2];
    let together = messages[0].len().min(messages[1].len());
    for i in 0..together {
        compress_pair(&mut states, messages[0].words(i), messages[1].words(i));
    }
    for (state, message) in states.iter_mut().zip(&messages) {
        for i in together..message.len() {
            compress(state, message.words(i));
        }
    }
    [states[0].digest_bytes(), states[1].digest_bytes()]
}

#[target_feature(enable = "aes,avx,sha")]
pub(super) fn encrypt(auth_key: &[u8; 256], x: usize, blocks: &mut [Block]) -> [u8; 32] {
    let msg_key_large = hash(auth_key, x, blocks);
    let (key, iv) = derive(auth_key, x, &kdf::msg_key(&msg_key_large).0);
    aes::whole::<true>(key, iv, blocks);
    msg_key_large
}

/// Decrypts 64 bytes while the 64 bytes before them are hashed.
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn decrypt(
    auth_key: &[u8; 256],
    x: usize,
    msg_key: &Block,
    blocks: &mut [Block],
) -> [u8; 32] {
    let (key, iv) = derive(auth_key, x, msg_key);
    // Two blocks fill the first block of the hash; then groups of four, each with one block behind it.
    let groups = blocks.len().saturating_sub(3) / 4;
    if groups == 0 {
        aes::whole::<false>(key, iv, blocks);
        return hash(auth_key, x, blocks);
    }
    let mut round_keys = schedule::<false>(key);
    let mut chain = Chain::start::<false>(&round_keys, iv, &blocks[0]);
    let key_part = hashed_part(auth_key, x);
    let [mut third, mut fourth] = [_mm_setzero_si128(); 2];
    for (i, words) in [&mut third, &mut fourth].into_iter().enumerate() {
        chain.rounds::<false, 1, 14>(&round_keys);
        let output = chain.advance::<false>(&round_keys, &blocks[i + 1]);
        store(&mut blocks[i], output);
        *words = swap(output);
    }
    let mut words = [
        swap(load(&key_part[0])),
        swap(load(&key_part[1])),
        third,
        fourth,
    ];
    let mut state = State::new();
    let mut done = 2;
    for _ in 0..groups {
        if let Some((group, _)) = blocks[done..].split_first_chunk_mut::<5>() {
            words =
                compress_beside_cipher::<false>(&mut state, words, &mut chain, &round_keys, group);
        }
        done += 4;
    }
    chain.run::<false>(&round_keys, &mut blocks[done..]);
    round_keys.zeroize();
    compress(&mut state, words);
    // One to four blocks and the padding are left.
    let message = Message::new(key_part, blocks);
    for i in groups + 1..message.len() {
        compress(&mut state, message.words(i));
    }
    state.digest_bytes()
}

#[target_feature(enable = "aes,avx,sha")]
pub(super) fn encrypt_many(jobs: &mut [Job<'_>]) {
    hash_all(jobs);
    for job in &mut *jobs {
        job.msg_key = kdf::msg_key(&job.msg_key_large);
    }
    cipher_all::<true>(jobs);
}

#[target_feature(enable = "aes,avx,sha")]
pub(super) fn decrypt_many(jobs: &mut [Job<'_>]) {
    cipher_all::<false>(jobs);
    hash_all(jobs);
}

#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn hash_all(jobs: &mut [Job<'_>]) {
    let (pairs, rest) = jobs.as_chunks_mut();
    for [first, second] in pairs {
        [first.msg_key_large, second.msg_key_large] = hash_pair(first, second);
    }
    for job in rest {
        job.msg_key_large = hash(job.key.as_bytes(), job.direction.x(), job.blocks);
    }
}

/// Runs the ciphers in groups that are small enough to stay in the cache and large enough to replace ended lanes.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn cipher_all<const ENCRYPT: bool>(jobs: &mut [Job<'_>]) {
    for group in jobs.chunks_mut(4 * WIDTH) {
        let mut lanes = Vec::with_capacity(group.len());
        for job in group {
            let (key, iv) = derive(job.key.as_bytes(), job.direction.x(), &job.msg_key.0);
            lanes.push(Lane::new::<ENCRYPT>(key, iv, job.blocks));
        }
        run_all::<ENCRYPT>(&mut lanes);
    }
}
