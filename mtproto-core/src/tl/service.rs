//! The service messages of an encrypted session, typed.
//!
//! Most of them are generated from the schema.
//! What stands here is what TL cannot express: bodies that go on to the end of the message and are left unread, and
//! who has reason to send what.
//!
//! Sections: <https://core.telegram.org/mtproto/service_messages>,
//! <https://core.telegram.org/mtproto/service_messages_about_messages>.

use super::{Combinator, Field, ReadError, ReadErrorKind, Reader, Writer};
use crate::ids::{ConstructorId, MsgId, SeqNo};

pub use super::generated::about_messages::*;
pub use super::generated::service::*;

/// Several messages in one, left unread; see `message::container`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsgContainer<'a> {
    /// The bare vector of bare messages, from its count to the end of the message.
    pub messages: &'a [u8],
}

impl<'a> Combinator<'a> for MsgContainer<'a> {
    const ID: ConstructorId = ConstructorId(0x73f1_f8dc);

    fn read_bare(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let messages = reader.take(reader.rest().len())?;
        Ok(Self { messages })
    }

    fn write_bare(&self, writer: &mut Writer<'_>) {
        writer.raw(self.messages);
    }
}

/// A message inside another one, to be handled as if it had come bare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsgCopy<'a> {
    /// Identifier of the inner message.
    pub msg_id: MsgId,
    /// Sequence number of the inner message.
    pub seq_no: SeqNo,
    /// Body of the inner message.
    pub body: &'a [u8],
}

impl MsgCopy<'_> {
    const MESSAGE: ConstructorId = ConstructorId(0x5bb8_e511);
}

impl<'a> Combinator<'a> for MsgCopy<'a> {
    const ID: ConstructorId = ConstructorId(0xe060_46b2);

    fn read_bare(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        reader.expect(Self::MESSAGE)?;
        let msg_id = Field::read(reader)?;
        let seq_no = Field::read(reader)?;
        let at = reader.error(ReadErrorKind::ValueOutOfRange);
        let len = usize::try_from(reader.int()?).map_err(|_| at)?;
        if len % 4 != 0 {
            return Err(at);
        }
        let body = reader.take(len)?;
        Ok(Self {
            msg_id,
            seq_no,
            body,
        })
    }

    fn write_bare(&self, writer: &mut Writer<'_>) {
        writer
            .constructor(Self::MESSAGE)
            .long(self.msg_id.0)
            .int(self.seq_no.0)
            .count(self.body.len())
            .raw(self.body);
    }
}

/// Which side of a session has reason to send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Only the client.
    Client,
    /// Either side.
    Either,
    /// Only the server.
    Server,
}

macro_rules! service_messages {
    ($( $name:ident $(<$lt:lifetime>)? from $sender:ident, )+) => {
        /// Any message of the service schema that can stand in an encrypted session.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is described by the type it holds")]
        pub enum ServiceMessage<'a> {
            $( $name($name $(<$lt>)?), )+
        }

        impl<'a> ServiceMessage<'a> {
            /// Reads the body of a message, or `None` if it is no service message but an API object or query.
            ///
            /// # Errors
            /// A body under four bytes, and a service message that is malformed, cut off, or not the whole body.
            pub fn parse(body: &'a [u8]) -> Result<Option<Self>, ReadError> {
                let mut reader = Reader::new(body);
                let message = match reader.constructor()? {
                    $( <$name $(<$lt>)? as Combinator<'_>>::ID => Self::$name(Combinator::read_bare(&mut reader)?), )+
                    _ => return Ok(None),
                };
                reader.finish()?;
                Ok(Some(message))
            }

            /// The number on the wire.
            #[must_use]
            pub const fn id(&self) -> ConstructorId {
                match self { $( Self::$name(_) => <$name $(<$lt>)? as Combinator<'_>>::ID, )+ }
            }

            /// The side that has reason to send it.
            #[must_use]
            pub const fn sender(&self) -> Sender {
                match self { $( Self::$name(_) => Sender::$sender, )+ }
            }

            /// Appends the boxed object.
            pub fn write(&self, writer: &mut Writer<'_>) {
                match self { $( Self::$name(message) => message.write(writer), )+ }
            }
        }

        $( impl<'a> From<$name $(<$lt>)?> for ServiceMessage<'a> {
            fn from(message: $name $(<$lt>)?) -> Self {
                Self::$name(message)
            }
        } )+
    };
}

service_messages! {
    RpcResult<'a> from Server,
    RpcError<'a> from Server,
    MsgsAck<'a> from Either,
    MsgContainer<'a> from Either,
    GzipPacked<'a> from Either,
    BadMsgNotification from Server,
    BadServerSalt from Server,
    MsgsStateReq<'a> from Either,
    MsgsStateInfo<'a> from Either,
    MsgsAllInfo<'a> from Either,
    MsgDetailedInfo from Either,
    MsgNewDetailedInfo from Either,
    MsgResendReq<'a> from Either,
    MsgResendAnsReq<'a> from Either,
    RpcDropAnswer from Client,
    RpcAnswerUnknown from Server,
    RpcAnswerDroppedRunning from Server,
    RpcAnswerDropped from Server,
    GetFutureSalts from Client,
    FutureSalts<'a> from Server,
    Ping from Either,
    PingDelayDisconnect from Client,
    Pong from Either,
    DestroySession from Client,
    DestroySessionOk from Server,
    DestroySessionNone from Server,
    NewSessionCreated from Server,
    DestroyAuthKey from Client,
    DestroyAuthKeyOk from Server,
    DestroyAuthKeyNone from Server,
    DestroyAuthKeyFail from Server,
    MsgCopy<'a> from Either,
    HttpWait from Client,
}
