//! What a server checks of each message, and how it refuses.

use mtproto_core::endpoint::{CloseReason, ServerEvent};
use mtproto_core::error::PeerMisbehaved;
use mtproto_core::ids::{AuthKeyId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::raw::{RawInner, container};
use mtproto_core::session::PAST_SECS;
use mtproto_core::time::Duration;
use mtproto_core::tl::ServiceMessage;
use mtproto_core::transport::Transport;
use testkit::{LoneServer, server_config};

use crate::session_support::{ack, acked, api, bodies, ping, refusals, results, services};

fn strict() -> LoneServer {
    let mut config = server_config();
    config.session.strict = true;
    LoneServer::with(config)
}

#[test]
fn se_34_server_refuses_a_wrong_salt_and_names_the_right_one() {
    let mut lone = LoneServer::new();
    for wrong in [0, 1, lone.salt.0 ^ 1] {
        let mut message = lone.message(true, &api(1));
        message.salt = ServerSalt(wrong);
        let heard = lone.send(&message);
        assert_eq!(
            refusals(&heard),
            [(message.msg_id, 48, Some(lone.salt))],
            "{wrong}"
        );
    }
    assert!(lone.queries().is_empty());
    let (_, heard) = lone.say(true, &api(1));
    let names_the_salt = |message: &ServiceMessage<'_>| matches!(message, ServiceMessage::NewSessionCreated(created) if created.server_salt == lone.salt);
    assert!(services(&heard).iter().any(names_the_salt));
    assert_eq!(lone.queries().len(), 1);
}

#[test]
fn se_35_server_accepts_the_former_salt_for_1800_seconds() {
    let mut lone = LoneServer::new();
    lone.say(true, &api(1));
    // The start lies 800 s into a period of 1800 s.
    for (secs, expected) in [(1500, None), (1290, None), (20, Some(48))] {
        lone.pass(Duration::from_secs(secs));
        let (_, heard) = lone.say(true, &api(2));
        let code = refusals(&heard).first().map(|refusal| refusal.1);
        assert_eq!(code, expected);
    }
    assert_eq!(lone.queries().len(), 3);
}

#[test]
fn se_37_server_refuses_ids_from_other_times() {
    for (secs, code) in [(-3600, 16), (-PAST_SECS - 2, 16), (3600, 17), (32, 17)] {
        let mut lone = LoneServer::new();
        let mut message = lone.message(true, &api(1));
        message.msg_id = lone.id_off(secs);
        let heard = lone.send(&message);
        assert_eq!(refusals(&heard), [(message.msg_id, code, None)], "{secs}");
        assert!(lone.queries().is_empty());
    }
    let mut lone = LoneServer::new();
    for secs in [-PAST_SECS + 2, 28] {
        let mut message = lone.message(true, &api(1));
        message.msg_id = lone.id_off(secs);
        assert_eq!(refusals(&lone.send(&message)), []);
    }
}

#[test]
fn se_37_server_cannot_tell_an_id_below_its_window() {
    let mut config = server_config();
    config.session.replay_window = 4;
    let mut lone = LoneServer::with(config);
    let early = lone.message(true, &api(0));
    for number in 1..=5 {
        lone.say(true, &api(number));
    }
    let heard = lone.send(&early);
    assert_eq!(refusals(&heard), [(early.msg_id, 20, None)]);
}

#[test]
fn se_38_server_refuses_an_id_not_divisible_by_four() {
    for low in [1, 2, 3] {
        let mut lone = LoneServer::new();
        let mut message = lone.message(true, &api(1));
        message.msg_id.0 += low;
        let heard = lone.send(&message);
        assert_eq!(refusals(&heard), [(message.msg_id, 18, None)]);
    }
}

#[test]
fn se_39_server_refuses_a_container_with_the_id_of_an_earlier_message() {
    let mut lone = LoneServer::new();
    let inner = RawInner::new(lone.next_id(), lone.next_seq(true), api(1));
    let body = container(&[inner], None);
    let message = lone.message(false, &body);
    lone.send(&message);
    let heard = lone.send(&message);
    assert_eq!(refusals(&heard), [(message.msg_id, 19, None)]);
    assert_eq!(lone.queries().len(), 1);
}

#[test]
fn se_40_server_refuses_sequence_numbers_out_of_order() {
    let mut lone = LoneServer::new();
    let mut middle = lone.message(true, &api(1));
    lone.say(true, &api(2));
    let mut late = lone.message(true, &api(3));
    late.seq_no = SeqNo(1);
    assert_eq!(refusals(&lone.send(&late)), [(late.msg_id, 32, None)]);
    middle.seq_no = SeqNo(9);
    assert_eq!(refusals(&lone.send(&middle)), [(middle.msg_id, 33, None)]);
    assert_eq!(lone.queries().len(), 1);
}

#[test]
fn se_41_strict_server_refuses_wrong_parity() {
    let mut lone = strict();
    let odd_ack = lone.message(true, &ack(&[MsgId(1)]));
    assert_eq!(refusals(&lone.send(&odd_ack)), [(odd_ack.msg_id, 34, None)]);
    for body in [api(1), ping(7)] {
        let even = lone.message(false, &body);
        assert_eq!(refusals(&lone.send(&even)), [(even.msg_id, 35, None)]);
    }
    assert!(lone.queries().is_empty());
}

#[test]
fn se_41_tolerant_server_names_the_rule_and_goes_on() {
    let mut lone = LoneServer::new();
    // What Pyrogram does.
    let (_, heard) = lone.say(false, &ping(7));
    assert!(
        services(&heard)
            .iter()
            .any(|message| matches!(message, ServiceMessage::Pong(pong) if pong.ping_id == 7))
    );
    // What mtcute does.
    let odd_ack = RawInner::new(lone.next_id(), lone.next_seq(true), ack(&[MsgId(1)]));
    let query = RawInner::new(lone.next_id(), lone.next_seq(true), api(1));
    let (_, heard) = lone.say_together(&[odd_ack, query]);
    assert_eq!(refusals(&heard), []);
    assert_eq!(lone.queries().len(), 1);
    assert_eq!(
        lone.tolerated(),
        [PeerMisbehaved::EvenSeqNo, PeerMisbehaved::OddSeqNo]
    );
}

#[test]
fn se_36_server_executes_a_repeated_query_once_and_answers_it_again() {
    let mut lone = LoneServer::new();
    let message = lone.message(true, &api(1));
    lone.send(&message);
    assert_eq!(results(&lone.send(&message)), []);
    let first = results(&lone.answer(0, Ok(&api(2))));
    assert_eq!(first, [(message.msg_id, api(2))]);
    let heard = lone.send(&message);
    assert_eq!(results(&heard), first);
    assert!(
        heard[0].in_container,
        "an old identifier travels in a container"
    );
    assert_eq!(lone.queries().len(), 1);
}

#[test]
fn se_36_a_query_in_a_container_and_alone_is_executed_once() {
    let mut lone = LoneServer::new();
    let message = lone.message(true, &api(1));
    lone.send(&message);
    let again = RawInner::new(message.msg_id, message.seq_no, message.body.clone());
    lone.say_together(&[again]);
    assert_eq!(lone.queries().len(), 1);
}

#[test]
fn sv_01_messages_of_a_container_are_handled_in_order() {
    let mut lone = LoneServer::new();
    let inner: Vec<RawInner> = (0..10)
        .map(|number| RawInner::new(lone.next_id(), lone.next_seq(true), api(number)))
        .collect();
    lone.say_together(&inner);
    let bodies: Vec<Vec<u8>> = lone.queries().into_iter().map(|query| query.1).collect();
    assert_eq!(bodies, (0..10).map(api).collect::<Vec<_>>());
}

#[test]
fn sv_03_sv_05_sv_08_sv_11_server_refuses_malformed_containers_whole() {
    let mut lone = LoneServer::new();
    let good = RawInner::new(lone.next_id(), lone.next_seq(true), api(1));
    let with = |change: &dyn Fn(&mut RawInner)| {
        let mut changed = good.clone();
        change(&mut changed);
        container(&[good.clone(), changed], None)
    };
    let nested = container(std::slice::from_ref(&good), None);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nested", with(&|inner| inner.body = nested.clone())),
        (
            "id not lower",
            with(&|inner| inner.msg_id = MsgId(i64::MAX & !3)),
        ),
        (
            "length not a multiple of 4",
            with(&|inner| inner.length = Some(6)),
        ),
        ("length negative", with(&|inner| inner.length = Some(-4))),
        (
            "length past the end",
            with(&|inner| inner.length = Some(4000)),
        ),
        (
            "count negative",
            container(std::slice::from_ref(&good), Some(-1)),
        ),
        (
            "count huge",
            container(std::slice::from_ref(&good), Some(i32::MAX)),
        ),
        (
            "count one more",
            container(std::slice::from_ref(&good), Some(2)),
        ),
        (
            "count one less",
            container(&[good.clone(), good.clone()], Some(1)),
        ),
    ];
    for (what, body) in cases {
        let message = lone.message(false, &body);
        let heard = lone.send(&message);
        assert_eq!(refusals(&heard), [(message.msg_id, 64, None)], "{what}");
        assert!(lone.queries().is_empty(), "{what}");
    }
}

#[test]
fn sv_07_server_refuses_a_container_of_more_than_1024_messages() {
    for (count, code) in [(1024, None), (1025, Some(64))] {
        let mut lone = LoneServer::new();
        let inner: Vec<RawInner> = (0..count)
            .map(|number| RawInner::new(lone.next_id(), lone.next_seq(true), api(number)))
            .collect();
        let (id, heard) = lone.say_together(&inner);
        let expected: Vec<_> = code.map(|code| (id, code, None)).into_iter().collect();
        assert_eq!(refusals(&heard), expected);
    }
}

#[test]
fn sv_12_a_container_with_a_malformed_third_message_has_no_effect() {
    let mut lone = LoneServer::new();
    let mut inner: Vec<RawInner> = (0..5)
        .map(|number| RawInner::new(lone.next_id(), lone.next_seq(true), api(number)))
        .collect();
    inner[2].body = Vec::new();
    let (id, heard) = lone.say_together(&inner);
    assert_eq!(refusals(&heard), [(id, 64, None)]);
    assert!(lone.queries().is_empty());
}

#[test]
fn en_02_en_10_en_11_en_13_en_14_server_closes_on_a_broken_envelope_without_a_word() {
    type Change = fn(&mut mtproto_core::raw::RawMessage);
    let cases: [(&str, Change); 7] = [
        ("msg_key", |message| message.msg_key_flaw[3] = 1),
        ("padding of 4", |message| message.padding = Some(8)),
        ("padding of 1032", |message| message.padding = Some(1032)),
        ("negative length", |message| message.length = Some(-4)),
        ("length past the end", |message| message.length = Some(400)),
        ("odd length", |message| message.length = Some(6)),
        ("huge length", |message| message.length = Some(i32::MAX)),
    ];
    for (what, change) in cases {
        let mut lone = LoneServer::new();
        let mut message = lone.message(true, &api(1));
        change(&mut message);
        let heard = lone.send(&message);
        assert_eq!(heard, [], "{what}");
        assert!(lone.control.is_empty(), "{what}");
        let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
        assert_eq!(lone.closed(), Some(reason), "{what}");
    }
}

#[test]
fn en_08_an_unknown_key_gets_the_transport_error_404_and_no_more_than_eight_times() {
    let mut lone = LoneServer::new();
    let mut message = lone.message(true, &api(1));
    message.auth_key_id = Some(AuthKeyId([9; 8]));
    for count in 1..=8 {
        lone.send(&message);
        assert_eq!(lone.control, vec![-404; count]);
    }
    assert!(matches!(
        lone.closed(),
        Some(CloseReason::TransportError(error)) if error.0 == -404
    ));
    lone.send(&message);
    assert_eq!(lone.control.len(), 8);
}

#[test]
fn sv_60_a_body_below_four_bytes_is_refused() {
    let mut lone = LoneServer::new();
    lone.say(true, &[]);
    assert_eq!(lone.refused(), [PeerMisbehaved::MalformedServiceMessage]);
    let (_, heard) = lone.say(true, &ping(1));
    assert!(!bodies(&heard).is_empty(), "the session lives");
}

#[test]
fn sv_21_a_vector_of_too_many_ids_is_refused() {
    let mut lone = LoneServer::new();
    let ids = vec![MsgId(1); 8193];
    lone.say(false, &ack(&ids));
    assert_eq!(lone.refused(), [PeerMisbehaved::TooManyIds]);
}

#[test]
fn tr_40_garbage_closes_the_stream_and_no_other() {
    let mut lone = LoneServer::new();
    lone.say(true, &api(1));
    let first = lone.connection;
    lone.open_stream(Transport::Full);
    lone.send_bytes(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0].repeat(8));
    assert!(matches!(lone.closed(), Some(CloseReason::Frame(_))));
    lone.connection = first;
    assert_eq!(lone.closed(), None);
}

#[test]
fn tr_27_a_quick_ack_comes_before_the_answer_and_does_not_replace_it() {
    for transport in [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::PaddedIntermediate,
    ] {
        let mut lone = LoneServer::new();
        lone.open_stream(transport);
        let message = lone.message(true, &api(1));
        lone.send_with(&message, true);
        assert_eq!(lone.control.len(), 1, "{transport:?}");
        assert!(lone.control[0] & 0x8000_0000 != 0);
        assert_eq!(results(&lone.answer(0, Ok(&api(2)))).len(), 1);
    }
}

#[test]
fn a_replayed_frame_does_not_draw_the_session_to_another_stream() {
    let mut lone = LoneServer::new();
    let message = lone.message(true, &api(1));
    lone.send(&message);
    let (victim, attacker) = (lone.connection, {
        lone.open_stream(Transport::Abridged);
        lone.connection
    });
    assert_ne!(victim, attacker);
    lone.send(&message);
    let heard = lone.answer(0, Ok(&api(2)));
    assert_eq!(heard, [], "the answer goes to the stream of the client");
}

#[test]
fn acknowledgements_leave_after_their_delay_or_with_the_answer() {
    let mut lone = LoneServer::new();
    let (first, heard) = lone.say(true, &api(1));
    assert_eq!(acked(&heard), [first], "with new_session_created");
    let (second, heard) = lone.say(true, &api(2));
    assert_eq!(heard, []);
    assert_eq!(acked(&lone.pass(Duration::from_secs(1))), [second]);
    let (third, _) = lone.say(true, &api(3));
    let heard = lone.answer(2, Ok(&api(4)));
    assert_eq!(results(&heard), [(third, api(4))]);
    assert_eq!(acked(&heard), []);
    assert_eq!(lone.pass(Duration::from_secs(5)), []);
}

#[test]
fn too_many_pending_queries_are_not_taken_up_and_close_the_stream() {
    let mut config = server_config();
    config.session.pending_queries = 2;
    let mut lone = LoneServer::with(config);
    lone.say(true, &api(1));
    lone.say(true, &api(2));
    let third = lone.message(true, &api(3));
    lone.send(&third);
    assert_eq!(lone.control, [-429]);
    assert!(lone.closed().is_some());
    assert_eq!(lone.queries().len(), 2);
    // The client may send it again over the next stream.
    lone.answer(0, Ok(&api(9)));
    lone.open_stream(Transport::Abridged);
    lone.send(&third);
    assert_eq!(lone.queries().len(), 3);
}

#[test]
fn sessions_of_one_key_are_bounded() {
    let mut config = server_config();
    config.sessions_per_key = 3;
    let mut lone = LoneServer::with(config);
    for session in 1..=10 {
        lone.session_id = SessionId(session);
        lone.pass(Duration::from_millis(1));
        lone.say(true, &api(1));
    }
    let sessions: Vec<i64> = lone
        .server
        .sessions_of(lone.key.id())
        .map(|(key, _)| key.session_id.0)
        .collect();
    assert_eq!(sessions, [8, 9, 10]);
    let destroyed = lone
        .events
        .iter()
        .filter(|event| matches!(event, ServerEvent::SessionDestroyed { .. }));
    assert_eq!(destroyed.count(), 7);
}

#[test]
fn a_client_that_reads_nothing_cannot_make_the_server_store_without_bound() {
    let mut config = server_config();
    config.session.queued_messages = 100;
    let mut lone = LoneServer::with(config);
    lone.say(true, &api(0));
    let connection = lone.connection;
    lone.server.set_writable(lone.now, connection, false);
    for number in 0..1000 {
        assert_eq!(lone.say(true, &ping(number)).1, []);
        let key = lone.session_key();
        lone.server.push_update(lone.now, key, &api(1));
    }
    lone.server.set_writable(lone.now, connection, true);
    let heard = lone.drain();
    assert!(bodies(&heard).len() <= 110, "{}", bodies(&heard).len());
}
