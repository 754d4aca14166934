//! Encrypted messages of MTProto 1.0, which old captures hold and the binding of temporary keys still uses.
//!
//! Sections: <https://core.telegram.org/mtproto/description_v1>,
//! <https://core.telegram.org/method/auth.bindTempAuthKey>.

use alloc::vec::Vec;
use core::fmt;

use subtle::{Choice, ConstantTimeEq};

use super::encrypted::OpenError;
use super::{ENVELOPE_LEN, HEADER_LEN, Header};
use crate::crypto::aes_ige;
use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::{self, Direction};
use crate::ids::MsgKey;
use crate::random::SecureRandom;

const BLOCK: usize = 16;

/// An opened message of MTProto 1.0; the body still lies in the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OpenedV1<'a> {
    /// The fields in front of the body; in a binding message salt and session are random.
    pub header: Header,
    /// One TL object.
    pub body: &'a [u8],
}

impl fmt::Debug for OpenedV1<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedV1")
            .field("header", &self.header)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Decrypts and checks a whole frame, in place.
///
/// # Errors
/// [`OpenError`] if the frame names another key, is too short, its `msg_key` does not match, its length is negative,
/// not divisible by four or past the end, or its padding is over 15 bytes.
/// The frame's content is then undefined.
pub fn open<'a>(
    key: &AuthKey,
    direction: Direction,
    frame: &'a mut [u8],
) -> Result<OpenedV1<'a>, OpenError> {
    let (id, rest) = frame.split_first_chunk_mut().ok_or(OpenError)?;
    let (msg_key, rest) = rest.split_first_chunk_mut().ok_or(OpenError)?;
    let msg_key = MsgKey(*msg_key);
    let whole = rest.len() & !(BLOCK - 1);
    let plaintext = rest.get_mut(..whole).ok_or(OpenError)?;
    if *id != key.id().0 || plaintext.len() < HEADER_LEN {
        return Err(OpenError);
    }
    let keys = kdf::keys_v1(key, &msg_key, direction);
    aes_ige::decrypt(&keys.key, &keys.iv, plaintext).map_err(|_| OpenError)?;
    let plaintext: &'a [u8] = plaintext;
    let (header, len, rest) = Header::read(plaintext).ok_or(OpenError)?;
    // The hash covers what the length says, so the length must be used before it is proven.
    // Any nonsense is replaced by the greatest length possible and reported only together with the hash.
    let claimed = usize::try_from(len).ok();
    let body = claimed.and_then(|len| rest.get(..len)).unwrap_or(rest);
    let padding = rest.len().saturating_sub(body.len());
    let sound = claimed == Some(body.len()) && body.len() % 4 == 0 && padding < BLOCK;
    let hashed = HEADER_LEN.saturating_add(body.len());
    let computed = kdf::msg_key_v1(plaintext.get(..hashed).unwrap_or(plaintext));
    let matches = computed.0.ct_eq(&msg_key.0) & Choice::from(u8::from(sound));
    if bool::from(matches) {
        Ok(OpenedV1 { header, body })
    } else {
        Err(OpenError)
    }
}

/// Appends the sealed message to `out`, padded with random bytes to whole blocks.
///
/// `body` is serialised TL and therefore has a length divisible by four.
pub fn seal(
    key: &AuthKey,
    direction: Direction,
    header: &Header,
    body: &[u8],
    random: &mut dyn SecureRandom,
    out: &mut Vec<u8>,
) {
    debug_assert!(
        body.len().is_multiple_of(4),
        "serialised TL is made of words"
    );
    let mut plaintext =
        Vec::with_capacity(HEADER_LEN.saturating_add(body.len()).saturating_add(BLOCK));
    header.write(body.len(), &mut plaintext);
    plaintext.extend_from_slice(body);
    let msg_key = kdf::msg_key_v1(&plaintext);
    let unpadded = plaintext.len();
    plaintext.resize(unpadded.next_multiple_of(BLOCK), 0);
    if let Some(padding) = plaintext.get_mut(unpadded..) {
        random.fill(padding);
    }
    let keys = kdf::keys_v1(key, &msg_key, direction);
    // Whole blocks by construction, the only error there is.
    let encrypted = aes_ige::encrypt(&keys.key, &keys.iv, &mut plaintext);
    debug_assert!(encrypted.is_ok());
    out.reserve(ENVELOPE_LEN.saturating_add(plaintext.len()));
    out.extend_from_slice(&key.id().0);
    out.extend_from_slice(&msg_key.0);
    out.extend_from_slice(&plaintext);
}
