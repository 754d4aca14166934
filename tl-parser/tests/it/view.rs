//! Views, on the schema of the codec's tests.

use crate::codec::schema;
use tl_parser::{Content, Limits, Object, Value};

fn peer(id: i64) -> Object {
    Object::new("peerUser").with("user_id", id)
}

#[test]
fn fields_are_found_where_they_lie() {
    let schema = schema();
    let message = Object::new("message")
        .with("out", true)
        .with("id", 7)
        .with("peer", peer(1))
        .with("text", "abc")
        .with("data", vec![9_u8]);
    let bytes = schema.encode(&message.clone().into()).unwrap();
    let view = schema.view(&bytes, Limits::NETWORK).unwrap();
    let object = view.object().unwrap();
    assert_eq!(
        (object.name(), object.byte_range()),
        ("message", 0..bytes.len())
    );
    assert!(object.flag("out") && !object.flag("text"));
    assert_eq!((object.int("id"), object.long("id")), (Some(7), Some(7)));
    assert_eq!(object.object("peer").unwrap().byte_range(), 12..24);
    assert_eq!(object.object("peer").unwrap().long("user_id"), Some(1));
    assert_eq!(
        (object.str("text"), object.bytes("data")),
        (Some("abc"), Some(&[9][..]))
    );
    assert!(object.get("fwd").is_none() && object.get("flags").is_none());
    let fields: Vec<_> = object
        .fields()
        .map(|(name, value)| (name.as_str(), value.byte_range()))
        .collect();
    assert_eq!(
        fields,
        [
            ("out", 8..8),
            ("id", 8..12),
            ("peer", 12..24),
            ("text", 28..32),
            ("data", 32..36)
        ]
    );
    assert_eq!(object.to_object(), message);
}

#[test]
fn vectors_of_every_kind_are_gone_through() {
    let schema = schema();
    let salt = |n: i32| {
        Object::new("salt")
            .with("valid_since", n)
            .with("salt", i64::from(n))
    };
    let vectors = Object::new("vectors")
        .with("a", Value::vector([1, 2, 3]))
        .with(
            "b",
            Value::vector([Value::vector([3_i64]), Value::vector([4_i64, 5])]),
        )
        .with("c", Value::vector([true, false]))
        .with("d", Value::vector([salt(1), salt(2)]))
        .with("e", Value::vector([peer(4), peer(5)]))
        .with("f", Value::vector(["", "x"]));
    let bytes = schema.encode(&vectors.clone().into()).unwrap();
    let view = schema.view(&bytes, Limits::NETWORK).unwrap();
    let object = view.object().unwrap();
    let ints: Vec<_> = object
        .vector("a")
        .unwrap()
        .iter()
        .map(|item| item.int().unwrap())
        .collect();
    assert_eq!(ints, [1, 2, 3]);
    assert_eq!(object.vector("a").unwrap().get(2).unwrap().int(), Some(3));
    assert!(object.vector("a").unwrap().get(3).is_none());
    let inner = object
        .vector("b")
        .unwrap()
        .get(1)
        .unwrap()
        .vector()
        .unwrap();
    assert_eq!((inner.len(), inner.get(1).unwrap().long()), (2, Some(5)));
    assert_eq!(
        object.vector("c").unwrap().get(1).unwrap().bool(),
        Some(false)
    );
    assert_eq!(
        object
            .vector("d")
            .unwrap()
            .get(1)
            .unwrap()
            .object()
            .unwrap()
            .long("salt"),
        Some(2)
    );
    assert_eq!(
        object
            .vector("e")
            .unwrap()
            .get(1)
            .unwrap()
            .object()
            .unwrap()
            .long("user_id"),
        Some(5)
    );
    assert_eq!(object.vector("f").unwrap().get(1).unwrap().str(), Some("x"));
    assert_eq!(view.root().to_value(), vectors.into());
    assert_eq!(object.object("a").map(|object| object.name()), None);
}

#[test]
fn open_types_and_repetitions_are_gone_through() {
    let schema = schema();
    for any in [Value::Bool(true), Value::vector([peer(1)]), peer(2).into()] {
        let carry = Object::new("carry").with("any", any.clone());
        let bytes = schema.encode(&carry.clone().into()).unwrap();
        let view = schema.view(&bytes, Limits::NETWORK).unwrap();
        assert_eq!(view.object().unwrap().get("any").unwrap().to_value(), any);
        assert_eq!(view.object().unwrap().to_object(), carry);
    }
    let rows = Value::vector([Value::vector([1.0, 2.0])]);
    let matrix = Object::new("matrix")
        .with("n", 1)
        .with("rows", rows.clone());
    let bytes = schema.encode(&matrix.into()).unwrap();
    let view = schema.view(&bytes, Limits::NETWORK).unwrap();
    let field = view.object().unwrap().get("rows").unwrap();
    assert_eq!((field.to_value(), field.byte_range()), (rows, 8..24));
    assert_eq!(
        field
            .vector()
            .unwrap()
            .get(0)
            .unwrap()
            .vector()
            .unwrap()
            .get(1)
            .unwrap()
            .double(),
        Some(2.0)
    );
}

#[test]
fn a_result_is_viewed_by_its_type_and_the_memory_used_again() {
    let schema = schema();
    let bytes = schema
        .encode_as("Vector<long>", &Value::vector([5_i64, 6]))
        .unwrap();
    let view = schema
        .view_as("Vector<long>", &bytes, Limits::NETWORK)
        .unwrap();
    assert_eq!(
        view.root().vector().unwrap().get(1).unwrap().long(),
        Some(6)
    );
    let tape = view.into_tape();
    let bytes = schema.encode(&peer(9).into()).unwrap();
    let view = schema.view_again(tape, &bytes, Limits::NETWORK).unwrap();
    assert_eq!(view.object().unwrap().long("user_id"), Some(9));
    assert_eq!(format!("{view:?}"), "peerUser { user_id: 9L }");
}

#[test]
fn a_view_refuses_what_decoding_refuses() {
    let schema = schema();
    let error = |bytes: &[u8]| schema.view(bytes, Limits::NETWORK).unwrap_err();
    assert_eq!(
        error(&[5, 0, 0]),
        schema.decode(&[5, 0, 0], Limits::NETWORK).unwrap_err()
    );
    assert_eq!(
        error(&[0; 8]),
        schema.decode(&[0; 8], Limits::NETWORK).unwrap_err()
    );
}

#[test]
fn every_value_says_what_it_holds() {
    let schema = schema();
    let message = Object::new("message")
        .with("out", true)
        .with("id", 7)
        .with("peer", peer(1))
        .with("text", "abc")
        .with("data", vec![9_u8]);
    let bytes = schema.encode(&message.into()).unwrap();
    let view = schema.view(&bytes, Limits::NETWORK).unwrap();
    assert!(!view.has_extra_flags());
    let Some(Content::Object(object)) = view.root().content() else {
        panic!("a message is an object");
    };
    let content = |field| object.get(field).unwrap().content();
    assert!(matches!(content("out"), Some(Content::Bool(true))));
    assert!(matches!(content("id"), Some(Content::Int(7))));
    assert!(matches!(content("peer"), Some(Content::Object(peer)) if peer.name() == "peerUser"));
    assert!(matches!(content("text"), Some(Content::String(b"abc"))));
    assert!(matches!(content("data"), Some(Content::Bytes(&[9]))));
}

#[test]
fn bits_that_no_field_explains_are_noticed() {
    let schema = schema();
    let mut message = Object::new("message")
        .with("id", 7)
        .with("peer", peer(1))
        .with("text", "abc")
        .with("data", vec![9_u8]);
    message.set_extra_flags("flags", 1 << 30);
    let bytes = schema.encode(&message.clone().into()).unwrap();
    let view = schema.view(&bytes, Limits::NETWORK).unwrap();
    assert!(view.has_extra_flags());
    assert_eq!(view.root().to_value(), message.into());
    // The memory forgets it.
    let bytes = schema.encode(&peer(9).into()).unwrap();
    let view = schema
        .view_again(view.into_tape(), &bytes, Limits::NETWORK)
        .unwrap();
    assert!(!view.has_extra_flags());
}
