//! A whole text as a stream of items, with recovery after errors.

use super::ast::{Item, ItemKind, Param, Section};
use super::grammar::statement;
use super::lexical::{Expected, comment, inline_space, space, split, window};
use super::problem::{ProblemKind, Problems};
use super::{MAX_DECLARATIONS, MAX_STATEMENT};
use nom::{Err, Offset};

/// Reads item after item; memory does not grow with the text.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    section: Section,
    declarations: usize,
    /// Memory for the parameters of the next declaration.
    spare: Vec<Param<'a>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        // A byte order mark is the habit of some editors, and no part of the text.
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text,
            rest,
            section: Section::Types,
            declarations: 0,
            spare: Vec::new(),
        }
    }

    /// Takes back the memory of parameters that nobody needs any more.
    pub(crate) fn reuse(&mut self, params: Vec<Param<'a>>) {
        self.spare = params;
    }

    /// The next item that can be read; what cannot be read on the way becomes a problem.
    pub(crate) fn next_item(&mut self, problems: &mut Problems) -> Option<Item<'a>> {
        loop {
            let start = self.rest.trim_ascii_start();
            let blank_before = has_blank_line(self.rest, start);
            self.rest = start;
            if start.is_empty() {
                return None;
            }
            let kind = if let Some(after) = comment(start) {
                self.rest = after;
                Some(ItemKind::Comment(
                    split(start, start.offset(after)).0.trim_ascii_end(),
                ))
            } else if start.starts_with("---") {
                self.section_mark(start, problems)
            } else {
                if self.declarations >= MAX_DECLARATIONS {
                    problems.error(self.offset(start), 1, ProblemKind::TooManyDeclarations);
                    self.rest = "";
                    return None;
                }
                self.statement(start, problems)
            };
            if let Some(kind) = kind {
                return Some(Item { blank_before, kind });
            }
        }
    }

    fn offset(&self, at: &str) -> usize {
        self.text.offset(at)
    }

    /// `---types---`, with or without spaces and with any number of dashes from three up.
    fn section_mark(&mut self, start: &'a str, problems: &mut Problems) -> Option<ItemKind<'a>> {
        let end = memchr::memchr(b'\n', start.as_bytes()).unwrap_or(start.len());
        let (line, rest) = split(start, end);
        self.rest = rest;
        let word = line.trim_ascii().trim_matches('-').trim_ascii();
        self.section = match word {
            "types" => Section::Types,
            "functions" => Section::Functions,
            _ => {
                let kind = ProblemKind::UnknownSection(excerpt(word));
                problems.error(self.offset(start), line.trim_ascii_end().len(), kind);
                return None;
            }
        };
        Some(ItemKind::Section(self.section))
    }

    fn statement(&mut self, start: &'a str, problems: &mut Problems) -> Option<ItemKind<'a>> {
        // A window bounds the memory that one statement can take.
        let window = window(start, MAX_STATEMENT);
        let failure = match statement(window, self.section, std::mem::take(&mut self.spare)) {
            Ok((rest, kind)) => {
                self.declarations = self.declarations.saturating_add(1);
                let rest = split(start, window.offset(rest)).1;
                self.rest = self.semicolon(rest, problems)?;
                return Some(kind);
            }
            Err(Err::Error(failure) | Err::Failure(failure)) => failure,
            // The parsers are those for complete input and do not say this.
            Err(Err::Incomplete(_)) => Expected {
                at: start,
                what: "a declaration",
            },
        };
        let at = split(start, start.offset(failure.at)).1;
        let (found, kind) = if failure.at.is_empty() && !at.is_empty() {
            ("", ProblemKind::StatementTooLong)
        } else {
            let found = token(at);
            (
                found,
                ProblemKind::Syntax {
                    expected: failure.what,
                    found: excerpt(found),
                },
            )
        };
        problems.error(self.offset(at), found.chars().count(), kind);
        self.rest = recover(at);
        None
    }

    /// The end of a statement. A missing semicolon at the end of a line is told and forgiven.
    fn semicolon(&mut self, rest: &'a str, problems: &mut Problems) -> Option<&'a str> {
        let at = inline_space(rest);
        if let Some(rest) = at.strip_prefix(';') {
            return Some(rest);
        }
        let next = space(at);
        if let Some(rest) = next.strip_prefix(';') {
            return Some(rest);
        }
        if at.is_empty() || at.starts_with(['\n', '\r', '/']) {
            problems.warning(self.offset(rest), 1, ProblemKind::MissingSemicolon);
            return Some(at);
        }
        let found = excerpt(token(at));
        let kind = ProblemKind::Syntax {
            expected: "`;`",
            found,
        };
        problems.error(self.offset(at), token(at).chars().count(), kind);
        self.rest = recover(at);
        None
    }
}

/// Where to go on after a failure: behind the next semicolon of that line, else at the line's end.
fn recover(failed_at: &str) -> &str {
    let end = memchr::memchr2(b';', b'\n', failed_at.as_bytes());
    split(
        failed_at,
        end.map_or(failed_at.len(), |at| at.saturating_add(1)),
    )
    .1
}

/// Whether between two places of the text there is an empty line.
fn has_blank_line(before: &str, after: &str) -> bool {
    let gap = split(before, before.offset(after)).0;
    memchr::memchr_iter(b'\n', gap.as_bytes()).nth(1).is_some()
}

/// The token at the head of a text, for messages.
fn token(at: &str) -> &str {
    let word = at
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let first = at.chars().next().map_or(0, char::len_utf8);
    split(at, word.max(first).min(at.len())).0
}

/// At most 40 characters of a text, printable.
fn excerpt(text: &str) -> String {
    text.chars()
        .take(40)
        .map(|char| if char.is_control() { '.' } else { char })
        .collect()
}
