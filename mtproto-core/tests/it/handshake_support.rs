//! A client and a server that exchange keys in memory.

use std::sync::{Arc, LazyLock};

use mtproto_core::crypto::dh::{DhParams, GeneratorTable, PrimeCache};
use mtproto_core::crypto::rsa::{RsaPrivateKey, RsaPublicKey};
use mtproto_core::handshake::{
    ClientConfig, ClientHandshake, ClientStep, HandshakeError, NewAuthKey, NewServerKey, Refusal,
    Reply, RunLimits, ServerConfig, ServerHandshakes, ServerStep,
};
use mtproto_core::ids::{AuthKeyId, DcId};
use mtproto_core::time::{Instant, UnixTime};

use crate::support::Seeded;

pub(crate) const PRIVATE: &str = include_str!("../../../mock-server/keys/test_rsa_private.pem");

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

static TABLE: LazyLock<Arc<GeneratorTable>> =
    LazyLock::new(|| Arc::new(GeneratorTable::new(DhParams::known(3).unwrap())));

pub(crate) fn private_key() -> RsaPrivateKey {
    RsaPrivateKey::from_pem(PRIVATE).unwrap()
}

pub(crate) fn public_key() -> RsaPublicKey {
    private_key().public().clone()
}

pub(crate) fn client_config() -> ClientConfig {
    ClientConfig::new(vec![public_key()], DcId(2))
}

pub(crate) fn server_config() -> ServerConfig {
    ServerConfig::new(vec![private_key()], TABLE.clone())
}

/// A server with its clock and randomness.
pub(crate) struct Server {
    pub(crate) runs: ServerHandshakes,
    pub(crate) random: Seeded,
    pub(crate) now: Instant,
    pub(crate) taken: fn(AuthKeyId) -> bool,
}

impl Server {
    pub(crate) fn new(config: ServerConfig) -> Self {
        Self {
            runs: ServerHandshakes::new(config, RunLimits::default()),
            random: Seeded(99),
            now: Instant::ZERO,
            taken: |_| false,
        }
    }

    pub(crate) fn handle(&mut self, body: &[u8]) -> Result<ServerStep, Refusal> {
        self.runs
            .handle(self.now, NOW, body, &self.taken, &mut self.random)
    }

    pub(crate) fn reply(&mut self, body: &[u8]) -> Reply {
        self.handle(body).unwrap().reply
    }
}

/// A client with its randomness.
pub(crate) struct Client {
    pub(crate) run: ClientHandshake,
    pub(crate) random: Seeded,
    pub(crate) primes: PrimeCache,
    pub(crate) first: Vec<u8>,
}

impl Client {
    pub(crate) fn new(config: ClientConfig) -> Self {
        Self::seeded(config, 7)
    }

    pub(crate) fn seeded(config: ClientConfig, seed: u64) -> Self {
        let mut random = Seeded(seed);
        let (run, first) = ClientHandshake::new(config, &mut random);
        let primes = PrimeCache::new();
        Self {
            run,
            random,
            primes,
            first,
        }
    }

    pub(crate) fn handle(&mut self, body: &[u8]) -> Result<ClientStep, HandshakeError> {
        self.run
            .handle(NOW, body, &mut self.primes, &mut self.random)
    }

    /// The query that follows `body`.
    pub(crate) fn query(&mut self, body: &[u8]) -> Vec<u8> {
        match self.handle(body) {
            Ok(ClientStep::Send(query)) => query,
            other => panic!("no query but {other:?}"),
        }
    }
}

/// Everything that a whole run says and makes.
pub(crate) struct Outcome {
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) client: NewAuthKey,
    pub(crate) server: NewServerKey,
}

/// Runs a key exchange to its end, with each reply changed by `fault` on its way.
pub(crate) fn run_with(
    client: &mut Client,
    server: &mut Server,
    mut fault: impl FnMut(&mut Reply),
) -> Result<Outcome, HandshakeError> {
    let mut query = client.first.clone();
    let mut bodies = Vec::new();
    let mut created = None;
    for _ in 0..20 {
        let mut step = server.handle(&query).unwrap();
        created = step.created.or(created);
        fault(&mut step.reply);
        let body = step.reply.to_bytes();
        bodies.extend([query, body.clone()]);
        match client.handle(&body)? {
            ClientStep::Send(next) => query = next,
            ClientStep::Done(key) => {
                return Ok(Outcome {
                    bodies,
                    client: key,
                    server: created.expect("the server has the key as well"),
                });
            }
        }
    }
    panic!("the key exchange does not end");
}

pub(crate) fn run(client: ClientConfig, server: ServerConfig) -> Outcome {
    run_with(&mut Client::new(client), &mut Server::new(server), |_| {}).unwrap()
}

/// What a client says to a run whose replies are changed by `fault`.
pub(crate) fn fault(fault: impl FnMut(&mut Reply)) -> Result<Outcome, HandshakeError> {
    run_with(
        &mut Client::new(client_config()),
        &mut Server::new(server_config()),
        fault,
    )
}
