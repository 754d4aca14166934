//! The two paddings of `encrypted_data`: RSA_PAD and the one with SHA-1 that older clients still send.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key#41-rsa-paddata-server-public-key-mentioned-above-is-implemented-as-follows>.

use alloc::vec::Vec;
use core::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use super::{RsaError, RsaPrivateKey, RsaPublicKey};
use crate::crypto::hash::{sha1, sha256};
use crate::crypto::{aes_ige, modular};
use crate::random::{self, SecureRandom};

/// The greatest length of data that RSA_PAD accepts, in bytes.
pub const RSA_PAD_MAX: usize = 144;
/// The greatest length of data that the older padding accepts, in bytes.
pub const LEGACY_MAX: usize = 235;

/// The length of the data with its random padding under RSA_PAD.
const PADDED: usize = 192;
/// How often RSA_PAD draws a new key while the result is not below the modulus.
///
/// A draw fails with probability 1/2 at most; when all fail, the randomness is not random.
const DRAWS: usize = 256;

/// Encrypts up to 144 bytes with RSA_PAD, the padding that the protocol prescribes.
///
/// # Errors
/// [`RsaError::TooLong`]; [`RsaError::Random`] if the source of randomness is broken.
pub fn pad_encrypt(
    key: &RsaPublicKey,
    data: &[u8],
    random: &mut dyn SecureRandom,
) -> Result<[u8; 256], RsaError> {
    if data.len() > RSA_PAD_MAX {
        return Err(RsaError::TooLong);
    }
    let mut padded = Zeroizing::new([0; PADDED]);
    fill(&mut *padded, data, random);
    for _ in 0..DRAWS {
        let temp_key = Zeroizing::new(random::bytes(random));
        let block = Zeroizing::new(pad(&padded, &temp_key));
        let number = Zeroizing::new(modular::from_be_bytes(&block));
        if modular::less(&number, key.modulus.n()) == 1 {
            return Ok(modular::to_be_bytes(&key.raw(&number)));
        }
    }
    Err(RsaError::Random)
}

/// Encrypts up to 235 bytes with the older padding: SHA1(data), data, random bytes, 255 in all.
///
/// # Errors
/// [`RsaError::TooLong`].
pub fn legacy_encrypt(
    key: &RsaPublicKey,
    data: &[u8],
    random: &mut dyn SecureRandom,
) -> Result<[u8; 256], RsaError> {
    if data.len() > LEGACY_MAX {
        return Err(RsaError::TooLong);
    }
    let mut block = Zeroizing::new([0; 256]);
    let [_, content @ ..] = &mut *block;
    if let Some((hash, rest)) = content.split_first_chunk_mut() {
        *hash = sha1(&[data]);
        fill(rest, data, random);
    }
    Ok(modular::to_be_bytes(
        &key.raw(&modular::from_be_bytes(&block)),
    ))
}

/// The form in which a client padded its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// RSA_PAD.
    RsaPad,
    /// The older padding with SHA-1.
    Legacy,
}

/// Decrypted data, erased when dropped.
#[derive(Clone)]
pub struct Decrypted {
    /// The client's data. Under RSA_PAD always 192 bytes: the random padding at the end cannot be told apart here.
    /// Under the older padding exactly the bytes that its hash covers, up to 235.
    pub data: Vec<u8>,
    /// The form of the padding.
    pub form: Padding,
}

impl Drop for Decrypted {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// Decrypts what [`pad_encrypt`] or [`legacy_encrypt`] made, whichever it was.
///
/// All work for both forms is done whatever the outcome, so that neither the answer nor its time tells which check
/// failed.
///
/// # Errors
/// [`RsaError::Decrypt`], the same for every reason.
pub fn decrypt_either(key: &RsaPrivateKey, encrypted: &[u8; 256]) -> Result<Decrypted, RsaError> {
    let number = key.raw(&modular::from_be_bytes(encrypted));
    let valid = Choice::from(u8::from(number.is_some()));
    let number = Zeroizing::new(number.unwrap_or([0; modular::FULL]));
    let block = Zeroizing::new(modular::to_be_bytes(&number));

    let (padded, is_pad) = unpad(&block);
    let padded = Zeroizing::new(padded);
    let (legacy_len, is_legacy) = legacy_length(&block);
    if bool::from(valid & is_pad) {
        return Ok(Decrypted {
            data: padded.to_vec(),
            form: Padding::RsaPad,
        });
    }
    if bool::from(valid & is_legacy) {
        let data = block.iter().skip(21).take(legacy_len).copied().collect();
        return Ok(Decrypted {
            data,
            form: Padding::Legacy,
        });
    }
    Err(RsaError::Decrypt)
}

/// `data`, then random bytes up to the end of `out`, which is at least as long.
fn fill(out: &mut [u8], data: &[u8], random: &mut dyn SecureRandom) {
    if let Some((head, tail)) = out.split_at_mut_checked(data.len()) {
        head.copy_from_slice(data);
        random.fill(tail);
    }
}

/// RSA_PAD before the modular power: temp_key hidden by the hash of what it encrypts, then the encrypted rest.
fn pad(padded: &[u8; PADDED], temp_key: &[u8; 32]) -> [u8; 256] {
    let mut block = [0; 256];
    if let Some((hidden_key, rest)) = block.split_first_chunk_mut::<32>() {
        for (to, from) in rest.iter_mut().zip(padded.iter().rev()) {
            *to = *from;
        }
        if let Some(hash) = rest.last_chunk_mut() {
            *hash = sha256(&[temp_key, padded]);
        }
        let whole = aes_ige::encrypt(temp_key, &[0; 32], rest);
        debug_assert_eq!(whole, Ok(()), "224 bytes are 14 blocks");
        *hidden_key = xor(temp_key, &sha256(&[rest]));
    }
    block
}

/// The data and its padding, and whether the hash inside is right.
fn unpad(block: &[u8; 256]) -> ([u8; PADDED], Choice) {
    let mut block = Zeroizing::new(*block);
    let mut padded = [0; PADDED];
    let Some((hidden_key, rest)) = block.split_first_chunk_mut::<32>() else {
        return (padded, Choice::from(0));
    };
    let temp_key = Zeroizing::new(xor(hidden_key, &sha256(&[rest])));
    let whole = aes_ige::decrypt(&temp_key, &[0; 32], rest);
    debug_assert_eq!(whole, Ok(()), "224 bytes are 14 blocks");
    if let Some((reversed, _)) = rest.split_first_chunk::<PADDED>() {
        for (to, from) in padded.iter_mut().zip(reversed.iter().rev()) {
            *to = *from;
        }
    }
    let hash = sha256(&[&*temp_key, &padded]);
    let right = rest
        .last_chunk::<32>()
        .map_or_else(|| Choice::from(0), |found| found.ct_eq(&hash));
    (padded, right)
}

/// The length of the data under the older padding, and whether there is one.
///
/// The padding behind the data is random, so its length is found by the hash.
/// A TL object is a whole number of words, which leaves 59 lengths; all are tried.
fn legacy_length(block: &[u8; 256]) -> (usize, Choice) {
    let [first, content @ ..] = block;
    let Some((hash, rest)) = content.split_first_chunk::<20>() else {
        return (0, Choice::from(0));
    };
    let mut length = 0_u32;
    let mut found = Choice::from(0);
    for words in 0_u32..=58 {
        let candidate = words.saturating_mul(4);
        let data = usize::try_from(candidate)
            .ok()
            .and_then(|len| rest.get(..len))
            .unwrap_or(rest);
        let right = sha1(&[data]).ct_eq(hash);
        length.conditional_assign(&candidate, right);
        found |= right;
    }
    (
        usize::try_from(length).unwrap_or(0),
        found & first.ct_eq(&0),
    )
}

fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let mut out = *a;
    for (to, from) in out.iter_mut().zip(b) {
        *to ^= from;
    }
    out
}
