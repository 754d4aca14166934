//! The closed list of API calls that the core knows. All others are opaque to it.
//!
//! - `auth.bindTempAuthKey` concerns keys, which belong to the core.
//! - `invokeAfterMsg` and `invokeAfterMsgs` concern the order of messages.

use crate::handshake::bind::BindTempAuthKey;
use crate::ids::{ConstructorId, MsgId};
use crate::tl::{Combinator, Reader};

/// `invokeAfterMsg`: the rest of the body is executed after the query that came as a message.
const INVOKE_AFTER_MSG: ConstructorId = ConstructorId(0xcb9f_372d);

/// A call of the closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KnownCall<'a> {
    /// `auth.bindTempAuthKey`.
    BindTempAuthKey(BindTempAuthKey<'a>),
    /// `invokeAfterMsg`.
    InvokeAfterMsg {
        /// The message of the query that goes first.
        msg_id: MsgId,
        /// The query.
        query: &'a [u8],
    },
}

impl<'a> KnownCall<'a> {
    /// The call in the body of a query, if it is on the list and well-formed.
    #[must_use]
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        match reader.constructor().ok()? {
            <BindTempAuthKey<'_> as Combinator<'_>>::ID => {
                let call = BindTempAuthKey::read_bare(&mut reader).ok()?;
                reader.finish().ok()?;
                Some(Self::BindTempAuthKey(call))
            }
            INVOKE_AFTER_MSG => Some(Self::InvokeAfterMsg {
                msg_id: MsgId(reader.long().ok()?),
                query: reader.rest(),
            }),
            _ => None,
        }
    }
}
