//! Rules of the single transports.

use mtproto_core::transport::{
    ClientTransport, FrameError, FrameLimits, Framer, ServerTransport, Transport, WriteError,
};

use super::transport_support::{
    ALL, Owned, connected, message, obfuscated_client, plain_client, read, seeded, server,
    server_wire, unpadded,
};

fn write(framer: &mut Framer, payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    framer
        .write_payload(payload, false, &mut seeded(3), &mut wire)
        .unwrap();
    wire
}

/// What a plain client end of `transport` makes of the server's bytes.
fn client_reads(transport: Transport, wire: &[u8]) -> (Vec<Owned>, Option<FrameError>) {
    read(&mut plain_client(transport), [wire])
}

/// What a server makes of a client's bytes.
fn server_reads(wire: &[u8]) -> (Vec<Owned>, Option<FrameError>) {
    read(&mut server(), [wire])
}

fn words(count: usize) -> Vec<u8> {
    (0..count * 4).map(|index| index as u8).collect()
}

#[test]
fn tr_01_the_abridged_tag_goes_first_and_once_per_stream() {
    for _reconnection in 0..2 {
        let mut client = plain_client(Transport::Abridged);
        assert_eq!(write(&mut client, &words(2))[..2], [0xef, 2]);
        assert_eq!(write(&mut client, &words(2))[0], 2);
    }
}

#[test]
fn tr_02_abridged_lengths_below_127_words_take_one_byte() {
    for count in 1..127 {
        let mut client = plain_client(Transport::Abridged);
        let wire = write(&mut client, &words(count));
        assert_eq!(wire.len(), 2 + 4 * count);
        assert_eq!(usize::from(wire[1]), count);
        assert_eq!(
            server_reads(&wire),
            (vec![Owned::Payload(words(count))], None)
        );
    }
}

#[test]
fn tr_03_abridged_lengths_from_127_words_on_take_four_bytes() {
    for (count, header) in [
        (126, &[126][..]),
        (127, &[0x7f, 127, 0, 0]),
        (128, &[0x7f, 128, 0, 0]),
        (65_536, &[0x7f, 0, 0, 1]),
    ] {
        let mut client = plain_client(Transport::Abridged);
        let wire = write(&mut client, &words(count));
        assert_eq!(&wire[1..=header.len()], header);
        assert_eq!(
            server_reads(&wire),
            (vec![Owned::Payload(words(count))], None)
        );
    }
}

#[test]
fn tr_04_a_long_form_of_a_short_abridged_length_keeps_the_stream_in_step() {
    let mut wire = vec![0xef, 0x7f, 5, 0, 0];
    wire.extend(words(5));
    wire.push(2);
    wire.extend(words(2));
    let expected = vec![Owned::Payload(words(5)), Owned::Payload(words(2))];
    assert_eq!(server_reads(&wire), (expected, None));
}

#[test]
fn tr_05_an_abridged_length_of_zero_ends_the_stream() {
    let (frames, error) = server_reads(&[0xef, 0, 1, 1, 2, 3, 4]);
    assert_eq!(frames, []);
    assert_eq!(error, Some(FrameError::BadLength { announced: 0 }));
}

#[test]
fn tr_06_an_abridged_token_between_frames_is_told_from_a_length() {
    let mut wire = vec![6];
    wire.extend(words(6));
    wire.extend([0x81, 0x02, 0x03, 0x04]);
    wire.push(7);
    wire.extend(words(7));
    let expected = vec![
        Owned::Payload(words(6)),
        Owned::QuickAck(0x8102_0304),
        Owned::Payload(words(7)),
    ];
    assert_eq!(client_reads(Transport::Abridged, &wire), (expected, None));
}

#[test]
fn tr_07_intermediate_begins_with_its_tag_and_little_endian_lengths() {
    let mut client = plain_client(Transport::Intermediate);
    let wire = write(&mut client, &words(70));
    assert_eq!(wire[..8], [0xee, 0xee, 0xee, 0xee, 24, 1, 0, 0]);
    assert_eq!(server_reads(&wire), (vec![Owned::Payload(words(70))], None));
    assert_eq!(write(&mut client, &words(70))[..4], [24, 1, 0, 0]);
}

#[test]
fn tr_08_an_intermediate_token_is_no_length_of_two_gigabytes() {
    let mut wire = vec![0x0c, 0, 0, 0x80, 8, 0, 0, 0];
    wire.extend(words(2));
    let expected = vec![Owned::QuickAck(0x8000_000c), Owned::Payload(words(2))];
    for transport in [Transport::Intermediate, Transport::PaddedIntermediate] {
        let (frames, error) = client_reads(transport, &wire);
        assert_eq!((&frames[0], error), (&expected[0], None));
    }
    assert_eq!(
        client_reads(Transport::Intermediate, &wire),
        (expected, None)
    );
}

#[test]
fn tr_09_intermediate_lengths_that_no_payload_has_end_the_stream() {
    for announced in [0, 1, 2, 3, 5, 17_u32] {
        let mut wire = announced.to_le_bytes().to_vec();
        wire.extend([0; 64]);
        let expected = (vec![], Some(FrameError::BadLength { announced }));
        assert_eq!(client_reads(Transport::Intermediate, &wire), expected);
        let tagged = [&[0xee; 4][..], &wire].concat();
        assert_eq!(server_reads(&tagged), expected);
    }
}

#[test]
fn tr_10_an_announced_giant_ends_the_stream_at_once() {
    let limit = FrameLimits::default().max_frame;
    for (wire, announced) in [
        (&[0xef, 0x7f, 0xff, 0xff, 0xff][..], 0x00ff_ffff * 4),
        (
            &[0xee, 0xee, 0xee, 0xee, 0xfc, 0xff, 0xff, 0x7f],
            0x7fff_fffc,
        ),
        (&[0xee, 0xee, 0xee, 0xee, 0, 0, 0, 4], 64 << 20),
        (
            &[0xdd, 0xdd, 0xdd, 0xdd, 0xff, 0xff, 0xff, 0x7f],
            0x7fff_ffff,
        ),
        (&[0xfc, 0xff, 0xff, 0x7f, 0, 0, 0, 0], 0x7fff_fffc - 12),
    ] {
        let expected = Some(FrameError::TooLong { announced, limit });
        assert_eq!(server_reads(wire), (vec![], expected), "{wire:02x?}");
    }
}

#[test]
fn tr_10_the_limit_itself_is_still_allowed() {
    let limits = FrameLimits::with_max_frame(40);
    for transport in [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::Full,
    ] {
        let mut server = Framer::server(ServerTransport::default(), limits);
        let mut client = plain_client(transport);
        let mut wire = write(&mut client, &words(10));
        wire.extend(write(&mut client, &words(11)));
        let too_long = FrameError::TooLong {
            announced: 44,
            limit: 40,
        };
        assert_eq!(
            read(&mut server, [&wire[..]]),
            (vec![Owned::Payload(words(10))], Some(too_long))
        );
        // A dead stream stays dead.
        assert_eq!(server.handle_bytes(&[0]), Err(too_long));
        assert_eq!(server.poll_frame(), Err(too_long));
    }
}

#[test]
fn tr_11_every_length_of_padding_leaves_the_payload_readable() {
    let mut seen = [false; 16];
    let (mut client, mut server) = connected(plain_client(Transport::PaddedIntermediate));
    let mut random = seeded(11);
    for _ in 0..400 {
        let mut wire = Vec::new();
        client
            .write_payload(&message(3), false, &mut random, &mut wire)
            .unwrap();
        seen[wire.len() - 4 - message(3).len()] = true;
        let (frames, error) = read(&mut server, [&wire[..]]);
        assert_eq!(error, None);
        let [Owned::Payload(frame)] = &frames[..] else {
            panic!("{frames:?}");
        };
        assert_eq!(unpadded(frame), message(3));
    }
    assert_eq!(seen, [true; 16]);
}

#[test]
fn tr_12_full_frames_are_numbered_from_zero_in_both_directions() {
    let mut client = plain_client(Transport::Full);
    let mut server = server();
    for number in 0..10_u8 {
        let wire = write(&mut client, &words(5));
        assert_eq!(wire[..8], [32, 0, 0, 0, number, 0, 0, 0]);
        let expected = (vec![Owned::Payload(words(5))], None);
        assert_eq!(read(&mut server, [&wire[..]]), expected);

        let wire = write(&mut server, &words(5));
        assert_eq!(wire[..8], [32, 0, 0, 0, number, 0, 0, 0]);
        assert_eq!(read(&mut client, [&wire[..]]), expected);
    }
}

#[test]
fn tr_13_a_flipped_bit_in_a_full_frame_is_noticed_wherever_it_is() {
    let wire = write(&mut plain_client(Transport::Full), &words(5));
    // The length field is another matter: it decides what the sum is taken over.
    for bit in 32..wire.len() * 8 {
        let mut wire = wire.clone();
        wire[bit / 8] ^= 1 << (bit % 8);
        let (frames, error) = client_reads(Transport::Full, &wire);
        assert_eq!(frames, []);
        assert!(
            matches!(error, Some(FrameError::Checksum { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn tr_14_a_repeated_skipped_or_reset_counter_ends_the_stream() {
    let mut sender = plain_client(Transport::Full);
    let frames: Vec<_> = (0..5).map(|_| write(&mut sender, &words(5))).collect();
    for (order, expected, received) in [([0, 1, 1], 2, 1), ([0, 1, 3], 2, 3), ([0, 1, 0], 2, 0)] {
        let wire = order.map(|number| frames[number].clone()).concat();
        let (frames, error) = client_reads(Transport::Full, &wire);
        assert_eq!(frames.len(), 2);
        assert_eq!(
            error,
            Some(FrameError::SequenceNumber { expected, received })
        );
    }
}

#[test]
fn tr_15_full_lengths_below_12_end_the_stream_and_bare_codes_are_transport_errors() {
    for announced in [0, 4, 8, 11, 12, 13, 15, 22] {
        let wire = [u32::to_le_bytes(announced), [0; 4], [0; 4], [0; 4]].concat();
        let (frames, error) = client_reads(Transport::Full, &wire);
        assert_eq!(frames, []);
        assert!(
            matches!(error, Some(FrameError::BadLength { .. })),
            "{announced}: {error:?}"
        );
    }
    for code in [-404, -429] {
        assert_eq!(
            client_reads(Transport::Full, &i32::to_le_bytes(code)),
            (vec![Owned::TransportError(code)], None)
        );
    }
    let (_, mut server) = connected(plain_client(Transport::Full));
    let (frames, error) = read(&mut server, [&i32::to_le_bytes(-404)[..]]);
    assert_eq!(frames, []);
    assert!(
        matches!(error, Some(FrameError::TooLong { .. })),
        "{error:?}"
    );
}

#[test]
fn tr_17_five_hundred_frames_in_one_piece_come_out_in_order() {
    for transport in ALL {
        let mut client = plain_client(transport);
        let wire: Vec<u8> = (1..=500)
            .flat_map(|blocks| write(&mut client, &message(blocks)))
            .collect();
        let (frames, error) = server_reads(&wire);
        assert_eq!((frames.len(), error), (500, None), "{transport:?}");
        for (blocks, frame) in (1..).zip(frames) {
            let Owned::Payload(frame) = frame else {
                panic!("{frame:?}");
            };
            assert_eq!(unpadded(&frame), message(blocks));
        }
    }
}

#[test]
fn tr_18_a_payload_of_one_word_from_the_server_is_a_transport_error() {
    for transport in ALL {
        for code in [-404, -429, -444, -403] {
            for seed in 0..40 {
                let wire = server_wire(transport, |server, out| {
                    server
                        .write_transport_error(code, &mut seeded(seed), out)
                        .unwrap();
                });
                let expected = (vec![Owned::TransportError(code)], None);
                assert_eq!(client_reads(transport, &wire), expected, "{transport:?}");
            }
        }
    }
}

#[test]
fn tr_23_unknown_codes_are_transport_errors_too() {
    for transport in ALL {
        for code in [0, 1, -1, -500, i32::MIN] {
            let wire = server_wire(transport, |server, out| {
                server
                    .write_transport_error(code, &mut seeded(0), out)
                    .unwrap();
            });
            let (frames, error) = client_reads(transport, &wire);
            assert_eq!(error, None);
            // A padded -1 is what a quick acknowledgment begins with.
            if (transport, code) != (Transport::PaddedIntermediate, -1) {
                assert_eq!(frames, [Owned::TransportError(code)], "{transport:?}");
            }
        }
    }
}

#[test]
fn tr_24_quick_acks_travel_in_the_form_of_each_transport() {
    let token = 0x8403_0201;
    for (transport, expected) in [
        (Transport::Abridged, &[0x84, 3, 2, 1][..]),
        (Transport::Intermediate, &[1, 2, 3, 0x84]),
    ] {
        let wire = server_wire(transport, |server, out| {
            server.write_quick_ack(token, &mut seeded(0), out).unwrap();
        });
        assert_eq!(wire, expected);
        assert_eq!(
            client_reads(transport, &wire),
            (vec![Owned::QuickAck(token)], None)
        );
    }
    let mut lengths = [false; 9];
    for seed in 0..200 {
        let wire = server_wire(Transport::PaddedIntermediate, |server, out| {
            server
                .write_quick_ack(token, &mut seeded(seed), out)
                .unwrap();
        });
        assert_eq!(wire[..4], (wire.len() as u32 - 4).to_le_bytes());
        assert_eq!(wire[4..12], [0xff, 0xff, 0xff, 0xff, 1, 2, 3, 0x84]);
        lengths[wire.len() - 12] = true;
        assert_eq!(
            client_reads(Transport::PaddedIntermediate, &wire),
            (vec![Owned::QuickAck(token)], None)
        );
    }
    assert_eq!(lengths, [true; 9]);
}

#[test]
fn tr_24_the_full_transport_has_no_quick_acks() {
    let (mut client, mut server) = connected(plain_client(Transport::Full));
    let mut out = vec![0x55];
    let error = client.write_payload(&words(5), true, &mut seeded(0), &mut out);
    assert_eq!(error, Err(WriteError::NoQuickAck));
    let error = server.write_quick_ack(0x8000_0000, &mut seeded(0), &mut out);
    assert_eq!(error, Err(WriteError::NoQuickAck));
    assert_eq!(out, [0x55]);
}

#[test]
fn tr_27_a_request_for_a_quick_ack_is_one_bit_of_the_length() {
    for transport in [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::PaddedIntermediate,
    ] {
        for payload in [message(2), message(40)] {
            let (mut client, mut server) = connected(plain_client(transport));
            let mut acked = Vec::new();
            client
                .write_payload(&payload, true, &mut seeded(3), &mut acked)
                .unwrap();
            let plain = write(&mut client, &payload);
            let differing: Vec<_> = (0..plain.len())
                .filter(|i| plain[*i] != acked[*i])
                .collect();
            // The last byte of the little-endian word, or the first and perhaps only byte of the abridged length.
            let byte = if transport == Transport::Abridged {
                0
            } else {
                3
            };
            assert_eq!(differing, [byte], "{transport:?}");
            assert_eq!(plain[byte] ^ acked[byte], 0x80);

            let (frames, error) = read(&mut server, [&acked[..], &plain]);
            assert_eq!(error, None);
            let [Owned::AckedPayload(first), Owned::Payload(second)] = &frames[..] else {
                panic!("{frames:?}");
            };
            assert_eq!(unpadded(first), payload);
            assert_eq!(unpadded(second), payload);
        }
    }
}

#[test]
fn tr_41_a_second_stream_starts_with_fresh_state() {
    for config in [
        ClientTransport::plain(Transport::Full),
        ClientTransport::obfuscated(Transport::Abridged),
    ] {
        let mut random = seeded(41);
        for _connection in 0..3 {
            let client = Framer::client(&config, FrameLimits::default(), &mut random).unwrap();
            let (mut client, mut server) = connected(client);
            let wire = write(&mut client, &message(2));
            let expected = (vec![Owned::Payload(message(2))], None);
            assert_eq!(read(&mut server, [&wire[..]]), expected);
        }
    }
}

#[test]
fn the_abridged_transport_refuses_what_is_not_whole_words() {
    let mut client = plain_client(Transport::Abridged);
    let mut out = Vec::new();
    let error = client.write_payload(&[0; 6], false, &mut seeded(0), &mut out);
    assert_eq!(error, Err(WriteError::NotWholeWords { len: 6 }));
    // Not even the tag went out, and it is not forgotten.
    assert!(out.is_empty());
    assert_eq!(write(&mut client, &[0; 4])[..2], [0xef, 1]);
}

#[test]
fn a_server_has_nothing_to_say_before_it_knows_how() {
    let mut server = server();
    let mut out = Vec::new();
    let error = server.write_payload(&[0; 8], false, &mut seeded(0), &mut out);
    assert_eq!(error, Err(WriteError::NotDetected));
    assert!(out.is_empty());
}

#[test]
fn payloads_are_lent_in_place_and_may_be_decrypted_there() {
    let (mut client, mut server) = connected(obfuscated_client(Transport::Intermediate, 5));
    let wire = [
        write(&mut client, &message(1)),
        write(&mut client, &message(2)),
    ]
    .concat();
    server.handle_bytes(&wire).unwrap();
    let Ok(Some(mtproto_core::transport::Frame::Payload { data, .. })) = server.poll_frame() else {
        panic!("the first frame is whole");
    };
    data.fill(0xff);
    assert_eq!(
        read(&mut server, [&[][..]]),
        (vec![Owned::Payload(message(2))], None)
    );
}
