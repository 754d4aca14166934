//! What can be wrong with a byte stream, and with what its owner asks of it.

use core::fmt;

/// Why a byte stream cannot be read any further.
///
/// All variants are fatal: frames have no markers to find the next one by, so the owner closes the stream.
/// Nothing is to be answered, least of all to a stream that failed detection.
/// Section: <https://core.telegram.org/mtproto/mtproto-transports>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The first bytes belong to no transport that this end accepts.
    UnknownTransport,
    /// A frame announces more bytes than [`FrameLimits::max_frame`](super::FrameLimits::max_frame).
    TooLong {
        /// The payload's announced length in bytes.
        announced: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// A frame announces a length that no payload of its transport has: zero, less than one word, or not whole words.
    BadLength {
        /// The length field in bytes, as announced.
        announced: u32,
    },
    /// A frame of the full transport carries another counter than the next one.
    SequenceNumber {
        /// The counter that was due.
        expected: u32,
        /// The counter in the frame.
        received: u32,
    },
    /// The CRC32 of a frame of the full transport differs from the one that it carries.
    Checksum {
        /// The sum over the received bytes.
        computed: u32,
        /// The sum in the frame.
        received: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTransport => f.write_str("the first bytes belong to no known transport"),
            Self::TooLong { announced, limit } => {
                write!(
                    f,
                    "a frame announces {announced} bytes, the limit is {limit}"
                )
            }
            Self::BadLength { announced } => {
                write!(
                    f,
                    "a frame announces {announced} bytes, which no payload has"
                )
            }
            Self::SequenceNumber { expected, received } => {
                write!(f, "a full frame is numbered {received}, {expected} was due")
            }
            Self::Checksum { computed, received } => write!(
                f,
                "a full frame carries CRC32 {received:08x}, its bytes sum up to {computed:08x}"
            ),
        }
    }
}

impl core::error::Error for FrameError {}

/// Why a frame cannot be written. The stream itself is unharmed and nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The server end does not know yet which transport the client speaks.
    NotDetected,
    /// The abridged transport counts in words of 4 bytes.
    NotWholeWords {
        /// The payload's length in bytes.
        len: usize,
    },
    /// The payload is longer than the transport's length field can say.
    TooLong {
        /// The payload's length in bytes.
        len: usize,
    },
    /// The transport has no quick acknowledgments (full, HTTP).
    NoQuickAck,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDetected => f.write_str("the client's transport is not known yet"),
            Self::NotWholeWords { len } => {
                write!(
                    f,
                    "the abridged transport cannot carry {len} bytes, not whole words"
                )
            }
            Self::TooLong { len } => write!(f, "the transport cannot announce {len} bytes"),
            Self::NoQuickAck => f.write_str("the transport has no quick acknowledgments"),
        }
    }
}

impl core::error::Error for WriteError {}

/// Why a client's choice of transport makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The full transport has no obfuscated form: the obfuscation header has no tag for it.
    FullObfuscated,
    /// A secret of the `dd` and `ee` forms demands the padded intermediate transport.
    SecretWantsPadding,
    /// The obfuscation header has 16 bits for the DC.
    DcOutOfRange,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FullObfuscated => "the full transport cannot be obfuscated",
            Self::SecretWantsPadding => {
                "a proxy secret of the dd or ee form needs the padded intermediate transport"
            }
            Self::DcOutOfRange => "the DC does not fit into the 16 bits of the obfuscation header",
        })
    }
}

impl core::error::Error for ConfigError {}
