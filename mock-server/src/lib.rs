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

mod builder;
mod clock;
mod error;
mod hub;
mod net;
mod password;
pub mod record;
mod rpc;
mod server;

pub use builder::Builder;
pub use error::StartError;
pub use server::MockServer;
pub use world::fixtures::{AccountInfo, BotInfo};
