//! The deadlines of an endpoint, in the order of time.

use alloc::collections::BTreeSet;

use super::event::{ConnectionId, SessionKey};
use crate::time::Instant;

/// Whose deadline it is. Each has one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Connection(ConnectionId),
    Session(SessionKey),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Instant, Owner)>,
}

impl Timers {
    /// Moves the deadline of `owner` from `old` to `new`.
    pub(super) fn reschedule(&mut self, owner: Owner, old: Option<Instant>, new: Option<Instant>) {
        if old != new {
            if let Some(at) = old {
                self.queue.remove(&(at, owner));
            }
            self.queue.extend(new.map(|at| (at, owner)));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes an owner whose deadline has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Owner> {
        let (at, owner) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        Some(owner)
    }
}
