//! Any value in a view.

use super::tape::Composite;
use super::{ObjectRef, VectorRef, View};
use crate::codec::{Limits, decode::Tree};
use crate::codec::{read, walk::Walker};
use crate::layout::{BOOL_FALSE, BOOL_TRUE, Kind, Shape, VECTOR};
use crate::value::Value;
use std::fmt;
use std::ops::Range;

/// A value inside of the bytes of a [`View`].
#[derive(Clone, Copy)]
pub struct ValueRef<'v> {
    pub(super) view: &'v View<'v, 'v>,
    pub(super) shape: Shape,
    /// The offset of its first byte.
    pub(super) at: usize,
    /// Its entry on the tape; [`NO_ENTRY`] for elements that have none.
    pub(super) entry: usize,
}

/// What a value holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'v> {
    /// A `Bool`, or a `true` that is there.
    Bool(bool),
    /// An `int` or `#`.
    Int(i32),
    /// A `long`.
    Long(i64),
    /// A `double`.
    Double(f64),
    /// An `int128`.
    Int128(&'v [u8; 16]),
    /// An `int256`.
    Int256(&'v [u8; 32]),
    /// A `string`, which should be UTF-8.
    String(&'v [u8]),
    /// A `bytes`.
    Bytes(&'v [u8]),
    /// A vector or repetition.
    Vector(VectorRef<'v>),
    /// An object or call.
    Object(ObjectRef<'v>),
}

/// The entry of what is not on the tape.
pub(super) const NO_ENTRY: usize = usize::MAX;

/// What a value is, where the schema leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Scalar(Kind),
    Object,
    Vector,
}

impl<'v> ValueRef<'v> {
    fn word(&self) -> Option<u32> {
        read::word(self.view.bytes, self.at).ok()
    }

    fn form(&self) -> Form {
        match (self.shape.vectors, self.shape.kind) {
            (1.., _) | (_, Kind::Repeat) => Form::Vector,
            (_, Kind::Boxed | Kind::Bare) => Form::Object,
            (_, Kind::Any) => match self.word() {
                Some(VECTOR) => Form::Vector,
                Some(BOOL_TRUE | BOOL_FALSE) => Form::Scalar(Kind::Bool),
                _ => Form::Object,
            },
            (_, kind) => Form::Scalar(kind),
        }
    }

    fn composite(&self) -> Option<Composite> {
        self.view.tape.composite(self.entry)
    }

    /// The entry behind this value.
    pub(super) fn next_entry(&self) -> usize {
        let inside = match self.form() {
            Form::Scalar(_) => None,
            Form::Object | Form::Vector => self.composite().map(|composite| composite.end),
        };
        // Always forward, so going along the tape ends.
        inside.unwrap_or(0).max(self.entry.saturating_add(1))
    }

    /// The bytes of a scalar of that size.
    fn fixed<const N: usize>(&self) -> Option<&'v [u8; N]> {
        self.view.bytes.get(self.at..)?.first_chunk()
    }

    /// The value, whatever it is; for those that write all of it.
    pub fn content(&self) -> Option<Content<'v>> {
        Some(match self.form() {
            Form::Object => Content::Object(self.object()?),
            Form::Vector => Content::Vector(self.vector()?),
            Form::Scalar(kind) => match kind {
                Kind::True => Content::Bool(true),
                Kind::Bool => Content::Bool(self.word()? == BOOL_TRUE),
                Kind::Int | Kind::Nat | Kind::Flags => {
                    Content::Int(i32::from_le_bytes(*self.fixed()?))
                }
                Kind::Long => Content::Long(i64::from_le_bytes(*self.fixed()?)),
                Kind::Double => Content::Double(f64::from_le_bytes(*self.fixed()?)),
                Kind::Int128 => Content::Int128(self.fixed()?),
                Kind::Int256 => Content::Int256(self.fixed()?),
                Kind::String => Content::String(self.bytes()?),
                Kind::Bytes => Content::Bytes(self.bytes()?),
                Kind::Boxed | Kind::Bare | Kind::Any | Kind::Repeat | Kind::Unsupported => {
                    return None;
                }
            },
        })
    }

    /// The truth value of a `Bool` or a present `true` field.
    pub fn bool(&self) -> Option<bool> {
        match self.form() {
            Form::Scalar(Kind::True) => Some(true),
            Form::Scalar(Kind::Bool) => Some(self.word()? == BOOL_TRUE),
            _ => None,
        }
    }

    /// The number of an `int`.
    pub fn int(&self) -> Option<i32> {
        match self.form() {
            Form::Scalar(Kind::Int | Kind::Nat) => self.fixed().copied().map(i32::from_le_bytes),
            _ => None,
        }
    }

    /// The number of a `long`, or of an `int` widened.
    pub fn long(&self) -> Option<i64> {
        match self.form() {
            Form::Scalar(Kind::Long) => self.fixed().copied().map(i64::from_le_bytes),
            _ => self.int().map(i64::from),
        }
    }

    /// The number of a `double`.
    pub fn double(&self) -> Option<f64> {
        match self.form() {
            Form::Scalar(Kind::Double) => self.fixed().copied().map(f64::from_le_bytes),
            _ => None,
        }
    }

    /// The bytes of a `string`, `bytes`, `int128` or `int256`.
    pub fn bytes(&self) -> Option<&'v [u8]> {
        match self.form() {
            Form::Scalar(Kind::String | Kind::Bytes) => read::string(self.view.bytes, self.at)
                .ok()
                .map(|found| found.content),
            Form::Scalar(Kind::Int128) => self.fixed::<16>().map(|bytes| &bytes[..]),
            Form::Scalar(Kind::Int256) => self.fixed::<32>().map(|bytes| &bytes[..]),
            _ => None,
        }
    }

    /// The text of a `string` or `bytes`; `None` also where it is not UTF-8.
    pub fn str(&self) -> Option<&'v str> {
        match self.shape.kind {
            Kind::String | Kind::Bytes => std::str::from_utf8(self.bytes()?).ok(),
            _ => None,
        }
    }

    /// The object or call.
    pub fn object(&self) -> Option<ObjectRef<'v>> {
        if self.form() != Form::Object {
            return None;
        }
        let composite = self.composite()?;
        let combinator = self.view.schema.combinator(composite.what)?;
        Some(ObjectRef {
            value: *self,
            combinator,
            composite,
        })
    }

    /// The vector.
    pub fn vector(&self) -> Option<VectorRef<'v>> {
        if self.form() != Form::Vector {
            return None;
        }
        let composite = self.composite()?;
        let (element, header) = match self.shape {
            Shape { vectors: 1.., .. } => {
                let (element, is_bare) = self.shape.element();
                (element, if is_bare { 4 } else { 8 })
            }
            Shape {
                kind: Kind::Repeat,
                arg,
                ..
            } => (self.view.schema.repeats.get(arg as usize)?.shape, 0),
            _ => (Shape::ANY, 8),
        };
        let first_at = self.at.saturating_add(header);
        let is_repeat = header == 0;
        Some(VectorRef {
            view: self.view,
            composite,
            element,
            first_at,
            is_repeat,
        })
    }

    /// Which bytes of the input it takes: id, length and padding included; none for `true`.
    pub fn byte_range(&self) -> Range<usize> {
        let end = match self.form() {
            Form::Object | Form::Vector => self.composite().map(|composite| composite.end_at),
            Form::Scalar(kind) => match kind.fixed_size() {
                Some(size) => self.at.checked_add(size),
                None => read::string(self.view.bytes, self.at)
                    .ok()
                    .and_then(|found| self.at.checked_add(found.size)),
            },
        };
        self.at..end.unwrap_or(self.at)
    }

    /// The type of the value, as the schema says it.
    pub fn type_text(&self) -> String {
        self.view.schema.shape_text(self.shape)
    }

    /// The value as an owned tree.
    pub fn to_value(&self) -> Value {
        if let (Kind::Repeat, Some(vector)) = (self.shape.kind, self.vector()) {
            return Value::Vector(vector.iter().map(|item| item.to_value()).collect());
        }
        // The view was checked within limits, so reading a part of it again needs none.
        let limits = Limits {
            depth: usize::MAX,
            elements: usize::MAX,
            bytes: usize::MAX,
        };
        let walker = Walker::new(self.view.schema, self.view.bytes, limits, Tree::<false>);
        let value = walker.and_then(|mut walker| {
            walker.at = self.at;
            walker.value(self.shape)
        });
        value.unwrap_or_else(|_| Value::Vector(Vec::new()))
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form() {
            Form::Object => match self.object() {
                Some(object) => object.fmt(f),
                None => f.write_str("?"),
            },
            Form::Vector => f
                .debug_list()
                .entries(self.vector().iter().flat_map(VectorRef::iter))
                .finish(),
            Form::Scalar(_) => self.to_value().fmt(f),
        }
    }
}
