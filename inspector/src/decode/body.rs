//! From the body of a message to a tree: unpacked, read with the right schema, tied to its query.

use std::borrow::Cow;

use mtproto_core::ids::{AuthKeyId, MsgId};
use mtproto_core::message::gzip;
use mtproto_core::tl::Combinator as _;
use mtproto_core::tl::service::{MsgContainer, RpcError, RpcResult};
use tl_parser::{DecodeErrorKind, Limits, Schema, Undecoded as Hole, Value};

use super::exchange;
use super::queries::{Queries, Query, QueryId};
use super::schemas::{Function, Held, Schemas, constructor, static_name, unwrap_query};
use crate::keys::KeyRing;
use crate::record::{Direction, Fault, Role, Undecoded};

/// The most that a packed object is unpacked to.
const MAX_UNPACKED: usize = 32 << 20;

/// A body, decoded as far as possible.
pub(super) struct Decoded<'b> {
    pub(super) role: Role,
    pub(super) name: Cow<'static, str>,
    pub(super) wrappers: Vec<String>,
    pub(super) layer: Option<i32>,
    pub(super) value: Held<'b>,
    pub(super) schema: &'static Schema,
    pub(super) undecoded: Vec<Undecoded>,
    pub(super) unpacked_len: Option<usize>,
    /// The message that this one answers.
    pub(super) answers: Option<MsgId>,
    pub(super) remarks: Vec<String>,
    pub(super) faults: Vec<Fault>,
    /// Messages of a container.
    pub(super) contained: Option<usize>,
}

/// Reads an unencrypted body.
pub(super) fn plain(body: &[u8], keys: &KeyRing) -> Decoded<'static> {
    let schema = Schemas::service();
    // Some clients pad inside of the length.
    let (mut value, rest) = match schema.decode_prefix(body, Limits::NETWORK) {
        Ok((value, len)) => (value, body.get(len..).unwrap_or_default()),
        Err(_) => {
            let (value, holes) = schema.decode_lossy(body, Limits::NETWORK);
            let mut decoded = of_value(Role::KeyExchange, value, schema, None);
            decoded.undecoded = undecoded_parts(&holes, body, None);
            return decoded;
        }
    };
    let mut remarks = Vec::new();
    let mut faults = Vec::new();
    if let Value::Object(object) = &mut value {
        match exchange::reveal(object, keys) {
            Ok(remark) => remarks.extend(remark),
            Err(fault) => faults.push(fault),
        }
    }
    if !rest.is_empty() {
        remarks.push(format!(
            "{} bytes follow the object inside of the length",
            rest.len()
        ));
    }
    Decoded {
        remarks,
        faults,
        ..of_value(Role::KeyExchange, value, schema, None)
    }
}

/// Where objects that were packed stand after unpacking: a message, and the result in it.
#[derive(Default)]
pub(super) struct Room([Option<Vec<u8>>; 2]);

/// Reads a body of an encrypted message.
pub(super) fn encrypted<'b>(
    body: &'b [u8],
    Room([outer, inner]): &'b mut Room,
    id: &QueryId,
    direction: Direction,
    schemas: &mut Schemas,
    queries: &Queries,
) -> Decoded<'b> {
    match gzip::unpack(body, MAX_UNPACKED) {
        Ok(None) => unpacked(body, inner, id, direction, schemas, queries),
        Ok(Some(object)) => {
            let object = outer.insert(object);
            Decoded {
                unpacked_len: Some(object.len()),
                ..unpacked(object, inner, id, direction, schemas, queries)
            }
        }
        Err(error) => not_decoded("gzip_packed", body, error.to_string()),
    }
}

fn unpacked<'b>(
    body: &'b [u8],
    room: &'b mut Option<Vec<u8>>,
    id: &QueryId,
    direction: Direction,
    schemas: &mut Schemas,
    queries: &Queries,
) -> Decoded<'b> {
    let Some(first) = constructor(body) else {
        return not_decoded(
            "(no object)",
            body,
            format!("{} bytes are no object", body.len()),
        );
    };
    if first == RpcResult::ID.0 {
        return result(body, room, id, schemas, queries);
    }
    let service = Schemas::service();
    if first != MsgContainer::ID.0 && service.by_id(first).is_some() {
        return self::service(body);
    }
    let announced = match direction {
        Direction::ClientToServer => schemas.learn(id.key, body),
        Direction::ServerToClient => None,
    };
    let fit = schemas.read(id.key, None, body);
    let Function {
        name,
        wrappers,
        binds_to,
    } = unwrap_query(&fit);
    let role = match direction {
        _ if name.is_none() => Role::Unknown,
        Direction::ClientToServer => Role::Query,
        Direction::ServerToClient => Role::Update,
    };
    let mut remarks = Vec::new();
    if let Some(layer) = announced
        && !schemas.has(layer)
    {
        remarks.push(format!(
            "layer {layer} is not at hand; decoded with layer {}",
            fit.layer
        ));
    }
    remarks.extend(binds_to.map(|permanent| {
        let permanent = AuthKeyId::from_long(permanent);
        format!(
            "binds the temporary key {} to the permanent key {permanent}",
            id.key
        )
    }));
    let undecoded = undecoded_parts(&fit.holes, body, Some((schemas, fit.layer)));
    Decoded {
        role,
        name: name.map_or_else(|| format!("#{first:08x}").into(), Cow::Borrowed),
        wrappers,
        layer: Some(fit.layer),
        value: fit.value,
        schema: fit.schema,
        undecoded,
        unpacked_len: None,
        answers: None,
        remarks,
        faults: Vec::new(),
        contained: None,
    }
}

/// Reads a message of the protocol itself.
fn service(body: &[u8]) -> Decoded<'static> {
    let schema = Schemas::service();
    let (value, holes) = match schema.decode(body, Limits::CAPTURE) {
        Ok(value) => (value, Vec::new()),
        Err(_) => schema.decode_lossy(body, Limits::CAPTURE),
    };
    let answers = value.as_object().and_then(|object| {
        let field = match object.name() {
            "pong" => "msg_id",
            "bad_msg_notification" | "bad_server_salt" => "bad_msg_id",
            "future_salts" | "msgs_state_info" => "req_msg_id",
            _ => return None,
        };
        object.long(field).map(MsgId)
    });
    let undecoded = undecoded_parts(&holes, body, None);
    Decoded {
        answers,
        undecoded,
        ..of_value(Role::Service, value, schema, None)
    }
}

/// Reads `rpc_result`: its content is of the type that the query's function returns.
fn result<'b>(
    body: &'b [u8],
    room: &'b mut Option<Vec<u8>>,
    id: &QueryId,
    schemas: &mut Schemas,
    queries: &Queries,
) -> Decoded<'b> {
    let Some((req_msg_id, content)) = body.get(4..).and_then(|rest| rest.split_first_chunk::<8>())
    else {
        return not_decoded("rpc_result", body, "it ends within its header".to_owned());
    };
    let req_msg_id = MsgId(i64::from_le_bytes(*req_msg_id));
    let query = queries.get(&QueryId {
        msg_id: req_msg_id,
        ..*id
    });
    let (content, unpacked_len) = match gzip::unpack(content, MAX_UNPACKED) {
        Ok(None) => (content, None),
        Ok(Some(object)) => {
            let len = object.len() + 12;
            (room.insert(object).as_slice(), Some(len))
        }
        Err(error) => {
            let mut decoded = not_decoded("gzip_packed", content, error.to_string());
            decoded.answers = Some(req_msg_id);
            decoded.role = Role::Result;
            return decoded;
        }
    };
    let first = constructor(content);
    let is_service = first == Some(RpcError::ID.0)
        // Answers to rpc_drop_answer and the like; a vector is in every schema.
        || first.is_some_and(|id| id != VECTOR && Schemas::service().by_id(id).is_some());
    let decoded = if is_service {
        service(content)
    } else {
        let function = query.map(|query| &*query.method);
        let fit = schemas.read(id.key, function, content);
        let undecoded = undecoded_parts(&fit.holes, content, Some((schemas, fit.layer)));
        let name = match first {
            Some(VECTOR) => "vector".into(),
            Some(first) => static_name(fit.schema, first)
                .map_or_else(|| format!("#{first:08x}").into(), Cow::Borrowed),
            None => "(no object)".into(),
        };
        let value = match fit.value {
            // Nothing of it is known.
            Held::Tree(Value::Vector(_)) if first != Some(VECTOR) => Held::Nothing,
            value => value,
        };
        Decoded {
            undecoded,
            name,
            ..of_held(Role::Result, value, fit.schema, Some(fit.layer))
        }
    };
    Decoded {
        role: Role::Result,
        answers: Some(req_msg_id),
        unpacked_len,
        ..decoded
    }
}

/// `vector#1cb5c415`.
const VECTOR: u32 = 0x1cb5_c415;

fn of_value(
    role: Role,
    value: Value,
    schema: &'static Schema,
    layer: Option<i32>,
) -> Decoded<'static> {
    let name = match &value {
        Value::Object(object) => object.name().to_owned().into(),
        Value::Vector(_) => "vector".into(),
        Value::Bool(value) => if *value { "boolTrue" } else { "boolFalse" }.into(),
        _ => "(value)".into(),
    };
    Decoded {
        name,
        ..of_held(role, Held::Tree(value), schema, layer)
    }
}

/// A body under no name yet.
const fn of_held<'b>(
    role: Role,
    value: Held<'b>,
    schema: &'static Schema,
    layer: Option<i32>,
) -> Decoded<'b> {
    Decoded {
        role,
        name: Cow::Borrowed(""),
        wrappers: Vec::new(),
        layer,
        value,
        schema,
        undecoded: Vec::new(),
        unpacked_len: None,
        answers: None,
        remarks: Vec::new(),
        faults: Vec::new(),
        contained: None,
    }
}

/// The row of a container, whose messages have rows of their own.
pub(super) fn container(
    messages: usize,
    undecoded: Option<Undecoded>,
    faults: Vec<Fault>,
) -> Decoded<'static> {
    Decoded {
        name: "msg_container".into(),
        undecoded: undecoded.into_iter().collect(),
        faults,
        contained: Some(messages),
        ..of_held(Role::Container, Held::Nothing, Schemas::service(), None)
    }
}

fn not_decoded(name: &'static str, body: &[u8], reason: String) -> Decoded<'static> {
    Decoded {
        name: name.into(),
        undecoded: vec![Undecoded {
            offset: 0,
            bytes: body.to_vec(),
            reason,
            misaligned: false,
        }],
        ..of_held(Role::Unknown, Held::Nothing, Schemas::service(), None)
    }
}

fn undecoded_parts(holes: &[Hole], body: &[u8], known: Option<(&Schemas, i32)>) -> Vec<Undecoded> {
    holes
        .iter()
        .map(|hole| undecoded(hole, body, known))
        .collect()
}

/// A hole with the reason in words, an unknown constructor named if any layer knows it.
fn undecoded(hole: &Hole, body: &[u8], known: Option<(&Schemas, i32)>) -> Undecoded {
    let mut reason = hole.error.to_string();
    let mut misaligned = false;
    if let DecodeErrorKind::UnknownConstructor { id } = hole.error.kind() {
        let explained = known.and_then(|(schemas, layer)| schemas.explain(*id, layer));
        let guess = looks_like(*id).filter(|_| explained.is_none() && hole.range.start > 0);
        misaligned = guess.is_some();
        reason.push_str("; ");
        reason.push_str(&explained.unwrap_or_else(|| "no layer at hand has it".to_owned()));
        if let Some(guess) = guess {
            reason.push_str(&format!(
                ", but it reads as {guess}: the reading went out of step before it"
            ));
        }
    }
    let bytes = body.get(hole.range.clone()).unwrap_or_default().to_vec();
    Undecoded {
        offset: hole.range.start,
        bytes,
        reason,
        misaligned,
    }
}

/// What a word that is no constructor may be instead.
fn looks_like(word: u32) -> Option<String> {
    let bytes = word.to_le_bytes();
    match word {
        // The years 2013 to 2036.
        1_356_998_400..2_082_758_400 => Some(format!("the Unix time {word}")),
        0..0x1_0000 => Some(format!("the number {word}")),
        _ if bytes.iter().all(u8::is_ascii_graphic) => Some(format!(
            "the text {:?}",
            bytes.map(char::from).iter().collect::<String>()
        )),
        _ => None,
    }
}

/// A query as it is remembered.
pub(super) fn as_query(
    decoded: &Decoded<'_>,
    conn: crate::record::ConnId,
    at: crate::record::At,
) -> Option<Query> {
    let answered = match decoded.role {
        Role::Query => true,
        Role::Service => matches!(
            &*decoded.name,
            "ping"
                | "ping_delay_disconnect"
                | "get_future_salts"
                | "msgs_state_req"
                | "rpc_drop_answer"
                | "destroy_session"
                | "destroy_auth_key"
        ),
        _ => false,
    };
    answered.then(|| Query {
        method: decoded.name.clone(),
        is_rpc: decoded.role == Role::Query,
        is_init: decoded
            .wrappers
            .iter()
            .any(|wrapper| wrapper == "initConnection"),
        conn,
        at,
        answered: false,
    })
}
