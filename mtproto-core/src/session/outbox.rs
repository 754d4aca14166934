//! What waits to be sent: new messages without an identifier, and old ones that go out once more.

use alloc::collections::{BTreeSet, VecDeque};

use super::sent::{Kind, Message};
use crate::ids::MsgId;

/// Something that waits for a stream.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A message that gets its identifier when it leaves.
    New(Message),
    /// A message whose identifier is settled, because its body depends on it.
    Numbered(MsgId, Message),
    /// A kept message that leaves again under its own identifier, always inside a container.
    Again(MsgId),
}

impl Waiting {
    /// What the message is, if it did not leave before.
    const fn new_kind(&self) -> Option<&Kind> {
        match self {
            Self::New(message) | Self::Numbered(_, message) => Some(&message.kind),
            Self::Again(_) => None,
        }
    }
}

/// The queue of a session.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Waiting>,
    /// The identifiers among `queue`.
    again: BTreeSet<MsgId>,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn push(&mut self, message: Message) {
        self.queue.push_back(Waiting::New(message));
    }

    /// Lets `message` leave under `id`, which must be above all identifiers in use.
    pub(super) fn push_numbered(&mut self, id: MsgId, message: Message) {
        self.queue.push_front(Waiting::Numbered(id, message));
    }

    /// Puts `message` in front of everything that waits, but for queries older than it: one that comes after others must
    /// not leave before them.
    pub(super) fn push_front(&mut self, message: Message) {
        let at = match message.kind {
            Kind::Query(query) => {
                let older = |waiting: &Waiting| matches!(waiting.new_kind(), Some(Kind::Query(other)) if *other < query);
                let last = self.queue.iter().rposition(older);
                last.map_or(0, |at| at.saturating_add(1))
            }
            _ => 0,
        };
        self.queue.insert(at, Waiting::New(message));
    }

    /// Lets `id` leave again, once.
    pub(super) fn push_again(&mut self, id: MsgId) {
        if self.again.insert(id) {
            self.queue.push_back(Waiting::Again(id));
        }
    }

    /// Lets `ids` leave again before everything that waits, in their order.
    pub(super) fn push_again_first(&mut self, ids: &[MsgId]) {
        for id in ids.iter().rev() {
            if self.again.insert(*id) {
                self.queue.push_front(Waiting::Again(*id));
            }
        }
    }

    pub(super) fn front(&self) -> Option<&Waiting> {
        self.queue.front()
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let first = self.queue.pop_front()?;
        if let Waiting::Again(id) = &first {
            self.again.remove(id);
        }
        Some(first)
    }

    /// Removes new messages for which `drop` says so; returns how many.
    pub(super) fn discard(&mut self, mut drop: impl FnMut(&Kind) -> bool) -> usize {
        let before = self.queue.len();
        self.queue
            .retain(|waiting| !waiting.new_kind().is_some_and(&mut drop));
        before.saturating_sub(self.queue.len())
    }

    /// Removes the oldest new message for which `which` says so.
    pub(super) fn evict(&mut self, which: impl Fn(&Kind) -> bool) -> bool {
        let found = self
            .queue
            .iter()
            .position(|waiting| waiting.new_kind().is_some_and(&which));
        found.and_then(|at| self.queue.remove(at)).is_some()
    }

    /// Forgets which old messages were to leave again.
    pub(super) fn forget_again(&mut self) {
        self.again.clear();
        self.queue.retain(|waiting| waiting.new_kind().is_some());
    }
}
