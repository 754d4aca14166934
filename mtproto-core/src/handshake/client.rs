//! The client's side of a key exchange, with every check of the security guidelines.
//!
//! Sections: <https://core.telegram.org/mtproto/auth_key>,
//! <https://core.telegram.org/mtproto/security_guidelines#diffie-hellman-key-exchange>.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{fmt, mem};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::inner_data::{self, InnerError};
use super::{HandshakeError, to_256_bytes, to_digits, to_u64};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::dh::{self, DhParams, PrimeCache};
use crate::crypto::kdf::{self, AesKeyIv};
use crate::crypto::pq;
use crate::crypto::rsa::{self, Padding, RsaPublicKey};
use crate::ids::{DcId, Nonce, ServerSalt};
use crate::random::{self, SecureRandom};
use crate::time::UnixTime;
use crate::tl::key_exchange::{
    ClientDhInnerData, DhGenFail, DhGenOk, DhGenRetry, NewNonce, PqInnerData, ReqDhParams, ReqPq,
    ReqPqMulti, ResPq, ServerDhInnerData, ServerDhParamsFail, ServerDhParamsOk, SetClientDhParams,
};
use crate::tl::{Combinator, Reader, Writer};

/// No server told a time before the protocol existed (2013-08-01); such a time is not believed.
const EARLIEST_SERVER_TIME: i32 = 1_375_315_200;

/// How often a secret is drawn while its public number is out of range; one draw fails with probability 2⁻⁶³.
const DRAWS: usize = 8;

/// How a client exchanges keys.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The server's RSA keys that the client trusts; the first one offered by the server and known here is used.
    pub server_keys: Arc<[RsaPublicKey]>,
    /// The data centre told to the server, or `None` for the older forms without it.
    pub dc: Option<DcId>,
    /// Seconds that a temporary key shall live; `None` for a permanent key.
    pub expires_in: Option<i32>,
    /// The padding under RSA; anything but [`Padding::RsaPad`] is for talking to old servers.
    pub padding: Padding,
    /// Whether to begin with the older `req_pq`.
    pub old_req_pq: bool,
    /// How many `dh_gen_retry` are followed before the run is given up.
    pub max_retries: u8,
}

impl ClientConfig {
    /// A permanent key for the data centre `dc`, in today's forms.
    #[must_use]
    pub fn new(server_keys: impl Into<Arc<[RsaPublicKey]>>, dc: DcId) -> Self {
        Self {
            server_keys: server_keys.into(),
            dc: Some(dc),
            expires_in: None,
            padding: Padding::RsaPad,
            old_req_pq: false,
            max_retries: 5,
        }
    }

    /// The same for a temporary key that lives `expires_in` seconds.
    #[must_use]
    pub fn temporary(mut self, expires_in: i32) -> Self {
        self.expires_in = Some(expires_in);
        self
    }
}

/// What the client does next.
#[derive(Debug)]
pub enum ClientStep {
    /// Send this body as an unencrypted message.
    Send(Vec<u8>),
    /// The key is made.
    Done(NewAuthKey),
}

/// An authorization key that both sides have proven to share.
#[derive(Clone, Debug)]
pub struct NewAuthKey {
    /// The key.
    pub auth_key: AuthKey,
    /// The salt of its first messages.
    pub server_salt: ServerSalt,
    /// Seconds to add to the local clock to get the server's; 0 if the server told no believable time.
    pub clock_offset: i64,
    /// Seconds that the key lives from its creation, for a temporary key.
    pub expires_in: Option<i32>,
    /// The secret number of the run, for a key log.
    pub new_nonce: NewNonce,
}

/// One run of the key exchange.
///
/// Bodies of the server's messages go into [`ClientHandshake::handle`] in the order of their arrival.
/// After an error the run is over.
pub struct ClientHandshake {
    config: ClientConfig,
    nonce: Nonce,
    state: State,
    last_request: Vec<u8>,
}

enum State {
    AwaitingResPq,
    AwaitingDhParams(PqAnswered),
    AwaitingDhGen(Box<KeyComputed>),
    Finished,
}

struct PqAnswered {
    server_nonce: Nonce,
    new_nonce: NewNonce,
}

struct KeyComputed {
    nonces: PqAnswered,
    keys: AesKeyIv,
    params: DhParams,
    g_a: [u8; 256],
    auth_key: AuthKey,
    clock_offset: i64,
    retries: u8,
}

impl ClientHandshake {
    /// Starts a run; the body of its first message comes with it.
    #[must_use]
    pub fn new(config: ClientConfig, random: &mut dyn SecureRandom) -> (Self, Vec<u8>) {
        let nonce = Nonce(random::bytes(random));
        let request = if config.old_req_pq {
            ReqPq { nonce }.to_bytes()
        } else {
            ReqPqMulti { nonce }.to_bytes()
        };
        let run = Self {
            config,
            nonce,
            state: State::AwaitingResPq,
            last_request: request.clone(),
        };
        (run, request)
    }

    /// The client's number, by which the run's messages can be told from those of another.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The body sent last, to be sent again if its answer is lost; the server answers the same query the same way.
    #[must_use]
    pub fn last_request(&self) -> &[u8] {
        &self.last_request
    }

    /// Whether the run has ended.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    /// Takes the body of the server's next message.
    ///
    /// `now` is the local wall clock, from which the server's is learned; `primes` spares the test of a prime that
    /// was seen before.
    ///
    /// # Errors
    /// The rule that the server broke; the run is over then.
    pub fn handle(
        &mut self,
        now: UnixTime,
        body: &[u8],
        primes: &mut PrimeCache,
        random: &mut dyn SecureRandom,
    ) -> Result<ClientStep, HandshakeError> {
        // Whatever is not put back below is an ended run.
        match mem::replace(&mut self.state, State::Finished) {
            State::AwaitingResPq => self.handle_res_pq(body, random),
            State::AwaitingDhParams(run) => self.handle_dh_params(run, now, body, primes, random),
            State::AwaitingDhGen(run) => self.handle_dh_gen(run, body, random),
            State::Finished => Err(HandshakeError::Finished),
        }
    }

    fn handle_res_pq(
        &mut self,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<ClientStep, HandshakeError> {
        let answer = ResPq::read(&mut Reader::new(body))?;
        if answer.nonce != self.nonce {
            return Err(HandshakeError::ResPqNonce);
        }
        let known = |fingerprint: i64| {
            let mut keys = self.config.server_keys.iter();
            keys.find(|key| key.fingerprint() == fingerprint)
                .map(|key| (key, fingerprint))
        };
        let (key, fingerprint) = answer
            .server_public_key_fingerprints
            .iter()
            .find_map(known)
            .ok_or(HandshakeError::UnknownFingerprints)?;
        let pq = to_u64(answer.pq).ok_or(HandshakeError::PqTooLarge)?;
        let (p, q) = pq::factorize(pq).ok_or(HandshakeError::PqNotFactored)?;
        let (p, q) = (to_digits(p), to_digits(q));
        let server_nonce = answer.server_nonce;
        let new_nonce = NewNonce(random::bytes(random));
        let inner = PqInnerData {
            pq: answer.pq,
            p: &p,
            q: &q,
            nonce: self.nonce,
            server_nonce,
            new_nonce: new_nonce.clone(),
            dc: self.config.dc,
            expires_in: self.config.expires_in,
        };
        let mut data = Zeroizing::new(Vec::new());
        inner.write(&mut Writer::new(&mut data));
        let encrypted_data = match self.config.padding {
            Padding::RsaPad => rsa::pad_encrypt(key, &data, random)?,
            Padding::Legacy => rsa::legacy_encrypt(key, &data, random)?,
        };
        let request = ReqDhParams {
            nonce: self.nonce,
            server_nonce,
            p: &p,
            q: &q,
            public_key_fingerprint: fingerprint,
            encrypted_data: &encrypted_data,
        };
        self.state = State::AwaitingDhParams(PqAnswered {
            server_nonce,
            new_nonce,
        });
        Ok(self.send(request.to_bytes()))
    }

    fn handle_dh_params(
        &mut self,
        nonces: PqAnswered,
        now: UnixTime,
        body: &[u8],
        primes: &mut PrimeCache,
        random: &mut dyn SecureRandom,
    ) -> Result<ClientStep, HandshakeError> {
        let ours = (self.nonce, nonces.server_nonce);
        let mut reader = Reader::new(body);
        if reader.peek_constructor() == Some(ServerDhParamsFail::ID) {
            let answer = ServerDhParamsFail::read(&mut reader)?;
            return Err(if (answer.nonce, answer.server_nonce) == ours {
                HandshakeError::DhParamsRefused
            } else {
                HandshakeError::DhParamsNonce
            });
        }
        let answer = ServerDhParamsOk::read(&mut reader)?;
        if (answer.nonce, answer.server_nonce) != ours {
            return Err(HandshakeError::DhParamsNonce);
        }
        let keys = kdf::tmp_keys(&nonces.new_nonce.0, &nonces.server_nonce);
        let decrypted = inner_data::decrypt(&keys, answer.encrypted_answer)?;
        let inner = decrypted.read(ServerDhInnerData::read)?;
        if inner.nonce != self.nonce {
            return Err(HandshakeError::AnswerNonce);
        }
        if inner.server_nonce != nonces.server_nonce {
            return Err(HandshakeError::AnswerServerNonce);
        }
        let params = dh::check_params(inner.dh_prime, inner.g, primes, random)?;
        let g_a = to_256_bytes(inner.g_a).ok_or(dh::DhError::PublicRange)?;
        params.check_public(&g_a)?;
        let clock_offset = if inner.server_time >= EARLIEST_SERVER_TIME {
            let local = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            i64::from(inner.server_time).saturating_sub(local)
        } else {
            0
        };
        let (auth_key, request) = self.answer_dh(&nonces, &keys, &params, &g_a, 0, random)?;
        self.state = State::AwaitingDhGen(Box::new(KeyComputed {
            nonces,
            keys,
            params,
            g_a,
            auth_key,
            clock_offset,
            retries: 0,
        }));
        Ok(self.send(request))
    }

    /// Draws a secret and makes the key and the message that answers `server_DH_params_ok` or `dh_gen_retry`.
    fn answer_dh(
        &self,
        nonces: &PqAnswered,
        keys: &AesKeyIv,
        params: &DhParams,
        g_a: &[u8; 256],
        retry_id: i64,
        random: &mut dyn SecureRandom,
    ) -> Result<(AuthKey, Vec<u8>), HandshakeError> {
        let (b, g_b) = draw_secret(params, random).ok_or(HandshakeError::Randomness)?;
        let inner = ClientDhInnerData {
            nonce: self.nonce,
            server_nonce: nonces.server_nonce,
            retry_id,
            g_b: &g_b,
        };
        let request = SetClientDhParams {
            nonce: self.nonce,
            server_nonce: nonces.server_nonce,
            encrypted_data: &inner_data::encrypt(keys, &inner.to_bytes(), random),
        };
        Ok((AuthKey::new(params.pow(g_a, &b)), request.to_bytes()))
    }

    fn handle_dh_gen(
        &mut self,
        mut run: Box<KeyComputed>,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<ClientStep, HandshakeError> {
        let mut reader = Reader::new(body);
        let (nonce, server_nonce, hash, number) = match reader.peek_constructor() {
            Some(DhGenRetry::ID) => {
                let answer = DhGenRetry::read(&mut reader)?;
                (answer.nonce, answer.server_nonce, answer.new_nonce_hash2, 2)
            }
            Some(DhGenFail::ID) => {
                let answer = DhGenFail::read(&mut reader)?;
                (answer.nonce, answer.server_nonce, answer.new_nonce_hash3, 3)
            }
            _ => {
                let answer = DhGenOk::read(&mut reader)?;
                (answer.nonce, answer.server_nonce, answer.new_nonce_hash1, 1)
            }
        };
        if (nonce, server_nonce) != (self.nonce, run.nonces.server_nonce) {
            return Err(HandshakeError::DhGenNonce);
        }
        let aux_hash = run.auth_key.aux_hash();
        let expected = kdf::new_nonce_hash(&run.nonces.new_nonce.0, number, &aux_hash);
        if !bool::from(expected.ct_eq(&hash.0)) {
            return Err(HandshakeError::NewNonceHash);
        }
        match number {
            1 => Ok(ClientStep::Done(NewAuthKey {
                server_salt: kdf::first_salt(&run.nonces.new_nonce.0, &run.nonces.server_nonce),
                auth_key: run.auth_key,
                clock_offset: run.clock_offset,
                expires_in: self.config.expires_in,
                new_nonce: run.nonces.new_nonce,
            })),
            2 if run.retries < self.config.max_retries => {
                run.retries = run.retries.saturating_add(1);
                let retry_id = i64::from_le_bytes(aux_hash);
                let (auth_key, request) = self.answer_dh(
                    &run.nonces,
                    &run.keys,
                    &run.params,
                    &run.g_a,
                    retry_id,
                    random,
                )?;
                run.auth_key = auth_key;
                self.state = State::AwaitingDhGen(run);
                Ok(self.send(request))
            }
            2 => Err(HandshakeError::TooManyRetries),
            _ => Err(HandshakeError::DhGenFailed),
        }
    }

    fn send(&mut self, request: Vec<u8>) -> ClientStep {
        self.last_request.clone_from(&request);
        ClientStep::Send(request)
    }
}

/// A secret exponent whose public number is within the recommended range.
fn draw_secret(
    params: &DhParams,
    random: &mut dyn SecureRandom,
) -> Option<(Zeroizing<[u8; 256]>, [u8; 256])> {
    (0..DRAWS).find_map(|_| {
        let secret = Zeroizing::new(random::bytes(random));
        let public = params.g_pow(&secret);
        params.check_public(&public).ok().map(|()| (secret, public))
    })
}

impl From<InnerError> for HandshakeError {
    fn from(error: InnerError) -> Self {
        match error {
            InnerError::Length => Self::AnswerLength,
            InnerError::Content(error) => Self::AnswerContent(error),
            InnerError::Padding => Self::AnswerPadding,
            InnerError::Hash => Self::AnswerHash,
        }
    }
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::AwaitingResPq => "awaiting resPQ",
            State::AwaitingDhParams(_) => "awaiting server_DH_params",
            State::AwaitingDhGen(_) => "awaiting dh_gen",
            State::Finished => "finished",
        };
        f.debug_struct("ClientHandshake")
            .field("nonce", &self.nonce)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
