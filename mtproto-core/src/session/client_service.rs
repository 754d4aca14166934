//! What a client does with each message: results, updates, and the service messages in the order of their pages.

use alloc::string::String;
use alloc::vec::Vec;

use super::client::ClientSession;
use super::sent::{Kind, Message, SentMessage};
use super::unpack::{Part, parse};
use super::{PingId, Pong, QueryFailure, QueryId, SessionEvent};
use crate::error::PeerMisbehaved;
use crate::ids::{MsgId, SessionId};
use crate::rpc::RpcError;
use crate::time::Instant;
use crate::tl::{ServiceMessage, service};

impl ClientSession {
    /// Handles one message, bare or out of a container.
    pub(super) fn handle_part(&mut self, now: Instant, part: Part<'_>) {
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

    pub(super) fn handle_late_part(&mut self, now: Instant, part: Part<'_>) {
        let Ok(body) = self.ledger.inflate(part.body) else {
            return;
        };
        if let Ok(Some(ServiceMessage::RpcResult(result))) = parse(&body)
            && self.queries.find(result.req_msg_id).is_some()
        {
            self.on_result(now, part.id, result);
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
            ServiceMessage::DestroyAuthKeyOk(_) | ServiceMessage::DestroyAuthKeyNone(_) => {
                self.on_key_destroyed(id, true);
            }
            ServiceMessage::DestroyAuthKeyFail(_) => self.on_key_destroyed(id, false),
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
        if self.may_be_unbound && matches!(&outcome, Ok(Err(error)) if is_unbound(error)) {
            self.is_unbound = true;
            self.resend(&[result.req_msg_id], 401, false);
            return;
        }
        if let Ok(Err(error)) = &outcome
            && self.goes_again(query, result.req_msg_id, error)
        {
            return;
        }
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
            _ => self.discard_waiting(query),
        }
        self.release_parked();
        self.events.push_back(event);
    }

    /// Whether a query that comes after others leaves once more, because the server gave up waiting for them.
    ///
    /// What has ended meanwhile is not named again.
    fn goes_again(&mut self, query: QueryId, msg_id: MsgId, error: &RpcError) -> bool {
        let gave_up =
            [RpcError::WAIT_FAILED, RpcError::WAIT_TIMEOUT].contains(&error.message.as_str());
        if !gave_up {
            return false;
        }
        if self.queries.current(query) != Some(msg_id) {
            // An answer to a former message of a query that is on its way again.
            return true;
        }
        let Some(SentMessage { message, .. }) = self.ledger.sent.get(msg_id) else {
            return false;
        };
        let Some(order) = &message.order else {
            return false;
        };
        if message.attempts < self.ledger.config.resends {
            self.queries.unsent(query);
            self.ledger.renumber(msg_id, false);
            return true;
        }
        // The server does not get there: from here on we wait ourselves. A query that named nothing waited for nothing.
        let named_others = message.body != order.body;
        if named_others && let Some(sent) = self.ledger.sent.take(msg_id) {
            self.queries.unsent(query);
            self.parked.push(sent.message);
            self.release_parked();
        }
        named_others
    }

    /// Lets queries leave that waited here for others which have all ended.
    pub(super) fn release_parked(&mut self) {
        let queries = &self.queries;
        let is_free = |message: &mut Message| {
            let after = message.order.iter().flat_map(|order| &order.after);
            !after.into_iter().any(|id| queries.contains(*id))
        };
        let free: Vec<Message> = self.parked.extract_if(.., is_free).collect();
        for message in free {
            self.ledger.outbox.push_front(message);
        }
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
                if self.clock_is_sure {
                    self.clock.refine_not_ahead(sent_at, id);
                }
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

    fn on_key_destroyed(&mut self, id: MsgId, gone: bool) {
        if !self.wants_key_destroyed {
            self.refuse(id, PeerMisbehaved::UnrequestedDestruction);
            return;
        }
        self.key_is_destroyed = true;
        self.events
            .push_back(SessionEvent::AuthKeyDestroyed { gone });
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

/// Whether an error says that the temporary key is bound to no permanent one.
fn is_unbound(error: &RpcError) -> bool {
    error.code == 401 && error.message == "AUTH_KEY_PERM_EMPTY"
}

/// The result of a query from the object that came for it.
fn read_result(body: &[u8]) -> Result<Result<Vec<u8>, RpcError>, PeerMisbehaved> {
    match parse(body)? {
        None => Ok(Ok(body.to_vec())),
        Some(ServiceMessage::RpcError(error)) => {
            let message = String::from_utf8_lossy(error.error_message);
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
