//! The same conversations in captures of every kind and quality.

use mtproto_core::transport::{ClientTransport, Transport};

use crate::forge::file::Link;
use crate::forge::packet::fragments;
use crate::forge::{FileKind, Packet, Talk, Tcp, inspect, inspect_in_chunks};

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "10.0.0.2:443";

/// A conversation of some thousand bytes in small segments, and its key log.
fn base(seed: u64) -> (Talk, Tcp) {
    between(seed, CLIENT, SERVER)
}

fn between(seed: u64, client: &str, server: &str) -> (Talk, Tcp) {
    let mut talk = Talk::new(seed, &ClientTransport::obfuscated(Transport::Intermediate));
    talk.chat(100);
    let mut tcp = Tcp::open(client, server, 0xffff_f000);
    tcp.send(&talk.chunks, 300);
    tcp.close();
    (talk, tcp)
}

#[track_caller]
fn all_decoded(talk: &Talk, file: &[u8]) {
    let said = inspect(file, &talk.key_log());
    assert_eq!(said.summary.messages, talk.messages);
    assert!(said.summary.is_complete(), "{:?}", said.summary);
}

#[test]
fn every_file_format_and_link_layer() {
    let (talk, tcp) = base(1);
    for link in Link::ALL {
        for (pcapng, big_endian, nanoseconds) in [
            (false, false, false),
            (false, true, true),
            (true, false, false),
            (true, true, false),
        ] {
            let kind = FileKind {
                pcapng,
                big_endian,
                nanoseconds,
                link,
                ..FileKind::default()
            };
            all_decoded(&talk, &kind.write(&tcp.packets));
        }
    }
    all_decoded(
        &talk,
        &FileKind {
            gzip: true,
            ..FileKind::default()
        }
        .write(&tcp.packets),
    );
}

#[test]
fn chunks_of_any_size_give_the_same_rows() {
    let (talk, tcp) = base(1);
    for gzip in [false, true] {
        let file = FileKind {
            gzip,
            ..FileKind::default()
        }
        .write(&tcp.packets);
        let whole = inspect(&file, &talk.key_log());
        for chunk in [1, 1000] {
            let pieces = inspect_in_chunks(&file, &talk.key_log(), chunk);
            assert_eq!(pieces.json, whole.json);
        }
    }
}

#[test]
fn ipv6_loopback_and_unusual_ports() {
    for (client, server) in [
        ("[2001:db8::1]:50000", "[2001:db8::2]:443"),
        ("127.0.0.1:50000", "127.0.0.1:20443"),
        ("[::1]:50000", "[::1]:18443"),
        ("10.0.0.1:1000", "10.0.0.2:60000"),
    ] {
        let (talk, tcp) = between(1, client, server);
        all_decoded(&talk, &FileKind::default().write(&tcp.packets));
    }
}

#[test]
fn retransmissions_and_reordered_segments() {
    let (talk, tcp) = base(1);
    let twice: Vec<Packet> = tcp
        .packets
        .iter()
        .flat_map(|packet| [packet.clone(), packet.clone()])
        .collect();
    all_decoded(&talk, &FileKind::default().write(&twice));
    let mut shuffled = tcp.packets;
    let end = shuffled.len() - 3;
    for group in shuffled[3..end].chunks_mut(5) {
        group.reverse();
    }
    all_decoded(&talk, &FileKind::default().write(&shuffled));
}

#[test]
fn fragmented_packets() {
    let (talk, tcp) = base(1);
    let mut packets: Vec<Packet> = Vec::new();
    for (n, packet) in tcp.packets.iter().enumerate() {
        let mut pieces = fragments(packet, 64, n as u16);
        if n % 2 == 0 {
            pieces.reverse();
        }
        packets.extend(pieces);
    }
    all_decoded(&talk, &FileKind::default().write(&packets));
}

#[test]
fn a_lost_segment_costs_only_the_messages_that_it_touches() {
    for seed in 0..4 {
        let (talk, tcp) = base(seed);
        for lost in [3, 40, 77, 120] {
            let mut packets = tcp.packets.clone();
            let lost_bytes = packets.remove(lost).ip.len() as u64 - 40;
            let said = inspect(&FileKind::default().write(&packets), &talk.key_log());
            let end = said.rows("end").next().unwrap();
            assert_eq!(
                end["bytes"]["gap"].as_u64(),
                Some(lost_bytes),
                "segment {lost}"
            );
            if lost == 3 {
                // The segment with the obfuscation header: nothing can be read, and that is said.
                assert!(said.text.contains("obfuscat"), "{}", said.text);
                continue;
            }
            // A container of two messages at most stands in the frame that is lost, and a segment holds one frame.
            assert!(
                said.summary.messages + 6 >= talk.messages,
                "{} of {}",
                said.summary.messages,
                talk.messages
            );
        }
    }
}

#[test]
fn a_connection_that_begins_before_the_capture() {
    let (talk, tcp) = base(1);
    let said = inspect(
        &FileKind::default().write(&tcp.packets[10..]),
        &talk.key_log(),
    );
    assert_eq!(said.summary.messages, 0);
    assert!(
        said.text.contains("the capture lacks the beginning"),
        "{}",
        said.text
    );

    // Without obfuscation the frames are found again by the key's identifier.
    for transport in [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::Full,
    ] {
        let mut talk = Talk::new(1, &ClientTransport::plain(transport));
        talk.chat(100);
        let mut tcp = Tcp::open(CLIENT, SERVER, 7);
        tcp.send(&talk.chunks, 300);
        let said = inspect(
            &FileKind::default().write(&tcp.packets[10..]),
            &talk.key_log(),
        );
        assert!(
            said.summary.messages + 20 > talk.messages,
            "{transport:?}: {}",
            said.text
        );
        assert_eq!(said.rows("transport").count(), 1);
    }
}

#[test]
fn the_same_ports_used_again() {
    let (first, tcp) = base(1);
    let mut packets = tcp.packets;
    let mut second = Talk::new(2, &ClientTransport::obfuscated(Transport::Abridged));
    second.chat(50);
    let mut again = Tcp::open(CLIENT, SERVER, 99).at(1_790_000_120_000);
    again.send(&second.chunks, 500);
    packets.extend(again.packets);
    let said = inspect(
        &FileKind::default().write(&packets),
        &(first.key_log() + &second.key_log()),
    );
    assert_eq!(said.summary.messages, first.messages + second.messages);
    assert_eq!(said.summary.mtproto_connections, 2);
}

#[test]
fn connections_side_by_side() {
    let talks: Vec<(Talk, Tcp)> = (0..8)
        .map(|n| between(n, &format!("10.0.0.1:{}", 40_000 + n), SERVER))
        .collect();
    let mut packets: Vec<Packet> = Vec::new();
    let longest = talks
        .iter()
        .map(|(_, tcp)| tcp.packets.len())
        .max()
        .unwrap();
    for n in 0..longest {
        packets.extend(
            talks
                .iter()
                .filter_map(|(_, tcp)| tcp.packets.get(n).cloned()),
        );
    }
    let keys: String = talks.iter().map(|(talk, _)| talk.key_log()).collect();
    let said = inspect(&FileKind::default().write(&packets), &keys);
    assert_eq!(
        said.summary.messages,
        talks.iter().map(|(talk, _)| talk.messages).sum::<u64>()
    );
    assert!(said.summary.is_complete());
}

#[test]
fn packets_cut_by_the_capture_are_gaps() {
    let (talk, tcp) = base(1);
    let kind = FileKind {
        snap_len: 200,
        ..FileKind::default()
    };
    let said = inspect(&kind.write(&tcp.packets), &talk.key_log());
    let end = said.rows("end").next().unwrap();
    let lost: u64 = tcp
        .packets
        .iter()
        .map(|packet| (packet.ip.len() as u64 + 14).saturating_sub(200))
        .sum();
    assert_eq!(end["bytes"]["gap"].as_u64(), Some(lost));
    assert!(
        said.summary.messages > talk.messages / 4,
        "{:?}",
        said.summary
    );
}

#[test]
fn a_record_of_absurd_length_ends_the_file_but_not_what_came_before() {
    let (talk, tcp) = base(1);
    let half = &tcp.packets[..tcp.packets.len() / 2];
    let mut file = FileKind::default().write(half);
    let decoded = inspect(&file, &talk.key_log()).summary.messages;
    let offset = file.len();
    file.extend([0; 8]);
    file.extend([0xff; 8]);
    file.extend([0; 1000]);
    let said = inspect(&file, &talk.key_log());
    assert_eq!(said.summary.messages, decoded);
    let error = said.summary.capture_error.unwrap();
    assert!(error.contains(&format!("byte offset {offset}")), "{error}");
}

#[test]
fn a_file_cut_anywhere_is_read_up_to_the_cut() {
    let (talk, tcp) = base(1);
    for gzip in [false, true] {
        let file = FileKind {
            gzip,
            ..FileKind::default()
        }
        .write(&tcp.packets);
        let mut last = 0;
        for len in (0..file.len()).step_by(997) {
            let said = inspect(&file[..len], &talk.key_log());
            assert!(said.summary.messages >= last);
            last = said.summary.messages;
        }
        assert!(last > 0);
    }
}
