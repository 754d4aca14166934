//! Bytes out of owned values, by the same field programs.

use super::encode_error::{EncodeError, EncodeErrorKind};
use super::limits::MAX_DEPTH;
use super::write::{MAX_STRING, string, word};
use crate::layout::{ALWAYS, BOOL_FALSE, BOOL_TRUE, Kind, MAX_WORDS, Op, Shape, VECTOR, Words};
use crate::name::Name;
use crate::schema::{Combinator, Schema};
use crate::value::{Object, Value};

impl Schema {
    /// Writes an object or function call, boxed.
    ///
    /// Flags words are computed from the fields that are present. An `int` where the schema has a
    /// `long` is widened, a `true` field with the value `false` is left out; otherwise each value
    /// must have the kind that the schema says.
    ///
    /// # Errors
    /// A missing, unknown or wrongly typed field, with the way to it.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        self.encode_shape(Shape::ANY, value)
    }

    /// Writes an object or function call, boxed, at the end of a buffer.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); the buffer then ends in what was written up to the error.
    pub fn encode_into(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Encoder {
            schema: self,
            out,
            depth: 0,
        }
        .value(Shape::ANY, value)
    }

    /// Writes a value of a type, such as `Vector<long>` or `Bool`.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); a type that is not in the schema.
    pub fn encode_as(&self, type_name: &str, value: &Value) -> Result<Vec<u8>, EncodeError> {
        match self.shape_of(type_name) {
            Some(shape) => self.encode_shape(shape, value),
            None => Err(EncodeError::new(EncodeErrorKind::UnknownType(
                type_name.to_owned(),
            ))),
        }
    }

    /// Writes the result of a function of this schema.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_result(
        &self,
        function: &Combinator,
        value: &Value,
    ) -> Result<Vec<u8>, EncodeError> {
        self.encode_shape(function.result_shape(), value)
    }

    fn encode_shape(&self, shape: Shape, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        Encoder {
            schema: self,
            out: &mut out,
            depth: 0,
        }
        .value(shape, value)?;
        Ok(out)
    }
}

struct Encoder<'s, 'o> {
    schema: &'s Schema,
    out: &'o mut Vec<u8>,
    depth: usize,
}

impl Encoder<'_, '_> {
    fn value(&mut self, shape: Shape, value: &Value) -> Result<(), EncodeError> {
        if shape.vectors > 0 {
            return match value {
                Value::Vector(items) => self.vector(shape, items),
                _ => Err(self.wrong_type(shape, value)),
            };
        }
        match (shape.kind, value) {
            (Kind::True, Value::Bool(true)) => {}
            (Kind::Bool, Value::Bool(value)) => self.bool(*value),
            (Kind::Int | Kind::Nat | Kind::Flags, Value::Int(value)) => {
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            (Kind::Long, Value::Long(value)) => self.out.extend_from_slice(&value.to_le_bytes()),
            (Kind::Long, Value::Int(value)) => {
                self.out.extend_from_slice(&i64::from(*value).to_le_bytes());
            }
            (Kind::Double, Value::Double(value)) => {
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            (Kind::Int128, Value::Int128(value)) => self.out.extend_from_slice(value),
            (Kind::Int256, Value::Int256(value)) => self.out.extend_from_slice(value),
            (Kind::String | Kind::Bytes, Value::Bytes(content)) => {
                let length = content.len();
                if length > MAX_STRING {
                    return Err(EncodeError::new(EncodeErrorKind::StringTooLong { length }));
                }
                string(self.out, content);
            }
            (Kind::Boxed, Value::Object(object)) => {
                let index = self.find(object, Some(shape.arg))?;
                self.boxed(index, object)?;
            }
            (Kind::Bare, Value::Object(object)) => {
                if self.find(object, None)? != shape.arg {
                    return Err(self.wrong_type(shape, value));
                }
                self.object(shape.arg, object)?;
            }
            (Kind::Any, Value::Object(object)) => {
                let index = self.find(object, None)?;
                self.boxed(index, object)?;
            }
            (Kind::Any, Value::Vector(items)) => {
                let vector = Shape::ANY.in_vector(false).unwrap_or(Shape::ANY);
                self.vector(vector, items)?;
            }
            (Kind::Any, Value::Bool(value)) => self.bool(*value),
            (Kind::Repeat | Kind::Unsupported, _) => {
                return Err(EncodeError::new(EncodeErrorKind::Unsupported));
            }
            _ => return Err(self.wrong_type(shape, value)),
        }
        Ok(())
    }

    fn bool(&mut self, value: bool) {
        word(self.out, if value { BOOL_TRUE } else { BOOL_FALSE });
    }

    /// The combinator of an object; with a type, the constructor of that type.
    fn find(&self, object: &Object, wanted: Option<u32>) -> Result<u32, EncodeError> {
        let Some(index) = self.schema.index_of_name(object.name()) else {
            let name = object.name_handle().clone();
            return Err(EncodeError::new(EncodeErrorKind::UnknownCombinator {
                name,
            }));
        };
        let Some(wanted) = wanted else {
            return Ok(index);
        };
        let fits = |index: u32| {
            self.schema
                .head(index)
                .is_some_and(|head| head.constructs == wanted)
        };
        if fits(index) {
            return Ok(index);
        }
        // A function may have the name of the constructor that is meant.
        let entry = self.schema.types.get(wanted as usize);
        let constructors = entry.map_or(&[][..], |entry| &entry.constructors);
        let named = |index: &u32| {
            self.schema
                .combinator(*index)
                .is_some_and(|found| found.name() == object.name())
        };
        constructors
            .iter()
            .rev()
            .copied()
            .find(named)
            .ok_or_else(|| {
                EncodeError::new(EncodeErrorKind::WrongType {
                    expected: self.schema.type_name(wanted).to_owned(),
                    found: object.name().to_owned(),
                })
            })
    }

    fn enter(&mut self) -> Result<(), EncodeError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(EncodeError::new(EncodeErrorKind::TooDeep));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn count(&mut self, count: usize) -> Result<(), EncodeError> {
        // The sign bit is never set: a count is a natural number of 31 bits.
        match i32::try_from(count) {
            Ok(count) => {
                self.out.extend_from_slice(&count.to_le_bytes());
                Ok(())
            }
            Err(_) => Err(EncodeError::new(EncodeErrorKind::BadCount { count })),
        }
    }

    fn vector(&mut self, shape: Shape, items: &[Value]) -> Result<(), EncodeError> {
        self.enter()?;
        let (element, bare) = shape.element();
        if !bare {
            word(self.out, VECTOR);
        }
        self.count(items.len())?;
        items
            .iter()
            .try_for_each(|item| self.value(element, item))?;
        self.leave();
        Ok(())
    }

    fn boxed(&mut self, index: u32, object: &Object) -> Result<(), EncodeError> {
        word(
            self.out,
            self.schema.combinator(index).map_or(0, Combinator::id),
        );
        self.object(index, object)
    }

    fn object(&mut self, index: u32, object: &Object) -> Result<(), EncodeError> {
        let schema = self.schema;
        let Some(combinator) = schema.combinator(index) else {
            return Err(EncodeError::new(EncodeErrorKind::Unsupported));
        };
        self.enter()?;
        let mut fields = Fields::new(object, combinator);
        let mut words = Words::default();
        let mut word_at = [None; MAX_WORDS];
        for (op, field) in schema.program(index).iter().zip(combinator.fields()) {
            let name = field.name_handle();
            if op.shape.kind == Kind::Flags {
                self.flags_word(op, name, object, &mut words, &mut word_at)?;
                continue;
            }
            let value = fields.find(name).filter(|value| {
                // A `true` field that is false is an absent one.
                !(op.shape.kind == Kind::True && op.word != ALWAYS && **value == Value::Bool(false))
            });
            let Some(value) = value else {
                if op.word == ALWAYS && op.shape != Shape::of(Kind::True, 0) {
                    return Err(missing(combinator, name));
                }
                continue;
            };
            if op.word != ALWAYS {
                words.set(
                    op.word,
                    words.get(op.word) | 1_u32.wrapping_shl(u32::from(op.bit)),
                );
            }
            let written = match op.shape.kind {
                Kind::Nat if op.shape.vectors == 0 => self.nat(op, value, &mut words),
                Kind::Repeat => self.repeat(op.shape.arg, value, &words),
                _ => self.value(op.shape, value),
            };
            written
                .map_err(|error| error.in_field(combinator.object_name().clone(), name.clone()))?;
        }
        self.patch(&words, &word_at);
        if combinator.shares_bits() {
            check_shared_bits(schema.program(index), combinator, object, &words)?;
        }
        fields.check_unknown(combinator)?;
        self.leave();
        Ok(())
    }

    /// Leaves room for a flags word; its bits come with the fields.
    fn flags_word(
        &mut self,
        op: &Op,
        name: &str,
        object: &Object,
        words: &mut Words,
        word_at: &mut [Option<usize>; MAX_WORDS],
    ) -> Result<(), EncodeError> {
        let extra = object.extra_flags(name);
        let explained = extra & op.shape.arg;
        if explained != 0 {
            let kind = EncodeErrorKind::ExplainedFlag {
                word: Name::new(name),
                bits: explained,
            };
            return Err(EncodeError::new(kind));
        }
        words.set(op.shape.detail, extra);
        if let Some(place) = word_at.get_mut(usize::from(op.shape.detail)) {
            *place = Some(self.out.len());
        }
        word(self.out, extra);
        Ok(())
    }

    /// Writes the flags words into the room that was left for them.
    fn patch(&mut self, words: &Words, word_at: &[Option<usize>; MAX_WORDS]) {
        for (slot, at) in (0_u8..).zip(word_at) {
            let place = at.and_then(|at| self.out.get_mut(at..));
            if let Some(place) = place.and_then(|out| out.first_chunk_mut::<4>()) {
                *place = words.get(slot).to_le_bytes();
            }
        }
    }

    fn nat(&mut self, op: &Op, value: &Value, words: &mut Words) -> Result<(), EncodeError> {
        if let Value::Int(number) = value {
            words.set(op.shape.detail, number.cast_unsigned());
        }
        self.value(op.shape, value)
    }

    fn repeat(&mut self, index: u32, value: &Value, words: &Words) -> Result<(), EncodeError> {
        let (Some(repeat), Value::Vector(items)) =
            (self.schema.repeats.get(index as usize).copied(), value)
        else {
            return Err(self.wrong_type(Shape::of(Kind::Repeat, index), value));
        };
        if items.len() != repeat.count.in_words(words) as usize {
            return Err(EncodeError::new(EncodeErrorKind::BadCount {
                count: items.len(),
            }));
        }
        self.enter()?;
        for item in items {
            match repeat.shape.kind {
                Kind::Repeat => self.repeat(repeat.shape.arg, item, words)?,
                _ => self.value(repeat.shape, item)?,
            }
        }
        self.leave();
        Ok(())
    }

    #[cold]
    fn wrong_type(&self, shape: Shape, value: &Value) -> EncodeError {
        let found = match value {
            Value::Object(object) => object.name().to_owned(),
            other => other.kind().to_owned(),
        };
        let expected = self.schema.shape_text(shape);
        EncodeError::new(EncodeErrorKind::WrongType { expected, found })
    }
}

/// Fields of an object, looked up in the order of the schema.
struct Fields<'v> {
    object: &'v Object,
    next: usize,
    used: usize,
    /// Whether the object has its fields in the order of the schema, as decoded ones have.
    is_ordered: bool,
}

impl<'v> Fields<'v> {
    fn new(object: &'v Object, combinator: &Combinator) -> Self {
        let mut next = 0_usize;
        for field in combinator.fields() {
            if object
                .nth(next)
                .is_some_and(|(name, _)| name == field.name_handle())
            {
                next = next.saturating_add(1);
            }
        }
        Self {
            object,
            next: 0,
            used: 0,
            is_ordered: next == object.len(),
        }
    }

    /// The field of that name.
    #[inline]
    fn find(&mut self, name: &Name) -> Option<&'v Value> {
        let found = match self.object.nth(self.next) {
            Some((next, value)) if next == name => Some((self.next, value)),
            _ if self.is_ordered => None,
            _ => self.object.position(name),
        };
        let (index, value) = found?;
        self.next = index.saturating_add(1);
        self.used = self.used.saturating_add(1);
        Some(value)
    }

    /// An error for a field that was not asked for.
    fn check_unknown(&self, combinator: &Combinator) -> Result<(), EncodeError> {
        if self.used == self.object.len() {
            return Ok(());
        }
        let is_known = |name: &str| {
            combinator
                .fields()
                .iter()
                .any(|field| field.name() == name && !field.is_flags_word())
        };
        match self.object.named_fields().find(|(name, _)| !is_known(name)) {
            Some((field, _)) => Err(EncodeError::new(EncodeErrorKind::UnknownField {
                combinator: combinator.object_name().clone(),
                field: field.clone(),
            })),
            None => Ok(()),
        }
    }
}

/// Fields on one flag bit are there together or not at all.
fn check_shared_bits(
    program: &[Op],
    combinator: &Combinator,
    object: &Object,
    words: &Words,
) -> Result<(), EncodeError> {
    for (op, field) in program.iter().zip(combinator.fields()) {
        if op.word != ALWAYS && words.has(op) {
            let is_there = match object.get(field.name()) {
                Some(Value::Bool(false)) => op.shape != Shape::of(Kind::True, 0),
                Some(_) => true,
                None => false,
            };
            if !is_there {
                return Err(missing(combinator, field.name()));
            }
        }
    }
    Ok(())
}

#[cold]
fn missing(combinator: &Combinator, field: &str) -> EncodeError {
    EncodeError::new(EncodeErrorKind::MissingField {
        combinator: combinator.object_name().clone(),
        field: Name::new(field),
    })
}
