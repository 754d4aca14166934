//! Each rule that a peer can break is broken here, and found broken.

use std::collections::BTreeMap;

use mtproto_core::connection::Event;
use mtproto_core::endpoint::CloseReason;
use mtproto_core::error::{ConnectionError, Disposition, PeerMisbehaved};
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::plain;
use mtproto_core::raw::{RawInner, container};
use mtproto_core::session::{ClientSession, SaltBook, WallClock};
use mtproto_core::time::{Duration, Instant};
use mtproto_core::tl::{Combinator, service};
use testkit::{LoneClient, LoneServer, START_UNIX, server_config};

use crate::session_support::{ack, api, bad_message, bad_salt, ping, refusals, result};

/// What a client finds broken while `break_rules` is done to it.
fn client(break_rules: impl FnOnce(&mut LoneClient)) -> Vec<PeerMisbehaved> {
    let mut config = testkit::client_config();
    config.ping_interval = None;
    config.session.replay_window = 4;
    let mut lone = LoneClient::with(config);
    break_rules(&mut lone);
    let closed = lone.events.iter().filter_map(|event| match event {
        Event::Closed(ConnectionError::Peer(rule)) => Some(*rule),
        _ => None,
    });
    lone.refused().into_iter().chain(closed).collect()
}

/// What a client finds broken in a message that it gets.
fn told(content_related: bool, body: &[u8]) -> Vec<PeerMisbehaved> {
    client(|lone| {
        lone.say(content_related, body);
    })
}

/// What a strict server finds broken while `break_rules` is done to it; the code told must be that of the rule.
fn server(break_rules: impl FnOnce(&mut LoneServer) -> Vec<testkit::Heard>) -> Vec<PeerMisbehaved> {
    let mut config = server_config();
    config.session.strict = true;
    let mut lone = LoneServer::with(config);
    let heard = break_rules(&mut lone);
    let found = lone.refused();
    let codes: Vec<i32> = refusals(&heard).iter().map(|refusal| refusal.1).collect();
    let expected: Vec<i32> = found
        .last()
        .and_then(|rule| rule.code())
        .into_iter()
        .collect();
    assert_eq!(codes, expected, "{found:?}");
    found
}

/// What a strict server finds broken in a query-like message.
fn asked(body: &[u8]) -> Vec<PeerMisbehaved> {
    server(|lone| lone.say(true, body).1)
}

fn contained(body: &[u8]) -> Vec<PeerMisbehaved> {
    server(|lone| lone.say(false, body).1)
}

fn inner(lone: &mut LoneServer) -> RawInner {
    RawInner::new(lone.next_id(), lone.next_seq(true), api(1))
}

/// Breaks `rule`, and returns everything that was found broken.
fn provoke(rule: PeerMisbehaved) -> Vec<PeerMisbehaved> {
    use PeerMisbehaved as Rule;
    match rule {
        Rule::InvalidMessage => client(|lone| {
            let mut message = lone.message(true, &api(1));
            message.msg_key_flaw[0] = 1;
            lone.send(&message);
        }),
        Rule::UnexpectedPlainMessage => client(|lone| {
            let mut payload = Vec::new();
            plain::write(MsgId(5), &api(2), &mut payload);
            lone.send_payload(&payload);
        }),
        // On the wire a client reacts as to a wrong `msg_key`; the session by itself names the rule.
        Rule::EvenServerMsgId => {
            let clock = WallClock::new(Instant::ZERO, START_UNIX);
            let salts = SaltBook::new(ServerSalt(1));
            let config = testkit::client_config().session;
            let mut session = ClientSession::new(SessionId(7), config, clock, salts);
            let id = MsgId(1_700_000_000 << 32);
            let broken = session.handle_message(Instant::ZERO, id, SeqNo(1), &api(1));
            broken.err().into_iter().collect()
        }
        Rule::MsgIdNotDivisible => server(|lone| {
            let mut message = lone.message(true, &api(1));
            message.msg_id.0 += 1;
            lone.send(&message)
        }),
        Rule::DuplicateMsgId => server(|lone| {
            let message = lone.message(true, &api(1));
            lone.send(&message);
            lone.send(&message)
        }),
        Rule::MsgIdBelowWindow => client(|lone| {
            let early = lone.message(true, &api(0));
            for number in 1..=5 {
                lone.say(true, &api(number));
            }
            lone.send(&early);
        }),
        Rule::MsgIdInFuture => client(|lone| off_time(lone, 40)),
        Rule::MsgIdInPast => client(|lone| off_time(lone, -310)),
        Rule::ContainerIdReused => server(|lone| {
            let (used, _) = lone.say(true, &api(1));
            let mut message = lone.message(false, &container(&[], None));
            message.msg_id = used;
            lone.send(&message)
        }),
        Rule::SeqNoTooLow => server(|lone| {
            lone.say(true, &api(1));
            let mut message = lone.message(true, &api(2));
            message.seq_no = SeqNo(-1);
            lone.send(&message)
        }),
        Rule::SeqNoTooHigh => server(|lone| {
            let mut early = lone.message(true, &api(1));
            lone.say(true, &api(2));
            early.seq_no = SeqNo(9);
            lone.send(&early)
        }),
        Rule::OddSeqNo => server(|lone| lone.say(true, &ack(&[MsgId(1)])).1),
        Rule::EvenSeqNo => server(|lone| lone.say(false, &api(1)).1),
        Rule::WrongSalt => server(|lone| {
            let mut message = lone.message(true, &api(1));
            message.salt.0 ^= 1;
            lone.send(&message)
        }),
        Rule::InvalidContainer => contained(&container(&[], Some(-1))),
        Rule::NestedContainer => server(|lone| {
            let mut nested = inner(lone);
            nested.body = container(&[], None);
            lone.say_together(&[nested]).1
        }),
        Rule::ContainerTooLong => server(|lone| {
            let many: Vec<RawInner> = (0..1025).map(|_| inner(lone)).collect();
            lone.say_together(&many).1
        }),
        Rule::InnerMsgIdNotLower => server(|lone| {
            let mut high = inner(lone);
            high.msg_id.0 += 1 << 20;
            lone.say_together(&[high]).1
        }),
        Rule::EvenInnerMsgId => client(|lone| {
            let mut even = RawInner::new(lone.next_id(false), SeqNo(1), api(1));
            even.msg_id.0 -= 1;
            lone.say(false, &container(&[even], None));
        }),
        Rule::InvalidGzip => asked(&service::GzipPacked { packed_data: &[1] }.to_bytes()),
        Rule::MalformedServiceMessage => asked(&ping(1)[..8]),
        Rule::TooManyIds => server(|lone| lone.say(false, &ack(&[MsgId(1); 8193])).1),
        Rule::SaltForUnknownMessage => told(false, &bad_salt(MsgId(4), 1)),
        Rule::NoticeForUnknownMessage => told(false, &bad_message(MsgId(4), 16)),
        Rule::UnrequestedSalts => told(
            false,
            &service::FutureSalts {
                req_msg_id: MsgId(4),
                now: 0,
                salts: [][..].into(),
            }
            .to_bytes(),
        ),
        Rule::UnrequestedDestruction => told(true, &service::DestroyAuthKeyOk {}.to_bytes()),
        Rule::UnmatchedPong => told(
            false,
            &service::Pong {
                msg_id: MsgId(4),
                ping_id: 1,
            }
            .to_bytes(),
        ),
        Rule::UnrequestedStateInfo => told(
            false,
            &service::MsgsStateInfo {
                req_msg_id: MsgId(4),
                info: &[4],
            }
            .to_bytes(),
        ),
        Rule::StateInfoLength => told(
            false,
            &service::MsgsAllInfo {
                msg_ids: [MsgId(4)][..].into(),
                info: &[4, 4],
            }
            .to_bytes(),
        ),
        Rule::WrongRole => told(true, &service::GetFutureSalts { num: 1 }.to_bytes()),
        Rule::ResultForUnknownQuery => told(true, &result(MsgId(4), &api(1))),
        other => panic!("nobody breaks {other:?}"),
    }
}

fn off_time(lone: &mut LoneClient, secs: i64) {
    let mut message = lone.message(true, &api(1));
    message.msg_id = lone.id_off(secs);
    lone.send(&message);
}

#[test]
fn every_rule_that_a_peer_can_break_is_found_broken() {
    for &rule in PeerMisbehaved::ALL {
        let found = provoke(rule);
        assert_eq!(found.last(), Some(&rule), "{rule:?}: {found:?}");
        assert_eq!(found.len(), 1, "{rule:?} and nothing else: {found:?}");
    }
}

#[test]
fn a_server_closes_without_a_word_on_the_one_rule_whose_breach_says_close() {
    let closing: Vec<_> = PeerMisbehaved::ALL
        .iter()
        .filter(|rule| rule.disposition() == Disposition::Close)
        .collect();
    assert_eq!(
        closing,
        [
            &PeerMisbehaved::InvalidMessage,
            &PeerMisbehaved::EvenServerMsgId
        ]
    );
    let mut lone = LoneServer::new();
    let mut message = lone.message(true, &api(1));
    message.msg_key_flaw[0] = 1;
    assert_eq!(lone.send(&message), []);
    let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
    assert_eq!(lone.closed(), Some(reason));
    assert!(lone.control.is_empty());
}

#[test]
fn every_code_of_bad_msg_notification_is_told_by_a_rule() {
    let mut rules: BTreeMap<i32, usize> = BTreeMap::new();
    for rule in PeerMisbehaved::ALL {
        if let Some(code) = rule.code() {
            *rules.entry(code).or_default() += 1;
        }
    }
    let codes: Vec<i32> = rules.into_keys().collect();
    assert_eq!(codes, [16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64]);
}

#[test]
fn en_20_a_server_speaks_mtproto_2_alone_whatever_a_client_begins_with() {
    use mtproto_core::crypto::kdf::Direction;
    use mtproto_core::message::{Header, encrypted_v1};

    for begins_with_2 in [false, true] {
        let mut lone = LoneServer::new();
        if begins_with_2 {
            lone.say(true, &api(1));
        }
        let executed = lone.queries().len();
        let message = lone.message(true, &api(2));
        let header = Header {
            salt: message.salt,
            session_id: message.session_id,
            msg_id: message.msg_id,
            seq_no: message.seq_no,
        };
        let mut payload = Vec::new();
        encrypted_v1::seal(
            &lone.key,
            Direction::ClientToServer,
            &header,
            &message.body,
            &mut testkit::SeededRandom::from_number(3),
            &mut payload,
        );
        assert_eq!(lone.send_payload(&payload, false), []);
        assert_eq!(lone.queries().len(), executed);
        let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
        assert_eq!(lone.closed(), Some(reason));
        assert_eq!(lone.pass(Duration::from_secs(60)), []);
    }
}
