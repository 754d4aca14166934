//! The TL language and its binary form.
//!
//! In binary inputs the first byte chooses the schema: see `schema`.

mod generate;
mod view;

use std::sync::LazyLock;

use tl_parser::{Layers, Limits, Schema, json, mtproto, syntax};

pub use view::view_vs_value;

use generate::{Bytes, object_or_call};

/// Small, so that a short input can exceed them.
const LIMITS: Limits = Limits {
    depth: 24,
    elements: 4096,
    bytes: 1 << 20,
};

/// What the public schemas hardly use: bare vectors and objects, counted fields, several flags words.
const CORNERS: &str = "\
boolFalse#bc799737 = Bool;
boolTrue#997275b5 = Bool;
true#3fedd339 = True;
vector#1cb5c415 {t:Type} # [ t ] = Vector t;
int128 4*[ int ] = Int128;
int256 8*[ int ] = Int256;
pair#00000001 first:int second:Bool = Pair;
pairs#00000002 bare:vector<%Pair> boxed:Vector<Pair> deep:Vector<Vector<vector<long>>> = Pairs;
numbers#00000003 a:int b:long c:double d:int128 e:int256 f:Int128 = Numbers;
texts#00000004 plain:string raw:bytes all:Vector<string> = Texts;
flags#00000005 flags:# a:flags.0?true b:flags.31?int c:flags.1?Bool flags2:# d:flags2.0?Vector<bytes> e:flags2.4?Pair = Flags;
shared#00000006 flags:# a:flags.0?int b:flags.0?string c:flags.1?true d:flags.1?double = Flags;
matrix#00000007 n:# rows:n*[ 2*[ double ] ] = Matrix;
nested#00000008 inner:Vector<Nested> = Nested;
any#00000009 object:Object = Any;
ready#0000000a flags:# id:int flags2:# = Ready;
---functions---
wrap#00000010 {X:Type} layer:int query:!X = X;
list#00000011 ids:Vector<int> = Vector<Pair>;
";

/// The schema of a choice: one of unusual constructs, the service schema, or an API layer.
fn schema(choice: u8) -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(CORNERS).0);
    let layers = Layers::bundled();
    match choice % 6 {
        0 => &SCHEMA,
        1 => mtproto(),
        2 => layers.at(57).schema,
        3 => layers.at(133).schema,
        4 => layers.at(198).schema,
        _ => layers.at(layers.newest()).schema,
    }
}

/// Schema texts: what can be read is printed and read again as the same, and every problem has a place.
pub fn tl_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (document, problems) = syntax::parse(text);
    for problem in &problems {
        assert!(problem.offset() <= text.len());
        assert!(problem.line() >= 1 && problem.column() >= 1);
        assert!(!problem.to_string().is_empty());
    }
    let printed = document.to_string();
    let (again, _) = syntax::parse(&printed);
    assert_eq!(again.to_string(), printed);
    assert_eq!(
        again.declarations().count(),
        document.declarations().count()
    );

    let (schema, _) = Schema::parse(text);
    for combinator in schema.combinators() {
        let found = schema.by_id(combinator.id()).expect("ids are indexed");
        assert_eq!(found.to_string(), combinator.to_string());
    }
    let _ = schema.decode_lossy(data, LIMITS);
}

/// Objects of unknown origin: all readers agree, and what is read exactly is written as it came.
pub fn tl_decode(data: &[u8]) {
    let [choice, bytes @ ..] = data else {
        return;
    };
    let schema = schema(*choice);
    let prefix = schema.decode_prefix(bytes, LIMITS);
    let skipped = schema.skip(bytes, LIMITS);
    match (&prefix, &skipped) {
        (Ok((_, length)), Ok(skipped)) => assert_eq!(length, skipped),
        (Err(decoding), Err(skipping)) => assert_eq!(decoding, skipping),
        _ => panic!("decoding: {prefix:?}, skipping: {skipped:?}"),
    }
    if let Err(error) = &prefix {
        assert!(error.offset() <= bytes.len());
        assert!(!error.to_string().is_empty());
    }
    let whole = schema.decode(bytes, LIMITS);
    let (lossy, undecoded) = schema.decode_lossy(bytes, LIMITS);
    match &whole {
        Ok(value) => {
            assert_eq!(schema.encode(value).expect("it was read"), bytes);
            assert_eq!((&lossy, undecoded.len()), (value, 0));
        }
        Err(_) => {
            let mut end = 0;
            assert!(!undecoded.is_empty(), "an error, and all bytes decoded");
            for gap in &undecoded {
                assert!(gap.range.start >= end && gap.range.end <= bytes.len());
                end = gap.range.end;
            }
        }
    }
    for function in schema.functions().take(3) {
        if let Ok(value) = schema.decode_result(function, bytes, LIMITS) {
            assert_eq!(schema.encode_result(function, &value).unwrap(), bytes);
        }
    }
}

/// Values made for the schema come back as they were; values with slips come back or are refused.
///
/// The second byte chooses how often there is a slip, below 128 never; the rest makes the value.
pub fn tl_roundtrip(data: &[u8]) {
    let [choice, slips, rest @ ..] = data else {
        return;
    };
    let schema = schema(*choice);
    let mut bytes = Bytes::new(rest, *slips);
    let value = object_or_call(schema, &mut bytes);
    match schema.encode(&value) {
        Ok(encoded) => {
            let decoded = schema
                .decode(&encoded, LIMITS)
                .unwrap_or_else(|error| panic!("{error}\n{value:?}"));
            assert_eq!(schema.encode(&decoded).expect("it was read"), encoded);
            if !bytes.slipped() {
                assert_eq!(decoded, value);
            }
        }
        Err(error) => assert!(bytes.slipped(), "{error}\n{value:?}"),
    }
}

/// JSON: values come back from it, and what it is understood as comes back, too.
///
/// The first byte chooses the schema; its highest bit says whether JSON text follows or an object.
pub fn tl_json(data: &[u8]) {
    let [choice, rest @ ..] = data else {
        return;
    };
    let schema = schema(*choice & 0x7f);
    let value = if choice & 0x80 == 0 {
        schema.decode(rest, LIMITS).ok()
    } else {
        serde_json::from_slice(rest).ok().and_then(|json| {
            json::from_json(schema, &json)
                .inspect_err(|error| assert!(!error.to_string().is_empty()))
                .ok()
        })
    };
    let Some(value) = value else { return };
    let text = json::to_json(schema, &value).to_string();
    let json = serde_json::from_str(&text).expect("it was printed");
    let again = json::from_json(schema, &json).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again, value, "{text}");
}
