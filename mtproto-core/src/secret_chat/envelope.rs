//! The encrypted message of a secret chat, in both versions of the protocol.
//!
//! `key_fingerprint (8) ‖ msg_key (16) ‖ AES-256-IGE(length (4) ‖ decryptedMessageLayer ‖ padding)`.
//! In MTProto 2.0 there are 12 to 1024 bytes of padding and `msg_key` covers them; in 1.0 there are 0 to 15 and it does
//! not.
//! [`Direction::ClientToServer`] is the way from the one who began the chat.
//! Sections: <https://core.telegram.org/api/end-to-end#serialization-and-encryption-of-outgoing-messages>,
//! <https://core.telegram.org/api/end-to-end_v1#serialization-and-encryption-of-outgoing-messages>.

use alloc::vec::Vec;

use subtle::{Choice, ConstantTimeEq};

use super::SecretChatError;
use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::{self, Direction};
use crate::crypto::{aes_ige, envelope};
use crate::ids::{AuthKeyId, MsgKey};
use crate::message::encrypted::{MAX_PADDING, MIN_PADDING};
use crate::random::SecureRandom;

/// Bytes in front of the encrypted part: fingerprint and `msg_key`.
pub const HEAD: usize = 24;

const BLOCK: usize = 16;
const LENGTH: usize = 4;

/// The version of the protocol that a message is encrypted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// MTProto 1.0, which chats of layers below 73 began with.
    V1,
    /// MTProto 2.0.
    V2,
}

/// The fingerprint in front of a message.
#[must_use]
pub fn key_fingerprint(data: &[u8]) -> Option<AuthKeyId> {
    data.first_chunk().map(|id| AuthKeyId(*id))
}

/// Seals `content`, one boxed object with a length divisible by four.
#[must_use]
pub fn seal(
    version: Version,
    key: &AuthKey,
    direction: Direction,
    content: &[u8],
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let least = match version {
        Version::V1 => 0,
        Version::V2 => MIN_PADDING,
    };
    let unpadded = LENGTH.saturating_add(content.len());
    let padded = unpadded.saturating_add(least).next_multiple_of(BLOCK);
    seal_padded(
        version,
        key,
        direction,
        content,
        padded.saturating_sub(unpadded),
        random,
    )
}

/// [`seal`] with as many bytes of padding as one likes, for tests that break the rules; bytes beyond whole blocks stay in
/// clear.
#[must_use]
pub fn seal_padded(
    version: Version,
    key: &AuthKey,
    direction: Direction,
    content: &[u8],
    padding: usize,
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let mut plaintext = Vec::with_capacity(content.len().saturating_add(padding));
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    plaintext.extend_from_slice(&length.to_le_bytes());
    plaintext.extend_from_slice(content);
    let unpadded = plaintext.len();
    plaintext.resize(unpadded.saturating_add(padding), 0);
    if let Some(padding) = plaintext.get_mut(unpadded..) {
        random.fill(padding);
    }
    seal_plaintext(version, key, direction, unpadded, plaintext)
}

/// Seals a whole plaintext, whatever it says; `unpadded` is how much of it the `msg_key` of MTProto 1.0 covers.
#[must_use]
pub fn seal_plaintext(
    version: Version,
    key: &AuthKey,
    direction: Direction,
    unpadded: usize,
    mut plaintext: Vec<u8>,
) -> Vec<u8> {
    let whole = plaintext.len() & !(BLOCK - 1);
    let covered = kdf::msg_key_v1(plaintext.get(..unpadded).unwrap_or(&plaintext));
    let blocks = plaintext.get_mut(..whole).unwrap_or_default();
    // Whole blocks by construction, the only error there is.
    let msg_key = match version {
        Version::V2 => kdf::msg_key(&envelope::encrypt(key, direction, blocks).unwrap_or_default()),
        Version::V1 => {
            let keys = kdf::keys_v1(key, &covered, direction);
            let encrypted = aes_ige::encrypt(&keys.key, &keys.iv, blocks);
            debug_assert!(encrypted.is_ok());
            covered
        }
    };
    let mut out = Vec::with_capacity(HEAD.saturating_add(plaintext.len()));
    out.extend_from_slice(&key.id().0);
    out.extend_from_slice(&msg_key.0);
    out.extend_from_slice(&plaintext);
    out
}

/// Opens a message, in place; returns its content.
///
/// # Errors
/// [`SecretChatError::InvalidMessage`] if the message is under another key or cut, its `msg_key` does not match, or its
/// length or padding is impossible. Nothing of `data` may be used then.
pub fn open<'a>(
    version: Version,
    key: &AuthKey,
    direction: Direction,
    data: &'a mut [u8],
) -> Result<&'a [u8], SecretChatError> {
    const INVALID: SecretChatError = SecretChatError::InvalidMessage;
    let (id, rest) = data.split_first_chunk_mut::<8>().ok_or(INVALID)?;
    let (msg_key, blocks) = rest.split_first_chunk_mut::<16>().ok_or(INVALID)?;
    let msg_key = MsgKey(*msg_key);
    if *id != key.id().0 || blocks.is_empty() || !blocks.len().is_multiple_of(BLOCK) {
        return Err(INVALID);
    }
    let content = match version {
        Version::V2 => open_v2(key, direction, &msg_key, blocks),
        Version::V1 => open_v1(key, direction, &msg_key, blocks),
    };
    content.ok_or(INVALID)
}

fn open_v2<'a>(
    key: &AuthKey,
    direction: Direction,
    msg_key: &MsgKey,
    blocks: &'a mut [u8],
) -> Option<&'a [u8]> {
    let large = envelope::decrypt(key, direction, msg_key, blocks).ok()?;
    if !bool::from(kdf::msg_key(&large).0.ct_eq(&msg_key.0)) {
        return None;
    }
    let (length, rest) = blocks.split_first_chunk()?;
    let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
    let (content, padding) = rest.split_at_checked(length)?;
    let sound = length % 4 == 0 && (MIN_PADDING..=MAX_PADDING).contains(&padding.len());
    sound.then_some(content)
}

fn open_v1<'a>(
    key: &AuthKey,
    direction: Direction,
    msg_key: &MsgKey,
    blocks: &'a mut [u8],
) -> Option<&'a [u8]> {
    let keys = kdf::keys_v1(key, msg_key, direction);
    aes_ige::decrypt(&keys.key, &keys.iv, blocks).ok()?;
    let blocks: &'a [u8] = blocks;
    let (length, rest) = blocks.split_first_chunk()?;
    // The hash covers what the length says, so the length must be used before it is proven; nonsense is replaced by the
    // greatest length possible and refused only together with the hash.
    let claimed = usize::try_from(i32::from_le_bytes(*length)).ok();
    let content = claimed
        .and_then(|length| rest.get(..length))
        .unwrap_or(rest);
    let padding = rest.len().saturating_sub(content.len());
    let sound = claimed == Some(content.len()) && content.len() % 4 == 0 && padding < BLOCK;
    let hashed = LENGTH.saturating_add(content.len());
    let computed = kdf::msg_key_v1(blocks.get(..hashed).unwrap_or(blocks));
    let matches = computed.0.ct_eq(&msg_key.0) & Choice::from(u8::from(sound));
    bool::from(matches).then_some(content)
}
