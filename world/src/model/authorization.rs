//! Logins: which account an authorization key acts for.

use super::ids::UserId;
use crate::caller::ClientInfo;

/// How far a key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Nobody yet.
    None,
    /// The code was right and the password is still to come.
    PasswordPending(UserId),
    /// Logged in.
    User(UserId),
    /// Was logged in until another session ended it.
    Revoked,
    /// Was used from two places at once.
    Duplicated,
}

/// One authorization key, as far as the API knows it.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) login: Login,
    pub(crate) client: ClientInfo,
    pub(crate) ip: String,
    pub(crate) created: i32,
    pub(crate) active: i32,
    /// Counts updates outside `pts` and `qts` that this key got.
    pub(crate) seq: i32,
    /// Name in the list of sessions.
    pub(crate) hash: i64,
    /// Whether new secret chats and calls are not offered to this key.
    pub(crate) secret_chats_off: bool,
    pub(crate) calls_off: bool,
}

impl Authorization {
    pub(crate) fn user(&self) -> Option<UserId> {
        match self.login {
            Login::User(user) => Some(user),
            _ => None,
        }
    }
}
