//! What a client's connection tells its driver.

use alloc::vec::Vec;

use crate::crypto::auth_key::AuthKey;
use crate::error::{ConnectionError, Notice};
use crate::ids::{DcId, MsgId, ServerSalt, SessionId};
use crate::rpc::RpcError;
use crate::session::{Pong, QueryFailure, QueryId, SessionEvent};

/// Bytes to send were appended to the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// How many.
    pub len: usize,
}

/// What a client keeps of a login between runs. The permanent key is as good as the account: keep it secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedKeys {
    /// The data centre.
    pub dc: DcId,
    /// The permanent authorization key.
    pub auth_key: AuthKey,
    /// The salt known last; any number will do, at the price of one more round trip.
    pub server_salt: ServerSalt,
    /// Seconds that the server's clock is ahead of the one given at the start.
    pub clock_offset_secs: i64,
}

/// What happened on a client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The key exchange made a permanent key. Store it.
    AuthKeyCreated(SavedKeys),
    /// A temporary key was made and bound; queries travel under it from now on. Send `initConnection` again.
    TemporaryKeyBound {
        /// Unix time in seconds at which it ends.
        expires_at: i32,
    },
    /// Queries can travel. They may be given at any time before, and wait until then.
    Ready {
        /// The session.
        session_id: SessionId,
        /// The salt of its first message.
        server_salt: ServerSalt,
    },
    /// The server has the query; its answer is still to come.
    QueryAcked(QueryId),
    /// The query ended with an answer.
    QueryAnswered {
        /// The query.
        id: QueryId,
        /// A boxed object, inflated, or the error in its place.
        result: Result<Vec<u8>, RpcError>,
    },
    /// The query ended without an answer.
    QueryFailed {
        /// The query.
        id: QueryId,
        /// Why.
        reason: QueryFailure,
    },
    /// The server sent an object of its own accord.
    Update(Vec<u8>),
    /// The server made the session anew: updates may have been missed.
    NewSession {
        /// Messages below this identifier did not reach the new session.
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
    /// The answer to `destroy_auth_key`: whether the key is gone from the server.
    AuthKeyDestroyed {
        /// Gone, or never known.
        gone: bool,
    },
    /// Something worth knowing.
    Notice(Notice),
    /// The stream ended. Pending queries wait for [`Connection::reconnect`](super::Connection::reconnect), unless the
    /// caller closed the connection, which ended them before this event.
    Closed(ConnectionError),
}

impl From<SessionEvent> for Event {
    fn from(event: SessionEvent) -> Self {
        match event {
            SessionEvent::QueryAcked(id) => Self::QueryAcked(id),
            SessionEvent::QueryAnswered { id, result } => Self::QueryAnswered { id, result },
            SessionEvent::QueryFailed { id, reason } => Self::QueryFailed { id, reason },
            SessionEvent::Update(body) => Self::Update(body),
            SessionEvent::NewSession {
                first_msg_id,
                unique_id,
            } => Self::NewSession {
                first_msg_id,
                unique_id,
            },
            SessionEvent::Pong(pong) => Self::Pong(pong),
            SessionEvent::SessionDestroyed {
                session_id,
                existed,
            } => Self::SessionDestroyed {
                session_id,
                existed,
            },
            SessionEvent::AuthKeyDestroyed { gone } => Self::AuthKeyDestroyed { gone },
            SessionEvent::Notice(notice) => Self::Notice(notice),
        }
    }
}
