//! One frame: decrypted, its containers opened, each message a row.

use std::borrow::Cow;

use mtproto_core::ids::{AuthKeyId, MsgId, SeqNo};
use mtproto_core::message::container::{self, ContainerError};
use mtproto_core::message::{auth_key_id, plain};
use mtproto_core::tl::service::MsgContainer;
use mtproto_core::tl::{Combinator as _, Reader};

use super::body::{self, Decoded, Room};
use super::open::{self, Opened};
use super::queries::{Query, QueryId};
use super::schemas::constructor;
use super::{Shared, Sink, kdf_direction};
use crate::account::ByteClass;
use crate::record::{
    Answered, At, ConnId, Direction, Fault, Frame, FrameKind, Message, Role, Row, Security, Span,
    Stage, Undecoded,
};

/// Where a frame stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameAt {
    pub(super) at: At,
    pub(super) conn: ConnId,
    pub(super) direction: Direction,
    pub(super) span: Span,
}

/// What became of a frame.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The class of its bytes.
    pub(super) class: ByteClass,
    /// Bytes of it that count as errors nevertheless.
    pub(super) undecoded: u64,
    pub(super) messages: u64,
    pub(super) stage: Stage,
    /// The name of the last message.
    pub(super) last: Option<Cow<'static, str>>,
    pub(super) error: Option<String>,
}

impl Outcome {
    pub(super) const fn all(class: ByteClass) -> Self {
        Self {
            class,
            undecoded: 0,
            messages: 0,
            stage: match class {
                ByteClass::NotMtproto => Stage::Tcp,
                _ => Stage::Transport,
            },
            last: None,
            error: None,
        }
    }

    pub(super) fn error(reason: String) -> Self {
        Self {
            error: Some(reason),
            ..Self::all(ByteClass::Error)
        }
    }

    pub(super) fn and_error(self, reason: String) -> Self {
        Self {
            error: Some(reason),
            ..self
        }
    }
}

/// The envelope of one message.
#[derive(Clone, Copy)]
struct Envelope {
    security: Security,
    msg_id: MsgId,
    seq_no: Option<SeqNo>,
    container: Option<MsgId>,
    quick_ack: bool,
}

impl Shared {
    /// Takes the payload of one frame.
    pub(super) fn frame(
        &mut self,
        place: &FrameAt,
        data: &mut [u8],
        quick_ack: bool,
        sink: &mut Sink<'_>,
    ) -> Outcome {
        match auth_key_id(data) {
            None => {
                let reason = format!("a frame of {} bytes is no message", data.len());
                self.refused(place, reason, Some("en_18"), sink)
            }
            Some(AuthKeyId::UNENCRYPTED) => self.plain(place, data, quick_ack, sink),
            Some(id) => self.encrypted(place, id, data, quick_ack, sink),
        }
    }

    fn refused(
        &self,
        place: &FrameAt,
        reason: String,
        rule: Option<&'static str>,
        sink: &mut Sink<'_>,
    ) -> Outcome {
        let &FrameAt {
            at,
            conn,
            direction,
            span,
        } = place;
        let kind = FrameKind::Error {
            reason: reason.clone(),
            rule,
        };
        sink(&Row::Frame(&Frame {
            at,
            conn,
            direction,
            span,
            kind,
        }));
        Outcome::error(reason)
    }

    fn plain(
        &mut self,
        place: &FrameAt,
        data: &[u8],
        quick_ack: bool,
        sink: &mut Sink<'_>,
    ) -> Outcome {
        let message = match plain::read(data) {
            Ok(message) => message,
            Err(error) => return self.refused(place, error.to_string(), Some("hs_48"), sink),
        };
        let decoded = body::plain(message.body, &self.keys);
        let stage = match &*decoded.name {
            "resPQ" => Stage::ResPq,
            "dh_gen_ok" => Stage::KeyExchange,
            _ => Stage::Transport,
        };
        let envelope = Envelope {
            security: Security::Plain,
            msg_id: message.msg_id,
            seq_no: None,
            container: None,
            quick_ack,
        };
        let undecoded = self.row(place, &envelope, message.body, &decoded, None, sink);
        Outcome {
            undecoded,
            messages: 1,
            stage,
            last: Some(decoded.name),
            ..Outcome::all(ByteClass::Handshake)
        }
    }

    fn encrypted(
        &mut self,
        place: &FrameAt,
        id: AuthKeyId,
        data: &mut [u8],
        quick_ack: bool,
        sink: &mut Sink<'_>,
    ) -> Outcome {
        let Some(known) = self.keys.auth_key(id) else {
            let &FrameAt {
                at,
                conn,
                direction,
                span,
            } = place;
            self.missing_key(id);
            sink(&Row::Frame(&Frame {
                at,
                conn,
                direction,
                span,
                kind: FrameKind::NoKey(id),
            }));
            return Outcome {
                stage: Stage::Encrypted,
                ..Outcome::all(ByteClass::NoKey)
            };
        };
        let life = known.life;
        let Opened {
            header,
            body,
            padding,
            version,
            faults,
        } = match open::open(&known.key, kdf_direction(place.direction), data) {
            Ok(opened) => opened,
            Err(refusal) => {
                let outcome = self.refused(place, refusal.to_string(), Some(refusal.rule()), sink);
                return Outcome {
                    stage: Stage::Encrypted,
                    ..outcome
                };
            }
        };
        let security = Security::Encrypted {
            auth_key_id: id,
            life,
            version,
            session_id: header.session_id,
            salt: header.salt,
            padding,
        };
        let envelope = Envelope {
            security,
            msg_id: header.msg_id,
            seq_no: Some(header.seq_no),
            container: None,
            quick_ack,
        };
        let query = QueryId {
            key: id,
            session: header.session_id,
            msg_id: header.msg_id,
        };
        let mut outcome = Outcome {
            stage: Stage::Session,
            ..Outcome::all(ByteClass::Decoded)
        };
        if constructor(body) == Some(MsgContainer::ID.0) {
            self.container(place, &envelope, &query, body, faults, &mut outcome, sink);
        } else {
            self.message(place, &envelope, &query, body, faults, &mut outcome, sink);
        }
        outcome
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "place, envelope and body of a message, and where results go"
    )]
    fn container(
        &mut self,
        place: &FrameAt,
        envelope: &Envelope,
        id: &QueryId,
        body: &[u8],
        mut faults: Vec<Fault>,
        outcome: &mut Outcome,
        sink: &mut Sink<'_>,
    ) {
        let content = body.get(4..).unwrap_or_default();
        if let Err(error) = container::read(envelope.msg_id, MsgContainer { messages: content }) {
            faults.push(Fault {
                rule: container_rule(&error),
                text: error.to_string(),
            });
        }
        // What breaks a rule is shown all the same, as far as it can be cut into messages.
        let (messages, rest) = cut(content);
        let undecoded = (!rest.is_empty()).then(|| Undecoded {
            offset: body.len() - rest.len(),
            bytes: rest.to_vec(),
            reason: "not part of any message of the container".to_owned(),
            misaligned: false,
        });
        let decoded = body::container(messages.len(), undecoded, faults);
        outcome.undecoded += self.row(place, envelope, body, &decoded, None, sink);
        outcome.messages += 1;
        for (msg_id, seq_no, body) in messages {
            let inner = Envelope {
                msg_id,
                seq_no: Some(seq_no),
                container: Some(envelope.msg_id),
                quick_ack: false,
                ..*envelope
            };
            self.message(
                place,
                &inner,
                &QueryId { msg_id, ..*id },
                body,
                Vec::new(),
                outcome,
                sink,
            );
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "place, envelope and body of a message, and where results go"
    )]
    fn message(
        &mut self,
        place: &FrameAt,
        envelope: &Envelope,
        id: &QueryId,
        body: &[u8],
        faults: Vec<Fault>,
        outcome: &mut Outcome,
        sink: &mut Sink<'_>,
    ) {
        let mut room = Room::default();
        let (schemas, queries) = (&mut self.schemas, &self.queries);
        let mut decoded = body::encrypted(body, &mut room, id, place.direction, schemas, queries);
        decoded.faults.extend(faults);
        outcome.messages += 1;
        outcome.undecoded += self.row(place, envelope, body, &decoded, Some(id), sink);
        if decoded.role == Role::Query {
            self.summary.queries += 1;
        }
        if decoded.role == Role::Result {
            let query = decoded
                .answers
                .and_then(|msg_id| self.queries.get(&QueryId { msg_id, ..*id }));
            outcome.stage = outcome.stage.max(reached(&decoded.name, query));
            self.summary.rpc_errors += u64::from(decoded.name == "rpc_error");
        }
        if let Some(answered) = decoded
            .answers
            .filter(|_| place.direction == Direction::ServerToClient)
        {
            let first = self.queries.answered(&QueryId {
                msg_id: answered,
                ..*id
            });
            let counted = if decoded.role == Role::Result {
                &mut self.summary.answered
            } else {
                &mut self.summary.refused
            };
            *counted += u64::from(first);
        }
        if let Some(query) = body::as_query(&decoded, place.conn, place.at) {
            self.queries.sent(*id, query);
        }
        self.schemas.recycle(decoded.value);
        outcome.last = Some(decoded.name);
    }

    /// Hands out the row of a message; returns how many of its bytes were not decoded.
    fn row(
        &mut self,
        place: &FrameAt,
        envelope: &Envelope,
        body: &[u8],
        decoded: &Decoded<'_>,
        id: Option<&QueryId>,
        sink: &mut Sink<'_>,
    ) -> u64 {
        let answers = decoded.answers.map(|msg_id| {
            let query = id.and_then(|id| self.queries.get(&QueryId { msg_id, ..*id }));
            Answered {
                msg_id,
                method: query.map(|query| &*query.method),
                conn: query.map(|query| query.conn),
                packet: query.map(|query| query.at.packet),
                latency: query.map(|query| query.age(&place.at)),
            }
        });
        let checksum = crc32fast::hash(body);
        sink(&Row::Message(&Message {
            at: place.at,
            conn: place.conn,
            direction: place.direction,
            frame: place.span,
            security: envelope.security,
            msg_id: envelope.msg_id,
            seq_no: envelope.seq_no,
            container: envelope.container,
            len: body.len(),
            unpacked_len: decoded.unpacked_len,
            quick_ack: envelope.quick_ack,
            role: decoded.role,
            name: &decoded.name,
            wrappers: &decoded.wrappers,
            layer: decoded.layer,
            body: decoded.value.as_body(),
            schema: decoded.schema,
            undecoded: &decoded.undecoded,
            answers,
            contained: decoded.contained,
            checksum,
            remarks: &decoded.remarks,
            faults: &decoded.faults,
        }));
        let undecoded = decoded
            .undecoded
            .iter()
            .map(|range| range.bytes.len() as u64)
            .sum();
        self.summary.messages += 1;
        self.summary.undecoded += undecoded;
        undecoded
    }
}

/// How far a result shows its connection to be.
fn reached(result: &str, query: Option<&Query>) -> Stage {
    let Some(query) = query.filter(|_| result != "rpc_error") else {
        return Stage::Rpc;
    };
    let needs_login = result == "auth.authorization"
        || !["help.", "auth.", "langpack.", "account.getPassword"]
            .iter()
            .any(|open| query.method.starts_with(open));
    match (needs_login && query.is_rpc, query.is_init) {
        (true, _) => Stage::Authorised,
        (false, true) => Stage::InitConnection,
        (false, false) => Stage::Rpc,
    }
}

/// The rule that a container breaks.
const fn container_rule(error: &ContainerError) -> &'static str {
    match error {
        ContainerError::Nested => "sv_03",
        ContainerError::InnerIdNotLower { .. } => "sv_08",
        ContainerError::Length { .. } => "sv_11",
        _ => "sv_05",
    }
}

/// Identifier, sequence number and body of a message in a container.
type Inner<'a> = (MsgId, SeqNo, &'a [u8]);

/// Messages of a container's content, and what is left of it.
fn cut(content: &[u8]) -> (Vec<Inner<'_>>, &[u8]) {
    let mut reader = Reader::new(content);
    let count = reader.int().unwrap_or_default();
    let mut messages = Vec::new();
    let mut rest = reader.rest();
    for _ in 0..count {
        let message = (|| {
            let (msg_id, seq_no) = (MsgId(reader.long().ok()?), SeqNo(reader.int().ok()?));
            let len = usize::try_from(reader.int().ok()?).ok()?;
            Some((msg_id, seq_no, reader.take(len).ok()?))
        })();
        let Some(message) = message else {
            break;
        };
        messages.push(message);
        rest = reader.rest();
    }
    (messages, rest)
}
