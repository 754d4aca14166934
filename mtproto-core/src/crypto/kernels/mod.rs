//! Kernels for x86-64 with AES-NI and SHA-NI: the only place of this crate with `unsafe` code.
//!
//! Each does what a safe module does ([`aes_ige`](super::aes_ige), [`hash`](super::hash), [`kdf`](super::kdf)), several
//! times faster; that module is its test oracle and serves every other processor.
//! The instructions are chosen at run time, once, by `cpufeatures`, which reads CPUID and so works without the standard
//! library.
//! Nothing else depends on the choice: the output is the same bit for bit.
//!
//! The instructions used take the same time for all data, no branch or index depends on a secret, and key schedules are
//! erased after use; copies that the compiler spills to the stack are not.
//!
//! All of `unsafe` is of two kinds: a load or store through a reference to an array of the right length, and the call of
//! a function with `#[target_feature]` behind the proof that the processor has the features ([`Kernels`]).
//! There are no kernels for 512-bit registers.
#![allow(
    unsafe_code,
    reason = "intrinsics that take pointers, and entry into functions with target features"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::needless_range_loop,
    reason = "indices into arrays of fixed length and into slices whose length the loop header reads"
)]

mod aes;
mod lanes;
mod message;
mod sha256;
#[cfg(test)]
mod tests;

use core::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_storeu_si128};

use super::envelope::Job;
use crate::ids::MsgKey;

cpufeatures::new!(x86_features, "aes", "avx", "sha");

/// A cipher block, a quarter of a hash block.
pub(super) type Block = [u8; 16];

/// The proof that this processor has AES-NI, AVX and SHA-NI.
#[derive(Clone, Copy)]
pub(super) struct Kernels(());

impl Kernels {
    /// The kernels, if this processor can run them.
    pub(super) fn detect() -> Option<Self> {
        x86_features::get().then_some(Self(()))
    }

    /// AES-256-IGE in place; see [`aes_ige::encrypt`](super::aes_ige::encrypt).
    pub(super) fn ige_encrypt(self, key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
        // SAFETY: `self` exists, so the processor has the features.
        unsafe { aes::encrypt(key, iv, blocks) }
    }

    /// AES-256-IGE in place; see [`aes_ige::decrypt`](super::aes_ige::decrypt).
    pub(super) fn ige_decrypt(self, key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
        // SAFETY: `self` exists, so the processor has the features.
        unsafe { aes::decrypt(key, iv, blocks) }
    }

    /// Hash, key derivation and encryption of one message; the result is `msg_key_large`.
    pub(super) fn message_encrypt(
        self,
        auth_key: &[u8; 256],
        x: usize,
        blocks: &mut [Block],
    ) -> [u8; 32] {
        // SAFETY: `self` exists, so the processor has the features.
        unsafe { message::encrypt(auth_key, x, blocks) }
    }

    /// Key derivation, and decryption and hash at once, of one message; the result is `msg_key_large`.
    pub(super) fn message_decrypt(
        self,
        auth_key: &[u8; 256],
        x: usize,
        msg_key: &MsgKey,
        blocks: &mut [Block],
    ) -> [u8; 32] {
        // SAFETY: `self` exists, so the processor has the features.
        unsafe { message::decrypt(auth_key, x, &msg_key.0, blocks) }
    }

    /// [`Kernels::message_encrypt`] for several messages, eight ciphers at once.
    pub(super) fn messages_encrypt(self, jobs: &mut [Job<'_>]) {
        // SAFETY: `self` exists, so the processor has the features.
        unsafe { message::encrypt_many(jobs) }
    }

    /// [`Kernels::message_decrypt`] for several messages, eight ciphers at once.
    pub(super) fn messages_decrypt(self, jobs: &mut [Job<'_>]) {
        // SAFETY: `self` exists, so the processor has the features.
        unsafe { message::decrypt_many(jobs) }
    }
}

#[inline(always)]
fn load(bytes: &Block) -> __m128i {
    // SAFETY: the reference is valid for reads of 16 bytes, and the intrinsic needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline(always)]
fn store(bytes: &mut Block, value: __m128i) {
    // SAFETY: the reference is valid for writes of 16 bytes, and the intrinsic needs no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), value) }
}
