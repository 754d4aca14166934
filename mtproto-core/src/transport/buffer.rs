//! Received bytes that are not consumed yet.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::crypto::aes_ctr::AesCtr256;

/// Capacity that an idle stream may keep, in bytes; a server holds one buffer per connection.
const RETAINED: usize = 1024;

/// A queue of received bytes that lie in one piece, deciphered when they come in.
///
/// Each byte is copied once, from the driver's buffer to here; frames are then handed out in place.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl fmt::Debug for Buffer {
    /// Without the bytes: an obfuscated stream lies here in clear.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.bytes.len().saturating_sub(self.start);
        f.debug_struct("Buffer")
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

impl Buffer {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// Appends `bytes`, deciphered with `keystream` if the stream is obfuscated.
    pub(super) fn push(&mut self, bytes: &[u8], keystream: Option<&mut AesCtr256>) {
        self.reclaim();
        let old = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        if let (Some(keystream), Some(new)) = (keystream, self.bytes.get_mut(old..)) {
            keystream.apply(new);
        }
    }

    /// What is not consumed.
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// What is not consumed, to be changed in place.
    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.start..).unwrap_or_default()
    }

    /// Consumes `len` bytes and lends them out until the next call.
    pub(super) fn take(&mut self, len: usize) -> &mut [u8] {
        let start = self.start;
        let end = start.saturating_add(len).min(self.bytes.len());
        self.start = end;
        self.bytes.get_mut(start..end).unwrap_or_default()
    }

    /// Consumes `len` bytes; returns where they are, for [`Self::slices`].
    pub(super) fn pass(&mut self, len: usize) -> Range<usize> {
        let start = self.start;
        self.start = start.saturating_add(len).min(self.bytes.len());
        start..self.start
    }

    /// Lends consumed ranges out, which must stand in their order.
    pub(super) fn slices(&mut self, ranges: impl Iterator<Item = Range<usize>>) -> Vec<&mut [u8]> {
        let mut rest = self.bytes.as_mut_slice();
        let mut at = 0_usize;
        let mut slices = Vec::new();
        for range in ranges {
            let skip = range.start.saturating_sub(at);
            let len = range.end.saturating_sub(range.start);
            let (slice, after) = rest
                .split_at_mut_checked(skip)
                .and_then(|(_, rest)| rest.split_at_mut_checked(len))
                .unwrap_or_default();
            slices.push(slice);
            rest = after;
            at = range.end;
        }
        slices
    }

    /// Gives the room of consumed bytes back.
    ///
    /// Bytes are moved only if there are at most as many as were consumed since the last move, so each byte is moved
    /// at most once on average, however small the pieces are in which a stream arrives.
    pub(super) fn reclaim(&mut self) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(RETAINED);
            self.start = 0;
        } else if self.start >= self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emptied_buffer_keeps_little_memory() {
        let mut buffer = Buffer::new();
        buffer.push(&[7; 100_000], None);
        assert_eq!(buffer.take(100_000).len(), 100_000);
        buffer.reclaim();
        assert!(buffer.bytes.capacity() <= RETAINED);
        assert_eq!(buffer.unread(), []);
    }

    #[test]
    fn bytes_keep_their_order_through_moves() {
        let mut buffer = Buffer::new();
        let (mut sent, mut seen) = (0_u8, 0_u8);
        for round in 0..200_usize {
            for _ in 0..round % 7 {
                buffer.push(&[sent], None);
                sent = sent.wrapping_add(1);
            }
            for byte in buffer.take(round % 5) {
                assert_eq!(*byte, seen);
                seen = seen.wrapping_add(1);
            }
        }
        assert_eq!(usize::from(sent.wrapping_sub(seen)), buffer.unread().len());
    }
}
