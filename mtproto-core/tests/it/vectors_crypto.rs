//! Reference vectors of the primitives, the key derivation, RSA, Diffie–Hellman and factorisation.

use mtproto_core::crypto::aes_ctr::AesCtr256;
use mtproto_core::crypto::aes_ige;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::{self, DhError, PrimeCache};
use mtproto_core::crypto::emoji::{EMOJI_COUNT, emoji_fingerprint};
use mtproto_core::crypto::hash::{sha1, sha256};
use mtproto_core::crypto::kdf::{self, Direction};
use mtproto_core::crypto::pq;
use mtproto_core::crypto::rsa::{self, RsaError, RsaPublicKey};
use mtproto_core::ids::{MsgKey, Nonce};

use crate::support::{Script, Seeded, array, bytes, entries, vectors};

#[test]
fn hashes_and_ciphers_agree_with_the_reference() {
    let file = "primitives.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "sha1") {
        assert_eq!(sha1(&[&bytes(entry, "in")]), array(entry, "out"), "{name}");
    }
    for (name, entry) in entries(file, &data, "sha256") {
        assert_eq!(
            sha256(&[&bytes(entry, "in")]),
            array(entry, "out"),
            "{name}"
        );
    }
    for (name, entry) in entries(file, &data, "aes256_ctr") {
        let mut stream = AesCtr256::new(&array(entry, "key"), &array(entry, "iv"));
        for expected in entry["successive_out"].as_array().unwrap() {
            let mut block = bytes(entry, "each_block_in");
            stream.apply(&mut block);
            assert_eq!(hex::encode(block), expected.as_str().unwrap(), "{name}");
        }
    }
    for (name, entry) in entries(file, &data, "aes256_ige") {
        let (key, iv) = (array(entry, "key"), array(entry, "iv"));
        let mut buf = bytes(entry, "plain");
        aes_ige::encrypt(&key, &iv, &mut buf).unwrap();
        assert_eq!(buf, bytes(entry, "cipher"), "{name}");
        aes_ige::decrypt(&key, &iv, &mut buf).unwrap();
        assert_eq!(buf, bytes(entry, "plain"), "{name}");
    }
}

#[test]
fn message_keys_agree_with_the_reference() {
    let file = "mtproto_messages.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "kdf") {
        let key = AuthKey::new(array(entry, "auth_key"));
        let msg_key = MsgKey(array(entry, "msg_key"));
        let direction = match entry["x"].as_u64() {
            Some(0) => Direction::ClientToServer,
            Some(8) => Direction::ServerToClient,
            x => panic!("{name}: x = {x:?}"),
        };
        let keys = match entry["version"].as_u64() {
            Some(1) => kdf::keys_v1(&key, &msg_key, direction),
            Some(2) => kdf::keys_v2(&key, &msg_key, direction),
            version => panic!("{name}: version {version:?}"),
        };
        assert_eq!(keys.key, array(entry, "aes_key"), "{name}");
        assert_eq!(keys.iv, array(entry, "aes_iv"), "{name}");
    }
    for (name, entry) in entries(file, &data, "msg_key_v1") {
        assert_eq!(
            kdf::msg_key_v1(&bytes(entry, "data")).0,
            array(entry, "msg_key"),
            "{name}"
        );
    }
    for (name, entry) in entries(file, &data, "auth_key_ids") {
        let key = AuthKey::new(array(entry, "auth_key"));
        assert_eq!(key.id().0, array(entry, "id"), "{name}");
        if entry.get("aux_hash").is_some() {
            assert_eq!(key.aux_hash(), array(entry, "aux_hash"), "{name}");
        }
    }
}

#[test]
fn keys_of_the_exchange_agree_with_the_reference() {
    let file = "mtproto_messages.json";
    let Some(data) = vectors(file) else { return };
    let mut tested = 0;
    for (name, entry) in entries(file, &data, "tmp_aes") {
        // One source uses a new_nonce of half the length, which the protocol does not have.
        if bytes(entry, "new_nonce").len() != 32 {
            continue;
        }
        let keys = kdf::tmp_keys(
            &array(entry, "new_nonce"),
            &Nonce(array(entry, "server_nonce")),
        );
        assert_eq!(keys.key, array(entry, "tmp_aes_key"), "{name}");
        assert_eq!(keys.iv, array(entry, "tmp_aes_iv"), "{name}");
        tested += 1;
    }
    assert!(tested > 0);
}

#[test]
fn whole_messages_agree_with_the_reference() {
    let file = "mtproto_messages.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "messages") {
        let key = AuthKey::new(array(entry, "auth_key"));
        let direction = match entry["from"].as_str() {
            Some("client") => Direction::ClientToServer,
            Some("server") => Direction::ServerToClient,
            from => panic!("{name}: from {from:?}"),
        };
        let mut buf = match entry.get("padding") {
            Some(_) => [
                bytes(entry, "plaintext_without_padding"),
                bytes(entry, "padding"),
            ]
            .concat(),
            None => bytes(entry, "plaintext_with_padding"),
        };
        assert_eq!(entry["version"], 2, "{name}");
        let msg_key = kdf::msg_key(&kdf::msg_key_large(&key, &buf, direction));
        let keys = kdf::keys_v2(&key, &msg_key, direction);
        aes_ige::encrypt(&keys.key, &keys.iv, &mut buf).unwrap();
        assert_eq!(
            [&key.id().0[..], &msg_key.0, &buf].concat(),
            bytes(entry, "wire"),
            "{name}"
        );
    }
}

#[test]
fn known_rsa_keys_keep_their_fingerprint_and_form() {
    use base64::Engine;
    let file = "rsa_keys.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "keys") {
        let e = entry["e"].as_u64().unwrap().to_be_bytes();
        let key = RsaPublicKey::new(&bytes(entry, "n_hex"), &e);
        if entry["bits"] != 2048 {
            assert_eq!(key, Err(RsaError::Modulus), "{name}");
            continue;
        }
        let key = key.unwrap();
        assert_eq!(
            key.fingerprint(),
            entry["fingerprint_i64"].as_i64().unwrap(),
            "{name}"
        );
        assert_eq!(
            key.fingerprint().to_le_bytes(),
            array(entry, "fingerprint_wire"),
            "{name}"
        );
        let der = base64::engine::general_purpose::STANDARD
            .decode(entry["pkcs1_der_base64"].as_str().unwrap())
            .unwrap();
        assert_eq!(key.to_pkcs1_der(), der, "{name}");
        assert_eq!(
            RsaPublicKey::from_pkcs1_der(&der),
            Ok(key.clone()),
            "{name}"
        );
        assert_eq!(RsaPublicKey::from_pem(&key.to_pem()), Ok(key), "{name}");
    }
}

#[test]
fn rsa_pad_agrees_with_the_reference() {
    let Some(keys) = vectors("rsa_keys.json") else {
        return;
    };
    let file = "rsa_pad.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "vectors") {
        let fingerprint = &entry["key_fingerprint_hex_be"];
        let key = entries("rsa_keys.json", &keys, "keys")
            .into_iter()
            .find(|(_, key)| key["fingerprint_hex_be"] == *fingerprint)
            .map(|(_, key)| RsaPublicKey::new(&bytes(key, "n_hex"), &[1, 0, 1]).unwrap())
            .unwrap_or_else(|| panic!("{name}: no key {fingerprint}"));
        let temp_key: [u8; 32] = array(entry, "temp_key");
        // The source draws its next temp_key by adding one to a big-endian number.
        let mut next = temp_key;
        next[31] += 1;
        let retries = entry["retries"].as_u64().unwrap_or(0);
        let padding = bytes(entry, "padding");
        let mut random = match retries {
            0 => Script::new(&[&padding, &temp_key]),
            1 => Script::new(&[&padding, &temp_key, &next]),
            _ => panic!("{name}: {retries} retries"),
        };
        let encrypted = rsa::pad_encrypt(&key, &bytes(entry, "data"), &mut random).unwrap();
        assert_eq!(encrypted, array(entry, "encrypted"), "{name}");
        assert!(random.is_used_up(), "{name}");
    }
}

#[test]
fn the_known_prime_and_its_generators_agree_with_the_reference() {
    let file = "dh.json";
    let Some(data) = vectors(file) else { return };
    let prime: [u8; 256] = array(&data, "dh_prime");
    assert_eq!(prime, dh::KNOWN_PRIME, "{file}: dh_prime");
    let accepted: Vec<i32> = (0..10)
        .filter(|&g| dh::check_params(&prime, g, &mut PrimeCache::new(), &mut Seeded(1)).is_ok())
        .collect();
    assert_eq!(
        serde_json::json!(accepted),
        data["facts"]["g_values_accepted_by_rule"],
        "{file}: g_values_accepted_by_rule"
    );
    assert_eq!(
        dh::check_params(&prime, 2, &mut PrimeCache::new(), &mut Seeded(1)).unwrap_err(),
        DhError::GeneratorResidue
    );
}

#[test]
fn products_of_two_primes_are_factorised_as_in_the_reference() {
    let file = "dh.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "pq") {
        let number = |field: &str| entry[field].as_u64().unwrap();
        assert_eq!(
            pq::factorize(number("pq")),
            Some((number("p"), number("q"))),
            "{name}"
        );
    }
}

#[test]
fn call_fingerprints_agree_with_the_reference() {
    let file = "emoji_fingerprint.json";
    let Some(data) = vectors(file) else { return };
    assert_eq!(
        data["list"].as_array().unwrap().len(),
        usize::from(EMOJI_COUNT)
    );
    for (name, entry) in entries(file, &data, "vectors") {
        let positions = emoji_fingerprint(&array(entry, "key"), &array(entry, "g_a"));
        assert_eq!(serde_json::json!(positions), entry["indices"], "{name}");
    }
}
