//! The tape: what the walker notes while it checks the input.
//!
//! An entry is a word of 64 bits: the step of the field above, the offset below.
//! Objects and vectors have two words more: combinator or count above and the end of their part of
//! the tape below; then the offset of their end. Elements whose bytes need no check have no entry.

use crate::codec::walk::Sink;
use crate::layout::Kind;
use crate::schema::Schema;

/// The memory of a [`View`](super::View), to be used again.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    words: Vec<u64>,
    /// Whether a flags word has bits that no field explains; the tape does not say which.
    pub(super) extra_flags: bool,
}

/// The step of what is no field: an element, or the whole value.
const NO_FIELD: u32 = u32::MAX;

/// How many words an object or vector takes before what is in it.
pub(super) const HEAD: usize = 3;

/// An object or vector on the tape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Composite {
    /// The index of the combinator, or the number of elements.
    pub(super) what: u32,
    /// The first entry inside.
    pub(super) first: usize,
    /// The entry behind the last one inside.
    pub(super) end: usize,
    /// The offset behind its last byte.
    pub(super) end_at: usize,
}

fn pack(above: u32, below: usize) -> u64 {
    // Inputs have less than 2^32 bytes, and a tape has fewer words than bytes, but for its root.
    u64::from(above) << 32 | u64::from(u32::try_from(below).unwrap_or(u32::MAX))
}

fn unpack(word: u64) -> (u32, usize) {
    #[allow(clippy::cast_possible_truncation, reason = "the two halves of a word")]
    let (above, below) = ((word >> 32) as u32, word as u32);
    (above, below as usize)
}

impl Tape {
    pub(super) fn start(&mut self) {
        self.words.clear();
        self.words.push(pack(NO_FIELD, 0));
        self.extra_flags = false;
    }

    /// The step and offset of an entry.
    #[inline]
    pub(super) fn entry(&self, index: usize) -> Option<(u32, usize)> {
        self.words.get(index).map(|word| unpack(*word))
    }

    /// What an entry says when it is an object or vector.
    #[inline]
    pub(super) fn composite(&self, index: usize) -> Option<Composite> {
        let words = self.words.get(index..)?.first_chunk::<HEAD>()?;
        let ((what, end), (_, end_at)) = (unpack(words[1]), unpack(words[2]));
        Some(Composite {
            what,
            first: index.saturating_add(HEAD),
            end,
            end_at,
        })
    }

    fn push(&mut self, field: u32, at: usize) {
        self.words.push(pack(field, at));
    }

    /// The second and third word of a composite, whose ends come later.
    fn begin(&mut self, what: u32) -> usize {
        let index = self.words.len();
        self.words.extend([pack(what, 0), 0]);
        index
    }

    fn end(&mut self, index: usize, end_at: usize) {
        let end = self.words.len();
        if let Some([second, third]) = self
            .words
            .get_mut(index..)
            .and_then(|w| w.first_chunk_mut())
        {
            *second = pack(unpack(*second).0, end);
            *third = pack(0, end_at);
        }
    }
}

/// The sink that writes a tape.
pub(super) struct Note<'t>(pub(super) &'t mut Tape);

impl<'s, 'b> Sink<'s, 'b> for Note<'_> {
    type Value = ();
    type Object = usize;
    type Vector = usize;

    #[inline]
    fn scalar(&mut self, _: Kind, _: &'b [u8]) {}
    #[inline]
    fn bool(&mut self, _: bool) {}
    #[inline]
    fn present(&mut self) {}
    #[inline]
    fn open(&mut self, _: &'s Schema, combinator: u32, _: usize) -> usize {
        self.0.begin(combinator)
    }
    #[inline]
    fn before_field(&mut self, _: &mut usize, op: u32, at: usize) {
        self.0.push(op, at);
    }
    #[inline]
    fn field(&mut self, _: &mut usize, _: usize, (): ()) {}
    #[inline]
    fn extra_flags(&mut self, _: &mut usize, _: usize, _: u32) {
        self.0.extra_flags = true;
    }
    #[inline]
    fn close(&mut self, object: usize, end: usize) {
        self.0.end(object, end);
    }
    #[inline]
    fn begin_vector(&mut self, count: u32, _: usize) -> usize {
        self.0.begin(count)
    }
    #[inline]
    fn before_element(&mut self, _: &mut usize, at: usize) {
        self.0.push(NO_FIELD, at);
    }
    #[inline]
    fn element(&mut self, _: &mut usize, (): ()) {}
    #[inline]
    fn packed(&mut self, _: &mut usize, _: Kind, _: &'b [u8], _: usize) {}
    #[inline]
    fn end_vector(&mut self, vector: usize, end: usize) {
        self.0.end(vector, end);
    }
    fn missing(&mut self) {}
}
