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

/// Bytes looked at together.
const BLOCK: usize = 16;

/// Whether a byte of UTF-8 has to be escaped in JSON; DEL as well, for the sake of terminals.
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\' || byte == 0x7f
}

/// Appends `text` as a JSON string with its quotes.
pub(super) fn json(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = find_special(rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let escape = match special.as_bytes().first() {
            Some(b'"') => "\\\"",
            Some(b'\\') => "\\\\",
            Some(b'\n') => "\\n",
            Some(b'\r') => "\\r",
            Some(b'\t') => "\\t",
            Some(byte) => {
                let _ = write!(out, "\\u{byte:04x}");
                ""
            }
            None => "",
        };
        out.push_str(escape);
        // What is special has one byte.
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// The place of the first special byte.
fn find_special(bytes: &[u8]) -> Option<usize> {
    let mut blocks = bytes.chunks_exact(BLOCK);
    let mut start = 0;
    for block in &mut blocks {
        // Without a branch per byte, so that the compiler takes the block as a whole.
        if block
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
        {
            break;
        }
        start += BLOCK;
    }
    bytes[start..]
        .iter()
        .position(|byte| is_special(*byte))
        .map(|at| start + at)
}

/// Appends bytes as hexadecimal digits.
pub(super) fn hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() * 2);
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
