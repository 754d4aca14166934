//! Sessions: everything that happens under one authorization key and one `session_id`, in either role.
//!
//! A session outlives byte streams, and several streams may carry one session. It knows nothing of transports and
//! ciphers: it takes opened messages ([`Header`](crate::message::Header) and body) and gives [`Packet`]s
//! to be sealed. [`ClientSession`] and [`ServerSession`] share one ledger of what was sent and received, in which
//! the role is data; each rule set has a file of its own.
//!
//! Sections: <https://core.telegram.org/mtproto/description#session>,
//! <https://core.telegram.org/mtproto/service_messages>,
//! <https://core.telegram.org/mtproto/service_messages_about_messages>.

use core::fmt;

mod acks;
mod admit;
mod client;
mod client_service;
mod clock;
mod common;
mod event;
mod ledger;
mod msg_id;
mod order;
mod outbox;
mod packet;
mod queries;
mod received;
mod refused;
mod salts;
mod sent;
mod seq_no;
mod server;
mod server_service;
mod unpack;

pub use acks::MAX_IDS;
pub use client::ClientSession;
pub use clock::WallClock;
pub use event::{Pong, QueryFailure, QueryOptions, SendError, ServerSessionEvent, SessionEvent};
pub use msg_id::{FUTURE_SECS, PAST_SECS};
pub(crate) use msg_id::{Flow, MsgIds};
pub use packet::{Content, InnerMessage, Packet};
pub use received::state;
pub use salts::{SALT_PERIOD_SECS, SaltBook, SaltOwner, SaltSchedule};
pub use server::{ServerSession, Surroundings, Verdict};

/// The side of a session that we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that chose the `session_id` and sends queries.
    Client,
    /// The side that answers them.
    Server,
}

/// A client's name of a query. It stays the same though the query may be sent under several message identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(pub u64);

/// A client's name of a ping, which is also its `ping_id` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PingId(pub i64);

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
