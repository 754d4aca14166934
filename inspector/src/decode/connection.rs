//! One connection: its two streams cut into frames, its bytes accounted for.

use mtproto_core::transport::carrier::Carrier;
use mtproto_core::transport::detect::{FirstBytes, first_bytes};
use mtproto_core::transport::passive::{SkipReason, Tap, What};
use mtproto_core::transport::{FrameError, FrameLimits};

use super::message::{FrameAt, Outcome};
use super::{Shared, Sink, kdf_direction};
use crate::account::{ByteClass, ByteCounts};
use crate::keys::KeyRing;
use crate::record::{
    At, ConnId, Connection as ConnectionRow, ConnectionEnd, Direction, End, Frame, FrameKind, Row,
    Span, Stage, Transport,
};

/// First bytes of the client that are kept to say what a stream is that is not MTProto.
const HEAD: usize = 16;
/// Keys whose frames are looked for after a gap.
const MAX_EXPECTED: usize = 256;

/// State of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    conn: ConnId,
    from_start: bool,
    tap: Tap,
    /// Whether the transport was reported.
    announced: bool,
    /// The client's first bytes.
    head: Vec<u8>,
    pub(super) stage: Stage,
    pub(super) bytes: ByteCounts,
    pub(super) messages: u64,
    /// Retransmissions with another content.
    differing: u64,
    /// Frames whose key is not known.
    keyless: u64,
    /// The first error of a frame, and the number of all.
    errors: Option<(String, u64)>,
}

impl Connection {
    pub(super) fn new(row: &ConnectionRow, keys: &KeyRing) -> Self {
        let mut tap = Tap::new(keys.proxy_secrets(), FrameLimits::default());
        for known in keys.auth_keys().take(MAX_EXPECTED) {
            tap.expect_key(known.key.id());
        }
        if !row.from_start {
            // Whatever the first bytes look like, they are not the first of the stream.
            tap.handle_gap(mtproto_core::crypto::kdf::Direction::ClientToServer, 0);
        }
        Self {
            conn: row.conn,
            from_start: row.from_start,
            tap,
            announced: false,
            head: Vec::new(),
            stage: Stage::Tcp,
            bytes: ByteCounts::default(),
            messages: 0,
            differing: 0,
            keyless: 0,
            errors: None,
        }
    }

    pub(super) fn data(
        &mut self,
        direction: Direction,
        at: At,
        bytes: &[u8],
        shared: &mut Shared,
        sink: &mut Sink<'_>,
    ) {
        if direction == Direction::ClientToServer && self.head.len() < HEAD {
            let wanted = bytes.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&bytes[..wanted]);
        }
        self.tap.handle_bytes(kdf_direction(direction), bytes);
        self.drain_both(direction, at, shared, sink);
    }

    pub(super) fn gap(
        &mut self,
        direction: Direction,
        at: At,
        bytes: u64,
        shared: &mut Shared,
        sink: &mut Sink<'_>,
    ) {
        self.tap.handle_gap(kdf_direction(direction), bytes);
        self.drain_both(direction, at, shared, sink);
    }

    pub(super) const fn differs(&mut self, _direction: Direction, _at: At) {
        self.differing += 1;
    }

    /// Takes what is ready, in the direction that brought it first: the client's bytes may settle what the server's
    /// are, and the other way round after a gap.
    fn drain_both(
        &mut self,
        direction: Direction,
        at: At,
        shared: &mut Shared,
        sink: &mut Sink<'_>,
    ) {
        self.drain(direction, at, shared, sink);
        self.drain(direction.reverse(), at, shared, sink);
    }

    fn drain(&mut self, direction: Direction, at: At, shared: &mut Shared, sink: &mut Sink<'_>) {
        loop {
            if !self.announced
                && let Some(detected) = self.tap.detected()
            {
                self.announced = true;
                self.stage = self.stage.max(Stage::Transport);
                sink(&Row::Transport(&Transport {
                    at,
                    conn: self.conn,
                    detected,
                }));
            }
            let Some(observed) = self.tap.poll(kdf_direction(direction)) else {
                return;
            };
            let len = observed.range.end - observed.range.start;
            let span = Span {
                offset: observed.range.start,
                len,
            };
            let place = FrameAt {
                at,
                conn: self.conn,
                direction,
                span,
            };
            let outcome = match observed.what {
                What::Payload {
                    data,
                    quick_ack_requested,
                    broken,
                    ..
                } => {
                    let mut outcome = shared.frame(&place, data, quick_ack_requested, sink);
                    if let Some(error) = broken {
                        let rule = frame_rule(&error);
                        let reason = error.to_string();
                        sink(&Row::Frame(&place.row(FrameKind::Error {
                            reason: reason.clone(),
                            rule,
                        })));
                        outcome = outcome.and_error(reason);
                    }
                    outcome
                }
                What::Preamble => Outcome::all(ByteClass::Handshake),
                What::QuickAck(token) => {
                    sink(&Row::Frame(&place.row(FrameKind::QuickAck(token))));
                    Outcome::all(ByteClass::Decoded)
                }
                What::TransportError(code) => {
                    sink(&Row::Frame(&place.row(FrameKind::TransportError(code))));
                    Outcome::all(ByteClass::Decoded)
                }
                What::Lost => {
                    sink(&Row::Frame(&place.row(FrameKind::Gap)));
                    Outcome::all(ByteClass::Gap)
                }
                // Reported once, when the connection ends: such streams are often long.
                What::Skipped(SkipReason::UnknownTransport) => Outcome::all(ByteClass::NotMtproto),
                What::Skipped(reason) => {
                    let rule = match reason {
                        SkipReason::AfterError(error) => frame_rule(&error),
                        _ => None,
                    };
                    let reason = skip_reason(reason);
                    sink(&Row::Frame(&place.row(FrameKind::Error {
                        reason: reason.clone(),
                        rule,
                    })));
                    Outcome::error(reason)
                }
            };
            self.settle(len, outcome);
        }
    }

    /// Books the bytes of one observed range.
    fn settle(&mut self, len: u64, outcome: Outcome) {
        let undecoded = outcome.undecoded.min(len);
        self.bytes.add(outcome.class, len - undecoded);
        self.bytes.add(ByteClass::Error, undecoded);
        self.messages += outcome.messages;
        self.stage = self.stage.max(outcome.stage);
        self.keyless += u64::from(outcome.class == ByteClass::NoKey);
        if let Some(error) = outcome.error {
            let (_, count) = self.errors.get_or_insert((error, 0));
            *count += 1;
        }
    }

    /// Ends the connection: what is left of each direction is accounted for.
    pub(super) fn end(mut self, at: At, end: End) -> ConnectionEnd {
        let mut cut_off = 0;
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let pending = self.tap.pending(kdf_direction(direction));
            let len = pending.end - pending.start;
            if self.announced {
                self.bytes.add(ByteClass::Error, len);
                cut_off += len;
            } else {
                self.bytes.add(ByteClass::NotMtproto, len);
            }
        }
        // Much that is HTTP is no MTProto, which only its bodies tell.
        if self.messages == 0 && self.tap.carrier() == Some(Carrier::Http) {
            self.bytes
                .reclassify(ByteClass::Handshake, ByteClass::NotMtproto);
            self.bytes
                .reclassify(ByteClass::Error, ByteClass::NotMtproto);
            self.errors = None;
        }
        let reasons = self.reasons(cut_off);
        ConnectionEnd {
            at,
            conn: self.conn,
            end,
            stage: self.stage,
            bytes: self.bytes,
            messages: self.messages,
            reasons,
        }
    }

    fn reasons(&self, cut_off: u64) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.bytes[ByteClass::NotMtproto] > 0 {
            reasons.push(self.not_mtproto());
        }
        if self.keyless > 0 {
            reasons.push(format!(
                "{} encrypted messages have keys that are not at hand: give the key log that the client or server wrote",
                self.keyless
            ));
        }
        if self.bytes[ByteClass::Gap] > 0 {
            reasons.push(format!(
                "{} bytes are missing in the capture: capture with a larger buffer and without a length limit",
                self.bytes[ByteClass::Gap]
            ));
        }
        if cut_off > 0 {
            reasons.push(format!(
                "{cut_off} bytes at the end are an incomplete frame"
            ));
        }
        if let Some((first, count)) = &self.errors {
            reasons.push(format!(
                "{count} ranges could not be decoded, the first: {first}"
            ));
        }
        if self.differing > 0 {
            reasons.push(format!(
                "{} retransmissions differ from what was sent first",
                self.differing
            ));
        }
        reasons
    }

    /// What a stream is that is not MTProto, as far as its first bytes tell.
    fn not_mtproto(&self) -> String {
        if !self.from_start {
            return "the capture lacks the beginning, and no frame of a known key was found: an obfuscated stream \
                    cannot be read without its first 64 bytes"
                .to_owned();
        }
        match first_bytes(&self.head) {
            FirstBytes::Http => "this is HTTP, and nothing in it is MTProto".to_owned(),
            FirstBytes::Tls => "this is TLS, or MTProto behind a proxy that imitates it (a secret that begins \
                                with ee), which is not decoded"
                .to_owned(),
            FirstBytes::NeedMore => "too few bytes to tell a transport".to_owned(),
            _ => "no known transport: not MTProto, or obfuscated for an MTProxy whose secret is not at hand \
                  (MTPROTO_PROXY_SECRET in the key log)"
                .to_owned(),
        }
    }
}

impl FrameAt {
    fn row(&self, kind: FrameKind) -> Frame {
        Frame {
            at: self.at,
            conn: self.conn,
            direction: self.direction,
            span: self.span,
            kind,
        }
    }
}

impl ConnectionEnd {
    /// Whether any frame of MTProto was found.
    #[must_use]
    pub fn is_mtproto(&self) -> bool {
        self.stage > Stage::Transport
    }
}

/// The rule of its transport that a frame breaks.
const fn frame_rule(error: &FrameError) -> Option<&'static str> {
    match error {
        FrameError::TooLong { .. } => Some("tr_10"),
        FrameError::BadLength { .. } => Some("tr_09"),
        FrameError::SequenceNumber { .. } => Some("tr_14"),
        FrameError::Checksum { .. } => Some("tr_13"),
        _ => None,
    }
}

fn skip_reason(reason: SkipReason) -> String {
    match reason {
        SkipReason::UnknownTransport => "no known transport".to_owned(),
        SkipReason::Damaged => "the rest of a frame that has lost bytes".to_owned(),
        SkipReason::AfterGap => "no frame is known to begin here after the lost bytes".to_owned(),
        SkipReason::AfterError(error) => error.to_string(),
        _ => "not part of a frame".to_owned(),
    }
}
