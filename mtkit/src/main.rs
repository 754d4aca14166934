//! The `mtkit` command: arguments and start-up, nothing else.
#![forbid(unsafe_code)]

fn main() {}
