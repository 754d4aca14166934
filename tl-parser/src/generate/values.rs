//! Types that convert to and from `Value`.

use super::model::{Enum, Field, Holds, Item, Model, Struct, Type};
use super::recipe::Recipe;
use super::text::Out;
use crate::layout::Kind;
use std::collections::BTreeSet;

pub(super) fn write(out: &mut Out, recipe: &Recipe, model: &Model) {
    let writer = Writer { model };
    let runtime = recipe.runtime.as_deref().unwrap_or("tl_parser");
    writer.imports(out, runtime, recipe);
    for item in &model.order {
        match item {
            Item::Struct(index) => {
                if let Some(found) = model.structs.get(index).filter(|s| !s.is_unit_variant) {
                    writer.structure(out, *index, found);
                }
            }
            Item::Enum(index) => {
                if let Some(found) = model.enums.get(index) {
                    writer.enumeration(out, found);
                }
            }
        }
    }
}

struct Writer<'m> {
    model: &'m Model,
}

impl Writer<'_> {
    fn imports(&self, out: &mut Out, runtime: &str, recipe: &Recipe) {
        let has = |wanted: fn(&Struct) -> bool| self.model.structs.values().any(wanted);
        out.import(runtime, &["Value".to_owned()]);
        let mut typed: Vec<String> = ["Fields", "Mismatch", "Typed"].map(str::to_owned).into();
        if has(|found| found.answer.is_some()) {
            typed.push("Call".to_owned());
        }
        if !self.model.enums.is_empty() {
            typed.push("self".to_owned());
        }
        out.import(&format!("{runtime}::typed"), &typed);
        for (_, path) in &recipe.types {
            out.line(0, &format!("use {path};"));
        }
    }

    fn structure(&self, out: &mut Out, index: u32, found: &Struct) {
        out.blank();
        out.doc(0, &found.doc);
        let fields: Vec<&Field> = found
            .fields
            .iter()
            .filter(|field| field.holds != Holds::Word)
            .collect();
        let default = if self.has_default(index, &mut BTreeSet::new()) {
            ", Default"
        } else {
            ""
        };
        out.line(0, &format!("#[derive(Clone, Debug{default}, PartialEq)]"));
        let name = &found.name;
        if fields.is_empty() {
            out.line(0, &format!("pub struct {name};"));
        } else {
            out.line(0, &format!("pub struct {name} {{"));
            for field in &fields {
                out.doc(1, &field.doc);
                let text = self.field_type(index, field);
                out.line(1, &format!("pub {}: {text},", field.name));
            }
            out.line(0, "}");
        }

        let tl_name = format!("{:?}", found.tl_name);
        out.blank();
        out.line(0, &format!("impl Typed for {name} {{"));
        out.line(1, "fn into_value(self) -> Value {");
        if fields.is_empty() {
            out.line(2, &format!("Fields::new({:?}).into_value()", found.tl_name));
        } else {
            out.variable(2, "mut fields", &format!("Fields::new({tl_name})"));
            for field in &fields {
                let put = match field.holds {
                    Holds::Flag(_) => "put_flag",
                    Holds::Optional(..) => "put_opt",
                    Holds::Value(_) | Holds::Word => "put",
                };
                let arguments = [
                    format!("{:?}", field.tl_name),
                    format!("self.{}", field.name),
                ];
                let arguments = arguments.each_ref().map(String::as_str);
                out.call(2, &format!("fields.{put}"), &arguments, ";");
            }
            out.line(2, "fields.into_value()");
        }
        out.line(1, "}");
        out.blank();
        out.line(1, "fn from_value(value: Value) -> Result<Self, Mismatch> {");
        if fields.is_empty() {
            out.call(2, "Fields::of", &["value", &tl_name], "?;");
            out.line(2, "Ok(Self)");
        } else {
            out.call(2, "let mut fields = Fields::of", &["value", &tl_name], "?;");
            out.line(2, "Ok(Self {");
            for field in &fields {
                let take = match field.holds {
                    Holds::Flag(_) => format!(".take_flag({:?})", field.tl_name),
                    Holds::Optional(..) => format!(".take_opt({:?})?", field.tl_name),
                    Holds::Value(_) | Holds::Word => format!(".take({:?})?", field.tl_name),
                };
                out.field(3, &field.name, &take);
            }
            out.line(2, "})");
        }
        out.line(1, "}");
        out.line(0, "}");

        if let Some(answer) = &found.answer {
            out.blank();
            out.line(0, &format!("impl Call for {name} {{"));
            out.line(1, &format!("type Answer = {};", self.type_text(answer)));
            out.line(0, "}");
        }
    }

    fn enumeration(&self, out: &mut Out, found: &Enum) {
        out.blank();
        out.doc(0, &format!("Type `{}`.", found.tl_name));
        out.line(0, "#[derive(Clone, Debug, PartialEq)]");
        out.line(0, &format!("pub enum {} {{", found.name));
        let variants = self.model.variants(found);
        for (variant, inner, _) in &variants {
            match inner.is_unit_variant {
                true => {
                    out.doc(1, &inner.doc);
                    out.line(1, &format!("{variant},"));
                }
                false => {
                    out.doc(1, &format!("`{}`.", inner.tl_name));
                    out.variant(variant, &inner.name);
                }
            }
        }
        out.line(0, "}");
        out.blank();
        out.line(0, &format!("impl Typed for {} {{", found.name));
        out.line(1, "fn into_value(self) -> Value {");
        out.line(2, "match self {");
        for (variant, inner, _) in &variants {
            match inner.is_unit_variant {
                true => {
                    let body = format!("Fields::new({:?}).into_value()", inner.tl_name);
                    out.arm(3, &format!("Self::{variant}"), &body);
                }
                false => out.arm(3, &format!("Self::{variant}(inner)"), "inner.into_value()"),
            }
        }
        out.line(2, "}");
        out.line(1, "}");
        out.blank();
        out.line(1, "fn from_value(value: Value) -> Result<Self, Mismatch> {");
        out.line(2, "match typed::constructor(&value) {");
        for (variant, inner, _) in &variants {
            let body = match inner.is_unit_variant {
                true => format!("Ok(Self::{variant})"),
                false => format!("Typed::from_value(value).map(Self::{variant})"),
            };
            out.arm(3, &format!("{:?}", inner.tl_name), &body);
        }
        let tl_name = format!("{:?}", found.tl_name);
        out.call_in_call(3, "_ => Err", "Mismatch::new", &[&tl_name, "&value"], ",");
        out.line(2, "}");
        out.line(1, "}");
        out.line(0, "}");
    }

    fn field_type(&self, owner: u32, field: &Field) -> String {
        let text = |inner: &Type| {
            let text = match &field.newtype {
                Some(newtype) => self.with_newtype(inner, newtype),
                None => self.type_text(inner),
            };
            match self.model.is_recursive(owner, inner) {
                true => format!("Box<{text}>"),
                false => text,
            }
        };
        match &field.holds {
            Holds::Flag(_) | Holds::Word => "bool".to_owned(),
            Holds::Value(inner) => text(inner),
            Holds::Optional(_, inner) => format!("Option<{}>", text(inner)),
        }
    }

    fn with_newtype(&self, of: &Type, newtype: &str) -> String {
        match of {
            Type::Vector { element, .. } => format!("Vec<{}>", self.with_newtype(element, newtype)),
            _ => newtype.to_owned(),
        }
    }

    fn type_text(&self, of: &Type) -> String {
        match of {
            Type::Scalar(kind) => scalar(*kind).to_owned(),
            Type::Object(index) | Type::Bare(index) => {
                let found = self.model.structs.get(index);
                found.map_or_else(String::new, |found| found.name.clone())
            }
            Type::Enum(index) => {
                let found = self.model.enums.get(index);
                found.map_or_else(String::new, |found| found.name.clone())
            }
            Type::Cut => "Value".to_owned(),
            Type::Vector { element, .. } => format!("Vec<{}>", self.type_text(element)),
        }
    }

    /// Whether every field has a value that says nothing.
    fn has_default(&self, index: u32, above: &mut BTreeSet<u32>) -> bool {
        let Some(found) = self.model.structs.get(&index) else {
            return false;
        };
        if !above.insert(index) {
            return false;
        }
        let all = found.fields.iter().all(|field| match &field.holds {
            Holds::Word | Holds::Flag(_) | Holds::Optional(..) => true,
            Holds::Value(Type::Scalar(_)) => field.newtype.is_none(),
            Holds::Value(Type::Vector { .. }) => true,
            Holds::Value(Type::Object(inner) | Type::Bare(inner)) => {
                self.has_default(*inner, above)
            }
            Holds::Value(Type::Enum(_) | Type::Cut) => false,
        });
        above.remove(&index);
        all
    }
}

fn scalar(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::True => "bool",
        Kind::Long => "i64",
        Kind::Double => "f64",
        Kind::Int128 => "[u8; 16]",
        Kind::Int256 => "[u8; 32]",
        Kind::String => "String",
        Kind::Bytes => "Vec<u8>",
        _ => "i32",
    }
}
