//! No secret is printed, and none is compared byte by byte.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use base64::Engine;
use mtproto_core::config::{self, Start};
use mtproto_core::connection::{Connection, Event, SavedKeys};
use mtproto_core::crypto::aes_ctr::AesCtr256;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::DhParams;
use mtproto_core::crypto::kdf::{AesKeyIv, Direction};
use mtproto_core::crypto::rsa::{decrypt_either, pad_encrypt};
use mtproto_core::crypto::srp::{Challenge, PasswordKdf, Verifier};
use mtproto_core::endpoint::{AuthKeyRecord, AuthKeyStore, Endpoint, MemoryKeyStore};
use mtproto_core::handshake::{ClientStep, ServerStep, inner_data};
use mtproto_core::ids::{DcId, MsgId, Nonce, SeqNo, ServerSalt, SessionId};
use mtproto_core::key_log::Secret;
use mtproto_core::message::encrypted;
use mtproto_core::random::{ChaChaRandom, SecureRandom};
use mtproto_core::raw::RawMessage;
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::tl::key_exchange::NewNonce;
use mtproto_core::transport::{
    ClientTransport, FrameLimits, Framer, ProxySecret, ServerTransport, Transport,
};

use crate::handshake_support::{
    Client, PRIVATE, Server, client_config, private_key, public_key, server_config,
};
use crate::support::{Recorder, Seeded};

/// Bytes in which no part repeats, so that any four of them give a secret away.
fn secret<const N: usize>(salt: u8) -> [u8; N] {
    let mut bytes = [0; N];
    Seeded(0x1234_5678 + u64::from(salt)).fill(&mut bytes);
    bytes
}

/// Fails if the text of `value` shows four bytes in a row of a secret, as numbers or in hexadecimal.
fn assert_hides(what: &str, value: &dyn Debug, secrets: &[&[u8]]) {
    let texts = [format!("{value:?}"), format!("{value:#?}")];
    for text in texts {
        let compact: String = text.split_whitespace().collect();
        let lower = compact.to_ascii_lowercase();
        for secret in secrets {
            assert!(secret.len() >= 8, "{what}: not much of a secret");
            for part in secret.windows(4) {
                let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
                assert!(!compact.contains(&numbers.join(",")), "{what}: {text}");
                assert!(!lower.contains(&hex::encode(part)), "{what}: {text}");
            }
            for part in secret.windows(8) {
                let part: [u8; 8] = part.try_into().unwrap();
                for word in [u64::from_be_bytes(part), u64::from_le_bytes(part)] {
                    assert!(!compact.contains(&word.to_string()), "{what}: {text}");
                }
            }
        }
    }
}

#[test]
fn the_check_itself_sees_secrets() {
    let bytes = secret::<32>(0);
    let words = [u64::from_be_bytes(bytes[..8].try_into().unwrap()), 1];
    let shown: [&dyn Debug; 4] = [&bytes, &Some(bytes), &hex::encode(bytes), &words];
    for value in shown {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            assert_hides("plain", value, &[&bytes]);
        }));
        assert!(outcome.is_err(), "{value:?}");
    }
    assert_hides("nothing", &"nothing", &[&bytes]);
}

fn start() -> Start {
    Start {
        now: Instant::ZERO,
        unix: UnixTime::from_secs(1_700_000_000),
        random: Box::new(Seeded(1)),
    }
}

#[test]
fn keys_and_what_holds_them_are_not_printed() {
    let bytes = secret::<256>(1);
    let key = AuthKey::new(bytes);
    let saved = SavedKeys {
        dc: DcId(2),
        auth_key: key.clone(),
        server_salt: ServerSalt(1),
        clock_offset_secs: 0,
    };
    let record = AuthKeyRecord::permanent(key.clone(), UnixTime::from_secs(1));
    let mut store = MemoryKeyStore::new();
    store.insert(record.clone());
    let mut connection =
        Connection::resume(Arc::new(testkit::client_config()), saved.clone(), start());
    let mut wire = Vec::new();
    connection.poll_transmit(Instant::ZERO, &mut wire);
    let mut endpoint = Endpoint::new(
        Arc::new(testkit::server_config()),
        Box::new(MemoryKeyStore::new()),
        start(),
    );
    endpoint.keys_mut().insert(record.clone());
    let new_nonce = secret::<32>(2);
    let values: [(&str, &dyn Debug); 10] = [
        ("AuthKey", &key),
        ("SavedKeys", &saved),
        ("Event", &Event::AuthKeyCreated(saved.clone())),
        ("AuthKeyRecord", &record),
        ("MemoryKeyStore", &store),
        ("Connection", &connection),
        ("Endpoint", &endpoint),
        (
            "key_log::Secret",
            &Secret::AuthKey {
                dc: DcId(2),
                key: &key,
                temporary: false,
            },
        ),
        (
            "key_log::Secret",
            &Secret::NewNonce {
                nonce: Nonce([0; 16]),
                new_nonce: &new_nonce,
            },
        ),
        ("Start", &start()),
    ];
    for (what, value) in values {
        assert_hides(what, value, &[&bytes, &new_nonce]);
    }
}

#[test]
fn a_key_exchange_is_not_printed_at_any_step() {
    let mut client = Client::new(client_config());
    let mut server = Server::new(server_config());
    let mut random = Recorder::new(70_007);
    let mut query = client.first.clone();
    loop {
        let step = server.handle(&query).unwrap();
        let made = step.created.as_ref().map(|created| {
            let key = created.auth_key.as_bytes().to_vec();
            (key, created.new_nonce.0.to_vec())
        });
        let now = crate::handshake_support::NOW;
        let body = step.reply.to_bytes();
        let next = client
            .run
            .handle(now, &body, &mut client.primes, &mut random)
            .unwrap();
        // Nonce and public numbers are no secrets; everything drawn in 32 bytes or more is one.
        let drawn = random.given.iter().filter(|bytes| bytes.len() >= 32);
        let mut secrets: Vec<&[u8]> = drawn.map(Vec::as_slice).collect();
        if let Some((key, new_nonce)) = &made {
            secrets.extend([key.as_slice(), new_nonce.as_slice()]);
        }
        if let mtproto_core::handshake::Reply::DhParamsOk { answer, .. } = &step.reply {
            secrets.extend([&answer.keys.key[..], &answer.keys.iv[..]]);
            check_step(&step, &secrets);
            assert_hides("ClientHandshake", &client.run, &secrets);
        } else {
            check_step(&step, &secrets);
        }
        assert_hides("ClientHandshake", &client.run, &secrets);
        assert_hides("ServerHandshakes", &server.runs, &secrets);
        match next {
            ClientStep::Send(next) => query = next,
            done @ ClientStep::Done(_) => {
                assert_hides("ClientStep", &done, &secrets);
                return;
            }
        }
    }
}

fn check_step(step: &ServerStep, secrets: &[&[u8]]) {
    assert_hides("ServerStep", step, secrets);
    assert_hides("Reply", &step.reply, secrets);
}

#[test]
fn smaller_secrets_are_not_printed() {
    let (key, iv) = (secret::<32>(3), secret::<32>(4));
    let keys = AesKeyIv { key, iv };
    let nonce = secret::<32>(5);
    let proxy = secret::<16>(6);
    let proxy_secret = ProxySecret::from_bytes(&proxy).unwrap();
    let data = secret::<100>(7);
    let encrypted = pad_encrypt(&public_key(), &data, &mut Seeded(1)).unwrap();
    let opened = decrypt_either(&private_key(), &encrypted).unwrap();
    let object = inner_data::encrypt(&keys, &data, &mut Seeded(1));
    let inner = inner_data::decrypt(&keys, &object).unwrap();
    let group = DhParams::known(3).unwrap();
    let kdf = PasswordKdf {
        salt1: b"1",
        salt2: b"2",
        group: &group,
    };
    let (verifier, exponent) = (secret::<256>(8), secret::<256>(9));
    let check = Challenge::from_secret(kdf, &Verifier::from_bytes(verifier), exponent);
    let client = ClientTransport::proxy(proxy_secret.clone(), DcId(2));
    let mut server = ServerTransport::default();
    server.secrets = vec![proxy_secret.clone()].into();
    let mut client_config = config::ClientConfig::new(vec![public_key()], DcId(2));
    client_config.transport = client.clone();
    let mut server_config = config::ServerConfig::new(server_config());
    server_config.transport = server.clone();
    let values: [(&str, &dyn Debug); 14] = [
        ("AesKeyIv", &keys),
        ("NewNonce", &NewNonce(nonce)),
        ("ProxySecret", &proxy_secret),
        ("rsa::Decrypted", &opened),
        ("inner_data::Decrypted", &inner),
        ("Verifier", &Verifier::from_bytes(verifier)),
        ("Challenge", &check),
        ("ClientTransport", &client),
        ("ServerTransport", &server),
        ("ClientConfig", &client_config),
        ("ServerConfig", &server_config),
        ("handshake::ServerConfig", &server_config.handshake),
        ("ChaChaRandom", &ChaChaRandom::from_seed(key)),
        (
            "AesCtr256",
            &AesCtr256::new(&key, &iv[..16].try_into().unwrap()),
        ),
    ];
    let secrets: [&[u8]; 7] = [&key, &iv, &nonce, &proxy, &data, &verifier, &exponent];
    for (what, value) in values {
        assert_hides(what, value, &secrets);
    }
}

#[test]
fn private_rsa_keys_and_stream_keys_are_not_printed() {
    let lines = PRIVATE.lines().filter(|line| !line.starts_with("---"));
    let text: String = lines.collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap();
    let key = private_key();
    // The five numbers at the end: both primes and what follows from them.
    assert_hides("RsaPrivateKey", &key, &[&der[der.len() - 600..]]);

    for transport in [Transport::Abridged, Transport::PaddedIntermediate] {
        let mut random = Recorder::new(11);
        let config = ClientTransport::obfuscated(transport);
        let framer = Framer::client(&config, FrameLimits::default(), &mut random).unwrap();
        let header = random.given.iter().find(|bytes| bytes.len() >= 56).unwrap();
        assert_hides("Framer", &framer, &[&header[8..56]]);
    }
}

fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

#[test]
fn en_05_secrets_are_compared_in_constant_time() {
    // File, comparisons in constant time, and what must not be compared in another way.
    let places: [(&str, usize, &[&str]); 11] = [
        (
            "message/encrypted.rs",
            1,
            &["msg_key ==", "msg_key !=", "msg_key.0 ==", "msg_key.0 !="],
        ),
        (
            "message/encrypted_v1.rs",
            1,
            &["msg_key ==", "msg_key !=", "computed =="],
        ),
        ("message/batch.rs", 0, &["msg_key ==", "msg_key !="]),
        (
            "handshake/client.rs",
            1,
            &["hash ==", "hash !=", "expected ==", "expected !="],
        ),
        ("handshake/inner_data.rs", 1, &["hash ==", "hash !="]),
        ("handshake/bind.rs", 0, &["msg_key ==", "msg_key !="]),
        ("crypto/auth_key.rs", 1, &["as_bytes() =="]),
        ("crypto/rsa/padding.rs", 2, &["hash ==", "hash !="]),
        ("crypto/srp.rs", 1, &["m1 ==", "m1 !="]),
        (
            "transport/carrier/tls/hello.rs",
            2,
            &["digest ==", "digest !="],
        ),
        ("crypto/cdn.rs", 1, &["hash ==", "hash !="]),
    ];
    for (file, least, forbidden) in places {
        let text = source(file);
        let found = text.matches(".ct_eq(").count();
        assert!(found >= least, "{file}: {found} comparisons by ct_eq");
        for pattern in forbidden {
            assert!(!text.contains(pattern), "{file}: {pattern}");
        }
    }
}

/// The shortest of many times that it takes to refuse this frame.
fn shortest(key: &AuthKey, frame: &[u8], best: &mut u128) {
    let mut copy = frame.to_vec();
    let started = Stopwatch::now();
    let refused = encrypted::open(key, Direction::ClientToServer, &mut copy).is_err();
    *best = (*best).min(started.elapsed().as_nanos());
    assert!(refused);
}

#[test]
fn en_06_the_time_to_refuse_a_frame_does_not_follow_its_length_field() {
    let key = AuthKey::new(secret::<256>(1));
    let frame = |length: i32| {
        let mut message = RawMessage::new(
            ServerSalt(1),
            SessionId(2),
            MsgId(4),
            SeqNo(1),
            vec![0; 64 << 10],
        );
        message.length = Some(length);
        message.msg_key_flaw[0] = 1;
        message.seal(&key, Direction::ClientToServer, &mut Seeded(1))
    };
    let frames = [4, 32 << 10, 64 << 10, -1, i32::MAX].map(frame);
    let mut best = [u128::MAX; 5];
    // Taken in turns, so that whatever else the machine does falls on all alike; the shortest time is the least disturbed.
    for _ in 0..300 {
        for (frame, best) in frames.iter().zip(&mut best) {
            shortest(&key, frame, best);
        }
    }
    let (least, most) = (best.iter().min().unwrap(), best.iter().max().unwrap());
    // Hashing as much as the length says would differ by a factor, not by some per cent.
    assert!(*most < *least * 3 / 2, "{best:?} ns");
}
