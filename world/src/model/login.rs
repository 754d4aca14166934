//! Steps of a login that wait for the next one: phone codes, QR tokens, exported authorizations.

use std::collections::BTreeMap;

use super::ids::UserId;
use crate::caller::ClientInfo;

/// Ways in which a code can be sent, in the order in which `auth.resendCode` tries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeWay {
    /// A message from the service account to sessions that are already logged in.
    App,
    Sms,
    Call,
    /// To the login address of the account.
    Email,
    /// Not at all yet: the account needs an address first.
    SetUpEmail,
}

impl CodeWay {
    /// The way after this one.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::App => Some(Self::Sms),
            Self::Sms => Some(Self::Call),
            Self::Call | Self::Email | Self::SetUpEmail => None,
        }
    }
}

/// A code that was sent.
#[derive(Clone, Debug)]
pub(crate) struct SentCode {
    pub(crate) phone: String,
    pub(crate) code: String,
    pub(crate) way: CodeWay,
    /// Where an e-mail code was sent.
    pub(crate) email: Option<String>,
    /// Unix seconds.
    pub(crate) until: i64,
    /// Wrong answers so far.
    pub(crate) attempts: u32,
    /// The code was right, the number has no account, and `auth.signUp` is awaited.
    pub(crate) confirmed: bool,
}

/// Wrong answers after which a code is dead.
pub(crate) const MAX_ATTEMPTS: u32 = 5;

/// A login token shown as a QR code.
#[derive(Clone, Debug)]
pub(crate) struct LoginToken {
    pub(crate) token: Vec<u8>,
    /// Unix seconds.
    pub(crate) until: i64,
    /// Who accepted it.
    pub(crate) accepted: Option<UserId>,
    /// The client that shows it, for whoever accepts it.
    pub(crate) client: ClientInfo,
}

/// An authorization on its way to another DC.
#[derive(Clone, Debug)]
pub(crate) struct Exported {
    pub(crate) user: UserId,
    pub(crate) dc: i32,
    /// Unix seconds.
    pub(crate) until: i64,
}

/// Everything that waits for a next step.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// By `phone_code_hash`.
    pub(crate) codes: BTreeMap<String, SentCode>,
    /// By the authorization key that shows the token.
    pub(crate) tokens: BTreeMap<i64, LoginToken>,
    /// By the secret bytes.
    pub(crate) exported: BTreeMap<Vec<u8>, Exported>,
}

impl Logins {
    /// Forgets what ran out, and says whether there is room for one more.
    pub(crate) fn make_room(&mut self, now: i64, limit: usize) -> bool {
        self.codes.retain(|_, code| code.until > now);
        self.tokens.retain(|_, token| token.until > now);
        self.exported.retain(|_, exported| exported.until > now);
        self.codes.len() + self.tokens.len() + self.exported.len() < limit
    }
}
