//! Files: the only place of this crate that opens any.

mod session_file;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::Inspector;
use crate::capture::file::{FileErrorKind, FileItem, FileReader};
use crate::keys::{Entry, KeyLife, KeyLogReader, KeyRing, Source, session_string};
use crate::output::{JsonLines, TextTree, stats_json, stats_text};
use crate::record::{Note, Row, Summary};
use crate::stats::Stats;

/// Bytes read from a file at once.
const CHUNK: usize = 256 * 1024;
/// Text collected before it is written out.
const FLUSH_AT: usize = 64 * 1024;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The text tree.
    Text,
    /// JSON Lines.
    Json,
    /// A table of RPC methods, then the summary.
    Stats,
    /// The same as JSON Lines.
    StatsJson,
}

/// What [`inspect_file`] does.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The form of the output.
    pub format: Format,
    /// Show secrets instead of replacing them.
    pub secrets: bool,
    /// Text only: show long values to their end.
    pub full: bool,
    /// Text only: use the colours of a terminal.
    pub colour: bool,
}

impl Default for Options {
    /// Text without colours, secrets replaced, long values shortened.
    fn default() -> Self {
        Self {
            format: Format::Text,
            secrets: false,
            full: false,
            colour: false,
        }
    }
}

/// Why a capture could not be inspected.
#[derive(Debug)]
pub enum InspectError {
    /// A file could not be opened or read.
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file is no capture: nothing in it was readable.
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What it is instead, and what to do.
        reason: String,
    },
    /// The file given for keys holds none of the forms in which keys are known.
    NotKeys {
        /// The file.
        path: PathBuf,
    },
    /// The output could not be written.
    Write(io::Error),
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::NotACapture { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::NotKeys { path } => write!(
                f,
                "{}: no keys: neither a key log, whose lines begin with MTPROTO_, nor a session string of Telethon, \
                 Pyrogram, GramJS or mtcute, nor a session file of Telethon, Pyrogram, mtcute, grammers or gotd; give the file that the client or server wrote for MTPROTO_KEYLOGFILE",
                path.display()
            ),
            Self::Write(error) => write!(f, "cannot write the result: {error}"),
        }
    }
}

impl std::error::Error for InspectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } | Self::Write(error) => Some(error),
            Self::NotACapture { .. } | Self::NotKeys { .. } => None,
        }
    }
}

/// Decodes a capture file (`-` for standard input) and writes what it holds.
///
/// `key_files` are key logs or files with a session string; keys inside of the capture are found by themselves, wherever they stand in it.
///
/// # Errors
///
/// [`InspectError`] if a file cannot be read, is not what it should be, or the output cannot be written.
/// A capture that breaks off is no error: what could be read is written, and the summary says where it ends.
pub fn inspect_file(
    path: &Path,
    key_files: &[PathBuf],
    options: Options,
    out: &mut dyn Write,
) -> Result<Summary, InspectError> {
    let mut keys = KeyRing::new();
    for path in key_files {
        load_keys(path, &mut keys)?;
    }
    if is_stdin(path) {
        return inspect(path, &mut io::stdin().lock(), keys, options, out);
    }
    let open = || {
        File::open(path).map_err(|error| InspectError::Read {
            path: path.to_owned(),
            error,
        })
    };
    // Keys may stand behind the packets that need them.
    collect_secrets(&mut open()?, &mut keys);
    inspect(path, &mut open()?, keys, options, out)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a key log, a file with nothing but a session string, or the session file of a library, into the ring.
///
/// # Errors
///
/// [`InspectError::Read`], and [`InspectError::NotKeys`] for a file of another kind.
pub fn load_keys(path: &Path, keys: &mut KeyRing) -> Result<(), InspectError> {
    let content = std::fs::read(path).map_err(|error| InspectError::Read {
        path: path.to_owned(),
        error,
    })?;
    let source = Source::Given(path.display().to_string());
    if let Some(session) = std::str::from_utf8(&content)
        .ok()
        .and_then(session_string::parse)
    {
        let life = Some(KeyLife::Permanent);
        keys.add(
            Entry::AuthKey {
                dc: Some(session.dc),
                key: session.key,
                life,
            },
            &source,
        );
        return Ok(());
    }
    if let Some(session) = session_file::read(path, &content) {
        for (dc, key, life) in session.keys {
            let (dc, life) = (Some(dc), Some(life));
            keys.add(Entry::AuthKey { dc, key, life }, &source);
        }
        return Ok(());
    }
    let is_ours = |line: &[u8]| line.starts_with(b"MTPROTO_") || line.starts_with(b"#");
    if !content.is_empty() && !content.split(|byte| *byte == b'\n').any(is_ours) {
        return Err(InspectError::NotKeys {
            path: path.to_owned(),
        });
    }
    keys.add_key_log(&content, &source);
    Ok(())
}

/// Adds the secrets of a pcapng file, read once for them alone. Whatever is wrong with the file is reported later.
fn collect_secrets(file: &mut File, keys: &mut KeyRing) {
    let mut reader = FileReader::new();
    let mut chunk = vec![0; CHUNK];
    while let Ok(len @ 1..) = file.read(&mut chunk) {
        let read = reader.push(&chunk[..len], &mut |item| {
            if let FileItem::Secrets { data, .. } = item
                && data.starts_with(b"MTPROTO_")
            {
                // Lines that cannot be used are reported when they are met again.
                let mut lines = KeyLogReader::new();
                let mut entries = lines.push(data);
                entries.extend(lines.finish());
                entries
                    .into_iter()
                    .flatten()
                    .for_each(|entry| keys.add(entry, &Source::Capture));
            }
        });
        if read.is_err() {
            return;
        }
    }
}

/// Decodes a capture from any reader; `name` stands for it in errors.
///
/// # Errors
///
/// As [`inspect_file`].
pub fn inspect(
    name: &Path,
    input: &mut dyn Read,
    keys: KeyRing,
    options: Options,
    out: &mut dyn Write,
) -> Result<Summary, InspectError> {
    let mut writer = RowWriter::new(options);
    for (source, problem) in keys.problems() {
        writer.row(&Row::Note(&Note {
            about: source.to_string(),
            text: problem.to_string(),
        }));
    }
    let mut inspector = Inspector::new(keys);
    let mut chunk = vec![0; CHUNK];
    loop {
        let len = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(InspectError::Read {
                    path: name.to_owned(),
                    error,
                });
            }
        };
        inspector.push(&chunk[..len], &mut |row| writer.row_to(row, out));
        writer.flush(out);
        if let Some(error) = writer.failed.take() {
            return Err(InspectError::Write(error));
        }
        reject(name, &inspector)?;
    }
    let summary = inspector.finish(&mut |row| writer.row_to(row, out));
    writer.flush(out);
    if let Some(error) = writer.failed {
        return Err(InspectError::Write(error));
    }
    let Some(reason) = summary
        .capture_error
        .clone()
        .filter(|_| summary.packets.total == 0)
    else {
        return Ok(summary);
    };
    Err(InspectError::NotACapture {
        path: name.to_owned(),
        reason,
    })
}

/// Stops early at a file that is no capture at all.
fn reject(name: &Path, inspector: &Inspector) -> Result<(), InspectError> {
    match inspector.capture_error() {
        Some(error)
            if matches!(
                error.kind,
                FileErrorKind::NotACapture(_) | FileErrorKind::Unsupported(_)
            ) =>
        {
            Err(InspectError::NotACapture {
                path: name.to_owned(),
                reason: error.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// Turns rows into text and writes it in large pieces.
struct RowWriter {
    format: Format,
    json: JsonLines,
    text: TextTree,
    stats: Stats,
    buffer: String,
    failed: Option<io::Error>,
}

impl RowWriter {
    fn new(options: Options) -> Self {
        Self {
            format: options.format,
            json: JsonLines::new(options.secrets),
            text: TextTree::new(options.secrets, options.full, options.colour),
            stats: Stats::new(),
            buffer: String::new(),
            failed: None,
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        match self.format {
            Format::Json => self.json.row(row, &mut self.buffer),
            Format::Text => self.text.row(row, &mut self.buffer),
            Format::Stats | Format::StatsJson => self.stats_row(row),
        }
    }

    /// Counts a row; the last one brings all numbers.
    fn stats_row(&mut self, row: &Row<'_>) {
        self.stats.observe(row);
        let is_json = self.format == Format::StatsJson;
        match row {
            Row::Summary(_) | Row::Note(_) if is_json => {
                if let Row::Summary(_) = row {
                    stats_json(&self.stats, &mut self.buffer);
                }
                self.json.row(row, &mut self.buffer);
            }
            Row::Summary(_) => {
                stats_text(&self.stats, &mut self.buffer);
                self.text.row(row, &mut self.buffer);
            }
            Row::Note(_) => self.text.row(row, &mut self.buffer),
            _ => {}
        }
    }

    fn row_to(&mut self, row: &Row<'_>, out: &mut dyn Write) {
        self.row(row);
        if self.buffer.len() >= FLUSH_AT {
            self.flush(out);
        }
    }

    fn flush(&mut self, out: &mut dyn Write) {
        if self.failed.is_none()
            && let Err(error) = out
                .write_all(self.buffer.as_bytes())
                .and_then(|()| out.flush())
        {
            self.failed = Some(error);
        }
        self.buffer.clear();
    }
}
