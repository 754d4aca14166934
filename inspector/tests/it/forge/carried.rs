//! Conversations inside of a carrier.

use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::UnixTime;
use mtproto_core::transport::FrameLimits;
use mtproto_core::transport::ProxySecret;
use mtproto_core::transport::carrier::http::HttpClient;
use mtproto_core::transport::carrier::{CarrierConfig, ClientCarrier, ReplayGuard, ServerCarrier};

use super::talk::Chunk;

/// The chunks of a conversation inside of a WebSocket.
pub(crate) fn websocket(chunks: &[Chunk]) -> Vec<Chunk> {
    let mut random = ChaChaRandom::from_number(5);
    let client = ClientCarrier::websocket("a.example", "/apiws", &mut random).unwrap();
    carried(chunks, client, CarrierConfig::default())
}

/// The chunks of a conversation inside of what looks like TLS.
pub(crate) fn fake_tls(chunks: &[Chunk], secret: &ProxySecret) -> Vec<Chunk> {
    let mut random = ChaChaRandom::from_number(5);
    let client = ClientCarrier::fake_tls(secret, NOW, &mut random).unwrap();
    let mut config = CarrierConfig::default();
    config.secrets = [secret.clone()].into();
    carried(chunks, client, config)
}

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn carried(chunks: &[Chunk], mut client: ClientCarrier, config: CarrierConfig) -> Vec<Chunk> {
    let mut random = ChaChaRandom::from_number(6);
    let mut server = ServerCarrier::new(config);
    let mut replays = ReplayGuard::new(9);
    let mut made = Vec::new();
    let mut opening = Vec::new();
    client.poll_transmit(&mut random, &mut opening);
    server
        .handle_bytes(NOW, &opening, &mut replays, &mut Vec::new())
        .unwrap();
    let mut answer = Vec::new();
    server.poll_transmit(&mut random, &mut answer);
    client.handle_bytes(&answer, &mut Vec::new()).unwrap();
    made.push(Chunk {
        from_client: true,
        bytes: opening,
    });
    made.push(Chunk {
        from_client: false,
        bytes: answer,
    });
    for chunk in chunks {
        let mut bytes = Vec::new();
        if chunk.from_client {
            client.write(&chunk.bytes, &mut random, &mut bytes);
            server
                .handle_bytes(NOW, &bytes, &mut replays, &mut Vec::new())
                .unwrap();
        } else {
            server.write(&chunk.bytes, &mut random, &mut bytes);
        }
        made.push(Chunk {
            from_client: chunk.from_client,
            bytes,
        });
    }
    made
}

/// The payloads of a plain intermediate conversation in requests and responses of HTTP.
pub(crate) fn http(chunks: &[Chunk]) -> Vec<Chunk> {
    let mut client = HttpClient::new("a.example", "/api", FrameLimits::default()).unwrap();
    let mut made = Vec::new();
    for (n, chunk) in chunks.iter().enumerate() {
        // The tag stands before the first frame, a length before each.
        let payload = &chunk.bytes[if n == 0 { 8 } else { 4 }..];
        let mut bytes = Vec::new();
        if chunk.from_client {
            client.write_request(payload, &mut bytes);
        } else {
            bytes = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                payload.len()
            )
            .into();
            bytes.extend(payload);
        }
        made.push(Chunk {
            from_client: chunk.from_client,
            bytes,
        });
    }
    made
}
