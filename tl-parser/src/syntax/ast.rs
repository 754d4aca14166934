//! The declaration tree: what a schema text says, borrowed from the text.

/// A schema text as a sequence of items, comments and section marks included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document<'a> {
    /// The items in the order of the text.
    pub items: Vec<Item<'a>>,
}

impl<'a> Document<'a> {
    /// The declarations alone.
    pub fn declarations(&self) -> impl Iterator<Item = &Declaration<'a>> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Declaration(declaration) => Some(declaration),
            _ => None,
        })
    }

    /// The layer number of a comment `// LAYER n` or `// layer n`; of several, the last.
    pub fn layer(&self) -> Option<i32> {
        self.items.iter().rev().find_map(|item| match item.kind {
            ItemKind::Comment(text) => layer_of(text),
            _ => None,
        })
    }
}

/// The number in a comment such as `// LAYER 158`.
pub(super) fn layer_of(comment: &str) -> Option<i32> {
    let mut words = comment.trim_start_matches('/').split_ascii_whitespace();
    let word = words.next()?;
    let number = words.next()?;
    word.eq_ignore_ascii_case("layer")
        .then(|| number.parse().ok())?
}

/// One item of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// Whether an empty line stands before it.
    pub blank_before: bool,
    /// The item itself.
    pub kind: ItemKind<'a>,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind<'a> {
    /// `// …` to the end of the line or `/* … */`, with its marks.
    Comment(&'a str),
    /// `---types---` or `---functions---`.
    Section(Section),
    /// A combinator.
    Declaration(Declaration<'a>),
    /// `New T;`, `Final T;`, `Empty T;`: says whether the constructors of T are complete.
    Finalisation(Finalisation, TypeExpr<'a>),
    /// A partial application, such as `Vector int;`.
    Application(TypeExpr<'a>),
}

/// Which kind of combinator the declarations after a mark are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Section {
    /// `---types---`: constructors; also the beginning of a text without mark.
    #[default]
    Types,
    /// `---functions---`.
    Functions,
}

/// The three words of a finalisation line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finalisation {
    /// `New T;`: T had no constructor before.
    New,
    /// `Final T;`: T gets no further constructor.
    Final,
    /// `Empty T;`: T has no constructor at all.
    Empty,
}

/// A combinator: `name#id params = result;`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// The declaration as written, without the semicolon.
    pub text: &'a str,
    /// The name, namespace included; `_` for a nameless one.
    pub name: &'a str,
    /// The id as written, if any.
    pub id: Option<u32>,
    /// Constructor or function.
    pub section: Section,
    /// Whether the body is `?`: a built-in whose binary form the text does not say.
    pub builtin: bool,
    /// The parameters in order, implicit ones included.
    pub params: Vec<Param<'a>>,
    /// The type after `=`.
    pub result: TypeExpr<'a>,
    /// The same as written.
    pub result_text: &'a str,
}

/// One parameter of a combinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name; `None` where only a type is written, and for `_`.
    pub name: Option<&'a str>,
    /// The parameter without its name, as written.
    pub text: &'a str,
    /// `flags.3?`: present only when the bit is set.
    pub condition: Option<Condition<'a>>,
    /// What follows.
    pub kind: ParamKind<'a>,
}

/// The condition of a conditional field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition<'a> {
    /// The name of the flags word.
    pub word: &'a str,
    /// The bit, 0 to 31; `None` where the whole word is tested.
    pub bit: Option<u32>,
}

/// What a parameter holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamKind<'a> {
    /// `{X:Type}` or `{n:#}`: part of the type, never sent.
    Implicit(TypeExpr<'a>),
    /// `name:T`.
    Plain(TypeExpr<'a>),
    /// `name:!X`: a call of a function with result X.
    Functional(TypeExpr<'a>),
    /// `n*[ params ]`; without `n` the count is the nearest `#` to the left.
    Repeat {
        /// The multiplicity.
        count: Option<TypeExpr<'a>>,
        /// The parameters that are repeated together.
        params: Vec<Param<'a>>,
    },
}

/// A type expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeExpr<'a> {
    /// `#`: a 32-bit natural number.
    Nat,
    /// A number inside a type.
    Number(u32),
    /// A type, constructor or variable, without arguments.
    Name(&'a str),
    /// A type applied to arguments.
    Apply {
        /// The name of the type.
        name: &'a str,
        /// The arguments, at least one.
        args: Vec<Self>,
        /// Whether written `T<A,B>`; else `T A B`.
        angle: bool,
    },
    /// `%T`: the bare form of a type with one constructor.
    Bare(Box<Self>),
    /// `expr + n`.
    Sum(Box<Self>, u32),
}

impl<'a> TypeExpr<'a> {
    /// The name at the head of the expression.
    pub fn head(&self) -> Option<&'a str> {
        match self {
            Self::Name(name) | Self::Apply { name, .. } => Some(name),
            Self::Bare(inner) | Self::Sum(inner, _) => inner.head(),
            Self::Nat | Self::Number(_) => None,
        }
    }
}

/// Whether the last part of a name starts with a capital: a boxed type.
pub(crate) fn is_boxed_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let after_dot = bytes.iter().rposition(|byte| *byte == b'.');
    let first = after_dot.map_or(0, |at| at.saturating_add(1));
    bytes.get(first).is_some_and(u8::is_ascii_uppercase)
}
