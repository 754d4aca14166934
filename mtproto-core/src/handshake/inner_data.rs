//! The encrypted objects of both Diffie–Hellman steps: SHA1(object), object, 0 to 15 random bytes.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key#presenting-proof-of-work-server-authentication>.

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::kdf::AesKeyIv;
use crate::crypto::{aes_ige, hash};
use crate::random::SecureRandom;
use crate::tl::{ReadError, Reader};

const BLOCK: usize = 16;
const HASH: usize = 20;

/// A decrypted object with its hash and padding; erased when dropped and never printed.
pub struct Decrypted(Zeroizing<Vec<u8>>);

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decrypted(..)")
    }
}

/// Why an encrypted object is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InnerError {
    /// Not made of whole blocks, or too short to hold a hash and a constructor.
    Length,
    /// The object is malformed, or another one.
    Content(ReadError),
    /// More than 15 bytes follow the object.
    Padding,
    /// The hash does not match the object.
    Hash,
}

/// Encrypts an object with a hash in front and random bytes behind it.
#[must_use]
pub fn encrypt(keys: &AesKeyIv, object: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
    let mut padding = [0; BLOCK];
    let padding = padding
        .get_mut(..padding_len(object.len()))
        .unwrap_or_default();
    random.fill(padding);
    encrypt_with(keys, &hash::sha1(&[object]), object, padding)
}

/// The number of random bytes that follow an object of `len` bytes.
pub(super) const fn padding_len(len: usize) -> usize {
    HASH.wrapping_add(len).wrapping_neg() % BLOCK
}

/// Encrypts exactly these parts; bytes short of a whole block are filled with zeroes.
pub(super) fn encrypt_with(
    keys: &AesKeyIv,
    hash: &[u8; 20],
    object: &[u8],
    padding: &[u8],
) -> Vec<u8> {
    let mut out = [&hash[..], object, padding].concat();
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    // Whole blocks by construction, the only error there is.
    let encrypted = aes_ige::encrypt(&keys.key, &keys.iv, &mut out);
    debug_assert!(encrypted.is_ok());
    out
}

/// Decrypts an object whose hash is not checked yet.
///
/// # Errors
/// [`InnerError::Length`].
pub fn decrypt(keys: &AesKeyIv, encrypted: &[u8]) -> Result<Decrypted, InnerError> {
    if encrypted.len() < HASH.saturating_add(4) {
        return Err(InnerError::Length);
    }
    let mut plain = Zeroizing::new(encrypted.to_vec());
    aes_ige::decrypt(&keys.key, &keys.iv, &mut plain).map_err(|_| InnerError::Length)?;
    Ok(Decrypted(plain))
}

impl Decrypted {
    /// Reads the object with `read` and checks that the hash covers exactly what was read.
    ///
    /// The length of the object is known only from its content, so the content is parsed first; nothing of it may be
    /// used before this function has returned.
    ///
    /// # Errors
    /// The object is malformed, its padding too long, or its hash wrong.
    pub fn read<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, ReadError>,
    ) -> Result<T, InnerError> {
        let (hash, rest) = self
            .0
            .split_first_chunk::<HASH>()
            .ok_or(InnerError::Length)?;
        let mut reader = Reader::new(rest);
        let object = read(&mut reader).map_err(InnerError::Content)?;
        let bytes = rest.get(..reader.offset()).unwrap_or_default();
        if !bool::from(hash::sha1(&[bytes]).ct_eq(hash)) {
            return Err(InnerError::Hash);
        }
        if reader.rest().len() >= BLOCK {
            return Err(InnerError::Padding);
        }
        Ok(object)
    }
}
