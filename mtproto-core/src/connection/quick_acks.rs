//! Quick acknowledgements that a client waits for.
//!
//! Section: <https://core.telegram.org/mtproto/mtproto-transports#quick-ack>.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::session::QueryId;

/// Tokens remembered; a quick acknowledgement that comes later than that many is of no use.
const MAX_TOKENS: usize = 256;

#[derive(Debug, Default)]
pub(super) struct QuickAcks {
    expected: VecDeque<(u32, Vec<QueryId>)>,
}

impl QuickAcks {
    /// Expects `token` for the message that carried these queries.
    pub(super) fn expect(&mut self, token: u32, queries: Vec<QueryId>) {
        if self.expected.len() >= MAX_TOKENS {
            self.expected.pop_front();
        }
        self.expected.push_back((token, queries));
    }

    /// The queries that `token` acknowledges, once.
    pub(super) fn take(&mut self, token: u32) -> Option<Vec<QueryId>> {
        let at = self.expected.iter().position(|entry| entry.0 == token)?;
        self.expected.remove(at).map(|(_, queries)| queries)
    }

    pub(super) fn clear(&mut self) {
        self.expected.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tr_26_a_token_counts_once_and_an_unknown_one_never() {
        let mut acks = QuickAcks::default();
        acks.expect(7, [QueryId(1)].to_vec());
        assert_eq!(acks.take(8), None);
        assert_eq!(acks.take(7), Some([QueryId(1)].to_vec()));
        assert_eq!(acks.take(7), None);
    }
}
