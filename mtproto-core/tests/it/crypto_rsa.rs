//! RSA with the published test key: forms of the key, both paddings, and what is refused.

use mtproto_core::crypto::hash::sha1;
use mtproto_core::crypto::rsa::{
    LEGACY_MAX, Padding, RSA_PAD_MAX, RsaError, RsaPrivateKey, RsaPublicKey, decrypt_either,
    legacy_encrypt, pad_encrypt,
};
use mtproto_core::random::SecureRandom;
use num_bigint::BigUint;

use crate::support::Seeded;

const PRIVATE: &str = include_str!("../../../mock-server/keys/test_rsa_private.pem");
const README: &str = include_str!("../../../mock-server/keys/README.md");

fn key() -> RsaPrivateKey {
    RsaPrivateKey::from_pem(PRIVATE).unwrap()
}

#[test]
fn the_test_key_has_the_fingerprint_and_public_half_that_its_readme_says() {
    let public = key().public().clone();
    assert_eq!(public.fingerprint(), -7_781_068_946_372_033_311);
    assert!(README.contains(&public.fingerprint().to_string()));
    assert!(README.contains(&hex::encode(public.fingerprint().to_le_bytes())));
    assert!(README.contains(&public.to_pem()));
    assert_eq!(RsaPublicKey::from_pem(&public.to_pem()), Ok(public));
}

#[test]
fn rsa_pad_is_undone_by_the_private_key() {
    let key = key();
    for len in [0, 1, 96, RSA_PAD_MAX] {
        let data: Vec<u8> = (0..len as u8).collect();
        let encrypted = pad_encrypt(key.public(), &data, &mut Seeded(len as u64 + 1)).unwrap();
        let decrypted = decrypt_either(&key, &encrypted).unwrap();
        assert_eq!(decrypted.form, Padding::RsaPad);
        assert_eq!(decrypted.data.len(), 192);
        assert_eq!(decrypted.data[..len], data);
    }
}

#[test]
fn the_older_padding_is_undone_by_the_private_key_without_its_random_tail() {
    let key = key();
    for len in [0, 4, 96, 232] {
        let data: Vec<u8> = (0..len as u8).collect();
        let encrypted = legacy_encrypt(key.public(), &data, &mut Seeded(len as u64 + 1)).unwrap();
        let decrypted = decrypt_either(&key, &encrypted).unwrap();
        assert_eq!(decrypted.form, Padding::Legacy);
        assert_eq!(decrypted.data, data);
    }
}

#[test]
fn too_long_data_is_refused_before_anything_is_encrypted() {
    let key = key();
    let random = &mut Seeded(1);
    assert_eq!(
        pad_encrypt(key.public(), &[0; RSA_PAD_MAX + 1], random),
        Err(RsaError::TooLong)
    );
    assert_eq!(
        legacy_encrypt(key.public(), &[0; LEGACY_MAX + 1], random),
        Err(RsaError::TooLong)
    );
}

#[test]
fn broken_randomness_is_an_error_and_not_an_endless_loop() {
    /// Always the same bytes, found by trial to give a value above the modulus.
    struct Constant([u8; 32]);
    impl SecureRandom for Constant {
        fn fill(&mut self, dest: &mut [u8]) {
            for (to, from) in dest.iter_mut().zip(self.0.iter().cycle()) {
                *to = *from;
            }
        }
    }
    let key = key();
    let stuck = (0_u8..=255).map(|i| pad_encrypt(key.public(), b"data", &mut Constant([i; 32])));
    assert!(
        stuck
            .into_iter()
            .any(|result| result == Err(RsaError::Random))
    );
}

#[test]
fn each_wrong_message_gives_the_same_error() {
    let key = key();
    let n = BigUint::from_bytes_be(&key.public().n());
    let e = BigUint::from(key.public().e());
    let wide = |number: &BigUint| -> [u8; 256] {
        let bytes = number.to_bytes_be();
        let mut out = [0; 256];
        out[256 - bytes.len()..].copy_from_slice(&bytes);
        out
    };
    let raw = |block: &[u8; 256]| wide(&BigUint::from_bytes_be(block).modpow(&e, &n));

    let mut flipped = pad_encrypt(key.public(), b"data", &mut Seeded(3)).unwrap();
    flipped[200] ^= 1;
    let mut wrong_hash = [0; 256];
    wrong_hash[1..21].copy_from_slice(&sha1(&[b"other"]));
    let mut first_byte = [0; 256];
    first_byte[0] = 1;
    first_byte[1..21].copy_from_slice(&sha1(&[]));

    for (why, message) in [
        ("zero", [0; 256]),
        ("one", wide(&BigUint::from(1_u8))),
        ("the modulus", wide(&n)),
        ("above the modulus", [0xff; 256]),
        ("a changed RSA_PAD", flipped),
        ("a wrong hash", raw(&wrong_hash)),
        (
            "a right hash below a first byte that is not zero",
            raw(&first_byte),
        ),
    ] {
        assert_eq!(
            decrypt_either(&key, &message).unwrap_err(),
            RsaError::Decrypt,
            "{why}"
        );
    }
}

#[test]
fn a_private_key_with_a_changed_part_is_refused() {
    // The parts of the key by their length in the DER form; each is changed in its lowest bits.
    let der = {
        use base64::Engine;
        let body: String = PRIVATE
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        base64::engine::general_purpose::STANDARD
            .decode(body)
            .unwrap()
    };
    assert!(RsaPrivateKey::from_pkcs1_der(&der).is_ok());
    // sequence header 4, version 3, n 4 + 257, e 5, d 4 + 256 or 257, then five numbers of 128 bytes.
    let mut at = 4 + 3 + 4 + 257 + 5;
    let mut changed = 0;
    for part in ["d", "p", "q", "d mod p-1", "d mod q-1", "1/q mod p"] {
        let header = if der[at + 1] == 0x82 { 4 } else { 3 };
        let len = if header == 4 {
            usize::from(u16::from_be_bytes([der[at + 2], der[at + 3]]))
        } else {
            usize::from(der[at + 2])
        };
        at += header + len;
        let mut broken = der.clone();
        broken[at - 1] ^= 2;
        let result = RsaPrivateKey::from_pkcs1_der(&broken);
        if part == "d" {
            // The Chinese remainder theorem does not need it.
            assert!(result.is_ok());
        } else {
            assert_eq!(result.unwrap_err(), RsaError::PrivateParts, "{part}");
            changed += 1;
        }
    }
    assert_eq!((changed, at), (5, der.len()));
}

#[test]
fn a_modulus_or_exponent_of_another_size_is_refused() {
    let n = key().public().n();
    let mut even = n;
    even[255] &= 0xfe;
    for (why, n) in [
        ("2047 bits", &[&[n[0] & 0x7f], &n[1..]].concat()[..]),
        ("2056 bits", &[&[1], &n[..]].concat()),
        ("1024 bits", &n[..128]),
        ("even", &even),
        ("empty", &[]),
    ] {
        assert_eq!(
            RsaPublicKey::new(n, &[1, 0, 1]),
            Err(RsaError::Modulus),
            "{why}"
        );
    }
    for e in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[1, 0, 0],
        &[2, 0, 0, 0, 1],
        &[1; 9],
    ] {
        assert_eq!(RsaPublicKey::new(&n, e), Err(RsaError::Exponent), "{e:?}");
    }
    assert!(RsaPublicKey::new(&n, &[0, 0, 3]).is_ok());
}

#[test]
fn debug_of_a_private_key_shows_its_fingerprint_alone() {
    assert_eq!(
        format!("{:?}", key()),
        "RsaPrivateKey(0x94041704e6ac04e1, ..)"
    );
}
