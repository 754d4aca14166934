//! Opening containers, copies and compressed bodies, each at most once: nothing nests in its own kind.
//!
//! Sections: <https://core.telegram.org/mtproto/service_messages#containers>,
//! <https://core.telegram.org/mtproto/service_messages#packed-object>.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Role;
use super::ledger::Ledger;
use crate::error::PeerMisbehaved;
use crate::ids::{MsgId, SeqNo};
use crate::message::container::{self, ContainerError};
use crate::message::gzip;
use crate::tl::service::MsgContainer;
use crate::tl::{ReadErrorKind, ServiceMessage};

/// A message to be handled, with its own identifier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) id: MsgId,
    pub(super) seq_no: SeqNo,
    pub(super) body: &'a [u8],
}

/// What one encrypted message holds.
#[derive(Debug)]
pub(super) enum Unpacked<'a> {
    Single(Part<'a>),
    Container(Vec<Part<'a>>),
}

impl Ledger {
    /// The messages in `body`, which came as message `id`: itself, or those of its container.
    ///
    /// A container is taken or refused as a whole.
    pub(super) fn unpack<'a>(
        &self,
        id: MsgId,
        seq_no: SeqNo,
        body: &'a [u8],
    ) -> Result<Unpacked<'a>, PeerMisbehaved> {
        match parse(body)? {
            Some(ServiceMessage::MsgContainer(container)) => {
                let parts = self.read_container(id, container)?;
                Ok(Unpacked::Container(parts))
            }
            Some(ServiceMessage::MsgCopy(copy)) => {
                let inner = Part {
                    id: copy.msg_id,
                    seq_no: copy.seq_no,
                    body: copy.body,
                };
                self.check_inner(id, &inner)?;
                Ok(Unpacked::Container([inner].to_vec()))
            }
            _ => Ok(Unpacked::Single(Part { id, seq_no, body })),
        }
    }

    fn read_container<'a>(
        &self,
        id: MsgId,
        messages: MsgContainer<'a>,
    ) -> Result<Vec<Part<'a>>, PeerMisbehaved> {
        container::read(id, messages)
            .map_err(broken_rule)?
            .map(|message| {
                let part = Part {
                    id: message.msg_id,
                    seq_no: message.seq_no,
                    body: message.body,
                };
                self.check_inner(id, &part).map(|()| part)
            })
            .collect()
    }

    fn check_inner(&self, container: MsgId, part: &Part<'_>) -> Result<(), PeerMisbehaved> {
        if part.id >= container {
            return Err(PeerMisbehaved::InnerMsgIdNotLower);
        }
        match self.role {
            Role::Client if !part.id.is_server() => return Err(PeerMisbehaved::EvenInnerMsgId),
            Role::Server if !part.id.is_client() => return Err(PeerMisbehaved::MsgIdNotDivisible),
            _ => {}
        }
        match parse(part.body) {
            Ok(Some(ServiceMessage::MsgContainer(_) | ServiceMessage::MsgCopy(_))) => {
                Err(PeerMisbehaved::NestedContainer)
            }
            _ => Ok(()),
        }
    }

    /// The body with its compression undone, if it has any.
    pub(super) fn inflate<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, PeerMisbehaved> {
        let unpacked = gzip::unpack(body, self.config.inflated_bytes);
        let Some(inflated) = unpacked.map_err(|_| PeerMisbehaved::InvalidGzip)? else {
            return Ok(Cow::Borrowed(body));
        };
        match parse(&inflated) {
            Ok(Some(ServiceMessage::MsgContainer(_) | ServiceMessage::MsgCopy(_))) | Err(_) => {
                Err(PeerMisbehaved::InvalidGzip)
            }
            Ok(_) => Ok(Cow::Owned(inflated)),
        }
    }
}

const fn broken_rule(error: ContainerError) -> PeerMisbehaved {
    match error {
        ContainerError::Count { count } if count > 0 => PeerMisbehaved::ContainerTooLong,
        ContainerError::InnerIdNotLower { .. } => PeerMisbehaved::InnerMsgIdNotLower,
        ContainerError::Nested => PeerMisbehaved::NestedContainer,
        _ => PeerMisbehaved::InvalidContainer,
    }
}

/// The service message in `body`; `None` is an object of the API.
pub(super) fn parse(body: &[u8]) -> Result<Option<ServiceMessage<'_>>, PeerMisbehaved> {
    ServiceMessage::parse(body).map_err(|error| match error.kind {
        ReadErrorKind::VectorTooLong { .. } => PeerMisbehaved::TooManyIds,
        _ => PeerMisbehaved::MalformedServiceMessage,
    })
}
