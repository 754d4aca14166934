//! Limits are configuration: what the defaults are, and what happens at the edge of each.
//!
//! Limits of transports, containers, compression, replay windows and key exchanges are tested with their subjects.

use mtproto_core::config::{ClientConfig, ServerConfig, SessionConfig, Sizes};
use mtproto_core::connection::Event;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::endpoint::{
    AuthKeyRecord, CloseReason, ConnectionId, Endpoint, Listen, MemoryKeyStore, ServerEvent,
};
use mtproto_core::error::{ConnectionError, PeerMisbehaved, TransportError};
use mtproto_core::handshake::{ClientStep, NewAuthKey, RunLimits};
use mtproto_core::ids::{AuthKeyId, ConstructorId, DcId, MsgId, SeqNo, SessionId};
use mtproto_core::message::{gzip, plain};
use mtproto_core::raw::RawMessage;
use mtproto_core::session::{QueryOptions, SendError};
use mtproto_core::time::{Duration, Instant};
use mtproto_core::tl::{Combinator, Reader, ServiceMessage, service};
use mtproto_core::transport::FrameLimits;
use testkit::{LoneClient, LoneServer, Pair, START_UNIX, SeededRandom};

use crate::handshake_support::{self, Client, public_key};
use crate::session_support::{acked, api, results, services};

const MILLI: Duration = Duration::from_millis(1);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    assert_eq!(
        SessionConfig::default(),
        SessionConfig {
            replay_window: 1024,
            ack_delay: secs(5),
            acks_at_once: 16,
            container_messages: 1024,
            container_bytes: 1 << 20,
            compress: Sizes {
                least: 256,
                most: 65_536
            },
            inflated_bytes: 16 << 20,
            queued_messages: 4096,
            unacked_messages: 1024,
            unacked_bytes: 8 << 20,
            pending_queries: 4096,
            held_queries: 256,
            held_bytes: 4 << 20,
            held_for: MILLI * 500,
            resends: 6,
            strict: false,
        }
    );
    let client = ClientConfig::new(vec![public_key()], DcId(2));
    assert_eq!(client.frames, FrameLimits::with_max_frame(16 << 20));
    assert_eq!(client.handshake_timeout, secs(20));
    assert_eq!(client.handshake.max_retries, 5);
    assert_eq!(client.ping_interval, Some(secs(60)));
    assert_eq!(client.pong_timeout, secs(20));
    assert_eq!((client.temporary_keys, client.future_salts), (None, None));
    let server = ServerConfig::new(handshake_support::server_config());
    assert_eq!(server.frames, FrameLimits::with_max_frame(16 << 20));
    assert_eq!(server.session.ack_delay, secs(1));
    assert_eq!(
        server.handshake_runs,
        RunLimits {
            runs: 4096,
            lifetime: secs(600)
        }
    );
    assert_eq!((server.connections, server.sessions), (65_536, 65_536));
    assert_eq!((server.sessions_per_key, server.idle_keys), (64, 16_384));
    assert_eq!(server.session_lifetime, secs(600));
    assert_eq!(server.idle_timeout, Some(secs(1800)));
    assert_eq!((server.control_messages, server.transport_errors), (64, 8));
}

#[test]
fn streams_beyond_the_limit_are_not_accepted_until_one_ends() {
    let mut config = testkit::server_config();
    config.connections = 3;
    let mut lone = LoneServer::with(config);
    let now = lone.now;
    let second = lone.server.accept(now, Listen::Stream).unwrap();
    assert!(lone.server.accept(now, Listen::Payloads).is_some());
    assert_eq!(lone.server.accept(now, Listen::Stream), None);
    lone.server.handle_eof(now, second);
    lone.drain();
    assert!(lone.server.accept(now, Listen::Stream).is_some());
    assert_eq!(lone.server.accept(now, Listen::Stream), None);
}

#[test]
fn a_session_too_many_is_refused_while_all_others_have_a_stream() {
    let mut config = testkit::server_config();
    config.sessions = 2;
    let mut lone = LoneServer::with(config);
    for session in 1..=2 {
        lone.session_id = SessionId(session);
        lone.say(true, &api(1));
    }
    assert_eq!(lone.control, [0; 0]);
    lone.session_id = SessionId(3);
    lone.say(true, &api(1));
    assert_eq!(lone.control, [-429]);
    assert_eq!(lone.queries().len(), 2);
    // Once the stream is gone, the session that was used least recently makes room.
    let (now, connection) = (lone.now, lone.connection);
    lone.server.handle_eof(now, connection);
    lone.open_stream(mtproto_core::transport::Transport::Intermediate);
    lone.say(true, &api(1));
    assert_eq!(lone.queries().len(), 3);
    assert_eq!(lone.server.sessions_of(lone.key.id()).count(), 2);
}

#[test]
fn a_session_without_a_stream_is_remembered_for_its_lifetime() {
    let mut config = testkit::server_config();
    config.session_lifetime = secs(100);
    let mut lone = LoneServer::with(config);
    lone.say(true, &api(1));
    let (now, connection) = (lone.now, lone.connection);
    lone.server.handle_eof(now, connection);
    lone.pass(secs(100).saturating_sub(MILLI));
    assert_eq!(lone.server.sessions_of(lone.key.id()).count(), 1);
    lone.pass(MILLI);
    assert_eq!(lone.server.sessions_of(lone.key.id()).count(), 0);
}

#[test]
fn a_silent_stream_is_closed_after_the_idle_timeout() {
    let mut config = testkit::server_config();
    config.idle_timeout = Some(secs(50));
    let mut lone = LoneServer::with(config);
    lone.pass(secs(49));
    lone.say(true, &api(1));
    lone.pass(secs(50).saturating_sub(MILLI));
    assert_eq!(lone.closed(), None);
    lone.pass(MILLI);
    assert_eq!(lone.closed(), Some(CloseReason::Idle));
}

#[test]
fn a_client_that_reads_no_control_messages_is_closed_at_the_limit() {
    let mut config = testkit::server_config();
    config.control_messages = 5;
    let mut lone = LoneServer::with(config);
    let connection = lone.connection;
    lone.server.set_writable(lone.now, connection, false);
    for number in 0..5 {
        let message = lone.message(true, &api(number));
        lone.send_with(&message, true);
        assert_eq!(lone.closed(), None, "{number}");
    }
    let message = lone.message(true, &api(6));
    lone.send_with(&message, true);
    assert_eq!(lone.closed(), Some(CloseReason::SlowReader));
}

#[test]
fn a_stream_gets_as_many_transport_errors_as_allowed() {
    for limit in [1, 3] {
        let mut config = testkit::server_config();
        config.transport_errors = limit;
        let mut lone = LoneServer::with(config);
        let stranger = AuthKey::new([9; 256]);
        for _ in 0..10 {
            let message = lone.message(true, &api(1));
            let mut random = SeededRandom::from_number(1);
            let payload = message.seal(&stranger, Direction::ClientToServer, &mut random);
            lone.send_payload(&payload, false);
        }
        assert_eq!(lone.control.len(), usize::from(limit));
        assert_eq!(
            lone.closed(),
            Some(CloseReason::TransportError(TransportError::UNKNOWN_KEY))
        );
    }
}

#[test]
fn an_acknowledgement_waits_for_its_delay_and_no_longer() {
    let mut lone = LoneClient::new();
    let (id, _) = lone.say(true, &api(1));
    assert_eq!(acked(&lone.pass(secs(5).saturating_sub(MILLI))), []);
    assert_eq!(acked(&lone.pass(MILLI)), [id]);
}

#[test]
fn acknowledgements_leave_at_once_when_enough_are_due() {
    let mut config = testkit::client_config();
    config.ping_interval = None;
    config.session.acks_at_once = 3;
    let mut lone = LoneClient::with(config);
    let first = lone.say(true, &api(1)).0;
    let (second, heard) = lone.say(true, &api(2));
    assert_eq!(acked(&heard), []);
    let (third, heard) = lone.say(true, &api(3));
    assert_eq!(acked(&heard), [first, second, third]);
}

#[test]
fn bodies_are_compressed_within_the_sizes_alone() {
    for (size, compressed) in [
        (252, false),
        (256, true),
        (64 << 10, true),
        ((64 << 10) + 4, false),
    ] {
        let mut lone = LoneServer::new();
        lone.say(true, &api(1));
        let heard = lone.answer(0, Ok(&vec![7; size]));
        let result = &results(&heard)[0].1;
        let id = Reader::new(result).peek_constructor();
        let is_packed = id == Some(ConstructorId(0x3072_cfa1));
        assert_eq!(is_packed, compressed, "{size} bytes");
    }
}

#[test]
fn compressed_data_inflates_up_to_the_limit() {
    for (size, taken) in [(1000, true), (1004, false)] {
        let mut config = testkit::server_config();
        config.session.inflated_bytes = 1000;
        let mut lone = LoneServer::with(config);
        let packed = service::GzipPacked {
            packed_data: &gzip::deflate(&vec![7; size]),
        };
        lone.say(true, &packed.to_bytes());
        assert_eq!(lone.queries().len(), usize::from(taken), "{size}");
        let expected: &[PeerMisbehaved] = if taken {
            &[]
        } else {
            &[PeerMisbehaved::InvalidGzip]
        };
        assert_eq!(lone.refused(), expected);
    }
}

#[test]
fn bytes_of_unacknowledged_answers_are_bounded() {
    let mut config = testkit::server_config();
    config.session.unacked_bytes = 10_000;
    let mut lone = LoneServer::with(config);
    let answers = 6;
    for number in 0..answers {
        lone.say(true, &api(number as u32));
        // Random bytes do not become smaller.
        let mut body = vec![0; 4000];
        mtproto_core::random::SecureRandom::fill(&mut SeededRandom::from_number(number), &mut body);
        lone.answer(number as usize, Ok(&body));
    }
    lone.open_stream(mtproto_core::transport::Transport::Intermediate);
    let old = lone.connection;
    lone.server.handle_eof(lone.now, ConnectionId(old.0 - 1));
    let (_, heard) = lone.say(false, &service::Ping { ping_id: 1 }.to_bytes());
    assert_eq!(results(&heard).len(), 2, "as many as fit into 10000 bytes");
}

#[test]
fn a_client_cannot_send_more_queries_than_may_be_pending() {
    let mut config = testkit::client_config();
    config.ping_interval = None;
    config.session.pending_queries = 3;
    let mut lone = LoneClient::with(config);
    let send = |lone: &mut LoneClient| {
        let now = lone.now;
        lone.client
            .send_query(now, &api(1), QueryOptions::default())
    };
    let first = send(&mut lone).unwrap();
    assert!(send(&mut lone).is_ok() && send(&mut lone).is_ok());
    assert_eq!(send(&mut lone), Err(SendError::TooManyQueries));
    lone.client.cancel_query(lone.now, first).unwrap();
    assert!(send(&mut lone).is_ok());
    assert_eq!(send(&mut lone), Err(SendError::TooManyQueries));
}

#[test]
fn a_query_is_sent_again_as_often_as_allowed() {
    for resends in [0, 2] {
        let mut config = testkit::client_config();
        config.ping_interval = None;
        config.session.resends = resends;
        let mut lone = LoneClient::with(config);
        let (_, mut id) = lone.query(&api(1));
        let mut sent = 0;
        loop {
            let (_, heard) = lone.say(false, &crate::session_support::bad_message(id, 20));
            let Some(frame) = heard.first() else { break };
            id = frame.messages.last().unwrap().msg_id;
            sent += 1;
        }
        assert_eq!(sent, resends);
        assert_eq!(lone.client.pending_queries(), 0);
    }
}

#[test]
fn a_client_pings_at_its_interval_and_waits_for_the_pong_as_long_as_allowed() {
    let mut config = testkit::client_config();
    config.ping_interval = Some(secs(60));
    config.pong_timeout = secs(20);
    let mut lone = LoneClient::with(config);
    assert_eq!(lone.pass(secs(60).saturating_sub(MILLI)), []);
    let heard = lone.pass(MILLI);
    assert!(services(&heard).iter().any(|message| matches!(
        message,
        ServiceMessage::PingDelayDisconnect(ping) if ping.disconnect_delay == 150
    )));
    lone.pass(secs(20).saturating_sub(MILLI));
    assert!(!lone.is_closed());
    lone.pass(MILLI);
    let dead = Event::Closed(ConnectionError::PongTimeout);
    assert!(lone.events.contains(&dead));
}

/// A server with room for this many idle keys, and a connection without framing.
fn server_with_idle_keys(idle_keys: usize) -> (Endpoint, ConnectionId) {
    let mut config = ServerConfig::new(handshake_support::server_config());
    config.idle_keys = idle_keys;
    config.session_lifetime = secs(10);
    let mut server = Endpoint::new(
        std::sync::Arc::new(config),
        Box::new(MemoryKeyStore::new()),
        mtproto_core::config::Start {
            now: Instant::ZERO,
            unix: START_UNIX,
            random: Box::new(SeededRandom::from_number(1)),
        },
    );
    let connection = server.accept(Instant::ZERO, Listen::Payloads).unwrap();
    (server, connection)
}

/// Makes a key in a whole key exchange.
fn make_key(server: &mut Endpoint, connection: ConnectionId, seed: u64) -> NewAuthKey {
    let mut client = Client::seeded(handshake_support::client_config(), seed);
    let mut query = client.first.clone();
    loop {
        let mut payload = Vec::new();
        plain::write(MsgId(START_UNIX.as_secs() as i64), &query, &mut payload);
        server.handle_payload(Instant::ZERO, connection, &mut payload);
        let outgoing = server.next_outgoing(Instant::ZERO).expect("an answer");
        let mut wire = Vec::new();
        server.seal(outgoing, &mut wire);
        let reply = plain::read(&wire).unwrap();
        match client.handle(reply.body).unwrap() {
            ClientStep::Send(next) => query = next,
            ClientStep::Done(key) => return key,
        }
    }
}

/// Lets the key have a session.
fn use_key(server: &mut Endpoint, connection: ConnectionId, key: &NewAuthKey) {
    let message = RawMessage::new(
        key.server_salt,
        SessionId(5),
        MsgId((START_UNIX.as_secs() as i64) << 32),
        SeqNo(1),
        api(1),
    );
    let mut random = SeededRandom::from_number(3);
    let mut payload = message.seal(&key.auth_key, Direction::ClientToServer, &mut random);
    server.handle_payload(Instant::ZERO, connection, &mut payload);
    assert_eq!(server.sessions_of(key.auth_key.id()).count(), 1);
}

fn known(server: &Endpoint, keys: &[AuthKeyId]) -> Vec<bool> {
    let known = |id: &AuthKeyId| server.keys().get(*id).is_some();
    keys.iter().map(known).collect()
}

fn forgotten(server: &mut Endpoint) -> Vec<AuthKeyId> {
    core::iter::from_fn(|| server.poll_event())
        .filter_map(|event| match event {
            ServerEvent::AuthKeyDestroyed { auth_key_id } => Some(auth_key_id),
            _ => None,
        })
        .collect()
}

#[test]
fn a_stranger_who_makes_keys_makes_the_server_forget_the_idle_ones() {
    let (mut server, connection) = server_with_idle_keys(3);
    let keys: Vec<AuthKeyId> = (1..=6)
        .map(|seed| make_key(&mut server, connection, seed).auth_key.id())
        .collect();
    assert_eq!(
        known(&server, &keys),
        [false, false, false, true, true, true]
    );
    assert_eq!(server.idle_keys(), 3);
    assert_eq!(forgotten(&mut server), keys[..3]);
    // A key that its client destroyed takes no place.
    assert!(server.destroy_auth_key(keys[5]));
    assert_eq!(server.idle_keys(), 2);
}

#[test]
fn keys_with_a_session_or_a_login_or_from_the_driver_are_not_forgotten_for_strangers() {
    let (mut server, connection) = server_with_idle_keys(1);
    let brought = AuthKey::new([8; 256]);
    server
        .keys_mut()
        .insert(AuthKeyRecord::permanent(brought.clone(), START_UNIX));
    let used = make_key(&mut server, connection, 1);
    use_key(&mut server, connection, &used);
    let used = used.auth_key;
    let login = make_key(&mut server, connection, 2).auth_key.id();
    server.set_key_kept(login, true);
    let stranger = make_key(&mut server, connection, 3).auth_key.id();
    let last = make_key(&mut server, connection, 4).auth_key.id();
    let keys = [brought.id(), used.id(), login, stranger, last];
    assert_eq!(known(&server, &keys), [true, true, true, false, true]);

    // The session ends, then the login does: both keys wait in line like any other.
    server.handle_eof(Instant::ZERO, connection);
    forgotten(&mut server);
    server.handle_timeout(Instant::ZERO.saturating_add(secs(11)));
    assert_eq!(server.sessions_of(used.id()).count(), 0);
    assert_eq!(forgotten(&mut server), [last], "idle for longer");
    server.set_key_kept(login, false);
    assert_eq!(forgotten(&mut server), [used.id()]);
    assert_eq!(known(&server, &keys), [true, false, true, false, false]);
    assert_eq!(server.idle_keys(), 1);
}

#[test]
fn a_permanent_key_in_use_through_its_temporary_key_is_not_forgotten() {
    let mut pair = Pair::builder()
        .client(|config| config.temporary_keys = Some(3600))
        .server(|config| config.idle_keys = 2)
        .build();
    pair.query(&api(1));
    pair.settle();
    let permanent = pair.client.saved_keys(pair.now).unwrap().auth_key.id();
    let now = pair.now;
    let connection = pair.server.accept(now, Listen::Payloads).unwrap();
    let mut strangers = Vec::new();
    for seed in 100..106 {
        strangers.push(make_key(&mut pair.server, connection, seed).auth_key.id());
    }
    assert!(pair.server.keys().get(permanent).is_some());
    let left = known(&pair.server, &strangers);
    assert_eq!(left.iter().filter(|known| **known).count(), 1, "{left:?}");
    let query = pair.query(&api(2));
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(2))));
}

/// The rows of the table of limits in `docs/threat-model.md`: name and test.
fn documented_limits() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/threat-model.md");
    let text = std::fs::read_to_string(path).expect("docs/threat-model.md");
    let table = text.split("## Limits").nth(1).expect("the table of limits");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let quoted = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (quoted(cells[1]), quoted(cells[4]))
    })
    .collect()
}

#[test]
fn every_limit_is_documented_with_a_test_that_exists() {
    let documented = documented_limits();
    let config = include_str!("../../src/config.rs");
    let mut fields = 0;
    for line in config.lines().map(str::trim) {
        let Some((name, kind)) = line
            .strip_prefix("pub ")
            .and_then(|field| field.split_once(": "))
        else {
            continue;
        };
        let is_limit = ["usize,", "u8,", "Duration,", "Option<Duration>,", "Sizes,"];
        if !is_limit.contains(&kind) || ["least", "most"].contains(&name) {
            continue;
        }
        fields += 1;
        let is_documented = documented.iter().any(|(limit, _)| limit == name);
        assert!(is_documented, "docs/threat-model.md does not name {name}");
    }
    assert!(fields >= 20, "only {fields} limits found in config.rs");

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let sources: String = std::fs::read_dir(folder)
        .expect("the tests")
        .map(|entry| std::fs::read_to_string(entry.expect("a file").path()).expect("text"))
        .collect();
    for (limit, test) in documented {
        assert!(
            sources.contains(&format!("fn {test}(")),
            "{limit}: there is no test {test}"
        );
    }
}
