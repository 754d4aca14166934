//! Carriers read from outside.

use std::ops::Range;

use mtproto_core::crypto::kdf::Direction;
use mtproto_core::ids::{AuthKeyId, DcId};
use mtproto_core::time::UnixTime;
use mtproto_core::transport::carrier::http::{HttpClient, HttpError, HttpServer};
use mtproto_core::transport::carrier::{
    Carrier, CarrierConfig, CarrierError, ClientCarrier, ReplayGuard, ServerCarrier,
};
use mtproto_core::transport::passive::{SkipReason, Tap, What};
use mtproto_core::transport::{
    ClientTransport, FrameLimits, Framer, ProxySecret, ServerTransport, Transport,
};

use super::transport_support::{seeded, unpadded};

const KEY: AuthKeyId = AuthKeyId(*b"key id 1");
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const DIRECTIONS: [Direction; 2] = [Direction::ClientToServer, Direction::ServerToClient];
const LIMITS: FrameLimits = FrameLimits::with_max_frame(1 << 20);

fn message(blocks: usize) -> Vec<u8> {
    let mut bytes = super::transport_support::message(blocks);
    bytes[..8].copy_from_slice(&KEY.0);
    bytes
}

fn secret() -> ProxySecret {
    ProxySecret::parse("ee00112233445566778899aabbccddeeff612e6578616d706c65").unwrap()
}

/// Both directions of a connection through `carrier` that exchanges messages of these lengths, one after the other,
/// and where the last byte of each is.
fn record(carrier: Carrier, blocks: &[usize]) -> ([Vec<u8>; 2], [Vec<u64>; 2]) {
    let mut random = seeded(1);
    let (mut inside, transport) = match carrier {
        Carrier::WebSocket => (
            ClientCarrier::websocket("a", "/apiws", &mut random).unwrap(),
            ClientTransport::obfuscated(Transport::Abridged),
        ),
        _ => (
            ClientCarrier::fake_tls(&secret(), NOW, &mut random).unwrap(),
            ClientTransport::proxy(secret(), DcId(2)),
        ),
    };
    let mut config = CarrierConfig::default();
    config.secrets = [secret()].into();
    let mut settings = ServerTransport::default();
    settings.secrets = [secret()].into();
    let mut outside = ServerCarrier::new(config);
    let mut client = Framer::client(&transport, LIMITS, &mut random).unwrap();
    let mut server = Framer::server(settings, LIMITS);
    let mut replays = ReplayGuard::new(9);

    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut ends = [Vec::new(), Vec::new()];
    inside.poll_transmit(&mut random, &mut up);
    outside
        .handle_bytes(NOW, &up, &mut replays, &mut Vec::new())
        .unwrap();
    outside.poll_transmit(&mut random, &mut down);
    inside.handle_bytes(&down, &mut Vec::new()).unwrap();
    for &blocks in blocks {
        let mut stream = Vec::new();
        client
            .write_payload(&message(blocks), false, &mut random, &mut stream)
            .unwrap();
        server.handle_bytes(&stream).unwrap();
        inside.write(&stream, &mut random, &mut up);
        ends[0].push(up.len() as u64);
        stream.clear();
        server
            .write_payload(&message(blocks), false, &mut random, &mut stream)
            .unwrap();
        outside.write(&stream, &mut random, &mut down);
        ends[1].push(down.len() as u64);
    }
    ([up, down], ends)
}

type Seen = Vec<(Range<u64>, Result<Vec<u8>, String>)>;

/// Gives `wire` to the tap in pieces, without the bytes in `gap`.
fn give(tap: &mut Tap, direction: Direction, wire: &[u8], piece: usize, gap: Range<usize>) -> Seen {
    let mut seen = Seen::new();
    let mut drain = |tap: &mut Tap| {
        while let Some(observed) = tap.poll(direction) {
            let what = match observed.what {
                What::Payload { data, at, .. } => {
                    assert!(observed.range.contains(&at));
                    Ok(unpadded(data).to_vec())
                }
                other => Err(format!("{other:?}")),
            };
            seen.push((observed.range, what));
        }
    };
    for piece in wire[..gap.start].chunks(piece) {
        tap.handle_bytes(direction, piece);
        drain(tap);
    }
    if !gap.is_empty() {
        tap.handle_gap(direction, gap.len() as u64);
        drain(tap);
    }
    for piece in wire[gap.end..].chunks(piece) {
        tap.handle_bytes(direction, piece);
        drain(tap);
    }
    let mut next = 0;
    for (range, _) in &seen {
        assert_eq!(range.start, next, "{seen:?}");
        next = range.end;
    }
    assert_eq!(tap.pending(direction), next..wire.len() as u64);
    seen
}

fn payloads(seen: &Seen) -> Vec<(u64, Vec<u8>)> {
    seen.iter()
        .filter_map(|(range, what)| Some((range.end, what.clone().ok()?)))
        .collect()
}

fn tap() -> Tap {
    Tap::new([secret()].into(), LIMITS)
}

#[test]
fn every_byte_of_a_carrier_is_attributed() {
    let blocks = [3, 2000, 7];
    for carrier in [Carrier::WebSocket, Carrier::FakeTls { secret: 0 }] {
        let (wires, ends) = record(carrier, &blocks);
        for piece in [1, 500, 1 << 20] {
            let mut tap = tap();
            for (side, direction) in DIRECTIONS.into_iter().enumerate() {
                let seen = give(&mut tap, direction, &wires[side], piece, 0..0);
                let expected: Vec<_> = ends[side]
                    .iter()
                    .copied()
                    .zip(blocks.map(message))
                    .collect();
                assert_eq!(payloads(&seen), expected, "{carrier:?}");
                let preambles = seen.iter().filter(|(_, what)| what.is_err()).count();
                // The opening, and the client's header inside.
                assert_eq!(preambles, 2 - side);
            }
            assert_eq!(tap.carrier(), Some(carrier));
            assert!(tap.detected().unwrap().obfuscated);
        }
    }
}

#[test]
fn a_gap_inside_a_record_costs_one_frame() {
    let blocks = [40, 60, 50];
    for carrier in [Carrier::WebSocket, Carrier::FakeTls { secret: 0 }] {
        let (wires, ends) = record(carrier, &blocks);
        for (side, direction) in DIRECTIONS.into_iter().enumerate() {
            let mut tap = tap();
            if side == 1 {
                give(&mut tap, DIRECTIONS[0], &wires[0], 999, 0..0);
            }
            let end = ends[side][1] as usize;
            let seen = give(&mut tap, direction, &wires[side], 77, end - 500..end - 200);
            let expected = [0, 2].map(|number| (ends[side][number], message(blocks[number])));
            assert_eq!(payloads(&seen), expected, "{carrier:?}");
        }
    }
}

#[test]
fn a_gap_across_records_ends_what_can_be_read() {
    for carrier in [Carrier::WebSocket, Carrier::FakeTls { secret: 0 }] {
        let (wires, ends) = record(carrier, &[40, 60, 50]);
        let mut tap = tap();
        let end = ends[0][1] as usize;
        let seen = give(&mut tap, DIRECTIONS[0], &wires[0], 77, end - 10..end + 10);
        assert_eq!(payloads(&seen), [(ends[0][0], message(40))]);
        let last = seen.last().unwrap();
        assert_eq!(last.0.end, wires[0].len() as u64);
        let reason = What::Skipped(SkipReason::AfterGap);
        assert_eq!(last.1, Err(format!("{reason:?}")));
    }
}

#[test]
fn the_look_of_tls_needs_its_secret() {
    let (wires, _) = record(Carrier::FakeTls { secret: 0 }, &[40]);
    let mut tap = Tap::new([].into(), LIMITS);
    let seen = give(&mut tap, DIRECTIONS[0], &wires[0], 100, 0..0);
    assert_eq!(
        (payloads(&seen).len(), tap.carrier(), tap.detected()),
        (0, None, None)
    );
}

fn record_http(blocks: &[usize]) -> [Vec<u8>; 2] {
    let mut client = HttpClient::new("a", "/api", LIMITS).unwrap();
    let mut server = HttpServer::new(LIMITS);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for &blocks in blocks {
        let start = up.len();
        client.write_request(&message(blocks), &mut up);
        server.handle_bytes(&up[start..]).unwrap();
        assert!(server.poll_request().unwrap().is_some());
        server.respond(&message(blocks + 1), &mut down);
    }
    [up, down]
}

#[test]
fn bodies_of_http_are_payloads() {
    let wires = record_http(&[3, 90, 4]);
    for piece in [1, 100, 1 << 20] {
        let mut tap = tap();
        for (side, direction) in DIRECTIONS.into_iter().enumerate() {
            let seen = give(&mut tap, direction, &wires[side], piece, 0..0);
            let bodies: Vec<_> = payloads(&seen).into_iter().map(|(_, body)| body).collect();
            assert_eq!(bodies, [3, 90, 4].map(|blocks| message(blocks + side)));
            assert_eq!(seen.len(), 3);
        }
        assert_eq!((tap.carrier(), tap.detected()), (Some(Carrier::Http), None));
    }
}

#[test]
fn a_gap_inside_a_body_costs_one_payload() {
    let wires = record_http(&[30, 90, 40]);
    for (side, direction) in DIRECTIONS.into_iter().enumerate() {
        let mut tap = tap();
        if side == 1 {
            give(&mut tap, DIRECTIONS[0], &wires[0], 999, 0..0);
        }
        let second = message(90 + side);
        let at = wires[side]
            .windows(second.len())
            .position(|window| window == second);
        let at = at.unwrap();
        let seen = give(
            &mut tap,
            direction,
            &wires[side],
            55,
            at + 1..at + second.len(),
        );
        let bodies: Vec<_> = payloads(&seen).into_iter().map(|(_, body)| body).collect();
        assert_eq!(bodies, [30, 40].map(|blocks| message(blocks + side)));
    }
}

#[test]
fn statuses_empty_responses_and_chunks_are_told() {
    let mut tap = tap();
    tap.handle_bytes(DIRECTIONS[0], &record_http(&[3])[0]);
    let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\
                 HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno\
                 HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n";
    let seen = give(&mut tap, DIRECTIONS[1], wire, 10, 0..0);
    let reason = CarrierError::Http(HttpError::Length);
    let skipped = format!("{:?}", What::Skipped(SkipReason::Carrier(reason)));
    let mut what: Vec<_> = seen
        .iter()
        .map(|(_, what)| what.clone().unwrap_err())
        .collect();
    what.dedup();
    assert_eq!(
        what,
        [
            "Preamble".to_owned(),
            "TransportError(-404)".to_owned(),
            skipped
        ]
    );
}

#[test]
fn a_beginning_that_is_known_to_be_missing_is_not_taken_for_one() {
    // The middle of a plain stream may begin like the tag of another transport.
    let mut wire = vec![0xef];
    wire.extend(vec![0; 120]);
    let frame = message(6);
    wire.extend((frame.len() as u32).to_le_bytes());
    wire.extend(&frame);
    let mut tap = tap();
    tap.expect_key(KEY);
    tap.handle_gap(DIRECTIONS[0], 0);
    let seen = give(&mut tap, DIRECTIONS[0], &wire, 30, 0..0);
    assert_eq!(payloads(&seen), [(wire.len() as u64, frame)]);
    assert_eq!(tap.detected().unwrap().transport, Transport::Intermediate);
}
