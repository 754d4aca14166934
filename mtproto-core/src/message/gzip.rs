//! Packed objects: `gzip_packed`, inflated up to a stated size.
//!
//! Clients in the wild write either a gzip or a zlib header, so both are read; gzip is written.
//! Section: <https://core.telegram.org/mtproto/service_messages#packed-object>.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::tl::service::GzipPacked;
use crate::tl::{Combinator, Reader};

/// A sensible most for the size of an unpacked object: 16 MiB.
pub const MAX_INFLATED: usize = 16 << 20;

/// Deflate makes at most 1032 bytes of one, so a first guess of four wastes little and grows quickly.
const FIRST_GUESS: usize = 4;

/// Unpacks a boxed object if it is a `gzip_packed`; `None` if it is anything else.
///
/// A packed object within a packed object is refused: nobody sends it, and it multiplies the reach of a bomb.
///
/// # Errors
/// The stream is damaged, larger than `max` bytes, or holds another packed object.
pub fn unpack(object: &[u8], max: usize) -> Result<Option<Vec<u8>>, GzipError> {
    let mut reader = Reader::new(object);
    if reader.peek_constructor() != Some(GzipPacked::ID) {
        return Ok(None);
    }
    let packed = GzipPacked::read(&mut reader).map_err(|_| GzipError::Damaged)?;
    reader.finish().map_err(|_| GzipError::Damaged)?;
    let object = inflate(packed.packed_data, max)?;
    if Reader::new(&object).peek_constructor() == Some(GzipPacked::ID) {
        return Err(GzipError::Nested);
    }
    Ok(Some(object))
}

/// Inflates a whole gzip or zlib stream, with its checksum.
///
/// # Errors
/// The stream is damaged or cut off, something follows it, or it is larger than `max` bytes.
pub fn inflate(packed: &[u8], max: usize) -> Result<Vec<u8>, GzipError> {
    if !packed.starts_with(&GZIP_MAGIC) {
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32;
        let (out, rest) = inflate_stream(packed, flags, max)?;
        return if rest.is_empty() {
            Ok(out)
        } else {
            Err(GzipError::Damaged)
        };
    }
    let stream = skip_gzip_header(packed).ok_or(GzipError::Damaged)?;
    let (out, rest) = inflate_stream(stream, 0, max)?;
    let trailer: &[u8; 8] = rest.try_into().map_err(|_| GzipError::Damaged)?;
    let [c0, c1, c2, c3, l0, l1, l2, l3] = *trailer;
    let sound = crc32fast::hash(&out) == u32::from_le_bytes([c0, c1, c2, c3])
        && u32::try_from(out.len()) == Ok(u32::from_le_bytes([l0, l1, l2, l3]));
    if sound {
        Ok(out)
    } else {
        Err(GzipError::Damaged)
    }
}

/// The inflated bytes and what follows the stream.
fn inflate_stream(stream: &[u8], flags: u32, max: usize) -> Result<(Vec<u8>, &[u8]), GzipError> {
    let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    // One byte over the limit tells a stream that just fits from one that does not.
    let limit = max.saturating_add(1);
    let mut out = alloc::vec![0; stream.len().saturating_mul(FIRST_GUESS).clamp(64, limit.max(64)).min(limit)];
    let (mut rest, mut filled) = (stream, 0);
    loop {
        let (status, read, written) = decompress(&mut state, rest, &mut out, filled, flags);
        rest = rest.get(read..).unwrap_or_default();
        filled = filled.saturating_add(written);
        match status {
            TINFLStatus::Done if filled <= max => {
                out.truncate(filled);
                return Ok((out, rest));
            }
            TINFLStatus::HasMoreOutput if out.len() < limit => {
                out.resize(out.len().saturating_mul(2).min(limit), 0);
            }
            TINFLStatus::Done | TINFLStatus::HasMoreOutput => return Err(GzipError::TooLarge),
            _ => return Err(GzipError::Damaged),
        }
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What follows the header of a gzip member (RFC 1952, section 2.3).
fn skip_gzip_header(member: &[u8]) -> Option<&[u8]> {
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const RESERVED: u8 = 0xe0;
    let ([_, _, method, flags, ..], mut rest) = member.split_first_chunk::<10>()?;
    if *method != 8 || flags & RESERVED != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (len, after) = rest.split_first_chunk()?;
        rest = after.get(usize::from(u16::from_le_bytes(*len))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end.checked_add(1)?..)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// Packs bytes as gzip; the same input gives the same output, for the header carries no time.
#[must_use]
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    // Time zero, no extra flags, unknown system.
    let mut out = Vec::from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    // The format keeps the length modulo 2^32.
    let [l0, l1, l2, l3, ..] = (bytes.len() as u64).to_le_bytes();
    out.extend([l0, l1, l2, l3]);
    out
}

/// Why a packed object cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GzipError {
    /// It is no gzip or zlib stream, is cut off, or its checksum is wrong.
    Damaged,
    /// It is larger than allowed.
    TooLarge,
    /// It holds another packed object.
    Nested,
}

impl fmt::Display for GzipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "the packed object is damaged",
            Self::TooLarge => "the packed object is larger than allowed",
            Self::Nested => "the packed object holds another packed object",
        })
    }
}

impl core::error::Error for GzipError {}
