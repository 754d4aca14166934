//! Decryption of one frame, with a verdict on what is wrong where the core only says "discard".
//!
//! A wiretap is no party of the protocol: it may tell faults apart.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::{self, Direction};
use mtproto_core::crypto::{aes_ige, envelope};
use mtproto_core::ids::{MsgId, MsgKey, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::encrypted::{MAX_PADDING, MIN_PADDING};
use mtproto_core::message::{Header, encrypted_v1};
use mtproto_core::tl::Reader;

use crate::record::{Fault, Version};

/// Bytes of `auth_key_id` and `msg_key`.
const ENVELOPE: usize = 24;
/// Bytes of salt, session, identifier, sequence number and length.
const HEADER: usize = 32;
const BLOCK: usize = 16;

/// A decrypted message, still in its frame.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) header: Header,
    pub(super) body: &'a [u8],
    pub(super) padding: usize,
    pub(super) version: Version,
    /// Rules that the message breaks although it could be read.
    pub(super) faults: Vec<Fault>,
}

/// Why a frame could not be opened although its key is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Shorter than any encrypted message.
    Short(usize),
    /// The `msg_key` is not that of the content.
    MsgKey {
        /// It is if the message went the other way.
        reflected: bool,
    },
    /// The message claims an impossible length.
    Length(i32),
}

impl Refusal {
    /// The rule that the frame breaks.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::Short(_) => "en_18",
            Self::MsgKey { reflected: false } => "en_02",
            Self::MsgKey { reflected: true } => "en_07",
            Self::Length(_) => "en_12",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short(len) => {
                write!(f, "a frame of {len} bytes is too short for an encrypted message")
            }
            Self::MsgKey { reflected: false } => {
                f.write_str("msg_key does not match the content: the frame was altered, or the key is another one")
            }
            Self::MsgKey { reflected: true } => f.write_str(
                "msg_key matches only in the other direction: the frame was reflected, or its sender derives \
                 keys for the wrong side",
            ),
            Self::Length(len) => write!(f, "the decrypted message claims a length of {len} bytes"),
        }
    }
}

/// Decrypts a frame in place and checks it.
pub(super) fn open<'a>(
    key: &AuthKey,
    direction: Direction,
    frame: &'a mut [u8],
) -> Result<Opened<'a>, Refusal> {
    let Some(msg_key) = frame.get(8..).and_then(|rest| rest.first_chunk::<16>()) else {
        return Err(Refusal::Short(frame.len()));
    };
    let msg_key = MsgKey(*msg_key);
    // A padded transport leaves up to 15 bytes behind the last block.
    let encrypted = frame.len() - ENVELOPE;
    let whole = encrypted - encrypted % BLOCK;
    if whole < HEADER + BLOCK {
        return Err(Refusal::Short(frame.len()));
    }
    let frame = &mut frame[..ENVELOPE + whole];
    if decrypts(key, &msg_key, direction, &mut frame[ENVELOPE..]) {
        let mut opened = read(&frame[ENVELOPE..])?;
        if !(MIN_PADDING..=MAX_PADDING).contains(&opened.padding) {
            let rule = if opened.padding < MIN_PADDING {
                "en_10"
            } else {
                "en_11"
            };
            let padding = opened.padding;
            let text =
                format!("{padding} bytes of padding, {MIN_PADDING} to {MAX_PADDING} are allowed");
            opened.faults.push(Fault { rule, text });
        }
        return Ok(opened);
    }
    let mut copy = frame[ENVELOPE..].to_vec();
    if decrypts(key, &msg_key, direction.reverse(), &mut copy) {
        return Err(Refusal::MsgKey { reflected: true });
    }
    open_v1(key, direction, frame)
}

/// Whether `ciphertext` matches its `msg_key`; if so, it is the plaintext now, else it is unchanged.
fn decrypts(key: &AuthKey, msg_key: &MsgKey, direction: Direction, ciphertext: &mut [u8]) -> bool {
    let large = envelope::decrypt(key, direction, msg_key, ciphertext);
    debug_assert!(large.is_ok(), "whole blocks");
    if large.is_ok_and(|large| kdf::msg_key(&large) == *msg_key) {
        return true;
    }
    let keys = kdf::keys_v2(key, msg_key, direction);
    let restored = aes_ige::encrypt(&keys.key, &keys.iv, ciphertext);
    debug_assert!(restored.is_ok(), "whole blocks");
    false
}

fn read(plaintext: &[u8]) -> Result<Opened<'_>, Refusal> {
    let mut reader = Reader::new(plaintext);
    let mut long = || reader.long().unwrap_or_default(); // HEADER bytes are there
    let (salt, session_id, msg_id) = (ServerSalt(long()), SessionId(long()), MsgId(long()));
    let seq_no = SeqNo(reader.int().unwrap_or_default());
    let len = reader.int().unwrap_or_default();
    let rest = reader.rest();
    let Some(body) = usize::try_from(len).ok().and_then(|len| rest.get(..len)) else {
        return Err(Refusal::Length(len));
    };
    let mut faults = Vec::new();
    if body.len() % 4 != 0 {
        faults.push(Fault {
            rule: "en_14",
            text: format!("a body of {len} bytes, not divisible by four"),
        });
    }
    Ok(Opened {
        header: Header {
            salt,
            session_id,
            msg_id,
            seq_no,
        },
        body,
        padding: rest.len() - body.len(),
        version: Version::V2,
        faults,
    })
}

fn open_v1<'a>(
    key: &AuthKey,
    direction: Direction,
    frame: &'a mut [u8],
) -> Result<Opened<'a>, Refusal> {
    let encrypted = frame.len() - ENVELOPE;
    let opened = encrypted_v1::open(key, direction, frame)
        .map_err(|_| Refusal::MsgKey { reflected: false })?;
    let padding = encrypted - HEADER - opened.body.len();
    let faults = Vec::new();
    Ok(Opened {
        header: opened.header,
        body: opened.body,
        padding,
        version: Version::V1,
        faults,
    })
}

#[cfg(test)]
mod tests {
    use mtproto_core::message::encrypted;
    use mtproto_core::random::SecureRandom;

    use super::*;

    struct Zeros;
    impl SecureRandom for Zeros {
        fn fill(&mut self, dest: &mut [u8]) {
            dest.fill(0);
        }
    }

    const HEADER: Header = Header {
        salt: ServerSalt(1),
        session_id: SessionId(2),
        msg_id: MsgId(4),
        seq_no: SeqNo(1),
    };

    fn sealed(key: &AuthKey, direction: Direction) -> Vec<u8> {
        let mut frame = Vec::new();
        encrypted::seal(key, direction, &HEADER, b"eight by", &mut Zeros, &mut frame);
        frame
    }

    #[test]
    fn messages_of_both_versions_are_opened() {
        let key = AuthKey::new(std::array::from_fn(|n| n as u8));
        let direction = Direction::ServerToClient;
        let mut frame = sealed(&key, direction);
        frame.extend_from_slice(b"padding"); // of the transport
        let opened = open(&key, direction, &mut frame).unwrap();
        assert_eq!((opened.header, opened.body), (HEADER, &b"eight by"[..]));
        assert_eq!((opened.version, opened.faults), (Version::V2, vec![]));

        let mut frame = Vec::new();
        encrypted_v1::seal(
            &key,
            direction,
            &HEADER,
            b"eight by",
            &mut Zeros,
            &mut frame,
        );
        let opened = open(&key, direction, &mut frame).unwrap();
        assert_eq!((opened.header, opened.body), (HEADER, &b"eight by"[..]));
        assert_eq!(opened.version, Version::V1);
    }

    #[test]
    fn faults_are_told_apart() {
        let key = AuthKey::new(std::array::from_fn(|n| n as u8));
        let frame = sealed(&key, Direction::ClientToServer);
        let refused =
            |frame: &[u8]| open(&key, Direction::ServerToClient, &mut frame.to_vec()).unwrap_err();
        assert_eq!(refused(&frame), Refusal::MsgKey { reflected: true });
        assert_eq!(refused(&frame[..71]), Refusal::Short(71));
        let mut altered = sealed(&key, Direction::ServerToClient);
        altered[40] ^= 1;
        assert_eq!(refused(&altered), Refusal::MsgKey { reflected: false });
    }

    #[test]
    fn too_much_padding_is_a_fault_but_no_reason_not_to_read() {
        let key = AuthKey::new(std::array::from_fn(|n| n as u8));
        let mut frame = vec![0; 24 + 32 + 1040];
        frame[24 + 28] = 0; // a body of no bytes
        encrypted::seal_in_place(&key, Direction::ClientToServer, &mut frame);
        let opened = open(&key, Direction::ClientToServer, &mut frame).unwrap();
        assert_eq!(opened.padding, 1040);
        assert_eq!(opened.faults.len(), 1);
    }
}
