//! Packets as capture files of every kind.

use std::io::Write as _;

use super::Packet;

/// A file format, a link layer, and whether the file is compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileKind {
    pub(crate) pcapng: bool,
    pub(crate) big_endian: bool,
    pub(crate) nanoseconds: bool,
    pub(crate) gzip: bool,
    pub(crate) link: Link,
    /// Bytes kept of each packet.
    pub(crate) snap_len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Ethernet,
    Vlan,
    QinQ,
    Sll,
    Sll2,
    Null,
    Loop,
    Raw,
}

impl Default for FileKind {
    fn default() -> Self {
        Self {
            pcapng: false,
            big_endian: false,
            nanoseconds: false,
            gzip: false,
            link: Link::Ethernet,
            snap_len: usize::MAX,
        }
    }
}

impl Link {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ethernet,
        Self::Vlan,
        Self::QinQ,
        Self::Sll,
        Self::Sll2,
        Self::Null,
        Self::Loop,
        Self::Raw,
    ];

    fn number(self) -> u32 {
        match self {
            Self::Ethernet | Self::Vlan | Self::QinQ => 1,
            Self::Sll => 113,
            Self::Sll2 => 276,
            Self::Null => 0,
            Self::Loop => 108,
            Self::Raw => 101,
        }
    }

    fn header(self, ip: &[u8]) -> Vec<u8> {
        let v6 = ip[0] >> 4 == 6;
        let ether_type: [u8; 2] = if v6 { [0x86, 0xdd] } else { [8, 0] };
        let family = if v6 { 30 } else { 2 };
        match self {
            Self::Ethernet => [&[2; 12][..], &ether_type].concat(),
            Self::Vlan => [&[2; 12][..], &[0x81, 0, 0, 7], &ether_type].concat(),
            Self::QinQ => [
                &[2; 12][..],
                &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8],
                &ether_type,
            ]
            .concat(),
            Self::Sll => [&[0; 14][..], &ether_type].concat(),
            Self::Sll2 => [&ether_type[..], &[0; 18]].concat(),
            Self::Null => vec![family, 0, 0, 0],
            Self::Loop => vec![0, 0, 0, family],
            Self::Raw => Vec::new(),
        }
    }
}

impl FileKind {
    pub(crate) fn write(self, packets: &[Packet]) -> Vec<u8> {
        let file = if self.pcapng {
            self.pcapng(packets, "")
        } else {
            self.pcap(packets)
        };
        if !self.gzip {
            return file;
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&file).unwrap();
        encoder.finish().unwrap()
    }

    fn word(self, value: u32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn half(self, value: u16) -> [u8; 2] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn frame(self, packet: &Packet) -> (Vec<u8>, u32) {
        let mut frame = [self.link.header(&packet.ip), packet.ip.clone()].concat();
        let whole = frame.len() as u32;
        frame.truncate(self.snap_len);
        (frame, whole)
    }

    fn pcap(self, packets: &[Packet]) -> Vec<u8> {
        let mut file = self
            .word(if self.nanoseconds {
                0xa1b2_3c4d
            } else {
                0xa1b2_c3d4
            })
            .to_vec();
        file.extend(self.half(2));
        file.extend(self.half(4));
        for value in [0, 0, 262_144, self.link.number()] {
            file.extend(self.word(value));
        }
        for packet in packets {
            let (frame, whole) = self.frame(packet);
            let fraction =
                (packet.millis % 1000) as u32 * if self.nanoseconds { 1_000_000 } else { 1000 };
            for value in [
                (packet.millis / 1000) as u32,
                fraction,
                frame.len() as u32,
                whole,
            ] {
                file.extend(self.word(value));
            }
            file.extend(frame);
        }
        file
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = [0; 3];
        let padding = &padding[..body.len().next_multiple_of(4) - body.len()];
        let length = self.word((body.len() + padding.len() + 12) as u32);
        [&self.word(kind)[..], &length, body, padding, &length].concat()
    }

    /// A pcapng file with a Decryption Secrets Block before the packets, unless `secrets` is empty.
    pub(crate) fn pcapng(self, packets: &[Packet], secrets: &str) -> Vec<u8> {
        let version = [self.half(1), self.half(0)].concat();
        let mut file = self.block(
            0x0a0d_0d0a,
            &[&self.word(0x1a2b_3c4d)[..], &version, &[0xff; 8]].concat(),
        );
        let link = self.half(self.link.number() as u16);
        file.extend(self.block(1, &[&link[..], &[0, 0], &self.word(0)].concat()));
        if !secrets.is_empty() {
            let head = [self.word(0x4d54_504b), self.word(secrets.len() as u32)].concat();
            file.extend(self.block(10, &[&head[..], secrets.as_bytes()].concat()));
        }
        for packet in packets {
            let (frame, whole) = self.frame(packet);
            let micros = packet.millis * 1000;
            let head = [
                0,
                (micros >> 32) as u32,
                micros as u32,
                frame.len() as u32,
                whole,
            ];
            let head: Vec<u8> = head
                .into_iter()
                .flat_map(|value| self.word(value))
                .collect();
            file.extend(self.block(6, &[&head[..], &frame].concat()));
        }
        file
    }
}
