//! The client's side of a session.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::clock::WallClock;
use super::ledger::Ledger;
use super::packet::Packet;
use super::queries::Queries;
use super::salts::SaltBook;
use super::sent::{Kind, Message, Order};
use super::unpack::{Unpacked, parse};
use super::{Flow, PingId, QueryFailure, QueryId, QueryOptions, Role, SendError, SessionEvent};
use crate::config::SessionConfig;
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use crate::time::{Duration, Instant};
use crate::tl::{Combinator, ServiceMessage, service};

/// Pings without a pong that are remembered.
const MAX_PINGS: usize = 64;
/// A query with its envelope must fit into a frame of 16 MiB.
const MAX_QUERY_BYTES: usize = (16 << 20) - 1024;

/// The client's side of a session.
///
/// Inputs: [`Self::handle_message`] with every opened message, [`Self::handle_timeout`]. Commands: `send_*`,
/// [`Self::cancel_query`], [`Self::ping`]. Outputs, drained after every input and command: [`Self::next_packet`],
/// [`Self::poll_event`], [`Self::poll_timeout`].
#[derive(Debug)]
pub struct ClientSession {
    id: SessionId,
    pub(super) ledger: Ledger,
    pub(super) clock: WallClock,
    /// Whether the clock was compared with the server's.
    pub(super) clock_is_sure: bool,
    pub(super) salts: SaltBook,
    pub(super) queries: Queries,
    /// Queries that leave once those before them have ended, because the server would not wait.
    pub(super) parked: Vec<Message>,
    pub(super) events: VecDeque<SessionEvent>,
    /// The highest of our identifiers that the server took, as far as we know.
    pub(super) accepted: Option<MsgId>,
    /// The key is a temporary one, which may lose its binding.
    pub(super) may_be_unbound: bool,
    /// The server called the key unbound.
    pub(super) is_unbound: bool,
    /// `destroy_auth_key` was asked for.
    pub(super) wants_key_destroyed: bool,
    /// The server answered `destroy_auth_key`, in whatever way.
    pub(super) key_is_destroyed: bool,
    /// The server refused the session as such; a new one is due.
    pub(super) wants_renewal: bool,
    is_used: bool,
    pub(super) pings: BTreeMap<PingId, Instant>,
    last_ping: i64,
    /// The incarnation of the session that was handled last.
    pub(super) incarnation: Option<i64>,
}

impl ClientSession {
    /// A new session named `id`, which should be random.
    #[must_use]
    pub fn new(id: SessionId, config: SessionConfig, clock: WallClock, salts: SaltBook) -> Self {
        Self {
            id,
            ledger: Ledger::new(Role::Client, config),
            clock,
            clock_is_sure: false,
            salts,
            queries: Queries::default(),
            parked: Vec::new(),
            events: VecDeque::new(),
            accepted: None,
            may_be_unbound: false,
            is_unbound: false,
            wants_key_destroyed: false,
            key_is_destroyed: false,
            wants_renewal: false,
            is_used: false,
            pings: BTreeMap::new(),
            last_ping: 0,
            incarnation: None,
        }
    }

    /// The session's name.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The session's clock.
    #[must_use]
    pub const fn clock(&self) -> &WallClock {
        &self.clock
    }

    /// Says how far the server's clock is ahead, so that messages from other times are dropped.
    pub const fn set_clock_offset(&mut self, offset_secs: i64) {
        self.clock.set_offset_secs(offset_secs);
        self.clock_is_sure = true;
    }

    /// Adopts a salt known from elsewhere.
    pub fn set_salt(&mut self, salt: ServerSalt) {
        self.salts.set(salt);
    }

    /// The salt for a message that leaves at `now`.
    pub fn salt(&mut self, now: Instant) -> ServerSalt {
        self.salts.at(self.clock.unix(now))
    }

    /// The salts known.
    #[must_use]
    pub const fn salts(&self) -> &SaltBook {
        &self.salts
    }

    /// Queries that have not ended.
    #[must_use]
    pub fn pending_queries(&self) -> usize {
        self.queries.len()
    }

    /// Queues a query: one boxed function of the API.
    ///
    /// # Errors
    /// [`SendError::BodyLength`], [`SendError::TooManyQueries`], [`SendError::UnknownQuery`] if it is to come after one that
    /// never was.
    pub fn send_query(
        &mut self,
        now: Instant,
        body: &[u8],
        options: QueryOptions,
    ) -> Result<QueryId, SendError> {
        if body.is_empty() || !body.len().is_multiple_of(4) || body.len() > MAX_QUERY_BYTES {
            return Err(SendError::BodyLength);
        }
        if self.queries.len() >= self.ledger.config.pending_queries {
            return Err(SendError::TooManyQueries);
        }
        if options.after.iter().any(|id| !self.queries.is_known(*id)) {
            return Err(SendError::UnknownQuery);
        }
        let deadline = options.timeout.map(|timeout| now.saturating_add(timeout));
        let id = self.queries.open(deadline);
        let body: Arc<[u8]> = self.ledger.compressed(body).into();
        let order = (!options.after.is_empty()).then(|| {
            let (after, body) = (options.after, body.clone());
            Arc::new(Order { after, body })
        });
        self.ledger.outbox.push(Message {
            kind: Kind::Query(id),
            body,
            content_related: true,
            attempts: 0,
            alone: false,
            quick_ack: options.quick_ack,
            order,
        });
        Ok(id)
    }

    /// Sends a query whose body depends on the identifier of its message, as that of `auth.bindTempAuthKey` does.
    ///
    /// It is never sent again: refused, it ends.
    pub fn send_numbered_query(
        &mut self,
        now: Instant,
        body: impl FnOnce(MsgId) -> Vec<u8>,
    ) -> QueryId {
        let id = self.queries.open(None);
        let msg_id = self.ledger.ids.next(self.clock.unix(now), Flow::Own);
        let message = Message {
            kind: Kind::Query(id),
            body: body(msg_id).into(),
            content_related: true,
            attempts: u8::MAX,
            alone: true,
            quick_ack: false,
            order: None,
        };
        self.ledger.outbox.push_numbered(msg_id, message);
        id
    }

    /// Ends a query with [`QueryFailure::Cancelled`] and asks the server to forget it.
    ///
    /// # Errors
    /// [`SendError::UnknownQuery`].
    pub fn cancel_query(&mut self, id: QueryId) -> Result<(), SendError> {
        if self.give_up(id, QueryFailure::Cancelled) {
            Ok(())
        } else {
            Err(SendError::UnknownQuery)
        }
    }

    /// Asks the server whether it is there; with `disconnect_delay`, also to close the stream if no other ping
    /// follows in that time (whole seconds).
    pub fn ping(&mut self, now: Instant, disconnect_delay: Option<Duration>) -> PingId {
        self.last_ping = self.last_ping.wrapping_add(1);
        let id = PingId(self.last_ping);
        let ping_id = id.0;
        let body = match disconnect_delay {
            None => service::Ping { ping_id }.to_bytes(),
            Some(delay) => service::PingDelayDisconnect {
                ping_id,
                disconnect_delay: i32::try_from(delay.as_secs()).unwrap_or(i32::MAX),
            }
            .to_bytes(),
        };
        if self.pings.len() >= MAX_PINGS {
            self.pings.pop_first();
        }
        self.pings.insert(id, now);
        self.ledger.queue_content(Kind::Ping(id), body);
        id
    }

    /// Lets the server hold an HTTP response back until it has something to say (long polling).
    pub fn http_wait(&mut self, max_delay: Duration, wait_after: Duration, max_wait: Duration) {
        let milliseconds = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        let wait = service::HttpWait {
            max_delay: milliseconds(max_delay),
            wait_after: milliseconds(wait_after),
            max_wait: milliseconds(max_wait),
        };
        self.ledger.queue_service(Kind::Fleeting, &wait);
    }

    /// Asks for `count` future salts, 1 to 64.
    pub fn request_salts(&mut self, count: i32) {
        let num = count.clamp(1, super::salts::MAX_FUTURE_SALTS);
        let body = service::GetFutureSalts { num }.to_bytes();
        self.ledger.queue_content(Kind::SaltsRequest, body);
    }

    /// Asks the server to forget another session of the same key.
    pub fn destroy_session(&mut self, session_id: SessionId) {
        let body = service::DestroySession { session_id }.to_bytes();
        self.ledger.queue_content(Kind::Request, body);
    }

    /// Asks the server to forget the authorization key.
    pub fn destroy_auth_key(&mut self) {
        self.wants_key_destroyed = true;
        let body = service::DestroyAuthKey {}.to_bytes();
        self.ledger.queue_content(Kind::Request, body);
    }

    /// Whether `destroy_auth_key` was answered: the key is not to be used any more, whatever the answer says.
    ///
    /// Section: <https://core.telegram.org/mtproto/service_messages#destroy-auth-key>.
    #[must_use]
    pub const fn key_is_destroyed(&self) -> bool {
        self.key_is_destroyed
    }

    /// Says that the session's keys are temporary ones: a query that is answered by `AUTH_KEY_PERM_EMPTY` is then sent
    /// again after another binding instead of ending.
    ///
    /// Section: <https://core.telegram.org/api/pfs>.
    pub const fn expect_unbound_keys(&mut self) {
        self.may_be_unbound = true;
    }

    /// Whether the server called the key unbound since the last call.
    pub(crate) const fn take_unbound(&mut self) -> bool {
        core::mem::replace(&mut self.is_unbound, false)
    }

    /// Handles an opened message of the session that this one took over from when its temporary key was replaced.
    ///
    /// Only answers count, each once: they spare a query its second way. What else there is comes again, or is of no
    /// use any more.
    pub(crate) fn handle_late_message(
        &mut self,
        now: Instant,
        id: MsgId,
        seq_no: SeqNo,
        body: &[u8],
    ) {
        let parts = match self.ledger.unpack(id, seq_no, body) {
            Ok(Unpacked::Single(part)) => [part].to_vec(),
            Ok(Unpacked::Container(parts)) => parts,
            Err(_) => return,
        };
        for part in parts {
            self.handle_late_part(now, part);
        }
    }

    /// Handles an opened message of this session.
    ///
    /// # Errors
    /// A broken rule after which the stream must be closed. Other broken rules are [`Notice`]s.
    pub fn handle_message(
        &mut self,
        now: Instant,
        id: MsgId,
        seq_no: SeqNo,
        body: &[u8],
    ) -> Result<(), PeerMisbehaved> {
        self.ledger.check_id(id)?;
        if let Err(rule) = self.ledger.check_new(id) {
            self.ledger.acknowledge_again(now, id, seq_no);
            self.refuse(id, rule);
            return Ok(());
        }
        if let Err(rule) = self.ledger.check_time(id, self.clock.unix(now)) {
            match parse(body) {
                // What corrects the clock or the salt is handled though the clock may be the reason.
                Ok(Some(
                    ServiceMessage::BadServerSalt(_) | ServiceMessage::BadMsgNotification(_),
                )) => {}
                _ if !self.clock_is_sure => self.learn_time(now, id),
                _ => {
                    self.refuse(id, rule);
                    return Ok(());
                }
            }
        }
        if self.clock_is_sure {
            self.clock.refine_not_behind(now, id);
        }
        match self.ledger.unpack(id, seq_no, body) {
            Err(rule) => self.refuse(id, rule),
            Ok(Unpacked::Single(part)) => self.handle_part(now, part),
            Ok(Unpacked::Container(parts)) => {
                self.ledger.received.insert(id, seq_no);
                for part in parts {
                    match self.ledger.check_new(part.id) {
                        Ok(()) => self.handle_part(now, part),
                        Err(rule) => {
                            self.ledger.acknowledge_again(now, part.id, part.seq_no);
                            self.refuse(part.id, rule);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets time pass: queries whose time is over end.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(id) = self.queries.overdue(now) {
            self.give_up(id, QueryFailure::TimedOut);
        }
    }

    /// When [`Self::handle_timeout`] or [`Self::next_packet`] has something to do without other input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let acks = self.ledger.acks.deadline();
        self.queries.next_deadline().into_iter().chain(acks).min()
    }

    /// When a query's time is over.
    #[must_use]
    pub fn query_deadline(&self) -> Option<Instant> {
        self.queries.next_deadline()
    }

    /// Whether a message of this session ever left.
    #[must_use]
    pub const fn has_been_used(&self) -> bool {
        self.is_used
    }

    /// The server said, before executing them, that it has these queries.
    pub fn on_quick_ack(&mut self, queries: &[QueryId]) {
        for id in queries {
            if self.queries.ack(*id) {
                self.events.push_back(SessionEvent::QueryAcked(*id));
            }
        }
    }

    /// The next message to seal, if the session has something to send.
    pub fn next_packet(&mut self, now: Instant) -> Option<Packet> {
        let queries = &self.queries;
        let unix = self.clock.unix(now);
        let packet = self
            .ledger
            .next_packet(now, unix, &|query| queries.current(query));
        for (kind, msg_id) in self.ledger.take_numbered() {
            if let Kind::Query(id) = kind {
                self.queries.sent(id, msg_id);
            }
        }
        self.is_used |= packet.is_some();
        packet
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events
            .pop_front()
            .or_else(|| self.ledger.poll_notice().map(SessionEvent::Notice))
    }

    /// Goes on over another byte stream: what had no answer leaves again, under its old identifier where the server
    /// can then recognise it.
    pub fn on_new_stream(&mut self, now: Instant) {
        let unix = self.clock.unix(now);
        self.pings.clear();
        self.ledger
            .outbox
            .discard(|kind| matches!(kind, Kind::Ping(_) | Kind::SaltsRequest | Kind::Fleeting));
        let old = self.ledger.resend_on_new_stream(unix);
        self.ask_states(&old);
    }

    /// Whether the server refused the session as such, so that [`Self::renew`] is due.
    #[must_use]
    pub const fn wants_renewal(&self) -> bool {
        self.wants_renewal
    }

    /// Starts over under another name; queries without an answer leave again in the new session.
    pub fn renew(&mut self, id: SessionId) {
        self.id = id;
        self.wants_renewal = false;
        self.is_used = false;
        self.accepted = None;
        self.incarnation = None;
        self.pings.clear();
        let ledger = &mut self.ledger;
        ledger.seq_nos = super::seq_no::SeqNos::default();
        ledger.received.clear();
        ledger.acks.clear();
        ledger.outbox.forget_again();
        ledger
            .outbox
            .discard(|kind| !matches!(kind, Kind::Query(_)));
        let sent: Vec<Message> = ledger.sent.drain().map(|sent| sent.message).collect();
        for message in sent.into_iter().rev() {
            if let Kind::Query(query) = message.kind {
                self.queries.unsent(query);
                ledger.outbox.push_front(message);
            }
        }
    }

    /// Ends every query with `reason`, without a word to the server.
    pub fn fail_all(&mut self, reason: QueryFailure) {
        let all: Vec<QueryId> = self.queries.ids().collect();
        for id in all {
            self.end(id, reason);
        }
    }

    pub(super) fn refuse(&mut self, msg_id: MsgId, rule: PeerMisbehaved) {
        self.ledger.notice(Notice::Refused { msg_id, rule });
    }

    /// Ends a query and forgets its message; returns whether there was one, and the message it travelled as.
    pub(super) fn end(&mut self, id: QueryId, reason: QueryFailure) -> Option<Option<MsgId>> {
        let msg_id = self.queries.close(id)?;
        match msg_id {
            Some(msg_id) => {
                self.ledger.sent.take(msg_id);
            }
            None => self.discard_waiting(id),
        }
        self.release_parked();
        self.events
            .push_back(SessionEvent::QueryFailed { id, reason });
        Some(msg_id)
    }

    /// Forgets the message of a query that has not left.
    pub(super) fn discard_waiting(&mut self, query: QueryId) {
        let kind = Kind::Query(query);
        self.ledger.outbox.discard(|other| *other == kind);
        self.parked.retain(|message| message.kind != kind);
    }

    fn give_up(&mut self, id: QueryId, reason: QueryFailure) -> bool {
        let Some(msg_id) = self.end(id, reason) else {
            return false;
        };
        if let Some(req_msg_id) = msg_id {
            let body = service::RpcDropAnswer { req_msg_id }.to_bytes();
            self.ledger.queue_content(Kind::Request, body);
        }
        true
    }

    pub(super) fn learn_time(&mut self, now: Instant, server_id: MsgId) {
        let offset_secs = self.clock.learn(now, server_id);
        self.clock_is_sure = true;
        self.ledger.notice(Notice::ClockCorrected { offset_secs });
    }

    pub(super) fn adopt_salt(&mut self, salt: ServerSalt) {
        self.salts.set(salt);
        self.ledger.notice(Notice::SaltChanged(salt));
    }

    fn ask_states(&mut self, ids: &[MsgId]) {
        for ids in ids.chunks(super::MAX_IDS) {
            let request = service::MsgsStateReq {
                msg_ids: ids.into(),
            };
            self.ledger
                .queue_service(Kind::StateRequest(ids.to_vec()), &request);
        }
    }
}
