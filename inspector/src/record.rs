//! What the inspector finds out, as plain rows: one per connection, message, frame without message, gap and finding,
//! and a summary at the end.
//!
//! Rows borrow from the decoder and live until the next one; outputs write them out at once.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use mtproto_core::ids::{AuthKeyId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::transport::Detected;
use mtproto_core::transport::carrier::Carrier;
use tl_parser::{Schema, Value, ValueRef};

use crate::account::ByteCounts;
pub use crate::capture::PacketCounts;
pub use crate::capture::tcp::{At, ConnId, Direction, End};
use crate::keys::KeyLife;

/// One row.
#[derive(Debug)]
pub enum Row<'a> {
    /// A TCP connection appears.
    Connection(&'a Connection),
    /// It is known what a connection's client speaks.
    Transport(&'a Transport<'a>),
    /// A message, or one message of a container.
    Message(&'a Message<'a>),
    /// Something on a connection that is no message.
    Frame(&'a Frame),
    /// A connection ends.
    End(&'a ConnectionEnd),
    /// A rule that was broken, or a cause of trouble.
    Finding(&'a Finding),
    /// Something worth knowing about the input itself.
    Note(&'a Note),
    /// The last row.
    Summary(&'a Summary),
}

/// A TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where it begins.
    pub at: At,
    /// Its number.
    pub conn: ConnId,
    /// The end that opened it.
    pub client: SocketAddr,
    /// The other end.
    pub server: SocketAddr,
    /// Whether the capture has its beginning.
    pub from_start: bool,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug)]
pub struct Transport<'a> {
    /// Where it was found out.
    pub at: At,
    /// The connection.
    pub conn: ConnId,
    /// What the stream is in; not known where the capture lacks the beginning.
    pub carrier: Option<Carrier>,
    /// What was found in it; nothing for HTTP, whose bodies are payloads.
    pub detected: Option<&'a Detected>,
}

/// Where in a byte stream something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of its first byte in the stream of its direction.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// How a message was protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all: a message of the key exchange.
    Plain,
    /// By an authorization key.
    Encrypted {
        /// The key.
        auth_key_id: AuthKeyId,
        /// Its life, if known.
        life: Option<KeyLife>,
        /// Whether the older protocol was used.
        version: Version,
        /// The session.
        session_id: SessionId,
        /// The salt that the sender used.
        salt: ServerSalt,
        /// Random bytes after the message.
        padding: usize,
    },
}

/// The versions of message encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MTProto 1.0: the key of a message is its SHA-1.
    V1,
    /// MTProto 2.0: the key of a message is a SHA-256 over it and the authorization key.
    V2,
}

/// The role of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Part of the creation of an authorization key.
    KeyExchange,
    /// Holds other messages, whose rows follow.
    Container,
    /// An RPC query.
    Query,
    /// The result of a query, or its error.
    Result,
    /// Of the protocol itself: acknowledgements, pings, salts.
    Service,
    /// Sent by the server on its own account.
    Update,
    /// Its first constructor is not known.
    Unknown,
}

/// The body of a message.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Nothing of it could be decoded.
    None,
    /// A tree: messages of the protocol itself, and whatever has odd bytes in it.
    Tree(&'a Value),
    /// An object of the API that was read to its end, still in its bytes.
    View(ValueRef<'a>),
}

impl<'a> Body<'a> {
    /// The tree of a message of the protocol itself.
    #[must_use]
    pub const fn tree(self) -> Option<&'a Value> {
        match self {
            Self::Tree(value) => Some(value),
            Self::None | Self::View(_) => None,
        }
    }

    /// The tree of any body; made for the purpose if need be.
    #[must_use]
    pub fn to_tree(self) -> Option<Cow<'a, Value>> {
        match self {
            Self::None => None,
            Self::Tree(value) => Some(Cow::Borrowed(value)),
            Self::View(view) => Some(Cow::Owned(view.to_value())),
        }
    }
}

/// A message.
#[derive(Debug)]
pub struct Message<'a> {
    /// The packet that completed it.
    pub at: At,
    /// The connection.
    pub conn: ConnId,
    /// Its direction.
    pub direction: Direction,
    /// The frame that held it.
    pub frame: Span,
    /// How it was protected.
    pub security: Security,
    /// Its identifier.
    pub msg_id: MsgId,
    /// Its sequence number; plain messages have none.
    pub seq_no: Option<SeqNo>,
    /// The message that contained it.
    pub container: Option<MsgId>,
    /// Length of its body in bytes, as it was sent.
    pub len: usize,
    /// Length of its body after unpacking, if it was packed.
    pub unpacked_len: Option<usize>,
    /// Whether the client asked for a quick acknowledgement.
    pub quick_ack: bool,
    /// Its role.
    pub role: Role,
    /// Its name: the innermost function of a query, the constructor of anything else.
    pub name: &'a str,
    /// The wrappers around the function, outermost first.
    pub wrappers: &'a [String],
    /// The API layer that it was decoded with; none for messages of the protocol itself.
    pub layer: Option<i32>,
    /// Its body as far as it was decoded.
    pub body: Body<'a>,
    /// What the body was decoded with.
    pub schema: &'a Schema,
    /// Parts that could not be decoded.
    pub undecoded: &'a [Undecoded],
    /// For results, acknowledgements of refusals and pongs: the query that it answers.
    pub answers: Option<Answered<'a>>,
    /// Messages in it, if it is a container.
    pub contained: Option<usize>,
    /// CRC-32 of its body as it was sent: the same for the same message sent again.
    pub checksum: u32,
    /// What is worth knowing about it, each a sentence.
    pub remarks: &'a [String],
    /// Rules that it breaks by itself.
    pub faults: &'a [Fault],
}

/// A rule that a message or frame breaks by itself, without regard to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule's identifier in the core's registry of rules.
    pub rule: &'static str,
    /// What is wrong, as a sentence without its full stop.
    pub text: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A known deviation, or an event that belongs to normal operation.
    Notice,
    /// Something that works now and may not tomorrow, or costs time.
    Warning,
    /// Something that does not work.
    Error,
}

/// A rule that was broken, or a cause of trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind: a stable word, such as `clock-offset`.
    pub id: &'static str,
    /// The rule of the protocol, as the core's registry names it.
    pub rule: Option<&'static str>,
    /// How bad it is.
    pub severity: Severity,
    /// Where it was noticed.
    pub at: At,
    /// On which connection.
    pub conn: ConnId,
    /// The cause in one sentence.
    pub cause: String,
    /// What to do about it.
    pub fix: &'static str,
    /// Other packets that show it.
    pub evidence: Vec<u64>,
}

/// A range of a body that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecoded {
    /// Offset in the (unpacked) body.
    pub offset: usize,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Why, as a sentence without its full stop.
    pub reason: String,
    /// Whether the bytes look as if the reading had gone out of step before them.
    pub misaligned: bool,
}

/// The query that a message answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The query's identifier.
    pub msg_id: MsgId,
    /// Its function; none if the capture does not have the query.
    pub method: Option<&'a str>,
    /// The connection that it was sent on.
    pub conn: Option<ConnId>,
    /// The packet that it was sent in.
    pub packet: Option<u64>,
    /// Time from query to answer.
    pub latency: Option<Duration>,
}

/// Something on a connection that is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The packet that completed it.
    pub at: At,
    /// The connection.
    pub conn: ConnId,
    /// Its direction.
    pub direction: Direction,
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: FrameKind,
}

/// Kinds of [`Frame`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A quick acknowledgement.
    QuickAck(u32),
    /// A transport error.
    TransportError(i32),
    /// An encrypted message whose key is not known.
    NoKey(AuthKeyId),
    /// Bytes that the capture does not have.
    Gap,
    /// Bytes that are not MTProto as far as can be told.
    NotMtproto(String),
    /// A frame that could not be decoded.
    Error {
        /// Why.
        reason: String,
        /// The rule that it breaks, if that is the reason.
        rule: Option<&'static str>,
    },
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// TCP only.
    #[default]
    Tcp,
    /// A carrier was opened: WebSocket, HTTP, or what looks like TLS.
    Proxy,
    /// The transport is known.
    Transport,
    /// `req_pq` was answered.
    ResPq,
    /// A key was agreed on.
    KeyExchange,
    /// Encrypted messages, none of which could be read.
    Encrypted,
    /// Encrypted messages were read.
    Session,
    /// A query was answered.
    Rpc,
    /// A query in `initConnection` was answered, and not with an error.
    InitConnection,
    /// A login, or a query that only a login may send, was answered, and not with an error.
    Authorised,
}

impl Stage {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Transport => "transport",
            Self::ResPq => "res_pq",
            Self::KeyExchange => "key_exchange",
            Self::Encrypted => "encrypted",
            Self::Session => "session",
            Self::Rpc => "rpc",
            Self::InitConnection => "init_connection",
            Self::Authorised => "authorised",
        }
    }
}

/// A connection ends.
#[derive(Clone, Debug)]
pub struct ConnectionEnd {
    /// Where.
    pub at: At,
    /// The connection.
    pub conn: ConnId,
    /// Why.
    pub end: End,
    /// How far it came.
    pub stage: Stage,
    /// Why it came no further, as a sentence without its full stop; nothing if it was authorised.
    pub stopped: Option<String>,
    /// What became of its bytes.
    pub bytes: ByteCounts,
    /// Messages decoded on it.
    pub messages: u64,
    /// Why not everything was decoded, and what to do; empty if it was.
    pub reasons: Vec<String>,
}

/// Something worth knowing about the input itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it concerns: the capture file, or a source of keys.
    pub about: String,
    /// The sentence.
    pub text: String,
}

/// Everything counted.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What became of the packets.
    pub packets: PacketCounts,
    /// TCP connections with data or a handshake.
    pub connections: u64,
    /// Of those, the ones that carry MTProto.
    pub mtproto_connections: u64,
    /// Messages decoded, those in containers counted one by one.
    pub messages: u64,
    /// RPC queries.
    pub queries: u64,
    /// Results that belong to a query of the capture.
    pub answered: u64,
    /// Queries that the server refused, for their salt or time for example; clients send them again.
    pub refused: u64,
    /// Results that are errors.
    pub rpc_errors: u64,
    /// What became of the TCP payload.
    pub bytes: ByteCounts,
    /// Bytes of message bodies that could not be decoded, after unpacking.
    pub undecoded: u64,
    /// Findings by severity: notices, warnings, errors.
    pub findings: [u64; 3],
    /// Authorization keys at hand.
    pub keys: usize,
    /// Keys that frames name but that are not at hand, with the number of frames.
    pub missing_keys: Vec<(AuthKeyId, u64)>,
    /// Where the capture could not be read on.
    pub capture_error: Option<String>,
}

impl Summary {
    /// Number of findings at this severity or above.
    #[must_use]
    pub fn findings_from(&self, severity: Severity) -> u64 {
        self.findings.iter().skip(severity as usize).sum()
    }

    /// Whether everything that was captured was decoded.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.undecoded == 0
            && self.capture_error.is_none()
            && self.packets.unknown_link.is_empty()
            && self.bytes.undecoded() == 0
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientToServer => "→",
            Self::ServerToClient => "←",
        })
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
