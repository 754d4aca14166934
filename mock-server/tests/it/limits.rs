//! Clients that hurt: each is shed with a notice, and the others are served.

use std::time::Duration;

use mock_server::{Limits, MockServer, Notice, NoticeKind, Shed};
use mtproto_core::endpoint::CloseReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::broadcast;

use crate::support::{PATIENCE, config, connect, log_in, me};

async fn server(limits: Limits) -> MockServer {
    let server = MockServer::builder().seed(5).limits(limits).start().await;
    server.expect("a server on a free port")
}

async fn next(notices: &mut broadcast::Receiver<Notice>) -> Notice {
    let notice = tokio::time::timeout(PATIENCE, notices.recv()).await;
    notice.expect("a notice in time").expect("a server")
}

/// Waits for the server to close the connection.
async fn is_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    let _ = ended.expect("the server hangs up");
}

/// `req_pq_multi` in an unencrypted message with this identifier, after the tag of the intermediate transport.
fn req_pq(msg_id: u64) -> Vec<u8> {
    let mut message = vec![0; 8];
    message.extend(msg_id.to_le_bytes());
    message.extend(20_u32.to_le_bytes());
    message.extend(0xbe7e_8ef1_u32.to_le_bytes());
    message.extend([7; 16]);
    let mut frame = 40_u32.to_le_bytes().to_vec();
    frame.extend(message);
    frame
}

const INTERMEDIATE: [u8; 4] = [0xee; 4];

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_the_others_served() {
    let mut limits = Limits::default();
    limits.connections = 3;
    let server = server(limits).await;
    let mut notices = server.notices();
    let client = connect(config(&server)).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(
            TcpStream::connect(server.address())
                .await
                .expect("a connection"),
        );
    }
    let late = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let address = late.local_addr().expect("an address");
    let notice = next(&mut notices).await;
    assert_eq!(notice.kind, NoticeKind::Shed(Shed::TooManyConnections));
    assert_eq!(notice.peer, address);
    is_closed(late).await;
    log_in(&client, &server, 0).await;
    // Room that is given back is room for others.
    drop(held);
    client.close().await;
    let again = connect(config(&server)).await;
    log_in(&again, &server, 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let mut limits = Limits::default();
    limits.opening_timeout = Duration::from_millis(100);
    let server = server(limits).await;
    let mut notices = server.notices();
    // Nothing at all, a proxy's greeting cut short, a frame cut short.
    for begun in [&[][..], &[5, 1], &[0xef, 10, 1, 2]] {
        let mut silent = TcpStream::connect(server.address())
            .await
            .expect("a connection");
        silent.write_all(begun).await.expect("the server listens");
        let notice = next(&mut notices).await;
        assert_eq!(notice.kind, NoticeKind::Shed(Shed::Silent), "{begun:?}");
        is_closed(silent).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn an_upload_that_stops_half_way_ends_its_connection() {
    let mut limits = Limits::default();
    limits.idle_timeout = Duration::from_millis(200);
    let server = server(limits).await;
    let mut notices = server.notices();
    let mut stream = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let mut begun = INTERMEDIATE.to_vec();
    begun.extend(req_pq(0x6000_0000_0000_0004));
    begun.extend(1_000_000_u32.to_le_bytes());
    begun.extend([9; 5000]);
    stream.write_all(&begun).await.expect("the server listens");
    let notice = next(&mut notices).await;
    let idle = Shed::Protocol(CloseReason::Idle);
    assert_eq!(notice.kind, NoticeKind::Shed(idle));
    is_closed(stream).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_and_the_others_served() {
    let mut limits = Limits::default();
    limits.write_timeout = Duration::from_millis(300);
    limits.send_queue = 16 * 1024;
    let server = server(limits).await;
    let mut notices = server.notices();
    let stream = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let address = stream.local_addr().expect("an address");
    // It asks for ever and reads nothing. The server stops reading from it, so that it cannot go on for ever.
    let (reader, mut writer) = stream.into_split();
    let flood = tokio::spawn(async move {
        let mut sent = 0_u64;
        let mut chunk = INTERMEDIATE.to_vec();
        while writer.write_all(&chunk).await.is_ok() {
            chunk.clear();
            for _ in 0..100 {
                sent += 1;
                chunk.extend(req_pq(0x6000_0000_0000_0000 + sent * 4));
            }
        }
        sent
    });
    let client = connect(config(&server)).await;
    log_in(&client, &server, 0).await;
    let notice = next(&mut notices).await;
    assert_eq!(notice.kind, NoticeKind::Shed(Shed::SlowReader));
    assert_eq!(notice.peer, address);
    let flood = tokio::time::timeout(PATIENCE, flood).await;
    let sent = flood.expect("the flood ends").expect("its task ends");
    assert!(sent > 1000, "only {sent} requests were needed");
    assert_eq!(me(&client).await, server.accounts()[0].id);
    drop(reader);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_reader_gets_everything_in_the_end() {
    let mut limits = Limits::default();
    limits.send_queue = 16 * 1024;
    let server = server(limits).await;
    let mut stream = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let (mut reader, mut writer) = stream.split();
    const REQUESTS: u64 = 60_000;
    let ask = async {
        writer
            .write_all(&INTERMEDIATE)
            .await
            .expect("the server reads");
        for number in 1..=REQUESTS {
            let request = req_pq(0x6000_0000_0000_0000 + number * 4);
            writer.write_all(&request).await.expect("the server reads");
        }
    };
    let read = async {
        let (mut answers, mut frame) = (0, Vec::new());
        while answers < REQUESTS {
            let length = reader.read_u32_le().await.expect("an answer");
            frame.resize(length as usize, 0);
            reader.read_exact(&mut frame).await.expect("an answer");
            // In turns with the asking, so that the server's queue fills up again and again.
            tokio::task::yield_now().await;
            answers += 1;
        }
    };
    let both = async { tokio::join!(ask, read) };
    let done = tokio::time::timeout(4 * PATIENCE, both).await;
    done.expect("every request is answered");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_carrier_is_refused_with_a_reason() {
    let server = server(Limits::default()).await;
    let mut notices = server.notices();
    for (bytes, reason) in [
        (
            &b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"[..],
            "HTTP/1.1 400",
        ),
        (b"POST /api HTTP/1.1\r\n\r\n", "HTTP/1.1 411"),
        (b"HEAD / HTTP/1.1\r\n\r\n", "HTTP/1.1 405"),
        (b"CONNECT nowhere HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let mut stream = TcpStream::connect(server.address())
            .await
            .expect("a connection");
        stream.write_all(bytes).await.expect("the server listens");
        let notice = next(&mut notices).await;
        let kind = format!("{:?}", notice.kind);
        let fits = kind.contains("Carrier(") || kind.contains("Door(");
        assert!(fits, "{kind} for {reason}");
        let mut answer = String::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
        read.expect("the server hangs up").expect("text");
        assert!(answer.starts_with(reason), "{answer}");
    }
    server.stop().await;
}
