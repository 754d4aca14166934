//! What holds for any frames, any cut of the stream and any noise.

use mtproto_core::transport::{ClientTransport, FrameLimits, Framer, Transport};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::transport_support::{ALL, OBFUSCATABLE, Owned, read, seeded, server};

/// Something that one end sends.
#[derive(Clone, Debug)]
enum Sent {
    Payload { words: usize, quick_ack: bool },
    QuickAck(u32),
    TransportError(i32),
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        (5_usize..300, any::<bool>())
            .prop_map(|(words, quick_ack)| Sent::Payload { words, quick_ack }),
        any::<u32>().prop_map(|token| Sent::QuickAck(token | 0x8000_0000)),
        (i32::MIN..-1).prop_map(Sent::TransportError),
    ]
}

fn config() -> impl Strategy<Value = ClientTransport> {
    prop_oneof![
        select(&ALL[..]).prop_map(ClientTransport::plain),
        select(&OBFUSCATABLE[..]).prop_map(ClientTransport::obfuscated),
    ]
}

fn payload(words: usize) -> Vec<u8> {
    (0..words * 4)
        .map(|index| (index * 7 + words) as u8)
        .collect()
}

/// The stream cut at the given places.
fn cut<'a>(wire: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places
        .iter()
        .map(|place| place.index(wire.len() + 1))
        .collect();
    places.extend([0, wire.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &wire[pair[0]..pair[1]])
        .collect()
}

/// A client's stream with the given payloads.
fn client_wire(config: &ClientTransport, sent: &[Sent], seed: u64) -> (Framer, Vec<u8>) {
    let mut random = seeded(seed);
    let mut client = Framer::client(config, FrameLimits::default(), &mut random).unwrap();
    let mut wire = Vec::new();
    for item in sent {
        if let Sent::Payload { words, quick_ack } = *item {
            let quick_ack = quick_ack && config.transport != Transport::Full;
            client
                .write_payload(&payload(words), quick_ack, &mut random, &mut wire)
                .unwrap();
        }
    }
    (client, wire)
}

/// A server's stream with the given things.
fn server_wire(server: &mut Framer, sent: &[Sent], seed: u64) -> Vec<u8> {
    let mut random = seeded(seed);
    let mut wire = Vec::new();
    for item in sent {
        match *item {
            Sent::Payload { words, .. } => server
                .write_payload(&payload(words), false, &mut random, &mut wire)
                .unwrap(),
            Sent::QuickAck(token) => {
                // Not in the full transport.
                let _ = server.write_quick_ack(token, &mut random, &mut wire);
            }
            Sent::TransportError(code) => server
                .write_transport_error(code, &mut random, &mut wire)
                .unwrap(),
        }
    }
    wire
}

/// Whether `seen` is what was sent, padding apart.
fn matches(transport: Transport, sent: &[Sent], from_client: bool, seen: &[Owned]) -> bool {
    let expected: Vec<_> = sent
        .iter()
        .filter(|item| match item {
            Sent::Payload { .. } => true,
            Sent::QuickAck(_) => !from_client && transport != Transport::Full,
            Sent::TransportError(_) => !from_client,
        })
        .collect();
    let padding = if transport == Transport::PaddedIntermediate {
        15
    } else {
        0
    };
    let same_payload = |words: usize, data: &[u8]| {
        data.starts_with(&payload(words)) && data.len() <= words * 4 + padding
    };
    expected.len() == seen.len()
        && expected.iter().zip(seen).all(|pair| match pair {
            (Sent::Payload { words, quick_ack }, Owned::AckedPayload(data)) => {
                *quick_ack && from_client && same_payload(*words, data)
            }
            (Sent::Payload { words, quick_ack }, Owned::Payload(data)) => {
                let unmarked = !quick_ack || !from_client || transport == Transport::Full;
                unmarked && same_payload(*words, data)
            }
            (Sent::QuickAck(token), Owned::QuickAck(seen)) => token == seen,
            (Sent::TransportError(code), Owned::TransportError(seen)) => code == seen,
            _ => false,
        })
}

proptest! {
    #[test]
    fn tr_16_any_cut_of_a_clients_stream_gives_the_frames_that_were_sent(
        config in config(),
        sent in vec(sent(), 1..8),
        places in vec(any::<Index>(), 0..12),
        seed: u64,
    ) {
        let (_, wire) = client_wire(&config, &sent, seed);
        let (seen, error) = read(&mut server(), cut(&wire, &places));
        prop_assert_eq!(error, None);
        prop_assert!(matches(config.transport, &sent, true, &seen), "{:?}", seen);
    }

    #[test]
    fn tr_16_any_cut_of_a_servers_stream_gives_the_frames_that_were_sent(
        config in config(),
        sent in vec(sent(), 1..8),
        places in vec(any::<Index>(), 0..12),
        seed: u64,
    ) {
        let hello = Sent::Payload { words: 10, quick_ack: false };
        let (mut client, wire) = client_wire(&config, &[hello], seed);
        let mut server = server();
        let (_, error) = read(&mut server, [&wire[..]]);
        prop_assert_eq!(error, None);

        let wire = server_wire(&mut server, &sent, seed);
        let (seen, error) = read(&mut client, cut(&wire, &places));
        prop_assert_eq!(error, None);
        prop_assert!(matches(config.transport, &sent, false, &seen), "{:?}", seen);
    }

    #[test]
    fn tr_16_byte_by_byte_and_all_at_once_agree_about_noise(
        config in config(),
        first in prop_oneof![
            Just(vec![0xef]),
            Just(vec![0xee; 4]),
            Just(vec![0xdd; 4]),
            Just(vec![]),
        ],
        noise in vec(prop_oneof![Just(0_u8), Just(1), Just(0x7f), Just(0xff), any::<u8>()], 0..200),
    ) {
        let noise = [first, noise].concat();
        let whole = read(&mut server(), [&noise[..]]);
        prop_assert_eq!(&read(&mut server(), noise.chunks(1)), &whole);

        let client = || Framer::client(&config, FrameLimits::default(), &mut seeded(1)).unwrap();
        let whole = read(&mut client(), [&noise[..]]);
        prop_assert_eq!(&read(&mut client(), noise.chunks(1)), &whole);
    }
}
