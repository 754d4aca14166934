//! The life of a client's connection: how it is named, how it ends, what it does after.

use std::collections::BTreeSet;
use std::sync::Arc;

use mtproto_core::config::Start;
use mtproto_core::connection::{Connection, Event};
use mtproto_core::error::{ConnectionError, Disposition, PeerMisbehaved};
use mtproto_core::ids::MsgId;
use mtproto_core::message::plain;
use mtproto_core::session::{QueryFailure, SendError};
use mtproto_core::time::{Duration, Instant};
use mtproto_core::tl::{Combinator, service};
use mtproto_core::transport::{Frame, FrameLimits, Framer, ServerTransport};
use testkit::{LoneClient, START_UNIX, SeededRandom};

use crate::handshake_support::{Server, server_config};
use crate::session_support::{api, bodies};

const BROKEN: ConnectionError = ConnectionError::Peer(PeerMisbehaved::InvalidMessage);

fn closed(lone: &LoneClient) -> Vec<ConnectionError> {
    lone.events
        .iter()
        .filter_map(|event| match event {
            Event::Closed(error) => Some(*error),
            _ => None,
        })
        .collect()
}

/// A message whose `msg_key` is wrong.
fn spoil(lone: &mut LoneClient) {
    let mut message = lone.message(true, &api(9));
    message.msg_key_flaw[3] = 4;
    assert_eq!(lone.send(&message), [], "not a word about it");
}

#[test]
fn en_25_after_an_invalid_message_the_query_goes_on_over_another_stream() {
    let mut lone = LoneClient::new();
    let (query, _) = lone.query(&api(1));
    spoil(&mut lone);
    assert_eq!(closed(&lone), [BROKEN]);
    assert_eq!(BROKEN.disposition(), Disposition::Close);
    let heard = lone.reconnect();
    let again = heard.iter().flat_map(|frame| &frame.messages);
    let id = again
        .filter(|message| message.body == api(1))
        .map(|message| message.msg_id)
        .next()
        .expect("the query leaves again");
    lone.say(true, &crate::session_support::result(id, &api(2)));
    assert!(lone.events.contains(&Event::QueryAnswered {
        id: query,
        result: Ok(api(2)),
    }));
}

#[test]
fn en_26_a_flood_of_invalid_messages_costs_one_event_and_the_stream() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    for _ in 0..10_000 {
        spoil(&mut lone);
    }
    assert_eq!(closed(&lone), [BROKEN]);
    assert!(lone.events.len() < 5, "{} events", lone.events.len());
    assert_eq!(lone.client.poll_timeout(), None, "nothing to do by itself");
}

#[test]
fn se_18_session_identifiers_are_random_and_never_zero() {
    let config = Arc::new(testkit::client_config());
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let start = Start {
            now: Instant::ZERO,
            unix: START_UNIX,
            random: Box::new(SeededRandom::from_number(seed)),
        };
        let id = Connection::new(config.clone(), start).session_id();
        assert_ne!(id.0, 0);
        assert!(seen.insert(id), "{id:?} again");
    }
}

#[test]
fn sv_54_after_destroy_auth_key_the_key_is_no_longer_used_whatever_the_outcome() {
    let outcomes = [
        (service::DestroyAuthKeyOk {}.to_bytes(), true),
        (service::DestroyAuthKeyNone {}.to_bytes(), true),
        (service::DestroyAuthKeyFail {}.to_bytes(), false),
    ];
    for (outcome, gone) in outcomes {
        let mut lone = LoneClient::new();
        let (query, _) = lone.query(&api(1));
        lone.client.destroy_auth_key(lone.now).unwrap();
        let heard = lone.drain();
        assert_eq!(bodies(&heard), [service::DestroyAuthKey {}.to_bytes()]);
        let (_, heard) = lone.say(true, &outcome);
        assert_eq!(heard, [], "nothing leaves under the key any more");
        assert!(lone.events.contains(&Event::AuthKeyDestroyed { gone }));
        assert_eq!(closed(&lone), [ConnectionError::KeyDestroyed]);
        assert!(lone.events.contains(&Event::QueryFailed {
            id: query,
            reason: QueryFailure::Closed,
        }));
        assert_eq!(lone.client.saved_keys(lone.now), None);
        assert_eq!(lone.client.reconnect(lone.now), Err(SendError::Closed));
        let sent = lone
            .client
            .send_query(lone.now, &api(2), Default::default());
        assert_eq!(sent, Err(SendError::Closed));
        assert_eq!(lone.client.poll_timeout(), None);
    }
}

#[test]
fn sv_54_nobody_destroys_a_key_that_was_to_be_kept() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    lone.say(true, &service::DestroyAuthKeyOk {}.to_bytes());
    assert_eq!(lone.refused(), [PeerMisbehaved::UnrequestedDestruction]);
    assert!(!lone.is_closed());
    assert!(lone.client.saved_keys(lone.now).is_some());
}

#[test]
fn tr_20_endless_404_is_a_clear_error_and_no_loop() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    for _ in 0..6 {
        lone.send_payload(&(-404_i32).to_le_bytes());
        assert_eq!(lone.client.poll_timeout(), None);
        assert_eq!(lone.drain(), [], "silence until the caller connects");
        lone.reconnect();
    }
    let confirmed = |confirmed| ConnectionError::KeyUnknown { confirmed };
    let mut expected = vec![confirmed(true); 6];
    expected[0] = confirmed(false);
    assert_eq!(closed(&lone), expected);
    assert_eq!(confirmed(false).disposition(), Disposition::Close);
    assert_eq!(confirmed(true).disposition(), Disposition::RenewKey);
    assert!(
        lone.client.saved_keys(lone.now).is_some(),
        "giving the key up is the caller's decision"
    );
}

/// Plays the server's side of a key exchange by hand, with plain messages under identifiers made by `id_of`.
fn exchange_with_ids(id_of: impl Fn(i64) -> i64) -> bool {
    let start = Start {
        now: Instant::ZERO,
        unix: START_UNIX,
        random: Box::new(SeededRandom::from_number(5)),
    };
    let mut client = Connection::new(Arc::new(testkit::client_config()), start);
    let mut server = Server::new(server_config());
    let mut framer = Framer::server(ServerTransport::default(), FrameLimits::default());
    let mut random = SeededRandom::from_number(6);
    for step in 0..3 {
        let mut wire = Vec::new();
        while client.poll_transmit(Instant::ZERO, &mut wire).is_some() {}
        framer.handle_bytes(&wire).unwrap();
        let Some(Frame::Payload { data, .. }) = framer.poll_frame().unwrap() else {
            panic!("no query at step {step}");
        };
        let reply = server.reply(plain::read(data).unwrap().body).to_bytes();
        let (mut payload, mut wire) = (Vec::new(), Vec::new());
        plain::write(MsgId(id_of(step)), &reply, &mut payload);
        framer
            .write_payload(&payload, false, &mut random, &mut wire)
            .unwrap();
        client.handle_bytes(Instant::ZERO, &wire).unwrap();
    }
    client.is_ready()
}

#[test]
fn hs_49_the_identifiers_of_plain_answers_decide_nothing() {
    // Nobody vouches for a plain message, so its identifier proves nothing; what it answers is told by its nonces.
    for low in 0..4 {
        assert!(exchange_with_ids(|step| (1_700_000_000 << 32)
            + 4 * step
            + low));
    }
    assert!(exchange_with_ids(|_| 0));
}

#[test]
fn a_closed_connection_says_so_and_nothing_else() {
    let mut lone = LoneClient::new();
    let (query, _) = lone.query(&api(1));
    lone.client.close(lone.now);
    lone.client.close(lone.now);
    assert_eq!(lone.drain(), []);
    assert_eq!(closed(&lone), [ConnectionError::Local]);
    assert!(lone.events.contains(&Event::QueryFailed {
        id: query,
        reason: QueryFailure::Closed,
    }));
    assert_eq!(lone.client.ping(lone.now), Err(SendError::Closed));
    assert_eq!(lone.pass(Duration::from_secs(1000)), []);
}
