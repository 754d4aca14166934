//! What a client does when the server, or somebody between, breaks a rule.

use mtproto_core::crypto::dh::{DhError, KNOWN_PRIME};
use mtproto_core::handshake::{ClientStep, DhAnswer, HandshakeError, Reply};
use mtproto_core::ids::{ConstructorId, Nonce};
use mtproto_core::tl::key_exchange::{
    DhGenFail, DhGenOk, DhGenRetry, ServerDhParamsFail, ServerDhParamsOk,
};
use mtproto_core::tl::{Combinator, ReadErrorKind};
use num_bigint::BigUint;
use proptest::prelude::*;

use crate::handshake_support::{Client, Server, client_config, fault, run_with, server_config};

const OTHER: Nonce = Nonce([0xee; 16]);

/// The error of a run in which `change` is done to the content of `server_DH_params_ok`.
fn answer_fault(mut change: impl FnMut(&mut DhAnswer)) -> Option<HandshakeError> {
    fault(|reply| {
        if let Reply::DhParamsOk { answer, .. } = reply {
            change(answer);
        }
    })
    .err()
}

fn pq_fault(number: &[u8]) -> Option<HandshakeError> {
    fault(|reply| {
        if let Reply::ResPq { pq, .. } = reply {
            *pq = number.to_vec();
        }
    })
    .err()
}

#[test]
fn hs_02_res_pq_with_another_nonce_aborts_before_anything_is_sent() {
    let mut client = Client::new(client_config());
    let mut reply = Server::new(server_config()).reply(&client.first.clone());
    if let Reply::ResPq { nonce, .. } = &mut reply {
        *nonce = OTHER;
    }
    let error = client.handle(&reply.to_bytes()).unwrap_err();
    assert_eq!(error, HandshakeError::ResPqNonce);
    assert_eq!(client.run.last_request(), client.first);
    assert!(client.run.is_finished());
    assert_eq!(
        client.handle(&reply.to_bytes()).unwrap_err(),
        HandshakeError::Finished
    );
}

#[test]
fn hs_03_prime_pq_aborts_at_once() {
    let prime = 9_223_372_036_854_775_783_u64.to_be_bytes();
    assert_eq!(pq_fault(&prime), Some(HandshakeError::PqNotFactored));
}

#[test]
fn hs_04_pq_of_nothing_aborts() {
    for number in [&[][..], &[0], &[1], &[0; 8]] {
        assert_eq!(pq_fault(number), Some(HandshakeError::PqNotFactored));
    }
}

#[test]
fn hs_05_odd_products_are_factored_or_refused_without_a_crash() {
    let mut client = Client::new(client_config());
    let mut reply = Server::new(server_config()).reply(&client.first.clone());
    if let Reply::ResPq { pq, .. } = &mut reply {
        *pq = vec![15];
    }
    assert!(matches!(
        client.handle(&reply.to_bytes()),
        Ok(ClientStep::Send(_))
    ));
    assert_eq!(
        pq_fault(&30_u8.to_be_bytes()),
        Some(HandshakeError::PqNotFactored)
    );
}

#[test]
fn hs_06_pq_over_64_bits_aborts() {
    assert_eq!(pq_fault(&[1; 9]), Some(HandshakeError::PqTooLarge));
    assert_eq!(pq_fault(&[0xff; 16]), Some(HandshakeError::PqTooLarge));
}

#[test]
fn hs_09_unknown_fingerprints_alone_abort() {
    let error = fault(|reply| {
        if let Reply::ResPq { fingerprints, .. } = reply {
            *fingerprints = vec![1, 2, 3];
        }
    });
    assert_eq!(error.err(), Some(HandshakeError::UnknownFingerprints));
}

#[test]
fn hs_10_known_fingerprint_is_found_at_the_end_of_many() {
    let outcome = fault(|reply| {
        if let Reply::ResPq { fingerprints, .. } = reply {
            let known = fingerprints[0];
            *fingerprints = (0..999).chain([known]).collect();
        }
    });
    assert!(outcome.is_ok());
}

#[test]
fn hs_20_dh_params_with_other_nonces_abort() {
    for which in 0..2 {
        let error = fault(|reply| {
            if let Reply::DhParamsOk {
                nonce,
                server_nonce,
                ..
            } = reply
            {
                *[nonce, server_nonce][which] = OTHER;
            }
        });
        assert_eq!(error.err(), Some(HandshakeError::DhParamsNonce));
    }
}

/// The error of a client that gets `encrypted_answer` with the right nonces.
fn envelope(encrypted_answer: &[u8]) -> HandshakeError {
    let (mut client, mut server) = (Client::new(client_config()), Server::new(server_config()));
    let query = client.query(&server.reply(&client.first.clone()).to_bytes());
    let Reply::DhParamsOk {
        nonce,
        server_nonce,
        ..
    } = server.reply(&query)
    else {
        panic!("no server_DH_params_ok");
    };
    let body = ServerDhParamsOk {
        nonce,
        server_nonce,
        encrypted_answer,
    };
    client.handle(&body.to_bytes()).unwrap_err()
}

#[test]
fn hs_21_answer_that_is_not_made_of_blocks_aborts() {
    assert_eq!(envelope(&[0; 28]), HandshakeError::AnswerLength);
    assert_eq!(envelope(&[0; 593]), HandshakeError::AnswerLength);
}

#[test]
fn hs_22_answer_of_almost_nothing_aborts() {
    assert_eq!(envelope(&[]), HandshakeError::AnswerLength);
    assert_eq!(envelope(&[0; 16]), HandshakeError::AnswerLength);
}

#[test]
fn hs_23_answer_with_a_wrong_hash_aborts() {
    let error = answer_fault(|answer| answer.hash = Some([7; 20]));
    assert_eq!(error, Some(HandshakeError::AnswerHash));
}

#[test]
fn hs_24_answer_with_more_than_15_bytes_of_padding_aborts() {
    let error = answer_fault(|answer| answer.padding = Some(vec![0; 32 + 8]));
    assert_eq!(error, Some(HandshakeError::AnswerPadding));
}

#[test]
fn hs_25_answer_with_another_nonce_inside_aborts() {
    let error = answer_fault(|answer| answer.nonce = OTHER);
    assert_eq!(error, Some(HandshakeError::AnswerNonce));
}

#[test]
fn hs_26_answer_with_another_server_nonce_inside_aborts() {
    let error = answer_fault(|answer| answer.server_nonce = OTHER);
    assert_eq!(error, Some(HandshakeError::AnswerServerNonce));
}

#[test]
fn hs_27_answer_that_is_another_object_aborts() {
    let error = envelope(&[0x42; 64]);
    assert!(
        matches!(error, HandshakeError::AnswerContent(_)),
        "{error:?}"
    );
}

#[test]
fn hs_28_prime_of_another_length_aborts() {
    let known = BigUint::from_bytes_be(&KNOWN_PRIME);
    let shorter = (&known >> 1_u32 | BigUint::from(1_u8)).to_bytes_be();
    let longer = (&known << 1_u32 | BigUint::from(1_u8)).to_bytes_be();
    for prime in [&shorter[..], &longer, &KNOWN_PRIME[..250]] {
        let error = answer_fault(|answer| answer.dh_prime = prime.to_vec());
        assert_eq!(error, Some(HandshakeError::Dh(DhError::PrimeLength)));
    }
}

#[test]
fn hs_29_composite_modulus_aborts() {
    let mut composite = KNOWN_PRIME;
    // Still 3 modulo 8, so that the rule for g = 4, which asks nothing, lets it pass to the test of primality.
    composite[200] ^= 0x10;
    let error = answer_fault(|answer| {
        answer.dh_prime = composite.to_vec();
        answer.g = 4;
    });
    assert_eq!(error, Some(HandshakeError::Dh(DhError::NotSafePrime)));
}

#[test]
fn hs_33_generator_out_of_range_aborts() {
    for g in [0, 1, 8, -5, 1_000_003, i32::MAX] {
        let error = answer_fault(|answer| answer.g = g);
        assert_eq!(
            error,
            Some(HandshakeError::Dh(DhError::GeneratorRange)),
            "g = {g}"
        );
    }
}

#[test]
fn hs_34_generator_outside_the_subgroup_aborts() {
    let error = answer_fault(|answer| answer.g = 2);
    assert_eq!(error, Some(HandshakeError::Dh(DhError::GeneratorResidue)));
}

#[test]
fn hs_35_public_number_at_the_edge_aborts() {
    let prime = BigUint::from_bytes_be(&KNOWN_PRIME);
    let one = BigUint::from(1_u8);
    for g_a in [
        BigUint::from(0_u8),
        one.clone(),
        &prime - &one,
        prime.clone(),
        &prime + BigUint::from(5_u8),
        one << 2049_u32,
    ] {
        let error = answer_fault(|answer| answer.g_a = g_a.to_bytes_be());
        assert_eq!(error, Some(HandshakeError::Dh(DhError::PublicRange)));
    }
}

#[test]
fn hs_36_public_number_within_the_margin_aborts() {
    let small = BigUint::from(1_u8) << 1900_u32;
    let large = BigUint::from_bytes_be(&KNOWN_PRIME) - &small;
    for g_a in [small, large] {
        let error = answer_fault(|answer| answer.g_a = g_a.to_bytes_be());
        assert_eq!(error, Some(HandshakeError::Dh(DhError::PublicRange)));
    }
}

#[test]
fn hs_38_absurd_primes_abort_without_a_crash() {
    for prime in [&[][..], &[0], &[1], &[2], &[4], &[0; 256]] {
        let error = answer_fault(|answer| answer.dh_prime = prime.to_vec());
        assert_eq!(error, Some(HandshakeError::Dh(DhError::PrimeLength)));
    }
}

#[test]
fn hs_40_secret_exponent_never_repeats() {
    let mut server = Server::new(server_config());
    let mut keys = std::collections::HashSet::new();
    for seed in 1..30 {
        let mut client = Client::seeded(client_config(), seed);
        let outcome = run_with(&mut client, &mut server, |_| {}).unwrap();
        assert!(keys.insert(outcome.client.auth_key.id()));
    }
}

#[test]
fn hs_41_dh_gen_with_other_nonces_aborts() {
    for which in 0..2 {
        let error = fault(|reply| {
            if let Reply::DhGenOk(ok) = reply {
                *[&mut ok.nonce, &mut ok.server_nonce][which] = OTHER;
            }
        });
        assert_eq!(error.err(), Some(HandshakeError::DhGenNonce));
    }
}

#[test]
fn hs_42_dh_gen_ok_with_a_wrong_hash_aborts() {
    let error = fault(|reply| {
        if let Reply::DhGenOk(ok) = reply {
            ok.new_nonce_hash1.0[15] ^= 1;
        }
    });
    assert_eq!(error.err(), Some(HandshakeError::NewNonceHash));
}

/// Answers `dh_gen_ok` as if it were another message, with its own hash.
fn renamed(reply: &Reply, make: impl Fn(Nonce, Nonce, Nonce) -> Reply) -> Option<Reply> {
    let Reply::DhGenOk(ok) = reply else {
        return None;
    };
    Some(make(ok.nonce, ok.server_nonce, ok.new_nonce_hash1))
}

#[test]
fn hs_43_hash_of_another_number_is_refused() {
    // dh_gen_retry and dh_gen_fail with hash number 1.
    let error = fault(|reply| {
        let retry = renamed(reply, |nonce, server_nonce, new_nonce_hash2| {
            Reply::DhGenRetry(DhGenRetry {
                nonce,
                server_nonce,
                new_nonce_hash2,
            })
        });
        if let Some(retry) = retry {
            *reply = retry;
        }
    });
    assert_eq!(error.err(), Some(HandshakeError::NewNonceHash));

    // dh_gen_ok with hash number 2, from a real retry.
    let mut server = Server::new(server_config());
    server.taken = |_| true;
    let error = run_with(&mut Client::new(client_config()), &mut server, |reply| {
        if let Reply::DhGenRetry(retry) = reply {
            *reply = Reply::DhGenOk(DhGenOk {
                nonce: retry.nonce,
                server_nonce: retry.server_nonce,
                new_nonce_hash1: retry.new_nonce_hash2,
            });
        }
    });
    assert_eq!(error.err(), Some(HandshakeError::NewNonceHash));
}

#[test]
fn hs_45_endless_retries_end() {
    let mut config = server_config();
    config.max_retries = u8::MAX;
    let mut server = Server::new(config);
    server.taken = |_| true;
    let error = run_with(&mut Client::new(client_config()), &mut server, |_| {});
    assert_eq!(error.err(), Some(HandshakeError::TooManyRetries));
}

#[test]
fn hs_46_dh_gen_fail_is_a_failure_whatever_its_hash() {
    let mut config = server_config();
    config.max_retries = 0;
    let mut server = Server::new(config);
    server.taken = |_| true;
    let right = run_with(&mut Client::new(client_config()), &mut server, |_| {});
    assert_eq!(right.err(), Some(HandshakeError::DhGenFailed));

    let wrong = fault(|reply| {
        let fail = renamed(reply, |nonce, server_nonce, new_nonce_hash3| {
            Reply::DhGenFail(DhGenFail {
                nonce,
                server_nonce,
                new_nonce_hash3,
            })
        });
        if let Some(fail) = fail {
            *reply = fail;
        }
    });
    assert_eq!(wrong.err(), Some(HandshakeError::NewNonceHash));
}

#[test]
fn hs_47_message_of_another_step_aborts() {
    let (mut client, mut server) = (Client::new(client_config()), Server::new(server_config()));
    let ok = DhGenOk {
        nonce: client.run.nonce(),
        server_nonce: OTHER,
        new_nonce_hash1: OTHER,
    };
    let error = client.handle(&ok.to_bytes()).unwrap_err();
    assert_eq!(
        error,
        HandshakeError::UnexpectedMessage(ConstructorId(0x3bcb_f734))
    );

    let mut client = Client::new(client_config());
    let res_pq = server.reply(&client.first.clone()).to_bytes();
    client.query(&res_pq);
    let error = client.handle(&res_pq).unwrap_err();
    assert_eq!(
        error,
        HandshakeError::UnexpectedMessage(ConstructorId(0x0516_2463))
    );
}

#[test]
fn hs_50_unbelievable_server_time_leaves_the_clock_alone() {
    for (time, offset) in [
        (0, 0),
        (-1, 0),
        (i32::MIN, 0),
        (1_700_086_400, 86_400),
        (i32::MAX, 447_483_647),
    ] {
        let outcome = fault(|reply| {
            if let Reply::DhParamsOk { answer, .. } = reply {
                answer.server_time = time;
            }
        });
        assert_eq!(
            outcome.unwrap().client.clock_offset,
            offset,
            "server_time {time}"
        );
    }
}

#[test]
fn hs_57_last_query_can_be_sent_again() {
    let (mut client, mut server) = (Client::new(client_config()), Server::new(server_config()));
    let mut query = client.first.clone();
    for _ in 0..2 {
        let lost = server.reply(&query);
        assert_eq!(client.run.last_request(), query);
        let again = server.reply(client.run.last_request());
        assert_eq!(again, lost);
        query = client.query(&again.to_bytes());
    }
}

#[test]
fn refusal_of_our_data_is_an_error_of_its_own() {
    let error = fault(|reply| {
        if let Reply::DhParamsOk {
            nonce,
            server_nonce,
            ..
        } = reply
        {
            *reply = Reply::DhParamsFail(ServerDhParamsFail {
                nonce: *nonce,
                server_nonce: *server_nonce,
                new_nonce_hash: OTHER,
            });
        }
    });
    assert_eq!(error.err(), Some(HandshakeError::DhParamsRefused));
}

#[test]
fn tp_04_message_cut_at_any_byte_aborts() {
    let outcome = crate::handshake_support::run(client_config(), server_config());
    for (step, body) in outcome.bodies.iter().skip(1).step_by(2).enumerate() {
        for cut in (0..body.len()).step_by(7) {
            let mut client = Client::new(client_config());
            for earlier in outcome.bodies.iter().skip(1).step_by(2).take(step) {
                client.query(earlier);
            }
            let error = client.handle(&body[..cut]).unwrap_err();
            let HandshakeError::Malformed(error) = error else {
                panic!("{error:?} at {cut}");
            };
            assert_ne!(error.kind, ReadErrorKind::TrailingBytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn arbitrary_messages_abort(body: Vec<u8>, step in 0..3_usize, tagged: bool) {
        static RUN: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
            crate::handshake_support::run(client_config(), server_config()).bodies
        });
        let mut client = Client::new(client_config());
        for earlier in RUN.iter().skip(1).step_by(2).take(step) {
            client.query(earlier);
        }
        let head = if tagged { &RUN[step * 2 + 1][..36] } else { &[] };
        prop_assert!(client.handle(&[head, &body].concat()).is_err());
        prop_assert!(client.run.is_finished());
    }
}
