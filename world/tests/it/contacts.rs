//! The address book, names, and the caller's own profile.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, BOB, Stage, as_user, objects};

#[test]
fn a_username_is_resolved_in_any_case() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let resolve = |name: &str| Object::new("contacts.resolveUsername").with("username", name);
    let found = stage.ok(alice, resolve("BOB_mtkit"));
    let user = objects(&found, "users").remove(0);
    assert_eq!(user.str("first_name"), Some("Bob"));
    assert!(user.str("phone").is_none(), "a number is not public");
    assert_eq!(
        stage.error(alice, resolve("nobody")),
        "400 USERNAME_NOT_OCCUPIED"
    );
    assert_eq!(stage.error(alice, resolve("")), "400 USERNAME_INVALID");
}

#[test]
fn contacts_are_imported_by_number() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let entry = |id: i64, phone: &str| {
        Value::from(
            Object::new("inputPhoneContact")
                .with("client_id", id)
                .with("phone", phone)
                .with("first_name", "Bobby")
                .with("last_name", ""),
        )
    };
    let import = Object::new("contacts.importContacts")
        .with("contacts", vec![entry(1, BOB), entry(2, "9996629999")]);
    let result = stage.ok(alice, import);
    assert_eq!(objects(&result, "imported").len(), 1);
    let get = |hash: i64| Object::new("contacts.getContacts").with("hash", hash);
    let contacts = stage.ok(alice, get(0));
    let user = objects(&contacts, "users").remove(0);
    assert_eq!(user.str("first_name"), Some("Bobby"), "as alice calls him");
    assert_eq!(user.str("phone"), Some(BOB), "she knew the number");
    assert!(user.flag("contact") && !user.flag("mutual_contact"));
    let statuses = stage.list(alice, Object::new("contacts.getStatuses"));
    assert_eq!(statuses.len(), 1);
    let ids = Object::new("contacts.getContactIDs").with("hash", 0_i64);
    assert_eq!(stage.list(alice, ids).len(), 1);
}

#[test]
fn contacts_are_added_and_deleted_by_peer() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let add = |name: &str| {
        Object::new("contacts.addContact")
            .with("id", as_user(&bob))
            .with("first_name", name)
            .with("last_name", "")
            .with("phone", "")
    };
    assert_eq!(stage.error(alice, add("")), "400 CONTACT_NAME_EMPTY");
    let reply = stage.ok(alice, add("Rob"));
    assert_eq!(objects(&reply, "updates")[0].name(), "updatePeerSettings");
    let search = |q: &str| {
        Object::new("contacts.search")
            .with("q", q)
            .with("limit", 10)
    };
    let found = stage.ok(alice, search("rob"));
    assert_eq!(objects(&found, "my_results").len(), 1);
    let delete =
        Object::new("contacts.deleteContacts").with("id", vec![Value::from(as_user(&bob))]);
    stage.ok(alice, delete);
    let found = stage.ok(alice, search("mtkit"));
    assert_eq!(objects(&found, "my_results").len(), 0);
    assert_eq!(
        objects(&found, "results").len(),
        3,
        "carol, bob and the bot"
    );
    assert_eq!(stage.error(alice, search("mt")), "400 QUERY_TOO_SHORT");
    assert_eq!(stage.error(alice, search("")), "400 SEARCH_QUERY_EMPTY");
}

#[test]
fn the_unchanged_address_book_is_not_sent_again() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let accept = Object::new("contacts.acceptContact").with("id", as_user(&bob));
    stage.ok(alice, accept);
    let id = bob.long("user_id").unwrap();
    let request = Object::new("contacts.getContacts").with("hash", id);
    let reply = stage.ok(alice, request);
    assert_eq!(
        reply.name(),
        "contacts.contactsNotModified",
        "the hash of one id is the id"
    );
}

#[test]
fn blocked_peers_are_listed() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let second = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    stage.yes(alice, Object::new("contacts.block").with("id", bob.clone()));
    assert_eq!(stage.update(second).name(), "updatePeerBlocked");
    let get = Object::new("contacts.getBlocked")
        .with("offset", 0)
        .with("limit", 10);
    let blocked = stage.ok(alice, get);
    assert_eq!(objects(&blocked, "blocked").len(), 1);
    let full = Object::new("users.getFullUser").with("id", as_user(&bob));
    let full = stage.ok(alice, full);
    assert!(full.object("full_user").unwrap().flag("blocked"));
}

#[test]
fn unknown_users_come_back_empty() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let stranger = Object::new("inputUser")
        .with("user_id", 5_i64)
        .with("access_hash", 6_i64);
    let ask = Object::new("users.getUsers").with("id", vec![Value::from(stranger.clone())]);
    let users = stage.list(alice, ask);
    assert_eq!(users[0].as_object().unwrap().name(), "userEmpty");
    let full = Object::new("users.getFullUser").with("id", stranger);
    assert_eq!(stage.error(alice, full), "400 USER_ID_INVALID");
}

#[test]
fn a_profile_is_changed_and_others_learn_of_it() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "hello");
    stage.updates(bob);
    let update = Object::new("account.updateProfile")
        .with("first_name", "Alicia")
        .with("about", "on stage");
    let me = stage.ok(alice, update);
    assert_eq!(me.str("first_name"), Some("Alicia"));
    let news = stage.update(bob);
    assert_eq!(news.name(), "updateUserName");
    assert_eq!(news.str("first_name"), Some("Alicia"));
    let long = Object::new("account.updateProfile").with("about", "x".repeat(71));
    assert_eq!(stage.error(alice, long), "400 ABOUT_TOO_LONG");
    let full = Object::new("users.getFullUser").with("id", Object::new("inputUserSelf"));
    let full = stage.ok(alice, full);
    assert_eq!(
        full.object("full_user").unwrap().str("about"),
        Some("on stage")
    );
}

#[test]
fn usernames_are_taken_once() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let set = |name: &str| Object::new("account.updateUsername").with("username", name);
    let mut error = |name| stage.error(alice, set(name));
    assert_eq!(error("bob_mtkit"), "400 USERNAME_OCCUPIED");
    assert_eq!(error("a b"), "400 USERNAME_INVALID");
    assert_eq!(error("alice_mtkit"), "400 USERNAME_NOT_MODIFIED");
    let check = |name: &str| Object::new("account.checkUsername").with("username", name);
    assert_eq!(
        stage.call(alice, &check("Bob_Mtkit")),
        Ok(Value::Bool(false))
    );
    stage.yes(alice, check("alice_new"));
    stage.ok(alice, set("alice_new"));
    stage.yes(alice, check("alice_mtkit"));
    let bob = stage.log_in(BOB);
    stage.peer(bob, "alice_new");
}

#[test]
fn being_online_is_seen_by_those_who_know_one() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "hello");
    stage.updates(bob);
    let status = |offline: bool| Object::new("account.updateStatus").with("offline", offline);
    stage.yes(alice, status(false));
    let update = stage.update(bob);
    assert_eq!(update.object("status").unwrap().name(), "userStatusOnline");
    stage.yes(alice, status(true));
    let update = stage.update(bob);
    assert_eq!(update.object("status").unwrap().name(), "userStatusOffline");
}

#[test]
fn notification_settings_are_kept_by_scope() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let second = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let scope = Object::new("inputNotifyPeer").with("peer", bob);
    let mute = Object::new("account.updateNotifySettings")
        .with("peer", scope.clone())
        .with(
            "settings",
            Object::new("inputPeerNotifySettings").with("mute_until", i32::MAX),
        );
    stage.yes(alice, mute);
    assert_eq!(stage.update(second).name(), "updateNotifySettings");
    let get = |scope: Object| Object::new("account.getNotifySettings").with("peer", scope);
    let settings = stage.ok(alice, get(scope));
    assert_eq!(settings.int("mute_until"), Some(i32::MAX));
    let users = stage.ok(alice, get(Object::new("inputNotifyUsers")));
    assert!(users.get("mute_until").is_none());
    let exceptions = stage.ok(alice, Object::new("account.getNotifyExceptions"));
    assert_eq!(objects(&exceptions, "updates").len(), 1);
    stage.yes(alice, Object::new("account.resetNotifySettings"));
}

#[test]
fn privacy_rules_are_kept_by_key() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let second = stage.log_in(ALICE);
    let bob = stage.peer(alice, "bob_mtkit");
    let key = || Object::new("inputPrivacyKeyPhoneNumber");
    let get = Object::new("account.getPrivacy").with("key", key());
    let rules = stage.ok(alice, get.clone());
    assert_eq!(objects(&rules, "rules")[0].name(), "privacyValueAllowAll");
    let allow =
        Object::new("inputPrivacyValueAllowUsers").with("users", vec![Value::from(as_user(&bob))]);
    let set = Object::new("account.setPrivacy").with("key", key()).with(
        "rules",
        vec![
            Value::from(allow),
            Object::new("inputPrivacyValueDisallowAll").into(),
        ],
    );
    stage.ok(alice, set);
    let update = stage.update(second);
    assert_eq!(
        update.object("key").unwrap().name(),
        "privacyKeyPhoneNumber"
    );
    let rules = stage.ok(alice, get);
    let names: Vec<_> = objects(&rules, "rules")
        .iter()
        .map(|rule| rule.name().to_owned())
        .collect();
    assert_eq!(names, ["privacyValueAllowUsers", "privacyValueDisallowAll"]);
    assert_eq!(objects(&rules, "users").len(), 1);
}
