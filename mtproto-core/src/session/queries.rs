//! The client's queries: a stable name for each, whatever message identifiers it travels under.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use super::QueryId;
use crate::ids::MsgId;
use crate::time::Instant;

/// Former identifiers of queries that are remembered, because an answer to one of them may still come.
const FORMER: usize = 256;

#[derive(Debug, Default)]
struct Query {
    current: Option<MsgId>,
    deadline: Option<Instant>,
    is_acked: bool,
}

/// The queries of a session that have not ended.
#[derive(Debug, Default)]
pub(super) struct Queries {
    open: BTreeMap<QueryId, Query>,
    by_msg_id: BTreeMap<MsgId, QueryId>,
    former: VecDeque<(MsgId, QueryId)>,
    deadlines: BTreeSet<(Instant, QueryId)>,
    last: u64,
}

impl Queries {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn contains(&self, id: QueryId) -> bool {
        self.open.contains_key(&id)
    }

    /// Whether there is, or was, such a query.
    pub(super) const fn is_known(&self, id: QueryId) -> bool {
        id.0 != 0 && id.0 <= self.last
    }

    /// The message that `id` travels as; `None` if it has ended or has not left.
    pub(super) fn current(&self, id: QueryId) -> Option<MsgId> {
        self.open.get(&id)?.current
    }

    /// A new query, which ends at `deadline` if nothing comes.
    pub(super) fn open(&mut self, deadline: Option<Instant>) -> QueryId {
        self.last = self.last.wrapping_add(1);
        let id = QueryId(self.last);
        let query = Query {
            current: None,
            deadline,
            is_acked: false,
        };
        self.open.insert(id, query);
        self.deadlines.extend(deadline.map(|at| (at, id)));
        id
    }

    /// Notes that the server has `id`; returns whether that was new.
    pub(super) fn ack(&mut self, id: QueryId) -> bool {
        self.open
            .get_mut(&id)
            .is_some_and(|query| !core::mem::replace(&mut query.is_acked, true))
    }

    /// Notes that `id` left as message `msg_id`.
    pub(super) fn sent(&mut self, id: QueryId, msg_id: MsgId) {
        self.unsent(id);
        if let Some(query) = self.open.get_mut(&id) {
            query.current = Some(msg_id);
            self.by_msg_id.insert(msg_id, id);
        }
    }

    /// Notes that the message of `id` does not count any more, though an answer to it would.
    pub(super) fn unsent(&mut self, id: QueryId) {
        let former = self
            .open
            .get_mut(&id)
            .and_then(|query| query.current.take());
        if let Some(msg_id) = former {
            self.by_msg_id.remove(&msg_id);
            if self.former.len() >= FORMER {
                self.former.pop_front();
            }
            self.former.push_back((msg_id, id));
        }
    }

    /// The open query that left as `msg_id`, now or formerly.
    pub(super) fn find(&self, msg_id: MsgId) -> Option<QueryId> {
        let former = || {
            let entry = self.former.iter().find(|entry| entry.0 == msg_id)?;
            self.contains(entry.1).then_some(entry.1)
        };
        self.by_msg_id.get(&msg_id).copied().or_else(former)
    }

    /// Ends `id`, once; returns the message that it travelled as, if it left.
    pub(super) fn close(&mut self, id: QueryId) -> Option<Option<MsgId>> {
        let query = self.open.remove(&id)?;
        if let Some(msg_id) = query.current {
            self.by_msg_id.remove(&msg_id);
        }
        if let Some(at) = query.deadline {
            self.deadlines.remove(&(at, id));
        }
        Some(query.current)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// A query whose time is over.
    pub(super) fn overdue(&self, now: Instant) -> Option<QueryId> {
        let (at, id) = self.deadlines.first()?;
        (*at <= now).then_some(*id)
    }

    /// All open queries, oldest first.
    pub(super) fn ids(&self) -> impl Iterator<Item = QueryId> {
        self.open.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rp_02_a_query_ends_once_though_answers_come_to_two_of_its_messages() {
        let mut queries = Queries::default();
        let id = queries.open(None);
        queries.sent(id, MsgId(4));
        queries.sent(id, MsgId(8));
        assert_eq!(queries.find(MsgId(4)), Some(id));
        assert_eq!(queries.find(MsgId(8)), Some(id));
        assert_eq!(queries.close(id), Some(Some(MsgId(8))));
        assert_eq!(queries.close(id), None);
        assert_eq!(queries.find(MsgId(4)), None);
        assert_eq!(queries.find(MsgId(8)), None);
    }

    #[test]
    fn deadlines_come_in_order_and_go_with_their_query() {
        let mut queries = Queries::default();
        let late = queries.open(Some(Instant::from_millis(20)));
        let early = queries.open(Some(Instant::from_millis(10)));
        assert_eq!(queries.next_deadline(), Some(Instant::from_millis(10)));
        assert_eq!(queries.overdue(Instant::from_millis(9)), None);
        assert_eq!(queries.overdue(Instant::from_millis(10)), Some(early));
        queries.close(early);
        assert_eq!(queries.next_deadline(), Some(Instant::from_millis(20)));
        queries.close(late);
        assert_eq!(queries.next_deadline(), None);
    }
}
