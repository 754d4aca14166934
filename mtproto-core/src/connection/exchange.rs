//! The key exchange on a client's connection.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Connection, Event, SavedKeys};
use crate::crypto::dh::PrimeCache;
use crate::error::{ConnectionError, Notice, PeerMisbehaved, TransportError};
use crate::handshake::{self, ClientHandshake, ClientStep, NewAuthKey};
use crate::ids::{MsgId, Nonce};
use crate::key_log::Secret;
use crate::message::plain;
use crate::time::Instant;

/// How often one key exchange is started over because the server refused a step of it.
const MAX_RESTARTS: u8 = 3;

/// A key exchange under way.
pub(super) struct Exchange {
    handshake: ClientHandshake,
    /// The message to send next.
    pub(super) request: Option<Vec<u8>>,
    /// When the server's answer is late.
    pub(super) deadline: Instant,
    expires_in: Option<i32>,
    restarts: u8,
    primes: PrimeCache,
}

impl Connection {
    /// Starts a key exchange, for a temporary key that lives `expires_in` seconds or for the permanent one.
    pub(super) fn start_exchange(&mut self, now: Instant, expires_in: Option<i32>) {
        self.begin(now, expires_in, 0);
    }

    fn begin(&mut self, now: Instant, expires_in: Option<i32>, restarts: u8) {
        let config = handshake::ClientConfig {
            expires_in,
            ..self.config.handshake.clone()
        };
        let (handshake, request) = ClientHandshake::new(config, &mut self.random);
        self.exchange = Some(Box::new(Exchange {
            handshake,
            request: Some(request),
            deadline: now.saturating_add(self.config.handshake_timeout),
            expires_in,
            restarts,
            primes: PrimeCache::default(),
        }));
    }

    /// The server refused a step: another run may do better, but not for ever.
    pub(super) fn restart_exchange(&mut self, now: Instant) -> Result<(), ConnectionError> {
        match self.exchange.take() {
            Some(exchange) if exchange.restarts < MAX_RESTARTS => {
                let restarts = exchange.restarts.saturating_add(1);
                self.begin(now, exchange.expires_in, restarts);
                Ok(())
            }
            _ => Err(ConnectionError::Refused(TransportError::UNKNOWN_KEY)),
        }
    }

    pub(super) fn handle_plain(
        &mut self,
        now: Instant,
        frame: &[u8],
    ) -> Result<(), ConnectionError> {
        let message = plain::read(frame)
            .map_err(|_| ConnectionError::Peer(PeerMisbehaved::InvalidMessage))?;
        let Some(exchange) = &mut self.exchange else {
            // Nobody vouches for a plain message: after the exchange it has no effect.
            self.refuse_plain(message.msg_id);
            return Ok(());
        };
        if handshake::nonce_of(message.body) != Some(exchange.handshake.nonce())
            && exchange.restarts > 0
        {
            // An answer to the run that was given up.
            self.refuse_plain(message.msg_id);
            return Ok(());
        }
        let unix = self.session.clock().unix(now);
        let step =
            exchange
                .handshake
                .handle(unix, message.body, &mut exchange.primes, &mut self.random);
        match step.map_err(ConnectionError::Handshake)? {
            ClientStep::Send(request) => {
                exchange.request = Some(request);
                exchange.deadline = now.saturating_add(self.config.handshake_timeout);
            }
            ClientStep::Done(key) => {
                let temporary = exchange.expires_in.is_some();
                let nonce = exchange.handshake.nonce();
                self.exchange = None;
                self.log_key(nonce, &key, temporary);
                if temporary {
                    self.bind(now, key);
                } else {
                    self.adopt_key(key);
                }
                self.advance(now);
            }
        }
        Ok(())
    }

    fn refuse_plain(&mut self, msg_id: MsgId) {
        self.events.push_back(Event::Notice(Notice::Refused {
            msg_id,
            rule: PeerMisbehaved::UnexpectedPlainMessage,
        }));
    }

    fn adopt_key(&mut self, key: NewAuthKey) {
        let offset = self
            .session
            .clock()
            .offset_secs()
            .saturating_add(key.clock_offset);
        self.session.set_clock_offset(offset);
        self.session.set_salt(key.server_salt);
        self.auth_key = Some(key.auth_key.clone());
        self.events.push_back(Event::AuthKeyCreated(SavedKeys {
            dc: self.config.dc(),
            auth_key: key.auth_key,
            server_salt: key.server_salt,
            clock_offset_secs: offset,
        }));
    }

    fn log_key(&self, nonce: Nonce, key: &NewAuthKey, temporary: bool) {
        if let Some(log) = &self.config.key_log {
            log.log(&Secret::NewNonce {
                nonce,
                new_nonce: &key.new_nonce.0,
            });
            log.log(&Secret::AuthKey {
                dc: self.config.dc(),
                key: &key.auth_key,
                temporary,
            });
        }
    }
}
