//! The service messages of an encrypted session, typed.
//!
//! Sections: <https://core.telegram.org/mtproto/service_messages>,
//! <https://core.telegram.org/mtproto/service_messages_about_messages>.

use super::combinator::combinators;
use super::{Combinator, Element, Field, ReadError, ReadErrorKind, Reader, Vector, Writer};
use crate::ids::{ConstructorId, MsgId, SeqNo, ServerSalt, SessionId};

combinators! {
    /// Receipt of messages.
    MsgsAck<'a> = 0x62d6_b459 {
        /// The messages received.
        msg_ids: Vector<'a, MsgId>,
    }
    /// A message was refused, for the reason in `error_code` (16–20, 32–35, 48, 64).
    BadMsgNotification = 0xa7ef_f811 {
        /// The message refused.
        bad_msg_id: MsgId,
        /// Its sequence number.
        bad_msg_seqno: SeqNo,
        /// Why.
        error_code: i32,
    }
    /// A message was refused because its salt is not valid now.
    BadServerSalt = 0xedab_447b {
        /// The message refused.
        bad_msg_id: MsgId,
        /// Its sequence number.
        bad_msg_seqno: SeqNo,
        /// 48.
        error_code: i32,
        /// The salt to use from now on.
        new_server_salt: ServerSalt,
    }
    /// Question about the state of messages that the asker sent or expects.
    MsgsStateReq<'a> = 0xda69_fb52 {
        /// The messages in question.
        msg_ids: Vector<'a, MsgId>,
    }
    /// Answer to [`MsgsStateReq`]: one byte for each identifier asked for.
    MsgsStateInfo<'a> = 0x04de_b57d {
        /// The question's message identifier.
        req_msg_id: MsgId,
        /// State bytes in the order of the question.
        info: &'a [u8],
    }
    /// Unasked statement about the state of messages.
    MsgsAllInfo<'a> = 0x8cc0_d131 {
        /// The messages.
        msg_ids: Vector<'a, MsgId>,
        /// One state byte for each.
        info: &'a [u8],
    }
    /// A repeated query already has an answer, which can be asked for.
    MsgDetailedInfo = 0x276d_3ec6 {
        /// The query.
        msg_id: MsgId,
        /// Its answer.
        answer_msg_id: MsgId,
        /// Size of the answer in bytes.
        bytes: i32,
        /// Always 0 today.
        status: i32,
    }
    /// A message was sent that the receiver may not have noticed.
    MsgNewDetailedInfo = 0x809d_b6df {
        /// The message.
        answer_msg_id: MsgId,
        /// Its size in bytes.
        bytes: i32,
        /// Always 0 today.
        status: i32,
    }
    /// Request to send messages again.
    MsgResendReq<'a> = 0x7d86_1a08 {
        /// The messages wanted.
        msg_ids: Vector<'a, MsgId>,
    }
    /// Request to send the answers to queries again.
    MsgResendAnsReq<'a> = 0x8610_baeb {
        /// The queries whose answers are wanted.
        msg_ids: Vector<'a, MsgId>,
    }
    /// Failure of a query, in the place of its result.
    RpcError<'a> = 0x2144_ca19 {
        /// HTTP-like class: 303, 400, 401, 403, 404, 406, 420, 500 and others.
        error_code: i32,
        /// Name in capitals, perhaps with a number at its end; not necessarily UTF-8.
        error_message: &'a [u8],
    }
    /// Request to forget a query or its answer.
    RpcDropAnswer = 0x58e4_a740 {
        /// The query.
        req_msg_id: MsgId,
    }
    /// Nothing is known of the query.
    RpcAnswerUnknown = 0x5e2a_d36e
    /// The query was still running; it gets this object as its answer, too.
    RpcAnswerDroppedRunning = 0xcd78_e586
    /// The answer was waiting and has been forgotten.
    RpcAnswerDropped = 0xa43a_d8b7 {
        /// The answer's message identifier.
        msg_id: MsgId,
        /// The answer's sequence number.
        seq_no: SeqNo,
        /// The answer's size in bytes.
        bytes: i32,
    }
    /// Request for future salts.
    GetFutureSalts = 0xb921_bd04 {
        /// How many: 1 to 64.
        num: i32,
    }
    /// Salts and their windows of validity.
    FutureSalts<'a> = 0xae50_0895 {
        /// The question's message identifier.
        req_msg_id: MsgId,
        /// Unix time at the server, in seconds.
        now: i32,
        /// The salts in the order of their windows.
        salts: Vector<'a, FutureSalt>,
    }
    /// Question whether the peer is there.
    Ping = 0x7abe_77ec {
        /// A number that the answer repeats.
        ping_id: i64,
    }
    /// Ping that also asks to be disconnected if no other follows in time.
    PingDelayDisconnect = 0xf342_7b8c {
        /// A number that the answer repeats.
        ping_id: i64,
        /// Seconds until the server closes the connection.
        disconnect_delay: i32,
    }
    /// Answer to a ping.
    Pong = 0x3477_73c5 {
        /// The ping's message identifier.
        msg_id: MsgId,
        /// The number of the ping.
        ping_id: i64,
    }
    /// Request to forget another session of the same key.
    DestroySession = 0xe751_2126 {
        /// The session.
        session_id: SessionId,
    }
    /// The session has been forgotten.
    DestroySessionOk = 0xe220_45fc {
        /// The session.
        session_id: SessionId,
    }
    /// There was no such session.
    DestroySessionNone = 0x62d3_50c9 {
        /// The session.
        session_id: SessionId,
    }
    /// The server made a new session for a message of the client.
    NewSessionCreated = 0x9ec2_0908 {
        /// Messages below this one that have no answer must be sent again.
        first_msg_id: MsgId,
        /// Changes each time the session is made anew.
        unique_id: i64,
        /// The salt to use from now on.
        server_salt: ServerSalt,
    }
    /// Request to forget the authorization key that encrypts this message.
    DestroyAuthKey = 0xd143_5160
    /// The key has been forgotten.
    DestroyAuthKeyOk = 0xf660_e1d4
    /// The key was not known.
    DestroyAuthKeyNone = 0x0a9f_2259
    /// The key could not be forgotten.
    DestroyAuthKeyFail = 0xea10_9b13
    /// Long polling over HTTP.
    HttpWait = 0x9299_359f {
        /// Milliseconds that the server may wait for more messages after the first.
        max_delay: i32,
        /// Milliseconds to wait after the last message.
        wait_after: i32,
        /// Milliseconds to wait if there is nothing at all.
        max_wait: i32,
    }
    /// An object compressed with gzip, see `message::gzip`.
    GzipPacked<'a> = 0x3072_cfa1 {
        /// The compressed object.
        packed_data: &'a [u8],
    }
}

/// One salt of [`FutureSalts`]; in that vector it stands bare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutureSalt {
    /// Unix time in seconds from which the salt is valid.
    pub valid_since: i32,
    /// Unix time in seconds at which it ends.
    pub valid_until: i32,
    /// The salt.
    pub salt: ServerSalt,
}

impl Element for FutureSalt {
    const SIZE: usize = 16;
    const BOXED: bool = false;

    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            valid_since: reader.int()?,
            valid_until: reader.int()?,
            salt: Field::read(reader)?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer
            .int(self.valid_since)
            .int(self.valid_until)
            .long(self.salt.0);
    }
}

/// The answer to a query, with the result left as it is: an API object, [`RpcError`] or [`GzipPacked`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RpcResult<'a> {
    /// The query's message identifier.
    pub req_msg_id: MsgId,
    /// The boxed object, to the end of the message.
    pub result: &'a [u8],
}

impl<'a> Combinator<'a> for RpcResult<'a> {
    const ID: ConstructorId = ConstructorId(0xf35c_6d01);

    fn read_bare(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let req_msg_id = Field::read(reader)?;
        let result = reader.take(reader.rest().len())?;
        // An object has at least its number.
        if result.len() < 4 {
            return Err(reader.error(ReadErrorKind::UnexpectedEnd));
        }
        Ok(Self { req_msg_id, result })
    }

    fn write_bare(&self, writer: &mut Writer<'_>) {
        writer.long(self.req_msg_id.0).raw(self.result);
    }
}

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
