//! A client and a server together: from the key exchange to the end of a session.

use std::sync::{Arc, Mutex};

use mtproto_core::connection::Event;
use mtproto_core::endpoint::{OutgoingMessage, ServerEvent};
use mtproto_core::error::{ConnectionError, Notice};
use mtproto_core::ids::{DcId, ServerSalt};
use mtproto_core::key_log::{self, KeyLog, Secret};
use mtproto_core::rpc::RpcError;
use mtproto_core::session::QueryOptions;
use mtproto_core::time::{Duration, UnixTime};
use mtproto_core::transport::{ClientTransport, Transport};
use testkit::{Fault, Pair, START_UNIX, Split};

use crate::session_support::api;

fn transports() -> Vec<ClientTransport> {
    vec![
        ClientTransport::plain(Transport::Abridged),
        ClientTransport::plain(Transport::Intermediate),
        ClientTransport::plain(Transport::PaddedIntermediate),
        ClientTransport::plain(Transport::Full),
        ClientTransport::obfuscated(Transport::Abridged),
        ClientTransport::obfuscated(Transport::Intermediate),
        ClientTransport::obfuscated(Transport::PaddedIntermediate),
    ]
}

#[test]
fn a_client_makes_a_key_and_talks_over_every_transport_however_bytes_are_cut() {
    for transport in transports() {
        for split in [Split::Whole, Split::Every(1), Split::Random(40)] {
            let mut pair = Pair::builder()
                .client(|config| config.transport = transport.clone())
                .split(split)
                .build();
            let query = pair.query(&api(1));
            pair.settle();
            assert_eq!(
                pair.answer_to(query),
                Some(Ok(api(1))),
                "{transport:?} {split:?}"
            );
            pair.push(&api(2));
            pair.settle();
            assert!(pair.client_events.contains(&Event::Update(api(2))));
        }
    }
}

#[test]
fn both_sides_tell_of_the_key_and_log_it() {
    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);
    impl KeyLog for Lines {
        fn log(&self, secret: &Secret<'_>) {
            self.0.lock().unwrap().push(key_log::line(secret));
        }
    }
    let (client, server) = (Arc::new(Lines::default()), Arc::new(Lines::default()));
    let mut pair = Pair::builder()
        .client(|config| config.key_log = Some(client.clone()))
        .server(|config| config.key_log = Some(server.clone()))
        .build();
    pair.settle();
    let key = pair.client.saved_keys(pair.now).unwrap();
    assert_eq!(key.dc, DcId(2));
    assert!(pair.client_events.iter().any(
        |event| matches!(event, Event::AuthKeyCreated(saved) if saved.auth_key == key.auth_key)
    ));
    assert!(pair.server_events.iter().any(|event| matches!(
        event,
        ServerEvent::AuthKeyCreated { auth_key_id, dc: Some(DcId(2)), expires_at: None, .. }
            if *auth_key_id == key.auth_key.id()
    )));
    let (client, server) = (client.0.lock().unwrap(), server.0.lock().unwrap());
    assert_eq!(*client, *server, "the same secrets on both sides");
    assert_eq!(client.len(), 2);
    assert!(client[0].starts_with("MTPROTO_NEW_NONCE "));
    assert!(client[1].starts_with("MTPROTO_AUTH_KEY 2 "));
}

#[test]
fn hs_51_the_first_message_carries_the_salt_of_the_key_exchange() {
    let mut pair = Pair::ready(1);
    pair.query(&api(1));
    pair.settle();
    let salt_changed = |event: &Event| matches!(event, Event::Notice(Notice::SaltChanged(_)));
    let changes = pair
        .client_events
        .iter()
        .filter(|event| salt_changed(event));
    assert_eq!(changes.count(), 1, "new_session_created repeats it");
    let refused = |event: &ServerEvent| {
        matches!(
            event,
            ServerEvent::Notice {
                notice: Notice::Refused { .. },
                ..
            }
        )
    };
    assert!(!pair.server_events.iter().any(refused));
}

#[test]
fn a_client_whose_salt_is_over_learns_the_new_one_on_the_way() {
    let mut pair = Pair::ready(2);
    let first = pair.query(&api(1));
    pair.settle();
    // Pings keep the stream; their salt is corrected like that of any message.
    pair.run_for(Duration::from_secs(3 * 3600));
    assert!(pair.is_connected());
    let second = pair.query(&api(2));
    pair.settle();
    assert!(pair.answer_to(first).is_some() && pair.answer_to(second).is_some());
    assert_eq!(pair.executed, [api(1), api(2)]);
}

#[test]
fn se_32_with_future_salts_no_message_is_refused_for_a_day() {
    let mut pair = Pair::builder()
        .client(|config| config.future_salts = Some(64))
        .build();
    pair.settle();
    for hour in 0..24 {
        pair.query(&api(hour));
        pair.run_for(Duration::from_secs(3600));
    }
    assert_eq!(pair.executed.len(), 24);
    let refused = |event: &ServerEvent| {
        matches!(
            event,
            ServerEvent::Notice {
                notice: Notice::Refused { .. },
                ..
            }
        )
    };
    assert_eq!(
        pair.server_events
            .iter()
            .filter(|event| refused(event))
            .count(),
        0
    );
}

#[test]
fn se_15_a_client_with_any_clock_finds_the_servers_time() {
    for unix in [0, 1_000_000_000, START_UNIX.as_secs() + 400, 2_100_000_000] {
        let mut pair = Pair::builder()
            .client_unix(UnixTime::from_secs(unix))
            .build();
        let query = pair.query(&api(1));
        pair.settle();
        assert_eq!(pair.answer_to(query), Some(Ok(api(1))), "{unix}");
        let saved = pair.client.saved_keys(pair.now).unwrap();
        let expected = i64::try_from(START_UNIX.as_secs()).unwrap() - i64::try_from(unix).unwrap();
        assert!((saved.clock_offset_secs - expected).abs() <= 1);
    }
}

#[test]
fn a_cut_stream_loses_and_doubles_no_query() {
    let mut pair = Pair::ready(3);
    pair.application(|body| (body != api(2)).then(|| Ok(body.to_vec())));
    let answered = pair.query(&api(1));
    pair.settle();
    let running = pair.query(&api(2));
    pair.settle();
    let on_the_way = pair.query(&api(3));
    pair.cut();
    let while_cut = pair.query(&api(4));
    let request = pair.unanswered[0];
    pair.answer(request, Ok(api(20)));
    pair.reconnect();
    pair.settle();
    assert_eq!(pair.answer_to(answered), Some(Ok(api(1))));
    assert_eq!(pair.answer_to(running), Some(Ok(api(20))));
    assert_eq!(pair.answer_to(on_the_way), Some(Ok(api(3))));
    assert_eq!(pair.answer_to(while_cut), Some(Ok(api(4))));
    assert_eq!(pair.executed, [api(1), api(2), api(3), api(4)]);
}

#[test]
fn rp_22_a_query_executed_before_the_cut_is_not_executed_again() {
    let mut pair = Pair::ready(4);
    let query = pair.query(&api(1));
    pair.run_for(Duration::from_millis(15));
    assert_eq!(pair.executed, [api(1)]);
    assert_eq!(pair.answer_to(query), None, "the answer is on its way");
    pair.cut();
    pair.reconnect();
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(1))));
    assert_eq!(pair.executed, [api(1)]);
}

#[test]
fn a_cut_in_the_key_exchange_starts_it_over() {
    for bytes in [1, 41, 50, 130, 200, 700, 1100] {
        let mut pair = Pair::builder().seed(bytes).build();
        let query = pair.query(&api(1));
        pair.cut_after(usize::try_from(bytes).unwrap());
        pair.settle();
        for _ in 0..3 {
            if !pair.is_connected() {
                pair.reconnect();
                pair.settle();
            }
        }
        assert_eq!(pair.answer_to(query), Some(Ok(api(1))), "{bytes}");
        assert_eq!(pair.executed, [api(1)], "{bytes}");
    }
}

#[test]
fn updates_pushed_while_the_client_was_away_arrive_once_it_is_back() {
    let mut pair = Pair::ready(5);
    pair.query(&api(1));
    pair.settle();
    pair.cut();
    for number in 0..20 {
        pair.push(&api(100 + number));
    }
    pair.reconnect();
    pair.settle();
    let updates: Vec<Vec<u8>> = pair
        .client_events
        .iter()
        .filter_map(|event| match event {
            Event::Update(body) => Some(body.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(updates, (100..120).map(api).collect::<Vec<_>>());
}

#[test]
fn duplicated_and_dropped_frames_change_nothing_but_time() {
    let mut pair = Pair::ready(6);
    let mut count = 0;
    pair.intercept(move |outgoing| {
        count += 1;
        match outgoing.message {
            OutgoingMessage::Encrypted { .. } if count % 2 == 0 => Fault::Duplicate,
            OutgoingMessage::Encrypted { .. } if count % 3 == 0 => Fault::Drop,
            _ => Fault::Pass,
        }
    });
    let queries: Vec<_> = (0..50)
        .map(|number| {
            let query = pair.query(&api(number));
            pair.run_for(Duration::from_millis(100));
            query
        })
        .collect();
    // What was dropped comes on the next stream.
    pair.intercept(|_| Fault::Pass);
    pair.cut();
    pair.reconnect();
    pair.settle();
    for (number, query) in (0..).zip(queries) {
        assert_eq!(pair.answer_to(query), Some(Ok(api(number))));
        assert_eq!(pair.endings_of(query), 1);
    }
    assert_eq!(pair.executed.len(), 50);
}

#[test]
fn a_fault_between_typing_and_sealing_reaches_the_client() {
    let mut pair = Pair::ready(7);
    pair.intercept(|outgoing| {
        if let OutgoingMessage::Encrypted { session_id, .. } = &mut outgoing.message {
            session_id.0 ^= 2;
        }
        Fault::Pass
    });
    pair.query(&api(1));
    pair.settle();
    assert!(
        pair.client_events
            .iter()
            .any(|event| matches!(event, Event::Closed(ConnectionError::Peer(_))))
    );
}

#[test]
fn tr_24_a_quick_ack_arrives_though_the_answer_is_lost() {
    for transport in transports() {
        let has_quick_acks = transport.transport != Transport::Full;
        let mut pair = Pair::builder()
            .client(|config| config.transport = transport)
            .build();
        pair.settle();
        pair.intercept(|outgoing| match outgoing.message {
            OutgoingMessage::Encrypted { .. } => Fault::Drop,
            _ => Fault::Pass,
        });
        let options = QueryOptions {
            quick_ack: true,
            ..QueryOptions::default()
        };
        let query = pair.query_with(&api(1), options);
        pair.settle();
        assert_eq!(
            pair.client_events.contains(&Event::QueryAcked(query)),
            has_quick_acks
        );
        assert_eq!(pair.answer_to(query), None);
    }
}

#[test]
fn a_silent_stream_is_kept_alive_by_pings_and_a_dead_one_noticed() {
    let mut pair = Pair::ready(8);
    pair.query(&api(1));
    pair.run_for(Duration::from_secs(600));
    assert!(pair.is_connected());
    let pongs = |pair: &Pair| {
        let pong = |event: &&Event| matches!(event, Event::Pong(_));
        pair.client_events.iter().filter(pong).count()
    };
    assert_eq!(pongs(&pair), 9);
    // TR-42: the server goes silent.
    pair.intercept(|_| Fault::Drop);
    pair.run_for(Duration::from_secs(90));
    let dead = Event::Closed(ConnectionError::PongTimeout);
    assert!(pair.client_events.contains(&dead));
}

#[test]
fn hs_54_a_server_that_never_answers_ends_the_key_exchange_in_time() {
    let mut pair = Pair::builder().build();
    pair.intercept(|_| Fault::Drop);
    pair.run_for(Duration::from_secs(25));
    let late = Event::Closed(ConnectionError::HandshakeTimeout);
    assert!(pair.client_events.contains(&late));
}

#[test]
fn hs_55_a_refused_step_starts_the_key_exchange_over_but_not_for_ever() {
    for (refusals, succeeds) in [(2, true), (10, false)] {
        let mut pair = Pair::builder().build();
        let mut left = refusals;
        pair.intercept(move |outgoing| {
            if let OutgoingMessage::KeyExchange { .. } = outgoing.message
                && left > 0
            {
                left -= 1;
                let error = mtproto_core::error::TransportError::UNKNOWN_KEY;
                outgoing.message = OutgoingMessage::TransportError(error);
            }
            Fault::Pass
        });
        pair.settle();
        assert_eq!(pair.client.is_ready(), succeeds, "{refusals}");
    }
}

#[test]
fn hs_56_an_encrypted_frame_in_the_key_exchange_is_dropped() {
    let mut pair = Pair::builder().build();
    let mut frame = vec![30];
    frame.extend([7; 120]);
    pair.inject_to_client(&frame);
    pair.settle();
    assert!(pair.client.is_ready());
}

#[test]
fn a_login_can_be_resumed_with_saved_keys() {
    let mut pair = Pair::ready(9);
    pair.query(&api(1));
    pair.settle();
    let keys = pair.client.saved_keys(pair.now).unwrap();
    pair.cut();
    let start = mtproto_core::config::Start {
        now: pair.now,
        unix: START_UNIX,
        random: Box::new(testkit::SeededRandom::from_number(77)),
    };
    pair.client = mtproto_core::connection::Connection::resume(
        pair.client_config.clone(),
        mtproto_core::connection::SavedKeys {
            server_salt: ServerSalt(0),
            ..keys
        },
        start,
    );
    pair.reconnect();
    pair.query(&api(2));
    pair.settle();
    assert_eq!(pair.executed, [api(1), api(2)]);
    assert_eq!(pair.client.pending_queries(), 0);
    let created = |event: &&ServerEvent| matches!(event, ServerEvent::AuthKeyCreated { .. });
    assert_eq!(pair.server_events.iter().filter(created).count(), 1);
}

#[test]
fn destroying_the_key_ends_the_login_on_both_sides() {
    let mut pair = Pair::ready(10);
    pair.query(&api(1));
    pair.settle();
    let key = pair.client.saved_keys(pair.now).unwrap().auth_key.id();
    pair.client.destroy_auth_key(pair.now).unwrap();
    pair.ping();
    pair.settle();
    assert!(
        pair.client_events
            .contains(&Event::AuthKeyDestroyed { gone: true })
    );
    assert!(pair.server.keys().get(key).is_none());
    assert_eq!(pair.client.saved_keys(pair.now), None);
}

#[test]
fn errors_of_the_application_reach_the_caller() {
    let mut pair = Pair::ready(11);
    pair.application(|_| Some(Err(RpcError::new(303, "PHONE_MIGRATE_4"))));
    let query = pair.query(&api(1));
    pair.settle();
    let error = pair.answer_to(query).unwrap().unwrap_err();
    assert_eq!(error.migrate_dc(), Some(4));
}

#[test]
fn an_unlucky_server_restart_costs_a_404_and_no_loop() {
    let mut pair = Pair::ready(12);
    pair.query(&api(1));
    pair.settle();
    let key = pair.client.saved_keys(pair.now).unwrap().auth_key.id();
    pair.server.destroy_auth_key(key);
    pair.query(&api(2));
    pair.settle();
    let unknown = |confirmed| Event::Closed(ConnectionError::KeyUnknown { confirmed });
    assert!(pair.client_events.contains(&unknown(false)));
    pair.reconnect();
    pair.settle();
    assert!(pair.client_events.contains(&unknown(true)));
    assert_eq!(pair.client.pending_queries(), 1, "it waits for the caller");
}
