//! Acknowledgements due: content-related messages of the peer that we have yet to confirm.
//!
//! They ride along with the next message; alone they leave when many are due or when the oldest waited long enough.
//! Section: <https://core.telegram.org/mtproto/service_messages_about_messages#acknowledgment-of-receipt>.

use alloc::vec::Vec;

use crate::ids::MsgId;
use crate::time::{Duration, Instant};

/// The most identifiers that one service message may carry.
pub const MAX_IDS: usize = 8192;

/// The acknowledgements that one session owes.
#[derive(Debug)]
pub(super) struct AcksDue {
    ids: Vec<MsgId>,
    deadline: Option<Instant>,
    delay: Duration,
    many: usize,
}

impl AcksDue {
    /// Owes nothing; lets acknowledgements wait for `delay` at most, and for no more than `many` of them.
    pub(super) const fn new(delay: Duration, many: usize) -> Self {
        Self {
            ids: Vec::new(),
            deadline: None,
            delay,
            many,
        }
    }

    /// Notes that `id` must be acknowledged.
    pub(super) fn push(&mut self, now: Instant, id: MsgId) {
        self.deadline
            .get_or_insert_with(|| now.saturating_add(self.delay));
        self.ids.push(id);
    }

    /// Owes acknowledgements again whose message was refused. They leave with the next message.
    pub(super) fn restore(&mut self, ids: Vec<MsgId>) {
        self.ids.extend(ids);
        if !self.ids.is_empty() {
            self.deadline.get_or_insert(Instant::ZERO);
        }
    }

    /// Notes that `id` was acknowledged in another way: a result acknowledges its query.
    pub(super) fn forget(&mut self, id: MsgId) {
        if let Some(at) = self.ids.iter().rposition(|&due| due == id) {
            self.ids.remove(at);
        }
        if self.ids.is_empty() {
            self.deadline = None;
        }
    }

    pub(super) fn contains(&self, id: MsgId) -> bool {
        self.ids.contains(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether acknowledgements should leave now even if there is nothing else to send.
    pub(super) fn are_pressing(&self, now: Instant) -> bool {
        self.ids.len() >= self.many || self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// When acknowledgements become pressing by time.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The oldest of them, at most [`MAX_IDS`].
    pub(super) fn take(&mut self) -> Vec<MsgId> {
        let rest = self.ids.split_off(self.ids.len().min(MAX_IDS));
        if rest.is_empty() {
            self.deadline = None;
        }
        core::mem::replace(&mut self.ids, rest)
    }

    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.deadline = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(count: i64) -> AcksDue {
        let mut acks = AcksDue::new(Duration::from_secs(5), 16);
        (0..count).for_each(|id| acks.push(Instant::ZERO, MsgId(id)));
        acks
    }

    #[test]
    fn se_27_acks_press_by_number_or_by_time() {
        assert!(!due(15).are_pressing(Instant::from_millis(4_999)));
        assert!(due(15).are_pressing(Instant::from_millis(5_000)));
        assert!(due(16).are_pressing(Instant::ZERO));
        assert!(!due(0).are_pressing(Instant::from_millis(9_000)));
    }

    #[test]
    fn se_28_a_message_names_8192_ids_at_most() {
        let mut acks = due(20_000);
        let sizes: Vec<usize> = core::iter::from_fn(|| {
            let ids = acks.take();
            (!ids.is_empty()).then_some(ids.len())
        })
        .collect();
        assert_eq!(sizes, [8192, 8192, 3616]);
        assert_eq!(acks.deadline(), None);
    }

    #[test]
    fn a_result_takes_the_ack_of_its_query_with_it() {
        let mut acks = due(1);
        acks.forget(MsgId(7));
        assert!(!acks.is_empty());
        acks.forget(MsgId(0));
        assert!(acks.is_empty());
        assert_eq!(acks.deadline(), None);
    }
}
