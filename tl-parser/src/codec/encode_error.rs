//! Errors of writing.

use crate::name::Name;
use std::fmt;

/// A value that does not fit the schema: what is wrong, in which field of which combinator.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodeError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: EncodeErrorKind,
    /// From the inside to the outside: combinator and field.
    path: Vec<(Name, Name)>,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// No combinator of the schema has this name.
    UnknownCombinator {
        /// The name of the object.
        name: Name,
    },
    /// A field that must be there is not. Fields that share a flag bit must be there together.
    MissingField {
        /// The combinator.
        combinator: Name,
        /// The field.
        field: Name,
    },
    /// A field that the combinator does not have.
    UnknownField {
        /// The combinator.
        combinator: Name,
        /// The field.
        field: Name,
    },
    /// A value of another kind or type.
    WrongType {
        /// The type of the field.
        expected: String,
        /// What the value is.
        found: String,
    },
    /// A string longer than 2^24 - 1 bytes.
    StringTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A vector of more elements than its count can say, or than its repetition has.
    BadCount {
        /// The number of elements.
        count: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`](crate::Limits).
    TooDeep,
    /// An unexplained bit of a flags word that a field of this schema explains.
    ExplainedFlag {
        /// The flags word.
        word: Name,
        /// The bits.
        bits: u32,
    },
    /// A field of a construct that is not compiled; the problems of the schema name it.
    Unsupported,
    /// The type that was asked for is not in the schema.
    UnknownType(String),
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(kind: EncodeErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            path: Vec::new(),
        }))
    }

    /// What is wrong.
    pub fn kind(&self) -> &EncodeErrorKind {
        &self.0.kind
    }

    /// The way to the place, from the outermost object on: combinator and field.
    pub fn path(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .path
            .iter()
            .rev()
            .map(|(combinator, field)| (combinator.as_str(), field.as_str()))
    }

    #[cold]
    pub(crate) fn in_field(mut self, combinator: Name, field: Name) -> Self {
        self.0.path.push((combinator, field));
        self
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (combinator, field)) in self.path().enumerate() {
            let lead = if number == 0 { "in " } else { " > " };
            write!(f, "{lead}{combinator}.{field}")?;
        }
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        self.0.kind.fmt(f)
    }
}

impl fmt::Debug for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for EncodeError {}

impl fmt::Display for EncodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCombinator { name } => write!(f, "the schema has no `{name}`"),
            Self::MissingField { combinator, field } => {
                write!(f, "the field `{field}` of {combinator} is missing")
            }
            Self::UnknownField { combinator, field } => {
                write!(f, "{combinator} has no field `{field}`")
            }
            Self::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::StringTooLong { length } => {
                write!(
                    f,
                    "a string of {length} bytes; at most 16777215 can be encoded"
                )
            }
            Self::BadCount { count } => write!(f, "{count} elements do not fit here"),
            Self::TooDeep => f.write_str("nested too deeply"),
            Self::ExplainedFlag { word, bits } => {
                write!(
                    f,
                    "the extra bits {bits:#x} of `{word}` belong to fields of the schema"
                )
            }
            Self::Unsupported => f.write_str("a construct of the schema that cannot be written"),
            Self::UnknownType(name) => write!(f, "the schema has no type `{name}`"),
        }
    }
}
