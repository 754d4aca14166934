//! The one place of the client that names sockets, clocks and the randomness of the operating system.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mtproto_core::config::Start;
use mtproto_core::connection::{Connection, Event, SavedKeys};
use mtproto_core::error::ConnectionError;
use mtproto_core::ids::{AuthKeyId, ServerSalt};
use mtproto_core::random::ChaChaRandom;
use mtproto_core::session::{QueryId, QueryOptions};
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::transport::carrier::CarrierError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::ClientConfig;
use crate::error::{ConnectError, InvokeError};
use crate::line::Line;
use crate::proxy;

/// Bytes read from the socket at once.
const READ_BUFFER: usize = 64 * 1024;

/// Calls that wait for the driver.
const COMMAND_QUEUE: usize = 64;

/// Updates kept for an application that is slow to take them.
const UPDATE_QUEUE: usize = 1024;

/// How long the server may hold an HTTP response back if it has nothing to say.
const LONG_POLL: Duration = Duration::from_secs(25);

/// What an application asks of the driver.
#[derive(Debug)]
pub(crate) enum Command {
    Query {
        body: Vec<u8>,
        reply: oneshot::Sender<Result<Vec<u8>, InvokeError>>,
    },
}

/// A driver at work, with a key.
pub(crate) struct Started {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) updates: broadcast::WeakSender<Arc<[u8]>>,
    pub(crate) auth_key_id: AuthKeyId,
    pub(crate) task: JoinHandle<()>,
}

/// A generator seeded by `seed`, or by the operating system.
pub(crate) fn random(seed: Option<u64>) -> Result<ChaChaRandom, getrandom::Error> {
    match seed {
        Some(number) => Ok(ChaChaRandom::from_number(number)),
        None => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed)?;
            Ok(ChaChaRandom::from_seed(seed))
        }
    }
}

/// Connects, makes a key, and leaves a task behind that drives the connection.
pub(crate) async fn start(config: &ClientConfig) -> Result<Started, ConnectError> {
    let address = config.address;
    let attempt = async {
        let socket = match config.proxy {
            None => TcpStream::connect(address)
                .await
                .map_err(|source| ConnectError::Tcp { address, source })?,
            Some(proxy) => proxy::connect(proxy, address).await?,
        };
        // Queries are small and awaited: delaying them to fill packets only costs time.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
        let random = random(config.seed).map_err(ConnectError::Random)?;
        let mut driver = Driver::new(config, socket, random)?;
        let auth_key_id = match &config.auth_key {
            Some(key) => key.id(),
            None => driver.make_key().await?,
        };
        Ok((driver, auth_key_id))
    };
    let timeout = config.connect_timeout;
    let (driver, auth_key_id) = tokio::time::timeout(timeout, attempt)
        .await
        .map_err(|_| ConnectError::Timeout { address, timeout })??;
    let (commands, received) = mpsc::channel(COMMAND_QUEUE);
    Ok(Started {
        commands,
        updates: driver.updates.downgrade(),
        auth_key_id,
        task: tokio::spawn(driver.run(received)),
    })
}

struct Driver {
    address: std::net::SocketAddr,
    socket: TcpStream,
    line: Line,
    connection: Connection,
    origin: tokio::time::Instant,
    buffer: Vec<u8>,
    out: Vec<u8>,
    /// Bytes of the socket, in the form of the line; and bytes of the stream that came out of it.
    wire: Vec<u8>,
    stream: Vec<u8>,
    broken: Option<CarrierError>,
    waiting: BTreeMap<QueryId, oneshot::Sender<Result<Vec<u8>, InvokeError>>>,
    updates: broadcast::Sender<Arc<[u8]>>,
}

/// Why the driver stops.
enum End {
    /// The server closed the stream, or the application wants no more.
    Closed,
    /// The protocol or the socket broke.
    Failed(ConnectionError),
    /// What carries the stream broke.
    Carrier(CarrierError),
}

impl Driver {
    fn new(
        config: &ClientConfig,
        socket: TcpStream,
        mut random: ChaChaRandom,
    ) -> Result<Self, ConnectError> {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let unix = UnixTime::from_nanos(u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX));
        let line_random = ChaChaRandom::from_seed(mtproto_core::random::bytes(&mut random));
        let line = Line::new(config, unix, line_random)?;
        let start = Start {
            now: Instant::ZERO,
            unix,
            random: Box::new(random),
        };
        let mut core =
            mtproto_core::config::ClientConfig::new(config.server_keys.clone(), config.dc);
        core.transport = line.transport(config);
        core.key_log = config.key_log.as_ref().map(|log| log.0.clone());
        let core = Arc::new(core);
        let connection = match config.auth_key.clone() {
            None => Connection::new(core, start),
            Some(auth_key) => {
                let keys = SavedKeys {
                    dc: config.dc,
                    auth_key,
                    server_salt: ServerSalt(0),
                    clock_offset_secs: 0,
                };
                Connection::resume(core, keys, start)
            }
        };
        Ok(Self {
            address: config.address,
            socket,
            line,
            connection,
            origin: tokio::time::Instant::now(),
            buffer: vec![0; READ_BUFFER],
            out: Vec::new(),
            wire: Vec::new(),
            stream: Vec::new(),
            broken: None,
            waiting: BTreeMap::new(),
            updates: broadcast::channel(UPDATE_QUEUE).0,
        })
    }

    fn now(&self) -> Instant {
        let elapsed = self.origin.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// Drives the connection until it has its key.
    async fn make_key(&mut self) -> Result<AuthKeyId, ConnectError> {
        let mut made = None;
        loop {
            let (end, created) = self.drain().await;
            made = created.or(made);
            match (end, made) {
                (Some(End::Failed(error)), _) => return Err(ConnectError::KeyExchange(error)),
                (Some(End::Carrier(error)), _) => return Err(ConnectError::Carrier(error)),
                (Some(End::Closed), _) => {
                    let address = self.address;
                    return Err(ConnectError::Closed { address });
                }
                (None, Some(id)) => return Ok(id),
                (None, None) => self.step(&mut None).await,
            }
        }
    }

    /// Drives the connection until either side closes it.
    async fn run(mut self, commands: mpsc::Receiver<Command>) {
        let mut commands = Some(commands);
        loop {
            if let (Some(end), _) = self.drain().await {
                match end {
                    End::Failed(error) => tracing::warn!(%error, "the connection broke"),
                    End::Carrier(error) => tracing::warn!(%error, "the connection broke"),
                    End::Closed => {}
                }
                break;
            }
            self.step(&mut commands).await;
        }
        // Fails where the server has gone first, which is as good.
        let _ = self.socket.shutdown().await;
    }

    /// Waits for one thing to happen, and hands it to the connection.
    async fn step(&mut self, commands: &mut Option<mpsc::Receiver<Command>>) {
        let deadline = self
            .connection
            .poll_timeout()
            .map(|at| self.origin + Duration::from_nanos(at.as_nanos()));
        let command = async {
            match commands {
                Some(commands) => commands.recv().await,
                None => std::future::pending().await,
            }
        };
        let timeout = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = self.socket.read(&mut self.buffer) => {
                let now = self.now();
                match read {
                    Ok(0) | Err(_) => self.connection.handle_eof(now),
                    Ok(length) => {
                        let bytes = self.buffer.get(..length).unwrap_or_default();
                        self.stream.clear();
                        self.broken = self.line.read(bytes, &mut self.stream).err();
                        // Told again by the event that ends the connection.
                        let _ = self.connection.handle_bytes(now, &self.stream);
                    }
                }
            }
            command = command => match command {
                Some(Command::Query { body, reply }) => self.query(&body, reply),
                None => self.connection.close(self.now()),
            },
            () = timeout => self.connection.handle_timeout(self.now()),
        }
    }

    fn query(&mut self, body: &[u8], reply: oneshot::Sender<Result<Vec<u8>, InvokeError>>) {
        let sent = self
            .connection
            .send_query(self.now(), body, QueryOptions::default());
        match sent {
            Ok(id) => {
                self.waiting.insert(id, reply);
            }
            // The application may have stopped waiting.
            Err(error) => drop(reply.send(Err(InvokeError::NotSent(error)))),
        }
    }

    /// Writes what the connection has to send and passes on what it has to say.
    async fn drain(&mut self) -> (Option<End>, Option<AuthKeyId>) {
        let mut made = None;
        loop {
            self.out.clear();
            while self
                .connection
                .poll_transmit(self.now(), &mut self.out)
                .is_some()
            {}
            self.wire.clear();
            self.line.write(&self.out, &mut self.wire);
            if !self.wire.is_empty() && self.socket.write_all(&self.wire).await.is_err() {
                return (Some(End::Closed), made);
            }
            if let Some(error) = self.broken.take() {
                return (Some(End::Carrier(error)), made);
            }
            let Some(event) = self.connection.poll_event() else {
                let (now, none) = (self.now(), Duration::ZERO);
                let asks = self.connection.is_ready() && self.line.wants_request();
                if asks
                    && self
                        .connection
                        .http_wait(now, none, none, LONG_POLL)
                        .is_ok()
                {
                    continue;
                }
                return (None, made);
            };
            match event {
                Event::AuthKeyCreated(keys) => made = Some(keys.auth_key.id()),
                Event::QueryAnswered { id, result } => {
                    self.finish(id, result.map_err(InvokeError::Rpc));
                }
                Event::QueryFailed { id, reason } => {
                    self.finish(id, Err(InvokeError::Failed(reason)));
                }
                // Nobody may be listening.
                Event::Update(body) => drop(self.updates.send(body.into())),
                Event::Closed(ConnectionError::Eof | ConnectionError::Local) => {
                    return (Some(End::Closed), made);
                }
                Event::Closed(error) => return (Some(End::Failed(error)), made),
                other => tracing::debug!(?other, "event"),
            }
        }
    }

    fn finish(&mut self, id: QueryId, result: Result<Vec<u8>, InvokeError>) {
        if let Some(reply) = self.waiting.remove(&id) {
            // The application may have stopped waiting.
            let _ = reply.send(result);
        }
    }
}
