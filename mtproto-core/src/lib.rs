//! MTProto without IO: both roles of the protocol as state machines.
//!
//! Bytes go in, bytes and events come out; time and randomness are arguments.
//! The crate knows no runtime, socket, clock or API layer.
#![no_std]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod config;
pub mod connection;
pub mod crypto;
pub mod endpoint;
pub mod error;
pub mod handshake;
pub mod ids;
pub mod key_log;
pub mod known_calls;
pub mod message;
pub mod random;
pub mod raw;
pub mod rpc;
pub mod rules;
pub mod secret_chat;
pub mod session;
pub mod time;
pub mod tl;
pub mod transport;
