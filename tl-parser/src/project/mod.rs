//! Values of one layer in the terms of another.
//!
//! A server is written for one layer and serves clients of many: each request is
//! [normalised](normalise) to the newest layer before anything looks at it, and each reply is
//! [projected](project) into the layer of its caller.
//!
//! Fields go by name. What the target does not have is dropped; what it requires and the value
//! lacks is filled with a default; numbers are widened or narrowed; constructors and fields that
//! were renamed, split or moved between layers are followed by the table in `rules.rs`.
//! Everything that is not a plain copy is in the [`Report`].
//!
//! # Defaults
//! Zero, `false`, the empty string and the empty vector; for an object, the constructor of its type
//! that needs the least, where names ending in `Empty`, `Unsupported`, `Unknown` or `Default` need
//! less than others.

mod convert;
mod defaults;
mod report;
mod rules;

pub use report::{Entry, Event, Report};

pub(crate) use defaults::Cheapest;

use crate::layers::Layers;
use crate::layout::Shape;
use crate::schema::Schema;
use crate::value::Value;
use convert::Converter;

/// A request of layer `from` in the terms of the newest layer.
///
/// A value of the newest layer is copied as it is.
pub fn normalise(layers: &Layers, from: i32, value: &Value) -> (Value, Report) {
    if layers.at(from).layer == layers.newest() {
        return (value.clone(), Report::default());
    }
    conform(layers.at(layers.newest()).schema, None, value)
}

/// A value of any layer in the terms of layer `to`, or of the nearest one known.
///
/// The result can always be encoded in that layer, unless the report says that the
/// [whole value](Event::Unknown) has no counterpart there.
///
/// ```
/// use tl_parser::{Layers, Object, project};
///
/// let layers = Layers::bundled();
/// let peer = Object::new("inputPeerSelf");
/// let message = Object::new("messages.sendMessage")
///     .with("peer", peer)
///     .with("message", "hi")
///     .with("random_id", 1_i64)
///     .with("reply_to", Object::new("inputReplyToMessage").with("reply_to_msg_id", 7));
/// let (old, report) = project::project(layers, 158, &message.into());
/// // Layer 158 has no `reply_to`, but the number of the message has its place there.
/// assert_eq!(old.as_object().unwrap().int("reply_to_msg_id"), Some(7));
/// assert!(report.is_lossless());
/// ```
pub fn project(layers: &Layers, to: i32, value: &Value) -> (Value, Report) {
    conform(layers.at(to).schema, None, value)
}

/// The result of a function in the terms of layer `to`.
///
/// As [`project`], for results of any type: where the result type changed between layers, such as
/// from `Vector<DialogFilter>` to `messages.DialogFilters`, the part that fits is taken.
pub fn project_result(layers: &Layers, to: i32, function: &str, value: &Value) -> (Value, Report) {
    let schema = layers.at(to).schema;
    let shape = rules::function_in(schema, function).map(|found| found.result_shape());
    conform_shape(schema, shape.unwrap_or(Shape::ANY), value)
}

/// A value in the terms of any schema; of a type, such as `Vector<User>`, where one is given.
pub fn conform(target: &Schema, type_name: Option<&str>, value: &Value) -> (Value, Report) {
    let shape = type_name.and_then(|name| target.shape_of(name));
    conform_shape(target, shape.unwrap_or(Shape::ANY), value)
}

fn conform_shape(target: &Schema, shape: Shape, value: &Value) -> (Value, Report) {
    let mut converter = Converter::new(target);
    let converted = converter.result(shape, value);
    let mut report = converter.into_report();
    let value = converted.unwrap_or_else(|| {
        report.push(
            String::new(),
            Event::Unknown {
                name: describe(value),
            },
        );
        value.clone()
    });
    (value, report)
}

/// A value in a word.
fn describe(value: &Value) -> String {
    match value {
        Value::Object(object) => object.name().to_owned(),
        other => other.kind().to_owned(),
    }
}
