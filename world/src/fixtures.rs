//! The people and bots of the default world, and how to describe others.

/// An account to seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAccount {
    /// Digits of the phone number, with or without `+`.
    pub phone: String,
    /// First name; not empty.
    pub first_name: String,
    /// Last name; may be empty.
    pub last_name: String,
    /// Username without `@`.
    pub username: Option<String>,
    /// Password of two-step verification.
    pub password: Option<String>,
    /// Has Telegram Premium.
    pub premium: bool,
    /// The DC that serves the account; others answer `PHONE_MIGRATE_X` and `USER_MIGRATE_X`. `None`: every DC does.
    pub dc: Option<i32>,
}

/// A bot to seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotAccount {
    /// `<bot id>:<secret>`; the id is the bot's user id.
    pub token: String,
    /// Name shown.
    pub name: String,
    /// Username without `@`.
    pub username: String,
    /// What stands in the text field of whoever asks the bot from another chat; `None` where inline mode is off.
    pub inline_placeholder: Option<String>,
    /// The DC that serves the bot; others answer `USER_MIGRATE_X`. `None`: every DC does.
    pub dc: Option<i32>,
}

/// A seeded person with what a test needs to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// User id.
    pub id: i64,
    /// Phone number, digits only.
    pub phone: String,
    /// The login code, where the number is one whose code is known.
    pub code: Option<String>,
    /// Password of two-step verification in clear.
    pub password: Option<String>,
    /// First name.
    pub first_name: String,
    /// Username without `@`.
    pub username: Option<String>,
}

/// A seeded bot with what a test needs to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotInfo {
    /// User id.
    pub id: i64,
    /// Token for `auth.importBotAuthorization`.
    pub token: String,
    /// Username without `@`.
    pub username: String,
}

/// The DC digit of all default phone numbers, so that one code (the digit five times) fits all.
pub const TEST_DC: u8 = 2;

/// Two people without and one with a password.
pub fn users() -> Vec<UserAccount> {
    let person = |number: u16, name: (&str, &str), password: Option<&str>| UserAccount {
        phone: format!("99966{TEST_DC}{number:04}"),
        first_name: name.0.into(),
        last_name: name.1.into(),
        username: Some(format!("{}_mtkit", name.0.to_lowercase())),
        password: password.map(Into::into),
        ..UserAccount::default()
    };
    vec![
        person(1, ("Alice", "Archer"), None),
        person(2, ("Bob", "Baker"), None),
        person(3, ("Carol", "Cooper"), Some("hunter2")),
    ]
}

/// One bot.
pub fn bots() -> Vec<BotAccount> {
    vec![BotAccount {
        token: "1234567890:AAEmtkitBotTokenForLocalTestsOnly00".into(),
        name: "mtkit bot".into(),
        username: "mtkit_bot".into(),
        inline_placeholder: Some("Search...".into()),
        dc: None,
    }]
}

/// The login code of a test number `99966XYYYY`: X five times. `None` for any other number.
///
/// <https://core.telegram.org/api/auth#test-accounts>
pub fn test_code(phone: &str) -> Option<String> {
    let rest = phone.strip_prefix("99966")?;
    let digits = rest.len() == 5 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let dc = rest.get(..1).filter(|_| digits)?;
    Some(dc.repeat(5))
}

#[cfg(test)]
mod tests {
    use super::test_code;

    #[test]
    fn only_test_numbers_have_a_known_code() {
        assert_eq!(test_code("9996621234").as_deref(), Some("22222"));
        assert_eq!(test_code("9996601234").as_deref(), Some("00000"));
        for other in [
            "",
            "99966",
            "999662123",
            "99966212345",
            "999662x234",
            "4915112345",
        ] {
            assert_eq!(test_code(other), None, "{other}");
        }
    }
}
