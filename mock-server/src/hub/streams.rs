//! From the bytes of a socket to the endpoint and back: the proxy's door, then the carrier.

use std::borrow::Cow;
use std::net::SocketAddr;

use mtproto_core::endpoint::{ConnectionId, Listen, Outgoing};
use mtproto_core::time::Instant;
use mtproto_core::transport::carrier::Carrier;

use super::{Hub, Peer};
use crate::addresses;
use crate::door::{Target, TargetHost};
use crate::net::PeerId;
use crate::notice::{NoticeKind, Shed};
use crate::record::Side;

impl Hub {
    pub(super) fn opened(&mut self, now: Instant, id: PeerId, peer: Peer) {
        let is_full = self.state.peers.len() >= self.limits.connections;
        self.state.peers.insert(id, peer);
        if is_full {
            self.shed(now, id, Shed::TooManyConnections);
            return;
        }
        let due = now.saturating_add(self.limits.opening_timeout);
        self.set_deadline(id, Some(due));
    }

    /// The client's first message has come.
    pub(super) fn heard(&mut self, connection: ConnectionId) {
        if let Some((id, peer)) = self.peer_of(connection)
            && std::mem::replace(&mut peer.is_opening, false)
        {
            self.set_deadline(id, None);
        }
    }

    pub(super) fn received(&mut self, now: Instant, id: PeerId, bytes: &[u8]) {
        // The hub may have closed the connection while these bytes were on their way to it.
        let Some(bytes) = self.through_door(now, id, bytes) else {
            return;
        };
        let unix = self.clock.unix(now);
        self.recording.data(id, Side::Client, &bytes, unix);
        let state = &mut self.state;
        let Some(peer) = state.peers.get_mut(&id) else {
            return;
        };
        if peer.carrier.carrier() == Some(Carrier::Direct)
            && let Some(connection) = peer.connection
        {
            self.endpoint.handle_bytes(now, connection, &bytes);
            return;
        }
        let mut stream = Vec::new();
        let taken = peer
            .carrier
            .handle_bytes(unix, &bytes, &mut state.replays, &mut stream);
        state.wire.clear();
        peer.carrier
            .poll_transmit(&mut self.random, &mut state.wire);
        let carrier = peer.carrier.carrier();
        let (is_done, known) = (peer.carrier.is_done(), peer.connection);
        self.write(now, id);
        if let Err(error) = taken {
            self.shed(now, id, Shed::Carrier(error));
            return;
        }
        let Some(carrier) = carrier else {
            return;
        };
        let Some(connection) = known.or_else(|| self.accept(now, id, carrier)) else {
            return;
        };
        if carrier == Carrier::Http {
            self.http_requests(now, id, connection);
            return;
        }
        self.endpoint.handle_bytes(now, connection, &stream);
        if is_done {
            self.hung_up(now, id);
        }
    }

    /// Takes bytes through the proxy's door; nothing while the client is still on the doorstep.
    fn through_door<'a>(
        &mut self,
        now: Instant,
        id: PeerId,
        bytes: &'a [u8],
    ) -> Option<Cow<'a, [u8]>> {
        let peer = self.state.peers.get_mut(&id)?;
        let Some(door) = &mut peer.door else {
            return Some(Cow::Borrowed(bytes));
        };
        let mut reply = Vec::new();
        let passed = door.handle_bytes(bytes, &mut reply);
        if !reply.is_empty() {
            peer.outbox.send(&reply, self.limits.send_queue);
        }
        match passed {
            Ok(None) => None,
            Err(error) => {
                self.shed(now, id, Shed::Door(error));
                None
            }
            Ok(Some(passed)) => {
                peer.door = None;
                let (address, local) = (peer.address, peer.local);
                // What was said at the door is between client and proxy and does not belong to the capture.
                let unix = self.clock.unix(now);
                self.recording.opened(id, address, local, unix);
                if let Some(target) = passed.target {
                    self.route(id, target);
                }
                (!passed.rest.is_empty()).then_some(Cow::Owned(passed.rest))
            }
        }
    }

    /// Connects a client of the proxy to the DC that it means.
    fn route(&mut self, id: PeerId, target: Target) {
        let is_ours = |address: &SocketAddr| target.host == TargetHost::Ip(address.ip());
        let listener = self
            .listeners
            .iter()
            .find(|(address, _)| is_ours(address) && address.port() == target.port);
        let dc = match listener {
            Some((_, dc)) => *dc,
            // One client dials port 80 whatever the configuration says.
            None if self.listeners.iter().any(|(address, _)| is_ours(address)) => None,
            None => {
                let known = addresses::dc_of(&target.host).filter(|dc| self.rpc.has_dc(*dc));
                if known.is_none()
                    && let Some(address) = self.state.peers.get(&id).map(|peer| peer.address)
                {
                    let dc = self.rpc.default_dc();
                    self.note(address, NoticeKind::UnknownTarget { target, dc });
                }
                Some(known.unwrap_or_else(|| self.rpc.default_dc()))
            }
        };
        if let Some(peer) = self.state.peers.get_mut(&id) {
            peer.dc = dc.or(peer.dc);
        }
    }

    fn accept(&mut self, now: Instant, id: PeerId, carrier: Carrier) -> Option<ConnectionId> {
        let listen = match carrier {
            Carrier::Http => Listen::Payloads,
            _ => Listen::Stream,
        };
        let Some(connection) = self.endpoint.accept(now, listen) else {
            self.shed(now, id, Shed::TooManyConnections);
            return None;
        };
        if listen == Listen::Payloads {
            // A response needs a request.
            self.endpoint.set_writable(now, connection, false);
        }
        self.state.by_connection.insert(connection, id);
        self.state.peers.get_mut(&id)?.connection = Some(connection);
        Some(connection)
    }

    /// Sends one frame of the endpoint in the form of the connection's carrier.
    pub(super) fn send(&mut self, now: Instant, outgoing: Outgoing) {
        self.heard(outgoing.connection);
        let state = &mut self.state;
        let Some(id) = state.by_connection.get(&outgoing.connection).copied() else {
            return;
        };
        let Some(peer) = state.peers.get_mut(&id) else {
            return;
        };
        state.wire.clear();
        match peer.carrier.carrier() {
            Some(Carrier::Http) => {
                self.respond(now, id, outgoing);
                return;
            }
            Some(Carrier::Direct) => {
                self.endpoint.seal(outgoing, &mut state.wire);
            }
            _ => {
                state.frame.clear();
                self.endpoint.seal(outgoing, &mut state.frame);
                peer.carrier
                    .write(&state.frame, &mut self.random, &mut state.wire);
            }
        }
        self.write(now, id);
    }

    /// Gives what is in `wire` to the socket. If too much waits there, the endpoint keeps the rest.
    pub(super) fn write(&mut self, now: Instant, id: PeerId) {
        let state = &mut self.state;
        let Some(peer) = state.peers.get_mut(&id) else {
            return;
        };
        if state.wire.is_empty() {
            return;
        }
        // Later than the query's own time by what it took to answer it, which a capture should show.
        let unix = self.clock.unix(self.clock.now());
        self.recording.data(id, Side::Server, &state.wire, unix);
        let is_full = peer.outbox.send(&state.wire, self.limits.send_queue);
        if let Some(connection) = peer.connection.filter(|_| is_full) {
            self.endpoint.set_writable(now, connection, false);
        }
    }

    /// The socket has taken everything.
    pub(super) fn writable(&mut self, now: Instant, id: PeerId) {
        if let Some(peer) = self.state.peers.get_mut(&id)
            && let Some(connection) = peer.connection
        {
            let waits = peer
                .carrier
                .http()
                .is_some_and(|http| !http.awaits_response());
            self.endpoint.set_writable(now, connection, !waits);
        }
    }

    /// The client has closed its side.
    pub(super) fn hung_up(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.state.peers.get_mut(&id) else {
            return;
        };
        peer.ended_by = Side::Client;
        match peer.connection {
            Some(connection) => self.endpoint.handle_eof(now, connection),
            None => self.forget(now, id),
        }
    }
}
