//! Text from the wire, made harmless.

use std::fmt::Write as _;

/// Appends `text` so that no terminal acts on it: control characters, and the marks that change the direction of
/// text, are written as escapes, quotes and backslashes too.
pub(super) fn terminal(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            _ if is_harmless(character) => out.push(character),
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
}

/// Whether a character neither moves the cursor nor reorders its neighbours.
fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Appends `text` as a JSON string with its quotes.
pub(super) fn json(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 | 0x7f => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Appends bytes as hexadecimal digits.
pub(super) fn hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_wire_reaches_a_terminal_as_a_command() {
        let mut out = String::new();
        terminal(&mut out, "a\x1b[2J\u{9b}\u{202e}\"é\\");
        assert_eq!(out, "a\\u{1b}[2J\\u{9b}\\u{202e}\\\"é\\\\");
    }

    #[test]
    fn json_strings_read_back() {
        let text = "a\"\\\n\r\t\u{0}\u{1f}\u{7f}é😀";
        let mut out = String::new();
        json(&mut out, text);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
