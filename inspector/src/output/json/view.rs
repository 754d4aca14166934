//! Objects as JSON straight from their bytes: the same text as that of their tree.

use tl_parser::{Content, ObjectRef, ValueRef};

use super::super::{escape, redact};
use super::{double, push_number, quoted_base64, quoted_hex, quoted_number, string};

/// Appends a TL value.
pub(super) fn value(out: &mut String, value_: ValueRef<'_>, secrets: bool) {
    // A view was checked to its end, so there is content.
    let Some(content) = value_.content() else {
        return out.push_str("null");
    };
    match content {
        Content::Bool(bool) => out.push_str(if bool { "true" } else { "false" }),
        Content::Int(int) => push_number(out, int),
        Content::Long(long) => quoted_number(out, long),
        Content::Double(number) => double(out, number),
        Content::Int128(bytes) => quoted_hex(out, bytes),
        Content::Int256(bytes) => quoted_hex(out, bytes),
        Content::String(bytes) => string(out, bytes),
        Content::Bytes(bytes) => quoted_base64(out, bytes),
        Content::Vector(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                value(out, item, secrets);
            }
            out.push(']');
        }
        Content::Object(object) => tl_object(out, object, secrets),
    }
}

fn tl_object(out: &mut String, object: ObjectRef<'_>, secrets: bool) {
    out.push_str("{\"_\":\"");
    // Names of a schema are made of letters, digits, dots and underscores.
    out.push_str(object.name());
    out.push('"');
    for (name, field) in object.fields() {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":");
        if !secrets && redact::is_secret(object.name(), name) {
            escape::json(out, redact::REDACTED);
        } else {
            value(out, field, secrets);
        }
    }
    out.push('}');
}
