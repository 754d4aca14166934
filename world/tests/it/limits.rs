//! What the service refuses: too much, too often, from the wrong place, from the wrong account.

use std::collections::BTreeMap;

use tl_parser::Object;
use world::{Standing, WorldConfig};

use crate::driver::{
    ALICE, BOB, Stage, as_user, config, import_bot, send_code, send_message, to_self,
};

fn with_flood(rule: &str) -> Stage {
    Stage::with(WorldConfig {
        flood: vec![rule.parse().unwrap()],
        ..config(7)
    })
}

#[test]
fn nothing_is_limited_until_a_rule_says_so() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    for _ in 0..200 {
        stage.send(alice, &to_self(), "again");
    }
}

#[test]
fn a_chat_has_a_bucket_that_fills_with_time() {
    let mut stage = with_flood("messages.sendMessage@chat=2/30");
    let alice = stage.log_in(ALICE);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let to_bot = stage.peer(alice, "mtkit_bot");
    for text in ["one", "two"] {
        stage.send(alice, &to_bob, text);
    }
    let third = send_message(&to_bob, "three", 333);
    assert_eq!(stage.error(alice, third.clone()), "420 FLOOD_WAIT_30");
    stage.send(alice, &to_bot, "another chat");
    stage.now += 29;
    assert_eq!(stage.error(alice, third.clone()), "420 FLOOD_WAIT_1");
    stage.now += 1;
    stage.ok(alice, third);
}

#[test]
fn an_account_has_a_bucket_over_all_functions() {
    let mut stage = Stage::with(WorldConfig {
        flood: vec!["account.*@account=3/10".parse().unwrap()],
        ..config(7)
    });
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let ttl = || Object::new("account.getAccountTTL");
    stage.ok(alice, ttl());
    stage.ok(alice, Object::new("account.getAuthorizations"));
    stage.ok(alice, ttl());
    assert_eq!(stage.error(alice, ttl()), "420 FLOOD_WAIT_10");
    stage.ok(bob, ttl());
    stage.ok(alice, Object::new("updates.getState"));
}

#[test]
fn logins_of_one_key_can_be_limited_too() {
    let mut stage = with_flood("auth.sendCode=1/60");
    let stranger = stage.client();
    stage.ok(stranger, send_code(ALICE));
    assert_eq!(stage.error(stranger, send_code(ALICE)), "420 FLOOD_WAIT_60");
    let other = stage.client();
    stage.ok(other, send_code(ALICE));
}

#[test]
fn too_many_strangers_on_one_day_are_a_flood() {
    let mut stage = Stage::with(WorldConfig {
        strangers_per_day: Some(1),
        ..config(7)
    });
    let alice = stage.log_in(ALICE);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let to_carol = stage.peer(alice, "carol_mtkit");
    stage.send(alice, &to_bob, "one");
    stage.send(alice, &to_bob, "the same stranger again");
    let more = send_message(&to_carol, "two", 222);
    assert_eq!(stage.error(alice, more.clone()), "400 PEER_FLOOD");
    stage.now += 24 * 3600;
    stage.ok(alice, more);
}

#[test]
fn a_limited_account_answers_but_does_not_begin() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let id = stage.me(alice).long("id").unwrap();
    assert!(stage.world.set_standing(id, Standing::Limited));
    let to_bob = stage.peer(alice, "bob_mtkit");
    let hello = send_message(&to_bob, "hello", 1);
    assert_eq!(stage.error(alice, hello.clone()), "400 PEER_FLOOD");
    let to_alice = stage.peer(bob, "alice_mtkit");
    stage.send(bob, &to_alice, "are you there?");
    stage.ok(alice, hello);
    stage.send(alice, &to_self(), "a note");
}

#[test]
fn every_state_of_an_account_has_its_error() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let id = stage.me(alice).long("id").unwrap();
    let read = || Object::new("updates.getState");
    let write = |stage: &mut Stage| {
        let random_id = stage.random();
        send_message(&to_self(), "x", random_id)
    };
    let states = [
        (Standing::Deactivated, "401 USER_DEACTIVATED"),
        (Standing::Banned, "401 USER_DEACTIVATED_BAN"),
    ];
    for (standing, error) in states {
        stage.world.set_standing(id, standing);
        assert_eq!(stage.error(alice, read()), error);
    }
    stage.world.set_standing(id, Standing::Frozen);
    stage.ok(alice, read());
    let request = write(&mut stage);
    assert_eq!(stage.error(alice, request), "420 FROZEN_METHOD_INVALID");
    stage.world.set_standing(id, Standing::Good);
    stage.ok(alice, read());

    assert!(stage.world.revoke_session(alice.key));
    assert_eq!(stage.error(alice, read()), "401 SESSION_REVOKED");
    let again = stage.log_in(ALICE);
    assert!(stage.world.duplicate_key(again.key));
    assert_eq!(stage.error(again, read()), "406 AUTH_KEY_DUPLICATED");
    assert!(!stage.world.duplicate_key(again.key), "once");
}

#[test]
fn one_key_from_two_places_is_lost_where_the_configuration_says_so() {
    let mut tolerant = Stage::new();
    let mut alice = tolerant.log_in(ALICE);
    alice.host = 9;
    tolerant.ok(alice, Object::new("updates.getState"));

    let mut stage = Stage::with(WorldConfig {
        one_address_per_key: true,
        ..config(7)
    });
    let mut alice = stage.log_in(ALICE);
    alice.host = 9;
    stage.now += 60;
    stage.ok(alice, Object::new("updates.getState"));
    alice.host = 1;
    let read = || Object::new("updates.getState");
    assert_eq!(stage.error(alice, read()), "406 AUTH_KEY_DUPLICATED");
    alice.host = 9;
    assert_eq!(stage.error(alice, read()), "406 AUTH_KEY_DUPLICATED");
}

#[test]
fn only_listed_applications_where_there_is_a_list() {
    let mut stage = Stage::with(WorldConfig {
        api_ids: Some(BTreeMap::from([(1, "x".to_owned())])),
        ..config(7)
    });
    let stranger = stage.client();
    stage.ok(stranger, send_code(ALICE));
    let wrong = send_code(ALICE).with("api_hash", "y");
    assert_eq!(stage.error(stranger, wrong), "400 API_ID_INVALID");
    let token = stage.world.bots()[0].token.clone();
    let wrong = import_bot(&token).with("api_id", 2);
    assert_eq!(stage.error(stranger, wrong), "400 API_ID_INVALID");

    let mut stage = Stage::with(WorldConfig {
        api_ids: Some(BTreeMap::from([(5, "x".to_owned())])),
        ..config(7)
    });
    let stranger = stage.client();
    assert_eq!(
        stage.error(stranger, Object::new("help.getConfig")),
        "400 CONNECTION_API_ID_INVALID",
        "what initConnection said counts for every call"
    );
}

#[test]
fn people_and_bots_have_functions_of_their_own() {
    let mut stage = Stage::new();
    let (alice, bot) = (stage.log_in(ALICE), stage.bot());
    let dialogs = crate::driver::get_dialogs();
    assert_eq!(stage.error(bot, dialogs), "400 BOT_METHOD_INVALID");
    let answer = Object::new("messages.setBotCallbackAnswer")
        .with("query_id", 1_i64)
        .with("cache_time", 0);
    assert_eq!(stage.error(alice, answer), "400 USER_BOT_REQUIRED");
}

#[test]
fn a_code_that_its_owner_shares_is_dead() {
    let mut stage = Stage::new();
    let (alice, _) = (stage.log_in(ALICE), stage.log_in(BOB));
    let thief = stage.client();
    let sent = stage.ok(thief, send_code(ALICE));
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_self(), "22222 for me");
    stage.send(alice, &to_bob, "my code is 22222, keep it safe");
    assert_eq!(
        stage.error(thief, crate::driver::sign_in(ALICE, &sent, "22222")),
        "400 PHONE_CODE_EXPIRED"
    );
    let sent = stage.ok(thief, send_code(ALICE));
    let kill = Object::new("account.invalidateSignInCodes")
        .with("codes", tl_parser::Value::vector(["22222"]));
    stage.yes(alice, kill);
    assert_eq!(
        stage.error(thief, crate::driver::sign_in(ALICE, &sent, "22222")),
        "400 PHONE_CODE_EXPIRED"
    );
}

#[test]
fn sessions_say_what_they_do_not_want_and_get_it_not() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let off = Object::new("account.changeAuthorizationSettings")
        .with("hash", 0_i64)
        .with("encrypted_requests_disabled", true);
    stage.yes(bob, off);
    let user = as_user(&stage.peer(alice, "bob_mtkit"));
    let ask = Object::new("messages.requestEncryption")
        .with("user_id", user)
        .with("random_id", 1)
        .with("g_a", vec![1_u8; 256]);
    stage.ok(alice, ask);
    assert_eq!(stage.updates(bob), []);
    let ttl = Object::new("account.setAuthorizationTTL").with("authorization_ttl_days", 30);
    stage.yes(bob, ttl);
    let list = stage.ok(bob, Object::new("account.getAuthorizations"));
    assert_eq!(list.int("authorization_ttl_days"), Some(30));
}
