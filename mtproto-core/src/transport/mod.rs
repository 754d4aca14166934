//! Byte streams and the payloads that they carry.
//!
//! ```text
//! socket ⇄ [carrier] ⇄ [obfuscation: AES-CTR] ⇄ [abridged | intermediate | padded intermediate | full] ⇄ payloads
//! ```
//!
//! [`Framer`] is one end of one stream. The client's end is told what to speak; the server's end finds out from the
//! first bytes, all forms on one port. A payload is an encrypted or unencrypted message for the
//! message layer; besides payloads a server sends quick acknowledgments and transport errors.
//!
//! A stream may hide in a WebSocket or in what looks like TLS, and payloads may travel without a stream over HTTP: see
//! [`carrier`], which also tells them apart on one port. [`passive`] reads all of it from outside.
//!
//! Section: <https://core.telegram.org/mtproto/mtproto-transports>.
//!
//! ```
//! use mtproto_core::random::SecureRandom;
//! use mtproto_core::transport::{ClientTransport, Frame, FrameLimits, Framer, ServerTransport, Transport};
//!
//! struct Counting(u8); // a driver gives real randomness
//! impl SecureRandom for Counting {
//!     fn fill(&mut self, dest: &mut [u8]) {
//!         for byte in dest {
//!             self.0 = self.0.wrapping_mul(5).wrapping_add(3);
//!             *byte = self.0;
//!         }
//!     }
//! }
//!
//! let mut random = Counting(1);
//! let config = ClientTransport::obfuscated(Transport::Intermediate);
//! let mut client = Framer::client(&config, FrameLimits::default(), &mut random)?;
//! let mut server = Framer::server(ServerTransport::default(), FrameLimits::default());
//!
//! let mut wire = Vec::new();
//! client.write_payload(b"twelve bytes", false, &mut random, &mut wire)?;
//! server.handle_bytes(&wire)?;
//! match server.poll_frame()? {
//!     Some(Frame::Payload { data, .. }) => assert_eq!(data, b"twelve bytes"),
//!     other => panic!("{other:?}"),
//! }
//! assert_eq!(server.poll_frame()?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod abridged;
mod buffer;
pub mod carrier;
pub mod codec;
pub mod detect;
mod error;
mod framer;
mod full;
mod intermediate;
pub mod obfuscated;
pub mod passive;
mod quick_ack;
mod secret;

use alloc::sync::Arc;

pub use self::error::{ConfigError, FrameError, WriteError};
pub use self::framer::{Frame, Framer};
use self::obfuscated::Accepted;
pub use self::quick_ack::quick_ack_token;
pub use self::secret::{ProxySecret, SecretError, SecretForm};
use crate::ids::DcId;

/// The ways to cut a byte stream into payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Length in words, in one byte or four.
    Abridged,
    /// Length in bytes, in four.
    Intermediate,
    /// Intermediate with up to 15 random bytes after each payload.
    PaddedIntermediate,
    /// Length, counter and CRC32; never obfuscated.
    Full,
}

impl Transport {
    /// The bytes that a client sends before its first frame where the stream is not obfuscated.
    #[must_use]
    pub const fn tag(self) -> &'static [u8] {
        match self {
            Self::Abridged => &[0xef],
            Self::Intermediate => &[0xee; 4],
            Self::PaddedIntermediate => &[0xdd; 4],
            Self::Full => &[],
        }
    }
}

/// What a client speaks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientTransport {
    /// How payloads are framed.
    pub transport: Transport,
    /// Whether the stream is enciphered with keys from a random header. A secret implies it.
    pub obfuscated: bool,
    /// The DC that the obfuscation header names. Proxies need it, others ignore it.
    pub dc: Option<DcId>,
    /// The secret of the MTProxy at the other end.
    pub secret: Option<ProxySecret>,
}

impl ClientTransport {
    /// `transport`, readable for everybody.
    #[must_use]
    pub const fn plain(transport: Transport) -> Self {
        Self {
            transport,
            obfuscated: false,
            dc: None,
            secret: None,
        }
    }

    /// `transport`, obfuscated. There is no such form of the full transport.
    #[must_use]
    pub const fn obfuscated(transport: Transport) -> Self {
        Self {
            transport,
            obfuscated: true,
            dc: None,
            secret: None,
        }
    }

    /// What the MTProxy with this secret expects: the padded intermediate transport, obfuscated.
    #[must_use]
    pub const fn proxy(secret: ProxySecret, dc: DcId) -> Self {
        Self {
            transport: Transport::PaddedIntermediate,
            obfuscated: true,
            dc: Some(dc),
            secret: Some(secret),
        }
    }
}

/// What a server accepts.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServerTransport {
    /// The secrets of an MTProxy. A stream may use any of them, in the form that the secret demands.
    pub secrets: Arc<[ProxySecret]>,
    /// Whether streams without a secret are refused, as an MTProxy does.
    pub secrets_only: bool,
}

/// What a client turned out to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detected {
    /// How payloads are framed.
    pub transport: Transport,
    /// Whether the stream is obfuscated.
    pub obfuscated: bool,
    /// The DC that the client asks for. Only streams with a secret say so, others have random bytes in its place.
    pub dc: Option<DcId>,
    /// The number of the secret in [`ServerTransport::secrets`] that opened the stream.
    pub secret: Option<usize>,
}

impl Detected {
    const fn plain(transport: Transport) -> Self {
        Self {
            transport,
            obfuscated: false,
            dc: None,
            secret: None,
        }
    }

    fn obfuscated(accepted: &Accepted, secret: Option<usize>) -> Self {
        Self {
            transport: accepted.transport,
            obfuscated: true,
            dc: secret.map(|_| accepted.dc),
            secret,
        }
    }
}

/// How much a peer may make this end store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameLimits {
    /// The longest payload in bytes, padding included. Memory for a frame grows with its bytes, not with its length
    /// field, so this bounds what a peer can make this end store by really sending it.
    pub max_frame: usize,
}

impl FrameLimits {
    /// The default limits with another [`max_frame`](Self::max_frame).
    #[must_use]
    pub const fn with_max_frame(max_frame: usize) -> Self {
        Self { max_frame }
    }
}

impl Default for FrameLimits {
    /// 16 MiB: far above the 1 MiB parts in which files travel, and what known clients accept.
    fn default() -> Self {
        Self::with_max_frame(16 << 20)
    }
}
