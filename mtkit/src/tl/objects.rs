//! Objects: from hexadecimal to a tree or JSON, and back.

use anyhow::{Context as _, anyhow};
use tl_parser::{Layers, Limits, Schema, json};

use super::{argument_or_stdin, layer, put};
use crate::exit::{Ending, Failure};

pub(super) fn decode(hex: &str, asked: Option<i32>, as_json: bool) -> Result<Ending, Failure> {
    let digits: String = argument_or_stdin(hex)?
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let bytes = hex::decode(&digits)
        .context("the argument is not hexadecimal")
        .map_err(Failure::Input)?;
    let schema = match asked {
        Some(number) => layer(number),
        None => knowing(&bytes)?,
    };
    let value = schema
        .decode(&bytes, Limits::CAPTURE)
        .map_err(|error| Failure::Input(anyhow!("{error}")))?;
    if as_json {
        put(&format!("{}\n", json::to_json(schema, &value)))?;
    } else {
        put(&format!("{}\n", value.pretty()))?;
    }
    Ok(Ending::Done)
}

/// The schema of the newest layer that knows the object, or the one of service messages.
fn knowing(bytes: &[u8]) -> Result<&'static Schema, Failure> {
    let id = bytes
        .first_chunk()
        .map(|id| u32::from_le_bytes(*id))
        .ok_or_else(|| Failure::Input(anyhow!("an object begins with the 4 bytes of its id")))?;
    let layers = Layers::bundled();
    if let Some(number) = layers.knowing(id).last() {
        if number != layers.newest() {
            eprintln!("decoded in layer {number}, the newest that knows #{id:08x}");
        }
        return Ok(layers.at(number).schema);
    }
    let service = tl_parser::mtproto();
    match service.by_id(id) {
        Some(_) => Ok(service),
        None => Err(Failure::Input(anyhow!(
            "no bundled layer and no service message knows the id #{id:08x}"
        ))),
    }
}

pub(super) fn encode(text: &str, asked: Option<i32>) -> Result<Ending, Failure> {
    let object: serde_json::Value = serde_json::from_str(&argument_or_stdin(text)?)
        .context("the argument is not JSON")
        .map_err(Failure::Input)?;
    let name = object.get("_").and_then(serde_json::Value::as_str);
    let service = tl_parser::mtproto();
    let newest = Layers::bundled().newest();
    let schema = match (asked, name) {
        (Some(number), _) => layer(number),
        (None, Some(name)) if layer(newest).by_name(name).is_none() => service,
        (None, _) => layer(newest),
    };
    let value =
        json::from_json(schema, &object).map_err(|error| Failure::Input(anyhow!("{error}")))?;
    let bytes = schema
        .encode(&value)
        .map_err(|error| Failure::Input(anyhow!("{error}")))?;
    put(&format!("{}\n", hex::encode(bytes)))?;
    Ok(Ending::Done)
}
