//! How a server is described before it starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mtproto_core::crypto::rsa::RsaPrivateKey;

use crate::error::StartError;
use crate::server::MockServer;

/// The published test key, PKCS#1 in PEM. It protects nothing; see `keys/README.md`.
pub(crate) const TEST_KEY: &str = include_str!("../keys/test_rsa_private.pem");

/// Describes a server; [`Builder::start`] starts it.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) bind: IpAddr,
    pub(crate) port: u16,
    pub(crate) seed: Option<u64>,
    pub(crate) dc: i32,
    pub(crate) key: String,
    pub(crate) keylog: Option<PathBuf>,
    pub(crate) capture: Option<PathBuf>,
    pub(crate) backlog_limit: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            seed: None,
            dc: 2,
            key: TEST_KEY.to_owned(),
            keylog: None,
            capture: None,
            backlog_limit: 16 << 20,
        }
    }
}

impl Builder {
    /// Listens on another address than 127.0.0.1.
    ///
    /// The server's RSA key is published and its accounts need no secret: keep it off networks.
    #[must_use]
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.bind = address;
        self
    }

    /// Listens on this port. Default 0: a free one from 20000 to 29999.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Makes world and randomness a function of `seed`. Default: drawn from the operating system.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The DC that clients should begin with, 1 to 5. Default 2.
    #[must_use]
    pub fn dc(mut self, dc: i32) -> Self {
        self.dc = dc;
        self
    }

    /// Uses another RSA key than the published test key: PKCS#1 in PEM, 2048 bits.
    #[must_use]
    pub fn rsa_private_key_pem(mut self, pem: impl Into<String>) -> Self {
        self.key = pem.into();
        self
    }

    /// Appends the secrets of every key exchange to a file.
    #[must_use]
    pub fn keylog(mut self, path: impl AsRef<Path>) -> Self {
        self.keylog = Some(path.as_ref().to_owned());
        self
    }

    /// Writes everything sent and received to a pcapng file, secrets included.
    #[must_use]
    pub fn capture(mut self, path: impl AsRef<Path>) -> Self {
        self.capture = Some(path.as_ref().to_owned());
        self
    }

    /// Bytes that may wait for a client that reads slowly before its connection is closed. Default 16 MiB.
    #[must_use]
    pub fn backlog_limit(mut self, bytes: usize) -> Self {
        self.backlog_limit = bytes;
        self
    }

    /// Starts the server; it is ready when this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the address cannot be bound, a file cannot be written, or the key cannot be read.
    pub async fn start(self) -> Result<MockServer, StartError> {
        MockServer::launch(self).await
    }

    pub(crate) fn rsa_private_key(&self) -> Result<RsaPrivateKey, StartError> {
        RsaPrivateKey::from_pem(&self.key).map_err(StartError::Key)
    }

    pub(crate) fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }
}
