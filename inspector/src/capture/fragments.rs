//! Fragmented IP datagrams, put together in bounded memory.

use std::collections::VecDeque;
use std::net::IpAddr;

/// Datagrams under way at once; the oldest gives way.
const MAX_DATAGRAMS: usize = 64;
/// Fragments of one datagram.
const MAX_FRAGMENTS: usize = 1024;
/// The longest datagram that the 16-bit fields can describe.
const MAX_LEN: usize = 65_535;

/// What fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DatagramId {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) identification: u32,
}

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) offset: u16,
    /// Whether others follow behind it.
    pub(super) more: bool,
    pub(super) data: &'a [u8],
}

#[derive(Debug)]
struct Datagram {
    id: DatagramId,
    /// Pieces in order of offset, never overlapping: the first to arrive wins.
    pieces: Vec<(usize, Vec<u8>)>,
    /// Its whole length, once the last fragment is there.
    len: Option<usize>,
}

/// Datagrams whose fragments are still coming in.
#[derive(Debug, Default)]
pub(super) struct FragmentPool {
    datagrams: VecDeque<Datagram>,
}

impl FragmentPool {
    /// Adds a fragment; returns the datagram's payload if it is complete now.
    pub(super) fn add(&mut self, id: DatagramId, fragment: Fragment<'_>) -> Option<Vec<u8>> {
        let end = usize::from(fragment.offset) + fragment.data.len();
        if end > MAX_LEN {
            return None;
        }
        let at = self
            .datagrams
            .iter()
            .position(|datagram| datagram.id == id)
            .unwrap_or_else(|| {
                if self.datagrams.len() == MAX_DATAGRAMS {
                    self.datagrams.pop_front();
                }
                self.datagrams.push_back(Datagram {
                    id,
                    pieces: Vec::new(),
                    len: None,
                });
                self.datagrams.len() - 1
            });
        let datagram = &mut self.datagrams[at];
        if !fragment.more {
            datagram.len.get_or_insert(end);
        }
        datagram.insert(usize::from(fragment.offset), fragment.data);
        if !datagram.is_complete() {
            return None;
        }
        let datagram = self.datagrams.remove(at)?;
        let mut payload: Vec<u8> = datagram
            .pieces
            .into_iter()
            .flat_map(|(_, data)| data)
            .collect();
        payload.truncate(datagram.len.unwrap_or(usize::MAX));
        Some(payload)
    }
}

impl Datagram {
    /// Inserts the parts of `data` that no earlier piece covers.
    fn insert(&mut self, mut offset: usize, mut data: &[u8]) {
        let mut at = 0;
        while !data.is_empty() && self.pieces.len() < MAX_FRAGMENTS {
            let Some((start, piece)) = self.pieces.get(at) else {
                self.pieces.push((offset, data.to_vec()));
                return;
            };
            let end = start + piece.len();
            if offset < *start {
                let free = data.len().min(start - offset);
                let (before, rest) = data.split_at(free);
                self.pieces.insert(at, (offset, before.to_vec()));
                (offset, data) = (offset + free, rest);
            } else if offset < end {
                let covered = data.len().min(end - offset);
                (offset, data) = (offset + covered, &data[covered..]);
            }
            at += 1;
        }
    }

    fn is_complete(&self) -> bool {
        let mut reached = 0;
        for (offset, data) in &self.pieces {
            if *offset > reached {
                return false;
            }
            reached = offset + data.len();
        }
        self.len.is_some_and(|len| reached >= len)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn id(identification: u32) -> DatagramId {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        DatagramId {
            from: host,
            to: host,
            identification,
        }
    }

    #[test]
    fn fragments_in_any_order_make_the_datagram() {
        let whole: Vec<u8> = (0..24).collect();
        let pieces = [(0, true), (8, true), (16, false)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut pool = FragmentPool::default();
            let mut done = None;
            for (n, piece) in order.into_iter().enumerate() {
                let (offset, more) = pieces[piece];
                let data = &whole[usize::from(offset)..usize::from(offset) + 8];
                // A duplicate changes nothing.
                for _ in 0..=n.min(1) {
                    let complete = pool.add(id(1), Fragment { offset, more, data });
                    done = done.or(complete);
                }
            }
            assert_eq!(done.as_deref(), Some(&whole[..]), "order {order:?}");
        }
    }

    #[test]
    fn the_first_of_overlapping_fragments_wins() {
        let mut pool = FragmentPool::default();
        let add = |pool: &mut FragmentPool, offset, more, data: &[u8]| {
            pool.add(id(1), Fragment { offset, more, data })
        };
        assert_eq!(add(&mut pool, 8, true, &[1; 8]), None);
        assert_eq!(add(&mut pool, 16, false, &[3; 4]), None);
        let whole = add(&mut pool, 0, true, &[2; 24]).unwrap();
        assert_eq!(whole, [&[2; 8][..], &[1; 8], &[3; 4]].concat());
    }

    #[test]
    fn endless_first_fragments_cost_bounded_memory() {
        let mut pool = FragmentPool::default();
        for n in 0..10_000 {
            pool.add(
                id(n),
                Fragment {
                    offset: 0,
                    more: true,
                    data: &[0; 8],
                },
            );
        }
        assert_eq!(pool.datagrams.len(), MAX_DATAGRAMS);
        for n in 0..10_000 {
            pool.add(
                id(1),
                Fragment {
                    offset: (n % 4096) * 16,
                    more: true,
                    data: &[0; 8],
                },
            );
        }
        assert!(
            pool.datagrams
                .iter()
                .all(|datagram| datagram.pieces.len() <= MAX_FRAGMENTS)
        );
    }
}
