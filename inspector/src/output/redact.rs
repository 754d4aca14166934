//! Fields that would let a reader of the output act as somebody else.

/// Fields whose values are replaced wherever they stand, unless secrets are asked for.
///
/// Texts and phone numbers are not among them: they are private, but give no access.
const SECRET_FIELDS: [&str; 11] = [
    "api_hash",
    "bot_auth_token",
    "code",
    "new_nonce",
    "new_password_hash",
    "phone_code",
    "push_token",
    "recovery_code",
    "secret",
    "secure_secret",
    "token",
];

/// Objects with a secret under a name that is harmless elsewhere.
const SECRETS_IN: [(&str, &str); 2] = [
    ("auth.exportedAuthorization", "bytes"),
    ("auth.importAuthorization", "bytes"),
];

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// Whether a field of an object gives access to something.
pub(super) fn is_secret(object: &str, field: &str) -> bool {
    SECRET_FIELDS.contains(&field) || SECRETS_IN.contains(&(object, field))
}
