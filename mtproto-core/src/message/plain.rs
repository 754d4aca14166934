//! Unencrypted messages: the envelope of the key exchange.
//!
//! Section: <https://core.telegram.org/mtproto/description#unencrypted-message>.

use alloc::vec::Vec;
use core::fmt;

use crate::ids::{AuthKeyId, MsgId};
use crate::tl::{Reader, Writer};

/// An unencrypted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<'a> {
    /// The message's identifier.
    pub msg_id: MsgId,
    /// One TL object, perhaps with bytes after it: some clients pad their handshake messages inside the length.
    pub body: &'a [u8],
}

/// Takes the envelope off a frame.
///
/// Bytes after the announced length are padding of the transport and ignored.
///
/// # Errors
/// Why the frame is no unencrypted message.
pub fn read(frame: &[u8]) -> Result<Plain<'_>, PlainError> {
    let mut reader = Reader::new(frame);
    let key = reader.array().map_err(|_| PlainError::CutOff)?;
    if AuthKeyId(key) != AuthKeyId::UNENCRYPTED {
        return Err(PlainError::Encrypted);
    }
    let msg_id = MsgId(reader.long().map_err(|_| PlainError::CutOff)?);
    let len = reader.int().map_err(|_| PlainError::CutOff)?;
    let body = usize::try_from(len)
        .ok()
        .and_then(|len| reader.rest().get(..len))
        .ok_or(PlainError::Length { len })?;
    Ok(Plain { msg_id, body })
}

/// Appends the envelope and the body.
pub fn write(msg_id: MsgId, body: &[u8], out: &mut Vec<u8>) {
    Writer::new(out)
        .raw(&AuthKeyId::UNENCRYPTED.0)
        .long(msg_id.0)
        .count(body.len())
        .raw(body);
}

/// Why a frame is no unencrypted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainError {
    /// The frame ends inside the envelope.
    CutOff,
    /// The frame names an authorization key.
    Encrypted,
    /// The announced length is negative or reaches past the end of the frame.
    Length {
        /// The length as written.
        len: i32,
    },
}

impl fmt::Display for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => {
                f.write_str("the frame ends inside the envelope of an unencrypted message")
            }
            Self::Encrypted => f.write_str("the frame names an authorization key"),
            Self::Length { len } => {
                write!(f, "the announced length {len} does not fit into the frame")
            }
        }
    }
}

impl core::error::Error for PlainError {}
