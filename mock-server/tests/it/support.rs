//! Clients of a server, and what they do.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use client::{Client, ClientConfig, Login};
use mock_server::MockServer;
use tl_parser::{Object, Value};

/// What takes longer than this does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Two messages of one account may not share theirs.
static NEXT_RANDOM_ID: AtomicI64 = AtomicI64::new(1);

pub(crate) async fn server() -> MockServer {
    let server = MockServer::builder().seed(5).start().await;
    server.expect("a server on a free port")
}

pub(crate) fn config(server: &MockServer) -> ClientConfig {
    let mut config = ClientConfig::new(
        server.address(),
        server.dc(),
        server.rsa_public_key().clone(),
    );
    config.connect_timeout = PATIENCE;
    config
}

pub(crate) async fn connect(config: ClientConfig) -> Client {
    let described = format!("{:?} {:?}", config.transport, config.carrier);
    let client = Client::connect(config).await;
    client.unwrap_or_else(|error| panic!("{described}: {error}"))
}

/// Logs in as one of the people without a password.
pub(crate) async fn log_in(client: &Client, server: &MockServer, person: usize) {
    let account = &server.accounts()[person];
    let sent = client.send_code(&account.phone).await.expect("a code");
    let code = account.code.as_deref().expect("a known code");
    let login = client.sign_in(&sent, code).await.expect("a login");
    assert!(matches!(login, Login::Done(_)), "{login:?}");
}

pub(crate) async fn call(client: &Client, call: Object) -> Object {
    let answer = client.invoke(call).await.expect("an answer");
    answer.into_object().expect("an object")
}

/// The DC that the client has reached, as the server says.
pub(crate) async fn reached_dc(client: &Client) -> i32 {
    let config = call(client, Value::object("help.getConfig")).await;
    config.int("this_dc").expect("a number")
}

/// The id of the account that the client is logged in to.
pub(crate) async fn me(client: &Client) -> i64 {
    let own = Value::object("inputUserSelf");
    let request = Value::object("users.getUsers").with("id", Value::Vector(vec![own.into()]));
    let answer = client.invoke(request).await.expect("an answer");
    let users = answer.as_vector().expect("users").to_vec();
    let user = users[0].as_object().expect("a user");
    user.long("id").expect("an id")
}

/// Writes to the person with this username.
pub(crate) async fn write_to(client: &Client, username: &str, text: &str) {
    let found = call(
        client,
        Value::object("contacts.resolveUsername").with("username", username),
    )
    .await;
    let users = found.vector("users").expect("users");
    let user = users[0].as_object().expect("a user");
    let peer = Value::object("inputPeerUser")
        .with("user_id", user.long("id").expect("an id"))
        .with("access_hash", user.long("access_hash").expect("a hash"));
    let message = Value::object("messages.sendMessage")
        .with("peer", peer)
        .with("message", text)
        .with("random_id", NEXT_RANDOM_ID.fetch_add(1, Ordering::Relaxed));
    call(client, message).await;
}
