//! What changed between two schemas.

use crate::schema::{Combinator, Field, Schema};
use std::fmt;

/// The difference of two schemas, combinators by name.
///
/// `Display` is for people: one line per combinator, one indented line per field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Canonical lines that only the second schema has the name of.
    pub added: Vec<String>,
    /// Canonical lines that only the first schema has the name of.
    pub removed: Vec<String>,
    /// Names that both have, with different ids or fields.
    pub changed: Vec<Change>,
}

/// A combinator that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// Whether it is a function.
    pub is_function: bool,
    /// Its id before and after.
    pub ids: (u32, u32),
    /// Its result type before and after, where that changed.
    pub result: Option<(String, String)>,
    /// What happened to its fields, in the order of the new form; removed ones last.
    pub fields: Vec<FieldChange>,
}

/// What happened to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldChange {
    /// A new field, with its type.
    Added {
        /// Its name.
        name: String,
        /// Its type, condition included.
        type_text: String,
    },
    /// A field that is gone, with the type it had.
    Removed {
        /// Its name.
        name: String,
        /// Its type, condition included.
        type_text: String,
    },
    /// A field of the same name with another type or condition.
    Retyped {
        /// Its name.
        name: String,
        /// Its type before.
        before: String,
        /// Its type after.
        after: String,
    },
    /// A field that stands elsewhere among those that stayed.
    Moved {
        /// Its name.
        name: String,
    },
}

impl Diff {
    /// Compares two schemas.
    pub fn between(from: &Schema, to: &Schema) -> Self {
        let mut diff = Self::default();
        for old in from.combinators() {
            if find(to, old).is_none() {
                diff.removed.push(old.to_string());
            }
        }
        for new in to.combinators() {
            match find(from, new) {
                None => diff.added.push(new.to_string()),
                Some(old) => diff.changed.extend(change(old, new)),
            }
        }
        diff
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// The combinator of that name and kind in another schema.
fn find<'s>(schema: &'s Schema, wanted: &Combinator) -> Option<&'s Combinator> {
    let same_kind = |found: &&Combinator| found.is_function() == wanted.is_function();
    schema.by_name(wanted.object_name()).filter(same_kind)
}

fn change(old: &Combinator, new: &Combinator) -> Option<Change> {
    let fields = field_changes(old.fields(), new.fields());
    let result = (old.result_type() != new.result_type())
        .then(|| (old.result_type().to_owned(), new.result_type().to_owned()));
    if old.id() == new.id() && fields.is_empty() && result.is_none() {
        return None;
    }
    Some(Change {
        name: new.name().to_owned(),
        is_function: new.is_function(),
        ids: (old.id(), new.id()),
        result,
        fields,
    })
}

fn field_changes(old: &[Field], new: &[Field]) -> Vec<FieldChange> {
    let find = |fields: &[Field], name: &str| fields.iter().position(|field| field.name() == name);
    let mut changes = Vec::new();
    // Fields that stayed have stayed in order unless one comes before the last one seen.
    let mut last_old = None;
    for field in new {
        let name = field.name().to_owned();
        let Some(index) = find(old, &name) else {
            changes.push(FieldChange::Added {
                name,
                type_text: field.type_text().to_owned(),
            });
            continue;
        };
        let before = old.get(index).map_or("", Field::type_text);
        if before != field.type_text() {
            let (before, after) = (before.to_owned(), field.type_text().to_owned());
            changes.push(FieldChange::Retyped {
                name: name.clone(),
                before,
                after,
            });
        }
        if last_old.is_some_and(|last| index < last) {
            changes.push(FieldChange::Moved { name });
        } else {
            last_old = Some(index);
        }
    }
    for field in old.iter().filter(|field| find(new, field.name()).is_none()) {
        let (name, type_text) = (field.name().to_owned(), field.type_text().to_owned());
        changes.push(FieldChange::Removed { name, type_text });
    }
    changes
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.added {
            writeln!(f, "+ {line}")?;
        }
        for line in &self.removed {
            writeln!(f, "- {line}")?;
        }
        for change in &self.changed {
            writeln!(f, "{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "~ {} #{:08x} -> #{:08x}",
            self.name, self.ids.0, self.ids.1
        )?;
        if let Some((before, after)) = &self.result {
            write!(f, "\n    = {before} -> {after}")?;
        }
        self.fields
            .iter()
            .try_for_each(|field| write!(f, "\n    {field}"))
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { name, type_text } => write!(f, "+ {name}:{type_text}"),
            Self::Removed { name, type_text } => write!(f, "- {name}:{type_text}"),
            Self::Retyped {
                name,
                before,
                after,
            } => write!(f, "~ {name}:{before} -> {after}"),
            Self::Moved { name } => write!(f, "~ {name} stands elsewhere"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_fields_that_changed() {
        let parse = |text| Schema::parse(text).0;
        let old =
            parse("same#1 = A; gone#2 = A; user#3 flags:# id:int name:string old:int = User;");
        let new = parse(
            "same#1 = A; user#4 flags:# id:long bot:flags.0?true name:string = User; new#5 x:int = A;",
        );
        assert_eq!(
            Diff::between(&old, &new).to_string(),
            "+ new#00000005 x:int = A\n- gone#00000002 = A\n~ user #00000003 -> #00000004\n    \
             ~ id:int -> long\n    + bot:flags.0?true\n    - old:int\n"
        );
        assert!(Diff::between(&old, &old).is_empty());
    }

    #[test]
    fn a_moved_field_and_a_new_result_are_changes() {
        let parse = |text| Schema::parse(text).0;
        let diff = Diff::between(
            &parse("a#1 x:int y:int = A;"),
            &parse("a#2 y:int x:int = B;"),
        );
        assert_eq!(
            diff.to_string(),
            "~ a #00000001 -> #00000002\n    = A -> B\n    ~ x stands elsewhere\n"
        );
    }
}
