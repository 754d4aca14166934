//! An object in a view.

use super::tape::Composite;
use super::value::ValueRef;
use crate::name::Name;
use crate::schema::Combinator;
use crate::value::{Object, Value};
use std::fmt;
use std::ops::Range;

/// An object or call inside of the bytes of a [`View`](super::View).
#[derive(Clone, Copy)]
pub struct ObjectRef<'v> {
    pub(super) value: ValueRef<'v>,
    pub(super) combinator: &'v Combinator,
    pub(super) composite: Composite,
}

impl<'v> ObjectRef<'v> {
    /// The name of the constructor or function, as [`Combinator::object_name`].
    pub fn name(&self) -> &'v str {
        self.combinator.object_name()
    }

    /// The constructor or function.
    pub fn combinator(&self) -> &'v Combinator {
        self.combinator
    }

    /// Which bytes of the input it takes, its id included.
    pub fn byte_range(&self) -> Range<usize> {
        self.value.at..self.composite.end_at
    }

    /// A field that is present.
    pub fn get(&self, field: &str) -> Option<ValueRef<'v>> {
        let position = self
            .combinator
            .fields()
            .iter()
            .position(|found| found.name() == field)?;
        let first = self.value.view.schema.head(self.composite.what)?.first_op;
        let wanted = first.checked_add(u32::try_from(position).ok()?)?;
        self.entries()
            .find(|(op, _)| *op == wanted)
            .map(|(_, value)| value)
    }

    /// The fields that are present, in order, with their names.
    pub fn fields(&self) -> impl Iterator<Item = (&'v Name, ValueRef<'v>)> {
        let fields = self.combinator.fields();
        let first = self
            .value
            .view
            .schema
            .head(self.composite.what)
            .map_or(0, |head| head.first_op);
        self.entries().filter_map(move |(op, value)| {
            let position = op.checked_sub(first)? as usize;
            Some((fields.get(position)?.name_handle(), value))
        })
    }

    /// The entries of the fields, with their steps.
    fn entries(&self) -> impl Iterator<Item = (u32, ValueRef<'v>)> {
        let (view, end) = (self.value.view, self.composite.end);
        let mut entry = self.composite.first;
        std::iter::from_fn(move || {
            if entry >= end {
                return None;
            }
            let (op, at) = view.tape.entry(entry)?;
            let shape = view.schema.ops.get(op as usize)?.shape;
            let value = ValueRef {
                view,
                shape,
                at,
                entry,
            };
            entry = value.next_entry();
            Some((op, value))
        })
    }

    /// An `int` field.
    pub fn int(&self, field: &str) -> Option<i32> {
        self.get(field)?.int()
    }

    /// A `long` field; an `int` is widened.
    pub fn long(&self, field: &str) -> Option<i64> {
        self.get(field)?.long()
    }

    /// A `double` field.
    pub fn double(&self, field: &str) -> Option<f64> {
        self.get(field)?.double()
    }

    /// A `bytes`, `string`, `int128` or `int256` field.
    pub fn bytes(&self, field: &str) -> Option<&'v [u8]> {
        self.get(field)?.bytes()
    }

    /// A `string` field; `None` also where it is not UTF-8.
    pub fn str(&self, field: &str) -> Option<&'v str> {
        self.get(field)?.str()
    }

    /// A field that is an object.
    pub fn object(&self, field: &str) -> Option<Self> {
        self.get(field)?.object()
    }

    /// A vector field.
    pub fn vector(&self, field: &str) -> Option<super::VectorRef<'v>> {
        self.get(field)?.vector()
    }

    /// Whether a `flags.N?true` field is present (or a `Bool` field true).
    pub fn flag(&self, field: &str) -> bool {
        self.get(field).and_then(|value| value.bool()) == Some(true)
    }

    /// The object as an owned tree.
    pub fn to_object(&self) -> Object {
        match self.value.to_value() {
            Value::Object(object) => *object,
            // The value is the one that this was made of.
            _ => Object::new(self.combinator.object_name()),
        }
    }
}

impl fmt::Debug for ObjectRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name());
        for (name, value) in self.fields() {
            out.field(name, &value);
        }
        out.finish()
    }
}
