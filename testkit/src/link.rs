//! A fake TCP connection: two directions that deliver bytes in order, late, and in pieces.

use std::collections::VecDeque;

use mtproto_core::random::{self, SecureRandom};
use mtproto_core::time::{Duration, Instant};

use crate::SeededRandom;

/// How bytes are cut into the pieces that arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// As they were sent.
    Whole,
    /// Into pieces of this many bytes.
    Every(usize),
    /// Into pieces of 1 to this many bytes, by the link's randomness.
    Random(usize),
}

/// One direction of a link.
#[derive(Debug, Default)]
struct Direction {
    in_flight: VecDeque<(Instant, Vec<u8>)>,
}

/// A fake TCP connection.
#[derive(Debug)]
pub struct Link {
    latency: Duration,
    split: Split,
    random: SeededRandom,
    to_server: Direction,
    to_client: Direction,
    /// Bytes that may still be sent in both directions together before the link is cut.
    budget: Option<usize>,
}

impl Link {
    pub(crate) fn new(latency: Duration, split: Split, random: SeededRandom) -> Self {
        Self {
            latency,
            split,
            random,
            to_server: Direction::default(),
            to_client: Direction::default(),
            budget: None,
        }
    }

    /// Cuts the link after this many more bytes, or earlier if that was settled before.
    pub(crate) fn cut_after(&mut self, bytes: usize) {
        self.budget = Some(self.budget.map_or(bytes, |budget| budget.min(bytes)));
    }

    /// Whether the link is cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.budget == Some(0)
    }

    /// A link like this one, new and empty.
    pub(crate) fn renew(&mut self) {
        self.to_server.in_flight.clear();
        self.to_client.in_flight.clear();
        self.budget = None;
    }

    pub(crate) fn send_to_server(&mut self, now: Instant, bytes: &[u8]) {
        let pieces = self.pieces(now, bytes);
        self.to_server.in_flight.extend(pieces);
    }

    pub(crate) fn send_to_client(&mut self, now: Instant, bytes: &[u8]) {
        let pieces = self.pieces(now, bytes);
        self.to_client.in_flight.extend(pieces);
    }

    fn pieces(&mut self, now: Instant, bytes: &[u8]) -> Vec<(Instant, Vec<u8>)> {
        let mut rest = bytes;
        if let Some(budget) = &mut self.budget {
            rest = &rest[..rest.len().min(*budget)];
            *budget -= rest.len();
        }
        let at = now.saturating_add(self.latency);
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let len = match self.split {
                Split::Whole => rest.len(),
                Split::Every(len) => len,
                Split::Random(most) => {
                    let [byte] = random::bytes(&mut self.random as &mut dyn SecureRandom);
                    1 + usize::from(byte) % most
                }
            };
            let (piece, later) = rest.split_at(len.clamp(1, rest.len()));
            pieces.push((at, piece.to_vec()));
            rest = later;
        }
        pieces
    }

    /// When the next piece arrives on either side.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        let first = |direction: &Direction| direction.in_flight.front().map(|(at, _)| *at);
        first(&self.to_server)
            .into_iter()
            .chain(first(&self.to_client))
            .min()
    }

    pub(crate) fn arrive_at_server(&mut self, now: Instant) -> Option<Vec<u8>> {
        arrive(&mut self.to_server, now)
    }

    pub(crate) fn arrive_at_client(&mut self, now: Instant) -> Option<Vec<u8>> {
        arrive(&mut self.to_client, now)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.to_server.in_flight.is_empty() && self.to_client.in_flight.is_empty()
    }
}

fn arrive(direction: &mut Direction, now: Instant) -> Option<Vec<u8>> {
    let (at, _) = direction.in_flight.front()?;
    (*at <= now)
        .then(|| direction.in_flight.pop_front())
        .flatten()
        .map(|(_, piece)| piece)
}
