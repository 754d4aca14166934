//! Types that read and write themselves, on `mtproto_core::tl`.

use super::error::GenerateError;
use super::model::{Bit, Enum, Field, Holds, Item, Model, Struct, Type};
use super::names;
use super::recipe::Recipe;
use super::text::Out;
use crate::layout::Kind;
use std::collections::BTreeMap;

pub(super) fn write(out: &mut Out, recipe: &Recipe, model: &Model) -> Result<(), GenerateError> {
    let writer = Writer::new(model)?;
    let runtime = recipe.runtime.as_deref().unwrap_or("mtproto_core");
    let mut body = Out::default();
    for item in &model.order {
        match item {
            Item::Struct(index) => {
                if let Some(found) = model.structs.get(index).filter(|s| !s.is_unit_variant) {
                    writer.structure(&mut body, *index, found);
                }
            }
            Item::Enum(index) => {
                if let Some(found) = model.enums.get(index) {
                    writer.enumeration(&mut body, found);
                }
            }
        }
    }
    let body = body.into_text();
    writer.imports(out, runtime, recipe, &body);
    out.append(&body);
    Ok(())
}

/// What the constructors of the closure are like, found before anything is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Traits {
    /// It borrows from what it was read from.
    borrows: bool,
    /// It owns a `Vec` or a `Box`.
    owns: bool,
    /// It holds a `double`, which is not `Eq`.
    has_double: bool,
    /// It ends with something of unknown length.
    is_open: bool,
    /// The number of its bytes without its id, where that is always the same.
    size: Option<usize>,
}

impl Traits {
    /// Those of something that holds both; the size is that of neither.
    fn with(self, other: Self) -> Self {
        Self {
            borrows: self.borrows || other.borrows,
            owns: self.owns || other.owns,
            has_double: self.has_double || other.has_double,
            is_open: self.is_open || other.is_open,
            size: None,
        }
    }
}

struct Writer<'m> {
    model: &'m Model,
    traits: BTreeMap<u32, Traits>,
    /// The constructors that are elements of fixed size, with whether their vectors are bare.
    elements: BTreeMap<u32, bool>,
}

impl<'m> Writer<'m> {
    fn new(model: &'m Model) -> Result<Self, GenerateError> {
        let mut writer = Self {
            model,
            traits: BTreeMap::new(),
            elements: BTreeMap::new(),
        };
        // What holds itself is known when another round changes nothing.
        loop {
            let all = model.structs.iter();
            let traits = all.map(|(index, found)| (*index, writer.examine(*index, found)));
            let traits: BTreeMap<u32, Traits> = traits.collect();
            if traits == writer.traits {
                break;
            }
            writer.traits = traits;
        }
        for (index, found) in &model.structs {
            writer.check(*index, found)?;
        }
        Ok(writer)
    }

    fn structure_of(&self, index: u32) -> Option<&'m Struct> {
        self.model.structs.get(&index)
    }

    fn examine(&self, index: u32, found: &Struct) -> Traits {
        let mut traits = Traits {
            size: Some(0),
            ..Traits::default()
        };
        for (number, field) in found.fields.iter().enumerate() {
            let inner = match &field.holds {
                Holds::Flag(_) => continue,
                Holds::Value(inner) | Holds::Optional(_, inner) if !is_left_out(found, number) => {
                    inner
                }
                _ => {
                    traits.size = None;
                    continue;
                }
            };
            let of = self.examine_type(inner);
            traits = Traits {
                size: match (traits.size, of.size, field.bit()) {
                    (Some(sum), Some(size), None) => Some(sum.saturating_add(size)),
                    _ => None,
                },
                ..traits.with(of)
            };
            traits.owns |= self.model.is_recursive(index, inner);
        }
        traits
    }

    fn examine_type(&self, inner: &Type) -> Traits {
        match inner {
            Type::Scalar(kind) => Traits {
                borrows: matches!(kind, Kind::String | Kind::Bytes),
                has_double: *kind == Kind::Double,
                size: kind.fixed_size(),
                ..Traits::default()
            },
            Type::Cut => Traits {
                borrows: true,
                is_open: true,
                ..Traits::default()
            },
            Type::Object(index) => {
                let of = self.traits(*index);
                Traits {
                    size: of.size.map(|size| size.saturating_add(4)),
                    ..of
                }
            }
            Type::Bare(index) => self.traits(*index),
            Type::Enum(index) => {
                let found = self.model.enums.get(index);
                found.map_or_else(Traits::default, |found| self.traits_of_enum(found))
            }
            Type::Vector { element, .. } => {
                let of = self.examine_type(element);
                let packed = is_packed(element, of);
                Traits {
                    borrows: of.borrows || packed,
                    owns: !packed,
                    size: None,
                    ..of
                }
            }
        }
    }

    /// Whether a constructor can be read at all.
    fn check(&mut self, index: u32, found: &Struct) -> Result<(), GenerateError> {
        let last = found.fields.len().saturating_sub(1);
        for (number, field) in found.fields.iter().enumerate() {
            let Some(inner) = field.value_type().filter(|_| !is_left_out(found, number)) else {
                continue;
            };
            let wrong = |why| GenerateError::Field {
                combinator: found.tl_name.clone(),
                field: field.tl_name.clone(),
                why,
            };
            let is_vector = matches!(inner, Type::Vector { .. });
            if self.examine_type(inner).is_open && (number != last || is_vector) {
                return Err(wrong(
                    "its end is not known without a schema, and something follows: \
                     do not cut it, or take the form of values",
                ));
            }
            if self.model.is_recursive(index, inner) && !matches!(inner, Type::Enum(_)) {
                return Err(wrong(
                    "it holds itself: cut its type, or take the form of values",
                ));
            }
            if let Type::Vector { bare, element } = inner
                && let Type::Bare(element) = **element
                && is_packed(&Type::Bare(element), self.traits(element))
                && self
                    .elements
                    .insert(element, *bare)
                    .is_some_and(|before| before != *bare)
            {
                return Err(wrong("its elements stand in bare and in boxed vectors"));
            }
        }
        Ok(())
    }

    fn traits(&self, index: u32) -> Traits {
        self.traits.get(&index).copied().unwrap_or_default()
    }

    fn traits_of_enum(&self, found: &Enum) -> Traits {
        let all = found.constructors.iter().map(|index| self.traits(*index));
        all.fold(Traits::default(), Traits::with)
    }

    fn imports(&self, out: &mut Out, runtime: &str, recipe: &Recipe, body: &str) {
        let uses = |word: &str| {
            body.match_indices(word).any(|(at, _)| {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let before = body.get(..at).and_then(|text| text.chars().next_back());
                let after = body.get(at.saturating_add(word.len())..);
                let after = after.and_then(|text| text.chars().next());
                !before.is_some_and(is_part) && !after.is_some_and(is_part)
            })
        };
        let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
        import(&mut paths, &format!("{runtime}::ids"), "ConstructorId");
        for name in [
            "Combinator",
            "Element",
            "Field",
            "ReadError",
            "ReadErrorKind",
            "Reader",
            "Vector",
            "Writer",
        ] {
            if uses(name) {
                import(&mut paths, &format!("{runtime}::tl"), name);
            }
        }
        for (path, name) in [("alloc::boxed", "Box"), ("alloc::vec", "Vec")] {
            if uses(name) {
                import(&mut paths, path, name);
            }
        }
        if paths.keys().any(|path| path.starts_with("alloc")) {
            out.line(0, "extern crate alloc;");
            out.blank();
        }
        for (name, path) in &recipe.types {
            if let Some((path, _)) = path.rsplit_once("::").filter(|_| uses(name)) {
                import(&mut paths, path, name);
            }
        }
        for (path, names) in &paths {
            out.import(path, names);
        }
    }

    fn derives(traits: Traits) -> String {
        let copy = if traits.owns { "" } else { ", Copy" };
        let eq = if traits.has_double { "" } else { ", Eq" };
        format!("#[derive(Clone{copy}, Debug, PartialEq{eq})]")
    }

    fn structure(&self, out: &mut Out, index: u32, found: &Struct) {
        let traits = self.traits(index);
        let fields: Vec<&Field> = found
            .fields
            .iter()
            .enumerate()
            .filter(|(number, field)| field.holds != Holds::Word && !is_left_out(found, *number))
            .map(|(_, field)| field)
            .collect();
        out.blank();
        let left_out: Vec<&str> = (0..)
            .zip(&found.fields)
            .filter(|(number, _)| is_left_out(found, *number))
            .map(|(_, field)| field.tl_name.as_str())
            .collect();
        if left_out.is_empty() {
            out.doc(0, &found.doc);
        } else {
            let note = format!(
                "Left out, and refused when read: `{}`.",
                left_out.join("`, `")
            );
            out.doc(0, &format!("{}\n\n{note}", found.doc));
        }
        out.line(0, &Self::derives(traits));
        let name = &found.name;
        let lifetime = if traits.borrows { "<'a>" } else { "" };
        if fields.is_empty() {
            out.line(0, &format!("pub struct {name};"));
        } else {
            out.line(0, &format!("pub struct {name}{lifetime} {{"));
            for field in &fields {
                out.doc(1, &field.doc);
                let text = |inner: &Type| {
                    let text = self.type_text(inner, field.newtype.as_deref());
                    match self.model.is_recursive(index, inner) {
                        true => format!("Box<{text}>"),
                        false => text,
                    }
                };
                let text = match &field.holds {
                    Holds::Flag(_) | Holds::Word => "bool".to_owned(),
                    Holds::Value(inner) => text(inner),
                    Holds::Optional(_, inner) => format!("Option<{}>", text(inner)),
                };
                out.line(1, &format!("pub {}: {text},", field.name));
            }
            out.line(0, "}");
        }

        out.blank();
        out.head("impl<'a> Combinator<'a>", &format!("{name}{lifetime}"));
        out.line(
            1,
            &format!("const ID: ConstructorId = {};", constructor_id(found.id)),
        );
        out.blank();
        self.read(out, found, &fields);
        out.blank();
        self.write(out, found, &fields);
        out.line(0, "}");

        if let Some(bare) = self.elements.get(&index) {
            let size = traits.size.unwrap_or(0);
            out.blank();
            out.line(0, &format!("impl Element for {name} {{"));
            out.line(1, &format!("const SIZE: usize = {size};"));
            out.line(1, &format!("const BOXED: bool = {};", !bare));
            out.blank();
            out.line(
                1,
                "fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {",
            );
            out.line(2, "Combinator::read_bare(reader)");
            out.line(1, "}");
            out.blank();
            out.line(1, "fn write(&self, writer: &mut Writer<'_>) {");
            out.line(2, "Combinator::write_bare(self, writer);");
            out.line(1, "}");
            out.line(0, "}");
        }
    }

    fn read(&self, out: &mut Out, found: &Struct, fields: &[&Field]) {
        let unused = if found.fields.is_empty() { "_" } else { "" };
        out.line(
            1,
            &format!("fn read_bare({unused}reader: &mut Reader<'a>) -> Result<Self, ReadError> {{"),
        );
        let has_words = found.fields.iter().any(|field| field.holds == Holds::Word);
        if !has_words {
            if fields.is_empty() {
                out.line(2, "Ok(Self)");
            } else {
                out.line(2, "Ok(Self {");
                for field in fields {
                    if let Some(inner) = field.value_type() {
                        out.line(3, &format!("{}: {}?,", field.name, self.read_call(inner)));
                    }
                }
                out.line(2, "})");
            }
            out.line(1, "}");
            return;
        }
        for field in &found.fields {
            let name = &field.name;
            let (name, value) = match &field.holds {
                Holds::Word => {
                    let known = self.known_bits(found, &field.tl_name);
                    let used = if known == 0 { "_" } else { "" };
                    (
                        format!("{used}{name}"),
                        format!("reader.flags({known:#x})?"),
                    )
                }
                _ if !fields.iter().any(|other| other.name == *name) => continue,
                Holds::Flag(bit) => (name.clone(), format!("{} != 0", mask(bit))),
                Holds::Value(inner) => (name.clone(), format!("{}?", self.read_call(inner))),
                Holds::Optional(bit, inner) => {
                    let read = self.read_function(inner);
                    (name.clone(), format!("reader.when({}, {read})?", mask(bit)))
                }
            };
            out.variable(2, &name, &value);
        }
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        out.literal(2, &names);
        out.line(1, "}");
    }

    fn write(&self, out: &mut Out, found: &Struct, fields: &[&Field]) {
        let unused = if found.fields.is_empty() { "_" } else { "" };
        let head = format!("fn write_bare(&self, {unused}writer: &mut Writer<'_>) {{");
        if fields.is_empty() && unused == "_" {
            return out.line(1, &format!("{head}}}"));
        }
        out.line(1, &head);
        for field in &found.fields {
            let name = &field.name;
            match &field.holds {
                Holds::Word => self.write_word(out, field, fields),
                Holds::Flag(_) => {}
                _ if !fields.iter().any(|other| other.name == *name) => {}
                Holds::Value(inner) => {
                    let text = self.write_call(inner, &format!("self.{name}"), "&");
                    out.line(2, &format!("{text};"));
                }
                Holds::Optional(bit, inner) => {
                    let inner = self.write_call(inner, "inner", "");
                    match fields_on(fields, bit).len() {
                        1 => out.line(2, &format!("if let Some(inner) = &self.{name} {{")),
                        _ => out.line(
                            2,
                            &format!(
                                "if let (Some(inner), true) = (&self.{name}, {} != 0) {{",
                                mask(bit)
                            ),
                        ),
                    }
                    out.line(3, &format!("{inner};"));
                    out.line(2, "}");
                }
            }
        }
        out.line(1, "}");
    }

    /// A flags word out of the fields that depend on it.
    fn write_word(&self, out: &mut Out, word: &Field, fields: &[&Field]) {
        let name = &word.name;
        let mut bits: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        for field in fields {
            if let Some(bit) = field.bit().filter(|bit| bit.word == word.tl_name) {
                let present = match field.holds {
                    Holds::Flag(_) => format!("self.{}", field.name),
                    _ => format!("self.{}.is_some()", field.name),
                };
                bits.entry(bit.bit).or_default().push(present);
            }
        }
        if bits.is_empty() {
            return out.line(2, "writer.flags(0);");
        }
        out.line(2, &format!("let mut {name} = 0;"));
        for (bit, present) in &bits {
            let set = |present: &str| match bit {
                0 => format!("{name} |= u32::from({present});"),
                bit => format!("{name} |= u32::from({present}) << {bit};"),
            };
            match present.as_slice() {
                [only] => out.line(2, &set(only)),
                several => {
                    // Fields of one bit are there together or not at all.
                    for (number, present) in several.iter().enumerate() {
                        let start = if number == 0 {
                            "let mut together ="
                        } else {
                            "together &="
                        };
                        out.line(2, &format!("{start} {present};"));
                    }
                    out.line(2, &set("together"));
                }
            }
        }
        out.line(2, &format!("writer.flags({name});"));
    }

    /// The bits of a word that mean something here.
    fn known_bits(&self, found: &Struct, word: &str) -> u32 {
        let mut known = 0;
        for (number, field) in found.fields.iter().enumerate() {
            if let Some(bit) = field.bit().filter(|bit| bit.word == word)
                && !is_left_out(found, number)
            {
                known |= 1_u32.checked_shl(u32::from(bit.bit)).unwrap_or(0);
            }
        }
        known
    }

    fn enumeration(&self, out: &mut Out, found: &Enum) {
        let traits = self.traits_of_enum(found);
        let lifetime = if traits.borrows { "<'a>" } else { "" };
        let variants = self.model.variants(found);
        out.blank();
        out.doc(0, &format!("Type `{}`.", found.tl_name));
        out.line(0, &Self::derives(traits));
        out.line(0, &format!("pub enum {}{lifetime} {{", found.name));
        for (variant, inner, index) in &variants {
            if inner.is_unit_variant {
                out.doc(1, &inner.doc);
                out.line(1, &format!("{variant},"));
            } else {
                out.doc(1, &format!("`{}`.", inner.tl_name));
                let lifetime = if self.traits(*index).borrows {
                    "<'a>"
                } else {
                    ""
                };
                out.variant(variant, &format!("{}{lifetime}", inner.name));
            }
        }
        out.line(0, "}");
        out.blank();
        out.head("impl<'a> Field<'a>", &format!("{}{lifetime}", found.name));
        out.line(
            1,
            "fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {",
        );
        out.line(2, "let offset = reader.offset();");
        out.line(2, "match reader.constructor()? {");
        for (variant, inner, _) in &variants {
            let body = match inner.is_unit_variant {
                true => format!("Ok(Self::{variant})"),
                false => format!("Combinator::read_bare(reader).map(Self::{variant})"),
            };
            out.arm(3, &constructor_id(inner.id), &body);
        }
        out.line(3, "other => {");
        out.line(4, "let kind = ReadErrorKind::UnexpectedConstructor(other);");
        out.line(4, "Err(ReadError { offset, kind })");
        out.line(3, "}");
        out.line(2, "}");
        out.line(1, "}");
        out.blank();
        out.line(1, "fn write(&self, writer: &mut Writer<'_>) {");
        out.line(2, "match self {");
        for (variant, inner, _) in &variants {
            if inner.is_unit_variant {
                out.line(3, &format!("Self::{variant} => {{"));
                out.line(
                    4,
                    &format!("writer.constructor({});", constructor_id(inner.id)),
                );
                out.line(3, "}");
            } else {
                out.arm(
                    3,
                    &format!("Self::{variant}(inner)"),
                    "Combinator::write(inner, writer)",
                );
            }
        }
        out.line(2, "}");
        out.line(1, "}");
        out.line(0, "}");
    }

    fn type_text(&self, of: &Type, newtype: Option<&str>) -> String {
        match of {
            Type::Scalar(kind) => newtype.unwrap_or_else(|| scalar(*kind)).to_owned(),
            Type::Object(index) | Type::Bare(index) => {
                let name = self.structure_of(*index).map_or("", |found| &found.name);
                let lifetime = if self.traits(*index).borrows {
                    "<'a>"
                } else {
                    ""
                };
                format!("{name}{lifetime}")
            }
            Type::Enum(index) => match self.model.enums.get(index) {
                Some(found) if self.traits_of_enum(found).borrows => format!("{}<'a>", found.name),
                Some(found) => found.name.clone(),
                None => String::new(),
            },
            Type::Cut => "&'a [u8]".to_owned(),
            Type::Vector { element, .. } => {
                let text = self.type_text(element, newtype);
                match self.packed(element) {
                    true => format!("Vector<'a, {text}>"),
                    false => format!("Vec<{text}>"),
                }
            }
        }
    }

    fn packed(&self, element: &Type) -> bool {
        is_packed(element, self.examine_type(element))
    }

    /// The expression that reads a value.
    fn read_call(&self, of: &Type) -> String {
        match of {
            Type::Vector { bare, element } if !self.packed(element) => {
                format!("reader.{}({})", objects(*bare), self.read_function(element))
            }
            Type::Cut => "reader.rest_object()".to_owned(),
            other => format!("{}(reader)", self.read_function(other)),
        }
    }

    /// The function that reads a value.
    fn read_function(&self, of: &Type) -> String {
        match of {
            Type::Scalar(_) | Type::Enum(_) => "Field::read".to_owned(),
            Type::Object(_) => "Combinator::read".to_owned(),
            Type::Bare(_) => "Combinator::read_bare".to_owned(),
            Type::Cut => "Reader::rest_object".to_owned(),
            Type::Vector { element, .. } if self.packed(element) => "Field::read".to_owned(),
            Type::Vector { .. } => format!("|reader| {}", self.read_call(of)),
        }
    }

    /// The expression that writes the value in a place; `reference` makes a reference of the place.
    fn write_call(&self, of: &Type, place: &str, reference: &str) -> String {
        match of {
            Type::Vector { bare, element } if !self.packed(element) => {
                let function = self.write_function(element);
                format!("writer.{}({reference}{place}, {function})", objects(*bare))
            }
            Type::Cut => format!("writer.raw({place})"),
            other => format!("{}({reference}{place}, writer)", self.write_function(other)),
        }
    }

    fn write_function(&self, of: &Type) -> String {
        match of {
            Type::Object(_) => "Combinator::write".to_owned(),
            Type::Bare(_) => "Combinator::write_bare".to_owned(),
            Type::Vector { element, .. } if !self.packed(element) => {
                format!("|inner, writer| {}", self.write_call(of, "inner", ""))
            }
            _ => "Field::write".to_owned(),
        }
    }
}

fn import(paths: &mut BTreeMap<String, Vec<String>>, path: &str, name: &str) {
    paths
        .entry(path.to_owned())
        .or_default()
        .push(name.to_owned());
}

/// Whether a vector of these stays on the wire: elements of one size that are no objects with ids.
fn is_packed(element: &Type, of: Traits) -> bool {
    match element {
        Type::Scalar(kind) => matches!(kind, Kind::Int | Kind::Nat | Kind::Long | Kind::Double),
        Type::Bare(_) => of.size.is_some_and(|size| size > 0),
        _ => false,
    }
}

/// Whether a conditional field is of a cut type and cannot be the last, so that it is left out.
fn is_left_out(found: &Struct, number: usize) -> bool {
    let Some(field) = found.fields.get(number) else {
        return false;
    };
    let is_last = number.saturating_add(1) == found.fields.len();
    matches!(&field.holds, Holds::Optional(_, inner) if *inner.innermost() == Type::Cut)
        && (!is_last || matches!(&field.holds, Holds::Optional(_, Type::Vector { .. })))
}

fn fields_on<'f>(fields: &[&'f Field], bit: &Bit) -> Vec<&'f Field> {
    let on = |field: &&&'f Field| field.bit() == Some(bit);
    fields.iter().filter(on).copied().collect()
}

fn objects(bare: bool) -> &'static str {
    if bare { "bare_objects" } else { "objects" }
}

/// `flags & 0x8`.
fn mask(bit: &Bit) -> String {
    let mask = 1_u32.checked_shl(u32::from(bit.bit)).unwrap_or(0);
    format!("{} & {mask:#x}", names::field_name(&bit.word))
}

/// `ConstructorId(0x7abe_77ec)`.
fn constructor_id(id: u32) -> String {
    format!("ConstructorId(0x{:04x}_{:04x})", id >> 16, id & 0xffff)
}

fn scalar(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::True => "bool",
        Kind::Long => "i64",
        Kind::Double => "f64",
        Kind::Int128 => "[u8; 16]",
        Kind::Int256 => "[u8; 32]",
        Kind::String | Kind::Bytes => "&'a [u8]",
        _ => "i32",
    }
}
