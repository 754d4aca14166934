//! The server's end of a connection: which carrier it is, and what it carries.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use super::http::{self, Head, HeadReader, HttpServer};
use super::tls::{self, ClientHello, RecordReader, SERVER_RECORD, TlsError};
use super::websocket::{self, FrameReader};
use super::{Carrier, CarrierError, ReplayGuard};
use crate::crypto::kdf::Direction;
use crate::random::SecureRandom;
use crate::time::{Duration, UnixTime};
use crate::transport::FrameLimits;
use crate::transport::detect::{FirstBytes, first_bytes};
use crate::transport::secret::{ProxySecret, SecretForm};

/// Bytes of an obfuscation header up to the end of the key in it.
const KEY_END: usize = 40;
/// The code with which a WebSocket is closed for a broken rule (RFC 6455, section 7.4.1).
const PROTOCOL_ERROR: u16 = 1002;

/// What a server accepts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CarrierConfig {
    /// The secrets of an MTProxy; those of the `ee` form open what looks like TLS. Give the
    /// [`Framer`](crate::transport::Framer) the same ones.
    pub secrets: Arc<[ProxySecret]>,
    /// How far the clock in a client's TLS hello may be from ours, either way. Default two minutes.
    pub clock_tolerance: Duration,
    /// The bounds of HTTP bodies.
    pub limits: FrameLimits,
}

impl Default for CarrierConfig {
    fn default() -> Self {
        Self {
            secrets: Arc::default(),
            clock_tolerance: Duration::from_secs(120),
            limits: FrameLimits::default(),
        }
    }
}

/// The server's end of one connection. See the [module](super).
#[derive(Debug)]
pub struct ServerCarrier {
    config: CarrierConfig,
    state: State,
    /// What the carrier itself has to send.
    owed: Vec<u8>,
    /// The client's hello, while ours is owed, and the number of the secret in it.
    hello: Option<(Vec<u8>, usize)>,
    failed: Option<CarrierError>,
}

#[derive(Debug)]
enum State {
    Detecting { received: Vec<u8>, head: HeadReader },
    Direct,
    WebSocket(Box<FrameReader>),
    FakeTls { reader: RecordReader, secret: usize },
    Http(Box<HttpServer>),
}

impl ServerCarrier {
    /// The end of a connection of which nothing is known.
    #[must_use]
    pub fn new(config: CarrierConfig) -> Self {
        Self {
            config,
            state: State::Detecting {
                received: Vec::new(),
                head: HeadReader::default(),
            },
            owed: Vec::new(),
            hello: None,
            failed: None,
        }
    }

    /// What the connection is, once it is known.
    #[must_use]
    pub const fn carrier(&self) -> Option<Carrier> {
        match &self.state {
            State::Detecting { .. } => None,
            State::Direct => Some(Carrier::Direct),
            State::WebSocket(_) => Some(Carrier::WebSocket),
            State::FakeTls { secret, .. } => Some(Carrier::FakeTls { secret: *secret }),
            State::Http(_) => Some(Carrier::Http),
        }
    }

    /// Takes the next bytes of the connection and appends what they carry to `stream`; nothing for
    /// [`Carrier::Http`], whose requests are in [`http`](Self::http).
    ///
    /// `now` is compared with the clock in a TLS hello. `replays` is the server's memory of all connections; it is
    /// asked about TLS hellos and, if there are secrets, obfuscation headers.
    ///
    /// # Errors
    /// The connection carries nothing that can be read, or has failed before.
    pub fn handle_bytes(
        &mut self,
        now: UnixTime,
        bytes: &[u8],
        replays: &mut ReplayGuard,
        stream: &mut Vec<u8>,
    ) -> Result<(), CarrierError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.take(now, bytes, replays, stream)
            .inspect_err(|error| self.fail(*error))
    }

    fn take(
        &mut self,
        now: UnixTime,
        bytes: &[u8],
        replays: &mut ReplayGuard,
        stream: &mut Vec<u8>,
    ) -> Result<(), CarrierError> {
        match &mut self.state {
            State::Detecting { received, .. } => {
                received.extend_from_slice(bytes);
                if let Some((state, rest)) = self.detect(now, replays)? {
                    self.state = state;
                    self.take(now, &rest, replays, stream)?;
                }
            }
            State::Direct => stream.extend_from_slice(bytes),
            State::WebSocket(reader) => {
                let before = reader.ended();
                reader.read(bytes, stream)?;
                if let Some(ping) = reader.take_ping() {
                    websocket::write_pong(&ping, None, &mut self.owed);
                }
                if let (None, Some(end)) = (before, reader.ended()) {
                    websocket::write_close(end.code, None, &mut self.owed);
                }
            }
            State::FakeTls { reader, .. } => reader.read(bytes, stream)?,
            State::Http(server) => server.handle_bytes(bytes)?,
        }
        Ok(())
    }

    /// The carrier, once the first bytes tell it, and those of them that it carries.
    fn detect(
        &mut self,
        now: UnixTime,
        replays: &mut ReplayGuard,
    ) -> Result<Option<(State, Vec<u8>)>, CarrierError> {
        let State::Detecting { received, head } = &mut self.state else {
            return Ok(None);
        };
        let carried = match first_bytes(received) {
            FirstBytes::NeedMore => return Ok(None),
            FirstBytes::Plain { .. } => State::Direct,
            FirstBytes::Obfuscated if self.config.secrets.is_empty() => State::Direct,
            FirstBytes::Obfuscated => {
                let Some(key) = received.get(..KEY_END).and_then(<[u8]>::last_chunk) else {
                    return Ok(None);
                };
                if !replays.admit(*key) {
                    return Err(CarrierError::Replay);
                }
                State::Direct
            }
            FirstBytes::Http => {
                if received.starts_with(b"GET ") {
                    let Some(len) = head.find(received)? else {
                        return Ok(None);
                    };
                    let (request, rest) = received.split_at_checked(len).unwrap_or((received, &[]));
                    if Head::parse(request)?.values("Upgrade").next().is_some() {
                        let response = websocket::accept_upgrade(request)?;
                        self.owed.extend_from_slice(response.as_bytes());
                        let reader = FrameReader::new(Direction::ClientToServer);
                        return Ok(Some((State::WebSocket(Box::new(reader)), rest.to_vec())));
                    }
                }
                State::Http(Box::new(HttpServer::new(self.config.limits)))
            }
            FirstBytes::Tls => {
                let Some((hello, len)) = ClientHello::parse(received)? else {
                    return Ok(None);
                };
                let secret = admit(&hello, &self.config, now, replays)?;
                let rest = received.split_off(len);
                self.hello = Some((mem::take(received), secret));
                let reader = RecordReader::default();
                return Ok(Some((State::FakeTls { reader, secret }, rest)));
            }
        };
        Ok(Some((carried, mem::take(received))))
    }

    fn fail(&mut self, error: CarrierError) {
        self.failed = Some(error);
        let opening = matches!(self.state, State::Detecting { .. });
        match error {
            CarrierError::WebSocket(_) if opening => http::write_refusal(400, &mut self.owed),
            CarrierError::Http(error) if opening => {
                http::write_refusal(error.status(), &mut self.owed);
            }
            CarrierError::WebSocket(_) => {
                websocket::write_close(Some(PROTOCOL_ERROR), None, &mut self.owed);
            }
            // The HTTP side answers by itself; and whoever has no secret learns nothing.
            CarrierError::Http(_) | CarrierError::Tls(_) | CarrierError::Replay => {}
        }
    }

    /// The HTTP side, if the connection is [`Carrier::Http`].
    pub fn http(&mut self) -> Option<&mut HttpServer> {
        match &mut self.state {
            State::Http(server) => Some(server),
            _ => None,
        }
    }

    /// Appends what the carrier itself has to send to `wire`: its part of an opening, answers to pings, refusals.
    pub fn poll_transmit(&mut self, random: &mut dyn SecureRandom, wire: &mut Vec<u8>) {
        wire.append(&mut self.owed);
        if let Some((record, secret)) = self.hello.take()
            && let Ok(Some((hello, _))) = ClientHello::parse(&record)
            && let Some(secret) = self.config.secrets.get(secret)
        {
            wire.extend_from_slice(&tls::server_hello(secret.key(), &hello, random));
        }
        if let State::Http(server) = &mut self.state {
            server.poll_transmit(wire);
        }
    }

    /// Appends bytes of the stream to `wire`, in the form of the carrier, after what the carrier itself has to send.
    ///
    /// Nothing is appended before the carrier is known, and for [`Carrier::Http`], which carries no stream.
    pub fn write(&mut self, stream: &[u8], random: &mut dyn SecureRandom, wire: &mut Vec<u8>) {
        self.poll_transmit(random, wire);
        match &self.state {
            State::Direct => wire.extend_from_slice(stream),
            State::WebSocket(_) => websocket::write_message(stream, None, wire),
            State::FakeTls { .. } => tls::write_records(stream, SERVER_RECORD, wire),
            State::Detecting { .. } | State::Http(_) => {}
        }
    }

    /// Whether the client has ended what the carrier carries, so that the connection is to be closed once everything
    /// is sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.failed.is_some()
            || match &self.state {
                State::WebSocket(reader) => reader.ended().is_some(),
                State::Http(server) => server.is_done(),
                State::Detecting { .. } | State::Direct | State::FakeTls { .. } => false,
            }
    }
}

/// The number of the secret that a client's hello proves, at the right time and for the first time.
fn admit(
    hello: &ClientHello<'_>,
    config: &CarrierConfig,
    now: UnixTime,
    replays: &mut ReplayGuard,
) -> Result<usize, TlsError> {
    let proven = config
        .secrets
        .iter()
        .enumerate()
        .find_map(|(number, secret)| {
            let SecretForm::FakeTls { domain } = secret.form() else {
                return None;
            };
            let named = hello.server_name?.eq_ignore_ascii_case(domain.as_bytes());
            let time = hello.verify(secret.key())?;
            named.then_some((number, time))
        });
    let (number, time) = proven.ok_or(TlsError::Digest)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let skew = i64::from(time).saturating_sub(now);
    if skew.unsigned_abs() > config.clock_tolerance.as_secs() {
        return Err(TlsError::Time { skew });
    }
    if !replays.admit(hello.random()) {
        return Err(TlsError::Replay);
    }
    Ok(number)
}
