//! How a server is described before it starts.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mtproto_core::crypto::rsa::RsaPrivateKey;
use mtproto_core::transport::ProxySecret;

use world::WorldConfig;

use crate::error::StartError;
use crate::limits::Limits;
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
    pub(crate) dcs: BTreeSet<i32>,
    pub(crate) port_per_dc: bool,
    pub(crate) media_dcs: bool,
    pub(crate) test_mode: bool,
    pub(crate) door: Option<SocketAddr>,
    pub(crate) secrets: Vec<ProxySecret>,
    pub(crate) key: String,
    pub(crate) keylog: Option<PathBuf>,
    pub(crate) capture: Option<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) world: WorldConfig,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            seed: None,
            dc: 2,
            dcs: (1..=5).collect(),
            port_per_dc: false,
            media_dcs: false,
            test_mode: false,
            door: None,
            secrets: Vec::new(),
            key: TEST_KEY.to_owned(),
            keylog: None,
            capture: None,
            limits: Limits::default(),
            world: WorldConfig::default(),
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

    /// Makes world, randomness and ready sessions a function of `seed`. Default: drawn from the operating system.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The DC that clients should begin with. It is added to [`Builder::dcs`] if it is not among them. Default 2.
    #[must_use]
    pub fn dc(mut self, dc: i32) -> Self {
        self.dc = dc;
        self
    }

    /// The numbers of the DCs, 1 to 255. Default 1 to 5.
    #[must_use]
    pub fn dcs(mut self, dcs: impl IntoIterator<Item = i32>) -> Self {
        self.dcs = dcs.into_iter().collect();
        self
    }

    /// Gives each DC a port of its own, so that clients which do not say which DC they mean can migrate; with
    /// [`Builder::port`], the lowest DC gets that port and the others the ports above it, in their order.
    ///
    /// Default: one port for all. Then a connection's DC is told by the proxy's target, by the header of an MTProxy
    /// client or by the client's key exchange, and is that of [`Builder::dc`] if nothing tells.
    #[must_use]
    pub fn port_per_dc(mut self) -> Self {
        self.port_per_dc = true;
        self
    }

    /// Advertises each DC a second time as one that serves files only, at the same address.
    #[must_use]
    pub fn media_dcs(mut self) -> Self {
        self.media_dcs = true;
        self
    }

    /// Says in its configuration that it is a test server. Clients of such servers add 10000 to the numbers of DCs, which
    /// is accepted in either case.
    #[must_use]
    pub fn test_mode(mut self) -> Self {
        self.test_mode = true;
        self
    }

    /// Listens on another address, too, meant as a SOCKS5 or HTTP proxy. Every other port is one as well.
    #[must_use]
    pub fn door(mut self, address: SocketAddr) -> Self {
        self.door = Some(address);
        self
    }

    /// Serves clients that were given this MTProxy secret, beside all others. May be called several times.
    #[must_use]
    pub fn secret(mut self, secret: ProxySecret) -> Self {
        self.secrets.push(secret);
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

    /// Bounds what clients may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// People, bots, limits and rules of the world. Seed, DCs and test mode are those of the builder, whatever stands here.
    ///
    /// A CDN among [`WorldConfig::cdns`] must be one of [`Builder::dcs`] too; without a key of its own it has the server's.
    #[must_use]
    pub fn world(mut self, world: WorldConfig) -> Self {
        self.world = world;
        self
    }

    /// Starts the server; it is ready when this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`] where an address cannot be bound, a file cannot be written, or the key cannot be read.
    pub async fn start(self) -> Result<MockServer, StartError> {
        MockServer::launch(self).await
    }

    pub(crate) fn rsa_private_key(&self) -> Result<RsaPrivateKey, StartError> {
        RsaPrivateKey::from_pem(&self.key).map_err(StartError::Key)
    }

    /// The DCs, that of [`Builder::dc`] included.
    pub(crate) fn all_dcs(&self) -> Result<BTreeSet<i32>, StartError> {
        let mut dcs = self.dcs.clone();
        dcs.insert(self.dc);
        match dcs.iter().find(|dc| !(1..=255).contains(*dc)) {
            Some(dc) => Err(StartError::Dc(*dc)),
            None => Ok(dcs),
        }
    }
}
