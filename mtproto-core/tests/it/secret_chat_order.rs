//! The order of a secret chat's messages: numbers, gaps, repetitions, deletions, versions.

use mtproto_core::error::Disposition;
use mtproto_core::secret_chat::schema::Action;
use mtproto_core::secret_chat::{
    SecretChatConfig, SecretChatError, SecretChatEvent, Side, Version,
};

use crate::secret_chat_support::{Duo, key, text};
use crate::support::Seeded;

const A: Side = Side::Originator;
const B: Side = Side::Acceptor;

#[test]
fn messages_are_shown_in_order_and_say_what_they_answer() {
    let mut duo = Duo::new();
    duo.say(A, 1);
    duo.say(A, 2);
    duo.settle();
    duo.say(B, 3);
    duo.settle();
    assert_eq!(duo.b.shown(), [1, 2]);
    let event = duo.a.events.last().unwrap();
    let expected = SecretChatEvent::Message {
        number: 0,
        after: 2,
        layer: 144,
        message: text(3),
    };
    assert_eq!(*event, expected);
}

#[test]
fn e2_09_numbers_of_the_wrong_parity_end_the_chat() {
    for (out, into) in [(0, 0), (1, 1), (-1, 0), (1, -2)] {
        let mut duo = Duo::new();
        let data = duo.forge(Version::V2, out, into, &text(1));
        assert_eq!(duo.deliver(A, &data), Err(SecretChatError::Parity));
        assert_eq!(duo.b.aborted(), Some(SecretChatError::Parity));
        assert!(duo.b.chat.is_closed());
        let again = duo.forge(Version::V2, 1, 0, &text(1));
        assert_eq!(duo.deliver(A, &again), Err(SecretChatError::Closed));
    }
    // A message that comes back to the one who sent it opens under neither direction.
    let mut duo = Duo::new();
    duo.say(A, 1);
    let mirrored = duo.a.out[0].data.clone();
    assert_eq!(
        duo.deliver(B, &mirrored),
        Err(SecretChatError::InvalidMessage)
    );
}

#[test]
fn e2_10_a_repetition_is_not_shown_even_with_another_text() {
    let mut duo = Duo::new();
    duo.say(A, 1);
    let first = duo.a.out[0].data.clone();
    duo.settle();
    assert_eq!(duo.deliver(A, &first), Err(SecretChatError::Duplicate));
    let other = duo.forge(Version::V2, 1, 0, &text(2));
    assert_eq!(duo.deliver(A, &other), Err(SecretChatError::Duplicate));
    assert_eq!(SecretChatError::Duplicate.disposition(), Disposition::Drop);
    assert_eq!(duo.b.shown(), [1]);
    assert_eq!(duo.b.aborted(), None);
}

#[test]
fn e2_11_a_gap_is_asked_for_once_and_order_is_kept() {
    let mut duo = Duo::new();
    for number in 0..5 {
        duo.say(A, number);
    }
    let sent = core::mem::take(&mut duo.a.out);
    duo.deliver(A, &sent[0].data).unwrap();
    duo.deliver(A, &sent[3].data).unwrap();
    duo.deliver(A, &sent[4].data).unwrap();
    assert_eq!(duo.b.shown(), [0]);
    assert_eq!(duo.b.chat.gap(), Some((1, 2)));
    let requests = &duo.b.out;
    assert_eq!(requests.len(), 1, "one request for one hole");
    assert!(requests[0].is_service);
    duo.settle();
    assert_eq!(duo.b.shown(), [0, 1, 2, 3, 4]);
    assert_eq!(duo.b.chat.gap(), None);
}

#[test]
fn e2_11_a_gap_beyond_the_limit_ends_the_chat() {
    let config = SecretChatConfig::default();
    let mut duo = Duo::new();
    let far = 2 * config.waiting_messages + 1;
    let last = duo.forge(Version::V2, far, 0, &text(1));
    assert_eq!(duo.deliver(A, &last), Ok(()));
    let beyond = duo.forge(Version::V2, far + 2, 0, &text(1));
    assert_eq!(duo.deliver(A, &beyond), Err(SecretChatError::GapTooLarge));
    let mut small = Duo::with(SecretChatConfig {
        waiting_bytes: 40,
        ..config
    });
    for (number, expected) in [
        (1, Ok(())),
        (2, Ok(())),
        (3, Err(SecretChatError::GapTooLarge)),
    ] {
        let data = small.forge(Version::V2, 2 * number + 1, 0, &text(1));
        assert_eq!(small.deliver(A, &data), expected);
    }
}

#[test]
fn e2_12_in_seq_no_neither_falls_nor_runs_ahead() {
    let mut duo = Duo::new();
    duo.say(B, 1);
    duo.say(B, 2);
    let ahead = duo.forge(Version::V2, 1, 6, &text(1));
    assert_eq!(duo.deliver(A, &ahead), Err(SecretChatError::InSeqNoAhead));

    let mut duo = Duo::new();
    duo.say(B, 1);
    duo.say(B, 2);
    let both = duo.forge(Version::V2, 1, 4, &text(1));
    assert_eq!(duo.deliver(A, &both), Ok(()));
    let fallen = duo.forge(Version::V2, 3, 2, &text(1));
    assert_eq!(duo.deliver(A, &fallen), Err(SecretChatError::InSeqNoFell));
    assert_eq!(duo.b.aborted(), Some(SecretChatError::InSeqNoFell));
}

#[test]
fn e2_13_e2_14_a_request_that_cannot_be_served_ends_the_chat() {
    for (start_seq_no, end_seq_no) in [(0, i32::MAX - 1), (4, 0), (0, 2), (8, 8)] {
        let mut duo = Duo::new();
        duo.say(B, 1);
        let request = duo.forge_action(
            0,
            &Action::Resend {
                start_seq_no,
                end_seq_no,
            },
        );
        assert_eq!(duo.deliver(A, &request), Err(SecretChatError::CannotResend));
        assert!(duo.b.chat.is_closed());
    }
    let mut duo = Duo::new();
    duo.say(B, 1);
    let request = duo.forge_action(
        0,
        &Action::Resend {
            start_seq_no: 1,
            end_seq_no: 1,
        },
    );
    assert_eq!(duo.deliver(A, &request), Err(SecretChatError::Parity));
}

#[test]
fn e2_13_what_the_other_side_confirmed_is_not_kept() {
    let mut duo = Duo::new();
    duo.say(B, 1);
    duo.settle();
    let resend = Action::Resend {
        start_seq_no: 0,
        end_seq_no: 0,
    };
    // in_seq_no 2 says that A has it; then there is nothing to ask for.
    let request = duo.forge(Version::V2, 1, 2, &resend.to_message(1));
    assert_eq!(duo.deliver(A, &request), Err(SecretChatError::CannotResend));
}

#[test]
fn e2_15_a_request_is_served_at_once_and_once() {
    let mut duo = Duo::new();
    duo.say(B, 1);
    duo.b.out.clear();
    let resend = Action::Resend {
        start_seq_no: 0,
        end_seq_no: 0,
    };
    let request = duo.forge_action(1, &resend);
    duo.deliver(A, &request).unwrap();
    let repeated = |duo: &Duo| {
        duo.b
            .out
            .iter()
            .filter(|message| message.is_repeated)
            .count()
    };
    assert_eq!(
        repeated(&duo),
        1,
        "served though a message before it is missing"
    );
    assert_eq!(duo.deliver(A, &request), Err(SecretChatError::Duplicate));
    let missing = duo.forge(Version::V2, 1, 0, &text(9));
    duo.deliver(A, &missing).unwrap();
    assert_eq!(duo.b.chat.gap(), None);
    assert_eq!(repeated(&duo), 1, "not served again in its turn");
}

#[test]
fn e2_15_two_sides_that_miss_messages_of_each_other_recover() {
    let mut duo = Duo::new();
    duo.say(A, 1);
    duo.say(B, 2);
    duo.a.out.clear();
    duo.b.out.clear();
    duo.say(A, 3);
    duo.say(B, 4);
    duo.settle();
    assert_eq!(duo.a.shown(), [2, 4]);
    assert_eq!(duo.b.shown(), [1, 3]);
}

#[test]
fn e2_16_a_message_deleted_before_it_arrived_is_replaced_by_its_deletion() {
    let mut duo = Duo::new();
    duo.say(A, 41);
    duo.say(A, 42);
    let lost = core::mem::take(&mut duo.a.out);
    let random = &mut duo.a.random;
    duo.a.chat.delete(&[41], random).unwrap();
    duo.a.drain();
    // The deletion arrives, the two messages did not: B asks for them.
    duo.settle();
    let ids = |event: &SecretChatEvent| match event {
        SecretChatEvent::Message { message, .. } => Some(message.clone()),
        _ => None,
    };
    let messages: Vec<Vec<u8>> = duo.b.events.iter().filter_map(ids).collect();
    let deletion = Action::DeleteMessages(vec![41]).to_message(41);
    assert_eq!(messages[0], deletion, "its own deletion, in its place");
    assert_eq!(messages[1], text(42));
    assert!(messages[2].ends_with(&deletion[12..]));
    assert_eq!(messages.len(), 3);
    // Late, the original is a repetition and not looked at.
    let late = duo.deliver(A, &lost[0].data);
    assert_eq!(late, Err(SecretChatError::Duplicate));
}

#[test]
fn e2_16_what_has_not_even_left_is_never_sent() {
    let mut duo = Duo::new();
    let (now, a) = (duo.now, &mut duo.a);
    a.chat.send(now, 5, &text(5), &mut a.random).unwrap();
    a.chat.delete(&[5], &mut a.random).unwrap();
    a.drain();
    duo.settle();
    let shows_text = |event: &SecretChatEvent| matches!(event, SecretChatEvent::Message { message, .. } if *message == text(5));
    assert!(!duo.b.events.iter().any(shows_text));
    assert_eq!(duo.b.aborted(), None);
}

#[test]
fn e2_08_version_1_is_refused_after_version_2() {
    let mut duo = Duo::new();
    let old = duo.forge_layer(Version::V1, 46, 1, 0, &text(1));
    duo.deliver(A, &old).unwrap();
    let new = duo.forge_layer(Version::V2, 46, 3, 0, &text(2));
    duo.deliver(A, &new).unwrap();
    let again = duo.forge_layer(Version::V1, 46, 5, 0, &text(3));
    assert_eq!(duo.deliver(A, &again), Err(SecretChatError::InvalidMessage));
    assert_eq!(duo.b.shown(), [1, 2]);
}

#[test]
fn e2_08_behind_a_gap_version_1_may_come_below_version_2_and_not_above() {
    let mut duo = Duo::new();
    let new = duo.forge_layer(Version::V2, 46, 5, 0, &text(3));
    duo.deliver(A, &new).unwrap();
    let below = duo.forge_layer(Version::V1, 46, 1, 0, &text(1));
    assert_eq!(duo.deliver(A, &below), Ok(()));
    let above = duo.forge_layer(Version::V1, 46, 7, 0, &text(4));
    assert_eq!(duo.deliver(A, &above), Err(SecretChatError::OldVersion));
    assert_eq!(duo.b.aborted(), Some(SecretChatError::OldVersion));
}

#[test]
fn e2_08_a_side_that_begins_with_version_1_changes_to_2_with_its_peer() {
    let mut duo = Duo::with(SecretChatConfig {
        layer: 46,
        first_version: Version::V1,
        ..SecretChatConfig::default()
    });
    duo.say(A, 1);
    duo.settle();
    duo.b.chat.set_layer(144);
    duo.a.chat.set_layer(144);
    duo.say(B, 2);
    let of_b = duo.b.out[0].data.clone();
    duo.settle();
    // Its layer says 73 or more, so that B's next messages, and A's answers, are of version 2.
    let mut copy = of_b;
    let direction = B.direction();
    let opened =
        mtproto_core::secret_chat::envelope::open(Version::V1, &key(), direction, &mut copy);
    assert!(opened.is_ok(), "B did not know better yet");
    duo.say(A, 3);
    let mut copy = duo.a.out[0].data.clone();
    let opened =
        mtproto_core::secret_chat::envelope::open(Version::V2, &key(), A.direction(), &mut copy);
    assert!(opened.is_ok());
    duo.settle();
    assert_eq!(duo.b.shown(), [1, 3]);
}

#[test]
fn e2_22_the_layer_of_the_peer_never_falls() {
    let mut duo = Duo::new();
    let high = duo.forge_layer(Version::V2, 144, 1, 0, &text(1));
    let low = duo.forge_layer(Version::V2, 46, 3, 0, &text(1));
    assert_eq!(duo.b.chat.peer_layer(), 46);
    duo.deliver(A, &high).unwrap();
    duo.deliver(A, &low).unwrap();
    assert_eq!(duo.b.chat.peer_layer(), 144);
    // Announced in the form of layer 8, too.
    let mut notice = 0xaa48_327d_u32.to_le_bytes().to_vec();
    notice.extend_from_slice(&[0; 8]);
    notice.extend_from_slice(&[3, 1, 2, 3]);
    notice.extend_from_slice(&0xf304_8883_u32.to_le_bytes());
    notice.extend_from_slice(&150_i32.to_le_bytes());
    let notice = duo.forge_layer(Version::V2, 8, 5, 0, &notice);
    duo.deliver(A, &notice).unwrap();
    assert_eq!(duo.b.chat.peer_layer(), 150);
}

#[test]
fn e2_22_a_side_tells_its_layer() {
    let mut duo = Duo::new();
    duo.b.chat.set_layer(150);
    duo.b.chat.notify_layer(&mut Seeded(3)).unwrap();
    duo.b.drain();
    duo.settle();
    assert_eq!(duo.a.chat.peer_layer(), 150);
    assert!(duo.a.events.contains(&SecretChatEvent::PeerLayer(150)));
    duo.b.chat.set_layer(46);
    duo.say(B, 1);
    duo.settle();
    let told =
        |event: &SecretChatEvent| matches!(event, SecretChatEvent::Message { layer: 150, .. });
    assert!(duo.a.events.iter().any(told));
}

#[test]
fn e2_24_malformed_objects_are_dropped_and_the_chat_goes_on() {
    let mut duo = Duo::new();
    let direction = A.direction();
    for content in [&[][..], &[0; 4], &[0xff; 64]] {
        let data = mtproto_core::secret_chat::envelope::seal(
            Version::V2,
            &key(),
            direction,
            content,
            &mut Seeded(1),
        );
        assert_eq!(duo.deliver(A, &data), Err(SecretChatError::Malformed));
    }
    // Cut inside the action: it has its place in the order and no meaning.
    let action = Action::CommitKey {
        exchange_id: 1,
        key_fingerprint: 2,
    };
    let whole = action.to_message(1);
    let cut = duo.forge(Version::V2, 1, 0, &whole[..whole.len() - 4]);
    assert_eq!(duo.deliver(A, &cut), Ok(()));
    let ignored = SecretChatEvent::Ignored {
        number: 0,
        reason: SecretChatError::Malformed,
    };
    assert!(duo.b.events.contains(&ignored));
    let next = duo.forge(Version::V2, 3, 0, &text(8));
    duo.deliver(A, &next).unwrap();
    assert_eq!(duo.b.shown(), [8]);
}

#[test]
fn what_a_limit_pushed_out_cannot_be_asked_for() {
    let mut duo = Duo::with(SecretChatConfig {
        kept_messages: 2,
        ..SecretChatConfig::default()
    });
    for number in 0..3 {
        duo.say(A, number);
    }
    let sent = core::mem::take(&mut duo.a.out);
    duo.deliver(A, &sent[2].data).unwrap();
    let request = core::mem::take(&mut duo.b.out);
    let served = duo.deliver(B, &request[0].data);
    assert_eq!(served, Err(SecretChatError::CannotResend));
}
