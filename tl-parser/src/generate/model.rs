//! What is to be written: the closure of the names asked for, resolved.

use super::error::GenerateError;
use super::names;
use super::recipe::{Entry, Recipe};
use crate::layout::{ALWAYS, Kind, Shape};
use crate::schema::{Combinator, Schema};
use std::collections::btree_map::Entry::Vacant;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    /// `int`, `Bool`, `string` and so on.
    Scalar(Kind),
    /// An object with its id, of a type with one constructor: that constructor.
    Object(u32),
    /// An object with its id, of a type with several constructors.
    Enum(u32),
    /// An object without its id.
    Bare(u32),
    /// What was cut away.
    Cut,
    Vector {
        bare: bool,
        element: Box<Self>,
    },
}

impl Type {
    /// The type inside of all vectors.
    pub(super) fn innermost(&self) -> &Self {
        match self {
            Self::Vector { element, .. } => element.innermost(),
            other => other,
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// A flags word: computed, no field in Rust.
    Word,
    /// `flags.N?true`.
    Flag(Bit),
    Value(Type),
    /// `flags.N?T`.
    Optional(Bit, Type),
}

/// A bit of the flags word with this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bit {
    pub(super) word: String,
    pub(super) bit: u8,
}

#[derive(Debug)]
pub(super) struct Field {
    /// The name in Rust.
    pub(super) name: String,
    pub(super) tl_name: String,
    pub(super) doc: String,
    /// The type to use instead of the scalar one.
    pub(super) newtype: Option<String>,
    pub(super) holds: Holds,
}

impl Field {
    /// The type of the value, where it has one of its own.
    pub(super) fn value_type(&self) -> Option<&Type> {
        match &self.holds {
            Holds::Value(inner) | Holds::Optional(_, inner) => Some(inner),
            Holds::Word | Holds::Flag(_) => None,
        }
    }

    /// The bit on which the field depends.
    pub(super) fn bit(&self) -> Option<&Bit> {
        match &self.holds {
            Holds::Flag(bit) | Holds::Optional(bit, _) => Some(bit),
            Holds::Word | Holds::Value(_) => None,
        }
    }
}

/// A constructor or function.
#[derive(Debug)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) tl_name: String,
    pub(super) id: u32,
    pub(super) doc: String,
    pub(super) fields: Vec<Field>,
    /// What a function answers.
    pub(super) answer: Option<Type>,
    /// Whether it has neither fields nor was asked for by name: a variant says it all.
    pub(super) is_unit_variant: bool,
}

/// A type with several constructors.
#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: String,
    pub(super) tl_name: String,
    pub(super) constructors: Vec<u32>,
}

/// The whole closure, in the order in which it is written.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) structs: BTreeMap<u32, Struct>,
    pub(super) enums: BTreeMap<u32, Enum>,
    pub(super) order: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Struct(u32),
    Enum(u32),
}

impl Model {
    pub(super) fn of(schema: &Schema, recipe: &Recipe) -> Result<Self, GenerateError> {
        let mut builder = Builder {
            schema,
            cut: cut_types(schema, &recipe.cut)?,
            model: Self::default(),
            entries: BTreeMap::new(),
            queue: VecDeque::new(),
        };
        builder.collect(recipe)?;
        builder.name_all()?;
        Ok(builder.model)
    }

    /// The variants of an enum: name, constructor and its index.
    pub(super) fn variants(&self, of: &Enum) -> Vec<(String, &Struct, u32)> {
        let found = |index: &u32| Some((self.structs.get(index)?, *index));
        let inner: Vec<(&Struct, u32)> = of.constructors.iter().filter_map(found).collect();
        let plain = |(inner, _): &(&'_ Struct, u32)| inner.tl_name.clone();
        let plain: Vec<String> = inner.iter().map(plain).collect();
        let names: Vec<&str> = plain.iter().map(|name| before_id(name)).collect();
        let names = names::variant_names(&names);
        let all = names.into_iter().zip(inner);
        all.map(|(name, (inner, index))| (name, inner, index))
            .collect()
    }

    /// Whether a value of this type, held in place, can hold its owner.
    pub(super) fn is_recursive(&self, owner: u32, held: &Type) -> bool {
        self.direct(held)
            .iter()
            .any(|index| *index == owner || self.reaches(*index, owner))
    }

    /// The constructors whose objects stand in the very place of a value.
    fn direct(&self, held: &Type) -> Vec<u32> {
        match held {
            Type::Object(index) | Type::Bare(index) => vec![*index],
            Type::Enum(index) => {
                let found = self.enums.get(index);
                found.map_or_else(Vec::new, |found| found.constructors.clone())
            }
            Type::Scalar(_) | Type::Cut | Type::Vector { .. } => Vec::new(),
        }
    }

    /// Whether an object of `from` can hold one of `to` without a vector between.
    fn reaches(&self, from: u32, to: u32) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![from];
        while let Some(index) = next.pop() {
            if !seen.insert(index) {
                continue;
            }
            let fields = self
                .structs
                .get(&index)
                .map(|found| found.fields.as_slice());
            for inner in fields
                .unwrap_or_default()
                .iter()
                .filter_map(Field::value_type)
            {
                let direct = self.direct(inner);
                if direct.contains(&to) {
                    return true;
                }
                next.extend(direct);
            }
        }
        false
    }
}

/// The types that are not followed.
fn cut_types(schema: &Schema, names: &[String]) -> Result<BTreeSet<u32>, GenerateError> {
    let find = |name: &String| {
        // `Object` is no type of the schema: it is always cut.
        if name == "Object" {
            return Ok(None);
        }
        match schema.shape_of(name) {
            Some(Shape {
                kind: Kind::Boxed,
                vectors: 0,
                arg,
                ..
            }) => Ok(Some(arg)),
            _ => Err(GenerateError::UnknownName {
                name: name.clone(),
                near: names::near(name, schema.types()),
            }),
        }
    };
    names
        .iter()
        .filter_map(|name| find(name).transpose())
        .collect()
}

struct Builder<'s> {
    schema: &'s Schema,
    cut: BTreeSet<u32>,
    model: Model,
    /// What the recipe says of a combinator.
    entries: BTreeMap<u32, &'s Entry>,
    /// Combinators whose fields are still to be followed.
    queue: VecDeque<u32>,
}

impl<'s> Builder<'s> {
    fn collect(&mut self, recipe: &'s Recipe) -> Result<(), GenerateError> {
        if recipe.only.is_empty() {
            return Err(GenerateError::NothingNamed);
        }
        for entry in &recipe.only {
            self.root(entry)?;
        }
        // What was named stands in that order; what it needs, in the order of the schema.
        let named = self.model.order.len();
        while let Some(index) = self.queue.pop_front() {
            self.fields(index)?;
        }
        if let Some(needed) = self.model.order.get_mut(named..) {
            needed.sort_by_key(|item| match item {
                Item::Struct(index) => (*index, 1),
                Item::Enum(index) => {
                    let entry = self.schema.types.get(*index as usize);
                    let first = entry.and_then(|entry| entry.constructors.first());
                    (first.copied().unwrap_or(0), 0)
                }
            });
        }
        Ok(())
    }

    fn root(&mut self, entry: &'s Entry) -> Result<(), GenerateError> {
        if let Some(index) = self.schema.index_of_name(&entry.name) {
            self.entries.insert(index, entry);
            return self.combinator(index);
        }
        match self.schema.shape_of(&entry.name) {
            Some(shape) if shape.kind == Kind::Boxed && shape.vectors == 0 => {
                self.boxed(shape.arg).map(|_| ())
            }
            _ => {
                let combinators = self.schema.combinators().map(Combinator::name);
                Err(GenerateError::UnknownName {
                    name: entry.name.clone(),
                    near: names::near(&entry.name, combinators.chain(self.schema.types())),
                })
            }
        }
    }

    fn combinator(&mut self, index: u32) -> Result<(), GenerateError> {
        let Some(combinator) = self.schema.combinator(index) else {
            return Ok(());
        };
        if self.model.structs.contains_key(&index) {
            return Ok(());
        }
        let found = Struct {
            name: names::type_name(combinator.name()),
            tl_name: combinator.object_name().as_str().to_owned(),
            id: combinator.id(),
            doc: format!("`{combinator}`"),
            fields: Vec::new(),
            answer: None,
            is_unit_variant: false,
        };
        self.model.structs.insert(index, found);
        self.model.order.push(Item::Struct(index));
        self.queue.push_back(index);
        Ok(())
    }

    /// The type of an object with its id, which joins the closure.
    fn boxed(&mut self, index: u32) -> Result<Type, GenerateError> {
        if self.cut.contains(&index) {
            return Ok(Type::Cut);
        }
        let constructors = match self.schema.types.get(index as usize) {
            Some(entry) => entry.constructors.as_slice(),
            None => &[],
        };
        if let [only] = constructors {
            self.combinator(*only)?;
            return Ok(Type::Object(*only));
        }
        let name = self.schema.type_name(index);
        if constructors.is_empty() {
            return Err(GenerateError::Field {
                combinator: name.to_owned(),
                field: "=".to_owned(),
                why: "the schema has no constructor of this type; cut it",
            });
        }
        if let Vacant(place) = self.model.enums.entry(index) {
            let found = Enum {
                name: names::type_name(name),
                tl_name: name.to_owned(),
                constructors: constructors.to_vec(),
            };
            place.insert(found);
            self.model.order.push(Item::Enum(index));
            for constructor in constructors {
                self.combinator(*constructor)?;
            }
        }
        Ok(Type::Enum(index))
    }

    fn fields(&mut self, index: u32) -> Result<(), GenerateError> {
        let Some(combinator) = self.schema.combinator(index) else {
            return Ok(());
        };
        let entry = self.entries.get(&index).copied();
        if let Some(entry) = entry {
            check_notes(combinator, entry)?;
        }
        let mut fields = Vec::new();
        for (op, field) in self.schema.program(index).iter().zip(combinator.fields()) {
            let wrong = |why| GenerateError::Field {
                combinator: combinator.name().to_owned(),
                field: field.name().to_owned(),
                why,
            };
            let bit = field.condition().filter(|_| op.word != ALWAYS);
            let bit = bit.map(|(word, bit)| Bit {
                word: word.to_owned(),
                bit,
            });
            let holds = match (op.shape.kind, bit) {
                (Kind::Flags, _) => Holds::Word,
                (Kind::True, Some(bit)) if op.shape.vectors == 0 => Holds::Flag(bit),
                (_, bit) => {
                    let inner = self.resolve(op.shape).map_err(|trouble| match trouble {
                        Trouble::Why(why) => wrong(why),
                        Trouble::Error(error) => error,
                    })?;
                    match bit {
                        Some(bit) => Holds::Optional(bit, inner),
                        None => Holds::Value(inner),
                    }
                }
            };
            let note = entry.and_then(|entry| entry.note(field.name()));
            let newtype = note.and_then(|note| note.newtype.clone());
            let scalar = match &holds {
                Holds::Value(inner) | Holds::Optional(_, inner) => {
                    matches!(inner.innermost(), Type::Scalar(_))
                }
                Holds::Word | Holds::Flag(_) => false,
            };
            if newtype.is_some() && !scalar {
                return Err(wrong("only a plain value can have a type of its own"));
            }
            let doc = note.map(|note| note.doc.clone());
            let name = names::field_name(field.name());
            if fields.iter().any(|other: &Field| other.name == name) {
                return Err(GenerateError::Clash {
                    name: format!("{}.{name}", names::type_name(combinator.name())),
                });
            }
            fields.push(Field {
                name,
                tl_name: field.name().to_owned(),
                doc: doc.unwrap_or_else(|| format!("`{}`.", field.type_text())),
                newtype,
                holds,
            });
        }
        let answer = match combinator.is_function() {
            true => self.resolve(combinator.result_shape()).ok(),
            false => None,
        };
        if let Some(found) = self.model.structs.get_mut(&index) {
            if let Some(entry) = entry.filter(|entry| !entry.doc.is_empty()) {
                found.doc = format!("{}\n\n{}", entry.doc, found.doc);
            }
            found.is_unit_variant = fields.is_empty() && entry.is_none();
            found.fields = fields;
            found.answer = answer;
        }
        Ok(())
    }

    fn resolve(&mut self, shape: Shape) -> Result<Type, Trouble> {
        if shape.vectors > 0 {
            let (element, bare) = shape.element();
            return Ok(Type::Vector {
                bare,
                element: Box::new(self.resolve(element)?),
            });
        }
        Ok(match shape.kind {
            Kind::Boxed => self.boxed(shape.arg)?,
            Kind::Bare => {
                self.combinator(shape.arg)?;
                Type::Bare(shape.arg)
            }
            Kind::Any => Type::Cut,
            Kind::True => return Err(Trouble::Why("`true` without a condition has no Rust form")),
            Kind::Repeat | Kind::Unsupported => {
                return Err(Trouble::Why("a repetition has no Rust form"));
            }
            kind => Type::Scalar(kind),
        })
    }

    /// Settles the names in Rust: each is given once.
    fn name_all(&mut self) -> Result<(), GenerateError> {
        let mut given: BTreeSet<String> = BTreeSet::new();
        let units: BTreeSet<u32> = {
            // A unit variant needs an enum around it: a type with one constructor has none.
            let inside = self.model.enums.values().flat_map(|e| &e.constructors);
            let inside: BTreeSet<u32> = inside.copied().collect();
            let units = self.model.structs.iter().filter(|(_, s)| s.is_unit_variant);
            units
                .map(|(index, _)| *index)
                .filter(|index| inside.contains(index))
                .collect()
        };
        for (index, found) in &mut self.model.structs {
            found.is_unit_variant = units.contains(index);
            if !found.is_unit_variant && !given.insert(found.name.clone()) {
                // The API has a few functions that are called as their answer is.
                found.name.push_str(if found.answer.is_some() {
                    "Call"
                } else {
                    "Other"
                });
                if !given.insert(found.name.clone()) {
                    return Err(GenerateError::Clash {
                        name: found.name.clone(),
                    });
                }
            }
        }
        for found in self.model.enums.values_mut() {
            if !given.insert(found.name.clone()) {
                found.name.insert_str(0, "Any");
                if !given.insert(found.name.clone()) {
                    return Err(GenerateError::Clash {
                        name: found.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// The name without the id that makes it exact.
fn before_id(name: &str) -> &str {
    name.split('#').next().unwrap_or(name)
}

/// Why a shape has no Rust form: of this field, or of one further inside.
enum Trouble {
    Why(&'static str),
    Error(GenerateError),
}

impl From<GenerateError> for Trouble {
    fn from(error: GenerateError) -> Self {
        Self::Error(error)
    }
}

fn check_notes(combinator: &Combinator, entry: &Entry) -> Result<(), GenerateError> {
    for note in &entry.fields {
        if combinator.field(&note.name).is_none() {
            let fields = combinator.fields().iter().map(|field| field.name());
            let near = names::near(&note.name, fields);
            return Err(GenerateError::Recipe {
                line: note.line,
                why: match near.as_slice() {
                    [] => format!("{} has no field {:?}", entry.name, note.name),
                    near => format!(
                        "{} has no field {:?}; did you mean {}?",
                        entry.name,
                        note.name,
                        near.join(" or ")
                    ),
                },
            });
        }
    }
    Ok(())
}
