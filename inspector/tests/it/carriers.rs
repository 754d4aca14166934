//! Carriers are taken off and named; each connection says how far it came and why no further.

use mtproto_core::ids::DcId;
use mtproto_core::transport::{ClientTransport, ProxySecret, Transport};
use tl_parser::{Object, Value};

use crate::forge::carried;
use crate::forge::talk::{self, Chunk, Exchange};
use crate::forge::{FileKind, Said, Talk, Tcp, inspect};

const SECRET: &str = "ee00112233445566778899aabbccddeeff612e6578616d706c65";

fn said_of(chunks: &[Chunk], key_log: &str) -> Said {
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(chunks, 1000);
    tcp.close();
    inspect(&FileKind::default().write(&tcp.packets), key_log)
}

/// Queries and answers by turns, after a key exchange.
fn polite(seed: u64, transport: &ClientTransport) -> Talk {
    let mut talk = Talk::new(seed, transport);
    Exchange::EXAMPLE.play(&mut talk);
    let first = talk.query(talk::announced(Object::new("help.getNearestDc")));
    talk.result(first, &talk::nearest_dc());
    for n in 0..20 {
        let query = talk.query(Object::new("updates.getState"));
        talk.result(query, &talk::state(n));
    }
    talk
}

#[track_caller]
fn all_decoded(talk: &Talk, said: &Said, carrier: &str, transport: &str) {
    assert_eq!(said.summary.messages, talk.messages, "{}", said.text);
    assert!(said.summary.is_complete(), "{}", said.text);
    let row = said.rows("transport").next().unwrap();
    assert_eq!(row["carrier"], carrier);
    assert_eq!(row["transport"], transport);
    let end = said.rows("end").next().unwrap();
    assert_eq!(end["stage"], "authorised");
    assert!(
        end["stopped"].is_null() && end["reasons"].is_null(),
        "{end}"
    );
}

#[test]
fn every_carrier_is_taken_off_and_named() {
    let talk = polite(1, &ClientTransport::plain(Transport::Abridged));
    all_decoded(
        &talk,
        &said_of(&talk.chunks, &talk.key_log()),
        "direct",
        "abridged",
    );

    let talk = polite(2, &ClientTransport::obfuscated(Transport::Abridged));
    let said = said_of(&carried::websocket(&talk.chunks), &talk.key_log());
    all_decoded(&talk, &said, "websocket", "abridged");
    assert!(
        said.text
            .contains("transport: WebSocket, obfuscated abridged"),
        "{}",
        said.text
    );

    let talk = polite(3, &ClientTransport::plain(Transport::Intermediate));
    let said = said_of(&carried::http(&talk.chunks), &talk.key_log());
    all_decoded(&talk, &said, "http", "http");
    assert!(said.text.contains("transport: HTTP"), "{}", said.text);
}

#[test]
fn what_looks_like_tls_needs_its_secret() {
    let secret = ProxySecret::parse(SECRET).unwrap();
    let talk = polite(1, &ClientTransport::proxy(secret.clone(), DcId(-10002)));
    let chunks = carried::fake_tls(&talk.chunks, &secret);
    let with = |secret: &str| format!("{}MTPROTO_PROXY_SECRET - {secret}\n", talk.key_log());

    let said = said_of(&chunks, &with(SECRET));
    all_decoded(&talk, &said, "fake_tls", "padded_intermediate");
    let row = said.rows("transport").next().unwrap();
    assert_eq!(
        (&row["dc"], &row["proxy_secret"]),
        (&(-10002).into(), &true.into())
    );

    let none = said_of(&chunks, &talk.key_log());
    assert!(none.text.contains("MTPROTO_PROXY_SECRET"), "{}", none.text);
    let another = said_of(&chunks, &with(&SECRET.replace("0011", "ffff")));
    assert!(
        another.text.contains("none of the 1 secrets"),
        "{}",
        another.text
    );
    for said in [none, another] {
        assert_eq!(said.summary.messages, 0);
        assert_eq!(said.rows("end").next().unwrap()["stage"], "tcp");
    }
}

/// The stage of the only connection, and why it came no further.
fn stopped(said: &Said) -> (String, String) {
    let end = said.rows("end").next().unwrap();
    let word = |name| end[name].as_str().unwrap_or_default().to_owned();
    (word("stage"), word("stopped"))
}

#[track_caller]
fn stops(talk: &Talk, stage: &str, why: &str) {
    let said = said_of(&talk.chunks, &talk.key_log());
    let (found, stopped) = stopped(&said);
    assert_eq!(found, stage, "{}", said.text);
    assert!(stopped.contains(why), "{stopped}");
    assert!(said.text.contains("stopped there: "), "{}", said.text);
}

#[test]
fn each_stage_says_why_it_was_the_last() {
    let new = || Talk::new(1, &ClientTransport::plain(Transport::Intermediate));
    let (nonce, server_nonce) = (Value::Int128([1; 16]), Value::Int128([2; 16]));
    let silent = new();
    stops(&silent, "tcp", "no side sent a byte");

    let mut talk = new();
    talk.plain(
        true,
        Object::new("req_pq_multi").with("nonce", nonce.clone()),
    );
    stops(&talk, "transport", "the client's last is req_pq_multi");

    let res_pq = Object::new("resPQ")
        .with("nonce", nonce)
        .with("server_nonce", server_nonce)
        .with("pq", vec![0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81])
        .with("server_public_key_fingerprints", Value::vector([5_i64]));
    talk.plain(false, res_pq);
    stops(&talk, "res_pq", "none of the RSA keys");

    let mut talk = new();
    Exchange::EXAMPLE.play(&mut talk);
    stops(&talk, "key_exchange", "no encrypted message followed");

    let query = talk.query(talk::announced(Object::new("help.getNearestDc")));
    stops(&talk, "session", "its last message is help.getNearestDc");

    talk.result(query, &talk::nearest_dc());
    stops(&talk, "init_connection", "no login");

    let refused = Object::new("rpc_error")
        .with("error_code", 401)
        .with("error_message", "AUTH_KEY_UNREGISTERED");
    let query = talk.query(Object::new("updates.getState"));
    talk.result(query, &talk::encode_service(refused.clone()));
    stops(&talk, "init_connection", "no login");

    let query = talk.query(Object::new("updates.getState"));
    talk.result(query, &talk::state(1));
    let said = said_of(&talk.chunks, &talk.key_log());
    assert_eq!(stopped(&said), ("authorised".to_owned(), String::new()));

    let mut talk = new();
    let query = talk.query(Object::new("help.getNearestDc"));
    talk.result(query, &talk::encode_service(refused));
    stops(&talk, "rpc", "none in initConnection");

    talk.payload(false, &(-404_i32).to_le_bytes());
    stops(&talk, "rpc", "transport error -404");
}
