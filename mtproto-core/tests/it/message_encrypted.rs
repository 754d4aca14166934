//! Encrypted messages of MTProto 2.0.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction::{self, ClientToServer, ServerToClient};
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::encrypted::{self, OpenError};
use mtproto_core::message::{Header, encrypted_v1};
use proptest::prelude::*;

use crate::support::{Seeded, array, bytes, entries, vectors};

const HEADER: Header = Header {
    salt: ServerSalt(0x0102_0304_0506_0708),
    session_id: SessionId(-5),
    msg_id: MsgId(0x6500_0000_0000_0004),
    seq_no: SeqNo(1),
};

fn key() -> AuthKey {
    AuthKey::new(core::array::from_fn(|i| i as u8))
}

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encrypted::seal(
        &key(),
        ClientToServer,
        &HEADER,
        body,
        &mut Seeded(1),
        &mut out,
    );
    out
}

/// A frame of a plaintext that need not obey any rule but has a right `msg_key`.
fn raw(len_field: i32, after_header: usize) -> Vec<u8> {
    let mut frame = vec![0; 24];
    frame.extend(HEADER.salt.0.to_le_bytes());
    frame.extend(HEADER.session_id.0.to_le_bytes());
    frame.extend(HEADER.msg_id.0.to_le_bytes());
    frame.extend(HEADER.seq_no.0.to_le_bytes());
    frame.extend(len_field.to_le_bytes());
    frame.extend(vec![7; after_header]);
    encrypted::seal_in_place(&key(), ClientToServer, &mut frame);
    frame
}

fn opens(mut frame: Vec<u8>) -> bool {
    encrypted::open(&key(), ClientToServer, &mut frame).is_ok()
}

#[test]
fn opened_message_is_the_sealed_one() {
    let mut frame = vec![0xaa];
    let large = encrypted::seal(
        &key(),
        ServerToClient,
        &HEADER,
        &[3; 20],
        &mut Seeded(1),
        &mut frame,
    );
    let opened = encrypted::open(&key(), ServerToClient, &mut frame[1..]).unwrap();
    assert_eq!(opened.header, HEADER);
    assert_eq!(opened.body, [3; 20]);
    assert_eq!(opened.msg_key_large, large);
}

#[test]
fn en_02_wrong_msg_key_is_refused() {
    let mut frame = sealed(&[3; 20]);
    frame[8..24].fill(0);
    assert!(!opens(frame));
}

#[test]
fn en_03_every_fault_has_the_same_error() {
    let wrong_key = {
        let mut frame = sealed(&[3; 20]);
        frame[8] ^= 1;
        frame
    };
    for mut frame in [
        wrong_key,
        raw(-1, 32),
        raw(16, 16),
        raw(6, 32),
        vec![0; 100],
        Vec::new(),
    ] {
        assert_eq!(
            encrypted::open(&key(), ClientToServer, &mut frame),
            Err(OpenError)
        );
    }
}

#[test]
fn en_04_the_error_has_nothing_to_tell_faults_apart_by() {
    assert_eq!(size_of::<OpenError>(), 0);
}

#[test]
fn en_07_message_mirrored_to_its_sender_is_refused() {
    let mut frame = sealed(&[3; 20]);
    assert_eq!(
        encrypted::open(&key(), ServerToClient, &mut frame),
        Err(OpenError)
    );
}

#[test]
fn en_08_message_under_another_key_is_refused() {
    let mut frame = sealed(&[3; 20]);
    let other = AuthKey::new([9; 256]);
    assert_eq!(
        encrypted::open(&other, ClientToServer, &mut frame),
        Err(OpenError)
    );
    let mut renamed = sealed(&[3; 20]);
    renamed[..8].copy_from_slice(&other.id().0);
    assert!(!opens(renamed));
}

#[test]
fn en_10_padding_under_twelve_bytes_is_refused() {
    for (body, padding) in [(4, 12), (12, 4), (16, 0), (8, 8)] {
        assert_eq!(opens(raw(body, 16)), padding >= 12, "padding {padding}");
    }
}

#[test]
fn en_11_padding_over_1024_bytes_is_refused() {
    for (body, padding) in [(16, 1024), (12, 1028), (4, 1036)] {
        let after_header = (body + padding) as usize;
        assert_eq!(
            opens(raw(body, after_header)),
            padding <= 1024,
            "padding {padding}"
        );
    }
}

#[test]
fn en_12_length_past_the_end_is_refused() {
    for len in [36, 400, i32::MAX] {
        assert!(!opens(raw(len, 32)), "length {len}");
    }
    assert!(opens(raw(16, 32)));
}

#[test]
fn en_13_negative_length_is_refused() {
    for len in [-4, -16, i32::MIN] {
        assert!(!opens(raw(len, 32)), "length {len}");
    }
}

#[test]
fn en_14_length_not_divisible_by_four_is_refused() {
    for len in [13, 14, 15, 17, 18, 19] {
        assert!(!opens(raw(len, 32)), "length {len}");
    }
}

#[test]
fn en_16_length_above_a_mebibyte_is_bounded_by_the_frame() {
    assert!(!opens(raw(2 << 20, 32)));
    assert!(opens(raw(2 << 20, (2 << 20) + 16)));
}

#[test]
fn en_17_bytes_after_the_last_whole_block_are_padding_of_the_transport() {
    for extra in 1..16 {
        let mut frame = sealed(&[3; 20]);
        frame.extend(vec![0x5a; extra]);
        assert!(opens(frame), "{extra} more bytes");
    }
    let mut whole_block = sealed(&[3; 20]);
    whole_block.extend([0x5a; 16]);
    assert!(!opens(whole_block));
}

#[test]
fn en_18_every_small_frame_is_refused() {
    for len in 0..=120 {
        let mut frame = vec![0x33; len];
        frame
            .iter_mut()
            .zip(key().id().0)
            .for_each(|(to, from)| *to = from);
        assert!(!opens(frame), "length {len}");
    }
}

#[test]
fn en_19_message_of_mtproto_1_is_refused() {
    let mut frame = Vec::new();
    encrypted_v1::seal(
        &key(),
        ClientToServer,
        &HEADER,
        &[3; 20],
        &mut Seeded(1),
        &mut frame,
    );
    assert!(!opens(frame));
}

#[test]
fn en_21_padding_is_random_and_within_the_rules() {
    let mut random = Seeded(3);
    let mut paddings = std::collections::HashSet::new();
    for i in 0..1000 {
        let body = vec![1; (i % 40) * 4];
        let mut frame = Vec::new();
        encrypted::seal_padded(
            &key(),
            ClientToServer,
            &HEADER,
            &body,
            i as u8,
            &mut random,
            &mut frame,
        );
        assert_eq!((frame.len() - 24) % 16, 0);
        let opened = encrypted::open(&key(), ClientToServer, &mut frame).unwrap();
        assert!((12..=1024).contains(&opened.padding));
        let (padding, body_len) = (opened.padding, opened.body.len());
        let end = 24 + 32 + body_len;
        assert!(paddings.insert(frame[end..end + padding].to_vec()));
    }
}

#[test]
fn en_22_appended_and_replaced_blocks_are_refused() {
    for blocks in [1, 2, 63] {
        let mut frame = sealed(&[3; 20]);
        frame.extend(vec![0; 16 * blocks]);
        assert!(!opens(frame));
    }
    let mut frame = sealed(&[3; 20]);
    let end = frame.len();
    frame[end - 16..].fill(0x77);
    assert!(!opens(frame));
}

#[test]
fn en_23_every_flipped_bit_is_caught() {
    let frame = sealed(&[3; 32]);
    assert_eq!(frame.len(), 104);
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!opens(flipped), "bit {bit}");
    }
}

#[test]
fn en_24_removed_swapped_and_repeated_blocks_are_caught() {
    let frame = sealed(&[3; 32]);
    for at in (24..frame.len()).step_by(16) {
        let mut removed = frame.clone();
        removed.drain(at..at + 16);
        assert!(!opens(removed));
        let mut repeated = frame.clone();
        repeated.splice(at..at, frame[at..at + 16].to_vec());
        assert!(!opens(repeated));
        if at + 32 <= frame.len() {
            let mut swapped = frame.clone();
            swapped[at..at + 32].rotate_left(16);
            assert!(!opens(swapped));
        }
    }
}

#[test]
fn debug_of_an_opened_message_shows_no_content() {
    let mut frame = sealed(b"secret!!");
    let opened = encrypted::open(&key(), ClientToServer, &mut frame).unwrap();
    let text = format!("{opened:?}");
    assert!(text.contains("body_len: 8"), "{text}");
    assert!(!text.contains("115, 101"), "{text}");
}

fn direction(entry: &serde_json::Value) -> Direction {
    match entry["from"].as_str() {
        Some("client") => ClientToServer,
        _ => ServerToClient,
    }
}

fn vector_key(entry: &serde_json::Value) -> AuthKey {
    AuthKey::new(array(entry, "auth_key"))
}

#[test]
fn en_01_reference_messages_have_their_bytes() {
    const FILE: &str = "mtproto_messages.json";
    let Some(data) = vectors(FILE) else {
        return;
    };
    for (name, entry) in entries(FILE, &data, "messages") {
        let (key, direction, wire) = (vector_key(entry), direction(entry), bytes(entry, "wire"));
        let plaintext = if entry["plaintext_with_padding"].is_string() {
            bytes(entry, "plaintext_with_padding")
        } else {
            let padding = bytes(entry, "padding");
            [bytes(entry, "plaintext_without_padding"), padding].concat()
        };
        let mut frame = [vec![0; 24], plaintext].concat();
        encrypted::seal_in_place(&key, direction, &mut frame);
        assert_eq!(hex::encode(&frame), hex::encode(&wire), "{name}");
        if entry["body"].is_string() {
            let mut padded = [wire, vec![0xde, 0xad, 0xbe, 0xef]].concat();
            let opened = encrypted::open(&key, direction, &mut padded).unwrap();
            assert_eq!(opened.body, bytes(entry, "body"));
            assert_eq!(opened.header.seq_no.0, 777);
        }
    }
}

#[test]
fn en_12_reference_messages_that_are_wrong_are_refused() {
    const FILE: &str = "mtproto_messages.json";
    let Some(data) = vectors(FILE) else {
        return;
    };
    for (name, entry) in entries(FILE, &data, "negative") {
        let mut wire = bytes(entry, "wire");
        let opened = encrypted::open(&vector_key(entry), ServerToClient, &mut wire);
        let expected = bytes(entry, "expected_session_id");
        // The session is not this layer's business: that one opens, and names another session.
        let usable =
            opened.is_ok_and(|opened| opened.header.session_id.0.to_le_bytes()[..] == expected);
        assert!(!usable, "{name}");
    }
}

proptest! {
    #[test]
    fn open_is_the_inverse_of_seal(
        key: [u8; 32], salt: i64, session: i64, msg_id: i64, seq_no: i32,
        words in proptest::collection::vec(any::<[u8; 4]>(), 0..300), extra: u8, seed in 1..u64::MAX, to_client: bool,
    ) {
        let key = AuthKey::new(core::array::from_fn(|i| key[i % 32].wrapping_add(i as u8)));
        let header = Header {
            salt: ServerSalt(salt), session_id: SessionId(session), msg_id: MsgId(msg_id), seq_no: SeqNo(seq_no),
        };
        let direction = if to_client { ServerToClient } else { ClientToServer };
        let body = words.concat();
        let mut frame = Vec::new();
        let large = encrypted::seal_padded(&key, direction, &header, &body, extra, &mut Seeded(seed), &mut frame);
        let opened = encrypted::open(&key, direction, &mut frame).unwrap();
        prop_assert_eq!(opened.header, header);
        prop_assert_eq!(opened.body, &body[..]);
        prop_assert_eq!(opened.msg_key_large, large);
    }

    #[test]
    fn en_18_arbitrary_frames_are_refused(mut frame: Vec<u8>) {
        frame.iter_mut().zip(key().id().0).for_each(|(to, from)| *to = from);
        prop_assert_eq!(encrypted::open(&key(), ClientToServer, &mut frame), Err(OpenError));
    }
}
