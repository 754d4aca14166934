//! Queries and replies in the layer of whoever sent or gets them.
//!
//! Handlers, rules and the journal see the newest bundled layer only.

use mtproto_core::message::gzip;
use mtproto_core::rpc::RpcError;
use tl_parser::{DecodeError, DecodeErrorKind, Layers, Limits, Object, Schema, Value, project};

use super::error;

/// `invokeWithLayer#da9b0d0d layer:int query:!X`: the one function that must be understood before the layer is known.
const INVOKE_WITH_LAYER: u32 = 0xda9b_0d0d;

/// Reader and writer of every bundled layer.
#[derive(Debug)]
pub(crate) struct Codec {
    layers: &'static Layers,
}

/// A query, wrappers included.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) request: Object,
    pub(crate) layer: i32,
    /// Whether the query itself named its layer.
    pub(crate) announced: bool,
}

impl Codec {
    pub(crate) fn bundled() -> Self {
        Self {
            layers: Layers::bundled(),
        }
    }

    /// Reads a query in the layer that it names, or in the one that its key named before.
    pub(crate) fn decode_query(
        &self,
        known: Option<i32>,
        body: &[u8],
    ) -> Result<Decoded, RpcError> {
        let announced = announced_layer(body);
        let layer = announced
            .or(known)
            .ok_or_else(|| error(400, "CONNECTION_NOT_INITED"))?;
        let at = self.layers.at(layer);
        if announced.is_some() && !at.exact {
            tracing::info!(
                asked = layer,
                used = at.layer,
                "this layer is not bundled; the nearest is used"
            );
        }
        let request = decode_forgiving_peers(at.schema, body)
            .map_err(|failed| refusal(&failed))?
            .into_object()
            .map_err(|_| error(400, "INPUT_METHOD_INVALID"))?;
        Ok(Decoded {
            request,
            layer,
            announced: announced.is_some(),
        })
    }

    /// The query in terms of the newest layer.
    pub(crate) fn normalise(&self, layer: i32, query: Object) -> Result<Object, RpcError> {
        let (value, report) = project::normalise(self.layers, layer, &query.into());
        if !report.is_empty() {
            tracing::debug!(layer, %report, "normalised");
        }
        value
            .into_object()
            .map_err(|_| error(400, "INPUT_METHOD_INVALID"))
    }

    /// The bytes of a reply to `function`, in the caller's layer.
    pub(crate) fn encode_reply(
        &self,
        layer: i32,
        function: &str,
        reply: &Value,
    ) -> Result<Vec<u8>, RpcError> {
        let schema = self.layers.at(layer).schema;
        let (reply, report) = project::project_result(self.layers, layer, function, reply);
        if !report.is_empty() {
            tracing::debug!(layer, function, %report, "projected");
        }
        let encoded = match schema.by_name(function) {
            Some(function) => schema.encode_as(function.result_type(), &reply),
            None => schema.encode(&reply),
        };
        encoded.map_err(|failed| {
            tracing::error!(layer, function, %failed, "the reply does not fit the caller's layer");
            error(500, "REPLY_NOT_ENCODABLE")
        })
    }

    /// The bytes of an update in its receiver's layer; none where the layer cannot say it.
    pub(crate) fn encode_update(&self, layer: i32, update: &Value) -> Option<Vec<u8>> {
        let (update, _) = project::project(self.layers, layer, update);
        match self.layers.at(layer).schema.encode(&update) {
            Ok(body) => Some(body),
            Err(failed) => {
                tracing::error!(layer, %failed, "the update does not fit its receiver's layer");
                None
            }
        }
    }
}

/// The constructors of `InputPeer` that stand for an `InputUser` or `InputChannel` with the same fields.
///
/// Pyrogram and its descendants put the former where the schema asks for the latter, and the real service reads them.
const PEERS_FOR_OTHERS: &[(&str, &str, &str)] = &[
    ("InputUser", "inputPeerSelf", "inputUserSelf"),
    ("InputUser", "inputPeerUser", "inputUser"),
    (
        "InputUser",
        "inputPeerUserFromMessage",
        "inputUserFromMessage",
    ),
    ("InputChannel", "inputPeerChannel", "inputChannel"),
    (
        "InputChannel",
        "inputPeerChannelFromMessage",
        "inputChannelFromMessage",
    ),
];

/// Peers of another type that one query may hold; each costs one more reading of the query. Invitations hold up to 200.
const FORGIVEN_PEERS: usize = 256;

/// Longest query that is read again, in bytes, so that those readings stay cheap.
const FORGIVEN_QUERY: usize = 16 << 10;

/// Reads a query in which an `InputPeer` may stand for an `InputUser` or an `InputChannel`.
fn decode_forgiving_peers(schema: &Schema, body: &[u8]) -> Result<Value, DecodeError> {
    let failed = match schema.decode(body, Limits::NETWORK) {
        Ok(value) => return Ok(value),
        Err(failed) => failed,
    };
    match unpacked_in_wrappers(&failed, body) {
        Some(unpacked) => match schema.decode(&unpacked, Limits::NETWORK) {
            Ok(value) => Ok(value),
            Err(failed) => decode_again(schema, &unpacked, failed),
        },
        None => decode_again(schema, body, failed),
    }
}

/// The query with the packed object inside of its wrappers unpacked: TDLib packs a long query first and wraps it then.
fn unpacked_in_wrappers(failed: &DecodeError, body: &[u8]) -> Option<Vec<u8>> {
    // The last field of every wrapper is the query, so nothing follows it.
    let in_wrappers = failed.path().all(|step| *step.field == *"query");
    let unknown = matches!(failed.kind(), DecodeErrorKind::UnknownConstructor { .. });
    if !in_wrappers || !unknown {
        return None;
    }
    let (wrappers, packed) = body.split_at_checked(failed.offset())?;
    let query = gzip::unpack(packed, gzip::MAX_INFLATED).ok()??;
    Some([wrappers, &query].concat())
}

fn decode_again(
    schema: &Schema,
    body: &[u8],
    mut failed: DecodeError,
) -> Result<Value, DecodeError> {
    if body.len() > FORGIVEN_QUERY {
        return Err(failed);
    }
    let mut body = body.to_vec();
    for _ in 0..FORGIVEN_PEERS {
        let Some(id) = meant_constructor(schema, failed.kind()) else {
            break;
        };
        let Some(place) = body
            .get_mut(failed.offset()..)
            .and_then(<[u8]>::first_chunk_mut)
        else {
            break;
        };
        *place = id.to_le_bytes();
        failed = match schema.decode(&body, Limits::NETWORK) {
            Ok(value) => return Ok(value),
            Err(failed) => failed,
        };
    }
    Err(failed)
}

fn meant_constructor(schema: &Schema, kind: &DecodeErrorKind) -> Option<u32> {
    let DecodeErrorKind::WrongType { expected, found } = kind else {
        return None;
    };
    let (_, _, meant) = PEERS_FOR_OTHERS
        .iter()
        .find(|(wanted, given, _)| wanted == expected && *found == **given)?;
    schema.by_name(meant).map(|combinator| combinator.id())
}

fn announced_layer(body: &[u8]) -> Option<i32> {
    let (id, rest) = body.split_first_chunk::<4>()?;
    let (layer, _) = rest.split_first_chunk::<4>()?;
    (u32::from_le_bytes(*id) == INVOKE_WITH_LAYER).then(|| i32::from_le_bytes(*layer))
}

/// What the real service answers to a query that it cannot read.
fn refusal(failed: &DecodeError) -> RpcError {
    tracing::warn!(%failed, "a query cannot be read");
    error(400, "INPUT_FETCH_FAIL")
}

#[cfg(test)]
mod tests {
    use mtproto_core::tl::Combinator as _;
    use mtproto_core::tl::service::GzipPacked;

    use super::*;

    /// `query` inside `invokeWithLayer(158, initConnection(…))`, with every `from` replaced by `to` in the bytes.
    fn request(query: Object, swaps: &[(&str, &str)]) -> Vec<u8> {
        let schema = Layers::bundled().at(158).schema;
        let id = |name: &str| schema.by_name(name).unwrap().id().to_le_bytes();
        let mut body = schema
            .encode(
                &Object::new("invokeWithLayer")
                    .with("layer", 158)
                    .with("query", query)
                    .into(),
            )
            .unwrap();
        for (from, to) in swaps {
            for at in 0..body.len() - 3 {
                if body[at..at + 4] == id(from) {
                    body[at..at + 4].copy_from_slice(&id(to));
                }
            }
        }
        body
    }

    fn pack(object: &[u8]) -> Vec<u8> {
        GzipPacked {
            packed_data: &gzip::deflate(object),
        }
        .to_bytes()
    }

    fn input_user(id: i64) -> Object {
        Object::new("inputUser")
            .with("user_id", id)
            .with("access_hash", 7_i64)
    }

    #[test]
    fn a_peer_may_stand_for_the_user_or_the_channel_that_was_asked_for() {
        let create = Object::new("messages.createChat")
            .with("users", vec![input_user(1), input_user(2)])
            .with("title", "Readers");
        let swapped = request(create.clone(), &[("inputUser", "inputPeerUser")]);
        let decoded = Codec::bundled().decode_query(None, &swapped).unwrap();
        assert_eq!(
            decoded.request,
            Codec::bundled()
                .decode_query(None, &request(create, &[]))
                .unwrap()
                .request
        );

        let channel = Object::new("inputChannel")
            .with("channel_id", 1_i64)
            .with("access_hash", 7_i64);
        let rename = Object::new("channels.updateUsername")
            .with("channel", channel)
            .with("username", "news");
        let swapped = request(rename, &[("inputChannel", "inputPeerChannel")]);
        assert!(Codec::bundled().decode_query(None, &swapped).is_ok());
    }

    #[test]
    fn a_query_may_be_packed_inside_of_its_wrappers() {
        let query = Object::new("users.getUsers").with("id", vec![input_user(1)]);
        let plain = request(query, &[]);
        let (wrapper, inner) = plain.split_at(8);
        let packed = [wrapper, &pack(inner)].concat();
        let codec = Codec::bundled();
        let decoded = codec.decode_query(None, &packed).unwrap();
        assert_eq!(
            decoded.request,
            codec.decode_query(None, &plain).unwrap().request
        );

        let twice = [wrapper, &pack(&pack(inner))].concat();
        assert!(codec.decode_query(None, &twice).is_err());
        let damaged = &packed[..packed.len() - 12];
        assert!(codec.decode_query(None, damaged).is_err());
    }

    #[test]
    fn any_other_wrong_type_is_refused_and_so_are_endless_peers() {
        let invite = |count| {
            Object::new("messages.createChat")
                .with("users", (0..count).map(input_user).collect::<Vec<_>>())
                .with("title", "Readers")
        };
        let swapped = request(invite(1), &[("inputUser", "inputPeerChannel")]);
        let refused = Codec::bundled().decode_query(None, &swapped).unwrap_err();
        assert_eq!(refused.message, "INPUT_FETCH_FAIL");

        let swapped = request(invite(257), &[("inputUser", "inputPeerUser")]);
        assert!(Codec::bundled().decode_query(None, &swapped).is_err());
    }
}
