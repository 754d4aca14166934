//! Which schema reads which body: the service schema, and one API layer per authorization key.

use std::collections::HashMap;

use mtproto_core::ids::AuthKeyId;
use tl_parser::{Layers, Limits, Object, Schema, Undecoded as Hole, Value};

/// `invokeWithLayer layer:int query:!X`.
const INVOKE_WITH_LAYER: u32 = 0xda9b_0d0d;
/// `invokeAfterMsg msg_id:long query:!X`.
const INVOKE_AFTER_MSG: u32 = 0xcb9f_372d;
/// `invokeWithoutUpdates query:!X`.
const INVOKE_WITHOUT_UPDATES: u32 = 0xbf94_59b7;

/// Layers tried for a body that neither the announced layer nor the newest can read.
const MAX_TRIES: usize = 6;
/// Authorization keys whose layer is remembered.
const MAX_KEYS: usize = 65_536;

/// A body read with the layer that fits best.
pub(super) struct Fit {
    pub(super) value: Value,
    pub(super) holes: Vec<Hole>,
    pub(super) layer: i32,
    pub(super) schema: &'static Schema,
}

/// The API layers, and what each client announced.
#[derive(Debug)]
pub(super) struct Schemas {
    layers: &'static Layers,
    announced: HashMap<AuthKeyId, i32>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        Self {
            layers: Layers::bundled(),
            announced: HashMap::new(),
        }
    }

    /// The messages of the protocol itself.
    pub(super) fn service() -> &'static Schema {
        tl_parser::mtproto()
    }

    /// Learns the layer from a query that says it; the layer, if it is a new statement.
    pub(super) fn learn(&mut self, key: AuthKeyId, query: &[u8]) -> Option<i32> {
        let layer = announced_layer(query)?;
        if self.announced.len() >= MAX_KEYS && !self.announced.contains_key(&key) {
            return None;
        }
        (self.announced.insert(key, layer) != Some(layer)).then_some(layer)
    }

    /// Whether this very layer is bundled.
    pub(super) fn has(&self, layer: i32) -> bool {
        self.layers.at(layer).exact
    }

    /// Reads a query or an update.
    pub(super) fn read(&self, key: AuthKeyId, body: &[u8]) -> Fit {
        self.best_fit(key, body, |schema| {
            schema.decode(body, Limits::CAPTURE).ok()
        })
    }

    /// Reads the result of a function.
    pub(super) fn read_result(&self, key: AuthKeyId, function: Option<&str>, body: &[u8]) -> Fit {
        self.best_fit(key, body, |schema| {
            match function.and_then(|name| schema.by_name(name)) {
                Some(function) => schema.decode_result(function, body, Limits::CAPTURE).ok(),
                None => schema.decode(body, Limits::CAPTURE).ok(),
            }
        })
    }

    /// Tries the announced layer, the newest, then those that know the first constructor; keeps the first that reads
    /// everything, else the one that reads most.
    fn best_fit(
        &self,
        key: AuthKeyId,
        body: &[u8],
        read: impl Fn(&'static Schema) -> Option<Value>,
    ) -> Fit {
        let announced = self.announced.get(&key).copied();
        let first = announced.unwrap_or_else(|| self.layers.newest());
        let candidates = self.candidates(first, body);
        for &layer in &candidates {
            let at = self.layers.at(layer);
            if let Some(value) = read(at.schema) {
                return Fit {
                    value,
                    holes: Vec::new(),
                    layer: at.layer,
                    schema: at.schema,
                };
            }
        }
        let lossy = candidates.into_iter().map(|layer| {
            let at = self.layers.at(layer);
            let (value, holes) = at.schema.decode_lossy(body, Limits::CAPTURE);
            Fit {
                value,
                holes,
                layer: at.layer,
                schema: at.schema,
            }
        });
        let lost = |fit: &Fit| fit.holes.iter().map(|hole| hole.range.len()).sum::<usize>();
        lossy.min_by_key(lost).unwrap_or_else(|| Fit {
            value: Value::Vector(Vec::new()),
            holes: Vec::new(),
            layer: first,
            schema: self.layers.at(first).schema,
        })
    }

    /// Layers to try, best first, never empty and each once.
    fn candidates(&self, first: i32, body: &[u8]) -> Vec<i32> {
        let mut candidates = vec![self.layers.at(first).layer];
        let mut add = |layer| {
            if !candidates.contains(&layer) {
                candidates.push(layer);
            }
        };
        add(self.layers.newest());
        let mut knowing: Vec<i32> = constructor(body)
            .into_iter()
            .flat_map(|id| self.layers.knowing(id))
            .collect();
        knowing.sort_unstable();
        knowing.into_iter().rev().take(MAX_TRIES).for_each(add);
        candidates
    }

    /// What is known of a constructor that a layer lacks.
    pub(super) fn explain(&self, id: u32, layer: i32) -> Option<String> {
        if let Some(combinator) = Self::service().by_id(id) {
            return Some(format!("it is {} of the service schema", combinator.name()));
        }
        let mut knowing: Vec<i32> = self.layers.knowing(id).collect();
        knowing.sort_unstable();
        let (first, last) = (*knowing.first()?, *knowing.last()?);
        let at = self.layers.at(last);
        let name = at
            .schema
            .by_id(id)
            .map(|combinator| combinator.name().to_owned())?;
        Some(if first > layer {
            format!("it is {name}, known from layer {first} on; the sender's layer is {layer}")
        } else {
            format!("it is {name} of the layers {first} to {last}; the sender's layer is {layer}")
        })
    }
}

/// The first word of a body.
pub(super) fn constructor(body: &[u8]) -> Option<u32> {
    body.first_chunk().map(|id| u32::from_le_bytes(*id))
}

/// The layer that a query announces, if it is wrapped in `invokeWithLayer`.
fn announced_layer(mut query: &[u8]) -> Option<i32> {
    // Other wrappers may stand outside; a handful is more than anyone uses.
    for _ in 0..4 {
        let id = constructor(query)?;
        let rest = query.get(4..)?;
        query = match id {
            INVOKE_WITH_LAYER => return rest.first_chunk().map(|layer| i32::from_le_bytes(*layer)),
            INVOKE_AFTER_MSG => rest.get(8..)?,
            INVOKE_WITHOUT_UPDATES => rest,
            _ => return None,
        };
    }
    None
}

/// The function inside the wrappers of a query, and the wrappers, outermost first.
pub(super) fn unwrap_query<'v>(
    value: &'v Value,
    schema: &Schema,
) -> (Option<&'v Object>, Vec<String>) {
    let mut wrappers = Vec::new();
    let mut function = value.as_object();
    while let Some(object) = function {
        let Some(inner) = object
            .object("query")
            .filter(|_| is_wrapper(object.name(), schema))
        else {
            break;
        };
        wrappers.push(match object.int("layer") {
            Some(layer) => format!("{}({layer})", object.name()),
            None => object.name().to_owned(),
        });
        function = Some(inner);
    }
    (function, wrappers)
}

/// Whether a function returns what the function in it returns.
fn is_wrapper(name: &str, schema: &Schema) -> bool {
    schema
        .by_name(name)
        .is_some_and(|combinator| combinator.result_type() == "X")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_is_found_behind_other_wrappers() {
        let mut query = INVOKE_AFTER_MSG.to_le_bytes().to_vec();
        query.extend(7_i64.to_le_bytes());
        query.extend(INVOKE_WITHOUT_UPDATES.to_le_bytes());
        query.extend(INVOKE_WITH_LAYER.to_le_bytes());
        query.extend(230_i32.to_le_bytes());
        assert_eq!(announced_layer(&query), Some(230));
        for len in 0..query.len() {
            assert_eq!(announced_layer(&query[..len]), None);
        }
        assert_eq!(
            announced_layer(&INVOKE_WITHOUT_UPDATES.to_le_bytes().repeat(1000)),
            None
        );
    }
}
