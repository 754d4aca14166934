//! The ladder: TCP bytes → frames → messages → containers → TL objects, as rows.
//!
//! Sans-IO and in bounded memory: a frame per direction of each connection, a bounded number of connections, queries
//! and keys.

mod body;
mod connection;
mod exchange;
mod message;
mod open;
mod queries;
mod schemas;

use std::collections::HashMap;

use mtproto_core::ids::AuthKeyId;

use crate::capture::CaptureEvent;
use crate::capture::file::SECRETS_MTPROTO_KEY_LOG;
use crate::capture::tcp::TcpEvent;
use crate::keys::{KeyRing, Source};
use crate::record::{At, ConnId, ConnectionEnd, Direction, End, Note, Row, Summary};
use connection::Connection;
use queries::Queries;
use schemas::Schemas;

/// Keys that are missing and counted.
const MAX_MISSING: usize = 1024;

/// Where rows go.
pub(crate) type Sink<'s> = dyn FnMut(&Row<'_>) + 's;

/// Decodes the events of a capture.
#[derive(Debug)]
pub(crate) struct Engine {
    connections: HashMap<ConnId, Connection>,
    shared: Shared,
}

/// What connections have in common: a session may use several.
#[derive(Debug)]
struct Shared {
    keys: KeyRing,
    schemas: Schemas,
    queries: Queries,
    missing: HashMap<AuthKeyId, u64>,
    summary: Summary,
}

impl Engine {
    pub(crate) fn new(keys: KeyRing) -> Self {
        let shared = Shared {
            keys,
            schemas: Schemas::new(),
            queries: Queries::default(),
            missing: HashMap::new(),
            summary: Summary::default(),
        };
        Self {
            connections: HashMap::new(),
            shared,
        }
    }

    pub(crate) fn event(&mut self, event: CaptureEvent<'_>, sink: &mut Sink<'_>) {
        match event {
            CaptureEvent::Secrets { kind, data } => self.secrets(kind, data, sink),
            CaptureEvent::Tcp(event) => self.tcp(event, sink),
        }
    }

    /// Key log text inside the capture. The block's type code is ours, or unknown with our labels in it.
    fn secrets(&mut self, kind: u32, data: &[u8], sink: &mut Sink<'_>) {
        let label = b"MTPROTO_";
        if kind != SECRETS_MTPROTO_KEY_LOG
            && !data.windows(label.len()).any(|window| window == label)
        {
            return;
        }
        let known = self.shared.keys.problems().len();
        self.shared.keys.add_key_log(data, &Source::Capture);
        for (source, problem) in self.shared.keys.problems().iter().skip(known) {
            sink(&Row::Note(&Note {
                about: format!("keys of {source}"),
                text: problem.to_string(),
            }));
        }
    }

    fn tcp(&mut self, event: TcpEvent<'_>, sink: &mut Sink<'_>) {
        match event {
            TcpEvent::Opened {
                conn,
                client,
                server,
                from_start,
                at,
            } => {
                let row = crate::record::Connection {
                    at,
                    conn,
                    client,
                    server,
                    from_start,
                };
                sink(&Row::Connection(&row));
                self.shared.summary.connections += 1;
                let keys = &self.shared.keys;
                self.connections.insert(conn, Connection::new(&row, keys));
            }
            TcpEvent::Data {
                conn,
                direction,
                at,
                bytes,
            } => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.data(direction, at, bytes, &mut self.shared, sink);
                }
            }
            TcpEvent::Gap {
                conn,
                direction,
                at,
                bytes,
            } => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.gap(direction, at, bytes, &mut self.shared, sink);
                }
            }
            TcpEvent::Differs {
                conn,
                direction,
                at,
            } => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.differs(direction, at);
                }
            }
            TcpEvent::Closed { conn, at, end } => self.closed(conn, at, end, sink),
        }
    }

    fn closed(&mut self, conn: ConnId, at: At, end: End, sink: &mut Sink<'_>) {
        let Some(connection) = self.connections.remove(&conn) else {
            return;
        };
        let row: ConnectionEnd = connection.end(at, end);
        let summary = &mut self.shared.summary;
        summary.bytes += row.bytes;
        summary.mtproto_connections += u64::from(row.is_mtproto());
        sink(&Row::End(&row));
    }

    /// What was counted so far; connections count when they end.
    pub(crate) fn summary(&self) -> Summary {
        let shared = &self.shared;
        let mut missing_keys: Vec<(AuthKeyId, u64)> = shared
            .missing
            .iter()
            .map(|(id, frames)| (*id, *frames))
            .collect();
        missing_keys.sort_by_key(|(id, frames)| (std::cmp::Reverse(*frames), *id));
        Summary {
            keys: shared.keys.len(),
            missing_keys,
            ..shared.summary.clone()
        }
    }
}

impl Shared {
    fn missing_key(&mut self, id: AuthKeyId) {
        if self.missing.len() < MAX_MISSING || self.missing.contains_key(&id) {
            *self.missing.entry(id).or_default() += 1;
        }
    }
}

/// The direction as key derivation names it.
const fn kdf_direction(direction: Direction) -> mtproto_core::crypto::kdf::Direction {
    match direction {
        Direction::ClientToServer => mtproto_core::crypto::kdf::Direction::ClientToServer,
        Direction::ServerToClient => mtproto_core::crypto::kdf::Direction::ServerToClient,
    }
}
