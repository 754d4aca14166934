//! The one reader: it follows the field programs, checks every rule and every limit, and tells a
//! sink what it meets.
//!
//! Skipping, the tape behind [`ObjectRef`](crate::ObjectRef), owned values and the lossy form are
//! four sinks of this walker, so they accept the same bytes by construction.
//! Recursion follows the nesting of the data and is bounded by the depth limit.

use super::error::{DecodeError, DecodeErrorKind};
use super::limits::{Limits, MAX_DEPTH};
use super::lossy::Undecoded;
use super::read::{string, take, word};
use crate::layout::{BOOL_FALSE, BOOL_TRUE, Kind, Op, Repeat, Shape, VECTOR, Words};
use crate::schema::Schema;

/// What becomes of the values that the walker meets.
///
/// `at` is always the offset of the first byte of a value.
pub(crate) trait Sink<'s, 'b> {
    /// A value, as far as the sink keeps it.
    type Value;
    /// An object whose fields are being read.
    type Object;
    /// A vector whose elements are being read.
    type Vector;
    /// Whether to go on after errors, with what was read up to there.
    const LOSSY: bool = false;

    /// A value of a kind with fixed size (its bytes), or the content of a string.
    fn scalar(&mut self, kind: Kind, raw: &'b [u8]) -> Self::Value;
    /// `Bool`.
    fn bool(&mut self, value: bool) -> Self::Value;
    /// A `true` that is there.
    fn present(&mut self) -> Self::Value;
    /// An object begins; `at` is where its id or, bare, its first field is.
    fn open(&mut self, schema: &'s Schema, combinator: u32, at: usize) -> Self::Object;
    /// The value of a field comes next; `op` is its step.
    fn before_field(&mut self, object: &mut Self::Object, op: u32, at: usize);
    /// The value of the field of step `op`, the `index`th of the combinator.
    fn field(&mut self, object: &mut Self::Object, index: usize, value: Self::Value);
    /// Bits of the flags word in field `index` that no field explains.
    fn extra_flags(&mut self, object: &mut Self::Object, index: usize, bits: u32);
    /// The object is complete; `end` is the offset behind it.
    fn close(&mut self, object: Self::Object, end: usize) -> Self::Value;
    /// A vector begins, after its count.
    fn begin_vector(&mut self, count: u32, at: usize) -> Self::Vector;
    /// An element comes next.
    fn before_element(&mut self, vector: &mut Self::Vector, at: usize);
    /// An element.
    fn element(&mut self, vector: &mut Self::Vector, value: Self::Value);
    /// All elements at once, where each has `size` bytes.
    fn packed(&mut self, vector: &mut Self::Vector, kind: Kind, raw: &'b [u8], size: usize);
    /// The vector is complete.
    fn end_vector(&mut self, vector: Self::Vector, end: usize) -> Self::Value;
    /// Stands for a value that could not be read at all; asked for by the lossy form alone.
    fn missing(&mut self) -> Self::Value;
}

pub(crate) struct Walker<'s, 'b, S> {
    pub(crate) schema: &'s Schema,
    bytes: &'b [u8],
    pub(crate) at: usize,
    depth: usize,
    elements: usize,
    pub(crate) sink: S,
    /// The error at which a lossy reading ended; nothing is read after it.
    pub(crate) broken: Option<DecodeError>,
    /// Where the value begins that could not be read.
    pub(crate) broken_at: usize,
    /// Bytes that a lossy reading passed over.
    pub(crate) passed: Vec<Undecoded>,
}

impl<'s, 'b, S: Sink<'s, 'b>> Walker<'s, 'b, S> {
    pub(crate) fn new(
        schema: &'s Schema,
        bytes: &'b [u8],
        limits: Limits,
        sink: S,
    ) -> Result<Self, DecodeError> {
        if bytes.len() > limits.bytes {
            let kind = DecodeErrorKind::TooLong {
                length: bytes.len(),
            };
            return Err(DecodeError::new(limits.bytes, kind));
        }
        Ok(Self {
            schema,
            bytes,
            at: 0,
            depth: limits.depth.min(MAX_DEPTH),
            elements: limits.elements,
            sink,
            broken: None,
            broken_at: 0,
            passed: Vec::new(),
        })
    }

    /// An error where bytes are left.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        match self.bytes.len().saturating_sub(self.at) {
            0 => Ok(()),
            count => Err(self.error(DecodeErrorKind::TrailingBytes { count })),
        }
    }

    #[cold]
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(self.at, kind)
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        // Only over bytes that were there.
        self.at = self.at.wrapping_add(count);
    }

    #[inline]
    fn word(&mut self) -> Result<u32, DecodeError> {
        let word = word(self.bytes, self.at)?;
        self.advance(4);
        Ok(word)
    }

    #[inline]
    fn is_broken(&self) -> bool {
        S::LOSSY && self.broken.is_some()
    }

    /// One value of any shape but a repetition.
    pub(crate) fn value(&mut self, shape: Shape) -> Result<S::Value, DecodeError> {
        if shape.vectors > 0 {
            return self.vector(shape);
        }
        match shape.kind {
            Kind::True => Ok(self.sink.present()),
            Kind::Bool => self.bool(),
            Kind::Int | Kind::Nat | Kind::Flags => self.fixed(shape.kind, 4),
            Kind::Long | Kind::Double => self.fixed(shape.kind, 8),
            Kind::Int128 => self.fixed(shape.kind, 16),
            Kind::Int256 => self.fixed(shape.kind, 32),
            Kind::String | Kind::Bytes => self.string(shape.kind),
            Kind::Boxed => self.boxed(shape.arg),
            Kind::Bare => self.object(shape.arg, self.at),
            Kind::Any => self.any(),
            Kind::Repeat | Kind::Unsupported => Err(self.error(DecodeErrorKind::Unsupported)),
        }
    }

    #[inline]
    fn fixed(&mut self, kind: Kind, size: usize) -> Result<S::Value, DecodeError> {
        let raw = take(self.bytes, self.at, size)?;
        self.advance(size);
        Ok(self.sink.scalar(kind, raw))
    }

    fn bool(&mut self) -> Result<S::Value, DecodeError> {
        let value = match word(self.bytes, self.at)? {
            BOOL_TRUE => true,
            BOOL_FALSE => false,
            id => return Err(self.error(DecodeErrorKind::NotABool { id })),
        };
        self.advance(4);
        Ok(self.sink.bool(value))
    }

    #[inline]
    fn string(&mut self, kind: Kind) -> Result<S::Value, DecodeError> {
        let found = string(self.bytes, self.at)?;
        if found.long_length || found.bad_padding {
            let why = if found.long_length {
                DecodeErrorKind::LongLength
            } else {
                DecodeErrorKind::Padding
            };
            let error = self.error(why);
            if !S::LOSSY {
                return Err(error);
            }
            self.passed
                .extend(Undecoded::in_string(self.at, &found, error));
        }
        self.advance(found.size);
        Ok(self.sink.scalar(kind, found.content))
    }

    /// An object of one type, with its id.
    #[inline]
    fn boxed(&mut self, wanted: u32) -> Result<S::Value, DecodeError> {
        let start = self.at;
        let id = word(self.bytes, start)?;
        let Some(index) = self.schema.index_of_id(id) else {
            return Err(self.error(DecodeErrorKind::UnknownConstructor { id }));
        };
        if self
            .schema
            .head(index)
            .is_none_or(|head| head.constructs != wanted)
        {
            return Err(self.wrong_type(wanted, index));
        }
        self.advance(4);
        self.object(index, start)
    }

    #[cold]
    fn wrong_type(&self, wanted: u32, found: u32) -> DecodeError {
        self.error(DecodeErrorKind::WrongType {
            expected: self.schema.type_name(wanted).to_owned(),
            found: self
                .schema
                .combinator(found)
                .map_or_else(|| "?".into(), |c| c.object_name().clone()),
        })
    }

    /// Any object, call, vector or Bool, with its id.
    pub(crate) fn any(&mut self) -> Result<S::Value, DecodeError> {
        let start = self.at;
        match word(self.bytes, start)? {
            VECTOR => self.vector_body(Shape::ANY, false, start),
            BOOL_TRUE | BOOL_FALSE => self.bool(),
            id => {
                let Some(index) = self.schema.index_of_id(id) else {
                    return Err(self.error(DecodeErrorKind::UnknownConstructor { id }));
                };
                self.advance(4);
                self.object(index, start)
            }
        }
    }

    fn enter(&mut self, count: u32) -> Result<(), DecodeError> {
        let Some(elements) = self.elements.checked_sub(count as usize) else {
            return Err(self.error(DecodeErrorKind::TooManyElements { claimed: count }));
        };
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(self.error(DecodeErrorKind::TooDeep));
        };
        (self.elements, self.depth) = (elements, depth);
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        // It was lowered when this value was entered.
        self.depth = self.depth.wrapping_add(1);
    }

    /// The fields of an object; its id is read already.
    fn object(&mut self, index: u32, start: usize) -> Result<S::Value, DecodeError> {
        self.enter(1)?;
        let schema = self.schema;
        let first = schema.head(index).map_or(0, |head| head.first_op);
        let mut object = self.sink.open(schema, index, start);
        let mut words = Words::default();
        for (number, (op, op_index)) in schema.program(index).iter().zip(first..).enumerate() {
            if !words.has(op) {
                continue;
            }
            let value_at = self.at;
            let read = match op.shape.kind {
                Kind::Flags => self
                    .flags(op, number, &mut words, &mut object)
                    .map(|()| None),
                kind => {
                    self.sink.before_field(&mut object, op_index, value_at);
                    match kind {
                        Kind::Nat if op.shape.vectors == 0 => self.nat(op, &mut words),
                        Kind::Repeat => self.repeat(op.shape.arg, &words),
                        _ => self.value(op.shape),
                    }
                    .map(Some)
                }
            };
            match read {
                Ok(Some(value)) => self.sink.field(&mut object, number, value),
                Ok(None) => {}
                Err(mut error) => {
                    self.name_field(&mut error, index, number);
                    if !S::LOSSY {
                        return Err(error);
                    }
                    (self.broken, self.broken_at) = (Some(error), value_at);
                    break;
                }
            }
            if self.is_broken() {
                self.name_broken(index, number);
                break;
            }
        }
        self.leave();
        Ok(self.sink.close(object, self.at))
    }

    fn flags(
        &mut self,
        op: &Op,
        number: usize,
        words: &mut Words,
        object: &mut S::Object,
    ) -> Result<(), DecodeError> {
        let word = self.word()?;
        words.set(op.shape.detail, word);
        let extra = word & !op.shape.arg;
        if extra != 0 {
            self.sink.extra_flags(object, number, extra);
        }
        Ok(())
    }

    fn nat(&mut self, op: &Op, words: &mut Words) -> Result<S::Value, DecodeError> {
        words.set(op.shape.detail, word(self.bytes, self.at)?);
        self.fixed(Kind::Nat, 4)
    }

    fn repeat(&mut self, index: u32, words: &Words) -> Result<S::Value, DecodeError> {
        let Some(Repeat { count, shape }) = self.schema.repeats.get(index as usize).copied() else {
            return Err(self.error(DecodeErrorKind::Unsupported));
        };
        let count = count.in_words(words);
        self.check_count(count, shape)?;
        self.enter(count)?;
        let mut vector = self.sink.begin_vector(count, self.at);
        for number in 0..count as usize {
            let value_at = self.at;
            self.sink.before_element(&mut vector, value_at);
            let read = match shape.kind {
                Kind::Repeat => self.repeat(shape.arg, words),
                _ => self.value(shape),
            };
            if !self.keep_element(&mut vector, (number, value_at), read)? {
                break;
            }
        }
        self.leave();
        Ok(self.sink.end_vector(vector, self.at))
    }

    fn vector(&mut self, shape: Shape) -> Result<S::Value, DecodeError> {
        let start = self.at;
        let (element, bare) = shape.element();
        if !bare {
            let id = word(self.bytes, start)?;
            if id != VECTOR {
                return Err(self.error(DecodeErrorKind::NotAVector { id }));
            }
        }
        self.vector_body(element, bare, start)
    }

    fn vector_body(
        &mut self,
        element: Shape,
        bare: bool,
        start: usize,
    ) -> Result<S::Value, DecodeError> {
        self.at = if bare { start } else { start.wrapping_add(4) };
        let count = word(self.bytes, self.at)?;
        self.check_count(count, element)?;
        self.enter(count)?;
        self.advance(4);
        let mut vector = self.sink.begin_vector(count, start);
        if let Some(size) = packed_size(element) {
            // The count was compared with what is left, so this is within the input.
            let raw = take(self.bytes, self.at, (count as usize).saturating_mul(size))?;
            self.advance(raw.len());
            self.sink.packed(&mut vector, element.kind, raw, size);
        } else {
            for number in 0..count as usize {
                let value_at = self.at;
                self.sink.before_element(&mut vector, value_at);
                let read = self.value(element);
                if !self.keep_element(&mut vector, (number, value_at), read)? {
                    break;
                }
            }
        }
        self.leave();
        Ok(self.sink.end_vector(vector, self.at))
    }

    /// Hands an element on; false where a lossy reading ends.
    #[inline]
    fn keep_element(
        &mut self,
        vector: &mut S::Vector,
        (number, value_at): (usize, usize),
        read: Result<S::Value, DecodeError>,
    ) -> Result<bool, DecodeError> {
        match read {
            Ok(value) => self.sink.element(vector, value),
            Err(mut error) => {
                error.in_element(number);
                if !S::LOSSY {
                    return Err(error);
                }
                (self.broken, self.broken_at) = (Some(error), value_at);
                return Ok(false);
            }
        }
        if self.is_broken() {
            if let Some(error) = &mut self.broken {
                error.in_element(number);
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// Refuses a count that the rest of the input cannot hold, before anything is made of it.
    fn check_count(&self, count: u32, element: Shape) -> Result<(), DecodeError> {
        let least = match (element.vectors, element.kind) {
            (0, Kind::True | Kind::Bare | Kind::Repeat) => 0,
            (0, kind) => kind.fixed_size().unwrap_or(4),
            _ => 4,
        };
        let left = self.bytes.len().saturating_sub(self.at);
        match (count as usize).saturating_mul(least).checked_sub(left) {
            Some(missing) if missing > 0 => {
                Err(self.error(DecodeErrorKind::UnexpectedEnd { missing }))
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn name_field(&self, error: &mut DecodeError, index: u32, number: usize) {
        if let Some(combinator) = self.schema.combinator(index) {
            error.in_field(
                combinator.object_name().clone(),
                combinator.field_name(number),
            );
        }
    }

    #[cold]
    fn name_broken(&mut self, index: u32, number: usize) {
        if let Some(mut error) = self.broken.take() {
            self.name_field(&mut error, index, number);
            self.broken = Some(error);
        }
    }
}

/// The size of an element whose bytes need no check.
pub(crate) fn packed_size(element: Shape) -> Option<usize> {
    match (element.vectors, element.kind) {
        (0, Kind::Int | Kind::Nat | Kind::Long | Kind::Double | Kind::Int128 | Kind::Int256) => {
            element.kind.fixed_size()
        }
        _ => None,
    }
}
