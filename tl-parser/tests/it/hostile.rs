//! Bad input: a typed error with the byte and the way to it, from every reader, in bounded time.

use tl_parser::syntax::{MAX_DECLARATIONS, MAX_PROBLEMS};
use tl_parser::{
    DecodeErrorKind, EncodeErrorKind, Layers, Limits, MAX_DEPTH, Object, Schema, Value,
};

const VECTOR: u32 = 0x1cb5_c415;

fn newest() -> &'static Schema {
    Layers::bundled().at(i32::MAX).schema
}

fn id(name: &str) -> u32 {
    newest()
        .by_name(name)
        .expect("the newest layer has it")
        .id()
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// What every reader says about the words: the offset, the kind, and the whole sentence.
fn refused(words: &[u32]) -> (usize, DecodeErrorKind, String) {
    let (schema, bytes) = (newest(), bytes(words));
    let error = schema.decode(&bytes, Limits::NETWORK).unwrap_err();
    assert_eq!(schema.skip(&bytes, Limits::NETWORK).unwrap_err(), error);
    assert_eq!(schema.view(&bytes, Limits::NETWORK).unwrap_err(), error);
    let (_, undecoded) = schema.decode_lossy(&bytes, Limits::NETWORK);
    assert!(!undecoded.is_empty());
    (error.offset(), error.kind().clone(), error.to_string())
}

#[test]
fn vectors_nested_ten_thousand_deep() {
    let mut words = vec![id("invokeWithoutUpdates")];
    words.extend([VECTOR, 1].repeat(10_000));
    let (offset, kind, text) = refused(&words);
    assert_eq!(kind, DecodeErrorKind::TooDeep);
    // The call is one level, each vector another, and the error stands at the count that is too deep.
    assert_eq!(offset, 4 + 8 * (Limits::NETWORK.depth - 1) + 4);
    assert!(text.contains("in invokeWithoutUpdates.query[0]"), "{text}");
}

#[test]
fn a_vector_of_two_to_the_31_elements() {
    let (offset, kind, text) =
        refused(&[id("users.getUsers"), VECTOR, 1 << 31, id("inputUserSelf")]);
    let missing = (4 << 31) - 8;
    assert_eq!(
        (offset, kind),
        (8, DecodeErrorKind::UnexpectedEnd { missing })
    );
    assert!(
        text.starts_with("at byte 8 in users.getUsers.id: "),
        "{text}"
    );
}

#[test]
fn a_string_length_past_the_end() {
    let (offset, kind, text) = refused(&[id("auth.sendCode"), 0xffff_fffe, 0]);
    let missing = (1 << 24) - 4;
    assert_eq!(
        (offset, kind),
        (4, DecodeErrorKind::UnexpectedEnd { missing })
    );
    assert!(
        text.starts_with("at byte 4 in auth.sendCode.phone_number: "),
        "{text}"
    );
}

#[test]
fn an_unknown_constructor_in_the_middle() {
    let oneself = id("inputUserSelf");
    let (offset, kind, text) = refused(&[
        id("users.getUsers"),
        VECTOR,
        3,
        oneself,
        0xdead_beef,
        oneself,
    ]);
    assert_eq!(
        (offset, kind),
        (16, DecodeErrorKind::UnknownConstructor { id: 0xdead_beef })
    );
    assert!(
        text.starts_with("at byte 16 in users.getUsers.id[1]: "),
        "{text}"
    );
}

#[test]
fn padding_that_is_not_zero() {
    let (offset, kind, text) = refused(&[id("auth.sendCode"), 0x0100_6101, 1, 0, 0]);
    assert_eq!((offset, kind), (4, DecodeErrorKind::Padding));
    assert!(
        text.starts_with("at byte 4 in auth.sendCode.phone_number: "),
        "{text}"
    );
}

/// No error: a newer peer may know what they mean, and they are written again as they came.
#[test]
fn flags_with_undefined_bits_are_kept_and_shown() {
    let words = [id("contacts.getLocated"), 1 << 30, id("inputGeoPointEmpty")];
    let value = newest().decode(&bytes(&words), Limits::NETWORK).unwrap();
    let object = value.as_object().unwrap();
    assert_eq!(
        object.all_extra_flags().collect::<Vec<_>>(),
        [("flags", 1 << 30)]
    );
    assert_eq!(newest().encode(&value).unwrap(), bytes(&words));
    let shown = tl_parser::json::to_json(newest(), &value).to_string();
    assert!(
        shown.contains(r#""$flags":{"flags":1073741824}"#),
        "{shown}"
    );
}

#[test]
fn noise_in_the_place_of_a_schema() {
    // What stands for 100 MB: 3 MB of each kind, so that reading again and again would show.
    let mut random = crate::generate::Random::new(7);
    let printable = |_| char::from(b' ' + (random.below(95)) as u8);
    let noise: String = (0..3_000_000).map(printable).collect();
    for text in [
        noise.as_str(),
        &"x#1 a:flags.0?Vector<".repeat(150_000),
        &"a = A; ".repeat(400_000),
        &"a#12345678 x:Y z:%Z = A;\n".repeat(120_000),
        &"\u{0}\u{7f}é".repeat(700_000),
    ] {
        let (schema, problems) = Schema::parse(text);
        assert!(problems.len() <= MAX_PROBLEMS + 1);
        assert!(schema.combinators().len() <= MAX_DECLARATIONS);
        for problem in &problems {
            assert!(problem.offset() <= text.len() && problem.line() >= 1);
            assert!(
                problem.excerpt().len() < 1000,
                "a line is shown around the place only"
            );
        }
    }
}

#[test]
fn a_value_too_deep_to_be_written_is_refused() {
    let nested = |depth: usize| {
        let deep = (0..depth).fold(Value::Vector(vec![]), |value, _| Value::Vector(vec![value]));
        newest().encode(
            &Object::new("invokeWithoutUpdates")
                .with("query", deep)
                .into(),
        )
    };
    // The call and the innermost vector are levels, too.
    assert!(nested(MAX_DEPTH - 2).is_ok());
    let error = nested(MAX_DEPTH - 1).unwrap_err();
    assert_eq!(error.kind(), &EncodeErrorKind::TooDeep);
}
