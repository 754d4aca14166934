//! The JSON form of values: stable, exact, both ways.
//!
//! | TL | JSON |
//! |---|---|
//! | object | object; `"_"` is the name of the constructor, the other members are the fields |
//! | `Bool`, a present `true` | `true`, `false` |
//! | `int` | number |
//! | `long` | string of decimal digits; a whole number is understood too |
//! | `double` | number; `{"$double": "7ff8000000000000"}`, the bits, where it is none |
//! | `int128`, `int256` | string of hexadecimal digits, in the order of the wire |
//! | `string` | string; `{"$base64": "…"}` where it is not UTF-8 |
//! | `bytes` | string, base64 with padding |
//! | vector | array |
//!
//! Bits of a flags word that no field explains are in a member `"$flags"`: `{"flags": 8}`.
//! Absent fields are not there; `null` is understood as absent.

use crate::codec::MAX_DEPTH;
use crate::layout::{Kind, Shape};
use crate::schema::{Combinator, Schema};
use crate::value::{Object, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use std::fmt;

/// The JSON form of an object or call.
///
/// What the schema does not know is shown as well as it can be without: strings that are UTF-8 as
/// text, other bytes as `{"$base64": …}`.
///
/// ```
/// use tl_parser::{Object, json, mtproto};
/// let ping = Object::new("ping").with("ping_id", 7_i64).into();
/// assert_eq!(json::to_json(mtproto(), &ping).to_string(), r#"{"_":"ping","ping_id":"7"}"#);
/// ```
pub fn to_json(schema: &Schema, value: &Value) -> Json {
    write(schema, Some(Shape::ANY), value)
}

/// The JSON form of a value of a type, such as the result of a function.
pub fn to_json_as(schema: &Schema, type_name: &str, value: &Value) -> Json {
    write(schema, schema.shape_of(type_name), value)
}

/// The JSON form without a schema: for display only, since text and bytes look alike.
pub fn untyped(value: &Value) -> Json {
    write(&Schema::default(), None, value)
}

/// The object or call that a JSON value means.
///
/// # Errors
/// A form that does not fit the schema. Missing fields are an error of encoding only.
pub fn from_json(schema: &Schema, json: &Json) -> Result<Value, JsonError> {
    Reader {
        schema,
        path: Vec::new(),
    }
    .value(Shape::ANY, json)
}

/// The value of a type that a JSON value means.
///
/// # Errors
/// As [`from_json`]; a type that is not in the schema.
pub fn from_json_as(schema: &Schema, type_name: &str, json: &Json) -> Result<Value, JsonError> {
    let mut reader = Reader {
        schema,
        path: Vec::new(),
    };
    match schema.shape_of(type_name) {
        Some(shape) => reader.value(shape, json),
        None => reader.error(format!("the schema has no type `{type_name}`")),
    }
}

/// A JSON value that does not mean anything in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    path: String,
    message: String,
}

impl JsonError {
    /// Where: member names and indices with dots between; empty for the value itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "in {path}: {}", self.message),
        }
    }
}

impl std::error::Error for JsonError {}

fn write(schema: &Schema, shape: Option<Shape>, value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => json!(value),
        Value::Long(value) => Json::String(value.to_string()),
        Value::Double(value) => match serde_json::Number::from_f64(*value) {
            Some(number) => Json::Number(number),
            None => json!({ "$double": format!("{:016x}", value.to_bits()) }),
        },
        Value::Int128(value) => Json::String(hex::encode(value)),
        Value::Int256(value) => Json::String(hex::encode(value)),
        Value::Bytes(content) => {
            match (shape.map(|shape| shape.kind), std::str::from_utf8(content)) {
                (Some(Kind::Bytes), _) => Json::String(BASE64.encode(content)),
                (_, Ok(text)) => Json::String(text.to_owned()),
                (_, Err(_)) => json!({ "$base64": BASE64.encode(content) }),
            }
        }
        Value::Vector(items) => {
            let element = element(schema, shape);
            items
                .iter()
                .map(|item| write(schema, element, item))
                .collect()
        }
        Value::Object(object) => write_object(schema, object),
    }
}

/// The shape of the elements of what is a vector or repetition.
fn element(schema: &Schema, shape: Option<Shape>) -> Option<Shape> {
    let shape = shape?;
    if shape.vectors > 0 {
        return Some(shape.element().0);
    }
    match shape.kind {
        Kind::Repeat => Some(schema.repeats.get(shape.arg as usize)?.shape),
        Kind::Any => Some(Shape::ANY),
        _ => None,
    }
}

fn write_object(schema: &Schema, object: &Object) -> Json {
    let mut map = Map::with_capacity(object.len().saturating_add(1));
    map.insert("_".to_owned(), Json::String(object.name().to_owned()));
    let index = schema.index_of_name(object.name());
    for (name, value) in object.fields() {
        let shape = index.and_then(|index| field_shape(schema, index, name));
        map.insert(name.to_owned(), write(schema, shape, value));
    }
    let extra: Map<String, Json> = object
        .all_extra_flags()
        .map(|(word, bits)| (word.to_owned(), json!(bits)))
        .collect();
    if !extra.is_empty() {
        map.insert("$flags".to_owned(), Json::Object(extra));
    }
    Json::Object(map)
}

fn field_shape(schema: &Schema, index: u32, name: &str) -> Option<Shape> {
    let fields = schema.combinator(index)?.fields();
    let position = fields
        .iter()
        .position(|field| field.name() == name && !field.is_flags_word())?;
    schema.program(index).get(position).map(|op| op.shape)
}

struct Reader<'s> {
    schema: &'s Schema,
    path: Vec<String>,
}

impl<'s> Reader<'s> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T, JsonError> {
        Err(JsonError {
            path: self.path.join("."),
            message: message.into(),
        })
    }

    fn expected<T>(&self, what: &str, json: &Json) -> Result<T, JsonError> {
        let found = match json {
            Json::Null => "null".to_owned(),
            Json::Array(_) => "an array".to_owned(),
            Json::Object(_) => "an object".to_owned(),
            scalar => scalar.to_string().chars().take(60).collect(),
        };
        self.error(format!("expected {what}, found {found}"))
    }

    fn value(&mut self, shape: Shape, json: &Json) -> Result<Value, JsonError> {
        if self.path.len() > MAX_DEPTH {
            return self.error("nested too deeply");
        }
        if let (Some(element), Json::Array(items)) = (element(self.schema, Some(shape)), json) {
            return self.items(element, items);
        }
        if shape.vectors > 0 || shape.kind == Kind::Repeat {
            return self.expected("an array", json);
        }
        match (shape.kind, json) {
            (Kind::True, Json::Bool(true)) | (Kind::Bool | Kind::Any, Json::Bool(_)) => {
                Ok(Value::Bool(*json == Json::Bool(true)))
            }
            (Kind::True, _) => self.expected("true", json),
            (Kind::Bool, _) => self.expected("true or false", json),
            (Kind::Int | Kind::Nat | Kind::Flags, _) => match integer(json).map(i32::try_from) {
                Some(Ok(number)) => Ok(Value::Int(number)),
                _ => self.expected("a whole number of 32 bits", json),
            },
            (Kind::Long, _) => match integer(json) {
                Some(number) => Ok(Value::Long(number)),
                None => self.expected("a whole number of 64 bits, best as a string", json),
            },
            (Kind::Double, _) => match double(json) {
                Some(number) => Ok(Value::Double(number)),
                None => self.expected("a number", json),
            },
            (Kind::Int128, _) => match array(json) {
                Some(bytes) => Ok(Value::Int128(bytes)),
                None => self.expected("32 hexadecimal digits", json),
            },
            (Kind::Int256, _) => match array(json) {
                Some(bytes) => Ok(Value::Int256(bytes)),
                None => self.expected("64 hexadecimal digits", json),
            },
            (Kind::String, Json::String(text)) => Ok(Value::from(text.as_str())),
            (Kind::String, _) => match base64(member(json, "$base64")) {
                Some(bytes) => Ok(Value::Bytes(bytes)),
                None => self.expected("a string", json),
            },
            (Kind::Bytes, _) => match base64(Some(json)) {
                Some(bytes) => Ok(Value::Bytes(bytes)),
                None => self.expected("a string of base64 with padding", json),
            },
            (Kind::Boxed | Kind::Bare | Kind::Any, Json::Object(map)) => self.object(shape, map),
            (Kind::Boxed | Kind::Bare | Kind::Any, _) => self.expected("an object", json),
            (Kind::Repeat | Kind::Unsupported, _) => {
                self.error("a construct of the schema that is not supported")
            }
        }
    }

    fn items(&mut self, element: Shape, items: &[Json]) -> Result<Value, JsonError> {
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(index.to_string());
            values.push(self.value(element, item)?);
            self.path.pop();
        }
        Ok(Value::Vector(values))
    }

    fn object(&mut self, shape: Shape, map: &Map<String, Json>) -> Result<Value, JsonError> {
        let (index, combinator) = self.combinator(shape, map)?;
        let mut object = Object::new(combinator.object_name());
        for (name, json) in map
            .iter()
            .filter(|(name, json)| *name != "_" && !json.is_null())
        {
            if name == "$flags" {
                self.extra_flags(&mut object, combinator, json)?;
                continue;
            }
            let Some(shape) = field_shape(self.schema, index, name) else {
                return self.error(format!("{} has no field `{name}`", combinator.name()));
            };
            self.path.push(name.clone());
            let value = self.value(shape, json)?;
            self.path.pop();
            if let Some(field) = combinator.field(name) {
                object.set(field.name_handle(), value);
            }
        }
        Ok(object.into())
    }

    /// What `"_"` names; where only one constructor can stand here, it may be left out.
    fn combinator(
        &self,
        shape: Shape,
        map: &Map<String, Json>,
    ) -> Result<(u32, &'s Combinator), JsonError> {
        let schema = self.schema;
        let index = match (map.get("_"), shape.kind) {
            (Some(Json::String(name)), _) => match self.schema.index_of_name(name) {
                Some(index) => index,
                None => return self.error(format!("the schema has no `{name}`")),
            },
            (Some(other), _) => return self.expected("a name in `_`", other),
            (None, Kind::Bare) => shape.arg,
            (None, _) => match self.schema.types.get(shape.arg as usize) {
                Some(entry) if shape.kind == Kind::Boxed && entry.constructors.len() == 1 => {
                    entry.constructors.first().copied().unwrap_or(0)
                }
                _ => {
                    return self
                        .error("the member `_` with the name of the constructor is missing");
                }
            },
        };
        match schema.combinator(index) {
            Some(combinator) => Ok((index, combinator)),
            None => self.error("the schema has no such combinator"),
        }
    }

    fn extra_flags(
        &self,
        object: &mut Object,
        combinator: &Combinator,
        json: &Json,
    ) -> Result<(), JsonError> {
        let Json::Object(words) = json else {
            return self.expected("an object in `$flags`", json);
        };
        for (word, bits) in words {
            let field = combinator.field(word).filter(|field| field.is_flags_word());
            let bits = bits.as_u64().and_then(|bits| u32::try_from(bits).ok());
            match (field, bits) {
                (Some(field), Some(bits)) => object.set_extra_flags(field.name_handle(), bits),
                _ => return self.error(format!("`$flags.{word}` is no flags word with its bits")),
            }
        }
        Ok(())
    }
}

/// A whole number, or a string of one.
fn integer(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64(),
        Json::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn double(json: &Json) -> Option<f64> {
    match member(json, "$double") {
        Some(Json::String(digits)) => u64::from_str_radix(digits, 16).ok().map(f64::from_bits),
        _ => json.as_f64(),
    }
}

/// The only member of an object, if it has that name.
fn member<'j>(json: &'j Json, name: &str) -> Option<&'j Json> {
    json.as_object().filter(|map| map.len() == 1)?.get(name)
}

fn base64(json: Option<&Json>) -> Option<Vec<u8>> {
    BASE64.decode(json?.as_str()?).ok()
}

fn array<const N: usize>(json: &Json) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(json.as_str()?, &mut bytes).ok()?;
    Some(bytes)
}
