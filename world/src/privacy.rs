//! What privacy rules say about one person.
//!
//! <https://core.telegram.org/api/privacy>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::model::ids::UserId;
use crate::state::State;

impl State {
    /// Whether `owner` lets `who` do or see what the privacy key is about.
    ///
    /// Everything is allowed until somebody forbids it; to oneself everything always is.
    pub(crate) fn permits(&self, owner: UserId, privacy_key: &str, who: UserId) -> bool {
        let Some(user) = self.users.get(&owner) else {
            return false;
        };
        let rules = user.privacy.get(privacy_key);
        owner == who
            || rules.is_none_or(|rules| allows(rules, who, user.contacts.contains_key(&who)))
    }
}

impl Call<'_> {
    /// Whether `owner` lets `who` do or see what the privacy key is about.
    pub(crate) fn permits(&self, owner: UserId, privacy_key: &str, who: UserId) -> bool {
        self.state.permits(owner, privacy_key, who)
    }
}

/// Whether rules allow `who`. The first rule that speaks of him decides; without one it is forbidden.
pub(crate) fn allows(rules: &[Value], who: UserId, is_contact: bool) -> bool {
    let names = |rule: &Object| {
        let users = rule.vector("users").unwrap_or_default();
        users.iter().any(|user| user.as_long() == Some(who.0))
    };
    for rule in rules.iter().filter_map(Value::as_object) {
        match rule.name() {
            "privacyValueAllowAll" => return true,
            "privacyValueDisallowAll" => return false,
            "privacyValueAllowContacts" if is_contact => return true,
            "privacyValueDisallowContacts" if is_contact => return false,
            "privacyValueAllowUsers" if names(rule) => return true,
            "privacyValueDisallowUsers" if names(rule) => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::allows;
    use crate::model::ids::UserId;
    use tl_parser::{Object, Value};

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rule = |name: &'static str| Value::from(Object::new(name));
        let users = Object::new("privacyValueAllowUsers").with("users", Value::vector([7_i64]));
        let rules = [users.into(), rule("privacyValueDisallowAll")];
        assert!(allows(&rules, UserId(7), false));
        assert!(!allows(&rules, UserId(8), true));
        let contacts = [rule("privacyValueAllowContacts")];
        assert!(allows(&contacts, UserId(8), true));
        assert!(!allows(&contacts, UserId(8), false));
        assert!(!allows(&[], UserId(8), true));
    }
}
