//! Sockets: one task accepts, two tasks serve each connection, and all of them talk to the hub through channels.
//!
//! A connection that sends faster than the hub works waits in its own socket; one that reads slower than the hub answers
//! is closed once its backlog passes a limit.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// Bytes read from a socket at once.
const READ_BUFFER: usize = 64 * 1024;

/// How long one chunk may wait for a peer that does not read.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// Chunks of all connections that wait for the hub, at most.
pub(crate) const HUB_QUEUE: usize = 64;

/// Number of an accepted connection, counted from 0 in order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerId(pub(crate) u64);

/// What the sockets tell the hub.
#[derive(Debug)]
pub(crate) enum Input {
    Opened {
        peer: PeerId,
        address: SocketAddr,
        outbox: Outbox,
    },
    Bytes {
        peer: PeerId,
        bytes: Vec<u8>,
    },
    /// The peer closed its side, or the socket failed.
    Closed {
        peer: PeerId,
    },
    /// Somebody wants the server to end; the sender learns when everything is written.
    Stop(oneshot::Sender<()>),
}

/// The hub's end of a connection; dropping it closes the connection once what was queued is written.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::UnboundedSender<Vec<u8>>,
    backlog: Arc<AtomicUsize>,
    limit: usize,
    writer: AbortHandle,
}

/// The peer reads too slowly, or is gone.
#[derive(Debug)]
pub(crate) struct Stuck;

impl Outbox {
    /// Queues bytes for the socket.
    pub(crate) fn send(&self, bytes: Vec<u8>) -> Result<(), Stuck> {
        let length = bytes.len();
        let waiting = self.backlog.fetch_add(length, Ordering::Relaxed);
        if waiting.saturating_add(length) > self.limit {
            return Err(Stuck);
        }
        self.queue.send(bytes).map_err(|_| Stuck)
    }

    /// Closes the connection without writing what is queued.
    pub(crate) fn abort(self) {
        self.writer.abort();
    }
}

/// Accepts connections until the hub is gone.
pub(crate) async fn accept(listener: TcpListener, hub: mpsc::Sender<Input>, backlog_limit: usize) {
    let mut next = 0;
    loop {
        match listener.accept().await {
            Ok((socket, address)) => {
                let peer = PeerId(next);
                next += 1;
                let opened = open(socket, address, peer, hub.clone(), backlog_limit);
                if opened.await.is_err() {
                    return;
                }
            }
            // Out of descriptors, most likely: let the connections that exist make progress first.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// The hub is gone.
struct HubGone;

async fn open(
    socket: TcpStream,
    address: SocketAddr,
    peer: PeerId,
    hub: mpsc::Sender<Input>,
    limit: usize,
) -> Result<(), HubGone> {
    // Answers are small and awaited: delaying them to fill packets only costs time.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY refused");
    }
    let (reader, writer) = socket.into_split();
    let (queue, queued) = mpsc::unbounded_channel();
    let backlog = Arc::new(AtomicUsize::new(0));
    // The writer ends when the hub drops the outbox, and takes the reader with it.
    let (hang_up, hung_up) = oneshot::channel::<()>();
    let writer = tokio::spawn(write(writer, queued, Arc::clone(&backlog), hang_up));
    let outbox = Outbox {
        queue,
        backlog,
        limit,
        writer: writer.abort_handle(),
    };
    let opened = Input::Opened {
        peer,
        address,
        outbox,
    };
    hub.send(opened).await.map_err(|_| HubGone)?;
    tokio::spawn(read(reader, peer, hub, hung_up));
    Ok(())
}

async fn read(
    mut reader: OwnedReadHalf,
    peer: PeerId,
    hub: mpsc::Sender<Input>,
    mut hung_up: oneshot::Receiver<()>,
) {
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let read = tokio::select! {
            read = reader.read(&mut buffer) => read,
            _ = &mut hung_up => return,
        };
        let input = match read {
            Ok(0) | Err(_) => Input::Closed { peer },
            Ok(length) => Input::Bytes {
                peer,
                bytes: buffer[..length].to_vec(),
            },
        };
        let ended = matches!(input, Input::Closed { .. });
        if hub.send(input).await.is_err() || ended {
            return;
        }
    }
}

async fn write(
    mut writer: OwnedWriteHalf,
    mut queued: mpsc::UnboundedReceiver<Vec<u8>>,
    backlog: Arc<AtomicUsize>,
    hang_up: oneshot::Sender<()>,
) {
    while let Some(bytes) = queued.recv().await {
        // A peer that stops reading but keeps its connection would hold the buffers for ever.
        match tokio::time::timeout(WRITE_PATIENCE, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break,
        }
        backlog.fetch_sub(bytes.len(), Ordering::Relaxed);
    }
    // Fails where the peer has gone first, which is as good.
    let _ = writer.shutdown().await;
    let _ = hang_up.send(());
}

/// Binds `address`; port 0 takes a free one out of 20000–29999.
///
/// One client keeps ports in a signed 16-bit number, so the system's own choice of a free port would break it.
pub(crate) async fn bind(address: SocketAddr, first_try: u16) -> io::Result<TcpListener> {
    if address.port() != 0 {
        return TcpListener::bind(address).await;
    }
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for attempt in 0..FREE_PORTS {
        let port = FREE_PORT_FIRST + (first_try.wrapping_add(attempt)) % FREE_PORTS;
        match TcpListener::bind(SocketAddr::new(address.ip(), port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            other => return other,
        }
    }
    Err(last)
}

const FREE_PORT_FIRST: u16 = 20_000;
const FREE_PORTS: u16 = 10_000;
