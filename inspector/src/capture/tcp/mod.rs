//! TCP: from segments to the two byte streams of each connection.
//!
//! Segments may come late, twice, overlapping, cut or not at all, and a capture may start in the middle.
//! Of two versions of the same bytes the first counts, and a difference is reported.
//! Memory is bounded: [`MAX_FLOWS`] connections, `half::MAX_PENDING` bytes waiting per direction,
//! [`MAX_PENDING_TOTAL`] in all.

mod half;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use mtproto_core::time::UnixTime;

use super::ip::Segment;
use half::{Half, Out};

/// Connections followed at once; the ones idle longest give way.
pub const MAX_FLOWS: usize = 16 * 1024;
/// Out-of-order bytes kept over all connections.
pub const MAX_PENDING_TOTAL: usize = 32 * 1024 * 1024;
/// A hole that the receiver acknowledged is a loss of the capture; packets may still come in the wrong order for this
/// long.
const ACKED_HOLE_PATIENCE: Duration = Duration::from_millis(200);
/// A hole is given up after this long in any case.
const HOLE_PATIENCE: Duration = Duration::from_secs(10);

/// A connection of the capture, numbered from 1 in the order of appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u32);

/// Which way bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the end that opened the connection.
    ClientToServer,
    /// To the end that opened the connection.
    ServerToClient,
}

/// A place in the capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// When the packet was captured.
    pub time: UnixTime,
    /// Its number in the file, counted from 1.
    pub packet: u64,
}

/// Why a connection ended, as far as the capture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both ends said FIN; this one first.
    Closed {
        /// Who said it first.
        by: Direction,
    },
    /// One end reset the connection.
    Reset {
        /// Who did.
        by: Direction,
    },
    /// A new connection began on the same addresses and ports.
    Reused,
    /// Too many connections at once; this one was idle longest.
    Forgotten,
    /// The capture ends before the connection does.
    CaptureEnds,
}

/// What happens on connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpEvent<'a> {
    /// A connection appears.
    Opened {
        /// Its number.
        conn: ConnId,
        /// The end that opened it; guessed by port if the capture starts later.
        client: SocketAddr,
        /// The other end.
        server: SocketAddr,
        /// Whether the capture has its beginning.
        from_start: bool,
        /// Where.
        at: At,
    },
    /// The next bytes of one direction.
    Data {
        /// The connection.
        conn: ConnId,
        /// Their direction.
        direction: Direction,
        /// The packet that brought them.
        at: At,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes of one direction that the capture does not have.
    Gap {
        /// The connection.
        conn: ConnId,
        /// Their direction.
        direction: Direction,
        /// Where their loss was noticed.
        at: At,
        /// How many.
        bytes: u64,
    },
    /// Bytes were sent again with another content; the first version was used.
    Differs {
        /// The connection.
        conn: ConnId,
        /// Their direction.
        direction: Direction,
        /// The later packet.
        at: At,
    },
    /// The connection ends; nothing follows on it.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Where.
        at: At,
        /// Why.
        end: End,
    },
}

/// Reassembles every TCP connection of a capture.
#[derive(Debug, Default)]
pub struct Reassembler {
    flows: HashMap<(SocketAddr, SocketAddr), Flow>,
    opened: u32,
    /// Out-of-order bytes kept over all flows.
    pending: usize,
    /// Payload bytes that came after the end of their connection or far outside of its window.
    stray: u64,
}

/// Both directions between two sockets; index 0 sends from the smaller address.
#[derive(Debug, Default)]
struct Flow {
    halves: [Half; 2],
    /// Index of the client's half, once known.
    client: Option<usize>,
    conn: Option<ConnId>,
    closed: bool,
    first_fin: Option<usize>,
    last: At,
}

impl Reassembler {
    /// Takes one segment and hands what it brings to `sink`.
    pub fn push(&mut self, segment: &Segment<'_>, at: At, sink: &mut dyn FnMut(TcpEvent<'_>)) {
        let (key, sender) = if segment.from <= segment.to {
            ((segment.from, segment.to), 0)
        } else {
            ((segment.to, segment.from), 1)
        };
        if self.flows.len() >= MAX_FLOWS && !self.flows.contains_key(&key) {
            self.forget_idle(sink);
        }
        let flow = self.flows.entry(key).or_default();
        let pending_before = flow.pending();
        if flow.is_reused_by(segment, sender) {
            flow.end(End::Reused, at, sink);
            *flow = Flow::default();
        }
        flow.last = at;
        if flow.closed {
            self.stray += segment.payload.len() as u64;
        } else {
            let over_budget = self.pending > MAX_PENDING_TOTAL;
            self.stray += flow.push(
                key,
                sender,
                segment,
                at,
                over_budget,
                &mut self.opened,
                sink,
            );
        }
        self.pending = self.pending + flow.pending() - pending_before;
    }

    /// Ends every connection, in the order in which they began.
    pub fn finish(&mut self, sink: &mut dyn FnMut(TcpEvent<'_>)) {
        let mut flows: Vec<Flow> = std::mem::take(&mut self.flows).into_values().collect();
        flows.sort_by_key(|flow| flow.conn);
        for mut flow in flows {
            let at = flow.last;
            flow.end(End::CaptureEnds, at, sink);
        }
        self.pending = 0;
    }

    /// Payload bytes that belong to no connection's stream: after its end, or far outside of its window.
    #[must_use]
    pub const fn stray_bytes(&self) -> u64 {
        self.stray
    }

    /// Drops the eighth part of all flows that was idle longest, closed ones first.
    fn forget_idle(&mut self, sink: &mut dyn FnMut(TcpEvent<'_>)) {
        let mut order: Vec<_> = self
            .flows
            .iter()
            .map(|(key, flow)| (!flow.closed, flow.last.packet, *key))
            .collect();
        order.sort_unstable();
        for (_, _, key) in order.into_iter().take(MAX_FLOWS / 8) {
            if let Some(mut flow) = self.flows.remove(&key) {
                self.pending -= flow.pending();
                let at = flow.last;
                flow.end(End::Forgotten, at, sink);
            }
        }
    }
}

impl Flow {
    const fn pending(&self) -> usize {
        self.halves[0].pending_bytes() + self.halves[1].pending_bytes()
    }

    /// Whether `segment` opens another connection between the same sockets.
    fn is_reused_by(&self, segment: &Segment<'_>, sender: usize) -> bool {
        if !segment.syn {
            return false;
        }
        let half = &self.halves[sender];
        if half.is_syn(segment.seq) {
            return false;
        }
        // The second packet of a handshake opens a connection only where the first was lost.
        self.closed || (segment.ack.is_none() && half.has_data())
    }

    /// Takes a segment; returns the payload bytes that fit nowhere.
    #[allow(
        clippy::too_many_arguments,
        reason = "the caller's fields, borrowed apart from the flow"
    )]
    fn push(
        &mut self,
        key: (SocketAddr, SocketAddr),
        sender: usize,
        segment: &Segment<'_>,
        at: At,
        over_budget: bool,
        opened: &mut u32,
        sink: &mut dyn FnMut(TcpEvent<'_>),
    ) -> u64 {
        if segment.syn {
            self.halves[sender].start(segment.seq);
            // The first packet of a handshake acknowledges nothing.
            let client = if segment.ack.is_none() {
                sender
            } else {
                1 - sender
            };
            self.client.get_or_insert(client);
        }
        let has_bytes = !segment.payload.is_empty() || segment.missing > 0;
        if self.conn.is_none() && (segment.syn || has_bytes) {
            self.announce(key, sender, at, opened, sink);
        }
        if let Some(ack) = segment.ack {
            self.halves[1 - sender].acknowledge(ack);
        }
        let mut stray = 0;
        if has_bytes || segment.fin {
            let mut out = self.out(sender, at, sink);
            stray = self.halves[sender].take(segment, at, &mut out);
        }
        for index in [0, 1] {
            let mut out = self.out(index, at, sink);
            let half = &mut self.halves[index];
            while half.gives_up(at.time, over_budget && index == sender) {
                half.skip_hole(&mut out);
            }
        }
        if segment.fin {
            self.first_fin.get_or_insert(sender);
        }
        if segment.rst && self.halves[sender].in_window(segment.seq) {
            let by = self.direction(sender);
            self.end(End::Reset { by }, at, sink);
        } else if self.halves.iter().all(Half::is_finished) {
            let by = self.direction(self.first_fin.unwrap_or(sender));
            self.end(End::Closed { by }, at, sink);
        }
        stray
    }

    fn announce(
        &mut self,
        key: (SocketAddr, SocketAddr),
        sender: usize,
        at: At,
        opened: &mut u32,
        sink: &mut dyn FnMut(TcpEvent<'_>),
    ) {
        // Without a handshake the higher port is taken for the client's, as systems give them out.
        let client = *self
            .client
            .get_or_insert_with(|| match key.0.port().cmp(&key.1.port()) {
                std::cmp::Ordering::Greater => 0,
                std::cmp::Ordering::Less => 1,
                std::cmp::Ordering::Equal => sender,
            });
        *opened += 1;
        let conn = ConnId(*opened);
        self.conn = Some(conn);
        let (client, server) = if client == 0 { key } else { (key.1, key.0) };
        let from_start = self.halves.iter().any(Half::has_syn);
        sink(TcpEvent::Opened {
            conn,
            client,
            server,
            from_start,
            at,
        });
    }

    fn direction(&self, index: usize) -> Direction {
        if self.client.unwrap_or(0) == index {
            Direction::ClientToServer
        } else {
            Direction::ServerToClient
        }
    }

    /// Where events of one half go.
    fn out<'s>(&self, index: usize, at: At, sink: &'s mut dyn FnMut(TcpEvent<'_>)) -> Out<'s> {
        Out {
            conn: self.conn.unwrap_or(ConnId(0)),
            direction: self.direction(index),
            at,
            sink,
        }
    }

    /// Hands out what is still waiting, holes as gaps, and closes the flow.
    fn end(&mut self, end: End, at: At, sink: &mut dyn FnMut(TcpEvent<'_>)) {
        let Some(conn) = self.conn.filter(|_| !self.closed) else {
            return;
        };
        for index in [0, 1] {
            let mut out = self.out(index, at, sink);
            self.halves[index].flush(&mut out);
        }
        self.closed = true;
        sink(TcpEvent::Closed { conn, at, end });
    }
}

impl Direction {
    /// The opposite way.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }
}

#[cfg(test)]
mod tests;
