//! From the body of a message to a tree: unpacked, read with the right schema, tied to its query.

use mtproto_core::ids::{AuthKeyId, MsgId};
use mtproto_core::message::gzip;
use mtproto_core::tl::Combinator as _;
use mtproto_core::tl::service::{MsgContainer, RpcError, RpcResult};
use tl_parser::{DecodeErrorKind, Limits, Object, Schema, Undecoded as Hole, Value};

use super::exchange;
use super::queries::{Queries, Query, QueryId};
use super::schemas::{Schemas, constructor, unwrap_query};
use crate::keys::KeyRing;
use crate::record::{Direction, Fault, Role, Undecoded};

/// The most that a packed object is unpacked to.
const MAX_UNPACKED: usize = 32 << 20;

/// A body, decoded as far as possible.
pub(super) struct Decoded {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) wrappers: Vec<String>,
    pub(super) layer: Option<i32>,
    pub(super) value: Option<Value>,
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
pub(super) fn plain(body: &[u8], keys: &KeyRing) -> Decoded {
    let schema = Schemas::service();
    // Some clients pad inside of the length.
    let (mut value, rest) = match schema.decode_prefix(body, Limits::NETWORK) {
        Ok((value, len)) => (value, body.get(len..).unwrap_or_default()),
        Err(_) => {
            let (value, holes) = schema.decode_lossy(body, Limits::NETWORK);
            let mut decoded = of_value(Role::KeyExchange, value, schema, None);
            decoded.undecoded = holes
                .iter()
                .map(|hole| undecoded(hole, body, None))
                .collect();
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

/// Reads a body of an encrypted message.
pub(super) fn encrypted(
    body: &[u8],
    id: &QueryId,
    direction: Direction,
    schemas: &mut Schemas,
    queries: &Queries,
) -> Decoded {
    match gzip::unpack(body, MAX_UNPACKED) {
        Ok(None) => unpacked(body, id, direction, schemas, queries),
        Ok(Some(object)) => Decoded {
            unpacked_len: Some(object.len()),
            ..unpacked(&object, id, direction, schemas, queries)
        },
        Err(error) => not_decoded("gzip_packed", body, error.to_string()),
    }
}

fn unpacked(
    body: &[u8],
    id: &QueryId,
    direction: Direction,
    schemas: &mut Schemas,
    queries: &Queries,
) -> Decoded {
    let Some(first) = constructor(body) else {
        return not_decoded(
            "(no object)",
            body,
            format!("{} bytes are no object", body.len()),
        );
    };
    if first == RpcResult::ID.0 {
        return result(body, id, schemas, queries);
    }
    let service = Schemas::service();
    if first != MsgContainer::ID.0 && service.by_id(first).is_some() {
        return self::service(body);
    }
    let announced = match direction {
        Direction::ClientToServer => schemas.learn(id.key, body),
        Direction::ServerToClient => None,
    };
    let fit = schemas.read(id.key, body);
    let (function, wrappers) = unwrap_query(&fit.value, fit.schema);
    let name = function.map(|object| object.name().to_owned());
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
    remarks.extend(function.and_then(|function| binding(function, id.key)));
    let holes = fit
        .holes
        .iter()
        .map(|hole| undecoded(hole, body, Some((schemas, fit.layer))))
        .collect();
    Decoded {
        role,
        name: name.unwrap_or_else(|| format!("#{first:08x}")),
        wrappers,
        layer: Some(fit.layer),
        value: Some(fit.value),
        schema: fit.schema,
        undecoded: holes,
        unpacked_len: None,
        answers: None,
        remarks,
        faults: Vec::new(),
        contained: None,
    }
}

/// A remark on a query that binds a temporary key.
fn binding(function: &Object, key: AuthKeyId) -> Option<String> {
    (function.name() == "auth.bindTempAuthKey").then(|| {
        let permanent = AuthKeyId::from_long(function.long("perm_auth_key_id").unwrap_or_default());
        format!("binds the temporary key {key} to the permanent key {permanent}")
    })
}

/// Reads a message of the protocol itself.
fn service(body: &[u8]) -> Decoded {
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
    let undecoded = holes
        .iter()
        .map(|hole| undecoded(hole, body, None))
        .collect();
    Decoded {
        answers,
        undecoded,
        ..of_value(Role::Service, value, schema, None)
    }
}

/// Reads `rpc_result`: its content is of the type that the query's function returns.
fn result(body: &[u8], id: &QueryId, schemas: &Schemas, queries: &Queries) -> Decoded {
    let Some((req_msg_id, content)) = body.get(4..).and_then(|rest| rest.split_first_chunk::<8>())
    else {
        return not_decoded("rpc_result", body, "it ends within its header".to_owned());
    };
    let req_msg_id = MsgId(i64::from_le_bytes(*req_msg_id));
    let query = queries.get(&QueryId {
        msg_id: req_msg_id,
        ..*id
    });
    let unpacked = match gzip::unpack(content, MAX_UNPACKED) {
        Ok(unpacked) => unpacked,
        Err(error) => {
            let mut decoded = not_decoded("gzip_packed", content, error.to_string());
            decoded.answers = Some(req_msg_id);
            return decoded;
        }
    };
    let unpacked_len = unpacked.as_ref().map(|object| object.len() + 12);
    let content = unpacked.as_deref().unwrap_or(content);
    let first = constructor(content);
    let is_service = first == Some(RpcError::ID.0)
        // Answers to rpc_drop_answer and the like; a vector is in every schema.
        || first.is_some_and(|id| {
            Schemas::service().by_id(id).is_some_and(|combinator| combinator.name() != "vector")
        });
    let decoded = if is_service {
        service(content)
    } else {
        let function = query.map(|query| query.method.as_str());
        let fit = schemas.read_result(id.key, function, content);
        let holes = fit
            .holes
            .iter()
            .map(|hole| undecoded(hole, content, Some((schemas, fit.layer))))
            .collect();
        let mut decoded = of_value(Role::Result, fit.value, fit.schema, Some(fit.layer));
        if let (Value::Vector(_), Some(first)) =
            (decoded.value.as_ref().unwrap_or(&Value::Bool(true)), first)
            && first != VECTOR
        {
            decoded.name = format!("#{first:08x}");
            decoded.value = None;
        }
        Decoded {
            undecoded: holes,
            ..decoded
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

fn of_value(role: Role, value: Value, schema: &'static Schema, layer: Option<i32>) -> Decoded {
    let name = match &value {
        Value::Object(object) => object.name().to_owned(),
        Value::Vector(_) => "vector".to_owned(),
        Value::Bool(value) => if *value { "boolTrue" } else { "boolFalse" }.to_owned(),
        _ => "(value)".to_owned(),
    };
    Decoded {
        role,
        name,
        wrappers: Vec::new(),
        layer,
        value: Some(value),
        schema,
        undecoded: Vec::new(),
        unpacked_len: None,
        answers: None,
        remarks: Vec::new(),
        faults: Vec::new(),
        contained: None,
    }
}

fn not_decoded(name: &str, body: &[u8], reason: String) -> Decoded {
    Decoded {
        role: Role::Unknown,
        name: name.to_owned(),
        wrappers: Vec::new(),
        layer: None,
        value: None,
        schema: Schemas::service(),
        undecoded: vec![Undecoded {
            offset: 0,
            bytes: body.to_vec(),
            reason,
        }],
        unpacked_len: None,
        answers: None,
        remarks: Vec::new(),
        faults: Vec::new(),
        contained: None,
    }
}

/// A hole with the reason in words, an unknown constructor named if any layer knows it.
fn undecoded(hole: &Hole, body: &[u8], known: Option<(&Schemas, i32)>) -> Undecoded {
    let mut reason = hole.error.to_string();
    if let DecodeErrorKind::UnknownConstructor { id } = hole.error.kind() {
        let explained = known.and_then(|(schemas, layer)| schemas.explain(*id, layer));
        reason.push_str("; ");
        reason.push_str(&explained.unwrap_or_else(|| "no layer at hand has it".to_owned()));
    }
    let bytes = body.get(hole.range.clone()).unwrap_or_default().to_vec();
    Undecoded {
        offset: hole.range.start,
        bytes,
        reason,
    }
}

/// A query as it is remembered.
pub(super) fn as_query(
    decoded: &Decoded,
    conn: crate::record::ConnId,
    at: crate::record::At,
) -> Option<Query> {
    let answered = match decoded.role {
        Role::Query => true,
        Role::Service => matches!(
            decoded.name.as_str(),
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
        conn,
        at,
        answered: false,
    })
}
