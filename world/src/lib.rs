//! The Telegram world behind the mock server: accounts, chats, messages, files and updates.
//!
//! The crate is as pure as the protocol core: no sockets, clocks, files or randomness of the system.
//! A driver calls [`World::call`] with a decoded request and the moment, and carries out what comes back:
//!
//! ```text
//!   (now, caller, request) ──► World::call ──► reply for the caller
//!                                          ├─► pushes: updates for other sessions
//!                                          └─► effects: work that only the driver can do
//! ```
//!
//! Requests and replies are `tl_parser` values in terms of the newest bundled layer.
//! Translating them from and into the layer of each client is the driver's business.
#![forbid(unsafe_code)]

mod call;
mod caller;
mod config;
mod crypto;
mod error;
mod files;
pub mod fixtures;
mod gate;
mod inline;
mod limits;
mod membership;
mod methods;
mod model;
mod outcome;
mod phone;
mod posting;
mod privacy;
mod queries;
mod random;
mod render;
mod request;
mod resolve;
mod state;
mod store;
mod text;
mod time;
mod usernames;
mod world;

pub use caller::{Caller, ClientInfo};
pub use config::{CdnDc, DcAddress, WorldConfig, WorldLimits};
pub use crypto::{PasswordChallenge, PasswordCrypto, PasswordParams, PasswordProof};
pub use error::{ERRORS, RpcError};
pub use limits::{FloodRule, FloodRuleError, FloodScope};
pub use methods::Access;
pub use model::email::Email;
pub use model::user::Standing;
pub use outcome::{Effect, Outcome, Push, SessionRef};
pub use store::{FileStore, MemoryStore};
pub use time::UnixTime;
pub use world::World;
