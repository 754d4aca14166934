//! Why nothing was generated.

use std::fmt;

/// A request that cannot be fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GenerateError {
    /// The schema has no combinator or type of that name.
    UnknownName {
        /// The name asked for.
        name: String,
        /// Names that may be meant.
        near: Vec<String>,
    },
    /// Nothing was named.
    NothingNamed,
    /// A field of a construct that has no Rust form here.
    Field {
        /// The combinator.
        combinator: String,
        /// The field.
        field: String,
        /// What is wrong, and what to do.
        why: &'static str,
    },
    /// Two things of the schema would have one name in Rust.
    Clash {
        /// The name in Rust.
        name: String,
    },
    /// A line of a recipe that cannot be understood.
    Recipe {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { name, near } => {
                write!(
                    f,
                    "the schema has no function, constructor or type {name:?}"
                )?;
                match near.as_slice() {
                    [] => Ok(()),
                    near => write!(f, "; did you mean {}?", near.join(" or ")),
                }
            }
            Self::NothingNamed => f.write_str(
                "name at least one function, constructor or type: a whole layer is never generated",
            ),
            Self::Field {
                combinator,
                field,
                why,
            } => write!(f, "{combinator}.{field}: {why}"),
            Self::Clash { name } => write!(f, "two names of the schema are {name} in Rust"),
            Self::Recipe { line, why } => write!(f, "line {line}: {why}"),
        }
    }
}

impl std::error::Error for GenerateError {}
