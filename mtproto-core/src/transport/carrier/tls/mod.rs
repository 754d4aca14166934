//! The look of TLS 1.3 around the stream to an MTProxy (`ee` secrets).
//!
//! Nothing is enciphered by TLS here. The client's hello proves by an HMAC in the place of its random bytes that the
//! client knows the secret, and when; the server's hello proves the same for the server. Afterwards both send the
//! obfuscated stream cut into application data records.
//! The form is not on the protocol's pages; proxies and clients agree on it.

mod hello;
mod records;

use core::fmt;

pub(super) use self::hello::random_of;
pub use self::hello::{
    ClientHello, HELLO_LIMIT, check_server_hello, client_hello, server_hello, server_hello_len,
};
pub use self::records::{CLIENT_RECORD, RecordReader, SERVER_RECORD, write_records};
use super::mac::hmac_sha256;

/// Why a stream that begins like TLS is not the one of a client or server with our secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The hello is longer than [`HELLO_LIMIT`] or is none.
    Hello,
    /// The HMAC in the hello fits no secret, or the secret that it fits is for another domain.
    Digest,
    /// The client's clock is too far from ours.
    Time {
        /// Seconds that the client is ahead; negative if it is behind.
        skew: i64,
    },
    /// The hello was seen before.
    Replay,
    /// A record that is no application data where only this may come.
    Record {
        /// The record's type: 21 is an alert, 22 a handshake message.
        kind: u8,
    },
    /// A record longer than TLS allows.
    RecordLength {
        /// The announced length in bytes.
        announced: u16,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello => f.write_str("the TLS hello is malformed"),
            Self::Digest => f.write_str("the digest of the TLS hello fits no secret"),
            Self::Time { skew } => {
                write!(
                    f,
                    "the clock in the TLS hello differs from ours by {skew} s"
                )
            }
            Self::Replay => f.write_str("the TLS hello was seen before"),
            Self::Record { kind } => write!(f, "a TLS record of type {kind} instead of data"),
            Self::RecordLength { announced } => write!(f, "a TLS record of {announced} bytes"),
        }
    }
}

impl core::error::Error for TlsError {}
