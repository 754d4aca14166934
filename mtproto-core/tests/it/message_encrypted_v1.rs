//! Encrypted messages of MTProto 1.0.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction::{ClientToServer, ServerToClient};
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::encrypted::OpenError;
use mtproto_core::message::{Header, encrypted, encrypted_v1};
use proptest::prelude::*;

use crate::support::Seeded;

const HEADER: Header = Header {
    salt: ServerSalt(1),
    session_id: SessionId(2),
    msg_id: MsgId(4),
    seq_no: SeqNo(0),
};

fn key() -> AuthKey {
    AuthKey::new(core::array::from_fn(|i| i as u8))
}

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encrypted_v1::seal(
        &key(),
        ClientToServer,
        &HEADER,
        body,
        &mut Seeded(1),
        &mut out,
    );
    out
}

#[test]
fn every_flipped_bit_outside_the_padding_is_caught() {
    // 32 + 16 bytes: no padding at all, for MTProto 1.0 does not protect it.
    let frame = sealed(&[3; 16]);
    assert_eq!(frame.len(), 24 + 48);
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            encrypted_v1::open(&key(), ClientToServer, &mut flipped),
            Err(OpenError),
            "bit {bit}"
        );
    }
}

#[test]
fn appended_block_is_refused() {
    let mut frame = sealed(&[3; 20]);
    frame.extend([0; 16]);
    assert!(encrypted_v1::open(&key(), ClientToServer, &mut frame).is_err());
}

#[test]
fn message_of_mtproto_2_is_refused() {
    let mut frame = Vec::new();
    encrypted::seal(
        &key(),
        ClientToServer,
        &HEADER,
        &[3; 20],
        &mut Seeded(1),
        &mut frame,
    );
    assert!(encrypted_v1::open(&key(), ClientToServer, &mut frame).is_err());
}

proptest! {
    #[test]
    fn open_is_the_inverse_of_seal(words in proptest::collection::vec(any::<[u8; 4]>(), 0..100), seed in 1..u64::MAX) {
        let body = words.concat();
        let mut frame = Vec::new();
        encrypted_v1::seal(&key(), ServerToClient, &HEADER, &body, &mut Seeded(seed), &mut frame);
        let opened = encrypted_v1::open(&key(), ServerToClient, &mut frame).unwrap();
        prop_assert_eq!(opened.header, HEADER);
        prop_assert_eq!(opened.body, &body[..]);
    }

    #[test]
    fn arbitrary_frames_are_refused(mut frame: Vec<u8>) {
        frame.iter_mut().zip(key().id().0).for_each(|(to, from)| *to = from);
        prop_assert_eq!(encrypted_v1::open(&key(), ClientToServer, &mut frame), Err(OpenError));
    }
}
