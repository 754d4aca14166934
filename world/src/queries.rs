//! Questions to bots that wait for the bot's answer: presses of inline buttons.
//!
//! <https://core.telegram.org/api/bots/buttons#callback-queries>

use std::collections::BTreeMap;

use crate::model::ids::UserId;

/// One press of a button.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The bot that shall answer.
    pub(crate) bot: UserId,
    /// Unix seconds after which the presser was told that nobody answered.
    pub(crate) until: i64,
}

/// Seconds that a bot has for its answer.
pub(crate) const PATIENCE: i64 = 10;

/// Presses that wait at once in the whole world.
const MAX_OPEN: usize = 10_000;

/// Open queries by `query_id`.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    open: BTreeMap<i64, Query>,
}

impl Queries {
    /// Opens a query; `false` when too many wait.
    pub(crate) fn open(&mut self, query_id: i64, query: Query, now: i64) -> bool {
        self.open.retain(|_, query| query.until > now);
        if self.open.len() >= MAX_OPEN {
            return false;
        }
        self.open.insert(query_id, query);
        true
    }

    /// Closes the query of `bot`, once.
    pub(crate) fn close(&mut self, query_id: i64, bot: UserId, now: i64) -> Option<Query> {
        let query = self.open.get(&query_id)?;
        if query.bot != bot || query.until <= now {
            return None;
        }
        self.open.remove(&query_id)
    }
}
