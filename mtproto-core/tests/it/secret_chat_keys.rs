//! The key of a secret chat, and the envelope of its messages.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::{self, DhError, DhParams, KNOWN_PRIME, PrimeCache};
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::secret_chat::envelope::{self, HEAD, Version};
use mtproto_core::secret_chat::{
    KeyRequest, SecretChatError, Side, accept, file_key_fingerprint, key_picture,
};

use crate::secret_chat_support::{Duo, key, text};
use crate::support::{Seeded, array, bytes, entries, vectors};

fn params() -> DhParams {
    DhParams::known(3).unwrap()
}

#[test]
fn e2_01_prime_and_generator_are_checked_before_they_can_be_used() {
    let (mut primes, mut random) = (PrimeCache::new(), Seeded(1));
    let mut check = |prime: &[u8], g| {
        dh::check_params(prime, g, &mut primes, &mut random).map(|params| params.g())
    };
    assert_eq!(check(&KNOWN_PRIME, 3), Ok(3));
    assert_eq!(check(&KNOWN_PRIME, 2), Err(DhError::GeneratorResidue));
    assert_eq!(check(&KNOWN_PRIME, 8), Err(DhError::GeneratorRange));
    assert_eq!(check(&KNOWN_PRIME[1..], 3), Err(DhError::PrimeLength));
    let mut composite = KNOWN_PRIME;
    composite[255] ^= 6;
    assert_eq!(check(&composite, 4), Err(DhError::NotSafePrime));
}

#[test]
fn e2_04_both_sides_have_the_same_256_bytes() {
    let request = KeyRequest::new(params(), &[], &mut Seeded(1)).unwrap();
    let accepted = accept(&params(), request.g_a(), &[], &mut Seeded(2)).unwrap();
    let key = request
        .finish(&accepted.g_b, accepted.key_fingerprint)
        .unwrap();
    assert_eq!(key, accepted.key);
    assert_eq!(key.as_bytes().len(), 256);
    assert_eq!(key.id().as_long(), accepted.key_fingerprint);
}

#[test]
fn e2_02_public_numbers_out_of_range_end_the_chat() {
    let mut nearly_prime = KNOWN_PRIME;
    nearly_prime[255] -= 1;
    let mut low = [0; 256];
    low[8] = 1;
    let long = [1; 257];
    let bad: [&[u8]; 6] = [&[], &[0], &[1], &nearly_prime, &low[..255], &long];
    for public in bad {
        let accepted = accept(&params(), public, &[], &mut Seeded(1)).map(|accepted| accepted.key);
        assert_eq!(accepted, Err(SecretChatError::PublicNumber));
        let request = KeyRequest::new(params(), &[], &mut Seeded(1)).unwrap();
        let key = request.finish(public, 0);
        assert_eq!(key, Err(SecretChatError::PublicNumber));
    }
    assert_eq!(SecretChatError::PublicNumber.rule(), Some("e2_02"));
}

#[test]
fn e2_03_e2_26_the_servers_randomness_is_only_mixed_in() {
    let g_a = |server: &[u8], seed| {
        let request = KeyRequest::new(params(), server, &mut Seeded(seed)).unwrap();
        *request.g_a()
    };
    let constant = [0xff; 256];
    assert_ne!(g_a(&constant, 1), g_a(&constant, 2), "ours still counts");
    assert_ne!(g_a(&constant, 1), g_a(&[], 1), "the server's is mixed in");
    // More than a secret has room for does no harm.
    assert_eq!(g_a(&[0xff; 1000], 1), g_a(&constant, 1));
}

#[test]
fn e2_05_a_wrong_fingerprint_ends_the_chat() {
    let request = KeyRequest::new(params(), &[], &mut Seeded(1)).unwrap();
    let accepted = accept(&params(), request.g_a(), &[], &mut Seeded(2)).unwrap();
    let key = request.finish(&accepted.g_b, accepted.key_fingerprint ^ 1);
    assert_eq!(key, Err(SecretChatError::KeyFingerprint));
}

#[test]
fn e2_06_a_message_goes_one_way_under_one_key() {
    for version in [Version::V1, Version::V2] {
        let content = text(1);
        let direction = Side::Originator.direction();
        let sealed = envelope::seal(version, &key(), direction, &content, &mut Seeded(1));
        let open = |key: &AuthKey, direction, data: &[u8]| {
            envelope::open(version, key, direction, &mut data.to_vec()).map(<[u8]>::to_vec)
        };
        assert_eq!(open(&key(), direction, &sealed), Ok(content));
        let mirrored = open(&key(), direction.reverse(), &sealed);
        assert_eq!(mirrored, Err(SecretChatError::InvalidMessage));
        let other = AuthKey::new([3; 256]);
        let foreign = open(&other, direction, &sealed);
        assert_eq!(foreign, Err(SecretChatError::InvalidMessage));
        let covered = match version {
            Version::V2 => sealed.len(),
            // Bytes of padding in the last block are not covered, the blocks of content are.
            Version::V1 => HEAD + 16,
        };
        for at in 8..covered {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            let result = open(&key(), direction, &flipped);
            assert_eq!(result, Err(SecretChatError::InvalidMessage), "byte {at}");
        }
    }
}

#[test]
fn e2_07_lengths_and_padding_have_their_bounds() {
    let direction = Direction::ClientToServer;
    let open = |version, plaintext: Vec<u8>, unpadded| {
        let mut data = envelope::seal_plaintext(version, &key(), direction, unpadded, plaintext);
        envelope::open(version, &key(), direction, &mut data).map(<[u8]>::len)
    };
    let plaintext = |length: i32, total: usize| {
        let mut plaintext = length.to_le_bytes().to_vec();
        plaintext.resize(total, 5);
        plaintext
    };
    let v2 = |length, total| open(Version::V2, plaintext(length, total), 0);
    const INVALID: Result<usize, SecretChatError> = Err(SecretChatError::InvalidMessage);
    assert_eq!(v2(16, 32), Ok(16), "12 bytes of padding");
    assert_eq!(v2(12, 16 + 1024), Ok(12), "1024 bytes of padding");
    for (length, total) in [
        (24, 32),
        (8, 16 + 1024),
        (-4, 32),
        (i32::MIN, 32),
        (32, 32),
        (14, 32),
    ] {
        assert_eq!(v2(length, total), INVALID, "{length} in {total}");
    }
    let v1 = |length, total, unpadded| open(Version::V1, plaintext(length, total), unpadded);
    assert_eq!(v1(12, 16, 16), Ok(12));
    assert_eq!(v1(16, 32, 20), Ok(16));
    for (length, total) in [(12, 32), (-4, 32), (32, 32), (30, 32)] {
        let hashed = usize::try_from(length).map_or(total, |length| 4 + length);
        assert_eq!(v1(length, total, hashed), INVALID, "{length} in {total}");
    }
    for cut in [0, 7, 8, 23, HEAD, HEAD + 1, HEAD + 15] {
        let mut data = vec![0; cut];
        data.iter_mut()
            .zip(key().id().0)
            .for_each(|(to, byte)| *to = byte);
        for version in [Version::V1, Version::V2] {
            let mut data = data.clone();
            let result = envelope::open(version, &key(), direction, &mut data);
            assert_eq!(result, Err(SecretChatError::InvalidMessage));
        }
    }
}

#[test]
fn e2_23_the_fingerprint_of_a_files_key_is_folded_md5() {
    // MD5 of 64 zero bytes is 3b5d3c7d 207e37dc eeedd301 e35e2e58.
    let folded = 0x3b5d_3c7d_u32 ^ 0x207e_37dc;
    let fingerprint = file_key_fingerprint(&[0; 32], &[0; 32]);
    assert_eq!(fingerprint.to_le_bytes(), folded.to_be_bytes());
}

#[test]
fn e2_25_the_picture_is_made_of_two_hashes() {
    let picture = key_picture(&key(), &AuthKey::new([0; 256]));
    // SHA1 of the bytes 0 to 255, SHA256 of 256 zero bytes.
    let expected = concat!(
        "4916d6bdb7f78e6803698cab32d1586e",
        "5341e6b2646979a70e57653007a1f310169421ec"
    );
    assert_eq!(hex::encode(picture), expected);
}

#[test]
fn keys_are_not_printed() {
    let request = KeyRequest::new(params(), &[], &mut Seeded(1)).unwrap();
    assert!(format!("{request:?}").contains("Secret(..)"));
    let mut duo = Duo::new();
    duo.say(Side::Originator, 77);
    let printed = format!("{:?}", duo.a.chat);
    assert!(!printed.contains("91, 204"), "no content: {printed}");
    assert!(!printed.contains("[0, 1, 2, 3"), "no key: {printed}");
}

#[test]
fn the_envelope_agrees_with_the_reference() {
    let file = "mtproto_messages.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "messages") {
        let key = AuthKey::new(array(entry, "auth_key"));
        let version = match entry["version"].as_u64() {
            Some(1) => Version::V1,
            Some(2) => Version::V2,
            other => panic!("{name}: version {other:?}"),
        };
        let direction = match entry["from"].as_str() {
            Some("client") => Direction::ClientToServer,
            Some("server") => Direction::ServerToClient,
            other => panic!("{name}: from {other:?}"),
        };
        let (plaintext, unpadded) = if entry["padding"].is_string() {
            let plaintext = bytes(entry, "plaintext_without_padding");
            let unpadded = plaintext.len();
            ([plaintext, bytes(entry, "padding")].concat(), unpadded)
        } else {
            (bytes(entry, "plaintext_with_padding"), 0)
        };
        let sealed = envelope::seal_plaintext(version, &key, direction, unpadded, plaintext);
        assert_eq!(
            hex::encode(sealed),
            entry["wire"].as_str().unwrap(),
            "{name}"
        );
    }
}
