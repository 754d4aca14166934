//! Questions to bots that wait for the bot's answer: presses of inline buttons, and inline queries.
//!
//! <https://core.telegram.org/api/bots/buttons#callback-queries>

use std::collections::BTreeMap;

use crate::model::ids::UserId;

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A button was pressed.
    Callback,
    /// An inline query of an account.
    Inline { user: UserId, query: String },
}

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The bot that shall answer.
    pub(crate) bot: UserId,
    /// Unix seconds after which whoever asked was told that nobody answered.
    pub(crate) until: i64,
    pub(crate) asked: Asked,
}

/// Seconds that a bot has for its answer.
pub(crate) const PATIENCE: i64 = 10;

/// Questions that wait at once in the whole world.
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

    /// Closes the query of `bot`, once, if it is of the right kind.
    pub(crate) fn close(
        &mut self,
        query_id: i64,
        bot: UserId,
        now: i64,
        is_kind: impl Fn(&Asked) -> bool,
    ) -> Option<Query> {
        let query = self.open.get(&query_id)?;
        if query.bot != bot || query.until <= now || !is_kind(&query.asked) {
            return None;
        }
        self.open.remove(&query_id)
    }
}
