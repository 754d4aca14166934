//! The server's side of one run of the key exchange.
//!
//! A server runs many at once; [`super::ServerHandshakes`] finds the right one for each message.
//! Section: <https://core.telegram.org/mtproto/auth_key>.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::{DhAnswer, RefusalReason, Reply, inner_data, to_256_bytes, to_digits, to_u64};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::dh::GeneratorTable;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{self, AesKeyIv};
use crate::crypto::pq;
use crate::crypto::rsa::{self, Padding, RsaPrivateKey};
use crate::ids::{AuthKeyId, DcId, Nonce, ServerSalt};
use crate::random::{self, SecureRandom};
use crate::time::UnixTime;
use crate::tl::key_exchange::{
    ClientDhInnerData, DhGenFail, DhGenOk, DhGenRetry, NewNonce, PqInnerData, ReqDhParams,
    SetClientDhParams,
};
use crate::tl::{Combinator, ReadError, Reader};

/// How often a number is drawn before the source of randomness is held broken.
const DRAWS: usize = 1024;

/// What a server accepts in a key exchange.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The server's RSA keys; all are offered.
    pub keys: Arc<[RsaPrivateKey]>,
    /// The Diffie–Hellman parameters with their precomputed powers.
    pub dh: Arc<GeneratorTable>,
    /// Which data centre a client may mean.
    pub dc: DcPolicy,
    /// Whether the older padding with SHA-1 is accepted: some clients still send it.
    pub allow_legacy_padding: bool,
    /// Whether the older inner data that names no data centre is accepted: some clients still send it.
    pub allow_without_dc: bool,
    /// How many collisions are answered with `dh_gen_retry` before the run ends with `dh_gen_fail`.
    pub max_retries: u8,
}

impl ServerConfig {
    /// A server that takes every form in use and clients of any data centre.
    #[must_use]
    pub fn new(keys: impl Into<Arc<[RsaPrivateKey]>>, dh: Arc<GeneratorTable>) -> Self {
        Self {
            keys: keys.into(),
            dh,
            dc: DcPolicy::Any,
            allow_legacy_padding: true,
            allow_without_dc: true,
            max_retries: 5,
        }
    }
}

/// Which data centre a client may name in its inner data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DcPolicy {
    /// Any.
    Any,
    /// Any of the production servers (under 10000), or of the test servers (from 10000 on).
    Class {
        /// Whether this is a test server.
        test: bool,
    },
    /// This one alone, as itself or as its media servers (the same number, negative); test servers are 10000 higher.
    Only(DcId),
}

impl DcPolicy {
    /// Whether a client that names `dc` is in the right place.
    #[must_use]
    pub const fn allows(self, dc: DcId) -> bool {
        let number = dc.0.unsigned_abs();
        match self {
            Self::Any => true,
            Self::Class { test } => (number >= 10_000) == test,
            Self::Only(own) => number == own.0.unsigned_abs(),
        }
    }
}

/// Answers whether an authorization key with this identifier exists already.
pub type IsTaken<'a> = &'a dyn Fn(AuthKeyId) -> bool;

/// A key that a client has made with this server.
#[derive(Clone, Debug)]
pub struct NewServerKey {
    /// The key.
    pub auth_key: AuthKey,
    /// The salt that the client uses first.
    pub server_salt: ServerSalt,
    /// Seconds that the key may live at most, for a temporary key; never under 1.
    pub expires_in: Option<i32>,
    /// The data centre that the client named.
    pub dc: Option<DcId>,
    /// The padding that the client used.
    pub padding: Padding,
    /// The client's secret number, for a key log.
    pub new_nonce: NewNonce,
}

/// What the server does next.
#[derive(Clone, Debug)]
pub struct ServerStep {
    /// The answer to serialise and send.
    pub reply: Reply,
    /// The key that this answer tells the client is made; absent when an answer is repeated.
    pub created: Option<NewServerKey>,
}

/// One run, from `resPQ` to `dh_gen_ok`.
///
/// The same query, byte for byte, gets the same answer at any time; after an error the run must be dropped.
pub struct ServerHandshake {
    nonce: Nonce,
    server_nonce: Nonce,
    p: u64,
    q: u64,
    fingerprints: Vec<i64>,
    exchange: Option<Exchange>,
}

/// What is known after `req_DH_params`.
struct Exchange {
    query: Query,
    new_nonce: NewNonce,
    keys: AesKeyIv,
    a: Zeroizing<[u8; 256]>,
    answer: DhAnswer,
    expires_in: Option<i32>,
    dc: Option<DcId>,
    padding: Padding,
    retry_id: i64,
    retries: u8,
    /// The last `set_client_DH_params` and its answer.
    outcome: Option<(Query, Reply)>,
}

/// A query to be recognised when it comes again.
#[derive(PartialEq, Eq)]
struct Query([u8; 32]);

impl Query {
    /// The object without what may follow it: padding differs when the query does not.
    fn new(body: &[u8], reader: &Reader<'_>) -> Self {
        let object = body.get(..reader.offset()).unwrap_or(body);
        Self(sha256(&[object]))
    }
}

impl ServerHandshake {
    /// Starts a run for the client's `nonce`; the answer is [`ServerHandshake::res_pq`].
    ///
    /// # Errors
    /// [`RefusalReason::Randomness`].
    pub fn new(
        config: &ServerConfig,
        nonce: Nonce,
        random: &mut dyn SecureRandom,
    ) -> Result<Self, RefusalReason> {
        let server_nonce = Nonce(random::bytes(random));
        let first = draw_prime(random).ok_or(RefusalReason::Randomness)?;
        let second = (0..DRAWS)
            .find_map(|_| draw_prime(random).filter(|prime| *prime != first))
            .ok_or(RefusalReason::Randomness)?;
        Ok(Self {
            nonce,
            server_nonce,
            p: first.min(second),
            q: first.max(second),
            fingerprints: config
                .keys
                .iter()
                .map(|key| key.public().fingerprint())
                .collect(),
            exchange: None,
        })
    }

    /// The client's number.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The server's number.
    #[must_use]
    pub const fn server_nonce(&self) -> Nonce {
        self.server_nonce
    }

    /// The answer to `req_pq` and `req_pq_multi`, the same at any time.
    #[must_use]
    pub fn res_pq(&self) -> Reply {
        Reply::ResPq {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            // Both primes are below 2^31.
            pq: to_digits(self.p.saturating_mul(self.q)),
            fingerprints: self.fingerprints.clone(),
        }
    }

    /// Answers `req_DH_params` for this run.
    ///
    /// # Errors
    /// Why the query is refused; the run is over then.
    pub fn handle_req_dh_params(
        &mut self,
        config: &ServerConfig,
        now: UnixTime,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<ServerStep, RefusalReason> {
        let mut reader = Reader::new(body);
        let request = ReqDhParams::read(&mut reader).map_err(RefusalReason::Malformed)?;
        let query = Query::new(body, &reader);
        if (request.nonce, request.server_nonce) != (self.nonce, self.server_nonce) {
            return Err(RefusalReason::UnknownRun);
        }
        if let Some(exchange) = &self.exchange {
            return if exchange.query == query {
                Ok(self.dh_params(exchange.answer.clone()))
            } else {
                Err(RefusalReason::WrongStep)
            };
        }
        if (to_u64(request.p), to_u64(request.q)) != (Some(self.p), Some(self.q)) {
            return Err(RefusalReason::WrongFactors);
        }
        let key = config
            .keys
            .iter()
            .find(|key| key.public().fingerprint() == request.public_key_fingerprint)
            .ok_or(RefusalReason::UnknownFingerprint)?;
        // From here to the end of the checks one reason for all, see [`RefusalReason::InnerData`].
        let encrypted = request
            .encrypted_data
            .try_into()
            .map_err(|_| RefusalReason::InnerData)?;
        let decrypted =
            rsa::decrypt_either(key, encrypted).map_err(|_| RefusalReason::InnerData)?;
        let inner = PqInnerData::read(&mut Reader::new(&decrypted.data))
            .map_err(|_| RefusalReason::InnerData)?;
        self.check_inner(&inner)?;
        if (decrypted.form == Padding::Legacy && !config.allow_legacy_padding)
            || (inner.dc.is_none() && !config.allow_without_dc)
        {
            return Err(RefusalReason::FormNotAllowed);
        }
        if inner.dc.is_some_and(|dc| !config.dc.allows(dc)) {
            return Err(RefusalReason::WrongDc);
        }
        let (a, g_a) = draw_secret(&config.dh, random).ok_or(RefusalReason::Randomness)?;
        let keys = kdf::tmp_keys(&inner.new_nonce.0, &self.server_nonce);
        let answer = DhAnswer {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            g: config.dh.params().g(),
            dh_prime: config.dh.params().prime().to_vec(),
            g_a: g_a.to_vec(),
            server_time: now.as_tl_int(),
            hash: None,
            random: random::bytes(random),
            padding: None,
            keys: keys.clone(),
        };
        self.exchange = Some(Exchange {
            query,
            new_nonce: inner.new_nonce.clone(),
            keys,
            a,
            answer: answer.clone(),
            expires_in: inner.expires_in,
            dc: inner.dc,
            padding: decrypted.form,
            retry_id: 0,
            retries: 0,
            outcome: None,
        });
        Ok(self.dh_params(answer))
    }

    fn dh_params(&self, answer: DhAnswer) -> ServerStep {
        let reply = Reply::DhParamsOk {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            answer,
        };
        ServerStep {
            reply,
            created: None,
        }
    }

    fn check_inner(&self, inner: &PqInnerData<'_>) -> Result<(), RefusalReason> {
        let fits = inner.nonce == self.nonce
            && inner.server_nonce == self.server_nonce
            && to_u64(inner.pq) == self.p.checked_mul(self.q)
            && to_u64(inner.p) == Some(self.p)
            && to_u64(inner.q) == Some(self.q)
            && inner.expires_in.is_none_or(|seconds| seconds > 0);
        fits.then_some(()).ok_or(RefusalReason::InnerData)
    }

    /// Answers `set_client_DH_params` for this run.
    ///
    /// A key whose identifier `is_taken` is answered with `dh_gen_retry`, up to the number of the configuration.
    ///
    /// # Errors
    /// Why the query is refused; the run is over then.
    pub fn handle_set_client_dh_params(
        &mut self,
        config: &ServerConfig,
        body: &[u8],
        is_taken: IsTaken<'_>,
    ) -> Result<ServerStep, RefusalReason> {
        let mut reader = Reader::new(body);
        let request = SetClientDhParams::read(&mut reader).map_err(RefusalReason::Malformed)?;
        let query = Query::new(body, &reader);
        let (nonce, server_nonce) = (self.nonce, self.server_nonce);
        if (request.nonce, request.server_nonce) != (nonce, server_nonce) {
            return Err(RefusalReason::UnknownRun);
        }
        let exchange = self.exchange.as_mut().ok_or(RefusalReason::WrongStep)?;
        match &exchange.outcome {
            Some((answered, reply)) if *answered == query => {
                return Ok(ServerStep {
                    reply: reply.clone(),
                    created: None,
                });
            }
            Some((_, Reply::DhGenOk(_) | Reply::DhGenFail(_))) => {
                return Err(RefusalReason::WrongStep);
            }
            _ => {}
        }
        let decrypted = inner_data::decrypt(&exchange.keys, request.encrypted_data)
            .map_err(|_| RefusalReason::ClientInnerData)?;
        let inner = decrypted
            .read(ClientDhInnerData::read)
            .map_err(|_| RefusalReason::ClientInnerData)?;
        if (inner.nonce, inner.server_nonce, inner.retry_id)
            != (nonce, server_nonce, exchange.retry_id)
        {
            return Err(RefusalReason::ClientInnerData);
        }
        let params = config.dh.params();
        let g_b = to_256_bytes(inner.g_b).ok_or(RefusalReason::ClientPublic)?;
        params
            .check_public(&g_b)
            .map_err(|_| RefusalReason::ClientPublic)?;
        let auth_key = AuthKey::new(params.pow(&g_b, &exchange.a));
        let aux_hash = auth_key.aux_hash();
        let hash = |number| {
            Nonce(kdf::new_nonce_hash(
                &exchange.new_nonce.0,
                number,
                &aux_hash,
            ))
        };
        let id = auth_key.id();
        let mut created = None;
        let reply = if id != AuthKeyId::UNENCRYPTED && !is_taken(id) {
            created = Some(NewServerKey {
                auth_key,
                server_salt: kdf::first_salt(&exchange.new_nonce.0, &server_nonce),
                expires_in: exchange.expires_in,
                dc: exchange.dc,
                padding: exchange.padding,
                new_nonce: exchange.new_nonce.clone(),
            });
            Reply::DhGenOk(DhGenOk {
                nonce,
                server_nonce,
                new_nonce_hash1: hash(1),
            })
        } else if exchange.retries < config.max_retries {
            exchange.retries = exchange.retries.saturating_add(1);
            exchange.retry_id = i64::from_le_bytes(aux_hash);
            Reply::DhGenRetry(DhGenRetry {
                nonce,
                server_nonce,
                new_nonce_hash2: hash(2),
            })
        } else {
            Reply::DhGenFail(DhGenFail {
                nonce,
                server_nonce,
                new_nonce_hash3: hash(3),
            })
        };
        exchange.outcome = Some((query, reply.clone()));
        Ok(ServerStep { reply, created })
    }
}

/// A prime between 2³⁰ and 2³¹, so that the product of two is below 2⁶² and above 2⁶⁰.
fn draw_prime(random: &mut dyn SecureRandom) -> Option<u64> {
    (0..DRAWS).find_map(|_| {
        let candidate = u64::from(u32::from_le_bytes(random::bytes(random)) >> 2 | 1 << 30 | 1);
        // A number is prime exactly if its double is the product of two primes.
        pq::factorize(candidate.saturating_mul(2)).map(|_| candidate)
    })
}

/// A secret exponent whose public number is within the recommended range.
fn draw_secret(
    dh: &GeneratorTable,
    random: &mut dyn SecureRandom,
) -> Option<(Zeroizing<[u8; 256]>, [u8; 256])> {
    (0..DRAWS).find_map(|_| {
        let secret = Zeroizing::new(random::bytes(random));
        let public = dh.g_pow(&secret);
        dh.params()
            .check_public(&public)
            .ok()
            .map(|()| (secret, public))
    })
}

impl From<ReadError> for RefusalReason {
    fn from(error: ReadError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Debug for ServerHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandshake")
            .field("nonce", &self.nonce)
            .field("server_nonce", &self.server_nonce)
            .finish_non_exhaustive()
    }
}
