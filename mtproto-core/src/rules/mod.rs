//! The registry of protocol rules: what errors, findings and conformance cases refer to.
//!
//! A rule is named by its area and number, `hs_23`.
//! Names are stable: new rules get new numbers, and none is given twice.
//!
//! ```
//! use mtproto_core::rules;
//! let rule = rules::find("hs_23").unwrap();
//! assert_eq!(rule.level, rules::Level::Must);
//! assert_eq!(rule.to_string(), "hs_23: The SHA-1 in front of the decrypted answer matches the answer.");
//! ```

use core::fmt;

mod cdn;
mod encrypted_messages;
mod files;
mod key_exchange;
mod password;
mod rpc;
mod secret_chats;
mod section;
mod serialization;
mod service_messages;
mod sessions;
mod temporary_keys;
mod transports;

/// A rule of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Two letters for the area and a number of two digits.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Whom it binds.
    pub role: Role,
    /// Address of the page that states it; for [`Level::GoodPractice`] the page that it belongs to.
    pub section: &'static str,
    /// The rule in one sentence.
    pub sentence: &'static str,
    /// Who keeps it.
    pub keeper: Keeper,
}

/// Who keeps a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A file of this crate, named below its `src/`.
    Core(&'static str),
    /// Somebody outside this crate, and why.
    Elsewhere(&'static str),
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The page says must, required or never.
    Must,
    /// The page words it as a norm without saying must.
    Expected,
    /// The page recommends it.
    Recommended,
    /// The page describes it as the behaviour of client or server.
    Documented,
    /// A paper asks for it.
    Paper,
    /// Our own judgement; breaking it is never a violation of the protocol.
    GoodPractice,
}

impl Level {
    /// Whether breaking the rule is a violation of the protocol.
    #[must_use]
    pub const fn is_normative(self) -> bool {
        matches!(self, Self::Must | Self::Expected)
    }
}

/// Whom a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Both sides.
    Both,
}

/// Areas in the order of the registry, each with its rules in the order of their numbers.
pub const AREAS: &[&[Rule]] = &[
    transports::RULES,
    key_exchange::RULES,
    encrypted_messages::RULES,
    sessions::RULES,
    service_messages::RULES,
    rpc::RULES,
    temporary_keys::RULES,
    cdn::RULES,
    password::RULES,
    files::RULES,
    secret_chats::RULES,
    serialization::RULES,
];

/// All rules in order.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    AREAS.iter().copied().flatten()
}

/// The rule of this name, in any of the forms `hs_23`, `HS-23`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    let same = |(ours, given): (u8, u8)| {
        ours == given.to_ascii_lowercase() || (ours, given) == (b'_', b'-')
    };
    all().find(|rule| rule.id.len() == id.len() && rule.id.bytes().zip(id.bytes()).all(same))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.sentence)
    }
}

/// Writes the table of an area: name, level, role, section, sentence, keeper.
macro_rules! rules {
    ($($id:ident $level:ident $role:ident $section:ident $sentence:literal $keeper:ident $who:literal)+) => {
        pub(super) const RULES: &[Rule] = &[$(Rule {
            id: stringify!($id),
            level: super::Level::$level,
            role: super::Role::$role,
            section: $section,
            sentence: $sentence,
            keeper: super::Keeper::$keeper($who),
        },)+];
    };
}
use rules;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn names_are_unique_numbered_without_gaps_and_of_one_form() {
        let mut areas: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for rule in all() {
            let (area, number) = rule.id.split_once('_').unwrap();
            assert!(area.len() == 2 && number.len() == 2, "{}", rule.id);
            areas.entry(area).or_default().push(number.parse().unwrap());
        }
        for (area, numbers) in &areas {
            let expected: Vec<u32> = (1..=numbers.len() as u32).collect();
            assert_eq!(numbers, &expected, "{area}");
        }
        assert_eq!(areas.len(), AREAS.len());
        assert_eq!(all().count(), 357);
    }

    #[test]
    fn every_rule_is_one_sentence_with_a_page() {
        for rule in all() {
            assert!(rule.sentence.ends_with('.'), "{}", rule.id);
            assert!(!rule.sentence.contains(". "), "{}", rule.id);
            assert!(rule.section.starts_with("https://"), "{}", rule.id);
        }
    }

    #[test]
    fn rules_are_found_in_both_forms() {
        assert_eq!(find("HS-23"), find("hs_23"));
        assert_eq!(find("e2_26").map(|rule| rule.role), Some(Role::Client));
        for unknown in ["hs_71", "", "hs_2", "hs_233", "hs 23"] {
            assert_eq!(find(unknown), None, "{unknown}");
        }
    }
}
