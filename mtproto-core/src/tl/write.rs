//! Writing TL primitives, always in canonical form.

use alloc::vec::Vec;

use super::{MAX_BYTES, VECTOR};
use crate::ids::ConstructorId;

/// Appends serialised TL to a buffer.
///
/// # Examples
/// ```
/// use mtproto_core::tl::Writer;
/// let mut out = Vec::new();
/// Writer::new(&mut out).int(7).bytes(b"abc");
/// assert_eq!(out, [7, 0, 0, 0, 3, b'a', b'b', b'c']);
/// ```
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer at the end of `out`.
    #[must_use]
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Bytes as they are; the caller keeps the total divisible by 4.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// An `int`.
    pub fn int(&mut self, value: i32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// A `long`.
    pub fn long(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// The number in front of a boxed object.
    pub fn constructor(&mut self, id: ConstructorId) -> &mut Self {
        self.raw(&id.0.to_le_bytes())
    }

    /// A `string` or `bytes` with its length and padding.
    ///
    /// TL cannot express more than [`MAX_BYTES`] bytes: longer data is a mistake of the caller (caught in debug builds)
    /// and is cut there, so that what was written stays well-formed.
    pub fn bytes(&mut self, data: &[u8]) -> &mut Self {
        debug_assert!(data.len() <= MAX_BYTES, "TL strings have 24-bit lengths");
        let data = data.get(..MAX_BYTES).unwrap_or(data);
        let len = u32::try_from(data.len()).unwrap_or(0);
        let [low, middle, high, _] = len.to_le_bytes();
        let header: &[u8] = if len < 254 {
            &[low]
        } else {
            &[254, low, middle, high]
        };
        self.raw(header).raw(data);
        let used = header.len().saturating_add(data.len());
        const ZEROES: [u8; 3] = [0; 3];
        self.raw(ZEROES.get(..used.wrapping_neg() % 4).unwrap_or_default())
    }

    /// A flags word.
    pub fn flags(&mut self, flags: u32) -> &mut Self {
        self.raw(&flags.to_le_bytes())
    }

    /// A boxed vector of objects, each written by `write`.
    pub fn objects<T>(&mut self, objects: &[T], write: impl FnMut(&T, &mut Writer<'_>)) {
        self.constructor(VECTOR).bare_objects(objects, write);
    }

    /// A bare vector of objects, each written by `write`.
    pub fn bare_objects<T>(&mut self, objects: &[T], mut write: impl FnMut(&T, &mut Writer<'_>)) {
        self.count(objects.len());
        objects.iter().for_each(|object| write(object, self));
    }

    /// The head of a boxed vector of `count` elements.
    pub fn vector(&mut self, count: usize) -> &mut Self {
        self.constructor(VECTOR).count(count)
    }

    /// The head of a bare vector of `count` elements.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.int(i32::try_from(count).unwrap_or(i32::MAX))
    }
}
