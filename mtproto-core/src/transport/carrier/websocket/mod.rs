//! The stream inside a WebSocket: always obfuscated, cut into binary messages anywhere.
//!
//! Sections: <https://core.telegram.org/mtproto/transports#websocket>, RFC 6455.

mod frames;
mod upgrade;

use core::fmt;

pub use self::frames::{End, FrameReader, write_message};
pub(super) use self::frames::{write_close, write_pong};
pub use self::upgrade::{accept_key, accept_upgrade, check_response, request};
use super::http::HttpError;

/// Why bytes are no WebSocket that carries a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The head of the request or response is malformed.
    Http(HttpError),
    /// The request is no upgrade to version 13, or its key is not 16 bytes in base64.
    Upgrade,
    /// The client does not ask for the sub-protocol `binary`, or the server does not grant it.
    SubProtocol,
    /// The server answers the upgrade with another status than 101.
    Refused {
        /// The status.
        status: u16,
    },
    /// The server has not read our key.
    Accept,
    /// A frame breaks a rule of RFC 6455: reserved bits, unknown or text frames, masks on the wrong side or missing,
    /// control frames that are long or cut, continuations of nothing.
    Frame,
    /// A frame announces more than 2⁶³ bytes.
    FrameLength,
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Upgrade => f.write_str("no upgrade to a WebSocket of version 13"),
            Self::SubProtocol => f.write_str("a WebSocket without the sub-protocol binary"),
            Self::Refused { status } => write!(f, "the WebSocket is refused with status {status}"),
            Self::Accept => f.write_str("the WebSocket's accept key answers another request"),
            Self::Frame => f.write_str("a WebSocket frame that breaks the rules"),
            Self::FrameLength => f.write_str("a WebSocket frame of impossible length"),
        }
    }
}

impl core::error::Error for WebSocketError {}

impl From<HttpError> for WebSocketError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}
