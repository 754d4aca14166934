//! Messages that break the rules: every field as the caller wants it.
//!
//! This is the door for conformance cases and fuzzing. Nothing here is checked; the machines of this crate never use it.

use alloc::vec::Vec;

use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::Direction;
use crate::ids::{AuthKeyId, MsgId, SeqNo, ServerSalt, SessionId};
use crate::message::encrypted;
use crate::random::SecureRandom;
use crate::tl::service::MsgContainer;
use crate::tl::{Combinator, Writer};

/// An encrypted message, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// The key named in front; `None` for that of the key it is sealed with.
    pub auth_key_id: Option<AuthKeyId>,
    /// The salt.
    pub salt: ServerSalt,
    /// The session.
    pub session_id: SessionId,
    /// The identifier.
    pub msg_id: MsgId,
    /// The sequence number.
    pub seq_no: SeqNo,
    /// The length field; `None` for the length of the body.
    pub length: Option<i32>,
    /// The body.
    pub body: Vec<u8>,
    /// Random bytes after the body; `None` for the least that the rules allow.
    pub padding: Option<usize>,
    /// Changed bits of `msg_key`.
    pub msg_key_flaw: [u8; 16],
}

impl RawMessage {
    /// A message that keeps the rules, to be altered.
    #[must_use]
    pub const fn new(
        salt: ServerSalt,
        session_id: SessionId,
        msg_id: MsgId,
        seq_no: SeqNo,
        body: Vec<u8>,
    ) -> Self {
        Self {
            auth_key_id: None,
            salt,
            session_id,
            msg_id,
            seq_no,
            length: None,
            body,
            padding: None,
            msg_key_flaw: [0; 16],
        }
    }

    /// The payload of a frame. What does not fill a block of 16 bytes stays in clear at the end.
    pub fn seal(
        &self,
        key: &AuthKey,
        direction: Direction,
        random: &mut dyn SecureRandom,
    ) -> Vec<u8> {
        const ENVELOPE: usize = 24;
        let length = self
            .length
            .unwrap_or_else(|| i32::try_from(self.body.len()).unwrap_or(i32::MAX));
        let mut frame = Vec::from([0; ENVELOPE]);
        Writer::new(&mut frame)
            .long(self.salt.0)
            .long(self.session_id.0)
            .long(self.msg_id.0)
            .int(self.seq_no.0)
            .int(length)
            .raw(&self.body);
        let plain = frame.len().saturating_sub(ENVELOPE);
        let least = plain
            .saturating_add(encrypted::MIN_PADDING)
            .next_multiple_of(16)
            .saturating_sub(plain);
        let start = frame.len();
        frame.resize(start.saturating_add(self.padding.unwrap_or(least)), 0);
        if let Some(padding) = frame.get_mut(start..) {
            random.fill(padding);
        }
        encrypted::seal_in_place(key, direction, &mut frame);
        if let Some(id) = self.auth_key_id
            && let Some(field) = frame.first_chunk_mut()
        {
            *field = id.0;
        }
        if let Some(msg_key) = frame.get_mut(8..ENVELOPE) {
            for (byte, flaw) in msg_key.iter_mut().zip(self.msg_key_flaw) {
                *byte ^= flaw;
            }
        }
        frame
    }
}

/// A message in a container, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawInner {
    /// The identifier.
    pub msg_id: MsgId,
    /// The sequence number.
    pub seq_no: SeqNo,
    /// The length field; `None` for the length of the body.
    pub length: Option<i32>,
    /// The body.
    pub body: Vec<u8>,
}

impl RawInner {
    /// A message whose length field is right.
    #[must_use]
    pub const fn new(msg_id: MsgId, seq_no: SeqNo, body: Vec<u8>) -> Self {
        Self {
            msg_id,
            seq_no,
            length: None,
            body,
        }
    }
}

/// The body of a container with these messages and this count; `None` for the right one.
#[must_use]
pub fn container(messages: &[RawInner], count: Option<i32>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.constructor(MsgContainer::ID);
    match count {
        Some(count) => writer.int(count),
        None => writer.count(messages.len()),
    };
    for message in messages {
        writer.long(message.msg_id.0).int(message.seq_no.0);
        match message.length {
            Some(length) => writer.int(length),
            None => writer.count(message.body.len()),
        };
        writer.raw(&message.body);
    }
    out
}
