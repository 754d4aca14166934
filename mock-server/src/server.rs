//! A running server.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};

use mtproto_core::config::{ServerConfig, Start};
use mtproto_core::crypto::dh::{DhError, DhParams, GeneratorTable};
use mtproto_core::crypto::rsa::{RsaPrivateKey, RsaPublicKey};
use mtproto_core::endpoint::{AuthKeyRecord, AuthKeyStore as _, Endpoint, MemoryKeyStore};
use mtproto_core::handshake;
use mtproto_core::ids::DcId;
use mtproto_core::key_log::{KeyLog as _, Secret};
use mtproto_core::random::{ChaChaRandom, SecureRandom as _};
use mtproto_core::transport::carrier::CarrierConfig;
use mtproto_core::transport::{ProxySecret, SecretForm};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use world::fixtures::{AccountInfo, BotInfo};
use world::{DcAddress, World, WorldConfig};

use crate::builder::{Builder, TEST_KEY};
use crate::clock::Clock;
use crate::error::StartError;
use crate::hub::{Connections, Hub, Secrets};
use crate::net::{self, HUB_QUEUE, Input, Listener};
use crate::notice::Notice;
use crate::password::Srp;
use crate::ready::{self, ReadySession};
use crate::record::files::Recording;
use crate::rpc::{Dcs, Rpc};

/// The generator that goes with the well-known prime, for key exchanges and passwords alike.
const GENERATOR: i32 = 3;

/// Answers outside of sessions that wait for one connection: more than one read from its socket can ask for.
const CONTROL_MESSAGES: usize = 4096;

/// Notices kept for somebody who is slow to take them.
const NOTICE_QUEUE: usize = 1024;

/// The group and its precomputed powers, which all servers of a process share.
static GROUP: LazyLock<Result<(DhParams, Arc<GeneratorTable>), DhError>> = LazyLock::new(|| {
    let group = DhParams::known(GENERATOR)?;
    let table = Arc::new(GeneratorTable::new(group.clone()));
    Ok((group, table))
});

/// A mock Telegram server on its own port. Dropping it ends it at once; [`MockServer::stop`] ends it in order.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    by_dc: BTreeMap<i32, SocketAddr>,
    door: Option<SocketAddr>,
    dc: i32,
    seed: u64,
    public_key: RsaPublicKey,
    accounts: Vec<AccountInfo>,
    bots: Vec<BotInfo>,
    ready: Vec<ReadySession>,
    notices: broadcast::Sender<Notice>,
    inputs: mpsc::Sender<Input>,
    acceptors: Vec<JoinHandle<()>>,
    hub: JoinHandle<()>,
}

/// What was bound: the listeners, and where each DC is reached.
struct Bound {
    listeners: Vec<Listener>,
    by_dc: BTreeMap<i32, SocketAddr>,
    door: Option<SocketAddr>,
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

    /// The ready sessions of a server with this seed and this first DC, without running it.
    ///
    /// # Errors
    ///
    /// [`StartError::Group`].
    pub fn ready_sessions_of(seed: u64, dc: i32) -> Result<Vec<ReadySession>, StartError> {
        let (group, _) = GROUP.as_ref().map_err(|error| StartError::Group(*error))?;
        let config = WorldConfig {
            seed,
            ..WorldConfig::default()
        };
        let world = World::new(config, Box::new(Srp::new(group.clone())));
        Ok(ready::sessions(seed, dc, &world.accounts(), &world.bots()))
    }

    pub(crate) async fn launch(builder: Builder) -> Result<Self, StartError> {
        let private_key = builder.rsa_private_key()?;
        let public_key = private_key.public().clone();
        let all_dcs = builder.all_dcs()?;
        let mut random = match builder.seed {
            Some(seed) => ChaChaRandom::from_number(seed),
            None => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(StartError::Random)?;
                ChaChaRandom::from_seed(seed)
            }
        };
        let mut first = [0; 6];
        random.fill(&mut first);
        let [a, b, world_seed @ ..] = first;
        // Short enough to be typed, and for the numbers of JavaScript.
        let seed = builder
            .seed
            .unwrap_or_else(|| u32::from_le_bytes(world_seed).into());
        let bound = bind(&builder, &all_dcs, u16::from_le_bytes([a, b])).await?;

        let (group, table) = GROUP.as_ref().map_err(|error| StartError::Group(*error))?;
        let handshake = handshake::ServerConfig::new(vec![private_key], Arc::clone(table));
        let mut config = WorldConfig {
            seed,
            dcs: addresses(&bound.by_dc, builder.media_dcs),
            test_mode: builder.test_mode,
            ..builder.world.clone()
        };
        for cdn in config
            .cdns
            .iter_mut()
            .filter(|cdn| cdn.public_key.is_empty())
        {
            cdn.public_key = public_key.to_pem();
        }
        let world = World::new(config, Box::new(Srp::new(group.clone())));
        let (accounts, bots) = (world.accounts(), world.bots());
        let ready = ready::sessions(seed, builder.dc, &accounts, &bots);
        let clock = Clock::start();
        let secrets = Arc::new(Secrets::default());
        let proxy_secrets: Arc<[ProxySecret]> = builder.secrets.clone().into();
        let mut config = ServerConfig::new(handshake);
        config.key_log = Some(secrets.clone());
        config.transport.secrets = Arc::clone(&proxy_secrets);
        config.control_messages = CONTROL_MESSAGES;
        config.connections = builder.limits.connections;
        config.idle_timeout = Some(builder.limits.idle_timeout);
        config.idle_keys = builder.limits.idle_keys;
        config.session_lifetime = builder.limits.session_lifetime;
        let mut keys = MemoryKeyStore::new();
        for session in &ready {
            let created = clock.unix_at_start();
            keys.insert(AuthKeyRecord::permanent(session.key.clone(), created));
            secrets.log(&Secret::AuthKey {
                dc: DcId(session.dc),
                key: &session.key,
                temporary: false,
            });
        }
        let carrier_random = ChaChaRandom::from_seed(mtproto_core::random::bytes(&mut random));
        let endpoint = Endpoint::new(
            Arc::new(config),
            Box::new(keys),
            Start {
                now: clock.now(),
                unix: clock.unix_at_start(),
                random: Box::new(random),
            },
        );
        let mut recording = recording(&builder)?;
        for secret in proxy_secrets.iter() {
            recording.key(&format!("MTPROTO_PROXY_SECRET - {}", secret_text(secret)));
        }
        let mut carriers = CarrierConfig::default();
        carriers.secrets = proxy_secrets;
        let dcs = Dcs {
            all: all_dcs,
            default: builder.dc,
        };
        let logins = ready.iter().map(|ready| (ready.key.id(), ready.user_id));
        let (notices, _) = broadcast::channel(NOTICE_QUEUE);
        let (inputs, received) = mpsc::channel(HUB_QUEUE);
        let hub = Hub {
            clock,
            endpoint,
            rpc: Rpc::new(world, dcs, logins.collect()),
            recording,
            secrets,
            carriers,
            random: carrier_random,
            notices: notices.clone(),
            listeners: bound
                .listeners
                .iter()
                .map(|listener| (listener.address, listener.dc))
                .collect(),
            state: Connections::default(),
            limits: builder.limits.clone(),
        };
        let numbers = Arc::new(AtomicU64::new(0));
        let patience = builder.limits.write_timeout;
        let accept = |listener| {
            let accept = net::accept(listener, Arc::clone(&numbers), inputs.clone(), patience);
            tokio::spawn(accept)
        };
        let acceptors = bound.listeners.into_iter().map(accept).collect();
        let first = bound.by_dc.get(&builder.dc).copied();
        Ok(Self {
            address: first.ok_or(StartError::Dc(builder.dc))?,
            by_dc: bound.by_dc,
            door: bound.door,
            dc: builder.dc,
            seed,
            public_key,
            accounts,
            bots,
            ready,
            notices,
            acceptors,
            hub: tokio::spawn(hub.run(received)),
            inputs,
        })
    }

    /// Where the DC of [`MockServer::dc`] listens: every transport, SOCKS5 and HTTP CONNECT.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The DCs and where each of them listens.
    #[must_use]
    pub fn dcs(&self) -> &BTreeMap<i32, SocketAddr> {
        &self.by_dc
    }

    /// The extra port of [`Builder::door`].
    #[must_use]
    pub fn door(&self) -> Option<SocketAddr> {
        self.door
    }

    /// The DC that clients should begin with.
    #[must_use]
    pub fn dc(&self) -> i32 {
        self.dc
    }

    /// The seed of the world and of the ready sessions, given or drawn.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
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

    /// A login for each seeded person and bot that needs no login.
    #[must_use]
    pub fn ready_sessions(&self) -> &[ReadySession] {
        &self.ready
    }

    /// What the server has to say of its connections from now on: whom it sheds, and why.
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Closes every connection, completes the recording, and ends.
    pub async fn stop(self) {
        for acceptor in &self.acceptors {
            acceptor.abort();
        }
        let (done, stopped) = oneshot::channel();
        // Fails only where the hub has ended already.
        if self.inputs.send(Input::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        for acceptor in &self.acceptors {
            acceptor.abort();
        }
        self.hub.abort();
    }
}

async fn bind(builder: &Builder, dcs: &BTreeSet<i32>, first_try: u16) -> Result<Bound, StartError> {
    let listen = async |address: SocketAddr, dc| {
        let bound = net::bind(address, first_try, dc).await;
        bound.map_err(|source| StartError::Bind {
            address: address.to_string(),
            source,
        })
    };
    let mut listeners = Vec::new();
    let mut by_dc = BTreeMap::new();
    if builder.port_per_dc {
        for (number, dc) in (0_u16..).zip(dcs) {
            let port = match builder.port {
                0 => 0,
                port => port.checked_add(number).ok_or_else(|| StartError::Bind {
                    address: format!("{}:{port} and {number} ports above it", builder.bind),
                    source: io::ErrorKind::InvalidInput.into(),
                })?,
            };
            let listener = listen(SocketAddr::new(builder.bind, port), Some(*dc)).await?;
            by_dc.insert(*dc, listener.address);
            listeners.push(listener);
        }
    } else {
        let listener = listen(SocketAddr::new(builder.bind, builder.port), None).await?;
        by_dc.extend(dcs.iter().map(|dc| (*dc, listener.address)));
        listeners.push(listener);
    }
    let mut door = None;
    if let Some(address) = builder.door {
        let listener = listen(address, None).await?;
        door = Some(listener.address);
        listeners.push(listener);
    }
    Ok(Bound {
        listeners,
        by_dc,
        door,
    })
}

/// What `help.getConfig` advertises.
fn addresses(by_dc: &BTreeMap<i32, SocketAddr>, media_dcs: bool) -> Vec<DcAddress> {
    let kinds: &[bool] = if media_dcs { &[false, true] } else { &[false] };
    by_dc
        .iter()
        .flat_map(|(id, address)| {
            kinds.iter().map(|media_only| DcAddress {
                id: *id,
                ip: address.ip().to_string(),
                port: address.port(),
                media_only: *media_only,
            })
        })
        .collect()
}

/// The public half of the published test key, which a server has unless it is given another.
#[must_use]
pub fn published_key() -> RsaPublicKey {
    PUBLISHED.clone()
}

static PUBLISHED: LazyLock<RsaPublicKey> = LazyLock::new(|| {
    let key = RsaPrivateKey::from_pem(TEST_KEY);
    key.expect("the committed key is well-formed")
        .public()
        .clone()
});

/// A secret as links to proxies spell it, in hexadecimal.
#[must_use]
pub fn secret_text(secret: &ProxySecret) -> String {
    let (first, domain) = match secret.form() {
        SecretForm::Padded => (Some(0xdd), ""),
        SecretForm::FakeTls { domain } => (Some(0xee), domain.as_str()),
        _ => (None, ""),
    };
    let bytes = first.into_iter().chain(*secret.key()).chain(domain.bytes());
    bytes.map(|byte: u8| format!("{byte:02x}")).collect()
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
