//! Usernames: their form, and the key under which they are found.
//!
//! <https://core.telegram.org/method/account.checkUsername>

use crate::error::{RpcError, USERNAME_INVALID};

/// Names are one, however they are written.
pub(crate) fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// 5 to 32 letters, digits and single underscores; a letter first, no underscore last.
pub(crate) fn check_username(name: &str) -> Result<(), RpcError> {
    let right = (5..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('_')
        && !name.contains("__");
    if right {
        Ok(())
    } else {
        Err(USERNAME_INVALID.into())
    }
}

#[cfg(test)]
mod tests {
    use super::check_username;

    #[test]
    fn usernames_have_one_form() {
        for name in ["alice", "Alice_5", &"a".repeat(32)] {
            assert!(check_username(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "abcd",
            "5alice",
            "alice_",
            "al__ice",
            "äalice",
            "al ice",
            &"a".repeat(33),
        ] {
            assert!(check_username(name).is_err(), "{name}");
        }
    }
}
