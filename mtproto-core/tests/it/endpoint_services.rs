//! Service messages that a server answers.

use mtproto_core::endpoint::{AuthKeyRecord, CloseReason, KeyKind, ServerEvent};
use mtproto_core::error::PeerMisbehaved;
use mtproto_core::ids::{MsgId, SessionId};
use mtproto_core::message::gzip;
use mtproto_core::raw::RawInner;
use mtproto_core::rpc::RpcError;
use mtproto_core::session::state;
use mtproto_core::time::Duration;
use mtproto_core::tl::{Combinator, ServiceMessage, service};
use mtproto_core::transport::Transport;
use testkit::LoneServer;

use crate::session_support::{ack, acked, api, bodies, ping, refusals, results, services};

#[test]
fn sv_47_sv_48_a_ping_is_answered_with_its_numbers() {
    let mut lone = LoneServer::new();
    let (id, heard) = lone.say(true, &ping(99));
    let pong = services(&heard)
        .into_iter()
        .find_map(|message| match message {
            ServiceMessage::Pong(pong) => Some(pong),
            _ => None,
        });
    assert_eq!(
        pong,
        Some(service::Pong {
            msg_id: id,
            ping_id: 99
        })
    );
    assert_eq!(acked(&heard), [], "a pong is acknowledgement enough");
}

#[test]
fn as_many_future_salts_come_as_were_asked_for() {
    let mut lone = LoneServer::new();
    for (asked, given) in [
        (1, 1),
        (4, 4),
        (64, 64),
        (65, 64),
        (0, 1),
        (-1, 1),
        (i32::MAX, 64),
    ] {
        let (id, heard) = lone.say(true, &service::GetFutureSalts { num: asked }.to_bytes());
        let salts = services(&heard)
            .into_iter()
            .find_map(|message| match message {
                ServiceMessage::FutureSalts(salts) => Some(salts),
                _ => None,
            })
            .expect("an answer");
        assert_eq!(salts.req_msg_id, id);
        assert_eq!(salts.salts.len(), given, "{asked}");
        assert_eq!(salts.salts.iter().next().unwrap().salt, lone.salt);
    }
}

#[test]
fn a_salt_from_future_salts_is_accepted_in_its_time() {
    let mut lone = LoneServer::new();
    let (_, heard) = lone.say(true, &service::GetFutureSalts { num: 3 }.to_bytes());
    let salts: Vec<_> = services(&heard)
        .into_iter()
        .find_map(|message| match message {
            ServiceMessage::FutureSalts(salts) => Some(salts.salts.iter().collect()),
            _ => None,
        })
        .unwrap();
    lone.pass(Duration::from_secs(3600));
    lone.salt = salts[2].salt;
    let (_, heard) = lone.say(true, &api(1));
    assert_eq!(refusals(&heard), []);
}

#[test]
fn sv_42_msgs_state_req_is_answered_with_one_byte_for_each_id() {
    let mut lone = LoneServer::new();
    let (query, _) = lone.say(true, &api(1));
    lone.answer(0, Ok(&api(2)));
    let between = lone.next_id();
    let (even, _) = lone.say(false, &ack(&[MsgId(1)]));
    let ids = [MsgId(4), between, MsgId(i64::MAX & !3), query, even];
    let request = service::MsgsStateReq {
        msg_ids: ids[..].into(),
    };
    let (id, heard) = lone.say(false, &request.to_bytes());
    let info = services(&heard)
        .into_iter()
        .find_map(|message| match message {
            ServiceMessage::MsgsStateInfo(info) => Some(info),
            _ => None,
        })
        .expect("an answer");
    assert_eq!(info.req_msg_id, id);
    let answered = state::RECEIVED | state::ACKED | state::QUERY_TAKEN | state::ANSWERED;
    assert_eq!(
        info.info,
        [
            state::UNKNOWN,
            state::NOT_RECEIVED,
            state::TOO_HIGH,
            answered,
            state::RECEIVED | state::NEEDS_NO_ACK,
        ]
    );
}

#[test]
fn sv_43_msg_resend_req_brings_the_answer_again_or_states() {
    let mut lone = LoneServer::new();
    let (query, _) = lone.say(true, &api(1));
    let heard = lone.answer(0, Ok(&api(2)));
    let answer = heard[0].messages[0].msg_id;
    let request = |ids: &[MsgId]| {
        service::MsgResendReq {
            msg_ids: ids.into(),
        }
        .to_bytes()
    };
    let (_, heard) = lone.say(false, &request(&[answer]));
    assert_eq!(results(&heard), [(query, api(2))]);
    assert_eq!(heard[0].messages[0].msg_id, answer);
    assert!(heard[0].in_container);
    let (_, heard) = lone.say(false, &request(&[query]));
    assert!(matches!(
        services(&heard)[..],
        [ServiceMessage::MsgsStateInfo(_)]
    ));
    // By the query's identifier the answer can be asked for, too.
    let queries = [query];
    let by_query = service::MsgResendAnsReq {
        msg_ids: queries[..].into(),
    };
    let (_, heard) = lone.say(false, &by_query.to_bytes());
    assert_eq!(results(&heard), [(query, api(2))]);
    // Acknowledged, it is forgotten.
    lone.say(false, &ack(&[answer]));
    let (_, heard) = lone.say(false, &request(&[answer]));
    assert_eq!(results(&heard), []);
}

#[test]
fn sv_52_rpc_drop_answer_has_three_outcomes() {
    let mut lone = LoneServer::new();
    let drop = |id: MsgId| service::RpcDropAnswer { req_msg_id: id }.to_bytes();
    let unknown = service::RpcAnswerUnknown {}.to_bytes();
    let running = service::RpcAnswerDroppedRunning {}.to_bytes();

    let (request, heard) = lone.say(true, &drop(MsgId(4)));
    assert_eq!(results(&heard), [(request, unknown.clone())]);

    let (query, _) = lone.say(true, &api(1));
    let (request, heard) = lone.say(true, &drop(query));
    assert_eq!(
        results(&heard),
        [(query, running.clone()), (request, running)],
        "the query itself ends, too"
    );
    let dropped = |event: &ServerEvent| matches!(event, ServerEvent::QueryDropped { .. });
    assert!(lone.events.iter().any(dropped));
    assert_eq!(lone.answer(0, Ok(&api(2))), [], "nobody waits any more");

    let (query, _) = lone.say(true, &api(3));
    let heard = lone.answer(1, Ok(&api(4)));
    let answer = heard[0].messages[0].clone();
    let (request, heard) = lone.say(true, &drop(query));
    let expected = service::RpcAnswerDropped {
        msg_id: answer.msg_id,
        seq_no: answer.seq_no,
        bytes: i32::try_from(answer.body.len()).unwrap(),
    };
    assert_eq!(results(&heard), [(request, expected.to_bytes())]);
    let (request, heard) = lone.say(true, &drop(query));
    assert_eq!(results(&heard), [(request, unknown)]);
}

#[test]
fn sv_53_destroy_session_forgets_another_session_and_never_the_current_one() {
    let mut lone = LoneServer::new();
    let destroy = |id: i64| {
        service::DestroySession {
            session_id: SessionId(id),
        }
        .to_bytes()
    };
    lone.session_id = SessionId(1);
    lone.say(true, &api(1));
    lone.session_id = SessionId(2);
    let outcomes = |heard: &[testkit::Heard]| -> Vec<bool> {
        services(heard)
            .iter()
            .filter_map(|message| match message {
                ServiceMessage::DestroySessionOk(_) => Some(true),
                ServiceMessage::DestroySessionNone(_) => Some(false),
                _ => None,
            })
            .collect()
    };
    for (id, existed) in [(1, true), (1, false), (2, false), (3, false)] {
        let (_, heard) = lone.say(true, &destroy(id));
        assert_eq!(outcomes(&heard), [existed], "{id}");
    }
    assert_eq!(lone.server.sessions_of(lone.key.id()).count(), 1);
}

#[test]
fn destroy_auth_key_is_answered_and_then_the_key_is_unknown() {
    let mut lone = LoneServer::new();
    lone.say(true, &api(1));
    let (_, heard) = lone.say(true, &service::DestroyAuthKey {}.to_bytes());
    assert!(
        services(&heard)
            .iter()
            .any(|message| matches!(message, ServiceMessage::DestroyAuthKeyOk(_)))
    );
    let destroyed = ServerEvent::AuthKeyDestroyed {
        auth_key_id: lone.key.id(),
    };
    assert!(lone.events.contains(&destroyed));
    assert_eq!(lone.server.sessions_of(lone.key.id()).count(), 0);
    lone.say(true, &api(2));
    assert_eq!(lone.control, [-404]);
}

#[test]
fn sv_49_ping_delay_disconnect_closes_after_its_delay_unless_repeated() {
    let ping = |delay| {
        service::PingDelayDisconnect {
            ping_id: 1,
            disconnect_delay: delay,
        }
        .to_bytes()
    };
    let mut lone = LoneServer::new();
    lone.say(true, &ping(5));
    lone.pass(Duration::from_secs(4));
    lone.say(true, &ping(5));
    lone.pass(Duration::from_secs(4));
    assert_eq!(lone.closed(), None);
    lone.pass(Duration::from_secs(2));
    assert_eq!(lone.closed(), Some(CloseReason::PingDelay));
}

#[test]
fn sv_49_other_messages_do_not_put_the_disconnection_off() {
    let mut lone = LoneServer::new();
    let body = service::PingDelayDisconnect {
        ping_id: 1,
        disconnect_delay: 5,
    };
    lone.say(true, &body.to_bytes());
    lone.pass(Duration::from_secs(4));
    lone.say(true, &ping(2));
    lone.pass(Duration::from_secs(2));
    assert_eq!(lone.closed(), Some(CloseReason::PingDelay));
}

#[test]
fn sv_55_http_wait_is_told_to_the_driver() {
    let mut lone = LoneServer::new();
    let wait = service::HttpWait {
        max_delay: 10,
        wait_after: 20,
        max_wait: 25_000,
    };
    lone.say(false, &wait.to_bytes());
    let told = ServerEvent::HttpWait {
        connection: lone.connection,
        max_delay: Duration::from_millis(10),
        wait_after: Duration::from_millis(20),
        max_wait: Duration::from_secs(25),
    };
    assert!(lone.events.contains(&told));
}

#[test]
fn a_long_poll_in_vain_ends_with_a_container_of_nothing() {
    let mut lone = LoneServer::new();
    assert!(
        !lone.server.send_nothing(lone.now, lone.connection),
        "no session is there"
    );
    lone.say(true, &api(1));
    // What it had to say so far has left.
    lone.pass(Duration::from_secs(5));
    assert!(lone.server.send_nothing(lone.now, lone.connection));
    let [heard] = &lone.drain()[..] else {
        panic!("one message");
    };
    assert!(heard.in_container && heard.messages.is_empty());
    assert_eq!(heard.header.seq_no.0 % 2, 0, "nobody acknowledges nothing");

    lone.answer(0, Ok(&0x9972_75b5_u32.to_le_bytes()));
    lone.server
        .push_update(lone.now, lone.session_key(), &[7, 0, 0, 0]);
    assert!(lone.server.send_nothing(lone.now, lone.connection));
    let heard = lone.drain();
    assert_eq!(bodies(&heard), [&[7, 0, 0, 0]]);
}

#[test]
fn sv_57_what_only_a_server_may_send_is_refused() {
    let mut lone = LoneServer::new();
    let bodies = [
        service::Pong {
            msg_id: MsgId(1),
            ping_id: 1,
        }
        .to_bytes(),
        service::NewSessionCreated {
            first_msg_id: MsgId(1),
            unique_id: 1,
            server_salt: lone.salt,
        }
        .to_bytes(),
        service::RpcAnswerUnknown {}.to_bytes(),
    ];
    for body in &bodies {
        lone.say(true, body);
    }
    assert_eq!(
        lone.refused(),
        [PeerMisbehaved::WrongRole, PeerMisbehaved::WrongRole],
        "a pong may answer a ping of the server"
    );
    assert!(lone.queries().is_empty());
}

#[test]
fn a_query_inside_gzip_packed_reaches_the_driver_inflated() {
    let mut lone = LoneServer::new();
    let body = api(1).repeat(100);
    let packed = service::GzipPacked {
        packed_data: &gzip::deflate(&body),
    };
    lone.say(true, &packed.to_bytes());
    assert_eq!(lone.queries()[0].1, body);
}

#[test]
fn sv_15_sv_16_sv_17_broken_huge_and_nested_gzip_is_refused() {
    let mut config = testkit::server_config();
    config.session.inflated_bytes = 1 << 20;
    let mut lone = LoneServer::with(config);
    let pack = |data: &[u8]| service::GzipPacked { packed_data: data }.to_bytes();
    let good = gzip::deflate(&api(1));
    let cases = [
        pack(&[]),
        pack(&good[..good.len() - 5]),
        pack(&gzip::deflate(&vec![0; (1 << 20) + 4])),
        pack(&gzip::deflate(&pack(&good))),
        pack(&gzip::deflate(&mtproto_core::raw::container(&[], None))),
    ];
    for body in &cases {
        lone.say(true, body);
    }
    assert_eq!(lone.refused(), [PeerMisbehaved::InvalidGzip; 5]);
    assert!(lone.queries().is_empty());
    lone.say(true, &pack(&good));
    assert_eq!(lone.queries().len(), 1, "the session lives");
}

#[test]
fn sv_13_large_answers_are_compressed_where_it_pays() {
    let mut lone = LoneServer::new();
    lone.say(true, &api(1));
    lone.say(true, &api(2));
    let large = api(7).repeat(200);
    let heard = lone.answer(0, Ok(&large));
    let result = &results(&heard)[0].1;
    assert!(result.len() < large.len() / 4);
    assert_eq!(gzip::unpack(result, 1 << 20).unwrap(), Some(large));
    let heard = lone.answer(1, Ok(&api(7)));
    assert_eq!(results(&heard)[0].1, api(7));
}

#[test]
fn sv_56_a_copied_message_is_handled_as_if_it_had_come_bare() {
    let mut lone = LoneServer::new();
    let (msg_id, seq_no) = (lone.next_id(), lone.next_seq(true));
    let body = api(1);
    let copy = service::MsgCopy {
        msg_id,
        seq_no,
        body: &body,
    };
    lone.say(false, &copy.to_bytes());
    lone.say(false, &copy.to_bytes());
    assert_eq!(lone.queries().len(), 1, "once, by its own identifier");
}

#[test]
fn an_error_is_answered_as_rpc_error() {
    let mut lone = LoneServer::new();
    let (query, _) = lone.say(true, &api(1));
    let heard = lone.answer(0, Err(&RpcError::new(420, "FLOOD_WAIT_3")));
    let object = service::RpcError {
        error_code: 420,
        error_message: b"FLOOD_WAIT_3",
    };
    assert_eq!(results(&heard), [(query, object.to_bytes())]);
}

#[test]
fn unacknowledged_answers_and_updates_go_out_again_on_the_next_stream() {
    let mut lone = LoneServer::new();
    let (query, heard) = lone.say(true, &api(1));
    let created = heard[0].messages.iter().map(|message| message.msg_id);
    let created: Vec<MsgId> = created.collect();
    let first = lone.answer(0, Ok(&api(2)));
    let key = lone.session_key();
    lone.server.push_update(lone.now, key, &api(3));
    let pushed = lone.drain();
    lone.say(false, &ack(&created));

    lone.server.handle_eof(lone.now, lone.connection);
    lone.server.push_update(lone.now, key, &api(4));
    assert_eq!(lone.drain(), [], "no stream to send over");
    lone.open_stream(Transport::Abridged);
    let (_, heard) = lone.say(true, &ping(1));
    assert_eq!(results(&heard), [(query, api(2))]);
    let sent = bodies(&heard);
    assert!(sent.contains(&&api(3)[..]) && sent.contains(&&api(4)[..]));
    let ids: Vec<MsgId> = heard
        .iter()
        .flat_map(|frame| &frame.messages)
        .map(|message| message.msg_id)
        .collect();
    assert!(
        ids.contains(&first[0].messages[0].msg_id),
        "same identifier"
    );
    assert!(ids.contains(&pushed[0].messages[0].msg_id));
    let old = [first[0].messages[0].msg_id, pushed[0].messages[0].msg_id];
    for frame in &heard {
        let repeated = frame
            .messages
            .iter()
            .filter(|message| old.contains(&message.msg_id));
        let count = repeated.count();
        assert!(
            count == 0 || count == frame.messages.len(),
            "a client that drops the packet with repeated messages must not lose new ones"
        );
    }
    let moved = |event: &ServerEvent| matches!(event, ServerEvent::SessionMoved { .. });
    assert!(lone.events.iter().any(moved));
}

#[test]
fn kept_answers_are_bounded() {
    let mut config = testkit::server_config();
    config.session.unacked_messages = 10;
    let mut lone = LoneServer::with(config);
    for number in 0..50 {
        lone.say(true, &api(number));
        lone.answer(usize::try_from(number).unwrap(), Ok(&api(number)));
    }
    lone.server.handle_eof(lone.now, lone.connection);
    lone.open_stream(Transport::Abridged);
    let (_, heard) = lone.say(true, &ping(1));
    assert_eq!(results(&heard).len(), 10);
}

#[test]
fn messages_of_an_older_session_do_not_enter_a_new_one() {
    let mut lone = LoneServer::new();
    lone.session_id = SessionId(1);
    let (query, _) = lone.say(true, &api(1));
    lone.session_id = SessionId(2);
    lone.say(true, &api(2));
    let heard = lone.answer(0, Ok(&api(3)));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].header.session_id, SessionId(1));
    assert_eq!(results(&heard), [(query, api(3))]);
}

#[test]
fn an_expired_temporary_key_is_unknown() {
    let mut lone = LoneServer::new();
    let expires_at = testkit::START_UNIX.saturating_add(Duration::from_secs(100));
    let record = lone.server.keys().get(lone.key.id()).unwrap();
    lone.server.keys_mut().insert(AuthKeyRecord {
        kind: KeyKind::Temporary {
            expires_at,
            permanent: None,
        },
        ..record
    });
    lone.say(true, &api(1));
    assert_eq!(lone.queries().len(), 1);
    lone.pass(Duration::from_secs(100));
    lone.say(true, &api(2));
    assert_eq!(lone.control, [-404]);
    assert_eq!(lone.queries().len(), 1);
}

#[test]
fn new_session_created_names_the_lowest_id_of_the_first_container() {
    let mut lone = LoneServer::new();
    let inner: Vec<RawInner> = (0..3)
        .map(|number| RawInner::new(lone.next_id(), lone.next_seq(true), api(number)))
        .collect();
    let (_, heard) = lone.say_together(&inner);
    let created = services(&heard)
        .into_iter()
        .find_map(|message| match message {
            ServiceMessage::NewSessionCreated(created) => Some(created),
            _ => None,
        })
        .unwrap();
    assert_eq!(created.first_msg_id, inner[0].msg_id);
}
