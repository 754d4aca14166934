//! The world as a whole.

use tl_parser::{Layers, Object, project};
use world::{ERRORS, Effect};

use crate::driver::{ALICE, BOB, Stage, config, to_self};

/// A little of everything.
fn play(seed: u64) -> Stage {
    let mut stage = Stage::with(config(seed));
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let bot = stage.bot();
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "hello");
    stage.send(alice, &to_self(), "note");
    let to_bot = stage.peer(bob, "mtkit_bot");
    stage.send(bob, &to_bot, "/start");
    stage.me(bot);
    stage
        .call(alice, &Object::new("account.getPassword"))
        .unwrap();
    stage
}

#[test]
fn the_same_seed_and_calls_give_the_same_outcomes() {
    let (first, second) = (play(7), play(7));
    assert_eq!(first.transcript, second.transcript);
    assert_ne!(play(8).transcript, first.transcript);
}

#[test]
fn functions_that_nobody_implements_fail_loudly() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let request = Object::new("phone.requestCall");
    assert_eq!(stage.error(alice, request), "400 METHOD_NOT_IMPLEMENTED");
    assert_eq!(
        stage.effects,
        [Effect::Unimplemented {
            function: "phone.requestCall".into()
        }]
    );
}

#[test]
fn the_default_world_has_its_people() {
    let stage = Stage::new();
    let accounts = stage.world.accounts();
    assert_eq!(accounts.len(), 3);
    assert!(
        accounts
            .iter()
            .all(|one| one.code.as_deref() == Some("22222"))
    );
    let with_password = accounts.iter().filter(|one| one.password.is_some());
    assert_eq!(with_password.count(), 1);
    assert_eq!(stage.world.bots().len(), 1);
    let bot = stage.world.bots().remove(0);
    let (_, secret) = bot.token.split_once(':').unwrap();
    assert_eq!(secret.len(), 35, "as the real ones");
}

/// Errors with a number in their type, without the number, and our own.
const OTHER_ERRORS: [&str; 5] = [
    "400 EMAIL_UNCONFIRMED_",
    "420 FLOOD_WAIT_",
    "400 FILE_PART_",
    "400 PHOTO_INVALID_DIMENSIONS",
    "303 FILE_MIGRATE_",
];

#[test]
fn every_function_of_the_newest_layer_has_an_answer() {
    let layers = Layers::bundled();
    let schema = layers.at(layers.newest()).schema;
    let mut answered = 0;
    for function in schema.functions() {
        // Required fields get their defaults, so that the request is one that can be sent.
        let (request, _) = project::conform(
            schema,
            None,
            &Object::new(function.object_name().clone()).into(),
        );
        let Ok(request) = request.into_object() else {
            continue;
        };
        let mut stage = Stage::new();
        let alice = stage.log_in(ALICE);
        let bot = stage.bot();
        let stranger = stage.client();
        for client in [stranger, bot, alice] {
            let Err(error) = stage.call(client, &request) else {
                continue;
            };
            let (code, kind) = error.split_once(' ').unwrap();
            let known = ERRORS
                .iter()
                .any(|(c, k)| c.to_string() == code && *k == kind);
            let other = OTHER_ERRORS.iter().any(|other| error.starts_with(other));
            let unimplemented = kind == "METHOD_NOT_IMPLEMENTED";
            assert!(
                known || other || unimplemented,
                "{}: {error}",
                function.name()
            );
        }
        let is_ours = stage
            .world
            .methods()
            .any(|(name, _)| name == function.name());
        let loud = stage
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Unimplemented { .. }));
        assert_ne!(is_ours, loud, "{}", function.name());
        answered += usize::from(is_ours);
    }
    let ours = Stage::new().world.methods().count();
    assert_eq!(answered, ours, "every function of ours is one of the layer");
}

#[test]
fn requests_made_by_hand_may_lack_anything() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let names: Vec<_> = stage.world.methods().map(|(name, _)| name).collect();
    for name in names {
        // Whatever the answer is, it is an answer.
        let _ = stage.call(alice, &Object::new(name));
    }
}
