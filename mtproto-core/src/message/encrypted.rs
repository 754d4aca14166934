//! Encrypted messages of MTProto 2.0: sealed and opened in place.
//!
//! What fails is told by nobody: [`OpenError`] is the same whichever check failed, and nothing of the plaintext is
//! looked at before its `msg_key` has been compared, in constant time.
//! Sections: <https://core.telegram.org/mtproto/description#encrypted-message>,
//! <https://core.telegram.org/mtproto/security_guidelines#mtproto-encrypted-messages>.

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;

use super::{ENVELOPE_LEN, HEADER_LEN, Header};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::envelope;
use crate::crypto::kdf::{self, Direction};
use crate::ids::MsgKey;
use crate::random::SecureRandom;

/// The least number of random bytes after the body.
pub const MIN_PADDING: usize = 12;
/// The greatest number of random bytes after the body.
pub const MAX_PADDING: usize = 1024;

const BLOCK: usize = 16;

/// An opened message; the body still lies in the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opened<'a> {
    /// The fields in front of the body.
    pub header: Header,
    /// One TL object: a message's content, a container, or packed with gzip.
    pub body: &'a [u8],
    /// SHA-256 over part of the key and the plaintext; its first four bytes make the quick acknowledgement.
    pub msg_key_large: [u8; 32],
    /// Bytes of padding after the body, 12 to 1024.
    pub padding: usize,
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("header", &self.header)
            .field("body_len", &self.body.len())
            .field("padding", &self.padding)
            .finish_non_exhaustive()
    }
}

/// The frame is to be discarded; deliberately nothing more.
///
/// The reaction to any fault must be the same as to a wrong `msg_key`, so faults cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenError;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the frame is no valid message under this key")
    }
}

impl core::error::Error for OpenError {}

/// Decrypts and checks a whole frame, in place.
///
/// Up to 15 bytes after the last whole block are ignored: padded transports append them.
/// `direction` is the way the message came: a client opens [`Direction::ServerToClient`].
///
/// # Errors
/// [`OpenError`] if the frame names another key, is too short, its `msg_key` does not match, its length is negative,
/// not divisible by four or past the end, or its padding is not 12 to 1024 bytes.
/// The frame's content is then undefined.
pub fn open<'a>(
    key: &AuthKey,
    direction: Direction,
    frame: &'a mut [u8],
) -> Result<Opened<'a>, OpenError> {
    let (msg_key, blocks) = split(key, frame)?;
    let msg_key_large =
        envelope::decrypt(key, direction, &msg_key, blocks).map_err(|_| OpenError)?;
    check(&msg_key, &msg_key_large, blocks)
}

/// The `msg_key` and the encrypted blocks of a frame under this key.
pub(super) fn split<'a>(
    key: &AuthKey,
    frame: &'a mut [u8],
) -> Result<(MsgKey, &'a mut [u8]), OpenError> {
    let (id, rest) = frame.split_first_chunk_mut().ok_or(OpenError)?;
    let (msg_key, rest) = rest.split_first_chunk_mut().ok_or(OpenError)?;
    let whole = rest.len() & !(BLOCK - 1);
    let blocks = rest.get_mut(..whole).ok_or(OpenError)?;
    if *id != key.id().0 || blocks.len() < HEADER_LEN.saturating_add(BLOCK) {
        return Err(OpenError);
    }
    Ok((MsgKey(*msg_key), blocks))
}

/// What a plaintext says, once its hash is proven.
pub(super) fn check<'a>(
    msg_key: &MsgKey,
    msg_key_large: &[u8; 32],
    plaintext: &'a [u8],
) -> Result<Opened<'a>, OpenError> {
    // The hash covers the whole plaintext with its padding, so its time depends on the frame's length alone.
    if !bool::from(kdf::msg_key(msg_key_large).0.ct_eq(&msg_key.0)) {
        return Err(OpenError);
    }
    let (header, len, rest) = Header::read(plaintext).ok_or(OpenError)?;
    let len = usize::try_from(len).map_err(|_| OpenError)?;
    let (body, padding) = rest.split_at_checked(len).ok_or(OpenError)?;
    let padding = padding.len();
    if len % 4 != 0 || !(MIN_PADDING..=MAX_PADDING).contains(&padding) {
        return Err(OpenError);
    }
    Ok(Opened {
        header,
        body,
        msg_key_large: *msg_key_large,
        padding,
    })
}

/// Appends the sealed message to `out`, with the least padding that the rules allow (12 to 27 random bytes).
///
/// `body` is serialised TL and therefore has a length divisible by four.
/// Returns `msg_key_large`, whose first four bytes make the token of a quick acknowledgement.
pub fn seal(
    key: &AuthKey,
    direction: Direction,
    header: &Header,
    body: &[u8],
    random: &mut dyn SecureRandom,
    out: &mut Vec<u8>,
) -> [u8; 32] {
    seal_padded(key, direction, header, body, 0, random, out)
}

/// Like [`seal`], with `extra_blocks` more blocks of 16 random bytes each, so that lengths say less.
///
/// At most 62 blocks are taken, which keeps the padding within 1024 bytes.
pub fn seal_padded(
    key: &AuthKey,
    direction: Direction,
    header: &Header,
    body: &[u8],
    extra_blocks: u8,
    random: &mut dyn SecureRandom,
    out: &mut Vec<u8>,
) -> [u8; 32] {
    let start = out.len();
    prepare(header, body, extra_blocks, random, out);
    seal_in_place(key, direction, out.get_mut(start..).unwrap_or_default())
}

/// Appends an unsealed frame to `out`: 24 free bytes and the padded plaintext, for
/// [`seal_in_place`] or [`seal_many`](super::batch::seal_many).
///
/// The padding is that of [`seal_padded`].
pub fn prepare(
    header: &Header,
    body: &[u8],
    extra_blocks: u8,
    random: &mut dyn SecureRandom,
    out: &mut Vec<u8>,
) {
    debug_assert!(
        body.len().is_multiple_of(4),
        "serialised TL is made of words"
    );
    let padded = HEADER_LEN
        .saturating_add(body.len())
        .saturating_add(MIN_PADDING)
        .next_multiple_of(BLOCK)
        .saturating_add(BLOCK.saturating_mul(usize::from(extra_blocks.min(62))));
    out.reserve(ENVELOPE_LEN.saturating_add(padded));
    out.extend_from_slice(&[0; ENVELOPE_LEN]);
    let plaintext = out.len();
    header.write(body.len(), out);
    out.extend_from_slice(body);
    let padding = out.len();
    out.resize(plaintext.saturating_add(padded), 0);
    if let Some(padding) = out.get_mut(padding..) {
        random.fill(padding);
    }
}

/// Seals a frame whose plaintext stands behind 24 free bytes, whatever it says.
///
/// This is also the door for tests that break the rules of lengths and padding; [`prepare`] obeys them.
/// Bytes after the last whole block stay as they are, and a frame of under 24 bytes stays as it is.
/// Returns `msg_key_large`.
pub fn seal_in_place(key: &AuthKey, direction: Direction, frame: &mut [u8]) -> [u8; 32] {
    let Some((envelope, blocks)) = split_unsealed(frame) else {
        return [0; 32];
    };
    // Whole blocks by construction, the only error there is.
    let msg_key_large = envelope::encrypt(key, direction, blocks).unwrap_or_default();
    address(envelope, key, &kdf::msg_key(&msg_key_large));
    msg_key_large
}

/// The free bytes in front of a plaintext, and its whole blocks.
pub(super) fn split_unsealed(frame: &mut [u8]) -> Option<(&mut [u8; ENVELOPE_LEN], &mut [u8])> {
    let (envelope, rest) = frame.split_first_chunk_mut()?;
    let whole = rest.len() & !(BLOCK - 1);
    Some((envelope, rest.get_mut(..whole)?))
}

/// Writes `auth_key_id` and `msg_key` in front of an encrypted part.
pub(super) fn address(envelope: &mut [u8; ENVELOPE_LEN], key: &AuthKey, msg_key: &MsgKey) {
    let (id, msg_key_part) = envelope.split_at_mut(8);
    id.copy_from_slice(&key.id().0);
    msg_key_part.copy_from_slice(&msg_key.0);
}
