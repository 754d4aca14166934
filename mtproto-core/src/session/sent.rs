//! What we sent and may still need: bodies until they are acknowledged or answered, identifiers for a while longer.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{PingId, QueryId};
use crate::ids::{MsgId, SeqNo};

/// How many identifiers of containers, and of messages without a sequel, are remembered to recognise notices.
const RECENT: usize = 256;

/// What a message of ours is, and so what may come back for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A query (client).
    Query(QueryId),
    /// A ping.
    Ping(PingId),
    /// `get_future_salts` (client).
    SaltsRequest,
    /// `msgs_state_req` about these messages.
    StateRequest(Vec<MsgId>),
    /// `rpc_drop_answer`, `destroy_session` or `destroy_auth_key` (client).
    Request,
    /// The answer to a query (server).
    Answer { to: MsgId },
    /// An update or `new_session_created` (server).
    Push,
    /// Acknowledgements of these messages. Nothing comes back.
    Acks(Vec<MsgId>),
    /// Pongs, notices, states: nothing comes back.
    Fleeting,
}

impl Kind {
    /// Whether the message is kept until the peer says something about it.
    const fn is_kept(&self) -> bool {
        !matches!(self, Self::Acks(_) | Self::Fleeting)
    }

    /// Whether the message goes out again on the next stream if nothing came back.
    pub(super) const fn survives_stream(&self) -> bool {
        matches!(self, Self::Query(_) | Self::Answer { .. } | Self::Push)
    }
}

/// What a query that comes after others is made of, whatever identifiers these have when it leaves.
#[derive(Debug)]
pub(super) struct Order {
    /// The others.
    pub(super) after: Vec<QueryId>,
    /// The body without the wrapper that names their messages.
    pub(super) body: Arc<[u8]>,
}

/// A message on its way, or kept.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) body: Arc<[u8]>,
    pub(super) content_related: bool,
    /// How often it was sent again because the peer refused it.
    pub(super) attempts: u8,
    /// Must not share a container with others, because the peer refused one.
    pub(super) alone: bool,
    /// The client wants a quick acknowledgement.
    pub(super) quick_ack: bool,
    /// For a query that comes after others.
    pub(super) order: Option<Arc<Order>>,
}

#[derive(Debug)]
pub(super) struct SentMessage {
    pub(super) message: Message,
    pub(super) seq_no: SeqNo,
    pub(super) acked: bool,
}

/// What an identifier that the peer names was to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Never sent, or long ago.
    Unknown,
    /// A message that is kept.
    Kept,
    /// Acknowledgements of these messages.
    Acks(Vec<MsgId>),
    /// A message of which nothing is kept.
    Gone,
    /// A container of these messages.
    Container(Vec<MsgId>),
}

/// The sent side of a session.
#[derive(Debug, Default)]
pub(super) struct Sent {
    kept: BTreeMap<MsgId, SentMessage>,
    kept_bytes: usize,
    /// Messages without a sequel; for acknowledgements, what they acknowledged.
    fleeting: VecDeque<(MsgId, Option<Vec<MsgId>>)>,
    containers: VecDeque<(MsgId, Vec<MsgId>)>,
}

impl Sent {
    /// Notes that `message` went out under `id`.
    pub(super) fn note(&mut self, id: MsgId, seq_no: SeqNo, message: Message) {
        if message.kind.is_kept() {
            self.kept_bytes = self.kept_bytes.saturating_add(message.body.len());
            let sent = SentMessage {
                message,
                seq_no,
                acked: false,
            };
            self.kept.insert(id, sent);
        } else {
            let acks = match message.kind {
                Kind::Acks(ids) => Some(ids),
                _ => None,
            };
            push_bounded(&mut self.fleeting, (id, acks));
        }
    }

    /// Notes that a container `id` of `inner` went out.
    pub(super) fn note_container(&mut self, id: MsgId, inner: Vec<MsgId>) {
        push_bounded(&mut self.containers, (id, inner));
    }

    /// What `id` was. Acknowledgements are handed out once, so that naming them again and again brings no more.
    pub(super) fn named(&mut self, id: MsgId) -> Named {
        if self.kept.contains_key(&id) {
            return Named::Kept;
        }
        if let Some((_, inner)) = self.containers.iter().find(|entry| entry.0 == id) {
            return Named::Container(inner.clone());
        }
        match self.fleeting.iter_mut().find(|entry| entry.0 == id) {
            Some((_, acks)) => acks.take().map_or(Named::Gone, Named::Acks),
            None => Named::Unknown,
        }
    }

    pub(super) fn get(&self, id: MsgId) -> Option<&SentMessage> {
        self.kept.get(&id)
    }

    /// Marks `id` as acknowledged; returns the message if that was new.
    pub(super) fn ack(&mut self, id: MsgId) -> Option<&SentMessage> {
        let sent = self.kept.get_mut(&id).filter(|sent| !sent.acked)?;
        sent.acked = true;
        Some(sent)
    }

    /// Takes `id` out: it is done with, or goes out under another identifier.
    pub(super) fn take(&mut self, id: MsgId) -> Option<SentMessage> {
        let sent = self.kept.remove(&id)?;
        self.kept_bytes = self.kept_bytes.saturating_sub(sent.message.body.len());
        push_bounded(&mut self.fleeting, (id, None));
        Some(sent)
    }

    /// The kept messages in the order of their identifiers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (MsgId, &SentMessage)> {
        self.kept.iter().map(|(id, sent)| (*id, sent))
    }

    /// The oldest kept message.
    pub(super) fn first(&self) -> Option<MsgId> {
        self.kept.first_key_value().map(|(id, _)| *id)
    }

    /// Number of kept messages.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Bytes of kept bodies.
    pub(super) const fn bytes(&self) -> usize {
        self.kept_bytes
    }

    /// Forgets everything and returns the kept messages, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = SentMessage> {
        self.kept_bytes = 0;
        self.fleeting.clear();
        self.containers.clear();
        core::mem::take(&mut self.kept).into_values()
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= RECENT {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: Kind) -> Message {
        Message {
            kind,
            body: Arc::from([0_u8; 8]),
            content_related: true,
            attempts: 0,
            alone: false,
            quick_ack: false,
            order: None,
        }
    }

    #[test]
    fn a_notice_about_a_container_names_its_messages() {
        let mut sent = Sent::default();
        sent.note(MsgId(4), SeqNo(1), message(Kind::Query(QueryId(1))));
        sent.note(MsgId(8), SeqNo(2), message(Kind::Acks([MsgId(3)].to_vec())));
        sent.note_container(MsgId(12), [MsgId(4), MsgId(8)].to_vec());
        assert_eq!(sent.named(MsgId(4)), Named::Kept);
        assert_eq!(sent.named(MsgId(8)), Named::Acks([MsgId(3)].to_vec()));
        assert_eq!(
            sent.named(MsgId(12)),
            Named::Container([MsgId(4), MsgId(8)].to_vec())
        );
        assert_eq!(sent.named(MsgId(16)), Named::Unknown);
        sent.take(MsgId(4));
        assert_eq!(sent.named(MsgId(4)), Named::Gone);
        assert_eq!(sent.bytes(), 0);
    }

    #[test]
    fn what_is_remembered_without_a_body_is_bounded() {
        let mut sent = Sent::default();
        for id in 0..10_000 {
            sent.note(MsgId(id), SeqNo(0), message(Kind::Fleeting));
            sent.note_container(MsgId(id), Vec::new());
        }
        assert_eq!(sent.fleeting.len(), RECENT);
        assert_eq!(sent.containers.len(), RECENT);
        assert_eq!(sent.named(MsgId(0)), Named::Unknown);
    }
}
