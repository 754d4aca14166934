//! Every request, reply and push of every test goes through the schema of the newest layer.

use tl_parser::{Layers, Limits, Object, Schema, Value};

fn newest() -> &'static Schema {
    let layers = Layers::bundled();
    layers.at(layers.newest()).schema
}

/// A request as it comes over the wire: encoded and decoded again.
///
/// What cannot be encoded comes back as it is; it was made by hand to be wrong.
pub(crate) fn request(request: &Object) -> Object {
    let Ok(bytes) = newest().encode(&Value::from(request.clone())) else {
        return request.clone();
    };
    let decoded = newest().decode(&bytes, Limits::NETWORK).unwrap();
    decoded.into_object().unwrap()
}

/// Panics when a reply to `function` is not what the newest layer declares.
#[track_caller]
pub(crate) fn reply(function: &str, value: &Value) {
    let declared = newest().by_name(function);
    let declared = declared.unwrap_or_else(|| panic!("no function {function}"));
    whole(declared.result_type(), value, function);
}

/// Panics when a pushed object is no `Updates` of the newest layer.
#[track_caller]
pub(crate) fn update(value: &Value) {
    whole("Updates", value, "a push");
}

/// Encodes a value as a type and decodes it again, without loss.
#[track_caller]
fn whole(type_name: &str, value: &Value, from: &str) {
    let bytes = match newest().encode_as(type_name, value) {
        Ok(bytes) => bytes,
        Err(error) => panic!("{from}: {error}\n{value:#?}"),
    };
    let decoded = newest().decode_as(type_name, &bytes, Limits::NETWORK);
    assert_eq!(decoded.as_ref(), Ok(value), "{from}");
}
