//! What a session sends at once: one message, or several in a container, typed and not yet sealed.

use alloc::vec::Vec;

use super::QueryId;
use crate::ids::{MsgId, SeqNo};
use crate::tl::{Combinator, Writer, service::MsgContainer};

/// The plaintext of one encrypted message, but for what belongs to the key: salt, session and padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The identifier of the message, or of the container.
    pub msg_id: MsgId,
    /// Its sequence number.
    pub seq_no: SeqNo,
    /// What it holds.
    pub content: Content,
    /// The queries in it for which the client wants a quick acknowledgement; none in a server's packet.
    pub quick_ack: Vec<QueryId>,
}

/// What a [`Packet`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The body of the message.
    Single(Vec<u8>),
    /// The messages of a container.
    Container(Vec<InnerMessage>),
}

/// A message inside a container.
///
/// Section: <https://core.telegram.org/mtproto/service_messages#simple-container>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerMessage {
    /// Its identifier, below that of the container.
    pub msg_id: MsgId,
    /// Its sequence number.
    pub seq_no: SeqNo,
    /// Its body: one boxed object, a multiple of 4 bytes.
    pub body: Vec<u8>,
}

impl InnerMessage {
    /// Bytes that a message takes in a container beside its body.
    pub const OVERHEAD: usize = 16;
}

impl Packet {
    /// Appends the body of the message as it is encrypted: the object itself, or `msg_container` with its messages.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        match &self.content {
            Content::Single(body) => out.extend_from_slice(body),
            Content::Container(messages) => {
                let mut writer = Writer::new(out);
                writer.constructor(MsgContainer::ID).count(messages.len());
                for message in messages {
                    writer
                        .long(message.msg_id.0)
                        .int(message.seq_no.0)
                        .count(message.body.len())
                        .raw(&message.body);
                }
            }
        }
    }

    /// The messages that carry content: the single one, or those of the container.
    pub fn messages(&self) -> impl Iterator<Item = (MsgId, SeqNo, &[u8])> {
        let (single, inner) = match &self.content {
            Content::Single(body) => (Some((self.msg_id, self.seq_no, body.as_slice())), &[][..]),
            Content::Container(messages) => (None, messages.as_slice()),
        };
        single.into_iter().chain(
            inner
                .iter()
                .map(|message| (message.msg_id, message.seq_no, message.body.as_slice())),
        )
    }
}
