//! Session strings: the form in which client libraries let users carry a login about.
//!
//! | library | form |
//! |---|---|
//! | Telethon | `1`, then URL-safe base64 of: dc (1), IP address (4 or 16), port (2, big-endian), key (256) |
//! | GramJS | `1`, then base64 of: dc (1), length (2, big-endian) and text of the address, port (2), key (256) |
//! | Pyrogram | URL-safe base64 of: dc (1), api_id (4), test mode (1), key (256), user id (8), bot (1); older ones lack api_id and have 4 or 8 bytes of user id |
//! | mtcute | URL-safe base64 of: 3, flags (4, little-endian), data centres as TL bytes, perhaps a user, key as TL bytes |
//!
//! Which one a string is follows from its length and its fields; the key has no mark of its own.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use mtproto_core::crypto::auth_key::AuthKey;

/// The longest session string that is looked at, in characters.
const MAX_LEN: usize = 4096;
/// Bytes of an authorization key.
const KEY: usize = 256;

/// Which library writes a string like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionFormat {
    /// Telethon, and libraries that took over its form.
    Telethon,
    /// GramJS.
    GramJs,
    /// Pyrogram, Kurigram and other forks.
    Pyrogram,
    /// mtcute, version 3.
    Mtcute,
}

impl fmt::Display for SessionFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Telethon => "Telethon",
            Self::GramJs => "GramJS",
            Self::Pyrogram => "Pyrogram",
            Self::Mtcute => "mtcute",
        })
    }
}

/// The login in a session string.
#[derive(Clone, Debug)]
pub struct SessionString {
    /// Who writes such strings.
    pub format: SessionFormat,
    /// The data centre of the key.
    pub dc: i32,
    /// The permanent key.
    pub key: AuthKey,
}

/// Reads a session string; nothing if it has none of the known forms.
#[must_use]
pub fn parse(text: &str) -> Option<SessionString> {
    let text = text.trim();
    if text.len() > MAX_LEN {
        return None;
    }
    // The mark of Telethon and GramJS is no part of the base64 text.
    if let Some(bytes) = text.strip_prefix('1').and_then(decode)
        && let Some(session) = telethon(&bytes).or_else(|| gramjs(&bytes))
    {
        return Some(session);
    }
    let bytes = decode(text)?;
    pyrogram(&bytes).or_else(|| mtcute(&bytes))
}

/// Base64 of either alphabet, with padding or without.
fn decode(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if text.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    GeneralPurpose::new(&alphabet, config).decode(text).ok()
}

fn session(format: SessionFormat, dc: u8, key: &[u8]) -> Option<SessionString> {
    let key: [u8; KEY] = key.try_into().ok()?;
    // No data centre has a number beyond this, and a key of nothing is none.
    if !(1..=100).contains(&dc) || key == [0; KEY] {
        return None;
    }
    Some(SessionString {
        format,
        dc: i32::from(dc),
        key: AuthKey::new(key),
    })
}

fn telethon(bytes: &[u8]) -> Option<SessionString> {
    let (&dc, rest) = bytes.split_first()?;
    let key = match rest.len().checked_sub(KEY)? {
        6 | 18 => rest.get(rest.len() - KEY..)?, // address of 4 or 16 bytes, port
        _ => return None,
    };
    session(SessionFormat::Telethon, dc, key)
}

fn gramjs(bytes: &[u8]) -> Option<SessionString> {
    let (&dc, rest) = bytes.split_first()?;
    let (len, rest) = rest.split_first_chunk::<2>()?;
    let (address, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    let (_port, key) = rest.split_first_chunk::<2>()?;
    if !address.is_ascii() {
        return None;
    }
    session(SessionFormat::GramJs, dc, key)
}

fn pyrogram(bytes: &[u8]) -> Option<SessionString> {
    let key_at = match bytes.len() {
        271 => 6,       // with api_id
        263 | 267 => 2, // user ids of 4 and 8 bytes
        _ => return None,
    };
    let truth = |at: usize| bytes.get(at).is_some_and(|byte| *byte <= 1);
    if !truth(key_at - 1) || !truth(bytes.len() - 1) {
        return None;
    }
    session(
        SessionFormat::Pyrogram,
        *bytes.first()?,
        bytes.get(key_at..key_at + KEY)?,
    )
}

fn mtcute(bytes: &[u8]) -> Option<SessionString> {
    const SELF_PRESENT: u32 = 1;
    const SEPARATE_MEDIA_DC: u32 = 4;
    let (&3, rest) = bytes.split_first()? else {
        return None;
    };
    let (flags, mut rest) = rest.split_first_chunk::<4>()?;
    let flags = u32::from_le_bytes(*flags);
    let main = tl_bytes(&mut rest)?;
    // Version of the option, then the number of the data centre.
    let (&2, option) = main.split_first()? else {
        return None;
    };
    let dc = *option.first()?;
    if flags & SEPARATE_MEDIA_DC != 0 {
        tl_bytes(&mut rest)?;
    }
    if flags & SELF_PRESENT != 0 {
        rest = rest.get(8 + 4..)?; // user id and a boolean
    }
    session(SessionFormat::Mtcute, dc, tl_bytes(&mut rest)?)
}

/// A string of TL: length in one byte or four, content, padding to whole words.
fn tl_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (header, len): (usize, usize) = match *rest.first()? {
        254 => (
            4,
            u32::from_le_bytes([
                rest.get(1).copied()?,
                rest.get(2).copied()?,
                rest.get(3).copied()?,
                0,
            ]) as usize,
        ),
        255 => return None,
        len => (1, usize::from(len)),
    };
    let content = rest.get(header..header.checked_add(len)?)?;
    *rest = rest
        .get((header + len).next_multiple_of(4)..)
        .unwrap_or_default();
    Some(content)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    fn key() -> [u8; KEY] {
        std::array::from_fn(|n| n as u8 ^ 0xa5)
    }

    #[track_caller]
    fn is(text: &str, format: SessionFormat, dc: i32) {
        let session = parse(text).unwrap();
        assert_eq!((session.format, session.dc), (format, dc));
        assert_eq!(session.key.as_bytes(), &key());
    }

    #[test]
    fn strings_of_every_library_are_told_apart() {
        let v4 = [&[2, 149, 154, 167, 50, 1, 187][..], &key()].concat();
        let telethon = format!("1{}", URL_SAFE.encode(v4));
        assert_eq!(telethon.len(), 353);
        is(&telethon, SessionFormat::Telethon, 2);
        let v6 = [&[4][..], &[7; 16], &[1, 187], &key()].concat();
        is(
            &format!("1{}\n", URL_SAFE.encode(v6)),
            SessionFormat::Telethon,
            4,
        );

        let address = b"127.0.0.1";
        let gramjs = [
            &[2, 0, address.len() as u8][..],
            address,
            &[0x4f, 0xdb],
            &key(),
        ]
        .concat();
        is(
            &format!("1{}", STANDARD.encode(gramjs)),
            SessionFormat::GramJs,
            2,
        );

        let now = [
            &[5, 0, 0, 0, 6, 0][..],
            &key(),
            &[0, 0, 0, 0, 0, 0, 0, 9, 1],
        ]
        .concat();
        let older = [&[5, 1][..], &key(), &[0, 0, 0, 9, 0]].concat();
        let old = [&[5, 1][..], &key(), &[0, 0, 0, 0, 0, 0, 0, 9, 0]].concat();
        for (bytes, len) in [(now, 362), (older, 351), (old, 356)] {
            let text = URL_SAFE_NO_PAD.encode(bytes);
            assert_eq!(text.len(), len);
            is(&text, SessionFormat::Pyrogram, 5);
        }

        let option = [
            2, 3, 0, 9, b'1', b'2', b'7', b'.', b'0', b'.', b'0', b'.', b'1', 0, 0, 1, 187, 0,
        ];
        let tl = |bytes: &[u8]| {
            let mut out = vec![bytes.len() as u8];
            out.extend(bytes);
            out.resize(out.len().next_multiple_of(4), 0);
            out
        };
        let key_tl = [&[254, 0, 1, 0][..], &key()].concat();
        let mtcute = [
            &[3, 5, 0, 0, 0][..],
            &tl(&option),
            &tl(&option),
            &[0; 12],
            &key_tl,
        ]
        .concat();
        is(&URL_SAFE_NO_PAD.encode(mtcute), SessionFormat::Mtcute, 3);
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "1",
            "1AAAA",
            "hello, world",
            &"A".repeat(362),
            &"1".repeat(353),
            &"x".repeat(100_000),
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
