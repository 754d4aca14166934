//! What several modules need: reference data, bytes from hexadecimal, randomness of known value.

use std::collections::VecDeque;
use std::path::PathBuf;

use mtproto_core::random::SecureRandom;
use serde_json::Value;

/// A file of the reference data, or `None` where there is none (which is said on stderr).
pub(crate) fn vectors(file: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("MTKIT_REFERENCE_DATA") else {
        eprintln!("skipped: no reference data");
        return None;
    };
    let path = PathBuf::from(folder).join("vectors").join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The entries of a list, each with a name for messages.
pub(crate) fn entries<'a>(file: &str, data: &'a Value, list: &str) -> Vec<(String, &'a Value)> {
    let entries = data[list]
        .as_array()
        .unwrap_or_else(|| panic!("{file}: no list {list}"));
    assert!(!entries.is_empty(), "{file}: {list} is empty");
    let name = |i| format!("{file}: {list}[{i}]");
    entries
        .iter()
        .enumerate()
        .map(|(i, entry)| (name(i), entry))
        .collect()
}

/// The bytes of a hexadecimal field.
pub(crate) fn bytes(entry: &Value, field: &str) -> Vec<u8> {
    let text = entry[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text field {field}"));
    hex::decode(text).unwrap_or_else(|error| panic!("{field}: {error}"))
}

/// The bytes of a hexadecimal field of known length.
pub(crate) fn array<const N: usize>(entry: &Value, field: &str) -> [u8; N] {
    let bytes = bytes(entry, field);
    let len = bytes.len();
    bytes
        .try_into()
        .unwrap_or_else(|_| panic!("{field} has {len} bytes instead of {N}"))
}

/// Randomness that gives exactly these bytes and fails when they are used up.
#[derive(Debug, Default)]
pub(crate) struct Script(VecDeque<u8>);

impl Script {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self(parts.iter().copied().flatten().copied().collect())
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }
}

impl SecureRandom for Script {
    fn fill(&mut self, dest: &mut [u8]) {
        for byte in dest {
            *byte = self.0.pop_front().expect("no more scripted randomness");
        }
    }
}

/// Seeded randomness (xorshift64*), the same on each run.
#[derive(Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl SecureRandom for Seeded {
    fn fill(&mut self, dest: &mut [u8]) {
        for byte in dest {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            *byte = (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8;
        }
    }
}

/// Seeded randomness that keeps what it gave.
#[derive(Debug)]
pub(crate) struct Recorder {
    seeded: Seeded,
    pub(crate) given: Vec<Vec<u8>>,
}

impl Recorder {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seeded: Seeded(seed),
            given: Vec::new(),
        }
    }
}

impl SecureRandom for Recorder {
    fn fill(&mut self, dest: &mut [u8]) {
        self.seeded.fill(dest);
        self.given.push(dest.to_vec());
    }
}
