//! Several messages in one: `msg_container`.
//!
//! A container is taken as a whole or not at all, so all of it is checked before its first message is handed out.
//! Section: <https://core.telegram.org/mtproto/service_messages#simple-container>.

use alloc::vec::Vec;
use core::fmt;

use crate::ids::{ConstructorId, MsgId, SeqNo};
use crate::tl::service::MsgContainer;
use crate::tl::{Combinator, Reader, Writer};

/// The most messages that one container may hold.
pub const MAX_MESSAGES: usize = 1024;
/// The most bytes of content that our own containers carry.
pub const MAX_BYTES: usize = 1 << 20;

/// Bytes in front of the body of each message: identifier, sequence number, length.
const MESSAGE_HEADER: usize = 16;
/// Bytes in front of the first message: constructor and count.
const CONTAINER_HEADER: usize = 8;

/// A message in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its identifier, lower than the container's.
    pub msg_id: MsgId,
    /// Its sequence number.
    pub seq_no: SeqNo,
    /// Its body: at least a constructor, and not another container.
    pub body: &'a [u8],
}

/// The messages of a container that has been checked.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    left: usize,
    reader: Reader<'a>,
}

/// Checks a whole container that came in the message `outer`.
///
/// # Errors
/// The first rule that it breaks; then none of its messages may be used.
pub fn read<'a>(outer: MsgId, container: MsgContainer<'a>) -> Result<Messages<'a>, ContainerError> {
    let mut reader = Reader::new(container.messages);
    let count = reader.int().map_err(|_| ContainerError::CutOff)?;
    let left = usize::try_from(count)
        .ok()
        .filter(|count| *count <= MAX_MESSAGES)
        .ok_or(ContainerError::Count { count })?;
    let messages = Messages {
        left,
        reader: reader.clone(),
    };
    for _ in 0..left {
        let message = message(&mut reader)?;
        if message.msg_id >= outer {
            return Err(ContainerError::InnerIdNotLower {
                msg_id: message.msg_id,
            });
        }
        if constructor(message.body) == Some(MsgContainer::ID) {
            return Err(ContainerError::Nested);
        }
    }
    reader.finish().map_err(|_| ContainerError::TrailingBytes)?;
    Ok(messages)
}

fn message<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, ContainerError> {
    let cut_off = |_| ContainerError::CutOff;
    let msg_id = MsgId(reader.long().map_err(cut_off)?);
    let seq_no = SeqNo(reader.int().map_err(cut_off)?);
    let len = reader.int().map_err(cut_off)?;
    let body = usize::try_from(len)
        .ok()
        .filter(|len| *len >= 4 && len % 4 == 0)
        .and_then(|len| reader.take(len).ok())
        .ok_or(ContainerError::Length { msg_id, len })?;
    Ok(Message {
        msg_id,
        seq_no,
        body,
    })
}

fn constructor(body: &[u8]) -> Option<ConstructorId> {
    Reader::new(body).peek_constructor()
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        self.left = self.left.checked_sub(1)?;
        message(&mut self.reader).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Messages<'_> {}

/// Builds the body of a container, within its limits.
///
/// # Examples
/// ```
/// use mtproto_core::ids::{MsgId, SeqNo};
/// use mtproto_core::message::container::Builder;
/// let mut body = Vec::new();
/// let mut container = Builder::new(&mut body);
/// assert!(container.push(MsgId(4), SeqNo(1), &[0; 8]));
/// assert_eq!(container.len(), 1);
/// assert_eq!(body.len(), 8 + 16 + 8);
/// ```
#[derive(Debug)]
pub struct Builder<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    count: usize,
}

impl<'a> Builder<'a> {
    /// An empty container at the end of `out`; it is well-formed after every step.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Writer::new(out).constructor(MsgContainer::ID).int(0);
        Self {
            out,
            start,
            count: 0,
        }
    }

    /// Adds a message, or returns `false` and adds nothing if it does not fit.
    ///
    /// A message that alone exceeds [`MAX_BYTES`] fits into an empty container.
    #[must_use]
    pub fn push(&mut self, msg_id: MsgId, seq_no: SeqNo, body: &[u8]) -> bool {
        if !self.fits(body.len()) {
            return false;
        }
        self.count = self.count.saturating_add(1);
        Writer::new(self.out)
            .long(msg_id.0)
            .int(seq_no.0)
            .count(body.len())
            .raw(body);
        let count = u32::try_from(self.count).unwrap_or(u32::MAX).to_le_bytes();
        let at = self.start.saturating_add(4);
        if let Some(field) = self.out.get_mut(at..at.saturating_add(4)) {
            field.copy_from_slice(&count);
        }
        true
    }

    /// Whether a message with a body of `body_len` bytes fits.
    #[must_use]
    pub fn fits(&self, body_len: usize) -> bool {
        let used = self.out.len().saturating_sub(self.start);
        let with = used.saturating_add(MESSAGE_HEADER).saturating_add(body_len);
        self.count == 0
            || (self.count < MAX_MESSAGES && with <= MAX_BYTES.saturating_add(CONTAINER_HEADER))
    }

    /// Messages added so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no message has been added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The rule that a container breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerError {
    /// It ends inside the header of a message, or has fewer messages than it says.
    CutOff,
    /// It says it has a negative number of messages, or more than [`MAX_MESSAGES`].
    Count {
        /// The count as written.
        count: i32,
    },
    /// The length of a message is under four, not divisible by four, or past the end.
    Length {
        /// The message.
        msg_id: MsgId,
        /// The length as written.
        len: i32,
    },
    /// The identifier of a message is not lower than the container's.
    InnerIdNotLower {
        /// The message.
        msg_id: MsgId,
    },
    /// It holds another container.
    Nested,
    /// Something follows the last message.
    TrailingBytes,
}

impl ContainerError {
    /// The broken rule's identifier in [`crate::rules`].
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::CutOff | Self::Count { .. } => "sv_05",
            Self::Length { .. } => "sv_11",
            Self::InnerIdNotLower { .. } => "sv_08",
            Self::Nested => "sv_03",
            Self::TrailingBytes => "tp_05",
        }
    }
}

impl fmt::Display for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => f.write_str("the container is cut off"),
            Self::Count { count } => write!(f, "the container announces {count} messages"),
            Self::Length { msg_id, len } => {
                write!(
                    f,
                    "message {msg_id} in the container has the impossible length {len}"
                )
            }
            Self::InnerIdNotLower { msg_id } => {
                write!(
                    f,
                    "message {msg_id} in the container is not older than the container"
                )
            }
            Self::Nested => f.write_str("the container holds a container"),
            Self::TrailingBytes => f.write_str("bytes follow the last message of the container"),
        }
    }
}

impl core::error::Error for ContainerError {}
