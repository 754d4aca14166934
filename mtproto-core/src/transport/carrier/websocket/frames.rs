//! Frames of RFC 6455 around a byte stream.
//!
//! The limits of messages mean nothing here: payload bytes go through as they come, and nothing is stored but the
//! payload of a control frame, 125 bytes at most.

use alloc::vec::Vec;

use super::WebSocketError;
use crate::crypto::kdf::Direction;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The longest payload of a control frame.
const MAX_CONTROL: u64 = 125;
/// The longest header: two bytes, eight of length, four of mask.
const MAX_HEADER: usize = 14;

/// Takes the stream out of one direction of a WebSocket.
#[derive(Debug)]
pub struct FrameReader {
    direction: Direction,
    header: Vec<u8>,
    /// The frame whose payload is being read.
    frame: Option<OpenFrame>,
    /// Whether a message has begun and not ended.
    in_message: bool,
    control: Vec<u8>,
    owed_pong: Option<Vec<u8>>,
    ended: Option<End>,
}

#[derive(Clone, Copy, Debug)]
struct OpenFrame {
    opcode: u8,
    left: u64,
    /// The mask, turned so that its first byte belongs to the next one of the payload.
    mask: [u8; 4],
}

/// How the other side has ended the WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The code that it gave as a reason, such as 1000 for a normal end.
    pub code: Option<u16>,
}

impl FrameReader {
    /// A reader of what goes in this direction; clients mask what they send, servers do not.
    #[must_use]
    pub const fn new(direction: Direction) -> Self {
        Self {
            direction,
            header: Vec::new(),
            frame: None,
            in_message: false,
            control: Vec::new(),
            owed_pong: None,
            ended: None,
        }
    }

    /// Appends the stream in `bytes` to `stream`. What follows a close frame is ignored.
    ///
    /// # Errors
    /// A frame breaks the rules. Nothing can be read from then on.
    pub fn read(&mut self, bytes: &[u8], stream: &mut Vec<u8>) -> Result<(), WebSocketError> {
        self.read_runs(bytes, stream, |_, _| {})
    }

    /// Does the same and tells of each piece of the stream where in `bytes` it begins, and its length.
    pub(in crate::transport) fn read_runs(
        &mut self,
        all: &[u8],
        stream: &mut Vec<u8>,
        mut run: impl FnMut(usize, usize),
    ) -> Result<(), WebSocketError> {
        let mut bytes = all;
        while self.ended.is_none() {
            let Some(frame) = &mut self.frame else {
                let Some((byte, rest)) = bytes.split_first() else {
                    return Ok(());
                };
                self.header.push(*byte);
                bytes = rest;
                self.read_header()?;
                continue;
            };
            let len = usize::try_from(frame.left)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            if len == 0 && frame.left > 0 {
                return Ok(());
            }
            let at = all.len().saturating_sub(bytes.len());
            let (payload, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
            bytes = rest;
            let out = if frame.opcode < CLOSE {
                if len > 0 {
                    run(at, len);
                }
                &mut *stream
            } else {
                &mut self.control
            };
            let start = out.len();
            out.extend_from_slice(payload);
            unmask(out.get_mut(start..).unwrap_or_default(), &mut frame.mask);
            frame.left = frame.left.saturating_sub(len as u64);
            if frame.left == 0 {
                let opcode = frame.opcode;
                self.frame = None;
                self.end_control(opcode);
            }
        }
        Ok(())
    }

    /// Goes on `len` bytes further, if they are known to be of the stream.
    pub(in crate::transport) fn lose(&mut self, len: u64) -> bool {
        let Some(frame) = self.frame.as_mut().filter(|frame| frame.opcode < CLOSE) else {
            return false;
        };
        let Some(left) = frame.left.checked_sub(len) else {
            return false;
        };
        frame.left = left;
        frame.mask.rotate_left((len % 4) as usize);
        if left == 0 {
            self.frame = None;
        }
        true
    }

    fn read_header(&mut self) -> Result<(), WebSocketError> {
        let [first, second, rest @ ..] = &self.header[..] else {
            return Ok(());
        };
        let (first, second) = (*first, *second);
        let (extra, mut left) = match second & !MASKED {
            126 => (2, None),
            127 => (8, None),
            short => (0, Some(u64::from(short))),
        };
        let from_client = self.direction == Direction::ClientToServer;
        if first & RESERVED != 0 || (second & MASKED != 0) != from_client {
            return Err(WebSocketError::Frame);
        }
        let mask_len = if from_client { 4 } else { 0 };
        let (Some(length), Some(mask)) = (rest.get(..extra), rest.get(extra..)) else {
            return Ok(());
        };
        if extra > 0 {
            let number = length
                .iter()
                .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            left = Some(number);
        }
        let left = left.unwrap_or(0);
        if left > i64::MAX.cast_unsigned() {
            return Err(WebSocketError::FrameLength);
        }
        if mask.len() < mask_len {
            return Ok(());
        }
        let opcode = first & 0x0f;
        let is_final = first & FINAL != 0;
        match opcode {
            BINARY if !self.in_message => self.in_message = !is_final,
            CONTINUATION if self.in_message => self.in_message = !is_final,
            CLOSE | PING | PONG if is_final && left <= MAX_CONTROL => {}
            _ => return Err(WebSocketError::Frame),
        }
        let mask = mask.first_chunk().copied().unwrap_or_default();
        self.header.clear();
        self.frame = Some(OpenFrame { opcode, left, mask });
        Ok(())
    }

    fn end_control(&mut self, opcode: u8) {
        let payload = core::mem::take(&mut self.control);
        match opcode {
            // Only the latest ping needs an answer.
            PING => self.owed_pong = Some(payload),
            CLOSE => {
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                self.owed_pong = None;
                self.ended = Some(End { code });
            }
            _ => {}
        }
    }

    /// How the other side has ended the WebSocket, if it has.
    #[must_use]
    pub const fn ended(&self) -> Option<End> {
        self.ended
    }

    /// The payload of the latest ping that has no answer yet.
    pub(in crate::transport::carrier) const fn take_ping(&mut self) -> Option<Vec<u8>> {
        self.owed_pong.take()
    }
}

/// Combines `data` with the mask over and over, and turns the mask to where it ends.
fn unmask(data: &mut [u8], mask: &mut [u8; 4]) {
    if *mask == [0; 4] {
        return;
    }
    let word = u32::from_ne_bytes(*mask);
    let (words, rest) = data.as_chunks_mut::<4>();
    for chunk in words {
        *chunk = (u32::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(*mask) {
        *byte ^= mask;
    }
    mask.rotate_left(rest.len());
}

/// Appends `stream` to `wire` as one binary message, masked if a mask is given, as clients must.
pub fn write_message(stream: &[u8], mask: Option<[u8; 4]>, wire: &mut Vec<u8>) {
    write_frame(BINARY, stream, mask, wire);
}

pub(in crate::transport::carrier) fn write_pong(
    ping: &[u8],
    mask: Option<[u8; 4]>,
    wire: &mut Vec<u8>,
) {
    write_frame(PONG, ping, mask, wire);
}

pub(in crate::transport::carrier) fn write_close(
    code: Option<u16>,
    mask: Option<[u8; 4]>,
    wire: &mut Vec<u8>,
) {
    let code = code.map(u16::to_be_bytes);
    write_frame(
        CLOSE,
        code.as_ref().map_or(&[], |code| &code[..]),
        mask,
        wire,
    );
}

fn write_frame(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>, wire: &mut Vec<u8>) {
    wire.reserve(payload.len().saturating_add(MAX_HEADER));
    wire.push(FINAL | opcode);
    let bit = if mask.is_some() { MASKED } else { 0 };
    match u8::try_from(payload.len()) {
        Ok(short @ ..126) => wire.push(short | bit),
        _ => match u16::try_from(payload.len()) {
            Ok(len) => {
                wire.push(126 | bit);
                wire.extend_from_slice(&len.to_be_bytes());
            }
            Err(_) => {
                wire.push(127 | bit);
                wire.extend_from_slice(&(payload.len() as u64).to_be_bytes());
            }
        },
    }
    wire.extend_from_slice(mask.as_ref().map_or(&[], |mask| &mask[..]));
    let start = wire.len();
    wire.extend_from_slice(payload);
    if let (Some(mut mask), Some(written)) = (mask, wire.get_mut(start..)) {
        unmask(written, &mut mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_continues_across_pieces() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let whole: Vec<u8> = (0..50).collect();
        let mut expected = whole.clone();
        unmask(&mut expected, &mut { mask });
        for cut in 0..whole.len() {
            let mut pieces = whole.clone();
            let mut turned = mask;
            let (head, tail) = pieces.split_at_mut(cut);
            unmask(head, &mut turned);
            unmask(tail, &mut turned);
            assert_eq!(pieces, expected);
        }
    }

    // RFC 6455, section 5.7: a single-frame masked message, and an unmasked ping.
    #[test]
    fn frames_agree_with_the_examples_of_the_rfc() {
        let mut wire = Vec::new();
        write_frame(1, b"Hello", Some([0x37, 0xfa, 0x21, 0x3d]), &mut wire);
        assert_eq!(
            wire,
            [
                0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58
            ]
        );
        let mut reader = FrameReader::new(Direction::ServerToClient);
        reader
            .read(&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], &mut Vec::new())
            .unwrap();
        assert_eq!(reader.take_ping().as_deref(), Some(&b"Hello"[..]));
    }
}
