//! The session file of grammers 0.8 and later: SQLite, version 1.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;

use anyhow::{Context as _, bail};
use mock_server::ReadySession;
use rusqlite::{Connection, params};

/// The tables as grammers makes them; the last row of `peer_info` is the account itself.
const TABLES: &str = "
    CREATE TABLE dc_home (dc_id INTEGER NOT NULL, PRIMARY KEY(dc_id));
    CREATE TABLE dc_option (
        dc_id INTEGER NOT NULL, ipv4 TEXT NOT NULL, ipv6 TEXT NOT NULL, auth_key BLOB,
        PRIMARY KEY (dc_id));
    CREATE TABLE peer_info (
        peer_id INTEGER NOT NULL, hash INTEGER, subtype INTEGER, PRIMARY KEY (peer_id));
    CREATE TABLE update_state (
        pts INTEGER NOT NULL, qts INTEGER NOT NULL, date INTEGER NOT NULL, seq INTEGER NOT NULL);
    CREATE TABLE channel_state (
        peer_id INTEGER NOT NULL, pts INTEGER NOT NULL, PRIMARY KEY (peer_id));
    PRAGMA user_version = 1;";

/// `subtype` of `peer_info`: the account of the session, and whether it is a bot.
const SELF: i64 = 1;
const BOT: i64 = 2;

/// Writes a session file with the login and with the server's address for its DC.
pub(super) fn write(session: &ReadySession, server: SocketAddr, path: &Path) -> anyhow::Result<()> {
    let SocketAddr::V4(ipv4) = server else {
        bail!("grammers dials the IPv4 address of its session: give one with --server");
    };
    let ipv6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, ipv4.port(), 0, 0);
    let store = || -> rusqlite::Result<()> {
        let file = Connection::open(path)?;
        file.execute_batch(TABLES)?;
        file.execute("INSERT INTO dc_home VALUES (?1)", params![session.dc])?;
        file.execute(
            "INSERT INTO dc_option VALUES (?1, ?2, ?3, ?4)",
            params![
                session.dc,
                ipv4.to_string(),
                ipv6.to_string(),
                session.key.as_bytes().as_slice()
            ],
        )?;
        let subtype = if session.is_bot { SELF | BOT } else { SELF };
        file.execute(
            "INSERT INTO peer_info VALUES (?1, NULL, ?2)",
            params![session.user_id, subtype],
        )?;
        file.close().map_err(|(_, error)| error)
    };
    store().with_context(|| format!("cannot write {}", path.display()))
}
