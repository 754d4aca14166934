//! Input that is no sound capture: always a clear word, never a panic.

use std::path::{Path, PathBuf};

use inspector::io::{Format, InspectError, Options, inspect_file};
use mtproto_core::random::{ChaChaRandom, SecureRandom as _};
use mtproto_core::transport::{ClientTransport, Transport};

use crate::forge::{FileKind, Talk, Tcp, inspect};

/// A file that is removed when the test ends.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let path =
            std::env::temp_dir().join(format!("mtkit-inspector-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn fails(path: &Path, keys: &[PathBuf]) -> String {
    let mut out = Vec::new();
    inspect_file(path, keys, Options::default(), &mut out)
        .unwrap_err()
        .to_string()
}

#[test]
fn errors_name_the_file_the_reason_and_what_to_do() {
    let missing = fails(Path::new("/nonexistent/x.pcap"), &[]);
    assert!(
        missing.starts_with("cannot read /nonexistent/x.pcap: "),
        "{missing}"
    );

    let noise = TempFile::new("noise.pcap", b"this is no capture, it is prose");
    let error = fails(&noise.0, &[]);
    assert!(
        error.contains("noise.pcap: not a capture file") && error.contains("expected pcap"),
        "{error}"
    );

    let empty = TempFile::new("empty.pcap", b"");
    assert!(fails(&empty.0, &[]).contains("the file is empty"));

    let capture = TempFile::new("ok.pcap", &FileKind::default().write(&[]));
    let error = fails(&capture.0, &[PathBuf::from("/nonexistent/keys.log")]);
    assert!(
        error.starts_with("cannot read /nonexistent/keys.log: "),
        "{error}"
    );
    let error = fails(&capture.0, std::slice::from_ref(&noise.0));
    assert!(
        error.contains("no keys") && error.contains("MTPROTO_KEYLOGFILE"),
        "{error}"
    );
}

#[test]
fn keys_anywhere_in_a_capture_file_are_used() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    talk.chat(4);
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1000);
    let kind = FileKind {
        pcapng: true,
        ..FileKind::default()
    };
    // A section with packets, then one with nothing but the keys.
    let file = [
        kind.pcapng(&tcp.packets, ""),
        kind.pcapng(&[], &talk.key_log()),
    ]
    .concat();
    let file = TempFile::new("late.pcapng", &file);
    let mut out = Vec::new();
    let summary = inspect_file(&file.0, &[], Options::default(), &mut out).unwrap();
    assert_eq!(summary.messages, talk.messages);
    assert!(String::from_utf8(out).unwrap().ends_with("undecoded: 0\n"));
}

#[test]
fn a_session_string_opens_a_capture_with_a_permanent_key() {
    use base64::Engine as _;
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    talk.chat(4);
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1400);
    let file = TempFile::new("string.pcap", &FileKind::default().write(&tcp.packets));
    let session = [&[2, 127, 0, 0, 1, 1, 187][..], talk.key.as_bytes()].concat();
    let text = format!(
        "1{}\n",
        base64::engine::general_purpose::URL_SAFE.encode(session)
    );
    let keys = TempFile::new("string.txt", text.as_bytes());
    let mut out = Vec::new();
    let summary = inspect_file(
        &file.0,
        std::slice::from_ref(&keys.0),
        Options::default(),
        &mut out,
    )
    .unwrap();
    assert_eq!(summary.messages, talk.messages);
}

#[test]
fn statistics_are_a_table_and_json_lines() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    talk.chat(40);
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1400);
    let file = TempFile::new("stats.pcap", &FileKind::default().write(&tcp.packets));
    let keys = TempFile::new("stats.keys", talk.key_log().as_bytes());
    let run = |format| {
        let mut out = Vec::new();
        let options = Options {
            format,
            ..Options::default()
        };
        inspect_file(&file.0, std::slice::from_ref(&keys.0), options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let table = run(Format::Stats);
    let row = table
        .lines()
        .find(|line| line.starts_with("updates.getState"))
        .unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[1..5], ["10", "10", "0", "0"], "{table}");
    assert_eq!(
        cells[7], "1.000",
        "the forge answers after a millisecond: {table}"
    );
    assert!(table.ends_with("undecoded: 0\n"));
    let json = run(Format::StatsJson);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["kind"], &first["name"]),
        (&"method".into(), &"help.getNearestDc".into())
    );
    assert_eq!(first["queries"], 11);
    assert!(json.lines().last().unwrap().contains("\"summary\""));
}

#[test]
fn a_failing_output_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let capture = TempFile::new("full.pcap", &FileKind::default().write(&[]));
    let error = inspect_file(&capture.0, &[], Options::default(), &mut Full).unwrap_err();
    assert!(matches!(error, InspectError::Write(_)));
}

#[test]
fn another_protocol_is_called_so() {
    let stream = |bytes: &[u8]| {
        let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:443", 7);
        tcp.segment(0, 16, bytes);
        tcp.segment(1, 16, &[b'x'; 500]);
        tcp.close();
        inspect(&FileKind::default().write(&tcp.packets), "")
    };
    for (bytes, word) in [
        (&b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"[..], "HTTP"),
        (
            &[
                0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
            ][..],
            "TLS",
        ),
        (&[0x42; 100], "no known transport"),
        (b"hi", "too few bytes"),
    ] {
        let said = stream(bytes);
        assert!(said.text.contains(word), "{word}: {}", said.text);
        assert_eq!(said.summary.mtproto_connections, 0);
        let end = said.rows("end").next().unwrap();
        assert_eq!(end["bytes"]["not_mtproto"], end["bytes"]["total"]);
        assert!(
            said.summary.is_complete(),
            "what is not MTProto is not undecoded"
        );
    }
}

#[test]
fn a_wrong_key_of_the_right_name_is_told() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Intermediate));
    talk.chat(2);
    for chunk in &mut talk.chunks {
        let last = chunk.bytes.len() - 1;
        chunk.bytes[last] ^= 1;
    }
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1000);
    let said = inspect(&FileKind::default().write(&tcp.packets), &talk.key_log());
    assert_eq!(said.summary.messages, 0);
    assert!(said.rows("frame").all(|row| {
        row["reason"]
            .as_str()
            .unwrap()
            .starts_with("msg_key does not match")
    }));
    assert!(!said.summary.is_complete());
}

#[test]
fn noise_in_every_place_never_panics() {
    let mut random = ChaChaRandom::from_number(5);
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    talk.chat(30);
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 400);
    tcp.close();
    for pcapng in [false, true] {
        let file = FileKind {
            pcapng,
            ..FileKind::default()
        }
        .write(&tcp.packets);
        for _ in 0..300 {
            let mut damaged = file.clone();
            for _ in 0..8 {
                let mut noise = [0; 5];
                random.fill(&mut noise);
                let at = u32::from_le_bytes([noise[0], noise[1], noise[2], noise[3]]) as usize;
                let len = damaged.len();
                damaged[at % len] = noise[4];
            }
            inspect(&damaged, &talk.key_log());
        }
    }
    // Bodies of noise under a sound envelope reach the last rungs of the ladder.
    let mut talk = Talk::new(2, &ClientTransport::plain(Transport::Abridged));
    let starts = [
        0x73f1_f8dc_u32,
        0xf35c_6d01,
        0x3072_cfa1,
        0xda9b_0d0d,
        0x1cb5_c415,
        0xe060_46b2,
    ];
    for n in 0..600_usize {
        let mut body = vec![0; 8 + (n % 40) * 4];
        random.fill(&mut body);
        body[..4].copy_from_slice(&starts[n % starts.len()].to_le_bytes());
        body[4..8].copy_from_slice(&(n as u32 % 5).to_le_bytes());
        talk.message(n % 2 == 0, true, &body);
    }
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1400);
    let said = inspect(&FileKind::default().write(&tcp.packets), &talk.key_log());
    assert!(said.summary.messages >= talk.messages);
}
