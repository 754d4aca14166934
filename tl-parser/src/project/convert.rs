//! The walk over a value that makes another one of it.

use super::report::{Event, Report};
use super::rules;
use crate::codec::MAX_DEPTH;
use crate::layout::{ALWAYS, Kind, Op, Shape};
use crate::name::Name;
use crate::schema::{Combinator, Schema};
use crate::value::{Object, Value};
use std::borrow::Cow;
use std::fmt::Write;

/// One step of the way to the present place.
enum Step {
    Field(Name),
    Element(usize),
}

pub(super) struct Converter<'s> {
    target: &'s Schema,
    report: Report,
    path: Vec<Step>,
}

impl<'s> Converter<'s> {
    pub(super) fn new(target: &'s Schema) -> Self {
        Self {
            target,
            report: Report::default(),
            path: Vec::new(),
        }
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// Notes what happened at the present place, or in a field there.
    fn note(&mut self, field: Option<&str>, event: Event) {
        let mut path = String::new();
        for step in &self.path {
            let dot = if path.is_empty() { "" } else { "." };
            // Writing to a string does not fail.
            let _ = match step {
                Step::Field(name) => write!(path, "{dot}{name}"),
                Step::Element(index) => write!(path, "{dot}{index}"),
            };
        }
        if let Some(field) = field {
            let dot = if path.is_empty() { "" } else { "." };
            let _ = write!(path, "{dot}{field}");
        }
        self.report.push(path, event);
    }

    /// The result of a function: as [`value`](Self::value), and where the type does not fit at all,
    /// the first field that does.
    pub(super) fn result(&mut self, shape: Shape, value: &Value) -> Option<Value> {
        if let Some(converted) = self.value(shape, value) {
            return Some(converted);
        }
        let object = value.as_object()?;
        let found = object.fields().find_map(|(name, inner)| {
            let mut trial = Self::new(self.target);
            trial.path.push(Step::Field(Name::new(name)));
            let is_vector = matches!(inner, Value::Vector(_)) == (shape.vectors > 0);
            let converted = is_vector.then(|| trial.value(shape, inner))??;
            Some((name, converted, trial.report))
        });
        let (name, converted, report) = found?;
        for (other, _) in object.fields().filter(|(other, _)| *other != name) {
            self.note(Some(other), Event::Dropped);
        }
        self.note(Some(name), Event::Rewritten);
        for entry in report.entries() {
            self.report.push(entry.path.clone(), entry.event.clone());
        }
        Some(converted)
    }

    /// A value in the shape that the target wants; `None` where it has none.
    fn value(&mut self, shape: Shape, value: &Value) -> Option<Value> {
        if self.path.len() > MAX_DEPTH {
            return None;
        }
        match (shape.vectors, value) {
            (0, Value::Vector(items)) if shape.kind != Kind::Any => {
                // One where there were several: the first.
                let first = self.value(shape, items.first()?)?;
                self.note(
                    None,
                    if items.len() > 1 {
                        Event::Dropped
                    } else {
                        Event::Rewritten
                    },
                );
                return Some(first);
            }
            (0, _) => {}
            (_, Value::Vector(items)) => return Some(self.vector(shape.element().0, items)),
            (_, single) => {
                let element = self.value(shape.element().0, single)?;
                self.note(None, Event::Rewritten);
                return Some(Value::Vector(vec![element]));
            }
        }
        match (shape.kind, value) {
            (Kind::True, Value::Bool(true)) => Some(Value::Bool(true)),
            (Kind::Int | Kind::Nat, _) => self.int(value),
            (Kind::Long, Value::Long(number)) => Some(Value::Long(*number)),
            (Kind::Long, Value::Int(number)) => Some(Value::Long(i64::from(*number))),
            (Kind::Double, Value::Double(number)) => Some(Value::Double(*number)),
            (Kind::Double, Value::Int(number)) => Some(Value::Double(f64::from(*number))),
            (Kind::Bool, Value::Bool(_))
            | (Kind::Int128, Value::Int128(_))
            | (Kind::Int256, Value::Int256(_))
            | (Kind::String | Kind::Bytes, Value::Bytes(_)) => Some(value.clone()),
            (Kind::String | Kind::Bytes, Value::Object(object)) => {
                let text = rules::unwrap_text(object)?.clone();
                self.note(None, Event::Rewritten);
                Some(text)
            }
            (Kind::Boxed | Kind::Bare | Kind::Any, Value::Object(object)) => {
                self.object(shape, object)
            }
            (Kind::Boxed, Value::Bytes(_)) => self.wrapped(shape, value),
            (Kind::Any, Value::Vector(items)) => Some(self.vector(Shape::ANY, items)),
            (Kind::Any, Value::Bool(_)) => Some(value.clone()),
            _ => None,
        }
    }

    fn int(&mut self, value: &Value) -> Option<Value> {
        match value {
            Value::Int(number) => Some(Value::Int(*number)),
            Value::Long(number) => match i32::try_from(*number) {
                Ok(number) => Some(Value::Int(number)),
                Err(_) => {
                    self.note(
                        None,
                        Event::Narrowed {
                            number: number.to_string(),
                        },
                    );
                    None
                }
            },
            // Seconds with a fraction became a number with one.
            #[allow(
                clippy::cast_possible_truncation,
                reason = "saturates, which is what is meant"
            )]
            Value::Double(number) => {
                if number.fract() != 0.0 {
                    self.note(
                        None,
                        Event::Narrowed {
                            number: number.to_string(),
                        },
                    );
                }
                Some(Value::Int(*number as i32))
            }
            _ => None,
        }
    }

    fn vector(&mut self, element: Shape, items: &[Value]) -> Value {
        let mut converted = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Element(index));
            match self.value(element, item) {
                Some(item) => converted.push(item),
                None => self.note(None, Event::Dropped),
            }
            self.path.pop();
        }
        Value::Vector(converted)
    }

    /// A text where the target has an object around it.
    fn wrapped(&mut self, shape: Shape, text: &Value) -> Option<Value> {
        let wrapped =
            rules::wrap_text(text).find(|object| self.index(shape, object.name()).is_some())?;
        self.note(None, Event::Rewritten);
        self.object(shape, &wrapped)
    }

    /// The combinator of a name, if it may stand in this place.
    fn index(&self, shape: Shape, name: &str) -> Option<u32> {
        let index = self.target.index_of_name(name)?;
        let fits = match shape.kind {
            Kind::Boxed => self.target.head(index)?.constructs == shape.arg,
            Kind::Bare => index == shape.arg,
            _ => true,
        };
        fits.then_some(index)
    }

    fn object(&mut self, shape: Shape, object: &Object) -> Option<Value> {
        let same = self.index(shape, object.name());
        let needs_type = |index: u32| {
            // A button of an older layer, where the type of the button is a field of its own.
            let has_type = self
                .target
                .combinator(index)
                .is_some_and(|c| c.field("type").is_some());
            has_type && object.get("type").is_none()
        };
        if let Some(index) = same
            && !rules::is_split(object, self.target)
            && !needs_type(index)
        {
            return self.fields(index, object).map(Value::from);
        }
        for form in rules::other_forms(object, self.target) {
            if let Some(index) = self.index(shape, form.name()) {
                self.note(None, Event::Rewritten);
                return self.fields(index, &form).map(Value::from);
            }
        }
        self.fields(same?, object).map(Value::from)
    }

    /// The fields that a combinator of the target has, from those of an object.
    fn fields(&mut self, index: u32, object: &Object) -> Option<Object> {
        let target = self.target;
        let combinator = target.combinator(index)?;
        let mut made = Object::new(combinator.object_name());
        let mut used: Vec<&str> = Vec::with_capacity(object.len());
        for (op, field) in target.program(index).iter().zip(combinator.fields()) {
            if op.shape.kind == Kind::Flags {
                continue;
            }
            let name = field.name_handle();
            let source = match object.fields().find(|(found, _)| *found == name.as_str()) {
                Some((found, value)) => Some((Cow::Borrowed(value), vec![found], false)),
                None => rules::moved_field(object, combinator, name)
                    .map(|(value, from)| (Cow::Owned(value), from, true)),
            };
            let converted = source.and_then(|(value, from, is_moved)| {
                used.extend(from);
                self.field(op, name, &value, is_moved)
            });
            match converted {
                Some(value) => made.push(name.clone(), value),
                None if op.word == ALWAYS => made.push(name.clone(), self.default(op, name)?),
                None => {}
            }
        }
        for (name, _) in object.fields().filter(|(name, _)| !used.contains(name)) {
            self.note(Some(name), Event::Dropped);
        }
        for (word, _) in object.all_extra_flags() {
            self.note(Some(word), Event::Dropped);
        }
        self.complete_shared_bits(index, combinator, &mut made)?;
        Some(made)
    }

    fn field(&mut self, op: &Op, name: &Name, value: &Value, is_moved: bool) -> Option<Value> {
        self.path.push(Step::Field(name.clone()));
        let converted = self.value(op.shape, value);
        match &converted {
            Some(_) if is_moved => self.note(None, Event::Rewritten),
            Some(_) => {}
            // A flag that is false is an absent one, and an absent vector an empty one.
            None if *value == Value::Bool(false) => {}
            None => self.note(None, Event::Dropped),
        }
        self.path.pop();
        converted
    }

    fn default(&mut self, op: &Op, name: &Name) -> Option<Value> {
        if op.shape != Shape::of(Kind::True, 0) {
            self.note(Some(name), Event::Filled);
        }
        self.target.cheapest().value(self.target, op.shape)
    }

    /// Fields on one flag bit are there together: the others are filled where one is there.
    fn complete_shared_bits(
        &mut self,
        index: u32,
        combinator: &Combinator,
        made: &mut Object,
    ) -> Option<()> {
        let target = self.target;
        let optional = || {
            let fields = target.program(index).iter().zip(combinator.fields());
            fields.filter(|(op, _)| op.word != ALWAYS)
        };
        for (op, field) in optional() {
            let is_there = |object: &Object, name: &str| object.get(name).is_some();
            let shared = || {
                let same_bit = |other: &Op| (other.word, other.bit) == (op.word, op.bit);
                optional().any(|(other, f)| same_bit(other) && is_there(made, f.name()))
            };
            if !is_there(made, field.name()) && shared() {
                let value = self.default(op, field.name_handle())?;
                made.push(field.name_handle().clone(), value);
            }
        }
        Some(())
    }
}
