//! Sequence numbers: counting our content-related messages, and judging the order of the peer's.
//!
//! Section: <https://core.telegram.org/mtproto/description#message-sequence-number-msg-seqno>.

use crate::ids::SeqNo;

/// The counter of one side of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SeqNos {
    content_related: u32,
}

impl SeqNos {
    /// The number of the next message: twice the content-related messages before, plus one if it is one itself.
    pub(super) fn next(&mut self, content_related: bool) -> SeqNo {
        let twice = self.content_related.wrapping_mul(2) & 0x7fff_fffe;
        if content_related {
            self.content_related = self.content_related.wrapping_add(1);
        }
        SeqNo((twice | u32::from(content_related)).cast_signed())
    }

    /// Moves the counter on by `messages`, after the peer called our numbers too low.
    pub(super) fn jump(&mut self, messages: u32) {
        self.content_related = self.content_related.wrapping_add(messages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn se_19_the_number_counts_content_related_messages() {
        let mut seq = SeqNos::default();
        let kinds = [false, true, true, false, true, false, false];
        let numbers: std::vec::Vec<i32> =
            kinds.iter().map(|&content| seq.next(content).0).collect();
        assert_eq!(numbers, [0, 1, 3, 4, 5, 6, 6]);
    }

    #[test]
    fn sv_28_the_number_never_becomes_negative() {
        let mut seq = SeqNos {
            content_related: 0x3fff_ffff,
        };
        assert_eq!(seq.next(true).0, 0x7fff_ffff);
        assert_eq!(seq.next(true).0, 1);
        let mut seq = SeqNos {
            content_related: u32::MAX,
        };
        assert!(seq.next(true).0 > 0);
        assert_eq!(seq.next(false).0, 0);
    }
}
