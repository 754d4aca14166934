//! Settings of people and bots, and lists that are kept for them.

use tl_parser::{Object, Value};
use world::WorldConfig;

use crate::driver::{ALICE, BOB, Stage, as_user, config, objects, send_message};

#[test]
fn settings_come_back_as_they_were_set() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let settings = Object::new("globalPrivacySettings").with("keep_archived_folders", true);
    let set = Object::new("account.setGlobalPrivacySettings").with("settings", settings.clone());
    assert_eq!(stage.ok(alice, set), settings);
    let get = stage.ok(alice, Object::new("account.getGlobalPrivacySettings"));
    assert_eq!(get, settings);

    let silent = Object::new("account.getContactSignUpNotification");
    assert_eq!(stage.call(alice, &silent), Ok(Value::Bool(false)));
    let set = Object::new("account.setContactSignUpNotification").with("silent", true);
    stage.yes(alice, set);
    assert_eq!(stage.call(alice, &silent), Ok(Value::Bool(true)));

    let set = Object::new("account.setContentSettings").with("sensitive_enabled", true);
    stage.yes(alice, set);
    let get = stage.ok(alice, Object::new("account.getContentSettings"));
    assert!(get.flag("sensitive_enabled"));
}

#[test]
fn contacts_see_a_birthday_unless_its_owner_forbids_it() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let birthday = |day: i32, month: i32| {
        let birthday = Object::new("birthday")
            .with("day", day)
            .with("month", month);
        Object::new("account.updateBirthday").with("birthday", birthday)
    };
    assert_eq!(stage.error(bob, birthday(31, 4)), "400 BIRTHDAY_INVALID");
    stage.yes(bob, birthday(29, 2));
    let to_bob = stage.peer(alice, "bob_mtkit");
    let add = Object::new("contacts.addContact")
        .with("id", as_user(&to_bob))
        .with("first_name", "Bob")
        .with("last_name", "")
        .with("phone", "");
    stage.ok(alice, add);
    let ask = || Object::new("contacts.getBirthdays");
    let seen = stage.ok(alice, ask());
    assert_eq!(objects(&seen, "contacts").len(), 1);
    let forbid = Object::new("account.setPrivacy")
        .with("key", Object::new("inputPrivacyKeyBirthday"))
        .with(
            "rules",
            Value::vector([Object::new("inputPrivacyValueDisallowAll")]),
        );
    stage.ok(bob, forbid);
    let seen = stage.ok(alice, ask());
    assert_eq!(objects(&seen, "contacts"), []);
}

#[test]
fn notes_and_close_friends_are_the_owners_alone() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let user = as_user(&stage.peer(alice, "bob_mtkit"));
    let note = Object::new("contacts.updateContactNote")
        .with("id", user.clone())
        .with(
            "note",
            Object::new("textWithEntities")
                .with("text", "owes me a coffee")
                .with("entities", Vec::<Value>::new()),
        );
    assert_eq!(stage.error(alice, note.clone()), "400 CONTACT_MISSING");
    let add = Object::new("contacts.addContact")
        .with("id", user.clone())
        .with("first_name", "Bob")
        .with("last_name", "")
        .with("phone", "");
    stage.ok(alice, add.clone());
    stage.yes(alice, note);
    let close = Object::new("contacts.editCloseFriends")
        .with("id", Value::vector([user.long("user_id").unwrap()]));
    stage.yes(alice, close);
    stage.ok(alice, add);
    let full = Object::new("users.getFullUser").with("id", user);
    let full = stage.ok(alice, full);
    let note = full.object("full_user").unwrap().object("note").unwrap();
    assert_eq!(note.str("text"), Some("owes me a coffee"));
    assert!(objects(&full, "users")[0].flag("close_friend"));
    let own = Object::new("users.getFullUser").with("id", Object::new("inputUserSelf"));
    let own = stage.ok(bob, own);
    assert_eq!(own.object("full_user").unwrap().object("note"), None);
}

#[test]
fn a_link_to_oneself_leads_others_there_for_a_while() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let link = stage.ok(bob, Object::new("contacts.exportContactToken"));
    let url = link.str("url").unwrap().to_owned();
    let token = url.split_once("token=").unwrap().1.to_owned();
    let import = |token: &str| Object::new("contacts.importContactToken").with("token", token);
    let user = stage.ok(alice, import(&token));
    assert_eq!(user.str("first_name"), Some("Bob"));
    for wrong in ["", "1-2", "x"] {
        assert_eq!(
            stage.error(alice, import(wrong)),
            "400 IMPORT_TOKEN_INVALID"
        );
    }
    stage.now += 3 * 24 * 3600;
    assert_eq!(
        stage.error(alice, import(&token)),
        "400 IMPORT_TOKEN_INVALID"
    );
}

#[test]
fn a_bot_sets_its_menu_for_all_and_for_one() {
    let mut stage = Stage::new();
    let (alice, bob, bot) = (stage.log_in(ALICE), stage.log_in(BOB), stage.bot());
    let to_bot = stage.peer(alice, "mtkit_bot");
    stage.send(alice, &to_bot, "/start");
    let from_alice = stage.update(bot);
    let message = from_alice.object("message").unwrap();
    let alice_id = message.object("peer_id").unwrap().long("user_id").unwrap();
    let set = |user: Object, text: &str| {
        let button = Object::new("botMenuButton")
            .with("text", text)
            .with("url", "https://shop.example");
        Object::new("bots.setBotMenuButton")
            .with("user_id", user)
            .with("button", button)
    };
    let everybody = Object::new("inputUserEmpty");
    assert_eq!(
        stage.error(bot, set(everybody.clone(), "")),
        "400 BUTTON_TEXT_INVALID"
    );
    stage.yes(bot, set(everybody, "Shop"));
    let one = Object::new("inputUser")
        .with("user_id", alice_id)
        .with("access_hash", 0_i64);
    stage.yes(bot, set(one, "Yours"));
    let mut shown = |client| {
        let user = as_user(&stage.peer(client, "mtkit_bot"));
        let full = stage.ok(client, Object::new("users.getFullUser").with("id", user));
        let info = full
            .object("full_user")
            .unwrap()
            .object("bot_info")
            .unwrap();
        info.object("menu_button")
            .unwrap()
            .str("text")
            .unwrap()
            .to_owned()
    };
    assert_eq!(shown(alice), "Yours");
    assert_eq!(shown(bob), "Shop");
}

#[test]
fn a_bot_writes_first_only_to_those_who_let_it() {
    let mut stage = Stage::new();
    let (alice, bot) = (stage.log_in(ALICE), stage.bot());
    let bot_user = as_user(&stage.peer(alice, "mtkit_bot"));
    let to_alice = stage.peer(bot, "alice_mtkit");
    let hello = send_message(&to_alice, "hello", 1);
    assert_eq!(stage.error(bot, hello.clone()), "400 PEER_ID_INVALID");
    let may = Object::new("bots.canSendMessage").with("bot", bot_user.clone());
    assert_eq!(stage.call(alice, &may), Ok(Value::Bool(false)));
    stage.ok(
        alice,
        Object::new("bots.allowSendMessage").with("bot", bot_user),
    );
    assert_eq!(stage.call(alice, &may), Ok(Value::Bool(true)));
    stage.ok(bot, hello);
}

#[test]
fn an_export_of_data_begins_and_ends() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let begin = || Object::new("account.initTakeoutSession").with("contacts", true);
    let finish = || Object::new("account.finishTakeoutSession").with("success", true);
    assert_eq!(stage.error(alice, finish()), "400 TAKEOUT_REQUIRED");
    let first = stage.ok(alice, begin());
    assert_eq!(stage.ok(alice, begin()), first);
    stage.yes(alice, finish());
    let ranges = stage.list(alice, Object::new("messages.getSplitRanges"));
    assert_eq!(ranges.len(), 1);
}

#[test]
fn statistics_of_a_channel_are_counted_at_their_dc() {
    let mut stage = Stage::with(WorldConfig {
        stats_dc: Some(4),
        ..config(7)
    });
    let mut alice = stage.log_in(ALICE);
    let create = Object::new("channels.createChannel")
        .with("broadcast", true)
        .with("title", "News")
        .with("about", "");
    let made = stage.ok(alice, create);
    let channel = objects(&made, "chats").remove(0);
    let id = channel.long("id").unwrap();
    let hash = channel.long("access_hash").unwrap();
    let to_channel = Object::new("inputPeerChannel")
        .with("channel_id", id)
        .with("access_hash", hash);
    for text in ["one", "two"] {
        stage.send(alice, &to_channel, text);
    }
    let input = Object::new("inputChannel")
        .with("channel_id", id)
        .with("access_hash", hash);
    let ask = Object::new("stats.getBroadcastStats").with("channel", input);
    assert_eq!(stage.error(alice, ask.clone()), "303 STATS_MIGRATE_4");
    alice.dc = 4;
    let stats = stage.ok(alice, ask);
    let followers = stats.object("followers").unwrap();
    assert_eq!(followers.double("current"), Some(1.0));
    assert_eq!(followers.double("previous"), Some(0.0));
    let views = stats.object("views_per_post").unwrap();
    assert_eq!(views.double("current"), Some(1.0));
    assert_eq!(objects(&stats, "recent_posts_interactions").len(), 2);
}
