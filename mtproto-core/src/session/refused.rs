//! The client's reaction to a server that refused its messages, lost them, or tells their state.
//!
//! Nothing is believed of a notice that names a message which was never sent: not its salt, not its clock.
//! Sections: <https://core.telegram.org/mtproto/service_messages_about_messages#notice-of-ignored-error-message>,
//! <https://core.telegram.org/mtproto/service_messages_about_messages#request-for-message-status-information>.

use alloc::vec::Vec;

use super::QueryFailure;
use super::client::ClientSession;
use super::received::state;
use super::sent::{Kind, Named};
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::MsgId;
use crate::time::Instant;
use crate::tl::service;

/// How far the content-related count jumps when the server calls a sequence number too low.
const SEQ_NO_JUMP: u32 = 32;

/// What a code of `bad_msg_notification` asks for.
///
/// Codes come in groups: `code >> 4` is 1 for identifiers and time, 2 for sequence numbers, 3 for salts, 4 for containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cure {
    /// Set the clock by the notice, then send again.
    Clock,
    /// The clock ran ahead: set it, forget the identifiers that the server never took, send again.
    ClockAhead,
    /// Send again under a new identifier.
    Renumber,
    /// Send again with a higher sequence number.
    Jump,
    /// Only a new session helps.
    NewSession,
    /// Send the messages of the container one by one.
    Singly,
    /// Sending the same again would fail again.
    Fail,
}

const fn cure(code: i32) -> Cure {
    match code {
        16 => Cure::Clock,
        17 => Cure::ClockAhead,
        19 | 20 | 48 => Cure::Renumber,
        32 => Cure::Jump,
        33 => Cure::NewSession,
        64 => Cure::Singly,
        _ => Cure::Fail,
    }
}

impl ClientSession {
    /// `bad_server_salt`: adopt the salt and send again, if the message is one of ours.
    pub(super) fn on_bad_salt(&mut self, id: MsgId, notice: service::BadServerSalt) {
        let Some(affected) = self.affected(notice.bad_msg_id) else {
            self.refuse(id, PeerMisbehaved::SaltForUnknownMessage);
            return;
        };
        self.adopt_salt(notice.new_server_salt);
        self.resend(&affected, notice.error_code, false);
    }

    /// `bad_msg_notification`.
    pub(super) fn on_bad_message(
        &mut self,
        now: Instant,
        id: MsgId,
        notice: service::BadMsgNotification,
    ) {
        let Some(affected) = self.affected(notice.bad_msg_id) else {
            self.refuse(id, PeerMisbehaved::NoticeForUnknownMessage);
            return;
        };
        let code = notice.error_code;
        self.ledger.notice(Notice::MessageRefused {
            msg_id: notice.bad_msg_id,
            code,
        });
        match cure(code) {
            Cure::Clock => {
                self.learn_time(now, id);
                self.resend(&affected, code, false);
            }
            Cure::ClockAhead => {
                self.learn_time(now, id);
                self.ledger.ids.rewind(self.accepted);
                self.resend(&affected, code, false);
            }
            Cure::Renumber => self.resend(&affected, code, false),
            Cure::Jump => {
                self.ledger.seq_nos.jump(SEQ_NO_JUMP);
                self.resend(&affected, code, false);
            }
            Cure::NewSession => {
                self.wants_renewal = true;
                self.resend(&affected, code, false);
            }
            Cure::Singly if affected.len() > 1 => self.resend(&affected, code, true),
            Cure::Singly | Cure::Fail => self.give_up_all(&affected, code),
        }
    }

    /// `msgs_state_info`, the answer to our question.
    pub(super) fn on_state_info(&mut self, id: MsgId, info: service::MsgsStateInfo<'_>) {
        let asked = match self.ledger.sent.get(info.req_msg_id) {
            Some(sent) => match &sent.message.kind {
                Kind::StateRequest(ids) => Some(ids.clone()),
                _ => None,
            },
            None => None,
        };
        let Some(ids) = asked else {
            self.refuse(id, PeerMisbehaved::UnrequestedStateInfo);
            return;
        };
        self.ledger.sent.take(info.req_msg_id);
        self.on_states(id, &ids, info.info);
    }

    /// `msgs_all_info`, told without a question.
    pub(super) fn on_all_info(&mut self, id: MsgId, info: service::MsgsAllInfo<'_>) {
        let ids: Vec<MsgId> = info.msg_ids.iter().collect();
        self.on_states(id, &ids, info.info);
    }

    fn on_states(&mut self, id: MsgId, ids: &[MsgId], info: &[u8]) {
        if ids.len() != info.len() {
            self.refuse(id, PeerMisbehaved::StateInfoLength);
            return;
        }
        for (id, byte) in ids.iter().zip(info) {
            if byte & state::MASK == state::RECEIVED {
                self.ledger.sent.ack(*id);
            } else if self.ledger.sent.get(*id).is_some() {
                // Inside a container, so that the old identifier may be used and the server can recognise it.
                self.ledger.outbox.push_again(*id);
            }
        }
    }

    /// The messages that a notice about `id` is about, or `None` if we never sent `id`, or long ago.
    fn affected(&mut self, id: MsgId) -> Option<Vec<MsgId>> {
        match self.ledger.sent.named(id) {
            Named::Unknown => None,
            Named::Kept => Some([id].to_vec()),
            Named::Gone => Some(Vec::new()),
            Named::Acks(acks) => {
                self.ledger.acks.restore(acks);
                Some(Vec::new())
            }
            Named::Container(inner) => {
                for id in &inner {
                    if let Named::Acks(acks) = self.ledger.sent.named(*id) {
                        self.ledger.acks.restore(acks);
                    }
                }
                Some(inner)
            }
        }
    }

    /// Sends messages again under new identifiers; queries for which that happened too often end.
    pub(super) fn resend(&mut self, ids: &[MsgId], code: i32, alone: bool) {
        // Each goes to the front, so that the first one must come last.
        for id in ids.iter().rev() {
            let query = self.query_of(*id);
            let too_often = self.ledger.renumber(*id, alone).is_some();
            if let Some(query) = query {
                self.queries.unsent(query);
                if too_often {
                    self.end(query, QueryFailure::Refused(code));
                }
            }
        }
    }

    fn give_up_all(&mut self, ids: &[MsgId], code: i32) {
        for id in ids {
            match self.query_of(*id) {
                Some(query) => {
                    self.end(query, QueryFailure::Refused(code));
                }
                None => {
                    self.ledger.sent.take(*id);
                }
            }
        }
    }

    fn query_of(&self, id: MsgId) -> Option<super::QueryId> {
        match self.ledger.sent.get(id)?.message.kind {
            Kind::Query(query) => Some(query),
            _ => None,
        }
    }
}
