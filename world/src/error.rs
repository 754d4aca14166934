//! RPC errors: what a call is answered with when it fails.
//!
//! The rows below are the errors that this world gives, by code and type as the real service gives them.
//! <https://core.telegram.org/api/errors>

use std::fmt;

/// An error reply, `rpc_error#2144ca19`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// Number in the manner of HTTP: 303, 400, 401, 403, 404, 406, 420 or 500.
    pub code: i32,
    /// Type of the error: capitals, digits and underscores, perhaps with a number inside.
    pub message: String,
}

impl RpcError {
    /// An error of any code and type.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// `420 FLOOD_WAIT_n`: repeat the call after `seconds`.
    pub fn flood_wait(seconds: i64) -> Self {
        Self::new(420, format!("FLOOD_WAIT_{seconds}"))
    }

    /// `303 KIND_MIGRATE_n`: repeat the call at another DC. `kind` is `PHONE`, `USER`, `NETWORK`, `FILE` or `STATS`.
    pub fn migrate(kind: &str, dc: i32) -> Self {
        Self::new(303, format!("{kind}_MIGRATE_{dc}"))
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

impl std::error::Error for RpcError {}

/// An error without a number in its type, as handlers name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    code: i32,
    kind: &'static str,
}

impl From<Fault> for RpcError {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.kind)
    }
}

macro_rules! errors {
    ($($code:literal: $($kind:ident)*;)*) => {
        $($(
            pub(crate) const $kind: Fault = Fault { code: $code, kind: stringify!($kind) };
        )*)*

        /// Every error of the table, as (code, type).
        pub const ERRORS: &[(i32, &str)] = &[$($(($code, stringify!($kind)),)*)*];
    };
}

errors! {
    400:
        ABOUT_TOO_LONG
        ACCESS_TOKEN_INVALID
        API_ID_INVALID
        AUTH_BYTES_INVALID
        AUTH_TOKEN_ALREADY_ACCEPTED
        AUTH_TOKEN_EXPIRED
        AUTH_TOKEN_INVALID
        BIRTHDAY_INVALID
        BOT_COMMAND_DESCRIPTION_INVALID
        BOT_COMMAND_INVALID
        BOT_INLINE_DISABLED
        BOT_INVALID
        BOT_METHOD_INVALID
        BOT_RESPONSE_TIMEOUT
        BUTTON_DATA_INVALID
        BUTTON_TEXT_INVALID
        BUTTON_URL_INVALID
        CDN_METHOD_INVALID
        CHANNELS_TOO_MUCH
        CHANNEL_INVALID
        CHANNEL_PRIVATE
        CHAT_ABOUT_NOT_MODIFIED
        CHAT_ABOUT_TOO_LONG
        CHAT_ADMIN_REQUIRED
        CHAT_FORWARDS_RESTRICTED
        CHAT_ID_INVALID
        CHAT_NOT_MODIFIED
        CHAT_TITLE_EMPTY
        CODE_EMPTY
        CODE_INVALID
        CONNECTION_API_ID_INVALID
        CONTACT_ID_INVALID
        CONTACT_MISSING
        CONTACT_NAME_EMPTY
        DATA_INVALID
        DATA_TOO_LONG
        DC_ID_INVALID
        DH_G_A_INVALID
        EMAIL_HASH_EXPIRED
        EMAIL_INVALID
        EMAIL_NOT_SETUP
        EMAIL_VERIFY_EXPIRED
        ENCRYPTION_ALREADY_ACCEPTED
        ENCRYPTION_ALREADY_DECLINED
        ENCRYPTION_DECLINED
        ENCRYPTION_ID_INVALID
        ENTITY_BOUNDS_INVALID
        FILE_EMTPY
        FILE_ID_INVALID
        FILE_PARTS_INVALID
        FILE_PART_EMPTY
        FILE_PART_INVALID
        FILE_PART_SIZE_CHANGED
        FILE_PART_SIZE_INVALID
        FILE_PART_TOO_BIG
        FILE_REFERENCE_EMPTY
        FILE_REFERENCE_EXPIRED
        FILE_REFERENCE_INVALID
        FILE_TOKEN_INVALID
        FIRSTNAME_INVALID
        FOLDER_ID_INVALID
        HASH_INVALID
        IMAGE_PROCESS_FAILED
        IMPORT_TOKEN_INVALID
        INLINE_RESULT_EXPIRED
        INPUT_FETCH_FAIL
        INPUT_USER_DEACTIVATED
        INVITE_HASH_EMPTY
        INVITE_HASH_EXPIRED
        INVITE_HASH_INVALID
        INVITE_REQUEST_SENT
        LANG_CODE_NOT_SUPPORTED
        LANG_PACK_INVALID
        LIMIT_INVALID
        LOCATION_INVALID
        MAX_QTS_INVALID
        MD5_CHECKSUM_INVALID
        MEDIA_CAPTION_TOO_LONG
        MEDIA_EMPTY
        MEDIA_INVALID
        MESSAGE_EDIT_TIME_EXPIRED
        MESSAGE_EMPTY
        MESSAGE_IDS_EMPTY
        MESSAGE_ID_INVALID
        MESSAGE_NOT_MODIFIED
        MESSAGE_POLL_CLOSED
        MESSAGE_TOO_LONG
        MSG_ID_INVALID
        MSG_WAIT_FAILED
        MULTI_MEDIA_TOO_LONG
        NEW_SALT_INVALID
        NEW_SETTINGS_INVALID
        OFFSET_INVALID
        OPTION_INVALID
        PARTICIPANT_ID_INVALID
        PASSWORD_EMPTY
        PASSWORD_HASH_INVALID
        PASSWORD_RECOVERY_EXPIRED
        PASSWORD_RECOVERY_NA
        PEER_FLOOD
        PEER_ID_INVALID
        PERSISTENT_TIMESTAMP_EMPTY
        PERSISTENT_TIMESTAMP_INVALID
        PHONE_CODE_EMPTY
        PHONE_CODE_EXPIRED
        PHONE_CODE_HASH_EMPTY
        PHONE_CODE_INVALID
        PHONE_NOT_OCCUPIED
        PHONE_NUMBER_BANNED
        PHONE_NUMBER_INVALID
        PHONE_NUMBER_OCCUPIED
        PHOTO_EXT_INVALID
        PHOTO_FILE_MISSING
        PHOTO_INVALID
        PINNED_DIALOGS_TOO_MUCH
        PRIVACY_KEY_INVALID
        QUERY_ID_INVALID
        QUERY_TOO_SHORT
        RANDOM_ID_EMPTY
        RANDOM_ID_INVALID
        RANDOM_LENGTH_INVALID
        REACTION_INVALID
        REPLY_MARKUP_INVALID
        REPLY_MESSAGE_ID_INVALID
        REQUEST_TOKEN_INVALID
        RESET_REQUEST_MISSING
        RESULTS_TOO_MUCH
        RESULT_ID_DUPLICATE
        RESULT_ID_EMPTY
        RESULT_ID_INVALID
        RESULT_TYPE_INVALID
        REVOTE_NOT_ALLOWED
        SCHEDULE_BOT_NOT_ALLOWED
        SCHEDULE_DATE_INVALID
        SCHEDULE_DATE_TOO_LATE
        SCHEDULE_STATUS_PRIVATE
        SCHEDULE_TOO_MUCH
        SEARCH_QUERY_EMPTY
        SECONDS_INVALID
        SEND_MESSAGE_TYPE_INVALID
        SRP_ID_INVALID
        START_PARAM_INVALID
        STICKERSET_INVALID
        TAKEOUT_REQUIRED
        TTL_DAYS_INVALID
        TTL_PERIOD_INVALID
        USERNAME_INVALID
        USERNAME_NOT_MODIFIED
        USERNAME_NOT_OCCUPIED
        USERNAME_OCCUPIED
        USERS_TOO_FEW
        USERS_TOO_MUCH
        USER_ADMIN_INVALID
        USER_ALREADY_PARTICIPANT
        USER_BANNED_IN_CHANNEL
        USER_BOT
        USER_BOT_REQUIRED
        USER_CREATOR
        USER_ID_INVALID
        USER_IS_BOT
        USER_KICKED
        USER_NOT_PARTICIPANT
        WEBPAGE_CURL_FAILED
        YOU_BLOCKED_USER;
    401:
        AUTH_KEY_UNREGISTERED
        SESSION_PASSWORD_NEEDED
        SESSION_REVOKED
        USER_DEACTIVATED
        USER_DEACTIVATED_BAN;
    403:
        CHAT_WRITE_FORBIDDEN
        MESSAGE_AUTHOR_REQUIRED
        MESSAGE_DELETE_FORBIDDEN
        RIGHT_FORBIDDEN
        USER_IS_BLOCKED
        USER_PRIVACY_RESTRICTED;
    406:
        AUTH_KEY_DUPLICATED
        SEND_CODE_UNAVAILABLE;
    420:
        FROZEN_METHOD_INVALID;
    500:
        RANDOM_ID_DUPLICATE;
}

/// Our own answer to functions that nobody implements; the real service has no such error.
pub(crate) const METHOD_NOT_IMPLEMENTED: Fault = Fault {
    code: 400,
    kind: "METHOD_NOT_IMPLEMENTED",
};

#[cfg(test)]
mod tests {
    use super::ERRORS;

    #[test]
    fn every_error_stands_once_and_in_its_form() {
        for (index, (_, kind)) in ERRORS.iter().enumerate() {
            assert!(
                kind.chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'),
                "{kind}"
            );
            assert!(
                !ERRORS[..index].iter().any(|(_, other)| other == kind),
                "{kind}"
            );
        }
    }

    /// The codes and types are those of the published catalogue.
    #[test]
    fn every_error_is_one_of_the_real_service() {
        let Ok(folder) = std::env::var("MTKIT_REFERENCE_DATA") else {
            eprintln!("skipped: no reference data");
            return;
        };
        let text = std::fs::read_to_string(format!("{folder}/errors.json")).unwrap();
        let flat: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        for (code, kind) in ERRORS {
            assert!(
                flat.contains(&format!("\"code\":{code},\"type\":\"{kind}\"")),
                "{code} {kind}"
            );
        }
    }
}
