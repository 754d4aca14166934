//! Names of combinators and fields: immutable text that is cheap to copy.

use nom::Offset;
use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The name of a combinator or of a field.
///
/// A literal, and every name of a bundled schema, is borrowed for ever and copied for nothing.
/// Names of a schema loaded at run time are slices of its one shared text, so that a decoded tree
/// costs a reference count and no allocation per name.
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Shared {
        text: Arc<str>,
        start: u32,
        end: u32,
    },
}

impl Name {
    /// A name that owns a copy of `text`.
    ///
    /// For literals use `Name::from("user")`, which copies nothing.
    pub fn new(text: &str) -> Self {
        Self::slice_of(Arc::from(text), 0, text.len())
    }

    /// The name that a part of this very text is: `part` is a slice of `self`.
    pub(crate) fn part(&self, part: &str) -> Self {
        let start = self.as_str().offset(part);
        match &self.0 {
            Repr::Static(text) => {
                let end = start.saturating_add(part.len());
                Self(Repr::Static(text.get(start..end).unwrap_or_default()))
            }
            Repr::Shared {
                text, start: from, ..
            } => {
                let start = start.saturating_add(*from as usize);
                Self::slice_of(Arc::clone(text), start, start.saturating_add(part.len()))
            }
        }
    }

    /// The part `start..end` of a shared text; the whole text where that is not a valid slice.
    pub(crate) fn slice_of(text: Arc<str>, start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self(Repr::Shared { text, start, end }),
            // Texts beyond 4 GiB: a copy of the part, from its own beginning.
            _ => Self::new_long(text.get(start..end).unwrap_or_default()),
        }
    }

    #[cold]
    fn new_long(part: &str) -> Self {
        let end = part.len().try_into().unwrap_or(u32::MAX);
        Self(Repr::Shared {
            text: Arc::from(part),
            start: 0,
            end,
        })
    }

    /// The text of the name.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(text) => text,
            Repr::Shared { text, start, end } => {
                text.get(*start as usize..*end as usize).unwrap_or(text)
            }
        }
    }
}

impl Deref for Name {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&'static str> for Name {
    fn from(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&Self> for Name {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl PartialEq for Name {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.as_str(), other.as_str());
        // Names of one schema are mostly slices of one text.
        a.len() == b.len() && (std::ptr::eq(a, b) || a == b)
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The same as `str`, because `Borrow<str>` promises it.
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn literals_slices_and_copies_of_one_text_are_equal() {
        let shared: Arc<str> = Arc::from("user#8f97c628 id:long = User;");
        let slice = Name::slice_of(shared, 0, 4);
        assert_eq!(slice, Name::from("user"));
        assert_eq!(slice, Name::new("user"));
        assert_eq!(slice, Name::from(String::from("user")));
        assert_eq!(slice, "user");
        assert_ne!(slice, Name::from("users"));
    }

    #[test]
    fn a_map_keyed_by_names_is_searched_with_str() {
        let map = HashMap::from([(Name::new("chat"), 1)]);
        assert_eq!(map.get("chat"), Some(&1));
    }

    #[test]
    fn a_name_is_three_words_long() {
        assert_eq!(size_of::<Name>(), 24);
    }
}
