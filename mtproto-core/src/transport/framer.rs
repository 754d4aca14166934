//! One end of a byte stream: bytes in, payloads out, and back.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::buffer::Buffer;
use super::codec::{Decoder, Encoder, Parsed, UnitKind};
use super::detect::{FirstBytes, first_bytes};
use super::obfuscated::{self, Accepted};
use super::{
    ClientTransport, ConfigError, Detected, FrameError, FrameLimits, ServerTransport, WriteError,
};
use crate::crypto::aes_ctr::AesCtr256;
use crate::crypto::kdf::Direction;
use crate::random::SecureRandom;

/// One end of a byte stream that carries MTProto payloads.
///
/// # Reading
/// Give every received piece to [`handle_bytes`](Self::handle_bytes), then call [`poll_frame`](Self::poll_frame) until
/// it returns nothing. How the stream is cut into pieces makes no difference. After an error the stream is dead: both
/// return the same error from then on.
///
/// # Writing
/// The `write_*` methods append to the caller's buffer, whose bytes are to be sent in order. A client's tag or
/// obfuscation header goes out with its first frame.
#[derive(Debug)]
pub struct Framer {
    limits: FrameLimits,
    stage: Stage,
    received: Buffer,
    failed: Option<FrameError>,
}

#[derive(Debug)]
enum Stage {
    /// A server end that has not seen enough of the stream.
    Detecting(ServerTransport),
    Running(Box<Running>),
}

struct Running {
    detected: Detected,
    decoder: Decoder,
    encoder: Encoder,
    decipher: Option<AesCtr256>,
    encipher: Option<AesCtr256>,
    /// What a client sends before its first frame.
    preamble: Vec<u8>,
}

impl fmt::Debug for Running {
    /// Without the header, which holds the keys of the stream.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("detected", &self.detected)
            .field("decoder", &self.decoder)
            .field("encoder", &self.encoder)
            .finish_non_exhaustive()
    }
}

/// What a stream carried.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A payload for the message layer.
    Payload {
        /// The payload, in place: the message layer may decrypt it there.
        ///
        /// In the padded intermediate transport up to 15 random bytes follow the message. The message layer tells
        /// them: a ciphertext is whole blocks of 16 bytes, an unencrypted message has its length inside.
        data: &'a mut [u8],
        /// Whether the client asks for a quick acknowledgment; never set at a client's end.
        quick_ack_requested: bool,
    },
    /// The server has received and decrypted the message with this [token](super::quick_ack_token).
    QuickAck(u32),
    /// The server refuses to go on, or to begin. Anyone on the path can make such a frame.
    ///
    /// −404: authorization key unknown or message malformed; −429: too many connections; −444: wrong DC.
    /// Section: <https://core.telegram.org/mtproto/mtproto-transports#transport-errors>.
    TransportError(i32),
}

impl Framer {
    /// The client's end. `random` gives the obfuscation header.
    ///
    /// # Errors
    /// The choice makes no sense, see [`ConfigError`].
    pub fn client(
        config: &ClientTransport,
        limits: FrameLimits,
        random: &mut dyn SecureRandom,
    ) -> Result<Self, ConfigError> {
        let transport = config.transport;
        let obfuscated = config.obfuscated || config.secret.is_some();
        let (preamble, keystreams) = if obfuscated {
            let (header, keystreams) =
                obfuscated::generate(transport, config.dc, config.secret.as_ref(), random)?;
            (header.to_vec(), Some(keystreams))
        } else {
            (transport.tag().to_vec(), None)
        };
        let (decipher, encipher) = keystreams.map_or((None, None), |streams| {
            (
                Some(streams.server_to_client),
                Some(streams.client_to_server),
            )
        });
        let running = Running {
            detected: Detected {
                transport,
                obfuscated,
                dc: config.dc.filter(|_| obfuscated),
                secret: None,
            },
            decoder: Decoder::new(transport, Direction::ServerToClient, limits.max_frame),
            encoder: Encoder::new(transport),
            decipher,
            encipher,
            preamble,
        };
        Ok(Self::new(limits, Stage::Running(Box::new(running))))
    }

    /// The server's end, which finds out from the first bytes what the client speaks.
    #[must_use]
    pub const fn server(config: ServerTransport, limits: FrameLimits) -> Self {
        Self::new(limits, Stage::Detecting(config))
    }

    const fn new(limits: FrameLimits, stage: Stage) -> Self {
        Self {
            limits,
            stage,
            received: Buffer::new(),
            failed: None,
        }
    }

    /// What the client speaks, once it is known; at a client's end, what it was told to speak.
    #[must_use]
    pub fn detected(&self) -> Option<&Detected> {
        match &self.stage {
            Stage::Detecting(_) => None,
            Stage::Running(running) => Some(&running.detected),
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// The first bytes belong to no transport, or the stream has failed before.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match &mut self.stage {
            Stage::Running(running) => self.received.push(bytes, running.decipher.as_mut()),
            Stage::Detecting(_) => {
                self.received.push(bytes, None);
                self.detect()
                    .inspect_err(|error| self.failed = Some(*error))?;
            }
        }
        Ok(())
    }

    fn detect(&mut self) -> Result<(), FrameError> {
        let Stage::Detecting(config) = &self.stage else {
            return Ok(());
        };
        let (detected, tag_len, keystreams) = match first_bytes(self.received.unread()) {
            FirstBytes::NeedMore => return Ok(()),
            FirstBytes::Plain { .. } if config.secrets_only => {
                return Err(FrameError::UnknownTransport);
            }
            FirstBytes::Plain { transport, tag_len } => (Detected::plain(transport), tag_len, None),
            FirstBytes::Obfuscated => {
                let Some(header) = self.received.unread().first_chunk() else {
                    return Ok(());
                };
                let (accepted, secret) =
                    try_secrets(header, config).ok_or(FrameError::UnknownTransport)?;
                let detected = Detected::obfuscated(&accepted, secret);
                (detected, header.len(), Some(accepted.keystreams))
            }
            FirstBytes::Http | FirstBytes::Tls => return Err(FrameError::UnknownTransport),
        };
        let (mut decipher, encipher) = keystreams.map_or((None, None), |streams| {
            (
                Some(streams.client_to_server),
                Some(streams.server_to_client),
            )
        });
        self.received.take(tag_len);
        if let Some(keystream) = &mut decipher {
            keystream.apply(self.received.unread_mut());
        }
        let transport = detected.transport;
        self.stage = Stage::Running(Box::new(Running {
            detected,
            decoder: Decoder::new(transport, Direction::ClientToServer, self.limits.max_frame),
            encoder: Encoder::new(transport),
            decipher,
            encipher,
            preamble: Vec::new(),
        }));
        Ok(())
    }

    /// The next frame, if all of it has arrived.
    ///
    /// # Errors
    /// The stream breaks a rule of its transport. A length that is wrong or too large is found as soon as it is
    /// there, before anything is stored for it.
    pub fn poll_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Stage::Running(running) = &mut self.stage else {
            return Ok(None);
        };
        let unit = match running.decoder.parse(self.received.unread()) {
            Ok(Parsed::Unit(unit)) => unit,
            Ok(Parsed::NeedMore { .. }) => {
                self.received.reclaim();
                return Ok(None);
            }
            Err(error) => return Err(*self.failed.insert(error)),
        };
        if let Err(error) = running.decoder.accept(&unit) {
            return Err(*self.failed.insert(error));
        }
        let bytes = self.received.take(unit.len);
        Ok(Some(match unit.kind {
            UnitKind::Payload {
                payload,
                quick_ack_requested,
            } => Frame::Payload {
                data: bytes.get_mut(payload).unwrap_or_default(),
                quick_ack_requested,
            },
            UnitKind::QuickAck(token) => Frame::QuickAck(token),
            UnitKind::TransportError(code) => Frame::TransportError(code),
        }))
    }

    /// All frames that have arrived, and the error after them if the stream breaks a rule there.
    ///
    /// Several at once can be decrypted at once ([`open_many`](crate::message::batch::open_many)). Call until there are
    /// none, which also gives the room of these back.
    pub fn poll_frames(&mut self) -> (Vec<Frame<'_>>, Option<FrameError>) {
        let mut units = Vec::new();
        let mut error = self.failed;
        if let Stage::Running(running) = &mut self.stage
            && error.is_none()
        {
            loop {
                let parsed = running.decoder.parse(self.received.unread());
                let accepted = parsed.and_then(|parsed| match parsed {
                    Parsed::Unit(unit) => running.decoder.accept(&unit).map(|()| Some(unit)),
                    Parsed::NeedMore { .. } => Ok(None),
                });
                match accepted {
                    Ok(Some(unit)) => units.push((self.received.pass(unit.len), unit.kind)),
                    Ok(None) => break,
                    Err(found) => {
                        error = Some(*self.failed.insert(found));
                        break;
                    }
                }
            }
        }
        if units.is_empty() {
            self.received.reclaim();
            return (Vec::new(), error);
        }
        let payloads = units.iter().map(|(unit, kind)| match kind {
            UnitKind::Payload { payload, .. } => {
                let start = unit.start.saturating_add(payload.start);
                start..unit.start.saturating_add(payload.end)
            }
            UnitKind::QuickAck(_) | UnitKind::TransportError(_) => unit.start..unit.start,
        });
        let slices = self.received.slices(payloads);
        let frames = units
            .iter()
            .zip(slices)
            .map(|((_, kind), data)| match kind {
                UnitKind::Payload {
                    quick_ack_requested,
                    ..
                } => Frame::Payload {
                    data,
                    quick_ack_requested: *quick_ack_requested,
                },
                UnitKind::QuickAck(token) => Frame::QuickAck(*token),
                UnitKind::TransportError(code) => Frame::TransportError(*code),
            });
        (frames.collect(), error)
    }

    /// Appends a frame with `payload` to `out`, at a client's end with a request for a quick acknowledgment or without.
    ///
    /// Payloads are framed as they are, whether or not they are messages.
    ///
    /// # Errors
    /// The transport cannot carry it, or is not known yet; see [`WriteError`]. Nothing is appended then.
    pub fn write_payload(
        &mut self,
        payload: &[u8],
        quick_ack: bool,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        self.write(out, |encoder, out| {
            encoder.write_payload(payload, quick_ack, random, out)
        })
    }

    /// Appends a server's quick acknowledgment to `out`.
    ///
    /// # Errors
    /// The transport has none, or is not known yet.
    pub fn write_quick_ack(
        &mut self,
        token: u32,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        self.write(out, |encoder, out| {
            encoder.write_quick_ack(token, random, out)
        })
    }

    /// Appends a server's transport error to `out`: a payload that is nothing but the (negative) code.
    ///
    /// # Errors
    /// The transport is not known yet.
    pub fn write_transport_error(
        &mut self,
        code: i32,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        self.write_payload(&code.to_le_bytes(), false, random, out)
    }

    fn write(
        &mut self,
        out: &mut Vec<u8>,
        encode: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let Stage::Running(running) = &mut self.stage else {
            return Err(WriteError::NotDetected);
        };
        let start = out.len();
        out.extend_from_slice(&running.preamble);
        let frame = out.len();
        if let Err(error) = encode(&mut running.encoder, out) {
            out.truncate(start);
            return Err(error);
        }
        running.preamble = Vec::new();
        if let (Some(keystream), Some(frame)) = (&mut running.encipher, out.get_mut(frame..)) {
            keystream.apply(frame);
        }
        Ok(())
    }
}

/// The header deciphered with whatever this server allows, and the number of the secret that did it.
pub(super) fn try_secrets(
    header: &[u8; obfuscated::HEADER_LEN],
    config: &ServerTransport,
) -> Option<(Accepted, Option<usize>)> {
    for (number, secret) in config.secrets.iter().enumerate() {
        if let Some(accepted) = obfuscated::accept(header, Some(secret)) {
            return Some((accepted, Some(number)));
        }
    }
    if config.secrets_only {
        return None;
    }
    obfuscated::accept(header, None).map(|accepted| (accepted, None))
}
