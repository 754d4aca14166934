//! Every transport on one port, told apart by its first bytes: key exchange, login, a call, a large answer, an update.

use client::{Carrier, Client, ClientConfig};
use mock_server::MockServer;
use mtproto_core::ids::DcId;
use mtproto_core::transport::{ClientTransport, ProxySecret, Transport};
use tl_parser::Value;

use crate::support::{PATIENCE, call, config, connect, log_in, me, server, write_to};

const KEY: &str = "00112233445566778899aabbccddeeff";
/// `ee`, the key, and "example.org".
const FAKE_TLS: &str = "ee00112233445566778899aabbccddeeff6578616d706c652e6f7267";

/// Uses a connection in every way that differs between transports.
async fn use_it(server: &MockServer, other: &Client, config: ClientConfig) {
    let named = format!("{:?} {:?}", config.transport, config.carrier);
    let client = connect(config).await;
    let story = async {
        log_in(&client, server, 0).await;
        assert_eq!(me(&client).await, server.accounts()[0].id);
        // Larger than any buffer on the way.
        let part = vec![0x5a; 512 * 1024];
        let upload = Value::object("upload.saveFilePart")
            .with("file_id", 1_i64)
            .with("file_part", 0)
            .with("bytes", part);
        client.invoke(upload).await.expect("the part is saved");
        call(&client, Value::object("updates.getState")).await;
        let mut updates = client.updates();
        let username = server.accounts()[0].username.clone();
        write_to(other, &username.expect("a username"), &named).await;
        loop {
            let update = updates.next().await.expect("the connection lives");
            if format!("{update:?}").contains(&named.escape_debug().to_string()) {
                break;
            }
        }
    };
    let told = tokio::time::timeout(PATIENCE, story).await;
    told.unwrap_or_else(|_| panic!("{named} hangs"));
    client.close().await;
}

async fn use_all(server: &MockServer, configs: Vec<ClientConfig>) {
    let bob = connect(config(server)).await;
    log_in(&bob, server, 1).await;
    for config in configs {
        use_it(server, &bob, config).await;
    }
    bob.close().await;
}

const OBFUSCATED: [Transport; 3] = [
    Transport::Abridged,
    Transport::Intermediate,
    Transport::PaddedIntermediate,
];

/// A client of `server` that speaks `transport`.
fn speaking(server: &MockServer, transport: ClientTransport) -> ClientConfig {
    ClientConfig {
        transport,
        ..config(server)
    }
}

#[tokio::test]
async fn plain_and_obfuscated_streams_are_served() {
    let server = server().await;
    let plain = OBFUSCATED.into_iter().chain([Transport::Full]);
    let plain = plain.map(ClientTransport::plain);
    let obfuscated = OBFUSCATED.map(ClientTransport::obfuscated);
    let all = plain.chain(obfuscated);
    use_all(&server, all.map(|it| speaking(&server, it)).collect()).await;
    server.stop().await;
}

#[tokio::test]
async fn websockets_are_served() {
    let server = server().await;
    let configs = OBFUSCATED.map(|transport| ClientConfig {
        carrier: Carrier::WebSocket,
        ..speaking(&server, ClientTransport::obfuscated(transport))
    });
    use_all(&server, configs.into()).await;
    server.stop().await;
}

#[tokio::test]
async fn http_is_served_with_long_polling() {
    let server = server().await;
    let config = ClientConfig {
        carrier: Carrier::Http,
        ..config(&server)
    };
    use_all(&server, vec![config]).await;
    server.stop().await;
}

#[tokio::test]
async fn clients_of_a_proxy_are_served_beside_others() {
    let secrets = [KEY.to_owned(), format!("dd{KEY}"), FAKE_TLS.to_owned()];
    let secrets = secrets.map(|text| ProxySecret::parse(&text).expect("a secret"));
    let mut builder = MockServer::builder().seed(5);
    for secret in &secrets {
        builder = builder.secret(secret.clone());
    }
    let server = builder.start().await.expect("a server");
    let mut configs: Vec<ClientConfig> = secrets
        .map(|secret| speaking(&server, ClientTransport::proxy(secret, DcId(2))))
        .into();
    let obfuscated = ClientTransport::obfuscated(Transport::Abridged);
    configs.push(speaking(&server, obfuscated));
    use_all(&server, configs).await;
    server.stop().await;
}

#[tokio::test]
async fn a_capture_shows_every_carrier() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("capture.pcapng");
    let secret = ProxySecret::parse(FAKE_TLS).expect("a secret");
    let server = MockServer::builder()
        .seed(5)
        .secret(secret.clone())
        .capture(&path)
        .start()
        .await
        .expect("a server");
    let direct = config(&server);
    let mut web_socket = direct.clone();
    web_socket.carrier = Carrier::WebSocket;
    let mut http = direct.clone();
    http.carrier = Carrier::Http;
    let hidden = speaking(&server, ClientTransport::proxy(secret, DcId(2)));
    let mut socks = direct.clone();
    socks.proxy = Some(client::Proxy::Socks5(server.address()));
    let configs = [direct, web_socket, http, hidden, socks];
    let connections = configs.len();
    for config in configs {
        let client = connect(config).await;
        log_in(&client, &server, 0).await;
        client.close().await;
    }
    server.stop().await;

    let mut text = Vec::new();
    let options = inspector::io::Options::default();
    let summary = inspector::io::inspect_file(&path, &[], options, &mut text);
    let summary = summary.expect("a readable capture");
    let text = String::from_utf8_lossy(&text);
    assert!(summary.is_complete(), "{summary:?}\n{text}");
    let logins = text.matches("auth.signIn  [msg_id").count();
    assert_eq!(logins, connections, "{text}");
}
