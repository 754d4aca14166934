//! What a conversion did besides copying.

use std::fmt;

/// What was dropped, filled or rewritten on the way from one layer to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    entries: Vec<Entry>,
}

/// One thing that is not a plain copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where in the value: field names and indices with dots between, as for
    /// [`Value::at`](crate::Value::at). Empty for the value itself.
    pub path: String,
    /// What happened there.
    pub event: Event,
}

/// What happened to a field or element.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A field that the target does not have, or a value that has no form there, was left out.
    Dropped,
    /// A field that the target requires got its default.
    Filled,
    /// A number too large for the target.
    Narrowed {
        /// The number, as text.
        number: String,
    },
    /// A value has another form in the target: a renamed constructor, a moved field, a text with
    /// or without its wrapping. Nothing is lost by that alone.
    Rewritten,
    /// The whole value has no counterpart in the target; it is given back as it was.
    Unknown {
        /// Its name, or the kind of value.
        name: String,
    },
}

impl Report {
    pub(super) fn push(&mut self, path: String, event: Event) {
        self.entries.push(Entry { path, event });
    }

    /// Everything that happened, in the order of the value.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the value was copied as it is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether nothing was dropped, narrowed or invented.
    pub fn is_lossless(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| entry.event == Event::Rewritten)
    }

    /// Whether the value could be expressed in the target at all.
    pub fn is_expressible(&self) -> bool {
        !self
            .entries
            .iter()
            .any(|entry| matches!(entry.event, Event::Unknown { .. }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries
            .iter()
            .try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "the value"
        } else {
            &self.path
        };
        match &self.event {
            Event::Dropped => write!(f, "{path}: dropped"),
            Event::Filled => write!(f, "{path}: filled with the default"),
            Event::Narrowed { number } => write!(f, "{path}: {number} is too large"),
            Event::Rewritten => write!(f, "{path}: rewritten"),
            Event::Unknown { name } => write!(f, "{path}: the layer has nothing like {name}"),
        }
    }
}
