//! A schema: declarations, indexed, resolved and compiled.

mod build;
mod combinator;

pub use combinator::{Combinator, Field};

pub(crate) use build::Builder;

use crate::hash::FastMap;
use crate::layout::{Kind, Op, Repeat, Shape};
use crate::name::Name;
use crate::project::Cheapest;
use crate::syntax::{self, Problem, Section};
use std::fmt;
use std::sync::OnceLock;

/// A set of combinators: immutable, indexed by id, name and type, compiled for the codec.
///
/// Sharing is by reference; building the schema of a whole API layer takes about a millisecond.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub(crate) combinators: Vec<Combinator>,
    /// What the codec needs of each combinator, in the same order.
    pub(crate) heads: Vec<Head>,
    pub(crate) ops: Vec<Op>,
    pub(crate) repeats: Vec<Repeat>,
    pub(crate) types: Vec<TypeEntry>,
    pub(crate) by_id: FastMap<u32, u32>,
    by_name: FastMap<Name, u32>,
    type_by_name: FastMap<Name, u32>,
    cheapest: OnceLock<Cheapest>,
}

/// The part of a combinator that the codec reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) first_op: u32,
    pub(crate) end_op: u32,
    /// The type it constructs; no type for functions.
    pub(crate) constructs: u32,
}

/// The `constructs` of a function.
pub(crate) const NO_TYPE: u32 = u32::MAX;

/// A boxed type.
#[derive(Debug, Clone)]
pub(crate) struct TypeEntry {
    pub(crate) name: Name,
    /// Indices of its constructors, in the order of the text.
    pub(crate) constructors: Vec<u32>,
}

impl Schema {
    /// Reads a schema text. It never fails as a whole: what cannot be used is a problem, and the
    /// rest is the schema.
    ///
    /// ```
    /// let (schema, problems) = tl_parser::Schema::parse("ping#7abe77ec ping_id:long = Pong;");
    /// assert_eq!(schema.by_id(0x7abe77ec).unwrap().name(), "ping");
    /// // Pong itself is not declared in this text, but only fields need their types.
    /// assert!(problems.is_empty());
    /// ```
    pub fn parse(text: &str) -> (Self, Vec<Problem>) {
        Self::parse_text(&Name::new(text))
    }

    /// Like [`parse`](Self::parse), for a text that lives for ever: names are not counted.
    pub fn parse_static(text: &'static str) -> (Self, Vec<Problem>) {
        Self::parse_text(&Name::from(text))
    }

    fn parse_text(text: &Name) -> (Self, Vec<Problem>) {
        let mut builder = Builder::default();
        builder.add_text(text);
        let (schema, problems) = builder.finish();
        (schema, problems.finish(text.as_str()))
    }

    /// One schema of several: for values in which objects of one schema stand in another's, such
    /// as API objects inside of service messages.
    ///
    /// Where an id is declared twice, the first declaration is used.
    pub fn union(schemas: &[&Self]) -> Self {
        let mut builder = Builder::default();
        for schema in schemas {
            for combinator in &schema.combinators {
                builder.add_again(combinator);
            }
        }
        builder.finish().0
    }

    /// The combinator with an id. Ids are unique in a schema.
    #[inline]
    pub fn by_id(&self, id: u32) -> Option<&Combinator> {
        self.combinator(self.index_of_id(id)?)
    }

    /// The combinator with a name, `namespace.name` or `name#id`.
    ///
    /// Where several have that name, as in a text of many layers, the last one; the form with the
    /// id, eight hexadecimal digits, is exact.
    pub fn by_name(&self, name: &str) -> Option<&Combinator> {
        self.combinator(self.index_of_name(name)?)
    }

    /// The constructors of a boxed type, in the order of the text.
    pub fn constructors_of(&self, type_name: &str) -> impl Iterator<Item = &Combinator> {
        self.type_by_name
            .get(type_name)
            .and_then(|index| self.types.get(*index as usize))
            .into_iter()
            .flat_map(|entry| &entry.constructors)
            .filter_map(|index| self.combinator(*index))
    }

    /// All combinators, constructors and functions in the order of the text.
    pub fn combinators(&self) -> impl ExactSizeIterator<Item = &Combinator> {
        self.combinators.iter()
    }

    /// The constructors.
    pub fn constructors(&self) -> impl Iterator<Item = &Combinator> {
        self.combinators
            .iter()
            .filter(|combinator| !combinator.is_function())
    }

    /// The functions.
    pub fn functions(&self) -> impl Iterator<Item = &Combinator> {
        self.combinators
            .iter()
            .filter(|combinator| combinator.is_function())
    }

    /// The names of the boxed types that are constructed or referred to.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|entry| entry.name.as_str())
    }

    #[inline]
    pub(crate) fn index_of_id(&self, id: u32) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn index_of_name(&self, name: &str) -> Option<u32> {
        if let Some(index) = self.by_name.get(name) {
            return Some(*index);
        }
        let (name, digits) = name.split_once('#')?;
        let index = self.index_of_id(u32::from_str_radix(digits, 16).ok()?)?;
        (self.combinator(index)?.name() == name).then_some(index)
    }

    #[inline]
    pub(crate) fn combinator(&self, index: u32) -> Option<&Combinator> {
        self.combinators.get(index as usize)
    }

    #[inline]
    pub(crate) fn head(&self, index: u32) -> Option<Head> {
        self.heads.get(index as usize).copied()
    }

    /// The default constructor of each type, found when it is first asked for.
    pub(crate) fn cheapest(&self) -> &Cheapest {
        self.cheapest.get_or_init(|| Cheapest::of(self))
    }

    /// The field program of a combinator.
    #[inline]
    pub(crate) fn program(&self, index: u32) -> &[Op] {
        self.head(index)
            .and_then(|head| self.ops.get(head.first_op as usize..head.end_op as usize))
            .unwrap_or_default()
    }

    pub(crate) fn type_name(&self, index: u32) -> &str {
        self.types
            .get(index as usize)
            .map_or("?", |entry| entry.name.as_str())
    }

    /// A type in words, for messages.
    pub(crate) fn shape_text(&self, shape: Shape) -> String {
        if shape.vectors > 0 {
            let (element, bare) = shape.element();
            let vector = if bare { "vector" } else { "Vector" };
            return format!("{vector}<{}>", self.shape_text(element));
        }
        match shape.kind {
            Kind::Boxed => self.type_name(shape.arg).to_owned(),
            Kind::Bare => self
                .combinator(shape.arg)
                .map_or("?", Combinator::name)
                .to_owned(),
            kind => kind.text().to_owned(),
        }
    }

    /// The shape of a type given as text, such as `Vector<User>`; `None` where it is not known.
    pub(crate) fn shape_of(&self, type_text: &str) -> Option<Shape> {
        build::shape_in(self, &syntax::parse_type(type_text)?)
    }
}

/// The canonical text: constructors, then functions.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = Section::Types;
        for combinator in self.constructors().chain(self.functions()) {
            if combinator.section() != section {
                section = combinator.section();
                writeln!(f, "---{section}---")?;
            }
            writeln!(f, "{combinator};")?;
        }
        Ok(())
    }
}
