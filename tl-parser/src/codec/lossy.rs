//! Reading what can be read, for captures.

use super::decode::Tree;
use super::error::DecodeError;
use super::limits::Limits;
use super::read::Str;
use super::walk::{Sink, Walker};
use crate::schema::Schema;
use crate::value::Value;
use std::ops::Range;

/// Bytes of the input that the value does not contain, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecoded {
    /// Which bytes.
    pub range: Range<usize>,
    /// Why. For the odd forms of a string that is read all the same, the path is not known.
    pub error: DecodeError,
}

impl Undecoded {
    /// The bytes of a string that are not in its canonical form.
    pub(super) fn in_string(
        at: usize,
        found: &Str<'_>,
        error: DecodeError,
    ) -> impl Iterator<Item = Self> {
        let header = if found.long_length { 4 } else { 1 };
        let content_end = at
            .saturating_add(header)
            .saturating_add(found.content.len());
        let length = found.long_length.then(|| at..at.saturating_add(4));
        let padding = found
            .bad_padding
            .then(|| content_end..at.saturating_add(found.size));
        length.into_iter().chain(padding).map(move |range| Self {
            range,
            error: error.clone(),
        })
    }
}

impl Schema {
    /// Reads as much of the input as there is sense in, and says which bytes are not in the value.
    ///
    /// An object that breaks off has the fields that were read; nothing after the first real error
    /// is read, for the language has no lengths to find the next field by. Where not even the
    /// first object is known, the value is an empty vector.
    /// Odd but clear forms of strings are read, and their odd bytes reported.
    pub fn decode_lossy(&self, bytes: &[u8], limits: Limits) -> (Value, Vec<Undecoded>) {
        let mut walker = match Walker::new(self, bytes, limits, Tree::<true>) {
            Ok(walker) => walker,
            Err(error) => {
                return (
                    Sink::missing(&mut Tree::<true>),
                    vec![Undecoded {
                        range: 0..bytes.len(),
                        error,
                    }],
                );
            }
        };
        let value = match walker.any() {
            Ok(value) => value,
            Err(error) => {
                walker.broken = Some(error);
                walker.sink.missing()
            }
        };
        let mut undecoded = std::mem::take(&mut walker.passed);
        if let Some(error) = walker.broken.take() {
            undecoded.push(Undecoded {
                range: walker.broken_at..bytes.len(),
                error,
            });
        } else if let Err(error) = walker.finish() {
            undecoded.push(Undecoded {
                range: walker.at..bytes.len(),
                error,
            });
        }
        (value, undecoded)
    }
}
