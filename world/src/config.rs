//! How a world is set up.

use std::collections::BTreeMap;

use crate::fixtures::{BotAccount, UserAccount};
use crate::limits::FloodRule;

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

/// A CDN data centre: its address is among the DCs, its key is told by `help.getCdnConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdnDc {
    /// Number of the DC.
    pub id: i32,
    /// Its public RSA key, PKCS#1 in PEM.
    pub public_key: String,
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
    /// How often functions may be called; empty for no limits.
    pub flood: Vec<FloodRule>,
    /// Strangers that one account may write to on one day; more are refused with `PEER_FLOOD`.
    pub strangers_per_day: Option<u32>,
    /// Applications by `api_id`, with the `api_hash` of each; all others are refused. `None` accepts every positive id.
    pub api_ids: Option<BTreeMap<i32, String>>,
    /// Whether a key that is used from two addresses at once ends with `AUTH_KEY_DUPLICATED`.
    pub one_address_per_key: bool,
    /// The DC that clients of this network should begin with; others answer `auth.sendCode` with `NETWORK_MIGRATE_X`.
    pub network_dc: Option<i32>,
    /// The DC that has the statistics of channels; others answer `STATS_MIGRATE_X`. `None`: every DC has.
    pub stats_dc: Option<i32>,
    /// CDN data centres; the first serves files.
    pub cdns: Vec<CdnDc>,
    /// Smallest file in bytes that clients are sent to a CDN for.
    pub cdn_files_from: u64,
    /// Whether a login needs an e-mail address, to be set up on the way where there is none.
    pub login_email_required: bool,
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
            flood: Vec::new(),
            strangers_per_day: None,
            api_ids: None,
            one_address_per_key: false,
            network_dc: None,
            stats_dc: None,
            cdns: Vec::new(),
            cdn_files_from: 10 << 20,
            login_email_required: false,
            limits: WorldLimits::default(),
        }
    }
}

impl WorldConfig {
    /// Whether a DC is a CDN.
    pub(crate) fn is_cdn(&self, dc: i32) -> bool {
        self.cdns.iter().any(|cdn| cdn.id == dc)
    }
}
