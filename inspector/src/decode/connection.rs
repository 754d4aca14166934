//! One connection: its two streams cut into frames, its bytes accounted for.

use std::borrow::Cow;

use mtproto_core::message::auth_key_id;
use mtproto_core::transport::carrier::Carrier;
use mtproto_core::transport::detect::{FirstBytes, first_bytes};
use mtproto_core::transport::passive::{SkipReason, Tap, What};
use mtproto_core::transport::{FrameError, FrameLimits, SecretForm};

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
    /// Secrets at hand of proxies that imitate TLS.
    fake_tls_secrets: usize,
    /// The last message of the client and of the server.
    last: [Option<Cow<'static, str>>; 2],
    /// Bytes sent by the client and by the server.
    sent: [u64; 2],
    /// The last transport error.
    refused: Option<i32>,
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
            fake_tls_secrets: keys
                .proxy_secrets()
                .iter()
                .filter(|secret| matches!(secret.form(), SecretForm::FakeTls { .. }))
                .count(),
            last: [None, None],
            sent: [0; 2],
            refused: None,
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
        self.sent[direction as usize] += bytes.len() as u64;
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
                    carrier: self.tap.carrier(),
                    detected: Some(detected),
                }));
            }
            let is_http = !self.announced && self.tap.carrier() == Some(Carrier::Http);
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
                    // Not every HTTP is MTProto, so it is reported with its first payload.
                    if is_http && auth_key_id(data).is_some() {
                        self.announced = true;
                        sink(&Row::Transport(&Transport {
                            at,
                            conn: self.conn,
                            carrier: Some(Carrier::Http),
                            detected: None,
                        }));
                    }
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
                    self.refused = Some(code);
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
            self.settle(direction, len, outcome);
        }
    }

    /// Books the bytes of one observed range.
    fn settle(&mut self, direction: Direction, len: u64, outcome: Outcome) {
        let undecoded = outcome.undecoded.min(len);
        self.bytes.add(outcome.class, len - undecoded);
        self.bytes.add(ByteClass::Error, undecoded);
        self.messages += outcome.messages;
        self.stage = self.stage.max(outcome.stage);
        if outcome.last.is_some() {
            self.last[direction as usize] = outcome.last;
        }
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
        if self.stage == Stage::Tcp
            && matches!(
                self.tap.carrier(),
                Some(Carrier::WebSocket | Carrier::FakeTls { .. })
            )
        {
            self.stage = Stage::Proxy;
        }
        let reasons = self.reasons(cut_off);
        ConnectionEnd {
            at,
            conn: self.conn,
            end,
            stage: self.stage,
            stopped: self.stopped(),
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

    /// Why the connection came no further than its stage.
    fn stopped(&self) -> Option<String> {
        let [client, server] = &self.last;
        let last = |name: &Option<Cow<'static, str>>| match name {
            Some(name) => format!("its last message is {name}"),
            None => "it sent no message".to_owned(),
        };
        if let Some(code) = self.refused.filter(|_| self.stage < Stage::Authorised) {
            return Some(format!(
                "the server answered with the transport error {code}"
            ));
        }
        Some(match self.stage {
            Stage::Authorised => return None,
            Stage::Tcp if self.sent == [0, 0] => {
                "no side sent a byte: the client gave up, or the server is not there".to_owned()
            }
            Stage::Tcp if self.sent[0] == 0 => "the client sent nothing".to_owned(),
            Stage::Tcp | Stage::Proxy if self.sent[1] == 0 => format!(
                "the server did not answer the client's first {} bytes: it does not speak this transport or carrier, \
                 or the proxy secret is another one",
                self.sent[0]
            ),
            Stage::Tcp => "no MTProto was found in it".to_owned(),
            Stage::Proxy => "the carrier was opened, but no MTProto followed in it".to_owned(),
            Stage::Transport if client.is_none() => {
                "the client announced its transport and sent no message".to_owned()
            }
            Stage::Transport if server.is_none() => format!(
                "the server sent no message, the client's last is {}",
                client.as_deref().unwrap_or_default()
            ),
            Stage::Transport => "the server's answer to req_pq is missing".to_owned(),
            Stage::ResPq if client.as_deref().is_some_and(|name| name.starts_with("req_pq")) => {
                "the client did not go on after resPQ: it holds none of the RSA keys that the server offered, or \
                 could not factor pq"
                    .to_owned()
            }
            Stage::ResPq => format!(
                "the key exchange was not finished: of the client, {}; of the server, {}",
                last(client),
                last(server)
            ),
            Stage::KeyExchange => "a key was agreed on, but no encrypted message followed".to_owned(),
            Stage::Encrypted => "no encrypted message could be read".to_owned(),
            Stage::Session => format!(
                "no query was answered: of the client, {}; of the server, {}",
                last(client),
                last(server)
            ),
            Stage::Rpc => "queries were answered, but none in initConnection without an error, and none that needs a \
                           login"
                .to_owned(),
            Stage::InitConnection => "no login, and no query that needs one, was answered without an error".to_owned(),
        })
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
            FirstBytes::Tls if self.fake_tls_secrets > 0 => format!(
                "this is TLS, or MTProto behind another proxy that imitates it: none of the {} secrets at hand that \
                 begin with ee made the client's hello",
                self.fake_tls_secrets
            ),
            FirstBytes::Tls => "this is TLS, or MTProto behind a proxy that imitates it, whose secret (it begins with \
                                ee) is not at hand (MTPROTO_PROXY_SECRET in the key log)"
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
