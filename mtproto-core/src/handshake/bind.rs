//! Binding a temporary key to a permanent one: the message inside `auth.bindTempAuthKey`.
//!
//! Section: <https://core.telegram.org/method/auth.bindTempAuthKey>.

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::Direction;
use crate::ids::{AuthKeyId, ConstructorId, MsgId, SeqNo, ServerSalt, SessionId};
use crate::message::{Header, encrypted_v1};
use crate::random::{self, SecureRandom};
use crate::tl::key_exchange::BindAuthKeyInner;
use crate::tl::{Combinator, Field, ReadError, Reader, Writer};

/// The function `auth.bindTempAuthKey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindTempAuthKey<'a> {
    /// The permanent key.
    pub perm_auth_key_id: AuthKeyId,
    /// Random, equal to the one inside.
    pub nonce: i64,
    /// Unix time in seconds at which the temporary key ends, equal to the one inside.
    pub expires_at: i32,
    /// The inner message, encrypted with the permanent key by the rules of MTProto 1.0.
    pub encrypted_message: &'a [u8],
}

impl<'a> Combinator<'a> for BindTempAuthKey<'a> {
    const ID: ConstructorId = ConstructorId(0xcdd4_2a05);

    fn read_bare(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        Ok(Self {
            perm_auth_key_id: Field::read(reader)?,
            nonce: reader.long()?,
            expires_at: reader.int()?,
            encrypted_message: reader.bytes()?,
        })
    }

    fn write_bare(&self, writer: &mut Writer<'_>) {
        writer
            .raw(&self.perm_auth_key_id.0)
            .long(self.nonce)
            .int(self.expires_at)
            .bytes(self.encrypted_message);
    }
}

/// Where a call stands that binds a temporary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindContext {
    /// The temporary key, which encrypts the call itself.
    pub temp_auth_key_id: AuthKeyId,
    /// The session in which the call is made.
    pub temp_session_id: SessionId,
    /// The identifier of the message that carries the call.
    pub msg_id: MsgId,
}

/// Makes the body of the call `auth.bindTempAuthKey`, to be sent under the identifier `context.msg_id`.
///
/// `expires_at` is the Unix time in seconds at which the temporary key ends.
#[must_use]
pub fn request(
    perm_auth_key: &AuthKey,
    context: &BindContext,
    expires_at: i32,
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let nonce = i64::from_le_bytes(random::bytes(random));
    let inner = BindAuthKeyInner {
        nonce,
        temp_auth_key_id: context.temp_auth_key_id,
        perm_auth_key_id: perm_auth_key.id(),
        temp_session_id: context.temp_session_id,
        expires_at,
    };
    // Where a message has its salt and session, the binding message has 128 random bits.
    let header = Header {
        salt: ServerSalt(i64::from_le_bytes(random::bytes(random))),
        session_id: SessionId(i64::from_le_bytes(random::bytes(random))),
        msg_id: context.msg_id,
        seq_no: SeqNo(0),
    };
    let mut encrypted_message = Vec::new();
    encrypted_v1::seal(
        perm_auth_key,
        Direction::ClientToServer,
        &header,
        &inner.to_bytes(),
        random,
        &mut encrypted_message,
    );
    BindTempAuthKey {
        perm_auth_key_id: perm_auth_key.id(),
        nonce,
        expires_at,
        encrypted_message: &encrypted_message,
    }
    .to_bytes()
}

/// Checks a call against the place where it stands; `perm_auth_key` is the key that the call names.
///
/// # Errors
/// The first field that does not fit.
pub fn verify(
    call: &BindTempAuthKey<'_>,
    perm_auth_key: &AuthKey,
    context: &BindContext,
) -> Result<(), BindError> {
    let mut message = call.encrypted_message.to_vec();
    let opened = encrypted_v1::open(perm_auth_key, Direction::ClientToServer, &mut message)
        .map_err(|_| BindError::Message)?;
    let mut reader = Reader::new(opened.body);
    let inner = BindAuthKeyInner::read(&mut reader).map_err(|_| BindError::Content)?;
    reader.finish().map_err(|_| BindError::Content)?;
    let rules = [
        (opened.header.msg_id == context.msg_id, BindError::MsgId),
        (opened.header.seq_no == SeqNo(0), BindError::SeqNo),
        (inner.nonce == call.nonce, BindError::Nonce),
        (
            inner.temp_auth_key_id == context.temp_auth_key_id,
            BindError::TempAuthKeyId,
        ),
        (
            inner.perm_auth_key_id == perm_auth_key.id(),
            BindError::PermAuthKeyId,
        ),
        (
            call.perm_auth_key_id == perm_auth_key.id(),
            BindError::PermAuthKeyId,
        ),
        (
            inner.temp_session_id == context.temp_session_id,
            BindError::SessionId,
        ),
        (inner.expires_at == call.expires_at, BindError::ExpiresAt),
    ];
    rules
        .into_iter()
        .find(|(holds, _)| !holds)
        .map_or(Ok(()), |(_, error)| Err(error))
}

/// What does not fit in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindError {
    /// The inner message cannot be opened with the permanent key.
    Message,
    /// The inner message holds something else than `bind_auth_key_inner`.
    Content,
    /// The identifier of the inner message is not that of the call.
    MsgId,
    /// The sequence number of the inner message is not 0.
    SeqNo,
    /// The nonce of the inner message is not that of the call.
    Nonce,
    /// The temporary key is not the one that encrypts the call.
    TempAuthKeyId,
    /// The permanent key is not the one that the call names.
    PermAuthKeyId,
    /// The session is not the one in which the call came.
    SessionId,
    /// The time at which the temporary key ends is not that of the call.
    ExpiresAt,
}

impl BindError {
    /// The message of the `rpc_error` (code 400) that the client gets.
    #[must_use]
    pub const fn rpc_error_message(&self) -> &'static str {
        "ENCRYPTED_MESSAGE_INVALID"
    }

    /// The broken rule's identifier in [`crate::rules`].
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        "pf_04"
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "the binding message cannot be opened with the permanent key",
            Self::Content => "the binding message holds no bind_auth_key_inner",
            Self::MsgId => "msg_id of the binding message is not that of the call",
            Self::SeqNo => "seq_no of the binding message is not 0",
            Self::Nonce => "nonce of the binding message is not that of the call",
            Self::TempAuthKeyId => "temp_auth_key_id is not the key that encrypts the call",
            Self::PermAuthKeyId => "perm_auth_key_id is not the key that the call names",
            Self::SessionId => "temp_session_id is not the session of the call",
            Self::ExpiresAt => "expires_at of the binding message is not that of the call",
        })
    }
}

impl core::error::Error for BindError {}
