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
//! # Carriers
//! WebSockets, HTTP and, with the secret, the look of TLS are taken off. What belongs to the carrier alone, such as the
//! headers of its records, counts to the range that follows it. A gap inside a record or a body is bridged like any
//! other one; after a gap across their borders the direction is lost, because nothing tells how much of the gap was
//! stream.
//!
//! # Offsets
//! All offsets count the bytes of one direction from the first one given to the tap, lost ones included.

mod bodies;
mod half;
mod resync;
mod unwrap;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use self::bodies::Bodies;
use self::half::Half;
use self::unwrap::Unwrap;
use super::carrier::http::{Head, HeadReader};
use super::carrier::tls::ClientHello;
use super::carrier::{Carrier, CarrierError};
use super::detect::{FirstBytes, first_bytes};
use super::framer::try_secrets;
use super::obfuscated::{HEADER_LEN, Keystreams};
use super::secret::SecretForm;
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
    /// What prepares the rest: the client's tag or obfuscation header, the opening of a carrier, an HTTP message with
    /// an empty body.
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
    /// The carrier breaks its rules, and its stream cannot be followed.
    Carrier(CarrierError),
}

/// A byte stream read from outside. See the [module](self).
#[derive(Debug)]
pub struct Tap {
    config: ServerTransport,
    carrier: Option<Carrier>,
    detected: Option<Detected>,
    keys: Vec<AuthKeyId>,
    client: Side,
    server: Side,
}

/// One direction: its stream, and what the stream is in.
#[derive(Debug)]
struct Side {
    outside: Outside,
    half: Half,
}

#[derive(Debug)]
enum Outside {
    Nothing,
    Wrapped(Unwrap),
    Http(Bodies),
}

impl Tap {
    /// A tap on a stream that is seen from its first byte on, in the direction to the server at least.
    ///
    /// `secrets` are those of the proxies that the stream may lead to.
    #[must_use]
    pub fn new(secrets: Arc<[ProxySecret]>, limits: FrameLimits) -> Self {
        let side = |direction| Side {
            outside: Outside::Nothing,
            half: Half::new(direction, limits),
        };
        Self {
            config: ServerTransport {
                secrets,
                secrets_only: false,
            },
            carrier: None,
            detected: None,
            keys: Vec::new(),
            client: side(Direction::ClientToServer),
            server: side(Direction::ServerToClient),
        }
    }

    /// A tap on an obfuscated stream whose beginning is not seen, but whose keys are known.
    ///
    /// Offset 0 of each key stream belongs to the first byte of its direction that is given to the tap.
    #[must_use]
    pub fn resume(transport: Transport, keystreams: Keystreams, limits: FrameLimits) -> Self {
        let mut tap = Self::new(Arc::default(), limits);
        tap.carrier = Some(Carrier::Direct);
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
        let begin = |side: &mut Side, keystream| {
            side.half
                .adrift(Some(transport), Some(keystream), SkipReason::AfterGap);
        };
        begin(&mut tap.client, client_to_server);
        begin(&mut tap.server, server_to_client);
        tap
    }

    /// What the stream is in, once it is known. A tap that has not seen the beginning knows of no carrier.
    #[must_use]
    pub const fn carrier(&self) -> Option<Carrier> {
        self.carrier
    }

    /// What the client speaks, once it is known. [`Carrier::Http`] has no transport to speak.
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
        self.side(direction).push(bytes);
        if direction == Direction::ClientToServer && self.detected.is_none() {
            self.detect();
        }
    }

    /// Takes note that the next `len` bytes of one direction are missing. [`poll`](Self::poll) has returned nothing
    /// for this direction before, or else what it did not return is skipped.
    ///
    /// Zero before the client's first byte says that the beginning is missing, however long it was.
    pub fn handle_gap(&mut self, direction: Direction, len: u64) {
        let undetected = direction == Direction::ClientToServer && self.detected.is_none();
        let side = self.side(direction);
        if len == 0 && !(undetected && side.pending() == (0..0)) {
            return;
        }
        if len > 0 {
            side.lose(len);
        }
        if undetected && !matches!(self.carrier, Some(Carrier::Http)) {
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
        let (side, other) = match direction {
            Direction::ClientToServer => (client, server),
            Direction::ServerToClient => (server, client),
        };
        side.half.advance(keys);
        // A plain stream seen from its middle shows its transport where a frame is found.
        if detected.is_none()
            && let Some(transport) = side.half.transport()
        {
            *detected = Some(Detected::plain(transport));
            other.half.hint(transport);
        }
        let observed = side.poll()?;
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

    const fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }

    fn detect(&mut self) {
        let Some(head) = self.client.half.head() else {
            return;
        };
        // Inside a carrier the stream is obfuscated, whatever its first bytes look like.
        let first = match self.carrier {
            None | Some(Carrier::Direct) => first_bytes(head),
            Some(_) => FirstBytes::Obfuscated,
        };
        match first {
            FirstBytes::NeedMore => {}
            FirstBytes::Plain { transport, tag_len } => {
                self.carrier = Some(Carrier::Direct);
                self.detected = Some(Detected::plain(transport));
                self.client.half.start(transport, None, tag_len);
                self.server.half.start(transport, None, 0);
            }
            FirstBytes::Obfuscated => {
                let Some(header) = head.first_chunk::<HEADER_LEN>() else {
                    return;
                };
                let Some((accepted, secret)) = try_secrets(header, &self.config) else {
                    return self.give_up();
                };
                self.carrier.get_or_insert(Carrier::Direct);
                self.detected = Some(Detected::obfuscated(&accepted, secret));
                let transport = accepted.transport;
                let Keystreams {
                    client_to_server,
                    server_to_client,
                } = accepted.keystreams;
                let client = &mut self.client.half;
                client.start(transport, Some(client_to_server), HEADER_LEN);
                self.server.half.start(transport, Some(server_to_client), 0);
            }
            FirstBytes::Http => self.detect_http(),
            FirstBytes::Tls => self.detect_tls(),
        }
    }

    /// A WebSocket is a request to open one; anything else is HTTP with payloads in its bodies.
    fn detect_http(&mut self) {
        let head = self.client.half.head().unwrap_or_default();
        let len = match HeadReader::default().find(head) {
            Ok(None) => return,
            Ok(Some(len)) => len,
            Err(_) => return self.give_up(),
        };
        let Ok(request) = Head::parse(head.get(..len).unwrap_or_default()) else {
            return self.give_up();
        };
        if request.lists("Upgrade", "websocket") {
            self.carrier = Some(Carrier::WebSocket);
            self.wrap(
                |direction| Outside::Wrapped(Unwrap::frames(direction, len)),
                len,
            );
        } else {
            self.carrier = Some(Carrier::Http);
            let limit = self.client.half.limit();
            self.wrap(|direction| Outside::Http(Bodies::new(direction, limit)), 0);
        }
    }

    /// Without the secret the stream inside could not be read either.
    fn detect_tls(&mut self) {
        let head = self.client.half.head().unwrap_or_default();
        let (hello, len) = match ClientHello::parse(head) {
            Ok(None) => return,
            Ok(Some(parsed)) => parsed,
            Err(_) => return self.give_up(),
        };
        let proven = self.config.secrets.iter().position(|secret| {
            matches!(secret.form(), SecretForm::FakeTls { .. })
                && hello.verify(secret.key()).is_some()
        });
        let Some(secret) = proven else {
            return self.give_up();
        };
        self.carrier = Some(Carrier::FakeTls { secret });
        self.wrap(
            |direction| Outside::Wrapped(Unwrap::records(direction, len)),
            len,
        );
    }

    /// Puts both directions into their carrier; the client's first `opening` bytes are its opening.
    fn wrap(&mut self, outside: impl Fn(Direction) -> Outside, opening: usize) {
        for (direction, opening) in [
            (Direction::ClientToServer, opening),
            (Direction::ServerToClient, 0),
        ] {
            let side = self.side(direction);
            let received = side.half.take_head();
            side.outside = outside(direction);
            side.push(received.get(opening..).unwrap_or_default());
        }
        self.detect();
    }

    /// Not a beginning that can be read; perhaps the middle of a plain stream.
    fn give_up(&mut self) {
        for side in [&mut self.client, &mut self.server] {
            side.half.adrift(None, None, SkipReason::UnknownTransport);
        }
    }
}

impl Side {
    fn push(&mut self, bytes: &[u8]) {
        match &mut self.outside {
            Outside::Nothing => self.half.push(bytes),
            Outside::Wrapped(carrier) => {
                let mut stream = Vec::new();
                carrier.push(bytes, &mut stream);
                self.half.push(&stream);
            }
            Outside::Http(bodies) => bodies.push(bytes),
        }
    }

    fn lose(&mut self, len: u64) {
        match &mut self.outside {
            Outside::Nothing => self.half.lose(len),
            Outside::Wrapped(carrier) => {
                if carrier.lose(len) {
                    self.half.lose(len);
                }
            }
            Outside::Http(bodies) => bodies.lose(len),
        }
    }

    fn pending(&self) -> Range<u64> {
        match &self.outside {
            Outside::Nothing => self.half.pending(),
            Outside::Wrapped(carrier) => carrier.pending(),
            Outside::Http(bodies) => bodies.pending(),
        }
    }

    fn poll(&mut self) -> Option<Observed<'_>> {
        let carrier = match &mut self.outside {
            Outside::Nothing => return self.half.poll(),
            Outside::Http(bodies) => return bodies.poll(),
            Outside::Wrapped(carrier) => carrier,
        };
        if let Some(range) = carrier.poll_opening() {
            return Some(Observed {
                range,
                what: What::Preamble,
            });
        }
        match self.half.poll() {
            Some(mut observed) => {
                if let What::Payload { at, .. } = &mut observed.what {
                    *at = carrier.locate(*at);
                }
                observed.range = carrier.report_inner(observed.range.end);
                Some(observed)
            }
            None => carrier
                .poll_rest()
                .map(|(range, what)| Observed { range, what }),
        }
    }
}
