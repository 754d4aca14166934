//! Bytes out of owned values, by the same field programs.

use super::encode_error::{EncodeError, EncodeErrorKind};
use super::known::{self, Known};
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
        Encoder::new(self, out).value(Shape::ANY, value)
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
        let mut out = Vec::with_capacity(FIRST_CAPACITY);
        Encoder::new(self, &mut out).value(shape, value)?;
        Ok(out)
    }
}

/// How many bytes there is room for at first; most calls are shorter.
const FIRST_CAPACITY: usize = 256;

struct Encoder<'s, 'o> {
    schema: &'s Schema,
    out: &'o mut Vec<u8>,
    depth: usize,
    known: Known,
    /// The fields of the objects that are being written: their step, and their place in the object.
    order: Vec<(u32, u32)>,
}

impl<'s, 'o> Encoder<'s, 'o> {
    fn new(schema: &'s Schema, out: &'o mut Vec<u8>) -> Self {
        Self {
            schema,
            out,
            depth: 0,
            known: Known::new(),
            order: Vec::new(),
        }
    }

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
    fn find(&mut self, object: &Object, wanted: Option<u32>) -> Result<u32, EncodeError> {
        let name = object.name_handle();
        let find = || self.schema.index_of_name(name);
        let Some(index) = self.known.find(known::COMBINATOR, name, find) else {
            return Err(EncodeError::new(EncodeErrorKind::UnknownCombinator {
                name: name.clone(),
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
        let program = schema.program(index);
        let first = self.arrange(index, combinator, object)?;
        let mut frame = Frame::new(combinator, program, object);
        for number in first..self.order.len() {
            let Some((position, field)) = self.order.get(number).copied() else {
                break;
            };
            let (Some(op), Some((name, value))) =
                (program.get(position as usize), object.nth(field as usize))
            else {
                break;
            };
            // A `true` field that is false is an absent one.
            if op.word != ALWAYS && op.shape.kind == Kind::True && *value == Value::Bool(false) {
                continue;
            }
            if frame.next < position as usize {
                self.pass(&mut frame, position as usize)?;
            }
            frame.next = (position as usize).saturating_add(1);
            if op.word != ALWAYS {
                frame.words.set_bit(op.word, op.bit);
            }
            let written = match op.shape.kind {
                Kind::Nat if op.shape.vectors == 0 => self.nat(op, value, &mut frame.words),
                Kind::Repeat => self.repeat(op.shape.arg, value, &frame.words),
                _ => self.value(op.shape, value),
            };
            written
                .map_err(|error| error.in_field(combinator.object_name().clone(), name.clone()))?;
        }
        self.pass(&mut frame, program.len())?;
        self.order.truncate(first);
        self.patch(&frame);
        check_shared_bits(&frame)?;
        self.leave();
        Ok(())
    }

    /// Lists the fields of an object in the order of the schema, at the end of `order`.
    ///
    /// Gives the place where they begin there.
    fn arrange(
        &mut self,
        index: u32,
        combinator: &Combinator,
        object: &Object,
    ) -> Result<usize, EncodeError> {
        let first = self.order.len();
        let (mut next, mut is_ordered) = (0, true);
        for (number, (name, _)) in (0_u32..).zip(object.named_fields()) {
            let found = self.known.find(index, name, || {
                field_position(combinator, self.schema.program(index), name, next)
            });
            let Some(position) = found else {
                return Err(unknown(combinator, name));
            };
            is_ordered &= position >= next;
            next = position.saturating_add(1);
            self.order.push((position, number));
        }
        if !is_ordered {
            let fields = self.order.get_mut(first..).unwrap_or_default();
            fields.sort_unstable();
            let twice = fields.windows(2).find(|pair| match pair {
                [(a, _), (b, _)] => a == b,
                _ => false,
            });
            let field = twice.and_then(|pair| object.nth(pair.last()?.1 as usize));
            if let Some((name, _)) = field {
                return Err(unknown(combinator, name));
            }
        }
        Ok(first)
    }

    /// Goes on to the step at `until` over steps that the object has no field for.
    fn pass(&mut self, frame: &mut Frame<'_>, until: usize) -> Result<(), EncodeError> {
        while frame.next < until {
            let Some(op) = frame.program.get(frame.next) else {
                break;
            };
            if op.word != ALWAYS {
                frame.next = frame.next.saturating_add(usize::from(op.skip));
                continue;
            }
            match op.shape.kind {
                Kind::Flags => self.flags_word(op, frame)?,
                Kind::True if op.shape.vectors == 0 => {}
                _ => return Err(missing(frame.combinator, frame.next)),
            }
            frame.next = frame.next.saturating_add(1);
        }
        Ok(())
    }

    /// Leaves room for a flags word; its bits come with the fields.
    fn flags_word(&mut self, op: &Op, frame: &mut Frame<'_>) -> Result<(), EncodeError> {
        let name = frame.combinator.field_name(frame.next);
        let extra = frame.object.extra_flags(&name);
        let explained = extra & op.shape.arg;
        if explained != 0 {
            return Err(EncodeError::new(EncodeErrorKind::ExplainedFlag {
                word: name,
                bits: explained,
            }));
        }
        frame.words.set(op.shape.detail, extra);
        if let Some(place) = frame.word_at.get_mut(usize::from(op.shape.detail)) {
            *place = Some(self.out.len());
        }
        word(self.out, extra);
        Ok(())
    }

    /// Writes the flags words into the room that was left for them.
    fn patch(&mut self, frame: &Frame<'_>) {
        for (slot, at) in (0_u8..).zip(frame.word_at) {
            let place = at.and_then(|at| self.out.get_mut(at..));
            if let Some(place) = place.and_then(|out| out.first_chunk_mut::<4>()) {
                *place = frame.words.get(slot).to_le_bytes();
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

/// An object on its way out.
struct Frame<'v> {
    combinator: &'v Combinator,
    program: &'v [Op],
    object: &'v Object,
    /// The next step.
    next: usize,
    words: Words,
    /// Where the flags words stand in the output.
    word_at: [Option<usize>; MAX_WORDS],
}

impl<'v> Frame<'v> {
    fn new(combinator: &'v Combinator, program: &'v [Op], object: &'v Object) -> Self {
        Self {
            combinator,
            program,
            object,
            next: 0,
            words: Words::default(),
            word_at: [None; MAX_WORDS],
        }
    }
}

/// The step of a field; the search begins at `from`, because fields mostly come in order.
#[cold]
#[inline(never)]
fn field_position(combinator: &Combinator, program: &[Op], name: &Name, from: u32) -> Option<u32> {
    let fields = (0_u32..).zip(program).zip(combinator.fields());
    let mut named = fields
        .filter(|((_, op), field)| op.shape.kind != Kind::Flags && field.name_handle() == name)
        .map(|((position, _), _)| position);
    let first = named.next()?;
    Some(match first < from {
        // Two fields may have one name.
        true => named.find(|position| *position >= from).unwrap_or(first),
        false => first,
    })
}

/// Fields on one flag bit are there together or not at all.
fn check_shared_bits(frame: &Frame<'_>) -> Result<(), EncodeError> {
    for position in frame
        .combinator
        .shared_bits()
        .iter()
        .map(|at| usize::from(*at))
    {
        let op = frame.program.get(position);
        let Some(op) = op.filter(|op| frame.words.has(op)) else {
            continue;
        };
        let is_there = match frame.object.get(&frame.combinator.field_name(position)) {
            Some(Value::Bool(false)) => op.shape != Shape::of(Kind::True, 0),
            Some(_) => true,
            None => false,
        };
        if !is_there {
            return Err(missing(frame.combinator, position));
        }
    }
    Ok(())
}

#[cold]
fn missing(combinator: &Combinator, field: usize) -> EncodeError {
    EncodeError::new(EncodeErrorKind::MissingField {
        combinator: combinator.object_name().clone(),
        field: combinator.field_name(field),
    })
}

#[cold]
fn unknown(combinator: &Combinator, field: &Name) -> EncodeError {
    EncodeError::new(EncodeErrorKind::UnknownField {
        combinator: combinator.object_name().clone(),
        field: field.clone(),
    })
}
