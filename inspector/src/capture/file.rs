//! Capture files, as a stream of bytes: pcap in both byte orders, micro- and nanoseconds; pcapng with several
//! sections and interfaces, simple packets and decryption secrets.
//!
//! Sans-IO: [`FileReader::push`] takes chunks of any size and hands out each packet as soon as it is whole.
//! Memory is bounded by one packet or block.

use std::fmt;

use mtproto_core::time::UnixTime;
use pcap_parser::pcapng::{Block, InterfaceDescriptionBlock, parse_block_be, parse_block_le};
use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{
    LegacyPcapBlock, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header,
};
use pcap_parser::{parse_pcap_frame_modified, parse_sectionheaderblock};

/// A packet longer than this is taken for damage: the longest that IP can be, jumbograms apart, with ample room.
const MAX_PACKET: u32 = 1024 * 1024;
/// A block of a pcapng file longer than this is taken for damage.
const MAX_BLOCK: u32 = 16 * 1024 * 1024;
/// Interfaces of one section that are remembered.
const MAX_INTERFACES: usize = 4096;

/// Bytes of the global header of a pcap file.
const PCAP_HEADER: usize = 24;
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER_LITTLE: [u8; 4] = [0x4d, 0x3c, 0x2b, 0x1a];
const BYTE_ORDER_BIG: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
/// Type code of secrets that are MTProto key log text (`MTPK`), as mtkit's own recorder writes them.
pub const SECRETS_MTPROTO_KEY_LOG: u32 = u32::from_be_bytes(*b"MTPK");

/// One packet of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPacket<'a> {
    /// Its place in the file, counted from 1 as other tools do.
    pub number: u64,
    /// When it was captured; zero for a simple packet of pcapng, which has no time.
    pub time: UnixTime,
    /// The link type of its interface, as in the registry of LINKTYPE values.
    pub link_type: i32,
    /// What was captured, from the link layer on.
    pub data: &'a [u8],
    /// Bytes it had on the wire; more than `data` if the capture cut it.
    pub wire_len: u32,
}

/// What a capture file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileItem<'a> {
    /// A captured packet.
    Packet(RawPacket<'a>),
    /// The content of a Decryption Secrets Block.
    Secrets {
        /// Its type code.
        kind: u32,
        /// Its content, without padding.
        data: &'a [u8],
    },
}

/// Why a capture file cannot be read on, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Offset of the broken header, record or block from the start of the (decompressed) file.
    pub offset: u64,
    /// What is wrong there.
    pub kind: FileErrorKind,
}

/// What is wrong with a capture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileErrorKind {
    /// The file has no byte at all.
    Empty,
    /// The first bytes are those of no capture format.
    NotACapture([u8; 4]),
    /// A compression or container format that must be unpacked first.
    Unsupported(&'static str),
    /// A packet or block claims an impossible length.
    Length(u32),
    /// A block's content contradicts its type.
    Malformed,
    /// The file ends within a record or block of which this many bytes are there.
    Truncated(usize),
    /// The compressed stream is damaged.
    Gzip(String),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match &self.kind {
            FileErrorKind::Empty => {
                f.write_str("the file is empty; record a capture with traffic in it")
            }
            FileErrorKind::NotACapture(start) => write!(
                f,
                "not a capture file: it starts with {:02x} {:02x} {:02x} {:02x}; expected pcap or pcapng, \
                 possibly compressed with gzip",
                start[0], start[1], start[2], start[3]
            ),
            FileErrorKind::Unsupported(what) => {
                write!(f, "{what} input is not read; unpack it first")
            }
            FileErrorKind::Length(length) => write!(
                f,
                "damaged at byte offset {offset}: a record claims {length} bytes; everything before it was read"
            ),
            FileErrorKind::Malformed => {
                write!(
                    f,
                    "damaged at byte offset {offset}: malformed block; everything before it was read"
                )
            }
            FileErrorKind::Truncated(have) => write!(
                f,
                "cut off: the record at byte offset {offset} has only {have} bytes; everything before it was read"
            ),
            FileErrorKind::Gzip(reason) => {
                write!(
                    f,
                    "damaged gzip stream after {offset} decompressed bytes: {reason}"
                )
            }
        }
    }
}

impl std::error::Error for FileError {}

/// An interface of a pcapng section.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: i32,
    snap_len: u32,
    /// Ticks per second.
    resolution: u128,
    /// Seconds to add.
    offset: i64,
}

#[derive(Debug)]
enum Format {
    /// Too few bytes to tell.
    Unknown,
    Pcap(PcapHeader),
    PcapNg {
        big_endian: bool,
        interfaces: Vec<Interface>,
    },
    /// An error was reported; whatever follows is ignored.
    Stopped,
}

/// Reads a capture file chunk by chunk.
#[derive(Debug)]
pub struct FileReader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` already used.
    used: usize,
    /// Offset in the file of the start of `buffer`.
    base: u64,
    packets: u64,
    format: Format,
}

impl Default for FileReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FileReader {
    /// A reader at the start of a file.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            used: 0,
            base: 0,
            packets: 0,
            format: Format::Unknown,
        }
    }

    /// Offset in the (decompressed) file up to which items were handed out.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.base
    }

    /// Takes the next bytes of the file and hands every item completed by them to `sink`.
    ///
    /// # Errors
    ///
    /// [`FileError`] where the file cannot be read on. It is reported once; later bytes are ignored.
    pub fn push(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(FileItem<'_>),
    ) -> Result<(), FileError> {
        if matches!(self.format, Format::Stopped) {
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        let result = self.drain(sink);
        self.buffer.drain(..self.used);
        self.base += self.used as u64;
        self.used = 0;
        if result.is_err() {
            self.stop();
        }
        result
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::Truncated`] if it ends within a record, [`FileErrorKind::Empty`] if there was nothing.
    pub fn finish(&mut self) -> Result<(), FileError> {
        let error = match self.format {
            Format::Stopped => return Ok(()),
            Format::Unknown if self.buffer.is_empty() => FileErrorKind::Empty,
            _ if self.buffer.is_empty() => return Ok(()),
            Format::Unknown if self.buffer.len() < 4 => {
                let mut start = [0; 4];
                start[..self.buffer.len()].copy_from_slice(&self.buffer);
                FileErrorKind::NotACapture(start)
            }
            _ => FileErrorKind::Truncated(self.buffer.len()),
        };
        let error = FileError {
            offset: self.base,
            kind: error,
        };
        self.stop();
        Err(error)
    }

    fn stop(&mut self) {
        self.format = Format::Stopped;
        self.buffer = Vec::new();
    }

    fn error<T>(&self, kind: FileErrorKind) -> Result<T, FileError> {
        Err(FileError {
            offset: self.base + self.used as u64,
            kind,
        })
    }

    fn drain(&mut self, sink: &mut dyn FnMut(FileItem<'_>)) -> Result<(), FileError> {
        loop {
            let more = match &self.format {
                Format::Unknown => self.read_start()?,
                Format::Pcap(header) => {
                    let header = header.clone();
                    self.read_pcap_record(&header, sink)?
                }
                Format::PcapNg { .. } => self.read_block(sink)?,
                Format::Stopped => false,
            };
            if !more {
                return Ok(());
            }
        }
    }

    /// Tells the format from the first four bytes; reads the header of a pcap file. False: more bytes needed.
    fn read_start(&mut self) -> Result<bool, FileError> {
        let Some(&magic) = self.buffer.first_chunk::<4>() else {
            return Ok(false);
        };
        match magic {
            SECTION_HEADER => {
                self.format = Format::PcapNg {
                    big_endian: false,
                    interfaces: Vec::new(),
                };
                return Ok(true);
            }
            [0x28, 0xb5, 0x2f, 0xfd] => {
                return self.error(FileErrorKind::Unsupported("zstd-compressed"));
            }
            [b'P', b'K', 3, 4] => return self.error(FileErrorKind::Unsupported("zip")),
            _ => {}
        }
        match parse_pcap_header(&self.buffer) {
            Ok((_, header)) => {
                self.used = PCAP_HEADER;
                self.format = Format::Pcap(header);
                Ok(true)
            }
            Err(error) if error.is_incomplete() => Ok(false),
            Err(_) => self.error(FileErrorKind::NotACapture(magic)),
        }
    }

    fn read_pcap_record(
        &mut self,
        header: &PcapHeader,
        sink: &mut dyn FnMut(FileItem<'_>),
    ) -> Result<bool, FileError> {
        let rest = &self.buffer[self.used..];
        let parse = if header.is_modified_format() {
            parse_pcap_frame_modified
        } else if header.is_bigendian() {
            parse_pcap_frame_be
        } else {
            parse_pcap_frame
        };
        // The captured length is the third word: check it before waiting for that many bytes.
        if let Some(&length) = rest.get(8..).and_then(|at| at.first_chunk::<4>()) {
            let length = if header.is_bigendian() {
                u32::from_be_bytes(length)
            } else {
                u32::from_le_bytes(length)
            };
            if length > MAX_PACKET {
                return self.error(FileErrorKind::Length(length));
            }
        }
        let Ok((
            after,
            LegacyPcapBlock {
                ts_sec,
                ts_usec,
                origlen,
                data,
                ..
            },
        )) = parse(rest)
        else {
            return Ok(false); // the parser fails only for want of bytes
        };
        let fraction = u64::from(ts_usec)
            * if header.is_nanosecond_precision() {
                1
            } else {
                1000
            };
        self.packets += 1;
        sink(FileItem::Packet(RawPacket {
            number: self.packets,
            time: UnixTime::from_nanos(u64::from(ts_sec) * 1_000_000_000 + fraction),
            // The upper bits tell the length of a frame check sequence.
            link_type: header.network.0 & 0x03ff_ffff,
            data,
            wire_len: origlen,
        }));
        self.used = self.buffer.len() - after.len();
        Ok(true)
    }

    fn read_block(&mut self, sink: &mut dyn FnMut(FileItem<'_>)) -> Result<bool, FileError> {
        let rest = &self.buffer[self.used..];
        let Some((&kind, after_kind)) = rest.split_first_chunk::<4>() else {
            return Ok(false);
        };
        let Some((&length, after_length)) = after_kind.split_first_chunk::<4>() else {
            return Ok(false);
        };
        let is_section = kind == SECTION_HEADER;
        let Format::PcapNg { big_endian, .. } = &mut self.format else {
            return Ok(false);
        };
        if is_section {
            // A section may change the byte order, its own length included.
            *big_endian = match after_length.first_chunk::<4>() {
                None => return Ok(false),
                Some(&BYTE_ORDER_LITTLE) => false,
                Some(&BYTE_ORDER_BIG) => true,
                Some(_) => return self.error(FileErrorKind::Malformed),
            };
        }
        let big_endian = *big_endian;
        let length = if big_endian {
            u32::from_be_bytes(length)
        } else {
            u32::from_le_bytes(length)
        };
        if !(12..=MAX_BLOCK).contains(&length) || length % 4 != 0 {
            return self.error(FileErrorKind::Length(length));
        }
        let Some(block) = rest.get(..length as usize) else {
            return Ok(false);
        };
        let parsed = if is_section {
            parse_sectionheaderblock(block).map(|(_, header)| Block::SectionHeader(header))
        } else if big_endian {
            parse_block_be(block).map(|(_, block)| block)
        } else {
            parse_block_le(block).map(|(_, block)| block)
        };
        let Ok(parsed) = parsed else {
            return self.error(FileErrorKind::Malformed);
        };
        let Format::PcapNg { interfaces, .. } = &mut self.format else {
            return Ok(false);
        };
        take_block(&parsed, big_endian, interfaces, &mut self.packets, sink);
        self.used += length as usize;
        Ok(true)
    }
}

/// Acts on one block of a pcapng file.
fn take_block(
    block: &Block<'_>,
    big_endian: bool,
    interfaces: &mut Vec<Interface>,
    packets: &mut u64,
    sink: &mut dyn FnMut(FileItem<'_>),
) {
    match block {
        Block::SectionHeader(_) => interfaces.clear(),
        Block::InterfaceDescription(description) if interfaces.len() < MAX_INTERFACES => {
            interfaces.push(interface(description, big_endian));
        }
        Block::EnhancedPacket(packet) => {
            *packets += 1;
            // A packet of an interface that was never described has no known link type.
            let known = interfaces.get(packet.if_id as usize);
            let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
            sink(FileItem::Packet(RawPacket {
                number: *packets,
                time: known
                    .map(|interface| interface.time(ticks))
                    .unwrap_or_default(),
                link_type: known.map_or(-1, |interface| interface.link_type),
                data: packet.packet_data(),
                wire_len: packet.origlen,
            }));
        }
        Block::SimplePacket(packet) => {
            *packets += 1;
            let known = interfaces.first();
            // Such a packet says only how long it was on the wire; the interface says where it was cut.
            let limit = known.map_or(0, |interface| interface.snap_len);
            let limit = if limit == 0 {
                packet.origlen
            } else {
                packet.origlen.min(limit)
            };
            let data = packet.data.get(..limit as usize).unwrap_or(packet.data);
            sink(FileItem::Packet(RawPacket {
                number: *packets,
                time: UnixTime::default(),
                link_type: known.map_or(-1, |interface| interface.link_type),
                data,
                wire_len: packet.origlen,
            }));
        }
        Block::DecryptionSecrets(secrets) => {
            let data = secrets
                .data
                .get(..secrets.secrets_len as usize)
                .unwrap_or(secrets.data);
            sink(FileItem::Secrets {
                kind: secrets.secrets_type.0,
                data,
            });
        }
        _ => {}
    }
}

fn interface(description: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Interface {
    // Low seven bits: an exponent, of two if the top bit is set, else of ten.
    let exponent = u32::from(description.if_tsresol & 0x7f);
    let base: u128 = if description.if_tsresol & 0x80 == 0 {
        10
    } else {
        2
    };
    // pcap-parser reads the offset as little-endian in either kind of section.
    let offset = if big_endian {
        description.if_tsoffset.swap_bytes()
    } else {
        description.if_tsoffset
    };
    Interface {
        link_type: description.linktype.0,
        snap_len: description.snaplen,
        resolution: base.checked_pow(exponent).unwrap_or(u128::MAX),
        offset,
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> UnixTime {
        let nanos = u128::from(ticks).saturating_mul(1_000_000_000) / self.resolution.max(1);
        let shifted = i128::try_from(nanos)
            .unwrap_or(i128::MAX)
            .saturating_add(i128::from(self.offset) * 1_000_000_000);
        UnixTime::from_nanos(u64::try_from(shifted.max(0)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, time in nanoseconds, link type and data of a packet.
    type Seen = (u64, u64, i32, Vec<u8>);

    fn read(file: &[u8], chunk: usize) -> (Vec<Seen>, Result<(), FileError>) {
        let mut reader = FileReader::new();
        let mut found = Vec::new();
        let mut sink = |item: FileItem<'_>| {
            if let FileItem::Packet(p) = item {
                found.push((p.number, p.time.as_nanos(), p.link_type, p.data.to_vec()));
            }
        };
        let mut result = Ok(());
        for piece in file.chunks(chunk) {
            let pushed = reader.push(piece, &mut sink);
            result = result.and(pushed);
        }
        let end = reader.finish();
        (found, result.and(end))
    }

    /// A pcap file of two packets in the byte order and precision given.
    fn pcap(magic: u32, big_endian: bool) -> Vec<u8> {
        let word = |value: u32| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let half = |value: u16| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let mut file = Vec::new();
        file.extend(word(magic));
        file.extend(half(2));
        file.extend(half(4));
        for value in [0, 0, 65535, 101] {
            file.extend(word(value));
        }
        for (data, fraction) in [(&b"first"[..], 1), (b"second", 2)] {
            for value in [10, fraction, data.len() as u32, 100] {
                file.extend(word(value));
            }
            file.extend(data);
        }
        file
    }

    #[test]
    fn pcap_is_read_in_both_byte_orders_and_precisions_in_chunks_of_any_size() {
        for big_endian in [false, true] {
            for (magic, unit) in [(0xa1b2_c3d4, 1000), (0xa1b2_3c4d, 1)] {
                let file = pcap(magic, big_endian);
                for chunk in [1, 7, file.len()] {
                    let (found, result) = read(&file, chunk);
                    assert_eq!(result, Ok(()));
                    let second = 10_000_000_000;
                    assert_eq!(found[0], (1, second + unit, 101, b"first".to_vec()));
                    assert_eq!(found[1], (2, second + 2 * unit, 101, b"second".to_vec()));
                }
            }
        }
    }

    fn ng_block(big_endian: bool, kind: u32, body: &[u8]) -> Vec<u8> {
        let word = |value: u32| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let mut block = word(kind).to_vec();
        let length = body.len() as u32 + 12;
        block.extend(word(length));
        block.extend(body);
        block.extend(word(length));
        block
    }

    /// A section with two interfaces, one in units of 2^-10 s and shifted by 5 s, and a packet of each.
    fn section(big_endian: bool) -> Vec<u8> {
        let word = |value: u32| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let half = |value: u16| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let long = |value: u64| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let mut file = ng_block(
            big_endian,
            0x0a0d_0d0a,
            &[&word(0x1a2b_3c4d)[..], &half(1), &half(0), &long(u64::MAX)].concat(),
        );
        file.extend(ng_block(
            big_endian,
            1,
            &[&half(1)[..], &half(0), &word(0)].concat(),
        ));
        let options = [
            &half(9)[..],
            &half(1),
            &[0x8a, 0, 0, 0],
            &half(14),
            &half(8),
            &long(5),
            &word(0),
        ];
        file.extend(ng_block(
            big_endian,
            1,
            &[&half(101)[..], &half(0), &word(0), &options.concat()].concat(),
        ));
        for interface in [0, 1] {
            let head = [interface, 0, 2048, 3, 9].map(word).concat();
            file.extend(ng_block(big_endian, 6, &[&head[..], b"abc\0"].concat()));
        }
        file
    }

    #[test]
    fn pcapng_keeps_interfaces_of_each_section_apart() {
        for (first, second) in [(false, true), (true, false)] {
            let file = [section(first), section(second)].concat();
            for chunk in [1, 13, file.len()] {
                let (found, result) = read(&file, chunk);
                assert_eq!(result, Ok(()));
                let expected = [(2_048_000, 1), (7_000_000_000, 101)];
                for (i, packet) in found.iter().enumerate() {
                    let (time, link) = expected[i % 2];
                    assert_eq!(*packet, (i as u64 + 1, time, link, b"abc".to_vec()));
                }
                assert_eq!(found.len(), 4);
            }
        }
    }

    #[test]
    fn a_cut_file_yields_everything_before_the_cut() {
        let file = pcap(0xa1b2_c3d4, false);
        let (found, result) = read(&file[..file.len() - 1], 5);
        assert_eq!(found.len(), 1);
        assert_eq!(
            result,
            Err(FileError {
                offset: 45,
                kind: FileErrorKind::Truncated(21)
            })
        );
    }

    #[test]
    fn an_absurd_length_is_named_with_its_offset() {
        let mut file = pcap(0xa1b2_c3d4, false);
        file[45 + 8..45 + 12].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
        let (found, result) = read(&file, 64);
        assert_eq!(found.len(), 1);
        assert_eq!(
            result,
            Err(FileError {
                offset: 45,
                kind: FileErrorKind::Length(0x7fff_ffff)
            })
        );
    }

    #[test]
    fn noise_and_nothing_are_told_apart() {
        assert_eq!(read(b"", 1).1.unwrap_err().kind, FileErrorKind::Empty);
        assert_eq!(
            read(b"MZ", 1).1.unwrap_err().kind,
            FileErrorKind::NotACapture(*b"MZ\0\0")
        );
        assert_eq!(
            read(b"%PDF-1.7", 8).1.unwrap_err().kind,
            FileErrorKind::NotACapture(*b"%PDF")
        );
    }
}
