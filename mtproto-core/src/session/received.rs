//! What the peer sent us: the replay window, and what became of each message in it.
//!
//! The window holds the last N identifiers in order. An identifier below all of them cannot be told from a replay and
//! is refused; so is one that is already there, however many older ones arrived in between.
//! Sections: <https://core.telegram.org/mtproto/security_guidelines#checking-msg-id>,
//! <https://core.telegram.org/mtproto/service_messages_about_messages#notice-of-ignored-error-message>.

use alloc::collections::VecDeque;

use crate::ids::{MsgId, SeqNo};

/// What the window knows of an identifier that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    New,
    Duplicate,
    /// Below everything stored: it may have been received long ago.
    BelowWindow,
}

/// How the sequence number of a message fails to fit between its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutOfOrder {
    TooLow,
    TooHigh,
}

/// What became of a received message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    /// It is a query that we took up.
    pub(super) query: bool,
    /// Its answer was made; holds the answer's identifier.
    pub(super) answer: Option<MsgId>,
    /// The peer confirmed the answer.
    pub(super) answer_acked: bool,
    /// It ended with an error, or was dropped.
    pub(super) failed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: MsgId,
    seq_no: SeqNo,
    fate: Fate,
}

/// The replay window of one session, for one direction.
#[derive(Debug)]
pub(super) struct Received {
    /// Sorted by identifier.
    entries: VecDeque<Entry>,
    capacity: usize,
    /// The highest identifier that had to leave the window.
    floor: Option<MsgId>,
}

impl Received {
    /// An empty window for `capacity` identifiers (at least one).
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            capacity: if capacity == 0 { 1 } else { capacity },
            floor: None,
        }
    }

    fn position(&self, id: MsgId) -> Result<usize, usize> {
        // Nearly always the newest: spare the search.
        match self.entries.back() {
            Some(last) if last.id < id => Err(self.entries.len()),
            _ => self.entries.binary_search_by_key(&id, |entry| entry.id),
        }
    }

    /// Whether `id` is new.
    pub(super) fn arrival(&self, id: MsgId) -> Arrival {
        match self.position(id) {
            Ok(_) => Arrival::Duplicate,
            Err(_) if self.floor.is_some_and(|floor| id <= floor) => Arrival::BelowWindow,
            Err(_) => Arrival::New,
        }
    }

    /// Stores `id`, which [`Self::arrival`] called new, and forgets the lowest one if the window is full.
    pub(super) fn insert(&mut self, id: MsgId, seq_no: SeqNo) {
        let Err(at) = self.position(id) else {
            return;
        };
        let fate = Fate::default();
        self.entries.insert(at, Entry { id, seq_no, fate });
        if self.entries.len() > self.capacity
            && let Some(lowest) = self.entries.pop_front()
        {
            self.floor = Some(lowest.id);
        }
    }

    /// Whether `seq_no` fits: not below that of an older message, not above that of a newer one, and not equal to
    /// either if odd.
    pub(super) fn order(&self, id: MsgId, seq_no: SeqNo) -> Result<(), OutOfOrder> {
        let at = match self.position(id) {
            Ok(at) | Err(at) => at,
        };
        let before = at.checked_sub(1).and_then(|at| self.entries.get(at));
        let after = self.entries.get(at).filter(|entry| entry.id != id);
        let clash = |other: SeqNo| other == seq_no && seq_no.is_content_related();
        if before.is_some_and(|entry| entry.seq_no > seq_no || clash(entry.seq_no)) {
            Err(OutOfOrder::TooLow)
        } else if after.is_some_and(|entry| entry.seq_no < seq_no || clash(entry.seq_no)) {
            Err(OutOfOrder::TooHigh)
        } else {
            Ok(())
        }
    }

    /// What became of `id`, if it is in the window.
    pub(super) fn fate_mut(&mut self, id: MsgId) -> Option<&mut Fate> {
        let at = self.position(id).ok()?;
        self.entries.get_mut(at).map(|entry| &mut entry.fate)
    }

    /// What became of `id`, if it is in the window.
    pub(super) fn fate(&self, id: MsgId) -> Option<Fate> {
        let at = self.position(id).ok()?;
        self.entries.get(at).map(|entry| entry.fate)
    }

    /// The byte of `msgs_state_info` for `id`.
    pub(super) fn state(&self, id: MsgId, ack_due: bool) -> u8 {
        let Ok(at) = self.position(id) else {
            return self.state_of_absent(id);
        };
        let Some(entry) = self.entries.get(at) else {
            return state::UNKNOWN;
        };
        let mut byte = state::RECEIVED;
        if !entry.seq_no.is_content_related() {
            byte |= state::NEEDS_NO_ACK;
        } else if !ack_due {
            byte |= state::ACKED;
        }
        if entry.fate.query {
            byte |= state::QUERY_TAKEN;
        }
        if entry.fate.answer.is_some() {
            byte |= state::ANSWERED;
        }
        if entry.fate.answer_acked {
            byte |= state::PEER_KNOWS;
        }
        byte
    }

    fn state_of_absent(&self, id: MsgId) -> u8 {
        match (self.entries.front(), self.entries.back()) {
            (Some(first), _) if id < first.id => state::UNKNOWN,
            (_, Some(last)) if id > last.id => state::TOO_HIGH,
            (Some(_), Some(_)) => state::NOT_RECEIVED,
            _ => state::UNKNOWN,
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.floor = None;
    }
}

/// The bits of a byte of `msgs_state_info`.
///
/// Section: <https://core.telegram.org/mtproto/service_messages_about_messages#informational-message-regarding-status-of-messages>.
pub mod state {
    /// Nothing is known: the identifier is too low, or the message was forgotten.
    pub const UNKNOWN: u8 = 1;
    /// Not received, though the identifier lies between received ones.
    pub const NOT_RECEIVED: u8 = 2;
    /// Not received: the identifier is above all received ones.
    pub const TOO_HIGH: u8 = 3;
    /// Received.
    pub const RECEIVED: u8 = 4;
    /// Already acknowledged.
    pub const ACKED: u8 = 8;
    /// Requires no acknowledgement.
    pub const NEEDS_NO_ACK: u8 = 16;
    /// Its query is being processed or was processed.
    pub const QUERY_TAKEN: u8 = 32;
    /// A content-related response to it was generated.
    pub const ANSWERED: u8 = 64;
    /// The other side knows for a fact that the message was received.
    pub const PEER_KNOWS: u8 = 128;
    /// The low bits that hold one of the four basic states.
    pub const MASK: u8 = 7;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(capacity: usize, ids: &[(i64, i32)]) -> Received {
        let mut received = Received::new(capacity);
        for &(id, seq_no) in ids {
            received.insert(MsgId(id), SeqNo(seq_no));
        }
        received
    }

    #[test]
    fn se_07_a_replay_is_known_though_older_ids_arrived_after_it() {
        let received = window(10, &[(100, 3), (90, 1)]);
        assert_eq!(received.arrival(MsgId(100)), Arrival::Duplicate);
        assert_eq!(received.arrival(MsgId(95)), Arrival::New);
    }

    #[test]
    fn se_08_se_09_what_lies_below_a_full_window_is_refused() {
        let received = window(3, &[(10, 0), (20, 0), (30, 0), (40, 0)]);
        assert_eq!(received.arrival(MsgId(10)), Arrival::BelowWindow);
        assert_eq!(received.arrival(MsgId(5)), Arrival::BelowWindow);
        assert_eq!(received.arrival(MsgId(15)), Arrival::New);
        assert_eq!(received.arrival(MsgId(20)), Arrival::Duplicate);
    }

    #[test]
    fn se_10_a_late_new_message_is_accepted() {
        let received = window(3, &[(10, 0), (20, 0)]);
        assert_eq!(received.arrival(MsgId(12)), Arrival::New);
        assert_eq!(received.arrival(MsgId(1)), Arrival::New);
    }

    #[test]
    fn se_40_sequence_numbers_keep_the_order_of_identifiers() {
        let received = window(10, &[(10, 1), (20, 2), (30, 5)]);
        let order = |id, seq_no| received.order(MsgId(id), SeqNo(seq_no));
        assert_eq!(order(40, 7), Ok(()));
        assert_eq!(order(40, 6), Ok(()));
        assert_eq!(order(40, 5), Err(OutOfOrder::TooLow));
        assert_eq!(order(40, 4), Err(OutOfOrder::TooLow));
        assert_eq!(order(25, 3), Ok(()));
        assert_eq!(order(25, 2), Ok(()));
        assert_eq!(order(25, 5), Err(OutOfOrder::TooHigh));
        assert_eq!(order(25, 7), Err(OutOfOrder::TooHigh));
        assert_eq!(order(5, 0), Ok(()));
    }

    #[test]
    fn sv_42_a_state_byte_tells_what_became_of_a_message() {
        let mut received = window(10, &[(10, 1), (20, 2), (30, 3)]);
        assert_eq!(received.state(MsgId(5), false), 1);
        assert_eq!(received.state(MsgId(15), false), 2);
        assert_eq!(received.state(MsgId(35), false), 3);
        assert_eq!(received.state(MsgId(10), true), 4);
        assert_eq!(received.state(MsgId(10), false), 4 + 8);
        assert_eq!(received.state(MsgId(20), false), 4 + 16);
        let fate = received.fate_mut(MsgId(30)).expect("in the window");
        *fate = Fate {
            query: true,
            answer: Some(MsgId(31)),
            answer_acked: true,
            failed: false,
        };
        assert_eq!(received.state(MsgId(30), false), 4 + 8 + 32 + 64 + 128);
    }
}
