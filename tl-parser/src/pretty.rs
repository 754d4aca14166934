//! Values for people: an indented tree, safe to print on a terminal.

use crate::value::{Object, Value};
use std::fmt::{self, Display, Formatter, Write};

/// How many bytes of a string are shown.
const SHOWN_BYTES: usize = 64;

/// How a value is shown; made by [`Value::pretty`] and [`Object::pretty`].
#[derive(Debug, Clone, Copy)]
pub struct Pretty<'v>(Shown<'v>);

#[derive(Debug, Clone, Copy)]
enum Shown<'v> {
    Value(&'v Value),
    Object(&'v Object),
}

impl Value {
    /// The value as an indented tree, one field per line; long strings are cut.
    ///
    /// Control characters in strings are escaped, so nothing that a peer sent acts on a terminal.
    pub fn pretty(&self) -> Pretty<'_> {
        Pretty(Shown::Value(self))
    }
}

impl Object {
    /// The object as an indented tree; see [`Value::pretty`].
    pub fn pretty(&self) -> Pretty<'_> {
        Pretty(Shown::Object(self))
    }
}

impl Display for Pretty<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Shown::Value(value) => write_value(f, value, 0),
            Shown::Object(object) => write_object(f, object, 0),
        }
    }
}

fn write_value(f: &mut Formatter<'_>, value: &Value, depth: usize) -> fmt::Result {
    match value {
        Value::Bool(value) => value.fmt(f),
        Value::Int(value) => value.fmt(f),
        Value::Long(value) => value.fmt(f),
        Value::Double(value) => write!(f, "{value:?}"),
        Value::Int128(bytes) => write_hex(f, bytes),
        Value::Int256(bytes) => write_hex(f, bytes),
        Value::Bytes(bytes) => write_bytes(f, bytes),
        Value::Vector(items) => write_items(f, items, depth),
        Value::Object(object) => write_object(f, object, depth),
    }
}

fn write_object(f: &mut Formatter<'_>, object: &Object, depth: usize) -> fmt::Result {
    f.write_str(object.name())?;
    let depth = depth.saturating_add(1);
    for (name, value) in object.fields() {
        indent(f, depth)?;
        match value {
            Value::Bool(true) => f.write_str(name)?,
            _ => write!(f, "{name}: ")?,
        }
        if *value != Value::Bool(true) {
            write_value(f, value, depth)?;
        }
    }
    for (word, bits) in object.all_extra_flags() {
        indent(f, depth)?;
        write!(f, "{word}: unexplained bits {bits:#x}")?;
    }
    Ok(())
}

fn write_items(f: &mut Formatter<'_>, items: &[Value], depth: usize) -> fmt::Result {
    let is_short =
        |item: &Value| !matches!(item, Value::Object(_) | Value::Vector(_) | Value::Bytes(_));
    if items.iter().all(is_short) {
        f.write_char('[')?;
        for (index, item) in items.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            write_value(f, item, depth)?;
        }
        return f.write_char(']');
    }
    write!(f, "{} items", items.len())?;
    let depth = depth.saturating_add(1);
    for item in items {
        indent(f, depth)?;
        f.write_str("- ")?;
        write_value(f, item, depth)?;
    }
    Ok(())
}

fn indent(f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
    write!(f, "\n{:width$}", "", width = depth.saturating_mul(2))
}

/// Text in quotes; other bytes in hexadecimal digits. Both with their length where they are cut.
fn write_bytes(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            f.write_char('"')?;
            let mut shown = 0_usize;
            for char in text.chars() {
                shown = shown.saturating_add(char.len_utf8());
                if shown > SHOWN_BYTES.saturating_mul(4) {
                    return write!(f, "…\" ({} bytes)", bytes.len());
                }
                write!(f, "{}", char.escape_debug())?;
            }
            f.write_char('"')
        }
        Err(_) => {
            write_hex(f, bytes.get(..SHOWN_BYTES).unwrap_or(bytes))?;
            if bytes.len() > SHOWN_BYTES {
                write!(f, "… ({} bytes)", bytes.len())?;
            }
            Ok(())
        }
    }
}

fn write_hex(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_one_line_per_field_and_no_control_characters() {
        let object = Object::new("message")
            .with("out", true)
            .with("peer", Object::new("peerUser").with("user_id", 7_i64))
            .with("text", "a\u{1b}[31m\n")
            .with("ids", Value::vector([1, 2]))
            .with("data", vec![0xff_u8; 70])
            .with(
                "list",
                vec![Object::new("x"), Object::new("y").with("z", false)],
            );
        let dots = "ff".repeat(SHOWN_BYTES);
        assert_eq!(
            object.pretty().to_string(),
            format!(
                "message\n  out\n  peer: peerUser\n    user_id: 7\n  text: \"a\\u{{1b}}[31m\\n\"\n  \
                 ids: [1, 2]\n  data: {dots}… (70 bytes)\n  list: 2 items\n    - x\n    - y\n      z: false"
            )
        );
    }

    #[test]
    fn long_text_is_cut_with_its_length() {
        let shown = Value::from("é".repeat(1000)).pretty().to_string();
        assert!(
            shown.len() < 400 && shown.ends_with("…\" (2000 bytes)"),
            "{shown}"
        );
    }
}
