//! Captures made for measuring: conversations in the core's own framing and encryption, as a pcap file.
//!
//! [`chatty`] is what a messenger sends all day: hundreds of thousands of messages of a hundred bytes to two kilobytes,
//! acknowledgements, pings, containers, packed answers and updates among them.
//! [`bulk`] is a download: queries of sixty bytes and answers of 128 KiB.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::{Header, container, encrypted, gzip};
use mtproto_core::random::{self, ChaChaRandom, SecureRandom as _};
use mtproto_core::transport::{ClientTransport, Frame, FrameLimits, Framer};
use mtproto_core::transport::{ServerTransport, Transport};
use tl_parser::{Layers, Object, Schema, Value};

/// Bytes of a TCP segment's payload.
const MSS: usize = 1400;
/// Conversations at once.
const CONNECTIONS: usize = 8;
const RPC_RESULT: [u8; 4] = 0xf35c_6d01_u32.to_le_bytes();

/// A capture and what is needed to read it.
#[derive(Debug)]
pub struct Made {
    /// A pcap file.
    pub pcap: Vec<u8>,
    /// The key log that opens every conversation.
    pub key_log: String,
    /// Every encrypted message as it is inside of its frame.
    pub frames: Vec<(AuthKey, Direction, Vec<u8>)>,
    /// Messages sent, those in containers counted one by one.
    pub messages: u64,
}

/// Small messages, about `size` bytes of capture.
#[must_use]
pub fn chatty(size: usize) -> Made {
    make(size, Talk::small)
}

/// Large answers, about `size` bytes of capture.
#[must_use]
pub fn bulk(size: usize) -> Made {
    make(size, Talk::large)
}

fn make(size: usize, step: fn(&mut Talk, usize, &mut Made)) -> Made {
    let mut made = Made {
        pcap: vec![
            0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0,
        ],
        key_log: String::new(),
        frames: Vec::new(),
        messages: 0,
    };
    let mut talks: Vec<Talk> = (0..CONNECTIONS).map(|n| Talk::new(n, &mut made)).collect();
    let mut turn = 0;
    while made.pcap.len() < size {
        step(&mut talks[turn % CONNECTIONS], turn, &mut made);
        turn += 1;
    }
    made
}

/// One client's conversation on one connection.
struct Talk {
    number: u8,
    key: AuthKey,
    session: SessionId,
    client: Framer,
    server: Framer,
    random: ChaChaRandom,
    schema: &'static Schema,
    /// Bytes sent by the client and by the server.
    sent: [u32; 2],
    next_id: i64,
    content: [i32; 2],
    unacked: Vec<i64>,
    pts: i32,
}

impl Talk {
    fn new(number: usize, made: &mut Made) -> Self {
        let mut random = ChaChaRandom::from_number(number as u64 + 1);
        let transport = ClientTransport::obfuscated(Transport::Abridged);
        let limits = FrameLimits::default();
        let layers = Layers::bundled();
        let (layer, key) = (layers.newest(), AuthKey::new(random::bytes(&mut random)));
        let hex: String = key.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        made.key_log += &format!("MTPROTO_AUTH_KEY 2 {} {hex} perm\n", key.id());
        let mut talk = Self {
            number: number as u8,
            key,
            session: SessionId(i64::from_le_bytes(random::bytes(&mut random))),
            client: Framer::client(&transport, limits, &mut random).expect("a plain transport"),
            server: Framer::server(ServerTransport::default(), limits),
            random,
            schema: layers.at(layer).schema,
            sent: [0; 2],
            next_id: 1_790_000_000 << 32,
            content: [0; 2],
            unacked: Vec::new(),
            pts: 0,
        };
        talk.segment(true, 2, &[], made);
        talk.segment(false, 18, &[], made);
        talk.sent = [1, 1];
        let query = Object::new("initConnection")
            .with("api_id", 4)
            .with("device_model", "bench")
            .with("system_version", "1")
            .with("app_version", "1")
            .with("system_lang_code", "en")
            .with("lang_pack", "")
            .with("lang_code", "en")
            .with("query", Object::new("updates.getState"));
        let announced = Object::new("invokeWithLayer")
            .with("layer", layer)
            .with("query", query);
        let query = talk.query(announced, made);
        talk.answer(query, state(0), false, made);
        talk
    }

    /// The next exchange of small messages.
    fn small(&mut self, turn: usize, made: &mut Made) {
        let n = turn as i32;
        match (turn / CONNECTIONS) % 6 {
            0 => {
                let query = Object::new("messages.sendMessage")
                    .with("peer", input_peer(n))
                    .with("message", words(n, 60))
                    .with("random_id", i64::from(n) << 20);
                let query = self.query(query, made);
                let sent = Object::new("updateShortSentMessage")
                    .with_flag("out", true)
                    .with("id", n)
                    .with("pts", self.next_pts())
                    .with("pts_count", 1)
                    .with("date", 1_790_000_000 + n);
                self.answer(query, sent, false, made);
            }
            1 => {
                let query = Object::new("messages.getHistory")
                    .with("peer", input_peer(n))
                    .with("offset_id", 0)
                    .with("offset_date", 0)
                    .with("add_offset", 0)
                    .with("limit", 8)
                    .with("max_id", 0)
                    .with("min_id", 0)
                    .with("hash", 0_i64);
                let query = self.query(query, made);
                let page = Object::new("messages.messages")
                    .with("messages", Value::vector((0..6).map(|k| message(n + k))))
                    .with("topics", Value::Vector(Vec::new()))
                    .with("chats", Value::Vector(Vec::new()))
                    .with("users", Value::vector((0..3).map(user)));
                self.answer(query, page, turn.is_multiple_of(3), made);
            }
            2 => {
                let ids = Value::vector([Object::new("inputUserSelf")]);
                let query = self.query(Object::new("users.getUsers").with("id", ids), made);
                let users = Value::vector((0..2).map(user));
                let users = self
                    .schema
                    .encode_as("Vector<User>", &users)
                    .expect("users");
                self.result(query, &users, made);
            }
            3 => {
                let ping = service(Object::new("ping").with("ping_id", i64::from(n)));
                let ids: Vec<Value> = self.unacked.drain(..).map(Value::Long).collect();
                let ack = service(Object::new("msgs_ack").with("msg_ids", Value::Vector(ids)));
                let ids = self.container(true, &[(true, ping), (false, ack)], made);
                let pong = Object::new("pong")
                    .with("msg_id", ids[0].0)
                    .with("ping_id", i64::from(n));
                self.message(false, false, &service(pong), made);
            }
            4 => {
                let query = Object::new("messages.readHistory")
                    .with("peer", input_peer(n))
                    .with("max_id", n);
                let query = self.query(query, made);
                let affected = Object::new("messages.affectedMessages")
                    .with("pts", self.pts)
                    .with("pts_count", 0);
                self.answer(query, affected, false, made);
            }
            _ => {
                let new = Object::new("updateNewMessage")
                    .with("message", message(n))
                    .with("pts", self.next_pts())
                    .with("pts_count", 1);
                let updates = Object::new("updates")
                    .with("updates", Value::vector([new]))
                    .with("users", Value::vector((0..2).map(user)))
                    .with("chats", Value::Vector(Vec::new()))
                    .with("date", 1_790_000_000 + n)
                    .with("seq", n);
                let body = self.encode(updates);
                self.message(false, true, &body, made);
            }
        }
    }

    fn next_pts(&mut self) -> i32 {
        self.pts += 1;
        self.pts
    }

    /// The next part of a file.
    fn large(&mut self, turn: usize, made: &mut Made) {
        let location = Object::new("inputDocumentFileLocation")
            .with("id", 5_i64)
            .with("access_hash", 6_i64)
            .with("file_reference", vec![7; 20])
            .with("thumb_size", "");
        let query = Object::new("upload.getFile")
            .with("location", location)
            .with("offset", (turn as i64) << 17)
            .with("limit", 1 << 17);
        let query = self.query(query, made);
        let mut bytes = vec![0; 1 << 17];
        self.random.fill(&mut bytes);
        let file = Object::new("upload.file")
            .with("type", Object::new("storage.fileUnknown"))
            .with("mtime", 0)
            .with("bytes", bytes);
        self.answer(query, file, false, made);
        if self.unacked.len() >= 16 {
            let ids: Vec<Value> = self.unacked.drain(..).map(Value::Long).collect();
            let ack = service(Object::new("msgs_ack").with("msg_ids", Value::Vector(ids)));
            self.message(true, false, &ack, made);
        }
    }

    fn encode(&self, object: Object) -> Vec<u8> {
        self.schema
            .encode(&Value::from(object))
            .expect("an object of the layer")
    }

    fn query(&mut self, function: Object, made: &mut Made) -> MsgId {
        let body = self.encode(function);
        self.message(true, true, &body, made)
    }

    fn answer(&mut self, query: MsgId, object: Object, packed: bool, made: &mut Made) {
        let mut body = self.encode(object);
        if packed {
            body = service(Object::new("gzip_packed").with("packed_data", gzip::deflate(&body)));
        }
        self.result(query, &body, made);
    }

    fn result(&mut self, query: MsgId, result: &[u8], made: &mut Made) {
        let body = [&RPC_RESULT[..], &query.0.to_le_bytes(), result].concat();
        self.message(false, true, &body, made);
    }

    fn ids(&mut self, from_client: bool, content: bool, body: &[u8]) -> (MsgId, SeqNo) {
        self.next_id += 4096;
        let side = match (from_client, body.starts_with(&RPC_RESULT)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 3,
        };
        let id = self.next_id + side;
        let sent = &mut self.content[usize::from(from_client)];
        let seq_no = *sent * 2 + i32::from(content);
        *sent += i32::from(content);
        if content && !from_client {
            self.unacked.push(id);
        }
        (MsgId(id), SeqNo(seq_no))
    }

    fn message(&mut self, from_client: bool, content: bool, body: &[u8], made: &mut Made) -> MsgId {
        let (msg_id, seq_no) = self.ids(from_client, content, body);
        made.messages += 1;
        self.sealed(from_client, msg_id, seq_no, body, made);
        msg_id
    }

    fn container(
        &mut self,
        from_client: bool,
        items: &[(bool, Vec<u8>)],
        made: &mut Made,
    ) -> Vec<MsgId> {
        let mut body = Vec::new();
        let mut builder = container::Builder::new(&mut body);
        let mut ids = Vec::new();
        for (content, inner) in items {
            let (msg_id, seq_no) = self.ids(from_client, *content, inner);
            assert!(builder.push(msg_id, seq_no, inner), "few and small");
            ids.push(msg_id);
        }
        made.messages += items.len() as u64;
        self.message(from_client, false, &body, made);
        ids
    }

    fn sealed(
        &mut self,
        from_client: bool,
        msg_id: MsgId,
        seq_no: SeqNo,
        body: &[u8],
        made: &mut Made,
    ) {
        let header = Header {
            salt: ServerSalt(77),
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
        let mut bytes = Vec::new();
        let (sender, receiver) = if from_client {
            (&mut self.client, &mut self.server)
        } else {
            (&mut self.server, &mut self.client)
        };
        sender
            .write_payload(&payload, false, &mut self.random, &mut bytes)
            .expect("a payload of whole words");
        receiver.handle_bytes(&bytes).expect("our own bytes");
        while let Some(frame) = receiver.poll_frame().expect("our own bytes") {
            assert!(matches!(frame, Frame::Payload { .. }), "our own frame");
        }
        made.frames.push((self.key.clone(), direction, payload));
        for piece in bytes.chunks(MSS) {
            self.segment(from_client, 24, piece, made);
        }
        // The other side's bare acknowledgement.
        self.segment(!from_client, 16, &[], made);
    }

    fn segment(&mut self, from_client: bool, flags: u8, payload: &[u8], made: &mut Made) {
        let len = 40 + payload.len() as u32;
        let pcap = &mut made.pcap;
        // A packet every hundred microseconds.
        let micros = 1_790_000_000_000_000 + pcap.len() as u64 / 4;
        for word in [
            (micros / 1_000_000) as u32,
            (micros % 1_000_000) as u32,
            len,
            len,
        ] {
            pcap.extend(word.to_le_bytes());
        }
        let (client, server) = ([10, 0, 0, self.number], [10, 0, 1, 1]);
        let (ports, ends) = if from_client {
            ([40_000_u16, 443], [client, server])
        } else {
            ([443, 40_000], [server, client])
        };
        let [seq, ack] = if from_client {
            self.sent
        } else {
            [self.sent[1], self.sent[0]]
        };
        pcap.extend([0x45, 0]);
        pcap.extend((len as u16).to_be_bytes());
        pcap.extend([0, 7, 0, 0, 64, 6, 0, 0]);
        pcap.extend(ends.concat());
        pcap.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
        pcap.extend(seq.to_be_bytes());
        pcap.extend(ack.to_be_bytes());
        pcap.extend([5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
        pcap.extend(payload);
        let sent = &mut self.sent[usize::from(!from_client)];
        *sent = sent.wrapping_add(payload.len() as u32);
    }
}

fn service(object: Object) -> Vec<u8> {
    tl_parser::mtproto()
        .encode(&Value::from(object))
        .expect("a service message")
}

fn state(n: i32) -> Object {
    Object::new("updates.state")
        .with("pts", n)
        .with("qts", 0)
        .with("date", 1_790_000_000)
        .with("seq", 1)
        .with("unread_count", 0)
}

fn input_peer(n: i32) -> Object {
    Object::new("inputPeerUser")
        .with("user_id", 10_000 + i64::from(n % 50))
        .with("access_hash", 0x1234_5678_9abc_i64 * i64::from(n))
}

fn message(n: i32) -> Object {
    let peer = Object::new("peerUser").with("user_id", 10_000 + i64::from(n % 50));
    let bold = Object::new("messageEntityBold")
        .with("offset", 0)
        .with("length", 4);
    Object::new("message")
        .with_flag("out", n % 2 == 0)
        .with("id", n)
        .with("from_id", peer.clone())
        .with("peer_id", peer)
        .with("date", 1_790_000_000 + n)
        .with("message", words(n, 20 + (n as usize * 7) % 120))
        .with_opt("entities", (n % 5 == 0).then(|| Value::vector([bold])))
}

fn user(n: i32) -> Object {
    Object::new("user")
        .with("id", 10_000 + i64::from(n))
        .with("access_hash", -7_i64 * 0x1234_5678_9abc)
        .with("first_name", format!("User {n}"))
        .with("username", format!("user_{n}"))
        .with("phone", format!("99966{n:05}"))
}

/// Text of about this many bytes.
fn words(n: i32, len: usize) -> String {
    let mut text = format!("Message {n}: ");
    while text.len() < len {
        text.push_str("the quick brown fox jumps over the lazy dog. ");
    }
    text
}
