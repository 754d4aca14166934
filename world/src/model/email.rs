//! E-mail: codes that were sent to addresses, and the mails as a test can read them.
//!
//! <https://core.telegram.org/api/auth#email-verification>

use std::collections::{BTreeMap, VecDeque};

use super::ids::UserId;

/// An e-mail that the service sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Who gets it.
    pub address: String,
    /// The code in it.
    pub code: String,
    /// Unix seconds.
    pub date: i32,
}

/// What a code is for; one of each is open at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EmailPurpose {
    /// Confirms the recovery address of a password.
    ConfirmRecovery(UserId),
    /// Takes the place of a forgotten password.
    Recover(UserId),
    /// Sets up the login address during the login with this `phone_code_hash`.
    LoginSetup(String),
    /// Changes the login address.
    LoginChange(UserId),
    /// Verifies an address for Passport.
    Passport(UserId),
}

/// A code that was sent to an address.
#[derive(Clone, Debug)]
pub(crate) struct EmailCode {
    pub(crate) address: String,
    pub(crate) code: String,
    /// Unix seconds.
    pub(crate) until: i64,
    attempts: u32,
}

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongCode {
    /// None was sent, or it ran out, or it was guessed at too often.
    Expired,
    Invalid,
}

/// Seconds that a code lives; wrong answers after which it is dead; codes and mails that are kept.
const LIFETIME: i64 = 900;
const ATTEMPTS_MAX: u32 = 5;
const CODES_MAX: usize = 10_000;
const SENT_MAX: usize = 100;

/// Open codes and sent mails.
#[derive(Debug, Default)]
pub(crate) struct Emails {
    codes: BTreeMap<EmailPurpose, EmailCode>,
    sent: VecDeque<Email>,
}

impl Emails {
    /// Sends a code. `false` when too many are open.
    pub(crate) fn send(
        &mut self,
        purpose: EmailPurpose,
        address: &str,
        code: String,
        now: i64,
    ) -> bool {
        self.codes.retain(|_, code| code.until > now);
        if self.codes.len() >= CODES_MAX {
            return false;
        }
        self.note(address, &code, now);
        let code = EmailCode {
            address: address.to_owned(),
            code,
            until: now.saturating_add(LIFETIME),
            attempts: 0,
        };
        self.codes.insert(purpose, code);
        true
    }

    /// Puts a mail where tests find it.
    pub(crate) fn note(&mut self, address: &str, code: &str, now: i64) {
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(Email {
            address: address.to_owned(),
            code: code.to_owned(),
            date: i32::try_from(now).unwrap_or(i32::MAX),
        });
    }

    /// The newest mails, oldest first.
    pub(crate) fn sent(&self) -> impl Iterator<Item = &Email> {
        self.sent.iter()
    }

    /// Compares a code with the one that was sent; gives the address. The code stays open.
    pub(crate) fn check(
        &mut self,
        purpose: &EmailPurpose,
        given: &str,
        now: i64,
    ) -> Result<String, WrongCode> {
        let code = self.codes.get_mut(purpose);
        let code = code.filter(|code| code.until > now);
        let code = code.ok_or(WrongCode::Expired)?;
        if code.code == given {
            return Ok(code.address.clone());
        }
        code.attempts = code.attempts.saturating_add(1);
        if code.attempts >= ATTEMPTS_MAX {
            self.codes.remove(purpose);
        }
        Err(WrongCode::Invalid)
    }

    /// Closes a code.
    pub(crate) fn close(&mut self, purpose: &EmailPurpose) {
        self.codes.remove(purpose);
    }
}

/// Whether a text can be an e-mail address.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    text.len() <= 254 && plain(name) && plain(host) && host.contains('.') && !host.starts_with('.')
}

/// An address with all but the ends of its name hidden, as others are shown it.
pub(crate) fn pattern(address: &str) -> String {
    let (name, host) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    let last: String = name.chars().skip(1).last().into_iter().collect();
    format!("{first}***{last}@{host}")
}

#[cfg(test)]
mod tests {
    use super::{EmailPurpose, Emails, WrongCode, is_address, pattern};
    use crate::model::ids::UserId;

    #[test]
    fn a_code_is_right_wrong_or_expired() {
        let purpose = EmailPurpose::Recover(UserId(1));
        let mut emails = Emails::default();
        assert_eq!(emails.check(&purpose, "1", 0), Err(WrongCode::Expired));
        assert!(emails.send(purpose.clone(), "a@b.c", "123456".into(), 0));
        assert_eq!(emails.check(&purpose, "1", 0), Err(WrongCode::Invalid));
        assert_eq!(emails.check(&purpose, "123456", 0), Ok("a@b.c".into()));
        assert_eq!(
            emails.check(&purpose, "123456", 900),
            Err(WrongCode::Expired)
        );
        for _ in 0..4 {
            assert_eq!(emails.check(&purpose, "1", 0), Err(WrongCode::Invalid));
        }
        assert_eq!(emails.check(&purpose, "123456", 0), Err(WrongCode::Expired));
    }

    #[test]
    fn addresses_are_told_from_other_text() {
        for right in ["a@b.c", "first.last@mail.example"] {
            assert!(is_address(right), "{right}");
        }
        for wrong in ["", "a", "a@b", "@b.c", "a@.c", "a b@c.d"] {
            assert!(!is_address(wrong), "{wrong}");
        }
        assert_eq!(pattern("alice@mail.example"), "a***e@mail.example");
        assert_eq!(pattern("a@b.c"), "a***@b.c");
    }
}
