//! The client's side of one connection: a byte stream, the key exchange and the session, composed.
//!
//! The connection outlives its stream: after [`Event::Closed`] it waits for [`Connection::reconnect`], and no query is
//! lost or doubled by that.
//!
//! ```text
//! bytes ─► handle_bytes ─► Framer ─► plain message ─► ClientHandshake ─► key
//!                                └─► encrypted message ─► ClientSession ─► Event
//! bytes ◄─ poll_transmit ◄─ Framer ◄─ seal ◄─ ClientSession ◄─ send_query
//! ```
//!
//! After every input and command, drain in this order: [`Connection::poll_transmit`], [`Connection::poll_event`],
//! [`Connection::poll_timeout`].

mod event;
mod exchange;
mod incoming;
mod keepalive;
mod quick_acks;
mod temporary;
mod transmit;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use self::exchange::Exchange;
use self::keepalive::{Due, Keepalive};
use self::quick_acks::QuickAcks;
use self::temporary::Temporary;
use crate::config::{ClientConfig, Start};
use crate::crypto::auth_key::AuthKey;
use crate::error::ConnectionError;
use crate::ids::{ServerSalt, SessionId};
use crate::random::{self, SecureRandom};
use crate::session::{
    ClientSession, MsgIds, PingId, QueryFailure, QueryId, QueryOptions, Role, SaltBook, SendError,
    WallClock,
};
use crate::time::{Duration, Instant};
use crate::transport::Framer;

pub use self::event::{Event, SavedKeys, Transmit};

/// The client's side of one connection.
pub struct Connection {
    config: Arc<ClientConfig>,
    random: Box<dyn SecureRandom + Send>,
    /// Absent between streams.
    framer: Option<Framer>,
    plain_ids: MsgIds,
    exchange: Option<Box<Exchange>>,
    /// The permanent key.
    auth_key: Option<AuthKey>,
    temporary: Temporary,
    session: ClientSession,
    is_ready: bool,
    is_closed: bool,
    /// How often in a row the server said that it does not know the key.
    key_unknown: u8,
    keepalive: Keepalive,
    quick_acks: QuickAcks,
    events: VecDeque<Event>,
    /// Reused for bodies and payloads.
    scratch: (Vec<u8>, Vec<u8>),
}

impl Connection {
    /// A connection that makes a new authorization key first.
    #[must_use]
    pub fn new(config: Arc<ClientConfig>, start: Start) -> Self {
        Self::with_keys(config, None, start)
    }

    /// A connection that goes on with the key of an earlier run.
    #[must_use]
    pub fn resume(config: Arc<ClientConfig>, keys: SavedKeys, start: Start) -> Self {
        Self::with_keys(config, Some(keys), start)
    }

    fn with_keys(config: Arc<ClientConfig>, keys: Option<SavedKeys>, start: Start) -> Self {
        let Start {
            now,
            unix,
            mut random,
        } = start;
        let salt = keys.as_ref().map_or(ServerSalt(0), |keys| keys.server_salt);
        let mut session = ClientSession::new(
            draw_session_id(&mut random),
            config.session,
            WallClock::new(now, unix),
            SaltBook::new(salt),
        );
        if config.temporary_keys.is_some() {
            session.expect_unbound_keys();
        }
        if let Some(keys) = &keys {
            session.set_clock_offset(keys.clock_offset_secs);
        }
        let keepalive = Keepalive::new(config.ping_interval, config.pong_timeout);
        let mut connection = Self {
            config,
            random,
            framer: None,
            plain_ids: MsgIds::new(Role::Client),
            exchange: None,
            auth_key: keys.map(|keys| keys.auth_key),
            temporary: Temporary::default(),
            session,
            is_ready: false,
            is_closed: false,
            key_unknown: 0,
            keepalive,
            quick_acks: QuickAcks::default(),
            events: VecDeque::new(),
            scratch: (Vec::new(), Vec::new()),
        };
        connection.open_stream(now);
        connection
    }

    /// The session's name.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session.id()
    }

    /// What to keep of the login for a later run; `None` before the key exchange.
    #[must_use]
    pub fn saved_keys(&mut self, now: Instant) -> Option<SavedKeys> {
        Some(SavedKeys {
            dc: self.config.dc(),
            auth_key: self.auth_key.clone()?,
            server_salt: self.session.salt(now),
            clock_offset_secs: self.session.clock().offset_secs(),
        })
    }

    /// Whether queries can travel now.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Queries that have not ended.
    #[must_use]
    pub fn pending_queries(&self) -> usize {
        self.session.pending_queries()
    }

    /// Goes on over a new byte stream: what had no answer leaves again.
    ///
    /// # Errors
    /// [`SendError::Closed`] after [`Self::close`].
    pub fn reconnect(&mut self, now: Instant) -> Result<(), SendError> {
        self.check_open()?;
        self.framer = None;
        self.exchange = None;
        self.is_ready = false;
        self.abandon_binding();
        self.session.on_new_stream(now);
        self.open_stream(now);
        Ok(())
    }

    /// Sends a query: one boxed function of the API. Before the key exchange is done, it waits.
    ///
    /// # Errors
    /// Why it is not sent. Everything that goes wrong later is an event.
    pub fn send_query(
        &mut self,
        now: Instant,
        body: &[u8],
        options: QueryOptions,
    ) -> Result<QueryId, SendError> {
        self.check_open()?;
        self.session.send_query(now, body, options)
    }

    /// Ends a query with [`QueryFailure::Cancelled`] and tells the server, which may be executing it.
    ///
    /// # Errors
    /// [`SendError::UnknownQuery`] if it has ended.
    pub fn cancel_query(&mut self, _now: Instant, id: QueryId) -> Result<(), SendError> {
        self.session.cancel_query(id)
    }

    /// Sends a ping; its pong is an event.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn ping(&mut self, now: Instant) -> Result<PingId, SendError> {
        self.check_open()?;
        if self.is_ready {
            self.keepalive.on_ping(now);
        }
        Ok(self.session.ping(now, None))
    }

    /// Asks for `count` future salts, 1 to 64, which are then used in their time.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn request_salts(&mut self, _now: Instant, count: i32) -> Result<(), SendError> {
        self.check_open()?;
        self.session.request_salts(count);
        Ok(())
    }

    /// Lets the server hold the next HTTP response back (long polling): `max_delay` after its first message,
    /// `wait_after` after its latest, `max_wait` if there is none.
    ///
    /// For connections whose driver puts each payload into an HTTP request; others have no use for it.
    /// Section: <https://core.telegram.org/mtproto/service_messages#http-wait-long-poll>.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn http_wait(
        &mut self,
        _now: Instant,
        max_delay: Duration,
        wait_after: Duration,
        max_wait: Duration,
    ) -> Result<(), SendError> {
        self.check_open()?;
        self.session.http_wait(max_delay, wait_after, max_wait);
        Ok(())
    }

    /// Asks the server to forget another session of the same key.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn destroy_session(&mut self, _now: Instant, session: SessionId) -> Result<(), SendError> {
        self.check_open()?;
        self.session.destroy_session(session);
        Ok(())
    }

    /// Asks the server to forget the authorization key, as part of logging out.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn destroy_auth_key(&mut self, _now: Instant) -> Result<(), SendError> {
        self.check_open()?;
        self.session.destroy_auth_key();
        Ok(())
    }

    /// Closes the connection for good: every pending query ends with [`QueryFailure::Closed`].
    pub fn close(&mut self, _now: Instant) {
        if !self.is_closed {
            self.session.fail_all(QueryFailure::Closed);
            self.lose_stream(ConnectionError::Local);
            self.is_closed = true;
        }
    }

    /// The key was destroyed: nothing can travel under it, so that the connection is closed for good.
    fn give_up_key(&mut self) -> ConnectionError {
        self.session.fail_all(QueryFailure::Closed);
        self.auth_key = None;
        self.temporary = Temporary::default();
        self.is_closed = true;
        ConnectionError::KeyDestroyed
    }

    /// Handles the end of the stream.
    pub fn handle_eof(&mut self, _now: Instant) {
        if self.framer.is_some() {
            self.lose_stream(ConnectionError::Eof);
        }
    }

    /// Lets time pass: pings, acknowledgements and deadlines that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.session.handle_timeout(now);
        if self
            .exchange
            .as_ref()
            .is_some_and(|exchange| exchange.deadline <= now)
        {
            self.lose_stream(ConnectionError::HandshakeTimeout);
        }
        self.renew_temporary_key(now);
        match self.keepalive.due(now) {
            Some(Due::Ping) => {
                self.session.ping(now, self.keepalive.disconnect_delay());
                self.keepalive.on_ping(now);
            }
            Some(Due::Dead) => self.lose_stream(ConnectionError::PongTimeout),
            None => {}
        }
    }

    /// When [`Self::handle_timeout`] or [`Self::poll_transmit`] has something to do without other input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let exchange = self.exchange.as_ref().map(|exchange| exchange.deadline);
        // Without a stream acknowledgements cannot leave, so that only the deadlines of queries count.
        let session = if self.is_ready {
            self.session.poll_timeout()
        } else {
            self.session.query_deadline()
        };
        let keepalive = self.keepalive.deadline();
        [exchange, session, keepalive, self.temporary_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        // Readiness and new keys come before what they made possible; the end of a stream comes after.
        if !matches!(self.events.front(), Some(Event::Closed(_)) | None) {
            return self.events.pop_front();
        }
        match self.session.poll_event() {
            Some(event) => Some(event.into()),
            None => self.events.pop_front(),
        }
    }

    const fn check_open(&self) -> Result<(), SendError> {
        if self.is_closed {
            Err(SendError::Closed)
        } else {
            Ok(())
        }
    }

    fn open_stream(&mut self, now: Instant) {
        let (transport, frames) = (&self.config.transport, self.config.frames);
        match Framer::client(transport, frames, &mut self.random) {
            Ok(framer) => self.framer = Some(framer),
            Err(error) => {
                let error = ConnectionError::Transport(error);
                self.events.push_back(Event::Closed(error));
                return;
            }
        }
        self.quick_acks.clear();
        self.advance(now);
    }

    /// Does what is missing until queries can travel: permanent key, temporary key, binding.
    fn advance(&mut self, now: Instant) {
        if self.auth_key.is_none() {
            self.start_exchange(now, None);
        } else if self.needs_temporary_key() {
            self.start_exchange(now, self.config.temporary_keys);
        } else if !self.is_binding() {
            self.become_ready(now);
        }
    }

    fn become_ready(&mut self, now: Instant) {
        if core::mem::replace(&mut self.is_ready, true) {
            return;
        }
        self.keepalive.start(now);
        if let Some(count) = self.config.future_salts
            && self.session.salts().future_len() == 0
        {
            self.session.request_salts(count);
        }
        if self.session.has_been_used() {
            // The server learns of the new stream by a message, and only then sends again what was lost.
            self.session.ping(now, self.keepalive.disconnect_delay());
            self.keepalive.on_ping(now);
        }
        self.events.push_back(Event::Ready {
            session_id: self.session.id(),
            server_salt: self.session.salt(now),
        });
    }

    fn lose_stream(&mut self, error: ConnectionError) {
        self.framer = None;
        self.exchange = None;
        self.is_ready = false;
        self.keepalive.stop();
        self.abandon_binding();
        self.events.push_back(Event::Closed(error));
    }
}

fn draw_session_id(random: &mut dyn SecureRandom) -> SessionId {
    // Zero would look like a field that was forgotten.
    SessionId(i64::from_le_bytes(random::bytes(random)) | 1)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("session_id", &self.session.id())
            .field("is_ready", &self.is_ready)
            .field("is_closed", &self.is_closed)
            .finish_non_exhaustive()
    }
}
