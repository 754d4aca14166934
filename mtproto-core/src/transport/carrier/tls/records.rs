//! The record layer: application data records around a stream.

use alloc::vec::Vec;

use super::TlsError;

/// Bytes of stream in a client's records; what TDLib sends.
pub const CLIENT_RECORD: usize = 2878;
/// Bytes of stream in a server's records: what TLS allows.
pub const SERVER_RECORD: usize = 16_384;
/// The longest record that is read: TLS allows 256 bytes for its own padding and authentication.
const MAX_RECORD: u16 = 16_384 + 256;

const HEADER_LEN: usize = 5;
const CHANGE_CIPHER_SPEC: u8 = 0x14;
const APPLICATION_DATA: u8 = 0x17;
const VERSION: [u8; 2] = [3, 3];

/// Takes the stream out of application data records, however they are cut. The default reads a client's records.
#[derive(Debug, Default)]
pub struct RecordReader {
    header: [u8; HEADER_LEN],
    header_len: usize,
    /// Bytes of the current record that are still to come.
    left: u16,
    /// Whether the current record says nothing to us.
    ignored: bool,
    /// Whether data has come; before it a client may say that it changes its cipher.
    begun: bool,
}

impl RecordReader {
    /// A reader of a server's records behind its hello, where even ChangeCipherSpec has no place any more.
    #[must_use]
    pub fn for_client() -> Self {
        Self {
            begun: true,
            ..Self::default()
        }
    }

    /// Appends the stream in `bytes` to `stream`.
    ///
    /// A ChangeCipherSpec before the first data is skipped, as are empty records.
    ///
    /// # Errors
    /// Another record than data, or one that is too long. Nothing can be read from then on.
    pub fn read(&mut self, bytes: &[u8], stream: &mut Vec<u8>) -> Result<(), TlsError> {
        self.read_runs(bytes, stream, |_, _| {})
    }

    /// Does the same and tells of each piece of the stream where in `bytes` it begins, and its length.
    pub(in crate::transport) fn read_runs(
        &mut self,
        all: &[u8],
        stream: &mut Vec<u8>,
        mut run: impl FnMut(usize, usize),
    ) -> Result<(), TlsError> {
        let mut bytes = all;
        while !bytes.is_empty() {
            if self.left > 0 {
                let len = usize::from(self.left).min(bytes.len());
                let (body, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
                if !self.ignored {
                    run(all.len().saturating_sub(bytes.len()), len);
                    stream.extend_from_slice(body);
                }
                let read = u16::try_from(len).unwrap_or(self.left);
                self.left = self.left.saturating_sub(read);
                bytes = rest;
                continue;
            }
            let (byte, rest) = bytes.split_first().unwrap_or((&0, &[]));
            if let Some(place) = self.header.get_mut(self.header_len) {
                *place = *byte;
            }
            self.header_len = self.header_len.saturating_add(1);
            bytes = rest;
            if self.header_len == HEADER_LEN {
                self.header_len = 0;
                self.begin()?;
            }
        }
        Ok(())
    }

    /// Goes on `len` bytes further, if they are known to be of the stream.
    pub(in crate::transport) fn lose(&mut self, len: u64) -> bool {
        let left = u16::try_from(len)
            .ok()
            .filter(|_| !self.ignored)
            .and_then(|len| self.left.checked_sub(len));
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    fn begin(&mut self) -> Result<(), TlsError> {
        let [kind, v1, v0, l1, l0] = self.header;
        let announced = u16::from_be_bytes([l1, l0]);
        self.ignored = match kind {
            APPLICATION_DATA if [v1, v0] == VERSION => false,
            CHANGE_CIPHER_SPEC if !self.begun && announced == 1 => true,
            kind => return Err(TlsError::Record { kind }),
        };
        if announced > MAX_RECORD {
            return Err(TlsError::RecordLength { announced });
        }
        self.begun |= !self.ignored;
        self.left = announced;
        Ok(())
    }
}

/// Appends `stream` to `wire` in records of at most `max` bytes.
pub fn write_records(stream: &[u8], max: usize, wire: &mut Vec<u8>) {
    for piece in stream.chunks(max.clamp(1, SERVER_RECORD)) {
        let len = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        let [l1, l0] = len.to_be_bytes();
        let [v1, v0] = VERSION;
        wire.extend_from_slice(&[APPLICATION_DATA, v1, v0, l1, l0]);
        wire.extend_from_slice(piece);
    }
}
