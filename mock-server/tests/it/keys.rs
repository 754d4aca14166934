//! Keys that strangers make: bounded, and never at the price of a login.

use std::sync::Arc;

use client::Client;
use mock_server::{Limits, MockServer};
use mtproto_core::config::{ClientConfig, Start};
use mtproto_core::connection::{Connection, Event};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::ids::DcId;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::{Instant, UnixTime};
use tl_parser::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, config, connect, log_in, me};

async fn server(idle_keys: usize) -> MockServer {
    let mut limits = Limits::default();
    limits.idle_keys = idle_keys;
    limits.session_lifetime = std::time::Duration::ZERO;
    let server = MockServer::builder().seed(5).limits(limits).start().await;
    server.expect("a server on a free port")
}

/// Makes a key and says nothing under it.
async fn make_key(server: &MockServer, seed: u64) -> AuthKey {
    let keys = vec![server.rsa_public_key().clone()];
    let start = Start {
        now: Instant::ZERO,
        unix: UnixTime::from_secs(1_700_000_000),
        random: Box::new(ChaChaRandom::from_number(seed)),
    };
    let config = Arc::new(ClientConfig::new(keys, DcId(server.dc())));
    let mut connection = Connection::new(config, start);
    let mut stream = TcpStream::connect(server.address()).await.expect("TCP");
    let mut buffer = vec![0; 4096];
    loop {
        let mut wire = Vec::new();
        while connection.poll_transmit(Instant::ZERO, &mut wire).is_some() {}
        stream.write_all(&wire).await.expect("written");
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
        let len = read.expect("an answer in time").expect("read");
        connection
            .handle_bytes(Instant::ZERO, &buffer[..len])
            .expect("the exchange goes on");
        while let Some(event) = connection.poll_event() {
            if let Event::AuthKeyCreated(keys) = event {
                return keys.auth_key;
            }
        }
    }
}

async fn resume(server: &MockServer, key: &AuthKey) -> Client {
    let mut config = config(server);
    config.auth_key = Some(key.clone());
    connect(config).await
}

/// Whether the server still knows the key.
async fn is_known(server: &MockServer, key: &AuthKey) -> bool {
    let client = resume(server, key).await;
    let answer = client.invoke(Value::object("help.getConfig")).await;
    client.close().await;
    answer.is_ok()
}

#[tokio::test]
async fn strangers_push_out_the_oldest_of_their_own_keys() {
    let server = server(2).await;
    let mut keys = Vec::new();
    for seed in 1..=4 {
        keys.push(make_key(&server, seed).await);
    }
    assert!(!is_known(&server, &keys[0]).await);
    assert!(!is_known(&server, &keys[1]).await);
    assert!(is_known(&server, &keys[3]).await);
}

#[tokio::test]
async fn a_login_outlives_any_number_of_strangers_until_it_ends() {
    let server = server(1).await;
    let key = make_key(&server, 1).await;
    let client = resume(&server, &key).await;
    log_in(&client, &server, 0).await;
    let own = me(&client).await;
    client.close().await;
    for seed in 2..8 {
        make_key(&server, seed).await;
    }
    let client = resume(&server, &key).await;
    assert_eq!(me(&client).await, own);
    let log_out = Value::object("auth.logOut");
    client.invoke(log_out).await.expect("logged out");
    client.close().await;
    // Its session goes with its connection, which the server notices in its own time.
    for seed in 8..40 {
        make_key(&server, seed).await;
        if !is_known(&server, &key).await {
            return;
        }
    }
    panic!("the key of nobody is never forgotten");
}
