//! Whether a message may come in: its identifier, its time, its place in the order, its parity.
//!
//! The table of what is checked is the same for both roles; which identifiers are right, and whether a broken rule is
//! answered, depends on the role.
//! Section: <https://core.telegram.org/mtproto/security_guidelines#mtproto-encrypted-messages>.

use super::Role;
use super::ledger::Ledger;
use super::msg_id::{OffTime, check_time};
use super::received::{Arrival, OutOfOrder};
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::{MsgId, SeqNo};
use crate::time::{Instant, UnixTime};
use crate::tl::ServiceMessage;

impl Ledger {
    /// Judges the parity of the identifier that a peer may give to a message.
    pub(super) const fn check_id(&self, id: MsgId) -> Result<(), PeerMisbehaved> {
        match self.role {
            Role::Client if !id.is_server() => Err(PeerMisbehaved::EvenServerMsgId),
            Role::Server if !id.is_client() => Err(PeerMisbehaved::MsgIdNotDivisible),
            _ => Ok(()),
        }
    }

    /// Judges whether `id` was received before.
    pub(super) fn check_new(&self, id: MsgId) -> Result<(), PeerMisbehaved> {
        match self.received.arrival(id) {
            Arrival::New => Ok(()),
            Arrival::Duplicate => Err(PeerMisbehaved::DuplicateMsgId),
            Arrival::BelowWindow => Err(PeerMisbehaved::MsgIdBelowWindow),
        }
    }

    /// Judges whether `id` fits the time.
    pub(super) fn check_time(&self, id: MsgId, unix: UnixTime) -> Result<(), PeerMisbehaved> {
        check_time(id, unix).map_err(|off| match off {
            OffTime::Past => PeerMisbehaved::MsgIdInPast,
            OffTime::Future => PeerMisbehaved::MsgIdInFuture,
        })
    }

    /// Judges whether `seq_no` fits between those of older and newer messages. Only a server does.
    pub(super) fn check_order(&self, id: MsgId, seq_no: SeqNo) -> Result<(), PeerMisbehaved> {
        if self.role == Role::Client {
            return Ok(());
        }
        self.received
            .order(id, seq_no)
            .map_err(|order| match order {
                OutOfOrder::TooLow => PeerMisbehaved::SeqNoTooLow,
                OutOfOrder::TooHigh => PeerMisbehaved::SeqNoTooHigh,
            })
    }

    /// Judges whether the parity of `seq_no` fits the message. Only a server does, and only a strict one refuses.
    pub(super) fn check_parity(
        &mut self,
        id: MsgId,
        seq_no: SeqNo,
        message: Option<&ServiceMessage<'_>>,
    ) -> Result<(), PeerMisbehaved> {
        let rule = match (content_related(message), seq_no.is_content_related()) {
            (Some(false), true) => PeerMisbehaved::OddSeqNo,
            (Some(true), false) => PeerMisbehaved::EvenSeqNo,
            _ => return Ok(()),
        };
        match (self.role, self.config.strict) {
            (Role::Client, _) => Ok(()),
            (Role::Server, true) => Err(rule),
            (Role::Server, false) => {
                self.notice(Notice::Tolerated { msg_id: id, rule });
                Ok(())
            }
        }
    }

    /// Takes `id` up: it is known from now on, and acknowledged if its number asks for it.
    ///
    /// Acknowledgements and containers are never acknowledged, whatever their number: two sides that number them wrongly
    /// would acknowledge each other for ever.
    pub(super) fn take_up(
        &mut self,
        now: Instant,
        id: MsgId,
        seq_no: SeqNo,
        message: Option<&ServiceMessage<'_>>,
    ) {
        self.received.insert(id, seq_no);
        if seq_no.is_content_related() && content_related(message) != Some(false) {
            self.acks.push(now, id);
        }
    }

    /// Acknowledges a message that came again: the first acknowledgement may have been lost with its stream.
    pub(super) fn acknowledge_again(&mut self, now: Instant, id: MsgId, seq_no: SeqNo) {
        let answered = self.received.fate(id).is_some_and(|fate| fate.query);
        if seq_no.is_content_related() && !answered {
            self.acks.forget(id);
            self.acks.push(now, id);
        }
    }
}

/// Whether a message must be content-related, must not be, or may be either.
fn content_related(message: Option<&ServiceMessage<'_>>) -> Option<bool> {
    match message {
        None | Some(ServiceMessage::Ping(_) | ServiceMessage::PingDelayDisconnect(_)) => Some(true),
        Some(
            ServiceMessage::MsgsAck(_)
            | ServiceMessage::MsgContainer(_)
            | ServiceMessage::MsgCopy(_),
        ) => Some(false),
        Some(_) => None,
    }
}
