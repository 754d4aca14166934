//! A conversation of one client with one server on one connection: the bytes both send.

use mtproto_core::crypto::aes_ige;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::hash::sha1;
use mtproto_core::crypto::kdf::{self, Direction};
use mtproto_core::ids::{MsgId, Nonce, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::{Header, container, encrypted, gzip, plain};
use mtproto_core::random::{self, ChaChaRandom};
use mtproto_core::transport::{ClientTransport, Frame, FrameLimits, Framer, ServerTransport};
use tl_parser::{Layers, Object, Schema, Value};

/// Bytes one side sends at once.
pub(crate) struct Chunk {
    pub(crate) from_client: bool,
    pub(crate) bytes: Vec<u8>,
}

/// A message that goes into a container: whether it is content-related, and its body.
pub(crate) type Item = (bool, Vec<u8>);

pub(crate) struct Talk {
    pub(crate) chunks: Vec<Chunk>,
    /// Messages sent, containers and those in them counted.
    pub(crate) messages: u64,
    pub(crate) key: AuthKey,
    pub(crate) session: SessionId,
    pub(crate) salt: ServerSalt,
    client: Framer,
    server: Framer,
    random: ChaChaRandom,
    next_id: i64,
    content: [i32; 2],
}

pub(crate) fn layer() -> i32 {
    Layers::bundled().newest()
}

pub(crate) fn api() -> &'static Schema {
    Layers::bundled().at(layer()).schema
}

pub(crate) fn service() -> &'static Schema {
    tl_parser::mtproto()
}

pub(crate) fn long(id: MsgId) -> i64 {
    id.0
}

impl Talk {
    pub(crate) fn new(seed: u64, transport: &ClientTransport) -> Self {
        let mut random = ChaChaRandom::from_number(seed);
        let secrets = transport.secret.iter().cloned().collect();
        let mut server = ServerTransport::default();
        server.secrets = secrets;
        Self {
            chunks: Vec::new(),
            messages: 0,
            key: AuthKey::new(random::bytes(&mut random)),
            client: Framer::client(transport, FrameLimits::default(), &mut random).unwrap(),
            server: Framer::server(server, FrameLimits::default()),
            salt: ServerSalt(77),
            session: SessionId(i64::from_le_bytes(random::bytes(&mut random))),
            random,
            next_id: 1_790_000_000 << 32,
            content: [0, 0],
        }
    }

    /// The line of a key log that opens this conversation.
    pub(crate) fn key_log(&self) -> String {
        format!(
            "MTPROTO_AUTH_KEY 2 {} {} perm\n",
            self.key.id(),
            hex::encode(self.key.as_bytes())
        )
    }

    pub(crate) fn msg_id(&mut self, from_client: bool, is_answer: bool) -> MsgId {
        self.next_id += 4096;
        MsgId(
            self.next_id
                + if from_client {
                    0
                } else if is_answer {
                    1
                } else {
                    3
                },
        )
    }

    /// Sends a payload in a frame.
    pub(crate) fn payload(&mut self, from_client: bool, payload: &[u8]) {
        let mut bytes = Vec::new();
        if from_client {
            self.client
                .write_payload(payload, false, &mut self.random, &mut bytes)
                .unwrap();
            self.server.handle_bytes(&bytes).unwrap();
            while let Some(frame) = self.server.poll_frame().unwrap() {
                assert!(matches!(frame, Frame::Payload { .. }));
            }
        } else {
            self.server
                .write_payload(payload, false, &mut self.random, &mut bytes)
                .unwrap();
        }
        self.chunks.push(Chunk { from_client, bytes });
    }

    pub(crate) fn plain(&mut self, from_client: bool, object: Object) {
        let body = service().encode(&Value::from(object)).unwrap();
        let msg_id = self.msg_id(from_client, true);
        let mut payload = Vec::new();
        plain::write(msg_id, &body, &mut payload);
        self.messages += 1;
        self.payload(from_client, &payload);
    }

    /// Sends one encrypted message.
    pub(crate) fn message(&mut self, from_client: bool, content: bool, body: &[u8]) -> MsgId {
        let msg_id = self.msg_id(
            from_client,
            body.starts_with(&0xf35c_6d01_u32.to_le_bytes()),
        );
        let seq_no = self.seq_no(from_client, content);
        self.sealed(from_client, msg_id, seq_no, body);
        self.messages += 1;
        msg_id
    }

    pub(crate) fn seq_no(&mut self, from_client: bool, content: bool) -> SeqNo {
        let sent = &mut self.content[usize::from(from_client)];
        let seq_no = *sent * 2 + i32::from(content);
        *sent += i32::from(content);
        SeqNo(seq_no)
    }

    pub(crate) fn sealed(&mut self, from_client: bool, msg_id: MsgId, seq_no: SeqNo, body: &[u8]) {
        let header = Header {
            salt: self.salt,
            session_id: self.session,
            msg_id,
            seq_no,
        };
        let direction = if from_client {
            Direction::ClientToServer
        } else {
            Direction::ServerToClient
        };
        let mut payload = Vec::new();
        encrypted::seal(
            &self.key,
            direction,
            &header,
            body,
            &mut self.random,
            &mut payload,
        );
        self.payload(from_client, &payload);
    }

    /// Sends a container; returns the identifiers of its messages.
    pub(crate) fn container(&mut self, from_client: bool, items: &[Item]) -> Vec<MsgId> {
        let mut body = Vec::new();
        let mut builder = container::Builder::new(&mut body);
        let mut ids = Vec::new();
        for (content, inner) in items {
            let msg_id = self.msg_id(
                from_client,
                inner.starts_with(&0xf35c_6d01_u32.to_le_bytes()),
            );
            let seq_no = self.seq_no(from_client, *content);
            assert!(builder.push(msg_id, seq_no, inner));
            ids.push(msg_id);
        }
        let msg_id = self.msg_id(from_client, false);
        let seq_no = self.seq_no(from_client, false);
        self.sealed(from_client, msg_id, seq_no, &body);
        self.messages += 1 + items.len() as u64;
        ids
    }

    pub(crate) fn query(&mut self, function: Object) -> MsgId {
        let body = api().encode(&Value::from(function)).unwrap();
        self.message(true, true, &body)
    }

    pub(crate) fn result(&mut self, query: MsgId, result: &[u8]) -> MsgId {
        self.message(false, true, &rpc_result(query, result))
    }

    /// `count` queries with their answers after a first one that announces the layer; pings, acknowledgements,
    /// containers, packed answers and updates among them.
    pub(crate) fn chat(&mut self, count: usize) {
        let first = self.query(announced(Object::new("help.getNearestDc")));
        self.result(first, &nearest_dc());
        for n in 0..count {
            match n % 4 {
                0 => {
                    let query = self.query(get_users());
                    self.result(query, &users(n));
                }
                1 => {
                    let query = self.query(Object::new("updates.getState"));
                    let answer = self.result(query, &gzip_packed(&state(n)));
                    let ack =
                        encode_service(Object::new("msgs_ack").with("msg_ids", longs(&[answer])));
                    self.message(true, false, &ack);
                }
                2 => {
                    let ping = encode_service(Object::new("ping").with("ping_id", n as i64));
                    let ids = self.container(
                        true,
                        &[
                            (
                                true,
                                api()
                                    .encode(&Value::from(Object::new("help.getNearestDc")))
                                    .unwrap(),
                            ),
                            (true, ping),
                        ],
                    );
                    let pong = Object::new("pong")
                        .with("msg_id", long(ids[1]))
                        .with("ping_id", n as i64);
                    self.container(
                        false,
                        &[
                            (true, rpc_result(ids[0], &nearest_dc())),
                            (false, encode_service(pong)),
                        ],
                    );
                }
                _ => {
                    self.message(false, true, &update(n));
                }
            }
        }
    }
}

pub(crate) fn announced(query: Object) -> Object {
    let init = Object::new("initConnection")
        .with("api_id", 4)
        .with("device_model", "forge")
        .with("system_version", "1")
        .with("app_version", "1")
        .with("system_lang_code", "en")
        .with("lang_pack", "")
        .with("lang_code", "en")
        .with("query", query);
    Object::new("invokeWithLayer")
        .with("layer", layer())
        .with("query", init)
}

pub(crate) fn rpc_result(query: MsgId, result: &[u8]) -> Vec<u8> {
    [
        &0xf35c_6d01_u32.to_le_bytes()[..],
        &long(query).to_le_bytes(),
        result,
    ]
    .concat()
}

pub(crate) fn gzip_packed(object: &[u8]) -> Vec<u8> {
    encode_service(Object::new("gzip_packed").with("packed_data", gzip::deflate(object)))
}

pub(crate) fn encode_service(object: Object) -> Vec<u8> {
    service().encode(&Value::from(object)).unwrap()
}

fn encode_api(object: Object) -> Vec<u8> {
    api().encode(&Value::from(object)).unwrap()
}

pub(crate) fn longs(ids: &[MsgId]) -> Value {
    Value::Vector(ids.iter().map(|id| Value::Long(id.0)).collect())
}

pub(crate) fn nearest_dc() -> Vec<u8> {
    encode_api(
        Object::new("nearestDc")
            .with("country", "AA")
            .with("this_dc", 2)
            .with("nearest_dc", 2),
    )
}

pub(crate) fn get_users() -> Object {
    Object::new("users.getUsers").with(
        "id",
        Value::Vector(vec![Object::new("inputUserSelf").into()]),
    )
}

pub(crate) fn users(n: usize) -> Vec<u8> {
    let user = Object::new("userEmpty").with("id", n as i64);
    api()
        .encode_as("Vector<User>", &Value::Vector(vec![user.into()]))
        .unwrap()
}

pub(crate) fn state(n: usize) -> Vec<u8> {
    encode_api(
        Object::new("updates.state")
            .with("pts", n as i32)
            .with("qts", 0)
            .with("date", 1_790_000_000)
            .with("seq", 1)
            .with("unread_count", 0),
    )
}

pub(crate) fn update(n: usize) -> Vec<u8> {
    let update = Object::new("updateUserTyping")
        .with("user_id", n as i64)
        .with("action", Object::new("sendMessageTypingAction"));
    encode_api(
        Object::new("updateShort")
            .with("update", update)
            .with("date", 1_790_000_000),
    )
}

/// The secrets and encrypted parts of a key exchange.
pub(crate) struct Exchange {
    pub(crate) nonce: [u8; 16],
    pub(crate) server_nonce: [u8; 16],
    pub(crate) new_nonce: [u8; 32],
}

impl Exchange {
    pub(crate) const EXAMPLE: Self = Self {
        nonce: [1; 16],
        server_nonce: [2; 16],
        new_nonce: [3; 32],
    };

    fn sealed(&self, inner: Object) -> Vec<u8> {
        let data = encode_service(inner);
        let mut plain = [&sha1(&[&data])[..], &data].concat();
        plain.resize(plain.len().next_multiple_of(16), 0x55);
        let keys = kdf::tmp_keys(&self.new_nonce, &Nonce(self.server_nonce));
        aes_ige::encrypt(&keys.key, &keys.iv, &mut plain).unwrap();
        plain
    }

    fn nonces(&self, name: &'static str) -> Object {
        Object::new(name)
            .with("nonce", Value::Int128(self.nonce))
            .with("server_nonce", Value::Int128(self.server_nonce))
    }

    /// The six messages of an exchange that agrees on the key of `talk`.
    pub(crate) fn play(&self, talk: &mut Talk) {
        self.play_with(talk, &[0x11; 256]);
    }

    /// The same with another `g_a`.
    pub(crate) fn play_with(&self, talk: &mut Talk, g_a: &[u8]) {
        talk.plain(
            true,
            Object::new("req_pq_multi").with("nonce", Value::Int128(self.nonce)),
        );
        talk.plain(
            false,
            self.nonces("resPQ")
                .with("pq", vec![0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81])
                .with(
                    "server_public_key_fingerprints",
                    Value::Vector(vec![Value::Long(5)]),
                ),
        );
        talk.plain(
            true,
            self.nonces("req_DH_params")
                .with("p", vec![0x49, 0x4c, 0x55, 0x3b])
                .with("q", vec![0x53, 0x91, 0x10, 0x73])
                .with("public_key_fingerprint", 5_i64)
                .with("encrypted_data", vec![9; 256]),
        );
        let answer = self.sealed(
            self.nonces("server_DH_inner_data")
                .with("g", 3)
                .with("dh_prime", vec![0xc7; 256])
                .with("g_a", g_a.to_vec())
                .with("server_time", 1_790_000_000),
        );
        talk.plain(
            false,
            self.nonces("server_DH_params_ok")
                .with("encrypted_answer", answer),
        );
        let data = self.sealed(
            self.nonces("client_DH_inner_data")
                .with("retry_id", 0_i64)
                .with("g_b", vec![0x22; 256]),
        );
        talk.plain(
            true,
            self.nonces("set_client_DH_params")
                .with("encrypted_data", data),
        );
        let hash = kdf::new_nonce_hash(&self.new_nonce, 1, &talk.key.aux_hash());
        talk.plain(
            false,
            self.nonces("dh_gen_ok")
                .with("new_nonce_hash1", Value::Int128(hash)),
        );
    }

    pub(crate) fn key_log(&self) -> String {
        format!(
            "MTPROTO_NEW_NONCE {} {}\n",
            hex::encode(self.nonce),
            hex::encode(self.new_nonce)
        )
    }
}
