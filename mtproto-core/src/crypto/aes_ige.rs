//! AES-256 in IGE mode, the cipher of every encrypted message.
//!
//! The initialisation vector is 32 bytes: the previous ciphertext block, then the previous plaintext block.
//! Section: <https://core.telegram.org/mtproto/description#defining-aes-key-and-initialization-vector>.

use core::fmt;

use aes::Aes256;
use cipher::array::Array;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

#[cfg(target_arch = "x86_64")]
use super::kernels::Kernels;

/// The length of a cipher block in bytes.
pub const BLOCK: usize = 16;

/// The buffer is not a whole number of 16-byte blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotWholeBlocks;

impl fmt::Display for NotWholeBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data is not a whole number of 16-byte blocks")
    }
}

impl core::error::Error for NotWholeBlocks {}

/// Encrypts `buf` in place.
///
/// # Errors
/// [`NotWholeBlocks`] if the length is not a multiple of 16; the buffer is then unchanged.
pub fn encrypt(key: &[u8; 32], iv: &[u8; 32], buf: &mut [u8]) -> Result<(), NotWholeBlocks> {
    let (blocks, []) = buf.as_chunks_mut() else {
        return Err(NotWholeBlocks);
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = Kernels::detect() {
        kernels.ige_encrypt(key, iv, blocks);
        return Ok(());
    }
    encrypt_blocks(key, iv, blocks);
    Ok(())
}

/// Decrypts `buf` in place.
///
/// IGE detects no change of the ciphertext: check the `msg_key` or hash that belongs to the data before using it.
///
/// # Errors
/// [`NotWholeBlocks`] if the length is not a multiple of 16; the buffer is then unchanged.
pub fn decrypt(key: &[u8; 32], iv: &[u8; 32], buf: &mut [u8]) -> Result<(), NotWholeBlocks> {
    let (blocks, []) = buf.as_chunks_mut() else {
        return Err(NotWholeBlocks);
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = Kernels::detect() {
        kernels.ige_decrypt(key, iv, blocks);
        return Ok(());
    }
    decrypt_blocks(key, iv, blocks);
    Ok(())
}

/// Encryption for any processor.
pub(super) fn encrypt_blocks(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [[u8; BLOCK]]) {
    ige::Encryptor::<Aes256>::new(key.into(), iv.into())
        .encrypt_blocks(Array::cast_slice_from_core_mut(blocks));
}

/// Decryption for any processor.
pub(super) fn decrypt_blocks(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [[u8; BLOCK]]) {
    ige::Decryptor::<Aes256>::new(key.into(), iv.into())
        .decrypt_blocks(Array::cast_slice_from_core_mut(blocks));
}

#[cfg(test)]
mod tests {
    use aes::Aes256;
    use cipher::{BlockCipherEncrypt, KeyInit};
    use proptest::prelude::*;

    use super::*;

    /// IGE straight from its definition: c[i] = E(p[i] ^ c[i-1]) ^ p[i-1].
    fn encrypt_by_definition(key: &[u8; 32], iv: &[u8; 32], buf: &mut [u8]) {
        let cipher = Aes256::new(key.into());
        let (mut previous_c, mut previous_p) = (iv[..16].to_vec(), iv[16..].to_vec());
        for block in buf.chunks_exact_mut(16) {
            let plain = block.to_vec();
            let mut state: [u8; 16] = core::array::from_fn(|i| plain[i] ^ previous_c[i]);
            cipher.encrypt_block((&mut state).into());
            for i in 0..16 {
                block[i] = state[i] ^ previous_p[i];
            }
            (previous_c, previous_p) = (block.to_vec(), plain);
        }
    }

    #[test]
    fn a_broken_block_is_refused_and_nothing_is_changed() {
        for len in [1, 15, 17, 31] {
            let mut buf = std::vec![7; len];
            assert_eq!(encrypt(&[1; 32], &[2; 32], &mut buf), Err(NotWholeBlocks));
            assert_eq!(decrypt(&[1; 32], &[2; 32], &mut buf), Err(NotWholeBlocks));
            assert_eq!(buf, std::vec![7; len]);
        }
        assert_eq!(encrypt(&[1; 32], &[2; 32], &mut []), Ok(()));
    }

    proptest! {
        #[test]
        fn encryption_follows_the_definition_and_decryption_inverts_it(
            key: [u8; 32],
            iv: [u8; 32],
            plain in (0_usize..40).prop_flat_map(|n| prop::collection::vec(any::<u8>(), n * 16)),
        ) {
            let mut expected = plain.clone();
            encrypt_by_definition(&key, &iv, &mut expected);
            let mut buf = plain.clone();
            encrypt(&key, &iv, &mut buf).unwrap();
            prop_assert_eq!(&buf, &expected);
            decrypt(&key, &iv, &mut buf).unwrap();
            prop_assert_eq!(buf, plain);
        }
    }
}
