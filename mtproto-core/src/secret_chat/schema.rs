//! The closed list of objects of the secret-chat layer that the core reads and writes; all others are opaque.
//!
//! Section: <https://core.telegram.org/schema/end-to-end>.

use alloc::vec::Vec;

use crate::ids::ConstructorId;
use crate::tl::{ReadError, Reader, VECTOR, Writer};

const MESSAGE_LAYER: ConstructorId = ConstructorId(0x1be3_1789);
/// `decryptedMessageService` of layer 17 and later.
const SERVICE: ConstructorId = ConstructorId(0x7316_4160);
/// `decryptedMessageService` of layer 8, in which layers are announced.
const SERVICE_OF_LAYER_8: ConstructorId = ConstructorId(0xaa48_327d);
const DELETE_MESSAGES: ConstructorId = ConstructorId(0x6561_4304);
const RESEND: ConstructorId = ConstructorId(0x5111_10b0);
const NOTIFY_LAYER: ConstructorId = ConstructorId(0xf304_8883);
const REQUEST_KEY: ConstructorId = ConstructorId(0xf3c9_611b);
const ACCEPT_KEY: ConstructorId = ConstructorId(0x6fe1_735b);
const ABORT_KEY: ConstructorId = ConstructorId(0xdd05_ec6b);
const COMMIT_KEY: ConstructorId = ConstructorId(0xec2e_0b9b);
const NOOP: ConstructorId = ConstructorId(0xa82f_dd63);

/// Random bytes in front of each message; no fewer than 15 are asked for.
pub const RANDOM_BYTES: usize = 15;

/// `decryptedMessageLayer`: a message with its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecryptedMessageLayer<'a> {
    /// Bytes without a meaning.
    pub random_bytes: &'a [u8],
    /// The layer that the message is written in.
    pub layer: i32,
    /// Twice the number of messages received, plus the receiver's mark.
    pub in_seq_no: i32,
    /// Twice the number of messages sent before, plus the sender's mark.
    pub out_seq_no: i32,
    /// A boxed `DecryptedMessage`.
    pub message: &'a [u8],
}

impl<'a> DecryptedMessageLayer<'a> {
    /// Reads the whole of `content`.
    ///
    /// # Errors
    /// The first field that is malformed or cut off.
    pub fn read(content: &'a [u8]) -> Result<Self, ReadError> {
        let mut reader = Reader::new(content);
        reader.expect(MESSAGE_LAYER)?;
        let layer = Self {
            random_bytes: reader.bytes()?,
            layer: reader.int()?,
            in_seq_no: reader.int()?,
            out_seq_no: reader.int()?,
            message: reader.rest(),
        };
        reader.constructor()?;
        Ok(layer)
    }

    /// The boxed object.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len().saturating_add(64));
        Writer::new(&mut out)
            .constructor(MESSAGE_LAYER)
            .bytes(self.random_bytes)
            .int(self.layer)
            .int(self.in_seq_no)
            .int(self.out_seq_no)
            .raw(self.message);
        out
    }
}

/// An action of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// `decryptedMessageActionDeleteMessages`.
    DeleteMessages(Vec<i64>),
    /// `decryptedMessageActionResend`: sequence numbers as they travel, both ends included.
    Resend {
        /// The first message wanted.
        start_seq_no: i32,
        /// The last message wanted.
        end_seq_no: i32,
    },
    /// `decryptedMessageActionNotifyLayer`.
    NotifyLayer(i32),
    /// `decryptedMessageActionRequestKey`.
    RequestKey {
        /// The change of keys.
        exchange_id: i64,
        /// The public number of the one who begins it.
        g_a: &'a [u8],
    },
    /// `decryptedMessageActionAcceptKey`.
    AcceptKey {
        /// The change of keys.
        exchange_id: i64,
        /// The public number of the one who accepts it.
        g_b: &'a [u8],
        /// The new key's.
        key_fingerprint: i64,
    },
    /// `decryptedMessageActionAbortKey`.
    AbortKey {
        /// The change of keys.
        exchange_id: i64,
    },
    /// `decryptedMessageActionCommitKey`.
    CommitKey {
        /// The change of keys.
        exchange_id: i64,
        /// The new key's.
        key_fingerprint: i64,
    },
    /// `decryptedMessageActionNoop`.
    Noop,
}

impl<'a> Action<'a> {
    /// The action in a boxed `decryptedMessageService`; `None` if it is none of the list, or another object.
    ///
    /// # Errors
    /// The action is on the list and malformed.
    pub fn read(message: &'a [u8]) -> Result<Option<Self>, ReadError> {
        let mut reader = Reader::new(message);
        match reader.constructor()? {
            SERVICE => {
                reader.long()?;
            }
            SERVICE_OF_LAYER_8 => {
                reader.long()?;
                reader.bytes()?;
            }
            _ => return Ok(None),
        }
        let action = match reader.constructor()? {
            // Only ever written: what a peer deletes is the caller's business.
            RESEND => Self::Resend {
                start_seq_no: reader.int()?,
                end_seq_no: reader.int()?,
            },
            NOTIFY_LAYER => Self::NotifyLayer(reader.int()?),
            REQUEST_KEY => Self::RequestKey {
                exchange_id: reader.long()?,
                g_a: reader.bytes()?,
            },
            ACCEPT_KEY => Self::AcceptKey {
                exchange_id: reader.long()?,
                g_b: reader.bytes()?,
                key_fingerprint: reader.long()?,
            },
            ABORT_KEY => Self::AbortKey {
                exchange_id: reader.long()?,
            },
            COMMIT_KEY => Self::CommitKey {
                exchange_id: reader.long()?,
                key_fingerprint: reader.long()?,
            },
            NOOP => Self::Noop,
            _ => return Ok(None),
        };
        reader.finish()?;
        Ok(Some(action))
    }

    /// The boxed `decryptedMessageService` that carries the action.
    #[must_use]
    pub fn to_message(&self, random_id: i64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.constructor(SERVICE).long(random_id);
        match self {
            Self::DeleteMessages(ids) => {
                writer.constructor(DELETE_MESSAGES).constructor(VECTOR);
                writer.count(ids.len());
                for id in ids {
                    writer.long(*id);
                }
                &mut writer
            }
            Self::Resend {
                start_seq_no,
                end_seq_no,
            } => writer
                .constructor(RESEND)
                .int(*start_seq_no)
                .int(*end_seq_no),
            Self::NotifyLayer(layer) => writer.constructor(NOTIFY_LAYER).int(*layer),
            Self::RequestKey { exchange_id, g_a } => writer
                .constructor(REQUEST_KEY)
                .long(*exchange_id)
                .bytes(g_a),
            Self::AcceptKey {
                exchange_id,
                g_b,
                key_fingerprint,
            } => writer
                .constructor(ACCEPT_KEY)
                .long(*exchange_id)
                .bytes(g_b)
                .long(*key_fingerprint),
            Self::AbortKey { exchange_id } => writer.constructor(ABORT_KEY).long(*exchange_id),
            Self::CommitKey {
                exchange_id,
                key_fingerprint,
            } => writer
                .constructor(COMMIT_KEY)
                .long(*exchange_id)
                .long(*key_fingerprint),
            Self::Noop => writer.constructor(NOOP),
        };
        out
    }
}
