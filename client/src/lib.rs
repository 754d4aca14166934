//! A minimal MTProto client: the core, a socket, and a login.
//!
//! It exists to exercise the core and the mock server end to end, and to show how little a client needs.
//! It speaks any bundled layer through schemas, keeps no session on disk, and does not reconnect.
//! [`Client::invoke`] takes any call by name; [`Client::call`] takes one that `mtkit tl gen` made a type of, as it did of
//! what a login needs in [`api`].
//!
//! ```no_run
//! use client::{Client, ClientConfig, Login};
//! use tl_parser::Value;
//!
//! # async fn example(config: ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(config).await?;
//! let sent = client.send_code("9996620001").await?;
//! if let Login::PasswordNeeded = client.sign_in(&sent, "22222").await? {
//!     client.check_password("hunter2").await?;
//! }
//! let state = client.invoke(Value::object("updates.getState")).await?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod api;
mod client;
mod config;
mod driver;
mod error;
mod line;
mod login;
mod password;
mod proxy;

pub use client::{Client, Updates};
pub use config::{Application, Carrier, ClientConfig, Proxy, SharedKeyLog};
pub use error::{ConnectError, InvokeError, LoginError};
pub use login::{Login, SentCode};
