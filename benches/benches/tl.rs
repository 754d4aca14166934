//! The TL language and its binary form: a whole API schema, and a page of messages.
//!
//! `cargo bench -p mtkit-benches --bench tl --features peers` measures the peers in the same run.
//! What two implementations do is compared before it is timed; a table of ratios closes the run.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group};
use tl_parser::{Layers, Limits, Object, Schema, Value, syntax};

const TABLE: &str = include_str!("../../tl-parser/schemas/api.tl");
const LAYER: i32 = 230;

/// The text of the layer, as a file of its own. The peers know vectors by heart and refuse their declaration.
fn text() -> String {
    let schema = Layers::bundled().at(LAYER).schema.to_string();
    let lines = schema.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("vector#")).collect()
}

/// A page of 100 text messages, as `messages.getHistory` gives it.
fn page() -> Value {
    let message = |id: i32| {
        Object::new("message")
            .with_flag("out", id % 2 == 0)
            .with("id", id)
            .with(
                "from_id",
                peer("peerUser", "user_id", 10_000 + i64::from(id % 7)),
            )
            .with("peer_id", peer("peerChat", "chat_id", 4_242))
            .with("date", 1_700_000_000 + id)
            .with(
                "message",
                format!("Message {id}: the quick brown fox jumps over the lazy dog."),
            )
            .with_opt("entities", (id % 5 == 0).then(|| Value::vector([bold()])))
    };
    let user = |id: i64| {
        Object::new("user")
            .with("id", 10_000 + id)
            .with("access_hash", -7 * id)
            .with("first_name", format!("User {id}"))
    };
    Object::new("messages.messages")
        .with("messages", Value::vector((1..=100).map(message)))
        .with("topics", Value::Vector(Vec::new()))
        .with("chats", Value::Vector(Vec::new()))
        .with("users", Value::vector((0..7).map(user)))
        .into()
}

fn peer(name: &'static str, field: &'static str, id: i64) -> Object {
    Object::new(name).with(field, id)
}

fn bold() -> Object {
    Object::new("messageEntityBold")
        .with("offset", 0)
        .with("length", 7)
}

fn parsing(c: &mut Criterion) {
    let text = text();
    let (schema, problems) = Schema::parse(&text);
    assert!(problems.is_empty());
    let mut group = c.benchmark_group("parse_schema");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(30);
    // Read, checked, indexed and compiled.
    group.bench_function("ours", |b| b.iter(|| Schema::parse(black_box(&text))));
    // Read, and each id compared with the CRC32 of its text.
    group.bench_function("ours_document", |b| {
        b.iter(|| syntax::parse(black_box(&text)).0.items.len());
    });
    #[cfg(feature = "peers")]
    {
        let ours: Vec<u32> = schema.combinators().map(|c| c.id()).collect();
        let grammers: Vec<u32> = grammers_tl_parser::parse_tl_file(&text)
            .map(|definition| definition.expect("the text is sound").id)
            .collect();
        let ferogram: Vec<u32> = ferogram_tl_parser::parse_tl_file(&text)
            .map(|definition| definition.expect("the text is sound").id)
            .collect();
        assert_eq!(grammers, ours);
        assert_eq!(ferogram, ours);
        group.bench_function("grammers", |b| {
            b.iter(|| grammers_tl_parser::parse_tl_file(black_box(&text)).collect::<Vec<_>>());
        });
        group.bench_function("ferogram", |b| {
            b.iter(|| ferogram_tl_parser::parse_tl_file(black_box(&text)).collect::<Vec<_>>());
        });
    }
    drop((group, schema));

    let mut group = c.benchmark_group("bundled_layers");
    group.sample_size(30);
    group.bench_function("table_and_newest_layer", |b| {
        b.iter(|| {
            let (layers, _) = Layers::from_table(black_box(TABLE));
            layers.at(LAYER).schema.combinators().len()
        });
    });
}

fn codec(c: &mut Criterion) {
    let schema = Layers::bundled().at(LAYER).schema;
    let value = page();
    let bytes = schema.encode(&value).expect("the page is sound");
    let limits = Limits::NETWORK;
    assert_eq!(schema.decode(&bytes, limits).expect("just written"), value);

    let mut group = c.benchmark_group("decode_100_messages");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("ours_skip", |b| {
        b.iter(|| schema.skip(black_box(&bytes), limits).is_ok());
    });
    group.bench_function("ours_view", |b| {
        let mut tape = Some(tl_parser::Tape::default());
        b.iter(|| {
            let view = schema
                .view_again(tape.take().unwrap_or_default(), black_box(&bytes), limits)
                .expect("it is sound");
            tape = Some(view.into_tape());
        });
    });
    group.bench_function("ours_value", |b| {
        b.iter(|| schema.decode(black_box(&bytes), limits));
    });
    #[cfg(feature = "peers")]
    {
        use grammers_tl_types::{Deserializable, Serializable, enums::messages::Messages};
        let theirs = Messages::from_bytes(&bytes).expect("they know the layer");
        assert_eq!(theirs.to_bytes(), bytes);
        group.bench_function("grammers", |b| {
            b.iter(|| Messages::from_bytes(black_box(&bytes)));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("encode_100_messages");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("ours", |b| b.iter(|| schema.encode(black_box(&value))));
    #[cfg(feature = "peers")]
    {
        use grammers_tl_types::{Deserializable, Serializable, enums::messages::Messages};
        let theirs = Messages::from_bytes(&bytes).expect("they know the layer");
        group.bench_function("grammers", |b| b.iter(|| black_box(&theirs).to_bytes()));
    }
}

/// The table of ratios: ours and theirs in turn, on the inputs that the groups above compared.
#[cfg(feature = "peers")]
fn compare() {
    use benches::race::{Case, Table};
    use grammers_tl_types::{Deserializable, Serializable, enums::messages::Messages};

    fn case<'a>(name: &'a str, run: &'a mut dyn FnMut()) -> Case<'a> {
        Case { name, run }
    }
    let mut table = Table::default();
    let text = text();
    let mut grammers = || {
        black_box(grammers_tl_parser::parse_tl_file(black_box(&text)).collect::<Vec<_>>());
    };
    let mut ferogram = || {
        black_box(ferogram_tl_parser::parse_tl_file(black_box(&text)).collect::<Vec<_>>());
    };
    let mut ours = || {
        black_box(Schema::parse(black_box(&text)));
    };
    let what = "parse, check and compile the schema of layer 230";
    table.race(
        what,
        4.0,
        case("ours", &mut ours),
        case("grammers-tl-parser", &mut grammers),
    );
    table.race(
        what,
        3.0,
        case("ours", &mut ours),
        case("ferogram-tl-parser", &mut ferogram),
    );
    let mut ours = || {
        let (layers, _) = Layers::from_table(black_box(TABLE));
        black_box(layers.at(LAYER).schema.combinators().len());
    };
    table.alone(
        "load the union table and one layer",
        2000.0,
        case("ours", &mut ours),
    );

    let schema = Layers::bundled().at(LAYER).schema;
    let value = page();
    let bytes = schema.encode(&value).expect("the page is sound");
    let decoded = schema
        .decode(&bytes, Limits::NETWORK)
        .expect("just written");
    let theirs = Messages::from_bytes(&bytes).expect("they know the layer");
    let mut grammers = || {
        black_box(Messages::from_bytes(black_box(&bytes)).is_ok());
    };
    let mut skip = || {
        black_box(schema.skip(black_box(&bytes), Limits::NETWORK).is_ok());
    };
    let mut tape = Some(tl_parser::Tape::default());
    let mut view = || {
        let old = tape.take().unwrap_or_default();
        let view = schema.view_again(old, black_box(&bytes), Limits::NETWORK);
        tape = view.ok().map(tl_parser::View::into_tape);
    };
    let mut decode = || {
        black_box(schema.decode(black_box(&bytes), Limits::NETWORK).is_ok());
    };
    let peer = "grammers-tl-types";
    table.race(
        "check 100 messages",
        4.5,
        case("ours", &mut skip),
        case(peer, &mut grammers),
    );
    table.race(
        "view 100 messages",
        4.5,
        case("ours", &mut view),
        case(peer, &mut grammers),
    );
    table.race(
        "decode 100 messages",
        0.6,
        case("ours", &mut decode),
        case(peer, &mut grammers),
    );
    let mut grammers = || {
        black_box(black_box(&theirs).to_bytes());
    };
    let mut built = || {
        black_box(schema.encode(black_box(&value)).is_ok());
    };
    let mut again = || {
        black_box(schema.encode(black_box(&decoded)).is_ok());
    };
    table.race(
        "encode 100 messages, built",
        0.5,
        case("ours", &mut built),
        case(peer, &mut grammers),
    );
    table.race(
        "encode 100 messages, decoded",
        0.5,
        case("ours", &mut again),
        case(peer, &mut grammers),
    );
    table.print();
}

criterion_group!(benches, parsing, codec);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // A run that measures nothing has no table.
    #[cfg(feature = "peers")]
    if !std::env::args().any(|arg| arg == "--test" || arg == "--list") {
        compare();
    }
}
