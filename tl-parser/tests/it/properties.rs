//! Properties of the codec over every combinator of every bundled layer.

use crate::generate::{Random, is_object, object};
use proptest::prelude::*;
use tl_parser::{
    Combinator, DecodeErrorKind, Layers, Limits, Schema, Value, json, mtproto, secret_chats,
};

/// The random value of a combinator, or none where the language cannot express one (`vector`).
fn random_value(schema: &Schema, index: usize, seed: u64) -> Option<(Value, Vec<u8>)> {
    let combinator = schema
        .combinators()
        .nth(index)
        .filter(|found| is_object(found))?;
    let value: Value = object(schema, combinator, &mut Random::new(seed), 3)?.into();
    let bytes = schema.encode(&value).ok()?;
    Some((value, bytes))
}

/// All readers give this value and take all bytes.
fn check_exact(schema: &Schema, value: &Value, bytes: &[u8]) {
    assert_eq!(&schema.decode(bytes, Limits::NETWORK).unwrap(), value);
    assert_eq!(schema.skip(bytes, Limits::NETWORK).unwrap(), bytes.len());
    assert_eq!(
        &schema
            .view(bytes, Limits::NETWORK)
            .unwrap()
            .root()
            .to_value(),
        value
    );
    assert_eq!(
        schema.decode_lossy(bytes, Limits::NETWORK),
        (value.clone(), vec![])
    );
}

/// All readers agree about bytes of any kind, and what is accepted is exact.
fn check_agreement(schema: &Schema, bytes: &[u8], limits: Limits) {
    let decoded = schema.decode(bytes, limits);
    let viewed = schema
        .view(bytes, limits)
        .map(|view| view.root().to_value());
    assert_eq!(decoded, viewed);
    match (&decoded, schema.skip(bytes, limits)) {
        (Ok(value), Ok(length)) => {
            assert_eq!(length, bytes.len());
            assert_eq!(schema.encode(value).unwrap(), bytes);
        }
        (Err(error), Ok(length)) => {
            let count = bytes.len() - length;
            assert_eq!(error.kind(), &DecodeErrorKind::TrailingBytes { count });
        }
        (Err(error), Err(same)) => assert_eq!(*error, same),
        (Ok(_), Err(error)) => panic!("skipping refuses what decoding accepts: {error}"),
    }
    let (value, undecoded) = schema.decode_lossy(bytes, limits);
    match decoded {
        Ok(exact) => assert_eq!((value, undecoded), (exact, vec![])),
        Err(_) => {
            let mut last = 0;
            for range in undecoded.iter().map(|undecoded| undecoded.range.clone()) {
                assert!(last <= range.start && range.end <= bytes.len());
                last = range.end;
            }
            assert!(!undecoded.is_empty());
        }
    }
}

#[test]
fn every_combinator_of_every_layer_is_read_back_as_it_was_written() {
    let layers = Layers::bundled();
    let schemas = (layers
        .numbers()
        .iter()
        .map(|layer| layers.exactly(*layer).unwrap()))
    .chain(
        secret_chats()
            .numbers()
            .iter()
            .map(|n| secret_chats().exactly(*n).unwrap()),
    )
    .chain([mtproto()]);
    for schema in schemas {
        for (index, combinator) in schema.combinators().enumerate() {
            let Some((value, bytes)) = random_value(schema, index, index as u64) else {
                // Lists of types that a schema of one layer leaves open are not in it.
                let is_open = !is_object(combinator) || refers_to_the_unknown(schema, combinator);
                assert!(is_open, "no value of {combinator}");
                continue;
            };
            assert_eq!(
                schema.decode(&bytes, Limits::NETWORK).unwrap(),
                value,
                "{combinator}"
            );
        }
    }
}

/// Whether a combinator refers to types that the schema does not have, or has a nameless field.
fn refers_to_the_unknown(schema: &Schema, combinator: &Combinator) -> bool {
    combinator.fields().iter().any(|field| {
        let name = field
            .value_type()
            .trim_start_matches("Vector<")
            .trim_end_matches('>');
        let is_boxed = name.starts_with(char::is_uppercase);
        field.name().starts_with('_') || is_boxed && schema.constructors_of(name).count() == 0
    })
}

fn newest() -> &'static Schema {
    Layers::bundled().at(i32::MAX).schema
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn random_values_of_the_newest_layer_are_exact_in_every_form(index in 0..2500_usize, seed: u64) {
        if let Some((value, bytes)) = random_value(newest(), index, seed) {
            check_exact(newest(), &value, &bytes);
            let text = json::to_json(newest(), &value).to_string();
            let again = json::from_json(newest(), &serde_json::from_str(&text).unwrap());
            prop_assert_eq!(again.unwrap(), value);
        }
    }

    #[test]
    fn readers_agree_about_damaged_bytes(index in 0..2500_usize, seed: u64, damage in 0..6_usize) {
        if let Some((_, mut bytes)) = random_value(newest(), index, seed) {
            let mut random = Random::new(seed ^ 0x5555);
            for _ in 0..damage {
                let (at, byte) = (random.below(bytes.len()), random.next() as u8);
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            if damage == 0 {
                bytes.truncate(random.below(bytes.len()));
            }
            check_agreement(newest(), &bytes, Limits::NETWORK);
        }
    }

    #[test]
    fn readers_agree_about_ids_followed_by_noise(index in 0..2500_usize, noise in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(combinator) = newest().combinators().nth(index) {
            let mut bytes = combinator.id().to_le_bytes().to_vec();
            bytes.extend(noise);
            check_agreement(newest(), &bytes, Limits::NETWORK);
        }
    }

    #[test]
    fn no_reading_passes_its_limits(index in 0..2500_usize, seed: u64, depth in 0..6_usize, elements in 0..40_usize) {
        if let Some((value, bytes)) = random_value(newest(), index, seed) {
            let limits = Limits { depth, elements, bytes: bytes.len() };
            let is_within = measure(&value, 0, depth).is_some_and(|count| count <= elements);
            prop_assert_eq!(newest().decode(&bytes, limits).is_ok(), is_within);
            check_agreement(newest(), &bytes, limits);
            let limits = Limits { bytes: bytes.len() - 1, ..Limits::NETWORK };
            prop_assert!(newest().decode(&bytes, limits).is_err());
        }
    }

    #[test]
    fn noise_is_never_a_schema_that_breaks_anything(text in "[a-zA-Z0-9#:;=?.<>{}()\\[\\]!%*+/ \n-]{0,300}") {
        let (schema, problems) = Schema::parse(&text);
        prop_assert!(problems.iter().all(|problem| problem.line() >= 1));
        let printed = schema.to_string();
        let (again, _) = Schema::parse(&printed);
        prop_assert_eq!(again.to_string(), printed);
    }
}

/// How many objects and elements a value has; `None` where it is nested deeper than `most`.
fn measure(value: &Value, depth: usize, most: usize) -> Option<usize> {
    let inner: Vec<&Value> = match value {
        Value::Object(object) => object.fields().map(|(_, value)| value).collect(),
        Value::Vector(items) => items.iter().collect(),
        _ => return Some(0),
    };
    if depth >= most {
        return None;
    }
    let own = if let Value::Vector(items) = value {
        items.len()
    } else {
        1
    };
    inner.into_iter().try_fold(own, |sum, value| {
        Some(sum + measure(value, depth + 1, most)?)
    })
}
