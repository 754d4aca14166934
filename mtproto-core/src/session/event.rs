//! What happens in sessions: the options and ends of a client's queries, and the events of both roles.

use alloc::vec::Vec;
use core::fmt;

use super::{PingId, QueryId};
use crate::error::{Notice, PeerMisbehaved};
use crate::ids::{MsgId, SessionId};
use crate::rpc::RpcError;
use crate::time::Duration;

/// How a query is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Ask the server to confirm receipt at once, before it executes the query.
    pub quick_ack: bool,
    /// End the query with [`QueryFailure::TimedOut`] if no answer came in this time.
    pub timeout: Option<Duration>,
    /// Execute the query only after these have ended; of those that have ended already nothing is said.
    ///
    /// If one of them fails, or takes long, the query is sent again after it.
    pub after: Vec<QueryId>,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendError {
    /// The connection was closed for good.
    Closed,
    /// As many queries as [`SessionConfig::pending_queries`](crate::config::SessionConfig::pending_queries) allows wait for their answers.
    TooManyQueries,
    /// A body must be at least 4 bytes long, a multiple of 4, and below 16 MiB.
    BodyLength,
    /// The query has ended, or never was.
    UnknownQuery,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection was closed",
            Self::TooManyQueries => "too many queries wait for their answers",
            Self::BodyLength => "a body is a multiple of 4 bytes, neither empty nor above 16 MiB",
            Self::UnknownQuery => "there is no such query, or it has ended",
        })
    }
}

impl core::error::Error for SendError {}

/// Why a query ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryFailure {
    /// The caller cancelled it.
    Cancelled,
    /// The connection was closed for good before an answer came. The server may have executed the query.
    Closed,
    /// The server refused its message with this code of `bad_msg_notification`, for good or too often.
    Refused(i32),
    /// No answer came in the time given. The server may have executed the query.
    TimedOut,
    /// The answer broke a rule.
    UnusableAnswer(PeerMisbehaved),
}

impl fmt::Display for QueryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Closed => f.write_str("the connection was closed before an answer came"),
            Self::Refused(code) => write!(f, "the server refused the message with code {code}"),
            Self::TimedOut => f.write_str("no answer came in time"),
            Self::UnusableAnswer(rule) => write!(f, "the answer cannot be used: {rule}"),
        }
    }
}

impl core::error::Error for QueryFailure {}

/// A ping came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong {
    /// The ping.
    pub id: PingId,
    /// The time from sending it to this answer.
    pub round_trip: Duration,
}

/// What happened in a client's session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The server has the query; its answer is still to come.
    QueryAcked(QueryId),
    /// The query ended with an answer: a boxed object, or the error in its place.
    QueryAnswered {
        /// The query.
        id: QueryId,
        /// The result, already inflated.
        result: Result<Vec<u8>, RpcError>,
    },
    /// The query ended without an answer.
    QueryFailed {
        /// The query.
        id: QueryId,
        /// Why.
        reason: QueryFailure,
    },
    /// The server sent an object of its own accord, already inflated.
    Update(Vec<u8>),
    /// The server made the session anew: updates may have been missed.
    NewSession {
        /// Messages below this identifier did not reach the new session; queries among them leave again.
        first_msg_id: MsgId,
        /// The server's name of this incarnation.
        unique_id: i64,
    },
    /// A ping came back.
    Pong(Pong),
    /// The answer to `destroy_session`.
    SessionDestroyed {
        /// The other session.
        session_id: SessionId,
        /// Whether the server knew it.
        existed: bool,
    },
    /// The answer to `destroy_auth_key`: whether the key is gone from the server now.
    AuthKeyDestroyed {
        /// Gone, or never known.
        gone: bool,
    },
    /// Something worth knowing.
    Notice(Notice),
}

/// What happened in a server's session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerSessionEvent {
    /// The first message of the session was accepted, or one older than the first.
    Created {
        /// The lowest identifier accepted.
        first_msg_id: MsgId,
    },
    /// A query to execute and to answer once.
    Query {
        /// Its message.
        msg_id: MsgId,
        /// The boxed function, already inflated.
        body: Vec<u8>,
    },
    /// The client does not want the answer to this query, which was not answered yet.
    QueryDropped {
        /// The query's message.
        msg_id: MsgId,
    },
    /// The client has the answer to this query.
    AnswerAcked {
        /// The query's message.
        msg_id: MsgId,
    },
    /// `get_future_salts`, to be answered with [`ServerSession::send_salts`](super::ServerSession::send_salts).
    SaltsRequested {
        /// The request's message.
        msg_id: MsgId,
        /// How many, 1 to 64.
        count: usize,
    },
    /// `destroy_session`, to be answered with [`ServerSession::send_destroyed`](super::ServerSession::send_destroyed).
    DestroySession {
        /// The session to forget.
        session_id: SessionId,
    },
    /// `destroy_auth_key`, to be answered with [`ServerSession::send_key_destroyed`](super::ServerSession::send_key_destroyed).
    DestroyAuthKey,
    /// `ping_delay_disconnect`: the stream is to be closed unless another one comes in time.
    DisconnectAfter(Duration),
    /// `http_wait`: how long an HTTP response may be held back.
    HttpWait {
        /// From the first message to the response.
        max_delay: Duration,
        /// From the last message to the response.
        wait_after: Duration,
        /// If no message comes at all.
        max_wait: Duration,
    },
    /// A query came beyond the limit of pending ones; it was not taken up, and the stream should be closed.
    Overloaded,
    /// Something worth knowing.
    Notice(Notice),
}
