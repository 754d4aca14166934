//! The obfuscation header and what follows it.

use std::sync::Arc;

use mtproto_core::ids::DcId;
use mtproto_core::random::SecureRandom;
use mtproto_core::transport::obfuscated::{self, HEADER_LEN};
use mtproto_core::transport::{
    ClientTransport, ConfigError, FrameError, FrameLimits, Framer, ProxySecret, ServerTransport,
    Transport,
};

use super::support::Script;
use super::transport_support::{
    OBFUSCATABLE, Owned, connected, message, obfuscated_client, read, seeded, server, unpadded,
};

fn proxy(secrets: &[&ProxySecret]) -> Framer {
    let mut config = ServerTransport::default();
    config.secrets = secrets
        .iter()
        .map(|secret| (*secret).clone())
        .collect::<Arc<[_]>>();
    config.secrets_only = true;
    Framer::server(config, FrameLimits::default())
}

#[test]
fn tr_28_headers_never_begin_as_another_transport_does() {
    let good = [0x29; 64];
    let forbidden: [&[u8]; 9] = [
        &[0xef, 1, 2, 3],
        b"HEAD",
        b"POST",
        b"GET ",
        b"OPTI",
        &[0xdd; 4],
        &[0xee; 4],
        &[0x16, 3, 1, 2],
        &[1, 2, 3, 4, 0, 0, 0, 0],
    ];
    let mut draws = Vec::new();
    for prefix in forbidden {
        let mut draw = good;
        draw[..prefix.len()].copy_from_slice(prefix);
        assert!(!obfuscated::may_begin_with(*draw.first_chunk().unwrap()));
        draws.extend(draw);
    }
    draws.extend(good);
    let mut random = Script::new(&[&draws]);
    let (header, _) = obfuscated::generate(Transport::Abridged, None, None, &mut random).unwrap();
    assert_eq!(header[..56], good[..56]);
    assert!(random.is_used_up());

    let mut random = seeded(28);
    for _ in 0..20_000 {
        let (header, _) =
            obfuscated::generate(Transport::Intermediate, None, None, &mut random).unwrap();
        assert!(obfuscated::may_begin_with(*header.first_chunk().unwrap()));
    }
}

#[test]
fn tr_29_the_server_reads_transport_and_keys_from_the_header() {
    for transport in OBFUSCATABLE {
        for seed in 0..20 {
            let (mut client, mut server) = connected(obfuscated_client(transport, seed));
            let detected = server.detected().unwrap();
            assert_eq!((detected.transport, detected.obfuscated), (transport, true));
            assert_eq!((detected.dc, detected.secret), (None, None));

            let mut wire = Vec::new();
            server
                .write_payload(&message(7), false, &mut seeded(seed), &mut wire)
                .unwrap();
            let (frames, error) = read(&mut client, [&wire[..]]);
            let [Owned::Payload(frame)] = &frames[..] else {
                panic!("{frames:?} {error:?}");
            };
            assert_eq!(unpadded(frame), message(7));
        }
    }
}

#[test]
fn tr_29_the_full_transport_is_never_obfuscated() {
    let config = ClientTransport::obfuscated(Transport::Full);
    let error = Framer::client(&config, FrameLimits::default(), &mut seeded(0)).unwrap_err();
    assert_eq!(error, ConfigError::FullObfuscated);
}

#[test]
fn tr_30_key_streams_continue_across_frames() {
    for transport in OBFUSCATABLE {
        let (mut client, mut server) = connected(obfuscated_client(transport, 30));
        let mut random = seeded(31);
        for round in 1..40 {
            pass(&mut client, &mut server, &message(round), &mut random);
            pass(&mut server, &mut client, &message(round), &mut random);
        }
    }
}

fn pass(from: &mut Framer, to: &mut Framer, payload: &[u8], random: &mut dyn SecureRandom) {
    let mut wire = Vec::new();
    from.write_payload(payload, false, random, &mut wire)
        .unwrap();
    let (frames, error) = read(to, [&wire[..]]);
    let [Owned::Payload(frame)] = &frames[..] else {
        panic!("{frames:?} {error:?}");
    };
    assert_eq!(unpadded(frame), payload);
}

#[test]
fn tr_31_a_proxy_derives_keys_and_dc_with_its_secret() {
    let plain = ProxySecret::from_bytes(&[0x51; 16]).unwrap();
    let padded = ProxySecret::parse("dd52525252525252525252525252525252").unwrap();
    for (number, secret) in [&plain, &padded].into_iter().enumerate() {
        for dc in [2, 10_002, -2] {
            let config = ClientTransport::proxy(secret.clone(), DcId(dc));
            let mut client =
                Framer::client(&config, FrameLimits::default(), &mut seeded(31)).unwrap();
            let mut server = proxy(&[&plain, &padded]);
            let mut wire = Vec::new();
            client
                .write_payload(&message(2), true, &mut seeded(9), &mut wire)
                .unwrap();
            let (frames, error) = read(&mut server, [&wire[..]]);
            assert_eq!((frames.len(), error), (1, None));
            let detected = server.detected().unwrap();
            assert_eq!(detected.dc, Some(DcId(dc)));
            assert_eq!(detected.secret, Some(number));
            assert_eq!(detected.transport, Transport::PaddedIntermediate);
        }
    }
}

#[test]
fn tr_31_a_dd_secret_allows_only_the_padded_transport() {
    let secret = ProxySecret::parse("dd52525252525252525252525252525252").unwrap();
    let bare = ProxySecret::from_bytes(secret.key()).unwrap();
    let mut config = ClientTransport::proxy(secret.clone(), DcId(2));
    config.transport = Transport::Intermediate;
    let error = Framer::client(&config, FrameLimits::default(), &mut seeded(0)).unwrap_err();
    assert_eq!(error, ConfigError::SecretWantsPadding);

    // The same 16 bytes without the demand, and a server that makes it.
    config.secret = Some(bare);
    let mut client = Framer::client(&config, FrameLimits::default(), &mut seeded(0)).unwrap();
    let mut wire = Vec::new();
    client
        .write_payload(&message(2), false, &mut seeded(9), &mut wire)
        .unwrap();
    let outcome = read(&mut proxy(&[&secret]), [&wire[..]]);
    assert_eq!(outcome, (vec![], Some(FrameError::UnknownTransport)));
}

#[test]
fn tr_31_a_dc_beyond_sixteen_bits_is_refused() {
    let secret = ProxySecret::from_bytes(&[1; 16]).unwrap();
    let config = ClientTransport::proxy(secret, DcId(40_000));
    let error = Framer::client(&config, FrameLimits::default(), &mut seeded(0)).unwrap_err();
    assert_eq!(error, ConfigError::DcOutOfRange);
}

#[test]
fn tr_31_a_proxy_refuses_streams_without_its_secret() {
    let secret = ProxySecret::from_bytes(&[0x51; 16]).unwrap();
    let other = ProxySecret::from_bytes(&[0x52; 16]).unwrap();
    for config in [
        ClientTransport::proxy(other, DcId(2)),
        ClientTransport::obfuscated(Transport::PaddedIntermediate),
        ClientTransport::plain(Transport::Abridged),
        ClientTransport::plain(Transport::Intermediate),
    ] {
        let mut client = Framer::client(&config, FrameLimits::default(), &mut seeded(4)).unwrap();
        let mut wire = Vec::new();
        client
            .write_payload(&message(2), false, &mut seeded(9), &mut wire)
            .unwrap();
        let outcome = read(&mut proxy(&[&secret]), [&wire[..]]);
        assert_eq!(outcome, (vec![], Some(FrameError::UnknownTransport)));
    }
}

#[test]
fn tr_32_random_bytes_are_refused_without_a_word() {
    let mut server = server();
    let noise = [0x5a; HEADER_LEN];
    assert_eq!(read(&mut server, [&noise[..63]]), (vec![], None));
    assert_eq!(
        read(&mut server, [&noise[63..]]),
        (vec![], Some(FrameError::UnknownTransport))
    );
}
