//! Values as Rust types: what generated code stands on.
//!
//! `mtkit tl gen` writes a struct for a constructor and an enum for a type (see [`crate::generate`]).
//! They convert to and from [`Value`], whose codec knows the wire of every layer, so that one
//! generated type serves all layers that have its fields.

use crate::value::{Object, Value};
use std::fmt;

/// A Rust type that is one TL type.
pub trait Typed: Sized {
    /// The value, to be encoded in whatever layer.
    fn into_value(self) -> Value;

    /// Takes a value apart.
    ///
    /// # Errors
    /// A value of another kind, another constructor, or without a field that must be there.
    fn from_value(value: Value) -> Result<Self, Mismatch>;
}

/// A function of the API as a Rust type.
pub trait Call: Typed {
    /// What it answers.
    type Answer: Typed;
}

/// A value that is not what a Rust type expects, and where in the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Mismatch(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    expected: &'static str,
    found: String,
    /// From the inside to the outside: combinator and field.
    path: Vec<(&'static str, &'static str)>,
}

impl Mismatch {
    /// A value in the place of an `expected` one.
    #[cold]
    pub fn new(expected: &'static str, found: &Value) -> Self {
        Self::words(
            expected,
            match found {
                Value::Object(object) => object.name().to_owned(),
                other => other.kind().to_owned(),
            },
        )
    }

    fn words(expected: &'static str, found: String) -> Self {
        Self(Box::new(Inner {
            expected,
            found,
            path: Vec::new(),
        }))
    }

    #[cold]
    fn in_field(mut self, combinator: &'static str, field: &'static str) -> Self {
        self.0.path.push((combinator, field));
        self
    }

    /// What should have been there: a constructor, a type, or `a value` for a field.
    pub fn expected(&self) -> &'static str {
        self.0.expected
    }

    /// What was there: the name of a constructor, the kind of a value, or `nothing`.
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// The way to the place, from the outermost object on: combinator and field.
    pub fn path(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.path.iter().rev().copied()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (combinator, field)) in self.path().enumerate() {
            let lead = if number == 0 { "in " } else { " > " };
            write!(f, "{lead}{combinator}.{field}")?;
        }
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "expected {}, found {}", self.0.expected, self.0.found)
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Mismatch {}

/// The fields of one object on the way in or out.
#[derive(Debug, Clone)]
pub struct Fields {
    object: Object,
    combinator: &'static str,
}

impl Fields {
    /// No field yet.
    pub fn new(combinator: &'static str) -> Self {
        Self {
            object: Object::new(combinator),
            combinator,
        }
    }

    /// The fields of an object of `combinator`.
    ///
    /// # Errors
    /// Another value.
    pub fn of(value: Value, combinator: &'static str) -> Result<Self, Mismatch> {
        match value {
            Value::Object(object) if object.name() == combinator => Ok(Self {
                object: *object,
                combinator,
            }),
            other => Err(Mismatch::new(combinator, &other)),
        }
    }

    /// Sets a field that is always there.
    pub fn put(&mut self, field: &'static str, value: impl Typed) {
        self.object.set(field, value.into_value());
    }

    /// Sets a conditional field, if there is a value for it.
    pub fn put_opt(&mut self, field: &'static str, value: Option<impl Typed>) {
        if let Some(value) = value {
            self.put(field, value);
        }
    }

    /// Sets a field of type `true`, if it is present.
    pub fn put_flag(&mut self, field: &'static str, present: bool) {
        if present {
            self.object.set(field, true);
        }
    }

    /// Takes a field that is always there.
    ///
    /// # Errors
    /// The field is absent or of another type.
    pub fn take<T: Typed>(&mut self, field: &'static str) -> Result<T, Mismatch> {
        match self.take_opt(field)? {
            Some(value) => Ok(value),
            None => {
                Err(Mismatch::words("a value", "nothing".to_owned())
                    .in_field(self.combinator, field))
            }
        }
    }

    /// Takes a conditional field.
    ///
    /// # Errors
    /// The field is of another type.
    pub fn take_opt<T: Typed>(&mut self, field: &'static str) -> Result<Option<T>, Mismatch> {
        self.object
            .remove(field)
            .map(T::from_value)
            .transpose()
            .map_err(|mismatch| mismatch.in_field(self.combinator, field))
    }

    /// Takes a field of type `true`: whether it is present.
    pub fn take_flag(&mut self, field: &'static str) -> bool {
        self.object.remove(field).is_some()
    }

    /// The object.
    pub fn into_value(self) -> Value {
        self.object.into()
    }
}

/// The constructor of an object; nothing of any other value.
pub fn constructor(value: &Value) -> &str {
    value.as_object().map_or("", Object::name)
}

macro_rules! scalars {
    ($($type:ty, $name:literal: $pattern:pat => $value:expr;)+) => { $(
        impl Typed for $type {
            fn into_value(self) -> Value {
                self.into()
            }

            fn from_value(value: Value) -> Result<Self, Mismatch> {
                match value {
                    $pattern => Ok($value),
                    other => Err(Mismatch::new($name, &other)),
                }
            }
        }
    )+ };
}

scalars! {
    bool, "Bool": Value::Bool(value) => value;
    i32, "int": Value::Int(value) => value;
    f64, "double": Value::Double(value) => value;
    [u8; 16], "int128": Value::Int128(value) => value;
    [u8; 32], "int256": Value::Int256(value) => value;
    Vec<u8>, "bytes": Value::Bytes(value) => value;
}

impl Typed for i64 {
    fn into_value(self) -> Value {
        self.into()
    }

    /// An `int` is widened: what is a `long` today was one in older layers.
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        value.as_long().ok_or_else(|| Mismatch::new("long", &value))
    }
}

impl Typed for String {
    fn into_value(self) -> Value {
        self.into()
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bytes(bytes) => Self::from_utf8(bytes)
                .map_err(|_| Mismatch::words("string", "bytes that are not UTF-8".to_owned())),
            other => Err(Mismatch::new("string", &other)),
        }
    }
}

impl Typed for Value {
    fn into_value(self) -> Value {
        self
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        Ok(value)
    }
}

impl<T: Typed> Typed for Box<T> {
    fn into_value(self) -> Value {
        (*self).into_value()
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        T::from_value(value).map(Self::new)
    }
}

impl<T: Typed> Typed for Vec<T> {
    fn into_value(self) -> Value {
        Value::Vector(self.into_iter().map(Typed::into_value).collect())
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Vector(items) => items.into_iter().map(T::from_value).collect(),
            other => Err(Mismatch::new("vector", &other)),
        }
    }
}
