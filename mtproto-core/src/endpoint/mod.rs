//! The server's side of one data centre: many byte streams, the keys of its clients, their sessions.
//!
//! ```text
//! bytes ─► handle_bytes ─► Framer ─► plain message ─► key exchange ─► AuthKeyStore
//!                                └─► encrypted message ─► session ─► ServerEvent::Query ─► driver
//! bytes ◄─ seal ◄─ Outgoing ◄─ next_outgoing ◄─ session ◄─ answer, push_update ◄──────────┘
//! ```
//!
//! After every input and command, drain in this order: [`Endpoint::next_outgoing`] with [`Endpoint::seal`],
//! [`Endpoint::poll_event`], [`Endpoint::poll_timeout`]. What leaves is typed before it is sealed, key exchange
//! included, so that a test can alter any field of it.

mod binding;
mod connections;
mod event;
mod idle_keys;
mod incoming;
mod key_exchange;
mod outgoing;
mod sessions;
mod store;
mod timers;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use self::connections::{Connection, Control};
use self::idle_keys::IdleKeys;
use self::sessions::SessionEntry;
use self::timers::{Owner, Timers};
use crate::config::{ServerConfig, Start};
use crate::handshake::ServerHandshakes;
use crate::ids::{AuthKeyId, MsgId};
use crate::random::{self, SecureRandom};
use crate::rpc::RpcError;
use crate::session::{MsgIds, Role, SaltSchedule, WallClock};
use crate::time::{Instant, UnixTime};

pub use self::connections::Listen;
pub use self::event::{CloseReason, ConnectionId, RequestId, ServerEvent, SessionKey};
pub use self::outgoing::{Outgoing, OutgoingMessage};
pub use self::store::{AuthKeyRecord, AuthKeyStore, KeyKind, MemoryKeyStore};
pub use crate::known_calls::KnownCall;

/// The server's side of one data centre, or of one shard of it.
pub struct Endpoint {
    config: Arc<ServerConfig>,
    keys: Box<dyn AuthKeyStore>,
    idle_keys: IdleKeys,
    random: Box<dyn SecureRandom + Send>,
    clock: WallClock,
    salts: SaltSchedule,
    handshakes: ServerHandshakes,
    plain_ids: MsgIds,
    connections: BTreeMap<ConnectionId, Connection>,
    sessions: BTreeMap<SessionKey, SessionEntry>,
    requests: BTreeMap<RequestId, (SessionKey, MsgId)>,
    last_connection: u64,
    last_request: u64,
    /// Streams with control messages to send, each once.
    ready_connections: VecDeque<ConnectionId>,
    /// Sessions with messages to send over a live stream, each once.
    ready_sessions: VecDeque<SessionKey>,
    timers: Timers,
    events: VecDeque<ServerEvent>,
    /// Reused by [`Self::seal`].
    scratch: (Vec<u8>, Vec<u8>),
}

impl Endpoint {
    /// An endpoint without streams.
    #[must_use]
    pub fn new(config: Arc<ServerConfig>, keys: Box<dyn AuthKeyStore>, start: Start) -> Self {
        let Start {
            now,
            unix,
            mut random,
        } = start;
        let salts = SaltSchedule::new(random::bytes(&mut random));
        Self {
            handshakes: ServerHandshakes::new(config.handshake.clone(), config.handshake_runs),
            config,
            keys,
            idle_keys: IdleKeys::default(),
            random,
            clock: WallClock::new(now, unix),
            salts,
            plain_ids: MsgIds::new(Role::Server),
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            requests: BTreeMap::new(),
            last_connection: 0,
            last_request: 0,
            ready_connections: VecDeque::new(),
            ready_sessions: VecDeque::new(),
            timers: Timers::default(),
            events: VecDeque::new(),
            scratch: (Vec::new(), Vec::new()),
        }
    }

    /// The wall time at `now`.
    #[must_use]
    pub fn unix(&self, now: Instant) -> UnixTime {
        self.clock.unix(now)
    }

    /// The keys of the clients.
    #[must_use]
    pub fn keys(&self) -> &dyn AuthKeyStore {
        &*self.keys
    }

    /// The keys of the clients, to add ready-made ones.
    pub fn keys_mut(&mut self) -> &mut dyn AuthKeyStore {
        &mut *self.keys
    }

    /// Takes a new byte stream in; `None` if there are as many as [`ServerConfig::connections`] allows.
    pub fn accept(&mut self, now: Instant, listen: Listen) -> Option<ConnectionId> {
        if self.connections.len() >= self.config.connections {
            return None;
        }
        self.last_connection = self.last_connection.wrapping_add(1);
        let id = ConnectionId(self.last_connection);
        let connection = Connection::new(&self.config, listen);
        self.connections.insert(id, connection);
        self.set_idle_deadline(id, now);
        Some(id)
    }

    /// Handles the end of a stream.
    pub fn handle_eof(&mut self, now: Instant, from: ConnectionId) {
        self.close_with(now, from, CloseReason::Eof);
    }

    /// Closes a stream.
    pub fn close(&mut self, now: Instant, connection: ConnectionId) {
        self.close_with(now, connection, CloseReason::Local);
    }

    /// Answers a query; `false` if it was answered or dropped before, or its session is gone.
    ///
    /// The answer goes to the stream that carries the session now, and again to the next one until it is acknowledged.
    pub fn answer(
        &mut self,
        now: Instant,
        to: RequestId,
        result: Result<&[u8], &RpcError>,
    ) -> bool {
        let Some((key, msg_id)) = self.requests.remove(&to) else {
            return false;
        };
        let Some(entry) = self.sessions.get_mut(&key) else {
            return false;
        };
        entry.requests.remove(&msg_id);
        let waited = entry.session.answer(msg_id, result);
        let carrier = entry.carrier;
        // Queries that waited for this one.
        self.handle_session_events(now, key, carrier);
        self.touch(now, key);
        waited
    }

    /// Sends an object to a session of its own accord; `false` if the session is not known.
    ///
    /// It leaves over the session's live stream, or over its next one.
    pub fn push_update(&mut self, now: Instant, to: SessionKey, body: &[u8]) -> bool {
        let Some(entry) = self.sessions.get_mut(&to) else {
            return false;
        };
        entry.session.push(body);
        self.touch(now, to);
        true
    }

    /// The sessions of a key, and for each the stream that carries it, if any does.
    pub fn sessions_of(
        &self,
        auth_key_id: AuthKeyId,
    ) -> impl Iterator<Item = (SessionKey, Option<ConnectionId>)> {
        self.sessions
            .range(SessionKey::range_of(auth_key_id))
            .map(|(key, entry)| (*key, entry.connection))
    }

    /// Forgets a session and everything that waits in it.
    pub fn destroy_session(&mut self, key: SessionKey) -> bool {
        self.remove_session(key)
    }

    /// Forgets a key and all its sessions; its clients get the transport error −404 from now on.
    pub fn destroy_auth_key(&mut self, auth_key_id: AuthKeyId) -> bool {
        let sessions: Vec<SessionKey> = self.sessions_of(auth_key_id).map(|(key, _)| key).collect();
        for key in sessions {
            self.remove_session(key);
        }
        self.idle_keys.untrack(auth_key_id);
        self.keys.remove(auth_key_id)
    }

    /// Whether the driver can take bytes for a stream. While it cannot, its messages wait here, where they are bounded.
    pub fn set_writable(&mut self, now: Instant, connection: ConnectionId, writable: bool) {
        let Some(entry) = self.connections.get_mut(&connection) else {
            return;
        };
        entry.paused = !writable;
        if writable {
            let keys: Vec<SessionKey> = entry.sessions.iter().copied().collect();
            self.make_ready(connection);
            for key in keys {
                self.touch(now, key);
            }
        }
    }

    /// Sends a container of nothing over a stream, from one of the sessions that it carries; `false` if it carries none.
    ///
    /// That is how a long poll ends in which nothing came. If something is about to leave, it leaves instead.
    pub fn send_nothing(&mut self, now: Instant, connection: ConnectionId) -> bool {
        let Some(key) = self
            .connections
            .get(&connection)
            .and_then(|entry| entry.sessions.first().copied())
        else {
            return false;
        };
        let Some(entry) = self.sessions.get_mut(&key) else {
            return false;
        };
        entry.session.send_nothing(now);
        self.touch(now, key);
        true
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        let event = self.events.pop_front()?;
        if let ServerEvent::ConnectionClosed { connection, .. } = &event {
            self.connections.remove(connection);
        }
        Some(event)
    }

    /// Lets time pass: deadlines of streams and sessions that have come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(owner) = self.timers.pop_due(now) {
            match owner {
                Owner::Connection(id) => self.on_connection_deadline(now, id),
                Owner::Session(key) => self.on_session_deadline(now, key),
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do without other input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn queue_control(&mut self, now: Instant, connection: ConnectionId, control: Control) {
        let limit = self.config.control_messages;
        let Some(entry) = self.connections.get_mut(&connection) else {
            return;
        };
        if entry.control.len() >= limit {
            self.close_with(now, connection, CloseReason::SlowReader);
            return;
        }
        entry.control.push_back(control);
        self.make_ready(connection);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("connections", &self.connections.len())
            .field("sessions", &self.sessions.len())
            .field("requests", &self.requests.len())
            .finish_non_exhaustive()
    }
}
