//! The server as a library: many at once, ready at once, gone when dropped.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mock_server::MockServer;
use tokio::net::TcpStream;

use crate::support::{PATIENCE, config, connect, log_in, server};

#[tokio::test]
async fn two_hundred_servers_run_at_once_and_each_is_ready_in_no_time() {
    const SERVERS: u64 = 200;
    // What all servers of a process share is made once.
    drop(server().await);
    let started = Instant::now();
    let mut servers = Vec::new();
    for seed in 0..SERVERS {
        let server = MockServer::builder().seed(seed).start().await;
        servers.push(server.expect("a server on a free port"));
    }
    let each = started.elapsed() / 200;
    assert!(each < Duration::from_millis(50), "one takes {each:?}");
    let addresses: BTreeSet<_> = servers.iter().map(MockServer::address).collect();
    assert_eq!(addresses.len(), servers.len());
    for server in servers.iter().step_by(40) {
        let client = connect(config(server)).await;
        log_in(&client, server, 0).await;
    }
}

#[tokio::test]
async fn dropping_the_server_ends_connections_and_listeners() {
    let server = server().await;
    let address = server.address();
    let client = connect(config(&server)).await;
    log_in(&client, &server, 0).await;
    let mut updates = client.updates();
    drop(server);
    let ended = tokio::time::timeout(PATIENCE, async {
        while updates.next().await.is_some() {}
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    ended.await.expect("everything ends");
}

#[tokio::test]
async fn another_key_is_trusted_instead_of_the_published_one() {
    let pem = include_str!("other_key.pem");
    let server = MockServer::builder().rsa_private_key_pem(pem).start().await;
    let server = server.expect("a server");
    let published = self::server().await;
    assert_ne!(server.rsa_public_key(), published.rsa_public_key());
    connect(config(&server)).await.close().await;
    let mut wrong = config(&server);
    wrong.server_keys = vec![published.rsa_public_key().clone()];
    assert!(client::Client::connect(wrong).await.is_err());
}
