//! Payloads as bodies of HTTP/1.1 messages, one each way.
//!
//! A request is a POST whose body is a payload; the response's body is one too, or empty if there is nothing to say.
//! Errors of the transport are statuses, and then the body says nothing.
//! Section: <https://core.telegram.org/mtproto/transports#http>.

mod client;
mod head;
mod server;

use core::fmt;

pub use self::client::HttpClient;
pub(in crate::transport) use self::head::{Head, HeadReader};
pub(super) use self::server::write_refusal;
pub use self::server::{HttpServer, Request};

/// The longest head of a message, in bytes.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// Why bytes are no HTTP message that carries a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The head is longer than [`HEAD_LIMIT`].
    HeadTooLong,
    /// The head is no head: no first line of three words, a line without colon, a character that heads never have.
    Head,
    /// The version is neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// The method carries no payload.
    Method,
    /// `Content-Length` is missing, no number, or there twice; or the length is told in another way.
    Length,
    /// The body is longer than [`FrameLimits::max_frame`](crate::transport::FrameLimits::max_frame).
    TooLong {
        /// `Content-Length` in bytes.
        announced: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// More requests came than are answered, and no room is left for them.
    Flood,
    /// A response came that nothing was asked for.
    Unasked,
}

impl HttpError {
    /// The status that tells a client of its error.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::HeadTooLong => 431,
            Self::Head | Self::Unasked => 400,
            Self::Version => 505,
            Self::Method => 405,
            Self::Length => 411,
            Self::TooLong { .. } => 413,
            Self::Flood => 429,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadTooLong => write!(f, "an HTTP head of more than {HEAD_LIMIT} bytes"),
            Self::Head => f.write_str("a malformed HTTP head"),
            Self::Version => f.write_str("an unknown version of HTTP"),
            Self::Method => f.write_str("an HTTP method that carries no payload"),
            Self::Length => f.write_str("an HTTP message without one clear Content-Length"),
            Self::TooLong { announced, limit } => {
                write!(f, "an HTTP body of {announced} bytes, the limit is {limit}")
            }
            Self::Flood => f.write_str("more HTTP requests than are answered"),
            Self::Unasked => f.write_str("an HTTP response that nothing was asked for"),
        }
    }
}

impl core::error::Error for HttpError {}
