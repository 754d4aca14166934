//! Streams as TCP segments in IP packets.

use std::net::{IpAddr, SocketAddr};

use super::talk::Chunk;

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const ACK: u8 = 16;

/// A captured IP packet.
#[derive(Clone)]
pub(crate) struct Packet {
    pub(crate) millis: u64,
    pub(crate) ip: Vec<u8>,
}

/// One connection that is being wrapped.
pub(crate) struct Tcp {
    pub(crate) packets: Vec<Packet>,
    ends: [SocketAddr; 2],
    seq: [u32; 2],
    millis: u64,
}

impl Tcp {
    /// A connection with its handshake.
    pub(crate) fn open(client: &str, server: &str, isn: u32) -> Self {
        let mut tcp = Self::in_the_middle(client, server, isn);
        tcp.segment(0, SYN, &[]);
        tcp.segment(1, SYN | ACK, &[]);
        tcp.segment(0, ACK, &[]);
        tcp
    }

    /// A connection whose handshake is not captured.
    pub(crate) fn in_the_middle(client: &str, server: &str, isn: u32) -> Self {
        let ends = [client.parse().unwrap(), server.parse().unwrap()];
        Self {
            packets: Vec::new(),
            ends,
            seq: [isn, isn ^ 0x5555_5555],
            millis: 1_790_000_000_000,
        }
    }

    pub(crate) fn at(mut self, millis: u64) -> Self {
        self.millis = millis;
        self
    }

    /// Sends every chunk in segments of at most `mss` bytes.
    pub(crate) fn send(&mut self, chunks: &[Chunk], mss: usize) {
        for chunk in chunks {
            for piece in chunk.bytes.chunks(mss) {
                self.segment(usize::from(!chunk.from_client), ACK, piece);
            }
        }
    }

    pub(crate) fn close(&mut self) {
        self.segment(0, FIN | ACK, &[]);
        self.segment(1, FIN | ACK, &[]);
        self.segment(0, ACK, &[]);
    }

    pub(crate) fn segment(&mut self, from: usize, flags: u8, payload: &[u8]) {
        self.millis += 1;
        let ack = if flags & ACK == 0 {
            0
        } else {
            self.seq[1 - from]
        };
        let segment = segment(
            self.ends[from],
            self.ends[1 - from],
            self.seq[from],
            ack,
            flags,
            payload,
        );
        let counted = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.seq[from] = self.seq[from].wrapping_add(counted);
        let ip = ip(self.ends[from].ip(), self.ends[1 - from].ip(), &segment);
        self.packets.push(Packet {
            millis: self.millis,
            ip,
        });
    }
}

fn segment(
    from: SocketAddr,
    to: SocketAddr,
    seq: u32,
    ack: u32,
    flags: u8,
    payload: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(from.port().to_be_bytes());
    bytes.extend(to.port().to_be_bytes());
    bytes.extend(seq.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

fn ip(from: IpAddr, to: IpAddr, segment: &[u8]) -> Vec<u8> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut packet = vec![0x45, 0];
            packet.extend((segment.len() as u16 + 20).to_be_bytes());
            packet.extend([0, 7, 0, 0, 64, 6, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            packet.extend(segment);
            packet
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            // A hop-by-hop header in front, as an example of an extension.
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend((segment.len() as u16 + 8).to_be_bytes());
            packet.extend([0, 64]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            packet.extend([6, 0, 1, 4, 0, 0, 0, 0]);
            packet.extend(segment);
            packet
        }
        _ => panic!("one address family"),
    }
}

/// Cuts an IPv4 packet into fragments of at most `size` bytes of content (a multiple of eight).
pub(crate) fn fragments(packet: &Packet, size: usize, identification: u16) -> Vec<Packet> {
    let (header, content) = packet.ip.split_at(20);
    let mut made = Vec::new();
    for (n, piece) in content.chunks(size).enumerate() {
        let mut ip = header.to_vec();
        ip[2..4].copy_from_slice(&(piece.len() as u16 + 20).to_be_bytes());
        ip[4..6].copy_from_slice(&identification.to_be_bytes());
        let more = (n + 1) * size < content.len();
        let field = (n * size / 8) as u16 | if more { 0x2000 } else { 0 };
        ip[6..8].copy_from_slice(&field.to_be_bytes());
        ip.extend(piece);
        made.push(Packet {
            millis: packet.millis,
            ip,
        });
    }
    made
}
