//! The one task that owns the protocol and the world.
//!
//! Single-threaded on purpose: the order of events is the order in which bytes arrived, and nothing needs a lock.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mtproto_core::endpoint::{ConnectionId, Endpoint, Listen, ServerEvent};
use mtproto_core::key_log::{self, KeyLog, Secret};
use mtproto_core::time::{Instant, UnixTime};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::net::{Input, Outbox, PeerId};
use crate::record::Side;
use crate::record::files::Recording;
use crate::rpc::{Action, Query, Rpc};

/// Secrets that the endpoint told and the recording has not written yet.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Vec<String>>);

impl Secrets {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl KeyLog for Secrets {
    fn log(&self, secret: &Secret<'_>) {
        let line = key_log::line(secret);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}

/// A connection, as the hub knows it.
#[derive(Debug)]
struct Peer {
    connection: ConnectionId,
    ip: String,
    outbox: Outbox,
    /// The side that ends the stream first, for the capture.
    ended_by: Side,
}

/// Everything that the server is, but for its sockets.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) clock: Clock,
    pub(crate) endpoint: Endpoint,
    pub(crate) rpc: Rpc,
    pub(crate) recording: Recording,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) address: SocketAddr,
    peers: BTreeMap<PeerId, Peer>,
    by_connection: BTreeMap<ConnectionId, PeerId>,
}

impl Hub {
    pub(crate) fn new(
        clock: Clock,
        endpoint: Endpoint,
        rpc: Rpc,
        recording: Recording,
        secrets: Arc<Secrets>,
        address: SocketAddr,
    ) -> Self {
        Self {
            clock,
            endpoint,
            rpc,
            recording,
            secrets,
            address,
            peers: BTreeMap::new(),
            by_connection: BTreeMap::new(),
        }
    }

    /// Serves until told to stop, or until every sender of `inputs` is gone.
    pub(crate) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let stopped = loop {
            let input = match self.deadline() {
                Some(at) => tokio::select! {
                    input = inputs.recv() => input,
                    () = tokio::time::sleep_until(at) => {
                        self.timeout();
                        continue;
                    }
                },
                None => inputs.recv().await,
            };
            match input {
                Some(Input::Stop(done)) => break Some(done),
                Some(input) => self.handle(input),
                None => break None,
            }
        };
        self.close_all();
        report_end(stopped);
    }

    fn deadline(&self) -> Option<tokio::time::Instant> {
        let protocol = self.endpoint.poll_timeout();
        let world = self.rpc.poll_timeout().map(|second| {
            let unix = UnixTime::from_secs(u64::try_from(second).unwrap_or(0));
            let since_start = unix
                .as_nanos()
                .saturating_sub(self.clock.unix_at_start().as_nanos());
            Instant::from_nanos(since_start)
        });
        let next = [protocol, world].into_iter().flatten().min()?;
        Some(self.clock.deadline(next))
    }

    fn timeout(&mut self) {
        let now = self.clock.now();
        self.endpoint.handle_timeout(now);
        let mut actions = Vec::new();
        self.rpc.handle_timeout(self.world_time(now), &mut actions);
        self.act(now, actions);
        self.drain(now);
    }

    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Opened {
                peer,
                address,
                outbox,
            } => self.opened(now, peer, address, outbox),
            Input::Bytes { peer, bytes } => {
                // The hub may have closed the connection while these bytes were on their way to it.
                if let Some(connection) = self.connection_of(peer) {
                    let unix = self.clock.unix(now);
                    self.recording.data(peer, Side::Client, &bytes, unix);
                    self.endpoint.handle_bytes(now, connection, &bytes);
                }
            }
            Input::Closed { peer } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.ended_by = Side::Client;
                    self.endpoint.handle_eof(now, peer.connection);
                }
            }
            Input::Stop(_) => {}
        }
        self.drain(now);
    }

    fn connection_of(&self, peer: PeerId) -> Option<ConnectionId> {
        self.peers.get(&peer).map(|peer| peer.connection)
    }

    fn opened(&mut self, now: Instant, id: PeerId, address: SocketAddr, outbox: Outbox) {
        let unix = self.clock.unix(now);
        self.recording.opened(id, address, self.address, unix);
        let Some(connection) = self.endpoint.accept(now, Listen::Stream) else {
            tracing::warn!(%address, "too many connections");
            self.recording.closed(id, Side::Server, unix);
            return;
        };
        self.by_connection.insert(connection, id);
        let peer = Peer {
            connection,
            ip: address.ip().to_string(),
            outbox,
            ended_by: Side::Server,
        };
        self.peers.insert(id, peer);
    }

    /// Takes everything that the endpoint has to send and to say, which in turn gives it more to send.
    fn drain(&mut self, now: Instant) {
        loop {
            for line in self.secrets.take() {
                self.recording.key(&line);
            }
            while let Some(outgoing) = self.endpoint.next_outgoing(now) {
                let mut bytes = Vec::new();
                let connection = self.endpoint.seal(outgoing, &mut bytes);
                self.send(now, connection, bytes);
            }
            match self.endpoint.poll_event() {
                Some(event) => self.event(now, event),
                None => return,
            }
        }
    }

    fn event(&mut self, now: Instant, event: ServerEvent) {
        match event {
            ServerEvent::Query {
                request,
                connection,
                key,
                login_key,
                body,
                ..
            } => {
                let mut actions = Vec::new();
                let ip = self
                    .by_connection
                    .get(&connection)
                    .and_then(|peer| self.peers.get(peer))
                    .map_or("", |peer| peer.ip.as_str());
                let query = Query {
                    request,
                    key,
                    login_key,
                    ip,
                    body: &body,
                };
                let time = self.world_time(now);
                self.rpc.handle_query(time, &query, &mut actions);
                self.act(now, actions);
            }
            ServerEvent::SessionDestroyed { key } => self.rpc.forget_session(&key),
            ServerEvent::AuthKeyDestroyed { auth_key_id } => self.rpc.forget_key(auth_key_id),
            ServerEvent::ConnectionClosed { connection, reason } => {
                tracing::info!(connection = connection.0, %reason, "connection closed");
                self.close(now, connection);
            }
            ServerEvent::Notice {
                connection, notice, ..
            } => {
                tracing::info!(connection = connection.0, %notice, "notice");
            }
            other => tracing::debug!(?other, "event"),
        }
    }

    fn act(&mut self, now: Instant, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Answer { request, result } => {
                    self.endpoint.answer(now, request, result.as_deref());
                }
                Action::Push { to, body } => {
                    self.endpoint.push_update(now, to, &body);
                }
            }
        }
    }

    fn send(&mut self, now: Instant, connection: ConnectionId, bytes: Vec<u8>) {
        let Some(id) = self.by_connection.get(&connection).copied() else {
            return;
        };
        // Later than the query's own time by what it took to answer it, which a capture should show.
        let unix = self.clock.unix(self.clock.now());
        self.recording.data(id, Side::Server, &bytes, unix);
        let stuck = self
            .peers
            .get(&id)
            .is_some_and(|peer| peer.outbox.send(bytes).is_err());
        if stuck {
            tracing::warn!(
                connection = connection.0,
                "the peer reads too slowly, or is gone"
            );
            if let Some(peer) = self.peers.remove(&id) {
                self.recording.closed(id, Side::Server, unix);
                peer.outbox.abort();
            }
            self.by_connection.remove(&connection);
            self.endpoint.handle_eof(now, connection);
        }
    }

    fn close(&mut self, now: Instant, connection: ConnectionId) {
        if let Some(id) = self.by_connection.remove(&connection)
            && let Some(peer) = self.peers.remove(&id)
        {
            let unix = self.clock.unix(now);
            self.recording.closed(id, peer.ended_by, unix);
        }
    }

    fn close_all(&mut self) {
        let now = self.clock.now();
        let connections: Vec<ConnectionId> = self.by_connection.keys().copied().collect();
        for connection in connections {
            self.close(now, connection);
        }
    }

    fn world_time(&self, now: Instant) -> world::UnixTime {
        let unix = Duration::from_nanos(self.clock.unix(now).as_nanos());
        let seconds = i64::try_from(unix.as_secs()).unwrap_or(i64::MAX);
        world::UnixTime::new(seconds, unix.subsec_nanos())
    }
}

/// Whoever asked for the end may have gone meanwhile.
fn report_end(stopped: Option<oneshot::Sender<()>>) {
    if let Some(done) = stopped {
        let _ = done.send(());
    }
}
