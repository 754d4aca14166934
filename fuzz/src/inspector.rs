//! The inspector: any file in any pieces gives the same rows, and every byte is accounted for.

use inspector::Inspector;
use inspector::capture::Capture;
use inspector::capture::ip::IpReader;
use inspector::capture::link;
use inspector::keys::{KeyLogReader, KeyRing, Source, session_string};
use inspector::output::{JsonLines, TextTree};
use inspector::record::{Row, Summary};
use inspector::stats::Stats;

/// A capture file up to its TCP streams. The first byte chooses the pieces.
pub fn capture(data: &[u8]) {
    let [pieces, file @ ..] = data else {
        return;
    };
    let read = |piece: usize| {
        let mut capture = Capture::new();
        let mut events = Vec::new();
        let mut sink = |event: inspector::capture::CaptureEvent<'_>| {
            events.push(format!("{event:?}"));
        };
        let mut failed = None;
        for chunk in file.chunks(piece) {
            let error = capture.push(chunk, &mut sink).err();
            failed = failed.or(error);
        }
        let error = capture.finish(&mut sink).err();
        failed = failed.or(error);
        (
            events,
            capture.counts(),
            failed.map(|error| error.to_string()),
        )
    };
    assert_eq!(read(usize::MAX), read(piece(*pieces)));
}

/// Packets of one link type: its number in two bytes, then packets, each behind a length of one byte.
pub fn packet(data: &[u8]) {
    let [low, high, rest @ ..] = data else {
        return;
    };
    let mut rest = rest;
    let link_type = i32::from(u16::from_le_bytes([*low, *high]));
    let mut reader = IpReader::default();
    while let [len, tail @ ..] = rest {
        let (packet, next) = tail.split_at(usize::from(*len).min(tail.len()));
        if let Ok(ip) = link::ip_packet(link_type, packet)
            && let Ok(segment) = reader.segment(ip)
        {
            // Put together from fragments it may be longer than the packet that completed it.
            assert!(segment.payload.len() <= data.len());
        }
        rest = next;
    }
}

/// Key logs and session strings. The first byte chooses the pieces.
pub fn keys(data: &[u8]) {
    let [pieces, text @ ..] = data else {
        return;
    };
    let read = |piece: usize| {
        let mut reader = KeyLogReader::new();
        let mut entries = Vec::new();
        for chunk in text.chunks(piece) {
            entries.extend(reader.push(chunk));
        }
        entries.extend(reader.finish());
        format!("{entries:?}")
    };
    assert_eq!(read(usize::MAX), read(piece(*pieces)));
    if let Some(session) = std::str::from_utf8(text)
        .ok()
        .and_then(session_string::parse)
    {
        assert_eq!(session.key.as_bytes().len(), 256);
    }
}

/// The whole way: a key log, a zero, and a capture. The first byte chooses the pieces.
pub fn inspect(data: &[u8]) {
    let [pieces, rest @ ..] = data else {
        return;
    };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (Some(key_log), Some(file)) = (parts.next(), parts.next()) else {
        return;
    };
    let whole = said(key_log, file, usize::MAX);
    assert_eq!(whole, said(key_log, file, piece(*pieces)));
}

/// What is said of a file: JSON and text.
fn said(key_log: &[u8], file: &[u8], piece: usize) -> (String, String) {
    let mut ring = KeyRing::new();
    ring.add_key_log(key_log, &Source::Given("keys".into()));
    let mut inspector = Inspector::new(ring);
    let (json, mut tree) = (JsonLines::new(false), TextTree::new(false, false, false));
    let (mut lines, mut text, mut stats) = (String::new(), String::new(), Stats::new());
    let mut ends = 0;
    let mut sink = |row: &Row<'_>| {
        json.row(row, &mut lines);
        tree.row(row, &mut text);
        stats.observe(row);
        if let Row::End(end) = row {
            ends += end.bytes.total();
        }
    };
    for chunk in file.chunks(piece) {
        inspector.push(chunk, &mut sink);
    }
    let Summary { bytes, .. } = inspector.finish(&mut sink);
    assert_eq!(
        bytes.total(),
        ends,
        "every connection ends, with all its bytes"
    );
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        assert_eq!(row["v"], 1);
    }
    let is_harmless = |c: char| c == '\n' || !c.is_control();
    assert!(text.chars().all(is_harmless), "nothing acts on a terminal");
    (lines, text)
}

fn piece(choice: u8) -> usize {
    usize::from(choice).max(1)
}
