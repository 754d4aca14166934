//! Session files of client libraries: where they keep their authorization keys.
//!
//! | library | file |
//! |---|---|
//! | Telethon | SQLite, table `sessions` with `auth_key` and perhaps `tmp_auth_key` |
//! | Pyrogram, Kurigram | SQLite, table `sessions` with `api_id` and `auth_key` |
//! | mtcute | SQLite, tables `auth_keys` and `temp_auth_keys` |
//! | grammers | SQLite, table `dc_option` with `auth_key` |
//! | gotd | JSON, `Data.AuthKey` in base64 |
//!
//! Files are opened for reading alone, and a library may have them open at the same time.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mtproto_core::crypto::auth_key::AuthKey;
use rusqlite::{Connection, OpenFlags};

use crate::keys::KeyLife;

/// How every file of SQLite begins.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// Keys that are taken from one file; a login has one per data centre.
const MAX_KEYS: usize = 256;

/// The keys of a session file.
#[derive(Debug)]
pub(super) struct SessionFile {
    /// Data centre, key and life of each.
    pub(super) keys: Vec<(i32, AuthKey, KeyLife)>,
}

/// What to ask of a database, if it has the table: data centre and key of each row.
const QUERIES: [(&str, &str, KeyLife); 5] = [
    (
        "sessions",
        "SELECT dc_id, auth_key FROM sessions",
        KeyLife::Permanent,
    ),
    (
        "sessions",
        "SELECT dc_id, tmp_auth_key FROM sessions",
        KeyLife::Temporary,
    ),
    (
        "auth_keys",
        "SELECT dc, key FROM auth_keys",
        KeyLife::Permanent,
    ),
    (
        "temp_auth_keys",
        "SELECT dc, key FROM temp_auth_keys",
        KeyLife::Temporary,
    ),
    (
        "dc_option",
        "SELECT dc_id, auth_key FROM dc_option",
        KeyLife::Permanent,
    ),
];

/// The keys of a session file, whose content is given as well; nothing if it is none that is known.
pub(super) fn read(path: &Path, content: &[u8]) -> Option<SessionFile> {
    let keys = if content.starts_with(SQLITE) {
        sqlite(path)
    } else {
        gotd(content).into_iter().collect()
    };
    (!keys.is_empty()).then_some(SessionFile { keys })
}

fn sqlite(path: &Path) -> Vec<(i32, AuthKey, KeyLife)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(database) = Connection::open_with_flags(path, flags) else {
        return Vec::new();
    };
    let mut keys: Vec<(i32, AuthKey, KeyLife)> = Vec::new();
    for (table, query, life) in QUERIES {
        if !database.table_exists(None, table).unwrap_or_default() {
            continue;
        }
        // A column that a version of a library does not have is no key.
        let Ok(mut statement) = database.prepare(query) else {
            continue;
        };
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, i32>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
        });
        for (dc, key) in rows.into_iter().flatten().flatten().take(MAX_KEYS) {
            // Some versions keep the permanent key in the place of the temporary one as well.
            if let Some(key) = key.and_then(|key| auth_key(&key))
                && keys.iter().all(|(_, known, _)| known.id() != key.id())
            {
                keys.push((dc, key, life));
            }
        }
    }
    keys
}

fn gotd(content: &[u8]) -> Option<(i32, AuthKey, KeyLife)> {
    let json: serde_json::Value = serde_json::from_slice(content).ok()?;
    let data = json.get("Data")?;
    let dc = data.get("DC").and_then(serde_json::Value::as_i64);
    let key = STANDARD.decode(data.get("AuthKey")?.as_str()?).ok()?;
    let dc = dc.and_then(|dc| i32::try_from(dc).ok()).unwrap_or_default();
    Some((dc, auth_key(&key)?, KeyLife::Permanent))
}

fn auth_key(bytes: &[u8]) -> Option<AuthKey> {
    let key: [u8; 256] = bytes.try_into().ok()?;
    (key != [0; 256]).then(|| AuthKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("mtkit-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn found(path: &Path) -> Vec<(i32, [u8; 256], KeyLife)> {
        let content = std::fs::read(path).unwrap();
        let file = read(path, &content);
        let keys = file.into_iter().flat_map(|file| file.keys);
        keys.map(|(dc, key, life)| (dc, *key.as_bytes(), life))
            .collect()
    }

    #[test]
    fn every_library_keeps_its_keys_where_they_are_looked_for() {
        let folder = Folder::new("session-files");
        let (perm, temp) = (KeyLife::Permanent, KeyLife::Temporary);
        let key = |n: u8| [n; 256];
        let blob = |n: u8| format!("x'{}'", hex::encode(key(n)));
        for (name, script, expected) in [
            (
                "telethon",
                format!(
                    "CREATE TABLE sessions (dc_id integer primary key, server_address text, port integer, \
                     auth_key blob, takeout_id integer, tmp_auth_key blob); \
                     INSERT INTO sessions VALUES (2, 'a', 443, {}, NULL, {}), (4, 'a', 443, {}, NULL, NULL)",
                    blob(1),
                    blob(1),
                    blob(3)
                ),
                vec![(2, key(1), perm), (4, key(3), perm)],
            ),
            (
                "pyrogram",
                format!(
                    "CREATE TABLE sessions (dc_id integer primary key, api_id integer, test_mode integer, \
                     auth_key blob, date integer, user_id integer, is_bot integer); \
                     INSERT INTO sessions VALUES (5, 1, 0, {}, 0, 7, 0)",
                    blob(4)
                ),
                vec![(5, key(4), perm)],
            ),
            (
                "mtcute",
                format!(
                    "CREATE TABLE auth_keys (dc integer primary key, key blob); \
                     CREATE TABLE temp_auth_keys (dc integer, idx integer, key blob, expires integer); \
                     INSERT INTO auth_keys VALUES (2, {}); INSERT INTO temp_auth_keys VALUES (2, 0, {}, 9)",
                    blob(5),
                    blob(6)
                ),
                vec![(2, key(5), perm), (2, key(6), temp)],
            ),
            (
                "grammers",
                format!(
                    "CREATE TABLE dc_option (dc_id integer primary key, ipv4 text, ipv6 text, auth_key blob); \
                     INSERT INTO dc_option VALUES (1, '', '', NULL), (2, '', '', {})",
                    blob(7)
                ),
                vec![(2, key(7), perm)],
            ),
            (
                "another program",
                "CREATE TABLE sessions (id text); INSERT INTO sessions VALUES ('x')".to_owned(),
                vec![],
            ),
        ] {
            let path = folder.0.join(name);
            let database = Connection::open(&path).unwrap();
            database.execute_batch(&script).unwrap();
            // The library may still have it open.
            assert_eq!(found(&path), expected, "{name}");
        }
    }

    #[test]
    fn gotd_keeps_json() {
        let folder = Folder::new("gotd");
        let path = folder.0.join("session.json");
        let key = STANDARD.encode([9; 256]);
        let json = format!(r#"{{"Version":1,"Data":{{"DC":2,"AuthKey":"{key}","Salt":5}}}}"#);
        std::fs::write(&path, json).unwrap();
        assert_eq!(found(&path), [(2, [9; 256], KeyLife::Permanent)]);
        for other in [r#"{"Data":{}}"#, "[1]", "SQLite format 3\0 and no more", ""] {
            std::fs::write(&path, other).unwrap();
            assert_eq!(found(&path), [], "{other}");
        }
    }
}
