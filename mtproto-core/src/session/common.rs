//! Service messages that mean the same in both roles: pings, states, requests to send again.
//!
//! Sections: <https://core.telegram.org/mtproto/service_messages#ping-messages-pingpong>,
//! <https://core.telegram.org/mtproto/service_messages_about_messages>.

use alloc::vec::Vec;

use super::ledger::Ledger;
use super::sent::{Kind, Named};
use crate::error::Notice;
use crate::ids::MsgId;
use crate::time::Instant;
use crate::tl::{Vector, service};

impl Ledger {
    /// Answers a ping.
    pub(super) fn on_ping(&mut self, msg_id: MsgId, ping_id: i64) {
        self.queue_service(Kind::Fleeting, &service::Pong { msg_id, ping_id });
    }

    /// Tells the state of messages that the peer sent.
    pub(super) fn on_state_request(&mut self, req_msg_id: MsgId, msg_ids: Vector<'_, MsgId>) {
        let info: Vec<u8> = msg_ids
            .iter()
            .map(|id| self.received.state(id, self.acks.contains(id)))
            .collect();
        let answer = service::MsgsStateInfo {
            req_msg_id,
            info: &info,
        };
        self.queue_service(Kind::Fleeting, &answer);
    }

    /// Sends messages again; tells the state of all if one of them is not ours or is forgotten.
    pub(super) fn on_resend_request(&mut self, req_msg_id: MsgId, msg_ids: Vector<'_, MsgId>) {
        let mut all_known = true;
        for id in msg_ids {
            if self.sent.named(id) == Named::Kept {
                self.outbox.push_again(id);
            } else {
                all_known = false;
            }
        }
        if !all_known {
            self.on_state_request(req_msg_id, msg_ids);
        }
    }

    /// Sends the answers to queries again.
    pub(super) fn on_resend_answers_request(
        &mut self,
        req_msg_id: MsgId,
        msg_ids: Vector<'_, MsgId>,
    ) {
        let mut all_known = true;
        for id in msg_ids {
            let answer = self.received.fate(id).and_then(|fate| fate.answer);
            match answer.filter(|answer| self.sent.get(*answer).is_some()) {
                Some(answer) => self.outbox.push_again(answer),
                None => all_known = false,
            }
        }
        if !all_known {
            self.on_state_request(req_msg_id, msg_ids);
        }
    }

    /// Hears that the peer sent `answer`: asks for it, or acknowledges it if it is here already.
    pub(super) fn on_detailed_info(&mut self, now: Instant, answer: MsgId) {
        if self.check_id(answer).is_err() {
            self.notice(Notice::UnknownMessage(answer));
        } else if self.check_new(answer).is_err() {
            self.acks.forget(answer);
            self.acks.push(now, answer);
        } else {
            let msg_ids = [answer];
            let request = service::MsgResendReq {
                msg_ids: msg_ids[..].into(),
            };
            self.queue_service(Kind::Fleeting, &request);
        }
    }
}
