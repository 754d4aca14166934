//! Tokens: the leaves of the grammar, as nom parsers over the rest of the text.

use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult};

/// Where and what the grammar wanted to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected<'a> {
    /// The rest of the text from the place on.
    pub(super) at: &'a str,
    pub(super) what: &'static str,
}

impl<'a> ParseError<&'a str> for Expected<'a> {
    fn from_error_kind(at: &'a str, _: ErrorKind) -> Self {
        Self {
            at,
            what: "something else",
        }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }

    /// Of two alternatives, the one that came further says more.
    fn or(self, other: Self) -> Self {
        if other.at.len() < self.at.len() {
            other
        } else {
            self
        }
    }
}

pub(super) type Parsed<'a, T> = IResult<&'a str, T, Expected<'a>>;

/// A failure that another alternative may still mend.
pub(super) fn expected<'a, T>(at: &'a str, what: &'static str) -> Parsed<'a, T> {
    Err(Err::Error(Expected { at, what }))
}

/// Splits off the first `count` bytes, which the caller has seen to be ASCII.
pub(super) fn split(input: &str, count: usize) -> (&str, &str) {
    input.split_at_checked(count).unwrap_or((input, ""))
}

/// At most the first `most` bytes of a text, whole characters.
pub(super) fn window(input: &str, most: usize) -> &str {
    let mut end = most.min(input.len());
    while !input.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    split(input, end).0
}

/// White space and comments between the tokens of a declaration; line ends included.
#[inline]
pub(super) fn space(input: &str) -> &str {
    match input.as_bytes() {
        // One blank, or none, is what stands between most tokens.
        [b' ', next, ..] if *next > b' ' && *next != b'/' => split(input, 1).1,
        [first, ..] if *first > b' ' && *first != b'/' => input,
        _ => any_space(input),
    }
}

fn any_space(input: &str) -> &str {
    let mut rest = input;
    loop {
        rest = rest.trim_ascii_start();
        let Some(after) = comment(rest) else {
            return rest;
        };
        rest = after;
    }
}

/// White space on the same line.
pub(super) fn inline_space(input: &str) -> &str {
    let count = input
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    split(input, count).1
}

/// What follows a comment that begins here.
pub(super) fn comment(input: &str) -> Option<&str> {
    if input.starts_with("//") {
        let end = memchr::memchr(b'\n', input.as_bytes()).unwrap_or(input.len());
        Some(split(input, end).1)
    } else if let Some(body) = input.strip_prefix("/*") {
        // A comment without end reaches to the end of the text.
        let end = body
            .find("*/")
            .map_or(body.len(), |at| at.saturating_add(2));
        Some(split(body, end).1)
    } else {
        None
    }
}

/// One character, after white space.
pub(super) fn symbol<'a>(char: char, what: &'static str) -> impl Fn(&'a str) -> Parsed<'a, ()> {
    move |input| {
        let at = space(input);
        match at.strip_prefix(char) {
            Some(rest) => Ok((rest, ())),
            None => expected(at, what),
        }
    }
}

/// Whether a byte may stand in a name.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte = byte.wrapping_add(1);
    }
    table
};

/// How many bytes from the first one on may stand in a name.
#[inline]
fn name_length(bytes: &[u8]) -> usize {
    let is_outside = |byte: &u8| !IN_NAME.get(usize::from(*byte)).is_some_and(|is| *is);
    bytes.iter().position(is_outside).unwrap_or(bytes.len())
}

/// `name` or `namespace.name`; letters, digits and underscores.
#[inline]
pub(super) fn identifier(input: &str) -> Parsed<'_, &str> {
    let at = space(input);
    let bytes = at.as_bytes();
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    if !bytes.first().is_some_and(is_first) {
        return expected(at, "a name");
    }
    let mut end = name_length(bytes);
    // `flags.3` is a name and a bit, `auth.sentCode` is one name.
    while let Some([b'.', rest @ ..]) = bytes.get(end..)
        && rest.first().is_some_and(is_first)
    {
        end = end.saturating_add(1).saturating_add(name_length(rest));
    }
    let (name, rest) = split(at, end);
    Ok((rest, name))
}

/// A natural number that fits 32 bits.
pub(super) fn number(input: &str) -> Parsed<'_, u32> {
    let at = space(input);
    let count = at.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = split(at, count);
    match digits.parse() {
        Ok(number) => Ok((rest, number)),
        Err(_) => expected(at, "a number below 2^32"),
    }
}

/// `#` and one to eight hexadecimal digits, directly behind a name.
pub(super) fn id(input: &str) -> Parsed<'_, Option<u32>> {
    let Some(hex) = input.strip_prefix('#') else {
        return Ok((input, None));
    };
    let (mut id, mut count) = (0_u32, 0_usize);
    for digit in hex.bytes().map_while(|byte| char::from(byte).to_digit(16)) {
        id = id << 4 | digit;
        count = count.saturating_add(1);
    }
    match count {
        1..=8 => Ok((split(hex, count).1, Some(id))),
        _ => expected(hex, "one to eight hexadecimal digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_no_part_of_a_name() {
        assert_eq!(identifier("flags.3?true"), Ok((".3?true", "flags")));
        assert_eq!(identifier(" auth.sentCode#1"), Ok(("#1", "auth.sentCode")));
        assert!(identifier("3x").is_err());
    }

    #[test]
    fn space_passes_both_kinds_of_comments() {
        assert_eq!(space(" // a\n /* b\n */\t= X"), "= X");
        assert_eq!(space("/* never closed"), "");
    }

    #[test]
    fn ids_have_one_to_eight_digits() {
        assert_eq!(id("#5162463 n"), Ok((" n", Some(0x0516_2463))));
        assert_eq!(id(" n"), Ok((" n", None)));
        assert!(id("#123456789 n").is_err());
        assert!(id("# n").is_err());
    }

    #[test]
    fn numbers_above_32_bits_are_refused() {
        assert_eq!(number("4*"), Ok(("*", 4)));
        assert!(number("4294967296").is_err());
    }
}
