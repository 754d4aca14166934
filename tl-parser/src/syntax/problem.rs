//! What is wrong with a schema text, where, and what to do about it.

use super::MAX_PROBLEMS;
use std::fmt;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The schema is complete; a person should look.
    Warning,
    /// A declaration is missing from the schema, or cannot be used.
    Error,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text does not follow the grammar.
    Syntax {
        /// What could have stood here.
        expected: &'static str,
        /// The token that stands here; empty at the end of the text.
        found: String,
    },
    /// A section mark other than types and functions.
    UnknownSection(String),
    /// The line ends without `;`.
    MissingSemicolon,
    /// The written id is not the CRC32 of the text, and no known exception.
    IdMismatch {
        /// The id as written, which is the one used.
        written: u32,
        /// The CRC32 of the canonical text.
        computed: u32,
    },
    /// Two declarations have one id; the first is used.
    DuplicateId {
        /// The id.
        id: u32,
        /// The name of the declaration that came first.
        first: String,
    },
    /// A type or constructor that no declaration defines.
    UnknownType(String),
    /// `%T` of a type with none or several constructors.
    NotBareable(String),
    /// A condition on something that is not a `#` field to its left.
    UnknownFlagsWord(String),
    /// A construct of the language that has no compiled form; objects of this combinator cannot be
    /// read or written.
    Unsupported(&'static str),
    /// The text goes on beyond [`MAX_DECLARATIONS`](super::MAX_DECLARATIONS).
    TooManyDeclarations,
    /// One statement is longer than [`MAX_STATEMENT`](super::MAX_STATEMENT).
    StatementTooLong,
    /// There is no declaration in the text.
    NoDeclaration,
    /// Problems beyond [`MAX_PROBLEMS`], which are not listed.
    NotListed(usize),
    /// A range of layers in a union table that cannot be read.
    LayerRange(String),
}

/// One thing wrong with a schema text.
///
/// `Display` gives several lines: place, severity and message, the line of the text, and a caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    severity: Severity,
    kind: ProblemKind,
    offset: usize,
    line: usize,
    column: usize,
    excerpt: String,
    caret: usize,
    width: usize,
}

impl Problem {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong.
    pub fn kind(&self) -> &ProblemKind {
        &self.kind
    }

    /// Where: the byte offset in the text.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Where: the line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Where: the column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The sentence without the place.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// The line of the text, shortened around the place.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }

    /// A form for printing that names the file, `file:line:column`.
    pub fn in_file<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        InFile {
            problem: self,
            file,
        }
    }

    pub(super) fn no_declaration() -> Self {
        Raw {
            severity: Severity::Error,
            kind: ProblemKind::NoDeclaration,
            offset: 0,
            width: 1,
        }
        .locate("", &mut Place::default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (line, column, kind) = (self.line, self.column, &self.kind);
        writeln!(f, "{line}:{column}: {word}: {kind}")?;
        let margin = line.to_string().len();
        writeln!(f, "{line} | {}", self.excerpt)?;
        write!(
            f,
            "{:margin$} | {:caret$}{}",
            "",
            "",
            "^".repeat(self.width),
            caret = self.caret
        )
    }
}

struct InFile<'a> {
    problem: &'a Problem,
    file: &'a str,
}

impl fmt::Display for InFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.problem)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { expected, found } if found.is_empty() => {
                write!(f, "expected {expected}, found the end of the text")
            }
            Self::Syntax { expected, found } => write!(f, "expected {expected}, found `{found}`"),
            Self::UnknownSection(word) => {
                write!(
                    f,
                    "unknown section `{word}`; the sections are types and functions"
                )
            }
            Self::MissingSemicolon => f.write_str("the line ends without `;`"),
            Self::IdMismatch { written, computed } => write!(
                f,
                "the id is {written:08x}, but the text gives {computed:08x}; \
                 a field or type was probably changed by hand"
            ),
            Self::DuplicateId { id, first } => {
                write!(
                    f,
                    "the id {id:08x} is already that of `{first}`, which is used"
                )
            }
            Self::UnknownType(name) => write!(f, "`{name}` is not declared"),
            Self::NotBareable(name) => {
                write!(
                    f,
                    "`{name}` has no bare form, for it has not exactly one constructor"
                )
            }
            Self::UnknownFlagsWord(name) => {
                write!(f, "`{name}` is no `#` field to the left of its condition")
            }
            Self::Unsupported(what) => {
                write!(
                    f,
                    "{what} cannot be compiled; this combinator can be read but not used"
                )
            }
            Self::TooManyDeclarations => f.write_str("too many declarations; the rest is not read"),
            Self::StatementTooLong => {
                f.write_str("a declaration of more than 64 KiB; is a semicolon missing?")
            }
            Self::NoDeclaration => f.write_str("there is no declaration in the text"),
            Self::NotListed(count) => write!(f, "{count} further problems are not listed"),
            Self::LayerRange(text) => write!(f, "`{text}` is no range of layers"),
        }
    }
}

/// A problem whose line and column are not yet looked up.
#[derive(Debug)]
struct Raw {
    severity: Severity,
    kind: ProblemKind,
    offset: usize,
    width: usize,
}

/// Collects problems in bounded memory and finds their places in one pass over the text.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Raw>,
    not_listed: usize,
    last_offset: usize,
}

impl Problems {
    pub(crate) fn error(&mut self, offset: usize, width: usize, kind: ProblemKind) {
        self.push(Raw {
            severity: Severity::Error,
            kind,
            offset,
            width,
        });
    }

    pub(crate) fn warning(&mut self, offset: usize, width: usize, kind: ProblemKind) {
        self.push(Raw {
            severity: Severity::Warning,
            kind,
            offset,
            width,
        });
    }

    fn push(&mut self, raw: Raw) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(raw);
        } else {
            self.last_offset = self.last_offset.max(raw.offset);
            self.not_listed = self.not_listed.saturating_add(1);
        }
    }

    /// The problems in the order of the text.
    pub(crate) fn finish(mut self, text: &str) -> Vec<Problem> {
        self.list.sort_by_key(|raw| raw.offset);
        if self.not_listed > 0 {
            let last = self.list.last().map_or(0, |raw| raw.offset);
            self.list.push(Raw {
                severity: Severity::Error,
                kind: ProblemKind::NotListed(self.not_listed),
                offset: self.last_offset.max(last),
                width: 1,
            });
        }
        let mut place = Place::default();
        self.list
            .into_iter()
            .map(|raw| raw.locate(text, &mut place))
            .collect()
    }
}

/// A place that is already found, to go on from: each byte of the text is passed once.
#[derive(Debug, Default)]
struct Place {
    offset: usize,
    lines_before: usize,
    line_start: usize,
    chars_before: usize,
}

impl Place {
    fn advance(&mut self, text: &str, offset: usize) {
        let passed = text.get(self.offset..offset).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', passed.as_bytes()).count();
        self.lines_before = self.lines_before.saturating_add(lines);
        let after_line_end = match memchr::memrchr(b'\n', passed.as_bytes()) {
            Some(at) => {
                self.line_start = self.offset.saturating_add(at).saturating_add(1);
                self.chars_before = 0;
                text.get(self.line_start..offset).unwrap_or_default()
            }
            None => passed,
        };
        self.chars_before = self
            .chars_before
            .saturating_add(after_line_end.chars().count());
        self.offset = offset;
    }
}

/// How many characters of a line are shown on either side of the place.
const AROUND: usize = 60;

impl Raw {
    fn locate(self, text: &str, place: &mut Place) -> Problem {
        let offset = self.offset.min(text.len());
        place.advance(text, offset);
        let before = text.get(place.line_start..offset).unwrap_or_default();
        let after = text.get(offset..).unwrap_or_default();
        let printable = |char: char| if char.is_control() { ' ' } else { char };
        let mut shown: Vec<char> = before.chars().rev().take(AROUND).collect();
        let caret = shown.len();
        shown.reverse();
        shown.extend(after.chars().take_while(|char| *char != '\n').take(AROUND));
        let room = shown.len().saturating_sub(caret).max(1);
        let excerpt: String = shown.into_iter().map(printable).collect();
        Problem {
            severity: self.severity,
            kind: self.kind,
            offset,
            line: place.lines_before.saturating_add(1),
            column: place.chars_before.saturating_add(1),
            excerpt: excerpt.trim_end().to_owned(),
            caret,
            width: self.width.clamp(1, room),
        }
    }
}
