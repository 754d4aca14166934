//! What an endpoint tells its driver.

use alloc::vec::Vec;
use core::fmt;

use crate::error::{Notice, PeerMisbehaved, TransportError};
use crate::ids::{AuthKeyId, DcId, MsgId, SeqNo, SessionId};
use crate::time::{Duration, UnixTime};
use crate::transport::{Detected, FrameError};

/// The endpoint's name of a byte stream. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The endpoint's name of a query. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What names a session: clients choose the second half, so that two keys may use the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// The authorization key.
    pub auth_key_id: AuthKeyId,
    /// The session under it.
    pub session_id: SessionId,
}

impl SessionKey {
    /// The range of all sessions under one key.
    pub(super) const fn range_of(auth_key_id: AuthKeyId) -> core::ops::RangeInclusive<Self> {
        let first = Self {
            auth_key_id,
            session_id: SessionId(i64::MIN),
        };
        let last = Self {
            auth_key_id,
            session_id: SessionId(i64::MAX),
        };
        first..=last
    }
}

/// What happened at a server's endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// The first bytes of a stream told its transport.
    TransportDetected {
        /// The stream.
        connection: ConnectionId,
        /// The transport, whether it is obfuscated, and the data centre asked for.
        detected: Detected,
    },
    /// A client made an authorization key. It is in the store.
    AuthKeyCreated {
        /// The stream.
        connection: ConnectionId,
        /// The key.
        auth_key_id: AuthKeyId,
        /// The data centre that the client named, if it named one.
        dc: Option<DcId>,
        /// When the key ends, if it is a temporary one.
        expires_at: Option<UnixTime>,
    },
    /// A temporary key now acts for a permanent one.
    AuthKeyBound {
        /// The stream.
        connection: ConnectionId,
        /// The temporary key.
        temporary: AuthKeyId,
        /// The permanent key.
        permanent: AuthKeyId,
        /// When the binding ends.
        expires_at: UnixTime,
    },
    /// A key is gone from the store: its client destroyed it, it came to its end, or it was idle for longest when others
    /// needed its place.
    AuthKeyDestroyed {
        /// The key.
        auth_key_id: AuthKeyId,
    },
    /// A session accepted its first message.
    SessionCreated {
        /// The session.
        key: SessionKey,
        /// The stream that carries it.
        connection: ConnectionId,
    },
    /// A session goes on over another stream.
    SessionMoved {
        /// The session.
        key: SessionKey,
        /// The stream that carries it from now on.
        connection: ConnectionId,
    },
    /// A session was destroyed by the client, or forgotten because of a limit or of its age.
    SessionDestroyed {
        /// The session.
        key: SessionKey,
    },
    /// A query to execute, once, and to answer with [`Endpoint::answer`](super::Endpoint::answer).
    Query {
        /// Its name.
        request: RequestId,
        /// The stream that carried it.
        connection: ConnectionId,
        /// The session.
        key: SessionKey,
        /// The permanent key that the caller's login belongs to; none under a temporary key that is not bound.
        login_key: Option<AuthKeyId>,
        /// The message that carried it.
        msg_id: MsgId,
        /// The boxed function of the API, inflated.
        body: Vec<u8>,
    },
    /// The client does not want the answer to a query any more; an answer given now goes nowhere.
    QueryDropped {
        /// The query.
        request: RequestId,
    },
    /// A client has the answer to the query that came as this message.
    AnswerAcked {
        /// The session.
        key: SessionKey,
        /// The query's message.
        msg_id: MsgId,
    },
    /// An encrypted message came: one for each frame, before what it causes. For journals.
    MessageReceived {
        /// The stream.
        connection: ConnectionId,
        /// The session.
        key: SessionKey,
        /// The message, or the container.
        msg_id: MsgId,
        /// Its sequence number.
        seq_no: SeqNo,
        /// Bytes of its body.
        bytes: usize,
    },
    /// `http_wait` came: how long the next HTTP response may be held back.
    HttpWait {
        /// The stream.
        connection: ConnectionId,
        /// From the first message to the response.
        max_delay: Duration,
        /// From the last message to the response.
        wait_after: Duration,
        /// If no message comes at all.
        max_wait: Duration,
    },
    /// Close the stream, once everything outgoing for it is written. With this event the endpoint forgets it.
    ConnectionClosed {
        /// The stream.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Something worth knowing.
    Notice {
        /// The stream.
        connection: ConnectionId,
        /// The session, if it concerns one.
        key: Option<SessionKey>,
        /// What.
        notice: Notice,
    },
}

/// Why a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client closed it.
    Eof,
    /// The driver closed it.
    Local,
    /// Its bytes are no frames.
    Frame(FrameError),
    /// Its frames are no messages.
    Misbehaved(PeerMisbehaved),
    /// The client was told this error too often, or in a case that leaves nothing to say after it.
    TransportError(TransportError),
    /// No ping came within the delay that the client had set itself.
    PingDelay,
    /// The client sent nothing of use in the time allowed.
    Idle,
    /// The client does not read what is sent to it.
    SlowReader,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("the client closed the stream"),
            Self::Local => f.write_str("closed by the server"),
            Self::Frame(error) => error.fmt(f),
            Self::Misbehaved(rule) => rule.fmt(f),
            Self::TransportError(error) => error.fmt(f),
            Self::PingDelay => f.write_str("no ping came within the delay that the client had set"),
            Self::Idle => f.write_str("the client sent nothing of use in the time allowed"),
            Self::SlowReader => f.write_str("the client does not read what is sent to it"),
        }
    }
}
