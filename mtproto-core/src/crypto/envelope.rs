//! The cryptographic part of a message of MTProto 2.0 as one operation: hash, key derivation and cipher.
//!
//! One function for the three steps lets fast processors overlap them, and several messages at once use the cipher unit
//! about five times better than one after another, since IGE is serial within a message.
//! What stands in the plaintext is not looked at here.
//! Section: <https://core.telegram.org/mtproto/description#encrypted-message>.

use core::fmt;

use super::aes_ige::{self, NotWholeBlocks};
use super::auth_key::AuthKey;
use super::kdf::{self, Direction};
#[cfg(target_arch = "x86_64")]
use super::kernels::Kernels;
use crate::ids::MsgKey;

/// Encrypts a padded plaintext in place.
///
/// Returns `msg_key_large`; [`kdf::msg_key`] takes the `msg_key` out of it.
///
/// # Errors
/// [`NotWholeBlocks`] if the length is not a multiple of 16; the buffer is then unchanged.
pub fn encrypt(
    key: &AuthKey,
    direction: Direction,
    plaintext: &mut [u8],
) -> Result<[u8; 32], NotWholeBlocks> {
    let mut job = Job::new(key, direction, MsgKey([0; 16]), plaintext)?;
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = Kernels::detect() {
        return Ok(kernels.message_encrypt(key.as_bytes(), direction.x(), job.blocks));
    }
    job.encrypt();
    Ok(job.msg_key_large)
}

/// Decrypts a message in place.
///
/// Returns `msg_key_large` of the plaintext found: only if [`kdf::msg_key`] of it equals `msg_key` (compared in constant
/// time) is the plaintext what the other side wrote.
///
/// # Errors
/// [`NotWholeBlocks`] if the length is not a multiple of 16; the buffer is then unchanged.
pub fn decrypt(
    key: &AuthKey,
    direction: Direction,
    msg_key: &MsgKey,
    ciphertext: &mut [u8],
) -> Result<[u8; 32], NotWholeBlocks> {
    let mut job = Job::new(key, direction, *msg_key, ciphertext)?;
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = Kernels::detect() {
        return Ok(kernels.message_decrypt(key.as_bytes(), direction.x(), msg_key, job.blocks));
    }
    job.decrypt();
    Ok(job.msg_key_large)
}

/// One message among several.
pub struct Job<'a> {
    pub(super) key: &'a AuthKey,
    pub(super) direction: Direction,
    /// What the message is decrypted with; after [`encrypt_many`] the `msg_key` of the message.
    pub msg_key: MsgKey,
    /// The hash of the plaintext, once the work is done.
    pub msg_key_large: [u8; 32],
    pub(super) blocks: &'a mut [[u8; aes_ige::BLOCK]],
}

impl<'a> Job<'a> {
    /// A message to be encrypted or decrypted in place; `msg_key` is read when decrypting only.
    ///
    /// # Errors
    /// [`NotWholeBlocks`] if the length is not a multiple of 16.
    pub fn new(
        key: &'a AuthKey,
        direction: Direction,
        msg_key: MsgKey,
        data: &'a mut [u8],
    ) -> Result<Self, NotWholeBlocks> {
        let (blocks, []) = data.as_chunks_mut() else {
            return Err(NotWholeBlocks);
        };
        Ok(Self {
            key,
            direction,
            msg_key,
            msg_key_large: [0; 32],
            blocks,
        })
    }

    /// The bytes, encrypted or decrypted if the work is done.
    #[must_use]
    pub const fn into_data(self) -> &'a mut [u8] {
        self.blocks.as_flattened_mut()
    }

    fn encrypt(&mut self) {
        self.msg_key_large =
            kdf::msg_key_large(self.key, self.blocks.as_flattened(), self.direction);
        self.msg_key = kdf::msg_key(&self.msg_key_large);
        let keys = kdf::keys_v2(self.key, &self.msg_key, self.direction);
        aes_ige::encrypt_blocks(&keys.key, &keys.iv, self.blocks);
    }

    fn decrypt(&mut self) {
        let keys = kdf::keys_v2(self.key, &self.msg_key, self.direction);
        aes_ige::decrypt_blocks(&keys.key, &keys.iv, self.blocks);
        self.msg_key_large =
            kdf::msg_key_large(self.key, self.blocks.as_flattened(), self.direction);
    }
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}

/// [`encrypt`] for several messages of any lengths and keys. Best when neighbours are of similar length.
pub fn encrypt_many(jobs: &mut [Job<'_>]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = Kernels::detect() {
        kernels.messages_encrypt(jobs);
        return;
    }
    jobs.iter_mut().for_each(Job::encrypt);
}

/// [`decrypt`] for several messages of any lengths and keys. Best when neighbours are of similar length.
pub fn decrypt_many(jobs: &mut [Job<'_>]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = Kernels::detect() {
        kernels.messages_decrypt(jobs);
        return;
    }
    jobs.iter_mut().for_each(Job::decrypt);
}
