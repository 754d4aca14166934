//! Bad input: what strangers and broken clients do to a server, and that the others do not notice.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use client::{Client, ClientConfig, ConnectError, InvokeError, Login};
use mock_server::MockServer;
use mtproto_core::crypto::rsa::RsaPublicKey;
use mtproto_core::error::ConnectionError;
use mtproto_core::handshake::HandshakeError;
use tl_parser::Value;

/// A close that takes longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with a client that must stay well.
struct Scene {
    server: MockServer,
    bystander: Client,
}

impl Scene {
    async fn new() -> Self {
        let server = MockServer::builder()
            .seed(5)
            .start()
            .await
            .expect("a server on a free port");
        let bystander = connect(&server).await;
        let account = &server.accounts()[0];
        let sent = bystander.send_code(&account.phone).await.expect("a code");
        let code = account.code.as_deref().expect("a known code");
        let login = bystander.sign_in(&sent, code).await.expect("a login");
        assert!(matches!(login, Login::Done(_)));
        Self { server, bystander }
    }

    /// Sends `bytes` over a connection of its own and waits for the server to close it.
    async fn sends_and_is_closed(&self, bytes: Vec<u8>) {
        let address = self.server.address();
        tokio::task::spawn_blocking(move || send_and_wait_for_close(address, &bytes))
            .await
            .expect("the stranger's thread ends");
    }

    /// The bystander is still served, and so is somebody new.
    async fn ends_well(self) {
        let state = self
            .bystander
            .invoke(Value::object("updates.getState"))
            .await;
        assert_eq!(
            state
                .expect("the bystander is served")
                .as_object()
                .map(|state| state.name()),
            Some("updates.state")
        );
        connect(&self.server).await.close().await;
        self.bystander.close().await;
        self.server.stop().await;
    }
}

fn config(server: &MockServer) -> ClientConfig {
    ClientConfig::new(
        server.address(),
        server.dc(),
        server.rsa_public_key().clone(),
    )
}

async fn connect(server: &MockServer) -> Client {
    Client::connect(config(server))
        .await
        .expect("a key exchange")
}

fn send_and_wait_for_close(address: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    // The server may hang up before the last byte.
    let _ = stream.write_all(bytes);
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

/// Bytes that look random and begin no transport's frame of a sane size.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u32 = 0x2545_f491;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_hung_up_on() {
    let scene = Scene::new().await;
    for garbage in [
        b"SSH-2.0-OpenSSH_9.6\r\n".repeat(4),
        vec![0; 64],
        noise(4096),
        // Abridged: a frame of 16 bytes that is no message, again and again.
        [
            &b"\xef"[..],
            &[b"\x04".as_slice(), &[0xaa; 16]].concat().repeat(64),
        ]
        .concat(),
    ] {
        scene.sends_and_is_closed(garbage).await;
    }
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_the_middle_of_a_frame_is_forgotten() {
    let scene = Scene::new().await;
    for length in [0, 1, 4, 5, 40, 63, 64, 65] {
        let mut stream = TcpStream::connect(scene.server.address()).expect("a connection");
        let begun = [&b"\xee\xee\xee\xee\x28\x00\x00\x00"[..], &[0; 64]].concat();
        stream.write_all(&begun[..length]).expect("a begun frame");
    }
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_two_gibibytes_is_refused_when_it_is_announced() {
    let scene = Scene::new().await;
    scene
        .sends_and_is_closed(b"\xee\xee\xee\xee\xff\xff\xff\x7f".to_vec())
        .await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_trusts_another_key_says_so() {
    let scene = Scene::new().await;
    let mut config = config(&scene.server);
    let mut modulus = scene.server.rsa_public_key().n();
    modulus[128] ^= 0x10;
    config.server_keys = vec![RsaPublicKey::new(&modulus, &[1, 0, 1]).expect("a key")];
    let error = Client::connect(config).await.expect_err("an unknown key");
    assert!(
        matches!(
            error,
            ConnectError::KeyExchange(ConnectionError::Handshake(
                HandshakeError::UnknownFingerprints
            ))
        ),
        "{error:?}"
    );
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authorization_key_that_nobody_made_is_refused() {
    let scene = Scene::new().await;
    // Intermediate transport: frames that name a key, which the server does not have.
    let frame = [&88_u32.to_le_bytes()[..], &[0x5a; 88]].concat();
    let bytes = [&b"\xee\xee\xee\xee"[..], &frame.repeat(64)].concat();
    scene.sends_and_is_closed(bytes).await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_constructor_is_an_error_to_that_call_alone() {
    let scene = Scene::new().await;
    let unknown = scene
        .bystander
        .invoke_raw(&0xdead_beef_u32.to_le_bytes())
        .await;
    match unknown {
        Err(InvokeError::Rpc(error)) => assert_eq!(error.code, 400, "{error}"),
        other => panic!("{other:?}"),
    }
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_nobody_implements_says_so_loudly() {
    let scene = Scene::new().await;
    let answer = scene
        .bystander
        .invoke(Value::object("payments.getStarsTopupOptions"))
        .await;
    match answer {
        Err(InvokeError::Rpc(error)) => {
            assert_eq!(
                (error.code, &*error.message),
                (400, "METHOD_NOT_IMPLEMENTED")
            );
        }
        other => panic!("{other:?}"),
    }
    scene.ends_well().await;
}
