//! The files of a recording: where the bytes of [`PcapngWriter`] and the lines of the key log go.
//!
//! Everything is written through to the file at once, so that a reader that follows it, or a server that is killed,
//! loses nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use mtproto_core::time::UnixTime;

use super::{PcapngWriter, Side, Stream};
use crate::net::PeerId;

/// What every capture of the server says of itself.
const COMMENT: &str = "Written by a mock MTProto server from its byte streams. \
     IP and TCP headers are synthetic: there is no loss, delay or retransmission to be seen in them.";

/// A capture file and a key log, each present if it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    capture: Option<Capture>,
    key_log: Option<File>,
}

#[derive(Debug)]
struct Capture {
    file: File,
    writer: PcapngWriter,
    streams: BTreeMap<PeerId, Stream>,
    buffer: Vec<u8>,
}

impl Recording {
    /// Creates the capture file and writes its head.
    pub(crate) fn capture_to(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        let mut buffer = Vec::new();
        let writer = PcapngWriter::new(COMMENT, &mut buffer);
        file.write_all(&buffer)?;
        buffer.clear();
        self.capture = Some(Capture {
            file,
            writer,
            streams: BTreeMap::new(),
            buffer,
        });
        Ok(())
    }

    /// Opens the key log; lines are added to what the file holds, as key logs are shared by programs.
    pub(crate) fn log_keys_to(&mut self, path: &Path) -> io::Result<()> {
        self.key_log = Some(File::options().create(true).append(true).open(path)?);
        Ok(())
    }

    /// Adds one line, without its end, to the key log, and to the capture so that it can be read alone.
    pub(crate) fn key(&mut self, line: &str) {
        let text = format!("{line}\n");
        if let Some(file) = &mut self.key_log
            && let Err(error) = file.write_all(text.as_bytes())
        {
            tracing::error!(%error, "the key log cannot be written and ends here");
            self.key_log = None;
        }
        self.with_capture(|capture| capture.writer.secrets(&text, &mut capture.buffer));
    }

    pub(crate) fn opened(
        &mut self,
        peer: PeerId,
        client: SocketAddr,
        server: SocketAddr,
        at: UnixTime,
    ) {
        self.with_capture(|capture| {
            let stream = Stream::open(&mut capture.writer, at, client, server, &mut capture.buffer);
            capture.streams.insert(peer, stream);
        });
    }

    pub(crate) fn data(&mut self, peer: PeerId, from: Side, bytes: &[u8], at: UnixTime) {
        self.with_capture(|capture| {
            if let Some(stream) = capture.streams.get_mut(&peer) {
                stream.data(&capture.writer, at, from, bytes, &mut capture.buffer);
            }
        });
    }

    pub(crate) fn closed(&mut self, peer: PeerId, by: Side, at: UnixTime) {
        self.with_capture(|capture| {
            if let Some(stream) = capture.streams.remove(&peer) {
                stream.close(&capture.writer, at, by, &mut capture.buffer);
            }
        });
    }

    /// Runs `record`, then writes what it put into the buffer; a file that fails is given up, loudly.
    fn with_capture(&mut self, record: impl FnOnce(&mut Capture)) {
        let Some(capture) = &mut self.capture else {
            return;
        };
        record(capture);
        let written = capture.file.write_all(&capture.buffer);
        capture.buffer.clear();
        if let Err(error) = written {
            tracing::error!(%error, "the capture cannot be written and ends here");
            self.capture = None;
        }
    }
}
