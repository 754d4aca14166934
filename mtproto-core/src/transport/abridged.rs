//! Abridged transport: the length in words of 4 bytes takes one byte, or four from 127 words on.
//!
//! A set top bit of a client's length asks for a quick acknowledgment; a set top bit in a byte of the server where a
//! length is due starts the acknowledgment itself, four bytes in big-endian order, so that this bit comes first.
//! Section: <https://core.telegram.org/mtproto/mtproto-transports#abridged>.

use alloc::vec::Vec;

use super::codec::{Input, Parsed, Unit};
use super::{FrameError, WriteError};
use crate::crypto::kdf::Direction;

/// The length byte that announces three more length bytes.
const LONG: u8 = 0x7f;
/// The bit that marks or asks for a quick acknowledgment.
const QUICK_ACK: u8 = 0x80;
/// The largest number of words that three bytes can say.
const MAX_WORDS: u32 = 0x00ff_ffff;

/// Finds the unit at the head of the input.
pub(super) fn parse(input: Input<'_>) -> Result<Parsed, FrameError> {
    let Some(&first) = input.buf.first() else {
        return Ok(Parsed::NeedMore { total: 1 });
    };
    let marked = first & QUICK_ACK != 0;
    if marked && input.direction == Direction::ServerToClient {
        return Ok(match input.buf.first_chunk() {
            Some(token) => Unit::quick_ack(4, u32::from_be_bytes(*token)).into(),
            None => Parsed::NeedMore { total: 4 },
        });
    }
    // The long form of a short length is accepted: real peers never send it, and nothing depends on it.
    let (header, words) = match first & !QUICK_ACK {
        LONG => match input.buf.first_chunk() {
            Some(&[_, low, middle, high]) => (4, u32::from_le_bytes([low, middle, high, 0])),
            None => return Ok(Parsed::NeedMore { total: 4 }),
        },
        short => (1, u32::from(short)),
    };
    input.framed(header, words.saturating_mul(4), 0, marked)
}

/// Appends one frame to `out`.
pub(super) fn write(payload: &[u8], quick_ack: bool, out: &mut Vec<u8>) -> Result<(), WriteError> {
    if !payload.len().is_multiple_of(4) {
        return Err(WriteError::NotWholeWords { len: payload.len() });
    }
    let words = u32::try_from(payload.len() / 4)
        .ok()
        .filter(|words| *words <= MAX_WORDS)
        .ok_or(WriteError::TooLong { len: payload.len() })?;
    let mark = if quick_ack { QUICK_ACK } else { 0 };
    out.reserve(payload.len().saturating_add(4));
    match u8::try_from(words) {
        Ok(short) if short < LONG => out.push(short | mark),
        _ => {
            let [low, middle, high, _] = words.to_le_bytes();
            out.extend_from_slice(&[LONG | mark, low, middle, high]);
        }
    }
    out.extend_from_slice(payload);
    Ok(())
}

/// Appends a quick acknowledgment to `out`.
pub(super) fn write_quick_ack(token: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&token.to_be_bytes());
}
