//! The schemas that come with the crate.

use tl_parser::syntax::{self, ProblemKind, Severity};
use tl_parser::{Layers, Schema, mtproto, secret_chats};

const API: &str = include_str!("../../schemas/api.tl");
const SECRET: &str = include_str!("../../schemas/secret.tl");
const MTPROTO: &str = include_str!("../../schemas/mtproto.tl");

/// The text of one layer, cut out of the union table by the plain reading of its lines.
fn layer_text(layer: i32) -> String {
    let in_range = |range: &str| {
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        let last = if last.is_empty() {
            i32::MAX
        } else {
            last.parse().unwrap()
        };
        (first.parse().unwrap()..=last).contains(&layer)
    };
    let mut text = String::new();
    for line in API.lines().filter(|line| !line.starts_with("//")) {
        if line.starts_with("---") {
            text += line;
            text.push('\n');
        } else {
            let (ranges, declaration) = line.split_once(' ').unwrap();
            if ranges.split(',').any(in_range) {
                text += declaration;
                text.push('\n');
            }
        }
    }
    text
}

#[test]
fn every_bundled_layer_is_read_without_a_problem_and_printed_as_it_stands() {
    for layer in Layers::bundled().numbers() {
        let text = layer_text(*layer);
        let (schema, problems) = Schema::parse(&text);
        if let Some(problem) = problems.first() {
            panic!("{}", problem.in_file(&format!("layer {layer}")));
        }
        assert_eq!(syntax::parse(&text).0.to_string(), text, "layer {layer}");
        let built = Layers::bundled().exactly(*layer).unwrap();
        assert_eq!(built.to_string(), schema.to_string(), "layer {layer}");
        assert!(built.combinators().len() > 300, "layer {layer}");
    }
}

#[test]
fn the_union_table_itself_has_no_problem() {
    let (layers, problems) = Layers::from_table(API);
    assert_eq!(problems, []);
    let sorted = layers.numbers().windows(2).all(|pair| pair[0] < pair[1]);
    assert!(
        sorted && layers.numbers().len() >= 7,
        "{:?}",
        layers.numbers()
    );
}

#[test]
fn the_secret_chat_layers_are_read_without_a_problem() {
    let (layers, problems) = Layers::from_table(SECRET);
    assert_eq!(problems, []);
    for layer in layers.numbers() {
        let text = secret_chats().exactly(*layer).unwrap().to_string();
        let (_, problems) = Schema::parse(&text);
        let error = problems
            .iter()
            .find(|problem| problem.severity() == Severity::Error);
        assert!(error.is_none(), "layer {layer}: {error:?}");
    }
    assert!(
        secret_chats()
            .at(layers.newest())
            .schema
            .by_name("decryptedMessage")
            .is_some()
    );
}

#[test]
fn secret_chats_use_entities_of_the_api() {
    let entities = |layer| {
        let schema = secret_chats().exactly(layer).unwrap();
        schema.constructors_of("MessageEntity").count()
    };
    assert_eq!([45, 46, 101, 144].map(entities), [11, 15, 18, 20]);
    for name in ["MentionName", "Phone", "Cashtag", "BankCard"] {
        let name = format!("messageEntity{name}");
        let of = |schema: &Schema| schema.by_name(&name).map(ToString::to_string);
        let layers = Layers::bundled();
        assert_eq!(
            of(secret_chats().at(144).schema),
            of(layers.at(131).schema),
            "{name}"
        );
    }
}

#[test]
fn the_service_schema_is_read_without_a_problem_and_printed_as_it_stands() {
    let (document, problems) = syntax::parse(MTPROTO);
    assert_eq!(problems, []);
    assert_eq!(document.to_string(), MTPROTO);
    let (schema, problems) = Schema::parse(MTPROTO);
    assert_eq!(problems, []);
    assert_eq!(schema.to_string(), mtproto().to_string());
    assert_eq!(
        mtproto().by_id(0x7abe_77ec).unwrap().to_string(),
        "ping#7abe77ec ping_id:long = Pong"
    );
}

#[test]
fn no_name_of_a_bundled_layer_is_ambiguous() {
    for layer in Layers::bundled().numbers() {
        for combinator in Layers::bundled().exactly(*layer).unwrap().combinators() {
            assert_eq!(
                combinator.name(),
                combinator.object_name().as_str(),
                "layer {layer}"
            );
        }
    }
}

#[test]
fn every_flags_word_of_a_bundled_layer_is_computed() {
    let mut without_fields = 0;
    for layer in Layers::bundled().numbers() {
        for combinator in Layers::bundled().exactly(*layer).unwrap().combinators() {
            for field in combinator.fields().iter().filter(|f| f.type_text() == "#") {
                assert!(
                    field.is_flags_word() || combinator.name() == "vector",
                    "layer {layer}: {combinator}"
                );
                let has_fields = (combinator.fields().iter()).any(|other| {
                    other
                        .condition()
                        .is_some_and(|(word, _)| word == field.name())
                });
                without_fields += usize::from(field.is_flags_word() && !has_fields);
            }
        }
    }
    assert!(
        without_fields > 0,
        "such as that of stories.allStoriesNotModified"
    );
}

#[test]
fn ids_are_found_in_exactly_the_layers_that_have_them() {
    let layers = Layers::bundled();
    let newest = layers.exactly(layers.newest()).unwrap();
    for id in newest
        .combinators()
        .map(|combinator| combinator.id())
        .step_by(50)
    {
        let expect: Vec<i32> = (layers.numbers().iter().copied())
            .filter(|layer| layers.exactly(*layer).unwrap().by_id(id).is_some())
            .collect();
        assert_eq!(layers.knowing(id).collect::<Vec<_>>(), expect, "{id:08x}");
    }
}

#[test]
fn each_difference_of_neighbouring_layers_is_explained() {
    let layers = Layers::bundled();
    for pair in layers.numbers().windows(2) {
        let diff = layers.diff(pair[0], pair[1]);
        assert!(!diff.is_empty(), "{pair:?}");
        for change in &diff.changed {
            let explained = !change.fields.is_empty()
                || change.result.is_some()
                || syntax::known_id(&change.name, change.ids.0).is_some()
                || syntax::known_id(&change.name, change.ids.1).is_some();
            assert!(
                explained,
                "{pair:?} {change}: the id changed and nothing else"
            );
        }
    }
}

#[test]
fn a_changed_type_in_a_bundled_layer_is_found_by_its_id() {
    let text = layer_text(Layers::bundled().newest()).replacen("user_id:long", "user_id:int", 1);
    let (_, problems) = Schema::parse(&text);
    assert!(
        matches!(problems[0].kind(), ProblemKind::IdMismatch { .. }),
        "{}",
        problems[0]
    );
    assert_eq!(problems.len(), 1);
}
