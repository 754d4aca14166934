//! Whole messages of MTProto 2.0: hash, key derivation and cipher.

use alloc::vec::Vec;

use zeroize::Zeroize;

use super::Block;
use super::aes::{self, Chain, schedule};
use super::lanes::{Lane, WIDTH, run_all};
use super::sha256::{Blocks, State, compress, compress_beside_cipher, compress_pair, swap, words};
use crate::crypto::envelope::Job;
use crate::crypto::kdf::{self, AesKeyIv};

/// `N` bytes of the authorization key from `start`; see [`Direction`](kdf::Direction) for `x`.
fn part<const N: usize>(auth_key: &[u8; 256], start: usize) -> &[u8; N] {
    let (part, _) = auth_key[start..]
        .split_first_chunk()
        .unwrap_or((&[0; N], &[]));
    part
}

/// Both hashes of the key derivation at once; each is one block.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn derive(auth_key: &[u8; 256], x: usize, msg_key: &[u8; 16]) -> AesKeyIv {
    let mut a = [0; 64];
    let mut b = [0; 64];
    a[..16].copy_from_slice(msg_key);
    a[16..52].copy_from_slice(part::<36>(auth_key, x));
    b[..36].copy_from_slice(part::<36>(auth_key, 40 + x));
    b[36..52].copy_from_slice(msg_key);
    for block in [&mut a, &mut b] {
        block[52] = 0x80;
        block[62..].copy_from_slice(&(52_u16 * 8).to_be_bytes());
    }
    let mut states = [State::new(); 2];
    compress_pair(&mut states, words(&a), words(&b));
    a.zeroize();
    b.zeroize();
    kdf::mix_v2(states[0].digest(), states[1].digest())
}

/// `msg_key_large` of one plaintext.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn hash(auth_key: &[u8; 256], x: usize, plaintext: &[Block]) -> [u8; 32] {
    let blocks = Blocks::new(part(auth_key, 88 + x), plaintext.as_flattened());
    let mut state = State::new();
    for i in 0..blocks.len() {
        compress(&mut state, words(blocks.get(i)));
    }
    state.digest()
}

/// `msg_key_large` of two plaintexts of any length.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn hash_pair(first: &Job<'_>, second: &Job<'_>) -> [[u8; 32]; 2] {
    let blocks = [first, second].map(|job| {
        let key_part = part(job.key.as_bytes(), 88 + job.direction.x());
        Blocks::new(key_part, job.blocks.as_flattened())
    });
    let mut states = [State::new(); 2];
    let together = blocks[0].len().min(blocks[1].len());
    for i in 0..together {
        compress_pair(
            &mut states,
            words(blocks[0].get(i)),
            words(blocks[1].get(i)),
        );
    }
    for (state, blocks) in states.iter_mut().zip(&blocks) {
        for i in together..blocks.len() {
            compress(state, words(blocks.get(i)));
        }
    }
    [states[0].digest(), states[1].digest()]
}

#[target_feature(enable = "aes,avx,sha")]
pub(super) fn encrypt(auth_key: &[u8; 256], x: usize, blocks: &mut [Block]) -> [u8; 32] {
    let msg_key_large = hash(auth_key, x, blocks);
    let keys = derive(auth_key, x, &kdf::msg_key(&msg_key_large).0);
    aes::encrypt(&keys.key, &keys.iv, blocks);
    msg_key_large
}

/// Decrypts 64 bytes while the 64 bytes before them are hashed.
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn decrypt(
    auth_key: &[u8; 256],
    x: usize,
    msg_key: &[u8; 16],
    blocks: &mut [Block],
) -> [u8; 32] {
    let keys = derive(auth_key, x, msg_key);
    // Two blocks fill the first block of the hash; then groups of four, each with one block behind it.
    let groups = blocks.len().saturating_sub(3) / 4;
    if groups == 0 {
        aes::decrypt(&keys.key, &keys.iv, blocks);
        return hash(auth_key, x, blocks);
    }
    let mut round_keys = schedule::<false>(&keys.key);
    let mut chain = Chain::start::<false>(&round_keys, &keys.iv, &blocks[0]);
    let mut first = [0; 64];
    first[..32].copy_from_slice(part::<32>(auth_key, 88 + x));
    let mut hash_words = words(&first);
    first.zeroize();
    for i in 0..2 {
        chain.rounds::<false, 1, 14>(&round_keys);
        let output = chain.advance::<false>(&round_keys, &blocks[i + 1]);
        super::store(&mut blocks[i], output);
        hash_words[2 + i] = swap(output);
    }
    let mut state = State::new();
    let mut done = 2;
    for _ in 0..groups {
        if let Some((group, _)) = blocks[done..].split_first_chunk_mut::<5>() {
            hash_words = compress_beside_cipher::<false>(
                &mut state,
                hash_words,
                &mut chain,
                &round_keys,
                group,
            );
        }
        done += 4;
    }
    chain.run::<false>(&round_keys, &mut blocks[done..]);
    round_keys.zeroize();
    compress(&mut state, hash_words);
    // One to four blocks and the padding are left.
    let hashed = Blocks::new(&[0; 32], blocks.as_flattened());
    for i in groups + 1..hashed.len() {
        compress(&mut state, words(hashed.get(i)));
    }
    state.digest()
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
            let keys = derive(job.key.as_bytes(), job.direction.x(), &job.msg_key.0);
            lanes.push(Lane::new::<ENCRYPT>(&keys.key, &keys.iv, job.blocks));
        }
        run_all::<ENCRYPT>(&mut lanes);
    }
}
