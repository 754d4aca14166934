//! HTTP: a payload per request, a payload per response, and requests that wait for something to be answered with.
//!
//! Section: <https://core.telegram.org/mtproto/transports#http>.

use std::time::Duration;

use mtproto_core::endpoint::{ConnectionId, Outgoing, OutgoingMessage};
use mtproto_core::time::Instant;
use mtproto_core::transport::carrier::CarrierError;

use super::Hub;
use crate::net::PeerId;
use crate::notice::Shed;

/// How long a request waits if its client did not say (`http_wait`).
const MAX_WAIT: Duration = Duration::from_secs(25);

/// The longest wait that a client gets.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

impl Hub {
    /// Carries out the requests that have arrived, each once the one before is answered.
    pub(super) fn http_requests(&mut self, now: Instant, id: PeerId, connection: ConnectionId) {
        loop {
            // A client that asks again while it waits needs the answer to its first question, whatever it is.
            self.end_poll(now, id);
            let Some(peer) = self.state.peers.get_mut(&id) else {
                return;
            };
            let Some(http) = peer.carrier.http() else {
                return;
            };
            let request = http.poll_request();
            match request {
                Ok(Some(request)) => {
                    self.endpoint
                        .handle_payload(now, connection, request.payload);
                }
                Ok(None) => {
                    self.say(now, id);
                    return;
                }
                Err(error) => {
                    self.say(now, id);
                    self.shed(now, id, Shed::Carrier(CarrierError::Http(error)));
                    return;
                }
            }
            peer.max_wait = MAX_WAIT;
            // First the queries, then one response that carries all of their answers.
            self.drain(now);
            self.endpoint.set_writable(now, connection, true);
            self.drain(now);
            self.heard(connection);
            if let Some(peer) = self.state.peers.get_mut(&id)
                && peer
                    .carrier
                    .http()
                    .is_some_and(|http| http.awaits_response())
            {
                let wait = peer.max_wait.min(LONGEST_WAIT);
                self.set_deadline(id, Some(now.saturating_add(wait)));
                if self.waits_alone(id) {
                    return;
                }
            }
        }
    }

    /// Whether no further request has arrived behind the one that waits.
    fn waits_alone(&mut self, id: PeerId) -> bool {
        self.state
            .peers
            .get_mut(&id)
            .and_then(|peer| peer.carrier.http())
            .is_none_or(|http| !http.has_more())
    }

    /// Answers the request that waits, if one does, although there is nothing to say.
    pub(super) fn end_poll(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.state.peers.get_mut(&id) else {
            return;
        };
        let waits = |peer: &mut super::Peer| {
            let http = peer.carrier.http();
            http.is_some_and(|http| http.awaits_response())
        };
        let Some(connection) = peer.connection.filter(|_| waits(peer)) else {
            return;
        };
        self.endpoint.send_nothing(now, connection);
        self.endpoint.set_writable(now, connection, true);
        self.drain(now);
        // A connection that carries no session has nothing to say it with.
        let state = &mut self.state;
        let Some(peer) = state.peers.get_mut(&id) else {
            return;
        };
        if let Some(http) = peer.carrier.http()
            && http.awaits_response()
        {
            state.wire.clear();
            http.respond(&[], &mut state.wire);
            self.answered(now, id, connection);
        }
    }

    /// Answers the request that waits with a frame of the endpoint.
    pub(super) fn respond(&mut self, now: Instant, id: PeerId, outgoing: Outgoing) {
        let connection = outgoing.connection;
        let error = match &outgoing.message {
            OutgoingMessage::TransportError(error) => Some(error.0),
            _ => None,
        };
        let state = &mut self.state;
        state.frame.clear();
        self.endpoint.seal(outgoing, &mut state.frame);
        let Some(http) = state
            .peers
            .get_mut(&id)
            .and_then(|peer| peer.carrier.http())
        else {
            return;
        };
        match error {
            Some(code) => http.respond_error(code, &mut state.wire),
            None => http.respond(&state.frame, &mut state.wire),
        }
        self.answered(now, id, connection);
    }

    fn answered(&mut self, now: Instant, id: PeerId, connection: ConnectionId) {
        self.set_deadline(id, None);
        self.write(now, id);
        self.endpoint.set_writable(now, connection, false);
        let peer = self.state.peers.get_mut(&id);
        let is_done = peer
            .and_then(|peer| peer.carrier.http())
            .is_some_and(|http| http.is_done());
        if is_done {
            self.endpoint.close(now, connection);
        }
    }

    /// Writes what the HTTP side says of its own accord.
    fn say(&mut self, now: Instant, id: PeerId) {
        let state = &mut self.state;
        if let Some(peer) = state.peers.get_mut(&id) {
            state.wire.clear();
            peer.carrier
                .poll_transmit(&mut self.random, &mut state.wire);
            self.write(now, id);
        }
    }
}
