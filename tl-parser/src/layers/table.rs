//! The union table: declarations with the layers in which they stand.
//!
//! Only the line structure is read at first, so that starting costs little; declarations are
//! parsed when a layer is built.

use crate::hash::FastMap;
use crate::name::Name;
use crate::schema::{Builder, Schema};
use crate::syntax::{self, Problem, ProblemKind, Problems, Section};
use nom::Offset;
use std::sync::OnceLock;

/// The most layers that one table may have.
const MAX_LAYERS: usize = 256;

/// A set of columns of the table; each layer is a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Columns([u128; MAX_LAYERS / 128]);

impl Columns {
    pub(super) fn contains(self, column: usize) -> bool {
        self.0
            .get(column / 128)
            .is_some_and(|bits| bits >> (column % 128) & 1 == 1)
    }

    /// Adds the columns from `first` up to, and without, `end`.
    fn insert(&mut self, first: usize, end: usize) {
        for (bits, start) in self.0.iter_mut().zip((0..MAX_LAYERS).step_by(128)) {
            let below = |column: usize| match column.saturating_sub(start) {
                shift @ 0..128 => 1_u128
                    .wrapping_shl(u32::try_from(shift).unwrap_or(0))
                    .wrapping_sub(1),
                _ => u128::MAX,
            };
            *bits |= below(end) & !below(first);
        }
    }

    fn insert_all(&mut self, other: Self) {
        for (bits, more) in self.0.iter_mut().zip(other.0) {
            *bits |= more;
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Line {
    columns: Columns,
    section: Section,
    /// The declaration with its semicolon.
    declaration: &'static str,
}

impl Line {
    /// The first word: name and id.
    fn head(&self) -> (&'static str, Option<u32>) {
        let head = self.declaration.split(' ').next().unwrap_or_default();
        match head.split_once('#') {
            Some((name, id)) => (name, u32::from_str_radix(id, 16).ok()),
            None => (head, None),
        }
    }
}

/// One form of a combinator, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant<'a> {
    /// The layers, ascending.
    pub layers: Vec<i32>,
    /// The declaration without its semicolon.
    pub text: &'a str,
}

/// The table.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    text: &'static str,
    layers: Vec<i32>,
    lines: Vec<Line>,
    by_id: OnceLock<FastMap<u32, Columns>>,
}

impl Table {
    pub(super) fn parse(text: &'static str) -> (Self, Vec<Problem>) {
        let mut table = Self {
            text,
            ..Self::default()
        };
        let mut problems = Problems::default();
        let mut section = Section::Types;
        let mut last = ("", None);
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
        let lines = ends.scan(0, |start, end| {
            let line = text.get(*start..end)?;
            *start = end.saturating_add(1);
            Some(line.trim_ascii())
        });
        for line in lines.filter(|line| !line.is_empty()) {
            if let Some(comment) = line.strip_prefix("//") {
                if let Some(list) = comment.trim_ascii_start().strip_prefix("layers:") {
                    let numbers = list.split_ascii_whitespace();
                    table
                        .layers
                        .extend(numbers.filter_map(|word| word.parse::<i32>().ok()));
                    table.layers.sort_unstable();
                    table.layers.dedup();
                    table.layers.truncate(MAX_LAYERS);
                    last = ("", None);
                }
            } else if let Some(mark) = line.strip_prefix("---") {
                section = match mark {
                    "functions---" => Section::Functions,
                    _ => Section::Types,
                };
            } else {
                let (ranges, declaration) = line.split_once(' ').unwrap_or((line, ""));
                // Declarations that came together mostly go together.
                if last.0 != ranges {
                    last = (ranges, table.columns(ranges));
                }
                match last.1 {
                    Some(columns) => table.lines.push(Line {
                        columns,
                        section,
                        declaration,
                    }),
                    None => {
                        let kind = ProblemKind::LayerRange(ranges.chars().take(40).collect());
                        problems.error(text.offset(line), ranges.len(), kind);
                    }
                }
            }
        }
        (table, problems.finish(text))
    }

    /// The layers in the table, ascending.
    pub(super) fn layers(&self) -> &[i32] {
        &self.layers
    }

    /// `18`, `18..`, `57..71,98..`; `None` where that is not understood or means no layer at all.
    fn columns(&self, ranges: &str) -> Option<Columns> {
        let mut columns = Columns::default();
        for range in ranges.split(',') {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            let first: i32 = first.parse().ok()?;
            let last = if last.is_empty() {
                i32::MAX
            } else {
                last.parse().ok()?
            };
            let first_column = self.layers.partition_point(|layer| *layer < first);
            let end_column = self.layers.partition_point(|layer| *layer <= last);
            columns.insert(first_column, end_column);
        }
        (columns != Columns::default()).then_some(columns)
    }

    /// The columns in which an id stands.
    pub(super) fn columns_of(&self, id: u32) -> Columns {
        let index = self.by_id.get_or_init(|| {
            let mut index: FastMap<u32, Columns> = FastMap::default();
            for line in &self.lines {
                let id = line.head().1.or_else(|| {
                    let declaration = syntax::parse_declaration(line.declaration).ok()?;
                    Some(syntax::combinator_id(&declaration))
                });
                if let Some(id) = id {
                    index.entry(id).or_default().insert_all(line.columns);
                }
            }
            index
        });
        index.get(&id).copied().unwrap_or_default()
    }

    pub(super) fn variants<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Variant<'a>> {
        self.lines
            .iter()
            .filter(move |line| line.head().0 == name)
            .map(|line| Variant {
                layers: (self.layers.iter().enumerate())
                    .filter(|(column, _)| line.columns.contains(*column))
                    .map(|(_, layer)| *layer)
                    .collect(),
                text: line.declaration.trim_end_matches(';'),
            })
    }

    /// The schema of one column.
    pub(super) fn build(&self, column: usize) -> Schema {
        let text = Name::from(self.text);
        let mut builder = Builder::default();
        builder.reserve(self.text.len());
        let mut params = Vec::new();
        for line in self
            .lines
            .iter()
            .filter(|line| line.columns.contains(column))
        {
            let spare = std::mem::take(&mut params);
            if let Some(declaration) = syntax::parse_line(line.declaration, line.section, spare) {
                builder.add(&text, &declaration, None);
                params = declaration.params;
            }
        }
        builder.finish().0
    }
}
