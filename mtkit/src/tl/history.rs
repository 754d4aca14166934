//! Combinators over the layers.

use anyhow::anyhow;
use serde_json::{Value as Json, json};
use tl_parser::Layers;
use tl_parser::layers::{Change, FieldChange};

use super::{layer, put};
use crate::exit::{Ending, Failure};

pub(super) fn layers() -> Result<Ending, Failure> {
    let numbers = Layers::bundled().numbers().iter();
    let words: Vec<String> = numbers.map(i32::to_string).collect();
    put(&format!("{}\n", words.join(" ")))?;
    Ok(Ending::Done)
}

pub(super) fn diff(from: i32, to: i32, as_json: bool) -> Result<Ending, Failure> {
    // Says which layers are compared where those asked for are not bundled.
    layer(from);
    layer(to);
    let diff = Layers::bundled().diff(from, to);
    if as_json {
        let changed: Vec<Json> = diff.changed.iter().map(change).collect();
        let row = json!({
            "v": 1, "from": from, "to": to,
            "added": diff.added, "removed": diff.removed, "changed": changed,
        });
        put(&format!("{row}\n"))?;
    } else {
        put(&format!(
            "{diff}layer {from} to {to}: {} added, {} removed, {} changed\n",
            diff.added.len(),
            diff.removed.len(),
            diff.changed.len()
        ))?;
    }
    Ok(Ending::Done)
}

fn change(change: &Change) -> Json {
    let fields: Vec<Json> = change.fields.iter().map(field).collect();
    json!({
        "name": change.name,
        "function": change.is_function,
        "ids": [format!("{:08x}", change.ids.0), format!("{:08x}", change.ids.1)],
        "result": change.result,
        "fields": fields,
    })
}

fn field(change: &FieldChange) -> Json {
    match change {
        FieldChange::Added { name, type_text } => json!({"added": name, "type": type_text}),
        FieldChange::Removed { name, type_text } => json!({"removed": name, "type": type_text}),
        FieldChange::Retyped {
            name,
            before,
            after,
        } => json!({"retyped": name, "before": before, "after": after}),
        FieldChange::Moved { name } => json!({"moved": name}),
    }
}

pub(super) fn doc(name: &str) -> Result<Ending, Failure> {
    let layers = Layers::bundled();
    let name = match name.strip_prefix('#') {
        Some(id) => name_of(id)?,
        None => name.to_owned(),
    };
    let mut text = String::new();
    for variant in layers.variants(&name) {
        text.push_str(&format!(
            "layers {}\n    {}\n",
            spans(&variant.layers, layers.numbers()),
            variant.text
        ));
    }
    if text.is_empty() {
        // Service messages have no layers.
        let service = tl_parser::mtproto().by_name(&name).ok_or_else(|| {
            Failure::Input(anyhow!(
                "no bundled layer and no service message knows {name:?}"
            ))
        })?;
        text = format!("every layer: a message of the protocol itself\n    {service}\n");
    }
    put(&text)?;
    Ok(Ending::Done)
}

fn name_of(id: &str) -> Result<String, Failure> {
    let unknown = || Failure::Input(anyhow!("no bundled layer knows the id #{id}"));
    let number = u32::from_str_radix(id, 16).map_err(|_| unknown())?;
    let layers = Layers::bundled();
    let newest = layers.knowing(number).last();
    let schema = newest.map_or_else(tl_parser::mtproto, |layer| layers.at(layer).schema);
    let combinator = schema.by_id(number).ok_or_else(unknown)?;
    Ok(combinator.name().to_owned())
}

/// Layers as ranges over the bundled ones: `18–45, 57`.
fn spans(layers: &[i32], bundled: &[i32]) -> String {
    let mut spans: Vec<(i32, i32)> = Vec::new();
    for layer in layers {
        let before = bundled.iter().rev().find(|other| *other < layer);
        match spans.last_mut() {
            Some((_, last)) if Some(&*last) == before => *last = *layer,
            _ => spans.push((*layer, *layer)),
        }
    }
    let words: Vec<String> = spans
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}–{last}"),
        })
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::spans;

    #[test]
    fn neighbours_among_the_bundled_layers_are_one_span() {
        let bundled = [18, 23, 33, 45, 57];
        assert_eq!(spans(&[18, 23, 33, 57], &bundled), "18–33, 57");
        assert_eq!(spans(&bundled, &bundled), "18–57");
        assert_eq!(spans(&[], &bundled), "");
    }
}
