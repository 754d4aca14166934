//! The bundled layers against copies of the same layers from other sources.

use crate::reference::reference_data;
use std::collections::BTreeSet;
use tl_parser::{Layers, Schema};

/// What every program knows by heart; sources leave it out or not.
const BY_HEART: &[&str] = &["boolFalse", "boolTrue", "error", "null", "true", "vector"];

/// Names in which the sources of one layer differ, with the reason.
const DIFFERENT: &[(i32, &[&str])] = &[
    (57, &["sendMessageGameStopAction"]),
    (66, &["contest.saveDeveloperInfo"]),
    (75, &["test.useConfigSimple", "test.useError"]),
    (98, &["contest.saveDeveloperInfo"]),
    // Two states of one layer during its development.
    (166, &["updateBotChatBoost"]),
    (198, &["webPage"]),
    (
        223,
        &[
            "channels.editCreator",
            "channels.getFutureCreatorAfterLeave",
        ],
    ),
    (228, &["ephemeral.", "updateEphemeralBotCallbackQuery"]),
];

#[test]
fn bundled_layers_say_what_other_sources_of_the_same_layers_say() {
    let Some(folder) = reference_data() else {
        return;
    };
    let mut compared = 0;
    for layer in Layers::bundled().numbers() {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("tl/api/{layer}.tl"))) else {
            continue;
        };
        let lines = |schema: &Schema| -> BTreeSet<String> {
            schema
                .combinators()
                .filter(|c| !BY_HEART.contains(&c.name()))
                // The other copies leave out what has the name of a service message.
                .filter(|c| c.name() != "message")
                .map(ToString::to_string)
                .collect()
        };
        let ours = lines(Layers::bundled().exactly(*layer).expect("it is listed"));
        let theirs = lines(&Schema::parse(&text).0);
        if *layer == 23 {
            // An earlier state of the layer, geographic chats included.
            assert!(ours.intersection(&theirs).count() > 370);
            continue;
        }
        let allowed = DIFFERENT.iter().find(|(number, _)| number == layer);
        let unexplained: Vec<_> = ours
            .symmetric_difference(&theirs)
            .filter(|line| {
                !allowed.is_some_and(|(_, names)| names.iter().any(|name| line.starts_with(name)))
            })
            .collect();
        assert!(unexplained.is_empty(), "layer {layer}: {unexplained:#?}");
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} layers were compared");
}
