//! The byte streams of an endpoint.

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, VecDeque};

use super::timers::Owner;
use super::{CloseReason, ConnectionId, Endpoint, ServerEvent, SessionKey};
use crate::config::ServerConfig;
use crate::error::TransportError;
use crate::handshake::Reply;
use crate::ids::MsgId;
use crate::time::{Duration, Instant};
use crate::transport::Framer;

/// What carries the messages of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    /// A byte stream: TCP, or the stream inside a WebSocket. Its transport is found out from its first bytes.
    Stream,
    /// Whole messages, one HTTP body each: [`Endpoint::handle_payload`] in, bare payloads out.
    Payloads,
}

/// Something to send that belongs to no session.
#[derive(Debug)]
pub(super) enum Control {
    KeyExchange { msg_id: MsgId, reply: Box<Reply> },
    QuickAck(u32),
    TransportError(TransportError),
}

#[derive(Debug)]
pub(super) struct Connection {
    /// Absent while its frames are handled, and for [`Listen::Payloads`].
    pub(super) framer: Option<Framer>,
    pub(super) is_detected: bool,
    pub(super) control: VecDeque<Control>,
    /// Whether it stands in the endpoint's queue of ready streams.
    pub(super) is_queued: bool,
    pub(super) paused: bool,
    /// Sessions that this stream carries.
    pub(super) sessions: BTreeSet<SessionKey>,
    /// Transport errors sent.
    pub(super) errors: u8,
    pub(super) deadline: Option<Instant>,
    /// The delay that the client set with `ping_delay_disconnect`.
    pub(super) ping_delay: Option<Duration>,
    /// Set once the stream is closed; only what waits in `control` still leaves.
    pub(super) is_closed: bool,
}

impl Connection {
    pub(super) fn new(config: &ServerConfig, listen: Listen) -> Self {
        let framer = match listen {
            Listen::Stream => Some(Framer::server(config.transport.clone(), config.frames)),
            Listen::Payloads => None,
        };
        Self {
            framer,
            is_detected: false,
            control: VecDeque::new(),
            is_queued: false,
            paused: false,
            sessions: BTreeSet::new(),
            errors: 0,
            deadline: None,
            ping_delay: None,
            is_closed: false,
        }
    }
}

impl Endpoint {
    pub(super) fn is_open(&self, id: ConnectionId) -> bool {
        self.connections
            .get(&id)
            .is_some_and(|connection| !connection.is_closed)
    }

    pub(super) fn make_ready(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id)
            && !connection.is_queued
            && !connection.paused
            && !connection.control.is_empty()
        {
            connection.is_queued = true;
            self.ready_connections.push_back(id);
        }
    }

    /// Ends a stream. Its sessions wait for another one; its last control messages still leave.
    ///
    /// It is forgotten once the driver reads the event, which it does after it drained what leaves.
    pub(super) fn close_with(&mut self, now: Instant, id: ConnectionId, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if connection.is_closed {
            return;
        }
        connection.is_closed = true;
        let sessions = core::mem::take(&mut connection.sessions);
        let deadline = connection.deadline.take();
        if matches!(reason, CloseReason::Eof | CloseReason::SlowReader) {
            connection.control.clear();
        }
        self.timers
            .reschedule(Owner::Connection(id), deadline, None);
        for key in sessions {
            self.detach(now, key, id);
        }
        self.events.push_back(ServerEvent::ConnectionClosed {
            connection: id,
            reason,
        });
    }

    /// Something of use came. It does not put off the end that the client itself asked for: only another ping does.
    pub(super) fn on_activity(&mut self, id: ConnectionId, now: Instant) {
        let has_own_delay = self
            .connections
            .get(&id)
            .is_some_and(|connection| connection.ping_delay.is_some());
        if !has_own_delay {
            self.set_idle_deadline(id, now);
        }
    }

    /// The time at which the stream is closed unless something of use comes.
    pub(super) fn set_idle_deadline(&mut self, id: ConnectionId, now: Instant) {
        let idle = self.config.idle_timeout;
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let delay = connection.ping_delay.or(idle);
        let deadline = delay.map(|delay| now.saturating_add(delay));
        let old = core::mem::replace(&mut connection.deadline, deadline);
        self.timers.reschedule(Owner::Connection(id), old, deadline);
    }

    pub(super) fn on_connection_deadline(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.deadline = None;
        let reason = if connection.ping_delay.is_some() {
            CloseReason::PingDelay
        } else {
            CloseReason::Idle
        };
        self.close_with(now, id, reason);
    }

    /// Tells the client a transport error, and closes the stream if that happened too often.
    pub(super) fn refuse_frame(&mut self, now: Instant, id: ConnectionId, error: TransportError) {
        self.queue_control(now, id, Control::TransportError(error));
        let limit = self.config.transport_errors;
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.errors = connection.errors.saturating_add(1);
        if connection.errors >= limit {
            self.close_with(now, id, CloseReason::TransportError(error));
        }
    }
}
