//! Changes of keys: when, in which steps, whose wins, and what happens to the old key.

use mtproto_core::secret_chat::schema::Action;
use mtproto_core::secret_chat::{
    RekeyFailure, SecretChatConfig, SecretChatError, SecretChatEvent, Side, Version, envelope,
};
use mtproto_core::time::Duration;

use crate::secret_chat_support::{Duo, key};
use crate::support::Seeded;

const A: Side = Side::Originator;
const B: Side = Side::Acceptor;

fn after(messages: u32) -> SecretChatConfig {
    SecretChatConfig {
        rekey_after_messages: messages,
        ..SecretChatConfig::default()
    }
}

fn fingerprints(duo: &Duo) -> (i64, i64) {
    (duo.a.chat.key_fingerprint(), duo.b.chat.key_fingerprint())
}

fn failures(events: &[SecretChatEvent]) -> Vec<RekeyFailure> {
    let failure = |event: &SecretChatEvent| match event {
        SecretChatEvent::RekeyFailed(failure) => Some(*failure),
        _ => None,
    };
    events.iter().filter_map(failure).collect()
}

/// The last message of A, opened.
fn last_of_a(duo: &Duo) -> Vec<u8> {
    let mut data = duo.a.out.last().unwrap().data.clone();
    let content = envelope::open(Version::V2, &key(), A.direction(), &mut data).unwrap();
    let layer = mtproto_core::secret_chat::schema::DecryptedMessageLayer::read(content).unwrap();
    layer.message.to_vec()
}

#[test]
fn e2_17_the_key_is_changed_after_100_messages() {
    let mut duo = Duo::new();
    let before = fingerprints(&duo);
    for number in 0..50 {
        duo.say(A, number);
        duo.settle();
        duo.say(B, number);
        duo.settle();
    }
    assert_eq!(fingerprints(&duo), before, "100 messages are allowed");
    duo.say(A, 100);
    assert_eq!(duo.a.out.len(), 2, "the message and the request");
    duo.settle();
    let (a, b) = fingerprints(&duo);
    assert_eq!(a, b);
    assert_ne!(a, before.0);
    duo.say(B, 101);
    duo.settle();
    assert_eq!(duo.a.shown().last(), Some(&101));
}

#[test]
fn e2_17_the_key_is_changed_after_a_week_if_it_was_used() {
    let week = Duration::from_secs(7 * 24 * 3600);
    let mut duo = Duo::new();
    let before = fingerprints(&duo);
    duo.pass(week);
    duo.settle();
    assert_eq!(fingerprints(&duo), before, "nothing was sent under it");
    assert_eq!(duo.a.chat.poll_timeout(), None);
    duo.say(A, 1);
    duo.settle();
    assert_ne!(fingerprints(&duo), before);
    duo.say(A, 2);
    let due = duo.a.chat.poll_timeout().expect("the next week");
    assert_eq!(due, duo.now.saturating_add(week));
    let (a, b) = fingerprints(&duo);
    assert_eq!(a, b);
}

#[test]
fn e2_18_a_wrong_fingerprint_in_the_acceptance_ends_the_change() {
    let mut duo = Duo::unequal(after(0), after(100));
    duo.say(A, 1);
    let message = last_of_a(&duo);
    assert!(matches!(
        Action::read(&message),
        Ok(Some(Action::RequestKey { .. }))
    ));
    duo.settle_only_to_b();
    // B's true acceptance is lost; A gets one with another fingerprint in its place.
    let direction = B.direction();
    let mut true_accept = duo.b.out.remove(0).data;
    let content = envelope::open(Version::V2, &key(), direction, &mut true_accept).unwrap();
    let mut forged = content.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = envelope::seal(Version::V2, &key(), direction, &forged, &mut Seeded(3));
    duo.deliver(B, &forged).unwrap();
    assert_eq!(failures(&duo.a.events), [RekeyFailure::Fingerprint]);
    duo.settle();
    assert_eq!(failures(&duo.b.events), [RekeyFailure::Refused]);
    assert_eq!(
        fingerprints(&duo),
        (key().id().as_long(), key().id().as_long())
    );
}

#[test]
fn e2_18_all_steps_name_the_same_exchange() {
    // An acceptance of something else is refused and changes nothing.
    let mut duo = Duo::with(after(1000));
    let stranger = Action::AcceptKey {
        exchange_id: 77,
        g_b: &[9; 256],
        key_fingerprint: 1,
    };
    let data = duo.forge_action(0, &stranger);
    duo.deliver(A, &data).unwrap();
    assert_eq!(duo.b.out.len(), 1, "AbortKey");
    assert_eq!(duo.b.chat.key_fingerprint(), key().id().as_long());
    // A commitment to a key that nobody agreed on leaves the two sides without a common key.
    let data = duo.forge_action(
        1,
        &Action::CommitKey {
            exchange_id: 77,
            key_fingerprint: 1,
        },
    );
    assert_eq!(duo.deliver(A, &data), Err(SecretChatError::CommittedKey));
    assert_eq!(duo.b.aborted(), Some(SecretChatError::CommittedKey));
}

#[test]
fn e2_02_a_bad_public_number_ends_the_change_and_not_the_chat() {
    let mut duo = Duo::new();
    let request = Action::RequestKey {
        exchange_id: 3,
        g_a: &[1],
    };
    let data = duo.forge_action(0, &request);
    duo.deliver(A, &data).unwrap();
    assert_eq!(failures(&duo.b.events), [RekeyFailure::PublicNumber]);
    assert_eq!(duo.b.out.len(), 1, "AbortKey");
    assert!(!duo.b.chat.is_closed());
}

#[test]
fn e2_19_of_two_changes_at_once_the_larger_number_wins() {
    for seed in 1..6 {
        let mut duo = Duo::with(after(1));
        duo.a.random = Seeded(seed);
        duo.b.random = Seeded(seed + 100);
        duo.say(A, 1);
        duo.say(B, 2);
        duo.say(A, 3);
        duo.say(B, 4);
        assert_eq!(duo.a.out.len(), 3, "both have begun one");
        assert_eq!(duo.b.out.len(), 3);
        duo.settle();
        let (a, b) = fingerprints(&duo);
        assert_eq!(a, b);
        assert_ne!(a, key().id().as_long());
        let changes = |events: &[SecretChatEvent]| {
            let changed =
                |event: &&SecretChatEvent| matches!(event, SecretChatEvent::KeyChanged { .. });
            events.iter().filter(changed).count()
        };
        assert_eq!(changes(&duo.a.events), changes(&duo.b.events));
        assert_eq!(duo.b.shown(), [1, 3]);
        assert_eq!(duo.a.shown(), [2, 4]);
    }
}

#[test]
fn e2_19_a_second_change_is_refused_while_one_is_agreed_on() {
    let mut duo = Duo::new();
    for (number, exchange_id) in [(0, 5), (1, 6)] {
        let secret = mtproto_core::secret_chat::KeyRequest::new(
            mtproto_core::crypto::dh::DhParams::known(3).unwrap(),
            &[],
            &mut Seeded(exchange_id as u64),
        )
        .unwrap();
        let request = Action::RequestKey {
            exchange_id,
            g_a: secret.g_a(),
        };
        let data = duo.forge_action(number, &request);
        duo.deliver(A, &data).unwrap();
    }
    let actions: Vec<Vec<u8>> = duo
        .b
        .out
        .iter()
        .map(|message| {
            let mut data = message.data.clone();
            let content = envelope::open(Version::V2, &key(), B.direction(), &mut data).unwrap();
            mtproto_core::secret_chat::schema::DecryptedMessageLayer::read(content)
                .unwrap()
                .message
                .to_vec()
        })
        .collect();
    assert!(matches!(
        Action::read(&actions[0]),
        Ok(Some(Action::AcceptKey { exchange_id: 5, .. }))
    ));
    assert_eq!(
        Action::read(&actions[1]),
        Ok(Some(Action::AbortKey { exchange_id: 6 }))
    );
}

#[test]
fn e2_20_the_old_key_goes_when_no_gap_needs_it() {
    let mut duo = Duo::unequal(after(1), after(100));
    duo.say(A, 1);
    duo.settle();
    duo.say(A, 2);
    // RequestKey and AcceptKey arrive, a late message of B under the old key does not yet.
    duo.settle_only_to_b();
    duo.say(B, 3);
    let late = duo.b.out.pop().unwrap();
    let accept = core::mem::take(&mut duo.b.out);
    for message in accept {
        duo.deliver(B, &message.data).unwrap();
    }
    // A commits; B switches and says so under the new key, which overtakes the late message.
    duo.settle_only_to_b();
    assert_ne!(duo.b.chat.key_fingerprint(), key().id().as_long());
    let noop = duo.b.out.remove(0);
    duo.deliver(B, &noop.data).unwrap();
    assert!(duo.a.shown().is_empty(), "it waits for the late message");
    duo.deliver(B, &late.data).unwrap();
    assert_eq!(duo.a.shown(), [3], "the old key was kept for it");
    // Now it is gone: a new message under it is under no key at all.
    let data = envelope::seal(Version::V2, &key(), B.direction(), &[0; 32], &mut Seeded(1));
    assert_eq!(duo.deliver(B, &data), Err(SecretChatError::UnknownKey));
    let data = envelope::seal(Version::V2, &key(), A.direction(), &[0; 32], &mut Seeded(1));
    assert_eq!(duo.deliver(A, &data), Err(SecretChatError::UnknownKey));
}

#[test]
fn e2_20_a_lost_commitment_does_not_hold_the_switch_up() {
    let mut duo = Duo::unequal(after(1), after(100));
    duo.say(A, 1);
    duo.settle();
    duo.say(A, 2);
    duo.settle_only_to_b();
    for message in core::mem::take(&mut duo.b.out) {
        duo.deliver(B, &message.data).unwrap();
    }
    duo.a.out.clear();
    duo.say(A, 3);
    duo.settle();
    let (a, b) = fingerprints(&duo);
    assert_eq!(a, b);
    assert_ne!(a, key().id().as_long());
    assert_eq!(duo.b.shown(), [1, 2, 3]);
}

#[test]
fn e2_21_messages_of_another_chat_are_under_no_key_of_this_one() {
    let mut duo = Duo::new();
    let other = mtproto_core::crypto::auth_key::AuthKey::new([8; 256]);
    let request = Action::RequestKey {
        exchange_id: 1,
        g_a: &[9; 256],
    };
    let mut relayed = envelope::seal(
        Version::V2,
        &other,
        A.direction(),
        &request.to_message(1),
        &mut Seeded(1),
    );
    assert_eq!(duo.deliver(A, &relayed), Err(SecretChatError::UnknownKey));
    relayed[..8].copy_from_slice(&key().id().0);
    assert_eq!(
        duo.deliver(A, &relayed),
        Err(SecretChatError::InvalidMessage)
    );
    assert_eq!(duo.b.aborted(), None);
}

#[test]
fn two_sides_that_refuse_do_not_refuse_for_ever() {
    let mut duo = Duo::with(after(2));
    for number in 0..4 {
        let abort = duo.forge_action(number, &Action::AbortKey { exchange_id: 0 });
        duo.deliver(A, &abort).unwrap();
    }
    let requests = duo.b.out.len();
    assert_eq!(requests, 1, "one request, which nobody answers");
}
