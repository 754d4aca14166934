//! Combinators and their fields, as a schema shows them.

use crate::layout::{MAX_WORDS, Shape};
use crate::name::Name;
use crate::syntax::{ParamKind, Section, parse_declaration};
use std::fmt;
use std::sync::OnceLock;

/// A constructor or function of a schema.
///
/// `Display` gives its canonical line, with the id and without the semicolon.
#[derive(Clone)]
pub struct Combinator {
    pub(super) name: Name,
    /// The name with the id, where the name alone is not unique.
    pub(super) full_name: Option<Name>,
    pub(super) id: u32,
    pub(super) section: Section,
    pub(super) result: Shape,
    /// How many fields are there always.
    pub(super) required: u16,
    /// The positions of the flags words among the fields; [`NO_FIELD`] where there are fewer.
    pub(super) flags: [u16; MAX_WORDS],
    /// The positions of fields that share their flag bit with another one.
    pub(super) shared_bits: Box<[u16]>,
    /// The declaration as written.
    pub(super) text: Name,
    /// Where the result type begins in it; it reaches to the end.
    pub(super) result_at: usize,
    /// Read from the text when they are first asked for: most are not.
    pub(super) fields: OnceLock<Box<[Field]>>,
}

/// The position of no field.
pub(super) const NO_FIELD: u16 = u16::MAX;

impl Combinator {
    /// The name, with its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that decoded objects bear: the plain name, or `name#id` where several combinators
    /// of the schema have that name.
    pub fn object_name(&self) -> &Name {
        self.full_name.as_ref().unwrap_or(&self.name)
    }

    /// The id: as written, or else the CRC32 of the text.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The type after `=`, as written: `Vector<User>`.
    pub fn result_type(&self) -> &str {
        self.text.get(self.result_at..).unwrap_or_default()
    }

    /// Constructor or function.
    pub fn section(&self) -> Section {
        self.section
    }

    /// Whether it is a function.
    pub fn is_function(&self) -> bool {
        self.section == Section::Functions
    }

    /// The fields in order, flags words included.
    pub fn fields(&self) -> &[Field] {
        self.fields.get_or_init(|| self.read_fields())
    }

    fn read_fields(&self) -> Box<[Field]> {
        // The text was read before, and every name in it is a part of it.
        let Ok(declaration) = parse_declaration(&self.text) else {
            return Box::default();
        };
        if declaration.builtin {
            return Box::new([Field {
                name: Name::from("_0"),
                type_text: self.name.clone(),
                condition: None,
                is_flags: false,
            }]);
        }
        let is_field = |kind: &ParamKind<'_>| !matches!(kind, ParamKind::Implicit(_));
        let params = declaration.params.iter();
        (0_u16..)
            .zip(params.filter(|param| is_field(&param.kind)))
            .map(|(position, param)| Field {
                name: match param.name {
                    Some(name) => self.text.part(name),
                    None => Name::from(format!("_{position}")),
                },
                type_text: self.text.part(param.text),
                condition: param.condition.and_then(|condition| {
                    let bit = u8::try_from(condition.bit?).ok()?;
                    Some((self.text.part(condition.word), bit))
                }),
                is_flags: self.flags.contains(&position),
            })
            .collect()
    }

    /// A field by its name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|field| field.name == *name)
    }

    pub(crate) fn field_name(&self, index: usize) -> Name {
        self.fields()
            .get(index)
            .map_or_else(|| Name::from(""), |field| field.name.clone())
    }

    pub(crate) fn result_shape(&self) -> Shape {
        self.result
    }

    pub(crate) fn shared_bits(&self) -> &[u16] {
        &self.shared_bits
    }

    pub(crate) fn required_fields(&self) -> usize {
        usize::from(self.required)
    }
}

impl fmt::Display for Combinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match parse_declaration(&self.text) {
            Ok(declaration) => {
                write!(
                    f,
                    "{}",
                    crate::syntax::Declaration {
                        id: Some(self.id),
                        ..declaration
                    }
                )
            }
            // The text was read before; it is shown as it is all the same.
            Err(_) => f.write_str(&self.text),
        }
    }
}

impl fmt::Debug for Combinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Combinator({self})")
    }
}

/// One field of a combinator.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) name: Name,
    pub(super) type_text: Name,
    pub(super) condition: Option<(Name, u8)>,
    pub(super) is_flags: bool,
}

impl Field {
    /// The name; nameless fields have their number, `_0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same name, to be kept without a copy of the text.
    pub fn name_handle(&self) -> &Name {
        &self.name
    }

    /// The type as written, condition included: `flags.3?Vector<int>`.
    pub fn type_text(&self) -> &str {
        &self.type_text
    }

    /// The type without its condition.
    pub fn value_type(&self) -> &str {
        match self.condition {
            Some(_) => self
                .type_text
                .split_once('?')
                .map_or("", |(_, value)| value),
            None => &self.type_text,
        }
    }

    /// The flags word and bit of a conditional field.
    pub fn condition(&self) -> Option<(&str, u8)> {
        self.condition
            .as_ref()
            .map(|(word, bit)| (word.as_str(), *bit))
    }

    /// Whether it is a `#` that conditions refer to, or one named `flags`, `flags2` and so on without
    /// any: no field of an object, because the encoder computes it.
    ///
    /// Any other `#`, such as the count of a repetition, is a number like an `int`.
    pub fn is_flags_word(&self) -> bool {
        self.is_flags
    }
}
