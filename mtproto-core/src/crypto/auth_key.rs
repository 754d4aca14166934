//! The authorization key: 2048 bits shared by client and server.
//!
//! Section: <https://core.telegram.org/mtproto/description#authorization-key>.

use alloc::sync::Arc;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::hash;
use crate::ids::AuthKeyId;

/// An authorization key with the two numbers derived from its SHA-1.
///
/// Clones share one allocation, which is erased when the last of them goes.
/// `Debug` shows the identifier alone.
#[derive(Clone)]
pub struct AuthKey {
    secret: Arc<Secret>,
    id: AuthKeyId,
    aux_hash: [u8; 8],
}

struct Secret([u8; 256]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl AuthKey {
    /// The key made of these 256 bytes: g^ab modulo `dh_prime`, big-endian, with its leading zeros.
    #[must_use]
    pub fn new(mut bytes: [u8; 256]) -> Self {
        let [
            a0,
            a1,
            a2,
            a3,
            a4,
            a5,
            a6,
            a7,
            _,
            _,
            _,
            _,
            i0,
            i1,
            i2,
            i3,
            i4,
            i5,
            i6,
            i7,
        ] = hash::sha1(&[&bytes]);
        let key = Self {
            secret: Arc::new(Secret(bytes)),
            id: AuthKeyId([i0, i1, i2, i3, i4, i5, i6, i7]),
            aux_hash: [a0, a1, a2, a3, a4, a5, a6, a7],
        };
        bytes.zeroize();
        key
    }

    /// The last 8 bytes of SHA1(key), as they stand at the head of every message.
    #[must_use]
    pub const fn id(&self) -> AuthKeyId {
        self.id
    }

    /// `auth_key_aux_hash`: the first 8 bytes of SHA1(key), used in `new_nonce_hash` and as `retry_id`.
    #[must_use]
    pub const fn aux_hash(&self) -> [u8; 8] {
        self.aux_hash
    }

    /// The secret bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 256] {
        &self.secret.0
    }
}

impl PartialEq for AuthKey {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for AuthKey {}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_identifier_and_no_byte_of_the_key() {
        let key = AuthKey::new([0xab; 256]);
        let text = std::format!("{key:?}");
        assert!(text.contains(&std::format!("{}", key.id())), "{text}");
        assert!(!text.contains("171") && !text.contains("abab"), "{text}");
    }

    #[test]
    fn hs_53_the_two_numbers_are_the_ends_of_the_hash() {
        let key = AuthKey::new([0; 256]);
        let digest = hash::sha1(&[&[0; 256]]);
        assert_eq!(key.aux_hash(), digest[..8]);
        assert_eq!(key.id().0, digest[12..]);
    }

    #[test]
    fn keys_are_equal_when_their_bytes_are() {
        let mut other = [5; 256];
        assert_eq!(AuthKey::new([5; 256]), AuthKey::new(other));
        other[255] = 6;
        assert_ne!(AuthKey::new([5; 256]), AuthKey::new(other));
    }
}
