//! Every request, reply and push of every test goes through the schema of the newest layer.

use tl_parser::{Layers, Limits, Object, Schema, Value, project};

/// Layers that real clients speak, besides the newest.
const OLDER: [i32; 4] = [158, 181, 198, 229];

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
    let layers = Layers::bundled();
    for layer in OLDER {
        let schema = layers.at(layer).schema;
        // A client of that layer cannot have called a function that it does not know.
        let Some(function) = schema.by_name(function) else {
            continue;
        };
        let (old, report) = project::project_result(layers, layer, function.name(), value);
        assert!(report.is_expressible(), "{function} at {layer}: {report}");
        if let Err(error) = schema.encode_result(function, &old) {
            panic!("{function} at {layer}: {error}\n{old:#?}");
        }
    }
}

/// Panics when a pushed object is no `Updates` of the newest layer.
#[track_caller]
pub(crate) fn update(value: &Value) {
    whole("Updates", value, "a push");
    let layers = Layers::bundled();
    for layer in OLDER {
        let (old, report) = project::project(layers, layer, value);
        assert!(report.is_expressible(), "a push at {layer}: {report}");
        if let Err(error) = layers.at(layer).schema.encode_as("Updates", &old) {
            panic!("a push at {layer}: {error}\n{old:#?}");
        }
    }
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
