//! Payloads in HTTP messages.

use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::UnixTime;
use mtproto_core::transport::carrier::http::{HttpClient, HttpError, HttpServer};
use mtproto_core::transport::carrier::{Carrier, CarrierConfig, ReplayGuard, ServerCarrier};
use mtproto_core::transport::{Frame, FrameLimits};

use super::transport_support::{Owned, message, seeded};

const LIMITS: FrameLimits = FrameLimits::with_max_frame(1000);

fn client() -> HttpClient {
    HttpClient::new("localhost:80", "/api", LIMITS).unwrap()
}

fn request(payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    client().write_request(payload, &mut wire);
    wire
}

/// What a server makes of one piece, and what it says by itself.
fn served(wire: &[u8]) -> (Result<Option<Vec<u8>>, HttpError>, String) {
    let mut server = HttpServer::new(LIMITS);
    server.handle_bytes(wire).unwrap();
    let outcome = server
        .poll_request()
        .map(|request| request.map(|request| request.payload.to_vec()));
    let mut said = Vec::new();
    server.poll_transmit(&mut said);
    (outcome, String::from_utf8(said).unwrap())
}

/// All that a client with one open request makes of these bytes.
fn client_reads(wire: &[u8]) -> Result<Vec<Owned>, HttpError> {
    let mut client = client();
    client.write_request(&message(2), &mut Vec::new());
    client.handle_bytes(wire)?;
    let mut frames = Vec::new();
    while let Some(frame) = client.poll_frame()? {
        frames.push(frame.into());
    }
    Ok(frames)
}

#[test]
fn requests_and_responses_carry_one_payload_each_however_they_are_cut() {
    for piece in [1, 7, 4000] {
        let (mut client, mut server) = (client(), HttpServer::new(LIMITS));
        for blocks in [2, 9, 40] {
            let mut wire = Vec::new();
            client.write_request(&message(blocks), &mut wire);
            let mut seen = None;
            for piece in wire.chunks(piece) {
                assert_eq!(seen, None);
                server.handle_bytes(piece).unwrap();
                seen = server
                    .poll_request()
                    .unwrap()
                    .map(|request| (request.target.clone(), request.payload.to_vec()));
            }
            assert_eq!(seen, Some(("/api".into(), message(blocks))));

            let mut wire = Vec::new();
            server.respond(&message(blocks + 1), &mut wire);
            let mut seen = Vec::new();
            for piece in wire.chunks(piece) {
                client.handle_bytes(piece).unwrap();
                while let Some(frame) = client.poll_frame().unwrap() {
                    seen.push(Owned::from(frame));
                }
            }
            assert_eq!(seen, [Owned::Payload(message(blocks + 1))]);
        }
        assert_eq!(client.unanswered(), 0);
        assert!(!server.is_done());
    }
}

#[test]
fn an_empty_response_says_that_there_is_nothing_to_say() {
    let mut server = HttpServer::new(LIMITS);
    server.handle_bytes(&request(&message(2))).unwrap();
    assert!(server.poll_request().unwrap().is_some());
    let mut wire = Vec::new();
    server.respond(&[], &mut wire);
    assert_eq!(client_reads(&wire), Ok(vec![]));
}

#[test]
fn requests_sent_ahead_are_handed_out_in_turn() {
    let mut server = HttpServer::new(LIMITS);
    server
        .handle_bytes(&[request(&message(2)), request(&message(3))].concat())
        .unwrap();
    let mut wire = Vec::new();
    server.respond(&[], &mut wire);
    assert!(wire.is_empty(), "nothing was asked");
    for blocks in [2, 3] {
        assert_eq!(
            server.poll_request().unwrap().unwrap().payload,
            message(blocks)
        );
        assert_eq!(server.poll_request(), Ok(None));
        server.respond(&message(blocks), &mut wire);
    }
    assert_eq!(server.poll_request(), Ok(None));
    let text = String::from_utf8_lossy(&wire);
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 2);
}

#[test]
fn a_client_that_only_sends_is_stopped() {
    let mut server = HttpServer::new(LIMITS);
    server.handle_bytes(&request(&message(2))).unwrap();
    assert!(server.poll_request().unwrap().is_some());
    let flood = request(&message(40));
    let outcome = (0..200).try_for_each(|_| server.handle_bytes(&flood));
    assert_eq!(outcome, Err(HttpError::Flood));
    assert_eq!(HttpError::Flood.status(), 429);
}

#[test]
fn tr_37_statuses_are_transport_errors_whatever_the_body_says() {
    for (status, code) in [(404, -404), (429, -429), (403, -403), (500, -500)] {
        let body = message(2);
        let len = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {len}\r\n\r\n");
        let wire = [head.as_bytes(), &body].concat();
        assert_eq!(client_reads(&wire), Ok(vec![Owned::TransportError(code)]));
    }
    let mut server = HttpServer::new(LIMITS);
    server.handle_bytes(&request(&message(2))).unwrap();
    assert!(server.poll_request().unwrap().is_some());
    let mut wire = Vec::new();
    server.respond_error(-404, &mut wire);
    assert!(wire.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    assert_eq!(client_reads(&wire), Ok(vec![Owned::TransportError(-404)]));
}

#[test]
fn tr_38_responses_without_one_clear_length_are_refused() {
    for fields in [
        "",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: -4\r\n",
    ] {
        let wire = format!("HTTP/1.1 200 OK\r\n{fields}\r\nbody");
        assert_eq!(
            client_reads(wire.as_bytes()),
            Err(HttpError::Length),
            "{fields}"
        );
    }
    let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n";
    let too_long = HttpError::TooLong {
        announced: 1001,
        limit: 1000,
    };
    assert_eq!(client_reads(wire), Err(too_long));
    let endless = [b"HTTP/1.1 200 OK\r\nX: ", &vec![b'x'; 1 << 20][..]].concat();
    assert_eq!(client_reads(&endless), Err(HttpError::HeadTooLong));
    assert_eq!(
        client_reads(b"\x16\x03\x01\x02\r\n\r\n"),
        Err(HttpError::Head)
    );
}

#[test]
fn tr_38_a_response_that_nothing_was_asked_for_is_refused() {
    let mut client = client();
    client
        .handle_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    assert_eq!(client.poll_frame(), Err(HttpError::Unasked));
    assert_eq!(client.handle_bytes(b""), Err(HttpError::Unasked));
}

#[test]
fn interim_responses_are_passed_over() {
    let wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody";
    assert_eq!(
        client_reads(wire),
        Ok(vec![Owned::Payload(b"body".to_vec())])
    );
}

#[test]
fn requests_that_carry_no_payload_are_told_why() {
    for (wire, error, status) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            HttpError::Method,
            "405 Method Not Allowed",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
            HttpError::Length,
            "411 Length Required",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            HttpError::Length,
            "411 Length Required",
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n",
            HttpError::TooLong {
                announced: 1001,
                limit: 1000,
            },
            "413 Content Too Large",
        ),
        (
            "POST / HTTP/2.0\r\n\r\n",
            HttpError::Version,
            "505 HTTP Version Not Supported",
        ),
        ("POST\r\n\r\n", HttpError::Head, "400 Bad Request"),
    ] {
        let (outcome, said) = served(wire.as_bytes());
        assert_eq!(outcome, Err(error), "{wire}");
        assert!(
            said.starts_with(&format!("HTTP/1.1 {status}\r\nConnection: close\r\n")),
            "{said}"
        );
    }
}

#[test]
fn a_browser_may_ask_before_it_posts() {
    let (outcome, said) = served(b"OPTIONS /apiw HTTP/1.1\r\nOrigin: http://a\r\n\r\n");
    assert_eq!(outcome, Ok(None));
    assert!(
        said.starts_with("HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n"),
        "{said}"
    );
    assert!(
        said.contains("\r\nAccess-Control-Allow-Origin: *\r\n"),
        "{said}"
    );
    assert!(
        said.contains("\r\nAccess-Control-Allow-Methods: POST"),
        "{said}"
    );
}

#[test]
fn connections_end_when_the_client_says_so() {
    for (fields, version, ends) in [
        ("", "HTTP/1.1", false),
        ("Connection: close\r\n", "HTTP/1.1", true),
        ("", "HTTP/1.0", true),
        ("Connection: Keep-Alive\r\n", "HTTP/1.0", false),
    ] {
        let mut server = HttpServer::new(LIMITS);
        let wire = format!("POST / {version}\r\n{fields}Content-Length: 4\r\n\r\nbody");
        server.handle_bytes(wire.as_bytes()).unwrap();
        assert!(server.poll_request().unwrap().is_some());
        assert!(!server.is_done());
        let mut said = Vec::new();
        server.respond(&[], &mut said);
        assert_eq!(server.is_done(), ends, "{wire}");
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.contains("Connection: close\r\n"), ends);
    }
}

#[test]
fn tr_39_http_is_known_by_its_first_bytes() {
    let wire = request(&message(2));
    for piece in [1, 3, 1000] {
        let mut carrier = ServerCarrier::new(CarrierConfig::default());
        let mut stream = Vec::new();
        let mut random: ChaChaRandom = seeded(1);
        let mut seen = None;
        for piece in wire.chunks(piece) {
            carrier
                .handle_bytes(
                    UnixTime::from_secs(0),
                    piece,
                    &mut ReplayGuard::new(9),
                    &mut stream,
                )
                .unwrap();
            if let Some(http) = carrier.http()
                && let Some(request) = http.poll_request().unwrap()
            {
                seen = Some(request.payload.to_vec());
            }
        }
        assert_eq!(carrier.carrier(), Some(Carrier::Http));
        assert_eq!(seen, Some(message(2)));
        assert!(stream.is_empty());
        let mut said = Vec::new();
        carrier.http().unwrap().respond(&message(3), &mut said);
        carrier.poll_transmit(&mut random, &mut said);
        assert_eq!(client_reads(&said), Ok(vec![Owned::Payload(message(3))]));
    }
}

#[test]
fn payloads_are_lent_in_place() {
    let mut client = client();
    client.write_request(&message(2), &mut Vec::new());
    client
        .handle_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
        .unwrap();
    let Ok(Some(Frame::Payload { data, .. })) = client.poll_frame() else {
        panic!("a response is there");
    };
    data.fill(0);
}
