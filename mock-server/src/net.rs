//! Listeners: a task for each accepts connections and gives each of them a [`Socket`] and the hub its other end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::socket::{Outbox, Socket};

/// Chunks of all connections that wait for the hub, at most.
pub(crate) const HUB_QUEUE: usize = 64;

/// How long the server waits before it tries again to accept, if the system has no descriptors left.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Number of an accepted connection, counted from 0 in order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerId(pub(crate) u64);

/// What the sockets tell the hub.
#[derive(Debug)]
pub(crate) enum Input {
    Opened {
        peer: PeerId,
        address: SocketAddr,
        /// The listener's end.
        local: SocketAddr,
        /// The DC that the listener stands for, if it stands for one.
        dc: Option<i32>,
        outbox: Outbox,
    },
    Bytes {
        peer: PeerId,
        bytes: Vec<u8>,
    },
    /// What made the queue full is written.
    Writable {
        peer: PeerId,
    },
    /// The client reads nothing.
    Stuck {
        peer: PeerId,
    },
    /// The peer closed its side, or the socket failed.
    Closed {
        peer: PeerId,
    },
    /// Somebody wants the server to end; the sender learns when everything is written.
    Stop(oneshot::Sender<()>),
}

/// A bound listener.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) dc: Option<i32>,
}

/// Accepts connections until the hub is gone. `numbers` is shared by all listeners.
pub(crate) async fn accept(
    listener: Listener,
    numbers: Arc<AtomicU64>,
    hub: mpsc::Sender<Input>,
    patience: Duration,
) {
    loop {
        let (stream, address) = match listener.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
                continue;
            }
        };
        // Answers are small and awaited: delaying them to fill packets only costs time.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
        let peer = PeerId(numbers.fetch_add(1, Ordering::Relaxed));
        let (outbox, shared) = Outbox::new();
        let opened = Input::Opened {
            peer,
            address,
            local: listener.address,
            dc: listener.dc,
            outbox,
        };
        if hub.send(opened).await.is_err() {
            return;
        }
        let socket = Socket {
            stream,
            peer,
            hub: hub.clone(),
            shared,
            patience,
        };
        tokio::spawn(socket.run());
    }
}

/// Binds `address`; port 0 takes a free one out of 20000–29999.
///
/// One client keeps ports in a signed 16-bit number, so the system's own choice of a free port would break it.
pub(crate) async fn bind(
    address: SocketAddr,
    first_try: u16,
    dc: Option<i32>,
) -> io::Result<Listener> {
    let listener = |socket: TcpListener| {
        Ok(Listener {
            address: socket.local_addr()?,
            socket,
            dc,
        })
    };
    if address.port() != 0 {
        return listener(TcpListener::bind(address).await?);
    }
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for attempt in 0..FREE_PORTS {
        let port = FREE_PORT_FIRST + (first_try.wrapping_add(attempt)) % FREE_PORTS;
        match TcpListener::bind(SocketAddr::new(address.ip(), port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            other => return listener(other?),
        }
    }
    Err(last)
}

const FREE_PORT_FIRST: u16 = 20_000;
const FREE_PORTS: u16 = 10_000;
