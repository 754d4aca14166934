//! Owned trees as JSON.

use std::fmt::Write as _;

use tl_parser::{Object, Schema, Value};

use super::super::{element_type, escape, redact};
use super::{double, push_number, quoted_base64, quoted_hex, quoted_number, string};

/// Appends a TL value. `type_text` is its type in the schema, which tells text from bytes.
pub(super) fn value(
    out: &mut String,
    value_: &Value,
    schema: &Schema,
    type_text: &str,
    secrets: bool,
) {
    match value_ {
        Value::Bool(bool) => {
            let _ = write!(out, "{bool}");
        }
        Value::Int(int) => push_number(out, *int),
        Value::Long(long) => quoted_number(out, *long),
        Value::Double(number) => double(out, *number),
        Value::Int128(bytes) => quoted_hex(out, bytes),
        Value::Int256(bytes) => quoted_hex(out, bytes),
        Value::Bytes(bytes) if type_text == "bytes" => quoted_base64(out, bytes),
        Value::Bytes(bytes) => string(out, bytes),
        Value::Vector(items) => {
            let element = element_type(type_text);
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                value(out, item, schema, element, secrets);
            }
            out.push(']');
        }
        Value::Object(object) => tl_object(out, object, schema, secrets),
    }
}

fn tl_object(out: &mut String, object: &Object, schema: &Schema, secrets: bool) {
    let combinator = schema.by_name(object.name());
    out.push_str("{\"_\":");
    escape::json(out, object.name());
    for (name, field) in object.fields() {
        out.push(',');
        escape::json(out, name);
        out.push(':');
        if !secrets && redact::is_secret(object.name(), name) {
            escape::json(out, redact::REDACTED);
        } else {
            let declared = combinator.and_then(|combinator| combinator.field(name));
            value(
                out,
                field,
                schema,
                declared.map_or("", |field| field.value_type()),
                secrets,
            );
        }
    }
    let mut extra = object.all_extra_flags().peekable();
    if extra.peek().is_some() {
        out.push_str(",\"$flags\":{");
        for (n, (word, bits)) in extra.enumerate() {
            out.push_str(if n > 0 { "," } else { "" });
            escape::json(out, word);
            let _ = write!(out, ":{bits}");
        }
        out.push('}');
    }
    out.push('}');
}
