//! Key log text: one line per secret, a label first.
//!
//! ```text
//! # comment
//! MTPROTO_AUTH_KEY <dc> <auth_key_id: 16 hex digits, as on the wire> <key: 512 hex digits> perm|temp
//! MTPROTO_NEW_NONCE <nonce: 32 hex digits> <new_nonce: 64 hex digits>
//! MTPROTO_PROXY_SECRET <endpoint or -> <secret, hex digits or base64>
//! MTPROTO_KEY_BIND <temporary auth_key_id> <permanent auth_key_id> <expires, Unix seconds>
//! ```
//!
//! Lines with other labels are ignored, so that logs of other programs and of later versions stay usable.

use std::fmt;

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::ids::{AuthKeyId, Nonce};
use mtproto_core::transport::ProxySecret;

use super::KeyLife;

/// A line longer than this is damage; the longest known is about 550 bytes.
const MAX_LINE: usize = 16 * 1024;

/// What one line says.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An authorization key.
    AuthKey {
        /// Its data centre; nothing if the line has `-`.
        dc: Option<i32>,
        /// The key.
        key: AuthKey,
        /// Its kind, if the line says one.
        life: Option<KeyLife>,
    },
    /// The client's secret number of a key exchange, which opens the encrypted parts of it.
    NewNonce {
        /// The exchange's public `nonce`.
        nonce: Nonce,
        /// The secret.
        new_nonce: [u8; 32],
    },
    /// A temporary key was bound.
    KeyBind {
        /// The temporary key.
        temporary: AuthKeyId,
        /// The permanent key.
        permanent: AuthKeyId,
        /// Unix seconds.
        expires: i64,
    },
    /// The secret of an MTProxy server.
    ProxySecret {
        /// The secret.
        secret: ProxySecret,
    },
    /// Something that is not known here.
    UnknownLabel,
}

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub kind: LineProblemKind,
}

/// What is wrong with a line. No variant repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineProblemKind {
    /// The line has too few fields.
    Missing(&'static str),
    /// A field is not what its place demands.
    Field {
        /// The field.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The identifier in the line is not that of the key in it.
    WrongId {
        /// As the line says.
        written: AuthKeyId,
        /// The last 8 bytes of SHA1(key).
        computed: AuthKeyId,
    },
    /// The line has no end within a sensible length.
    TooLong,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.kind {
            LineProblemKind::Missing(name) => write!(f, "no {name}; is the line cut off?"),
            LineProblemKind::Field { name, expected } => write!(f, "{name} is not {expected}"),
            LineProblemKind::WrongId { written, computed } => {
                write!(
                    f,
                    "the key has the identifier {computed}, the line says {written}"
                )?;
                let mut reversed = written.0;
                reversed.reverse();
                if reversed == computed.0 {
                    f.write_str(": write its bytes in the order of the wire")
                } else {
                    f.write_str(": one of the two is damaged")
                }
            }
            LineProblemKind::TooLong => {
                f.write_str("too long for a key log; is this another kind of file?")
            }
        }
    }
}

/// Cuts a key log that arrives in chunks into lines.
#[derive(Debug, Default)]
pub struct KeyLogReader {
    partial: Vec<u8>,
    lines: u64,
    /// Within a line that was given up.
    skipping: bool,
}

impl KeyLogReader {
    /// A reader at the start of a log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes; returns what the lines that they complete say.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<Result<Entry, LineProblem>> {
        let mut found = Vec::new();
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            self.keep(line, &mut found);
            self.end_line(&mut found);
            rest = &after[1..];
        }
        self.keep(rest, &mut found);
        found
    }

    /// Ends the log: the last line may lack its end.
    pub fn finish(mut self) -> Vec<Result<Entry, LineProblem>> {
        let mut found = Vec::new();
        self.end_line(&mut found);
        found
    }

    fn keep(&mut self, bytes: &[u8], found: &mut Vec<Result<Entry, LineProblem>>) {
        if self.skipping {
            return;
        }
        if self.partial.len() + bytes.len() > MAX_LINE {
            self.skipping = true;
            self.partial = Vec::new();
            found.push(Err(LineProblem {
                line: self.lines + 1,
                kind: LineProblemKind::TooLong,
            }));
            return;
        }
        self.partial.extend_from_slice(bytes);
    }

    fn end_line(&mut self, found: &mut Vec<Result<Entry, LineProblem>>) {
        self.lines += 1;
        self.skipping = false;
        let line = std::mem::take(&mut self.partial);
        match parse_line(&line) {
            Ok(None) => {}
            Ok(Some(entry)) => found.push(Ok(entry)),
            Err(kind) => found.push(Err(LineProblem {
                line: self.lines,
                kind,
            })),
        }
    }
}

/// What one line says; nothing if it is empty or a comment.
///
/// # Errors
///
/// The line has a known label, but its fields are wrong.
pub fn parse_line(line: &[u8]) -> Result<Option<Entry>, LineProblemKind> {
    let mut fields = line
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty());
    let Some(label) = fields.next() else {
        return Ok(None);
    };
    if label.starts_with(b"#") {
        return Ok(None);
    }
    let mut field = |name| fields.next().ok_or(LineProblemKind::Missing(name));
    let entry = match label {
        b"MTPROTO_AUTH_KEY" => {
            let dc = field("dc")?;
            let written = AuthKeyId(hex_array(
                field("auth_key_id")?,
                "auth_key_id",
                "16 hex digits",
            )?);
            let key = AuthKey::new(hex_array(field("key")?, "key", "512 hex digits")?);
            if key.id() != written {
                return Err(LineProblemKind::WrongId {
                    written,
                    computed: key.id(),
                });
            }
            let life = match fields.next() {
                None => None,
                Some(b"perm") => Some(KeyLife::Permanent),
                Some(b"temp") => Some(KeyLife::Temporary),
                Some(_) => {
                    return Err(LineProblemKind::Field {
                        name: "the last field",
                        expected: "perm or temp",
                    });
                }
            };
            let dc = if dc == b"-" {
                None
            } else {
                Some(decimal(dc, "dc")?)
            };
            Entry::AuthKey { dc, key, life }
        }
        b"MTPROTO_NEW_NONCE" => Entry::NewNonce {
            nonce: Nonce(hex_array(field("nonce")?, "nonce", "32 hex digits")?),
            new_nonce: hex_array(field("new_nonce")?, "new_nonce", "64 hex digits")?,
        },
        b"MTPROTO_KEY_BIND" => Entry::KeyBind {
            temporary: AuthKeyId(hex_array(
                field("temporary auth_key_id")?,
                "temporary auth_key_id",
                "16 hex digits",
            )?),
            permanent: AuthKeyId(hex_array(
                field("permanent auth_key_id")?,
                "permanent auth_key_id",
                "16 hex digits",
            )?),
            expires: decimal(field("expires")?, "expires")?,
        },
        b"MTPROTO_PROXY_SECRET" => {
            field("endpoint")?;
            let secret = std::str::from_utf8(field("secret")?)
                .ok()
                .and_then(|text| ProxySecret::parse(text).ok());
            let expected = "a proxy secret in hex digits or base64";
            Entry::ProxySecret {
                secret: secret.ok_or(LineProblemKind::Field {
                    name: "secret",
                    expected,
                })?,
            }
        }
        _ => Entry::UnknownLabel,
    };
    Ok(Some(entry))
}

fn hex_array<const N: usize>(
    text: &[u8],
    name: &'static str,
    expected: &'static str,
) -> Result<[u8; N], LineProblemKind> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| LineProblemKind::Field { name, expected })?;
    Ok(bytes)
}

fn decimal<T: std::str::FromStr>(text: &[u8], name: &'static str) -> Result<T, LineProblemKind> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(LineProblemKind::Field {
            name,
            expected: "a decimal number",
        })
}

#[cfg(test)]
mod tests {
    use super::super::{Binding, KeyRing, Source};
    use super::*;

    fn source() -> Source {
        Source::Given("keys.log".into())
    }

    fn auth_key_line(key: &AuthKey, id: AuthKeyId) -> String {
        format!(
            "MTPROTO_AUTH_KEY 2 {id} {} temp\n",
            hex::encode(key.as_bytes())
        )
    }

    #[test]
    fn keys_nonces_and_bindings_are_read_in_chunks_of_any_size() {
        let key = AuthKey::new([7; 256]);
        let text = format!(
            "# a comment\r\n\n{}MTPROTO_OBF_KEY a b c\nMTPROTO_NEW_NONCE {} {}\nMTPROTO_KEY_BIND {} {} 1790000000",
            auth_key_line(&key, key.id()),
            "01".repeat(16),
            "02".repeat(32),
            "03".repeat(8),
            "04".repeat(8),
        );
        for chunk in [1, 17, text.len()] {
            let mut ring = KeyRing::new();
            let mut reader = KeyLogReader::new();
            for piece in text.as_bytes().chunks(chunk) {
                ring.add_chunk(&mut reader, piece, &source());
            }
            for entry in reader.finish() {
                ring.add(entry.unwrap(), &source());
            }
            assert_eq!(ring.problems(), []);
            let known = ring.auth_key(key.id()).unwrap();
            assert_eq!((known.dc, known.life), (Some(2), Some(KeyLife::Temporary)));
            assert_eq!(ring.new_nonce(&Nonce([1; 16])), Some(&[2; 32]));
            let binding = Binding {
                permanent: AuthKeyId([4; 8]),
                expires: 1_790_000_000,
            };
            assert_eq!(ring.binding(AuthKeyId([3; 8])), Some(binding));
            assert_eq!(ring.unknown_labels(), 1);
        }
    }

    #[test]
    fn a_key_under_another_identifier_is_refused_with_a_hint() {
        let key = AuthKey::new([7; 256]);
        let mut reversed = key.id();
        reversed.0.reverse();
        let mut ring = KeyRing::new();
        ring.add_key_log(auth_key_line(&key, reversed).as_bytes(), &source());
        assert!(ring.is_empty());
        let text = ring.problems()[0].1.to_string();
        assert!(
            text.starts_with("line 1: ") && text.ends_with("in the order of the wire"),
            "{text}"
        );
    }

    #[test]
    fn a_problem_names_line_and_field_and_no_secret() {
        let mut ring = KeyRing::new();
        let secret = "ab".repeat(200);
        ring.add_key_log(
            format!("\nMTPROTO_AUTH_KEY 2 0011223344556677 {secret}\nMTPROTO_AUTH_KEY 2\nMTPROTO_NEW_NONCE zz\n")
                .as_bytes(),
            &source(),
        );
        let problems: Vec<String> = ring
            .problems()
            .iter()
            .map(|(_, problem)| problem.to_string())
            .collect();
        assert_eq!(
            problems,
            [
                "line 2: key is not 512 hex digits",
                "line 3: no auth_key_id; is the line cut off?",
                "line 4: nonce is not 32 hex digits",
            ]
        );
    }

    #[test]
    fn a_file_without_line_ends_is_given_up_in_bounded_memory() {
        let mut reader = KeyLogReader::new();
        let mut found = Vec::new();
        for _ in 0..100 {
            found.extend(reader.push(&[b'x'; 1000]));
            assert!(reader.partial.len() <= MAX_LINE);
        }
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].as_ref().unwrap_err().kind,
            LineProblemKind::TooLong
        );
    }
}
