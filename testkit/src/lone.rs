//! One side of the core alone, with a hand-made peer that may break every rule.

use std::sync::Arc;

use mtproto_core::config::{ClientConfig, ServerConfig};
use mtproto_core::connection::{Connection, Event, SavedKeys};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::endpoint::{
    AuthKeyRecord, ConnectionId, Endpoint, Listen, MemoryKeyStore, ServerEvent, SessionKey,
};
use mtproto_core::error::{Notice, PeerMisbehaved};
use mtproto_core::ids::{DcId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::{Header, encrypted};
use mtproto_core::raw::{RawInner, RawMessage, container};
use mtproto_core::rpc::RpcError;
use mtproto_core::session::{InnerMessage, QueryId};
use mtproto_core::time::{Duration, Instant};
use mtproto_core::tl::ServiceMessage;
use mtproto_core::transport::{
    ClientTransport, Frame, FrameLimits, Framer, ServerTransport, Transport,
};

use crate::pair::{START_UNIX, start};
use crate::{SeededRandom, client_config, server_config};

/// A message of the side under test, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Salt, session, identifier and sequence number of the frame.
    pub header: Header,
    /// The messages in it: the one, or those of its container.
    pub messages: Vec<InnerMessage>,
    /// Whether they came in a container.
    pub in_container: bool,
}

fn hear(key: &AuthKey, direction: Direction, frame: &mut [u8]) -> Heard {
    let opened = encrypted::open(key, direction, frame).expect("our own side seals well");
    let header = opened.header;
    let parsed = ServiceMessage::parse(opened.body).expect("our own side writes well");
    let (messages, in_container) = match parsed {
        Some(ServiceMessage::MsgContainer(container)) => {
            let inner = mtproto_core::message::container::read(header.msg_id, container);
            let inner = inner
                .expect("our own side packs well")
                .map(|message| (message.msg_id, message.seq_no, message.body.to_vec()));
            (inner.collect(), true)
        }
        _ => (
            vec![(header.msg_id, header.seq_no, opened.body.to_vec())],
            false,
        ),
    };
    Heard {
        header,
        messages: messages
            .into_iter()
            .map(|(msg_id, seq_no, body)| InnerMessage {
                msg_id,
                seq_no,
                body,
            })
            .collect(),
        in_container,
    }
}

/// The identifier of the moment `secs` and `millis` after the start, with these two low bits.
fn id_at(now: Instant, offset_secs: i64, count: i64, low: i64) -> MsgId {
    let secs = i64::try_from(START_UNIX.as_secs()).expect("small") + offset_secs;
    let nanos = i64::try_from(now.as_nanos()).expect("small");
    let secs = secs + nanos / 1_000_000_000;
    let fraction = ((nanos % 1_000_000_000) << 32) / 1_000_000_000;
    MsgId(((secs << 32) | fraction) + count * 4 + low)
}

/// A server alone, with one permanent key and a hand-made client on one stream.
pub struct LoneServer {
    /// The server.
    pub server: Endpoint,
    /// Its time.
    pub now: Instant,
    /// The key.
    pub key: AuthKey,
    /// The session that the hand-made client uses.
    pub session_id: SessionId,
    /// The salt that the hand-made client uses.
    pub salt: ServerSalt,
    /// The stream.
    pub connection: ConnectionId,
    /// All that the server told.
    pub events: Vec<ServerEvent>,
    /// Quick acknowledgements and transport errors that came.
    pub control: Vec<i64>,
    framer: Framer,
    random: SeededRandom,
    ids: i64,
    content: i32,
}

impl LoneServer {
    /// A server with the testkit's configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::with(server_config())
    }

    /// A server with this configuration. The hand-made client knows the right salt.
    #[must_use]
    pub fn with(config: ServerConfig) -> Self {
        let key = AuthKey::new([0x42; 256]);
        let salt = ServerSalt(0x5a17);
        let mut server = Endpoint::new(
            Arc::new(config),
            Box::new(MemoryKeyStore::new()),
            start(100),
        );
        server.keys_mut().insert(AuthKeyRecord {
            first_salt: Some(salt),
            ..AuthKeyRecord::permanent(key.clone(), START_UNIX)
        });
        let connection = server
            .accept(Instant::ZERO, Listen::Stream)
            .expect("the first stream");
        let mut random = SeededRandom::from_number(200);
        Self {
            server,
            now: Instant::ZERO,
            key,
            session_id: SessionId(77),
            salt,
            connection,
            events: Vec::new(),
            control: Vec::new(),
            framer: client_framer(Transport::Intermediate, &mut random),
            random,
            ids: 0,
            content: 0,
        }
    }

    /// The server's name of the session.
    #[must_use]
    pub fn session_key(&self) -> SessionKey {
        SessionKey {
            auth_key_id: self.key.id(),
            session_id: self.session_id,
        }
    }

    /// Another stream for the hand-made client, with this transport; the old one stays as it is.
    pub fn open_stream(&mut self, transport: Transport) {
        self.framer = client_framer(transport, &mut self.random);
        let accepted = self.server.accept(self.now, Listen::Stream);
        self.connection = accepted.expect("one more stream");
    }

    /// Lets time pass and tells the server of its deadlines. Returns what it sends by itself.
    pub fn pass(&mut self, duration: Duration) -> Vec<Heard> {
        self.now = self.now.saturating_add(duration);
        self.server.handle_timeout(self.now);
        self.drain()
    }

    /// The next identifier of a client that keeps the rules.
    pub fn next_id(&mut self) -> MsgId {
        self.ids += 1;
        id_at(self.now, 0, self.ids, 0)
    }

    /// An identifier this many seconds from now.
    pub fn id_off(&mut self, secs: i64) -> MsgId {
        self.ids += 1;
        id_at(self.now, secs, self.ids, 0)
    }

    /// The next sequence number of a client that keeps the rules.
    pub fn next_seq(&mut self, content_related: bool) -> SeqNo {
        let number = 2 * self.content + i32::from(content_related);
        self.content += i32::from(content_related);
        SeqNo(number)
    }

    /// A message that keeps the rules, to be altered.
    pub fn message(&mut self, content_related: bool, body: &[u8]) -> RawMessage {
        let (msg_id, seq_no) = (self.next_id(), self.next_seq(content_related));
        RawMessage::new(self.salt, self.session_id, msg_id, seq_no, body.to_vec())
    }

    /// Sends a message that keeps the rules; returns its identifier and what the server says at once.
    pub fn say(&mut self, content_related: bool, body: &[u8]) -> (MsgId, Vec<Heard>) {
        let message = self.message(content_related, body);
        (message.msg_id, self.send(&message))
    }

    /// Sends these messages in a container that keeps the rules.
    pub fn say_together(&mut self, messages: &[RawInner]) -> (MsgId, Vec<Heard>) {
        let body = container(messages, None);
        self.say(false, &body)
    }

    /// Sends a message and returns what the server says at once.
    pub fn send(&mut self, message: &RawMessage) -> Vec<Heard> {
        self.send_with(message, false)
    }

    /// Sends a message, with a request for a quick acknowledgement or without.
    pub fn send_with(&mut self, message: &RawMessage, quick_ack: bool) -> Vec<Heard> {
        let payload = message.seal(&self.key, Direction::ClientToServer, &mut self.random);
        self.send_payload(&payload, quick_ack)
    }

    /// Sends the payload of a frame; the request for a quick acknowledgement goes where the transport has one.
    pub fn send_payload(&mut self, payload: &[u8], quick_ack: bool) -> Vec<Heard> {
        let mut wire = Vec::new();
        let detected = self.framer.detected();
        let has_quick_acks = detected.is_some_and(|stream| stream.transport != Transport::Full);
        let quick_ack = quick_ack && has_quick_acks;
        self.framer
            .write_payload(payload, quick_ack, &mut self.random, &mut wire)
            .expect("the transport takes it");
        self.send_bytes(&wire)
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Vec<Heard> {
        self.server.handle_bytes(self.now, self.connection, bytes);
        self.drain()
    }

    /// Answers a query.
    pub fn answer(&mut self, number: usize, result: Result<&[u8], &RpcError>) -> Vec<Heard> {
        let request = self.queries()[number].0;
        self.server.answer(self.now, request, result);
        self.drain()
    }

    /// Everything that the server has to send for the current stream.
    pub fn drain(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        while let Some(outgoing) = self.server.next_outgoing(self.now) {
            let mut wire = Vec::new();
            let to = self.server.seal(outgoing, &mut wire);
            if to != self.connection {
                continue;
            }
            // After bytes that the test made up, the server may speak another transport.
            if self.framer.handle_bytes(&wire).is_err() {
                continue;
            }
            while let Ok(Some(frame)) = self.framer.poll_frame() {
                match frame {
                    Frame::Payload { data, .. } if data.first_chunk() == Some(&[0; 8]) => {}
                    Frame::Payload { data, .. } => {
                        heard.push(hear(&self.key, Direction::ServerToClient, data));
                    }
                    Frame::QuickAck(token) => self.control.push(i64::from(token)),
                    Frame::TransportError(code) => self.control.push(i64::from(code)),
                }
            }
        }
        while let Some(event) = self.server.poll_event() {
            self.events.push(event);
        }
        heard
    }

    /// The queries that the server told its driver, with their bodies.
    #[must_use]
    pub fn queries(&self) -> Vec<(mtproto_core::endpoint::RequestId, Vec<u8>)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                ServerEvent::Query { request, body, .. } => Some((*request, body.clone())),
                _ => None,
            })
            .collect()
    }

    /// The rules that the server found broken, tolerated ones apart.
    #[must_use]
    pub fn refused(&self) -> Vec<PeerMisbehaved> {
        self.events
            .iter()
            .filter_map(|event| match event {
                ServerEvent::Notice {
                    notice: Notice::Refused { rule, .. },
                    ..
                } => Some(*rule),
                _ => None,
            })
            .collect()
    }

    /// The rules that the server found broken and tolerated.
    #[must_use]
    pub fn tolerated(&self) -> Vec<PeerMisbehaved> {
        self.events
            .iter()
            .filter_map(|event| match event {
                ServerEvent::Notice {
                    notice: Notice::Tolerated { rule, .. },
                    ..
                } => Some(*rule),
                _ => None,
            })
            .collect()
    }

    /// Why the current stream was closed, if it was.
    #[must_use]
    pub fn closed(&self) -> Option<mtproto_core::endpoint::CloseReason> {
        self.events.iter().find_map(|event| match event {
            ServerEvent::ConnectionClosed { connection, reason }
                if *connection == self.connection =>
            {
                Some(*reason)
            }
            _ => None,
        })
    }
}

impl Default for LoneServer {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for LoneServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoneServer")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

fn client_framer(transport: Transport, random: &mut SeededRandom) -> Framer {
    Framer::client(
        &ClientTransport::plain(transport),
        FrameLimits::default(),
        random,
    )
    .expect("plain transports need nothing")
}

/// A client alone, resumed with a key, and a hand-made server on its stream.
pub struct LoneClient {
    /// The client.
    pub client: Connection,
    /// Its time.
    pub now: Instant,
    /// The key.
    pub key: AuthKey,
    /// The salt that the client started with.
    pub salt: ServerSalt,
    /// All that the client told.
    pub events: Vec<Event>,
    framer: Framer,
    random: SeededRandom,
    ids: i64,
    content: i32,
}

impl LoneClient {
    /// A client that never pings by itself.
    #[must_use]
    pub fn new() -> Self {
        let mut config = client_config();
        config.ping_interval = None;
        Self::with(config)
    }

    /// A client with this configuration.
    #[must_use]
    pub fn with(config: ClientConfig) -> Self {
        let key = AuthKey::new([0x42; 256]);
        let salt = ServerSalt(0x5a17);
        let keys = SavedKeys {
            dc: DcId(2),
            auth_key: key.clone(),
            server_salt: salt,
            clock_offset_secs: 0,
        };
        let mut lone = Self {
            client: Connection::resume(Arc::new(config), keys, start(300)),
            now: Instant::ZERO,
            key,
            salt,
            events: Vec::new(),
            framer: Framer::server(ServerTransport::default(), FrameLimits::default()),
            random: SeededRandom::from_number(400),
            ids: 0,
            content: 0,
        };
        lone.drain();
        lone
    }

    /// Gives the client a new stream.
    pub fn reconnect(&mut self) -> Vec<Heard> {
        self.framer = Framer::server(ServerTransport::default(), FrameLimits::default());
        self.client
            .reconnect(self.now)
            .expect("the client is not closed");
        self.drain()
    }

    /// Lets time pass and tells the client of its deadlines. Returns what it sends by itself.
    pub fn pass(&mut self, duration: Duration) -> Vec<Heard> {
        self.now = self.now.saturating_add(duration);
        self.client.handle_timeout(self.now);
        self.drain()
    }

    /// Sends a query; returns its name and the identifier of its message.
    pub fn query(&mut self, body: &[u8]) -> (QueryId, MsgId) {
        let sent = self.client.send_query(self.now, body, Default::default());
        let query = sent.expect("the query can be sent");
        let heard = self.drain();
        let message = heard
            .iter()
            .flat_map(|heard| &heard.messages)
            .find(|message| message.body == body)
            .expect("the query leaves at once");
        (query, message.msg_id)
    }

    /// The next identifier of a server that keeps the rules, for an answer or not.
    pub fn next_id(&mut self, answer: bool) -> MsgId {
        self.ids += 1;
        id_at(self.now, 0, self.ids, if answer { 1 } else { 3 })
    }

    /// An identifier this many seconds from now.
    pub fn id_off(&mut self, secs: i64) -> MsgId {
        self.ids += 1;
        id_at(self.now, secs, self.ids, 1)
    }

    /// The next sequence number of a server that keeps the rules.
    pub fn next_seq(&mut self, content_related: bool) -> SeqNo {
        let number = 2 * self.content + i32::from(content_related);
        self.content += i32::from(content_related);
        SeqNo(number)
    }

    /// A message that keeps the rules, to be altered.
    pub fn message(&mut self, content_related: bool, body: &[u8]) -> RawMessage {
        let (msg_id, seq_no) = (self.next_id(true), self.next_seq(content_related));
        let session_id = self.client.session_id();
        RawMessage::new(self.salt, session_id, msg_id, seq_no, body.to_vec())
    }

    /// Sends a message that keeps the rules; returns its identifier and what the client says at once.
    pub fn say(&mut self, content_related: bool, body: &[u8]) -> (MsgId, Vec<Heard>) {
        let message = self.message(content_related, body);
        (message.msg_id, self.send(&message))
    }

    /// Sends a message and returns what the client says at once.
    pub fn send(&mut self, message: &RawMessage) -> Vec<Heard> {
        let payload = message.seal(&self.key, Direction::ServerToClient, &mut self.random);
        self.send_payload(&payload)
    }

    /// Sends the payload of a frame.
    pub fn send_payload(&mut self, payload: &[u8]) -> Vec<Heard> {
        if self.framer.detected().is_none() {
            // The client speaks first.
            self.client.ping(self.now).expect("open");
            self.drain();
        }
        let mut wire = Vec::new();
        self.framer
            .write_payload(payload, false, &mut self.random, &mut wire)
            .expect("the transport takes it");
        // The error is also an event.
        let _ = self.client.handle_bytes(self.now, &wire);
        self.drain()
    }

    /// Sends a quick acknowledgement.
    pub fn send_quick_ack(&mut self, token: u32) -> Vec<Heard> {
        let mut wire = Vec::new();
        self.framer
            .write_quick_ack(token, &mut self.random, &mut wire)
            .expect("the transport has them");
        let _ = self.client.handle_bytes(self.now, &wire);
        self.drain()
    }

    /// Everything that the client has to send.
    pub fn drain(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut wire = Vec::new();
        while self.client.poll_transmit(self.now, &mut wire).is_some() {}
        self.framer.handle_bytes(&wire).expect("well framed");
        while let Some(frame) = self.framer.poll_frame().expect("well framed") {
            if let Frame::Payload { data, .. } = frame {
                heard.push(hear(&self.key, Direction::ClientToServer, data));
            }
        }
        while let Some(event) = self.client.poll_event() {
            self.events.push(event);
        }
        heard
    }

    /// The rules that the client found broken.
    #[must_use]
    pub fn refused(&self) -> Vec<PeerMisbehaved> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Notice(Notice::Refused { rule, .. }) => Some(*rule),
                _ => None,
            })
            .collect()
    }

    /// The updates that came.
    #[must_use]
    pub fn updates(&self) -> Vec<Vec<u8>> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Update(body) => Some(body.clone()),
                _ => None,
            })
            .collect()
    }

    /// Whether the stream was closed by the client.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::Closed(_)))
    }
}

impl Default for LoneClient {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for LoneClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoneClient")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
