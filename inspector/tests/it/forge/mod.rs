//! Makes captures: conversations in the protocol's own codec, wrapped into packets and files of every kind.

pub(crate) mod carried;
pub(crate) mod file;
pub(crate) mod packet;
pub(crate) mod talk;

use inspector::Inspector;
use inspector::keys::{KeyRing, Source};
use inspector::output::{JsonLines, TextTree};
use inspector::record::Summary;

pub(crate) use file::FileKind;
pub(crate) use packet::{Packet, Tcp};
pub(crate) use talk::Talk;

/// Everything that the inspector said of a file.
pub(crate) struct Said {
    pub(crate) summary: Summary,
    pub(crate) json: Vec<serde_json::Value>,
    pub(crate) text: String,
}

impl Said {
    /// Rows of one kind.
    pub(crate) fn rows<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a serde_json::Value> {
        self.json.iter().filter(move |row| row["kind"] == kind)
    }
}

/// Inspects a file given in chunks of a size.
pub(crate) fn inspect_in_chunks(file: &[u8], key_log: &str, chunk: usize) -> Said {
    let mut keys = KeyRing::new();
    keys.add_key_log(key_log.as_bytes(), &Source::Given("keys.log".into()));
    let mut inspector = Inspector::new(keys);
    let json = JsonLines::new(false);
    let mut text_tree = TextTree::new(false, false, false);
    let (mut lines, mut text) = (String::new(), String::new());
    let mut sink = |row: &inspector::record::Row<'_>| {
        json.row(row, &mut lines);
        text_tree.row(row, &mut text);
    };
    for piece in file.chunks(chunk) {
        inspector.push(piece, &mut sink);
    }
    let summary = inspector.finish(&mut sink);
    let json = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let said = Said {
        summary,
        json,
        text,
    };
    check_accounts(&said);
    said
}

pub(crate) fn inspect(file: &[u8], key_log: &str) -> Said {
    inspect_in_chunks(file, key_log, file.len().max(1))
}

/// Every byte of every connection is in exactly one class, and connections sum up to the whole.
fn check_accounts(said: &Said) {
    let sum = |row: &serde_json::Value| {
        let classes = row["bytes"].as_object().unwrap();
        let parts: u64 = classes
            .iter()
            .filter(|(name, _)| *name != "total")
            .map(|(_, n)| n.as_u64().unwrap())
            .sum();
        assert_eq!(parts, classes["total"].as_u64().unwrap());
        parts
    };
    let connections: u64 = said.rows("end").map(sum).sum();
    let summary = said.json.last().unwrap();
    assert_eq!(summary["kind"], "summary");
    assert_eq!(sum(summary), connections);
}
