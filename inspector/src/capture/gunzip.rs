//! Decompression of a gzip stream that arrives in chunks.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

/// The first bytes of a gzip stream.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Compressed bytes taken at once. Deflate grows data a thousand times at most, which bounds the output buffer.
const STEP: usize = 2 * 1024;

/// Passes bytes on, decompressed if they turn out to be gzip.
#[derive(Debug)]
pub(super) enum Gunzip {
    /// Fewer bytes than the magic number seen; they are kept here.
    Undecided(Vec<u8>),
    Plain,
    Compressed(Box<MultiGzDecoder<Vec<u8>>>),
    Failed,
}

impl Gunzip {
    pub(super) const fn new() -> Self {
        Self::Undecided(Vec::new())
    }

    /// Takes bytes of the file and hands their decompressed form to `sink` piece by piece.
    ///
    /// The error is the decompressor's reason; it is reported once.
    pub(super) fn push<E>(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, String> {
        match self {
            Self::Undecided(start) => {
                start.extend_from_slice(bytes);
                if start.len() < MAGIC.len() {
                    return Ok(Ok(()));
                }
                let start = std::mem::take(start);
                *self = if start.starts_with(&MAGIC) {
                    Self::Compressed(Box::new(MultiGzDecoder::new(Vec::new())))
                } else {
                    Self::Plain
                };
                self.push(&start, sink)
            }
            Self::Plain => Ok(sink(bytes)),
            Self::Compressed(decoder) => {
                for step in bytes.chunks(STEP) {
                    let written = decoder.write_all(step).and_then(|()| decoder.flush());
                    // What was decompressed before the damage is good.
                    let passed = sink(decoder.get_ref());
                    decoder.get_mut().clear();
                    if let Err(error) = written {
                        *self = Self::Failed;
                        return Err(error.to_string());
                    }
                    if passed.is_err() {
                        return Ok(passed);
                    }
                }
                Ok(Ok(()))
            }
            Self::Failed => Ok(Ok(())),
        }
    }

    /// Ends the file: hands over what is left. The error is that of a stream cut off.
    pub(super) fn finish<E>(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, String> {
        match std::mem::replace(self, Self::Failed) {
            Self::Undecided(start) => Ok(sink(&start)),
            Self::Compressed(mut decoder) => {
                let ended = decoder.try_finish();
                let passed = sink(decoder.get_ref());
                ended.map_err(|error| error.to_string()).map(|()| passed)
            }
            Self::Plain | Self::Failed => Ok(Ok(())),
        }
    }
}
