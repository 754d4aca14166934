//! The encrypted parts of a key exchange, for whoever knows the client's `new_nonce`.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key>.

use mtproto_core::crypto::hash::sha1;
use mtproto_core::crypto::{aes_ige, kdf};
use mtproto_core::ids::Nonce;
use tl_parser::{Limits, Object, Value};

use super::schemas::Schemas;
use crate::keys::KeyRing;
use crate::record::Fault;

/// Length of the SHA-1 in front of each encrypted object.
const HASH: usize = 20;

/// Adds to a message of the exchange what the keys at hand reveal; returns a remark that is worth knowing.
///
/// # Errors
///
/// What should be revealed is not as the rules say.
pub(super) fn reveal(message: &mut Object, keys: &KeyRing) -> Result<Option<String>, Fault> {
    let (Some(nonce), Some(server_nonce)) =
        (nonce(message, "nonce"), nonce(message, "server_nonce"))
    else {
        return Ok(None);
    };
    let Some(new_nonce) = keys.new_nonce(&nonce) else {
        return Ok(None);
    };
    let (field, revealed, hash_rule) = match message.name() {
        "server_DH_params_ok" => ("encrypted_answer", "decrypted_answer", "hs_23"),
        "set_client_DH_params" => ("encrypted_data", "decrypted_data", "hs_65"),
        "dh_gen_ok" => return Ok(created_key(message, new_nonce, keys)),
        _ => return Ok(None),
    };
    if let Some(encrypted) = message.bytes(field) {
        let inner = decrypt(encrypted, new_nonce, &server_nonce, hash_rule)?;
        message.set(revealed, inner);
    }
    Ok(None)
}

fn nonce(message: &Object, field: &str) -> Option<Nonce> {
    match message.get(field)? {
        Value::Int128(bytes) => Some(Nonce(*bytes)),
        _ => None,
    }
}

fn decrypt(
    encrypted: &[u8],
    new_nonce: &[u8; 32],
    server_nonce: &Nonce,
    hash_rule: &'static str,
) -> Result<Value, Fault> {
    let fault = |rule, text| Fault { rule, text };
    let keys = kdf::tmp_keys(new_nonce, server_nonce);
    let mut plain = encrypted.to_vec();
    aes_ige::decrypt(&keys.key, &keys.iv, &mut plain).map_err(|_| {
        fault(
            "hs_21",
            format!(
                "{} encrypted bytes are not whole blocks of 16",
                encrypted.len()
            ),
        )
    })?;
    let (hash, data) = plain.split_at_checked(HASH).ok_or_else(|| {
        fault(
            "hs_22",
            format!("{} encrypted bytes are too few", encrypted.len()),
        )
    })?;
    let (inner, len) = Schemas::service()
        .decode_prefix(data, Limits::NETWORK)
        .map_err(|error| {
            fault(
                "hs_27",
                format!("the encrypted part cannot be read ({error})"),
            )
        })?;
    // The hash covers the object, not the random bytes that fill the last block.
    if data
        .get(..len)
        .map(|object| sha1(&[object]))
        .as_ref()
        .map(<[u8; 20]>::as_slice)
        != Some(hash)
    {
        return Err(fault(
            hash_rule,
            "the SHA-1 in front of the encrypted object does not match it".to_owned(),
        ));
    }
    Ok(inner)
}

/// Which of the keys at hand the exchange created.
fn created_key(message: &Object, new_nonce: &[u8; 32], keys: &KeyRing) -> Option<String> {
    let Some(Value::Int128(hash)) = message.get("new_nonce_hash1") else {
        return None;
    };
    keys.auth_keys()
        .find(|known| kdf::new_nonce_hash(new_nonce, 1, &known.key.aux_hash()) == *hash)
        .map(|known| format!("the key agreed on is {}", known.key.id()))
}
