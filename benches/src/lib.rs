//! What the suites share.
#![forbid(unsafe_code)]

pub mod capture;
pub mod duo;
pub mod race;
pub mod ratios;
