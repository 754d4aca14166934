//! Recorded key exchanges, replayed through the client: what it says is what was said.

use std::collections::HashMap;

use mtproto_core::crypto::dh::PrimeCache;
use mtproto_core::crypto::rsa::RsaPublicKey;
use mtproto_core::handshake::{ClientConfig, ClientHandshake, ClientStep};
use mtproto_core::ids::DcId;
use mtproto_core::time::UnixTime;
use mtproto_core::tl::key_exchange::ReqDhParams;
use mtproto_core::tl::{Combinator, Reader};

use crate::support::{Script, bytes, vectors};

/// The sections of the committed sample, by name.
fn sample() -> HashMap<&'static str, Vec<u8>> {
    let mut sections: HashMap<&str, String> = HashMap::new();
    let mut name = "";
    let text = include_str!("../data/sample_auth_key.txt");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(hex) => sections.entry(name).or_default().push_str(hex),
            None => name = line,
        }
    }
    sections
        .into_iter()
        .map(|(name, hex)| (name, hex::decode(hex).unwrap()))
        .collect()
}

/// Bytes of randomness that RSA_PAD takes for this client's data: the padding and the temporary key.
///
/// The data is 96 bytes long in the plain form and 100 with a data centre.
fn rsa_randomness(data_len: usize) -> usize {
    192 - data_len + 32
}

#[test]
fn published_exchange_replays_to_its_key() {
    let sample = sample();
    let config = ClientConfig::new(
        vec![RsaPublicKey::new(&sample["rsa_n"], &[1, 0, 1]).unwrap()],
        DcId(2),
    );
    // The page prints no temporary key, so encrypted_data alone is other than in the sample.
    let rsa = vec![1; rsa_randomness(100)];
    let mut random = Script::new(&[
        &sample["nonce"],
        &sample["new_nonce"],
        &rsa,
        &sample["b"],
        &sample["client_padding"],
    ]);
    let now = UnixTime::from_secs(1_707_425_105);
    let mut primes = PrimeCache::new();
    let (mut run, first) = ClientHandshake::new(config, &mut random);
    assert_eq!(first, sample["req_pq_multi"]);

    let step = run.handle(now, &sample["resPQ"], &mut primes, &mut random);
    let Ok(ClientStep::Send(query)) = step else {
        panic!("{step:?}");
    };
    let request = ReqDhParams::read(&mut Reader::new(&query)).unwrap();
    assert_eq!(request.p, 0x5a30_0d4b_u32.to_be_bytes());
    assert_eq!(request.q, 0x6a26_db65_u32.to_be_bytes());
    assert_eq!(
        request.public_key_fingerprint.to_le_bytes(),
        [0x85, 0xfd, 0x64, 0xde, 0x85, 0x1d, 0x9d, 0xd0]
    );

    let step = run.handle(
        now,
        &sample["server_DH_params_ok"],
        &mut primes,
        &mut random,
    );
    let Ok(ClientStep::Send(query)) = step else {
        panic!("{step:?}");
    };
    assert_eq!(
        hex::encode(query),
        hex::encode(&sample["set_client_DH_params"])
    );

    let step = run.handle(now, &sample["dh_gen_ok"], &mut primes, &mut random);
    let Ok(ClientStep::Done(key)) = step else {
        panic!("{step:?}");
    };
    assert_eq!(key.auth_key.as_bytes()[..], sample["auth_key"]);
    assert_eq!(key.clock_offset, 0);
    assert!(random.is_used_up());
}

#[test]
fn recorded_exchange_replays_byte_for_byte() {
    let (Some(data), Some(keys)) = (vectors("auth_key_grammers.json"), vectors("rsa_keys.json"))
    else {
        return;
    };
    let keys = keys["keys"].as_array().unwrap();
    let fingerprint = &data["key_fingerprint_hex_be"];
    let key = keys
        .iter()
        .find(|key| key["fingerprint_hex_be"] == *fingerprint);
    let n = bytes(key.expect("the key of the recording"), "n_hex");
    let mut config = ClientConfig::new(vec![RsaPublicKey::new(&n, &[1, 0, 1]).unwrap()], DcId(2));
    config.dc = None;
    let field = |name| bytes(&data, name);
    assert_eq!(field("rsa_pad_padding").len() + 32, rsa_randomness(96));
    let mut random = Script::new(&[
        &field("nonce"),
        &field("new_nonce"),
        &field("rsa_pad_padding"),
        &field("rsa_pad_temp_key"),
        &field("b"),
        &field("client_padding"),
    ]);
    let now = UnixTime::from_secs(1_693_436_740);
    let mut primes = PrimeCache::new();
    let (mut run, first) = ClientHandshake::new(config, &mut random);
    assert_eq!(hex::encode(first), data["req_pq_multi"]);
    for (answer, query) in [
        ("resPQ", "req_DH_params"),
        ("server_DH_params_ok", "set_client_DH_params"),
    ] {
        let step = run.handle(now, &field(answer), &mut primes, &mut random);
        let Ok(ClientStep::Send(sent)) = step else {
            panic!("{answer}: {step:?}");
        };
        assert_eq!(hex::encode(sent), data[query], "{query}");
    }
    let step = run.handle(now, &field("dh_gen_ok"), &mut primes, &mut random);
    let Ok(ClientStep::Done(key)) = step else {
        panic!("{step:?}");
    };
    assert_eq!(key.auth_key.as_bytes()[..], field("auth_key"));
    assert_eq!(Some(key.server_salt.0), data["first_salt_i64"].as_i64());
}
