//! Memory of what proves itself once.

use alloc::collections::{BTreeSet, VecDeque};

/// Remembers the first bytes of streams, so that a recorded stream proves nothing a second time.
///
/// Who probes a proxy replays a stream that they have recorded; without this memory the proxy would answer it.
/// The memory is bounded: the oldest entry gives way.
#[derive(Debug, Default)]
pub struct ReplayGuard {
    capacity: usize,
    seen: BTreeSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl ReplayGuard {
    /// A guard that remembers `capacity` streams, 64 bytes each; with zero it lets everything pass.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            seen: BTreeSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether `mark`, 32 random bytes of a stream, has not been seen. It has been from now on.
    pub fn admit(&mut self, mark: [u8; 32]) -> bool {
        if self.capacity == 0 {
            return true;
        }
        if !self.seen.insert(mark) {
            return false;
        }
        if self.order.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(mark);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_mark_gives_way() {
        let mut guard = ReplayGuard::new(2);
        assert!(guard.admit([1; 32]));
        assert!(guard.admit([2; 32]));
        assert!(!guard.admit([1; 32]));
        assert!(guard.admit([3; 32]));
        assert!(guard.admit([1; 32]));
        assert!(!guard.admit([3; 32]));
        assert_eq!(guard.order.len(), 2);
        assert_eq!(guard.seen.len(), 2);
    }
}
