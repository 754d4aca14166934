//! AES-256-IGE of several streams at once.
//!
//! One stream waits for each of its own rounds; eight keep the cipher unit busy.

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::aes::{Chain, Keys, feedback, last_round, round, schedule};
use super::{Block, load, store};

/// The most streams at once.
pub(super) const WIDTH: usize = 8;

/// A stream and how far it has come.
pub(super) struct Lane<'a> {
    keys: Keys,
    /// The IV of the blocks that are left: previous ciphertext, previous plaintext.
    iv: [__m128i; 2],
    rest: &'a mut [Block],
}

impl<'a> Lane<'a> {
    #[inline]
    #[target_feature(enable = "aes,avx,sha")]
    pub(super) fn new<const ENCRYPT: bool>(
        key: [__m128i; 2],
        iv: [__m128i; 2],
        blocks: &'a mut [Block],
    ) -> Self {
        Self {
            keys: schedule::<ENCRYPT>(key),
            iv,
            rest: blocks,
        }
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.keys.zeroize();
        self.iv.zeroize();
    }
}

/// Runs every lane to its end.
///
/// The longest lanes go first; as lanes end, eight at once become four, and then one after another.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
pub(super) fn run_all<const ENCRYPT: bool>(lanes: &mut [Lane<'_>]) {
    loop {
        lanes.sort_unstable_by_key(|lane| core::cmp::Reverse(lane.rest.len()));
        let active = lanes
            .iter()
            .take_while(|lane| !lane.rest.is_empty())
            .count();
        if let (8.., Some(first)) = (active, lanes.first_chunk_mut::<8>()) {
            run::<ENCRYPT, 8>(first);
        } else if let (4.., Some(first)) = (active, lanes.first_chunk_mut::<4>()) {
            run::<ENCRYPT, 4>(first);
        } else {
            for lane in &mut lanes[..active] {
                let blocks = core::mem::take(&mut lane.rest);
                Chain::start::<ENCRYPT>(&lane.keys, lane.iv, &blocks[0])
                    .run::<ENCRYPT>(&lane.keys, blocks);
            }
            return;
        }
    }
}

/// Runs `N` lanes together as far as the shortest goes.
#[inline]
#[target_feature(enable = "aes,avx,sha")]
fn run<const ENCRYPT: bool, const N: usize>(lanes: &mut [Lane<'_>; N]) {
    let length = lanes.iter().map(|lane| lane.rest.len()).min().unwrap_or(0);
    let zero = _mm_setzero_si128();
    // Round by round, so that the inner loop goes over neighbours.
    let mut keys = [[zero; N]; 15];
    let mut outputs = [zero; N];
    let mut inputs = [zero; N];
    for (j, lane) in lanes.iter().enumerate() {
        for (round, key) in keys.iter_mut().zip(lane.keys) {
            round[j] = key;
        }
        (outputs[j], inputs[j]) = feedback::<ENCRYPT>(lane.iv);
    }
    let blocks = lanes.each_mut().map(|lane| {
        let (now, rest) = core::mem::take(&mut lane.rest).split_at_mut(length);
        lane.rest = rest;
        now
    });
    for i in 0..length {
        let mut state = [zero; N];
        let mut next = [zero; N];
        for j in 0..N {
            next[j] = load(&blocks[j][i]);
            state[j] = _mm_xor_si128(_mm_xor_si128(next[j], keys[0][j]), outputs[j]);
        }
        for round_keys in &keys[1..14] {
            for j in 0..N {
                state[j] = round::<ENCRYPT>(state[j], round_keys[j]);
            }
        }
        for j in 0..N {
            outputs[j] = last_round::<ENCRYPT>(state[j], _mm_xor_si128(keys[14][j], inputs[j]));
            inputs[j] = next[j];
            store(&mut blocks[j][i], outputs[j]);
        }
    }
    keys.zeroize();
    for (j, lane) in lanes.iter_mut().enumerate() {
        lane.iv = if ENCRYPT {
            [outputs[j], inputs[j]]
        } else {
            [inputs[j], outputs[j]]
        };
    }
}
