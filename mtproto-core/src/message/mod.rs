//! Messages as they stand in one frame of a transport.
//!
//! A frame begins with an [`AuthKeyId`]: zero for an unencrypted message ([`plain`]), else the key of an encrypted one
//! ([`encrypted`]; [`encrypted_v1`] for old captures and for the binding of temporary keys).
//! The body may be a [`container`] of messages or packed with [`gzip`].
//! Section: <https://core.telegram.org/mtproto/description>.

pub mod batch;
pub mod container;
pub mod encrypted;
pub mod encrypted_v1;
pub mod gzip;
pub mod plain;

use crate::ids::{AuthKeyId, MsgId, SeqNo, ServerSalt, SessionId};

/// The key that a frame names, or `None` for a frame under eight bytes.
#[must_use]
pub fn auth_key_id(frame: &[u8]) -> Option<AuthKeyId> {
    frame.first_chunk().map(|id| AuthKeyId(*id))
}

/// The fields in front of the body of an encrypted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The salt that the sender believes valid.
    pub salt: ServerSalt,
    /// The session.
    pub session_id: SessionId,
    /// The message's identifier.
    pub msg_id: MsgId,
    /// The message's sequence number.
    pub seq_no: SeqNo,
}

/// Bytes of a [`Header`] with the length that follows it.
const HEADER_LEN: usize = 32;
/// Bytes of `auth_key_id` and `msg_key`, in front of the encrypted part.
const ENVELOPE_LEN: usize = 24;

impl Header {
    /// Appends the header and the length of the body.
    fn write(&self, body_len: usize, out: &mut alloc::vec::Vec<u8>) {
        crate::tl::Writer::new(out)
            .long(self.salt.0)
            .long(self.session_id.0)
            .long(self.msg_id.0)
            .int(self.seq_no.0)
            .count(body_len);
    }

    /// The header, the length as written, and what follows.
    fn read(plaintext: &[u8]) -> Option<(Self, i32, &[u8])> {
        let mut reader = crate::tl::Reader::new(plaintext);
        let header = Self {
            salt: ServerSalt(reader.long().ok()?),
            session_id: SessionId(reader.long().ok()?),
            msg_id: MsgId(reader.long().ok()?),
            seq_no: SeqNo(reader.int().ok()?),
        };
        Some((header, reader.int().ok()?, reader.rest()))
    }
}
