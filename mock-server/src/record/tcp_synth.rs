//! Synthetic TCP: a byte stream wrapped into IP packets as if it had been captured on the way.
//!
//! Handshake, segments in order, acknowledgements, FIN or RST; no loss, no retransmission.
//! Addresses and ports are the real ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mtproto_core::time::UnixTime;

use super::pcapng::PcapngWriter;

/// One end of a recorded stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that opened the connection.
    Client,
    /// The end that accepted it.
    Server,
}

/// Payload bytes of one synthetic segment, at most; leaves room for the headers in IPv4's 16-bit length.
const MAX_SEGMENT: usize = 32 * 1024;
/// Bytes that may be in flight before the other side says that it has them. Below the announced window.
const ACK_EVERY: u32 = 256 * 1024;
/// Announced receive window; counted in units of 2^[`WINDOW_SCALE`] bytes after the handshake.
const WINDOW: u16 = 0xffff;
const WINDOW_SCALE: u8 = 7;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// IP protocol number of TCP.
const PROTOCOL_TCP: u8 = 6;
const TCP_HEADER: usize = 20;

/// A recorded connection.
#[derive(Clone, Debug)]
pub struct Stream {
    client: Endpoint,
    server: Endpoint,
}

#[derive(Clone, Debug)]
struct Endpoint {
    address: SocketAddr,
    /// Sequence number of the next byte this end sends.
    next: u32,
    /// What the other end has acknowledged of it.
    acked: u32,
}

impl Stream {
    /// Records the three packets of a TCP handshake.
    #[must_use]
    pub fn open(
        writer: &mut PcapngWriter,
        at: UnixTime,
        client: SocketAddr,
        server: SocketAddr,
        out: &mut Vec<u8>,
    ) -> Self {
        let serial = writer.next_stream();
        // Any numbers will do, but two connections on the same ports must differ for readers to tell them apart.
        let isn = |salt: u32| serial.wrapping_mul(0x9e37_79b9) ^ salt;
        let (client_isn, server_isn) = (isn(0x0011_2233), isn(0x4455_6677));
        let mut stream = Self {
            client: Endpoint {
                address: client,
                next: client_isn,
                acked: client_isn,
            },
            server: Endpoint {
                address: server,
                next: server_isn,
                acked: server_isn,
            },
        };
        stream.packet(writer, at, Side::Client, SYN, &[], out);
        stream.packet(writer, at, Side::Server, SYN | ACK, &[], out);
        stream.packet(writer, at, Side::Client, ACK, &[], out);
        stream
    }

    /// Records bytes sent by `from`.
    pub fn data(
        &mut self,
        writer: &PcapngWriter,
        at: UnixTime,
        from: Side,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) {
        for segment in bytes.chunks(MAX_SEGMENT) {
            self.packet(writer, at, from, PSH | ACK, segment, out);
            let sender = self.end(from);
            if sender.next.wrapping_sub(sender.acked) >= ACK_EVERY {
                self.packet(writer, at, from.other(), ACK, &[], out);
            }
        }
    }

    /// Records an orderly end: FIN of `by`, FIN of the other side, the last acknowledgement.
    pub fn close(mut self, writer: &PcapngWriter, at: UnixTime, by: Side, out: &mut Vec<u8>) {
        self.packet(writer, at, by, FIN | ACK, &[], out);
        self.packet(writer, at, by.other(), FIN | ACK, &[], out);
        self.packet(writer, at, by, ACK, &[], out);
    }

    /// Records an abrupt end: RST of `by`.
    pub fn reset(mut self, writer: &PcapngWriter, at: UnixTime, by: Side, out: &mut Vec<u8>) {
        self.packet(writer, at, by, RST | ACK, &[], out);
    }

    const fn end(&mut self, side: Side) -> &mut Endpoint {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Records one segment and advances the sequence numbers by what it carries.
    fn packet(
        &mut self,
        writer: &PcapngWriter,
        at: UnixTime,
        from: Side,
        flags: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let receiver = self.end(from.other());
        let ack = if flags & ACK == 0 { 0 } else { receiver.next };
        if flags & ACK != 0 {
            receiver.acked = receiver.next;
        }
        let to = receiver.address;
        let sender = self.end(from);
        let seq = sender.next;
        let counted = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        sender.next = seq.wrapping_add(counted);
        let packet = ip_packet(sender.address, to, seq, ack, flags, payload);
        writer.packet(at, &packet, None, out);
    }
}

impl Side {
    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// An IP packet that carries one TCP segment, checksums included.
fn ip_packet(
    from: SocketAddr,
    to: SocketAddr,
    seq: u32,
    ack: u32,
    flags: u8,
    payload: &[u8],
) -> Vec<u8> {
    let segment = tcp_segment(from.port(), to.port(), seq, ack, flags, payload);
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => ipv4(from, to, segment),
        (from, to) => ipv6(mapped(from), mapped(to), segment),
    }
}

const fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn tcp_segment(from: u16, to: u16, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    // Options of a SYN: window scale, padded by a no-operation.
    let options: &[u8] = if flags & SYN == 0 {
        &[]
    } else {
        &[1, 3, 3, WINDOW_SCALE]
    };
    let header_len = TCP_HEADER + options.len();
    let mut segment = Vec::with_capacity(header_len + payload.len());
    segment.extend_from_slice(&from.to_be_bytes());
    segment.extend_from_slice(&to.to_be_bytes());
    segment.extend_from_slice(&seq.to_be_bytes());
    segment.extend_from_slice(&ack.to_be_bytes());
    segment.push((header_len as u8 / 4) << 4);
    segment.push(flags);
    segment.extend_from_slice(&WINDOW.to_be_bytes());
    segment.extend_from_slice(&[0; 4]); // checksum, urgent pointer
    segment.extend_from_slice(options);
    segment.extend_from_slice(payload);
    segment
}

fn ipv4(from: Ipv4Addr, to: Ipv4Addr, mut segment: Vec<u8>) -> Vec<u8> {
    let mut pseudo = Vec::with_capacity(12);
    pseudo.extend_from_slice(&from.octets());
    pseudo.extend_from_slice(&to.octets());
    pseudo.extend_from_slice(&[0, PROTOCOL_TCP]);
    pseudo.extend_from_slice(&(segment.len() as u16).to_be_bytes());
    set_tcp_checksum(&mut segment, &pseudo);

    let total = (segment.len() + 20) as u16; // a segment is at most MAX_SEGMENT + 24 bytes
    let mut packet = Vec::with_capacity(usize::from(total));
    packet.extend_from_slice(&[0x45, 0]); // version 4, header of five words
    packet.extend_from_slice(&total.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0x40, 0]); // no identification, do not fragment
    packet.extend_from_slice(&[64, PROTOCOL_TCP, 0, 0]); // time to live, protocol, checksum
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    let checksum = checksum(&[&packet]);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.append(&mut segment);
    packet
}

fn ipv6(from: Ipv6Addr, to: Ipv6Addr, mut segment: Vec<u8>) -> Vec<u8> {
    let mut pseudo = Vec::with_capacity(40);
    pseudo.extend_from_slice(&from.octets());
    pseudo.extend_from_slice(&to.octets());
    pseudo.extend_from_slice(&(segment.len() as u32).to_be_bytes());
    pseudo.extend_from_slice(&[0, 0, 0, PROTOCOL_TCP]);
    set_tcp_checksum(&mut segment, &pseudo);

    let mut packet = Vec::with_capacity(segment.len() + 40);
    packet.extend_from_slice(&[0x60, 0, 0, 0]); // version 6
    packet.extend_from_slice(&(segment.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[PROTOCOL_TCP, 64]); // next header, hop limit
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    packet.append(&mut segment);
    packet
}

fn set_tcp_checksum(segment: &mut [u8], pseudo_header: &[u8]) {
    let checksum = checksum(&[pseudo_header, segment]);
    segment[16..18].copy_from_slice(&checksum.to_be_bytes());
}

/// The Internet checksum over parts that, but for the last, have even lengths (RFC 1071).
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u64 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u64::from(u16::from_be_bytes([pair[0], low]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "127.0.0.1:40000";
    const SERVER: &str = "127.0.0.1:20443";

    /// The IP packets of a file's Enhanced Packet Blocks.
    fn packets(mut file: &[u8]) -> Vec<Vec<u8>> {
        let word =
            |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let mut found = Vec::new();
        while !file.is_empty() {
            let total = word(file, 4) as usize;
            assert_eq!(total % 4, 0, "a block is whole words");
            assert_eq!(
                word(file, total - 4),
                total as u32,
                "a block ends with its length"
            );
            if word(file, 0) == 6 {
                found.push(file[28..28 + word(file, 20) as usize].to_vec());
            }
            file = &file[total..];
        }
        found
    }

    fn record(client: &str, server: &str) -> Vec<Vec<u8>> {
        let mut file = Vec::new();
        let mut writer = PcapngWriter::new("TCP headers are synthetic", &mut file);
        let at = UnixTime::from_secs(1_790_000_000);
        let mut stream = Stream::open(
            &mut writer,
            at,
            client.parse().unwrap(),
            server.parse().unwrap(),
            &mut file,
        );
        stream.data(&writer, at, Side::Client, b"abc", &mut file);
        stream.data(&writer, at, Side::Server, &[7; MAX_SEGMENT + 1], &mut file);
        writer.secrets("# no keys", &mut file);
        stream.close(&writer, at, Side::Client, &mut file);
        packets(&file)
    }

    #[test]
    fn sequence_numbers_run_on_from_the_handshake() {
        let packets = record(CLIENT, SERVER);
        let seq = |i: usize| u32::from_be_bytes(packets[i][24..28].try_into().unwrap());
        let ack = |i: usize| u32::from_be_bytes(packets[i][28..32].try_into().unwrap());
        assert_eq!(packets.len(), 3 + 1 + 2 + 3);
        assert_eq!(seq(3), seq(0).wrapping_add(1), "SYN counts for one");
        assert_eq!(ack(3), seq(1).wrapping_add(1));
        assert_eq!(seq(5), seq(4).wrapping_add(MAX_SEGMENT as u32));
        assert_eq!(ack(4), seq(3).wrapping_add(3));
        assert_eq!(ack(8), seq(7).wrapping_add(1), "FIN counts for one");
    }

    #[test]
    fn checksums_of_every_packet_sum_to_zero() {
        for packet in record(CLIENT, SERVER) {
            assert_eq!(checksum(&[&packet[..20]]), 0);
            let mut pseudo = packet[12..20].to_vec();
            pseudo.extend_from_slice(&[0, PROTOCOL_TCP]);
            pseudo.extend_from_slice(&(packet.len() as u16 - 20).to_be_bytes());
            assert_eq!(checksum(&[&pseudo, &packet[20..]]), 0);
        }
    }

    #[test]
    fn mixed_address_families_are_recorded_as_ipv6() {
        let packets = record(CLIENT, "[2001:db8::1]:443");
        assert_eq!(packets[0][0] >> 4, 6);
        assert_eq!(
            packets[0][8..24],
            "127.0.0.1"
                .parse::<Ipv4Addr>()
                .unwrap()
                .to_ipv6_mapped()
                .octets()
        );
        let v4 = record("[::ffff:127.0.0.1]:40000", SERVER);
        assert_eq!(
            v4[0][0] >> 4,
            4,
            "a mapped address is the IPv4 one it stands for"
        );
    }
}
