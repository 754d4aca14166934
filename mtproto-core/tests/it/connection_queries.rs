//! What becomes of a client's queries.

use mtproto_core::connection::Event;
use mtproto_core::error::PeerMisbehaved;
use mtproto_core::ids::MsgId;
use mtproto_core::message::gzip;
use mtproto_core::rpc::RpcError;
use mtproto_core::session::{QueryFailure, QueryId, QueryOptions, SendError};
use mtproto_core::time::Duration;
use mtproto_core::tl::{Combinator, ServiceMessage, service};
use testkit::LoneClient;

use crate::session_support::{ack, api, result, services};

fn endings(lone: &LoneClient, query: QueryId) -> Vec<Event> {
    lone.events
        .iter()
        .filter(|event| {
            matches!(
                event,
                Event::QueryAnswered { id, .. } | Event::QueryFailed { id, .. } if *id == query
            )
        })
        .cloned()
        .collect()
}

fn answer(query: QueryId, body: &[u8]) -> Event {
    Event::QueryAnswered {
        id: query,
        result: Ok(body.to_vec()),
    }
}

#[test]
fn se_19_se_20_se_21_se_22_sequence_numbers_of_a_client_are_exact() {
    let mut lone = LoneClient::new();
    lone.client.ping(lone.now).unwrap();
    assert_eq!(lone.drain()[0].header.seq_no.0, 1);
    let mut content = 1;
    for number in 0..50 {
        if number % 3 == 0 {
            lone.say(true, &api(900 + number));
        }
        if number % 7 == 0 {
            lone.client
                .send_query(lone.now, &api(500 + number), QueryOptions::default())
                .unwrap();
        }
        lone.client
            .send_query(lone.now, &api(number), QueryOptions::default())
            .unwrap();
        for frame in lone.drain() {
            for message in &frame.messages {
                let service = ServiceMessage::parse(&message.body).unwrap();
                let is_query = service.is_none();
                assert_eq!(message.seq_no.0, 2 * content + i32::from(is_query));
                content += i32::from(is_query);
                assert_eq!(message.msg_id.0 % 4, 0);
            }
            if frame.in_container {
                assert_eq!(
                    frame.header.seq_no.0,
                    2 * content,
                    "even, not below its content"
                );
                let highest = frame.messages.iter().map(|inner| inner.msg_id).max();
                assert!(Some(frame.header.msg_id) > highest);
            }
        }
    }
    assert_eq!(content, 59);
}

#[test]
fn sv_06_five_thousand_queries_are_split_into_containers_within_the_limits() {
    let mut config = testkit::client_config();
    config.ping_interval = None;
    config.session.pending_queries = 10_000;
    let mut lone = LoneClient::with(config);
    for number in 0..5000 {
        lone.client
            .send_query(lone.now, &api(number), QueryOptions::default())
            .unwrap();
    }
    let frames: Vec<usize> = lone
        .drain()
        .iter()
        .map(|frame| frame.messages.len())
        .collect();
    assert_eq!(frames, [1024, 1024, 1024, 1024, 904]);
    for _ in 0..5 {
        lone.client
            .send_query(lone.now, &vec![1; 400 << 10], QueryOptions::default())
            .unwrap();
    }
    let frames: Vec<usize> = lone
        .drain()
        .iter()
        .map(|frame| frame.messages.len())
        .collect();
    assert_eq!(frames, [2, 2, 1]);
}

#[test]
fn sv_13_rp_05_results_are_inflated_and_errors_told() {
    let mut lone = LoneClient::new();
    let (plain, plain_id) = lone.query(&api(1));
    let (packed, packed_id) = lone.query(&api(2));
    let (failed, failed_id) = lone.query(&api(3));
    let (packed_failed, packed_failed_id) = lone.query(&api(4));
    let error = |code, message| {
        service::RpcError {
            error_code: code,
            error_message: message,
        }
        .to_bytes()
    };
    let pack = |body: &[u8]| {
        service::GzipPacked {
            packed_data: &gzip::deflate(body),
        }
        .to_bytes()
    };
    lone.say(true, &result(plain_id, &api(10)));
    lone.say(true, &result(packed_id, &pack(&api(20))));
    lone.say(true, &result(failed_id, &error(-1, b"\xff\xfe")));
    lone.say(
        true,
        &result(packed_failed_id, &pack(&error(420, b"FLOOD_WAIT_3"))),
    );
    assert_eq!(endings(&lone, plain), [answer(plain, &api(10))]);
    assert_eq!(endings(&lone, packed), [answer(packed, &api(20))]);
    let told = |id, error| Event::QueryAnswered {
        id,
        result: Err(error),
    };
    let replaced = RpcError::new(-1, "\u{fffd}\u{fffd}");
    assert_eq!(endings(&lone, failed), [told(failed, replaced)]);
    let flood = RpcError::new(420, "FLOOD_WAIT_3");
    assert_eq!(endings(&lone, packed_failed), [told(packed_failed, flood)]);
}

#[test]
fn sv_17_sv_59_an_unusable_answer_ends_its_query_alone() {
    let cases = [
        service::GzipPacked { packed_data: &[] }.to_bytes(),
        service::GzipPacked {
            packed_data: &gzip::deflate(&api(1))[..12],
        }
        .to_bytes(),
        ack(&[MsgId(1)]),
    ];
    for body in &cases {
        let mut lone = LoneClient::new();
        let (query, id) = lone.query(&api(1));
        let (other, other_id) = lone.query(&api(2));
        lone.say(true, &result(id, body));
        assert!(matches!(
            endings(&lone, query)[..],
            [Event::QueryFailed {
                reason: QueryFailure::UnusableAnswer(_),
                ..
            }]
        ));
        lone.say(true, &result(other_id, &api(3)));
        assert_eq!(endings(&lone, other), [answer(other, &api(3))]);
    }
}

#[test]
fn rp_01_rp_02_rp_03_results_for_nobody_are_dropped() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    lone.say(true, &result(MsgId(0x1234_5678), &api(9)));
    lone.say(true, &result(MsgId(0), &api(9)));
    lone.say(true, &result(id, &api(2)));
    lone.say(true, &result(id, &api(3)));
    assert_eq!(endings(&lone, query), [answer(query, &api(2))]);
    assert_eq!(lone.refused(), [PeerMisbehaved::ResultForUnknownQuery; 3]);
    assert!(lone.updates().is_empty());
}

#[test]
fn sv_19_sv_20_an_acknowledgement_does_not_complete_a_query() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    lone.say(false, &ack(&[MsgId(4), id]));
    assert!(lone.events.contains(&Event::QueryAcked(query)));
    assert_eq!(lone.client.pending_queries(), 1);
    lone.pass(Duration::from_secs(5));
    lone.say(true, &result(id, &api(2)));
    assert_eq!(endings(&lone, query), [answer(query, &api(2))]);
}

#[test]
fn rp_23_a_query_without_an_answer_ends_at_its_time_and_the_server_is_told() {
    let mut lone = LoneClient::new();
    let options = QueryOptions {
        timeout: Some(Duration::from_secs(3)),
        ..QueryOptions::default()
    };
    let query = lone.client.send_query(lone.now, &api(1), options).unwrap();
    let id = lone.drain()[0].messages[0].msg_id;
    assert_eq!(lone.pass(Duration::from_millis(2_999)), []);
    let heard = lone.pass(Duration::from_millis(1));
    let drop = service::RpcDropAnswer { req_msg_id: id };
    assert_eq!(services(&heard), [ServiceMessage::RpcDropAnswer(drop)]);
    let timed_out = Event::QueryFailed {
        id: query,
        reason: QueryFailure::TimedOut,
    };
    assert_eq!(endings(&lone, query), std::slice::from_ref(&timed_out));
    lone.say(true, &result(id, &api(2)));
    assert_eq!(endings(&lone, query), [timed_out], "too late");
}

#[test]
fn sv_52_a_cancelled_query_ends_once_and_the_server_is_told() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    lone.client.cancel_query(lone.now, query).unwrap();
    let heard = lone.drain();
    let drop_id = heard[0].messages[0].msg_id;
    assert_eq!(
        services(&heard),
        [ServiceMessage::RpcDropAnswer(service::RpcDropAnswer {
            req_msg_id: id
        })]
    );
    let running = service::RpcAnswerDroppedRunning {}.to_bytes();
    lone.say(true, &result(id, &running));
    lone.say(true, &result(drop_id, &running));
    assert_eq!(endings(&lone, query).len(), 1);
    assert_eq!(
        lone.client.cancel_query(lone.now, query),
        Err(SendError::UnknownQuery)
    );
}

#[test]
fn a_query_cancelled_before_it_left_never_leaves() {
    let mut lone = LoneClient::new();
    let query = lone
        .client
        .send_query(lone.now, &api(1), QueryOptions::default())
        .unwrap();
    lone.client.cancel_query(lone.now, query).unwrap();
    assert_eq!(lone.drain(), []);
    assert_eq!(endings(&lone, query).len(), 1);
}

#[test]
fn rp_24_ten_thousand_answers_in_reverse_order_all_match() {
    let mut config = testkit::client_config();
    config.ping_interval = None;
    config.session.pending_queries = 10_000;
    config.session.replay_window = 20_000;
    let mut lone = LoneClient::with(config);
    let queries: Vec<QueryId> = (0..10_000)
        .map(|number| {
            lone.client
                .send_query(lone.now, &api(number), QueryOptions::default())
                .unwrap()
        })
        .collect();
    let sent: Vec<(MsgId, Vec<u8>)> = lone
        .drain()
        .into_iter()
        .flat_map(|frame| frame.messages)
        .map(|message| (message.msg_id, message.body))
        .collect();
    for (id, body) in sent.iter().rev() {
        lone.say(true, &result(*id, body));
    }
    let answered: Vec<QueryId> = lone
        .events
        .iter()
        .filter_map(|event| match event {
            Event::QueryAnswered { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    assert!(answered.into_iter().rev().eq(queries));
}

#[test]
fn queries_are_refused_before_they_do_harm() {
    let mut config = testkit::client_config();
    config.session.pending_queries = 1;
    let mut lone = LoneClient::with(config);
    let mut send = |body: &[u8]| {
        lone.client
            .send_query(lone.now, body, QueryOptions::default())
            .err()
    };
    assert_eq!(send(&[]), Some(SendError::BodyLength));
    assert_eq!(send(&[1, 2, 3]), Some(SendError::BodyLength));
    assert_eq!(send(&vec![0; 16 << 20]), Some(SendError::BodyLength));
    assert_eq!(send(&api(1)), None);
    assert_eq!(send(&api(2)), Some(SendError::TooManyQueries));
    lone.client.close(lone.now);
    let closed = lone
        .client
        .send_query(lone.now, &api(3), QueryOptions::default());
    assert_eq!(closed, Err(SendError::Closed));
}

#[test]
fn closing_ends_every_query_before_the_event_of_the_end() {
    let mut lone = LoneClient::new();
    let (query, _) = lone.query(&api(1));
    lone.client.close(lone.now);
    lone.drain();
    let failed = Event::QueryFailed {
        id: query,
        reason: QueryFailure::Closed,
    };
    assert_eq!(endings(&lone, query), [failed]);
    assert!(matches!(lone.events.last(), Some(Event::Closed(_))));
}

#[test]
fn an_unanswered_query_leaves_again_under_its_id_in_a_container() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    lone.client.handle_eof(lone.now);
    let heard = lone.reconnect();
    let again = heard
        .iter()
        .find(|frame| frame.messages.iter().any(|message| message.msg_id == id))
        .expect("it leaves again");
    assert!(again.in_container);
    lone.say(true, &result(id, &api(2)));
    assert_eq!(endings(&lone, query), [answer(query, &api(2))]);
}

#[test]
fn sv_46_an_old_query_is_asked_about_before_it_leaves_again() {
    for (state, leaves_again) in [(1_u8, true), (2, true), (4, false), (4 + 32, false)] {
        let mut lone = LoneClient::new();
        let (query, id) = lone.query(&api(1));
        lone.client.handle_eof(lone.now);
        lone.pass(Duration::from_secs(280));
        let heard = lone.reconnect();
        let question = heard
            .iter()
            .flat_map(|frame| &frame.messages)
            .find(|message| {
                matches!(
                    ServiceMessage::parse(&message.body),
                    Ok(Some(ServiceMessage::MsgsStateReq(_)))
                )
            })
            .expect("a question")
            .msg_id;
        let resent = |heard: &[testkit::Heard]| {
            let mut messages = heard.iter().flat_map(|frame| &frame.messages);
            messages.find(|message| message.body == api(1)).cloned()
        };
        assert_eq!(resent(&heard), None);
        let info = service::MsgsStateInfo {
            req_msg_id: question,
            info: &[state],
        };
        let (_, heard) = lone.say(false, &info.to_bytes());
        let again = resent(&heard);
        assert_eq!(again.is_some(), leaves_again, "{state}");
        let id = again.map_or(id, |message| message.msg_id);
        lone.say(true, &result(id, &api(2)));
        assert_eq!(endings(&lone, query), [answer(query, &api(2))], "{state}");
    }
}

#[test]
fn sv_44_sv_45_states_nobody_asked_for_or_of_the_wrong_number_are_refused() {
    let mut lone = LoneClient::new();
    let (_, id) = lone.query(&api(1));
    let info = |req_msg_id| {
        service::MsgsStateInfo {
            req_msg_id,
            info: &[1],
        }
        .to_bytes()
    };
    lone.say(false, &info(MsgId(4)));
    lone.say(false, &info(id));
    assert_eq!(lone.refused(), [PeerMisbehaved::UnrequestedStateInfo; 2]);
    let ids = [id, id];
    let all = service::MsgsAllInfo {
        msg_ids: ids[..].into(),
        info: &[1; 1002],
    };
    lone.say(false, &all.to_bytes());
    assert_eq!(lone.refused()[2], PeerMisbehaved::StateInfoLength);
}
