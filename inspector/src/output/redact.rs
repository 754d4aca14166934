//! Fields that would let a reader of the output act as somebody else.

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// Whether a field of an object gives access to something, and is replaced unless secrets are asked for.
///
/// Texts and phone numbers are not among them: they are private, but give no access.
pub(super) fn is_secret(object: &str, field: &str) -> bool {
    match field {
        "api_hash" | "bot_auth_token" | "code" | "new_nonce" | "new_password_hash"
        | "phone_code" | "push_token" | "recovery_code" | "secret" | "secure_secret" | "token" => {
            true
        }
        // Harmless elsewhere.
        "bytes" => matches!(
            object,
            "auth.exportedAuthorization" | "auth.importAuthorization"
        ),
        _ => false,
    }
}
