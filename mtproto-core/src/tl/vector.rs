//! Vectors of fixed-size elements, borrowed from the wire or from a slice.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::{ReadError, ReadErrorKind, Reader, Writer};

/// The most elements that a vector of the service schema may have: the limit of all messages that list identifiers.
/// Section: <https://core.telegram.org/mtproto/service_messages_about_messages>.
pub const MAX_VECTOR: usize = 8192;

/// Something of one size that vectors of the service schema hold.
pub trait Element: Copy {
    /// Bytes of one element.
    const SIZE: usize;
    /// Whether the schema has the vector of these boxed (`Vector`) or bare (`vector`).
    const BOXED: bool;

    /// Reads one element.
    ///
    /// # Errors
    /// [`ReadErrorKind::UnexpectedEnd`].
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError>;

    /// Writes one element.
    fn write(&self, writer: &mut Writer<'_>);
}

/// A vector whose elements are still on the wire, or in a slice that is about to be written.
///
/// # Examples
/// ```
/// use mtproto_core::tl::Vector;
/// let ids = Vector::from(&[1_i64, 2, 3][..]);
/// assert_eq!(ids.iter().sum::<i64>(), 6);
/// ```
#[derive(Clone, Copy)]
pub struct Vector<'a, T> {
    elements: Elements<'a, T>,
}

#[derive(Clone, Copy)]
enum Elements<'a, T> {
    /// Checked by [`Vector::read`]: a whole number of elements.
    Wire(&'a [u8], PhantomData<T>),
    Slice(&'a [T]),
}

impl<'a, T: Element> Vector<'a, T> {
    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.elements {
            Elements::Wire(bytes, _) => match bytes.len().checked_div(T::SIZE) {
                Some(count) => count,
                None => 0,
            },
            Elements::Slice(slice) => slice.len(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in order.
    #[must_use]
    pub const fn iter(&self) -> Iter<'a, T> {
        Iter(*self)
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let mut ahead = reader.clone();
        if T::BOXED {
            ahead.expect(super::VECTOR)?;
        }
        let count = ahead.int()?;
        // Compared with what is left before anything is done with it, so the count cannot lie.
        let bytes = usize::try_from(count)
            .ok()
            .filter(|count| *count <= MAX_VECTOR)
            .and_then(|count| count.checked_mul(T::SIZE))
            .filter(|bytes| *bytes <= ahead.rest().len())
            .ok_or_else(|| reader.error(ReadErrorKind::VectorTooLong { count }))?;
        let elements = Elements::Wire(ahead.take(bytes)?, PhantomData);
        *reader = ahead;
        Ok(Self { elements })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        if T::BOXED {
            writer.vector(self.len());
        } else {
            writer.count(self.len());
        }
        match self.elements {
            Elements::Wire(bytes, _) => {
                writer.raw(bytes);
            }
            Elements::Slice(slice) => slice.iter().for_each(|element| element.write(writer)),
        }
    }
}

/// Vectors of objects, which have no fixed size and are therefore owned.
impl<'a> Reader<'a> {
    /// A boxed vector of objects, each read by `read`.
    ///
    /// Nothing is allocated for a count that the input does not bear out.
    ///
    /// # Errors
    /// [`ReadErrorKind::VectorTooLong`], [`ReadErrorKind::TooDeep`], another constructor, and those of `read`.
    pub fn objects<T>(
        &mut self,
        read: impl FnMut(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        self.expect(super::VECTOR)?;
        self.bare_objects(read)
    }

    /// A bare vector of objects, each read by `read`.
    ///
    /// # Errors
    /// As [`objects`](Self::objects).
    pub fn bare_objects<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let at = self.clone();
        let count = self.int()?;
        // Every object takes four bytes at least.
        let most = MAX_VECTOR.min(self.rest().len() / 4);
        let many = usize::try_from(count).ok().filter(|many| *many <= most);
        let many = many.ok_or_else(|| at.error(ReadErrorKind::VectorTooLong { count }))?;
        self.nested(|reader| (0..many).map(|_| read(reader)).collect())
    }
}

impl<'a, T> From<&'a [T]> for Vector<'a, T> {
    fn from(slice: &'a [T]) -> Self {
        Self {
            elements: Elements::Slice(slice),
        }
    }
}

impl<'a, T: Element> IntoIterator for Vector<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        Iter(self)
    }
}

impl<T: Element + PartialEq> PartialEq for Vector<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Element + Eq> Eq for Vector<'_, T> {}

impl<T: Element + fmt::Debug> fmt::Debug for Vector<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements of a [`Vector`] in order.
#[derive(Clone)]
pub struct Iter<'a, T>(Vector<'a, T>);

impl<T: Element + fmt::Debug> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Element> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0.elements {
            Elements::Wire(bytes, _) => {
                let (first, rest) = bytes.split_at_checked(T::SIZE)?;
                *bytes = rest;
                T::read(&mut Reader::new(first)).ok()
            }
            Elements::Slice(slice) => {
                let (first, rest) = slice.split_first()?;
                *slice = rest;
                Some(*first)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.0.len();
        (len, Some(len))
    }
}

impl<T: Element> ExactSizeIterator for Iter<'_, T> {}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn vector(count: i32, elements: &[i64]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.constructor(crate::tl::VECTOR).int(count);
        elements.iter().for_each(|element| {
            writer.long(*element);
        });
        out
    }

    #[test]
    fn tp_06_vector_count_larger_than_the_rest_is_refused_before_use() {
        for count in [4, 100_000_000, i32::MAX, -1, i32::MIN] {
            let wire = vector(count, &[1, 2, 3]);
            let mut reader = Reader::new(&wire);
            let error = Vector::<i64>::read(&mut reader).unwrap_err();
            assert_eq!(error.kind, ReadErrorKind::VectorTooLong { count });
            assert_eq!(reader.offset(), 0, "a failed read consumes nothing");
        }
    }

    #[test]
    fn sv_21_vector_above_the_limit_is_refused_although_it_is_all_there() {
        let elements = std::vec![7; MAX_VECTOR + 1];
        let whole = vector(8192, &elements[..MAX_VECTOR]);
        assert_eq!(
            Vector::<i64>::read(&mut Reader::new(&whole)).unwrap().len(),
            MAX_VECTOR
        );
        let wire = vector(8193, &elements);
        assert!(Vector::<i64>::read(&mut Reader::new(&wire)).is_err());
    }

    #[test]
    fn tp_11_bare_vector_where_a_boxed_one_is_due_is_refused() {
        let wire = vector(1, &[5]);
        let error = Vector::<i64>::read(&mut Reader::new(&wire[4..])).unwrap_err();
        assert!(matches!(
            error.kind,
            ReadErrorKind::UnexpectedConstructor(_)
        ));
    }

    #[test]
    fn vector_of_the_wire_equals_the_slice_it_came_from() {
        let wire = vector(3, &[1, -2, 3]);
        let read = Vector::<i64>::read(&mut Reader::new(&wire)).unwrap();
        assert_eq!(read, Vector::from(&[1, -2, 3][..]));
        assert_eq!(read.iter().len(), 3);
        let mut out = Vec::new();
        read.write(&mut Writer::new(&mut out));
        assert_eq!(out, wire);
    }
}
