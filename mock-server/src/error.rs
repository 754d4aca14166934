//! Why a server could not start.

use std::io;
use std::path::PathBuf;

/// Why [`Builder::start`](crate::Builder::start) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}; give another port, or none to take a free one")]
    Bind {
        /// Address and port as asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The key log or the capture file could not be opened.
    #[error("cannot write {}: {source}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness: {0}; give a seed to do without")]
    Random(getrandom::Error),
    /// The Diffie–Hellman group is refused by the core's own checks.
    #[error("the Diffie–Hellman group is unusable: {0}")]
    Group(mtproto_core::crypto::dh::DhError),
    /// A DC has a number that clients cannot name.
    #[error("there can be no DC {0}: give numbers from 1 to 255")]
    Dc(i32),
    /// The RSA key is not a 2048-bit PKCS#1 private key in PEM.
    #[error("the RSA key is unusable: {0}")]
    Key(mtproto_core::crypto::rsa::RsaError),
}
