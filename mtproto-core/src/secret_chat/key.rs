//! The key of a secret chat: Diffie–Hellman between two clients, and what people compare to be sure of it.
//!
//! Prime and generator come from `messages.getDhConfig` and pass [`dh::check_params`] first.
//! Section: <https://core.telegram.org/api/end-to-end#key-generation>.

use core::fmt;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::SecretChatError;
use crate::crypto::auth_key::AuthKey;
#[cfg(doc)]
use crate::crypto::dh;
use crate::crypto::dh::DhParams;
use crate::crypto::hash::{sha1, sha256};
use crate::handshake::to_256_bytes;
use crate::random::{self, SecureRandom};

/// How often a secret is drawn while its public number is out of range; one draw fails with probability 2⁻⁶³.
const DRAWS: usize = 8;

/// A secret exponent and its public number.
pub(super) struct Secret {
    exponent: Zeroizing<[u8; 256]>,
    pub(super) public: [u8; 256],
}

impl Secret {
    /// Draws a secret; `server_random` is only mixed into our own randomness, so that it can do no harm.
    pub(super) fn draw(
        params: &DhParams,
        server_random: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Self, SecretChatError> {
        for _ in 0..DRAWS {
            let mut exponent = Zeroizing::new(random::bytes::<256>(random));
            for (ours, theirs) in exponent.iter_mut().zip(server_random) {
                *ours ^= theirs;
            }
            let public = params.g_pow(&exponent);
            if params.check_public(&public).is_ok() {
                return Ok(Self { exponent, public });
            }
        }
        Err(SecretChatError::Randomness)
    }

    /// The shared key, once the other side's public number is checked.
    pub(super) fn shared(
        &self,
        params: &DhParams,
        public: &[u8],
    ) -> Result<AuthKey, SecretChatError> {
        let public = to_256_bytes(public).ok_or(SecretChatError::PublicNumber)?;
        params.check_public(&public)?;
        Ok(AuthKey::new(params.pow(&public, &self.exponent)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Whether `key` has this fingerprint: the last 64 bits of its SHA-1.
pub(super) fn has_fingerprint(key: &AuthKey, fingerprint: i64) -> bool {
    key.id().0.ct_eq(&fingerprint.to_le_bytes()).into()
}

/// A secret chat that was asked for and is not accepted yet.
#[derive(Debug)]
pub struct KeyRequest {
    params: DhParams,
    secret: Secret,
}

impl KeyRequest {
    /// Begins a chat. `server_random` is the field `random` of the server's configuration, empty if it gave none.
    ///
    /// # Errors
    /// [`SecretChatError::Randomness`].
    pub fn new(
        params: DhParams,
        server_random: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Self, SecretChatError> {
        let secret = Secret::draw(&params, server_random, random)?;
        Ok(Self { params, secret })
    }

    /// `g_a` for `messages.requestEncryption`.
    #[must_use]
    pub const fn g_a(&self) -> &[u8; 256] {
        &self.secret.public
    }

    /// The key, from `g_b` (big-endian, at most 256 bytes) and `key_fingerprint` of `encryptedChat`.
    ///
    /// # Errors
    /// [`SecretChatError::PublicNumber`], [`SecretChatError::KeyFingerprint`]: discard the chat and tell the user.
    pub fn finish(self, g_b: &[u8], key_fingerprint: i64) -> Result<AuthKey, SecretChatError> {
        let key = self.secret.shared(&self.params, g_b)?;
        if has_fingerprint(&key, key_fingerprint) {
            Ok(key)
        } else {
            Err(SecretChatError::KeyFingerprint)
        }
    }
}

/// What accepting a chat gives: `g_b` and the key's fingerprint for `messages.acceptEncryption`, and the key.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The key.
    pub key: AuthKey,
    /// Our public number, 256 bytes big-endian.
    pub g_b: [u8; 256],
    /// The last 64 bits of the key's SHA-1.
    pub key_fingerprint: i64,
}

/// Accepts a chat that was asked for with `g_a` (big-endian, at most 256 bytes).
///
/// # Errors
/// [`SecretChatError::PublicNumber`], [`SecretChatError::Randomness`]: discard the chat.
pub fn accept(
    params: &DhParams,
    g_a: &[u8],
    server_random: &[u8],
    random: &mut dyn SecureRandom,
) -> Result<Accepted, SecretChatError> {
    let secret = Secret::draw(params, server_random, random)?;
    let key = secret.shared(params, g_a)?;
    Ok(Accepted {
        key_fingerprint: key.id().as_long(),
        g_b: secret.public,
        key,
    })
}

/// The 288 bits that clients show as a picture: 128 of SHA1(first key), then 160 of SHA256(key when the chat came to
/// layer 46), which for a new chat is the first key as well.
///
/// Section: <https://core.telegram.org/api/end-to-end/pfs#key-visualization>.
#[must_use]
pub fn key_picture(first_key: &AuthKey, key_at_layer_46: &AuthKey) -> [u8; 36] {
    let mut picture = [0; 36];
    let (from_first, from_later) = picture.split_at_mut(16);
    let first = sha1(&[first_key.as_bytes()]);
    let later = sha256(&[key_at_layer_46.as_bytes()]);
    from_first
        .iter_mut()
        .zip(first)
        .for_each(|(to, byte)| *to = byte);
    from_later
        .iter_mut()
        .zip(later)
        .for_each(|(to, byte)| *to = byte);
    picture
}

/// The fingerprint of a file's key: the first and the second four bytes of MD5(key + iv), combined by exclusive or.
///
/// Section: <https://core.telegram.org/api/end-to-end#sending-encrypted-files>.
#[must_use]
pub fn file_key_fingerprint(key: &[u8; 32], iv: &[u8; 32]) -> i32 {
    let mut hash = Md5::new();
    hash.update(key);
    hash.update(iv);
    let digest: [u8; 16] = hash.finalize().into();
    let [a, b, ..] = digest.as_chunks::<4>().0 else {
        return 0;
    };
    i32::from_le_bytes(*a) ^ i32::from_le_bytes(*b)
}
