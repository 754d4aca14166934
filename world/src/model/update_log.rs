//! The sequence of changes of one box: its `pts` and the changes that led to it.
//!
//! <https://core.telegram.org/api/updates>

use std::collections::VecDeque;

use super::ids::PeerId;

/// One change of a box or channel that counts in `pts`.
///
/// Changes name messages by id; what the message looks like is read when the change is told, so that a late reader sees the present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    NewMessage(i32),
    EditMessage(i32),
    DeleteMessages(Vec<i32>),
    ReadInbox {
        peer: PeerId,
        max_id: i32,
        still_unread: i32,
    },
    ReadOutbox {
        peer: PeerId,
        max_id: i32,
    },
    /// Media of these messages was opened.
    ReadContents(Vec<i32>),
    Pinned {
        peer: PeerId,
        ids: Vec<i32>,
        pinned: bool,
    },
}

impl Change {
    /// By how much the change moves `pts`.
    fn pts_count(&self) -> i32 {
        match self {
            Self::DeleteMessages(ids) | Self::ReadContents(ids) | Self::Pinned { ids, .. } => {
                i32::try_from(ids.len()).unwrap_or(i32::MAX).max(1)
            }
            _ => 1,
        }
    }
}

/// A change with its place in the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    /// `pts` after the change.
    pub(crate) pts: i32,
    /// By how much the change moved `pts`.
    pub(crate) pts_count: i32,
    pub(crate) change: Change,
}

/// Changes after some `pts`, as far as they are still known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Since<'a> {
    /// The `pts` is the present one.
    Nothing,
    /// These changes, oldest first; `complete` unless the limit cut them.
    Changes {
        entries: Vec<&'a Logged>,
        complete: bool,
    },
    /// The log does not reach back so far, or the `pts` was never given out.
    Lost,
}

/// `pts` and the newest changes.
#[derive(Clone, Debug)]
pub(crate) struct UpdateLog {
    pts: i32,
    entries: VecDeque<Logged>,
    capacity: usize,
}

impl UpdateLog {
    /// An empty log that keeps `capacity` changes. Real accounts never have `pts` 0, so it starts with 1.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            pts: 1,
            entries: VecDeque::new(),
            capacity: capacity.max(1),
        }
    }

    pub(crate) fn pts(&self) -> i32 {
        self.pts
    }

    /// Adds a change and gives its place.
    pub(crate) fn push(&mut self, change: Change) -> Logged {
        let pts_count = change.pts_count();
        self.pts = self.pts.saturating_add(pts_count);
        let logged = Logged {
            pts: self.pts,
            pts_count,
            change,
        };
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(logged.clone());
        logged
    }

    /// At most `limit` changes after `pts`.
    pub(crate) fn since(&self, pts: i32, limit: usize) -> Since<'_> {
        if pts == self.pts {
            return Since::Nothing;
        }
        let oldest = self
            .entries
            .front()
            .map_or(self.pts, |entry| entry.pts.saturating_sub(entry.pts_count));
        if pts > self.pts || pts < oldest {
            return Since::Lost;
        }
        let start = self.entries.partition_point(|entry| entry.pts <= pts);
        let entries: Vec<_> = self.entries.range(start..).take(limit.max(1)).collect();
        let complete = start.saturating_add(entries.len()) == self.entries.len();
        Since::Changes { entries, complete }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Since, UpdateLog};

    #[test]
    fn pts_moves_by_the_size_of_the_change() {
        let mut log = UpdateLog::new(10);
        assert_eq!(log.pts(), 1);
        assert_eq!(log.push(Change::NewMessage(1)).pts, 2);
        let deleted = log.push(Change::DeleteMessages(vec![1, 2, 3]));
        assert_eq!((deleted.pts, deleted.pts_count), (5, 3));
        assert_eq!(log.pts(), 5);
    }

    #[test]
    fn changes_after_a_pts_come_in_order_and_in_slices() {
        let mut log = UpdateLog::new(10);
        for id in 1..=4 {
            log.push(Change::NewMessage(id));
        }
        assert_eq!(log.since(5, 10), Since::Nothing);
        let Since::Changes { entries, complete } = log.since(2, 2) else {
            panic!("there are changes");
        };
        assert_eq!(entries.iter().map(|e| e.pts).collect::<Vec<_>>(), [3, 4]);
        assert!(!complete);
        let Since::Changes { entries, complete } = log.since(4, 2) else {
            panic!("there are changes");
        };
        assert_eq!(entries.len(), 1);
        assert!(complete);
    }

    #[test]
    fn a_forgotten_or_invented_pts_is_lost() {
        let mut log = UpdateLog::new(2);
        for id in 1..=4 {
            log.push(Change::NewMessage(id));
        }
        assert_eq!(log.since(2, 10), Since::Lost);
        assert_eq!(log.since(6, 10), Since::Lost);
        assert!(matches!(log.since(3, 10), Since::Changes { .. }));
    }
}
