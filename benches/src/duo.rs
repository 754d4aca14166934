//! A client and a server of the core that share a key, and the bytes between them, without a socket.

use std::sync::Arc;

use mtproto_core::config::{ClientConfig, Start};
use mtproto_core::connection::{Connection, Event, SavedKeys};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::endpoint::{
    AuthKeyRecord, ConnectionId, Endpoint, Listen, MemoryKeyStore, ServerEvent,
};
use mtproto_core::ids::{DcId, ServerSalt};
use mtproto_core::random::ChaChaRandom;
use mtproto_core::session::QueryOptions;
use mtproto_core::time::{Instant, UnixTime};

const UNIX: UnixTime = UnixTime::from_secs(1_700_000_000);

/// What a start is given; `seed` tells one machine from another.
#[must_use]
pub fn start(seed: u64) -> Start {
    Start {
        now: Instant::ZERO,
        unix: UNIX,
        random: Box::new(ChaChaRandom::from_number(seed)),
    }
}

/// The key that client `number` and the server share.
#[must_use]
pub fn key(number: u64) -> AuthKey {
    let mut bytes = [7; 256];
    for (to, byte) in bytes.iter_mut().zip(number.to_le_bytes()) {
        *to = byte;
    }
    AuthKey::new(bytes)
}

/// A server that knows the keys of `clients` clients.
#[must_use]
pub fn server(clients: u64) -> Endpoint {
    let mut endpoint = Endpoint::new(
        Arc::new(testkit::server_config()),
        Box::new(MemoryKeyStore::new()),
        start(u64::MAX),
    );
    for number in 0..clients {
        endpoint
            .keys_mut()
            .insert(AuthKeyRecord::permanent(key(number), UNIX));
    }
    endpoint
}

/// A client that has its key already.
#[must_use]
pub fn client(number: u64, config: &Arc<ClientConfig>) -> Connection {
    let saved = SavedKeys {
        dc: DcId(2),
        auth_key: key(number),
        server_salt: ServerSalt(0),
        clock_offset_secs: 0,
    };
    Connection::resume(config.clone(), saved, start(number))
}

/// A stream for a client.
pub fn accept(server: &mut Endpoint) -> ConnectionId {
    server
        .accept(Instant::ZERO, Listen::Stream)
        .expect("one more stream")
}

/// Carries bytes between a client and its server until both are quiet; the server answers each query with its body.
/// Returns how many queries were answered at the client.
pub fn settle(
    client: &mut Connection,
    server: &mut Endpoint,
    stream: ConnectionId,
    wire: &mut Vec<u8>,
) -> usize {
    exchange(Instant::ZERO, client, server, stream, wire)
}

fn exchange(
    now: Instant,
    client: &mut Connection,
    server: &mut Endpoint,
    stream: ConnectionId,
    wire: &mut Vec<u8>,
) -> usize {
    let mut answered = 0;
    loop {
        wire.clear();
        while client.poll_transmit(now, wire).is_some() {}
        while let Some(event) = client.poll_event() {
            answered += usize::from(matches!(event, Event::QueryAnswered { .. }));
        }
        let mut is_quiet = wire.is_empty();
        if !is_quiet {
            server.handle_bytes(now, stream, wire);
        }
        while let Some(event) = server.poll_event() {
            if let ServerEvent::Query { request, body, .. } = event {
                server.answer(now, request, Ok(&body));
            }
        }
        wire.clear();
        while let Some(outgoing) = server.next_outgoing(now) {
            server.seal(outgoing, wire);
        }
        if !wire.is_empty() {
            is_quiet = false;
            client
                .handle_bytes(now, wire)
                .expect("the server keeps the rules");
        }
        if is_quiet {
            return answered;
        }
    }
}

/// Lets half a minute pass in which nothing is said but what is owed.
pub fn rest(
    client: &mut Connection,
    server: &mut Endpoint,
    stream: ConnectionId,
    wire: &mut Vec<u8>,
) {
    let now = Instant::from_millis(30_000);
    for _ in 0..4 {
        client.handle_timeout(now);
        server.handle_timeout(now);
        exchange(now, client, server, stream, wire);
    }
}

/// Sends `count` queries of `size` bytes at once and waits for all answers.
///
/// # Panics
/// An answer does not come.
pub fn round_trip(
    client: &mut Connection,
    server: &mut Endpoint,
    stream: ConnectionId,
    (count, size): (usize, usize),
    wire: &mut Vec<u8>,
) {
    let body = vec![0x0f; size];
    for _ in 0..count {
        client
            .send_query(Instant::ZERO, &body, QueryOptions::default())
            .expect("a query that can be sent");
    }
    assert_eq!(settle(client, server, stream, wire), count);
}
