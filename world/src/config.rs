//! How a world is set up.

use crate::fixtures::{BotAccount, UserAccount};

/// Where clients reach one DC; rendered as `dcOption`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DcAddress {
    /// Number of the DC.
    pub id: i32,
    /// Address as text, IPv4 or IPv6.
    pub ip: String,
    /// TCP port.
    pub port: u16,
    /// Serves files only.
    pub media_only: bool,
}

/// Limits that keep a hostile client from filling the memory. They are the real service's where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldLimits {
    /// Messages that the world keeps altogether; more are refused with `FLOOD_WAIT`.
    pub messages: usize,
    /// Accounts that the world keeps; sign-ups beyond are refused with `FLOOD_WAIT`.
    pub accounts: usize,
    /// Groups and channels that the world keeps, deleted ones included; more are refused with `FLOOD_WAIT`.
    pub chats: usize,
    /// Bytes of files and unfinished uploads altogether.
    pub file_bytes: u64,
    /// Entries that the update log of one account or channel keeps; older ones end in `differenceTooLong`.
    pub logged_updates: usize,
    /// Phone codes and login tokens that wait at once.
    pub pending_logins: usize,
}

impl Default for WorldLimits {
    fn default() -> Self {
        Self {
            messages: 1_000_000,
            accounts: 100_000,
            chats: 100_000,
            file_bytes: 4 << 30,
            logged_updates: 10_000,
            pending_logins: 10_000,
        }
    }
}

/// Everything that determines a world before the first call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldConfig {
    /// Same seed and same calls give the same bytes.
    pub seed: u64,
    /// What `help.getConfig` advertises.
    pub dcs: Vec<DcAddress>,
    /// Whether `help.getConfig` says `test_mode`.
    pub test_mode: bool,
    /// Seeded people.
    pub users: Vec<UserAccount>,
    /// Seeded bots.
    pub bots: Vec<BotAccount>,
    /// Seconds that a file reference lives.
    pub file_reference_lifetime: i64,
    /// Whether a file is served by the DC alone at which it was uploaded; others answer `FILE_MIGRATE_X`.
    pub pin_files_to_dc: bool,
    /// Seconds that a phone code lives.
    pub phone_code_lifetime: i64,
    /// Bounds of memory.
    pub limits: WorldLimits,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            dcs: Vec::new(),
            test_mode: false,
            users: crate::fixtures::users(),
            bots: crate::fixtures::bots(),
            file_reference_lifetime: 24 * 3600,
            pin_files_to_dc: false,
            phone_code_lifetime: 300,
            limits: WorldLimits::default(),
        }
    }
}
