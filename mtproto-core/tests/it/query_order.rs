//! Queries that come after others: `invokeAfterMsg` and `invokeAfterMsgs`, at the server and from the client.

use proptest::prelude::*;

use mtproto_core::endpoint::ServerEvent;
use mtproto_core::ids::MsgId;
use mtproto_core::known_calls::{KnownCall, invoke_after};
use mtproto_core::message::gzip;
use mtproto_core::rpc::RpcError;
use mtproto_core::session::{QueryId, QueryOptions, SendError};
use mtproto_core::time::Duration;
use mtproto_core::tl::{Combinator, service};
use mtproto_core::transport::Transport;
use testkit::{LoneClient, LoneServer, Pair, Split};

use crate::session_support::{api, result, results};

fn error(code: i32, message: &str) -> Vec<u8> {
    service::RpcError {
        error_code: code,
        error_message: message.as_bytes(),
    }
    .to_bytes()
}

fn wait_failed() -> Vec<u8> {
    error(400, "MSG_WAIT_FAILED")
}

fn wait_timeout() -> Vec<u8> {
    error(-503, "MSG_WAIT_TIMEOUT")
}

fn executed(lone: &LoneServer) -> Vec<Vec<u8>> {
    lone.queries().into_iter().map(|(_, body)| body).collect()
}

fn after(queries: &[QueryId]) -> QueryOptions {
    QueryOptions {
        after: queries.to_vec(),
        ..QueryOptions::default()
    }
}

#[test]
fn a_query_waits_until_the_one_before_has_ended() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    let (second, heard) = lone.say(true, &invoke_after(&[first], &api(2)));
    assert!(results(&heard).is_empty());
    assert_eq!(executed(&lone), [api(1)], "it waits");
    let heard = lone.answer(0, Ok(&api(10)));
    assert_eq!(results(&heard), [(first, api(10))]);
    assert_eq!(executed(&lone), [api(1), api(2)], "without its wrapper");
    let heard = lone.answer(1, Ok(&api(20)));
    assert_eq!(results(&heard), [(second, api(20))]);
    // All has ended: there is nothing to wait for.
    lone.say(true, &invoke_after(&[first, second], &api(3)));
    assert_eq!(executed(&lone).len(), 3);
}

#[test]
fn of_several_the_last_one_counts() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    let (second, _) = lone.say(true, &api(2));
    lone.say(true, &invoke_after(&[first, second], &api(3)));
    lone.answer(1, Ok(&api(0)));
    assert_eq!(executed(&lone).len(), 2);
    lone.answer(0, Ok(&api(0)));
    assert_eq!(executed(&lone), [api(1), api(2), api(3)]);
}

#[test]
fn what_failed_fails_all_that_come_after_it() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    let (second, _) = lone.say(true, &invoke_after(&[first], &api(2)));
    let (third, _) = lone.say(true, &invoke_after(&[second], &api(3)));
    let flood = RpcError::new(420, "FLOOD_WAIT_3");
    let heard = lone.answer(0, Err(&flood));
    let expected = [
        (first, error(420, "FLOOD_WAIT_3")),
        (second, wait_failed()),
        (third, wait_failed()),
    ];
    assert_eq!(results(&heard), expected);
    assert_eq!(executed(&lone), [api(1)]);
    // The failure is remembered for those that come later.
    let (late, heard) = lone.say(true, &invoke_after(&[first], &api(4)));
    assert_eq!(results(&heard), [(late, wait_failed())]);
    let (free, _) = lone.say(true, &api(5));
    assert_eq!(executed(&lone), [api(1), api(5)]);
    assert!(free > late);
}

#[test]
fn half_a_second_is_the_longest_wait() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    let (second, _) = lone.say(true, &invoke_after(&[first], &api(2)));
    assert!(results(&lone.pass(Duration::from_millis(499))).is_empty());
    let heard = lone.pass(Duration::from_millis(1));
    assert_eq!(results(&heard), [(second, wait_timeout())]);
    lone.answer(0, Ok(&api(0)));
    assert_eq!(executed(&lone), [api(1)], "never executed");
}

#[test]
fn a_message_that_is_not_known_yet_is_waited_for() {
    let mut lone = LoneServer::new();
    lone.say(true, &api(0));
    let first = lone.message(true, &api(1));
    let second = lone.message(true, &invoke_after(&[first.msg_id], &api(2)));
    lone.send(&second);
    assert_eq!(executed(&lone), [api(0)]);
    lone.send(&first);
    assert_eq!(executed(&lone), [api(0), api(1)]);
    lone.answer(1, Ok(&api(0)));
    assert_eq!(executed(&lone), [api(0), api(1), api(2)]);
}

#[test]
fn a_foreign_or_impossible_message_is_waited_for_in_vain() {
    for named in [MsgId(0), MsgId(-1), MsgId(i64::MAX), MsgId(3)] {
        let mut lone = LoneServer::new();
        let (id, _) = lone.say(true, &invoke_after(&[named], &api(2)));
        let heard = lone.pass(Duration::from_millis(500));
        assert_eq!(results(&heard), [(id, wait_timeout())]);
        assert!(executed(&lone).is_empty());
    }
    // Two that wait for each other.
    let mut lone = LoneServer::new();
    let mut first = lone.message(true, &[]);
    let second = lone.message(true, &invoke_after(&[first.msg_id], &api(2)));
    first.body = invoke_after(&[second.msg_id], &api(1));
    lone.send(&first);
    lone.send(&second);
    let heard = lone.pass(Duration::from_millis(500));
    assert_eq!(results(&heard).len(), 2);
    assert!(executed(&lone).is_empty());
}

#[test]
fn a_service_message_is_nothing_to_wait_for() {
    let mut lone = LoneServer::new();
    let (ping, _) = lone.say(true, &service::Ping { ping_id: 1 }.to_bytes());
    lone.say(true, &invoke_after(&[ping], &api(2)));
    assert_eq!(executed(&lone), [api(2)]);
}

#[test]
fn wrappers_nest_and_hold_compressed_queries() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    let (second, _) = lone.say(true, &api(2));
    let long = [api(3), vec![0; 1000]].concat();
    let packed = service::GzipPacked {
        packed_data: &gzip::deflate(&long),
    }
    .to_bytes();
    lone.say(
        true,
        &invoke_after(&[first], &invoke_after(&[second], &packed)),
    );
    lone.answer(0, Ok(&api(0)));
    assert_eq!(executed(&lone).len(), 2);
    lone.answer(1, Ok(&api(0)));
    assert_eq!(executed(&lone)[2], long);
}

#[test]
fn what_waits_is_bounded() {
    let mut config = testkit::server_config();
    config.session.held_queries = 2;
    config.session.held_bytes = 100;
    let mut lone = LoneServer::with(config);
    let (first, _) = lone.say(true, &api(1));
    let big = [api(2), vec![0; 200]].concat();
    let (id, heard) = lone.say(true, &invoke_after(&[first], &big));
    assert_eq!(results(&heard), [(id, wait_timeout())]);
    for _ in 0..2 {
        let (_, heard) = lone.say(true, &invoke_after(&[first], &api(2)));
        assert!(results(&heard).is_empty());
    }
    let (id, heard) = lone.say(true, &invoke_after(&[first], &api(2)));
    assert_eq!(results(&heard), [(id, wait_timeout())]);
    let many: Vec<MsgId> = (0..1000).map(MsgId).collect();
    let (id, heard) = lone.say(true, &invoke_after(&many, &api(2)));
    assert_eq!(results(&heard), [(id, wait_failed())]);
}

#[test]
fn a_dropped_query_fails_those_after_it_and_can_be_one_of_them() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    let (second, _) = lone.say(true, &invoke_after(&[first], &api(2)));
    let (third, _) = lone.say(true, &invoke_after(&[second], &api(3)));
    let drop = service::RpcDropAnswer { req_msg_id: second };
    let (_, heard) = lone.say(true, &drop.to_bytes());
    assert!(results(&heard).contains(&(third, wait_failed())));
    lone.answer(0, Ok(&api(0)));
    assert_eq!(executed(&lone), [api(1)], "neither is executed");
}

#[test]
fn a_wait_goes_on_without_a_stream() {
    let mut lone = LoneServer::new();
    let (first, _) = lone.say(true, &api(1));
    lone.say(true, &invoke_after(&[first], &api(2)));
    lone.server.handle_eof(lone.now, lone.connection);
    lone.answer(0, Ok(&api(0)));
    assert_eq!(executed(&lone), [api(1), api(2)]);
    lone.open_stream(Transport::Abridged);
    lone.pass(Duration::from_secs(1));
    let ended = |event: &ServerEvent| matches!(event, ServerEvent::SessionDestroyed { .. });
    assert!(!lone.events.iter().any(ended));
}

// ---- the client

/// The messages that a body of the client names, and its query.
fn order_of(body: &[u8]) -> (Vec<MsgId>, Vec<u8>) {
    match KnownCall::read(body) {
        Some(KnownCall::InvokeAfterMsg { msg_id, query }) => (vec![msg_id], query.to_vec()),
        Some(KnownCall::InvokeAfterMsgs { msg_ids, query }) => {
            (msg_ids.iter().collect(), query.to_vec())
        }
        _ => (Vec::new(), body.to_vec()),
    }
}

/// The last message that the client sent with this query in it.
fn sent(heard: &[testkit::Heard], query: &[u8]) -> Option<(MsgId, Vec<MsgId>)> {
    let messages = heard.iter().flat_map(|frame| &frame.messages);
    let mut found = messages
        .map(|message| (message.msg_id, order_of(&message.body)))
        .filter(|(_, (_, body))| body == query);
    found.next_back().map(|(id, (ids, _))| (id, ids))
}

fn three(lone: &mut LoneClient) -> ([QueryId; 3], [MsgId; 3]) {
    let mut send = |number, options| {
        let sent = lone.client.send_query(lone.now, &api(number), options);
        sent.unwrap()
    };
    let a = send(1, after(&[]));
    let b = send(2, after(&[a]));
    let c = send(3, after(&[a, b]));
    let heard = lone.drain();
    let (ida, of_a) = sent(&heard, &api(1)).unwrap();
    let (idb, of_b) = sent(&heard, &api(2)).unwrap();
    let (idc, of_c) = sent(&heard, &api(3)).unwrap();
    assert_eq!((of_a, of_b, of_c), (vec![], vec![ida], vec![ida, idb]));
    ([a, b, c], [ida, idb, idc])
}

#[test]
fn rp_19_a_client_names_the_messages_of_the_queries_before() {
    let mut lone = LoneClient::new();
    let ([a, ..], [ida, ..]) = three(&mut lone);
    lone.say(true, &result(ida, &api(0)));
    let d = lone.client.send_query(lone.now, &api(4), after(&[a]));
    assert!(d.is_ok());
    let heard = lone.drain();
    let (_, named) = sent(&heard, &api(4)).unwrap();
    assert!(named.is_empty(), "what has ended is not named");
    let never = QueryId(99);
    let refused = lone.client.send_query(lone.now, &api(5), after(&[never]));
    assert_eq!(refused, Err(SendError::UnknownQuery));
}

#[test]
fn se_29_new_identifiers_are_named_after_a_new_salt() {
    let mut lone = LoneClient::new();
    let (_, ids) = three(&mut lone);
    let (_, heard) = lone.say(false, &crate::session_support::bad_salt(ids[1], 7));
    let (newb, of_b) = sent(&heard, &api(2)).unwrap();
    assert_ne!(newb, ids[1]);
    assert_eq!(of_b, [ids[0]], "the first one was not refused");
    let (_, heard) = lone.say(false, &crate::session_support::bad_salt(ids[2], 7));
    let (_, of_c) = sent(&heard, &api(3)).unwrap();
    assert_eq!(of_c, [ids[0], newb]);
}

#[test]
fn rp_20_after_a_timeout_the_query_leaves_again_with_the_same_ids() {
    let mut lone = LoneClient::new();
    let (_, ids) = three(&mut lone);
    let (_, heard) = lone.say(true, &result(ids[1], &wait_timeout()));
    let (newb, of_b) = sent(&heard, &api(2)).unwrap();
    assert_eq!(of_b, [ids[0]]);
    // An answer to the message that was given up says nothing any more.
    lone.say(true, &result(ids[1], &wait_failed()));
    assert_eq!(lone.client.pending_queries(), 3);
    lone.say(true, &result(newb, &api(9)));
    assert_eq!(lone.client.pending_queries(), 2);
}

#[test]
fn rp_21_after_a_failure_the_query_leaves_again_without_the_one_that_failed() {
    // Scenario 1.1 of the page: the first one fails, and with it both others.
    let mut lone = LoneClient::new();
    let (_, ids) = three(&mut lone);
    lone.say(true, &result(ids[0], &error(420, "FLOOD_WAIT_3")));
    let (_, heard) = lone.say(true, &result(ids[1], &wait_failed()));
    let (newb, of_b) = sent(&heard, &api(2)).unwrap();
    assert!(of_b.is_empty());
    let (_, heard) = lone.say(true, &result(ids[2], &wait_failed()));
    let (newc, of_c) = sent(&heard, &api(3)).unwrap();
    assert_eq!(of_c, [newb]);
    assert!(newc > newb);
}

#[test]
fn rp_20_a_client_waits_itself_if_the_server_does_not_get_there() {
    let mut lone = LoneClient::new();
    let (_, ids) = three(&mut lone);
    let mut id = ids[1];
    for _ in 0..6 {
        let (_, heard) = lone.say(true, &result(id, &wait_timeout()));
        id = sent(&heard, &api(2)).unwrap().0;
    }
    let (_, heard) = lone.say(true, &result(id, &wait_timeout()));
    assert_eq!(sent(&heard, &api(2)), None);
    assert_eq!(lone.client.pending_queries(), 3);
    let (_, heard) = lone.say(true, &result(ids[0], &api(0)));
    let (id, named) = sent(&heard, &api(2)).expect("nothing is before it any more");
    assert!(named.is_empty());
    // Nothing can be waited for: the error is the query's own.
    lone.say(true, &result(id, &wait_timeout()));
    assert_eq!(lone.client.pending_queries(), 1);
}

#[test]
fn a_query_that_waits_in_the_client_can_be_cancelled() {
    let mut lone = LoneClient::new();
    let (queries, ids) = three(&mut lone);
    let mut id = ids[1];
    for _ in 0..6 {
        let (_, heard) = lone.say(true, &result(id, &wait_timeout()));
        id = sent(&heard, &api(2)).unwrap().0;
    }
    lone.say(true, &result(id, &wait_timeout()));
    lone.client.cancel_query(lone.now, queries[1]).unwrap();
    let (_, heard) = lone.say(true, &result(ids[0], &api(0)));
    assert_eq!(sent(&heard, &api(2)), None);
    assert_eq!(lone.client.pending_queries(), 1);
}

proptest! {
    #[test]
    fn a_chain_is_executed_in_order_whatever_happens_to_the_stream(
        seed in any::<u64>(),
        cuts in proptest::collection::vec((0_u16..2000, 0_u16..1500), 0..6),
        slow in any::<u8>(),
    ) {
        let mut pair = Pair::builder().seed(seed).split(Split::Random(64)).sharing_a_key().build();
        // Some are answered late, one fails.
        pair.application(move |body| match body[4] {
            8 => Some(Err(RpcError::new(400, "TEST"))),
            number if slow >> (number % 8) & 1 == 1 => None,
            _ => Some(Ok(body.to_vec())),
        });
        let mut last = None;
        let mut chain = Vec::new();
        let mut send = |pair: &mut Pair, number: u32| {
            let query = pair.query_with(&api(number), after(&Vec::from_iter(last)));
            last = Some(query);
            chain.push(query);
        };
        (1..=4).for_each(|number| send(&mut pair, number));
        for (bytes, millis) in cuts {
            pair.cut_after(usize::from(bytes));
            pair.run_for(Duration::from_millis(u64::from(millis)));
            for request in std::mem::take(&mut pair.unanswered) {
                pair.answer(request, Ok(api(0)));
            }
            if !pair.is_connected() {
                pair.reconnect();
            }
        }
        (5..=10).for_each(|number| send(&mut pair, number));
        for _ in 0..30 {
            if !pair.is_connected() {
                pair.reconnect();
            }
            pair.run_for(Duration::from_millis(700));
            for request in std::mem::take(&mut pair.unanswered) {
                pair.answer(request, Ok(api(0)));
            }
        }
        let all: Vec<Vec<u8>> = (1..=10).map(api).collect();
        prop_assert_eq!(&pair.executed, &all);
        for query in chain {
            prop_assert_eq!(pair.endings_of(query), 1);
        }
    }
}
