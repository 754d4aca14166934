//! What a call leaves behind: a reply, updates for others, and work for the driver.

use tl_parser::Value;

use crate::error::RpcError;

/// The session that made a call; updates that its own reply already carries are not sent to it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionRef {
    /// The permanent authorization key.
    pub auth_key_id: i64,
    /// The session under that key.
    pub session_id: i64,
}

/// Updates for the sessions of some authorization keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// Permanent authorization keys, sorted; every session of each that asked for updates gets a copy.
    pub to: Vec<i64>,
    /// The one session that must not get it, because it made the call.
    pub except: Option<SessionRef>,
    /// An `Updates` object in terms of the newest layer.
    pub update: Value,
}

/// Work that only the driver can do. Effects are carried out before the reply leaves.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// The authorization of a key ended: its other sessions must be closed or answered with `AUTH_KEY_UNREGISTERED`.
    AuthorizationEnded {
        /// The permanent authorization key.
        auth_key_id: i64,
    },
    /// The reply of this call is not known yet.
    ///
    /// Hold it back until an [`Effect::Answer`] with the same ticket comes out of another call;
    /// at `until` send the reply of this outcome, which is the one for "nobody answered".
    AwaitAnswer {
        /// Names the waiting call.
        ticket: i64,
        /// Unix seconds.
        until: i64,
    },
    /// The reply for a call that waits.
    Answer {
        /// The ticket of [`Effect::AwaitAnswer`].
        ticket: i64,
        /// What to reply.
        reply: Result<Value, RpcError>,
    },
    /// An e-mail with a code was sent; nothing leaves the server, so its log is where a person reads it.
    EmailSent {
        /// Who gets it.
        address: String,
        /// The code in it.
        code: String,
    },
    /// Nobody implements this function; the driver's journal shall say so loudly.
    Unimplemented {
        /// Name of the function.
        function: String,
    },
}

/// Everything that follows from one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The result of the call, in terms of the newest layer.
    pub reply: Result<Value, RpcError>,
    /// Updates for others, in the order in which they happened.
    pub pushes: Vec<Push>,
    /// Work for the driver, in order.
    pub effects: Vec<Effect>,
}
