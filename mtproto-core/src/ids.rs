//! The numbers of the protocol, each a type of its own.
//!
//! All of them travel little-endian as 64-bit or 32-bit words; [`AuthKeyId`], [`Nonce`] and [`MsgKey`] are pieces of
//! hashes or random strings and keep the byte order of the wire.
//! Section: <https://core.telegram.org/mtproto/description>.

use core::fmt;

macro_rules! wire_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(", stringify!($name))?;
                fmt::Display::fmt(self, f)?;
                f.write_str(")")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    };
}

wire_bytes! {
    /// The last 8 bytes of SHA1(authorization key), as they travel. All zero means "unencrypted message".
    AuthKeyId, 8
}
wire_bytes! {
    /// The 16 bytes of a message's hash that serve as its check and as input of its key derivation.
    MsgKey, 16
}
wire_bytes! {
    /// The 16-byte number of a key exchange chosen by one side (`nonce`, `server_nonce`).
    Nonce, 16
}

impl AuthKeyId {
    /// The identifier of unencrypted messages.
    pub const UNENCRYPTED: Self = Self([0; 8]);

    /// The identifier as the `long` that TL objects carry.
    #[must_use]
    pub const fn as_long(self) -> i64 {
        i64::from_le_bytes(self.0)
    }

    /// The identifier from the `long` that TL objects carry.
    #[must_use]
    pub const fn from_long(long: i64) -> Self {
        Self(long.to_le_bytes())
    }
}

macro_rules! long {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

long! {
    /// A message identifier: about unixtime × 2³², unique and rising within a session.
    ///
    /// Divisible by 4 from a client; from a server 1 modulo 4 for an answer and 3 otherwise.
    MsgId
}
long! {
    /// The client's random name of a session.
    SessionId
}
long! {
    /// The 64-bit number that the server changes every 30 minutes and that each message carries.
    ServerSalt
}

impl MsgId {
    /// Whole seconds of Unix time in the identifier's upper half.
    #[must_use]
    pub const fn unix_secs(self) -> u32 {
        (self.0.cast_unsigned() >> 32) as u32
    }

    /// Whether a client made this identifier (divisible by 4).
    #[must_use]
    pub const fn is_client(self) -> bool {
        self.0 & 3 == 0
    }

    /// Whether a server may have made this identifier (odd).
    #[must_use]
    pub const fn is_server(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Twice the number of content-related messages sent before, plus one if this message is content-related.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeqNo(pub i32);

impl SeqNo {
    /// Whether the number marks a content-related message, one that must be acknowledged.
    #[must_use]
    pub const fn is_content_related(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A data centre as the key exchange names it: plain, plus 10000 for test servers, negative for media-only ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DcId(pub i32);

/// The 32-bit number of a TL constructor or function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConstructorId(pub u32);

impl fmt::Debug for ConstructorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}", self.0)
    }
}

impl fmt::Display for ConstructorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}", self.0)
    }
}
