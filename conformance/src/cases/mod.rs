//! The cases, one file for each area of the registry of rules.

mod key_exchange;
mod transports;

use crate::case::Case;

/// The cases for servers, in the order of their rules.
pub fn server() -> impl Iterator<Item = &'static Case> {
    [transports::SERVER, key_exchange::SERVER]
        .into_iter()
        .flatten()
}
