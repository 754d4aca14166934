//! Reading and writing on a small schema with every construct.

use tl_parser::{DecodeErrorKind, EncodeErrorKind, Limits, Object, Schema, Value};

pub(crate) const TEXT: &str = "
boolFalse#bc799737 = Bool;
boolTrue#997275b5 = Bool;
true#3fedd339 = True;
vector#1cb5c415 {t:Type} # [ t ] = Vector t;
int128 4*[ int ] = Int128;
peerUser#00000001 user_id:long = Peer;
peerChat#00000002 chat_id:long = Peer;
salt#00000003 valid_since:int salt:long = Salt;
salts#00000004 now:int salts:vector<salt> = Salts;
message#00000005 flags:# out:flags.1?true id:int peer:Peer fwd:flags.2?Peer flags2:# \
    date:flags2.0?int text:string data:flags2.3?bytes = Message;
kinds#00000006 a:int b:long c:double d:int128 e:int256 f:Bool g:string h:bytes i:True = Kinds;
vectors#00000007 a:Vector<int> b:Vector<Vector<long>> c:vector<Bool> d:Vector<%Salt> \
    e:Vector<Peer> f:Vector<string> = Vectors;
matrix#00000008 n:# rows:n*[ 2*[ double ] ] = Matrix;
shared#00000009 flags:# a:flags.0?int b:flags.0?string = Shared;
nested#0000000a inner:Vector<Nested> = Nested;
boxedInt#0000000b n:Int128 = BoxedInt;
ready#0000000c flags:# id:int flags2:# = Ready;
---functions---
getPeers#00000010 ids:Vector<int> = Vector<Peer>;
wrap#00000011 {X:Type} layer:int query:!X = X;
carry#00000012 any:Object = Bool;
";

pub(crate) fn schema() -> Schema {
    let (schema, problems) = Schema::parse(TEXT);
    for problem in &problems {
        assert_eq!(
            problem.severity(),
            tl_parser::syntax::Severity::Warning,
            "{problem}"
        );
    }
    schema
}

/// Encodes, compares with the words, and reads back in every way.
fn check(value: impl Into<Value>, words: &[u32]) {
    let (schema, value) = (schema(), value.into());
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(schema.encode(&value).unwrap(), bytes, "{value:?}");
    assert_eq!(schema.decode(&bytes, Limits::NETWORK).unwrap(), value);
    assert_eq!(schema.skip(&bytes, Limits::NETWORK).unwrap(), bytes.len());
    assert_eq!(
        schema.decode_lossy(&bytes, Limits::NETWORK),
        (value, vec![])
    );
}

fn peer(id: i64) -> Object {
    Object::new("peerUser").with("user_id", id)
}

fn error(words: &[u32]) -> (usize, DecodeErrorKind, String) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let error = schema().decode(&bytes, Limits::NETWORK).unwrap_err();
    assert_eq!(
        schema().skip(&bytes, Limits::NETWORK).err().as_ref(),
        match error.kind() {
            DecodeErrorKind::TrailingBytes { .. } => None,
            _ => Some(&error),
        }
    );
    (error.offset(), error.kind().clone(), error.to_string())
}

#[test]
fn flags_words_are_computed_from_the_fields_that_are_present() {
    let message = Object::new("message")
        .with("id", 7)
        .with("peer", peer(1))
        .with("text", "");
    check(message.clone(), &[5, 0, 7, 1, 1, 0, 0, 0]);
    check(
        message
            .with_flag("out", true)
            .with("fwd", peer(2))
            .with("data", vec![9_u8, 8, 7]),
        &[5, 0b110, 7, 1, 1, 0, 1, 2, 0, 0b1000, 0, 0x0708_0903],
    );
}

#[test]
fn unexplained_flag_bits_come_back() {
    let mut message = Object::new("message")
        .with("id", 7)
        .with("peer", peer(1))
        .with("text", "");
    message.set_extra_flags("flags2", 1 << 31);
    check(message.clone(), &[5, 0, 7, 1, 1, 0, 1 << 31, 0]);
    message.set_extra_flags("flags2", 1);
    let error = schema().encode(&message.into()).unwrap_err();
    assert!(
        matches!(error.kind(), EncodeErrorKind::ExplainedFlag { bits: 1, .. }),
        "{error}"
    );
}

#[test]
fn every_kind_of_value_has_its_words() {
    let kinds = Object::new("kinds")
        .with("a", -1)
        .with("b", i64::MIN)
        .with("c", 1.0)
        .with("d", [1_u8; 16])
        .with("e", [2_u8; 32])
        .with("f", true)
        .with("g", "abc")
        .with("h", vec![0xff_u8])
        .with("i", Object::new("true"));
    let mut words = vec![6, u32::MAX, 0, 1 << 31, 0, 0x3ff0_0000];
    words.extend([0x0101_0101; 4]);
    words.extend([0x0202_0202; 8]);
    words.extend([0x9972_75b5, 0x6362_6103, 0xff01, 0x3fed_d339]);
    check(kinds, &words);
}

#[test]
fn vectors_are_bare_or_boxed_as_the_schema_says() {
    let salt = Object::new("salt")
        .with("valid_since", 1)
        .with("salt", 2_i64);
    let vectors = Object::new("vectors")
        .with("a", Value::vector([1, 2]))
        .with(
            "b",
            Value::vector([Value::vector([3_i64]), Value::vector::<i64>([])]),
        )
        .with("c", Value::vector([true, false]))
        .with("d", Value::vector([salt.clone()]))
        .with("e", Value::vector([peer(4)]))
        .with("f", Value::vector(["", "x"]));
    const V: u32 = 0x1cb5_c415;
    check(
        vectors,
        &[
            7,
            V,
            2,
            1,
            2,
            V,
            2,
            V,
            1,
            3,
            0,
            V,
            0,
            2,
            0x9972_75b5,
            0xbc79_9737,
            V,
            1,
            1,
            2,
            0,
            V,
            1,
            1,
            4,
            0,
            V,
            2,
            0,
            0x7801,
        ],
    );
    let salts = Object::new("salts")
        .with("now", 5)
        .with("salts", Value::vector([salt]));
    check(salts, &[4, 5, 1, 1, 2, 0]);
}

#[test]
fn repetitions_take_their_count_from_the_schema_or_a_field() {
    let rows = Value::vector([Value::vector([1.0, 1.0]), Value::vector([1.0, 1.0])]);
    let one = 0x3ff0_0000;
    let matrix = Object::new("matrix").with("n", 2).with("rows", rows);
    check(matrix.clone(), &[8, 2, 0, one, 0, one, 0, one, 0, one]);
    let error = schema().encode(&matrix.with("n", 3).into()).unwrap_err();
    assert_eq!(error.kind(), &EncodeErrorKind::BadCount { count: 2 });
    let int128 = Object::new("int128").with("_0", Value::vector([1, 2, 3, 4]));
    let id = schema().by_name("int128").unwrap().id();
    check(
        Object::new("boxedInt").with("n", int128),
        &[11, id, 1, 2, 3, 4],
    );
}

#[test]
fn a_functional_argument_is_any_call_and_the_result_any_object() {
    let call = Object::new("getPeers").with("ids", Value::vector([5]));
    check(
        Object::new("wrap").with("layer", 158).with("query", call),
        &[0x11, 158, 0x10, 0x1cb5_c415, 1, 5],
    );
    check(Object::new("carry").with("any", true), &[0x12, 0x9972_75b5]);
    let peers = Value::vector([peer(1), peer(2)]);
    check(
        Object::new("carry").with("any", peers),
        &[0x12, 0x1cb5_c415, 2, 1, 1, 0, 1, 2, 0],
    );
}

#[test]
fn results_are_read_by_their_type() {
    let schema = schema();
    let peers = Value::vector([peer(1)]);
    let function = schema.by_name("getPeers").unwrap();
    assert_eq!(function.result_type(), "Vector<Peer>");
    let bytes = schema.encode_result(function, &peers).unwrap();
    assert_eq!(
        schema
            .decode_result(function, &bytes, Limits::NETWORK)
            .unwrap(),
        peers
    );
    assert_eq!(
        schema
            .decode_as("Vector<Peer>", &bytes, Limits::NETWORK)
            .unwrap(),
        peers
    );
    assert_eq!(
        schema.decode_as("X", &bytes, Limits::NETWORK).unwrap(),
        peers
    );
    for (name, value) in [
        ("Bool", Value::Bool(true)),
        ("Vector<long>", Value::vector([1_i64])),
        (
            "vector<vector<%Salt>>",
            Value::vector([Value::vector::<i64>([])]),
        ),
    ] {
        let bytes = schema.encode_as(name, &value).unwrap();
        assert_eq!(
            schema.decode_as(name, &bytes, Limits::NETWORK).unwrap(),
            value
        );
    }
    let error = schema
        .decode_as("Nothing", &bytes, Limits::NETWORK)
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &DecodeErrorKind::UnknownType("Nothing".to_owned())
    );
}

#[test]
fn values_that_do_not_fit_are_refused_with_the_way_to_them() {
    let refuse = |object: Object| schema().encode(&object.into()).unwrap_err().to_string();
    let message = Object::new("message")
        .with("id", 7)
        .with("peer", peer(1))
        .with("text", "");
    let without = |field: &str| {
        let mut message = message.clone();
        message.remove(field);
        message
    };
    assert_eq!(
        refuse(without("text")),
        "the field `text` of message is missing"
    );
    assert_eq!(
        refuse(message.clone().with("tex", "")),
        "message has no field `tex`"
    );
    assert_eq!(
        refuse(message.clone().with("flags", 1)),
        "message has no field `flags`"
    );
    assert_eq!(
        refuse(message.clone().with("id", "7")),
        "in message.id: expected int, found bytes"
    );
    assert_eq!(
        refuse(message.clone().with("fwd", Object::new("peerUser"))),
        "in message.fwd: the field `user_id` of peerUser is missing"
    );
    assert_eq!(
        refuse(message.clone().with("fwd", message.clone())),
        "in message.fwd: expected Peer, found message"
    );
    assert_eq!(
        refuse(Object::new("shared").with("a", 1)),
        "the field `b` of shared is missing"
    );
    assert_eq!(refuse(Object::new("gone")), "the schema has no `gone`");
}

#[test]
fn a_flags_word_without_fields_is_computed_like_any_other() {
    check(Object::new("ready").with("id", 7), &[12, 0, 7, 0]);
    let mut ready = Object::new("ready").with("id", 7);
    ready.set_extra_flags("flags", 5);
    ready.set_extra_flags("flags2", 1 << 31);
    check(ready.clone(), &[12, 5, 7, 1 << 31]);
    assert_eq!(
        schema()
            .encode(&ready.with("flags", 5).into())
            .unwrap_err()
            .kind(),
        &EncodeErrorKind::UnknownField {
            combinator: "ready".into(),
            field: "flags".into()
        }
    );
}

#[test]
fn a_number_that_is_no_flags_word_stays_a_field() {
    let (schema, problems) = Schema::parse(
        "year#1 year:# = Year; flagsOf#2 flagset:# = A; list#3 flags:# all:flags*[ int ] = A;",
    );
    assert!(problems.iter().all(|problem| !problem.message().is_empty()));
    for (name, fields) in [
        ("year", vec![("year", Value::Int(2026))]),
        ("flagsOf", vec![("flagset", Value::Int(-1))]),
        (
            "list",
            vec![("flags", Value::Int(1)), ("all", Value::vector([9]))],
        ),
    ] {
        let object = fields
            .into_iter()
            .fold(Object::new(name), |object, (field, value)| {
                object.with(field, value)
            });
        let bytes = schema.encode(&object.clone().into()).unwrap();
        let again = schema.decode(&bytes, Limits::NETWORK).unwrap();
        assert_eq!(again, object.into());
    }
}

#[test]
fn a_word_cannot_be_count_and_flags_at_once() {
    for text in [
        "a#1 n:# all:n*[ int ] more:n.0?int = A;",
        "a#1 n:# more:n.0?int all:n*[ int ] = A;",
    ] {
        let (schema, problems) = Schema::parse(text);
        let is_told = problems.iter().any(|problem| {
            matches!(
                problem.kind(),
                tl_parser::syntax::ProblemKind::Unsupported(why) if why.contains("both a count")
            )
        });
        assert!(is_told, "{text}: {problems:?}");
        let error = schema.decode(&[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], Limits::NETWORK);
        assert_eq!(error.unwrap_err().kind(), &DecodeErrorKind::Unsupported);
    }
}

#[test]
fn a_nameless_word_has_no_name_for_a_condition() {
    let (_, problems) = Schema::parse("a#1 # more:_.0?int = A;");
    let kinds: Vec<_> = problems.iter().map(|problem| problem.message()).collect();
    assert!(kinds.contains(&"`_` is no `#` field to the left of its condition".to_owned()));
}

#[test]
fn fields_in_any_order_are_written_in_that_of_the_schema() {
    let schema = schema();
    let ordered = Object::new("message")
        .with("out", true)
        .with("id", 7)
        .with("peer", peer(1))
        .with("date", 3)
        .with("text", "hi");
    let mut fields: Vec<_> = ordered
        .fields()
        .map(|(n, v)| (n.to_owned(), v.clone()))
        .collect();
    let bytes = schema.encode(&ordered.into()).unwrap();
    for _ in 0..fields.len() {
        fields.rotate_left(1);
        for fields in [fields.clone(), fields.iter().rev().cloned().collect()] {
            let object = fields
                .into_iter()
                .fold(Object::new("message"), |object, (name, value)| {
                    object.with(name, value)
                });
            assert_eq!(schema.encode(&object.into()).unwrap(), bytes);
        }
    }
}

#[test]
fn two_fields_of_one_name_come_back_as_they_were() {
    let (schema, _) = Schema::parse("twin#1 flags:# x:int x:flags.0?int y:int x:int = Twin;");
    let bytes: Vec<u8> = [1_u32, 1, 10, 11, 12, 13]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let value = schema.decode(&bytes, Limits::NETWORK).unwrap();
    assert_eq!(schema.encode(&value).unwrap(), bytes);
}

#[test]
fn a_false_flag_is_an_absent_one_and_an_int_is_widened() {
    let schema = schema();
    let message = Object::new("message")
        .with("id", 7)
        .with("text", "")
        .with("out", false);
    let bytes = schema.encode(
        &message
            .with("peer", Object::new("peerUser").with("user_id", 1))
            .into(),
    );
    let again = schema.decode(&bytes.unwrap(), Limits::NETWORK).unwrap();
    assert_eq!(again.at("out"), None);
    assert_eq!(again.at("peer.user_id"), Some(&Value::Long(1)));
}

#[test]
fn errors_name_the_byte_and_the_way() {
    let (offset, kind, text) = error(&[5, 0, 7, 1, 1]);
    assert_eq!(
        (offset, kind),
        (16, DecodeErrorKind::UnexpectedEnd { missing: 4 })
    );
    assert_eq!(
        text,
        "at byte 16 in message.peer > peerUser.user_id: the input ends, at least 4 bytes are missing"
    );
    let (offset, kind, text) = error(&[0x10, 0x1cb5_c415, 1, 1, 9]);
    assert_eq!(
        (offset, kind),
        (16, DecodeErrorKind::TrailingBytes { count: 4 })
    );
    assert_eq!(text, "at byte 16: 4 bytes are left after the object");
    let (_, kind, text) = error(&[0x12, 0x1cb5_c415, 2, 1, 1, 0, 0xabcd]);
    assert_eq!(kind, DecodeErrorKind::UnknownConstructor { id: 0xabcd });
    assert!(
        text.starts_with("at byte 24 in carry.any[1]: unknown constructor 0000abcd"),
        "{text}"
    );
}

#[test]
fn an_object_of_another_type_is_refused() {
    let (offset, kind, _) = error(&[5, 0, 7, 3, 1, 1, 1]);
    let expected = "Peer".to_owned();
    assert_eq!(
        (offset, kind),
        (
            12,
            DecodeErrorKind::WrongType {
                expected,
                found: "salt".into()
            }
        )
    );
}

#[test]
fn odd_forms_of_strings_are_refused_and_read_only_with_a_note() {
    let (offset, kind, _) = error(&[5, 0, 7, 1, 1, 0, 0, 0x0100_6101]);
    assert_eq!((offset, kind), (28, DecodeErrorKind::Padding));
    let (_, kind, _) = error(&[5, 0, 7, 1, 1, 0, 0, 0x01fe, 0x61]);
    assert_eq!(kind, DecodeErrorKind::LongLength);
    let words = [5, 0, 7, 1, 1, 0, 0, 0x0100_6101];
    let bytes: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    let (value, undecoded) = schema().decode_lossy(&bytes, Limits::CAPTURE);
    assert_eq!(value.at("text"), Some(&"a".into()));
    assert_eq!(undecoded.len(), 1);
    assert_eq!(undecoded[0].range, 30..32);
}

#[test]
fn a_lossy_reading_keeps_what_came_before_the_unknown() {
    let words = [
        7,
        0x1cb5_c415,
        2,
        1,
        2,
        0x1cb5_c415,
        2,
        0x1cb5_c415,
        1,
        3,
        0,
        0xdead,
        0,
    ];
    let bytes: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    let (value, undecoded) = schema().decode_lossy(&bytes, Limits::CAPTURE);
    let expect = Object::new("vectors")
        .with("a", Value::vector([1, 2]))
        .with("b", Value::vector([Value::vector([3_i64])]));
    assert_eq!(value, expect.into());
    assert_eq!(undecoded.len(), 1);
    assert_eq!(undecoded[0].range, 44..52);
    assert_eq!(
        undecoded[0].error.to_string(),
        "at byte 44 in vectors.b[1]: expected a vector, found 0000dead"
    );
}

#[test]
fn a_lossy_reading_of_nothing_known_is_empty_and_says_so() {
    let (value, undecoded) = schema().decode_lossy(&[0xde, 0xad, 0, 0], Limits::CAPTURE);
    assert_eq!(value, Value::Vector(vec![]));
    assert_eq!(undecoded[0].range, 0..4);
    let (_, undecoded) = schema().decode_lossy(
        &[0; 9],
        Limits {
            bytes: 8,
            ..Limits::CAPTURE
        },
    );
    assert_eq!(undecoded[0].range, 0..9);
}

#[test]
fn nesting_is_bounded_by_the_limit_and_never_by_the_stack() {
    let deep = |depth: usize| {
        let mut words = [10, 0x1cb5_c415, 1].repeat(depth);
        words.extend([10, 0x1cb5_c415, 0]);
        words
            .iter()
            .flat_map(|word: &u32| word.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let generous = Limits {
        depth: usize::MAX,
        elements: usize::MAX,
        bytes: usize::MAX,
    };
    let error = schema().decode(&deep(10_000), generous).unwrap_err();
    assert_eq!(error.kind(), &DecodeErrorKind::TooDeep);
    assert_eq!(error.path().len(), tl_parser::MAX_DEPTH / 2);
    assert!(schema().skip(&deep(10_000), generous).is_err());
    assert!(schema().decode(&deep(60), Limits::NETWORK).is_ok());
    assert!(schema().decode(&deep(70), Limits::NETWORK).is_err());
    // Vectors of vectors of nothing declared.
    let mut words = vec![0x12];
    words.extend([0x1cb5_c415, 1].repeat(10_000));
    let (_, kind, _) = self::error(&words);
    assert_eq!(kind, DecodeErrorKind::TooDeep);
}

#[test]
fn a_vector_cannot_claim_more_than_there_is() {
    let (offset, kind, _) = error(&[0x10, 0x1cb5_c415, 1 << 31, 0]);
    let missing = (1_usize << 33) - 8;
    assert_eq!(
        (offset, kind),
        (8, DecodeErrorKind::UnexpectedEnd { missing })
    );
    // Elements without bytes are bounded by the limit alone.
    let (schema, _) = Schema::parse("nothing#1 = Nothing; many#2 all:Vector<nothing> = Many;");
    let bytes: Vec<u8> = [2_u32, 0x1cb5_c415, 1 << 31]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let error = schema.decode(&bytes, Limits::NETWORK).unwrap_err();
    assert_eq!(
        error.kind(),
        &DecodeErrorKind::TooManyElements { claimed: 1 << 31 }
    );
}

#[test]
fn input_longer_than_the_limit_is_not_even_looked_at() {
    let limits = Limits {
        bytes: 8,
        ..Limits::NETWORK
    };
    let error = schema().decode(&[0; 12], limits).unwrap_err();
    assert_eq!(error.kind(), &DecodeErrorKind::TooLong { length: 12 });
}

#[test]
fn a_name_of_several_combinators_is_told_apart_by_the_id() {
    let (schema, _) = Schema::parse("a#1 x:int = A; a#2 x:int y:int = A;");
    let value = schema
        .decode(&[1, 0, 0, 0, 5, 0, 0, 0], Limits::NETWORK)
        .unwrap();
    assert_eq!(value, Object::new("a#00000001").with("x", 5).into());
    assert_eq!(schema.encode(&value).unwrap(), [1, 0, 0, 0, 5, 0, 0, 0]);
    assert_eq!(
        schema.by_name("a").unwrap().id(),
        2,
        "without id, the last one"
    );
}
