//! One direction of a byte stream cut into units, and units written to it.

use alloc::vec::Vec;
use core::ops::Range;

use super::{FrameError, Transport, WriteError, abridged, full, intermediate};
use crate::crypto::kdf::Direction;
use crate::random::SecureRandom;

/// How far the bytes at the head of a stream reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// They are the beginning of something that can be judged when there are `total` bytes.
    ///
    /// Up to 4, these are the length field; beyond, the length is known and this is all of the unit.
    NeedMore {
        /// Bytes from the head of the stream on.
        total: usize,
    },
    /// They begin with a whole unit.
    Unit(Unit),
}

/// What stands at the head of a byte stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Bytes that the unit takes, its header and trailer included.
    pub len: usize,
    /// What it is.
    pub kind: UnitKind,
    /// Counter and sums, if the unit is a whole frame of the full transport.
    pub full: Option<FullCheck>,
}

/// The kinds of [`Unit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A payload for the message layer.
    Payload {
        /// Where it is, counted from the head of the unit; in the padded transport with its padding.
        payload: Range<usize>,
        /// Whether a client asks for a quick acknowledgment of it.
        quick_ack_requested: bool,
    },
    /// A server's quick acknowledgment.
    QuickAck(u32),
    /// A server's transport error.
    TransportError(i32),
}

/// What a frame of the full transport says about itself, beside what its bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullCheck {
    /// The counter in the frame.
    pub seq_no: u32,
    /// The CRC32 over the frame's bytes.
    pub computed: u32,
    /// The CRC32 in the frame.
    pub received: u32,
}

impl Unit {
    pub(super) const fn quick_ack(len: usize, token: u32) -> Self {
        Self {
            len,
            kind: UnitKind::QuickAck(token),
            full: None,
        }
    }

    pub(super) const fn transport_error(len: usize, code: i32) -> Self {
        Self {
            len,
            kind: UnitKind::TransportError(code),
            full: None,
        }
    }
}

impl From<Unit> for Parsed {
    fn from(unit: Unit) -> Self {
        Self::Unit(unit)
    }
}

/// What the transports' parsers look at.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) buf: &'a [u8],
    pub(super) direction: Direction,
    pub(super) limit: usize,
}

impl Input<'_> {
    /// The unit with `len` bytes of payload between `header` and `trailer` bytes.
    ///
    /// The length is judged before the payload is there, so that a peer cannot make this end collect what it will
    /// refuse.
    pub(super) fn framed(
        self,
        header: usize,
        len: u32,
        trailer: usize,
        quick_ack_requested: bool,
    ) -> Result<Parsed, FrameError> {
        if len < 4 {
            return Err(FrameError::BadLength { announced: len });
        }
        let limit = self.limit;
        let len = usize::try_from(len)
            .ok()
            .filter(|len| *len <= limit)
            .ok_or_else(|| FrameError::TooLong {
                announced: len.into(),
                limit,
            })?;
        let end = header.saturating_add(len);
        let total = end.saturating_add(trailer);
        if self.buf.len() < total {
            return Ok(Parsed::NeedMore { total });
        }
        let payload = header..end;
        if self.direction == Direction::ServerToClient
            && let Some(Ok(code)) = self.buf.get(payload.clone()).map(<[u8; 4]>::try_from)
        {
            return Ok(Unit::transport_error(total, i32::from_le_bytes(code)).into());
        }
        Ok(Parsed::Unit(Unit {
            len: total,
            kind: UnitKind::Payload {
                payload,
                quick_ack_requested,
            },
            full: None,
        }))
    }
}

/// The reading side of one direction of a stream, without its obfuscation and without a buffer.
///
/// [`Framer`](super::Framer) and the passive reader are built on it.
#[derive(Clone, Debug)]
pub struct Decoder {
    transport: Transport,
    direction: Direction,
    limit: usize,
    /// The counter that is due in the full transport, if it is known.
    next_seq_no: Option<u32>,
}

impl Decoder {
    /// A reader of what follows the tag of `transport`, refusing payloads longer than `limit` bytes.
    #[must_use]
    pub const fn new(transport: Transport, direction: Direction, limit: usize) -> Self {
        Self {
            transport,
            direction,
            limit,
            next_seq_no: Some(0),
        }
    }

    /// The transport it reads.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Finds the unit at the head of `buf`.
    ///
    /// # Errors
    /// The length at the head is none that the transport allows, or exceeds the limit.
    pub fn parse(&self, buf: &[u8]) -> Result<Parsed, FrameError> {
        let input = Input {
            buf,
            direction: self.direction,
            limit: self.limit,
        };
        match self.transport {
            Transport::Abridged => abridged::parse(input),
            Transport::Intermediate => intermediate::parse(input, false),
            Transport::PaddedIntermediate => intermediate::parse(input, true),
            Transport::Full => full::parse(input),
        }
    }

    /// Judges counter and sum of a unit of the full transport, and expects the next counter from here on.
    ///
    /// # Errors
    /// [`FrameError::Checksum`] or [`FrameError::SequenceNumber`].
    pub const fn accept(&mut self, unit: &Unit) -> Result<(), FrameError> {
        let Some(FullCheck {
            seq_no,
            computed,
            received,
        }) = unit.full
        else {
            return Ok(());
        };
        let due = self.next_seq_no;
        if computed != received {
            // The counter may be what is wrong.
            self.skip_frame();
            return Err(FrameError::Checksum { computed, received });
        }
        self.next_seq_no = Some(seq_no.wrapping_add(1));
        match due {
            Some(expected) if expected != seq_no => Err(FrameError::SequenceNumber {
                expected,
                received: seq_no,
            }),
            _ => Ok(()),
        }
    }

    /// Counts a frame that has not been read.
    pub const fn skip_frame(&mut self) {
        self.next_seq_no = match self.next_seq_no {
            Some(seq_no) => Some(seq_no.wrapping_add(1)),
            None => None,
        };
    }

    /// Takes any counter for the next frame.
    pub const fn forget_seq_no(&mut self) {
        self.next_seq_no = None;
    }
}

/// The writing side of one direction of a stream, without its obfuscation.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    transport: Transport,
    next_seq_no: u32,
}

impl Encoder {
    pub(super) const fn new(transport: Transport) -> Self {
        Self {
            transport,
            next_seq_no: 0,
        }
    }

    pub(super) fn write_payload(
        &mut self,
        payload: &[u8],
        quick_ack: bool,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        match self.transport {
            Transport::Abridged => abridged::write(payload, quick_ack, out),
            Transport::Intermediate => intermediate::write(payload, quick_ack, None, out),
            Transport::PaddedIntermediate => {
                intermediate::write(payload, quick_ack, Some(random), out)
            }
            Transport::Full if quick_ack => Err(WriteError::NoQuickAck),
            Transport::Full => {
                full::write(payload, self.next_seq_no, out)?;
                self.next_seq_no = self.next_seq_no.wrapping_add(1);
                Ok(())
            }
        }
    }

    pub(super) fn write_quick_ack(
        &self,
        token: u32,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        match self.transport {
            Transport::Abridged => {
                abridged::write_quick_ack(token, out);
                Ok(())
            }
            Transport::Intermediate => intermediate::write_quick_ack(token, None, out),
            Transport::PaddedIntermediate => {
                intermediate::write_quick_ack(token, Some(random), out)
            }
            Transport::Full => Err(WriteError::NoQuickAck),
        }
    }
}
