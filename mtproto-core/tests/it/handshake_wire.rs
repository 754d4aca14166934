//! What a client says in a key exchange, opened with the server's key and with the numbers of the run.

use mtproto_core::crypto::aes_ige;
use mtproto_core::crypto::dh::{self, DhError, PrimeCache};
use mtproto_core::crypto::rsa::{Padding, RsaPublicKey, decrypt_either, pad_encrypt};
use mtproto_core::handshake::{ClientConfig, ClientStep, HandshakeError, Reply, inner_data};
use mtproto_core::ids::DcId;
use mtproto_core::random::SecureRandom;
use mtproto_core::tl::key_exchange::{
    ClientDhInnerData, PqInnerData, ReqDhParams, SetClientDhParams,
};
use mtproto_core::tl::{Combinator, Reader};
use num_bigint::BigUint;

use crate::handshake_support::{
    Client, NOW, Server, client_config, private_key, public_key, server_config,
};
use crate::support::{Recorder, Seeded};

/// `resPQ` for this client.
fn res_pq(client: &Client) -> Reply {
    Server::new(server_config()).reply(&client.first)
}

/// A key that nobody uses: its modulus is any odd number of 2048 bits.
fn retired_key() -> RsaPublicKey {
    RsaPublicKey::new(&[0xd5; 256], &[1, 0, 1]).unwrap()
}

#[test]
fn hs_07_a_pq_of_seven_bytes_is_factored() {
    let (small, large) = (134_217_689_u64, 268_435_399_u64);
    let number = (small * large).to_be_bytes();
    assert_eq!(number[0], 0, "seven digits are enough");
    let mut client = Client::new(client_config());
    let mut reply = res_pq(&client);
    if let Reply::ResPq { pq, .. } = &mut reply {
        *pq = number[1..].to_vec();
    }
    let query = client.query(&reply.to_bytes());
    let request = ReqDhParams::read(&mut Reader::new(&query)).unwrap();
    assert_eq!(request.p, &small.to_be_bytes()[4..]);
    assert_eq!(request.q, &large.to_be_bytes()[4..]);
}

#[test]
fn hs_11_a_server_that_offers_a_retired_key_alone_gets_nothing() {
    let mut client = Client::new(client_config());
    let mut reply = res_pq(&client);
    if let Reply::ResPq { fingerprints, .. } = &mut reply {
        *fingerprints = vec![retired_key().fingerprint()];
    }
    let error = client.handle(&reply.to_bytes()).unwrap_err();
    assert_eq!(error, HandshakeError::UnknownFingerprints);
    assert_eq!(client.run.last_request(), client.first);
}

#[test]
fn hs_12_keys_of_main_and_cdn_servers_are_not_exchanged_for_each_other() {
    let (main, cdn) = (public_key(), retired_key());
    for (trusted, offered, accepted) in [
        (&main, &main, true),
        (&main, &cdn, false),
        (&cdn, &main, false),
        (&cdn, &cdn, true),
    ] {
        let mut client = Client::new(ClientConfig::new(vec![trusted.clone()], DcId(203)));
        let mut reply = res_pq(&client);
        if let Reply::ResPq { fingerprints, .. } = &mut reply {
            *fingerprints = vec![offered.fingerprint()];
        }
        let step = client.handle(&reply.to_bytes());
        match step {
            Ok(ClientStep::Send(query)) => {
                assert!(accepted);
                let request = ReqDhParams::read(&mut Reader::new(&query)).unwrap();
                assert_eq!(request.public_key_fingerprint, trusted.fingerprint());
            }
            other => {
                assert!(!accepted, "{other:?}");
                assert_eq!(other.unwrap_err(), HandshakeError::UnknownFingerprints);
            }
        }
    }
}

#[test]
fn hs_13_hs_16_hs_17_the_inner_data_is_padded_by_rsa_pad_and_repeats_what_stands_outside() {
    for (config, expires_in) in [
        (client_config(), None),
        (client_config().temporary(86_400), Some(86_400)),
    ] {
        let mut client = Client::new(config);
        let reply = res_pq(&client);
        let Reply::ResPq { pq: product, .. } = &reply else {
            panic!("no resPQ");
        };
        let query = client.query(&reply.to_bytes());
        let request = ReqDhParams::read(&mut Reader::new(&query)).unwrap();
        let encrypted = request.encrypted_data.try_into().unwrap();
        let opened = decrypt_either(&private_key(), encrypted).unwrap();
        assert_eq!(opened.form, Padding::RsaPad);
        let mut reader = Reader::new(&opened.data);
        let inner = PqInnerData::read(&mut reader).unwrap();
        assert!(reader.offset() <= 144, "{} bytes", reader.offset());
        assert_eq!(inner.pq, product.as_slice());
        assert_eq!((inner.p, inner.q), (request.p, request.q));
        assert_eq!(inner.nonce, client.run.nonce());
        assert_eq!(inner.nonce, request.nonce);
        assert_eq!(inner.server_nonce, request.server_nonce);
        assert_eq!(inner.dc, Some(DcId(2)), "a form with the data centre");
        assert_eq!(inner.expires_in, expires_in);
    }
}

#[test]
fn hs_14_rsa_pad_draws_another_temporary_key_until_the_number_fits() {
    let (public, private) = (public_key(), private_key());
    let mut repeated = 0;
    for seed in 1..=200 {
        let mut random = Recorder::new(seed);
        let encrypted = pad_encrypt(&public, b"inner data", &mut random).unwrap();
        // A number that is not below the modulus would come back as another one.
        let opened = decrypt_either(&private, &encrypted).unwrap();
        assert!(opened.data.starts_with(b"inner data"));
        let temp_keys: std::collections::BTreeSet<_> = random.given[1..].iter().collect();
        assert_eq!(temp_keys.len(), random.given.len() - 1, "each key is new");
        assert!(temp_keys.iter().all(|key| key.len() == 32));
        repeated += usize::from(temp_keys.len() > 1);
    }
    assert!(repeated > 0, "no number of 200 was too large");
}

#[test]
fn hs_15_encrypted_data_keeps_its_leading_zeroes() {
    let (public, private) = (public_key(), private_key());
    let encrypted = (1..20_000)
        .map(|seed| pad_encrypt(&public, b"inner data", &mut Seeded(seed)).unwrap())
        .find(|encrypted| encrypted[0] == 0)
        .expect("one number of 256 begins with a zero");
    let opened = decrypt_either(&private, &encrypted).unwrap();
    assert!(opened.data.starts_with(b"inner data"));

    for seed in 1..20 {
        let mut client = Client::seeded(client_config(), seed);
        let query = client.query(&res_pq(&client).to_bytes());
        let request = ReqDhParams::read(&mut Reader::new(&query)).unwrap();
        assert_eq!(request.encrypted_data.len(), 256);
    }
}

#[test]
fn hs_30_a_prime_whose_half_is_composite_is_refused() {
    // 2^2047 + 2895 is a prime; half of it less one is not, and has no factor below 2000.
    let prime = (BigUint::from(1_u8) << 2047_u32) + 2895_u32;
    let one = BigUint::from(1_u8);
    let by_fermat = |number: &BigUint| BigUint::from(3_u8).modpow(&(number - &one), number) == one;
    assert!(by_fermat(&prime));
    assert!(!by_fermat(&(&prime >> 1_u32)));
    for g in [2, 3, 4] {
        let error = dh::check_params(
            &prime.to_bytes_be(),
            g,
            &mut PrimeCache::new(),
            &mut Seeded(5),
        );
        assert_eq!(error.unwrap_err(), DhError::NotSafePrime, "g = {g}");
    }

    let error = crate::handshake_support::fault(|reply| {
        if let Reply::DhParamsOk { answer, .. } = reply {
            answer.dh_prime = prime.to_bytes_be();
        }
    });
    assert_eq!(error.err(), Some(HandshakeError::Dh(DhError::NotSafePrime)));
}

/// A client that was told the server's half, its next message, and the keys that the two agreed upon.
fn half_way(random: &mut dyn SecureRandom) -> Result<HalfWay, HandshakeError> {
    let mut client = Client::new(client_config());
    let mut server = Server::new(server_config());
    let query = client.query(&server.reply(&client.first.clone()).to_bytes());
    let reply = server.reply(&query);
    let step = client
        .run
        .handle(NOW, &reply.to_bytes(), &mut client.primes, random)?;
    let (ClientStep::Send(query), Reply::DhParamsOk { answer, .. }) = (step, reply) else {
        panic!("the run goes on");
    };
    let request = SetClientDhParams::read(&mut Reader::new(&query)).unwrap();
    Ok(HalfWay {
        encrypted: request.encrypted_data.to_vec(),
        keys: answer.keys,
        nonces: (request.nonce, request.server_nonce),
    })
}

struct HalfWay {
    encrypted: Vec<u8>,
    keys: mtproto_core::crypto::kdf::AesKeyIv,
    nonces: (mtproto_core::ids::Nonce, mtproto_core::ids::Nonce),
}

impl HalfWay {
    fn g_b(&self) -> Vec<u8> {
        let opened = inner_data::decrypt(&self.keys, &self.encrypted).unwrap();
        // Reading checks the hash in front and the length of what follows.
        let inner = opened.read(ClientDhInnerData::read).unwrap();
        assert_eq!((inner.nonce, inner.server_nonce), self.nonces);
        assert_eq!(inner.retry_id, 0);
        inner.g_b.to_vec()
    }

    /// The bytes behind SHA-1 and object.
    fn padding(&self) -> Vec<u8> {
        let mut plain = self.encrypted.clone();
        aes_ige::decrypt(&self.keys.key, &self.keys.iv, &mut plain).unwrap();
        let mut reader = Reader::new(&plain[20..]);
        ClientDhInnerData::read(&mut reader).unwrap();
        reader.rest().to_vec()
    }
}

#[test]
fn hs_39_the_clients_half_stands_between_its_hash_and_random_bytes() {
    let mut paddings = std::collections::BTreeSet::new();
    for seed in 1..8 {
        let half = half_way(&mut Seeded(seed)).unwrap();
        assert_eq!(half.g_b().len(), 256);
        assert_eq!(half.encrypted.len() % 16, 0);
        assert!((1..16).contains(&half.padding().len()));
        assert!(paddings.insert(half.padding()), "the same bytes again");
    }
}

/// Randomness whose first secret exponents are tiny.
struct TinyExponents {
    left: usize,
    drawn: usize,
    then: Seeded,
}

impl SecureRandom for TinyExponents {
    fn fill(&mut self, dest: &mut [u8]) {
        self.then.fill(dest);
        if dest.len() == 256 {
            self.drawn += 1;
            if self.left > 0 {
                self.left -= 1;
                dest.fill(0);
                dest[255] = 1;
            }
        }
    }
}

#[test]
fn hs_37_a_secret_whose_public_number_is_out_of_range_is_drawn_again() {
    let mut random = TinyExponents {
        left: 3,
        drawn: 0,
        then: Seeded(4),
    };
    let half = half_way(&mut random).unwrap();
    assert_eq!(random.drawn, 4);
    let mut g_b = [0; 256];
    g_b.copy_from_slice(&half.g_b());
    assert_eq!(dh::check_public(&g_b, &dh::KNOWN_PRIME), Ok(()));

    // A source that gives nothing else is broken, and is not asked for ever.
    random.left = usize::MAX;
    random.drawn = 0;
    let error = half_way(&mut random).err();
    assert_eq!(error, Some(HandshakeError::Randomness));
    assert!(random.drawn <= 8, "{}", random.drawn);
}
