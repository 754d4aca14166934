//! More of what a client makes of a server's messages, and of what it says about them.

use mtproto_core::connection::Event;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::error::PeerMisbehaved;
use mtproto_core::ids::{MsgId, ServerSalt};
use mtproto_core::message::gzip;
use mtproto_core::raw::{RawInner, container};
use mtproto_core::rpc::RpcError;
use mtproto_core::session::QueryFailure;
use mtproto_core::time::Duration;
use mtproto_core::tl::{Combinator, service};
use testkit::{Heard, LoneClient, LoneServer, SeededRandom};

use crate::session_support::{acked, api, bad_message, bodies, result};

fn packed(body: &[u8]) -> Vec<u8> {
    service::GzipPacked {
        packed_data: &gzip::deflate(body),
    }
    .to_bytes()
}

fn rpc_error(code: i32, message: &str) -> Vec<u8> {
    service::RpcError {
        error_code: code,
        error_message: message.as_bytes(),
    }
    .to_bytes()
}

/// The frames that carry this body, with whether it came in a container, and its identifier.
fn carriers(heard: &[Heard], body: &[u8]) -> Vec<(bool, MsgId)> {
    heard
        .iter()
        .flat_map(|frame| {
            let in_container = frame.in_container;
            let messages = frame.messages.iter();
            messages
                .filter(|message| message.body == body)
                .map(move |message| (in_container, message.msg_id))
        })
        .collect()
}

#[test]
fn en_15_an_object_longer_than_its_message_is_an_error_in_both_roles() {
    // 20 bytes of object, of which the length admits 4; the rest counts as padding.
    let pong = service::Pong {
        msg_id: MsgId(4),
        ping_id: 1,
    }
    .to_bytes();
    let mut lone = LoneClient::new();
    let mut message = lone.message(false, &pong);
    message.length = Some(4);
    assert_eq!(lone.send(&message), []);
    assert_eq!(lone.refused(), [PeerMisbehaved::MalformedServiceMessage]);
    assert!(!lone.is_closed());

    let mut lone = LoneServer::new();
    let mut message = lone.message(true, &service::Ping { ping_id: 1 }.to_bytes());
    message.length = Some(4);
    message.padding = Some(20);
    assert_eq!(lone.send(&message), []);
    assert_eq!(lone.refused(), [PeerMisbehaved::MalformedServiceMessage]);
    assert_eq!(lone.closed(), None);
}

#[test]
fn se_26_a_client_acknowledges_no_message_of_its_own() {
    let mut lone = LoneClient::new();
    let (_, first) = lone.query(&api(1));
    let (_, second) = lone.query(&api(2));
    let (error, _) = lone.say(true, &result(first, &rpc_error(400, "BAD_REQUEST")));
    let (answer, _) = lone.say(true, &result(second, &api(3)));
    let acks = acked(&lone.pass(Duration::from_secs(10)));
    assert_eq!(acks, [error, answer]);
    assert!(!acks.contains(&first) && !acks.contains(&second));
}

#[test]
fn se_33_the_salt_of_a_new_session_is_used_from_then_on() {
    let mut lone = LoneClient::new();
    let (_, first) = lone.query(&api(1));
    let created = service::NewSessionCreated {
        first_msg_id: first,
        unique_id: 5,
        server_salt: ServerSalt(4711),
    };
    lone.say(true, &created.to_bytes());
    for _ in 0..3 {
        lone.client.ping(lone.now).unwrap();
        let heard = lone.drain();
        assert_eq!(heard[0].header.salt, ServerSalt(4711));
    }
}

#[test]
fn se_43_se_44_a_lost_message_never_leaves_bare_under_its_old_identifier() {
    type Loss = fn(&mut LoneClient, MsgId) -> Vec<Heard>;
    let losses: [(&str, Loss); 4] = [
        ("asked for", |lone, id| {
            let ids = [id];
            let request = service::MsgResendReq {
                msg_ids: ids[..].into(),
            };
            lone.say(false, &request.to_bytes()).1
        }),
        ("said to be lost", |lone, id| {
            let ids = [id];
            let info = service::MsgsAllInfo {
                msg_ids: ids[..].into(),
                info: &[2],
            };
            lone.say(false, &info.to_bytes()).1
        }),
        ("refused", |lone, id| {
            lone.say(false, &bad_message(id, 20)).1
        }),
        ("without a stream", |lone, _| lone.reconnect()),
    ];
    for (what, lose) in losses {
        let mut lone = LoneClient::new();
        let (_, id) = lone.query(&api(1));
        let again = carriers(&lose(&mut lone, id), &api(1));
        assert_eq!(again.len(), 1, "{what}");
        let (in_container, new_id) = again[0];
        assert!(in_container || new_id > id, "{what}");
    }
}

#[test]
fn sv_14_a_packed_update_is_unpacked_alone_and_in_a_container() {
    let mut lone = LoneClient::new();
    lone.say(true, &packed(&api(1)));
    let inner = RawInner::new(lone.next_id(false), lone.next_seq(true), packed(&api(2)));
    lone.say(false, &container(&[inner], None));
    assert_eq!(lone.updates(), [api(1), api(2)]);
    assert_eq!(lone.refused(), []);
}

#[test]
fn sv_18_a_packed_error_is_an_error() {
    let mut lone = LoneClient::new();
    let (query, id) = lone.query(&api(1));
    lone.say(true, &result(id, &packed(&rpc_error(420, "FLOOD_WAIT_7"))));
    assert!(lone.events.contains(&Event::QueryAnswered {
        id: query,
        result: Err(RpcError::new(420, "FLOOD_WAIT_7")),
    }));
}

#[test]
fn tp_17_not_every_object_may_be_a_result() {
    let copy = RawInner::new(MsgId(5), mtproto_core::ids::SeqNo(1), api(2));
    let inside = container(&[copy], None);
    let packed_inside = packed(&inside);
    for (body, rule) in [
        (inside, PeerMisbehaved::WrongRole),
        (packed_inside, PeerMisbehaved::InvalidGzip),
        (packed(&packed(&api(2))), PeerMisbehaved::InvalidGzip),
    ] {
        let mut lone = LoneClient::new();
        let (query, id) = lone.query(&api(1));
        lone.say(true, &result(id, &body));
        assert!(lone.events.contains(&Event::QueryFailed {
            id: query,
            reason: QueryFailure::UnusableAnswer(rule),
        }));
        assert!(lone.updates().is_empty());
        assert!(!lone.is_closed());
    }
}

#[test]
fn cd_06_an_answer_under_the_key_of_another_server_answers_nothing() {
    let (mut main, mut cdn) = (LoneClient::new(), LoneClient::new());
    let (query, id) = main.query(&api(1));
    cdn.client.ping(cdn.now).unwrap();
    cdn.drain();
    // The CDN server names the other's message on its own stream.
    cdn.say(true, &result(id, &api(2)));
    assert_eq!(cdn.refused(), [PeerMisbehaved::ResultForUnknownQuery]);
    // And gets its answer onto the other's stream.
    let message = main.message(true, &result(id, &api(2)));
    let of_cdn = AuthKey::new([0x43; 256]);
    let payload = message.seal(
        &of_cdn,
        Direction::ServerToClient,
        &mut SeededRandom::from_number(1),
    );
    main.send_payload(&payload);
    let ended = |event: &Event| matches!(event, Event::QueryAnswered { id, .. } if *id == query);
    assert!(!main.events.iter().any(ended));
    assert_eq!(main.client.pending_queries(), 1);
}

#[test]
fn sv_36_a_notice_about_acknowledgements_brings_them_back_once_however_often_it_comes() {
    let mut lone = LoneClient::new();
    let (update, _) = lone.say(true, &api(1));
    let heard = lone.pass(Duration::from_secs(10));
    assert_eq!(acked(&heard), [update]);
    let acks = heard[0].header.msg_id;
    let mut inner = Vec::new();
    for _ in 0..50 {
        let (id, seq_no) = (lone.next_id(false), lone.next_seq(false));
        inner.push(RawInner::new(id, seq_no, bad_message(acks, 20)));
    }
    let (_, heard) = lone.say(false, &container(&inner, None));
    assert_eq!(acked(&heard), [update]);
    assert_eq!(bodies(&heard).len(), 1);
}
