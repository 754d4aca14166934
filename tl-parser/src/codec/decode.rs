//! Owned values out of bytes.

use super::error::{DecodeError, DecodeErrorKind};
use super::limits::Limits;
use super::walk::{Sink, Walker};
use crate::layout::{Kind, Shape};
use crate::schema::{Combinator, Schema};
use crate::value::{Object, Value};

/// The sink that builds a tree.
#[derive(Debug, Default)]
pub(crate) struct Tree<const LOSSY: bool>;

/// An object on its way.
pub(crate) struct Growing<'s> {
    combinator: &'s Combinator,
    object: Box<Object>,
}

/// How many elements a vector has room for at first, whatever count is claimed.
///
/// Counts are compared with the rest of the input and the limits before, which for elements
/// without bytes is a large number still.
const FIRST_CAPACITY: usize = 4096;

/// How much room for optional fields an object gets at first.
const SPARE_FIELDS: usize = 4;

impl<'s, 'b, const LOSSY_: bool> Sink<'s, 'b> for Tree<LOSSY_> {
    type Value = Value;
    type Object = Option<Growing<'s>>;
    type Vector = Vec<Value>;
    const LOSSY: bool = LOSSY_;

    #[inline]
    fn scalar(&mut self, kind: Kind, raw: &'b [u8]) -> Value {
        scalar(kind, raw)
    }

    fn bool(&mut self, value: bool) -> Value {
        Value::Bool(value)
    }

    fn present(&mut self) -> Value {
        Value::Bool(true)
    }

    #[inline]
    fn open(&mut self, schema: &'s Schema, combinator: u32, _: usize) -> Self::Object {
        let combinator = schema.combinator(combinator)?;
        let all = combinator.fields().len();
        let room = combinator
            .required_fields()
            .saturating_add(SPARE_FIELDS)
            .min(all);
        let object = Box::new(Object::with_capacity(
            combinator.object_name().clone(),
            room,
        ));
        Some(Growing { combinator, object })
    }

    #[inline]
    fn before_field(&mut self, _: &mut Self::Object, _: u32, _: usize) {}

    #[inline]
    fn field(&mut self, object: &mut Self::Object, index: usize, value: Value) {
        if let Some(growing) = object {
            growing
                .object
                .push(growing.combinator.field_name(index), value);
        }
    }

    #[cold]
    fn extra_flags(&mut self, object: &mut Self::Object, index: usize, bits: u32) {
        if let Some(growing) = object {
            growing
                .object
                .set_extra_flags(growing.combinator.field_name(index), bits);
        }
    }

    #[inline]
    fn close(&mut self, object: Self::Object, _: usize) -> Value {
        match object {
            Some(growing) => Value::Object(growing.object),
            None => self.missing(),
        }
    }

    fn begin_vector(&mut self, count: u32, _: usize) -> Vec<Value> {
        Vec::with_capacity((count as usize).min(FIRST_CAPACITY))
    }

    #[inline]
    fn before_element(&mut self, _: &mut Vec<Value>, _: usize) {}

    #[inline]
    fn element(&mut self, vector: &mut Vec<Value>, value: Value) {
        vector.push(value);
    }

    fn packed(&mut self, vector: &mut Vec<Value>, kind: Kind, raw: &'b [u8], size: usize) {
        vector.extend(raw.chunks_exact(size.max(1)).map(|raw| scalar(kind, raw)));
    }

    fn end_vector(&mut self, vector: Vec<Value>, _: usize) -> Value {
        Value::Vector(vector)
    }

    fn missing(&mut self) -> Value {
        Value::Vector(Vec::new())
    }
}

/// The first `N` bytes; the walker hands over exactly as many as the kind has.
#[inline]
fn array<const N: usize>(raw: &[u8]) -> [u8; N] {
    raw.first_chunk().copied().unwrap_or([0; N])
}

#[inline]
pub(crate) fn scalar(kind: Kind, raw: &[u8]) -> Value {
    match kind {
        Kind::Long => Value::Long(i64::from_le_bytes(array(raw))),
        Kind::Double => Value::Double(f64::from_le_bytes(array(raw))),
        Kind::Int128 => Value::Int128(array(raw)),
        Kind::Int256 => Value::Int256(array(raw)),
        Kind::String | Kind::Bytes => Value::Bytes(raw.to_vec()),
        _ => Value::Int(i32::from_le_bytes(array(raw))),
    }
}

impl Schema {
    /// Reads one boxed object or function call that takes the whole input.
    ///
    /// Exact: [`encode`](Self::encode) gives the same bytes again.
    ///
    /// # Errors
    /// Whatever makes the bytes no object of this schema within the limits.
    pub fn decode(&self, bytes: &[u8], limits: Limits) -> Result<Value, DecodeError> {
        self.decode_shape(Shape::ANY, bytes, limits)
    }

    /// Reads one boxed object or call at the beginning of the input, and says how long it is.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_prefix(
        &self,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<(Value, usize), DecodeError> {
        let mut walker = Walker::new(self, bytes, limits, Tree::<false>)?;
        let value = walker.any()?;
        Ok((value, walker.at))
    }

    /// Reads one value of a type that takes the whole input: of the result type of a function, such
    /// as `Vector<User>`, `Vector<long>`, `Bool`, or `X` for any object.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); a type that is not in the schema.
    pub fn decode_as(
        &self,
        type_name: &str,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Value, DecodeError> {
        let Some(shape) = self.shape_of(type_name) else {
            return Err(DecodeError::new(
                0,
                DecodeErrorKind::UnknownType(type_name.to_owned()),
            ));
        };
        self.decode_shape(shape, bytes, limits)
    }

    /// Reads the result of a function of this schema.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_result(
        &self,
        function: &Combinator,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Value, DecodeError> {
        self.decode_shape(function.result_shape(), bytes, limits)
    }

    fn decode_shape(
        &self,
        shape: Shape,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Value, DecodeError> {
        let mut walker = Walker::new(self, bytes, limits, Tree::<false>)?;
        let value = walker.value(shape)?;
        walker.finish()?;
        Ok(value)
    }
}
