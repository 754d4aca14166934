//! What streams hide in: WebSockets, the look of TLS, HTTP.
//!
//! ```text
//! socket ⇄ carrier ⇄ stream ⇄ Framer ⇄ payloads
//! socket ⇄ HTTP ⇄ payloads
//! ```
//!
//! A carrier stands between the socket and a [`Framer`](super::Framer), which does not know of it. One
//! [`ServerCarrier`] per accepted connection finds out from the first bytes which one it is, so that one port serves
//! all. Most connections have none, [`Carrier::Direct`]; then, and only then, the bytes may go past the carrier.
//!
//! Like everything here, carriers do no input or output: bytes in, bytes out, with two rules. After
//! `handle_bytes`, also after one that fails, `poll_transmit` has what the carrier itself must send. Once it is sent
//! after a failure, the connection is to be closed.

mod client;
pub mod http;
mod mac;
mod replay;
mod server;
pub mod tls;
pub mod websocket;

use core::fmt;

pub use self::client::ClientCarrier;
use self::http::HttpError;
pub use self::replay::ReplayGuard;
pub use self::server::{CarrierConfig, ServerCarrier};
use self::tls::TlsError;
use self::websocket::WebSocketError;

/// What a connection turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// Nothing: the bytes are the stream.
    Direct,
    /// A WebSocket; the stream is inside, obfuscated.
    WebSocket,
    /// What looks like TLS; the stream is inside, obfuscated with a secret.
    FakeTls {
        /// The number of the secret whose proof the client gave.
        secret: usize,
    },
    /// HTTP: there is no stream, each body is a payload.
    Http,
}

/// Why a connection carries nothing that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CarrierError {
    /// HTTP requests or responses that carry no payload.
    Http(HttpError),
    /// The look of TLS with a flaw.
    Tls(TlsError),
    /// A WebSocket that breaks its rules.
    WebSocket(WebSocketError),
    /// An obfuscation header that was seen before.
    Replay,
}

impl fmt::Display for CarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::WebSocket(error) => error.fmt(f),
            Self::Replay => f.write_str("an obfuscation header that was seen before"),
        }
    }
}

impl core::error::Error for CarrierError {}

impl From<HttpError> for CarrierError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<TlsError> for CarrierError {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}

impl From<WebSocketError> for CarrierError {
    fn from(error: WebSocketError) -> Self {
        Self::WebSocket(error)
    }
}
