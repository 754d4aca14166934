//! What a server does with each message: queries, and the service messages in the order of their pages.

use alloc::borrow::Cow;

use super::ServerSessionEvent;
use super::sent::Kind;
use super::server::{ServerSession, Surroundings};
use super::unpack::{Part, parse};
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::MsgId;
use crate::time::Duration;
use crate::tl::{Combinator, ServiceMessage, service};

impl ServerSession {
    /// Handles one message, bare or out of a container.
    pub(super) fn handle_part(&mut self, at: &Surroundings, part: Part<'_>, body: Cow<'_, [u8]>) {
        let Part { id, seq_no, .. } = part;
        let Ok(message) = parse(&body) else {
            return;
        };
        if message.is_none() && self.running.len() >= self.ledger.config.pending_queries {
            self.events.push_back(ServerSessionEvent::Overloaded);
            return;
        }
        self.ledger.take_up(at.now, id, seq_no, message.as_ref());
        match message {
            Some(message) => self.handle_service(id, &message),
            None => {
                self.running.insert(id);
                if let Some(fate) = self.ledger.received.fate_mut(id) {
                    fate.query = true;
                }
                self.take_query(at.now, id, body);
            }
        }
    }

    /// The server's reaction to each service message, in the order of the specification's pages.
    fn handle_service(&mut self, id: MsgId, message: &ServiceMessage<'_>) {
        match *message {
            ServiceMessage::RpcDropAnswer(request) => self.on_drop(id, request.req_msg_id),
            ServiceMessage::GetFutureSalts(request) => {
                let num = request.num.clamp(1, super::salts::MAX_FUTURE_SALTS);
                self.events.push_back(ServerSessionEvent::SaltsRequested {
                    msg_id: id,
                    count: usize::try_from(num).unwrap_or(1),
                });
                self.ledger.acks.forget(id);
            }
            ServiceMessage::Ping(ping) => {
                self.ledger.on_ping(id, ping.ping_id);
                self.ledger.acks.forget(id);
            }
            ServiceMessage::PingDelayDisconnect(ping) => {
                self.ledger.on_ping(id, ping.ping_id);
                self.ledger.acks.forget(id);
                let secs = u64::try_from(ping.disconnect_delay).unwrap_or(0);
                self.events
                    .push_back(ServerSessionEvent::DisconnectAfter(Duration::from_secs(
                        secs,
                    )));
            }
            ServiceMessage::Pong(_) => {}
            ServiceMessage::DestroySession(request) => {
                self.events.push_back(ServerSessionEvent::DestroySession {
                    session_id: request.session_id,
                });
            }
            ServiceMessage::HttpWait(wait) => {
                let millis = |value: i32| Duration::from_millis(u64::try_from(value).unwrap_or(0));
                self.events.push_back(ServerSessionEvent::HttpWait {
                    max_delay: millis(wait.max_delay),
                    wait_after: millis(wait.wait_after),
                    max_wait: millis(wait.max_wait),
                });
            }
            ServiceMessage::DestroyAuthKey(_) => {
                self.events.push_back(ServerSessionEvent::DestroyAuthKey);
            }
            ServiceMessage::MsgsAck(acks) => acks.msg_ids.iter().for_each(|id| self.on_ack(id)),
            ServiceMessage::MsgsStateReq(request) => {
                self.ledger.on_state_request(id, request.msg_ids);
                self.ledger.acks.forget(id);
            }
            ServiceMessage::MsgsStateInfo(_) | ServiceMessage::MsgsAllInfo(_) => {}
            ServiceMessage::MsgDetailedInfo(_) | ServiceMessage::MsgNewDetailedInfo(_) => {}
            ServiceMessage::MsgResendReq(request) => {
                self.ledger.on_resend_request(id, request.msg_ids);
            }
            ServiceMessage::MsgResendAnsReq(request) => {
                self.ledger.on_resend_answers_request(id, request.msg_ids);
            }
            // The rest either only a server may send, or it stands only inside another message.
            _ => self.ledger.notice(Notice::Refused {
                msg_id: id,
                rule: PeerMisbehaved::WrongRole,
            }),
        }
    }

    fn on_ack(&mut self, id: MsgId) {
        let Some(sent) = self.ledger.sent.take(id) else {
            return;
        };
        if let Kind::Answer { to } = sent.message.kind {
            if let Some(fate) = self.ledger.received.fate_mut(to) {
                fate.answer_acked = true;
            }
            self.events
                .push_back(ServerSessionEvent::AnswerAcked { msg_id: to });
        }
    }

    /// `rpc_drop_answer` has three outcomes: nothing known, dropped while running, dropped while waiting to be sent.
    fn on_drop(&mut self, request: MsgId, query: MsgId) {
        let answer = self
            .ledger
            .received
            .fate(query)
            .and_then(|fate| fate.answer);
        if self.running.contains(&query) {
            self.events
                .push_back(ServerSessionEvent::QueryDropped { msg_id: query });
            let dropped = service::RpcAnswerDroppedRunning {}.to_bytes();
            self.write_answer(query, &dropped, true);
            self.write_answer(request, &dropped, false);
            self.release(query, true);
        } else if let Some((answer, sent)) =
            answer.and_then(|answer| Some((answer, self.ledger.sent.take(answer)?)))
        {
            let dropped = service::RpcAnswerDropped {
                msg_id: answer,
                seq_no: sent.seq_no,
                bytes: i32::try_from(sent.message.body.len()).unwrap_or(i32::MAX),
            };
            self.write_answer(request, &dropped.to_bytes(), false);
        } else {
            self.write_answer(request, &service::RpcAnswerUnknown {}.to_bytes(), false);
        }
    }
}
