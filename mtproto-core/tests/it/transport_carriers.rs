//! Streams inside WebSockets and inside what looks like TLS.

use std::sync::Arc;

use mtproto_core::crypto::kdf::Direction;
use mtproto_core::ids::DcId;
use mtproto_core::time::UnixTime;
use mtproto_core::transport::carrier::http::HttpError;
use mtproto_core::transport::carrier::tls::{self, ClientHello, RecordReader, TlsError};
use mtproto_core::transport::carrier::websocket::{self, FrameReader, WebSocketError};
use mtproto_core::transport::carrier::{
    Carrier, CarrierConfig, CarrierError, ClientCarrier, ReplayGuard, ServerCarrier,
};
use mtproto_core::transport::{
    ClientTransport, FrameLimits, Framer, ProxySecret, ServerTransport, Transport,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::support::{array, bytes, entries, vectors};
use super::transport_support::{Owned, message, plain_client, read, seeded, unpadded};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const SECRET: &str = "ee00112233445566778899aabbccddeeff612e6578616d706c65";

fn secret() -> ProxySecret {
    ProxySecret::parse(SECRET).unwrap()
}

fn config() -> CarrierConfig {
    let other = ProxySecret::parse("eeffeeddccbbaa99887766554433221100612e6578616d706c65").unwrap();
    let mut config = CarrierConfig::default();
    config.secrets = Arc::from([other, secret()]);
    config
}

fn server() -> ServerCarrier {
    ServerCarrier::new(config())
}

fn fake_tls() -> ClientCarrier {
    ClientCarrier::fake_tls(&secret(), NOW, &mut seeded(5)).unwrap()
}

fn websocket() -> ClientCarrier {
    ClientCarrier::websocket("localhost:2443", "/apiws", &mut seeded(5)).unwrap()
}

/// What the server says to these bytes, and what they carry.
fn server_takes(
    server: &mut ServerCarrier,
    wire: &[u8],
) -> (Result<Vec<u8>, CarrierError>, Vec<u8>) {
    let mut stream = Vec::new();
    let outcome = server.handle_bytes(NOW, wire, &mut ReplayGuard::new(4), &mut stream);
    let mut said = Vec::new();
    server.poll_transmit(&mut seeded(6), &mut said);
    (outcome.map(|()| stream), said)
}

fn client_says(client: &mut ClientCarrier) -> Vec<u8> {
    let mut said = Vec::new();
    client.poll_transmit(&mut seeded(7), &mut said);
    said
}

/// A client and a server that have opened their carrier.
fn opened(mut client: ClientCarrier) -> (ClientCarrier, ServerCarrier) {
    let mut server = server();
    let (outcome, answer) = server_takes(&mut server, &client_says(&mut client));
    assert_eq!(outcome, Ok(vec![]));
    assert!(!client.is_open());
    let mut stream = Vec::new();
    client.handle_bytes(&answer, &mut stream).unwrap();
    assert_eq!((client.is_open(), stream.len()), (true, 0));
    (client, server)
}

#[test]
fn a_whole_stream_goes_through_either_carrier_in_any_pieces() {
    for (carrier, found) in [
        (
            fake_tls as fn() -> ClientCarrier,
            Carrier::FakeTls { secret: 1 },
        ),
        (websocket, Carrier::WebSocket),
    ] {
        for piece in [1, 13, 100_000] {
            let (mut client, mut server) = (carrier(), server());
            let transport = match found {
                Carrier::WebSocket => ClientTransport::obfuscated(Transport::Abridged),
                _ => ClientTransport::proxy(secret(), DcId(2)),
            };
            let limits = FrameLimits::default();
            let mut inside = Framer::client(&transport, limits, &mut seeded(1)).unwrap();
            let mut settings = ServerTransport::default();
            settings.secrets = config().secrets;
            let mut outside = Framer::server(settings, limits);
            let mut random = seeded(3);

            // The client writes before the carrier is open.
            let (mut stream, mut up) = (Vec::new(), Vec::new());
            for blocks in [3, 3000] {
                inside
                    .write_payload(&message(blocks), false, &mut random, &mut stream)
                    .unwrap();
            }
            client.write(&stream, &mut random, &mut up);

            let (mut received, mut replies) = (Vec::new(), Vec::new());
            let mut replays = ReplayGuard::new(9);
            let mut down = Vec::new();
            for _ in 0..3 {
                for piece in up.chunks(piece) {
                    let mut stream = Vec::new();
                    server
                        .handle_bytes(NOW, piece, &mut replays, &mut stream)
                        .unwrap();
                    server.poll_transmit(&mut random, &mut down);
                    let (frames, error) = read(&mut outside, [&stream[..]]);
                    assert_eq!(error, None);
                    for _ in &frames {
                        let mut stream = Vec::new();
                        outside
                            .write_payload(&message(2000), false, &mut random, &mut stream)
                            .unwrap();
                        server.write(&stream, &mut random, &mut down);
                    }
                    received.extend(frames);
                }
                up.clear();
                for piece in down.chunks(piece) {
                    let mut stream = Vec::new();
                    client.handle_bytes(piece, &mut stream).unwrap();
                    client.poll_transmit(&mut random, &mut up);
                    let (frames, error) = read(&mut inside, [&stream[..]]);
                    assert_eq!(error, None);
                    replies.extend(frames);
                }
                down.clear();
            }
            assert_eq!(server.carrier(), Some(found));
            for (frames, lens) in [(&received, [3, 3000]), (&replies, [2000, 2000])] {
                assert_eq!(frames.len(), 2);
                for (frame, blocks) in frames.iter().zip(lens) {
                    let Owned::Payload(frame) = frame else {
                        panic!("{frame:?}");
                    };
                    assert_eq!(unpadded(frame), message(blocks));
                }
            }
        }
    }
}

#[test]
fn tr_39_streams_without_carrier_pass_untouched() {
    for transport in [Transport::Abridged, Transport::Full] {
        let mut wire = Vec::new();
        plain_client(transport)
            .write_payload(&message(2), false, &mut seeded(1), &mut wire)
            .unwrap();
        let mut server = server();
        let (head, tail) = wire.split_at(2);
        let mut passed = server_takes(&mut server, head).0.unwrap();
        passed.extend(server_takes(&mut server, tail).0.unwrap());
        assert_eq!(passed, wire);
        assert_eq!(server.carrier(), Some(Carrier::Direct));
        let mut said = Vec::new();
        server.write(b"stream", &mut seeded(1), &mut said);
        assert_eq!(said, b"stream");
    }
}

#[test]
fn tr_33_a_replayed_header_gets_no_answer() {
    let transport = ClientTransport::proxy(secret(), DcId(2));
    let mut client = Framer::client(&transport, FrameLimits::default(), &mut seeded(1)).unwrap();
    let mut wire = Vec::new();
    client
        .write_payload(&message(2), false, &mut seeded(1), &mut wire)
        .unwrap();
    let mut replays = ReplayGuard::new(10);
    let mut first = Vec::new();
    server()
        .handle_bytes(NOW, &wire, &mut replays, &mut first)
        .unwrap();
    assert_eq!(first, wire);
    let mut second = Vec::new();
    let mut server = server();
    let outcome = server.handle_bytes(NOW, &wire, &mut replays, &mut second);
    assert_eq!(outcome, Err(CarrierError::Replay));
    server.poll_transmit(&mut seeded(1), &mut second);
    assert_eq!((second.len(), server.is_done()), (0, true));
}

#[test]
fn tr_34_a_server_hello_without_the_secret_is_refused() {
    let mut client = fake_tls();
    let (_, answer) = server_takes(&mut server(), &client_says(&mut client));
    for at in [11, 30, 60, answer.len() - 1] {
        let mut client = fake_tls();
        client_says(&mut client);
        client.write(b"secret stream", &mut seeded(1), &mut Vec::new());
        let mut forged = answer.clone();
        forged[at] ^= 0x10;
        let outcome = client.handle_bytes(&forged, &mut Vec::new());
        assert_eq!(outcome, Err(CarrierError::Tls(TlsError::Digest)));
        // Not one byte of the stream leaves, then or later.
        client.write(b"more", &mut seeded(1), &mut Vec::new());
        assert!(client_says(&mut client).is_empty());
    }
    let mut client = fake_tls();
    client.handle_bytes(&answer, &mut Vec::new()).unwrap();
    assert!(client.is_open());
}

#[test]
fn tr_35_only_data_records_are_read_and_empty_ones_are_skipped() {
    let (mut client, _) = opened(fake_tls());
    let mut stream = Vec::new();
    let records =
        b"\x17\x03\x03\x00\x00\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x00\x17\x03\x03\x00\x01c";
    for piece in records.chunks(1) {
        client.handle_bytes(piece, &mut stream).unwrap();
    }
    assert_eq!(stream, b"abc");
    for (record, error) in [
        (
            &b"\x15\x03\x03\x00\x02\x02\x28"[..],
            TlsError::Record { kind: 0x15 },
        ),
        (b"\x16\x03\x03\x00\x01\x04", TlsError::Record { kind: 0x16 }),
        (b"\x14\x03\x03\x00\x01\x01", TlsError::Record { kind: 0x14 }),
        (b"\x17\x03\x01\x00\x01a", TlsError::Record { kind: 0x17 }),
        (
            b"\x17\x03\x03\xff\xff",
            TlsError::RecordLength { announced: 0xffff },
        ),
    ] {
        let (mut client, _) = opened(fake_tls());
        let outcome = client.handle_bytes(record, &mut stream);
        assert_eq!(outcome, Err(CarrierError::Tls(error)));
    }
}

#[test]
fn tr_35_records_are_no_longer_than_tls_allows() {
    let mut wire = Vec::new();
    tls::write_records(&vec![7; 40_000], usize::MAX, &mut wire);
    assert_eq!(wire[..5], [0x17, 3, 3, 0x40, 0]);
    let mut stream = Vec::new();
    RecordReader::default().read(&wire, &mut stream).unwrap();
    assert_eq!(stream, vec![7; 40_000]);
    assert_eq!(wire.len(), 40_000 + 3 * 5);
}

#[test]
fn tr_36_a_hello_with_the_wrong_secret_domain_or_time_gets_no_answer() {
    let hello = |secret: &str, now: u64| {
        let secret = ProxySecret::parse(secret).unwrap();
        let now = UnixTime::from_secs(now);
        client_says(&mut ClientCarrier::fake_tls(&secret, now, &mut seeded(5)).unwrap())
    };
    let mut flipped = hello(SECRET, NOW.as_secs());
    flipped[20] ^= 1;
    let day = 86_400;
    for (wire, error) in [
        (flipped, TlsError::Digest),
        (
            hello(
                "ee00112233445566778899aabbccddeefe612e6578616d706c65",
                NOW.as_secs(),
            ),
            TlsError::Digest,
        ),
        (
            hello(
                "ee00112233445566778899aabbccddeeff622e6578616d706c65",
                NOW.as_secs(),
            ),
            TlsError::Digest,
        ),
        (
            hello(SECRET, NOW.as_secs() + day),
            TlsError::Time { skew: 86_400 },
        ),
        (
            hello(SECRET, NOW.as_secs() - day),
            TlsError::Time { skew: -86_400 },
        ),
    ] {
        let (outcome, said) = server_takes(&mut server(), &wire);
        assert_eq!(outcome, Err(CarrierError::Tls(error)));
        assert!(said.is_empty());
    }
    for near in [NOW.as_secs() - 100, NOW.as_secs() + 100] {
        let (outcome, said) = server_takes(&mut server(), &hello(SECRET, near));
        assert_eq!((outcome, said.is_empty()), (Ok(vec![]), false));
    }
}

#[test]
fn tr_36_a_replayed_hello_gets_no_answer() {
    let hello = client_says(&mut fake_tls());
    let mut replays = ReplayGuard::new(10);
    let mut outcome = |wire: &[u8]| server().handle_bytes(NOW, wire, &mut replays, &mut Vec::new());
    assert_eq!(outcome(&hello), Ok(()));
    assert_eq!(outcome(&hello), Err(CarrierError::Tls(TlsError::Replay)));
}

#[test]
fn tr_40_a_tls_hello_at_a_server_without_such_secrets_gets_no_answer() {
    let hello = client_says(&mut fake_tls());
    let mut server = ServerCarrier::new(CarrierConfig::default());
    let (outcome, said) = server_takes(&mut server, &hello);
    assert_eq!(outcome, Err(CarrierError::Tls(TlsError::Digest)));
    assert!(said.is_empty());
}

#[test]
fn a_client_hello_looks_like_one_of_a_browser() {
    let hello = client_says(&mut fake_tls());
    assert_eq!(hello.len(), 517);
    assert_eq!(hello[..11], [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
    let (parsed, len) = ClientHello::parse(&hello).unwrap().unwrap();
    assert_eq!(len, 517);
    assert_eq!(parsed.server_name, Some(&b"a.example"[..]));
    assert_eq!(parsed.session_id.len(), 32);
    assert_eq!(parsed.verify(secret().key()), Some(1_700_000_000));
    for len in 0..hello.len() {
        assert!(ClientHello::parse(&hello[..len]).unwrap().is_none());
    }
}

#[test]
fn tr_34_server_hellos_agree_with_the_reference() {
    let file = "fake_tls.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "server_hello") {
        let mut wire = bytes(entry, "server_bytes");
        let (key, client_random) = (array(entry, "secret16"), array(entry, "client_random"));
        let len: usize = entry["records_type_version_len"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| 5 + record[2].as_u64().unwrap() as usize)
            .sum();
        let check = |wire: &[u8]| tls::check_server_hello(wire, &key, &client_random);
        assert_eq!(check(&wire), Ok(Some(len)), "{name}");
        for cut in [0, 4, 5, 100, 126, 133, len - 1] {
            assert_eq!(check(&wire[..cut]), Ok(None), "{name}");
        }
        wire[40] ^= 1;
        assert_eq!(check(&wire), Err(TlsError::Digest), "{name}");
    }
}

#[test]
fn a_websocket_must_be_asked_for_with_the_sub_protocol_binary() {
    let request = String::from_utf8(client_says(&mut websocket())).unwrap();
    let refused = |text: &str, error: WebSocketError| {
        let mut server = server();
        let (outcome, said) = server_takes(&mut server, text.as_bytes());
        assert_eq!(outcome, Err(CarrierError::WebSocket(error)), "{text}");
        assert!(said.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
        assert!(server.is_done());
    };
    let without = |line: &str| {
        assert!(request.contains(line), "{request}");
        request.replace(line, "")
    };
    refused(
        &without("Sec-WebSocket-Protocol: binary\r\n"),
        WebSocketError::SubProtocol,
    );
    refused(
        &without("Sec-WebSocket-Version: 13\r\n"),
        WebSocketError::Upgrade,
    );
    refused(&without("Connection: Upgrade\r\n"), WebSocketError::Upgrade);
    refused(&request.replace("Key: ", "Key: A"), WebSocketError::Upgrade);
    refused(
        &request.replace("websocket", "h2c"),
        WebSocketError::Upgrade,
    );
    // Several sub-protocols may be offered.
    let offered = request.replace("Protocol: binary", "Protocol: mqtt, binary");
    let (outcome, said) = server_takes(&mut server(), offered.as_bytes());
    assert_eq!(outcome, Ok(vec![]));
    assert!(said.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
}

#[test]
fn a_get_without_upgrade_is_http() {
    let mut server = server();
    let (outcome, _) = server_takes(&mut server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(outcome, Ok(vec![]));
    assert_eq!(server.carrier(), Some(Carrier::Http));
    assert_eq!(
        server.http().unwrap().poll_request(),
        Err(HttpError::Method)
    );
    let mut said = Vec::new();
    server.poll_transmit(&mut seeded(1), &mut said);
    assert!(said.starts_with(b"HTTP/1.1 405 "));
}

#[test]
fn a_client_accepts_only_the_answer_to_its_own_request() {
    let (_, answer) = server_takes(&mut server(), &client_says(&mut websocket()));
    let answer = String::from_utf8(answer).unwrap();
    for (answer, error) in [
        (
            answer.replace("Accept: ", "Accept: x"),
            WebSocketError::Accept,
        ),
        (
            answer.replace("101 Switching Protocols", "403 Forbidden"),
            WebSocketError::Refused { status: 403 },
        ),
        (
            answer.replace(": binary", ": text"),
            WebSocketError::SubProtocol,
        ),
        (
            answer.replace("Upgrade: websocket\r\n", ""),
            WebSocketError::Upgrade,
        ),
        (
            "x".repeat(20_000),
            WebSocketError::Http(HttpError::HeadTooLong),
        ),
    ] {
        let outcome = websocket().handle_bytes(answer.as_bytes(), &mut Vec::new());
        let error = match error {
            WebSocketError::Http(error) => CarrierError::Http(error),
            error => CarrierError::WebSocket(error),
        };
        assert_eq!(outcome, Err(error), "{answer}");
    }
}

#[test]
fn pings_are_answered_and_a_close_is_returned() {
    let (mut client, mut server) = opened(websocket());
    // Ping "hi" and close 1001, masked with zeros.
    let (outcome, said) = server_takes(&mut server, b"\x89\x82\0\0\0\0hi");
    assert_eq!((outcome, &said[..]), (Ok(vec![]), &b"\x8a\x02hi"[..]));
    let (outcome, said) = server_takes(&mut server, b"\x88\x82\0\0\0\0\x03\xe9ignored");
    assert_eq!((outcome, &said[..]), (Ok(vec![]), &b"\x88\x02\x03\xe9"[..]));
    assert!(server.is_done());

    client
        .handle_bytes(b"\x89\x02hi\x88\x00", &mut Vec::new())
        .unwrap();
    assert!(client.is_done());
}

#[test]
fn a_clients_pong_is_masked() {
    let (mut client, mut server) = opened(websocket());
    client.handle_bytes(b"\x89\x02hi", &mut Vec::new()).unwrap();
    let pong = client_says(&mut client);
    assert_eq!((pong.len(), pong[0], pong[1]), (8, 0x8a, 0x82));
    assert_eq!(server_takes(&mut server, &pong), (Ok(vec![]), vec![]));
}

#[test]
fn frames_that_break_the_rules_end_the_websocket() {
    for (wire, error) in [
        // Without a mask, as text, with reserved bits, of an unknown kind.
        (&b"\x82\x01a"[..], WebSocketError::Frame),
        (b"\x81\x81\0\0\0\0a", WebSocketError::Frame),
        (b"\xc2\x81\0\0\0\0a", WebSocketError::Frame),
        (b"\x83\x81\0\0\0\0a", WebSocketError::Frame),
        // A continuation of nothing, a message in a message, a cut ping, a long ping.
        (b"\x80\x81\0\0\0\0a", WebSocketError::Frame),
        (b"\x02\x81\0\0\0\0a\x82\x81\0\0\0\0a", WebSocketError::Frame),
        (b"\x09\x81\0\0\0\0a", WebSocketError::Frame),
        (b"\x89\xfe\0\x7e\0\0\0\0", WebSocketError::Frame),
        (
            b"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0",
            WebSocketError::FrameLength,
        ),
    ] {
        let (_, mut server) = opened(websocket());
        let (outcome, said) = server_takes(&mut server, wire);
        assert_eq!(outcome, Err(CarrierError::WebSocket(error)), "{wire:02x?}");
        assert_eq!(said, b"\x88\x02\x03\xea");
    }
}

#[test]
fn messages_may_be_cut_into_frames_with_pings_between() {
    let (_, mut server) = opened(websocket());
    let wire = b"\x02\x82\0\0\0\0ab\x89\x80\0\0\0\0\x00\x80\0\0\0\0\x80\x81\0\0\0\0c";
    let (outcome, said) = server_takes(&mut server, wire);
    assert_eq!(
        (outcome, &said[..]),
        (Ok(b"abc".to_vec()), &b"\x8a\x00"[..])
    );
}

const STARTS: &[&[u8]] = &[
    b"",
    b"GET ",
    b"POST / HTTP/1.1\r\n",
    b"\x16\x03\x01\0\x40\x01\0",
];

proptest! {
    #[test]
    fn any_stream_in_any_pieces_comes_out_of_websocket_frames(
        parts in vec(vec(any::<u8>(), 0..300), 0..6),
        mask: Option<[u8; 4]>,
        piece in 1_usize..400,
    ) {
        let direction = match mask {
            Some(_) => Direction::ClientToServer,
            None => Direction::ServerToClient,
        };
        let mut wire = Vec::new();
        for part in &parts {
            websocket::write_message(part, mask, &mut wire);
        }
        let mut reader = FrameReader::new(direction);
        let mut stream = Vec::new();
        for piece in wire.chunks(piece) {
            reader.read(piece, &mut stream).unwrap();
        }
        prop_assert_eq!(stream, parts.concat());
    }

    #[test]
    fn noise_in_any_pieces_has_the_same_end(
        start in select(STARTS),
        noise in vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), any::<u8>()], 0..300),
        piece in 1_usize..50,
    ) {
        let wire = [start, &noise[..]].concat();
        let run = |piece: usize| {
            let mut server = server();
            let mut stream = Vec::new();
            let mut replays = ReplayGuard::new(1);
            let outcome = wire
                .chunks(piece)
                .try_for_each(|piece| server.handle_bytes(NOW, piece, &mut replays, &mut stream));
            (outcome, stream, server.carrier())
        };
        prop_assert_eq!(run(piece), run(usize::MAX));
    }
}
