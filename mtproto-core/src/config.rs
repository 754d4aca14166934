//! Configuration of the two roles: what is fixed for a connection or an endpoint, and every limit with its default.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use crate::crypto::rsa::RsaPublicKey;
use crate::handshake;
use crate::ids::DcId;
use crate::key_log::KeyLog;
use crate::random::SecureRandom;
use crate::time::{Duration, Instant, UnixTime};
use crate::transport::{ClientTransport, FrameLimits, ServerTransport, Transport};

/// What a machine is given at its start: time and randomness, neither of which it can draw itself.
pub struct Start {
    /// The monotonic time of the start.
    pub now: Instant,
    /// The wall time at the start.
    pub unix: UnixTime,
    /// The source of everything random.
    pub random: Box<dyn SecureRandom + Send>,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("now", &self.now)
            .field("unix", &self.unix)
            .finish_non_exhaustive()
    }
}

/// What is fixed for a client's connections.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The transport to speak. Default abridged, plain.
    pub transport: ClientTransport,
    /// The bounds of frames.
    pub frames: FrameLimits,
    /// The key exchange: RSA keys, data centre, forms.
    pub handshake: handshake::ClientConfig,
    /// How long one step of the key exchange may take. Default 20 s.
    pub handshake_timeout: Duration,
    /// Seconds that temporary keys live, if the client uses them (perfect forward secrecy). Default none.
    pub temporary_keys: Option<i32>,
    /// The session.
    pub session: SessionConfig,
    /// How often to ping; each ping asks the server to close the stream after two and a half such times without
    /// another. Default 60 s.
    pub ping_interval: Option<Duration>,
    /// How long a pong may take before the stream is held dead. Default 20 s.
    pub pong_timeout: Duration,
    /// Future salts to ask for when the connection is ready. Default none.
    pub future_salts: Option<i32>,
    /// Receives secrets as they come into being.
    pub key_log: Option<Arc<dyn KeyLog>>,
}

impl ClientConfig {
    /// A client of data centre `dc` that trusts `server_keys`.
    #[must_use]
    pub fn new(server_keys: impl Into<Arc<[RsaPublicKey]>>, dc: DcId) -> Self {
        Self {
            transport: ClientTransport::plain(Transport::Abridged),
            frames: FrameLimits::default(),
            handshake: handshake::ClientConfig::new(server_keys, dc),
            handshake_timeout: Duration::from_secs(20),
            temporary_keys: None,
            session: SessionConfig::default(),
            ping_interval: Some(Duration::from_secs(60)),
            pong_timeout: Duration::from_secs(20),
            future_salts: None,
            key_log: None,
        }
    }

    /// The data centre as the key exchange names it; 0 if it names none.
    #[must_use]
    pub fn dc(&self) -> DcId {
        self.handshake.dc.unwrap_or(DcId(0))
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("transport", &self.transport)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// What is fixed for a server's endpoint.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The transports and proxy secrets to accept.
    pub transport: ServerTransport,
    /// The bounds of frames.
    pub frames: FrameLimits,
    /// The key exchange: RSA keys, Diffie–Hellman parameters, what to accept.
    pub handshake: handshake::ServerConfig,
    /// The bounds of key exchanges under way.
    pub handshake_runs: handshake::RunLimits,
    /// The sessions.
    pub session: SessionConfig,
    /// Streams at once. Default 65536.
    pub connections: usize,
    /// Sessions at once. Default 65536.
    pub sessions: usize,
    /// Sessions of one key at once; another one pushes out the one used least recently. Default 64.
    pub sessions_per_key: usize,
    /// Keys of the key exchange that have neither a session nor a login; another one pushes out the one that has been
    /// idle for longest, whose client then gets the transport error −404. Default 16384, some 8 MiB.
    pub idle_keys: usize,
    /// How long a session without a stream is remembered. Default 10 minutes.
    pub session_lifetime: Duration,
    /// How long a stream may be silent, unless it pings with a delay of its own. Default 30 minutes.
    pub idle_timeout: Option<Duration>,
    /// Messages beside those of sessions that may wait for one stream: a client that makes more of them than it reads
    /// is closed. Default 64.
    pub control_messages: usize,
    /// Transport errors sent to one stream before it is closed. Default 8.
    pub transport_errors: u8,
    /// Receives secrets as they come into being.
    pub key_log: Option<Arc<dyn KeyLog>>,
}

impl ServerConfig {
    /// A server with the default limits.
    #[must_use]
    pub fn new(handshake: handshake::ServerConfig) -> Self {
        Self {
            transport: ServerTransport::default(),
            frames: FrameLimits::default(),
            handshake,
            handshake_runs: handshake::RunLimits::default(),
            session: SessionConfig {
                ack_delay: Duration::from_secs(1),
                ..SessionConfig::default()
            },
            connections: 65_536,
            sessions: 65_536,
            sessions_per_key: 64,
            idle_keys: 16_384,
            session_lifetime: Duration::from_secs(600),
            idle_timeout: Some(Duration::from_secs(1800)),
            control_messages: 64,
            transport_errors: 8,
            key_log: None,
        }
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("transport", &self.transport)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Bounds and habits of one session, in either role.
///
/// Everything that a peer can make grow is bounded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Identifiers remembered to recognise replays. Default 1024.
    pub replay_window: usize,
    /// How long an acknowledgement may wait for company. Default 5 s.
    pub ack_delay: Duration,
    /// Acknowledgements due at which they leave alone. Default 16.
    pub acks_at_once: usize,
    /// Messages of one container, sent and received. Default 1024, the specification's limit, and no more.
    pub container_messages: usize,
    /// Bytes of one container sent. Default 1 MiB.
    pub container_bytes: usize,
    /// Bodies that are worth compressing. Default 256 B to 64 KiB; larger ones are mostly media.
    pub compress: Sizes,
    /// Bytes that compressed data may inflate to. Default 16 MiB.
    pub inflated_bytes: usize,
    /// Messages that wait for a stream. Default 4096.
    pub queued_messages: usize,
    /// Messages kept until the peer acknowledges them (a server's answers and updates). Default 1024.
    pub unacked_messages: usize,
    /// Bytes of such messages. Default 8 MiB.
    pub unacked_bytes: usize,
    /// Queries without an answer: a client cannot send more, a server takes no more up. Default 4096.
    pub pending_queries: usize,
    /// Queries that wait for earlier ones (`invokeAfterMsg`); a server lets no more wait. Default 256.
    pub held_queries: usize,
    /// Bytes of such queries. Default 4 MiB.
    pub held_bytes: usize,
    /// How long such a query waits at a server. Default 0.5 s, as the specification has it.
    pub held_for: Duration,
    /// How often one query is sent again because the server refused its message. Default 6.
    pub resends: u8,
    /// Whether rules that real peers are known to break are enforced instead of reported. Default no.
    pub strict: bool,
}

/// A range of sizes in bytes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The smallest size.
    pub least: usize,
    /// The largest size.
    pub most: usize,
}

impl Sizes {
    /// No size at all.
    pub const NONE: Self = Self { least: 1, most: 0 };

    /// Whether `size` is in the range.
    #[must_use]
    pub const fn contains(self, size: usize) -> bool {
        self.least <= size && size <= self.most
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            replay_window: 1024,
            ack_delay: Duration::from_secs(5),
            acks_at_once: 16,
            container_messages: 1024,
            container_bytes: 1 << 20,
            compress: Sizes {
                least: 256,
                most: 64 << 10,
            },
            inflated_bytes: 16 << 20,
            queued_messages: 4096,
            unacked_messages: 1024,
            unacked_bytes: 8 << 20,
            pending_queries: 4096,
            held_queries: 256,
            held_bytes: 4 << 20,
            held_for: Duration::from_millis(500),
            resends: 6,
            strict: false,
        }
    }
}
