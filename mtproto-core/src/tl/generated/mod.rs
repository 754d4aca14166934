//! Types that `mtkit tl gen` made of the bundled service schema, each file of the recipe beside it.
//!
//! A test in `mtkit` generates them again and compares.

pub(super) mod about_messages;
pub(super) mod key_exchange;
pub(super) mod service;
