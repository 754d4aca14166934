//! Copies of files at CDN data centres, which are not trusted: they see encrypted bytes only.
//!
//! <https://core.telegram.org/cdn>

use std::collections::BTreeMap;

use super::file::Stored;

/// A file that may be loaded from a CDN.
#[derive(Clone, Debug)]
pub(crate) struct CdnFile {
    pub(crate) stored: Stored,
    /// The DC whose file it is.
    pub(crate) home: i32,
    pub(crate) key: [u8; 32],
    /// The last four bytes are the counter's place.
    pub(crate) iv: [u8; 16],
    /// Asked for by the CDN; `None` before the CDN was ever asked for the file.
    pub(crate) request_token: Option<Vec<u8>>,
    /// Whether the CDN has it.
    pub(crate) at_cdn: bool,
}

/// Files at CDNs by token, and the tokens of files that have one.
#[derive(Debug, Default)]
pub(crate) struct CdnFiles {
    pub(crate) files: BTreeMap<Vec<u8>, CdnFile>,
    /// By the number of the file in the store.
    pub(crate) tokens: BTreeMap<u64, Vec<u8>>,
}
