//! Messages that wait for their date.
//!
//! <https://core.telegram.org/api/scheduled-messages>

use std::collections::BTreeMap;

use super::ids::{PeerId, UserId};
use crate::posting::Draft;

/// The `schedule_date` of a message that waits until its receiver is online.
pub(crate) const WHEN_ONLINE: i32 = 0x7fff_fffe;

/// Who sees a list of waiting messages: its author, or in a broadcast channel all administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shelf {
    pub(crate) owner: Option<UserId>,
    pub(crate) peer: PeerId,
}

/// One waiting message.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// Unix seconds, or [`WHEN_ONLINE`].
    pub(crate) due: i32,
    pub(crate) draft: Draft,
}

/// The waiting messages of one shelf, by ids of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelved {
    last_id: i32,
    pub(crate) waiting: BTreeMap<i32, Waiting>,
}

impl Shelved {
    /// Adds a message and gives it the next id.
    pub(crate) fn add(&mut self, waiting: Waiting) -> i32 {
        self.last_id = self.last_id.saturating_add(1);
        self.waiting.insert(self.last_id, waiting);
        self.last_id
    }
}

/// All shelves.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    pub(crate) shelves: BTreeMap<Shelf, Shelved>,
}

impl Schedule {
    /// The earliest date of all; messages that wait for somebody have none.
    pub(crate) fn next(&self) -> Option<i32> {
        let waiting = self.shelves.values().flat_map(|s| s.waiting.values());
        waiting
            .map(|waiting| waiting.due)
            .filter(|due| *due != WHEN_ONLINE)
            .min()
    }

    /// Shelves and ids of the messages for which `is_due` holds, in the order of their dates.
    pub(crate) fn due(&self, is_due: impl Fn(&Shelf, &Waiting) -> bool) -> Vec<(Shelf, i32)> {
        let mut due: Vec<(i32, Shelf, i32)> = Vec::new();
        for (shelf, shelved) in &self.shelves {
            for (id, waiting) in &shelved.waiting {
                if is_due(shelf, waiting) {
                    due.push((waiting.due, *shelf, *id));
                }
            }
        }
        due.sort_unstable();
        due.into_iter().map(|(_, shelf, id)| (shelf, id)).collect()
    }
}
