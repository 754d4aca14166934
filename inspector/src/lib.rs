//! From a capture of MTProto traffic to decoded messages.
#![forbid(unsafe_code)]

pub mod capture;
pub mod keys;
