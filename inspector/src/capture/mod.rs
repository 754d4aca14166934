//! From the bytes of a capture file to the byte streams of TCP connections.
//!
//! ```text
//! chunks -> gunzip -> file (pcap, pcapng) -> link -> ip (fragments) -> tcp (reassembly) -> events
//! ```
//!
//! Sans-IO: nothing here opens a file or a socket.

pub mod file;
mod fragments;
mod gunzip;
pub mod ip;
pub mod link;
pub mod tcp;

use std::collections::BTreeMap;

use file::{FileError, FileErrorKind, FileItem, FileReader, RawPacket};
use gunzip::Gunzip;
use ip::{IpReader, NoSegment};
use link::NoIp;
use tcp::{At, Reassembler, TcpEvent};

/// What a capture brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureEvent<'a> {
    /// Something on a TCP connection.
    Tcp(TcpEvent<'a>),
    /// A Decryption Secrets Block.
    Secrets {
        /// Its type code.
        kind: u32,
        /// Its content.
        data: &'a [u8],
    },
}

/// How many packets there were, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// All packets of the file.
    pub total: u64,
    /// Those that are TCP segments, whole or put together from fragments.
    pub tcp: u64,
    /// Fragments that were kept for their datagram.
    pub fragments: u64,
    /// Those of other protocols.
    pub other: u64,
    /// Those cut or broken before their TCP payload.
    pub malformed: u64,
    /// Those of link types that are not read, by LINKTYPE number (−1: interface never described).
    pub unknown_link: BTreeMap<i32, u64>,
    /// Payload bytes after the end of their connection or far outside of its window.
    pub stray_bytes: u64,
}

/// Reads a capture from chunks of its file.
#[derive(Debug)]
pub struct Capture {
    gunzip: Gunzip,
    file: FileReader,
    packets: Packets,
}

/// The stages behind the file reader.
#[derive(Debug, Default)]
struct Packets {
    ip: IpReader,
    tcp: Reassembler,
    counts: PacketCounts,
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

impl Capture {
    /// A capture of which nothing was read yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            gunzip: Gunzip::new(),
            file: FileReader::new(),
            packets: Packets::default(),
        }
    }

    /// Takes the next bytes of the file, of any number.
    ///
    /// # Errors
    ///
    /// [`FileError`] where the file cannot be read on. It is reported once; what came before it stays good.
    pub fn push(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(CaptureEvent<'_>),
    ) -> Result<(), FileError> {
        let Self {
            gunzip,
            file,
            packets,
        } = self;
        let result = gunzip.push(bytes, &mut |plain| {
            file.push(plain, &mut |item| packets.take(item, sink))
        });
        flatten(result, file)
    }

    /// Ends the file and every connection in it.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the file ends within a record or has nothing in it; the events are handed out all the same.
    pub fn finish(&mut self, sink: &mut dyn FnMut(CaptureEvent<'_>)) -> Result<(), FileError> {
        let Self {
            gunzip,
            file,
            packets,
        } = self;
        let result =
            gunzip.finish(&mut |plain| file.push(plain, &mut |item| packets.take(item, sink)));
        let result = flatten(result, file);
        let ended = file.finish();
        packets
            .tcp
            .finish(&mut |event| sink(CaptureEvent::Tcp(event)));
        result.and(ended)
    }

    /// What became of the packets so far.
    #[must_use]
    pub fn counts(&self) -> PacketCounts {
        PacketCounts {
            stray_bytes: self.packets.tcp.stray_bytes(),
            ..self.packets.counts.clone()
        }
    }
}

fn flatten(
    result: Result<Result<(), FileError>, String>,
    file: &FileReader,
) -> Result<(), FileError> {
    result.unwrap_or_else(|reason| {
        Err(FileError {
            offset: file.position(),
            kind: FileErrorKind::Gzip(reason),
        })
    })
}

impl Packets {
    fn take(&mut self, item: FileItem<'_>, sink: &mut dyn FnMut(CaptureEvent<'_>)) {
        match item {
            FileItem::Secrets { kind, data } => sink(CaptureEvent::Secrets { kind, data }),
            FileItem::Packet(packet) => self.take_packet(&packet, sink),
        }
    }

    fn take_packet(&mut self, packet: &RawPacket<'_>, sink: &mut dyn FnMut(CaptureEvent<'_>)) {
        self.counts.total += 1;
        let ip = match link::ip_packet(packet.link_type, packet.data) {
            Ok(ip) => ip,
            Err(NoIp::OtherProtocol) => {
                self.counts.other += 1;
                return;
            }
            Err(NoIp::Short) => {
                self.counts.malformed += 1;
                return;
            }
            Err(NoIp::UnknownLink(link)) => {
                *self.counts.unknown_link.entry(link).or_default() += 1;
                return;
            }
        };
        match self.ip.segment(ip) {
            Ok(segment) => {
                self.counts.tcp += 1;
                let at = At {
                    time: packet.time,
                    packet: packet.number,
                };
                self.tcp
                    .push(&segment, at, &mut |event| sink(CaptureEvent::Tcp(event)));
            }
            Err(NoSegment::Fragment) => self.counts.fragments += 1,
            Err(NoSegment::OtherProtocol) => self.counts.other += 1,
            Err(NoSegment::Malformed) => self.counts.malformed += 1,
        }
    }
}
