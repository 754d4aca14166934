//! One direction of a tapped HTTP connection.

use core::ops::Range;

use alloc::collections::VecDeque;

use super::{Observed, SkipReason, What};
use crate::crypto::kdf::Direction;
use crate::transport::buffer::Buffer;
use crate::transport::carrier::http::{Head, HeadReader, HttpError};

/// Messages whose bodies are payloads.
#[derive(Debug)]
pub(super) struct Bodies {
    direction: Direction,
    limit: usize,
    received: Buffer,
    /// The offset of the first unread byte.
    offset: u64,
    head: HeadReader,
    expected: Option<Expected>,
    /// Ranges that hold nothing that can be read.
    notes: VecDeque<(Range<u64>, What<'static>)>,
    dead: Option<SkipReason>,
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    /// Where the message began.
    start: u64,
    /// Bytes of the body that are to come.
    body: usize,
    /// The transport error that the status means.
    code: Option<i32>,
    /// Whether bytes of the body were lost.
    is_damaged: bool,
}

impl Bodies {
    pub(super) fn new(direction: Direction, limit: usize) -> Self {
        Self {
            direction,
            limit,
            received: Buffer::new(),
            offset: 0,
            head: HeadReader::default(),
            expected: None,
            notes: VecDeque::new(),
            dead: None,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.received.push(bytes, None);
    }

    /// Goes on `len` bytes further. The message in whose body they are is lost; otherwise the rest is.
    pub(super) fn lose(&mut self, len: u64) {
        let unread = self.received.unread().len();
        let gap = self.offset.saturating_add(unread as u64);
        let gap = gap..gap.saturating_add(len);
        let lost = usize::try_from(len)
            .ok()
            .and_then(|len| len.checked_add(unread));
        let within = match (&mut self.expected, lost) {
            (Some(expected), Some(lost)) if lost <= expected.body => {
                expected.body = expected.body.saturating_sub(lost);
                expected.is_damaged = true;
                Some(expected.start)
            }
            _ => None,
        };
        let start = match (within, self.expected) {
            (Some(start), _) => start,
            (None, Some(expected)) => {
                self.expected = None;
                expected.start
            }
            (None, None) => self.offset,
        };
        let reason = match within {
            Some(_) => SkipReason::Damaged,
            None => *self.dead.get_or_insert(SkipReason::AfterGap),
        };
        if start < gap.start {
            self.notes
                .push_back((start..gap.start, What::Skipped(reason)));
        }
        self.received.take(unread);
        self.offset = gap.end;
        if let Some(expected) = &mut self.expected {
            expected.start = gap.end;
        }
        self.notes.push_back((gap, What::Lost));
    }

    pub(super) fn pending(&self) -> Range<u64> {
        let start = self.expected.map_or(self.offset, |expected| expected.start);
        start
            ..self
                .offset
                .saturating_add(self.received.unread().len() as u64)
    }

    pub(super) fn poll(&mut self) -> Option<Observed<'_>> {
        if let Some((range, what)) = self.notes.pop_front() {
            return Some(Observed { range, what });
        }
        let (range, expected) = loop {
            if self.dead.is_none() && self.expected.is_none() {
                match self.read_head() {
                    Ok(true) => {}
                    Ok(false) => {
                        self.received.reclaim();
                        return None;
                    }
                    Err(error) => self.dead = Some(SkipReason::Carrier(error.into())),
                }
            }
            if let Some(reason) = self.dead {
                return self.skip_rest(reason);
            }
            let unread = self.received.unread().len();
            let expected = self.expected.take_if(|expected| expected.body <= unread)?;
            let range = expected.start..self.offset.saturating_add(expected.body as u64);
            // Empty if the gap before has taken all that was left of the message.
            if !range.is_empty() {
                break (range, expected);
            }
        };
        let at = self.offset;
        let data = self.consume(expected.body);
        let what = match expected.code {
            _ if expected.is_damaged => What::Skipped(SkipReason::Damaged),
            Some(code) => What::TransportError(code),
            None if data.is_empty() => What::Preamble,
            None => What::Payload {
                data,
                at,
                quick_ack_requested: false,
                broken: None,
            },
        };
        Some(Observed { range, what })
    }

    fn skip_rest(&mut self, reason: SkipReason) -> Option<Observed<'_>> {
        let range = self.pending();
        self.expected = None;
        self.consume(self.received.unread().len());
        let what = What::Skipped(reason);
        (!range.is_empty()).then_some(Observed { range, what })
    }

    fn consume(&mut self, len: usize) -> &mut [u8] {
        self.offset = self.offset.saturating_add(len as u64);
        self.received.take(len)
    }

    fn read_head(&mut self) -> Result<bool, HttpError> {
        let buf = self.received.unread();
        let Some(len) = self.head.find(buf)? else {
            return Ok(false);
        };
        let head = Head::parse(buf.get(..len).unwrap_or_default())?;
        let (needs_body, code) = match self.direction {
            Direction::ClientToServer => (head.request_line().first() == Some(&"POST"), None),
            Direction::ServerToClient => match head.status()? {
                200 => (true, None),
                100..=199 | 204 | 304 => (false, None),
                status => (true, Some(i32::from(status).saturating_neg())),
            },
        };
        let announced = match head.content_length()? {
            None if needs_body => return Err(HttpError::Length),
            Some(announced) if needs_body => announced,
            _ => 0,
        };
        let limit = self.limit;
        let body = usize::try_from(announced)
            .ok()
            .filter(|len| *len <= limit)
            .ok_or(HttpError::TooLong { announced, limit })?;
        let start = self.offset;
        self.expected = Some(Expected {
            start,
            body,
            code,
            is_damaged: false,
        });
        self.consume(len);
        Ok(true)
    }
}
