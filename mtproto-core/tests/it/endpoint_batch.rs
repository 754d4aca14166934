//! Messages that come together: what happens is what would happen if they came one after another.

use std::sync::Arc;

use proptest::prelude::*;

use mtproto_core::config::{ServerConfig, Start};
use mtproto_core::connection::{Connection, SavedKeys};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::endpoint::{AuthKeyRecord, ConnectionId, Endpoint, Listen, MemoryKeyStore};
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::plain;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::raw::RawMessage;
use mtproto_core::session::QueryOptions;
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::tl::key_exchange::ReqPqMulti;
use mtproto_core::tl::{Combinator, service};
use mtproto_core::transport::{ClientTransport, Frame, FrameLimits, Framer, Transport};

use crate::session_support::{api, ping, result};

const UNIX: UnixTime = UnixTime::from_secs(1_700_000_000);
const SALT: ServerSalt = ServerSalt(5);
const STREAMS: usize = 4;

fn start(seed: u64) -> Start {
    Start {
        now: Instant::ZERO,
        unix: UNIX,
        random: Box::new(ChaChaRandom::from_number(seed)),
    }
}

fn key(number: usize) -> AuthKey {
    AuthKey::new([number as u8 + 1; 256])
}

fn msg_id(count: usize) -> MsgId {
    MsgId(((UNIX.as_secs() as i64) << 32) + (count as i64 + 1) * 4)
}

#[derive(Clone, Copy, Debug)]
enum What {
    Query,
    Ping,
    Repeat,
    WrongSalt,
    BadMsgKey,
    UnknownKey,
    DestroyKey,
    KeyExchange,
    Short,
    Garbage,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        8 => Just(What::Query),
        2 => Just(What::Ping),
        2 => Just(What::Repeat),
        1 => Just(What::WrongSalt),
        1 => Just(What::BadMsgKey),
        1 => Just(What::UnknownKey),
        1 => Just(What::DestroyKey),
        1 => Just(What::KeyExchange),
        1 => Just(What::Short),
        1 => Just(What::Garbage),
    ]
}

/// A hand-made client on one stream.
struct Client {
    key: AuthKey,
    framer: Framer,
    random: ChaChaRandom,
    content: i32,
    last: Option<Vec<u8>>,
}

impl Client {
    fn new(number: usize) -> Self {
        let mut random = ChaChaRandom::from_number(number as u64 + 50);
        let transports = [
            Transport::Abridged,
            Transport::Intermediate,
            Transport::PaddedIntermediate,
            Transport::Full,
        ];
        let transport = ClientTransport::plain(transports[number % 4]);
        Self {
            // Two streams share a key, and so a session.
            key: key(number / 2),
            framer: Framer::client(&transport, FrameLimits::default(), &mut random).unwrap(),
            random,
            content: 0,
            last: None,
        }
    }

    fn bytes(&mut self, count: usize, what: What) -> Vec<u8> {
        let body = match what {
            What::Ping => ping(count as i64),
            What::DestroyKey => service::DestroyAuthKey {}.to_bytes(),
            _ => api(count as u32),
        };
        let mut message = RawMessage::new(
            SALT,
            SessionId(7),
            msg_id(count),
            SeqNo(2 * self.content + 1),
            body,
        );
        self.content += 1;
        let key = match what {
            What::UnknownKey => AuthKey::new([99; 256]),
            _ => self.key.clone(),
        };
        match what {
            What::WrongSalt => message.salt = ServerSalt(6),
            What::BadMsgKey => message.msg_key_flaw[3] = 1,
            _ => {}
        }
        let sealed = message.seal(&key, Direction::ClientToServer, &mut self.random);
        let payload = match what {
            What::Garbage => return vec![0xff; 24],
            What::Repeat => self.last.clone().unwrap_or(sealed),
            What::Short => sealed[..24].to_vec(),
            What::KeyExchange => {
                let nonce = mtproto_core::ids::Nonce([count as u8; 16]);
                let mut payload = Vec::new();
                plain::write(
                    msg_id(count),
                    &ReqPqMulti { nonce }.to_bytes(),
                    &mut payload,
                );
                payload
            }
            _ => sealed,
        };
        self.last = Some(payload.clone());
        let mut out = Vec::new();
        self.framer
            .write_payload(&payload, false, &mut self.random, &mut out)
            .unwrap();
        out
    }
}

fn endpoint(config: &Arc<ServerConfig>) -> (Endpoint, Vec<ConnectionId>) {
    let mut endpoint = Endpoint::new(config.clone(), Box::new(MemoryKeyStore::new()), start(1));
    for number in 0..STREAMS / 2 {
        endpoint.keys_mut().insert(AuthKeyRecord {
            first_salt: Some(SALT),
            ..AuthKeyRecord::permanent(key(number), UNIX)
        });
    }
    let accept = |_| endpoint.accept(Instant::ZERO, Listen::Stream).unwrap();
    let ids = (0..STREAMS).map(accept).collect();
    (endpoint, ids)
}

/// All that an endpoint does, in order.
fn outcome(endpoint: &mut Endpoint) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(outgoing) = endpoint.next_outgoing(Instant::ZERO) {
        told.push(format!("{outgoing:?}"));
        let mut out = Vec::new();
        endpoint.seal(outgoing, &mut out);
        told.push(hex::encode(out));
    }
    while let Some(event) = endpoint.poll_event() {
        told.push(format!("{event:?}"));
    }
    told
}

proptest! {
    #[test]
    fn a_batch_has_the_effects_of_its_parts_one_after_another(
        parts in proptest::collection::vec((0..STREAMS, what(), any::<bool>()), 1..40),
    ) {
        let config = Arc::new(testkit::server_config());
        let mut clients: Vec<Client> = (0..STREAMS).map(Client::new).collect();
        // Some pieces hold several frames, and streams take turns.
        let mut pieces: Vec<(usize, Vec<u8>)> = Vec::new();
        for (count, (stream, what, with_last)) in parts.into_iter().enumerate() {
            let bytes = clients[stream].bytes(count, what);
            match pieces.last_mut() {
                Some((last, piece)) if *last == stream && with_last => piece.extend(bytes),
                _ => pieces.push((stream, bytes)),
            }
        }
        let (mut single, ids) = endpoint(&config);
        for (stream, bytes) in &pieces {
            single.handle_bytes(Instant::ZERO, ids[*stream], bytes);
        }
        let (mut batched, ids) = endpoint(&config);
        let batch: Vec<_> = pieces.iter().map(|(stream, bytes)| (ids[*stream], bytes.as_slice())).collect();
        batched.handle_batch(Instant::ZERO, &batch);
        let (mut by_byte, ids) = endpoint(&config);
        for (stream, bytes) in &pieces {
            bytes.iter().for_each(|byte| by_byte.handle_bytes(Instant::ZERO, ids[*stream], &[*byte]));
        }
        let expected = outcome(&mut single);
        prop_assert_eq!(outcome(&mut batched), &*expected);
        prop_assert_eq!(outcome(&mut by_byte), &*expected);
    }

    #[test]
    fn frames_sealed_together_hold_what_they_hold_alone(
        counts in proptest::collection::vec((0..STREAMS, 0_usize..2000), 1..20),
    ) {
        let config = Arc::new(testkit::server_config());
        let mut clients: Vec<Client> = (0..STREAMS).map(Client::new).collect();
        let (mut server, ids) = endpoint(&config);
        for (count, (stream, _)) in counts.iter().enumerate() {
            let bytes = clients[*stream].bytes(count, What::Query);
            server.handle_bytes(Instant::ZERO, ids[*stream], &bytes);
        }
        let keys: Vec<_> = (0..STREAMS / 2).flat_map(|number| {
            server.sessions_of(key(number).id()).map(|(key, _)| key).collect::<Vec<_>>()
        }).collect();
        for (number, (_, len)) in counts.iter().enumerate() {
            let body = vec![1; len * 4 + 4];
            server.push_update(Instant::ZERO, keys[number % keys.len()], &body);
        }
        let mut outgoing = Vec::new();
        while let Some(one) = server.next_outgoing(Instant::ZERO) {
            outgoing.push(one);
        }
        let copies = outgoing.clone();
        let mut together = Vec::new();
        server.seal_many(outgoing, |to, bytes| together.push((to, bytes)));
        let open = |frames: Vec<(ConnectionId, Vec<u8>)>| {
            let mut framers: Vec<Framer> = (0..STREAMS).map(|number| Client::new(number).framer).collect();
            frames.into_iter().map(|(to, bytes)| {
                let stream = ids.iter().position(|id| *id == to).unwrap();
                let framer = &mut framers[stream];
                framer.handle_bytes(&bytes).unwrap();
                let Ok(Some(Frame::Payload { data, .. })) = framer.poll_frame() else {
                    panic!("no payload");
                };
                let key = key(stream / 2);
                let opened = mtproto_core::message::encrypted::open(&key, Direction::ServerToClient, data).unwrap();
                (to, opened.header, opened.body.to_vec())
            }).collect::<Vec<_>>()
        };
        let together = open(together);
        prop_assert!(!together.is_empty());
        // A second endpoint in the same state seals the copies one by one; full counts its frames.
        let (mut other, _) = endpoint(&config);
        let mut clients: Vec<Client> = (0..STREAMS).map(Client::new).collect();
        for (count, (stream, _)) in counts.iter().enumerate() {
            let bytes = clients[*stream].bytes(count, What::Query);
            other.handle_bytes(Instant::ZERO, ids[*stream], &bytes);
        }
        let alone = copies.into_iter().map(|one| {
            let mut out = Vec::new();
            let to = other.seal(one, &mut out);
            (to, out)
        }).collect();
        prop_assert_eq!(open(alone), together);
    }

    #[test]
    fn a_client_reads_several_frames_as_it_reads_one(
        messages in proptest::collection::vec((0_u8..6, any::<bool>()), 1..20),
    ) {
        let config = Arc::new(testkit::client_config());
        let client = || {
            let saved = SavedKeys {
                dc: config.dc(),
                auth_key: key(0),
                server_salt: SALT,
                clock_offset_secs: 0,
            };
            let mut client = Connection::resume(config.clone(), saved, start(3));
            client.send_query(Instant::ZERO, &api(1), QueryOptions::default()).unwrap();
            let mut sent = Vec::new();
            while client.poll_transmit(Instant::ZERO, &mut sent).is_some() {}
            (client, sent)
        };
        let (mut whole, sent) = client();
        let (mut parts, _) = client();
        let mut framer = Framer::server(testkit::server_config().transport, FrameLimits::default());
        framer.handle_bytes(&sent).unwrap();
        let query = {
            let Ok(Some(Frame::Payload { data, .. })) = framer.poll_frame() else {
                panic!("the client sent no message");
            };
            mtproto_core::message::encrypted::open(&key(0), Direction::ClientToServer, data).unwrap().header.msg_id
        };
        let mut random = ChaChaRandom::from_number(9);
        let mut frames = Vec::new();
        for (count, (kind, content)) in messages.into_iter().enumerate() {
            let body = match kind {
                0 => result(query, &api(5)),
                1 => ping(3),
                _ => api(kind.into()),
            };
            let session = if kind == 5 { SessionId(1) } else { whole.session_id() };
            let id = MsgId(msg_id(count).0 + 1 + 2 * i64::from(content));
            let message = RawMessage::new(SALT, session, id, SeqNo(2 * count as i32 + 1), body);
            let payload = message.seal(&key(0), Direction::ServerToClient, &mut random);
            let mut frame = Vec::new();
            framer.write_payload(&payload, false, &mut random, &mut frame).unwrap();
            frames.push(frame);
        }
        let together = whole.handle_bytes(Instant::ZERO, &frames.concat());
        let alone = frames.iter().map(|frame| parts.handle_bytes(Instant::ZERO, frame)).find(Result::is_err);
        prop_assert_eq!(together, alone.unwrap_or(Ok(())));
        loop {
            let (one, other) = (whole.poll_event(), parts.poll_event());
            prop_assert_eq!(&one, &other);
            if one.is_none() {
                break;
            }
        }
    }
}
