//! Link layers: from a captured packet to the IP packet in it.
//!
//! Numbers are those of the LINKTYPE registry, <https://www.tcpdump.org/linktypes.html>.

/// The link types read here, as (number, name).
pub const SUPPORTED: [(i32, &str); 11] = [
    (0, "NULL"),
    (1, "ETHERNET"),
    (12, "RAW (DLT)"),
    (14, "RAW (OpenBSD)"),
    (101, "RAW"),
    (108, "LOOP"),
    (113, "LINUX_SLL"),
    (228, "IPV4"),
    (229, "IPV6"),
    (276, "LINUX_SLL2"),
    (9, "PPP"),
];

/// VLAN tags (customer, service, pre-standard) that may be stacked before a packet, at most.
const MAX_TAGS: usize = 8;

/// Why a packet has no IP packet for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoIp {
    /// The link type is not one of [`SUPPORTED`].
    UnknownLink(i32),
    /// Another protocol than IP: ARP, for example.
    OtherProtocol,
    /// Too short for its headers.
    Short,
}

/// The IP packet in `frame`, which starts at the link layer.
///
/// # Errors
///
/// [`NoIp`] says why there is none.
pub fn ip_packet(link_type: i32, frame: &[u8]) -> Result<&[u8], NoIp> {
    match link_type {
        // The address family in front is in the byte order of the capturing host; the IP version says the same.
        0 | 108 => by_version(frame.get(4..).ok_or(NoIp::Short)?),
        1 => by_ether_type(frame.get(12..).ok_or(NoIp::Short)?),
        9 => by_ppp_protocol(frame),
        12 | 14 | 101 | 228 | 229 => by_version(frame),
        113 => by_ether_type(frame.get(14..).ok_or(NoIp::Short)?),
        276 => {
            let (ether_type, _) = frame.split_first_chunk::<2>().ok_or(NoIp::Short)?;
            by_ether_type_value(*ether_type, frame.get(20..).ok_or(NoIp::Short)?)
        }
        other => Err(NoIp::UnknownLink(other)),
    }
}

fn by_version(packet: &[u8]) -> Result<&[u8], NoIp> {
    match packet.first().map(|byte| byte >> 4) {
        None => Err(NoIp::Short),
        Some(4 | 6) => Ok(packet),
        Some(_) => Err(NoIp::OtherProtocol),
    }
}

/// `rest` starts with an EtherType.
fn by_ether_type(rest: &[u8]) -> Result<&[u8], NoIp> {
    let (ether_type, payload) = rest.split_first_chunk::<2>().ok_or(NoIp::Short)?;
    by_ether_type_value(*ether_type, payload)
}

fn by_ether_type_value(mut ether_type: [u8; 2], mut payload: &[u8]) -> Result<&[u8], NoIp> {
    for _ in 0..=MAX_TAGS {
        match u16::from_be_bytes(ether_type) {
            0x0800 | 0x86dd => return by_version(payload),
            // 802.1Q, 802.1ad and the old QinQ: two bytes of tag, then the next type.
            0x8100 | 0x88a8 | 0x9100 => {
                let rest = payload.get(2..).ok_or(NoIp::Short)?;
                let (next, rest) = rest.split_first_chunk::<2>().ok_or(NoIp::Short)?;
                (ether_type, payload) = (*next, rest);
            }
            // PPPoE session: six bytes of header, then PPP.
            0x8864 => return by_ppp_protocol(payload.get(6..).ok_or(NoIp::Short)?),
            _ => return Err(NoIp::OtherProtocol),
        }
    }
    Err(NoIp::OtherProtocol)
}

fn by_ppp_protocol(frame: &[u8]) -> Result<&[u8], NoIp> {
    // Address and control bytes of HDLC framing may stand in front.
    let frame = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
    let (protocol, payload) = frame.split_first_chunk::<2>().ok_or(NoIp::Short)?;
    match u16::from_be_bytes(*protocol) {
        0x0021 | 0x0057 => by_version(payload),
        _ => Err(NoIp::OtherProtocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: [u8; 3] = [0x45, 1, 2];

    fn framed(header: &[u8]) -> Vec<u8> {
        [header, &IP].concat()
    }

    #[test]
    fn every_supported_link_layer_is_stripped() {
        let ethernet = [&[0; 12][..], &[8, 0]].concat();
        let vlan = [&[0; 12][..], &[0x81, 0, 0, 7, 8, 0]].concat();
        let qinq = [&[0; 12][..], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 8, 0]].concat();
        let pppoe = [&[0; 12][..], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 5, 0, 0x21]].concat();
        let sll = [&[0; 14][..], &[8, 0]].concat();
        let sll2 = [&[8, 0][..], &[0; 18]].concat();
        let cases: [(i32, &[u8]); 12] = [
            (0, &[2, 0, 0, 0]),
            (0, &[0, 0, 0, 2]),
            (108, &[0, 0, 0, 2]),
            (1, &ethernet),
            (1, &vlan),
            (1, &qinq),
            (1, &pppoe),
            (9, &[0xff, 3, 0, 0x21]),
            (101, &[]),
            (113, &sll),
            (276, &sll2),
            (228, &[]),
        ];
        for (link, header) in cases {
            assert_eq!(
                ip_packet(link, &framed(header)),
                Ok(&IP[..]),
                "link type {link}"
            );
        }
    }

    #[test]
    fn other_protocols_and_short_frames_are_told_apart() {
        let arp = [&[0; 12][..], &[8, 6, 0, 1]].concat();
        assert_eq!(ip_packet(1, &arp), Err(NoIp::OtherProtocol));
        assert_eq!(ip_packet(1, &arp[..13]), Err(NoIp::Short));
        assert_eq!(ip_packet(147, &arp), Err(NoIp::UnknownLink(147)));
        let tags = [&[0; 12][..], &[0x81, 0, 0, 1].repeat(100)].concat();
        assert_eq!(ip_packet(1, &tags), Err(NoIp::OtherProtocol));
    }
}
