//! The published sample of a key exchange, value by value, and recorded exchanges of the reference data.

use mtproto_core::crypto::aes_ige;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::{self, DhParams, GeneratorTable, PrimeCache};
use mtproto_core::crypto::hash::sha1;
use mtproto_core::crypto::rsa::{self, RsaPublicKey};
use mtproto_core::crypto::{kdf, pq};
use mtproto_core::ids::{Nonce, ServerSalt};
use serde_json::Value;

use crate::support::{Script, Seeded, array, bytes, entries, vectors};

// Values printed at https://core.telegram.org/mtproto/samples-auth_key.
mod sample {
    pub(super) const SERVER_NONCE: &str = "e11dbc3bc97d91a26154f932af019943";
    pub(super) const NEW_NONCE: &str =
        "a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac1";
    pub(super) const PQ: u64 = 0x2565_95ed_b776_6797;
    pub(super) const P: u64 = 0x5a30_0d4b;
    pub(super) const Q: u64 = 0x6a26_db65;
    pub(super) const TMP_AES_KEY: &str =
        "5ea702f743e850f5546e857f08b7d5337bbaedf9b61248751594851be2e8c297";
    pub(super) const TMP_AES_IV: &str =
        "1cef8e372a63d97ebfa805c0dbb018bc7c1e0931693fbcb1a1afc0c0a8bbc849";
    pub(super) const NEW_NONCE_HASH1: &str = "1142871352165e59e1124036b48b97d3";
    pub(super) const AUTH_KEY_AUX_HASH: &str = "20b5c361a4f5a3d0";
}

fn hex_array<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn the_published_sample_gives_its_factors_and_keys() {
    let new_nonce = hex_array(sample::NEW_NONCE);
    let server_nonce = Nonce(hex_array(sample::SERVER_NONCE));
    assert_eq!(pq::factorize(sample::PQ), Some((sample::P, sample::Q)));
    let keys = kdf::tmp_keys(&new_nonce, &server_nonce);
    assert_eq!(hex::encode(keys.key), sample::TMP_AES_KEY);
    assert_eq!(hex::encode(keys.iv), sample::TMP_AES_IV);
    let hash = kdf::new_nonce_hash(&new_nonce, 1, &hex_array(sample::AUTH_KEY_AUX_HASH));
    assert_eq!(hex::encode(hash), sample::NEW_NONCE_HASH1);
}

/// Decrypts an inner object and checks its hash; the plaintext with its padding is returned.
fn open_inner(values: &Value, encrypted: &str) -> Vec<u8> {
    let keys = kdf::tmp_keys(
        &array(values, "new_nonce"),
        &Nonce(array(values, "server_nonce")),
    );
    let mut buf = bytes(values, encrypted);
    aes_ige::decrypt(&keys.key, &keys.iv, &mut buf).unwrap();
    buf
}

#[test]
fn the_sample_exchange_agrees_with_the_reference_in_every_value() {
    let Some(data) = vectors("auth_key_sample.json") else {
        return;
    };
    let values = &data["values"];
    let derived = &data["derived_here"];
    let prime: [u8; 256] = array(values, "dh_prime");
    let g = i32::try_from(values["g"].as_i64().unwrap()).unwrap();
    let params = dh::check_params(&prime, g, &mut PrimeCache::new(), &mut Seeded(1)).unwrap();

    let answer = open_inner(values, "encrypted_answer");
    assert!(answer.starts_with(&bytes(values, "answer_with_hash")));
    assert_eq!(answer[..20], sha1(&[&bytes(values, "answer")]));

    let (b, g_a, g_b) = (
        array(values, "b"),
        array(values, "g_a"),
        array(values, "g_b"),
    );
    params.check_public(&g_a).unwrap();
    params.check_public(&g_b).unwrap();
    assert_eq!(params.g_pow(&b), g_b);
    assert_eq!(GeneratorTable::new(params.clone()).g_pow(&b), g_b);

    let inner = bytes(values, "client_DH_inner_data");
    let plain = [
        &sha1(&[&inner])[..],
        &inner,
        &bytes(values, "client_padding"),
    ]
    .concat();
    assert_eq!(open_inner(values, "set_client_encrypted_data"), plain);

    let key = AuthKey::new(params.pow(&g_a, &b));
    assert_eq!(*key.as_bytes(), array(values, "auth_key"));
    assert_eq!(key.id().0, array(derived, "auth_key_id"));
    assert_eq!(key.aux_hash(), array(derived, "auth_key_aux_hash"));
    let new_nonce = array(values, "new_nonce");
    for (number, field) in [
        (1, "new_nonce_hash1"),
        (2, "new_nonce_hash2"),
        (3, "new_nonce_hash3"),
    ] {
        assert_eq!(
            kdf::new_nonce_hash(&new_nonce, number, &key.aux_hash()),
            array(derived, field)
        );
    }
    let salt = kdf::first_salt(&new_nonce, &Nonce(array(values, "server_nonce")));
    assert_eq!(
        salt,
        ServerSalt(i64::from_le_bytes(array(derived, "server_salt")))
    );
}

#[test]
fn the_sample_of_2013_agrees_with_the_reference() {
    let Some(data) = vectors("auth_key_sample_2013.json") else {
        return;
    };
    let number = |field: &str| data[field].as_u64().unwrap();
    assert_eq!(
        pq::factorize(number("pq")),
        Some((number("p"), number("q")))
    );
    let answer = bytes(&data, "answer");
    let opened = open_inner(&data, "encrypted_answer");
    assert_eq!(opened[..20], sha1(&[&answer]));
    assert!(opened[20..].starts_with(&answer));
}

#[test]
fn a_recorded_exchange_agrees_with_the_reference_from_randomness_to_salt() {
    let Some(data) = vectors("auth_key_grammers.json") else {
        return;
    };
    let Some(keys) = vectors("rsa_keys.json") else {
        return;
    };
    let (_, key) = entries("rsa_keys.json", &keys, "keys")
        .into_iter()
        .find(|(_, key)| key["fingerprint_hex_be"] == data["key_fingerprint_hex_be"])
        .unwrap();
    let key = RsaPublicKey::new(&bytes(key, "n_hex"), &[1, 0, 1]).unwrap();
    let mut random = Script::new(&[
        &bytes(&data, "rsa_pad_padding"),
        &bytes(&data, "rsa_pad_temp_key"),
    ]);
    let encrypted = rsa::pad_encrypt(&key, &bytes(&data, "p_q_inner"), &mut random).unwrap();
    // req_DH_params ends with encrypted_data.
    assert!(bytes(&data, "req_DH_params").ends_with(&encrypted));

    let new_nonce = array(&data, "new_nonce");
    let server_nonce = Nonce(array(&data, "server_nonce"));
    // answer: constructor, nonce, server_nonce, g, then dh_prime and g_a as TL strings of 256 bytes.
    let answer = bytes(&data, "answer");
    assert_eq!(answer[36..40], 3_i32.to_le_bytes());
    assert_eq!(answer[44..300], dh::KNOWN_PRIME);
    let g_a: [u8; 256] = answer[304..560].try_into().unwrap();
    let params = DhParams::known(3).unwrap();
    params.check_public(&g_a).unwrap();

    let auth_key = AuthKey::new(params.pow(&g_a, &array(&data, "b")));
    assert_eq!(*auth_key.as_bytes(), array(&data, "auth_key"));
    assert_eq!(auth_key.id().0, array(&data, "auth_key_id"));
    assert_eq!(
        kdf::first_salt(&new_nonce, &server_nonce).0,
        data["first_salt_i64"].as_i64().unwrap()
    );
    let hash = kdf::new_nonce_hash(&new_nonce, 1, &auth_key.aux_hash());
    assert!(bytes(&data, "dh_gen_ok").ends_with(&hash));
}
