//! What to generate, as a text that stands beside the output.

use super::error::GenerateError;

/// What to generate.
///
/// Its text has one thing on a line:
///
/// ```text
/// # a comment
/// about: What the module is, for its documentation.
/// schema: mtproto
/// form: wire
/// runtime: crate
/// type: MsgId = crate::ids::MsgId
/// cut: Updates
///
/// ping: What the function or constructor is.
///   ping_id = MsgId: What the field is, and a type of its own for it.
///   disconnect_delay: What that field is.
/// ```
///
/// The schema is `mtproto`, `api N` or `secret N`, where N is a layer; without that line the caller
/// brings one. Lines that go on are repeated: a second `about:` is the next line of the text, and
/// likewise an indented line that begins with `|`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipe {
    /// The documentation of the module.
    pub about: String,
    /// The schema to use.
    pub schema: Option<SchemaName>,
    /// The form of the output.
    pub form: Form,
    /// The path of the crate that the output stands on; by default the one that its form is made
    /// for.
    pub runtime: Option<String>,
    /// Rust types for single fields, with the paths to bring them in.
    pub types: Vec<(String, String)>,
    /// The functions, constructors and types wanted; what they need comes with them.
    pub only: Vec<Entry>,
    /// The types that are not followed.
    pub cut: Vec<String>,
}

/// A bundled schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaName {
    /// The service schema.
    Mtproto,
    /// A layer of the API.
    Api(i32),
    /// A layer of secret chats.
    Secret(i32),
}

/// What the generated types stand on, and what they can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// On this crate: types that convert to and from [`Value`](crate::Value), and so speak every
    /// layer that has their fields. What is cut is a `Value`.
    #[default]
    Values,
    /// On `mtproto_core::tl`: types that read and write themselves in one layer, borrow from what
    /// they read, and need no schema. What is cut is the raw rest of the message.
    Wire,
}

/// A function, constructor or type that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Its name in TL.
    pub name: String,
    /// Its documentation; its declaration is added.
    pub doc: String,
    /// What is to be said of its fields.
    pub fields: Vec<Note>,
}

impl Entry {
    pub(super) fn note(&self, field: &str) -> Option<&Note> {
        self.fields.iter().find(|note| note.name == field)
    }
}

impl From<&str> for Entry {
    fn from(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// What is to be said of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line of the recipe, from 1.
    pub line: usize,
    /// The name of the field in TL.
    pub name: String,
    /// Its type in Rust, in place of the number or array that it is.
    pub newtype: Option<String>,
    /// Its documentation.
    pub doc: String,
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// The first line that cannot be understood.
    pub fn parse(text: &str) -> Result<Self, GenerateError> {
        let mut recipe = Self::default();
        for (number, line) in text.lines().enumerate() {
            let number = number.saturating_add(1);
            let wrong = |why: String| GenerateError::Recipe { line: number, why };
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let indented = line.starts_with(char::is_whitespace);
            if let Some(more) = content.strip_prefix('|').filter(|_| indented) {
                let doc = recipe.last_doc();
                let doc = doc.ok_or_else(|| wrong("nothing to go on with".to_owned()))?;
                doc.push(' ');
                doc.push_str(more.trim());
                continue;
            }
            let (key, rest) = match content.split_once(':') {
                Some((key, rest)) => (key.trim(), rest.trim()),
                None => (content, ""),
            };
            if indented {
                let entry = recipe.only.last_mut();
                let entry = entry.ok_or_else(|| {
                    wrong("a field of nothing: name a combinator first".to_owned())
                })?;
                let (name, newtype) = match key.split_once('=') {
                    Some((name, newtype)) => (name.trim(), Some(newtype.trim().to_owned())),
                    None => (key, None),
                };
                entry.fields.push(Note {
                    line: number,
                    name: name.to_owned(),
                    newtype,
                    doc: rest.to_owned(),
                });
                continue;
            }
            match key {
                "about" if recipe.about.is_empty() => recipe.about = rest.to_owned(),
                "about" => {
                    recipe.about.push('\n');
                    recipe.about.push_str(rest);
                }
                "schema" => recipe.schema = Some(schema_name(rest).map_err(wrong)?),
                "form" => {
                    recipe.form = match rest {
                        "values" => Form::Values,
                        "wire" => Form::Wire,
                        other => {
                            return Err(wrong(format!("{other:?} is neither values nor wire")));
                        }
                    }
                }
                "runtime" => recipe.runtime = Some(rest.to_owned()),
                "type" => {
                    let (name, path) = rest.split_once('=').ok_or_else(|| {
                        wrong("a type is given as Name = path::to::Name".to_owned())
                    })?;
                    let (name, path) = (name.trim().to_owned(), path.trim().to_owned());
                    recipe.types.push((name, path));
                }
                "cut" => {
                    let names = rest.split(',').map(|name| name.trim().to_owned());
                    recipe.cut.extend(names.filter(|name| !name.is_empty()));
                }
                name => recipe.only.push(Entry {
                    name: name.to_owned(),
                    doc: rest.to_owned(),
                    fields: Vec::new(),
                }),
            }
        }
        Ok(recipe)
    }

    /// The documentation that a `|` line goes on with.
    fn last_doc(&mut self) -> Option<&mut String> {
        let entry = self.only.last_mut()?;
        Some(match entry.fields.last_mut() {
            Some(note) => &mut note.doc,
            None => &mut entry.doc,
        })
    }
}

fn schema_name(text: &str) -> Result<SchemaName, String> {
    let mut words = text.split_ascii_whitespace();
    let (kind, layer) = (words.next().unwrap_or(""), words.next());
    let number = || {
        let number = layer.and_then(|layer| layer.parse().ok());
        number.ok_or_else(|| format!("{kind} needs the number of a layer"))
    };
    match kind {
        "mtproto" => Ok(SchemaName::Mtproto),
        "api" => number().map(SchemaName::Api),
        "secret" => number().map(SchemaName::Secret),
        other => Err(format!(
            "{other:?} is no bundled schema: mtproto, api N or secret N"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_line_by_line() {
        let recipe = Recipe::parse(
            "# comment\nabout: One.\nabout: Two.\nschema: api 230\nform: wire\ncut: A, b.C\n\n\
             x.y: A call\n  | that goes on.\n  f = MsgId: A field\n    | and more.\nz\n",
        )
        .unwrap();
        assert_eq!(recipe.about, "One.\nTwo.");
        assert_eq!(recipe.schema, Some(SchemaName::Api(230)));
        assert_eq!(recipe.form, Form::Wire);
        assert_eq!(recipe.cut, ["A", "b.C"]);
        let [call, z] = recipe.only.as_slice() else {
            panic!("{recipe:?}")
        };
        assert_eq!(
            (call.name.as_str(), call.doc.as_str()),
            ("x.y", "A call that goes on.")
        );
        let note = call.note("f").unwrap();
        assert_eq!(note.newtype.as_deref(), Some("MsgId"));
        assert_eq!((note.doc.as_str(), note.line), ("A field and more.", 10));
        assert_eq!(*z, Entry::from("z"));
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        for (text, line) in [
            ("\nschema: api\n", 2),
            ("schema: td", 1),
            ("form: x", 1),
            ("  f: a field of nothing", 1),
            ("  | nothing", 1),
            ("type: MsgId", 1),
        ] {
            let error = Recipe::parse(text).unwrap_err();
            assert!(
                matches!(error, GenerateError::Recipe { line: at, .. } if at == line),
                "{error}"
            );
        }
    }
}
