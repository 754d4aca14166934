//! One direction of a tapped stream.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::resync::{self, LOOKAHEAD, MAX_HEADER};
use super::{Observed, SkipReason, What};
use crate::crypto::aes_ctr::AesCtr256;
use crate::crypto::kdf::Direction;
use crate::ids::AuthKeyId;
use crate::transport::buffer::Buffer;
use crate::transport::codec::{Decoder, Parsed, Unit, UnitKind};
use crate::transport::{FrameLimits, Transport};

/// Bytes without a frame that are collected before they are reported as skipped.
const SKIP_AT: usize = 4096;

const EVERY: [Transport; 4] = [
    Transport::Abridged,
    Transport::Intermediate,
    Transport::PaddedIntermediate,
    Transport::Full,
];

#[derive(Debug)]
pub(super) struct Half {
    direction: Direction,
    limit: usize,
    state: State,
    /// The key stream whose offset 0 belongs to the first byte of this direction.
    keystream: Option<AesCtr256>,
    received: Buffer,
    /// The offset of the first unread byte.
    offset: u64,
    /// Ranges to report before anything that is read from the buffer.
    notes: VecDeque<(Range<u64>, Note)>,
    /// The unit at the head of the buffer.
    ready: Option<Unit>,
}

#[derive(Debug)]
enum State {
    /// The transport is not known yet; bytes are as they were sent.
    Waiting,
    /// A unit begins at the head of the buffer.
    Aligned(Decoder),
    /// The frame up to this offset has lost bytes; the next one follows.
    Damaged(Decoder, u64),
    /// A frame begins somewhere.
    Adrift {
        transport: Option<Transport>,
        reason: SkipReason,
        /// Positions in the buffer that hold no identifier.
        searched: usize,
    },
}

#[derive(Clone, Copy, Debug)]
enum Note {
    Preamble,
    Lost,
    Skipped(SkipReason),
}

impl Half {
    pub(super) const fn new(direction: Direction, limits: FrameLimits) -> Self {
        Self::with_limit(direction, limits.max_frame)
    }

    const fn with_limit(direction: Direction, limit: usize) -> Self {
        Self {
            direction,
            limit,
            state: State::Waiting,
            keystream: None,
            received: Buffer::new(),
            offset: 0,
            notes: VecDeque::new(),
            ready: None,
        }
    }

    /// What has come in before the transport is known, if it is all of the direction so far.
    pub(super) fn head(&self) -> Option<&[u8]> {
        (self.offset == 0 && matches!(self.state, State::Waiting)).then(|| self.received.unread())
    }

    /// Gives up what has come in, because it is not the stream itself.
    pub(super) fn take_head(&mut self) -> Vec<u8> {
        let head = self.received.unread().to_vec();
        *self = Self::with_limit(self.direction, self.limit);
        head
    }

    /// The longest payload in bytes.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// The transport, if a frame shows it.
    pub(super) const fn transport(&self) -> Option<Transport> {
        match &self.state {
            State::Aligned(decoder) | State::Damaged(decoder, _) => Some(decoder.transport()),
            State::Waiting | State::Adrift { .. } => None,
        }
    }

    pub(super) fn pending(&self) -> Range<u64> {
        self.offset
            ..self
                .offset
                .saturating_add(self.received.unread().len() as u64)
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.received.push(bytes, self.keystream.as_mut());
        // The other direction may never come: then these bytes cannot be read, and need not be kept.
        if matches!(self.state, State::Waiting) && self.received.unread().len() > self.limit {
            self.skip(self.received.unread().len(), SkipReason::UnknownTransport);
        }
    }

    /// Begins to cut, after `preamble` bytes.
    pub(super) fn start(
        &mut self,
        transport: Transport,
        keystream: Option<AesCtr256>,
        preamble: usize,
    ) {
        if self.offset > 0 {
            self.adrift(Some(transport), keystream, SkipReason::AfterGap);
            return;
        }
        if preamble > 0 {
            self.report(preamble, Note::Preamble);
        }
        self.decipher(keystream);
        self.state = State::Aligned(Decoder::new(transport, self.direction, self.limit));
    }

    /// Begins to look for a frame.
    pub(super) fn adrift(
        &mut self,
        transport: Option<Transport>,
        keystream: Option<AesCtr256>,
        reason: SkipReason,
    ) {
        self.decipher(keystream);
        self.state = State::Adrift {
            transport,
            reason,
            searched: 0,
        };
    }

    /// Narrows the search to the transport that the other direction has shown.
    pub(super) const fn hint(&mut self, found: Transport) {
        if let State::Adrift {
            transport: transport @ None,
            searched,
            ..
        } = &mut self.state
        {
            *transport = Some(found);
            *searched = 0;
        }
    }

    fn decipher(&mut self, keystream: Option<AesCtr256>) {
        self.keystream = keystream;
        if let Some(keystream) = &mut self.keystream {
            keystream.seek(self.offset);
            keystream.apply(self.received.unread_mut());
        }
    }

    /// Goes on `len` bytes further.
    pub(super) fn lose(&mut self, len: u64) {
        let unread = self.received.unread();
        let gap = self.offset.saturating_add(unread.len() as u64);
        let gap = gap..gap.saturating_add(len);
        let old = core::mem::replace(&mut self.state, State::Waiting);
        let adrift = |transport, reason| State::Adrift {
            transport,
            reason,
            searched: 0,
        };
        let (state, reason) = match old {
            State::Waiting => (State::Waiting, SkipReason::UnknownTransport),
            State::Aligned(mut decoder) => match frame_end(&decoder, unread, self.offset) {
                Some(end) if gap.end <= end => {
                    decoder.skip_frame();
                    (State::Damaged(decoder, end), SkipReason::Damaged)
                }
                _ => {
                    let transport = Some(decoder.transport());
                    (adrift(transport, SkipReason::AfterGap), SkipReason::Damaged)
                }
            },
            State::Damaged(decoder, end) if gap.end <= end => {
                (State::Damaged(decoder, end), SkipReason::Damaged)
            }
            State::Damaged(decoder, _) => {
                let transport = Some(decoder.transport());
                (adrift(transport, SkipReason::AfterGap), SkipReason::Damaged)
            }
            State::Adrift {
                transport, reason, ..
            } => (adrift(transport, reason), reason),
        };
        let unread = unread.len();
        if unread > 0 {
            self.skip(unread, reason);
        }
        self.ready = None;
        self.state = state;
        self.offset = gap.end;
        self.notes.push_back((gap, Note::Lost));
        if let Some(keystream) = &mut self.keystream {
            keystream.seek(self.offset);
        }
    }

    /// Reads as far as the next thing to report.
    pub(super) fn advance(&mut self, keys: &[AuthKeyId]) {
        while self.ready.is_none() {
            match &mut self.state {
                State::Waiting => return,
                State::Aligned(decoder) => match decoder.parse(self.received.unread()) {
                    Ok(Parsed::Unit(unit)) => self.ready = Some(unit),
                    Ok(Parsed::NeedMore { .. }) => return self.received.reclaim(),
                    Err(error) => {
                        let transport = Some(decoder.transport());
                        let reason = SkipReason::AfterError(error);
                        self.state = State::Adrift {
                            transport,
                            reason,
                            searched: 0,
                        };
                    }
                },
                State::Damaged(decoder, end) => {
                    let (decoder, end) = (decoder.clone(), *end);
                    let rest = usize::try_from(end.saturating_sub(self.offset));
                    let unread = self.received.unread().len();
                    let rest = rest.unwrap_or(usize::MAX).min(unread);
                    if rest > 0 {
                        self.skip(rest, SkipReason::Damaged);
                    }
                    if self.offset < end {
                        return;
                    }
                    self.state = State::Aligned(decoder);
                }
                State::Adrift { .. } => {
                    if !self.search(keys) {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the next frame is found.
    fn search(&mut self, keys: &[AuthKeyId]) -> bool {
        let State::Adrift {
            transport,
            reason,
            searched,
        } = &mut self.state
        else {
            return true;
        };
        let reason = *reason;
        let unread = self.received.unread();
        let transports = transport.as_ref().map_or(&EVERY[..], core::slice::from_ref);
        let found = resync::find(
            unread,
            *searched,
            keys,
            transports,
            self.direction,
            self.limit,
        );
        if let Some(found) = found {
            if found.at > 0 {
                self.skip(found.at, reason);
            }
            let mut decoder = Decoder::new(found.transport, self.direction, self.limit);
            decoder.forget_seq_no();
            self.state = State::Aligned(decoder);
            return true;
        }
        *searched = unread.len().saturating_sub(LOOKAHEAD - 1);
        let hopeless = searched.saturating_sub(MAX_HEADER);
        if hopeless >= SKIP_AT {
            *searched = MAX_HEADER;
            self.skip(hopeless, reason);
        }
        false
    }

    fn skip(&mut self, len: usize, reason: SkipReason) {
        self.report(len, Note::Skipped(reason));
    }

    /// Consumes `len` bytes and puts down what they are.
    fn report(&mut self, len: usize, note: Note) {
        let range = self.consume(len).1;
        self.notes.push_back((range, note));
    }

    fn consume(&mut self, len: usize) -> (&mut [u8], Range<u64>) {
        let start = self.offset;
        self.offset = start.saturating_add(len as u64);
        (self.received.take(len), start..self.offset)
    }

    pub(super) fn poll(&mut self) -> Option<Observed<'_>> {
        if let Some((range, note)) = self.notes.pop_front() {
            let what = match note {
                Note::Preamble => What::Preamble,
                Note::Lost => What::Lost,
                Note::Skipped(reason) => What::Skipped(reason),
            };
            return Some(Observed { range, what });
        }
        let unit = self.ready.take()?;
        let broken = match &mut self.state {
            State::Aligned(decoder) => decoder.accept(&unit).err(),
            State::Waiting | State::Damaged(..) | State::Adrift { .. } => None,
        };
        let (bytes, range) = self.consume(unit.len);
        let what = match unit.kind {
            UnitKind::Payload {
                payload,
                quick_ack_requested,
            } => What::Payload {
                at: range.start.saturating_add(payload.start as u64),
                data: bytes.get_mut(payload).unwrap_or_default(),
                quick_ack_requested,
                broken,
            },
            UnitKind::QuickAck(token) => What::QuickAck(token),
            UnitKind::TransportError(code) => What::TransportError(code),
        };
        Some(Observed { range, what })
    }
}

/// The offset behind the frame that `unread` is the beginning of, if its length is there.
fn frame_end(decoder: &Decoder, unread: &[u8], offset: u64) -> Option<u64> {
    match decoder.parse(unread).ok()? {
        Parsed::NeedMore { total } if total > 4 => Some(offset.saturating_add(total as u64)),
        Parsed::NeedMore { .. } | Parsed::Unit(_) => None,
    }
}
