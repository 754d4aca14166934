//! RPC queries that may still be answered.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use mtproto_core::ids::{AuthKeyId, MsgId, SessionId};

use crate::record::{At, ConnId};

/// Queries remembered over all sessions; the oldest give way.
const MAX_QUERIES: usize = 65_536;

/// What a query is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct QueryId {
    pub(super) key: AuthKeyId,
    pub(super) session: SessionId,
    pub(super) msg_id: MsgId,
}

/// A query, or a service message that is answered.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) method: Cow<'static, str>,
    /// Whether it is an RPC query and no service message.
    pub(super) is_rpc: bool,
    /// Whether it was wrapped in `initConnection`.
    pub(super) is_init: bool,
    pub(super) conn: ConnId,
    pub(super) at: At,
    /// Whether an answer was seen; another may still come.
    pub(super) answered: bool,
}

/// Queries by session and message identifier.
#[derive(Debug, Default)]
pub(super) struct Queries {
    open: HashMap<QueryId, Query>,
    /// In the order in which they were sent.
    order: VecDeque<QueryId>,
}

impl Queries {
    pub(super) fn sent(&mut self, id: QueryId, query: Query) {
        // A resend under the same identifier is the same query.
        if self.open.contains_key(&id) {
            return;
        }
        if self.order.len() >= MAX_QUERIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.open.remove(&oldest);
        }
        self.open.insert(id, query);
        self.order.push_back(id);
    }

    pub(super) fn get(&self, id: &QueryId) -> Option<&Query> {
        self.open.get(id)
    }

    /// Notes an answer; whether it is the first one to a known RPC query.
    pub(super) fn answered(&mut self, id: &QueryId) -> bool {
        self.open
            .get_mut(id)
            .is_some_and(|query| !std::mem::replace(&mut query.answered, true) && query.is_rpc)
    }
}

impl Query {
    /// Time from this query to `now`; the clock of a capture may be set back.
    pub(super) fn age(&self, now: &At) -> Duration {
        Duration::from_nanos(now.time.as_nanos().saturating_sub(self.at.time.as_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_queries_give_way() {
        let mut queries = Queries::default();
        let id = |n| QueryId {
            key: AuthKeyId([1; 8]),
            session: SessionId(1),
            msg_id: MsgId(n),
        };
        let query = Query {
            method: "f".into(),
            is_rpc: true,
            is_init: false,
            conn: ConnId(1),
            at: At::default(),
            answered: false,
        };
        for n in 0..=MAX_QUERIES as i64 {
            queries.sent(id(n), query.clone());
            queries.sent(id(n), query.clone());
        }
        assert!(queries.get(&id(0)).is_none());
        assert!(queries.answered(&id(1)));
        assert!(!queries.answered(&id(1)), "only the first answer counts");
        assert_eq!(queries.open.len(), MAX_QUERIES);
    }
}
