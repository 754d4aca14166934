//! The JSON form, on the schema of the codec's tests.

use crate::codec::schema;
use serde_json::json;
use tl_parser::json::{from_json, from_json_as, to_json, to_json_as, untyped};
use tl_parser::{Object, Value};

fn check(value: impl Into<Value>, expect: serde_json::Value) {
    let (schema, value) = (schema(), value.into());
    assert_eq!(to_json(&schema, &value), expect);
    let text = expect.to_string();
    let again = from_json(&schema, &serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again, value);
    assert_eq!(
        schema.encode(&again).unwrap(),
        schema.encode(&value).unwrap()
    );
}

#[test]
fn every_kind_of_value_has_its_form() {
    let kinds = Object::new("kinds")
        .with("a", -1)
        .with("b", i64::MIN)
        .with("c", 0.1)
        .with("d", [1_u8; 16])
        .with("e", [0xab_u8; 32])
        .with("f", true)
        .with("g", "ab\"\u{7}é")
        .with("h", vec![0xff_u8, 0])
        .with("i", Object::new("true"));
    check(
        kinds,
        json!({
            "_": "kinds", "a": -1, "b": "-9223372036854775808", "c": 0.1,
            "d": "01".repeat(16), "e": "ab".repeat(32), "f": true, "g": "ab\"\u{7}é",
            "h": "/wA=", "i": {"_": "true"}
        }),
    );
}

#[test]
fn odd_doubles_and_texts_keep_their_bits() {
    let base = Object::new("kinds")
        .with("a", 0)
        .with("b", 0_i64)
        .with("d", [0_u8; 16])
        .with("e", [0_u8; 32])
        .with("f", false)
        .with("g", vec![0xff_u8])
        .with("h", "text that is bytes")
        .with("i", Object::new("true"));
    for double in [
        f64::from_bits(0x7ff8_0000_0000_0001),
        f64::NEG_INFINITY,
        -0.0,
        5e-324,
        1e300,
    ] {
        let value = Value::from(base.clone().with("c", double));
        let json = to_json(&schema(), &value);
        assert_eq!(json["g"], json!({ "$base64": "/w==" }));
        let text = json.to_string();
        assert_eq!(
            from_json(&schema(), &serde_json::from_str(&text).unwrap()).unwrap(),
            value
        );
    }
}

#[test]
fn vectors_repetitions_and_unexplained_bits_have_their_form() {
    let mut message = Object::new("message")
        .with("id", 7)
        .with("peer", Object::new("peerUser").with("user_id", 1_i64))
        .with("text", "");
    message.set_extra_flags("flags2", 1 << 31);
    check(
        message,
        json!({
            "_": "message", "id": 7, "peer": {"_": "peerUser", "user_id": "1"}, "text": "",
            "$flags": {"flags2": 2_147_483_648_u32}
        }),
    );
    let rows = Value::vector([Value::vector([1.0, 2.0])]);
    check(
        Object::new("matrix").with("n", 1).with("rows", rows),
        json!({"_": "matrix", "n": 1, "rows": [[1.0, 2.0]]}),
    );
    check(
        Object::new("carry").with("any", Value::vector([true, false])),
        json!({"_": "carry", "any": [true, false]}),
    );
}

#[test]
fn lenient_forms_are_understood() {
    let schema = schema();
    let json = json!({"_": "salts", "now": "5", "salts": [{"valid_since": 1, "salt": 2}]});
    let value = from_json(&schema, &json).unwrap();
    assert_eq!(value.at("salts.0.salt"), Some(&Value::Long(2)));
    assert_eq!(value.at("salts.0.valid_since"), Some(&Value::Int(1)));
    let json = json!({"_": "message", "fwd": null, "id": 1});
    assert_eq!(
        from_json(&schema, &json).unwrap(),
        Object::new("message").with("id", 1).into()
    );
}

#[test]
fn results_are_written_and_read_by_their_type() {
    let schema = schema();
    for (type_name, value, expect) in [
        (
            "Vector<bytes>",
            Value::vector([vec![1_u8]]),
            json!(["AQ=="]),
        ),
        ("Vector<long>", Value::vector([1_i64]), json!(["1"])),
        ("Bool", Value::Bool(false), json!(false)),
    ] {
        assert_eq!(to_json_as(&schema, type_name, &value), expect);
        assert_eq!(from_json_as(&schema, type_name, &expect).unwrap(), value);
    }
    assert!(from_json_as(&schema, "Gone", &json!(1)).is_err());
}

#[test]
fn errors_say_where_and_what() {
    let refuse = |json| from_json(&schema(), &json).unwrap_err().to_string();
    assert_eq!(
        refuse(json!({"_": "message", "peer": {"_": "peerUser", "user_id": 1.5}})),
        "in peer.user_id: expected a whole number of 64 bits, best as a string, found 1.5"
    );
    assert_eq!(
        refuse(json!({"_": "salts", "salts": [{"salts": 1}]})),
        "in salts.0: salt has no field `salts`"
    );
    assert_eq!(refuse(json!({"_": "gone"})), "the schema has no `gone`");
    assert_eq!(
        refuse(json!({})),
        "the member `_` with the name of the constructor is missing"
    );
    assert_eq!(refuse(json!(7)), "expected an object, found 7");
    assert_eq!(
        refuse(json!({"_": "message", "flags": 1})),
        "message has no field `flags`"
    );
    assert_eq!(
        refuse(json!({"_": "kinds", "h": "?"})),
        "in h: expected a string of base64 with padding, found \"?\""
    );
}

#[test]
fn without_schema_there_is_a_form_for_display() {
    let object = Object::new("any")
        .with("a", "text")
        .with("b", vec![0xff_u8]);
    assert_eq!(
        untyped(&object.into()),
        json!({"_": "any", "a": "text", "b": {"$base64": "/w=="}})
    );
}
