//! Errors and notices of the composed machines.
//!
//! [`PeerMisbehaved`] has one variant per rule that a peer can break, [`ConnectionError`] says why a stream or a
//! session ended, [`Notice`] reports what happened without ending anything. Each says what to do: [`Disposition`].
//! What the peer gets to see of them is decided elsewhere, and is as little as the specification allows.

use core::fmt;

use crate::handshake::HandshakeError;
use crate::ids::{MsgId, ServerSalt};
use crate::transport::{ConfigError, FrameError};

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The message has no effect; the stream goes on.
    Drop,
    /// Send the message again under a new identifier.
    Resend,
    /// Make a new authorization key; the old one is of no use.
    RenewKey,
    /// Close the stream; the session may go on over another one.
    Close,
}

macro_rules! misbehaviour {
    ($($(#[doc = $doc:literal])* $name:ident = $rule:literal, $disposition:ident, $text:literal;)*) => {
        /// A rule that the peer broke.
        ///
        /// The number in parentheses is the code of `bad_msg_notification` with which a server refuses the message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum PeerMisbehaved {
            $($(#[doc = $doc])* $name,)*
        }

        impl PeerMisbehaved {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The identifier of the broken rule, as in the registry of rules.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule,)*
                }
            }

            /// What to do about the message.
            #[must_use]
            pub const fn disposition(self) -> Disposition {
                match self {
                    $(Self::$name => Disposition::$disposition,)*
                }
            }

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

misbehaviour! {
    // Encrypted envelope: https://core.telegram.org/mtproto/security_guidelines
    /// The envelope is not what its `msg_key` says, its lengths are impossible, or it names another key or session; more
    /// is not told on purpose.
    InvalidMessage = "en_02", Close, "an encrypted message failed its check";
    /// A plain message came where only encrypted ones may.
    UnexpectedPlainMessage = "en_09", Drop, "a plain message came after the key exchange";

    // Identifiers and time: https://core.telegram.org/mtproto/description
    /// A server's identifier is even.
    EvenServerMsgId = "se_04", Close, "the msg_id of a server must be odd";
    /// A client's identifier is not divisible by 4 (18).
    MsgIdNotDivisible = "se_38", Drop, "the msg_id of a client must be divisible by 4";
    /// The identifier was received before.
    DuplicateMsgId = "se_06", Drop, "the msg_id was received before";
    /// The identifier lies below all that are remembered (20).
    MsgIdBelowWindow = "se_08", Drop, "the msg_id lies below all remembered ones";
    /// The identifier lies more than 30 s in the future (17).
    MsgIdInFuture = "se_11", Drop, "the msg_id lies more than 30 s in the future";
    /// The identifier lies more than 300 s in the past (16).
    MsgIdInPast = "se_12", Drop, "the msg_id lies more than 300 s in the past";
    /// A container has the identifier of an earlier message (19).
    ContainerIdReused = "se_39", Drop, "a container repeats the msg_id of an earlier message";

    // Sequence numbers and salts
    /// The sequence number is lower than that of an older message (32).
    SeqNoTooLow = "se_40", Drop, "the seq_no is too low for the msg_id";
    /// The sequence number is higher than that of a newer message (33).
    SeqNoTooHigh = "se_40", Drop, "the seq_no is too high for the msg_id";
    /// A message that is never content-related has an odd sequence number (34).
    OddSeqNo = "se_21", Drop, "the seq_no of a message that needs no acknowledgement must be even";
    /// A content-related message has an even sequence number (35).
    EvenSeqNo = "se_20", Drop, "the seq_no of a query must be odd";
    /// The salt is not one that the key has at this time (48).
    WrongSalt = "se_34", Drop, "the server salt is not valid now";

    // Containers: https://core.telegram.org/mtproto/service_messages#simple-container
    /// A container is malformed: count, lengths, or order of its messages (64).
    InvalidContainer = "sv_05", Drop, "the container is malformed";
    /// A container holds a container (64).
    NestedContainer = "sv_03", Drop, "a container holds a container";
    /// A container holds more than 1024 messages (64).
    ContainerTooLong = "sv_07", Drop, "the container holds too many messages";
    /// A message in a container has an identifier that is not below the container's (64).
    InnerMsgIdNotLower = "sv_08", Drop, "a message in a container has a higher msg_id than the container";
    /// A message in a container of a server has an even identifier.
    EvenInnerMsgId = "sv_09", Drop, "a message in a server's container has an even msg_id";

    // Service messages
    /// Compressed data does not inflate, inflates beyond the limit, or holds compressed data again.
    InvalidGzip = "sv_17", Drop, "compressed data is broken or too large";
    /// A service message does not follow its combinator.
    MalformedServiceMessage = "sv_60", Drop, "a service message does not decode";
    /// A service message names more than 8192 identifiers.
    TooManyIds = "sv_21", Drop, "a service message names too many msg_ids";
    /// A salt was offered for a message that we did not send.
    SaltForUnknownMessage = "se_30", Drop, "bad_server_salt names a message that was not sent";
    /// A notice about the clock names a message that we did not send.
    NoticeForUnknownMessage = "sv_34", Drop, "bad_msg_notification names a message that was not sent";
    /// Salts came that nobody asked for.
    UnrequestedSalts = "sv_50", Drop, "future_salts answers no request";
    /// The end of the authorization key is told to a client that did not ask for it.
    UnrequestedDestruction = "sv_54", Drop, "the key is called destroyed though nobody asked for it";
    /// A pong matches no ping.
    UnmatchedPong = "sv_47", Drop, "a pong matches no ping";
    /// State information answers no request.
    UnrequestedStateInfo = "sv_44", Drop, "msgs_state_info answers no request";
    /// State information has not one byte per identifier.
    StateInfoLength = "sv_45", Drop, "the information has not one byte for each msg_id";
    /// A service message came that only the other role may send.
    WrongRole = "sv_57", Drop, "a service message came that only the other side may send";

    // Queries
    /// An answer names no pending query.
    ResultForUnknownQuery = "rp_01", Drop, "rpc_result answers no pending query";
}

impl PeerMisbehaved {
    /// The code of `bad_msg_notification` with which a server refuses the message, if there is one.
    ///
    /// Section: <https://core.telegram.org/mtproto/service_messages_about_messages#notice-of-ignored-error-message>.
    #[must_use]
    pub const fn code(self) -> Option<i32> {
        Some(match self {
            Self::MsgIdInPast => 16,
            Self::MsgIdInFuture => 17,
            Self::MsgIdNotDivisible => 18,
            Self::ContainerIdReused => 19,
            Self::MsgIdBelowWindow => 20,
            Self::SeqNoTooLow => 32,
            Self::SeqNoTooHigh => 33,
            Self::OddSeqNo => 34,
            Self::EvenSeqNo => 35,
            Self::WrongSalt => 48,
            Self::InvalidContainer
            | Self::NestedContainer
            | Self::ContainerTooLong
            | Self::InnerMsgIdNotLower => 64,
            _ => return None,
        })
    }
}

impl fmt::Display for PeerMisbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (rule {})", self.text(), self.rule())
    }
}

impl core::error::Error for PeerMisbehaved {}

/// A 4-byte error that a server sends in the place of a message.
///
/// Section: <https://core.telegram.org/mtproto/mtproto-transports#transport-errors>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransportError(pub i32);

impl TransportError {
    /// The authorization key is unknown, or a step of the key exchange failed.
    pub const UNKNOWN_KEY: Self = Self(-404);
    /// Too many connections or messages in a short time.
    pub const FLOOD: Self = Self(-429);
    /// The data centre does not serve this client.
    pub const WRONG_DC: Self = Self(-444);
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match *self {
            Self::UNKNOWN_KEY => "the authorization key is unknown to the server",
            Self::FLOOD => "too many connections in a short time",
            Self::WRONG_DC => "the wrong data centre",
            _ => "unknown",
        };
        write!(f, "transport error {} ({meaning})", self.0)
    }
}

/// Why a client's byte stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The other side closed the stream.
    Eof,
    /// The caller closed the connection.
    Local,
    /// The bytes are no frames.
    Frame(FrameError),
    /// The configured transport makes no sense.
    Transport(ConfigError),
    /// The key exchange failed.
    Handshake(HandshakeError),
    /// No answer came in the key exchange.
    HandshakeTimeout,
    /// The server broke a rule.
    Peer(PeerMisbehaved),
    /// The server sent a transport error.
    Refused(TransportError),
    /// The server does not know the authorization key.
    ///
    /// Anybody on the way can say so. Only when a second stream says it without a valid message in between is it
    /// confirmed, and the key worth giving up.
    KeyUnknown {
        /// Whether two streams in a row said so.
        confirmed: bool,
    },
    /// The server refused to bind the temporary key. The next stream makes another one.
    ///
    /// The permanent key is worth giving up only if it is older than a minute, see
    /// <https://core.telegram.org/api/pfs>.
    BindingRefused,
    /// The server did not answer a ping.
    PongTimeout,
    /// The server answered `destroy_auth_key`: the key and the connection are of no use any more.
    KeyDestroyed,
}

impl ConnectionError {
    /// What to do about it.
    #[must_use]
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::KeyUnknown { confirmed: true } | Self::KeyDestroyed => Disposition::RenewKey,
            _ => Disposition::Close,
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("the server closed the stream"),
            Self::Local => f.write_str("closed by the caller"),
            Self::Frame(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::HandshakeTimeout => f.write_str("the server did not answer in the key exchange"),
            Self::Peer(rule) => rule.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::KeyUnknown { confirmed } => {
                f.write_str("the server does not know the authorization key")?;
                f.write_str(if *confirmed { ", twice" } else { "" })
            }
            Self::BindingRefused => f.write_str("the server refused to bind the temporary key"),
            Self::PongTimeout => f.write_str("the server did not answer a ping"),
            Self::KeyDestroyed => f.write_str("the authorization key was destroyed as asked"),
        }
    }
}

impl core::error::Error for ConnectionError {}

/// Something worth knowing that ended nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A message broke a rule and had no effect. A server told the client so, if there is a code for it.
    Refused {
        /// The message.
        msg_id: MsgId,
        /// The rule.
        rule: PeerMisbehaved,
    },
    /// A message broke a rule that real peers break, and was accepted all the same.
    Tolerated {
        /// The message.
        msg_id: MsgId,
        /// The rule.
        rule: PeerMisbehaved,
    },
    /// The clock was corrected by what the server said.
    ClockCorrected {
        /// Seconds that the server's clock is ahead of the one given at the start.
        offset_secs: i64,
    },
    /// The server named another salt, which is in use from now on.
    SaltChanged(ServerSalt),
    /// The server refused one of our messages with this code of `bad_msg_notification`.
    MessageRefused {
        /// The message.
        msg_id: MsgId,
        /// The code.
        code: i32,
    },
    /// An acknowledgement or a request named a message that was never sent, or is forgotten.
    UnknownMessage(MsgId),
    /// A transport error came that asks for nothing.
    TransportError(TransportError),
    /// A quick acknowledgement matches nothing sent.
    UnknownQuickAck(u32),
    /// A limit was reached and something old was dropped to stay within it.
    LimitReached(Limit),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { msg_id, rule } => write!(f, "message {msg_id} dropped: {rule}"),
            Self::Tolerated { msg_id, rule } => {
                write!(f, "message {msg_id} accepted though {rule}")
            }
            Self::ClockCorrected { offset_secs } => {
                write!(f, "the server's clock is {offset_secs} s ahead")
            }
            Self::SaltChanged(salt) => write!(f, "new server salt {salt}"),
            Self::MessageRefused { msg_id, code } => {
                write!(f, "the server refused message {msg_id} with code {code}")
            }
            Self::UnknownMessage(msg_id) => {
                write!(f, "the peer named message {msg_id}, never sent")
            }
            Self::TransportError(error) => error.fmt(f),
            Self::UnknownQuickAck(token) => write!(f, "quick ack {token:08x} matches nothing sent"),
            Self::LimitReached(limit) => write!(f, "limit reached: {limit}"),
        }
    }
}

/// The limits that can be reached; their values are in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Messages that wait for a stream.
    QueuedMessages,
    /// Messages kept until the peer acknowledges them.
    UnackedMessages,
    /// Queries without an answer.
    PendingQueries,
    /// Sessions of one key.
    SessionsPerKey,
    /// Connections.
    Connections,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueuedMessages => "messages waiting for a stream",
            Self::UnackedMessages => "messages waiting for their acknowledgement",
            Self::PendingQueries => "queries without an answer",
            Self::SessionsPerKey => "sessions of one authorization key",
            Self::Connections => "connections",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_misbehaviour_names_its_rule_and_explains_itself() {
        for &rule in PeerMisbehaved::ALL {
            assert!(crate::rules::find(rule.rule()).is_some(), "{rule}");
            assert!(rule.to_string().contains(rule.rule()));
        }
    }
}
