//! The client's side of a session.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;

use super::clock::WallClock;
use super::ledger::Ledger;
use super::packet::Packet;
use super::queries::Queries;
use super::salts::SaltBook;
use super::sent::{Kind, Message};
use super::unpack::{Part, Unpacked, parse};
use super::{Flow, PingId, QueryId, Role};
use crate::config::SessionConfig;
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use crate::rpc::RpcError;
use crate::time::{Duration, Instant};
use crate::tl::{Combinator, ServiceMessage, service};

/// Pings without a pong that are remembered.
const MAX_PINGS: usize = 64;
/// A query with its envelope must fit into a frame of 16 MiB.
const MAX_QUERY_BYTES: usize = (16 << 20) - 1024;

/// How a query is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Ask the server to confirm receipt at once, before it executes the query.
    pub quick_ack: bool,
    /// End the query with [`QueryFailure::TimedOut`] if no answer came in this time.
    pub timeout: Option<Duration>,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendError {
    /// The connection was closed for good.
    Closed,
    /// As many queries as [`SessionConfig::pending_queries`] allows wait for their answers.
    TooManyQueries,
    /// A body must be at least 4 bytes long, a multiple of 4, and below 16 MiB.
    BodyLength,
    /// The query has ended, or never was.
    UnknownQuery,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection was closed",
            Self::TooManyQueries => "too many queries wait for their answers",
            Self::BodyLength => "a body is a multiple of 4 bytes, neither empty nor above 16 MiB",
            Self::UnknownQuery => "there is no such query, or it has ended",
        })
    }
}

impl core::error::Error for SendError {}

/// Why a query ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryFailure {
    /// The caller cancelled it.
    Cancelled,
    /// The connection was closed for good before an answer came. The server may have executed the query.
    Closed,
    /// The server refused its message with this code of `bad_msg_notification`, for good or too often.
    Refused(i32),
    /// No answer came in the time given. The server may have executed the query.
    TimedOut,
    /// The answer broke a rule.
    UnusableAnswer(PeerMisbehaved),
}

impl fmt::Display for QueryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Closed => f.write_str("the connection was closed before an answer came"),
            Self::Refused(code) => write!(f, "the server refused the message with code {code}"),
            Self::TimedOut => f.write_str("no answer came in time"),
            Self::UnusableAnswer(rule) => write!(f, "the answer cannot be used: {rule}"),
        }
    }
}

impl core::error::Error for QueryFailure {}

/// A ping came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong {
    /// The ping.
    pub id: PingId,
    /// The time from sending it to this answer.
    pub round_trip: Duration,
}

/// What happened in a client's session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The server has the query; its answer is still to come.
    QueryAcked(QueryId),
    /// The query ended with an answer: a boxed object, or the error in its place.
    QueryAnswered {
        /// The query.
        id: QueryId,
        /// The result, already inflated.
        result: Result<Vec<u8>, RpcError>,
    },
    /// The query ended without an answer.
    QueryFailed {
        /// The query.
        id: QueryId,
        /// Why.
        reason: QueryFailure,
    },
    /// The server sent an object of its own accord, already inflated.
    Update(Vec<u8>),
    /// The server made the session anew: updates may have been missed.
    NewSession {
        /// Messages below this identifier did not reach the new session; queries among them leave again.
        first_msg_id: MsgId,
        /// The server's name of this incarnation.
        unique_id: i64,
    },
    /// A ping came back.
    Pong(Pong),
    /// The answer to `destroy_session`.
    SessionDestroyed {
        /// The other session.
        session_id: SessionId,
        /// Whether the server knew it.
        existed: bool,
    },
    /// The answer to `destroy_auth_key`: whether the key is gone from the server now.
    AuthKeyDestroyed {
        /// Gone, or never known.
        gone: bool,
    },
    /// Something worth knowing.
    Notice(Notice),
}

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
    pub(super) events: VecDeque<SessionEvent>,
    /// The highest of our identifiers that the server took, as far as we know.
    pub(super) accepted: Option<MsgId>,
    /// The server refused the session as such; a new one is due.
    pub(super) wants_renewal: bool,
    is_used: bool,
    pings: BTreeMap<PingId, Instant>,
    last_ping: i64,
    /// The incarnation of the session that was handled last.
    incarnation: Option<i64>,
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
            events: VecDeque::new(),
            accepted: None,
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
    /// [`SendError::BodyLength`], [`SendError::TooManyQueries`].
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
        let deadline = options.timeout.map(|timeout| now.saturating_add(timeout));
        let id = self.queries.open(deadline);
        let body = self.ledger.compressed(body);
        self.ledger.outbox.push(Message {
            kind: Kind::Query(id),
            body: body.into(),
            content_related: true,
            attempts: 0,
            alone: false,
            quick_ack: options.quick_ack,
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
        let body = service::DestroyAuthKey {}.to_bytes();
        self.ledger.queue_content(Kind::Request, body);
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
        let packet = self.ledger.next_packet(now, self.clock.unix(now));
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
            None => {
                self.ledger.outbox.discard(|kind| *kind == Kind::Query(id));
            }
        }
        self.events
            .push_back(SessionEvent::QueryFailed { id, reason });
        Some(msg_id)
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
        let offset_secs = self.clock.learn(now, server_id.unix_secs());
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

    fn handle_part(&mut self, now: Instant, part: Part<'_>) {
        let Part { id, seq_no, body } = part;
        let taken = self.ledger.inflate(body);
        let message = match &taken {
            Ok(body) => parse(body),
            Err(rule) => Err(*rule),
        };
        self.ledger.take_up(
            now,
            id,
            seq_no,
            message.as_ref().ok().and_then(Option::as_ref),
        );
        match (message, &taken) {
            (Ok(Some(message)), _) => self.handle_service(now, id, &message),
            (Ok(None), Ok(body)) => self.events.push_back(SessionEvent::Update(body.to_vec())),
            (Err(rule), _) => self.refuse(id, rule),
            (Ok(None), Err(rule)) => self.refuse(id, *rule),
        }
    }

    /// The client's reaction to each service message, in the order of the specification's pages.
    fn handle_service(&mut self, now: Instant, id: MsgId, message: &ServiceMessage<'_>) {
        match *message {
            ServiceMessage::RpcResult(result) => self.on_result(now, id, result),
            ServiceMessage::FutureSalts(salts) => self.on_future_salts(now, id, salts),
            ServiceMessage::Ping(ping) => self.ledger.on_ping(id, ping.ping_id),
            ServiceMessage::Pong(pong) => self.on_pong(now, id, pong),
            ServiceMessage::DestroySessionOk(ok) => self.on_destroyed(ok.session_id, true),
            ServiceMessage::DestroySessionNone(none) => self.on_destroyed(none.session_id, false),
            ServiceMessage::NewSessionCreated(created) => self.on_new_session(created),
            ServiceMessage::DestroyAuthKeyOk(_) | ServiceMessage::DestroyAuthKeyNone(_) => self
                .events
                .push_back(SessionEvent::AuthKeyDestroyed { gone: true }),
            ServiceMessage::DestroyAuthKeyFail(_) => self
                .events
                .push_back(SessionEvent::AuthKeyDestroyed { gone: false }),
            ServiceMessage::MsgsAck(acks) => acks.msg_ids.iter().for_each(|id| self.on_ack(id)),
            ServiceMessage::BadMsgNotification(notice) => self.on_bad_message(now, id, notice),
            ServiceMessage::BadServerSalt(notice) => self.on_bad_salt(id, notice),
            ServiceMessage::MsgsStateReq(request) => {
                self.ledger.on_state_request(id, request.msg_ids);
            }
            ServiceMessage::MsgsStateInfo(info) => self.on_state_info(id, info),
            ServiceMessage::MsgsAllInfo(info) => self.on_all_info(id, info),
            ServiceMessage::MsgDetailedInfo(info) => {
                self.ledger.on_detailed_info(now, info.answer_msg_id);
            }
            ServiceMessage::MsgNewDetailedInfo(info) => {
                self.ledger.on_detailed_info(now, info.answer_msg_id);
            }
            ServiceMessage::MsgResendReq(request) => {
                self.ledger.on_resend_request(id, request.msg_ids);
            }
            // The rest either only a client may send, or it stands only inside another message.
            _ => self.refuse(id, PeerMisbehaved::WrongRole),
        }
    }

    fn on_ack(&mut self, id: MsgId) {
        self.note_accepted(id);
        let query = match self.ledger.sent.ack(id) {
            Some(sent) => match sent.message.kind {
                Kind::Query(query) => Some(query),
                _ => None,
            },
            None => None,
        };
        if let Some(query) = query {
            self.on_quick_ack(&[query]);
        }
    }

    fn note_accepted(&mut self, id: MsgId) {
        if self.ledger.sent.get(id).is_some() {
            self.accepted = self.accepted.max(Some(id));
        }
    }

    fn on_result(&mut self, now: Instant, id: MsgId, result: service::RpcResult<'_>) {
        let Some(query) = self.queries.find(result.req_msg_id) else {
            self.on_request_result(now, id, result);
            return;
        };
        self.note_accepted(result.req_msg_id);
        let outcome = self
            .ledger
            .inflate(result.result)
            .and_then(|body| read_result(&body));
        let event = match outcome {
            Ok(result) => SessionEvent::QueryAnswered { id: query, result },
            Err(rule) => SessionEvent::QueryFailed {
                id: query,
                reason: QueryFailure::UnusableAnswer(rule),
            },
        };
        match self.queries.close(query) {
            Some(Some(msg_id)) => {
                self.ledger.sent.take(msg_id);
            }
            _ => {
                self.ledger
                    .outbox
                    .discard(|kind| *kind == Kind::Query(query));
            }
        }
        self.events.push_back(event);
    }

    /// A result that answers no query may answer a service request; some servers wrap those answers too.
    fn on_request_result(&mut self, now: Instant, id: MsgId, result: service::RpcResult<'_>) {
        let request = self.ledger.sent.take(result.req_msg_id);
        match (request, parse(result.result)) {
            (
                Some(_),
                Ok(Some(
                    ServiceMessage::RpcAnswerUnknown(_)
                    | ServiceMessage::RpcAnswerDroppedRunning(_)
                    | ServiceMessage::RpcAnswerDropped(_)
                    | ServiceMessage::RpcError(_),
                )),
            ) => {}
            (
                Some(_),
                Ok(Some(
                    inner @ (ServiceMessage::DestroySessionOk(_)
                    | ServiceMessage::DestroySessionNone(_)
                    | ServiceMessage::DestroyAuthKeyOk(_)
                    | ServiceMessage::DestroyAuthKeyNone(_)
                    | ServiceMessage::DestroyAuthKeyFail(_)),
                )),
            ) => self.handle_service(now, id, &inner),
            _ => self.refuse(id, PeerMisbehaved::ResultForUnknownQuery),
        }
    }

    fn on_future_salts(&mut self, now: Instant, id: MsgId, salts: service::FutureSalts<'_>) {
        let asked = matches!(
            self.ledger.sent.get(salts.req_msg_id),
            Some(sent) if sent.message.kind == Kind::SaltsRequest
        );
        if !asked {
            self.refuse(id, PeerMisbehaved::UnrequestedSalts);
            return;
        }
        self.note_accepted(salts.req_msg_id);
        self.ledger.sent.take(salts.req_msg_id);
        self.salts.learn(salts.salts.iter(), self.clock.unix(now));
    }

    fn on_pong(&mut self, now: Instant, id: MsgId, pong: service::Pong) {
        let ping = PingId(pong.ping_id);
        let matches = matches!(
            self.ledger.sent.get(pong.msg_id),
            Some(sent) if sent.message.kind == Kind::Ping(ping)
        );
        match self.pings.get(&ping).copied().filter(|_| matches) {
            Some(sent_at) => {
                self.pings.remove(&ping);
                self.note_accepted(pong.msg_id);
                self.ledger.sent.take(pong.msg_id);
                self.events.push_back(SessionEvent::Pong(Pong {
                    id: ping,
                    round_trip: now.saturating_duration_since(sent_at),
                }));
            }
            None => self.refuse(id, PeerMisbehaved::UnmatchedPong),
        }
    }

    fn on_destroyed(&mut self, session_id: SessionId, existed: bool) {
        self.events.push_back(SessionEvent::SessionDestroyed {
            session_id,
            existed,
        });
    }

    fn on_new_session(&mut self, created: service::NewSessionCreated) {
        if self.incarnation.replace(created.unique_id) == Some(created.unique_id) {
            return;
        }
        self.adopt_salt(created.server_salt);
        let lost: Vec<MsgId> = self
            .ledger
            .sent
            .iter()
            .map(|(id, _)| id)
            .take_while(|id| *id < created.first_msg_id)
            .collect();
        self.resend(&lost, 0, false);
        self.events.push_back(SessionEvent::NewSession {
            first_msg_id: created.first_msg_id,
            unique_id: created.unique_id,
        });
    }
}

/// The result of a query from the object that came for it.
fn read_result(body: &[u8]) -> Result<Result<Vec<u8>, RpcError>, PeerMisbehaved> {
    match parse(body)? {
        None => Ok(Ok(body.to_vec())),
        Some(ServiceMessage::RpcError(error)) => {
            let message = alloc::string::String::from_utf8_lossy(error.error_message);
            Ok(Err(RpcError::new(error.error_code, message)))
        }
        Some(
            ServiceMessage::RpcAnswerDroppedRunning(_)
            | ServiceMessage::RpcAnswerDropped(_)
            | ServiceMessage::RpcAnswerUnknown(_),
        ) => Ok(Ok(body.to_vec())),
        Some(_) => Err(PeerMisbehaved::WrongRole),
    }
}
