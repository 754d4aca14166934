//! Key derivation: `msg_key` and the AES key and IV of a message, and the keys of the key exchange.
//!
//! Sections: <https://core.telegram.org/mtproto/description#defining-aes-key-and-initialization-vector> (2.0),
//! <https://core.telegram.org/mtproto/description_v1#defining-aes-key-and-initialization-vector> (1.0),
//! <https://core.telegram.org/mtproto/auth_key#6-server-responds-with> (key exchange).

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::auth_key::AuthKey;
use super::hash::{sha1, sha256};
use crate::ids::{MsgKey, Nonce, ServerSalt};

/// The way of a message; each way uses its own part of the authorization key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// x = 0 in the formulae. In a secret chat: from the one who began the chat.
    ClientToServer,
    /// x = 8 in the formulae. In a secret chat: from the one who accepted it.
    ServerToClient,
}

impl Direction {
    /// The same channel the other way.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }

    /// The offset into the authorization key.
    pub(super) const fn x(self) -> usize {
        match self {
            Self::ClientToServer => 0,
            Self::ServerToClient => 8,
        }
    }
}

/// A key and an initialisation vector of AES-256-IGE, erased when dropped.
#[derive(Clone)]
pub struct AesKeyIv {
    /// The 256-bit key.
    pub key: [u8; 32],
    /// The previous ciphertext block (16 bytes), then the previous plaintext block.
    pub iv: [u8; 32],
}

impl PartialEq for AesKeyIv {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        (self.key.ct_eq(&other.key) & self.iv.ct_eq(&other.iv)).into()
    }
}

impl Eq for AesKeyIv {}

impl Drop for AesKeyIv {
    fn drop(&mut self) {
        self.key.zeroize();
        self.iv.zeroize();
    }
}

impl fmt::Debug for AesKeyIv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKeyIv(..)")
    }
}

/// `N` bytes of the authorization key from `start + x`.
///
/// The formulae end at byte 136 of 256 at the latest, so the range always exists.
fn part<const N: usize>(key: &AuthKey, start: usize, direction: Direction) -> &[u8; N] {
    let tail = key.as_bytes().get(start.saturating_add(direction.x())..);
    tail.and_then(|tail| tail.first_chunk()).unwrap_or(&[0; N])
}

/// Bytes `FROM..FROM + N` of a digest; the sum is checked when compiled.
fn piece<const FROM: usize, const N: usize, const D: usize>(digest: &[u8; D]) -> [u8; N] {
    const { assert!(FROM + N <= D) };
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(digest.iter().skip(FROM)) {
        *to = *from;
    }
    out
}

fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
    }
    out
}

// ---- MTProto 2.0

/// `msg_key_large` = SHA256(32 bytes of the key + the plaintext with its padding).
///
/// Its first 4 bytes are the token of a quick acknowledgement; bytes 8 to 24 are the `msg_key`.
#[must_use]
pub fn msg_key_large(auth_key: &AuthKey, plaintext: &[u8], direction: Direction) -> [u8; 32] {
    sha256(&[part::<32>(auth_key, 88, direction), plaintext])
}

/// The middle 16 bytes of `msg_key_large`.
#[must_use]
pub fn msg_key(large: &[u8; 32]) -> MsgKey {
    MsgKey(piece::<8, 16, 32>(large))
}

/// The AES key and IV of a message of MTProto 2.0.
#[must_use]
pub fn keys_v2(auth_key: &AuthKey, msg_key: &MsgKey, direction: Direction) -> AesKeyIv {
    mix_v2(
        sha256(&[&msg_key.0, part::<36>(auth_key, 0, direction)]),
        sha256(&[part::<36>(auth_key, 40, direction), &msg_key.0]),
    )
}

/// The key and IV out of the two hashes of MTProto 2.0.
pub(super) fn mix_v2(mut a: [u8; 32], mut b: [u8; 32]) -> AesKeyIv {
    let keys = AesKeyIv {
        key: mix(&a, &b),
        iv: mix(&b, &a),
    };
    a.zeroize();
    b.zeroize();
    keys
}

/// 8 bytes of `outer`, 16 of `inner`, 8 of `outer`, each from its own place.
fn mix(outer: &[u8; 32], inner: &[u8; 32]) -> [u8; 32] {
    let mut out = *outer;
    for (to, from) in out.iter_mut().zip(inner).skip(8).take(16) {
        *to = *from;
    }
    out
}

// ---- MTProto 1.0

/// The `msg_key` of MTProto 1.0: the last 16 bytes of SHA1(plaintext without padding).
#[must_use]
pub fn msg_key_v1(plaintext: &[u8]) -> MsgKey {
    MsgKey(piece::<4, 16, 20>(&sha1(&[plaintext])))
}

/// The AES key and IV of a message of MTProto 1.0.
#[must_use]
pub fn keys_v1(auth_key: &AuthKey, msg_key: &MsgKey, direction: Direction) -> AesKeyIv {
    let msg_key = &msg_key.0;
    let mut a = sha1(&[msg_key, part::<32>(auth_key, 0, direction)]);
    let mut b = sha1(&[
        part::<16>(auth_key, 32, direction),
        msg_key,
        part::<16>(auth_key, 48, direction),
    ]);
    let mut c = sha1(&[part::<32>(auth_key, 64, direction), msg_key]);
    let mut d = sha1(&[msg_key, part::<32>(auth_key, 96, direction)]);
    let keys = AesKeyIv {
        key: join(&[
            &piece::<0, 8, 20>(&a),
            &piece::<8, 12, 20>(&b),
            &piece::<4, 12, 20>(&c),
        ]),
        iv: join(&[
            &piece::<8, 12, 20>(&a),
            &piece::<0, 8, 20>(&b),
            &piece::<16, 4, 20>(&c),
            &piece::<0, 8, 20>(&d),
        ]),
    };
    for digest in [&mut a, &mut b, &mut c, &mut d] {
        digest.zeroize();
    }
    keys
}

// ---- key exchange

/// `tmp_aes_key` and `tmp_aes_iv`, which encrypt both Diffie–Hellman inner objects.
#[must_use]
pub fn tmp_keys(new_nonce: &[u8; 32], server_nonce: &Nonce) -> AesKeyIv {
    let server_nonce = &server_nonce.0;
    let new_server = sha1(&[new_nonce, server_nonce]);
    let server_new = sha1(&[server_nonce, new_nonce]);
    let new_new = sha1(&[new_nonce, new_nonce]);
    AesKeyIv {
        key: join(&[&new_server, &piece::<0, 12, 20>(&server_new)]),
        iv: join(&[
            &piece::<12, 8, 20>(&server_new),
            &new_new,
            &piece::<0, 4, 32>(new_nonce),
        ]),
    }
}

/// `new_nonce_hash1` (ok), `2` (retry) or `3` (fail): the last 16 bytes of SHA1(new_nonce + number + aux hash).
#[must_use]
pub fn new_nonce_hash(new_nonce: &[u8; 32], number: u8, aux_hash: &[u8; 8]) -> [u8; 16] {
    piece::<4, 16, 20>(&sha1(&[new_nonce, &[number], aux_hash]))
}

/// The first salt of a new key: the first 8 bytes of both nonces, combined by exclusive or.
#[must_use]
pub fn first_salt(new_nonce: &[u8; 32], server_nonce: &Nonce) -> ServerSalt {
    let new_nonce = i64::from_le_bytes(piece::<0, 8, 32>(new_nonce));
    let server_nonce = i64::from_le_bytes(piece::<0, 8, 16>(&server_nonce.0));
    ServerSalt(new_nonce ^ server_nonce)
}
