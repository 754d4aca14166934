//! Conformance cases for MTProto servers: small hostile or curious conversations, each judging one rule.
//!
//! A case names its rule by the id of [`mtproto_core::rules`]; the runner only needs the server's address.
//! Cases for clients and many more cases for servers are to come; the shape is meant to last.
//!
//! ```no_run
//! use conformance::{ServerUnderTest, cases};
//!
//! let server = ServerUnderTest::new("127.0.0.1:20443".parse().unwrap());
//! for case in cases::server() {
//!     println!("{:<6} {}", case.rule, case.run(&server));
//! }
//! ```
#![forbid(unsafe_code)]

mod case;
pub mod cases;
mod dial;

pub use case::{Case, Verdict};
pub use dial::ServerUnderTest;
