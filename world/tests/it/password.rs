//! Two-step verification.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, CAROL, Client, Stage, say};

fn challenge(stage: &mut Stage, client: Client) -> Object {
    stage.ok(client, Object::new("account.getPassword"))
}

fn check(password: Object) -> Object {
    Object::new("auth.checkPassword").with("password", password)
}

#[test]
fn the_password_completes_the_login() {
    let mut stage = Stage::new();
    let client = stage.client();
    assert_eq!(
        stage.sign_in(client, CAROL),
        Err("401 SESSION_PASSWORD_NEEDED".into())
    );
    let password = challenge(&mut stage, client);
    assert!(password.flag("has_password"));
    let algo = password.object("current_algo").unwrap();
    assert_eq!(algo.bytes("p").unwrap().len(), 256);
    assert_eq!(algo.int("g"), Some(3));
    let reply = stage.ok(client, check(say("hunter2", &password)));
    assert_eq!(
        reply.object("user").unwrap().str("first_name"),
        Some("Carol")
    );
}

#[test]
fn a_wrong_password_and_a_used_challenge_have_their_errors() {
    let mut stage = Stage::new();
    let client = stage.client();
    stage.sign_in(client, CAROL).unwrap_err();
    let password = challenge(&mut stage, client);
    assert_eq!(
        stage.error(client, check(say("hunter3", &password))),
        "400 PASSWORD_HASH_INVALID"
    );
    assert_eq!(
        stage.error(client, check(say("hunter2", &password))),
        "400 SRP_ID_INVALID",
        "each challenge serves once"
    );
    let empty = Object::new("inputCheckPasswordEmpty");
    assert_eq!(
        stage.error(client, check(empty)),
        "400 PASSWORD_HASH_INVALID"
    );
}

#[test]
fn a_challenge_serves_its_own_account_alone() {
    let mut stage = Stage::new();
    let first = stage.client();
    stage.sign_in(first, CAROL).unwrap_err();
    let password = challenge(&mut stage, first);
    let alice = stage.log_in(ALICE);
    let settings = new_settings(&mut stage, alice, "open sesame");
    stage.yes(
        alice,
        update(Object::new("inputCheckPasswordEmpty"), settings),
    );
    let stolen =
        Object::new("account.getPasswordSettings").with("password", say("open sesame", &password));
    assert_eq!(stage.error(alice, stolen), "400 SRP_ID_INVALID");
}

/// An `account.passwordInputSettings` that sets a password, with the salts of the service continued.
fn new_settings(stage: &mut Stage, client: Client, password: &str) -> Object {
    let info = challenge(stage, client);
    let mut algo = info.object("new_algo").unwrap().clone();
    let salt1 = [algo.bytes("salt1").unwrap(), &[5; 32]].concat();
    algo.set("salt1", salt1);
    let mut hash = vec![0; 256];
    hash[..password.len()].copy_from_slice(password.as_bytes());
    Object::new("account.passwordInputSettings")
        .with("new_algo", algo)
        .with("new_password_hash", hash)
        .with("hint", "the usual")
}

fn update(password: Object, settings: Object) -> Object {
    Object::new("account.updatePasswordSettings")
        .with("password", password)
        .with("new_settings", settings)
}

#[test]
fn a_password_is_set_changed_and_removed() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    assert!(!challenge(&mut stage, alice).flag("has_password"));
    let settings = new_settings(&mut stage, alice, "first");
    let nothing = || Object::new("inputCheckPasswordEmpty");
    stage.yes(alice, update(nothing(), settings));
    let info = challenge(&mut stage, alice);
    assert_eq!(info.str("hint"), Some("the usual"));

    let second = new_settings(&mut stage, alice, "second");
    let invalid = "400 PASSWORD_HASH_INVALID";
    assert_eq!(
        stage.error(alice, update(nothing(), second.clone())),
        invalid
    );
    stage.yes(alice, update(say("first", &info), second));
    let info = challenge(&mut stage, alice);
    let get = |password| Object::new("account.getPasswordSettings").with("password", password);
    assert_eq!(stage.error(alice, get(say("first", &info))), invalid);

    let info = challenge(&mut stage, alice);
    let remove = Object::new("account.passwordInputSettings")
        .with("new_algo", Object::new("passwordKdfAlgoUnknown"))
        .with("new_password_hash", Vec::<u8>::new())
        .with("hint", "");
    stage.yes(alice, update(say("second", &info), remove));
    assert!(!challenge(&mut stage, alice).flag("has_password"));
    let fresh = stage.client();
    stage.sign_in(fresh, ALICE).unwrap();
}

#[test]
fn new_passwords_keep_the_salts_and_the_group_of_the_service() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let good = new_settings(&mut stage, alice, "first");
    let altered = |field: &str, value: Value| {
        let mut algo = good.object("new_algo").unwrap().clone();
        algo.set(field.to_owned(), value);
        let settings = good.clone().with("new_algo", algo);
        update(Object::new("inputCheckPasswordEmpty"), settings)
    };
    for (field, value, error) in [
        ("salt1", Value::from(vec![1_u8; 40]), "400 NEW_SALT_INVALID"),
        ("salt2", Value::from(vec![1_u8; 16]), "400 NEW_SALT_INVALID"),
        ("g", Value::from(4), "400 NEW_SETTINGS_INVALID"),
        (
            "p",
            Value::from(vec![1_u8; 256]),
            "400 NEW_SETTINGS_INVALID",
        ),
    ] {
        assert_eq!(stage.error(alice, altered(field, value)), error, "{field}");
    }
    let short = good.with("new_password_hash", vec![1_u8; 255]);
    assert_eq!(
        stage.error(alice, update(Object::new("inputCheckPasswordEmpty"), short)),
        "400 NEW_SETTINGS_INVALID"
    );
}
