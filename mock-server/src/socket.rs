//! One connection's socket: a task between it and the hub.
//!
//! The hub puts bytes into the [`Outbox`] and never waits; the task writes them as the client takes them, and reads only
//! while the hub wants more. A client that sends faster than the hub works waits in its own socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, Interest, Ready};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::net::{Input, PeerId};

/// Bytes read from a socket at once.
const READ_BUFFER: usize = 64 * 1024;

/// How long the last bytes of a connection may take, and its client to hang up after them.
const FAREWELL: Duration = Duration::from_secs(1);

/// Memory that an idle connection may keep for its next message.
const KEPT_BUFFER: usize = 4 * 1024;

/// The hub's end of a connection; dropping it closes the connection once what was queued is written.
#[derive(Debug)]
pub(crate) struct Outbox(Arc<Shared>);

#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    queued: Vec<u8>,
    /// Whether the hub waits for an empty queue; nothing is read meanwhile.
    is_full: bool,
    /// Whether the hub has not yet dealt with what it was told last; nothing is read meanwhile, so that no client has more
    /// than one chunk in the hub's queue.
    is_read_ahead: bool,
    /// Whether the connection ends once what is queued is written.
    ends: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    pub(crate) fn new() -> (Self, Arc<Shared>) {
        let shared = Arc::<Shared>::default();
        (Self(Arc::clone(&shared)), shared)
    }

    /// Queues bytes for the socket; returns whether more than `limit` of them wait now. If so, nothing is read until
    /// they are written, which [`Input::Writable`] tells.
    pub(crate) fn send(&self, bytes: &[u8], limit: usize) -> bool {
        let mut state = self.0.lock();
        state.queued.extend_from_slice(bytes);
        state.is_full = state.is_full || state.queued.len() > limit;
        let is_full = state.is_full;
        drop(state);
        self.0.changed.notify_one();
        is_full
    }

    /// What the task told last is dealt with.
    pub(crate) fn read_on(&self) {
        self.0.lock().is_read_ahead = false;
        self.0.changed.notify_one();
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.0.lock().ends = true;
        self.0.changed.notify_one();
    }
}

/// The task of one connection.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) peer: PeerId,
    pub(crate) hub: mpsc::Sender<Input>,
    pub(crate) shared: Arc<Shared>,
    /// How long the client may take no byte.
    pub(crate) patience: Duration,
}

/// What the task does next.
struct Turn {
    reads: bool,
    ends: bool,
    /// The queue is empty after it was full.
    drained: bool,
}

impl Socket {
    /// Serves the connection to its end.
    pub(crate) async fn run(self) {
        let mut out = Vec::new();
        let mut written = 0;
        let mut hears = true;
        let mut progress = Instant::now();
        loop {
            let turn = self.turn(&mut out, &mut written, &mut progress);
            let input = Input::Writable { peer: self.peer };
            if turn.drained && self.hub.send(input).await.is_err() {
                return;
            }
            let writes = written < out.len();
            if turn.ends && !writes {
                break;
            }
            let reads = hears && turn.reads && !turn.ends;
            let patience = if turn.ends {
                self.patience.min(FAREWELL)
            } else {
                self.patience
            };
            tokio::select! {
                ready = readiness(&self.stream, reads, writes) => {
                    let Ok(ready) = ready else { break };
                    if ready.is_writable() && writes {
                        match self.stream.try_write(out.get(written..).unwrap_or_default()) {
                            Ok(length) => {
                                written += length;
                                progress = Instant::now();
                            }
                            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                            Err(_) => {
                                self.tell(Input::Closed { peer: self.peer }).await;
                                return;
                            }
                        }
                    }
                    if ready.is_readable() && reads {
                        match self.read().await {
                            Some(still) => hears = still,
                            None => return,
                        }
                    }
                }
                () = self.shared.changed.notified() => {}
                () = self.hub.closed(), if !turn.ends => {
                    self.shared.lock().ends = true;
                }
                () = tokio::time::sleep_until(progress + patience), if writes => {
                    self.tell(Input::Stuck { peer: self.peer }).await;
                    return;
                }
            }
        }
        self.hang_up().await;
    }

    /// Takes what the hub has queued, once everything taken before is written.
    fn turn(&self, out: &mut Vec<u8>, written: &mut usize, progress: &mut Instant) -> Turn {
        let mut state = self.shared.lock();
        let mut drained = false;
        if *written == out.len() {
            out.clear();
            *written = 0;
            if out.capacity() > KEPT_BUFFER {
                *out = Vec::new();
            }
            std::mem::swap(out, &mut state.queued);
            if !out.is_empty() {
                *progress = Instant::now();
            }
            // The client has taken all that made the queue full; what came since is below the limit.
            drained = state.is_full && out.is_empty();
            state.is_full &= !drained;
            // The endpoint may have kept enough to fill the queue again.
            state.is_read_ahead |= drained;
        }
        Turn {
            reads: !state.is_full && !state.is_read_ahead,
            ends: state.ends,
            drained,
        }
    }

    /// Passes on what the client sent. Whether it will send more; `None` where the hub is gone.
    async fn read(&self) -> Option<bool> {
        let mut bytes = Vec::with_capacity(READ_BUFFER);
        let (input, more) = match self.stream.try_read_buf(&mut bytes) {
            Ok(0) => (Input::Closed { peer: self.peer }, false),
            Ok(_) => {
                self.shared.lock().is_read_ahead = true;
                let peer = self.peer;
                (Input::Bytes { peer, bytes }, true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Some(true),
            Err(_) => (Input::Closed { peer: self.peer }, false),
        };
        self.hub.send(input).await.ok().map(|()| more)
    }

    async fn tell(&self, input: Input) {
        // Fails where the hub has gone first, which is as good.
        let _ = self.hub.send(input).await;
    }

    /// Ends the stream and waits a little for the client to do so, too: a socket that is closed with bytes unread resets
    /// the connection, and the client would never see what was said last.
    async fn hang_up(mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut rest = [0; 1024];
        let reads = async {
            while self.stream.readable().await.is_ok() {
                match self.stream.try_read(&mut rest) {
                    Ok(0) => return,
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return,
                    Ok(_) | Err(_) => {}
                }
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(FAREWELL, reads) => {}
            () = self.hub.closed() => {}
        }
    }
}

async fn readiness(stream: &TcpStream, reads: bool, writes: bool) -> std::io::Result<Ready> {
    match (reads, writes) {
        (true, true) => stream.ready(Interest::READABLE | Interest::WRITABLE).await,
        (true, false) => stream.ready(Interest::READABLE).await,
        (false, true) => stream.ready(Interest::WRITABLE).await,
        (false, false) => std::future::pending().await,
    }
}
