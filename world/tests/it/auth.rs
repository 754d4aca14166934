//! Logging in and out.

use tl_parser::{Object, Value};
use world::Effect;

use crate::driver::{
    ALICE, BOB, CAROL, CODE, Stage, import_bot, objects, say, send_code, sign_in, to_self,
};

#[test]
fn a_code_logs_a_key_in() {
    let mut stage = Stage::new();
    let client = stage.client();
    let sent = stage.ok(client, send_code("+999 662 0001"));
    assert_eq!(sent.name(), "auth.sentCode");
    assert_eq!(sent.object("type").unwrap().name(), "auth.sentCodeTypeSms");
    assert_eq!(sent.object("type").unwrap().int("length"), Some(5));
    let authorization = stage.ok(client, sign_in(ALICE, &sent, CODE));
    assert_eq!(authorization.name(), "auth.authorization");
    let user = authorization.object("user").unwrap();
    assert!(user.flag("self"));
    assert_eq!(user.str("first_name"), Some("Alice"));
    assert_eq!(user.str("phone"), Some(ALICE));
    assert_eq!(stage.me(client).long("id"), user.long("id"));
    assert_eq!(stage.world.user_of(client.key), user.long("id"));
}

#[test]
fn numbers_outside_the_test_range_are_invalid() {
    let mut stage = Stage::new();
    let client = stage.client();
    for phone in ["", "4915112345678", "999662000", "99966200011"] {
        assert_eq!(
            stage.error(client, send_code(phone)),
            "400 PHONE_NUMBER_INVALID",
            "{phone}"
        );
    }
}

#[test]
fn an_api_id_of_zero_is_refused() {
    let mut stage = Stage::new();
    let client = stage.client();
    let request = send_code(ALICE).with("api_id", 0);
    assert_eq!(stage.error(client, request), "400 API_ID_INVALID");
    let request = import_bot("x").with("api_id", 0);
    assert_eq!(stage.error(client, request), "400 API_ID_INVALID");
}

#[test]
fn wrong_empty_and_late_codes_have_their_errors() {
    let mut stage = Stage::new();
    let client = stage.client();
    let sent = stage.ok(client, send_code(ALICE));
    let try_code = |stage: &mut Stage, code| stage.error(client, sign_in(ALICE, &sent, code));
    assert_eq!(try_code(&mut stage, ""), "400 PHONE_CODE_EMPTY");
    assert_eq!(try_code(&mut stage, "11111"), "400 PHONE_CODE_INVALID");
    let other_number = sign_in(BOB, &sent, CODE);
    assert_eq!(stage.error(client, other_number), "400 PHONE_CODE_EXPIRED");
    stage.now += 301;
    assert_eq!(try_code(&mut stage, CODE), "400 PHONE_CODE_EXPIRED");
    let without_hash = sign_in(ALICE, &sent, CODE).with("phone_code_hash", "");
    assert_eq!(
        stage.error(client, without_hash),
        "400 PHONE_CODE_HASH_EMPTY"
    );
}

#[test]
fn a_code_dies_after_five_wrong_answers_and_after_use() {
    let mut stage = Stage::new();
    let client = stage.client();
    let sent = stage.ok(client, send_code(ALICE));
    for _ in 0..5 {
        stage.error(client, sign_in(ALICE, &sent, "12345"));
    }
    let expired = "400 PHONE_CODE_EXPIRED";
    assert_eq!(stage.error(client, sign_in(ALICE, &sent, CODE)), expired);
    let sent = stage.ok(client, send_code(ALICE));
    stage.ok(client, sign_in(ALICE, &sent, CODE));
    assert_eq!(stage.error(client, sign_in(ALICE, &sent, CODE)), expired);
}

#[test]
fn a_code_is_sent_again_by_the_next_way_until_there_is_none() {
    let mut stage = Stage::new();
    let client = stage.client();
    let sent = stage.ok(client, send_code(ALICE));
    let hash = sent.str("phone_code_hash").unwrap();
    let again = |name| {
        Object::new(name)
            .with("phone_number", ALICE)
            .with("phone_code_hash", hash)
    };
    let second = stage.ok(client, again("auth.resendCode"));
    assert_eq!(
        second.object("type").unwrap().name(),
        "auth.sentCodeTypeCall"
    );
    assert!(second.get("next_type").is_none());
    assert_eq!(
        stage.error(client, again("auth.resendCode")),
        "406 SEND_CODE_UNAVAILABLE"
    );
    stage.yes(client, again("auth.cancelCode"));
    assert_eq!(
        stage.error(client, sign_in(ALICE, &sent, CODE)),
        "400 PHONE_CODE_EXPIRED"
    );
}

#[test]
fn an_unknown_number_signs_up() {
    let mut stage = Stage::new();
    let client = stage.client();
    let phone = "9996621234";
    let reply = stage.sign_in(client, phone).unwrap();
    assert_eq!(reply.name(), "auth.authorizationSignUpRequired");
    assert!(reply.object("terms_of_service").is_some());
    let sent = stage.ok(client, send_code(phone));
    let sign_up = |first_name| {
        Object::new("auth.signUp")
            .with("phone_number", phone)
            .with("phone_code_hash", sent.str("phone_code_hash").unwrap())
            .with("first_name", first_name)
            .with("last_name", "New")
    };
    assert_eq!(stage.error(client, sign_up(" ")), "400 FIRSTNAME_INVALID");
    assert_eq!(
        stage.error(client, sign_up("Dora")),
        "400 PHONE_CODE_INVALID",
        "the code was not given yet"
    );
    stage.ok(client, sign_in(phone, &sent, CODE));
    let authorization = stage.ok(client, sign_up("Dora"));
    let user = authorization.object("user").unwrap();
    assert_eq!(user.str("first_name"), Some("Dora"));
    assert!(stage.world.accounts().iter().any(|one| one.phone == phone));
}

#[test]
fn a_bot_logs_in_with_its_token() {
    let mut stage = Stage::new();
    let client = stage.bot();
    let me = stage.me(client);
    assert!(me.flag("bot"));
    assert_eq!(me.str("username"), Some("mtkit_bot"));
    assert_eq!(me.long("id"), Some(1_234_567_890));
    let stranger = stage.client();
    assert_eq!(
        stage.error(stranger, import_bot("1234567890:wrong")),
        "400 ACCESS_TOKEN_INVALID"
    );
}

#[test]
fn keys_without_a_login_are_told_so() {
    let mut stage = Stage::new();
    let client = stage.client();
    let unregistered = "401 AUTH_KEY_UNREGISTERED";
    let request = Object::new("updates.getState");
    assert_eq!(stage.error(client, request.clone()), unregistered);
    assert_eq!(
        stage.error(client, Object::new("account.getPassword")),
        unregistered
    );
    stage.sign_in(client, CAROL).unwrap_err();
    assert_eq!(
        stage.error(client, request),
        "401 SESSION_PASSWORD_NEEDED",
        "half a login is none"
    );
}

#[test]
fn people_and_bots_keep_to_their_functions() {
    let mut stage = Stage::new();
    let bot = stage.bot();
    assert_eq!(
        stage.error(bot, crate::driver::get_dialogs()),
        "400 BOT_METHOD_INVALID"
    );
    let alice = stage.log_in(ALICE);
    let request = Object::new("help.setBotUpdatesStatus")
        .with("pending_updates_count", 1)
        .with("message", "");
    assert_eq!(stage.error(alice, request), "400 USER_BOT_REQUIRED");
}

#[test]
fn logging_out_ends_the_login_of_the_key() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let reply = stage.ok(alice, Object::new("auth.logOut"));
    assert_eq!(reply.name(), "auth.loggedOut");
    assert_eq!(
        stage.effects,
        [Effect::AuthorizationEnded {
            auth_key_id: alice.key
        }]
    );
    assert_eq!(
        stage.error(alice, Object::new("updates.getState")),
        "401 AUTH_KEY_UNREGISTERED"
    );
    stage.sign_in(alice, ALICE).unwrap();
}

#[test]
fn a_second_login_gets_its_code_in_the_first_one() {
    let mut stage = Stage::new();
    let first = stage.log_in(ALICE);
    let second = stage.client();
    let sent = stage.ok(second, send_code(ALICE));
    assert_eq!(sent.object("type").unwrap().name(), "auth.sentCodeTypeApp");
    let message = stage.update(first);
    let message = message.object("message").unwrap();
    assert!(message.str("message").unwrap().contains(CODE));
    let from = message.object("peer_id").unwrap();
    assert_eq!(from.long("user_id"), Some(777_000));
    stage.ok(second, sign_in(ALICE, &sent, CODE));
    let news = stage.update(first);
    assert_eq!(news.name(), "updateNewAuthorization");
    assert_eq!(news.str("device"), Some("stage"));
    assert_eq!(stage.updates(second), [], "not to itself");
}

#[test]
fn sessions_are_listed_and_ended_from_afar() {
    let mut stage = Stage::new();
    let first = stage.log_in(ALICE);
    let second = stage.log_in(ALICE);
    let list = stage.ok(first, Object::new("account.getAuthorizations"));
    let rows = objects(&list, "authorizations");
    assert_eq!(rows.len(), 2);
    let current = rows.iter().find(|row| row.flag("current")).unwrap();
    assert_eq!(current.long("hash"), Some(0));
    let other = rows.iter().find(|row| !row.flag("current")).unwrap();
    let hash = other.long("hash").unwrap();
    let reset = |hash: i64| Object::new("account.resetAuthorization").with("hash", hash);
    assert_eq!(stage.error(first, reset(hash ^ 1)), "400 HASH_INVALID");
    stage.yes(first, reset(hash));
    assert_eq!(
        stage.error(second, Object::new("updates.getState")),
        "401 SESSION_REVOKED"
    );
    assert_eq!(
        stage.effects,
        [Effect::AuthorizationEnded {
            auth_key_id: second.key
        }]
    );
}

#[test]
fn a_login_moves_to_another_dc() {
    let mut stage = Stage::new();
    let home = stage.log_in(ALICE);
    let export = |dc: i32| Object::new("auth.exportAuthorization").with("dc_id", dc);
    assert_eq!(stage.error(home, export(2)), "400 DC_ID_INVALID");
    assert_eq!(stage.error(home, export(9)), "400 DC_ID_INVALID");
    let exported = stage.ok(home, export(4));
    let import = Object::new("auth.importAuthorization")
        .with("id", exported.long("id").unwrap())
        .with("bytes", exported.bytes("bytes").unwrap());
    let mut away = stage.client();
    away.dc = 5;
    let invalid = "400 AUTH_BYTES_INVALID";
    assert_eq!(stage.error(away, import.clone()), invalid, "another DC");
    away.dc = 4;
    let authorization = stage.ok(away, import.clone());
    assert_eq!(authorization.name(), "auth.authorization");
    assert_eq!(stage.me(away), stage.me(home));
    assert_eq!(stage.error(away, import), invalid, "only once");
}

#[test]
fn a_qr_code_logs_in_without_a_number() {
    let mut stage = Stage::new();
    let phone = stage.log_in(ALICE);
    let desktop = stage.client();
    let export = Object::new("auth.exportLoginToken")
        .with("api_id", 1)
        .with("api_hash", "x")
        .with("except_ids", Vec::<Value>::new());
    let shown = stage.ok(desktop, export.clone());
    let token = shown.bytes("token").unwrap();
    let accept = Object::new("auth.acceptLoginToken").with("token", token);
    let wrong = Object::new("auth.acceptLoginToken").with("token", "nonsense");
    assert_eq!(stage.error(phone, wrong), "400 AUTH_TOKEN_INVALID");
    let row = stage.ok(phone, accept.clone());
    assert_eq!(row.str("device_model"), Some("stage"));
    assert_eq!(
        stage.error(phone, accept),
        "400 AUTH_TOKEN_ALREADY_ACCEPTED"
    );
    assert_eq!(stage.update(desktop).name(), "updateLoginToken");
    let done = stage.ok(desktop, export);
    assert_eq!(done.name(), "auth.loginTokenSuccess");
    assert_eq!(stage.me(desktop).str("first_name"), Some("Alice"));
}

#[test]
fn a_qr_code_of_an_account_with_a_password_asks_for_it() {
    let mut stage = Stage::new();
    let phone = stage.client();
    stage.sign_in(phone, CAROL).unwrap_err();
    let challenge = stage.ok(phone, Object::new("account.getPassword"));
    let check = Object::new("auth.checkPassword").with("password", say("hunter2", &challenge));
    stage.ok(phone, check);
    let desktop = stage.client();
    let export = Object::new("auth.exportLoginToken")
        .with("api_id", 1)
        .with("api_hash", "x")
        .with("except_ids", Vec::<Value>::new());
    let shown = stage.ok(desktop, export.clone());
    let accept = Object::new("auth.acceptLoginToken").with("token", shown.bytes("token").unwrap());
    stage.ok(phone, accept);
    assert_eq!(stage.error(desktop, export), "401 SESSION_PASSWORD_NEEDED");
}

#[test]
fn a_late_qr_code_is_expired() {
    let mut stage = Stage::new();
    let phone = stage.log_in(ALICE);
    let desktop = stage.client();
    let export = Object::new("auth.exportLoginToken")
        .with("api_id", 1)
        .with("api_hash", "x")
        .with("except_ids", Vec::<Value>::new());
    let shown = stage.ok(desktop, export);
    stage.now += 31;
    let accept = Object::new("auth.acceptLoginToken").with("token", shown.bytes("token").unwrap());
    assert_eq!(stage.error(phone, accept), "400 AUTH_TOKEN_EXPIRED");
}

#[test]
fn a_deleted_account_is_gone_for_everybody() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_alice = stage.peer(bob, "alice_mtkit");
    stage.send(bob, &to_alice, "hello");
    stage.yes(
        alice,
        Object::new("account.deleteAccount").with("reason", "enough"),
    );
    assert_eq!(
        stage.error(alice, Object::new("updates.getState")),
        "401 SESSION_REVOKED"
    );
    let again = stage.random();
    let request = crate::driver::send_message(&to_alice, "hello?", again);
    assert_eq!(stage.error(bob, request), "400 INPUT_USER_DEACTIVATED");
    stage.send(bob, &to_self(), "she is gone");
    let fresh = stage.client();
    let reply = stage.sign_in(fresh, ALICE).unwrap();
    assert_eq!(reply.name(), "auth.authorizationSignUpRequired");
}
