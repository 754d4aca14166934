//! A running server.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use mtproto_core::config::{ServerConfig, Start};
use mtproto_core::crypto::dh::{DhParams, GeneratorTable};
use mtproto_core::crypto::rsa::RsaPublicKey;
use mtproto_core::endpoint::{Endpoint, MemoryKeyStore};
use mtproto_core::handshake;
use mtproto_core::random::{ChaChaRandom, SecureRandom as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use world::fixtures::{AccountInfo, BotInfo};
use world::{DcAddress, World, WorldConfig};

use crate::builder::Builder;
use crate::clock::Clock;
use crate::error::StartError;
use crate::hub::{Hub, Secrets};
use crate::net::{self, HUB_QUEUE, Input};
use crate::password::Srp;
use crate::record::files::Recording;
use crate::rpc::Rpc;

/// The generator that goes with the well-known prime, for key exchanges and passwords alike.
const GENERATOR: i32 = 3;

/// The numbers of the DCs; all of them are this one server.
const DCS: std::ops::RangeInclusive<i32> = 1..=5;

/// A mock Telegram server on its own port. Dropping it ends it at once; [`MockServer::stop`] ends it in order.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    dc: i32,
    public_key: RsaPublicKey,
    accounts: Vec<AccountInfo>,
    bots: Vec<BotInfo>,
    inputs: mpsc::Sender<Input>,
    acceptor: JoinHandle<()>,
    hub: JoinHandle<()>,
}

impl MockServer {
    /// Describes a server before it starts.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a server with the default world on a free loopback port.
    ///
    /// # Errors
    ///
    /// [`StartError`], as for [`Builder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Builder::default().start().await
    }

    pub(crate) async fn launch(builder: Builder) -> Result<Self, StartError> {
        let private_key = builder.rsa_private_key()?;
        let public_key = private_key.public().clone();
        let mut random = match builder.seed {
            Some(seed) => ChaChaRandom::from_number(seed),
            None => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(StartError::Random)?;
                ChaChaRandom::from_seed(seed)
            }
        };
        let mut first = [0; 10];
        random.fill(&mut first);
        let [a, b, world_seed @ ..] = first;
        let asked = builder.socket_address();
        let listener = net::bind(asked, u16::from_le_bytes([a, b]))
            .await
            .and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = listener.map_err(|source| StartError::Bind {
            address: asked.to_string(),
            source,
        })?;

        let group = DhParams::known(GENERATOR).map_err(StartError::Group)?;
        let handshake = handshake::ServerConfig::new(
            vec![private_key],
            Arc::new(GeneratorTable::new(group.clone())),
        );
        let world = World::new(
            WorldConfig {
                seed: builder
                    .seed
                    .unwrap_or_else(|| u64::from_le_bytes(world_seed)),
                dcs: DCS.map(|id| dc_address(id, address)).collect(),
                ..WorldConfig::default()
            },
            Box::new(Srp::new(group)),
        );
        let (accounts, bots) = (world.accounts(), world.bots());
        let clock = Clock::start();
        let secrets = Arc::new(Secrets::default());
        let mut config = ServerConfig::new(handshake);
        config.key_log = Some(secrets.clone());
        let endpoint = Endpoint::new(
            Arc::new(config),
            Box::new(MemoryKeyStore::new()),
            Start {
                now: clock.now(),
                unix: clock.unix_at_start(),
                random: Box::new(random),
            },
        );
        let (inputs, received) = mpsc::channel(HUB_QUEUE);
        let hub = Hub::new(
            clock,
            endpoint,
            Rpc::new(world, builder.dc),
            recording(&builder)?,
            secrets,
            address,
        );
        Ok(Self {
            address,
            dc: builder.dc,
            public_key,
            accounts,
            bots,
            acceptor: tokio::spawn(net::accept(listener, inputs.clone(), builder.backlog_limit)),
            hub: tokio::spawn(hub.run(received)),
            inputs,
        })
    }

    /// Where it listens: every DC, every transport.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The DC that clients should begin with.
    #[must_use]
    pub fn dc(&self) -> i32 {
        self.dc
    }

    /// The key that clients must trust.
    #[must_use]
    pub fn rsa_public_key(&self) -> &RsaPublicKey {
        &self.public_key
    }

    /// The seeded people, with what is needed to log in as them.
    #[must_use]
    pub fn accounts(&self) -> &[AccountInfo] {
        &self.accounts
    }

    /// The seeded bots, with their tokens.
    #[must_use]
    pub fn bots(&self) -> &[BotInfo] {
        &self.bots
    }

    /// Closes every connection, completes the recording, and ends.
    pub async fn stop(self) {
        self.acceptor.abort();
        let (done, stopped) = oneshot::channel();
        // Fails only where the hub has ended already.
        if self.inputs.send(Input::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.acceptor.abort();
        self.hub.abort();
    }
}

/// Every DC is this server.
fn dc_address(id: i32, address: SocketAddr) -> DcAddress {
    DcAddress {
        id,
        ip: address.ip().to_string(),
        port: address.port(),
        media_only: false,
    }
}

fn recording(builder: &Builder) -> Result<Recording, StartError> {
    let mut recording = Recording::default();
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::Output { path, source }
    };
    if let Some(path) = &builder.capture {
        recording.capture_to(path).map_err(failed(path))?;
    }
    if let Some(path) = &builder.keylog {
        recording.log_keys_to(path).map_err(failed(path))?;
    }
    Ok(recording)
}
