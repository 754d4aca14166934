//! The closed list of API calls that the core knows. All others are opaque to it.
//!
//! - `auth.bindTempAuthKey` concerns keys, which belong to the core.
//! - `invokeAfterMsg` and `invokeAfterMsgs` concern the order of messages.

use alloc::vec::Vec;

use crate::handshake::bind::BindTempAuthKey;
use crate::ids::{ConstructorId, MsgId};
use crate::tl::{Combinator, Field, Reader, Vector, Writer};

/// `invokeAfterMsg`: the rest of the body is executed after the query that came as a message.
const INVOKE_AFTER_MSG: ConstructorId = ConstructorId(0xcb9f_372d);
/// `invokeAfterMsgs`: the same for several messages.
const INVOKE_AFTER_MSGS: ConstructorId = ConstructorId(0x3dc4_b4f0);

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
    /// `invokeAfterMsgs`.
    InvokeAfterMsgs {
        /// The messages of the queries that go first.
        msg_ids: Vector<'a, MsgId>,
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
            INVOKE_AFTER_MSGS => Some(Self::InvokeAfterMsgs {
                msg_ids: Field::read(&mut reader).ok()?,
                query: reader.rest(),
            }),
            _ => None,
        }
    }
}

/// `query`, to be executed after the queries that left as `msg_ids`.
#[must_use]
pub fn invoke_after(msg_ids: &[MsgId], query: &[u8]) -> Vec<u8> {
    let head = msg_ids.len().saturating_mul(8).saturating_add(12);
    let mut out = Vec::with_capacity(query.len().saturating_add(head));
    let mut writer = Writer::new(&mut out);
    match msg_ids {
        [] => &mut writer,
        [msg_id] => writer.constructor(INVOKE_AFTER_MSG).long(msg_id.0),
        _ => {
            writer.constructor(INVOKE_AFTER_MSGS).vector(msg_ids.len());
            for msg_id in msg_ids {
                writer.long(msg_id.0);
            }
            &mut writer
        }
    }
    .raw(query);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rp_19_the_order_stands_outermost() {
        let query = [1, 2, 3, 4];
        assert_eq!(invoke_after(&[], &query), query);
        let one = invoke_after(&[MsgId(8)], &query);
        assert_eq!(
            KnownCall::read(&one),
            Some(KnownCall::InvokeAfterMsg {
                msg_id: MsgId(8),
                query: &query
            })
        );
        let two = invoke_after(&[MsgId(8), MsgId(12)], &query);
        let Some(KnownCall::InvokeAfterMsgs {
            msg_ids,
            query: inner,
        }) = KnownCall::read(&two)
        else {
            panic!("{two:?}");
        };
        assert!(msg_ids.iter().eq([MsgId(8), MsgId(12)]));
        assert_eq!(inner, query);
        assert_eq!(KnownCall::read(&two[..16]), None);
    }
}
