//! What a server does with clients that break a rule.

use mtproto_core::crypto::dh::KNOWN_PRIME;
use mtproto_core::crypto::kdf::{self, AesKeyIv};
use mtproto_core::crypto::rsa::{self, Padding};
use mtproto_core::handshake::{
    ClientStep, DcPolicy, Refusal, RefusalReason, Reply, RunLimits, ServerHandshakes, inner_data,
};
use mtproto_core::ids::{DcId, Nonce};
use mtproto_core::time::{Duration, Instant};
use mtproto_core::tl::key_exchange::{
    ClientDhInnerData, NewNonce, PqInnerData, ReqDhParams, ReqPqMulti, SetClientDhParams,
};
use mtproto_core::tl::{Combinator, Writer};
use num_bigint::BigUint;
use proptest::prelude::*;

use crate::handshake_support::{Client, Server, client_config, public_key, server_config};
use crate::support::Seeded;

const OTHER: Nonce = Nonce([0xee; 16]);
const NEW_NONCE: [u8; 32] = [0x33; 32];

/// A client that obeys no rule: the fields of `req_DH_params` are what a test makes of them.
struct Forge {
    pq: Vec<u8>,
    p: Vec<u8>,
    q: Vec<u8>,
    nonce: Nonce,
    server_nonce: Nonce,
    inner_nonce: Nonce,
    inner_server_nonce: Nonce,
    inner_p: Vec<u8>,
    fingerprint: i64,
    dc: Option<DcId>,
    expires_in: Option<i32>,
    padding: Padding,
}

impl Forge {
    /// Starts a run and takes what it needs for the right query.
    fn new(server: &mut Server) -> Self {
        Self::with_nonce(server, Nonce([0x11; 16]))
    }

    fn with_nonce(server: &mut Server, nonce: Nonce) -> Self {
        let Reply::ResPq {
            pq, server_nonce, ..
        } = server.reply(&ReqPqMulti { nonce }.to_bytes())
        else {
            panic!("no resPQ");
        };
        let number = u64::from_be_bytes(pq.clone().try_into().unwrap());
        let (p, q) = mtproto_core::crypto::pq::factorize(number).unwrap();
        let digits = |number: u64| (number as u32).to_be_bytes().to_vec();
        Self {
            pq,
            p: digits(p),
            q: digits(q),
            nonce,
            server_nonce,
            inner_nonce: nonce,
            inner_server_nonce: server_nonce,
            inner_p: digits(p),
            fingerprint: public_key().fingerprint(),
            dc: Some(DcId(2)),
            expires_in: None,
            padding: Padding::RsaPad,
        }
    }

    fn encrypted(&self) -> [u8; 256] {
        let inner = PqInnerData {
            pq: &self.pq,
            p: &self.inner_p,
            q: &self.q,
            nonce: self.inner_nonce,
            server_nonce: self.inner_server_nonce,
            new_nonce: NewNonce(NEW_NONCE),
            dc: self.dc,
            expires_in: self.expires_in,
        };
        let mut data = Vec::new();
        inner.write(&mut Writer::new(&mut data));
        match self.padding {
            Padding::RsaPad => rsa::pad_encrypt(&public_key(), &data, &mut Seeded(5)).unwrap(),
            Padding::Legacy => rsa::legacy_encrypt(&public_key(), &data, &mut Seeded(5)).unwrap(),
        }
    }

    fn query(&self, encrypted_data: &[u8]) -> Vec<u8> {
        ReqDhParams {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            p: &self.p,
            q: &self.q,
            public_key_fingerprint: self.fingerprint,
            encrypted_data,
        }
        .to_bytes()
    }

    fn body(&self) -> Vec<u8> {
        self.query(&self.encrypted())
    }
}

/// The refusal of a `req_DH_params` in which `change` made one thing wrong.
fn refusal(change: impl FnOnce(&mut Forge)) -> Option<RefusalReason> {
    refusal_of(Server::new(server_config()), change)
}

fn refusal_of(mut server: Server, change: impl FnOnce(&mut Forge)) -> Option<RefusalReason> {
    let mut forge = Forge::new(&mut server);
    change(&mut forge);
    server
        .handle(&forge.body())
        .err()
        .map(|refusal| refusal.reason)
}

#[test]
fn hs_59_server_nonce_is_fresh_for_each_run() {
    let mut server = Server::new(server_config());
    let mut seen = std::collections::HashSet::new();
    for i in 0..1000_u128 {
        let nonce = Nonce(i.to_le_bytes());
        let Reply::ResPq {
            server_nonce, pq, ..
        } = server.reply(&ReqPqMulti { nonce }.to_bytes())
        else {
            panic!("no resPQ");
        };
        assert!(seen.insert(server_nonce));
        assert!(pq.len() == 8 && pq[0] < 0x80, "below 2^63");
    }
}

#[test]
fn hs_60_wrong_factors_and_fingerprints_end_the_run() {
    assert_eq!(refusal(|_| {}), None);
    assert_eq!(
        refusal(|forge| forge.p[3] ^= 2),
        Some(RefusalReason::WrongFactors)
    );
    let swapped = refusal(|forge| std::mem::swap(&mut forge.p, &mut forge.q));
    assert_eq!(swapped, Some(RefusalReason::WrongFactors));
    let unknown = refusal(|forge| forge.fingerprint ^= 1);
    assert_eq!(unknown, Some(RefusalReason::UnknownFingerprint));
    assert_eq!(
        Refusal::from(RefusalReason::WrongFactors).transport_error(),
        -404
    );

    let mut server = Server::new(server_config());
    let mut forge = Forge::new(&mut server);
    forge.fingerprint ^= 1;
    server.handle(&forge.body()).unwrap_err();
    forge.fingerprint ^= 1;
    let rest = server.handle(&forge.body()).unwrap_err();
    assert_eq!(
        (rest.reason, rest.transport_error()),
        (RefusalReason::UnknownRun, -404)
    );
}

#[test]
fn hs_60_stranger_who_knows_one_nonce_cannot_end_the_run() {
    let mut server = Server::new(server_config());
    let forge = Forge::new(&mut server);
    let mut stranger = Forge::new(&mut server);
    stranger.server_nonce = OTHER;
    let refused = server.handle(&stranger.body()).unwrap_err();
    assert_eq!(refused.reason, RefusalReason::UnknownRun);
    assert!(server.handle(&forge.body()).is_ok());
}

#[test]
fn hs_61_wrong_data_centre_is_told_apart() {
    let mut config = server_config();
    config.dc = DcPolicy::Class { test: false };
    let reason = refusal_of(Server::new(config.clone()), |forge| {
        forge.dc = Some(DcId(10_002))
    });
    assert_eq!(reason, Some(RefusalReason::WrongDc));
    assert_eq!(
        Refusal::from(RefusalReason::WrongDc).transport_error(),
        -444
    );
    let media = refusal_of(Server::new(config), |forge| forge.dc = Some(DcId(-2)));
    assert_eq!(media, None);
}

#[test]
fn hs_62_whatever_is_wrong_under_rsa_has_one_reason() {
    let inner = Some(RefusalReason::InnerData);
    assert_eq!(refusal(|forge| forge.inner_nonce = OTHER), inner);
    assert_eq!(refusal(|forge| forge.inner_server_nonce = OTHER), inner);
    assert_eq!(refusal(|forge| forge.inner_p[3] ^= 2), inner);
    assert_eq!(refusal(|forge| forge.pq[7] ^= 2), inner);
    assert_eq!(refusal(|forge| forge.expires_in = Some(0)), inner);
    assert_eq!(refusal(|forge| forge.expires_in = Some(-1)), inner);
    for encrypted in [
        &[][..],
        &[0; 255],
        &[0; 257],
        &[0; 256],
        &[0xff; 256],
        &[1; 256],
    ] {
        let mut server = Server::new(server_config());
        let query = Forge::new(&mut server).query(encrypted);
        assert_eq!(
            server.handle(&query).unwrap_err().reason,
            RefusalReason::InnerData
        );
    }
    let mut server = Server::new(server_config());
    let forge = Forge::new(&mut server);
    let mut flipped = forge.encrypted();
    flipped[100] ^= 1;
    let refused = server.handle(&forge.query(&flipped)).unwrap_err();
    assert_eq!(
        (Some(refused.reason), refused.transport_error()),
        (inner, -404)
    );
}

#[test]
fn hs_70_older_forms_are_refused_where_the_policy_says_so() {
    let mut config = server_config();
    config.allow_legacy_padding = false;
    let legacy = refusal_of(Server::new(config), |forge| forge.padding = Padding::Legacy);
    assert_eq!(legacy, Some(RefusalReason::FormNotAllowed));
    let mut config = server_config();
    config.allow_without_dc = false;
    let without_dc = refusal_of(Server::new(config), |forge| forge.dc = None);
    assert_eq!(without_dc, Some(RefusalReason::FormNotAllowed));
}

/// A run after `server_DH_params_ok`.
struct DhForge {
    forge: Forge,
    keys: AesKeyIv,
}

impl DhForge {
    fn new(server: &mut Server) -> Self {
        let forge = Forge::new(server);
        assert!(matches!(
            server.reply(&forge.body()),
            Reply::DhParamsOk { .. }
        ));
        let keys = kdf::tmp_keys(&NEW_NONCE, &forge.server_nonce);
        Self { forge, keys }
    }

    fn query(&self, encrypted_data: &[u8]) -> Vec<u8> {
        SetClientDhParams {
            nonce: self.forge.nonce,
            server_nonce: self.forge.server_nonce,
            encrypted_data,
        }
        .to_bytes()
    }

    fn inner<'a>(&self, g_b: &'a [u8]) -> ClientDhInnerData<'a> {
        ClientDhInnerData {
            nonce: self.forge.nonce,
            server_nonce: self.forge.server_nonce,
            retry_id: 0,
            g_b,
        }
    }

    fn body(&self, inner: &ClientDhInnerData<'_>) -> Vec<u8> {
        self.query(&inner_data::encrypt(
            &self.keys,
            &inner.to_bytes(),
            &mut Seeded(6),
        ))
    }
}

fn g_b_refusal(g_b: &BigUint) -> Option<RefusalReason> {
    let mut server = Server::new(server_config());
    let forge = DhForge::new(&mut server);
    let body = forge.body(&forge.inner(&g_b.to_bytes_be()));
    server.handle(&body).err().map(|refusal| refusal.reason)
}

#[test]
fn hs_63_public_number_at_the_edge_is_refused() {
    let prime = BigUint::from_bytes_be(&KNOWN_PRIME);
    let one = BigUint::from(1_u8);
    for g_b in [
        BigUint::from(0_u8),
        one.clone(),
        &prime - &one,
        prime,
        one.clone() << 2049_u32,
    ] {
        assert_eq!(g_b_refusal(&g_b), Some(RefusalReason::ClientPublic));
    }
    assert_eq!(g_b_refusal(&(one << 2000_u32)), None);
}

#[test]
fn hs_64_public_number_within_the_margin_is_refused() {
    let small = BigUint::from(1_u8) << 1900_u32;
    assert_eq!(g_b_refusal(&small), Some(RefusalReason::ClientPublic));
    let large = BigUint::from_bytes_be(&KNOWN_PRIME) - small;
    assert_eq!(g_b_refusal(&large), Some(RefusalReason::ClientPublic));
}

#[test]
fn hs_65_hash_nonces_and_lengths_of_the_clients_data_are_checked() {
    let g_b = [0x40; 256];
    let refused = |make: &dyn Fn(&DhForge) -> Vec<u8>| {
        let mut server = Server::new(server_config());
        let forge = DhForge::new(&mut server);
        let body = make(&forge);
        server.handle(&body).err().map(|refusal| refusal.reason)
    };
    let wrong = Some(RefusalReason::ClientInnerData);
    assert_eq!(refused(&|forge| forge.body(&forge.inner(&g_b))), None);
    let with = |change: fn(&mut ClientDhInnerData<'_>)| {
        refused(&|forge| {
            let mut inner = forge.inner(&g_b);
            change(&mut inner);
            forge.body(&inner)
        })
    };
    assert_eq!(with(|inner| inner.nonce = OTHER), wrong);
    assert_eq!(with(|inner| inner.server_nonce = OTHER), wrong);
    assert_eq!(with(|inner| inner.retry_id = 1), wrong);
    for len in [0, 16, 28, 336, 352] {
        assert_eq!(
            refused(&|forge| forge.query(&vec![0x42; len])),
            wrong,
            "length {len}"
        );
    }
    let long_padding = refused(&|forge| {
        let object = [forge.inner(&g_b).to_bytes(), vec![0; 32]].concat();
        forge.query(&inner_data::encrypt(&forge.keys, &object, &mut Seeded(6)))
    });
    assert_eq!(long_padding, wrong);
}

#[test]
fn hs_66_identical_query_gets_the_identical_answer_for_ten_minutes() {
    let (mut client, mut server) = (Client::new(client_config()), Server::new(server_config()));
    let mut query = client.first.clone();
    let mut said = Vec::new();
    loop {
        let step = server.handle(&query).unwrap();
        said.push((query, step.reply.to_bytes()));
        match client.handle(&step.reply.to_bytes()).unwrap() {
            ClientStep::Send(next) => query = next,
            ClientStep::Done(_) => break,
        }
    }
    server.now = Instant::from_millis(599_999);
    for (query, answer) in &said {
        let again = server.handle(query).unwrap();
        assert_eq!(again.reply.to_bytes(), *answer);
        assert!(again.created.is_none(), "the key is made once");
    }
    server.now = Instant::from_millis(600_000);
    for (query, _) in &said[1..] {
        let forgotten = server.handle(query).unwrap_err();
        assert_eq!(forgotten.reason, RefusalReason::UnknownRun);
    }
}

#[test]
fn hs_66_changed_query_after_an_answer_is_refused() {
    let mut server = Server::new(server_config());
    let forge = Forge::new(&mut server);
    server.handle(&forge.body()).unwrap();
    let mut other = forge.encrypted();
    other[0] ^= 1;
    let refused = server.handle(&forge.query(&other)).unwrap_err();
    assert_eq!(refused.reason, RefusalReason::WrongStep);

    let mut server = Server::new(server_config());
    let forge = DhForge::new(&mut server);
    server
        .handle(&forge.body(&forge.inner(&[0x40; 256])))
        .unwrap();
    let other = forge.body(&forge.inner(&[0x41; 256]));
    assert_eq!(
        server.handle(&other).unwrap_err().reason,
        RefusalReason::WrongStep
    );
}

#[test]
fn hs_67_collision_of_key_ids_gives_dh_gen_retry() {
    let mut server = Server::new(server_config());
    let forge = DhForge::new(&mut server);
    let body = forge.body(&forge.inner(&[0x40; 256]));
    server.taken = |_| true;
    let step = server.handle(&body).unwrap();
    assert!(matches!(step.reply, Reply::DhGenRetry(_)));
    assert!(step.created.is_none());
}

#[test]
fn hs_68_query_of_one_run_is_useless_in_another() {
    let mut server = Server::new(server_config());
    let recorded = Forge::with_nonce(&mut server, Nonce([1; 16]));
    let encrypted = recorded.encrypted();
    server.handle(&recorded.body()).unwrap();
    let other = Forge::with_nonce(&mut server, Nonce([2; 16]));
    let refused = server.handle(&other.query(&encrypted)).unwrap_err();
    assert_eq!(refused.reason, RefusalReason::InnerData);
}

#[test]
fn hs_69_flood_of_half_open_runs_is_bounded() {
    let limits = RunLimits {
        runs: 100,
        lifetime: Duration::from_secs(600),
    };
    let mut server = Server::new(server_config());
    server.runs = ServerHandshakes::new(server_config(), limits);
    for i in 0..5_000_u128 {
        let nonce = Nonce(i.to_le_bytes());
        server.handle(&ReqPqMulti { nonce }.to_bytes()).unwrap();
        assert!(server.runs.len() <= 100);
    }
    let (mut client, mut bodies) = (Client::new(client_config()), 0);
    let mut query = client.first.clone();
    while let Ok(ClientStep::Send(next)) = client.handle(&server.reply(&query).to_bytes()) {
        query = next;
        bodies += 1;
    }
    assert_eq!(bodies, 2);
    assert!(client.run.is_finished());
}

#[test]
fn run_that_ended_and_started_again_is_not_forgotten_with_its_first_start() {
    let mut server = Server::new(server_config());
    let mut forge = Forge::new(&mut server);
    forge.fingerprint ^= 1;
    server.handle(&forge.body()).unwrap_err();
    server.now = Instant::from_millis(500_000);
    let again = Forge::new(&mut server);
    assert_ne!(again.server_nonce, forge.server_nonce);
    server.now = Instant::from_millis(700_000);
    assert!(server.handle(&again.body()).is_ok());
}

#[test]
fn messages_of_a_server_and_cut_ones_are_refused() {
    let mut server = Server::new(server_config());
    let first = Client::new(client_config()).first;
    let res_pq = server.reply(&first).to_bytes();
    assert!(matches!(
        server.handle(&res_pq).unwrap_err().reason,
        RefusalReason::Malformed(_)
    ));
    let body = Forge::new(&mut server).body();
    for cut in 0..36 {
        assert!(server.handle(&body[..cut]).is_err() || cut >= 20);
    }
}

#[test]
fn offered_fingerprints_are_those_of_the_keys() {
    let mut server = Server::new(server_config());
    let Reply::ResPq { fingerprints, .. } = server.reply(&Client::new(client_config()).first)
    else {
        panic!("no resPQ");
    };
    assert_eq!(fingerprints, [public_key().fingerprint()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn arbitrary_queries_are_refused(rest: Vec<u8>, id in prop::sample::select(vec![0xd712_e4be_u32, 0xf504_5f1f, 7])) {
        let mut server = Server::new(server_config());
        let forge = DhForge::new(&mut server);
        let head = [&id.to_le_bytes()[..], &forge.forge.nonce.0, &forge.forge.server_nonce.0].concat();
        prop_assert!(server.handle(&[&head, &rest[..]].concat()).is_err());
        let _ = server.handle(&rest);
    }
}
