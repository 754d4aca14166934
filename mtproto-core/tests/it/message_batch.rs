//! Many messages at once give what each would give alone.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::Header;
use mtproto_core::message::batch::{Frame, open_many, seal_many};
use mtproto_core::message::encrypted::{self, OpenError};
use proptest::prelude::*;

use crate::support::Seeded;

const SERVER: Direction = Direction::ServerToClient;

fn keys() -> [AuthKey; 2] {
    [AuthKey::new([1; 256]), AuthKey::new([2; 256])]
}

fn frames<'a>(keys: &'a [AuthKey; 2], bytes: &'a mut [Vec<u8>]) -> Vec<Frame<'a>> {
    let frame = |(i, bytes)| Frame {
        key: &keys[i % 2],
        direction: SERVER,
        bytes,
    };
    bytes
        .iter_mut()
        .map(Vec::as_mut_slice)
        .enumerate()
        .map(frame)
        .collect()
}

proptest! {
    #[test]
    fn sealed_together_is_sealed_one_by_one(lengths in prop::collection::vec(0_usize..700, 0..30)) {
        let keys = keys();
        let mut together: Vec<Vec<u8>> =
            lengths.iter().map(|&len| (0..len).map(|i| i as u8).collect()).collect();
        let mut alone = together.clone();
        let hashes = seal_many(frames(&keys, &mut together));
        for (i, frame) in alone.iter_mut().enumerate() {
            prop_assert_eq!(encrypted::seal_in_place(&keys[i % 2], SERVER, frame), hashes[i]);
        }
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn opened_together_is_opened_one_by_one(
        bodies in prop::collection::vec((0_usize..300, 0_u8..8), 0..30),
        random in 1_u64..,
    ) {
        let keys = keys();
        let mut random = Seeded(random);
        let header =
            Header { salt: ServerSalt(1), session_id: SessionId(2), msg_id: MsgId(5), seq_no: SeqNo(0) };
        let mut together = Vec::new();
        for (i, (words, fault)) in bodies.iter().enumerate() {
            let mut frame = Vec::new();
            encrypted::seal(&keys[i % 2], SERVER, &header, &vec![7; 4 * words], &mut random, &mut frame);
            match fault {
                0 => frame[0] ^= 1,
                1 => frame[8] ^= 1,
                2 => *frame.last_mut().unwrap() ^= 1,
                3 => frame.truncate(40),
                4 => frame.clear(),
                5 => frame.push(0),
                _ => {}
            }
            together.push(frame);
        }
        let mut alone = together.clone();
        let opened = open_many(frames(&keys, &mut together));
        prop_assert_eq!(opened.len(), alone.len());
        for (i, frame) in alone.iter_mut().enumerate() {
            let expected = encrypted::open(&keys[i % 2], SERVER, frame);
            prop_assert_eq!(&opened[i], &expected);
            match bodies[i].1 {
                0..5 => prop_assert_eq!(expected, Err(OpenError)),
                _ => prop_assert_eq!(expected.unwrap().body.len(), 4 * bodies[i].0),
            }
        }
    }
}
