//! The encrypted parts of a key exchange, for whoever knows the client's `new_nonce`.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key>.

use mtproto_core::crypto::hash::sha1;
use mtproto_core::crypto::{aes_ige, kdf};
use mtproto_core::ids::Nonce;
use tl_parser::{Limits, Object, Value};

use super::schemas::Schemas;
use crate::keys::KeyRing;

/// Length of the SHA-1 in front of each encrypted object.
const HASH: usize = 20;

/// Adds to a message of the exchange what the keys at hand reveal; returns remarks on what is wrong or worth knowing.
pub(super) fn reveal(message: &mut Object, keys: &KeyRing) -> Vec<String> {
    let (Some(nonce), Some(server_nonce)) =
        (nonce(message, "nonce"), nonce(message, "server_nonce"))
    else {
        return Vec::new();
    };
    let Some(new_nonce) = keys.new_nonce(&nonce) else {
        return Vec::new();
    };
    let (field, revealed) = match message.name() {
        "server_DH_params_ok" => ("encrypted_answer", "decrypted_answer"),
        "set_client_DH_params" => ("encrypted_data", "decrypted_data"),
        "dh_gen_ok" => return created_key(message, new_nonce, keys),
        _ => return Vec::new(),
    };
    let Some(encrypted) = message.bytes(field) else {
        return Vec::new();
    };
    match decrypt(encrypted, new_nonce, &server_nonce) {
        Ok(inner) => {
            message.set(revealed, inner);
            Vec::new()
        }
        Err(remark) => vec![format!("{field}: {remark}")],
    }
}

fn nonce(message: &Object, field: &str) -> Option<Nonce> {
    match message.get(field)? {
        Value::Int128(bytes) => Some(Nonce(*bytes)),
        _ => None,
    }
}

fn decrypt(encrypted: &[u8], new_nonce: &[u8; 32], server_nonce: &Nonce) -> Result<Value, String> {
    let keys = kdf::tmp_keys(new_nonce, server_nonce);
    let mut plain = encrypted.to_vec();
    aes_ige::decrypt(&keys.key, &keys.iv, &mut plain)
        .map_err(|_| format!("{} bytes are not whole blocks of 16", encrypted.len()))?;
    let (hash, data) = plain
        .split_at_checked(HASH)
        .ok_or("too short for its hash")?;
    let (inner, len) = Schemas::service()
        .decode_prefix(data, Limits::NETWORK)
        .map_err(|error| format!("not readable with the new_nonce at hand ({error})"))?;
    // The hash covers the object, not the random bytes that fill the last block.
    if data
        .get(..len)
        .map(|object| sha1(&[object]))
        .as_ref()
        .map(<[u8; 20]>::as_slice)
        != Some(hash)
    {
        return Err("its SHA-1 does not match".to_owned());
    }
    Ok(inner)
}

/// Which of the keys at hand the exchange created.
fn created_key(message: &Object, new_nonce: &[u8; 32], keys: &KeyRing) -> Vec<String> {
    let Some(Value::Int128(hash)) = message.get("new_nonce_hash1") else {
        return Vec::new();
    };
    keys.auth_keys()
        .find(|known| kdf::new_nonce_hash(new_nonce, 1, &known.key.aux_hash()) == *hash)
        .map(|known| format!("the key agreed on is {}", known.key.id()))
        .into_iter()
        .collect()
}
