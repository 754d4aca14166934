//! The TL language: text to declarations and back.
//!
//! The grammar is the one of <https://core.telegram.org/mtproto/TL-formal>; what the public schemas
//! add to it (ids without leading zeros, spaces in section marks, lines without id) is understood
//! too.
//! Reading never stops at an error: each broken line becomes a [`Problem`] and the next one is read.

mod ast;
mod crc;
mod grammar;
mod known_ids;
mod lexical;
mod print;
mod problem;
mod reader;

pub use ast::{
    Condition, Declaration, Document, Finalisation, Item, ItemKind, Param, ParamKind, Section,
    TypeExpr,
};
pub use crc::{CrcText, combinator_id};
pub use known_ids::{KnownId, known_id};
pub use problem::{Problem, ProblemKind, Severity};

pub(crate) use ast::is_boxed_name;
pub(crate) use crc::check as check_id;
pub(crate) use problem::Problems;
pub(crate) use reader::Reader;

/// Reads a whole schema text.
///
/// What could not be read is described in the problems; everything else is in the document.
/// At most [`MAX_PROBLEMS`] problems are kept, and a last one says how many there were besides.
pub fn parse(text: &str) -> (Document<'_>, Vec<Problem>) {
    let mut problems = Problems::default();
    let mut reader = Reader::new(text);
    let mut crc = CrcText::default();
    let mut items = Vec::new();
    while let Some(item) = reader.next_item(&mut problems) {
        if let ItemKind::Declaration(declaration) = &item.kind {
            crc::check(text, declaration, &mut crc, &mut problems);
        }
        items.push(item);
    }
    (Document { items }, problems.finish(text))
}

/// Reads one declaration; the `;` at its end may be missing.
///
/// # Errors
/// The first problem of the text.
pub fn parse_declaration(text: &str) -> Result<Declaration<'_>, Problem> {
    let mut problems = Problems::default();
    let mut reader = Reader::new(text);
    let mut found = None;
    while let Some(item) = reader.next_item(&mut problems) {
        if let ItemKind::Declaration(declaration) = item.kind {
            found.get_or_insert(declaration);
        }
    }
    let first = problems
        .finish(text)
        .into_iter()
        .find(|p| p.severity() == Severity::Error);
    match (found, first) {
        (Some(declaration), None) => Ok(declaration),
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(Problem::no_declaration()),
    }
}

/// The declaration on a line of its own; `None` where the line is not exactly one.
///
/// `params` is memory for the parameters, to be used again.
pub(crate) fn parse_line<'a>(
    line: &'a str,
    section: Section,
    params: Vec<Param<'a>>,
) -> Option<Declaration<'a>> {
    match grammar::statement(lexical::window(line, MAX_STATEMENT), section, params) {
        Ok((rest, ItemKind::Declaration(declaration))) if lexical::space(rest) == ";" => {
            Some(declaration)
        }
        _ => None,
    }
}

/// The layer number of a text: that of its last comment `// LAYER n` or `// layer n`.
pub fn layer_of_text(text: &str) -> Option<i32> {
    text.lines()
        .rev()
        .map(str::trim_ascii)
        .find_map(|line| line.starts_with("//").then(|| ast::layer_of(line))?)
}

/// Reads a type, such as `Vector<User>`; `None` where the text is not one.
pub fn parse_type(text: &str) -> Option<TypeExpr<'_>> {
    grammar::whole_type(lexical::window(text, MAX_STATEMENT))
}

/// How many problems of one text are kept.
pub const MAX_PROBLEMS: usize = 1000;

/// How many declarations of one text are read; the rest is a problem.
///
/// The largest real text, the union of all layers, has some ten thousand.
pub const MAX_DECLARATIONS: usize = 1 << 18;

/// How deep types and repetitions may be nested in the text.
pub const MAX_NESTING: usize = 16;

/// How many bytes one declaration may have; the longest real one has about 3000.
pub const MAX_STATEMENT: usize = 1 << 16;
