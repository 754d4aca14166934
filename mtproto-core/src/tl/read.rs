//! Reading TL primitives from a slice, borrowed and bounded.

use core::fmt;

use crate::ids::ConstructorId;

/// The longest string that TL can express: its long form has a 24-bit length.
pub const MAX_BYTES: usize = 0x00ff_ffff;

/// A position in serialised TL; every read moves it forward or fails.
///
/// Non-canonical strings are treated the same everywhere: the long form of a short string is accepted, the content of
/// padding is ignored, a first byte of 255 (which no page defines) is refused, and padding that is not there is an
/// unexpected end.
///
/// # Examples
/// ```
/// use mtproto_core::tl::Reader;
/// let mut reader = Reader::new(&[7, 0, 0, 0, 3, b'a', b'b', b'c']);
/// assert_eq!(reader.int(), Ok(7));
/// assert_eq!(reader.bytes(), Ok(&b"abc"[..]));
/// assert!(reader.finish().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
    depth: u8,
}

/// How deep objects may be nested that hold others of their own kind, or vectors of objects.
const MAX_DEPTH: u8 = 64;

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            total: bytes.len(),
            depth: 0,
        }
    }

    /// Bytes consumed so far.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.total.saturating_sub(self.rest.len())
    }

    /// The bytes not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The error `kind` at the current position.
    #[must_use]
    pub const fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError {
            offset: self.offset(),
            kind,
        }
    }

    /// The next `count` bytes as they are.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`] if fewer are left.
    pub const fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.error(ReadErrorKind::UnexpectedEnd)),
        }
    }

    /// The next `N` bytes as an array: `int128`, `int256` and pieces of hashes, in wire order.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`].
    pub const fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        match self.rest.split_first_chunk() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.error(ReadErrorKind::UnexpectedEnd)),
        }
    }

    /// An `int`: 32 bits, little-endian.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`].
    pub fn int(&mut self) -> Result<i32, ReadError> {
        self.array().map(i32::from_le_bytes)
    }

    /// A `long`: 64 bits, little-endian.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`].
    pub fn long(&mut self) -> Result<i64, ReadError> {
        self.array().map(i64::from_le_bytes)
    }

    /// The number in front of a boxed object.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`].
    pub fn constructor(&mut self) -> Result<ConstructorId, ReadError> {
        self.array().map(|id| ConstructorId(u32::from_le_bytes(id)))
    }

    /// The number in front of a boxed object, left unread; `None` if fewer than four bytes are left.
    #[must_use]
    pub fn peek_constructor(&self) -> Option<ConstructorId> {
        let id = self.rest.first_chunk()?;
        Some(ConstructorId(u32::from_le_bytes(*id)))
    }

    /// Reads a constructor and requires it to be `expected`.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedConstructor`] with nothing consumed, or [`ReadErrorKind::UnexpectedEnd`].
    pub fn expect(&mut self, expected: ConstructorId) -> Result<(), ReadError> {
        match self.peek_constructor() {
            Some(found) if found == expected => self.take(4).map(|_| ()),
            Some(found) => Err(self.error(ReadErrorKind::UnexpectedConstructor(found))),
            None => Err(self.error(ReadErrorKind::UnexpectedEnd)),
        }
    }

    /// A `string` or `bytes`, without its length and padding.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`] or [`ReadErrorKind::UndefinedLength`]; nothing is consumed then.
    pub fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let mut ahead = self.clone();
        let (header, len) = match ahead.array()? {
            [255] => return Err(self.error(ReadErrorKind::UndefinedLength)),
            [254] => {
                let [low, middle, high] = ahead.array()?;
                (4_usize, u32::from_le_bytes([low, middle, high, 0]) as usize)
            }
            [short] => (1, usize::from(short)),
        };
        let data = ahead.take(len)?;
        // At most 2^24 + 3, so nothing saturates.
        let used = header.saturating_add(len);
        ahead.take(used.next_multiple_of(4).saturating_sub(used))?;
        *self = ahead;
        Ok(data)
    }

    /// A flags word, of which only the bits in `known` have a meaning.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnknownFlags`]: with a field that is not known, the rest of the object cannot be found.
    pub fn flags(&mut self, known: u32) -> Result<u32, ReadError> {
        let at = self.error(ReadErrorKind::UnknownFlags { bits: 0 });
        let flags = self.array().map(u32::from_le_bytes)?;
        match flags & !known {
            0 => Ok(flags),
            bits => Err(ReadError {
                kind: ReadErrorKind::UnknownFlags { bits },
                ..at
            }),
        }
    }

    /// A conditional field, which is there if `bit` is not 0.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn when<T>(
        &mut self,
        bit: u32,
        read: impl FnOnce(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        match bit {
            0 => Ok(None),
            _ => read(self).map(Some),
        }
    }

    /// Reads something in which the like of it may be nested again.
    ///
    /// # Errors
    /// [`ReadErrorKind::TooDeep`], for the sake of the stack, and those of `read`.
    pub fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let depth = self.depth;
        if depth == MAX_DEPTH {
            return Err(self.error(ReadErrorKind::TooDeep));
        }
        self.depth = depth.saturating_add(1);
        let value = read(self);
        self.depth = depth;
        value
    }

    /// An object of any kind that goes on to the end of the input.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`]: an object has at least its number.
    pub fn rest_object(&mut self) -> Result<&'a [u8], ReadError> {
        let object = self.take(self.rest.len())?;
        if object.len() < 4 {
            return Err(self.error(ReadErrorKind::UnexpectedEnd));
        }
        Ok(object)
    }

    /// Ends the reading of a sized slot.
    ///
    /// # Errors
    /// [`ReadErrorKind::TrailingBytes`] if something is left.
    pub const fn finish(self) -> Result<(), ReadError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(ReadErrorKind::TrailingBytes))
        }
    }
}

/// Bytes that are not the TL object they should be, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Offset in bytes from the start of the input.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ReadErrorKind,
}

/// What can be wrong with serialised TL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadErrorKind {
    /// The object goes on after the end of the input.
    UnexpectedEnd,
    /// Another constructor than the ones that may stand here.
    UnexpectedConstructor(ConstructorId),
    /// A string whose first byte is 255.
    UndefinedLength,
    /// A vector that says it has more elements than the rest can hold, or than the limit allows.
    VectorTooLong {
        /// The count as written, which may be negative.
        count: i32,
    },
    /// A number outside the range that its field allows.
    ValueOutOfRange,
    /// A flags word with bits of which it is not known what they mean.
    UnknownFlags {
        /// These bits.
        bits: u32,
    },
    /// Objects nested too deeply.
    TooDeep,
    /// Something follows the object in a slot of known size.
    TrailingBytes,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ReadErrorKind::UnexpectedEnd => f.write_str("the object is cut off")?,
            ReadErrorKind::UnexpectedConstructor(id) => {
                write!(f, "constructor {id} cannot stand here")?
            }
            ReadErrorKind::UndefinedLength => {
                f.write_str("a string begins with the undefined length byte 255")?
            }
            ReadErrorKind::VectorTooLong { count } => {
                write!(f, "a vector of {count} elements is too long")?
            }
            ReadErrorKind::ValueOutOfRange => f.write_str("a number is out of range")?,
            ReadErrorKind::UnknownFlags { bits } => {
                write!(f, "a flags word has the unknown bits {bits:#x}")?
            }
            ReadErrorKind::TooDeep => f.write_str("objects are nested too deeply")?,
            ReadErrorKind::TrailingBytes => f.write_str("bytes follow the object")?,
        }
        write!(f, " (at byte {})", self.offset)
    }
}

impl core::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::tl::Writer;

    fn written(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Writer::new(&mut out).bytes(data);
        out
    }

    #[test]
    fn tp_01_strings_of_every_form_round_trip() {
        for len in (0..=5)
            .chain(250..=260)
            .chain([1000, 65_535, 65_536, MAX_BYTES])
        {
            let data: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let wire = written(&data);
            assert_eq!(wire.len() % 4, 0, "length {len}");
            assert_eq!(wire[0] == 254, len >= 254, "length {len}");
            let mut reader = Reader::new(&wire);
            assert_eq!(reader.bytes(), Ok(&data[..]), "length {len}");
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn tp_02_string_longer_than_the_input_is_an_error() {
        for wire in [
            &[253, 0, 0, 0][..],
            &[254, 255, 255, 255],
            &[254, 0, 0],
            &[1],
            &[],
        ] {
            let mut reader = Reader::new(wire);
            let error = reader.bytes().unwrap_err();
            assert_eq!(error.kind, ReadErrorKind::UnexpectedEnd);
            assert_eq!(reader.rest(), wire, "a failed read consumes nothing");
        }
    }

    #[test]
    fn tp_03_non_canonical_strings_are_treated_consistently() {
        let undefined = Reader::new(&[255, 1, 0, 0, 0, 0, 0, 0]).bytes();
        assert_eq!(undefined.unwrap_err().kind, ReadErrorKind::UndefinedLength);
        let long_form_of_short = Reader::new(&[254, 1, 0, 0, b'x', 0, 0, 0]).bytes();
        assert_eq!(long_form_of_short, Ok(&b"x"[..]));
        let dirty_padding = Reader::new(&[1, b'x', 9, 9]).bytes();
        assert_eq!(dirty_padding, Ok(&b"x"[..]));
    }

    #[test]
    fn tp_04_string_cut_at_any_byte_is_an_error() {
        for len in [0, 1, 3, 4, 253, 254, 300] {
            let wire = written(&std::vec![7; len]);
            for cut in 0..wire.len() {
                assert!(
                    Reader::new(&wire[..cut]).bytes().is_err(),
                    "{len} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn expecting_another_constructor_names_the_one_found() {
        let mut reader = Reader::new(&[1, 0, 0, 0]);
        let error = reader.expect(ConstructorId(2)).unwrap_err();
        assert_eq!(
            error.kind,
            ReadErrorKind::UnexpectedConstructor(ConstructorId(1))
        );
        assert_eq!(reader.offset(), 0);
    }
}
