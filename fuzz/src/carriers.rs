//! What streams hide in: any bytes in any pieces have the same end, and what is written comes out.

use std::sync::Arc;

use mtproto_core::crypto::kdf::Direction;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::UnixTime;
use mtproto_core::transport::carrier::http::{HttpClient, HttpError, HttpServer};
use mtproto_core::transport::carrier::tls::{self, ClientHello, RecordReader};
use mtproto_core::transport::carrier::websocket::{self, FrameReader};
use mtproto_core::transport::carrier::{
    Carrier, CarrierConfig, CarrierError, ClientCarrier, ReplayGuard, ServerCarrier,
};
use mtproto_core::transport::{Frame, FrameLimits, ProxySecret};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const LIMIT: FrameLimits = FrameLimits::with_max_frame(4096);

/// A server that does not know what comes. The first byte chooses the pieces.
pub fn carrier(data: &[u8]) {
    let [pieces, wire @ ..] = data else {
        return;
    };
    assert_eq!(serve(wire, usize::MAX), serve(wire, piece(*pieces)));
}

/// The look of TLS: hellos at either end, then records. The first byte chooses the pieces.
pub fn fake_tls(data: &[u8]) {
    let [pieces, wire @ ..] = data else {
        return;
    };
    if let Ok(Some((hello, len))) = ClientHello::parse(wire) {
        assert!(len <= wire.len());
        let _ = hello.verify(secret().key());
    }
    let _ = tls::check_server_hello(wire, secret().key(), &[1; 32]);

    let read = |mut reader: RecordReader, wire: &[u8], piece: usize| {
        let mut stream = Vec::new();
        let outcome = wire
            .chunks(piece)
            .try_for_each(|piece| reader.read(piece, &mut stream));
        assert!(stream.len() <= wire.len());
        (outcome, stream)
    };
    let whole = read(RecordReader::default(), wire, usize::MAX);
    assert_eq!(read(RecordReader::default(), wire, piece(*pieces)), whole);

    let mut records = Vec::new();
    tls::write_records(wire, piece(*pieces), &mut records);
    assert_eq!(
        read(RecordReader::for_client(), &records, usize::MAX),
        (Ok(()), wire.to_vec())
    );

    let client = || {
        ClientCarrier::fake_tls(&secret(), NOW, &mut ChaChaRandom::from_number(1))
            .expect("the secret has a domain")
    };
    opened(client(), wire, Carrier::FakeTls { secret: 0 });
    let mut client = client();
    let _ = client.handle_bytes(wire, &mut Vec::new());
}

/// HTTP at either end. The first byte chooses the pieces.
pub fn http(data: &[u8]) {
    let [pieces, wire @ ..] = data else {
        return;
    };
    assert_eq!(requests(wire, usize::MAX), requests(wire, piece(*pieces)));
    assert_eq!(responses(wire, usize::MAX), responses(wire, piece(*pieces)));

    let payload = &wire[..wire.len().min(LIMIT.max_frame)];
    let mut client = http_client();
    let mut sent = Vec::new();
    client.write_request(payload, &mut sent);
    assert_eq!(
        requests(&sent, piece(*pieces)),
        (vec![payload.to_vec()], None)
    );
}

/// The frames of a WebSocket and its opening. The first byte chooses the pieces.
pub fn websocket(data: &[u8]) {
    let [pieces, wire @ ..] = data else {
        return;
    };
    let read = |direction, wire: &[u8], piece: usize| {
        let mut reader = FrameReader::new(direction);
        let mut stream = Vec::new();
        let outcome = wire
            .chunks(piece)
            .try_for_each(|piece| reader.read(piece, &mut stream));
        assert!(stream.len() <= wire.len());
        (outcome, stream, reader.ended())
    };
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        assert_eq!(
            read(direction, wire, usize::MAX),
            read(direction, wire, piece(*pieces))
        );
    }
    let mut message = Vec::new();
    websocket::write_message(wire, Some([*pieces, 1, 2, 3]), &mut message);
    assert_eq!(
        read(Direction::ClientToServer, &message, piece(*pieces)),
        (Ok(()), wire.to_vec(), None)
    );

    let _ = websocket::accept_upgrade(wire);
    let _ = websocket::check_response(wire, &[*pieces; 16]);
    let client = ClientCarrier::websocket("a", "/apiws", &mut ChaChaRandom::from_number(1))
        .expect("host and target are sound");
    opened(client, wire, Carrier::WebSocket);
}

/// Sends `stream` from a client to a server through a carrier that they open first.
fn opened(mut client: ClientCarrier, stream: &[u8], expected: Carrier) {
    let mut random = ChaChaRandom::from_number(2);
    let mut server = server();
    let mut replays = ReplayGuard::new(1);
    let (mut up, mut down, mut received) = (Vec::new(), Vec::new(), Vec::new());
    client.write(stream, &mut random, &mut up);
    for _ in 0..2 {
        server
            .handle_bytes(NOW, &up, &mut replays, &mut received)
            .expect("the client keeps the rules");
        up.clear();
        server.poll_transmit(&mut random, &mut down);
        client
            .handle_bytes(&down, &mut Vec::new())
            .expect("the server keeps the rules");
        down.clear();
        client.poll_transmit(&mut random, &mut up);
    }
    assert_eq!(received, stream);
    assert_eq!(server.carrier(), Some(expected));
}

type Served = (
    Result<(), CarrierError>,
    Vec<u8>,
    Option<Carrier>,
    Vec<Vec<u8>>,
);

fn serve(wire: &[u8], piece: usize) -> Served {
    let mut server = server();
    let mut replays = ReplayGuard::new(1);
    let (mut stream, mut requests) = (Vec::new(), Vec::new());
    let outcome = wire.chunks(piece).try_for_each(|piece| {
        server.handle_bytes(NOW, piece, &mut replays, &mut stream)?;
        if let Some(http) = server.http() {
            drain(http, &mut requests)?;
        }
        Ok(())
    });
    server.poll_transmit(&mut ChaChaRandom::from_number(1), &mut Vec::new());
    (outcome, stream, server.carrier(), requests)
}

fn drain(http: &mut HttpServer, requests: &mut Vec<Vec<u8>>) -> Result<(), HttpError> {
    while let Some(request) = http.poll_request()? {
        assert!(request.payload.len() <= LIMIT.max_frame);
        requests.push(request.payload.to_vec());
        http.respond(&[], &mut Vec::new());
    }
    Ok(())
}

fn requests(wire: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<HttpError>) {
    let mut server = HttpServer::new(LIMIT);
    let mut requests = Vec::new();
    let outcome = wire.chunks(piece).try_for_each(|piece| {
        server.handle_bytes(piece)?;
        drain(&mut server, &mut requests)
    });
    (requests, outcome.err())
}

fn responses(wire: &[u8], piece: usize) -> (Vec<Result<Vec<u8>, i32>>, Option<HttpError>) {
    let mut client = http_client();
    for _ in 0..3 {
        client.write_request(b"", &mut Vec::new());
    }
    let mut seen = Vec::new();
    let outcome = wire.chunks(piece).try_for_each(|piece| {
        client.handle_bytes(piece)?;
        while let Some(frame) = client.poll_frame()? {
            seen.push(match frame {
                Frame::Payload { data, .. } => Ok(data.to_vec()),
                Frame::TransportError(code) => Err(code),
                Frame::QuickAck(_) => unreachable!("HTTP has no quick acknowledgments"),
            });
        }
        Ok(())
    });
    (seen, outcome.err())
}

fn http_client() -> HttpClient {
    HttpClient::new("a", "/api", LIMIT).expect("host and target are sound")
}

fn server() -> ServerCarrier {
    let mut config = CarrierConfig::default();
    config.secrets = Arc::from([secret()]);
    config.limits = LIMIT;
    ServerCarrier::new(config)
}

fn secret() -> ProxySecret {
    ProxySecret::parse("ee00112233445566778899aabbccddeeff612e6578616d706c65")
        .expect("a secret in hexadecimal")
}

/// From one byte to 64 at once.
fn piece(choice: u8) -> usize {
    usize::from(choice % 64) + 1
}
