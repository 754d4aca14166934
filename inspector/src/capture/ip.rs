//! IP: from a packet to the TCP segment in it, fragments put together.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, Ipv6ExtensionSlice, LaxIpSlice, TcpSlice};

use super::fragments::{DatagramId, Fragment, FragmentPool};

/// One TCP segment.
#[derive(Debug)]
pub struct Segment<'a> {
    /// Sender.
    pub from: SocketAddr,
    /// Receiver.
    pub to: SocketAddr,
    /// Sequence number of the first byte, or of the SYN or FIN.
    pub seq: u32,
    /// Acknowledgement number, if the segment has one.
    pub ack: Option<u32>,
    /// SYN flag.
    pub syn: bool,
    /// FIN flag.
    pub fin: bool,
    /// RST flag.
    pub rst: bool,
    /// Captured payload.
    pub payload: &'a [u8],
    /// Payload bytes that the segment had but the capture cut off.
    pub missing: usize,
}

/// Why an IP packet yields no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSegment {
    /// A fragment whose datagram is not complete yet.
    Fragment,
    /// Another protocol than TCP.
    OtherProtocol,
    /// The headers are cut or contradict themselves.
    Malformed,
}

/// Takes IP packets apart.
#[derive(Debug, Default)]
pub struct IpReader {
    fragments: FragmentPool,
    /// The last datagram that was put together; its segment borrows from here.
    datagram: Vec<u8>,
}

impl IpReader {
    /// The TCP segment of an IP packet, or of the datagram that this packet completes.
    ///
    /// # Errors
    ///
    /// [`NoSegment`] says why there is none.
    pub fn segment<'a>(&'a mut self, packet: &'a [u8]) -> Result<Segment<'a>, NoSegment> {
        let (ip, stopped) = LaxIpSlice::from_slice(packet).map_err(|_| NoSegment::Malformed)?;
        let payload = ip.payload();
        let (from, to) = (ip.source_addr(), ip.destination_addr());
        if payload.fragmented {
            if payload.incomplete {
                return Err(NoSegment::Malformed);
            }
            let (id, fragment) = fragment_of(&ip).ok_or(NoSegment::Malformed)?;
            self.datagram = self
                .fragments
                .add(id, fragment)
                .ok_or(NoSegment::Fragment)?;
            return tcp(from, to, &self.datagram, self.datagram.len());
        }
        if payload.ip_number != IpNumber::TCP {
            // An extension header that cannot be read hides the protocol.
            return Err(if stopped.is_some() {
                NoSegment::Malformed
            } else {
                NoSegment::OtherProtocol
            });
        }
        let captured = payload.payload;
        let declared = if payload.incomplete {
            declared_payload(&ip, packet)
        } else {
            captured.len()
        };
        tcp(from, to, captured, declared.max(captured.len()))
    }
}

/// Payload bytes behind all headers that a cut packet says it had.
fn declared_payload(ip: &LaxIpSlice<'_>, packet: &[u8]) -> usize {
    let headers = packet.len().saturating_sub(ip.payload().payload.len());
    let total = match ip {
        LaxIpSlice::Ipv4(v4) => usize::from(v4.header().total_len()),
        LaxIpSlice::Ipv6(v6) => usize::from(v6.header().payload_length()) + 40,
    };
    total.saturating_sub(headers)
}

fn fragment_of<'a>(ip: &LaxIpSlice<'a>) -> Option<(DatagramId, Fragment<'a>)> {
    let payload = ip.payload();
    let (identification, offset, more) = match ip {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            (
                u32::from(header.identification()),
                header.fragments_offset().byte_offset(),
                header.more_fragments(),
            )
        }
        LaxIpSlice::Ipv6(v6) => {
            v6.extensions()
                .clone()
                .into_iter()
                .find_map(|extension| match extension {
                    Ipv6ExtensionSlice::Fragment(header) => Some((
                        header.identification(),
                        header.fragment_offset().byte_offset(),
                        header.more_fragments(),
                    )),
                    _ => None,
                })?
        }
    };
    // Only TCP is of interest; the protocol of an IPv6 fragment stands in its fragment header.
    if payload.ip_number != IpNumber::TCP {
        return None;
    }
    let id = DatagramId {
        from: ip.source_addr(),
        to: ip.destination_addr(),
        identification,
    };
    Some((
        id,
        Fragment {
            offset,
            more,
            data: payload.payload,
        },
    ))
}

fn tcp(
    from: IpAddr,
    to: IpAddr,
    segment: &[u8],
    declared: usize,
) -> Result<Segment<'_>, NoSegment> {
    let tcp = TcpSlice::from_slice(segment).map_err(|_| NoSegment::Malformed)?;
    Ok(Segment {
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        seq: tcp.sequence_number(),
        ack: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        missing: declared.saturating_sub(segment.len()),
    })
}
