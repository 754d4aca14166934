//! Errors of reading.

use crate::name::Name;
use std::fmt;

/// Bytes that are not what the schema says: what is wrong, at which byte, and on which way there.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    offset: usize,
    kind: DecodeErrorKind,
    /// From the inside to the outside.
    path: Vec<PathStep>,
}

/// One step of the way from the outermost object to the place of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStep {
    /// The combinator.
    pub combinator: Name,
    /// Its field.
    pub field: Name,
    /// The element, where the field is a vector and the error in one of its elements.
    pub index: Option<usize>,
}

/// What is wrong with the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside of a value.
    UnexpectedEnd {
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// An object of a constructor that the schema does not have.
    UnknownConstructor {
        /// Its id.
        id: u32,
    },
    /// An object of another type than the field has.
    WrongType {
        /// The type of the field.
        expected: String,
        /// The constructor that stands there.
        found: Name,
    },
    /// Another word than the id of `vector`.
    NotAVector {
        /// The word.
        id: u32,
    },
    /// Another word than `boolTrue` and `boolFalse`.
    NotABool {
        /// The word.
        id: u32,
    },
    /// The first byte of a string is 255, which no length begins with.
    BadLength,
    /// A string shorter than 254 bytes whose length is written in four bytes.
    LongLength,
    /// The bytes that fill a string up to a multiple of four are not zero.
    Padding,
    /// Nested deeper than the limit.
    TooDeep,
    /// More objects and elements than the limit.
    TooManyElements {
        /// How many a vector claims to have; 1 for an object.
        claimed: u32,
    },
    /// More bytes than the limit.
    TooLong {
        /// How many bytes the input has.
        length: usize,
    },
    /// The object is complete, and bytes are left.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A field of a construct that is not compiled; the problems of the schema name it.
    Unsupported,
    /// The type that was asked for is not in the schema.
    UnknownType(String),
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(offset: usize, kind: DecodeErrorKind) -> Self {
        Self(Box::new(Inner {
            offset,
            kind,
            path: Vec::new(),
        }))
    }

    /// The byte in the input at which the trouble begins.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// What is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// The way to the place, from the outermost object on.
    pub fn path(&self) -> impl DoubleEndedIterator<Item = &PathStep> + ExactSizeIterator {
        self.0.path.iter().rev()
    }

    /// Adds the field in which it happened.
    #[cold]
    pub(crate) fn in_field(&mut self, combinator: Name, field: Name) {
        // An element that is no field of an object of its own waits for the name of the vector.
        match self.0.path.last_mut() {
            Some(step) if step.combinator.is_empty() => {
                step.combinator = combinator;
                step.field = field;
            }
            _ => self.0.path.push(PathStep {
                combinator,
                field,
                index: None,
            }),
        }
    }

    /// Adds the element in which it happened; of nested vectors, the innermost is kept.
    #[cold]
    pub(crate) fn in_element(&mut self, index: usize) {
        let nameless = |step: &PathStep| step.combinator.is_empty();
        if !self.0.path.last().is_some_and(nameless) {
            let (combinator, field) = (Name::from(""), Name::from(""));
            self.0.path.push(PathStep {
                combinator,
                field,
                index: Some(index),
            });
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.0.offset)?;
        for (number, step) in self.path().enumerate() {
            f.write_str(if number == 0 { " in " } else { " > " })?;
            write!(f, "{}", step.combinator)?;
            if !step.field.is_empty() {
                write!(f, ".{}", step.field)?;
            }
            if let Some(index) = step.index {
                write!(f, "[{index}]")?;
            }
        }
        write!(f, ": {}", self.0.kind)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd { missing } => {
                write!(f, "the input ends, at least {missing} bytes are missing")
            }
            Self::UnknownConstructor { id } => {
                write!(
                    f,
                    "unknown constructor {id:08x}; is this the layer of the sender?"
                )
            }
            Self::WrongType { expected, found } => {
                write!(f, "expected an object of type {expected}, found {found}")
            }
            Self::NotAVector { id } => write!(f, "expected a vector, found {id:08x}"),
            Self::NotABool { id } => write!(f, "expected a Bool, found {id:08x}"),
            Self::BadLength => f.write_str("no string begins with the byte ff"),
            Self::LongLength => {
                f.write_str("the length of a short string is written in four bytes")
            }
            Self::Padding => f.write_str("the padding of a string is not zero"),
            Self::TooDeep => f.write_str("nested too deeply"),
            Self::TooManyElements { claimed } => {
                write!(f, "more elements than allowed ({claimed} here)")
            }
            Self::TooLong { length } => write!(f, "the input of {length} bytes is too long"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes are left after the object"),
            Self::Unsupported => f.write_str("a construct of the schema that cannot be read"),
            Self::UnknownType(name) => write!(f, "the schema has no type `{name}`"),
        }
    }
}
