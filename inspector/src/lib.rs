//! From a capture of MTProto traffic to decoded messages.
//!
//! ```text
//! bytes of a capture file -> packets -> TCP streams -> frames -> messages -> TL objects -> rows -> text or JSON Lines
//! ```
//!
//! [`Inspector`] is sans-IO: it takes chunks of the file and hands out [rows](record::Row).
//! [`io`] is the only module that opens files.
//! Every byte of TCP payload is accounted for, and each connection that is not decoded says why.
//!
//! ```
//! use inspector::{Inspector, keys::KeyRing, output::JsonLines};
//!
//! let mut inspector = Inspector::new(KeyRing::new());
//! let mut lines = String::new();
//! let json = JsonLines::new(false);
//! inspector.push(b"no capture", &mut |row| json.row(row, &mut lines));
//! let summary = inspector.finish(&mut |row| json.row(row, &mut lines));
//! assert!(summary.capture_error.unwrap().starts_with("not a capture file"));
//! assert!(lines.lines().last().unwrap().starts_with(r#"{"v":1,"kind":"summary""#));
//! ```
#![forbid(unsafe_code)]

pub mod account;
pub mod capture;
mod decode;
pub mod explain;
pub mod io;
pub mod keys;
pub mod output;
pub mod record;
pub mod stats;

use capture::Capture;
use capture::file::FileError;
use decode::Engine;
use explain::Explainer;
use keys::KeyRing;
use record::{Finding, Note, Row, Summary};

/// Decodes a capture from chunks of its file.
#[derive(Debug)]
pub struct Inspector {
    capture: Capture,
    engine: Engine,
    explained: Explained,
    failed: Option<FileError>,
}

impl Inspector {
    /// An inspector that knows these keys; those inside of the capture are added as they come.
    #[must_use]
    pub fn new(keys: KeyRing) -> Self {
        Self {
            capture: Capture::new(),
            engine: Engine::new(keys),
            explained: Explained::default(),
            failed: None,
        }
    }

    /// Takes the next bytes of the file and hands what they complete to `sink`.
    ///
    /// A file that cannot be read on is a [note](Row::Note) and stands in the summary; what came before it stays good.
    pub fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&Row<'_>)) {
        let Self {
            capture,
            engine,
            explained,
            failed,
        } = self;
        let mut explain = |row: &Row<'_>| explained.row(row, sink);
        if let Err(error) = capture.push(bytes, &mut |event| engine.event(event, &mut explain)) {
            note(failed, error, sink);
        }
    }

    /// Ends the file: ends every connection and hands out the summary.
    pub fn finish(mut self, sink: &mut dyn FnMut(&Row<'_>)) -> Summary {
        let Self {
            capture,
            engine,
            explained,
            failed,
        } = &mut self;
        let mut explain = |row: &Row<'_>| explained.row(row, sink);
        if let Err(error) = capture.finish(&mut |event| engine.event(event, &mut explain)) {
            note(failed, error, sink);
        }
        let summary = Summary {
            packets: self.capture.counts(),
            findings: self.explained.counts,
            capture_error: self.failed.as_ref().map(ToString::to_string),
            ..self.engine.summary()
        };
        sink(&Row::Summary(&summary));
        summary
    }

    /// Where and why the capture could not be read on, so far.
    #[must_use]
    pub const fn capture_error(&self) -> Option<&FileError> {
        self.failed.as_ref()
    }
}

/// Findings made of the rows that pass.
#[derive(Debug, Default)]
struct Explained {
    explainer: Explainer,
    /// By severity.
    counts: [u64; 3],
}

impl Explained {
    /// Hands a row on, and the findings that it gives rise to after it.
    fn row(&mut self, row: &Row<'_>, sink: &mut dyn FnMut(&Row<'_>)) {
        sink(row);
        let counts = &mut self.counts;
        self.explainer.observe(row, &mut |finding: &Finding| {
            counts[finding.severity as usize] += 1;
            sink(&Row::Finding(finding));
        });
    }
}

/// Reports the first error of a file.
fn note(failed: &mut Option<FileError>, error: FileError, sink: &mut dyn FnMut(&Row<'_>)) {
    if failed.is_none() {
        sink(&Row::Note(&Note {
            about: "capture".to_owned(),
            text: error.to_string(),
        }));
        *failed = Some(error);
    }
}
