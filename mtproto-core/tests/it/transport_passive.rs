//! Streams read from outside: whole ones, damaged ones, and ones that are seen from their middle.

use std::ops::Range;
use std::sync::Arc;

use mtproto_core::crypto::kdf::Direction;
use mtproto_core::ids::{AuthKeyId, DcId};
use mtproto_core::transport::obfuscated::{self, HEADER_LEN};
use mtproto_core::transport::passive::{SkipReason, Tap, What};
use mtproto_core::transport::{
    ClientTransport, FrameError, FrameLimits, Framer, ProxySecret, ServerTransport, Transport,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::transport_support::{ALL, OBFUSCATABLE, plain_client, seeded, unpadded};

const KEY: AuthKeyId = AuthKeyId(*b"key id 1");
const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

/// An encrypted message of our key with `blocks` blocks of ciphertext.
fn message(blocks: usize) -> Vec<u8> {
    let mut bytes = super::transport_support::message(blocks);
    bytes[..8].copy_from_slice(&KEY.0);
    bytes
}

/// Both directions of a stream, and where the frames of each are.
struct Recording {
    wire: [Vec<u8>; 2],
    frames: [Vec<(Range<u64>, Vec<u8>)>; 2],
}

fn record(config: &ClientTransport, secrets: &[ProxySecret], blocks: &[usize]) -> Recording {
    let limits = FrameLimits::default();
    let mut random = seeded(77);
    let mut client = Framer::client(config, limits, &mut random).unwrap();
    let mut settings = ServerTransport::default();
    settings.secrets = secrets.into();
    let mut server = Framer::server(settings, limits);
    let mut recording = Recording {
        wire: Default::default(),
        frames: Default::default(),
    };
    for &blocks in blocks {
        for direction in [0, 1] {
            let from = if direction == 0 {
                &mut client
            } else {
                &mut server
            };
            let wire = &mut recording.wire[direction];
            let start = wire.len();
            from.write_payload(&message(blocks), false, &mut random, wire)
                .unwrap();
            let preamble = match (start, direction) {
                (0, 0) if client.detected().unwrap().obfuscated => HEADER_LEN,
                (0, 0) => config.transport.tag().len(),
                _ => 0,
            };
            if direction == 0 {
                server.handle_bytes(&wire[start..]).unwrap();
            }
            let range = (start + preamble) as u64..wire.len() as u64;
            recording.frames[direction].push((range, message(blocks)));
        }
    }
    recording
}

/// A [`What`] that outlives the tap's buffer; payloads without the padding of their frames.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Preamble,
    Payload(Vec<u8>, Option<FrameError>),
    QuickAck(u32),
    TransportError(i32),
    Lost,
    Skipped(SkipReason),
}

fn drain(tap: &mut Tap, direction: Direction, into: &mut Vec<(Range<u64>, Seen)>) {
    while let Some(observed) = tap.poll(direction) {
        let seen = match observed.what {
            What::Preamble => Seen::Preamble,
            What::Payload {
                data, broken, at, ..
            } => {
                assert!(observed.range.contains(&at));
                Seen::Payload(unpadded(data).to_vec(), broken)
            }
            What::QuickAck(token) => Seen::QuickAck(token),
            What::TransportError(code) => Seen::TransportError(code),
            What::Lost => Seen::Lost,
            What::Skipped(reason) => Seen::Skipped(reason),
        };
        into.push((observed.range, seen));
    }
}

/// Gives `wire` to the tap in pieces, without the bytes in `gap`.
fn give(
    tap: &mut Tap,
    direction: Direction,
    wire: &[u8],
    piece: usize,
    gap: Range<usize>,
) -> Vec<(Range<u64>, Seen)> {
    let mut seen = Vec::new();
    for piece in wire[..gap.start].chunks(piece) {
        tap.handle_bytes(direction, piece);
        drain(tap, direction, &mut seen);
    }
    if !gap.is_empty() {
        tap.handle_gap(direction, gap.len() as u64);
    }
    for piece in wire[gap.end..].chunks(piece) {
        tap.handle_bytes(direction, piece);
        drain(tap, direction, &mut seen);
    }
    // No byte is unaccounted for, and none is counted twice.
    let mut next = 0;
    for (range, _) in &seen {
        assert_eq!(range.start, next);
        next = range.end;
    }
    assert_eq!(tap.pending(direction), next..wire.len() as u64);
    seen
}

fn payloads(seen: &[(Range<u64>, Seen)]) -> Vec<(Range<u64>, Vec<u8>)> {
    seen.iter()
        .filter_map(|(range, seen)| match seen {
            Seen::Payload(data, None) => Some((range.clone(), data.clone())),
            _ => None,
        })
        .collect()
}

fn tap(secrets: &[ProxySecret]) -> Tap {
    Tap::new(Arc::from(secrets), FrameLimits::default())
}

fn configs() -> Vec<ClientTransport> {
    let plain = ALL.map(ClientTransport::plain);
    let obfuscated = OBFUSCATABLE.map(ClientTransport::obfuscated);
    [&plain[..], &obfuscated].concat()
}

#[test]
fn every_byte_of_a_whole_stream_is_attributed() {
    for config in configs() {
        let recording = record(&config, &[], &[3, 60, 7, 3]);
        for piece in [1, 7, 5000] {
            let mut tap = tap(&[]);
            let up = give(&mut tap, UP, &recording.wire[0], piece, 0..0);
            let down = give(&mut tap, DOWN, &recording.wire[1], piece, 0..0);
            assert_eq!(payloads(&up), recording.frames[0], "{config:?}");
            assert_eq!(payloads(&down), recording.frames[1], "{config:?}");
            assert_eq!(tap.detected().unwrap().transport, config.transport);
            let preambles = up
                .iter()
                .filter(|(_, seen)| *seen == Seen::Preamble)
                .count();
            assert_eq!(preambles, usize::from(config.transport != Transport::Full));
            assert_eq!(up.len() + down.len(), 8 + preambles);
        }
    }
}

#[test]
fn the_server_may_be_heard_before_the_client() {
    for config in configs() {
        let recording = record(&config, &[], &[3, 60]);
        let mut tap = tap(&[]);
        assert_eq!(give_all(&mut tap, DOWN, &recording.wire[1]), []);
        assert_eq!(
            payloads(&give_all(&mut tap, UP, &recording.wire[0])),
            recording.frames[0]
        );
        let mut seen = Vec::new();
        drain(&mut tap, DOWN, &mut seen);
        assert_eq!(payloads(&seen), recording.frames[1]);
    }
}

fn give_all(tap: &mut Tap, direction: Direction, wire: &[u8]) -> Vec<(Range<u64>, Seen)> {
    let mut seen = Vec::new();
    tap.handle_bytes(direction, wire);
    drain(tap, direction, &mut seen);
    seen
}

#[test]
fn streams_to_a_proxy_need_its_secret() {
    let secret = ProxySecret::from_bytes(&[5; 16]).unwrap();
    let config = ClientTransport::proxy(secret.clone(), DcId(-4));
    let recording = record(&config, std::slice::from_ref(&secret), &[3, 5]);

    let mut knowing = tap(&[secret]);
    assert_eq!(
        payloads(&give_all(&mut knowing, UP, &recording.wire[0])),
        recording.frames[0]
    );
    assert_eq!(
        payloads(&give_all(&mut knowing, DOWN, &recording.wire[1])),
        recording.frames[1]
    );
    assert_eq!(knowing.detected().unwrap().dc, Some(DcId(-4)));

    let mut ignorant = tap(&[]);
    assert_eq!(
        payloads(&give_all(&mut ignorant, UP, &recording.wire[0])),
        []
    );
    assert_eq!(ignorant.detected(), None);
    assert_eq!(ignorant.pending(UP), 0..recording.wire[0].len() as u64);
}

#[test]
fn a_gap_inside_a_frame_costs_this_frame_alone() {
    for config in configs() {
        let recording = record(&config, &[], &[3, 60, 7, 3]);
        for direction in [0, 1] {
            let hit = recording.frames[direction][1].0.clone();
            // The whole header has come, the last bytes are missing.
            let gap = hit.start as usize + 9..hit.end as usize;
            let mut tap = tap(&[]);
            if direction == 1 {
                give_all(&mut tap, UP, &recording.wire[0]);
            }
            let side = [UP, DOWN][direction];
            let seen = give(&mut tap, side, &recording.wire[direction], 11, gap.clone());
            let mut expected = recording.frames[direction].clone();
            expected.remove(1);
            assert_eq!(payloads(&seen), expected, "{config:?}");
            let gap = gap.start as u64..gap.end as u64;
            assert!(seen.contains(&(gap.clone(), Seen::Lost)));
            let damaged = (hit.start..gap.start, Seen::Skipped(SkipReason::Damaged));
            assert!(seen.contains(&damaged));
        }
    }
}

#[test]
fn a_stream_with_an_impossible_length_is_picked_up_at_the_next_frame() {
    let recording = record(
        &ClientTransport::plain(Transport::Intermediate),
        &[],
        &[3, 4, 5],
    );
    let mut wire = recording.wire[0].clone();
    let hit = &recording.frames[0][1].0;
    wire[hit.start as usize + 3] = 0x7f;
    let mut tap = tap(&[]);
    let seen = give(&mut tap, UP, &wire, 9, 0..0);
    assert_eq!(
        payloads(&seen),
        [
            recording.frames[0][0].clone(),
            recording.frames[0][2].clone()
        ]
    );
    assert!(seen.iter().any(|(range, seen)| {
        range.start == hit.start
            && matches!(
                seen,
                Seen::Skipped(SkipReason::AfterError(FrameError::TooLong { .. }))
            )
    }));
}

#[test]
fn a_broken_sum_or_counter_is_told_and_does_not_stop_the_tap() {
    let config = ClientTransport::plain(Transport::Full);
    let recording = record(&config, &[], &[3, 4, 5, 6]);
    let mut wire = recording.wire[0].clone();
    let last = recording.frames[0][1].0.end as usize - 1;
    wire[last] ^= 1;
    let repeated = recording.frames[0][2].0.clone();
    let repeated = wire[repeated.start as usize..repeated.end as usize].to_vec();
    wire.extend(repeated);
    let seen = give_all(&mut tap(&[]), UP, &wire);
    let broken: Vec<_> = seen
        .iter()
        .map(|(_, seen)| match seen {
            Seen::Payload(_, broken) => *broken,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(matches!(broken[1], Some(FrameError::Checksum { .. })));
    assert_eq!(
        [broken[0], broken[2], broken[3], broken[4]],
        [
            None,
            None,
            None,
            Some(FrameError::SequenceNumber {
                expected: 4,
                received: 2
            })
        ]
    );
}

#[test]
fn a_plain_stream_is_recognised_from_its_middle_by_a_known_key() {
    for transport in ALL {
        let recording = record(&ClientTransport::plain(transport), &[], &[30, 40, 50, 60]);
        let mut tap = tap(&[]);
        tap.expect_key(KEY);
        for direction in [0, 1] {
            let missing = recording.frames[direction][0].0.start + 100;
            let seen = give(
                &mut tap,
                [UP, DOWN][direction],
                &recording.wire[direction],
                50,
                0..missing as usize,
            );
            assert_eq!(
                payloads(&seen),
                recording.frames[direction][1..],
                "{transport:?}"
            );
        }
        assert_eq!(tap.detected().unwrap().transport, transport);
    }
}

#[test]
fn an_obfuscated_stream_is_read_from_its_middle_with_its_keys() {
    for transport in OBFUSCATABLE {
        let config = ClientTransport::obfuscated(transport);
        let recording = record(&config, &[], &[30, 40, 50, 60]);
        let header = recording.wire[0].first_chunk().unwrap();
        let keystreams = obfuscated::accept(header, None).unwrap().keystreams;
        let mut tap = Tap::resume(transport, keystreams, FrameLimits::default());
        tap.expect_key(KEY);
        for direction in [0, 1] {
            let missing = recording.frames[direction][0].0.start + 100;
            let seen = give(
                &mut tap,
                [UP, DOWN][direction],
                &recording.wire[direction],
                50,
                0..missing as usize,
            );
            assert_eq!(
                payloads(&seen),
                recording.frames[direction][1..],
                "{transport:?}"
            );
        }
    }
}

#[test]
fn a_key_exchange_is_picked_up_without_any_key() {
    // auth_key_id 0, msg_id, length, body.
    let plain = |body: usize| {
        [
            &[0; 8][..],
            b"a msg_id",
            &(body as u32).to_le_bytes(),
            &vec![9; body],
        ]
        .concat()
    };
    for transport in ALL {
        let mut client = plain_client(transport);
        let mut wire = Vec::new();
        let mut starts = Vec::new();
        for body in [40, 320, 396] {
            starts.push(wire.len());
            client
                .write_payload(&plain(body), false, &mut seeded(3), &mut wire)
                .unwrap();
        }
        let seen = give(&mut tap(&[]), UP, &wire, 21, starts[1]..starts[1] + 3);
        let last = seen.last().unwrap();
        assert_eq!(last.0, starts[2] as u64..wire.len() as u64, "{transport:?}");
        assert!(matches!(last.1, Seen::Payload(..)));
    }
}

#[test]
fn quick_acks_and_transport_errors_are_observed() {
    let wire = [
        &0x8000_1234_u32.to_le_bytes()[..],
        &4_u32.to_le_bytes(),
        &i32::to_le_bytes(-404),
    ]
    .concat();
    let mut tap = tap(&[]);
    give_all(&mut tap, UP, &[0xee; 4]);
    assert_eq!(
        give_all(&mut tap, DOWN, &wire),
        [
            (0..4, Seen::QuickAck(0x8000_1234)),
            (4..12, Seen::TransportError(-404))
        ]
    );
}

#[test]
fn noise_is_let_go_of_while_it_comes() {
    let mut tap = tap(&[]);
    for _ in 0..1000 {
        tap.handle_bytes(UP, &[0xab; 1000]);
        let mut seen = Vec::new();
        drain(&mut tap, UP, &mut seen);
        for (_, seen) in seen {
            assert_eq!(seen, Seen::Skipped(SkipReason::UnknownTransport));
        }
        let pending = tap.pending(UP);
        assert!(pending.end - pending.start < 8192);
    }
}

proptest! {
    #[test]
    fn every_frame_that_a_gap_does_not_touch_is_found(
        config in select(configs()),
        blocks in vec(3_usize..80, 2..8),
        cut in (0.0..1.0, 0.0..1.0),
        piece in 1_usize..600,
        direction in 0_usize..2,
    ) {
        let recording = record(&config, &[], &blocks);
        let wire = &recording.wire[direction];
        // Without its beginning an obfuscated stream is lost, which is another test.
        let first = if direction == 0 { recording.frames[0][0].0.start as usize } else { 0 };
        let place = |share: f64| first + (share * (wire.len() - first) as f64) as usize;
        let gap = place(cut.0).min(place(cut.1))..place(cut.0).max(place(cut.1));
        let mut tap = tap(&[]);
        tap.expect_key(KEY);
        if direction == 1 {
            give_all(&mut tap, UP, &recording.wire[0]);
        }
        let seen = give(&mut tap, [UP, DOWN][direction], wire, piece, gap.clone());
        let gap = gap.start as u64..gap.end as u64;
        let untouched: Vec<_> = recording.frames[direction]
            .iter()
            .filter(|(range, _)| gap.is_empty() || range.end <= gap.start || range.start >= gap.end)
            .cloned()
            .collect();
        prop_assert_eq!(payloads(&seen), untouched);
    }

    #[test]
    fn noise_with_gaps_is_accounted_for(
        config in select(configs()),
        noise in vec(vec(prop_oneof![Just(0_u8), Just(0x7f), Just(0xff), any::<u8>()], 0..90), 0..8),
        gaps in vec(0_u64..40, 8),
    ) {
        let recording = record(&config, &[], &[3]);
        let mut tap = tap(&[]);
        let mut seen = Vec::new();
        let mut total = recording.wire[0].len() as u64;
        tap.handle_bytes(UP, &recording.wire[0]);
        for (noise, gap) in noise.iter().zip(&gaps) {
            tap.handle_bytes(UP, noise);
            if gap % 2 == 0 {
                drain(&mut tap, UP, &mut seen);
            }
            tap.handle_gap(UP, *gap);
            total += noise.len() as u64 + gap;
        }
        drain(&mut tap, UP, &mut seen);
        let mut next = 0;
        for (range, _) in &seen {
            prop_assert_eq!(range.start, next);
            next = range.end;
        }
        prop_assert_eq!(tap.pending(UP), next..total);
    }
}
