//! What a client is told before it connects.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::rsa::RsaPublicKey;
use mtproto_core::ids::DcId;
use mtproto_core::key_log::KeyLog;
use mtproto_core::transport::{ClientTransport, Transport};

/// What an application says of itself in `initConnection`.
///
/// Section: <https://core.telegram.org/method/initConnection>.
#[derive(Clone, Debug)]
pub struct Application {
    /// The application's id.
    pub api_id: i32,
    /// The secret that belongs to the id.
    pub api_hash: String,
    /// Model of the device.
    pub device_model: String,
    /// Version of the operating system.
    pub system_version: String,
    /// Version of the application.
    pub app_version: String,
    /// Language, as an ISO 639-1 code.
    pub lang_code: String,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            api_id: 1,
            api_hash: "mtkit".into(),
            device_model: "mtkit".into(),
            system_version: std::env::consts::OS.into(),
            app_version: env!("CARGO_PKG_VERSION").into(),
            lang_code: "en".into(),
        }
    }
}

/// What the byte stream hides in. A secret of the `ee` form means the look of TLS, whatever stands here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// Nothing.
    #[default]
    Direct,
    /// A WebSocket; the transport must be an obfuscated one.
    WebSocket,
    /// HTTP: a request per payload, with long polling. There is no stream, so the transport does not matter.
    Http,
}

/// A proxy to ask for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// SOCKS5, without authentication.
    Socks5(SocketAddr),
    /// HTTP with CONNECT.
    HttpConnect(SocketAddr),
}

/// Everything that a connection needs.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The server.
    pub address: SocketAddr,
    /// The DC that the server stands for.
    pub dc: DcId,
    /// The servers' keys that are trusted.
    pub server_keys: Vec<RsaPublicKey>,
    /// Framing of the byte stream.
    pub transport: ClientTransport,
    /// What the byte stream hides in.
    pub carrier: Carrier,
    /// The proxy on the way, if there is one.
    pub proxy: Option<Proxy>,
    /// A key that an earlier run made; without one, a new one is made.
    pub auth_key: Option<AuthKey>,
    /// The API layer to speak; a bundled one.
    pub layer: i32,
    /// What the application says of itself.
    pub application: Application,
    /// How long connecting, and making a key, may take.
    pub connect_timeout: Duration,
    /// Makes everything random a function of this number; for tests. Default: drawn from the operating system.
    pub seed: Option<u64>,
    /// Receives the secrets with which a capture of the connection can be decrypted.
    pub key_log: Option<SharedKeyLog>,
}

/// A key log that several connections may share.
#[derive(Clone)]
pub struct SharedKeyLog(pub Arc<dyn KeyLog>);

impl fmt::Debug for SharedKeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKeyLog(..)")
    }
}

impl ClientConfig {
    /// A client of one server: padded intermediate transport, obfuscated, in the newest bundled layer.
    #[must_use]
    pub fn new(address: SocketAddr, dc: i32, server_key: RsaPublicKey) -> Self {
        Self {
            address,
            dc: DcId(dc),
            server_keys: vec![server_key],
            transport: ClientTransport::obfuscated(Transport::PaddedIntermediate),
            carrier: Carrier::default(),
            proxy: None,
            auth_key: None,
            layer: tl_parser::Layers::bundled().newest(),
            application: Application::default(),
            connect_timeout: Duration::from_secs(10),
            seed: None,
            key_log: None,
        }
    }
}
