//! Whole key exchanges, both roles.

use mtproto_core::crypto::rsa::Padding;
use mtproto_core::handshake::{DcPolicy, nonce_of};
use mtproto_core::ids::DcId;
use mtproto_core::tl::Combinator;
use mtproto_core::tl::Reader;
use mtproto_core::tl::key_exchange::ReqDhParams;

use crate::handshake_support::{Client, NOW, Server, client_config, run, run_with, server_config};

#[test]
fn both_sides_make_the_same_key_and_salt() {
    let outcome = run(client_config(), server_config());
    assert_eq!(outcome.client.auth_key, outcome.server.auth_key);
    assert_eq!(outcome.client.server_salt, outcome.server.server_salt);
    assert_eq!(outcome.client.clock_offset, 0);
    assert_eq!(outcome.client.expires_in, None);
    assert_eq!(outcome.server.dc, Some(DcId(2)));
    assert_eq!(outcome.server.padding, Padding::RsaPad);
    assert_eq!(outcome.bodies.len(), 6);
}

#[test]
fn same_seed_gives_the_same_bytes() {
    let (one, two) = (
        run(client_config(), server_config()),
        run(client_config(), server_config()),
    );
    assert_eq!(one.bodies, two.bodies);
    let mut other = Client::seeded(client_config(), 8);
    let three = run_with(&mut other, &mut Server::new(server_config()), |_| {}).unwrap();
    assert_ne!(one.bodies, three.bodies);
}

#[test]
fn hs_70_every_form_of_inner_data_and_padding_is_accepted_where_allowed() {
    for dc in [None, Some(DcId(2)), Some(DcId(-2)), Some(DcId(10_002))] {
        for expires_in in [None, Some(86_400)] {
            for padding in [Padding::RsaPad, Padding::Legacy] {
                for old_req_pq in [false, true] {
                    let mut config = client_config();
                    (config.dc, config.expires_in) = (dc, expires_in);
                    (config.padding, config.old_req_pq) = (padding, old_req_pq);
                    let outcome = run(config, server_config());
                    assert_eq!(outcome.client.auth_key, outcome.server.auth_key);
                    assert_eq!(outcome.server.dc, dc);
                    assert_eq!(outcome.server.expires_in, expires_in);
                    assert_eq!(outcome.client.expires_in, expires_in);
                    assert_eq!(outcome.server.padding, padding);
                }
            }
        }
    }
}

#[test]
fn hs_18_dc_policy_knows_test_servers_and_media_servers() {
    let (test, production) = (
        DcPolicy::Class { test: true },
        DcPolicy::Class { test: false },
    );
    for (dc, is_test) in [(2, false), (-2, false), (10_002, true), (-10_002, true)] {
        assert_eq!(test.allows(DcId(dc)), is_test);
        assert_eq!(production.allows(DcId(dc)), !is_test);
        assert!(DcPolicy::Any.allows(DcId(dc)));
    }
    let two = DcPolicy::Only(DcId(2));
    assert!(two.allows(DcId(2)) && two.allows(DcId(-2)));
    assert!(!two.allows(DcId(3)) && !two.allows(DcId(10_002)) && !two.allows(DcId(i32::MIN)));
}

#[test]
fn hs_08_p_is_smaller_than_q_and_both_are_big_endian() {
    let mut server = Server::new(server_config());
    for seed in 1..20 {
        let mut client = Client::seeded(client_config(), seed);
        let res_pq = server.reply(&client.first.clone()).to_bytes();
        let query = client.query(&res_pq);
        let request = ReqDhParams::read(&mut Reader::new(&query)).unwrap();
        assert!(request.p < request.q && request.p.len() == 4 && request.q.len() == 4);
        assert_eq!(
            request.encrypted_data.len(),
            256,
            "hs_15: leading zeroes are kept"
        );
    }
}

#[test]
fn hs_01_nonces_never_repeat() {
    let mut seen = std::collections::HashSet::new();
    let mut random = crate::support::Seeded(1);
    let config = client_config();
    for _ in 0..1000 {
        let (run, first) =
            mtproto_core::handshake::ClientHandshake::new(config.clone(), &mut random);
        assert_eq!(nonce_of(&first), Some(run.nonce()));
        assert!(seen.insert(run.nonce()));
    }
}

#[test]
fn hs_19_new_nonce_is_never_on_the_wire() {
    let outcome = run(client_config(), server_config());
    let secret = &outcome.server.new_nonce.0;
    for body in &outcome.bodies {
        assert!(!body.windows(8).any(|window| window == &secret[..8]));
    }
}

#[test]
fn hs_52_leading_zero_of_the_key_is_kept() {
    // One key in 256 begins with a zero byte; the seeds run until one does.
    let mut server = Server::new(server_config());
    let found = (1..4000).find_map(|seed| {
        let mut client = Client::seeded(client_config(), seed);
        let outcome = run_with(&mut client, &mut server, |_| {}).unwrap();
        (outcome.server.auth_key.as_bytes()[0] == 0).then_some(outcome)
    });
    let outcome = found.expect("a key with a leading zero");
    assert_eq!(outcome.client.auth_key.id(), outcome.server.auth_key.id());
}

#[test]
fn hs_44_collision_is_retried_with_the_auxiliary_hash() {
    let mut server = Server::new(server_config());
    // Two collisions, then free: the bodies of a run tell how often was asked.
    server.taken = |id| id.0[0] % 4 != 0;
    let mut retried = 0;
    for seed in 1..40 {
        let mut client = Client::seeded(client_config(), seed);
        let Ok(outcome) = run_with(&mut client, &mut server, |_| {}) else {
            continue;
        };
        assert_eq!(outcome.client.auth_key, outcome.server.auth_key);
        assert_eq!(outcome.client.auth_key.id().0[0] % 4, 0);
        retried += (outcome.bodies.len() - 6) / 2;
    }
    assert!(retried > 10);
}

#[test]
fn bytes_after_the_object_are_tolerated_on_both_sides() {
    let (mut client, mut server) = (Client::new(client_config()), Server::new(server_config()));
    let mut query = client.first.clone();
    loop {
        query.extend([0x5a; 96]);
        let mut body = server.reply(&query).to_bytes();
        body.extend([0xa5; 32]);
        match client.handle(&body).unwrap() {
            mtproto_core::handshake::ClientStep::Send(next) => query = next,
            mtproto_core::handshake::ClientStep::Done(_) => break,
        }
    }
}

#[test]
fn hs_58_two_exchanges_at_once_stay_apart_by_their_nonces() {
    let mut server = Server::new(server_config());
    let mut permanent = Client::seeded(client_config(), 1);
    let mut temporary = Client::seeded(client_config().temporary(3600), 2);
    let (mut one, mut two) = (permanent.first.clone(), temporary.first.clone());
    for _ in 0..2 {
        let (first, second) = (server.reply(&one).to_bytes(), server.reply(&two).to_bytes());
        assert_eq!(nonce_of(&first), Some(permanent.run.nonce()));
        assert_eq!(nonce_of(&second), Some(temporary.run.nonce()));
        two = temporary.query(&second);
        one = permanent.query(&first);
    }
    let second = server.handle(&two).unwrap();
    let first = server.handle(&one).unwrap();
    assert_eq!(first.created.unwrap().expires_in, None);
    assert_eq!(second.created.unwrap().expires_in, Some(3600));
    permanent.handle(&first.reply.to_bytes()).unwrap();
    temporary.handle(&second.reply.to_bytes()).unwrap();
    assert!(permanent.run.is_finished() && temporary.run.is_finished());
}

#[test]
fn clock_offset_is_what_the_server_is_ahead() {
    let mut client = Client::new(client_config());
    let mut server = Server::new(server_config());
    let res_pq = server.reply(&client.first.clone()).to_bytes();
    let query = client.query(&res_pq);
    let dh_params = server.reply(&query).to_bytes();
    let early = mtproto_core::time::UnixTime::from_secs(NOW.as_secs() - 3600);
    let step = client
        .run
        .handle(early, &dh_params, &mut client.primes, &mut client.random);
    let Ok(mtproto_core::handshake::ClientStep::Send(query)) = step else {
        panic!("{step:?}");
    };
    let done = server.reply(&query).to_bytes();
    let Ok(mtproto_core::handshake::ClientStep::Done(key)) = client.handle(&done) else {
        panic!("the run is not done");
    };
    assert_eq!(key.clock_offset, 3600);
}

#[test]
fn nothing_secret_is_printed() {
    let outcome = run(client_config(), server_config());
    let text = format!("{:?} {:?}", outcome.client, outcome.server);
    let key = outcome.server.auth_key.as_bytes();
    assert!(!text.contains(&hex::encode(&key[..4])));
    assert!(!text.contains(&format!("{}, {}, {}", key[0], key[1], key[2])));
}
