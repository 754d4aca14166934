//! The stream of one direction taken out of its carrier, with the place of every byte.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::{SkipReason, What};
use crate::crypto::kdf::Direction;
use crate::transport::carrier::CarrierError;
use crate::transport::carrier::http::HeadReader;
use crate::transport::carrier::tls::{self, RecordReader};
use crate::transport::carrier::websocket::FrameReader;

/// One direction of a carrier.
///
/// What belongs to the carrier alone counts to the part of the stream that follows it.
#[derive(Debug)]
pub(super) struct Unwrap {
    reader: Reader,
    opening: Opening,
    /// The offset where the opening ended, until it is reported.
    opened_at: Option<u64>,
    /// Bytes of the connection so far, lost ones included.
    total: u64,
    /// The end of what is reported.
    reported: u64,
    /// Bytes of the stream so far, lost ones included.
    inner: u64,
    /// Where parts of the stream lie in the connection.
    runs: VecDeque<Run>,
    /// Ends of ranges that hold nothing that can be read.
    notes: VecDeque<(u64, Note)>,
    dead: Option<SkipReason>,
}

#[derive(Debug)]
enum Reader {
    Records(RecordReader),
    Frames(FrameReader),
}

#[derive(Debug)]
enum Opening {
    Done,
    ServerHello(Vec<u8>),
    Response(Vec<u8>, HeadReader),
}

#[derive(Clone, Copy, Debug)]
struct Run {
    inner: u64,
    outer: u64,
}

#[derive(Clone, Copy, Debug)]
enum Note {
    Lost,
    Skipped(SkipReason),
}

impl Unwrap {
    /// The records of either side; the client's hello takes `hello_len` bytes.
    pub(super) fn records(direction: Direction, hello_len: usize) -> Self {
        match direction {
            Direction::ClientToServer => {
                Self::opened(Reader::Records(RecordReader::default()), hello_len)
            }
            Direction::ServerToClient => Self::new(
                Reader::Records(RecordReader::for_client()),
                Opening::ServerHello(Vec::new()),
            ),
        }
    }

    /// The frames of either side of a WebSocket; the client's request takes `head_len` bytes.
    pub(super) fn frames(direction: Direction, head_len: usize) -> Self {
        let reader = Reader::Frames(FrameReader::new(direction));
        match direction {
            Direction::ClientToServer => Self::opened(reader, head_len),
            Direction::ServerToClient => {
                Self::new(reader, Opening::Response(Vec::new(), HeadReader::default()))
            }
        }
    }

    fn opened(reader: Reader, len: usize) -> Self {
        let len = len as u64;
        Self {
            opened_at: Some(len),
            total: len,
            ..Self::new(reader, Opening::Done)
        }
    }

    const fn new(reader: Reader, opening: Opening) -> Self {
        Self {
            reader,
            opening,
            opened_at: None,
            total: 0,
            reported: 0,
            inner: 0,
            runs: VecDeque::new(),
            notes: VecDeque::new(),
            dead: None,
        }
    }

    /// Takes the next bytes of the connection and appends those of the stream to `stream`.
    pub(super) fn push(&mut self, bytes: &[u8], stream: &mut Vec<u8>) {
        let start = self.total;
        self.total = start.saturating_add(bytes.len() as u64);
        if self.dead.is_some() {
            return;
        }
        let opened = match &mut self.opening {
            Opening::Done => return self.read(start, bytes, stream),
            Opening::ServerHello(held) => {
                held.extend_from_slice(bytes);
                tls::server_hello_len(held).map_err(CarrierError::from)
            }
            Opening::Response(held, head) => {
                held.extend_from_slice(bytes);
                head.find(held).map_err(CarrierError::from)
            }
        };
        match opened {
            Err(error) => self.dead = Some(SkipReason::Carrier(error)),
            Ok(None) => {}
            Ok(Some(len)) => {
                let opening = core::mem::replace(&mut self.opening, Opening::Done);
                let (Opening::ServerHello(mut held) | Opening::Response(mut held, _)) = opening
                else {
                    return;
                };
                let rest = held.split_off(len.min(held.len()));
                self.opened_at = Some(len as u64);
                self.read(len as u64, &rest, stream);
            }
        }
    }

    /// Reads bytes that begin at offset `start` of the connection.
    fn read(&mut self, start: u64, bytes: &[u8], stream: &mut Vec<u8>) {
        let Self { runs, inner, .. } = self;
        let run = |at: usize, len: usize| {
            add_run(runs, *inner, start.saturating_add(at as u64));
            *inner = inner.saturating_add(len as u64);
        };
        let outcome = match &mut self.reader {
            Reader::Records(reader) => reader.read_runs(bytes, stream, run).map_err(Into::into),
            Reader::Frames(reader) => reader.read_runs(bytes, stream, run).map_err(Into::into),
        };
        if let Err(error) = outcome {
            self.dead = Some(SkipReason::Carrier(error));
        }
    }

    /// Goes on `len` bytes further. Tells whether they are known to be of the stream, all of them.
    pub(super) fn lose(&mut self, len: u64) -> bool {
        let start = self.total;
        self.total = start.saturating_add(len);
        let inside = self.dead.is_none()
            && matches!(self.opening, Opening::Done)
            && match &mut self.reader {
                Reader::Records(reader) => reader.lose(len),
                Reader::Frames(reader) => reader.lose(len),
            };
        if inside {
            add_run(&mut self.runs, self.inner, start);
            self.inner = self.inner.saturating_add(len);
            return true;
        }
        let reason = *self.dead.get_or_insert(SkipReason::AfterGap);
        self.notes.push_back((start, Note::Skipped(reason)));
        self.notes.push_back((self.total, Note::Lost));
        false
    }

    /// The opening, if it is to be reported.
    pub(super) fn poll_opening(&mut self) -> Option<Range<u64>> {
        let end = self.opened_at.take()?;
        Some(self.report(end))
    }

    /// The range of the connection that holds this one of the stream, and what of the carrier is before it.
    pub(super) fn report_inner(&mut self, end: u64) -> Range<u64> {
        let last = end.saturating_sub(1);
        let outer = self.locate(last).saturating_add(1);
        while self.runs.get(1).is_some_and(|next| next.inner <= last) {
            self.runs.pop_front();
        }
        self.report(outer)
    }

    /// The offset in the connection of a byte of the stream that is not reported yet.
    pub(super) fn locate(&self, inner: u64) -> u64 {
        let run = self.runs.iter().rev().find(|run| run.inner <= inner);
        run.map_or(self.reported, |run| {
            run.outer.saturating_add(inner.saturating_sub(run.inner))
        })
    }

    /// What follows the last readable part of the stream.
    pub(super) fn poll_rest(&mut self) -> Option<(Range<u64>, What<'static>)> {
        while let Some((end, note)) = self.notes.pop_front() {
            if end > self.reported {
                let what = match note {
                    Note::Lost => What::Lost,
                    Note::Skipped(reason) => What::Skipped(reason),
                };
                return Some((self.report(end), what));
            }
        }
        let reason = self.dead.filter(|_| self.total > self.reported)?;
        Some((self.report(self.total), What::Skipped(reason)))
    }

    fn report(&mut self, end: u64) -> Range<u64> {
        let start = self.reported;
        self.reported = end.max(start);
        start..self.reported
    }

    pub(super) const fn pending(&self) -> Range<u64> {
        self.reported..self.total
    }
}

fn add_run(runs: &mut VecDeque<Run>, inner: u64, outer: u64) {
    let continues = runs
        .back()
        .is_some_and(|last| outer.wrapping_sub(last.outer) == inner.wrapping_sub(last.inner));
    if !continues {
        runs.push_back(Run { inner, outer });
    }
}
