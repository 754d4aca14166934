//! The server's side of a session.

use alloc::borrow::Cow;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::ledger::Ledger;
use super::order::Held;
use super::packet::Packet;
use super::sent::Kind;
use super::unpack::{Part, Unpacked, parse};
use super::{Role, ServerSessionEvent};
use crate::config::SessionConfig;
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use crate::rpc::RpcError;
use crate::time::{Instant, UnixTime};
use crate::tl::service::{self, FutureSalt};
use crate::tl::{Combinator, ServiceMessage, Writer};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken up.
    Accepted,
    /// It broke a rule, and the client was told so if there is a code for it.
    Refused(PeerMisbehaved),
}

/// What a session must know of its surroundings to judge a message.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// The monotonic time.
    pub now: Instant,
    /// The wall time.
    pub unix: UnixTime,
    /// The key's salt at this time.
    pub salt: ServerSalt,
    /// Whether the message's salt is acceptable at this time.
    pub salt_is_valid: bool,
}

/// The server's side of a session.
///
/// Inputs: [`Self::handle_message`], [`Self::handle_timeout`]. Commands: [`Self::answer`], [`Self::push`] and the `send_*` methods. Outputs,
/// drained after every input and command: [`Self::next_packet`], [`Self::poll_event`], [`Self::poll_timeout`].
#[derive(Debug)]
pub struct ServerSession {
    pub(super) ledger: Ledger,
    pub(super) events: VecDeque<ServerSessionEvent>,
    unique_id: i64,
    first_msg_id: Option<MsgId>,
    /// Queries without an answer.
    pub(super) running: BTreeSet<MsgId>,
    /// Those among them that wait for others.
    pub(super) held: Held,
}

impl ServerSession {
    /// A session that no message was accepted for yet; `unique_id` should be random.
    #[must_use]
    pub fn new(config: SessionConfig, unique_id: i64) -> Self {
        Self {
            ledger: Ledger::new(Role::Server, config),
            events: VecDeque::new(),
            unique_id,
            first_msg_id: None,
            running: BTreeSet::new(),
            held: Held::default(),
        }
    }

    /// Whether a message was ever accepted.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        self.first_msg_id.is_some()
    }

    /// Queries without an answer.
    #[must_use]
    pub fn running_queries(&self) -> usize {
        self.running.len()
    }

    /// Handles an opened message of this session.
    pub fn handle_message(
        &mut self,
        at: &Surroundings,
        id: MsgId,
        seq_no: SeqNo,
        body: &[u8],
    ) -> Verdict {
        match self.take(at, id, seq_no, body) {
            Ok(()) => Verdict::Accepted,
            Err(rule) => {
                self.refuse(at, id, seq_no, rule);
                Verdict::Refused(rule)
            }
        }
    }

    fn take(
        &mut self,
        at: &Surroundings,
        id: MsgId,
        seq_no: SeqNo,
        body: &[u8],
    ) -> Result<(), PeerMisbehaved> {
        self.ledger.check_id(id)?;
        let is_container = is_container(body);
        match self.ledger.check_new(id) {
            Err(PeerMisbehaved::DuplicateMsgId) if is_container => {
                return Err(PeerMisbehaved::ContainerIdReused);
            }
            Err(PeerMisbehaved::DuplicateMsgId) => {
                self.on_duplicate(at.now, id, seq_no);
                return Err(PeerMisbehaved::DuplicateMsgId);
            }
            other => other?,
        }
        self.ledger.check_time(id, at.unix)?;
        if !at.salt_is_valid {
            return Err(PeerMisbehaved::WrongSalt);
        }
        self.ledger.check_order(id, seq_no)?;
        match self.ledger.unpack(id, seq_no, body)? {
            Unpacked::Single(part) => {
                let opened = self.open(part)?;
                self.establish(at, id);
                self.handle_part(at, part, opened);
            }
            Unpacked::Container(parts) => {
                let container = parse(body).ok().flatten();
                self.ledger.check_parity(id, seq_no, container.as_ref())?;
                let lowest = parts.iter().map(|part| part.id).min();
                self.establish(at, lowest.unwrap_or(id));
                self.ledger.received.insert(id, seq_no);
                for part in parts {
                    self.take_inner(at, part);
                }
            }
        }
        Ok(())
    }

    /// Judges and handles a message of a container, which as such is all right.
    fn take_inner(&mut self, at: &Surroundings, part: Part<'_>) {
        let judged = self
            .ledger
            .check_new(part.id)
            .and_then(|()| self.ledger.check_time(part.id, at.unix))
            .and_then(|()| self.ledger.check_order(part.id, part.seq_no))
            .and_then(|()| self.open(part));
        match judged {
            Ok(opened) => self.handle_part(at, part, opened),
            Err(rule) => {
                if rule == PeerMisbehaved::DuplicateMsgId {
                    self.on_duplicate(at.now, part.id, part.seq_no);
                }
                self.refuse(at, part.id, part.seq_no, rule);
            }
        }
    }

    /// Undoes the compression of a message and judges its parity.
    fn open<'a>(&mut self, part: Part<'a>) -> Result<Cow<'a, [u8]>, PeerMisbehaved> {
        let body = self.ledger.inflate(part.body)?;
        let message = parse(&body)?;
        self.ledger
            .check_parity(part.id, part.seq_no, message.as_ref())?;
        Ok(body)
    }

    /// Tells the client that the session was made, before anything else.
    fn establish(&mut self, at: &Surroundings, id: MsgId) {
        if self.first_msg_id.is_some_and(|first| first <= id) {
            return;
        }
        self.first_msg_id = Some(id);
        let created = service::NewSessionCreated {
            first_msg_id: id,
            unique_id: self.unique_id,
            server_salt: at.salt,
        };
        self.ledger.queue_content(Kind::Push, created.to_bytes());
        self.events
            .push_back(ServerSessionEvent::Created { first_msg_id: id });
    }

    /// A message came again. A query that was answered gets its answer again, and is not executed again.
    fn on_duplicate(&mut self, now: Instant, id: MsgId, seq_no: SeqNo) {
        let answer = self.ledger.received.fate(id).and_then(|fate| fate.answer);
        match answer.filter(|answer| self.ledger.sent.get(*answer).is_some()) {
            Some(answer) => self.ledger.outbox.push_again(answer),
            None => self.ledger.acknowledge_again(now, id, seq_no),
        }
    }

    fn refuse(&mut self, at: &Surroundings, id: MsgId, seq_no: SeqNo, rule: PeerMisbehaved) {
        self.ledger.notice(Notice::Refused { msg_id: id, rule });
        let Some(error_code) = rule.code() else {
            return;
        };
        if rule == PeerMisbehaved::WrongSalt {
            let notice = service::BadServerSalt {
                bad_msg_id: id,
                bad_msg_seqno: seq_no,
                error_code,
                new_server_salt: at.salt,
            };
            self.ledger.queue_service(Kind::Fleeting, &notice);
        } else {
            let notice = service::BadMsgNotification {
                bad_msg_id: id,
                bad_msg_seqno: seq_no,
                error_code,
            };
            self.ledger.queue_service(Kind::Fleeting, &notice);
        }
    }

    /// Answers the query that came as `msg_id`; returns whether it waited for an answer.
    pub fn answer(&mut self, msg_id: MsgId, result: Result<&[u8], &RpcError>) -> bool {
        if !self.running.contains(&msg_id) {
            return false;
        }
        match result {
            Ok(body) => {
                let body = self.ledger.compressed(body);
                self.write_answer(msg_id, &body, false);
            }
            Err(error) => self.write_error(msg_id, error),
        }
        self.release(msg_id, result.is_err());
        true
    }

    pub(super) fn write_error(&mut self, to: MsgId, error: &RpcError) {
        let object = service::RpcError {
            error_code: error.code,
            error_message: error.message.as_bytes(),
        };
        self.write_answer(to, &object.to_bytes(), true);
    }

    pub(super) fn write_answer(&mut self, to: MsgId, result: &[u8], failed: bool) {
        self.running.remove(&to);
        if let Some(fate) = self.ledger.received.fate_mut(to) {
            fate.failed |= failed;
        }
        self.ledger.acks.forget(to);
        let mut body = Vec::new();
        let answer = service::RpcResult {
            req_msg_id: to,
            result,
        };
        answer.write(&mut Writer::new(&mut body));
        self.ledger.queue_content(Kind::Answer { to }, body);
    }

    /// Sends an object of the server's own accord.
    pub fn push(&mut self, body: &[u8]) {
        let body = self.ledger.compressed(body);
        self.ledger.queue_content(Kind::Push, body.into_owned());
    }

    /// Sends a container of nothing, unless something else is about to leave: the end of a long poll in vain.
    pub fn send_nothing(&mut self, now: Instant) {
        self.ledger.queue_nothing(now);
    }

    /// Answers `get_future_salts`.
    pub fn send_salts(&mut self, req_msg_id: MsgId, unix: UnixTime, salts: &[FutureSalt]) {
        let answer = service::FutureSalts {
            req_msg_id,
            now: unix.as_tl_int(),
            salts: salts.into(),
        };
        self.ledger.queue_service(Kind::Fleeting, &answer);
    }

    /// Answers `destroy_session`.
    pub fn send_destroyed(&mut self, session_id: SessionId, existed: bool) {
        if existed {
            let answer = service::DestroySessionOk { session_id };
            self.ledger.queue_service(Kind::Fleeting, &answer);
        } else {
            let answer = service::DestroySessionNone { session_id };
            self.ledger.queue_service(Kind::Fleeting, &answer);
        }
    }

    /// Answers `destroy_auth_key`.
    pub fn send_key_destroyed(&mut self, existed: bool) {
        if existed {
            self.ledger
                .queue_service(Kind::Fleeting, &service::DestroyAuthKeyOk {});
        } else {
            self.ledger
                .queue_service(Kind::Fleeting, &service::DestroyAuthKeyNone {});
        }
    }

    /// The byte stream is gone: what had a meaning only there is forgotten.
    pub fn on_stream_lost(&mut self) {
        self.ledger
            .outbox
            .discard(|kind| matches!(kind, Kind::Fleeting));
    }

    /// Goes on over another byte stream: what the client did not acknowledge leaves again.
    pub fn on_new_stream(&mut self, unix: UnixTime) {
        self.ledger.resend_on_new_stream(unix);
    }

    /// Whether [`Self::next_packet`] has something.
    #[must_use]
    pub fn has_packet(&self, now: Instant) -> bool {
        self.ledger.has_packet(now)
    }

    /// The next message to seal, if the session has something to send.
    pub fn next_packet(&mut self, now: Instant, unix: UnixTime) -> Option<Packet> {
        let packet = self.ledger.next_packet(now, unix, &|_| None);
        for (kind, msg_id) in self.ledger.take_numbered() {
            if let Kind::Answer { to } = kind
                && let Some(fate) = self.ledger.received.fate_mut(to)
            {
                fate.answer = Some(msg_id);
            }
        }
        self.ledger.trim_kept();
        packet
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<ServerSessionEvent> {
        self.events
            .pop_front()
            .or_else(|| self.ledger.poll_notice().map(ServerSessionEvent::Notice))
    }

    /// When [`Self::handle_timeout`] or [`Self::next_packet`] has something to do without other input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let acks = self.ack_deadline();
        self.held_deadline().into_iter().chain(acks).min()
    }

    /// When acknowledgements leave though there is nothing else to send.
    #[must_use]
    pub const fn ack_deadline(&self) -> Option<Instant> {
        self.ledger.acks.deadline()
    }

    /// When a query has waited too long for an earlier one.
    #[must_use]
    pub fn held_deadline(&self) -> Option<Instant> {
        self.held.deadline()
    }
}

fn is_container(body: &[u8]) -> bool {
    matches!(parse(body), Ok(Some(ServiceMessage::MsgContainer(_))))
}
