//! Byte streams: any bytes in any pieces give the same frames, and what one end writes the other one reads.

use std::sync::Arc;

use mtproto_core::crypto::kdf::Direction;
use mtproto_core::ids::AuthKeyId;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::transport::obfuscated;
use mtproto_core::transport::passive::{Tap, What};
use mtproto_core::transport::{
    ClientTransport, Frame, FrameError, FrameLimits, Framer, ProxySecret, ServerTransport,
    Transport,
};

/// Small, so that a short input can exceed it.
const LIMIT: FrameLimits = FrameLimits::with_max_frame(4096);

/// Streams of the abridged transport.
pub fn frame_abridged(data: &[u8]) {
    frame(Transport::Abridged, data);
}

/// Streams of the intermediate transport.
pub fn frame_intermediate(data: &[u8]) {
    frame(Transport::Intermediate, data);
}

/// Streams of the padded intermediate transport.
pub fn frame_padded(data: &[u8]) {
    frame(Transport::PaddedIntermediate, data);
}

/// Streams of the full transport.
pub fn frame_full(data: &[u8]) {
    frame(Transport::Full, data);
}

/// Obfuscated streams: below the cipher they are read as plain ones are.
///
/// The first byte chooses the transport, the second one the pieces; the rest is the stream.
pub fn frame_obfuscated(data: &[u8]) {
    let [choice, pieces, stream @ ..] = data else {
        return;
    };
    let transport = [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::PaddedIntermediate,
    ][usize::from(choice % 3)];
    let mut random = ChaChaRandom::from_number((*choice).into());
    let (header, mut keystreams) = obfuscated::generate(transport, None, None, &mut random)
        .expect("these transports have an obfuscated form");
    let mut enciphered = stream.to_vec();
    keystreams.client_to_server.apply(&mut enciphered);
    let wire = [&header[..], &enciphered].concat();
    let plain = [transport.tag(), stream].concat();
    assert_eq!(
        read(&mut server(), &wire, piece(*pieces)),
        read(&mut server(), &plain, usize::MAX)
    );
    round_trip(&ClientTransport::obfuscated(transport), stream);
}

/// The first bytes of a stream, at a server that also knows proxy secrets.
///
/// The first byte chooses the pieces; the rest is the stream.
pub fn detect(data: &[u8]) {
    let [pieces, stream @ ..] = data else {
        return;
    };
    let mut config = ServerTransport::default();
    config.secrets = secrets();
    let mut whole = Framer::server(config.clone(), LIMIT);
    let mut cut = Framer::server(config, LIMIT);
    assert_eq!(
        read(&mut whole, stream, usize::MAX),
        read(&mut cut, stream, piece(*pieces))
    );
    assert_eq!(whole.detected(), cut.detected());
}

/// A stream read from outside: pieces and gaps of both directions, each introduced by a byte.
pub fn tap(data: &[u8]) {
    let mut tap = Tap::new(secrets(), LIMIT);
    tap.expect_key(AuthKeyId(*b"auth key"));
    let mut totals = [0; 2];
    let mut reported = [0; 2];
    let mut rest = data;
    while let [step, tail @ ..] = rest {
        let side = usize::from(step & 1);
        let direction = [Direction::ClientToServer, Direction::ServerToClient][side];
        let len = usize::from(step >> 2);
        if step & 2 == 0 {
            let (piece, after) = tail.split_at(len.min(tail.len()));
            tap.handle_bytes(direction, piece);
            totals[side] += piece.len() as u64;
            rest = after;
        } else {
            tap.handle_gap(direction, len as u64);
            totals[side] += len as u64;
            rest = tail;
        }
        while let Some(observed) = tap.poll(direction) {
            assert_eq!(observed.range.start, reported[side], "ranges have no holes");
            assert!(!observed.range.is_empty());
            reported[side] = observed.range.end;
            if let What::Payload { data, at, .. } = observed.what {
                assert!(at >= observed.range.start);
                assert!(at + data.len() as u64 <= observed.range.end);
            }
        }
        assert_eq!(tap.pending(direction), reported[side]..totals[side]);
    }
}

/// The first byte chooses the pieces; the rest is a stream, then a payload.
fn frame(transport: Transport, data: &[u8]) {
    let [pieces, stream @ ..] = data else {
        return;
    };
    let wire = [transport.tag(), stream].concat();
    assert_eq!(
        read(&mut server(), &wire, usize::MAX),
        read(&mut server(), &wire, piece(*pieces))
    );
    let config = ClientTransport::plain(transport);
    assert_eq!(
        read(&mut client(&config), stream, usize::MAX),
        read(&mut client(&config), stream, piece(*pieces))
    );
    round_trip(&config, stream);
}

/// Sends `payload` both ways.
fn round_trip(config: &ClientTransport, payload: &[u8]) {
    let mut payload = payload[..payload.len().min(LIMIT.max_frame - 15)].to_vec();
    // What is shorter than a message means something else.
    payload.resize(payload.len().max(20).next_multiple_of(4), 0);
    payload.truncate(LIMIT.max_frame - 16);
    let padding = match config.transport {
        Transport::PaddedIntermediate => 15,
        _ => 0,
    };
    let mut random = ChaChaRandom::from_number(payload.len() as u64);
    let (mut client, mut server) = (client(config), server());
    for _ in 0..2 {
        for up in [true, false] {
            let (from, to) = if up {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            let mut wire = Vec::new();
            from.write_payload(&payload, false, &mut random, &mut wire)
                .expect("the transport is known and the payload is whole words");
            let (frames, error) = read(to, &wire, usize::MAX);
            assert_eq!(error, None);
            let [Seen::Payload(seen, false)] = &frames[..] else {
                panic!("one payload was sent, {frames:?} came");
            };
            assert!(seen.starts_with(&payload));
            assert!(seen.len() <= payload.len() + padding);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Payload(Vec<u8>, bool),
    QuickAck(u32),
    TransportError(i32),
}

/// All frames of `wire`, given in pieces of this length, and the error that ends them.
fn read(framer: &mut Framer, wire: &[u8], piece: usize) -> (Vec<Seen>, Option<FrameError>) {
    let mut seen = Vec::new();
    for piece in wire.chunks(piece) {
        if let Err(error) = framer.handle_bytes(piece) {
            return (seen, Some(error));
        }
        loop {
            match framer.poll_frame() {
                Ok(None) => break,
                Ok(Some(Frame::Payload {
                    data,
                    quick_ack_requested,
                })) => {
                    assert!(data.len() <= LIMIT.max_frame);
                    seen.push(Seen::Payload(data.to_vec(), quick_ack_requested));
                }
                Ok(Some(Frame::QuickAck(token))) => seen.push(Seen::QuickAck(token)),
                Ok(Some(Frame::TransportError(code))) => seen.push(Seen::TransportError(code)),
                Err(error) => return (seen, Some(error)),
            }
        }
    }
    (seen, None)
}

/// From one byte to 64 at once.
fn piece(choice: u8) -> usize {
    usize::from(choice % 64) + 1
}

fn server() -> Framer {
    Framer::server(ServerTransport::default(), LIMIT)
}

fn client(config: &ClientTransport) -> Framer {
    Framer::client(config, LIMIT, &mut ChaChaRandom::from_number(1))
        .expect("the transport has this form")
}

fn secrets() -> Arc<[ProxySecret]> {
    [
        "00112233445566778899aabbccddeeff",
        "dd0123456789abcdef0123456789abcdef",
    ]
    .iter()
    .map(|text| ProxySecret::parse(text).expect("a secret in hexadecimal"))
    .collect()
}
