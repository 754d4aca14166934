//! A stream read from outside, both directions, with the place of every byte.
//!
//! A [`Tap`] is to a capture what [`Framer`](super::Framer) is to a socket. It is given the bytes of both directions
//! and tells which range of which direction is what. Obfuscated streams need no key, except those to an MTProxy.
//! It never fails as a whole: where a direction cannot be cut into frames, it says so, and looks for the next frame.
//!
//! # Gaps
//! Bytes that a capture lost are announced by their number. If the gap ends inside the frame in which it begins, the
//! cut goes on behind that frame. Otherwise the tap looks for an authorization key identifier that it has seen or been
//! [told](Tap::expect_key), at a place where a frame with a plausible length can begin; eight matching bytes are no
//! coincidence. Whoever has the key confirms the frame by its `msg_key`.
//! The key stream of an obfuscated stream goes on as if nothing were missing, since it depends on the offset alone.
//!
//! # Offsets
//! All offsets count the bytes of one direction from the first one given to the tap, lost ones included.

mod half;
mod resync;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use self::half::Half;
use super::detect::{FirstBytes, first_bytes};
use super::framer::try_secrets;
use super::obfuscated::{HEADER_LEN, Keystreams};
use super::{Detected, FrameError, FrameLimits, ProxySecret, ServerTransport, Transport};
use crate::crypto::kdf::Direction;
use crate::ids::AuthKeyId;

/// Identifiers that a tap remembers by itself; a stream seldom carries more than two.
const MAX_LEARNED: usize = 8;

/// A range of one direction, and what it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Observed<'a> {
    /// Offsets in the direction's stream.
    pub range: Range<u64>,
    /// What the bytes are.
    pub what: What<'a>,
}

/// What a tap can tell about a range of bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// The client's tag or obfuscation header.
    Preamble,
    /// A frame.
    Payload {
        /// The payload without its obfuscation, in place; in the padded transport with its padding.
        data: &'a mut [u8],
        /// The offset of its first byte.
        at: u64,
        /// Whether the client asks for a quick acknowledgment of it.
        quick_ack_requested: bool,
        /// What a receiver would refuse the frame for: counter or sum of the full transport.
        broken: Option<FrameError>,
    },
    /// A quick acknowledgment with this token.
    QuickAck(u32),
    /// A transport error.
    TransportError(i32),
    /// Bytes that the capture lost.
    Lost,
    /// Bytes that are there, but cannot be cut into frames.
    Skipped(SkipReason),
}

/// Why bytes cannot be cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// The first bytes belong to no transport: no MTProto, or one with an unknown proxy secret, or not the beginning.
    UnknownTransport,
    /// The frame has lost bytes.
    Damaged,
    /// No frame is known to begin here, because bytes before were lost.
    AfterGap,
    /// No frame is known to begin here, because the frame before has an impossible length.
    AfterError(FrameError),
}

/// A byte stream read from outside. See the [module](self).
#[derive(Debug)]
pub struct Tap {
    config: ServerTransport,
    detected: Option<Detected>,
    keys: Vec<AuthKeyId>,
    client: Half,
    server: Half,
}

impl Tap {
    /// A tap on a stream that is seen from its first byte on, in the direction to the server at least.
    ///
    /// `secrets` are those of the proxies that the stream may lead to.
    #[must_use]
    pub fn new(secrets: Arc<[ProxySecret]>, limits: FrameLimits) -> Self {
        Self {
            config: ServerTransport {
                secrets,
                secrets_only: false,
            },
            detected: None,
            keys: Vec::new(),
            client: Half::new(Direction::ClientToServer, limits),
            server: Half::new(Direction::ServerToClient, limits),
        }
    }

    /// A tap on an obfuscated stream whose beginning is not seen, but whose keys are known.
    ///
    /// Offset 0 of each key stream belongs to the first byte of its direction that is given to the tap.
    #[must_use]
    pub fn resume(transport: Transport, keystreams: Keystreams, limits: FrameLimits) -> Self {
        let mut tap = Self::new(Arc::default(), limits);
        tap.detected = Some(Detected {
            transport,
            obfuscated: true,
            dc: None,
            secret: None,
        });
        let Keystreams {
            client_to_server,
            server_to_client,
        } = keystreams;
        tap.client.adrift(
            Some(transport),
            Some(client_to_server),
            SkipReason::AfterGap,
        );
        tap.server.adrift(
            Some(transport),
            Some(server_to_client),
            SkipReason::AfterGap,
        );
        tap
    }

    /// What the client speaks, once it is known.
    #[must_use]
    pub const fn detected(&self) -> Option<&Detected> {
        self.detected.as_ref()
    }

    /// Makes frames of this authorization key findable after a gap, even if none has been seen on this stream.
    pub fn expect_key(&mut self, id: AuthKeyId) {
        if !self.keys.contains(&id) {
            self.keys.push(id);
        }
    }

    /// Takes the next bytes of one direction. They may be cut anywhere.
    pub fn handle_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        self.half(direction).push(bytes);
        if direction == Direction::ClientToServer && self.detected.is_none() {
            self.detect();
        }
    }

    /// Takes note that the next `len` bytes of one direction are missing. [`poll`](Self::poll) has returned nothing
    /// for this direction before, or else what it did not return is skipped.
    pub fn handle_gap(&mut self, direction: Direction, len: u64) {
        if len == 0 {
            return;
        }
        self.half(direction).lose(len);
        if direction == Direction::ClientToServer && self.detected.is_none() {
            self.give_up();
        }
    }

    /// The next range of one direction, in order and without holes; nothing if more bytes are needed to tell.
    pub fn poll(&mut self, direction: Direction) -> Option<Observed<'_>> {
        let Self {
            client,
            server,
            keys,
            detected,
            ..
        } = self;
        let (half, other) = match direction {
            Direction::ClientToServer => (client, server),
            Direction::ServerToClient => (server, client),
        };
        half.advance(keys);
        // A plain stream seen from its middle shows its transport where a frame is found.
        if detected.is_none()
            && let Some(transport) = half.transport()
        {
            *detected = Some(Detected {
                transport,
                obfuscated: false,
                dc: None,
                secret: None,
            });
            other.hint(transport);
        }
        let observed = half.poll()?;
        if let What::Payload { data, .. } = &observed.what
            && let Some(id) = data.first_chunk().map(|id| AuthKeyId(*id))
            && keys.len() < MAX_LEARNED
            && !keys.contains(&id)
        {
            keys.push(id);
        }
        Some(observed)
    }

    /// The bytes of one direction that are received but not part of any polled range, as offsets.
    ///
    /// When the stream has ended, this is an incomplete frame.
    #[must_use]
    pub fn pending(&self, direction: Direction) -> Range<u64> {
        match direction {
            Direction::ClientToServer => self.client.pending(),
            Direction::ServerToClient => self.server.pending(),
        }
    }

    const fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }

    fn detect(&mut self) {
        let Some(head) = self.client.head() else {
            return;
        };
        match first_bytes(head) {
            FirstBytes::NeedMore => {}
            FirstBytes::Plain { transport, tag_len } => {
                self.detected = Some(Detected {
                    transport,
                    obfuscated: false,
                    dc: None,
                    secret: None,
                });
                self.client.start(transport, None, tag_len);
                self.server.start(transport, None, 0);
            }
            FirstBytes::Obfuscated => {
                let Some(header) = head.first_chunk::<HEADER_LEN>() else {
                    return;
                };
                match try_secrets(header, &self.config) {
                    Some((accepted, secret)) => {
                        let transport = accepted.transport;
                        let Keystreams {
                            client_to_server,
                            server_to_client,
                        } = accepted.keystreams;
                        self.detected = Some(Detected {
                            transport,
                            obfuscated: true,
                            dc: secret.map(|_| accepted.dc),
                            secret,
                        });
                        self.client
                            .start(transport, Some(client_to_server), HEADER_LEN);
                        self.server.start(transport, Some(server_to_client), 0);
                    }
                    None => self.give_up(),
                }
            }
            FirstBytes::Http | FirstBytes::Tls => self.give_up(),
        }
    }

    /// Not a beginning that can be read; perhaps the middle of a plain stream.
    fn give_up(&mut self) {
        self.client.adrift(None, None, SkipReason::UnknownTransport);
        self.server.adrift(None, None, SkipReason::UnknownTransport);
    }
}
