//! All transports on one port.

use mtproto_core::transport::{ClientTransport, FrameError, FrameLimits, Framer, Transport};

use super::transport_support::{ALL, OBFUSCATABLE, Owned, message, read, seeded, server, unpadded};

#[test]
fn tr_39_one_port_understands_every_transport_at_any_speed() {
    let plain = ALL.map(ClientTransport::plain);
    let obfuscated = OBFUSCATABLE.map(ClientTransport::obfuscated);
    for config in plain.iter().chain(&obfuscated) {
        for seed in 0..8 {
            let mut client =
                Framer::client(config, FrameLimits::default(), &mut seeded(seed)).unwrap();
            let mut wire = Vec::new();
            for blocks in [2, 40] {
                client
                    .write_payload(&message(blocks), false, &mut seeded(seed), &mut wire)
                    .unwrap();
            }
            for piece in [1, 3, 64, wire.len()] {
                let mut server = server();
                let (frames, error) = read(&mut server, wire.chunks(piece));
                assert_eq!(error, None);
                let detected = server.detected().unwrap();
                assert_eq!(detected.transport, config.transport);
                assert_eq!(detected.obfuscated, config.obfuscated);
                let [Owned::Payload(first), Owned::Payload(second)] = &frames[..] else {
                    panic!("{frames:?}");
                };
                assert_eq!(unpadded(first), message(2));
                assert_eq!(unpadded(second), message(40));
            }
        }
    }
}

#[test]
fn tr_40_garbage_is_refused_as_soon_as_it_is_known_to_be_garbage() {
    let banner = b"SSH-2.0-OpenSSH_9.9p1 and then something to make it 64 bytes long";
    for garbage in [&banner[..], &[0; 64], &[0xff; 64]] {
        let (frames, error) = read(&mut server(), garbage.chunks(1));
        assert_eq!(frames, []);
        assert!(error.is_some());
    }
    // A server that speaks first would give itself away; a short banner just gets no answer.
    assert_eq!(
        read(&mut server(), [&b"SSH-2.0-Go\r\n"[..]]),
        (vec![], None)
    );
}

#[test]
fn tr_40_a_refused_stream_stays_refused() {
    let mut server = server();
    assert_eq!(
        server.handle_bytes(&[0x5a; 64]),
        Err(FrameError::UnknownTransport)
    );
    assert_eq!(
        server.handle_bytes(&[0xef]),
        Err(FrameError::UnknownTransport)
    );
    assert_eq!(server.poll_frame(), Err(FrameError::UnknownTransport));
    assert_eq!(server.detected(), None);
}

#[test]
fn an_abridged_frame_right_behind_the_tag_is_not_swallowed_by_detection() {
    let mut wire = vec![0xef, 2];
    wire.extend(*b"12345678");
    let (frames, _) = read(&mut server(), [&wire[..]]);
    assert_eq!(frames, [Owned::Payload(b"12345678".to_vec())]);
    assert_eq!(Transport::Abridged.tag(), [0xef]);
}
