//! Intermediate and padded intermediate transports: four little-endian bytes of length, then the payload.
//!
//! The top bit of the length, which is in its last byte, asks for a quick acknowledgment when a client sets it.
//! From a server, a word with that bit is the acknowledgment itself, without a length.
//!
//! The padded form adds 0 to 15 random bytes to the payload and counts them in the length.
//! Nothing in the frame tells how many: the reader of the message knows, since ciphertexts are whole blocks and
//! unencrypted messages carry their length. So payloads leave this layer with their padding; only what is too short
//! for a message is resolved here, transport errors and quick acknowledgments (which this form frames).
//! Sections: <https://core.telegram.org/mtproto/mtproto-transports#intermediate>,
//! <https://core.telegram.org/mtproto/mtproto-transports#padded-intermediate>.

use alloc::vec::Vec;

use super::codec::{Input, Parsed, Unit, UnitKind};
use super::{FrameError, WriteError};
use crate::crypto::kdf::Direction;
use crate::random::{self, SecureRandom};

/// The bit that marks or asks for a quick acknowledgment.
const QUICK_ACK: u32 = 0x8000_0000;
/// What stands before the token in a padded quick acknowledgment.
const PADDED_QUICK_ACK: [u8; 4] = [0xff; 4];
/// One word and the longest padding: anything longer is a message.
const MAX_PADDED_WORD: usize = 4 + 15;

/// Finds the unit at the head of the input.
pub(super) fn parse(input: Input<'_>, padded: bool) -> Result<Parsed, FrameError> {
    let Some(word) = input
        .buf
        .first_chunk()
        .map(|word| u32::from_le_bytes(*word))
    else {
        return Ok(Parsed::NeedMore { total: 4 });
    };
    let from_server = input.direction == Direction::ServerToClient;
    let marked = word & QUICK_ACK != 0;
    // In the padded form too: as a length the word would be absurd, and TDLib reads it so.
    if marked && from_server {
        return Ok(Unit::quick_ack(4, word).into());
    }
    let len = word & !QUICK_ACK;
    if !padded && !len.is_multiple_of(4) {
        return Err(FrameError::BadLength { announced: len });
    }
    match input.framed(4, len, 0, marked)? {
        Parsed::Unit(unit) if padded && from_server => Ok(resolve_short(unit, input.buf).into()),
        parsed => Ok(parsed),
    }
}

/// Tells a server's padded transport error and quick acknowledgment from a message.
fn resolve_short(unit: Unit, buf: &[u8]) -> Unit {
    let UnitKind::Payload { payload, .. } = &unit.kind else {
        return unit;
    };
    let Some((first, rest)) = buf
        .get(payload.clone())
        .filter(|payload| payload.len() <= MAX_PADDED_WORD)
        .and_then(<[u8]>::split_first_chunk::<4>)
    else {
        return unit;
    };
    match rest.first_chunk() {
        Some(token) if *first == PADDED_QUICK_ACK => {
            Unit::quick_ack(unit.len, u32::from_le_bytes(*token))
        }
        _ => Unit::transport_error(unit.len, i32::from_le_bytes(*first)),
    }
}

/// Appends one frame to `out`, with 0 to 15 random bytes if a source of them is given.
pub(super) fn write(
    payload: &[u8],
    quick_ack: bool,
    padding: Option<&mut dyn SecureRandom>,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let padding = padding.map(random::bytes::<16>);
    let padding = padding.as_ref().map_or(&[][..], |[count, bytes @ ..]| {
        bytes.get(..usize::from(count & 15)).unwrap_or(bytes)
    });
    write_padded(payload, quick_ack, padding, out)
}

fn write_padded(
    payload: &[u8],
    quick_ack: bool,
    padding: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let total = payload.len().saturating_add(padding.len());
    let len = u32::try_from(total)
        .ok()
        .filter(|len| len & QUICK_ACK == 0)
        .ok_or(WriteError::TooLong { len: payload.len() })?;
    let word = if quick_ack { len | QUICK_ACK } else { len };
    out.reserve(total.saturating_add(4));
    out.extend_from_slice(&word.to_le_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(padding);
    Ok(())
}

/// Appends a quick acknowledgment to `out`: a bare word, or a frame with 0 to 8 random bytes in the padded form.
pub(super) fn write_quick_ack(
    token: u32,
    padding: Option<&mut dyn SecureRandom>,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let token = token.to_le_bytes();
    let Some(random) = padding else {
        out.extend_from_slice(&token);
        return Ok(());
    };
    let [count, bytes @ ..] = random::bytes::<9>(random);
    let padding = bytes.get(..usize::from(count % 9)).unwrap_or(&bytes);
    let mut payload = [0; 8];
    let (mark, rest) = payload.split_at_mut(4);
    mark.copy_from_slice(&PADDED_QUICK_ACK);
    rest.copy_from_slice(&token);
    write_padded(&payload, false, padding, out)
}
