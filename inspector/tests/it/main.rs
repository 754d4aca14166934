//! Stories: captures made by a forge, and what the inspector says of them.
#![allow(missing_docs, reason = "tests")]

mod bad_input;
mod carriers;
mod decoding;
mod explaining;
mod forge;
mod robustness;
