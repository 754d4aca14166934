//! What a client checks of each message.

use mtproto_core::connection::Event;
use mtproto_core::error::{ConnectionError, Notice, PeerMisbehaved};
use mtproto_core::ids::{AuthKeyId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::raw::{RawInner, RawMessage, container};
use mtproto_core::session::QueryFailure;
use mtproto_core::time::Duration;
use mtproto_core::tl::{Combinator, ServiceMessage, service};
use testkit::LoneClient;

use crate::session_support::{acked, api, bad_message, bad_salt, ping, result, services};

/// What the client says a while later.
fn later(lone: &mut LoneClient) -> Vec<testkit::Heard> {
    lone.pass(Duration::from_secs(10))
}

#[test]
fn se_04_client_closes_on_an_even_server_id() {
    let mut lone = LoneClient::new();
    let mut message = lone.message(true, &api(1));
    message.msg_id.0 += 1;
    lone.send(&message);
    assert!(lone.updates().is_empty());
    assert!(lone.is_closed());
}

#[test]
fn se_05_client_does_not_care_which_odd_number_an_id_has() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    let mut answer = lone.message(true, &result(id, &api(2)));
    answer.msg_id.0 |= 3;
    lone.send(&answer);
    assert!(answered(&lone, query, &api(2)));
}

fn answered(lone: &LoneClient, query: mtproto_core::session::QueryId, body: &[u8]) -> bool {
    lone.events.contains(&Event::QueryAnswered {
        id: query,
        result: Ok(body.to_vec()),
    })
}

#[test]
fn se_06_se_07_client_handles_a_repeated_message_once_and_acknowledges_it_again() {
    let mut lone = LoneClient::new();
    let earlier = lone.message(true, &api(1));
    let message = lone.message(true, &api(2));
    lone.send(&message);
    lone.send(&earlier);
    assert_eq!(acked(&later(&mut lone)), [message.msg_id, earlier.msg_id]);
    lone.send(&message);
    assert_eq!(lone.updates(), [api(2), api(1)]);
    assert_eq!(acked(&later(&mut lone)), [message.msg_id]);
    assert_eq!(lone.refused(), [PeerMisbehaved::DuplicateMsgId]);
}

#[test]
fn se_08_se_09_client_ignores_what_lies_below_its_window() {
    let mut config = testkit::client_config();
    config.session.replay_window = 4;
    let mut lone = LoneClient::with(config);
    let early = lone.message(true, &api(0));
    for number in 1..=5 {
        lone.say(true, &api(number));
    }
    lone.send(&early);
    assert_eq!(lone.updates().len(), 5);
    assert_eq!(lone.refused(), [PeerMisbehaved::MsgIdBelowWindow]);
}

#[test]
fn se_10_client_takes_a_late_message_that_is_new() {
    let mut lone = LoneClient::new();
    let late = lone.message(true, &api(1));
    lone.say(true, &api(2));
    lone.send(&late);
    assert_eq!(lone.updates(), [api(2), api(1)]);
}

#[test]
fn se_11_se_12_se_13_client_ignores_messages_from_other_times_even_the_first() {
    for (secs, rule) in [
        (3600, PeerMisbehaved::MsgIdInFuture),
        (-86_400, PeerMisbehaved::MsgIdInPast),
    ] {
        let mut lone = LoneClient::new();
        let mut message = lone.message(true, &api(1));
        message.msg_id = lone.id_off(secs);
        lone.send(&message);
        assert!(lone.updates().is_empty());
        assert_eq!(lone.refused(), [rule]);
        assert!(!lone.is_closed());
    }
}

#[test]
fn se_14_sv_22_sv_23_client_with_a_wrong_clock_follows_the_notice_and_sends_again() {
    for (code, secs) in [(16, 3600), (17, -3600)] {
        let mut lone = LoneClient::new();
        let (query, id) = lone.query(&api(1));
        let mut notice = lone.message(false, &bad_message(id, code));
        notice.msg_id = lone.id_off(secs);
        let heard = lone.send(&notice);
        let again = heard
            .iter()
            .flat_map(|frame| &frame.messages)
            .find(|message| message.body == api(1))
            .expect("the query leaves again");
        let moved = i64::from(again.msg_id.unix_secs()) - i64::from(id.unix_secs());
        assert!((moved - secs).abs() <= 2, "code {code}: {moved}");
        let mut answer = lone.message(true, &result(again.msg_id, &api(2)));
        answer.msg_id = lone.id_off(secs);
        lone.send(&answer);
        assert!(answered(&lone, query, &api(2)), "code {code}");
    }
}

#[test]
fn sv_34_client_does_not_move_its_clock_for_a_message_it_never_sent() {
    for code in [16, 17] {
        let mut lone = LoneClient::new();
        lone.query(&api(1));
        let mut notice = lone.message(false, &bad_message(MsgId(0x1234_5678), code));
        notice.msg_id = lone.id_off(86_400);
        lone.send(&notice);
        assert_eq!(lone.refused(), [PeerMisbehaved::NoticeForUnknownMessage]);
        let (_, id) = lone.query(&api(2));
        assert!(i64::from(id.unix_secs()) - 1_700_000_000 < 5);
    }
}

#[test]
fn se_16_se_17_client_closes_on_a_message_of_another_session() {
    let mut lone = LoneClient::new();
    let mut message = lone.message(true, &api(1));
    message.session_id = SessionId(message.session_id.0 ^ 2);
    lone.send(&message);
    assert!(lone.updates().is_empty());
    assert!(lone.is_closed());
}

#[test]
fn en_02_en_04_en_07_client_reacts_alike_to_everything_wrong_with_an_envelope() {
    type Change = fn(&mut RawMessage);
    let cases: [(&str, Change); 8] = [
        ("msg_key", |message| message.msg_key_flaw[0] = 0x80),
        ("padding of 4", |message| message.padding = Some(8)),
        ("padding above 1024", |message| message.padding = Some(1032)),
        ("negative length", |message| message.length = Some(-16)),
        ("length past the end", |message| message.length = Some(400)),
        ("odd length", |message| message.length = Some(6)),
        ("other session", |message| message.session_id.0 ^= 2),
        ("other key", |message| {
            message.auth_key_id = Some(AuthKeyId([1; 8]))
        }),
    ];
    let expected = Event::Closed(ConnectionError::Peer(PeerMisbehaved::InvalidMessage));
    for (what, change) in cases {
        let mut lone = LoneClient::new();
        let mut message = lone.message(true, &api(1));
        change(&mut message);
        let heard = lone.send(&message);
        assert_eq!(heard, [], "{what}");
        assert_eq!(lone.events.last(), Some(&expected), "{what}");
        assert!(lone.updates().is_empty(), "{what}");
    }
}

#[test]
fn en_27_nothing_of_an_invalid_message_is_used() {
    let mut lone = LoneClient::new();
    let (_, id) = lone.query(&api(1));
    let mut message = lone.message(true, &bad_salt(id, 4711));
    message.msg_key_flaw[0] = 1;
    lone.send(&message);
    let heard = lone.reconnect();
    assert!(heard.iter().all(|frame| frame.header.salt == lone.salt));
}

#[test]
fn en_09_a_plain_message_after_the_key_exchange_has_no_effect() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    let mut payload = Vec::new();
    mtproto_core::message::plain::write(MsgId(5), &api(2), &mut payload);
    lone.send_payload(&payload);
    assert!(lone.updates().is_empty());
    assert_eq!(lone.refused(), [PeerMisbehaved::UnexpectedPlainMessage]);
    assert!(!lone.is_closed());
}

#[test]
fn en_28_the_salt_of_a_server_message_changes_nothing() {
    let mut lone = LoneClient::new();
    let mut message = lone.message(true, &api(1));
    message.salt = ServerSalt(1);
    lone.send(&message);
    assert_eq!(lone.updates(), [api(1)]);
    lone.client.ping(lone.now).unwrap();
    let heard = lone.drain();
    assert_eq!(heard[0].header.salt, lone.salt);
}

#[test]
fn se_23_se_24_se_25_client_acknowledges_what_is_content_related_in_containers_too() {
    let mut lone = LoneClient::new();
    let mut odd = Vec::new();
    let mut inner = Vec::new();
    for number in 0..10 {
        let content_related = number % 2 == 0;
        let (id, seq_no) = (lone.next_id(false), lone.next_seq(content_related));
        odd.extend(content_related.then_some(id));
        inner.push(RawInner::new(id, seq_no, api(number)));
    }
    lone.say(false, &container(&inner, None));
    assert_eq!(lone.updates().len(), 10);
    assert_eq!(acked(&later(&mut lone)), odd);
    assert!(later(&mut lone).is_empty(), "each once");
}

#[test]
fn se_27_sixteen_acknowledgements_do_not_wait() {
    let mut lone = LoneClient::new();
    let mut heard = Vec::new();
    let ids: Vec<MsgId> = (0..16)
        .map(|number| {
            let (id, said) = lone.say(true, &api(number));
            heard.extend(said);
            id
        })
        .collect();
    assert_eq!(acked(&heard), ids);
}

#[test]
fn se_29_client_adopts_the_salt_and_sends_again_under_a_new_id() {
    let mut lone = LoneClient::new();
    let (query, first) = lone.query(&api(1));
    let (_, heard) = lone.say(false, &bad_salt(first, 4711));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].header.salt, ServerSalt(4711));
    assert_eq!(heard[0].messages[0].body, api(1));
    let second = heard[0].messages[0].msg_id;
    assert!(second > first);
    lone.say(true, &result(second, &api(2)));
    assert!(answered(&lone, query, &api(2)));
}

#[test]
fn se_30_client_takes_no_salt_for_a_message_it_never_sent() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    let (_, heard) = lone.say(false, &bad_salt(MsgId(0x1234_5678), 4711));
    assert_eq!(heard, []);
    assert_eq!(lone.refused(), [PeerMisbehaved::SaltForUnknownMessage]);
    lone.client.ping(lone.now).unwrap();
    assert_eq!(lone.drain()[0].header.salt, lone.salt);
}

#[test]
fn se_31_sv_25_sv_26_sv_31_sv_36_endless_refusals_end_the_query() {
    for notice in [
        |id| bad_salt(id, 1),
        |id| bad_message(id, 48),
        |id| bad_message(id, 20),
        |id| bad_message(id, 19),
    ] {
        let mut lone = LoneClient::new();
        let (query, mut id) = lone.query(&api(1));
        let mut sent = 0;
        loop {
            let (_, heard) = lone.say(false, &notice(id));
            let Some(frame) = heard.first() else { break };
            id = frame.messages.last().unwrap().msg_id;
            sent += 1;
            assert!(sent < 20, "it never ends");
        }
        assert_eq!(sent, 6);
        assert!(lone.events.iter().any(|event| matches!(
            event,
            Event::QueryFailed {
                id,
                reason: QueryFailure::Refused(_)
            } if *id == query
        )));
    }
}

#[test]
fn sv_35_sv_32_a_notice_about_a_container_covers_its_messages() {
    let mut lone = LoneClient::new();
    let mut notice_about = |code: i32| {
        for number in 0..3 {
            lone.client
                .send_query(lone.now, &api(number), Default::default())
                .unwrap();
        }
        let heard = lone.drain();
        assert!(heard[0].in_container);
        lone.say(false, &bad_message(heard[0].header.msg_id, code))
            .1
    };
    let again = notice_about(16);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].messages.len(), 3);
    let singly = notice_about(64);
    assert_eq!(singly.len(), 3, "one by one");
    assert!(singly.iter().all(|frame| !frame.in_container));
}

#[test]
fn a_refused_container_does_not_lose_its_acknowledgements() {
    let mut lone = LoneClient::new();
    let (update, _) = lone.say(true, &api(1));
    lone.client
        .send_query(lone.now, &api(2), Default::default())
        .unwrap();
    let heard = lone.drain();
    assert_eq!(acked(&heard), [update]);
    let (_, heard) = lone.say(false, &bad_salt(heard[0].header.msg_id, 4711));
    assert_eq!(acked(&heard), [update]);
}

#[test]
fn sv_24_sv_29_sv_30_sv_33_refusals_for_good_end_the_query_at_once() {
    for code in [18, 34, 35, 0, 99, -1] {
        let mut lone = LoneClient::new();
        let (query, id) = lone.query(&api(1));
        let (_, heard) = lone.say(false, &bad_message(id, code));
        assert_eq!(heard, [], "{code}");
        let failed = Event::QueryFailed {
            id: query,
            reason: QueryFailure::Refused(code),
        };
        assert!(lone.events.contains(&failed), "{code}");
        assert!(!lone.is_closed());
    }
}

#[test]
fn sv_27_a_low_sequence_number_jumps() {
    let mut lone = LoneClient::new();
    let (_, id) = lone.query(&api(1));
    let (_, heard) = lone.say(false, &bad_message(id, 32));
    assert!(heard[0].messages[0].seq_no > SeqNo(60));
}

#[test]
fn sv_28_a_high_sequence_number_starts_a_new_session() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    let (_, id) = lone.query(&api(2));
    let before = lone.client.session_id();
    let (_, heard) = lone.say(false, &bad_message(id, 33));
    assert_ne!(lone.client.session_id(), before);
    assert_eq!(heard[0].header.session_id, lone.client.session_id());
    assert_eq!(heard[0].messages.len(), 2, "both queries go on");
    assert_eq!(heard[0].messages[0].seq_no, SeqNo(1));
}

#[test]
fn sv_02_sv_03_sv_08_sv_09_sv_11_client_takes_no_part_of_a_broken_container() {
    let mut lone = LoneClient::new();
    lone.say(false, &container(&[], None));
    assert!(lone.refused().is_empty(), "an empty one is fine");
    let good = RawInner::new(lone.next_id(false), SeqNo(1), api(1));
    let nested = container(std::slice::from_ref(&good), None);
    let with = |change: &dyn Fn(&mut RawInner)| {
        let mut changed = good.clone();
        change(&mut changed);
        container(&[good.clone(), changed], None)
    };
    let cases = [
        with(&|inner| inner.body = nested.clone()),
        with(&|inner| inner.msg_id = MsgId(i64::MAX)),
        with(&|inner| inner.msg_id = MsgId(inner.msg_id.0 - 1)),
        with(&|inner| inner.length = Some(-8)),
        with(&|inner| inner.length = Some(1 << 30)),
        container(std::slice::from_ref(&good), Some(i32::MAX)),
        container(std::slice::from_ref(&good), Some(-1)),
    ];
    for body in &cases {
        lone.say(false, body);
    }
    assert!(lone.updates().is_empty());
    assert_eq!(lone.refused().len(), cases.len());
    assert!(!lone.is_closed());
}

#[test]
fn sv_04_a_depth_bomb_is_refused_in_no_time() {
    for levels in [2, 400, 2_000, 20_000, 40_000] {
        let mut lone = LoneClient::new();
        let id = lone.next_id(false);
        let mut body = Vec::new();
        for level in 1..=levels {
            let inside = (levels - level) * 24 + api(1).len();
            let mut writer = mtproto_core::tl::Writer::new(&mut body);
            writer.constructor(service::MsgContainer::ID).int(1);
            writer.long(id.0).int(1).count(inside);
        }
        body.extend(api(1));
        lone.say(false, &body);
        assert_eq!(
            lone.refused(),
            [PeerMisbehaved::NestedContainer],
            "{levels}"
        );
    }
}

#[test]
fn sv_10_a_message_in_two_containers_counts_once() {
    let mut lone = LoneClient::new();
    let inner = RawInner::new(lone.next_id(false), SeqNo(1), api(1));
    lone.say(false, &container(&[inner.clone(), inner.clone()], None));
    lone.say(false, &container(&[inner], None));
    assert_eq!(lone.updates(), [api(1)]);
}

#[test]
fn sv_37_sv_38_a_new_session_at_the_server_gets_the_lost_queries_again_once() {
    let mut lone = LoneClient::new();
    let (_, lost) = lone.query(&api(1));
    let (_, kept) = lone.query(&api(2));
    let created = service::NewSessionCreated {
        first_msg_id: kept,
        unique_id: 5,
        server_salt: ServerSalt(4711),
    };
    let (created_id, heard) = lone.say(true, &created.to_bytes());
    let again: Vec<&[u8]> = heard
        .iter()
        .flat_map(|frame| &frame.messages)
        .filter(|message| message.msg_id > lost && message.body == api(1))
        .map(|message| message.body.as_slice())
        .collect();
    assert_eq!(again, [&api(1)[..]]);
    assert_eq!(heard[0].header.salt, ServerSalt(4711), "SE-33");
    assert_eq!(acked(&heard), [created_id]);
    assert!(lone.events.contains(&Event::NewSession {
        first_msg_id: kept,
        unique_id: 5
    }));
    let (_, heard) = lone.say(true, &created.to_bytes());
    assert_eq!(heard, [], "the same incarnation again");
}

#[test]
fn sv_39_a_first_id_far_in_the_future_makes_no_endless_loop() {
    let mut lone = LoneClient::new();
    let (query, _) = lone.query(&api(1));
    let mut copies = 0;
    for unique_id in 0..50 {
        let created = service::NewSessionCreated {
            first_msg_id: MsgId(i64::MAX),
            unique_id,
            server_salt: lone.salt,
        };
        copies += lone.say(true, &created.to_bytes()).1.len();
    }
    assert!(copies < 20, "{copies}");
    let failed = |event: &Event| matches!(event, Event::QueryFailed { id, .. } if *id == query);
    assert!(lone.events.iter().any(failed));
}

#[test]
fn sv_40_sv_41_an_announced_answer_is_asked_for_and_not_acknowledged() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    let answer = lone.message(true, &result(id, &api(2)));
    let detailed = service::MsgDetailedInfo {
        msg_id: id,
        answer_msg_id: answer.msg_id,
        bytes: 100,
        status: 0,
    };
    let (_, heard) = lone.say(false, &detailed.to_bytes());
    let wanted = services(&heard)
        .into_iter()
        .find_map(|message| match message {
            ServiceMessage::MsgResendReq(request) => {
                Some(request.msg_ids.iter().collect::<Vec<_>>())
            }
            _ => None,
        });
    assert_eq!(wanted, Some(vec![answer.msg_id]));
    assert_eq!(acked(&heard), []);
    lone.send(&answer);
    assert!(answered(&lone, query, &api(2)));
    later(&mut lone);
    let new = service::MsgNewDetailedInfo {
        answer_msg_id: answer.msg_id,
        bytes: 100,
        status: 0,
    };
    lone.say(false, &new.to_bytes());
    assert_eq!(acked(&later(&mut lone)), [answer.msg_id], "it is here");
}

#[test]
fn sv_43_sv_42_client_answers_questions_about_its_messages() {
    let mut lone = LoneClient::new();
    let (_, id) = lone.query(&api(1));
    let (update, _) = lone.say(true, &api(2));
    let ids = [update];
    let request = service::MsgsStateReq {
        msg_ids: ids[..].into(),
    };
    let (_, heard) = lone.say(false, &request.to_bytes());
    assert!(
        services(&heard).iter().any(
            |message| matches!(message, ServiceMessage::MsgsStateInfo(info) if info.info == [4])
        )
    );
    let ids = [id];
    let request = service::MsgResendReq {
        msg_ids: ids[..].into(),
    };
    let (_, heard) = lone.say(false, &request.to_bytes());
    assert!(heard[0].in_container, "SE-44: never bare under its old id");
    assert_eq!(heard[0].messages[0].msg_id, id);
}

#[test]
fn sv_47_only_the_right_pong_counts() {
    let mut lone = LoneClient::new();
    let ping_id = lone.client.ping(lone.now).unwrap();
    let heard = lone.drain();
    let msg_id = heard[0].messages[0].msg_id;
    let pong = |msg_id, ping_id| service::Pong { msg_id, ping_id }.to_bytes();
    lone.say(false, &pong(MsgId(4), ping_id.0));
    lone.say(false, &pong(msg_id, ping_id.0 + 1));
    assert_eq!(lone.refused(), [PeerMisbehaved::UnmatchedPong; 2]);
    lone.now = lone.now.saturating_add(Duration::from_millis(30));
    lone.say(false, &pong(msg_id, ping_id.0));
    lone.say(false, &pong(msg_id, ping_id.0));
    let pongs: Vec<_> = lone
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Pong(pong) => Some((pong.id, pong.round_trip)),
            _ => None,
        })
        .collect();
    assert_eq!(pongs, [(ping_id, Duration::from_millis(30))]);
}

#[test]
fn sv_48_client_answers_a_ping() {
    let mut lone = LoneClient::new();
    let (id, heard) = lone.say(false, &ping(31));
    assert!(
        services(&heard).contains(&ServiceMessage::Pong(service::Pong {
            msg_id: id,
            ping_id: 31
        }))
    );
}

#[test]
fn sv_50_salts_that_nobody_asked_for_are_not_used() {
    let mut lone = LoneClient::new();
    let (_, id) = lone.query(&api(1));
    let salts = [service::FutureSalt {
        valid_since: 1_699_999_000,
        valid_until: 1_700_009_000,
        salt: ServerSalt(4711),
    }];
    let answer = |req_msg_id| {
        service::FutureSalts {
            req_msg_id,
            now: 1_700_000_000,
            salts: salts[..].into(),
        }
        .to_bytes()
    };
    lone.say(false, &answer(MsgId(4)));
    lone.say(false, &answer(id));
    assert_eq!(lone.refused(), [PeerMisbehaved::UnrequestedSalts; 2]);
    lone.client.request_salts(lone.now, 1).unwrap();
    let heard = lone.drain();
    assert_eq!(heard[0].header.salt, lone.salt);
    lone.say(false, &answer(heard[0].messages[0].msg_id));
    lone.client.ping(lone.now).unwrap();
    assert_eq!(lone.drain()[0].header.salt, ServerSalt(4711));
}

#[test]
fn sv_57_sv_58_client_drops_what_it_cannot_place_and_lives() {
    let mut lone = LoneClient::new();
    lone.say(
        true,
        &service::HttpWait {
            max_delay: 0,
            wait_after: 0,
            max_wait: 0,
        }
        .to_bytes(),
    );
    lone.say(true, &service::DestroyAuthKey {}.to_bytes());
    assert_eq!(lone.refused(), [PeerMisbehaved::WrongRole; 2]);
    lone.say(true, &0xdead_beef_u32.to_le_bytes());
    assert_eq!(lone.updates().len(), 1, "an unknown object is an update");
    assert!(!lone.is_closed());
}

#[test]
fn tr_19_one_transport_error_404_does_not_condemn_the_key() {
    let mut lone = LoneClient::new();
    lone.query(&api(1));
    lone.send_payload(&(-404_i32).to_le_bytes());
    let unknown = |confirmed| Event::Closed(ConnectionError::KeyUnknown { confirmed });
    assert_eq!(lone.events.last(), Some(&unknown(false)));
    lone.reconnect();
    lone.send_payload(&(-404_i32).to_le_bytes());
    assert_eq!(lone.events.last(), Some(&unknown(true)));

    let mut lone = LoneClient::new();
    lone.query(&api(1));
    lone.send_payload(&(-404_i32).to_le_bytes());
    lone.reconnect();
    lone.say(true, &api(2));
    lone.send_payload(&(-404_i32).to_le_bytes());
    assert_eq!(
        lone.events.last(),
        Some(&unknown(false)),
        "a valid message in between"
    );
}

#[test]
fn tr_21_tr_22_tr_23_other_transport_errors() {
    for code in [-429, -444] {
        let mut lone = LoneClient::new();
        lone.query(&api(1));
        lone.send_payload(&i32::to_le_bytes(code));
        assert!(lone.is_closed(), "{code}");
    }
    for code in [-1, -500, i32::MIN] {
        let mut lone = LoneClient::new();
        lone.query(&api(1));
        lone.send_payload(&i32::to_le_bytes(code));
        assert!(!lone.is_closed(), "{code}");
        let told = |event: &Event| matches!(event, Event::Notice(Notice::TransportError(_)));
        assert!(lone.events.iter().any(told));
    }
}

#[test]
fn tr_25_tr_26_a_quick_ack_is_not_an_answer_and_an_unknown_one_is_nothing() {
    let mut lone = LoneClient::new();
    let (query, _) = lone.query(&api(1));
    lone.send_quick_ack(0x8000_0007);
    assert!(
        lone.events
            .contains(&Event::Notice(Notice::UnknownQuickAck(0x8000_0007)))
    );
    assert_eq!(lone.client.pending_queries(), 1);
    assert!(
        !lone
            .events
            .iter()
            .any(|event| matches!(event, Event::QueryAcked(id) if *id == query))
    );
}
