//! Which schema reads which body: the service schema, and one API layer per authorization key.

use std::collections::HashMap;

use mtproto_core::ids::AuthKeyId;
use tl_parser::{Combinator, Layers, Limits, Object, Schema, Tape, Undecoded as Hole, Value, View};

use crate::record::Body;

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

/// Memory of the tape is used again for bodies up to this size.
const MAX_KEPT_TAPE: usize = 1 << 20;

/// A body as far as it was read.
pub(super) enum Held<'b> {
    Nothing,
    Tree(Value),
    View(View<'static, 'b>),
}

impl Held<'_> {
    pub(super) fn as_body(&self) -> Body<'_> {
        match self {
            Self::Nothing => Body::None,
            Self::Tree(value) => Body::Tree(value),
            Self::View(view) => Body::View(view.root()),
        }
    }
}

/// A body read with the layer that fits best.
pub(super) struct Fit<'b> {
    pub(super) value: Held<'b>,
    pub(super) holes: Vec<Hole>,
    pub(super) layer: i32,
    pub(super) schema: &'static Schema,
}

/// A layer at hand.
#[derive(Clone, Copy, Debug)]
struct Layer {
    number: i32,
    schema: &'static Schema,
}

/// The API layers, and what each client announced.
#[derive(Debug)]
pub(super) struct Schemas {
    layers: &'static Layers,
    newest: Layer,
    /// The layer that each client announced, and the one at hand that is nearest to it.
    announced: HashMap<AuthKeyId, (i32, Layer)>,
    tape: Tape,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let layers = Layers::bundled();
        Self {
            layers,
            newest: layer(layers, layers.newest()),
            announced: HashMap::new(),
            tape: Tape::default(),
        }
    }

    /// The messages of the protocol itself.
    pub(super) fn service() -> &'static Schema {
        tl_parser::mtproto()
    }

    /// Learns the layer from a query that says it; the layer, if it is a new statement.
    pub(super) fn learn(&mut self, key: AuthKeyId, query: &[u8]) -> Option<i32> {
        let number = announced_layer(query)?;
        if let Some((known, _)) = self.announced.get(&key) {
            if *known == number {
                return None;
            }
        } else if self.announced.len() >= MAX_KEYS {
            return None;
        }
        let at = layer(self.layers, number);
        self.announced.insert(key, (number, at));
        Some(number)
    }

    /// Whether this very layer is bundled.
    pub(super) fn has(&self, layer: i32) -> bool {
        self.layers.at(layer).exact
    }

    /// Takes the memory of a view back.
    pub(super) fn recycle(&mut self, held: Held<'_>) {
        if let Held::View(view) = held
            && view.bytes().len() <= MAX_KEPT_TAPE
        {
            self.tape = view.into_tape();
        }
    }

    /// Reads a query, an update, or the result of a function, with the layer that fits best.
    ///
    /// Tries the announced layer, the newest, then those that know the first constructor; keeps the first that reads
    /// everything, else the one that reads most.
    pub(super) fn read<'b>(
        &mut self,
        key: AuthKeyId,
        function: Option<&str>,
        body: &'b [u8],
    ) -> Fit<'b> {
        let first = self.announced.get(&key).map_or(self.newest, |(_, at)| *at);
        let tape = std::mem::take(&mut self.tape);
        if let Some(fit) = read_all(first, tape, function, body) {
            return fit;
        }
        let candidates = self.candidates(first, body);
        candidates
            .iter()
            .skip(1)
            .find_map(|at| read_all(*at, Tape::default(), function, body))
            .unwrap_or_else(|| read_most(&candidates, first, body))
    }

    /// Layers to try, best first, never empty and each once.
    fn candidates(&self, first: Layer, body: &[u8]) -> Vec<Layer> {
        let mut numbers = vec![first.number];
        let mut add = |number| {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        };
        add(self.newest.number);
        let mut knowing: Vec<i32> = constructor(body)
            .into_iter()
            .flat_map(|id| self.layers.knowing(id))
            .collect();
        knowing.sort_unstable();
        knowing.into_iter().rev().take(MAX_TRIES).for_each(add);
        numbers
            .into_iter()
            .map(|number| layer(self.layers, number))
            .collect()
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

fn layer(layers: &'static Layers, number: i32) -> Layer {
    let at = layers.at(number);
    Layer {
        number: at.layer,
        schema: at.schema,
    }
}

/// Reads a body without a rest.
fn read_all<'b>(at: Layer, tape: Tape, function: Option<&str>, body: &'b [u8]) -> Option<Fit<'b>> {
    let schema = at.schema;
    let view = match function.and_then(|name| schema.by_name(name)) {
        Some(function) => schema.view_result_again(tape, function, body, Limits::CAPTURE),
        None => schema.view_again(tape, body, Limits::CAPTURE),
    };
    let view = view.ok()?;
    // A view does not show which bits they are.
    let value = if view.has_extra_flags() {
        Held::Tree(view.root().to_value())
    } else {
        Held::View(view)
    };
    Some(Fit {
        value,
        holes: Vec::new(),
        layer: at.number,
        schema,
    })
}

/// Reads what can be read, with the layer that leaves the least.
fn read_most<'b>(candidates: &[Layer], first: Layer, body: &[u8]) -> Fit<'b> {
    let lossy = candidates.iter().map(|at| {
        let (value, holes) = at.schema.decode_lossy(body, Limits::CAPTURE);
        Fit {
            value: Held::Tree(value),
            holes,
            layer: at.number,
            schema: at.schema,
        }
    });
    let lost = |fit: &Fit<'_>| fit.holes.iter().map(|hole| hole.range.len()).sum::<usize>();
    lossy.min_by_key(lost).unwrap_or_else(|| Fit {
        value: Held::Nothing,
        holes: Vec::new(),
        layer: first.number,
        schema: first.schema,
    })
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

/// The function inside the wrappers of a query.
#[derive(Default)]
pub(super) struct Function {
    pub(super) name: Option<&'static str>,
    /// The wrappers, outermost first.
    pub(super) wrappers: Vec<String>,
    /// For `auth.bindTempAuthKey`, the permanent key.
    pub(super) binds_to: Option<i64>,
}

/// The function that a query calls, or the constructor of an update.
pub(super) fn unwrap_query(fit: &Fit<'_>) -> Function {
    match &fit.value {
        Held::Nothing => Function::default(),
        Held::Tree(value) => unwrap_tree(value, fit.schema),
        Held::View(view) => unwrap_view(view, fit.schema),
    }
}

fn unwrap_view(view: &View<'static, '_>, schema: &'static Schema) -> Function {
    let mut wrappers = Vec::new();
    let mut function = view.object();
    while let Some(object) = function.filter(|object| is_wrapper(object.combinator())) {
        let Some(inner) = object.object("query") else {
            break;
        };
        wrappers.push(wrapper(object.name(), object.int("layer")));
        function = Some(inner);
    }
    Function {
        name: function.and_then(|object| static_name(schema, object.combinator().id())),
        binds_to: function
            .filter(|object| object.name() == BIND)
            .and_then(|object| object.long("perm_auth_key_id")),
        wrappers,
    }
}

fn unwrap_tree(value: &Value, schema: &'static Schema) -> Function {
    let mut wrappers = Vec::new();
    let mut function = value.as_object();
    let combinator = |object: &Object| schema.by_name(object.name());
    while let Some(object) = function.filter(|object| combinator(object).is_some_and(is_wrapper)) {
        let Some(inner) = object.object("query") else {
            break;
        };
        wrappers.push(wrapper(object.name(), object.int("layer")));
        function = Some(inner);
    }
    Function {
        name: function
            .and_then(combinator)
            .and_then(|found| static_name(schema, found.id())),
        binds_to: function
            .filter(|object| object.name() == BIND)
            .and_then(|object| object.long("perm_auth_key_id")),
        wrappers,
    }
}

const BIND: &str = "auth.bindTempAuthKey";

fn wrapper(name: &str, layer: Option<i32>) -> String {
    match layer {
        Some(layer) => format!("{name}({layer})"),
        None => name.to_owned(),
    }
}

/// The name of a combinator that lives as long as its schema.
pub(super) fn static_name(schema: &'static Schema, id: u32) -> Option<&'static str> {
    schema
        .by_id(id)
        .map(|combinator| combinator.object_name().as_str())
}

/// Whether a function returns what the function in it returns.
fn is_wrapper(combinator: &Combinator) -> bool {
    combinator.result_type() == "X"
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
