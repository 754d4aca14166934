//! Messages that wait for their date, and messages that are taken away.

use tl_parser::Object;

use crate::driver::{ALICE, BOB, Client, Stage, ids, objects, send_message, to_self};

const DAY: i64 = 24 * 3600;

fn later(stage: &Stage, seconds: i64) -> i32 {
    i32::try_from(stage.now + seconds).unwrap()
}

fn put_off(stage: &mut Stage, client: Client, peer: &Object, text: &str, date: i32) -> Object {
    let random_id = stage.random();
    let request = send_message(peer, text, random_id).with("schedule_date", date);
    stage.ok(client, request)
}

fn shelf(stage: &mut Stage, client: Client, peer: &Object) -> Vec<Object> {
    let request = Object::new("messages.getScheduledHistory")
        .with("peer", peer.clone())
        .with("hash", 0_i64);
    objects(&stage.ok(client, request), "messages")
}

#[test]
fn what_waits_is_listed_and_told_to_the_other_sessions() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let second = stage.log_in(ALICE);
    stage.updates(alice);
    let to_bob = stage.peer(alice, "bob_mtkit");
    let due = later(&stage, 100);
    put_off(&mut stage, alice, &to_bob, "later", due);
    assert_eq!(stage.update(second).name(), "updateNewScheduledMessage");
    let waiting = shelf(&mut stage, second, &to_bob).remove(0);
    assert_eq!(waiting.int("date"), Some(due));
    assert!(waiting.flag("from_scheduled"));

    stage.wait(99);
    assert_eq!(stage.updates(bob), []);
    stage.wait(1);
    let told = stage.update(bob);
    assert_eq!(told.name(), "updateNewMessage");
    assert!(told.object("message").unwrap().flag("from_scheduled"));
    let names: Vec<_> = stage
        .updates(alice)
        .iter()
        .map(|update| update.name().to_owned())
        .collect();
    assert_eq!(names, ["updateNewMessage", "updateDeleteScheduledMessages"]);
    assert_eq!(shelf(&mut stage, alice, &to_bob), []);
    assert_eq!(stage.history(alice, &to_bob), ["later"]);
}

#[test]
fn a_waiting_message_is_changed_sent_early_or_deleted() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let to_bob = stage.peer(alice, "bob_mtkit");
    let due = later(&stage, 1000);
    for text in ["one", "two", "three"] {
        put_off(&mut stage, alice, &to_bob, text, due);
    }
    let edit = Object::new("messages.editMessage")
        .with("peer", to_bob.clone())
        .with("id", 1)
        .with("message", "first")
        .with("schedule_date", later(&stage, 2000));
    stage.ok(alice, edit);
    let delete = Object::new("messages.deleteScheduledMessages")
        .with("peer", to_bob.clone())
        .with("id", ids(&[2]));
    stage.ok(alice, delete.clone());
    assert_eq!(stage.error(alice, delete), "400 MESSAGE_ID_INVALID");
    let send = Object::new("messages.sendScheduledMessages")
        .with("peer", to_bob.clone())
        .with("id", ids(&[3]));
    let reply = stage.ok(alice, send);
    let names: Vec<_> = objects(&reply, "updates")
        .iter()
        .map(|update| update.name().to_owned())
        .collect();
    assert_eq!(names, ["updateDeleteScheduledMessages", "updateNewMessage"]);
    assert_eq!(stage.updates(bob).len(), 1);
    stage.wait(1999);
    assert_eq!(stage.updates(bob), []);
    stage.wait(2);
    assert_eq!(stage.history(alice, &to_bob), ["first", "three"]);
}

#[test]
fn a_message_can_wait_until_its_receiver_is_online() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let to_bob = stage.peer(alice, "bob_mtkit");
    put_off(&mut stage, alice, &to_bob, "you there?", 0x7fff_fffe);
    stage.wait(DAY);
    assert_eq!(stage.updates(bob), []);
    let online = Object::new("account.updateStatus").with("offline", false);
    stage.yes(bob, online);
    assert_eq!(stage.history(alice, &to_bob), ["you there?"]);
}

#[test]
fn dates_that_cannot_be_are_refused() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let cases = [
        (later(&stage, 400 * DAY), "400 SCHEDULE_DATE_TOO_LATE"),
        (-1, "400 SCHEDULE_DATE_INVALID"),
        (0x7fff_fffe, "400 SCHEDULE_DATE_INVALID"),
    ];
    for (date, error) in cases {
        let random_id = stage.random();
        let request = send_message(&to_self(), "no", random_id).with("schedule_date", date);
        assert_eq!(stage.error(alice, request), error);
    }
    for _ in 0..100 {
        let due = later(&stage, 500);
        put_off(&mut stage, alice, &to_self(), "again", due);
    }
    let request = send_message(&to_self(), "no", 77_777).with("schedule_date", later(&stage, 500));
    assert_eq!(stage.error(alice, request), "400 SCHEDULE_TOO_MUCH");
}

#[test]
fn messages_of_a_chat_with_a_timer_are_taken_away_on_both_sides() {
    let mut stage = Stage::new();
    let (alice, bob) = (stage.log_in(ALICE), stage.log_in(BOB));
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "stays");
    let set = |period: i32| {
        Object::new("messages.setHistoryTTL")
            .with("peer", to_bob.clone())
            .with("period", period)
    };
    assert_eq!(stage.error(alice, set(5)), "400 TTL_PERIOD_INVALID");
    let reply = stage.ok(alice, set(86_400));
    assert_eq!(objects(&reply, "updates")[0].name(), "updatePeerHistoryTTL");
    assert_eq!(stage.error(alice, set(86_400)), "400 CHAT_NOT_MODIFIED");
    let sent = stage.send(alice, &to_bob, "goes");
    let message = objects(&sent, "updates")[1].object("message").cloned();
    assert_eq!(message.unwrap().int("ttl_period"), Some(86_400));
    stage.updates(bob);
    stage.wait(DAY);
    assert_eq!(stage.update(bob).name(), "updateDeleteMessages");
    assert_eq!(
        stage.history(alice, &to_bob),
        ["messageService", "stays"],
        "what was there before, and what tells of the timer"
    );
}

#[test]
fn a_default_lifetime_holds_for_chats_begun_later() {
    let mut stage = Stage::new();
    let (alice, _) = (stage.log_in(ALICE), stage.log_in(BOB));
    let set = Object::new("messages.setDefaultHistoryTTL").with("period", 604_800);
    stage.yes(alice, set);
    let get = stage.ok(alice, Object::new("messages.getDefaultHistoryTTL"));
    assert_eq!(get.int("period"), Some(604_800));
    let to_bob = stage.peer(alice, "bob_mtkit");
    stage.send(alice, &to_bob, "goes");
    stage.wait(7 * DAY);
    assert_eq!(stage.history(alice, &to_bob), Vec::<String>::new());
}
