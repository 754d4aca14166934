//! `explain`: a passive mirror of the protocol's rules that says what went wrong, why, and what to do.
//!
//! An [`Explainer`] reads the [rows](crate::record::Row) of a decoder and makes [`Finding`]s of them.
//! It never changes what is decoded, and it is quiet about clean traffic: known deviations of real clients are
//! notices, and whatever a lossy capture could have caused is not held against anybody.

pub mod catalogue;
mod exchange;
mod rpc;
mod session;
mod updates;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use mtproto_core::ids::{AuthKeyId, SessionId};

use tl_parser::Value;

use crate::record::{
    At, ConnId, ConnectionEnd, Direction, End, Finding, Frame, FrameKind, Message, Row, Security,
    Severity, Version,
};
use exchange::Exchanges;
use rpc::Rpc;
use session::Session;
use updates::Updates;

/// Sessions watched at once.
const MAX_SESSIONS: usize = 4096;
/// Connections watched at once.
const MAX_CONNECTIONS: usize = 16 * 1024;
/// Findings of one kind that are made on one connection; a storm of equal ones explains nothing more.
const MAX_OF_A_KIND: u32 = 5;
/// Two addresses that use one key within this time use it at the same time.
const SHARED_KEY_WINDOW: Duration = Duration::from_secs(60);

/// What one connection is known for.
#[derive(Debug)]
struct Connection {
    client: IpAddr,
    /// Whether bytes were lost: then absence proves nothing.
    lossy: bool,
    /// The session that its client used last.
    session: Option<(AuthKeyId, SessionId)>,
    /// The last `ping_delay_disconnect`, and the seconds that it allows.
    ping: Option<(At, u64)>,
    /// Findings made, by kind.
    made: HashMap<&'static str, u32>,
}

/// The last use of a key.
#[derive(Clone, Copy, Debug)]
struct KeyUse {
    client: IpAddr,
    at: At,
}

/// Makes findings of rows.
#[derive(Debug, Default)]
pub struct Explainer {
    connections: HashMap<ConnId, Connection>,
    sessions: HashMap<(AuthKeyId, SessionId), Session>,
    key_uses: HashMap<AuthKeyId, KeyUse>,
    /// The layer of the objects with which the client of a key announced its layer.
    layers: HashMap<AuthKeyId, i32>,
    /// When temporary keys end, in Unix seconds.
    ends: HashMap<AuthKeyId, u64>,
    exchanges: Exchanges,
    rpc: Rpc,
    updates: Updates,
}

/// Collects findings about one connection.
struct Findings<'a> {
    made: &'a mut HashMap<&'static str, u32>,
    conn: ConnId,
    sink: &'a mut dyn FnMut(&Finding),
}

impl Findings<'_> {
    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of a finding, in their order"
    )]
    fn add(
        &mut self,
        severity: Severity,
        id: &'static str,
        rule: Option<&'static str>,
        at: At,
        cause: String,
        fix: &'static str,
        evidence: Vec<u64>,
    ) {
        debug_assert!(
            catalogue::find(id).is_some(),
            "{id} is not in the catalogue"
        );
        let made = self.made.entry(id).or_default();
        *made += 1;
        if *made <= MAX_OF_A_KIND {
            let conn = self.conn;
            (self.sink)(&Finding {
                id,
                rule,
                severity,
                at,
                conn,
                cause,
                fix,
                evidence,
            });
        }
    }
}

impl Explainer {
    /// An explainer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a row and hands the findings that it gives rise to to `sink`.
    pub fn observe(&mut self, row: &Row<'_>, sink: &mut dyn FnMut(&Finding)) {
        match row {
            Row::Connection(row) if self.connections.len() < MAX_CONNECTIONS => {
                let connection = Connection {
                    client: row.client.ip().to_canonical(),
                    lossy: !row.from_start,
                    session: None,
                    ping: None,
                    made: HashMap::new(),
                };
                self.connections.insert(row.conn, connection);
            }
            Row::Message(message) => self.message(message, sink),
            Row::Frame(frame) => self.frame(frame, sink),
            Row::End(row) => {
                if let Some(mut connection) = self.connections.remove(&row.conn) {
                    let mut findings = Findings {
                        made: &mut connection.made,
                        conn: row.conn,
                        sink,
                    };
                    if let Some((ping, delay)) = connection.ping {
                        ping_expired(row, &ping, delay, &mut findings);
                    }
                    if !connection.lossy {
                        self.updates.connection_ended(row.conn, &mut findings);
                    }
                    self.rpc
                        .connection_ended(row, connection.lossy, &mut findings);
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, message: &Message<'_>, sink: &mut dyn FnMut(&Finding)) {
        let Some(connection) = self.connections.get_mut(&message.conn) else {
            return;
        };
        let mut findings = Findings {
            made: &mut connection.made,
            conn: message.conn,
            sink,
        };
        for fault in message.faults {
            let cause = format!(
                "{} {}: {}",
                sender(message.direction),
                message.name,
                fault.text
            );
            findings.add(
                Severity::Error,
                "broken-message",
                Some(fault.rule),
                message.at,
                cause,
                "correct the sender: a receiver that follows the rules discards this message",
                Vec::new(),
            );
        }
        for range in message.undecoded.iter().take(1) {
            let (id, rule) = match message.name {
                "gzip_packed" => ("bad-gzip", Some("sv_17")),
                _ if range.misaligned => ("misaligned-read", None),
                _ => ("undecoded-object", None),
            };
            findings.add(
                Severity::Error,
                id,
                rule,
                message.at,
                format!("{} cannot be read: {}", message.name, range.reason),
                "compare the layer that the client announced with the one that the object belongs to; a word that \
                 no layer knows is often a reader that went out of step in the field before",
                Vec::new(),
            );
        }
        let Security::Encrypted {
            auth_key_id,
            session_id,
            salt,
            version,
            ..
        } = message.security
        else {
            self.exchanges.message(message, &mut findings);
            return;
        };
        if version == Version::V1 {
            findings.add(
                Severity::Notice,
                "mtproto-1",
                Some("en_19"),
                message.at,
                format!("{} encrypts with MTProto 1.0", sender(message.direction)),
                "use MTProto 2.0; servers no longer accept the old form everywhere",
                Vec::new(),
            );
        }
        layer(&mut self.layers, auth_key_id, message, &mut findings);
        temporary_key(&mut self.ends, auth_key_id, message, &mut findings);
        if message.direction == Direction::ClientToServer {
            if session_id.0 == 0 && message.container.is_none() {
                findings.add(
                    Severity::Error,
                    "session-zero",
                    Some("se_18"),
                    message.at,
                    format!("{} is sent in session 0", message.name),
                    "draw 64 random bits for each session; servers refuse 0 with the transport error -404",
                    Vec::new(),
                );
            }
            if message.name == "ping_delay_disconnect"
                && let Some(Value::Object(ping)) = message.body.tree()
            {
                let delay = ping.int("disconnect_delay").unwrap_or_default();
                connection.ping = u64::try_from(delay).ok().map(|delay| (message.at, delay));
            }
        }
        if !connection.lossy {
            self.updates.message(message, auth_key_id, &mut findings);
        }
        let id = (auth_key_id, session_id);
        if self.sessions.len() >= MAX_SESSIONS && !self.sessions.contains_key(&id) {
            return;
        }
        if message.direction == Direction::ClientToServer {
            connection.session = Some(id);
            shared_key(
                &mut self.key_uses,
                auth_key_id,
                connection.client,
                message.at,
                &mut findings,
            );
        } else if let Some(current) = connection.session
            && current.0 == auth_key_id
            && current.1 != session_id
            && message.container.is_none()
        {
            foreign_session(
                message,
                session_id,
                current.1,
                self.sessions.get(&id),
                &mut findings,
            );
        }
        let session = self
            .sessions
            .entry(id)
            .or_insert_with(|| Session::new(connection.lossy));
        session.message(message, salt, connection.lossy, &mut findings);
        self.rpc.message(message, id, &mut findings);
    }

    fn frame(&mut self, frame: &Frame, sink: &mut dyn FnMut(&Finding)) {
        let Some(connection) = self.connections.get_mut(&frame.conn) else {
            return;
        };
        let mut findings = Findings {
            made: &mut connection.made,
            conn: frame.conn,
            sink,
        };
        match &frame.kind {
            FrameKind::Gap => connection.lossy = true,
            FrameKind::TransportError(code) => {
                let (cause, fix) = transport_error(*code, connection.session.is_some());
                findings.add(
                    Severity::Error,
                    "transport-error",
                    Some("tr_18"),
                    frame.at,
                    cause,
                    fix,
                    Vec::new(),
                );
            }
            // What follows a gap is the capture's fault, not the sender's.
            FrameKind::Error {
                reason,
                rule: Some(rule),
            } if !connection.lossy => {
                let cause = format!(
                    "a frame of {} cannot be read: {reason}",
                    sender(frame.direction)
                );
                findings.add(
                    Severity::Error,
                    "broken-frame",
                    Some(rule),
                    frame.at,
                    cause,
                    "check that both sides hold the same key and that nothing alters the stream on its way",
                    Vec::new(),
                );
            }
            _ => {}
        }
    }
}

/// The object of a message is of the layer that was announced for its key.
fn layer(
    layers: &mut HashMap<AuthKeyId, i32>,
    key: AuthKeyId,
    message: &Message<'_>,
    findings: &mut Findings<'_>,
) {
    let Some(layer) = message.layer.filter(|_| message.undecoded.is_empty()) else {
        return;
    };
    let announces = |wrapper: &String| wrapper.starts_with("invokeWithLayer(");
    if message.wrappers.iter().any(announces) {
        if layers.len() < MAX_SESSIONS || layers.contains_key(&key) {
            layers.insert(key, layer);
        }
        return;
    }
    if let Some(announced) = layers.get(&key).filter(|announced| **announced != layer) {
        findings.add(
            Severity::Warning,
            "layer-mismatch",
            Some("rp_18"),
            message.at,
            format!(
                "{} {} can be read with layer {layer}, but not with layer {announced}, which the client announced",
                sender(message.direction),
                message.name
            ),
            "announce the layer of the schema that the client is built with; answer in the layer that was announced",
            Vec::new(),
        );
    }
}

/// A temporary key is not used after its end.
fn temporary_key(
    ends: &mut HashMap<AuthKeyId, u64>,
    key: AuthKeyId,
    message: &Message<'_>,
    findings: &mut Findings<'_>,
) {
    if message.name == "auth.bindTempAuthKey" && message.direction == Direction::ClientToServer {
        let tree = message.body.to_tree();
        let mut call = tree.as_deref().and_then(Value::as_object);
        while let Some(inner) = call.and_then(|call| call.object("query")) {
            call = Some(inner);
        }
        let end = call.and_then(|call| call.int("expires_at"));
        if let Some(end) = end.and_then(|end| u64::try_from(end).ok())
            && ends.len() < MAX_SESSIONS
        {
            ends.insert(key, end);
        }
        return;
    }
    if let Some(end) = ends
        .get(&key)
        .copied()
        .filter(|end| message.at.time.as_secs() > *end)
    {
        ends.remove(&key);
        findings.add(
            Severity::Warning,
            "temporary-key-expired",
            Some("pf_08"),
            message.at,
            format!(
                "{} {} uses the temporary key {key}, {} s after it ended",
                sender(message.direction),
                message.name,
                message.at.time.as_secs() - end
            ),
            "make and bind a new temporary key some minutes before the old one ends",
            Vec::new(),
        );
    }
}

/// The server keeps its promise to close a connection without pings.
fn ping_expired(end: &ConnectionEnd, ping: &At, delay: u64, findings: &mut Findings<'_>) {
    let by_server = matches!(
        end.end,
        End::Closed {
            by: Direction::ServerToClient
        } | End::Reset {
            by: Direction::ServerToClient
        }
    );
    let waited = between(ping, &end.at);
    if by_server && waited >= Duration::from_secs(delay) {
        findings.add(
            Severity::Warning,
            "ping-delay-expired",
            Some("sv_49"),
            end.at,
            format!(
                "the server closes the connection {:.1} s after a ping_delay_disconnect that allowed {delay} s",
                waited.as_secs_f64()
            ),
            "ping at least once in half of the delay, from a timer that long work does not hold up",
            vec![ping.packet],
        );
    }
}

const fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "the client",
        Direction::ServerToClient => "the server",
    }
}

/// Time between two places of the capture.
fn between(earlier: &At, later: &At) -> Duration {
    Duration::from_nanos(
        later
            .time
            .as_nanos()
            .saturating_sub(earlier.time.as_nanos()),
    )
}

/// One key at two addresses at the same time ends a login.
fn shared_key(
    uses: &mut HashMap<AuthKeyId, KeyUse>,
    key: AuthKeyId,
    client: IpAddr,
    at: At,
    findings: &mut Findings<'_>,
) {
    if uses.len() >= MAX_SESSIONS && !uses.contains_key(&key) {
        return;
    }
    let last = uses.insert(key, KeyUse { client, at });
    if let Some(last) =
        last.filter(|last| last.client != client && between(&last.at, &at) < SHARED_KEY_WINDOW)
    {
        findings.add(
            Severity::Warning,
            "shared-key",
            Some("rp_13"),
            at,
            format!("the key {key} is used by {} and by {client} at the same time", last.client),
            "give each program a login of its own: the server ends a login whose key appears at two addresses \
             (AUTH_KEY_DUPLICATED)",
            vec![last.at.packet, at.packet],
        );
    }
}

fn foreign_session(
    message: &Message<'_>,
    session: SessionId,
    current: SessionId,
    known: Option<&Session>,
    findings: &mut Findings<'_>,
) {
    let elsewhere = known
        .and_then(Session::last_client_conn)
        .filter(|conn| *conn != message.conn);
    let (severity, cause) = match elsewhere {
        Some(conn) => (
            Severity::Error,
            format!(
                "a message of session {session} arrives here, whose client sits on connection {conn}; the client \
                     of this connection uses session {current}"
            ),
        ),
        // The client used it on this connection before.
        None if known.is_some() => (
            Severity::Notice,
            format!(
                "a late message of the client's earlier session {session} arrives; it uses {current} now"
            ),
        ),
        None => (
            Severity::Error,
            format!(
                "a message of session {session} arrives, which no client of the capture uses; the client of \
                     this connection uses session {current}"
            ),
        ),
    };
    findings.add(
        severity,
        "foreign-session",
        Some("se_16"),
        message.at,
        cause,
        "let one program own a session: two that share a stored session receive each other's messages",
        Vec::new(),
    );
}

fn transport_error(code: i32, has_session: bool) -> (String, &'static str) {
    match code {
        -404 if has_session => (
            "the server refuses with -404: it does not know the authorization key, or the message was malformed".into(),
            "the key was made on another server or data centre, was destroyed, or is a temporary key that expired: \
             create a new one; check the session id, which must not be 0",
        ),
        -404 => (
            "the server refuses with -404 during the key exchange: a step is malformed or repeated".into(),
            "check the fingerprint of the RSA key, the order p < q, and that each step repeats both nonces",
        ),
        -429 => (
            "the server refuses with -429: too many connections or messages in too short a time".into(),
            "wait longer before each new connection, and keep one connection for many requests",
        ),
        -444 => (
            "the server refuses with -444: it does not serve the data centre that was asked for".into(),
            "check the number of the data centre: test servers add 10000, media-only ones are negative",
        ),
        _ => (format!("the server refuses with the transport error {code}"), "see the server's documentation"),
    }
}
