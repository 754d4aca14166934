//! The client's end of a connection that hides a stream.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use super::CarrierError;
use super::http::HeadReader;
use super::tls::{self, CLIENT_RECORD, RecordReader};
use super::websocket::{self, FrameReader};
use crate::crypto::kdf::Direction;
use crate::random::{self, SecureRandom};
use crate::time::UnixTime;
use crate::transport::secret::{ProxySecret, SecretForm};

/// What TLS clients send before their first data, for the sake of old equipment on the way.
const CHANGE_CIPHER_SPEC: [u8; 6] = [0x14, 3, 3, 0, 1, 1];

/// The client's end of a connection through a carrier. See the [module](super).
///
/// The stream may be written at once; what cannot be sent before the server has answered is held back.
#[derive(Debug)]
pub struct ClientCarrier {
    state: State,
    owed: Vec<u8>,
    /// Stream that waits for the opening.
    held: Vec<u8>,
    failed: Option<CarrierError>,
}

#[derive(Debug)]
enum State {
    WebSocketOpening {
        key: [u8; 16],
        received: Vec<u8>,
        head: HeadReader,
    },
    WebSocket(Box<FrameReader>),
    TlsOpening {
        secret: ProxySecret,
        random: [u8; 32],
        received: Vec<u8>,
    },
    FakeTls {
        reader: RecordReader,
        begun: bool,
    },
}

impl ClientCarrier {
    /// A WebSocket at `target` (such as `/apiws`) of `host`, its port included if it is not the usual one.
    ///
    /// # Errors
    /// One of them holds white space or control characters.
    pub fn websocket(
        host: &str,
        target: &str,
        random: &mut dyn SecureRandom,
    ) -> Result<Self, CarrierError> {
        let key = random::bytes(random);
        let request = websocket::request(host, target, &key)?;
        let state = State::WebSocketOpening {
            key,
            received: Vec::new(),
            head: HeadReader::default(),
        };
        Ok(Self::new(state, request.into_bytes()))
    }

    /// The look of TLS, if the secret is of the `ee` form, which names the domain. `now` goes into the hello.
    #[must_use]
    pub fn fake_tls(
        secret: &ProxySecret,
        now: UnixTime,
        random: &mut dyn SecureRandom,
    ) -> Option<Self> {
        let SecretForm::FakeTls { domain } = secret.form() else {
            return None;
        };
        let secs = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
        let hello = tls::client_hello(secret.key(), domain, secs, random);
        let random = tls::random_of(&hello)?;
        let state = State::TlsOpening {
            secret: secret.clone(),
            random,
            received: Vec::new(),
        };
        Some(Self::new(state, hello))
    }

    const fn new(state: State, owed: Vec<u8>) -> Self {
        Self {
            state,
            owed,
            held: Vec::new(),
            failed: None,
        }
    }

    /// Whether the server has answered as it should.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::WebSocket(_) | State::FakeTls { .. })
    }

    /// Whether the server has ended the WebSocket.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.state {
            State::WebSocket(reader) => reader.ended().is_some(),
            _ => false,
        }
    }

    /// Takes the next bytes of the connection and appends what they carry to `stream`.
    ///
    /// # Errors
    /// The server has not answered as the carrier demands, or the connection has failed before. Nothing of the
    /// stream has been sent or is sent then.
    pub fn handle_bytes(&mut self, bytes: &[u8], stream: &mut Vec<u8>) -> Result<(), CarrierError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.take(bytes, stream).inspect_err(|error| {
            self.failed = Some(*error);
            self.owed.clear();
            self.held.clear();
        })
    }

    fn take(&mut self, bytes: &[u8], stream: &mut Vec<u8>) -> Result<(), CarrierError> {
        match &mut self.state {
            State::WebSocketOpening {
                key,
                received,
                head,
            } => {
                received.extend_from_slice(bytes);
                let Some(len) = head.find(received)? else {
                    return Ok(());
                };
                let rest = received.split_off(len);
                websocket::check_response(received, key)?;
                let reader = FrameReader::new(Direction::ServerToClient);
                self.state = State::WebSocket(Box::new(reader));
                self.take(&rest, stream)
            }
            State::TlsOpening {
                secret,
                random,
                received,
            } => {
                received.extend_from_slice(bytes);
                match tls::check_server_hello(received, secret.key(), random)? {
                    None => Ok(()),
                    Some(len) => {
                        let rest = received.split_off(len);
                        let reader = RecordReader::for_client();
                        self.state = State::FakeTls {
                            reader,
                            begun: false,
                        };
                        self.take(&rest, stream)
                    }
                }
            }
            State::WebSocket(reader) => Ok(reader.read(bytes, stream)?),
            State::FakeTls { reader, .. } => Ok(reader.read(bytes, stream)?),
        }
    }

    /// Appends what can be sent to `wire`: the opening, what was held back for it, answers to pings.
    pub fn poll_transmit(&mut self, random: &mut dyn SecureRandom, wire: &mut Vec<u8>) {
        wire.append(&mut self.owed);
        if let State::WebSocket(reader) = &mut self.state
            && let Some(ping) = reader.take_ping()
        {
            websocket::write_pong(&ping, Some(random::bytes(random)), wire);
        }
        if self.is_open() && !self.held.is_empty() {
            let held = mem::take(&mut self.held);
            self.write_open(&held, random, wire);
        }
    }

    /// Appends bytes of the stream to `wire`, in the form of the carrier, or holds them back until it is open.
    pub fn write(&mut self, stream: &[u8], random: &mut dyn SecureRandom, wire: &mut Vec<u8>) {
        self.poll_transmit(random, wire);
        if self.failed.is_some() {
            return;
        }
        if self.is_open() {
            self.write_open(stream, random, wire);
        } else {
            self.held.extend_from_slice(stream);
        }
    }

    fn write_open(&mut self, stream: &[u8], random: &mut dyn SecureRandom, wire: &mut Vec<u8>) {
        match &mut self.state {
            State::WebSocket(_) => {
                websocket::write_message(stream, Some(random::bytes(random)), wire);
            }
            State::FakeTls { begun, .. } => {
                if !mem::replace(begun, true) {
                    wire.extend_from_slice(&CHANGE_CIPHER_SPEC);
                }
                tls::write_records(stream, CLIENT_RECORD, wire);
            }
            State::WebSocketOpening { .. } | State::TlsOpening { .. } => {}
        }
    }
}
