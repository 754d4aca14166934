//! Two endpoints of the core, a fake link between them, a fake clock and seeded randomness.
//!
//! [`Pair`] is a client and a server in memory: tests read as stories, run in no time, and give the same bytes for the
//! same seed. [`record`] keeps what went in and out of each side, and plays it back.
//!
//! ```
//! use testkit::Pair;
//!
//! let mut pair = Pair::builder().seed(7).build();
//! let query = pair.query(b"ping");
//! pair.settle();
//! assert_eq!(pair.answer_to(query), Some(Ok(b"ping".to_vec())));
//! ```
#![forbid(unsafe_code)]

mod keys;
mod link;
mod lone;
mod pair;
pub mod record;

pub use keys::{client_config, server_config};
pub use link::{Link, Split};
pub use lone::{Heard, LoneClient, LoneServer};
pub use mtproto_core::random::ChaChaRandom as SeededRandom;
pub use pair::{Builder, Fault, Pair, START_UNIX};
