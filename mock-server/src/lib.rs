//! A mock Telegram server that real clients log in to, unmodified and offline.
//!
//! It is a library first: a test starts one on a port of its own and drops it at its end.
//!
//! ```no_run
//! # async fn example() -> Result<(), mock_server::StartError> {
//! let server = mock_server::MockServer::builder().seed(7).start().await?;
//! println!("{} trusts {:016x}", server.address(), server.rsa_public_key().fingerprint());
//! let alice = &server.accounts()[0];
//! println!("log in as {} with code {:?}", alice.phone, alice.code);
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Inside, sockets are thin: the protocol is `mtproto-core`'s `Endpoint`, the people and messages are `world`'s, and one
//! task, the hub, owns both.
#![forbid(unsafe_code)]

mod addresses;
mod builder;
mod clock;
mod door;
mod error;
mod hub;
mod limits;
mod net;
mod notice;
mod password;
mod ready;
pub mod record;
mod rpc;
mod server;
mod session_strings;
mod socket;

pub use builder::Builder;
pub use door::{DoorError, Target, TargetHost};
pub use error::StartError;
pub use limits::Limits;
pub use notice::{Notice, NoticeKind, Shed};
pub use ready::ReadySession;
pub use server::{MockServer, published_key, secret_text};
pub use session_strings::SessionError;
pub use world::fixtures::{AccountInfo, BotAccount, BotInfo, UserAccount};
pub use world::{CdnDc, FloodRule, FloodScope, WorldConfig, WorldLimits};
