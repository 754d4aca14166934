//! Each kernel against its safe twin.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::crypto::aes_ige;
use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::{self, Direction};

fn kernels() -> Option<Kernels> {
    let kernels = Kernels::detect();
    if kernels.is_none() {
        std::eprintln!("skipped: this processor lacks AES-NI, AVX or SHA-NI");
    }
    kernels
}

fn blocks(max: usize) -> impl Strategy<Value = Vec<Block>> {
    prop::collection::vec(any::<Block>(), 0..=max)
}

fn auth_key() -> impl Strategy<Value = AuthKey> {
    prop::collection::vec(any::<u8>(), 256)
        .prop_map(|bytes| AuthKey::new(bytes.try_into().unwrap()))
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::ClientToServer),
        Just(Direction::ServerToClient)
    ]
}

/// The safe way to encrypt: hash, derive, cipher.
fn encrypt_safely(key: &AuthKey, direction: Direction, plain: &[Block]) -> ([u8; 32], Vec<Block>) {
    let large = kdf::msg_key_large(key, plain.as_flattened(), direction);
    let keys = kdf::keys_v2(key, &kdf::msg_key(&large), direction);
    let mut blocks = plain.to_vec();
    aes_ige::encrypt_blocks(&keys.key, &keys.iv, &mut blocks);
    (large, blocks)
}

proptest! {
    #[test]
    fn ige_of_one_stream_agrees(key: [u8; 32], iv: [u8; 32], plain in blocks(40)) {
        let Some(kernels) = kernels() else { return Ok(()) };
        let mut expected = plain.clone();
        aes_ige::encrypt_blocks(&key, &iv, &mut expected);
        let mut found = plain.clone();
        kernels.ige_encrypt(&key, &iv, &mut found);
        prop_assert_eq!(&found, &expected);
        kernels.ige_decrypt(&key, &iv, &mut found);
        prop_assert_eq!(found, plain);
        // Decryption of what was never encrypted.
        let mut other = expected.clone();
        aes_ige::decrypt_blocks(&iv, &key, &mut expected);
        kernels.ige_decrypt(&iv, &key, &mut other);
        prop_assert_eq!(other, expected);
    }

    #[test]
    fn one_message_agrees(key in auth_key(), direction in direction(), plain in blocks(40), wrong: [u8; 16]) {
        let Some(kernels) = kernels() else { return Ok(()) };
        let x = direction.x();
        let (large, expected) = encrypt_safely(&key, direction, &plain);
        let mut found = plain.clone();
        prop_assert_eq!(kernels.message_encrypt(key.as_bytes(), x, &mut found), large);
        prop_assert_eq!(&found, &expected);
        let msg_key = kdf::msg_key(&large);
        prop_assert_eq!(kernels.message_decrypt(key.as_bytes(), x, &msg_key, &mut found), large);
        prop_assert_eq!(&found, &plain);
        // Under a wrong msg_key both ways find the same nonsense.
        let wrong = MsgKey(wrong);
        let keys = kdf::keys_v2(&key, &wrong, direction);
        let mut nonsense = plain;
        aes_ige::decrypt_blocks(&keys.key, &keys.iv, &mut nonsense);
        let large = kernels.message_decrypt(key.as_bytes(), x, &wrong, &mut found);
        prop_assert_eq!(&found, &nonsense);
        prop_assert_eq!(large, kdf::msg_key_large(&key, nonsense.as_flattened(), direction));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn many_messages_agree_in_any_mix_of_lengths(
        keys in prop::collection::vec(auth_key(), 3),
        messages in prop::collection::vec((0_usize..3, direction(), blocks(24)), 0..40),
    ) {
        let Some(kernels) = kernels() else { return Ok(()) };
        let mut found: Vec<Vec<Block>> = messages.iter().map(|(.., plain)| plain.clone()).collect();
        let expected: Vec<_> =
            messages.iter().map(|(key, direction, plain)| encrypt_safely(&keys[*key], *direction, plain)).collect();
        let jobs = |found: &mut Vec<Vec<Block>>, work: fn(Kernels, &mut [Job<'_>])| -> Vec<(MsgKey, [u8; 32])> {
            let mut jobs: Vec<Job<'_>> = messages
                .iter()
                .zip(found)
                .zip(&expected)
                .map(|(((key, direction, _), blocks), (large, _))| {
                    let msg_key = kdf::msg_key(large);
                    Job::new(&keys[*key], *direction, msg_key, blocks.as_flattened_mut()).unwrap()
                })
                .collect();
            work(kernels, &mut jobs);
            jobs.iter().map(|job| (job.msg_key, job.msg_key_large)).collect()
        };

        let hashes = jobs(&mut found, Kernels::messages_encrypt);
        for (((msg_key, large), blocks), (expected_large, expected_blocks)) in hashes.iter().zip(&found).zip(&expected) {
            prop_assert_eq!(large, expected_large);
            prop_assert_eq!(*msg_key, kdf::msg_key(expected_large));
            prop_assert_eq!(blocks, expected_blocks);
        }
        let hashes = jobs(&mut found, Kernels::messages_decrypt);
        for (((_, large), blocks), ((expected_large, _), (.., plain))) in
            hashes.iter().zip(&found).zip(expected.iter().zip(&messages))
        {
            prop_assert_eq!(large, expected_large);
            prop_assert_eq!(blocks, plain);
        }
    }
}

#[test]
fn every_length_up_to_a_kilobyte_agrees() {
    let Some(kernels) = kernels() else { return };
    let key = AuthKey::new(core::array::from_fn(|i| i as u8));
    for len in 0..=64 {
        let plain: Vec<Block> = (0..len).map(|i| [i as u8; 16]).collect();
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let (large, expected) = encrypt_safely(&key, direction, &plain);
            let mut found = plain.clone();
            assert_eq!(
                kernels.message_encrypt(key.as_bytes(), direction.x(), &mut found),
                large,
                "{len}"
            );
            assert_eq!(found, expected, "{len}");
            let msg_key = kdf::msg_key(&large);
            assert_eq!(
                kernels.message_decrypt(key.as_bytes(), direction.x(), &msg_key, &mut found),
                large
            );
            assert_eq!(found, plain, "{len}");
        }
    }
}
