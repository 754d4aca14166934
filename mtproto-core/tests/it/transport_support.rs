//! What the tests of the transports share.

use mtproto_core::random::{ChaChaRandom, SecureRandom};
use mtproto_core::transport::{
    ClientTransport, Frame, FrameError, FrameLimits, Framer, ServerTransport, Transport,
};

pub(crate) const ALL: [Transport; 4] = [
    Transport::Abridged,
    Transport::Intermediate,
    Transport::PaddedIntermediate,
    Transport::Full,
];

pub(crate) const OBFUSCATABLE: [Transport; 3] = [
    Transport::Abridged,
    Transport::Intermediate,
    Transport::PaddedIntermediate,
];

pub(crate) fn seeded(seed: u64) -> ChaChaRandom {
    ChaChaRandom::from_number(seed)
}

/// A [`Frame`] that outlives its stream's buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owned {
    Payload(Vec<u8>),
    AckedPayload(Vec<u8>),
    QuickAck(u32),
    TransportError(i32),
}

impl From<Frame<'_>> for Owned {
    fn from(frame: Frame<'_>) -> Self {
        match frame {
            Frame::Payload {
                data,
                quick_ack_requested: false,
            } => Self::Payload(data.to_vec()),
            Frame::Payload {
                data,
                quick_ack_requested: true,
            } => Self::AckedPayload(data.to_vec()),
            Frame::QuickAck(token) => Self::QuickAck(token),
            Frame::TransportError(code) => Self::TransportError(code),
        }
    }
}

/// All frames that `pieces` give, up to the first error.
pub(crate) fn read<'a>(
    framer: &mut Framer,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Owned>, Option<FrameError>) {
    let mut frames = Vec::new();
    for piece in pieces {
        if let Err(error) = framer.handle_bytes(piece) {
            return (frames, Some(error));
        }
        loop {
            match framer.poll_frame() {
                Ok(Some(frame)) => frames.push(frame.into()),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

pub(crate) fn plain_client(transport: Transport) -> Framer {
    let config = ClientTransport::plain(transport);
    Framer::client(&config, FrameLimits::default(), &mut seeded(1)).unwrap()
}

pub(crate) fn obfuscated_client(transport: Transport, seed: u64) -> Framer {
    let config = ClientTransport::obfuscated(transport);
    Framer::client(&config, FrameLimits::default(), &mut seeded(seed)).unwrap()
}

pub(crate) fn server() -> Framer {
    Framer::server(ServerTransport::default(), FrameLimits::default())
}

/// A server that has seen what `client` sends first, and the client.
pub(crate) fn connected(mut client: Framer) -> (Framer, Framer) {
    let mut server = server();
    let mut wire = Vec::new();
    client
        .write_payload(&message(1), false, &mut seeded(2), &mut wire)
        .unwrap();
    let (frames, error) = read(&mut server, [&wire[..]]);
    assert_eq!((frames.len(), error), (1, None));
    (client, server)
}

/// What a plain server end of `transport` sends.
pub(crate) fn server_wire(
    transport: Transport,
    write: impl FnOnce(&mut Framer, &mut Vec<u8>),
) -> Vec<u8> {
    let (_, mut server) = connected(plain_client(transport));
    let mut wire = Vec::new();
    write(&mut server, &mut wire);
    wire
}

/// Something with the length of an encrypted message with `blocks` blocks.
pub(crate) fn message(blocks: usize) -> Vec<u8> {
    let mut bytes = vec![0; 24 + 16 * blocks];
    seeded(blocks as u64).fill(&mut bytes);
    bytes
}

/// An encrypted message without the padding of its frame, as the message layer cuts it.
pub(crate) fn unpadded(frame: &[u8]) -> &[u8] {
    match frame.len().checked_sub(24) {
        Some(ciphertext) => &frame[..24 + ciphertext / 16 * 16],
        None => frame,
    }
}
