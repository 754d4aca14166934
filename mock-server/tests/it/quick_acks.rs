//! The bit that asks for a quick acknowledgement, in the place where each transport has it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use mtproto_core::config::{ClientConfig, Start};
use mtproto_core::connection::{Connection, Event};
use mtproto_core::ids::DcId;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::session::QueryOptions;
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::transport::{ClientTransport, Transport};

use crate::support::{PATIENCE, server};

/// `help.getConfig`, which is refused here for want of an introduction: any answer will do.
const QUERY: [u8; 4] = 0xc4f9_186b_u32.to_le_bytes();

/// The first bytes that the server sends after a query which asks for a quick acknowledgement.
fn first_bytes(address: std::net::SocketAddr, config: ClientConfig) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let unix = std::time::UNIX_EPOCH.elapsed().expect("a time after 1970");
    let start = Start {
        now: Instant::ZERO,
        unix: UnixTime::from_secs(unix.as_secs()),
        random: Box::new(ChaChaRandom::from_number(3)),
    };
    let mut connection = Connection::new(Arc::new(config), start);
    let mut buffer = [0; 4096];
    let mut out = Vec::new();
    let mut asked = false;
    loop {
        while connection.poll_transmit(Instant::ZERO, &mut out).is_some() {}
        socket.write_all(&out).expect("the server reads");
        out.clear();
        match connection.poll_event() {
            Some(Event::Ready { .. }) => {
                let options = QueryOptions {
                    quick_ack: true,
                    ..QueryOptions::default()
                };
                let sent = connection.send_query(Instant::ZERO, &QUERY, options);
                sent.expect("a query");
                asked = true;
            }
            Some(_) => {}
            None => {
                let length = socket.read(&mut buffer).expect("the server speaks");
                let bytes = &buffer[..length];
                if asked {
                    return bytes.to_vec();
                }
                connection
                    .handle_bytes(Instant::ZERO, bytes)
                    .expect("a key exchange");
            }
        }
    }
}

#[tokio::test]
async fn intermediate_and_abridged_streams_get_their_quick_acknowledgements() {
    let server = server().await;
    let (address, key) = (server.address(), server.rsa_public_key().clone());
    for transport in [
        Transport::Intermediate,
        Transport::PaddedIntermediate,
        Transport::Abridged,
    ] {
        let mut config = ClientConfig::new(vec![key.clone()], DcId(2));
        config.transport = ClientTransport::plain(transport);
        let bytes = tokio::task::spawn_blocking(move || first_bytes(address, config));
        let bytes = bytes.await.expect("the client ends");
        // Bare tokens have a bit that lengths never have, and abridged streams turn their bytes round; padded streams
        // have a frame of their own for them.
        let is_token = match transport {
            Transport::Abridged => bytes[0] & 0x80 != 0,
            Transport::Intermediate => bytes[3] & 0x80 != 0,
            _ => (8..=16).contains(&bytes[0]) && bytes[1..8] == [0, 0, 0, 255, 255, 255, 255],
        };
        assert!(is_token, "{transport:?}: {bytes:02x?}");
    }
    server.stop().await;
}
