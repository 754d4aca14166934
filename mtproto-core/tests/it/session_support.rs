//! Shorthands for stories about sessions.

use mtproto_core::ids::{MsgId, SeqNo, ServerSalt};
use mtproto_core::tl::{Combinator, ServiceMessage, service};
use testkit::Heard;

/// A body that no service message has: four bytes of a function's number, and an argument.
pub(crate) fn api(number: u32) -> Vec<u8> {
    [0x0f0f_0f0f_u32.to_le_bytes(), number.to_le_bytes()].concat()
}

/// The messages of all frames, in order.
pub(crate) fn bodies(heard: &[Heard]) -> Vec<&[u8]> {
    heard
        .iter()
        .flat_map(|frame| &frame.messages)
        .map(|message| message.body.as_slice())
        .collect()
}

/// The service messages of all frames, in order.
pub(crate) fn services(heard: &[Heard]) -> Vec<ServiceMessage<'_>> {
    bodies(heard)
        .into_iter()
        .filter_map(|body| ServiceMessage::parse(body).unwrap())
        .collect()
}

/// All identifiers acknowledged.
pub(crate) fn acked(heard: &[Heard]) -> Vec<MsgId> {
    services(heard)
        .iter()
        .filter_map(|message| match message {
            ServiceMessage::MsgsAck(acks) => Some(acks.msg_ids.iter().collect::<Vec<_>>()),
            _ => None,
        })
        .flatten()
        .collect()
}

/// All notices of refused messages: identifier, code, and the salt of `bad_server_salt`.
pub(crate) fn refusals(heard: &[Heard]) -> Vec<(MsgId, i32, Option<ServerSalt>)> {
    services(heard)
        .iter()
        .filter_map(|message| match message {
            ServiceMessage::BadMsgNotification(notice) => {
                Some((notice.bad_msg_id, notice.error_code, None))
            }
            ServiceMessage::BadServerSalt(notice) => Some((
                notice.bad_msg_id,
                notice.error_code,
                Some(notice.new_server_salt),
            )),
            _ => None,
        })
        .collect()
}

/// All results: the query's identifier and the object.
pub(crate) fn results(heard: &[Heard]) -> Vec<(MsgId, Vec<u8>)> {
    services(heard)
        .iter()
        .filter_map(|message| match message {
            ServiceMessage::RpcResult(result) => Some((result.req_msg_id, result.result.to_vec())),
            _ => None,
        })
        .collect()
}

/// The `rpc_result` of a query.
pub(crate) fn result(req_msg_id: MsgId, result: &[u8]) -> Vec<u8> {
    service::RpcResult { req_msg_id, result }.to_bytes()
}

/// A `bad_msg_notification`.
pub(crate) fn bad_message(bad_msg_id: MsgId, error_code: i32) -> Vec<u8> {
    service::BadMsgNotification {
        bad_msg_id,
        bad_msg_seqno: SeqNo(1),
        error_code,
    }
    .to_bytes()
}

/// A `bad_server_salt`.
pub(crate) fn bad_salt(bad_msg_id: MsgId, salt: i64) -> Vec<u8> {
    service::BadServerSalt {
        bad_msg_id,
        bad_msg_seqno: SeqNo(1),
        error_code: 48,
        new_server_salt: ServerSalt(salt),
    }
    .to_bytes()
}

/// A `msgs_ack`.
pub(crate) fn ack(ids: &[MsgId]) -> Vec<u8> {
    service::MsgsAck {
        msg_ids: ids.into(),
    }
    .to_bytes()
}

/// A `ping`.
pub(crate) fn ping(ping_id: i64) -> Vec<u8> {
    service::Ping { ping_id }.to_bytes()
}
