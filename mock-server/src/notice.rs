//! What a server says of its connections while it runs.

use std::fmt;
use std::net::SocketAddr;

use mtproto_core::endpoint::CloseReason;
use mtproto_core::transport::carrier::CarrierError;

use crate::door::{DoorError, Target};

/// Something about one connection that whoever runs the server may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The client's end of the connection.
    pub peer: SocketAddr,
    /// What happened.
    pub kind: NoticeKind,
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The server closed the connection to protect itself and the others.
    Shed(Shed),
    /// A client asked the proxy for an address that belongs to no DC, and is served by the default one.
    UnknownTarget {
        /// What it asked for.
        target: Target,
        /// The DC that serves it.
        dc: i32,
    },
}

/// Why a connection was closed by the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shed {
    /// There are as many connections as [`Limits::connections`](crate::Limits::connections) allows.
    TooManyConnections,
    /// No message came within [`Limits::opening_timeout`](crate::Limits::opening_timeout).
    Silent,
    /// Nothing was read of what waits for it within [`Limits::write_timeout`](crate::Limits::write_timeout).
    SlowReader,
    /// Its bytes are no proxy request.
    Door(DoorError),
    /// Its bytes are no WebSocket, TLS hello or HTTP request that this server takes.
    Carrier(CarrierError),
    /// The protocol gave it up.
    Protocol(CloseReason),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer;
        match &self.kind {
            NoticeKind::Shed(reason) => write!(f, "{peer} was disconnected: {reason}"),
            NoticeKind::UnknownTarget { target, dc } => write!(
                f,
                "{peer} asked for {target}, which belongs to no DC; DC {dc} serves it"
            ),
        }
    }
}

impl fmt::Display for Shed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyConnections => f.write_str("there are too many connections"),
            Self::Silent => f.write_str("it said nothing in the time allowed"),
            Self::SlowReader => f.write_str("it does not read what is sent to it"),
            Self::Door(error) => error.fmt(f),
            Self::Carrier(error) => error.fmt(f),
            Self::Protocol(reason) => reason.fmt(f),
        }
    }
}
