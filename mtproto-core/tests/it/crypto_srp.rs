//! Two-step verification: reference vectors, both sides against each other, and what each side refuses.

use mtproto_core::crypto::dh::{self, DhError, DhParams, KNOWN_PRIME, PrimeCache};
use mtproto_core::crypto::srp::{self, Challenge, PasswordKdf, SrpError, Verifier};
use num_bigint::BigUint;

use crate::support::{Script, Seeded, array, bytes, entries, vectors};

fn group() -> DhParams {
    DhParams::known(3).unwrap()
}

fn kdf(group: &DhParams) -> PasswordKdf<'_> {
    PasswordKdf {
        salt1: b"first salt",
        salt2: b"second salt",
        group,
    }
}

fn wide(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut out = [0; 256];
    out[256 - bytes.len()..].copy_from_slice(&bytes);
    out
}

#[test]
fn sr_01_answers_agree_with_the_reference() {
    let file = "srp.json";
    let Some(data) = vectors(file) else { return };
    let mut tested = 0;
    for (name, entry) in entries(file, &data, "checks") {
        let g = i32::try_from(entry["g"].as_i64().unwrap()).unwrap();
        let prime: [u8; 256] = array(entry, "p");
        let group = match dh::check_params(&prime, g, &mut PrimeCache::new(), &mut Seeded(1)) {
            Ok(group) => group,
            // One source computes with a toy prime, which no client may accept.
            Err(error) => {
                assert_eq!(error, DhError::PrimeLength, "{name}");
                continue;
            }
        };
        let (salt1, salt2) = (bytes(entry, "salt1"), bytes(entry, "salt2"));
        let kdf = PasswordKdf {
            salt1: &salt1,
            salt2: &salt2,
            group: &group,
        };
        let mut random = Script::new(&[&array::<256>(entry, "a")]);
        let answer = srp::answer(
            kdf,
            &bytes(entry, "password"),
            &bytes(entry, "srp_B"),
            &mut random,
        )
        .unwrap();
        assert_eq!(answer.a, array(entry, "A"), "{name}");
        assert_eq!(answer.m1, array(entry, "M1"), "{name}");
        tested += 1;
    }
    assert!(tested >= 3);
}

#[test]
fn sr_09_new_passwords_agree_with_the_reference() {
    let file = "srp.json";
    let Some(data) = vectors(file) else { return };
    for (name, entry) in entries(file, &data, "new_hash") {
        assert_eq!(array::<256>(entry, "p"), KNOWN_PRIME, "{name}");
        let mut random = Script::new(&[&bytes(entry, "random_32")]);
        let salt1 = srp::new_salt1(&bytes(entry, "salt1_given"), &mut random);
        assert_eq!(salt1, bytes(entry, "salt1_new"), "{name}");
        assert!(random.is_used_up(), "{name}");
        let group = DhParams::known(i32::try_from(entry["g"].as_i64().unwrap()).unwrap()).unwrap();
        let salt2 = bytes(entry, "salt2");
        let kdf = PasswordKdf {
            salt1: &salt1,
            salt2: &salt2,
            group: &group,
        };
        let verifier = srp::verifier(kdf, &bytes(entry, "password"));
        assert_eq!(
            *verifier.as_bytes(),
            array(entry, "new_password_hash"),
            "{name}"
        );
    }
}

#[test]
fn the_right_password_is_accepted_and_a_wrong_one_is_not() {
    let group = group();
    let kdf = kdf(&group);
    let verifier = srp::verifier(kdf, "pässword".as_bytes());
    for (password, accepted) in [("pässword", true), ("password", false), ("", false)] {
        let challenge = Challenge::new(kdf, &verifier, &mut Seeded(5));
        let answer =
            srp::answer(kdf, password.as_bytes(), challenge.srp_b(), &mut Seeded(6)).unwrap();
        assert_eq!(
            challenge.verify(kdf, &verifier, &answer.a, &answer.m1),
            Ok(accepted),
            "{password}"
        );
    }
}

#[test]
fn a_proof_that_is_cut_or_changed_is_not_accepted() {
    let group = group();
    let kdf = kdf(&group);
    let verifier = srp::verifier(kdf, b"secret");
    let secret = *Challenge::new(kdf, &verifier, &mut Seeded(5)).secret();
    let challenge = || Challenge::from_secret(kdf, &verifier, secret);
    let answer = srp::answer(kdf, b"secret", challenge().srp_b(), &mut Seeded(6)).unwrap();
    let mut changed = answer.m1;
    changed[31] ^= 1;
    for m1 in [
        &changed[..],
        &answer.m1[..31],
        &[],
        &[&answer.m1[..], &[0]].concat(),
    ] {
        assert_eq!(challenge().verify(kdf, &verifier, &answer.a, m1), Ok(false));
    }
    assert_eq!(
        challenge().verify(kdf, &verifier, &answer.a, &answer.m1),
        Ok(true)
    );
}

#[test]
fn sr_02_sr_03_a_group_that_is_not_safe_makes_no_password_check() {
    // The answer takes checked parameters alone, so that all of these end before anything is sent.
    let known = BigUint::from_bytes_be(&KNOWN_PRIME);
    let composite = wide(&(&known - 24_u8));
    let unsafe_half = ((BigUint::from(1_u8) << 2047_u32) + 2895_u32).to_bytes_be();
    for (prime, g, expected) in [
        (&composite[..], 4, DhError::NotSafePrime),
        (&unsafe_half, 3, DhError::NotSafePrime),
        (&KNOWN_PRIME[..255], 3, DhError::PrimeLength),
        (&KNOWN_PRIME, 2, DhError::GeneratorResidue),
        (&KNOWN_PRIME, 11, DhError::GeneratorRange),
        (&KNOWN_PRIME, 1, DhError::GeneratorRange),
    ] {
        let group = dh::check_params(prime, g, &mut PrimeCache::new(), &mut Seeded(3));
        assert_eq!(group.unwrap_err(), expected, "g = {g}");
    }
}

#[test]
fn sr_04_a_client_refuses_public_values_of_a_cheating_server() {
    let group = group();
    let kdf = kdf(&group);
    let p = BigUint::from_bytes_be(&KNOWN_PRIME);
    for (why, srp_b) in [
        ("empty", vec![]),
        ("zero", vec![0; 256]),
        ("one", vec![1]),
        ("p - 1", wide(&(&p - 1_u8)).to_vec()),
        ("p", KNOWN_PRIME.to_vec()),
        ("p + 1", wide(&(&p + 1_u8)).to_vec()),
        ("short", vec![0xff; 200]),
        ("300 bytes", vec![0xff; 300]),
    ] {
        let result = srp::answer(kdf, b"secret", &srp_b, &mut Seeded(1));
        assert_eq!(result, Err(SrpError::ServerPublic), "{why}");
    }
}

#[test]
fn sr_05_a_client_refuses_a_public_value_that_cancels_the_password() {
    let group = group();
    let kdf = kdf(&group);
    // A cheating server that knows v can send B = k v, so that t = 0.
    let v = BigUint::from_bytes_be(srp::verifier(kdf, b"secret").as_bytes());
    let mut padded_g = [0; 256];
    padded_g[255] = 3;
    let k = BigUint::from_bytes_be(&mtproto_core::crypto::hash::sha256(&[
        &KNOWN_PRIME,
        &padded_g,
    ]));
    let b = wide(&(k * v % BigUint::from_bytes_be(&KNOWN_PRIME)));
    assert_eq!(
        srp::answer(kdf, b"secret", &b, &mut Seeded(1)),
        Err(SrpError::ServerPublic)
    );
}

#[test]
fn sr_10_a_server_refuses_public_values_that_need_no_password() {
    let group = group();
    let kdf = kdf(&group);
    let verifier = Verifier::from_bytes([7; 256]);
    let p = BigUint::from_bytes_be(&KNOWN_PRIME);
    for (why, a) in [
        ("empty", vec![]),
        ("zero", vec![0; 256]),
        ("p", KNOWN_PRIME.to_vec()),
        ("p + 1", wide(&(&p + 1_u8)).to_vec()),
        ("257 bytes", vec![1; 257]),
    ] {
        let challenge = Challenge::new(kdf, &verifier, &mut Seeded(2));
        assert_eq!(
            challenge.verify(kdf, &verifier, &a, &[0; 32]),
            Err(SrpError::ClientPublic),
            "{why}"
        );
    }
}

#[test]
fn sr_06_each_answer_draws_a_new_secret() {
    let group = group();
    let kdf = kdf(&group);
    let challenge = Challenge::new(kdf, &Verifier::from_bytes([7; 256]), &mut Seeded(2));
    let mut random = Seeded(3);
    let first = srp::answer(kdf, b"secret", challenge.srp_b(), &mut random).unwrap();
    let second = srp::answer(kdf, b"secret", challenge.srp_b(), &mut random).unwrap();
    assert_ne!(first.a, second.a);
}
