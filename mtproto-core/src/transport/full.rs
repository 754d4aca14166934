//! Full transport: total length, a counter, the payload, and the CRC32 of all that.
//!
//! The length counts itself, the counter and the sum (12 bytes); the counter starts at zero in each direction of each
//! stream. It has neither a tag, nor quick acknowledgments, nor an obfuscated form.
//! Section: <https://core.telegram.org/mtproto/mtproto-transports#full>.

use alloc::vec::Vec;

use super::codec::{FullCheck, Input, Parsed, Unit};
use super::{FrameError, WriteError};
use crate::crypto::kdf::Direction;

/// Bytes before the payload.
const HEADER: usize = 8;
/// Bytes after the payload.
const TRAILER: usize = 4;
/// Bytes around the payload.
const OVERHEAD: u32 = 12;

/// Finds the unit at the head of the input; counter and sum are reported, not judged.
pub(super) fn parse(input: Input<'_>) -> Result<Parsed, FrameError> {
    let Some(total) = input
        .buf
        .first_chunk()
        .map(|word| u32::from_le_bytes(*word))
    else {
        return Ok(Parsed::NeedMore { total: 4 });
    };
    // A server that refuses the stream may send the bare code instead of framing it.
    let code = total.cast_signed();
    if code < 0 && input.direction == Direction::ServerToClient {
        return Ok(Unit::transport_error(4, code).into());
    }
    let len = total
        .checked_sub(OVERHEAD)
        .filter(|len| len.is_multiple_of(4))
        .ok_or(FrameError::BadLength { announced: total })?;
    let mut parsed = input.framed(HEADER, len, TRAILER, false)?;
    if let Parsed::Unit(unit) = &mut parsed {
        unit.full = check(input.buf, unit.len);
    }
    Ok(parsed)
}

/// The counter of the frame that fills the first `len` bytes of `buf`, and its two sums.
fn check(buf: &[u8], len: usize) -> Option<FullCheck> {
    let (summed, sum) = buf.get(..len)?.split_last_chunk::<TRAILER>()?;
    let (seq_no, _) = summed.get(4..)?.split_first_chunk()?;
    Some(FullCheck {
        seq_no: u32::from_le_bytes(*seq_no),
        computed: crc32fast::hash(summed),
        received: u32::from_le_bytes(*sum),
    })
}

/// Appends one frame to `out`.
pub(super) fn write(payload: &[u8], seq_no: u32, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let total = u32::try_from(payload.len())
        .ok()
        .and_then(|len| len.checked_add(OVERHEAD))
        .filter(|total| total.cast_signed() > 0)
        .ok_or(WriteError::TooLong { len: payload.len() })?;
    let mut header = [0; HEADER];
    let (length, counter) = header.split_at_mut(4);
    length.copy_from_slice(&total.to_le_bytes());
    counter.copy_from_slice(&seq_no.to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&header);
    sum.update(payload);
    out.reserve(payload.len().saturating_add(HEADER + TRAILER));
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
    out.extend_from_slice(&sum.finalize().to_le_bytes());
    Ok(())
}
