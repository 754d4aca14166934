//! Ready sessions: a client that has the key is logged in.

use client::ClientConfig;
use inspector::keys::session_string::{self, SessionFormat};
use mock_server::{MockServer, SessionError};
use mtproto_core::ids::DcId;

use crate::support::{config, connect, me};

#[tokio::test]
async fn every_string_holds_a_login_that_works() {
    let server = MockServer::builder().seed(21).dc(4).start().await;
    let server = server.expect("a server");
    let ready = server.ready_sessions();
    assert_eq!(ready.len(), server.accounts().len() + server.bots().len());
    for session in ready {
        let strings = [
            (SessionFormat::Telethon, session.telethon(server.address())),
            (SessionFormat::GramJs, session.gramjs(server.address())),
            (SessionFormat::Pyrogram, session.pyrogram(17)),
            (SessionFormat::Mtcute, session.mtcute(server.address())),
        ];
        for (format, text) in strings {
            let read = session_string::parse(&text.expect("a string"));
            let read = read.unwrap_or_else(|| panic!("{format} cannot be read"));
            assert_eq!((read.format, read.dc), (format, 4));
            assert_eq!(read.key.as_bytes(), session.key.as_bytes());
            let client = connect(ClientConfig {
                auth_key: Some(read.key),
                dc: DcId(read.dc),
                ..config(&server)
            })
            .await;
            assert_eq!(me(&client).await, session.user_id, "{format}");
            client.close().await;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn sessions_of_a_seed_are_those_of_its_server() {
    let server = MockServer::builder()
        .seed(9)
        .start()
        .await
        .expect("a server");
    let alone = MockServer::ready_sessions_of(9, 2).expect("sessions");
    let ids = |sessions: &[mock_server::ReadySession]| -> Vec<(i64, _)> {
        let id = |session: &mock_server::ReadySession| (session.user_id, session.key.id());
        sessions.iter().map(id).collect()
    };
    assert_eq!(ids(&alone), ids(server.ready_sessions()));
    let other = MockServer::ready_sessions_of(10, 2).expect("sessions");
    assert_ne!(ids(&alone), ids(&other));
}

#[tokio::test]
async fn what_a_form_cannot_say_is_an_error() {
    let sessions = MockServer::ready_sessions_of(1, 2).expect("sessions");
    let high = "127.0.0.1:40000".parse().expect("an address");
    assert_eq!(sessions[0].gramjs(high), Err(SessionError::Port(40_000)));
    assert!(sessions[0].telethon(high).is_ok());
    let v6 = "[::1]:20000".parse().expect("an address");
    for text in [
        sessions[0].telethon(v6),
        sessions[0].gramjs(v6),
        sessions[0].mtcute(v6),
    ] {
        let text = text.expect("a string");
        assert!(session_string::parse(&text).is_some(), "{text}");
    }
}
