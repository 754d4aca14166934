//! Errors of RPC queries: the two fields of `rpc_error`, and what the known families of messages mean.
//!
//! A message such as `FLOOD_WAIT_31` is a family (`FLOOD_WAIT`) and a number.
//! The families are a table, not code: [`FAMILIES`].
//! Sections: <https://core.telegram.org/mtproto/service_messages#rpc-error>, <https://core.telegram.org/api/errors>.

use alloc::string::String;
use core::fmt;

/// The answer to a query that did not succeed: `rpc_error`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RpcError {
    /// The class of the error, near to an HTTP status: 303, 400, 401, 403, 404, 406, 420, 500. Peers send others too.
    pub code: i32,
    /// The error itself, upper case with underscores. Text that is not UTF-8 arrives with replacement characters.
    pub message: String,
}

impl RpcError {
    /// The message for a query one of whose earlier ones (`invokeAfterMsg`) failed; code 400.
    pub const WAIT_FAILED: &str = "MSG_WAIT_FAILED";
    /// The message for a query that waited too long for its earlier ones; code −503.
    pub const WAIT_TIMEOUT: &str = "MSG_WAIT_TIMEOUT";

    /// An error of `code` with `message`.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The family this error belongs to and its number, if it is one of [`FAMILIES`].
    ///
    /// A number that does not fit into 31 bits, or is negative, makes the error an ordinary one (`None`): nobody can
    /// wait for it or dial it.
    #[must_use]
    pub fn parameter(&self) -> Option<Parameter> {
        FAMILIES.iter().find_map(|family| {
            let rest = self.message.strip_prefix(family.prefix)?;
            let digits = rest.strip_suffix(family.suffix)?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let value = plain.then(|| digits.parse::<i32>().ok()).flatten()?;
            Some(Parameter {
                family,
                value: value.cast_unsigned(),
            })
        })
    }

    /// Seconds to wait before the same query may be sent again, for the families that say so.
    #[must_use]
    pub fn wait_secs(&self) -> Option<u32> {
        self.parameter()
            .filter(|parameter| parameter.family.meaning == Meaning::Wait)
            .map(|parameter| parameter.value)
    }

    /// The data centre at which the same query is to be repeated, for the families that say so.
    #[must_use]
    pub fn migrate_dc(&self) -> Option<u32> {
        self.parameter()
            .filter(|parameter| parameter.family.meaning == Meaning::Migrate)
            .map(|parameter| parameter.value)
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

impl core::error::Error for RpcError {}

/// An error message taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its row of the table.
    pub family: &'static Family,
    /// The number inside the message.
    pub value: u32,
}

/// A row of [`FAMILIES`].
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The class that the service gives to the family.
    pub code: i32,
    /// The text before the number.
    pub prefix: &'static str,
    /// The text after the number.
    pub suffix: &'static str,
    /// What the number is.
    pub meaning: Meaning,
}

/// What the number inside an error message stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// A data centre: repeat the query there.
    Migrate,
    /// The number of a file part, counted from zero, that is missing.
    Part,
    /// The position, counted from zero, of the thing in the query that the error is about.
    Position,
    /// Seconds to wait before the same query is repeated.
    Wait,
}

const fn family(code: i32, prefix: &'static str, suffix: &'static str, meaning: Meaning) -> Family {
    Family {
        code,
        prefix,
        suffix,
        meaning,
    }
}

/// The families of errors whose message carries a number.
pub const FAMILIES: &[Family] = &[
    family(303, "FILE_MIGRATE_", "", Meaning::Migrate),
    family(303, "NETWORK_MIGRATE_", "", Meaning::Migrate),
    family(303, "PHONE_MIGRATE_", "", Meaning::Migrate),
    family(303, "STATS_MIGRATE_", "", Meaning::Migrate),
    family(303, "USER_MIGRATE_", "", Meaning::Migrate),
    family(400, "FILE_PART_", "_MISSING", Meaning::Part),
    family(400, "FILE_REFERENCE_", "_EXPIRED", Meaning::Position),
    family(400, "FILE_REFERENCE_", "_INVALID", Meaning::Position),
    family(400, "PASSWORD_TOO_FRESH_", "", Meaning::Wait),
    family(400, "SESSION_TOO_FRESH_", "", Meaning::Wait),
    family(400, "STORY_SEND_FLOOD_MONTHLY_", "", Meaning::Wait),
    family(400, "STORY_SEND_FLOOD_WEEKLY_", "", Meaning::Wait),
    family(420, "2FA_CONFIRM_WAIT_", "", Meaning::Wait),
    family(420, "FLOOD_PREMIUM_WAIT_", "", Meaning::Wait),
    family(420, "FLOOD_TEST_PHONE_WAIT_", "", Meaning::Wait),
    family(420, "FLOOD_WAIT_", "", Meaning::Wait),
    family(420, "SLOWMODE_WAIT_", "", Meaning::Wait),
    family(420, "STORY_SEND_FLOOD_", "", Meaning::Wait),
    family(420, "TAKEOUT_INIT_DELAY_", "", Meaning::Wait),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rp_06_a_migration_names_its_data_centre() {
        let error = RpcError::new(303, "PHONE_MIGRATE_4");
        assert_eq!(error.migrate_dc(), Some(4));
        assert_eq!(error.wait_secs(), None);
    }

    #[test]
    fn rp_08_rp_10_a_flood_wait_names_its_seconds() {
        for (message, secs) in [
            ("FLOOD_WAIT_0", 0),
            ("FLOOD_WAIT_2147483647", 2_147_483_647),
            ("SLOWMODE_WAIT_10", 10),
            ("FLOOD_PREMIUM_WAIT_2", 2),
            ("2FA_CONFIRM_WAIT_604800", 604_800),
        ] {
            assert_eq!(
                RpcError::new(420, message).wait_secs(),
                Some(secs),
                "{message}"
            );
        }
    }

    #[test]
    fn rp_09_numbers_that_are_none_make_an_ordinary_error() {
        for message in [
            "FLOOD_WAIT_abc",
            "FLOOD_WAIT_",
            "FLOOD_WAIT_-1",
            "FLOOD_WAIT_+1",
            "FLOOD_WAIT_4294967296",
            "FLOOD_WAIT_99999999999999999999",
            "XFLOOD_WAIT_1",
            "",
        ] {
            assert_eq!(RpcError::new(420, message).parameter(), None, "{message}");
        }
    }

    #[test]
    fn a_part_number_stands_in_the_middle() {
        let error = RpcError::new(400, "FILE_PART_17_MISSING");
        let parameter = error.parameter().expect("known family");
        assert_eq!(
            (parameter.family.meaning, parameter.value),
            (Meaning::Part, 17)
        );
    }
}
