//! Unencrypted messages.

use mtproto_core::ids::MsgId;
use mtproto_core::message::plain::{self, Plain, PlainError};
use proptest::prelude::*;

fn frame(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    plain::write(MsgId(0x5e07_2a4c_0000_0000), body, &mut out);
    out
}

#[test]
fn envelope_has_its_published_layout() {
    // https://core.telegram.org/mtproto/samples-auth_key, first request
    let mut out = Vec::new();
    plain::write(
        MsgId(0x65c5_3d50_0006_72d4),
        &[0xf1, 0x8e, 0x7e, 0xbe],
        &mut out,
    );
    let head = [
        0, 0, 0, 0, 0, 0, 0, 0, 0xd4, 0x72, 0x06, 0x00, 0x50, 0x3d, 0xc5, 0x65, 4, 0, 0, 0,
    ];
    assert_eq!(out[..20], head);
    assert_eq!(out[20..], [0xf1, 0x8e, 0x7e, 0xbe]);
}

#[test]
fn hs_48_lying_lengths_and_foreign_keys_are_refused() {
    for len in [i32::MAX, -1, i32::MIN, 9] {
        let mut bytes = frame(&[1; 8]);
        bytes[16..20].copy_from_slice(&len.to_le_bytes());
        assert_eq!(plain::read(&bytes), Err(PlainError::Length { len }));
    }
    let mut encrypted = frame(&[1; 8]);
    encrypted[7] = 1;
    assert_eq!(plain::read(&encrypted), Err(PlainError::Encrypted));
    for cut in 0..20 {
        assert_eq!(plain::read(&frame(&[])[..cut]), Err(PlainError::CutOff));
    }
}

#[test]
fn padding_of_the_transport_is_not_part_of_the_body() {
    let mut bytes = frame(&[1; 8]);
    bytes.extend([9; 15]);
    let msg_id = MsgId(0x5e07_2a4c_0000_0000);
    assert_eq!(
        plain::read(&bytes),
        Ok(Plain {
            msg_id,
            body: &[1; 8]
        })
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(msg_id: i64, body: Vec<u8>) {
        let mut out = Vec::new();
        plain::write(MsgId(msg_id), &body, &mut out);
        prop_assert_eq!(plain::read(&out), Ok(Plain { msg_id: MsgId(msg_id), body: &body }));
    }

    #[test]
    fn arbitrary_frames_are_read_or_refused(bytes: Vec<u8>) {
        let _ = plain::read(&bytes);
    }
}
