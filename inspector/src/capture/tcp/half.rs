//! One direction of a connection: sequence numbers, holes, the bytes that wait behind them.

use std::collections::BTreeMap;

use mtproto_core::time::UnixTime;

use super::super::ip::Segment;
use super::{ACKED_HOLE_PATIENCE, At, ConnId, Direction, HOLE_PATIENCE, TcpEvent};

/// Out-of-order bytes kept per direction; more, and the hole before them is given up.
pub(super) const MAX_PENDING: usize = 1024 * 1024;
/// Bookkeeping counted for each waiting piece, so that tiny pieces cannot cost more than they count.
const PIECE_COST: usize = 64;
/// Bytes already handed out that are kept to compare retransmissions with, and up to four times as many.
const HISTORY: usize = 1024;
/// A segment further ahead than this is not of this connection. Above any real window.
const MAX_AHEAD: i64 = 64 * 1024 * 1024;

/// Where events go, with what they have in common.
pub(super) struct Out<'s> {
    pub(super) conn: ConnId,
    pub(super) direction: Direction,
    pub(super) at: At,
    pub(super) sink: &'s mut dyn FnMut(TcpEvent<'_>),
}

impl Out<'_> {
    fn data(&mut self, bytes: &[u8], at: At) {
        let (conn, direction) = (self.conn, self.direction);
        (self.sink)(TcpEvent::Data {
            conn,
            direction,
            at,
            bytes,
        });
    }

    fn gap(&mut self, bytes: u64) {
        let (conn, direction, at) = (self.conn, self.direction, self.at);
        (self.sink)(TcpEvent::Gap {
            conn,
            direction,
            at,
            bytes,
        });
    }

    fn differs(&mut self) {
        let (conn, direction, at) = (self.conn, self.direction, self.at);
        (self.sink)(TcpEvent::Differs {
            conn,
            direction,
            at,
        });
    }
}

/// A run of bytes that waits for those before it.
#[derive(Debug)]
struct Piece {
    content: Content,
    at: At,
}

#[derive(Debug)]
enum Content {
    Captured(Vec<u8>),
    /// The segment had these bytes, the capture has them not.
    Cut(u64),
}

impl Piece {
    const fn len(&self) -> u64 {
        match &self.content {
            Content::Captured(bytes) => bytes.len() as u64,
            Content::Cut(len) => *len,
        }
    }

    const fn cost(&self) -> usize {
        match &self.content {
            Content::Captured(bytes) => bytes.len() + PIECE_COST,
            Content::Cut(_) => PIECE_COST,
        }
    }
}

/// State of one direction.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Sequence number of the SYN.
    isn: Option<u32>,
    /// Sequence number of the next byte to hand out.
    next_seq: Option<u32>,
    /// Position of that byte in the stream, gaps counted.
    next: u64,
    /// Whether anything was handed out.
    any_data: bool,
    /// Pieces beyond `next`, by position, never overlapping.
    pending: BTreeMap<u64, Piece>,
    pending_bytes: usize,
    /// When the hole before the pending pieces was noticed.
    hole_since: Option<UnixTime>,
    /// The position behind the last byte, once FIN was seen.
    fin: Option<u64>,
    /// The position up to which the other end has everything.
    acked: u64,
    /// The last bytes handed out.
    history: Vec<u8>,
}

impl Half {
    pub(super) const fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    pub(super) const fn has_syn(&self) -> bool {
        self.isn.is_some()
    }

    pub(super) fn is_syn(&self, seq: u32) -> bool {
        self.isn == Some(seq)
            // The handshake may stand behind the first data in the file.
            || (self.isn.is_none() && self.any_data && self.first_seq() == Some(seq.wrapping_add(1)))
    }

    pub(super) const fn has_data(&self) -> bool {
        self.any_data || self.pending_bytes > 0
    }

    fn first_seq(&self) -> Option<u32> {
        self.next_seq
            .map(|next| next.wrapping_sub(self.next as u32))
    }

    /// Learns the initial sequence number.
    pub(super) fn start(&mut self, isn: u32) {
        if self.isn.is_none() {
            self.isn = Some(isn);
            if !self.has_data() {
                self.next_seq = Some(isn.wrapping_add(1));
            }
        }
    }

    /// Position of a sequence number; negative before the start of the stream.
    fn position(&self, seq: u32) -> Option<i64> {
        let distance = seq.wrapping_sub(self.next_seq?).cast_signed();
        Some(i64::try_from(self.next).ok()? + i64::from(distance))
    }

    /// Whether a reset with this number could be meant for this connection.
    pub(super) fn in_window(&self, seq: u32) -> bool {
        let next = i64::try_from(self.next).unwrap_or(i64::MAX);
        self.position(seq)
            .is_none_or(|at| (next - 1..next + MAX_AHEAD).contains(&at))
    }

    /// Learns what the other end has received.
    pub(super) fn acknowledge(&mut self, ack: u32) {
        if self.next_seq.is_none() {
            self.next_seq = Some(ack);
        }
        if let Some(position) = self.position(ack).and_then(|at| u64::try_from(at).ok())
            && position < self.next + MAX_AHEAD as u64
        {
            self.acked = self.acked.max(position);
        }
    }

    /// Takes the payload and the FIN of a segment; returns the bytes that fit nowhere.
    pub(super) fn take(&mut self, segment: &Segment<'_>, at: At, out: &mut Out<'_>) -> u64 {
        // A SYN counts for one; bytes may follow it in the same segment.
        let seq = segment.seq.wrapping_add(u32::from(segment.syn));
        if self.next_seq.is_none() {
            self.next_seq = Some(seq);
        }
        let Some(mut position) = self.position(seq) else {
            return segment.payload.len() as u64;
        };
        let next = i64::try_from(self.next).unwrap_or(i64::MAX);
        if self.isn.is_none() && !self.any_data && (position < 0 || position > next + MAX_AHEAD) {
            // Nothing was handed out yet and the start was only guessed: guess again.
            self.next_seq = Some(seq);
            self.acked = 0;
            position = next;
        }
        if position > next + MAX_AHEAD {
            return segment.payload.len() as u64;
        }
        let payload_end = position + segment.payload.len() as i64;
        let end = payload_end + segment.missing as i64;
        if segment.fin && end >= 0 {
            self.fin.get_or_insert(end as u64);
        }
        let mut bytes = segment.payload;
        if position < next {
            let old = bytes.len().min((next - position) as usize);
            let (seen, new) = bytes.split_at(old);
            // A keep-alive probe repeats the last byte, or sends anything in its place.
            let keep_alive = seen.len() == 1 && new.is_empty() && position + 1 == next;
            if !keep_alive && self.history_differs(position, seen) {
                out.differs();
            }
            bytes = new;
            position = next;
        }
        if self.pending.is_empty() && position == next {
            self.hand_out(bytes, at, out);
        } else if !bytes.is_empty() {
            self.insert(position as u64, bytes, at, out);
        }
        let cut_from = payload_end.max(next);
        if end > cut_from && segment.missing > 0 {
            self.insert_cut(cut_from as u64, (end - cut_from) as u64, at);
        }
        self.drain(out);
        0
    }

    /// Whether `bytes`, handed out before from `position` on, were others.
    fn history_differs(&self, position: i64, bytes: &[u8]) -> bool {
        let history_start = self.next as i64 - self.history.len() as i64;
        let skip = (history_start - position).max(0) as usize;
        let Some(comparable) = bytes.get(skip..) else {
            return false;
        };
        let from = (position + skip as i64 - history_start) as usize;
        self.history
            .get(from..from + comparable.len())
            .is_some_and(|seen| seen != comparable)
    }

    fn hand_out(&mut self, bytes: &[u8], at: At, out: &mut Out<'_>) {
        if bytes.is_empty() {
            return;
        }
        self.advance(bytes.len() as u64);
        if bytes.len() >= HISTORY {
            self.history.clear();
        } else if self.history.len() + bytes.len() > 4 * HISTORY {
            // Seldom, because the rest moves to the front.
            let excess = self.history.len() + bytes.len() - HISTORY;
            self.history.drain(..excess);
        }
        self.history
            .extend_from_slice(&bytes[bytes.len().saturating_sub(HISTORY)..]);
        out.data(bytes, at);
    }

    fn advance(&mut self, by: u64) {
        self.any_data = true;
        self.next += by;
        self.next_seq = self.next_seq.map(|seq| seq.wrapping_add(by as u32));
    }

    /// Keeps bytes that come too early, except those that are there already.
    fn insert(&mut self, mut position: u64, mut bytes: &[u8], at: At, out: &mut Out<'_>) {
        let mut differs = false;
        while !bytes.is_empty() {
            // The piece that covers `position`, or else the next one behind it.
            let before = self.pending.range(..=position).next_back();
            if let Some((start, piece)) = before
                && start + piece.len() > position
            {
                let offset = (position - start) as usize;
                let covered = bytes.len().min((piece.len() as usize) - offset);
                if let Content::Captured(seen) = &piece.content {
                    differs |= seen[offset..offset + covered] != bytes[..covered];
                }
                bytes = &bytes[covered..];
                position += covered as u64;
                continue;
            }
            let behind = self
                .pending
                .range(position..)
                .next()
                .map(|(start, _)| *start);
            let free = behind.map_or(bytes.len(), |start| {
                bytes.len().min((start - position) as usize)
            });
            self.keep(
                position,
                Piece {
                    content: Content::Captured(bytes[..free].to_vec()),
                    at,
                },
            );
            bytes = &bytes[free..];
            position += free as u64;
        }
        if differs {
            out.differs();
        }
    }

    /// Notes bytes that the capture cut off, unless something else stands in their place.
    fn insert_cut(&mut self, position: u64, len: u64, at: At) {
        let end = self
            .pending
            .range(position..)
            .next()
            .map_or(position + len, |(start, _)| (*start).min(position + len));
        let covered = self
            .pending
            .range(..position)
            .next_back()
            .is_some_and(|(start, piece)| start + piece.len() > position);
        if end > position && !covered {
            self.keep(
                position,
                Piece {
                    content: Content::Cut(end - position),
                    at,
                },
            );
        }
    }

    fn keep(&mut self, position: u64, piece: Piece) {
        self.pending_bytes += piece.cost();
        self.hole_since.get_or_insert(piece.at.time);
        self.pending.insert(position, piece);
    }

    /// Hands out the pieces that are next.
    fn drain(&mut self, out: &mut Out<'_>) {
        while let Some(entry) = self.pending.first_entry() {
            if *entry.key() > self.next {
                return;
            }
            let piece = entry.remove();
            self.pending_bytes -= piece.cost();
            match piece.content {
                Content::Captured(bytes) => self.hand_out(&bytes, piece.at, out),
                Content::Cut(len) => self.lose(len, out),
            }
            // What still waits now waits behind another hole.
            self.hole_since = (!self.pending.is_empty()).then_some(out.at.time);
        }
        self.hole_since = None;
    }

    fn lose(&mut self, bytes: u64, out: &mut Out<'_>) {
        self.advance(bytes);
        self.history.clear();
        out.gap(bytes);
    }

    /// Whether the hole before the pending pieces will not be filled any more.
    pub(super) fn gives_up(&self, now: UnixTime, over_budget: bool) -> bool {
        let Some(since) = self.hole_since else {
            return false;
        };
        let age = std::time::Duration::from_nanos(now.as_nanos().saturating_sub(since.as_nanos()));
        over_budget
            || self.pending_bytes > MAX_PENDING
            || age >= HOLE_PATIENCE
            || (self.acked > self.next && age >= ACKED_HOLE_PATIENCE)
    }

    /// Gives up the hole before the first pending piece.
    pub(super) fn skip_hole(&mut self, out: &mut Out<'_>) {
        match self.pending.keys().next() {
            Some(first) if *first > self.next => self.lose(first - self.next, out),
            Some(_) => {}
            None => self.hole_since = None,
        }
        self.drain(out);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.fin.is_some_and(|fin| self.next >= fin)
    }

    /// Hands out everything that waits, then what the other end is known to have but the capture has not.
    pub(super) fn flush(&mut self, out: &mut Out<'_>) {
        while !self.pending.is_empty() {
            self.skip_hole(out);
        }
        let known_end = match self.fin {
            Some(fin) => fin,
            // One more than the bytes: a FIN that was not captured.
            None if self.acked == self.next + 1 => self.next,
            None => self.acked,
        };
        if self.next_seq.is_some()
            && known_end > self.next
            && known_end - self.next < MAX_AHEAD as u64
        {
            self.lose(known_end - self.next, out);
        }
        self.history = Vec::new();
    }
}
