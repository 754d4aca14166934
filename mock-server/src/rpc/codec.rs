//! Queries and replies in the layer of whoever sent or gets them.
//!
//! Handlers, rules and the journal see the newest bundled layer only.

use mtproto_core::rpc::RpcError;
use tl_parser::{DecodeError, Layers, Limits, Object, Value, project};

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
        let request = at
            .schema
            .decode(body, Limits::NETWORK)
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
