//! Owned trees of TL values, without reference to a schema.
//!
//! A [`Value`] says what was sent, not what was allowed: names and kinds are checked against a
//! schema when it is encoded.

use crate::name::Name;
use std::fmt;

/// One TL value of any type.
///
/// `string` and `bytes` have one binary form and are one variant; the schema knows which is text.
/// Two doubles are equal when their bits are, so a tree compares equal to its own copy even with
/// NaN in it.
#[derive(Clone)]
pub enum Value {
    /// `Bool`, or the presence of a `flags.N?true` field (then always `true`).
    Bool(bool),
    /// `int` and `#`: 4 bytes.
    Int(i32),
    /// `long`: 8 bytes.
    Long(i64),
    /// `double`: 8 bytes, IEEE 754.
    Double(f64),
    /// `int128`: 16 bytes in the order of the wire.
    Int128([u8; 16]),
    /// `int256`: 32 bytes in the order of the wire.
    Int256([u8; 32]),
    /// `string` or `bytes`: at most 2^24 - 1 bytes can be encoded.
    Bytes(Vec<u8>),
    /// `Vector<T>` and `vector<T>`.
    Vector(Vec<Self>),
    /// An object of a constructor, or a call of a function.
    Object(Box<Object>),
}

impl Value {
    /// An empty [`Object`]: the start of a builder chain.
    ///
    /// ```
    /// use tl_parser::Value;
    /// let ping = Value::object("ping").with("ping_id", 7_i64);
    /// assert_eq!(ping.long("ping_id"), Some(7));
    /// ```
    pub fn object(name: impl Into<Name>) -> Object {
        Object::new(name)
    }

    /// A vector of anything that is a value.
    pub fn vector<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Vector(items.into_iter().map(Into::into).collect())
    }

    /// The truth value of a `Bool` or a present `true` field.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number of an `int`.
    pub fn as_int(&self) -> Option<i32> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number of a `long`, or of an `int` widened.
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Self::Long(value) => Some(*value),
            Self::Int(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The number of a `double`.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes of a `string`, `bytes`, `int128` or `int256`.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            Self::Int128(value) => Some(value),
            Self::Int256(value) => Some(value),
            _ => None,
        }
    }

    /// The text of a `string`; `None` also where it is not UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Bytes(value) => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// The elements of a vector.
    pub fn as_vector(&self) -> Option<&[Self]> {
        match self {
            Self::Vector(items) => Some(items),
            _ => None,
        }
    }

    /// The object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object, to be changed in place.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object itself, by value; the whole value back where it is none.
    ///
    /// # Errors
    /// The unchanged value, when it is not an object.
    pub fn into_object(self) -> Result<Object, Self> {
        match self {
            Self::Object(object) => Ok(*object),
            other => Err(other),
        }
    }

    /// What stands at a path of field names and vector indices, such as `peer.user_id` or
    /// `messages.0.message`. The empty path is the value itself.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .filter(|step| !step.is_empty())
            .try_fold(self, |value, step| match value {
                Self::Object(object) => object.get(step),
                Self::Vector(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// The kind of value, in words for messages to people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "Bool",
            Self::Int(_) => "int",
            Self::Long(_) => "long",
            Self::Double(_) => "double",
            Self::Int128(_) => "int128",
            Self::Int256(_) => "int256",
            Self::Bytes(_) => "bytes",
            Self::Vector(_) => "vector",
            Self::Object(_) => "object",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Long(a), Self::Long(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Int128(a), Self::Int128(b)) => a == b,
            (Self::Int256(a), Self::Int256(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Vector(a), Self::Vector(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Long(value) => write!(f, "{value}L"),
            Self::Double(value) => value.fmt(f),
            Self::Int128(value) => write_hex(f, value),
            Self::Int256(value) => write_hex(f, value),
            Self::Bytes(value) => match std::str::from_utf8(value) {
                Ok(text) => text.fmt(f),
                Err(_) => write_hex(f, value),
            },
            Self::Vector(items) => items.fmt(f),
            Self::Object(object) => object.fmt(f),
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// An object of a constructor, or a call of a function: a name and the fields that are present.
///
/// Flags words (`flags:#`) are not fields here: the encoder computes them from the fields that are
/// present, and the decoder keeps bits without a field in [`extra_flags`](Self::extra_flags).
/// An optional field that is absent is simply not there.
/// Two objects are equal when they have the same fields, in whatever order.
#[derive(Clone)]
pub struct Object {
    name: Name,
    fields: Vec<(Name, Value)>,
    /// Flags words with bits that no field of the schema explains; almost always empty.
    extra: Vec<(Name, u32)>,
}

impl Object {
    /// An object without fields.
    pub fn new(name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            fields: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Like [`new`](Self::new), with room for `fields` fields.
    pub(crate) fn with_capacity(name: Name, fields: usize) -> Self {
        Self {
            name,
            fields: Vec::with_capacity(fields),
            extra: Vec::new(),
        }
    }

    /// The name of the constructor or function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same name, to be kept without a copy of the text.
    pub fn name_handle(&self) -> &Name {
        &self.name
    }

    /// Makes this the object of another constructor, with the same fields.
    pub fn rename(&mut self, name: impl Into<Name>) {
        self.name = name.into();
    }

    /// Adds a field, or replaces it: the builder form of [`set`](Self::set).
    #[must_use]
    pub fn with(mut self, field: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.set(field, value);
        self
    }

    /// Adds an optional field when there is a value for it.
    #[must_use]
    pub fn with_opt(mut self, field: impl Into<Name>, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.set(field, value);
        }
        self
    }

    /// Sets a `flags.N?true` field when `present`.
    #[must_use]
    pub fn with_flag(mut self, field: impl Into<Name>, present: bool) -> Self {
        if present {
            self.set(field, true);
        }
        self
    }

    /// Adds a field, or replaces the one of that name.
    pub fn set(&mut self, field: impl Into<Name>, value: impl Into<Value>) {
        let (field, value) = (field.into(), value.into());
        match self.fields.iter_mut().find(|(name, _)| *name == field) {
            Some((_, old)) => *old = value,
            None => self.fields.push((field, value)),
        }
    }

    /// Adds a field that is known to be absent so far.
    pub(crate) fn push(&mut self, field: Name, value: Value) {
        self.fields.push((field, value));
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: &str) -> Option<Value> {
        let index = self.fields.iter().position(|(name, _)| name == field)?;
        Some(self.fields.remove(index).1)
    }

    /// The value of a field that is present.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value)
    }

    /// The value of a field, to be changed in place.
    pub fn get_mut(&mut self, field: &str) -> Option<&mut Value> {
        self.fields
            .iter_mut()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value)
    }

    /// An `int` field.
    pub fn int(&self, field: &str) -> Option<i32> {
        self.get(field)?.as_int()
    }

    /// A `long` field; an `int` is widened.
    pub fn long(&self, field: &str) -> Option<i64> {
        self.get(field)?.as_long()
    }

    /// A `double` field.
    pub fn double(&self, field: &str) -> Option<f64> {
        self.get(field)?.as_double()
    }

    /// A `Bool` field.
    pub fn bool(&self, field: &str) -> Option<bool> {
        self.get(field)?.as_bool()
    }

    /// A `bytes`, `string`, `int128` or `int256` field.
    pub fn bytes(&self, field: &str) -> Option<&[u8]> {
        self.get(field)?.as_bytes()
    }

    /// A `string` field; `None` also where it is not UTF-8.
    pub fn str(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_str()
    }

    /// A vector field.
    pub fn vector(&self, field: &str) -> Option<&[Value]> {
        self.get(field)?.as_vector()
    }

    /// A field that is an object.
    pub fn object(&self, field: &str) -> Option<&Self> {
        self.get(field)?.as_object()
    }

    /// Whether a `flags.N?true` field is present (or a `Bool` field true).
    pub fn flag(&self, field: &str) -> bool {
        matches!(self.get(field), Some(Value::Bool(true)))
    }

    /// The fields that are present, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The fields with their names as handles, in order.
    pub fn named_fields(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    /// The fields, to be changed in place.
    pub fn fields_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.fields
            .iter_mut()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The fields themselves, in order.
    pub fn into_fields(self) -> impl Iterator<Item = (Name, Value)> {
        self.fields.into_iter()
    }

    /// How many fields are present.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether no field is present.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The field at a position, with its name.
    pub(crate) fn nth(&self, index: usize) -> Option<(&Name, &Value)> {
        self.fields.get(index).map(|(name, value)| (name, value))
    }

    /// Bits that were set in a flags word without a field of the schema to explain them.
    ///
    /// Such bits come from a sender with a newer schema. They are encoded again as they came.
    pub fn extra_flags(&self, word: &str) -> u32 {
        self.extra
            .iter()
            .find(|(name, _)| name == word)
            .map_or(0, |(_, bits)| *bits)
    }

    /// All flags words with unexplained bits.
    pub fn all_extra_flags(&self) -> impl Iterator<Item = (&str, u32)> {
        self.extra.iter().map(|(name, bits)| (name.as_str(), *bits))
    }

    /// Sets the unexplained bits of a flags word; 0 forgets them.
    pub fn set_extra_flags(&mut self, word: impl Into<Name>, bits: u32) {
        let word = word.into();
        self.extra.retain(|(name, _)| *name != word);
        if bits != 0 {
            self.extra.push((word, bits));
        }
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.fields.len() == other.fields.len()
            && (self.fields == other.fields
                || self
                    .fields
                    .iter()
                    .all(|(name, value)| other.get(name) == Some(value)))
            && self.extra.len() == other.extra.len()
            && self
                .extra
                .iter()
                .all(|(word, bits)| other.extra_flags(word) == *bits)
    }
}

impl Eq for Object {}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(&self.name);
        for (name, value) in &self.fields {
            out.field(name, value);
        }
        for (word, bits) in &self.extra {
            out.field(
                &format!("{word} (unexplained bits)"),
                &format_args!("{bits:#x}"),
            );
        }
        out.finish()
    }
}

macro_rules! from {
    ($($variant:ident($type:ty)),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from! {
    Bool(bool),
    Int(i32),
    Long(i64),
    Double(f64),
    Int128([u8; 16]),
    Int256([u8; 32]),
    Bytes(Vec<u8>),
    Bytes(&[u8]),
    Bytes(&str),
    Bytes(String),
    Vector(Vec<Self>),
    Object(Box<Object>),
}

impl From<Vec<Object>> for Value {
    fn from(objects: Vec<Object>) -> Self {
        Self::vector(objects)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Box::new(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(user_id: i64) -> Object {
        Object::new("peerUser").with("user_id", user_id)
    }

    #[test]
    fn builder_and_getters_agree() {
        let message = Object::new("message")
            .with("id", 5)
            .with("peer_id", peer(7))
            .with("message", "hello")
            .with("reply_to", Value::vector([1_i64, 2]))
            .with_flag("silent", true)
            .with_flag("out", false)
            .with_opt("views", None::<i32>)
            .with_opt("forwards", Some(3));
        assert_eq!(message.int("id"), Some(5));
        assert_eq!(message.long("id"), Some(5), "an int is widened");
        assert_eq!(
            message
                .object("peer_id")
                .and_then(|peer| peer.long("user_id")),
            Some(7)
        );
        assert_eq!(message.str("message"), Some("hello"));
        assert_eq!(message.vector("reply_to").map(<[Value]>::len), Some(2));
        assert!(message.flag("silent") && !message.flag("out"));
        assert_eq!(
            (message.int("views"), message.int("forwards")),
            (None, Some(3))
        );
        assert_eq!(
            message.int("message"),
            None,
            "another kind is not converted"
        );
    }

    #[test]
    fn setting_twice_replaces_and_removing_takes_out() {
        let mut object = peer(1);
        object.set("user_id", 2_i64);
        assert_eq!((object.len(), object.long("user_id")), (1, Some(2)));
        assert_eq!(object.remove("user_id"), Some(Value::Long(2)));
        assert!(object.is_empty());
    }

    #[test]
    fn paths_go_through_fields_and_indices() {
        let tree = Value::from(Object::new("a").with("list", vec![peer(1), peer(2)]));
        assert_eq!(tree.at("list.1.user_id"), Some(&Value::Long(2)));
        assert_eq!(tree.at(""), Some(&tree));
        assert_eq!(tree.at("list.2.user_id"), None);
        assert_eq!(tree.at("list.x"), None);
    }

    #[test]
    fn equality_ignores_the_order_of_fields_and_compares_doubles_by_bits() {
        let ab = Object::new("x").with("a", f64::NAN).with("b", 2);
        let ba = Object::new("x").with("b", 2).with("a", f64::NAN);
        assert_eq!(ab, ba);
        assert_ne!(Value::Double(0.0), Value::Double(-0.0));
        assert_ne!(ab, ba.with("c", 1));
    }

    #[test]
    fn unexplained_flag_bits_take_part_in_equality() {
        let mut object = peer(1);
        object.set_extra_flags("flags", 1 << 30);
        assert_ne!(object, peer(1));
        assert_eq!(object.extra_flags("flags"), 1 << 30);
        object.set_extra_flags("flags", 0);
        assert_eq!(object, peer(1));
    }

    #[test]
    fn a_value_is_five_words_long() {
        assert_eq!(size_of::<Value>(), 40);
    }
}
