//! What the suites share.
#![forbid(unsafe_code)]

pub mod ratios;
