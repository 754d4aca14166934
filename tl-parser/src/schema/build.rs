//! From declarations to a schema: indices, resolution of names, field programs.

use super::combinator::{Combinator, NO_FIELD};
use super::{Head, NO_TYPE, Schema, TypeEntry};
use crate::layout::{ALWAYS, Count, Kind, MAX_WORDS, Op, Repeat, Shape, Words};
use crate::name::Name;
use crate::syntax::{
    CrcText, Declaration, ItemKind, Param, ParamKind, ProblemKind, Problems, Reader, Section,
    TypeExpr, check_id, is_boxed_name, parse_declaration,
};
use nom::Offset;
use std::sync::OnceLock;

/// For how many combinators there is room at first, whatever the length of the text.
const MOST_RESERVED: usize = 4096;

/// Collects declarations, from any number of texts.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    schema: Schema,
    problems: Problems,
    crc: CrcText,
    /// References to bare combinators, resolved at the end: `arg` of [`Kind::Bare`] until then.
    bare: Vec<BareRef>,
    /// Where a field first refers to each type.
    type_uses: Vec<Option<usize>>,
}

/// A reference to a constructor that may not have been read yet.
#[derive(Debug)]
struct BareRef {
    name: Name,
    /// `%T`: the only constructor of a type.
    of_type: bool,
    offset: usize,
}

impl Builder {
    /// Adds every declaration of a text.
    pub(crate) fn add_text(&mut self, text: &Name) {
        self.reserve(text.len());
        let mut reader = Reader::new(text);
        while let Some(item) = reader.next_item(&mut self.problems) {
            if let ItemKind::Declaration(declaration) = item.kind {
                check_id(text, &declaration, &mut self.crc, &mut self.problems);
                self.add(text, &declaration, None);
                reader.reuse(declaration.params);
            }
        }
    }

    /// Makes room for what a text of that many bytes usually holds.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        let count = (bytes / 128).min(MOST_RESERVED);
        let schema = &mut self.schema;
        schema.combinators.reserve(count);
        schema.heads.reserve(count);
        schema.ops.reserve(count.saturating_mul(4));
        schema.by_id.reserve(count);
        schema.by_name.reserve(count);
    }

    /// Adds a combinator of another schema.
    pub(crate) fn add_again(&mut self, combinator: &Combinator) {
        let text = &combinator.text;
        if let Ok(declaration) = parse_declaration(text) {
            let declaration = Declaration {
                section: combinator.section,
                ..declaration
            };
            self.add(text, &declaration, Some(combinator.id));
        }
    }

    /// Adds one declaration of a text; with `id` instead of the one written or computed.
    pub(crate) fn add(&mut self, text: &Name, declaration: &Declaration<'_>, id: Option<u32>) {
        let id = id
            .or(declaration.id)
            .unwrap_or_else(|| self.crc.id(declaration));
        let name = text.part(declaration.name);
        let offset = text.as_str().offset(declaration.text);
        if let Some(first) = self.schema.by_id(id) {
            // The same declaration again, as in a union of schemas, is no problem.
            if first.name() != declaration.name {
                let kind = ProblemKind::DuplicateId {
                    id,
                    first: first.name.to_string(),
                };
                self.problems.warning(offset, name.len(), kind);
            }
            return;
        }
        // Texts hold at most MAX_DECLARATIONS of at most MAX_STATEMENT bytes each.
        let (Ok(index), Ok(first_op)) = (
            u32::try_from(self.schema.combinators.len()),
            u32::try_from(self.schema.ops.len()),
        ) else {
            return;
        };
        let mut program = Program::new(self, text, declaration);
        program.compile(declaration);
        let (required, flags) = (program.required, program.flags);
        let shared_bits = program.shared_bits();
        let result = self.result(text, declaration);
        let constructs = match (declaration.section, result) {
            (
                Section::Types,
                Shape {
                    kind: Kind::Boxed,
                    vectors: 0,
                    arg,
                    ..
                },
            ) => arg,
            _ => NO_TYPE,
        };
        if let Some(entry) = self.schema.types.get_mut(constructs as usize) {
            entry.constructors.push(index);
        }
        let end_op = u32::try_from(self.schema.ops.len()).unwrap_or(first_op);
        self.schema.heads.push(Head {
            first_op,
            end_op,
            constructs,
        });
        let full_name = self.index_name(&name, id, index);
        self.schema.by_id.insert(id, index);
        let result_at = declaration.text.offset(declaration.result_text);
        self.schema.combinators.push(Combinator {
            name,
            full_name,
            id,
            section: declaration.section,
            result,
            required,
            flags,
            shared_bits,
            text: text.part(declaration.text),
            result_at,
            fields: OnceLock::new(),
        });
    }

    /// Enters a name, and tells apart the combinators that share it.
    fn index_name(&mut self, name: &Name, id: u32, index: u32) -> Option<Name> {
        let other = self.schema.by_name.insert(name.clone(), index)?;
        if let Some(other) = self.schema.combinators.get_mut(other as usize) {
            other.full_name = Some(Name::from(format!("{}#{:08x}", other.name, other.id)));
        }
        Some(Name::from(format!("{name}#{id:08x}")))
    }

    fn result(&mut self, text: &Name, declaration: &Declaration<'_>) -> Shape {
        if let TypeExpr::Apply { name, .. } = &declaration.result
            && !is_vector(name)
        {
            // A polymorphic type: its name is enough to know its constructors.
            return Shape::of(Kind::Boxed, self.type_index(text, name));
        }
        let variables: Vec<&str> = declaration
            .params
            .iter()
            .filter(|param| matches!(param.kind, ParamKind::Implicit(_)))
            .filter_map(|param| param.name)
            .collect();
        let offset = text.as_str().offset(declaration.text);
        let mut names = Names {
            builder: self,
            text,
            offset: None,
        };
        match shape(&declaration.result, &variables, &mut names) {
            Ok(shape) => shape,
            Err(kind) => {
                self.problems.warning(offset, declaration.name.len(), kind);
                Shape::of(Kind::Unsupported, 0)
            }
        }
    }

    /// The index of a boxed type; `name` is a part of `text`.
    fn type_index(&mut self, text: &Name, name: &str) -> u32 {
        if let Some(index) = self.schema.type_by_name.get(name) {
            return *index;
        }
        let name = text.part(name);
        let index = u32::try_from(self.schema.types.len()).unwrap_or(NO_TYPE);
        self.schema.types.push(TypeEntry {
            name: name.clone(),
            constructors: Vec::new(),
        });
        self.schema.type_by_name.insert(name, index);
        self.type_uses.push(None);
        index
    }

    /// Resolves what could not be resolved on the way.
    pub(crate) fn finish(mut self) -> (Schema, Problems) {
        let unsupported = Shape::of(Kind::Unsupported, 0);
        let resolved: Vec<Option<u32>> = self
            .bare
            .iter()
            .map(|bare| bare.resolve(&self.schema))
            .collect();
        for (bare, _) in self
            .bare
            .iter()
            .zip(&resolved)
            .filter(|(_, index)| index.is_none())
        {
            let name = bare.name.to_string();
            let kind = match bare.of_type {
                true => ProblemKind::NotBareable(name),
                false => ProblemKind::UnknownType(name),
            };
            self.problems.error(bare.offset, bare.name.len(), kind);
        }
        let schema = &mut self.schema;
        let shapes = (schema.ops.iter_mut().map(|op| &mut op.shape))
            .chain(schema.repeats.iter_mut().map(|repeat| &mut repeat.shape))
            .chain(
                schema
                    .combinators
                    .iter_mut()
                    .map(|combinator| &mut combinator.result),
            );
        for shape in shapes.filter(|shape| shape.kind == Kind::Bare) {
            match resolved.get(shape.arg as usize).copied().flatten() {
                Some(index) => shape.arg = index,
                None => *shape = unsupported,
            }
        }
        for (entry, used_at) in self.schema.types.iter().zip(&self.type_uses) {
            if let Some(offset) = used_at
                && entry.constructors.is_empty()
            {
                let kind = ProblemKind::UnknownType(entry.name.to_string());
                self.problems.warning(*offset, entry.name.len(), kind);
            }
        }
        (self.schema, self.problems)
    }
}

impl BareRef {
    fn resolve(&self, schema: &Schema) -> Option<u32> {
        match self.of_type {
            true => only_constructor(schema, &self.name),
            false => schema.index_of_name(&self.name),
        }
    }
}

/// The constructor of a type that has exactly one.
fn only_constructor(schema: &Schema, type_name: &str) -> Option<u32> {
    let entry = schema
        .types
        .get(*schema.type_by_name.get(type_name)? as usize)?;
    match entry.constructors.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The fields of one combinator on their way into the schema.
struct Program<'b, 'a> {
    builder: &'b mut Builder,
    text: &'b Name,
    required: u16,
    /// The positions of the flags words.
    flags: [u16; MAX_WORDS],
    variables: Vec<&'a str>,
    /// The `#` fields so far.
    words: Vec<Word<'a>>,
    first_op: usize,
    generic_vector: bool,
}

/// A `#` field and what it is for.
struct Word<'a> {
    /// A nameless one can be a count and nothing else.
    name: Option<&'a str>,
    position: u16,
    /// Whether conditions refer to it.
    is_flags: bool,
    /// Whether a repetition takes its count from it.
    is_count: bool,
}

const COUNT_AND_FLAGS: &str = "a `#` field that is both a count and a flags word";

/// `flags`, `flags2` and so on: a word that stands ready for conditions even where no field has one.
fn is_flags_name(name: &str) -> bool {
    name.strip_prefix("flags")
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

impl<'b, 'a> Program<'b, 'a> {
    fn new(builder: &'b mut Builder, text: &'b Name, declaration: &Declaration<'_>) -> Self {
        let first_op = builder.schema.ops.len();
        Self {
            builder,
            text,
            required: 0,
            flags: [NO_FIELD; MAX_WORDS],
            variables: Vec::new(),
            words: Vec::new(),
            first_op,
            // The generic vector is built into the codec; as an object it does not exist.
            generic_vector: declaration.name == "vector",
        }
    }

    fn compile(&mut self, declaration: &Declaration<'a>) {
        if declaration.builtin {
            let kind = Kind::of_builtin(declaration.name).unwrap_or(Kind::Unsupported);
            self.push(Shape::of(kind, 0), None);
        }
        for param in &declaration.params {
            if let ParamKind::Implicit(_) = param.kind {
                self.variables.extend(param.name);
                continue;
            }
            let checked = self.condition(param).and_then(|condition| {
                let shape = match self.generic_vector {
                    true => Shape::of(Kind::Unsupported, 0),
                    false => self.param(param)?,
                };
                Ok((shape, condition))
            });
            let (shape, condition) = checked.unwrap_or_else(|kind| {
                let offset = self.text.as_str().offset(param.text);
                self.builder
                    .problems
                    .error(offset, param.text.chars().count(), kind);
                (Shape::of(Kind::Unsupported, 0), None)
            });
            self.push(shape, condition);
        }
        for (slot, word) in std::mem::take(&mut self.words).into_iter().enumerate() {
            if word.name.is_some_and(is_flags_name) && !word.is_count {
                self.make_flags(slot, word.position, 0);
            }
        }
        let ops = self.builder.schema.ops.get_mut(self.first_op..);
        let mut skip = 0_u16;
        for op in ops.unwrap_or_default().iter_mut().rev() {
            skip = skip.saturating_add(1);
            op.skip = skip;
            if op.word == ALWAYS {
                skip = 0;
            }
        }
    }

    /// Makes the `#` field of a slot a flags word, with these bits besides those it has.
    fn make_flags(&mut self, slot: usize, position: u16, bits: u32) {
        let op = self.first_op.saturating_add(usize::from(position));
        if let Some(op) = self.builder.schema.ops.get_mut(op) {
            op.shape.kind = Kind::Flags;
            op.shape.arg |= bits;
        }
        if let Some(place) = self.flags.get_mut(slot) {
            *place = position;
        }
    }

    /// The position of the next field. A declaration has at most MAX_STATEMENT bytes and a field
    /// at least two, so that positions have 16 bits.
    fn position(&self) -> u16 {
        let count = self.builder.schema.ops.len().saturating_sub(self.first_op);
        u16::try_from(count).unwrap_or(NO_FIELD)
    }

    /// Adds a step, which is there always or if the bit of a word's slot is set.
    fn push(&mut self, shape: Shape, on: Option<(u8, u8)>) {
        let (word, bit) = on.unwrap_or((ALWAYS, 0));
        self.builder.schema.ops.push(Op {
            shape,
            word,
            bit,
            skip: 1,
        });
        self.required = self.required.saturating_add(u16::from(word == ALWAYS));
    }

    /// The positions of the fields that share their flag bit with another one.
    fn shared_bits(&self) -> Box<[u16]> {
        let ops = self.builder.schema.ops.get(self.first_op..);
        let ops = ops.unwrap_or_default();
        let (mut once, mut twice) = (Words::default(), Words::default());
        for op in ops.iter().filter(|op| op.word != ALWAYS) {
            if once.has(op) {
                twice.set_bit(op.word, op.bit);
            }
            once.set_bit(op.word, op.bit);
        }
        let is_shared = |op: &Op| op.word != ALWAYS && twice.has(op);
        (0_u16..)
            .zip(ops)
            .filter(|(_, op)| is_shared(op))
            .map(|(position, _)| position)
            .collect()
    }

    /// The slot and bit of a condition; the word it names becomes a flags word.
    fn condition(&mut self, param: &Param<'a>) -> Result<Option<(u8, u8)>, ProblemKind> {
        let Some(condition) = &param.condition else {
            return Ok(None);
        };
        let slot = self
            .words
            .iter()
            .rposition(|word| word.name == Some(condition.word))
            .ok_or_else(|| ProblemKind::UnknownFlagsWord(condition.word.to_owned()))?;
        let (Some(bit), Ok(slot_number)) = (condition.bit, u8::try_from(slot)) else {
            return Err(ProblemKind::Unsupported("a condition on a whole word"));
        };
        if let Some(word) = self.words.get_mut(slot) {
            if word.is_count {
                return Err(ProblemKind::Unsupported(COUNT_AND_FLAGS));
            }
            word.is_flags = true;
            let position = word.position;
            self.make_flags(slot, position, 1_u32.wrapping_shl(bit));
        }
        Ok(Some((slot_number, u8::try_from(bit).unwrap_or(0))))
    }

    fn param(&mut self, param: &Param<'a>) -> Result<Shape, ProblemKind> {
        match &param.kind {
            ParamKind::Plain(TypeExpr::Nat) if param.condition.is_some() => {
                Err(ProblemKind::Unsupported("a conditional `#` field"))
            }
            ParamKind::Plain(TypeExpr::Nat) => {
                let slot = self.words.len();
                if slot >= MAX_WORDS {
                    return Err(ProblemKind::Unsupported(
                        "a combinator with more than 4 `#` fields",
                    ));
                }
                self.words.push(Word {
                    name: param.name,
                    position: self.position(),
                    is_flags: false,
                    is_count: false,
                });
                let detail = u8::try_from(slot).unwrap_or(0);
                Ok(Shape {
                    detail,
                    ..Shape::of(Kind::Nat, 0)
                })
            }
            ParamKind::Plain(expr) => self.value(expr, param),
            ParamKind::Functional(_) | ParamKind::Implicit(_) => Ok(Shape::ANY),
            ParamKind::Repeat { count, params } => self.repeat(count.as_ref(), params),
        }
    }

    fn value(&mut self, expr: &TypeExpr<'a>, param: &Param<'a>) -> Result<Shape, ProblemKind> {
        let offset = Some(self.text.as_str().offset(param.text));
        let mut names = Names {
            builder: self.builder,
            text: self.text,
            offset,
        };
        shape(expr, &self.variables, &mut names)
    }

    /// `n*[ T ]` with one type inside.
    fn repeat(
        &mut self,
        count: Option<&TypeExpr<'a>>,
        params: &[Param<'a>],
    ) -> Result<Shape, ProblemKind> {
        let count = match count {
            Some(TypeExpr::Number(number)) => Count::Fixed(*number),
            Some(TypeExpr::Name(name)) => {
                self.count_in(self.words.iter().rposition(|word| word.name == Some(name)))?
            }
            None => self.count_in(self.words.len().checked_sub(1))?,
            Some(_) => return Err(ProblemKind::Unsupported("a computed count")),
        };
        let [
            Param {
                condition: None,
                kind,
                ..
            },
        ] = params
        else {
            return Err(ProblemKind::Unsupported("a repetition of several fields"));
        };
        let shape = match (kind, params.first()) {
            (ParamKind::Repeat { count, params }, _) => self.repeat(count.as_ref(), params)?,
            (ParamKind::Plain(TypeExpr::Nat), _) => Shape::of(Kind::Int, 0),
            (ParamKind::Plain(expr), Some(param)) => self.value(expr, param)?,
            _ => return Err(ProblemKind::Unsupported("a repetition of this")),
        };
        let index = u32::try_from(self.builder.schema.repeats.len()).unwrap_or(u32::MAX);
        self.builder.schema.repeats.push(Repeat { count, shape });
        Ok(Shape::of(Kind::Repeat, index))
    }

    /// The count that a `#` field holds.
    fn count_in(&mut self, slot: Option<usize>) -> Result<Count, ProblemKind> {
        let word = slot.and_then(|slot| self.words.get_mut(slot));
        let (Some(word), Some(Ok(slot))) = (word, slot.map(u8::try_from)) else {
            return Err(ProblemKind::Unsupported(
                "a repetition whose count is no field to its left",
            ));
        };
        if word.is_flags {
            return Err(ProblemKind::Unsupported(COUNT_AND_FLAGS));
        }
        word.is_count = true;
        Ok(Count::Word(slot))
    }
}

/// How names of types and constructors become indices.
trait Resolve {
    /// The index of a boxed type.
    fn boxed(&mut self, name: &str) -> Result<u32, ProblemKind>;
    /// The `arg` of a bare constructor, or of the bare form of a type.
    fn bare(&mut self, name: &str, of_type: bool) -> Result<u32, ProblemKind>;
}

/// While building: every name is accepted, and checked at the end.
struct Names<'b> {
    builder: &'b mut Builder,
    text: &'b Name,
    /// Where to report a type that stays unknown; not at all for results.
    offset: Option<usize>,
}

impl Resolve for Names<'_> {
    fn boxed(&mut self, name: &str) -> Result<u32, ProblemKind> {
        let index = self.builder.type_index(self.text, name);
        if let Some(used_at) = self.builder.type_uses.get_mut(index as usize) {
            *used_at = used_at.or(self.offset);
        }
        Ok(index)
    }

    fn bare(&mut self, name: &str, of_type: bool) -> Result<u32, ProblemKind> {
        let index = u32::try_from(self.builder.bare.len()).unwrap_or(u32::MAX);
        let offset = self.offset.unwrap_or(0);
        self.builder.bare.push(BareRef {
            name: self.text.part(name),
            of_type,
            offset,
        });
        Ok(index)
    }
}

/// In a finished schema.
struct Finished<'s>(&'s Schema);

impl Resolve for Finished<'_> {
    fn boxed(&mut self, name: &str) -> Result<u32, ProblemKind> {
        let index = self.0.type_by_name.get(name).copied();
        index.ok_or_else(|| ProblemKind::UnknownType(name.to_owned()))
    }

    fn bare(&mut self, name: &str, of_type: bool) -> Result<u32, ProblemKind> {
        let index = match of_type {
            true => only_constructor(self.0, name),
            false => self.0.index_of_name(name),
        };
        index.ok_or_else(|| ProblemKind::UnknownType(name.to_owned()))
    }
}

/// The shape of a type in a finished schema.
pub(super) fn shape_in(schema: &Schema, expr: &TypeExpr<'_>) -> Option<Shape> {
    // `X` is what the functions that wrap another one return.
    shape(expr, &["X"], &mut Finished(schema)).ok()
}

fn is_vector(name: &str) -> bool {
    name == "Vector" || name == "vector"
}

fn shape(
    expr: &TypeExpr<'_>,
    variables: &[&str],
    names: &mut impl Resolve,
) -> Result<Shape, ProblemKind> {
    match expr {
        TypeExpr::Nat => Ok(Shape::of(Kind::Int, 0)),
        TypeExpr::Name(name) if variables.contains(name) => Ok(Shape::ANY),
        TypeExpr::Name(name) => match Kind::of_builtin(name) {
            Some(kind) => Ok(Shape::of(kind, 0)),
            None if is_boxed_name(name) => Ok(Shape::of(Kind::Boxed, names.boxed(name)?)),
            None => Ok(Shape::of(Kind::Bare, names.bare(name, false)?)),
        },
        TypeExpr::Apply { name, args, .. } if is_vector(name) => {
            let [element] = args.as_slice() else {
                return Err(ProblemKind::Unsupported("a vector with several arguments"));
            };
            shape(element, variables, names)?
                .in_vector(*name == "vector")
                .ok_or(ProblemKind::Unsupported("more than eight nested vectors"))
        }
        TypeExpr::Bare(inner) => match &**inner {
            TypeExpr::Apply { name, args, .. } if is_vector(name) => match args.as_slice() {
                [element] => shape(element, variables, names)?
                    .in_vector(true)
                    .ok_or(ProblemKind::Unsupported("more than eight nested vectors")),
                _ => Err(ProblemKind::Unsupported("a vector with several arguments")),
            },
            TypeExpr::Name(name) if is_boxed_name(name) && !variables.contains(name) => {
                Ok(Shape::of(Kind::Bare, names.bare(name, true)?))
            }
            _ => Err(ProblemKind::Unsupported("the bare form of this type")),
        },
        TypeExpr::Apply { .. } => Err(ProblemKind::Unsupported("a polymorphic type")),
        TypeExpr::Number(_) | TypeExpr::Sum(..) => {
            Err(ProblemKind::Unsupported("a number in the place of a type"))
        }
    }
}
