//! The compiled form of a schema: each combinator is a flat program of fields.
//!
//! One program serves every consumer: the walker behind skipping, viewing and decoding
//! (`codec/walk.rs`) and the encoder (`codec/encode.rs`).

/// The id of the boxed vector, `vector#1cb5c415`.
pub(crate) const VECTOR: u32 = 0x1cb5_c415;
/// The id of `boolTrue`.
pub(crate) const BOOL_TRUE: u32 = 0x9972_75b5;
/// The id of `boolFalse`.
pub(crate) const BOOL_FALSE: u32 = 0xbc79_9737;

/// What stands in the place of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A `#` that conditions refer to, or that is named for it: computed by the encoder, no field of
    /// the object.
    /// `detail` is its slot, `arg` the mask of the bits that have a field.
    Flags,
    /// Any other `#`; `detail` is its slot.
    Nat,
    /// `true`: no bytes.
    True,
    Bool,
    Int,
    Long,
    Double,
    Int128,
    Int256,
    /// `string`: bytes that should be text.
    String,
    Bytes,
    /// An object of a type, with its id; `arg` is the type.
    Boxed,
    /// An object without its id; `arg` is the combinator.
    Bare,
    /// Any object, call or vector, with its id: `Object`, `!X`, type variables.
    Any,
    /// `n*[ T ]`; `arg` is the repetition.
    Repeat,
    /// A construct that has no compiled form.
    Unsupported,
}

impl Kind {
    /// The number of bytes of a value, where every value has the same.
    #[inline]
    pub(crate) fn fixed_size(self) -> Option<usize> {
        match self {
            Self::True => Some(0),
            Self::Bool | Self::Int | Self::Nat | Self::Flags => Some(4),
            Self::Long | Self::Double => Some(8),
            Self::Int128 => Some(16),
            Self::Int256 => Some(32),
            _ => None,
        }
    }

    /// The type in words, for messages.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Flags | Self::Nat => "#",
            Self::True => "true",
            Self::Bool => "Bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Double => "double",
            Self::Int128 => "int128",
            Self::Int256 => "int256",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Boxed | Self::Any => "an object",
            Self::Bare => "a bare object",
            Self::Repeat => "a vector",
            Self::Unsupported => "a construct that is not supported",
        }
    }

    /// The kind of a built-in type name.
    pub(crate) fn of_builtin(name: &str) -> Option<Self> {
        Some(match name {
            "Bool" => Self::Bool,
            "true" => Self::True,
            // The sized names are those of TDLib's own schemas.
            "int" | "int32" => Self::Int,
            "long" | "int53" | "int64" => Self::Long,
            "double" => Self::Double,
            "int128" => Self::Int128,
            "int256" => Self::Int256,
            "string" | "secureString" => Self::String,
            "bytes" | "secureBytes" => Self::Bytes,
            "Object" => Self::Any,
            _ => return None,
        })
    }
}

/// The type of one value: a kind, inside of any number of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// How many vectors are around `kind`.
    pub(crate) vectors: u8,
    /// Which of the vectors are bare: bit 0 is the outermost. For `#`, the slot of the word.
    pub(crate) detail: u8,
    pub(crate) arg: u32,
}

/// How many vectors may be nested in one type.
pub(crate) const MAX_VECTORS: u8 = 8;

impl Shape {
    pub(crate) const ANY: Self = Self::of(Kind::Any, 0);

    pub(crate) const fn of(kind: Kind, arg: u32) -> Self {
        Self {
            kind,
            vectors: 0,
            detail: 0,
            arg,
        }
    }

    /// The shape of a vector of this; `None` where the nesting is too deep.
    pub(crate) fn in_vector(self, bare: bool) -> Option<Self> {
        let vectors = self
            .vectors
            .checked_add(1)
            .filter(|count| *count <= MAX_VECTORS)?;
        let inner = if self.vectors == 0 { 0 } else { self.detail };
        Some(Self {
            vectors,
            detail: inner << 1 | u8::from(bare),
            ..self
        })
    }

    /// The shape of the elements, and whether the vector itself is bare.
    #[inline]
    pub(crate) fn element(self) -> (Self, bool) {
        let vectors = self.vectors.saturating_sub(1);
        (
            Self {
                vectors,
                detail: self.detail >> 1,
                ..self
            },
            self.detail & 1 == 1,
        )
    }
}

/// One step of a field program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) shape: Shape,
    /// The slot of the flags word of a conditional field, or [`ALWAYS`].
    pub(crate) word: u8,
    /// The bit in that word.
    pub(crate) bit: u8,
    /// How many steps there are from here to the next one without condition, or to the end.
    pub(crate) skip: u16,
}

/// The `word` of a field without condition.
pub(crate) const ALWAYS: u8 = u8::MAX;

/// How many `#` fields one combinator may have; the API uses two.
pub(crate) const MAX_WORDS: usize = 4;

/// The values of the `#` fields read so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words([u32; MAX_WORDS]);

impl Words {
    #[inline]
    pub(crate) fn get(&self, slot: u8) -> u32 {
        self.0.get(usize::from(slot)).copied().unwrap_or(0)
    }

    #[inline]
    pub(crate) fn set(&mut self, slot: u8, word: u32) {
        if let Some(place) = self.0.get_mut(usize::from(slot)) {
            *place = word;
        }
    }

    #[inline]
    pub(crate) fn set_bit(&mut self, slot: u8, bit: u8) {
        self.set(slot, self.get(slot) | 1_u32.wrapping_shl(u32::from(bit)));
    }

    /// Whether a field is there.
    #[inline]
    pub(crate) fn has(&self, op: &Op) -> bool {
        op.word == ALWAYS || self.get(op.word) >> (op.bit & 31) & 1 == 1
    }
}

/// How often a repetition repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Fixed(u32),
    /// As the `#` field in this slot says.
    Word(u8),
}

impl Count {
    pub(crate) fn in_words(self, words: &Words) -> u32 {
        match self {
            Self::Fixed(count) => count,
            Self::Word(slot) => words.get(slot),
        }
    }
}

/// `n*[ T ]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeat {
    pub(crate) count: Count,
    pub(crate) shape: Shape,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_vectors_remember_which_of_them_are_bare() {
        let inner = Shape::of(Kind::Int, 0).in_vector(true).unwrap();
        let outer = inner.in_vector(false).unwrap();
        assert_eq!(outer.element(), (inner, false));
        assert_eq!(inner.element(), (Shape::of(Kind::Int, 0), true));
    }

    #[test]
    fn a_step_has_twelve_bytes() {
        assert!(size_of::<Op>() <= 12);
    }
}
