//! The folder `tdata` of Telegram Desktop, without passcode.
//!
//! ```text
//! file            TDF$, version, content, MD5 of (content, its length, version, TDF$)
//! key_datas       salt, local key under the passcode's key, accounts under the local key
//! D877F783D5D3EF8Cs   login under the local key
//! D877F783D5D3EF8C/maps   two empty arrays, list of other files under the local key
//! encrypted       first 16 bytes of SHA-1 of the plaintext, plaintext under AES-256-IGE as in MTProto 1.0 with x = 8
//! plaintext       its length without what fills it to whole blocks, content, filling
//! ```
//!
//! Numbers are big-endian as Qt writes them, but for version, lengths of plaintexts and the length under the MD5.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use md5::{Digest as _, Md5};
use mock_server::ReadySession;
use mtproto_core::crypto::aes_ige;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::hash::{sha1, sha256};
use mtproto_core::crypto::kdf::{Direction, keys_v1};
use mtproto_core::ids::MsgKey;
use mtproto_core::random::{self, ChaChaRandom};
use sha2::Sha512;

const MAGIC: &[u8; 4] = b"TDF$";
/// 4.6.5, a version that knows this form.
const VERSION: u32 = 4_006_005;
/// The name under which the record of a login stands in its file.
const MTP_AUTHORIZATION: u32 = 0x4b;
/// Instead of a 32-bit user id: one of 64 bits follows.
const WIDE_IDS: u64 = u64::MAX;
/// The account's place among several.
const FIRST_ACCOUNT: u32 = 0;

/// Writes the folder with the login.
pub(super) fn write(session: &ReadySession, folder: &Path) -> anyhow::Result<()> {
    let store = || -> std::io::Result<()> {
        for (name, content) in files(session) {
            let path = folder.join(name);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, file(&content))?;
        }
        Ok(())
    };
    store().with_context(|| format!("cannot write {}", folder.display()))
}

/// Names and contents of the files.
fn files(session: &ReadySession) -> [(String, Vec<u8>); 3] {
    // The same login gives the same files.
    let seed = sha256(&[b"mtkit tdata", session.key.as_bytes()]);
    let mut random = ChaChaRandom::from_seed(seed);
    let salt: [u8; 32] = random::bytes(&mut random);
    let local_key = AuthKey::new(random::bytes(&mut random));

    let mut accounts = Vec::new();
    for number in [1, FIRST_ACCOUNT, FIRST_ACCOUNT] {
        accounts.extend(number.to_be_bytes());
    }
    let mut keys = Vec::new();
    array(&salt, &mut keys);
    array(
        &encrypt(local_key.as_bytes(), &passcode_key(&salt)),
        &mut keys,
    );
    array(&encrypt(&accounts, &local_key), &mut keys);

    let mut login = MTP_AUTHORIZATION.to_be_bytes().to_vec();
    array(&authorization(session), &mut login);
    let mut account = Vec::new();
    array(&encrypt(&login, &local_key), &mut account);
    // Where other files lie: nowhere. Salt and key stand here only in versions before 2.0.
    let mut map = Vec::new();
    array(&[], &mut map);
    array(&[], &mut map);
    array(&encrypt(&[], &local_key), &mut map);
    let name = file_name("data");
    [
        ("key_datas".to_owned(), keys),
        (format!("{name}s"), account),
        (format!("{name}/maps"), map),
    ]
}

fn authorization(session: &ReadySession) -> Vec<u8> {
    let mut out = WIDE_IDS.to_be_bytes().to_vec();
    out.extend(session.user_id.to_be_bytes());
    out.extend(session.dc.to_be_bytes());
    out.extend(1_u32.to_be_bytes());
    out.extend(session.dc.to_be_bytes());
    out.extend(session.key.as_bytes());
    // No keys to destroy.
    out.extend(0_u32.to_be_bytes());
    out
}

/// A `QByteArray`.
fn array(content: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(content);
}

/// The first 8 bytes of the name's MD5, each with its digits turned round.
fn file_name(name: &str) -> String {
    let digest = Md5::digest(name);
    let digits = digest
        .iter()
        .take(8)
        .flat_map(|byte| [byte & 15, byte >> 4]);
    digits.map(|digit| format!("{digit:X}")).collect()
}

fn file(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut digest = Md5::new();
    digest.update(content);
    digest.update(length.to_le_bytes());
    digest.update(VERSION.to_le_bytes());
    digest.update(MAGIC);
    [
        MAGIC.as_slice(),
        &VERSION.to_le_bytes(),
        content,
        &digest.finalize(),
    ]
    .concat()
}

/// The key made of an empty passcode: one round is enough for what protects nothing.
fn passcode_key(salt: &[u8; 32]) -> AuthKey {
    let password = Sha512::digest([salt.as_slice(), salt].concat());
    let mut key = [0; 256];
    pbkdf2::pbkdf2_hmac::<Sha512>(&password, salt, 1, &mut key);
    AuthKey::new(key)
}

fn encrypt(content: &[u8], key: &AuthKey) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap_or(u32::MAX);
    let mut plain = length.to_le_bytes().to_vec();
    plain.extend(content);
    plain.resize(plain.len().next_multiple_of(16), 0);
    let [name @ .., _, _, _, _] = sha1(&[&plain]);
    let name = MsgKey(name);
    let aes = keys_v1(key, &name, Direction::ServerToClient);
    // The filling made whole blocks of it.
    let _ = aes_ige::encrypt(&aes.key, &aes.iv, &mut plain);
    [name.0.as_slice(), &plain].concat()
}

#[cfg(test)]
mod tests;
