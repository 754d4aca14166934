//! SOCKS5 and HTTP CONNECT: clients that dial real addresses reach the DC that the address stands for.

use std::net::SocketAddr;

use client::{ClientConfig, Proxy};
use mock_server::{MockServer, NoticeKind, TargetHost};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, config, connect, log_in, reached_dc, server};

fn through(server: &MockServer, proxy: Proxy, target: &str) -> ClientConfig {
    ClientConfig {
        address: target.parse().expect("an address"),
        proxy: Some(proxy),
        ..config(server)
    }
}

#[tokio::test]
async fn a_real_address_leads_to_its_dc_through_either_door() {
    let server = server().await;
    let address = server.address();
    for proxy in [Proxy::Socks5(address), Proxy::HttpConnect(address)] {
        for (target, dc) in [
            ("149.154.175.53:443", 1),
            ("149.154.167.51:80", 2),
            ("149.154.175.100:5222", 3),
            ("149.154.167.91:443", 4),
            ("91.108.56.130:443", 5),
            ("[2001:b28:f23f:f005::a]:443", 5),
        ] {
            // The key exchange names DC 2: the address counts more.
            let client = connect(through(&server, proxy, target)).await;
            assert_eq!(reached_dc(&client).await, dc, "{target}");
            client.close().await;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_address_leads_to_the_default_dc_and_is_told() {
    let server = server().await;
    let mut notices = server.notices();
    let proxy = Proxy::Socks5(server.address());
    let client = connect(through(&server, proxy, "192.0.2.7:443")).await;
    assert_eq!(reached_dc(&client).await, server.dc());
    let notice = notices.recv().await.expect("a notice");
    let NoticeKind::UnknownTarget { target, dc } = &notice.kind else {
        panic!("{notice}");
    };
    assert_eq!(target.to_string(), "192.0.2.7:443");
    assert_eq!(*dc, server.dc());
    client.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_servers_own_address_is_known_at_the_door() {
    let server = MockServer::builder().seed(5).port_per_dc().start().await;
    let server = server.expect("a server");
    let mut notices = server.notices();
    let proxy = Proxy::HttpConnect(server.address());
    for (dc, address) in server.dcs() {
        let client = connect(through(&server, proxy, &address.to_string())).await;
        assert_eq!(reached_dc(&client).await, *dc);
        client.close().await;
    }
    // One client dials port 80 whatever the configuration says.
    let client = connect(through(&server, proxy, "127.0.0.1:80")).await;
    assert_eq!(reached_dc(&client).await, server.dc());
    client.close().await;
    assert!(notices.try_recv().is_err(), "none of them is unknown");
    server.stop().await;
}

#[tokio::test]
async fn an_extra_door_is_a_port_like_the_others() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = MockServer::builder().seed(5).door(any).start().await;
    let server = server.expect("a server");
    let door = server.door().expect("a door");
    assert_ne!(door, server.address());
    let client = connect(through(&server, Proxy::Socks5(door), "149.154.167.91:443")).await;
    log_in(&client, &server, 0).await;
    assert_eq!(reached_dc(&client).await, 4);
    client.close().await;
    server.stop().await;
}

/// A browser names hosts, and its WebSocket goes through the proxy.
#[tokio::test]
async fn names_of_hosts_are_understood() {
    let server = server().await;
    let mut notices = server.notices();
    let host = "vesta.web.telegram.org";
    let mut stream = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let mut request = vec![5, 1, 0, 5, 1, 0, 3, 22];
    request.extend(host.bytes());
    request.extend([0, 80]);
    let upgrade = format!(
        "GET /apiws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: binary\r\n\r\n"
    );
    request.extend(upgrade.bytes());
    stream
        .write_all(&request)
        .await
        .expect("the server listens");
    let mut reply = [0; 12];
    stream
        .read_exact(&mut reply)
        .await
        .expect("the proxy answers");
    assert_eq!(reply, [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
        head.push(byte.expect("an answer in time").expect("an answer"));
    }
    let head = String::from_utf8(head).expect("text");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    assert!(notices.try_recv().is_err(), "the name is known");

    let mut stream = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let request = b"CONNECT elsewhere.example:443 HTTP/1.1\r\n\r\n";
    stream.write_all(request).await.expect("the server listens");
    let notice = notices.recv().await.expect("a notice");
    let NoticeKind::UnknownTarget { target, .. } = notice.kind else {
        panic!("{notice}");
    };
    assert_eq!(target.host, TargetHost::Name("elsewhere.example".into()));
    server.stop().await;
}
