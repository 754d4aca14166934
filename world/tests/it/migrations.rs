//! Accounts, networks and files that belong to one DC.

use tl_parser::Object;
use world::WorldConfig;
use world::fixtures::{BotAccount, UserAccount};

use crate::driver::{ALICE, BOB, CODE, Client, Stage, config, import_bot, send_code, sign_in};

/// Alice and the bot at DC 4.
fn at_home() -> Stage {
    let mut config = config(7);
    for user in &mut config.users {
        if user.phone == ALICE {
            *user = UserAccount {
                dc: Some(4),
                ..user.clone()
            };
        }
    }
    for bot in &mut config.bots {
        *bot = BotAccount {
            dc: Some(4),
            ..bot.clone()
        };
    }
    Stage::with(config)
}

fn at(stage: &mut Stage, dc: i32) -> Client {
    Client {
        dc,
        ..stage.client()
    }
}

#[test]
fn a_phone_is_sent_to_its_home() {
    let mut stage = at_home();
    let (here, home) = (at(&mut stage, 2), at(&mut stage, 4));
    assert_eq!(stage.error(here, send_code(ALICE)), "303 PHONE_MIGRATE_4");
    stage.ok(here, send_code(BOB));
    stage.sign_in(home, ALICE).unwrap();
}

#[test]
fn a_bot_is_sent_to_its_home() {
    let mut stage = at_home();
    let (here, home) = (at(&mut stage, 2), at(&mut stage, 4));
    let token = stage.world.bots()[0].token.clone();
    assert_eq!(stage.error(here, import_bot(&token)), "303 USER_MIGRATE_4");
    stage.ok(home, import_bot(&token));
}

#[test]
fn an_imported_authorization_serves_files_and_nothing_else() {
    let mut stage = at_home();
    let (away, home) = (at(&mut stage, 2), at(&mut stage, 4));
    stage.sign_in(home, ALICE).unwrap();
    let export = Object::new("auth.exportAuthorization").with("dc_id", 2);
    let exported = stage.ok(home, export);
    let import = Object::new("auth.importAuthorization")
        .with("id", exported.long("id").unwrap())
        .with("bytes", exported.bytes("bytes").unwrap());
    stage.ok(away, import.clone());
    assert_eq!(
        stage.error(away, import),
        "400 AUTH_BYTES_INVALID",
        "bytes serve once"
    );
    let part = Object::new("upload.saveFilePart")
        .with("file_id", 1_i64)
        .with("file_part", 0)
        .with("bytes", &b"part"[..]);
    stage.yes(away, part);
    stage.ok(away, Object::new("help.getConfig"));
    assert_eq!(
        stage.error(away, Object::new("updates.getState")),
        "303 USER_MIGRATE_4"
    );
}

#[test]
fn a_network_has_a_dc_to_begin_with() {
    let mut stage = Stage::with(WorldConfig {
        network_dc: Some(3),
        ..config(7)
    });
    let (here, near) = (at(&mut stage, 2), at(&mut stage, 3));
    assert_eq!(stage.error(here, send_code(BOB)), "303 NETWORK_MIGRATE_3");
    let sent = stage.ok(near, send_code(BOB));
    stage.ok(near, sign_in(BOB, &sent, CODE));
}

#[test]
fn a_login_by_qr_moves_to_the_home_of_whoever_accepts() {
    let mut stage = at_home();
    let (home, shown, new) = (at(&mut stage, 4), at(&mut stage, 2), at(&mut stage, 4));
    stage.sign_in(home, ALICE).unwrap();
    let export = || {
        Object::new("auth.exportLoginToken")
            .with("api_id", 1)
            .with("api_hash", "x")
            .with("except_ids", Vec::<tl_parser::Value>::new())
    };
    let token = stage.ok(shown, export());
    let token = token.bytes("token").unwrap().to_vec();
    let accept = Object::new("auth.acceptLoginToken").with("token", token);
    stage.ok(home, accept);
    assert_eq!(stage.update(shown).name(), "updateLoginToken");
    let moved = stage.ok(shown, export());
    assert_eq!(moved.name(), "auth.loginTokenMigrateTo");
    assert_eq!(moved.int("dc_id"), Some(4));
    let import = Object::new("auth.importLoginToken").with("token", moved.bytes("token").unwrap());
    let reply = stage.ok(new, import);
    assert_eq!(reply.name(), "auth.loginTokenSuccess");
    assert_eq!(stage.me(new).str("first_name"), Some("Alice"));
}
