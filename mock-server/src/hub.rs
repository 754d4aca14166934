//! The one task that owns the protocol and the world.
//!
//! Single-threaded on purpose: the order of events is the order in which bytes arrived, and nothing needs a lock.

mod http;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mtproto_core::endpoint::{CloseReason, ConnectionId, Endpoint, ServerEvent};
use mtproto_core::ids::DcId;
use mtproto_core::key_log::{self, KeyLog, Secret};
use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::transport::carrier::{CarrierConfig, ReplayGuard, ServerCarrier};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::clock::Clock;
use crate::door::Door;
use crate::limits::Limits;
use crate::net::{Input, PeerId};
use crate::notice::{Notice, NoticeKind, Shed};
use crate::record::Side;
use crate::record::files::Recording;
use crate::rpc::{Action, Query, Rpc};
use crate::socket::Outbox;

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
    address: SocketAddr,
    local: SocketAddr,
    /// The DC that it reached, where something tells: its listener, the proxy's target, the header of an MTProxy client.
    dc: Option<i32>,
    outbox: Outbox,
    /// Until it is clear whether the connection asks for the proxy.
    door: Option<Door>,
    carrier: ServerCarrier,
    /// The endpoint's name of it, once its carrier is known.
    connection: Option<ConnectionId>,
    /// Whether its first message is still to come.
    is_opening: bool,
    /// When that message is due; later, when a long poll ends.
    deadline: Option<Instant>,
    /// How long its present HTTP request waits for something to answer it with.
    max_wait: Duration,
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
    pub(crate) limits: Limits,
    pub(crate) carriers: CarrierConfig,
    pub(crate) random: ChaChaRandom,
    pub(crate) notices: broadcast::Sender<Notice>,
    /// Where the server listens, with the DC of each listener that stands for one.
    pub(crate) listeners: Vec<(SocketAddr, Option<i32>)>,
    pub(crate) state: Connections,
}

/// The connections.
#[derive(Debug)]
pub(crate) struct Connections {
    peers: BTreeMap<PeerId, Peer>,
    by_connection: BTreeMap<ConnectionId, PeerId>,
    deadlines: BTreeSet<(Instant, PeerId)>,
    replays: ReplayGuard,
    /// Reused for what leaves: a frame of the stream, and the bytes of the socket.
    frame: Vec<u8>,
    wire: Vec<u8>,
}

/// Openings of obfuscated streams and TLS hellos that are remembered.
const REMEMBERED_OPENINGS: usize = 65_536;

impl Default for Connections {
    fn default() -> Self {
        Self {
            peers: BTreeMap::new(),
            by_connection: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            replays: ReplayGuard::new(REMEMBERED_OPENINGS),
            frame: Vec::new(),
            wire: Vec::new(),
        }
    }
}

impl Hub {
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
        let peers = self.state.deadlines.first().map(|(at, _)| *at);
        let world = self.rpc.poll_timeout().map(|second| {
            let unix = UnixTime::from_secs(u64::try_from(second).unwrap_or(0));
            let since_start = unix
                .as_nanos()
                .saturating_sub(self.clock.unix_at_start().as_nanos());
            Instant::from_nanos(since_start)
        });
        let next = [protocol, peers, world].into_iter().flatten().min()?;
        Some(self.clock.deadline(next))
    }

    fn timeout(&mut self) {
        let now = self.clock.now();
        self.endpoint.handle_timeout(now);
        let mut actions = Vec::new();
        self.rpc.handle_timeout(self.world_time(now), &mut actions);
        self.act(now, actions);
        self.drain(now);
        while let Some((at, id)) = self.state.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.set_deadline(id, None);
            self.peer_deadline(now, id);
        }
    }

    fn peer_deadline(&mut self, now: Instant, id: PeerId) {
        match self.state.peers.get(&id) {
            Some(peer) if peer.is_opening => self.shed(now, id, Shed::Silent),
            Some(_) => self.end_poll(now, id),
            None => {}
        }
        self.drain(now);
    }

    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Opened {
                peer,
                address,
                local,
                dc,
                outbox,
            } => {
                let new = self.new_peer(address, local, dc, outbox);
                self.opened(now, peer, new);
            }
            Input::Bytes { peer, bytes } => {
                self.received(now, peer, &bytes);
                self.drain(now);
                self.read_on(peer);
            }
            Input::Writable { peer } => {
                self.writable(now, peer);
                self.drain(now);
                self.read_on(peer);
            }
            Input::Stuck { peer } => self.shed(now, peer, Shed::SlowReader),
            Input::Closed { peer: id } => self.hung_up(now, id),
            Input::Stop(_) => {}
        }
        self.drain(now);
    }

    /// Lets the socket be read further.
    fn read_on(&self, id: PeerId) {
        if let Some(peer) = self.state.peers.get(&id) {
            peer.outbox.read_on();
        }
    }

    fn new_peer(
        &self,
        address: SocketAddr,
        local: SocketAddr,
        dc: Option<i32>,
        outbox: Outbox,
    ) -> Peer {
        Peer {
            address,
            local,
            dc,
            outbox,
            door: Some(Door::default()),
            carrier: ServerCarrier::new(self.carriers.clone()),
            connection: None,
            is_opening: true,
            deadline: None,
            max_wait: Duration::ZERO,
            ended_by: Side::Server,
        }
    }

    /// Takes everything that the endpoint has to send and to say, which in turn gives it more to send.
    fn drain(&mut self, now: Instant) {
        loop {
            for line in self.secrets.take() {
                self.recording.key(&line);
            }
            while let Some(outgoing) = self.endpoint.next_outgoing(now) {
                self.send(now, outgoing);
            }
            match self.endpoint.poll_event() {
                Some(event) => self.event(now, event),
                None => return,
            }
        }
    }

    fn peer_of(&mut self, connection: ConnectionId) -> Option<(PeerId, &mut Peer)> {
        let id = *self.state.by_connection.get(&connection)?;
        Some((id, self.state.peers.get_mut(&id)?))
    }

    fn event(&mut self, now: Instant, event: ServerEvent) {
        match event {
            ServerEvent::TransportDetected {
                connection,
                detected,
            } => {
                if let Some(dc) = detected.dc.and_then(|dc| self.rpc.own_dc(dc))
                    && let Some((_, peer)) = self.peer_of(connection)
                {
                    peer.dc = Some(dc);
                }
            }
            ServerEvent::AuthKeyCreated {
                auth_key_id, dc, ..
            } => self.rpc.key_made(auth_key_id, dc),
            ServerEvent::MessageReceived { connection, .. } => self.heard(connection),
            ServerEvent::Query {
                request,
                connection,
                key,
                login_key,
                body,
                ..
            } => {
                let mut actions = Vec::new();
                let peer = self.peer_of(connection).map(|(_, peer)| peer);
                let dc = peer.as_ref().and_then(|peer| peer.dc);
                let ip = peer.map_or_else(String::new, |peer| peer.address.ip().to_string());
                let query = Query {
                    request,
                    key,
                    login_key,
                    dc,
                    ip: &ip,
                    body: &body,
                };
                let time = self.world_time(now);
                self.rpc.handle_query(time, &query, &mut actions);
                self.act(now, actions);
            }
            ServerEvent::HttpWait {
                connection,
                max_wait,
                ..
            } => {
                if let Some((_, peer)) = self.peer_of(connection) {
                    peer.max_wait = max_wait;
                }
            }
            ServerEvent::SessionDestroyed { key } => self.rpc.forget_session(&key),
            ServerEvent::AuthKeyDestroyed { auth_key_id } => self.rpc.forget_key(auth_key_id),
            ServerEvent::ConnectionClosed { connection, reason } => {
                tracing::info!(connection = connection.0, %reason, "connection closed");
                self.closed(now, connection, reason);
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
                Action::Keep { key, kept } => self.endpoint.set_key_kept(key, kept),
            }
        }
    }

    fn closed(&mut self, now: Instant, connection: ConnectionId, reason: CloseReason) {
        let Some((id, peer)) = self.peer_of(connection) else {
            return;
        };
        let address = peer.address;
        let is_normal = matches!(
            reason,
            CloseReason::Eof | CloseReason::Local | CloseReason::PingDelay
        );
        if !is_normal {
            self.note(address, NoticeKind::Shed(Shed::Protocol(reason)));
        }
        self.forget(now, id);
    }

    /// Closes a connection to protect the server, and says so.
    fn shed(&mut self, now: Instant, id: PeerId, reason: Shed) {
        let Some(peer) = self.state.peers.get(&id) else {
            return;
        };
        let (address, connection) = (peer.address, peer.connection);
        self.note(address, NoticeKind::Shed(reason));
        self.forget(now, id);
        if let Some(connection) = connection {
            self.endpoint.close(now, connection);
        }
    }

    fn note(&self, peer: SocketAddr, kind: NoticeKind) {
        let notice = Notice { peer, kind };
        tracing::warn!(%notice, "notice");
        // Nobody may be listening.
        let _ = self.notices.send(notice);
    }

    /// Drops the server's end of a connection, which closes it once what was queued is written.
    fn forget(&mut self, now: Instant, id: PeerId) {
        self.set_deadline(id, None);
        if let Some(peer) = self.state.peers.remove(&id) {
            let unix = self.clock.unix(now);
            self.recording.closed(id, peer.ended_by, unix);
            if let Some(connection) = peer.connection {
                self.state.by_connection.remove(&connection);
            }
        }
    }

    fn close_all(&mut self) {
        let now = self.clock.now();
        let peers: Vec<PeerId> = self.state.peers.keys().copied().collect();
        for id in peers {
            self.forget(now, id);
        }
    }

    fn set_deadline(&mut self, id: PeerId, deadline: Option<Instant>) {
        let Some(peer) = self.state.peers.get_mut(&id) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut peer.deadline, deadline) {
            self.state.deadlines.remove(&(old, id));
        }
        self.state.deadlines.extend(deadline.map(|at| (at, id)));
    }

    fn world_time(&self, now: Instant) -> world::UnixTime {
        let unix = Duration::from_nanos(self.clock.unix(now).as_nanos());
        let seconds = i64::try_from(unix.as_secs()).unwrap_or(i64::MAX);
        world::UnixTime::new(seconds, unix.subsec_nanos())
    }
}

/// The number of a DC without what clients add to it: 10000 for test servers, a minus for media.
///
/// Section: <https://core.telegram.org/mtproto/auth_key#dh-exchange-initiation>.
pub(crate) fn plain_dc(dc: DcId) -> i32 {
    i32::try_from(dc.0.unsigned_abs() % 10_000).unwrap_or(0)
}

/// Whoever asked for the end may have gone meanwhile.
fn report_end(stopped: Option<oneshot::Sender<()>>) {
    if let Some(done) = stopped {
        let _ = done.send(());
    }
}
