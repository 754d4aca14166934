//! Primitive values in a slice: no copy, no panic, no index.

use super::error::{DecodeError, DecodeErrorKind};

/// Where a string lies, and whether it is in its one canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Str<'b> {
    /// The bytes of the string.
    pub(crate) content: &'b [u8],
    /// How many bytes it takes, length and padding included.
    pub(crate) size: usize,
    /// A length in four bytes where one is enough.
    pub(crate) long_length: bool,
    /// Padding that is not zero.
    pub(crate) bad_padding: bool,
}

/// The bytes from a place on, which is never behind the end.
#[inline]
fn rest(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

#[cold]
fn end(bytes: &[u8], at: usize, wanted: usize) -> DecodeError {
    let missing = wanted.saturating_sub(rest(bytes, at).len());
    DecodeError::new(at, DecodeErrorKind::UnexpectedEnd { missing })
}

/// `count` bytes at a place.
#[inline]
pub(crate) fn take(bytes: &[u8], at: usize, count: usize) -> Result<&[u8], DecodeError> {
    match rest(bytes, at).get(..count) {
        Some(taken) => Ok(taken),
        None => Err(end(bytes, at, count)),
    }
}

/// A 32-bit word.
#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> Result<u32, DecodeError> {
    match rest(bytes, at).first_chunk::<4>() {
        Some(word) => Ok(u32::from_le_bytes(*word)),
        None => Err(end(bytes, at, 4)),
    }
}

/// A string: one length byte below 254, or 254 and three; then the content, then zeros up to a
/// multiple of four.
#[inline]
pub(crate) fn string(bytes: &[u8], at: usize) -> Result<Str<'_>, DecodeError> {
    let head = word(bytes, at)?;
    let (length, header) = match head & 0xff {
        short @ 0..=253 => (short as usize, 1_usize),
        254 => ((head >> 8) as usize, 4),
        _ => return Err(DecodeError::new(at, DecodeErrorKind::BadLength)),
    };
    // Below 2^24 + 8, so none of this overflows.
    let used = header.wrapping_add(length);
    let size = used.wrapping_add(3) & !3;
    let whole = take(bytes, at, size)?;
    let content = whole.get(header..used).unwrap_or_default();
    let padding = whole.get(used..).unwrap_or_default();
    Ok(Str {
        content,
        size,
        long_length: header == 4 && length < 254,
        bad_padding: padding.iter().any(|byte| *byte != 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_form_are_read_where_they_lie() {
        let read = |bytes: &[u8]| {
            let found = string(bytes, 0).unwrap();
            (
                found.content.to_vec(),
                found.size,
                found.long_length,
                found.bad_padding,
            )
        };
        assert_eq!(read(&[0, 0, 0, 0]), (vec![], 4, false, false));
        assert_eq!(read(&[3, 1, 2, 3]), (vec![1, 2, 3], 4, false, false));
        assert_eq!(read(&[1, 1, 0, 9]), (vec![1], 4, false, true));
        assert_eq!(read(&[254, 1, 0, 0, 7, 0, 0, 0]), (vec![7], 8, true, false));
        let mut long = vec![254, 254, 0, 0];
        long.extend([5; 254]);
        long.extend([0; 2]);
        assert_eq!(read(&long), (vec![5; 254], 260, false, false));
    }

    #[test]
    fn a_string_past_the_end_says_how_much_is_missing() {
        let missing = |bytes: &[u8]| string(bytes, 0).unwrap_err().kind().clone();
        assert_eq!(missing(&[]), DecodeErrorKind::UnexpectedEnd { missing: 4 });
        assert_eq!(
            missing(&[5, 0, 0, 0]),
            DecodeErrorKind::UnexpectedEnd { missing: 4 }
        );
        assert_eq!(
            missing(&[254, 255, 255, 255]),
            DecodeErrorKind::UnexpectedEnd {
                missing: (1 << 24) - 1 + 1
            }
        );
        assert_eq!(missing(&[255, 0, 0, 0]), DecodeErrorKind::BadLength);
    }
}
