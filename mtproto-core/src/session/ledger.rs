//! The book that both roles keep: what was sent and received, what waits, what is owed; and packing it into packets.

use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::acks::AcksDue;
use super::msg_id::{Flow, MsgIds};
use super::outbox::{Outbox, Waiting};
use super::packet::{Content, InnerMessage, Packet};
use super::received::Received;
use super::sent::{Kind, Message, Order, Sent};
use super::seq_no::SeqNos;
use super::{QueryId, Role};
use crate::config::SessionConfig;
use crate::error::{Limit, Notice};
use crate::ids::{MsgId, SeqNo};
use crate::known_calls::invoke_after;
use crate::message::gzip;
use crate::time::{Instant, UnixTime};
use crate::tl::{Combinator, service};

/// Tells the message that a query travels as, if it has left and not ended.
pub(super) type MessageOf<'a> = &'a dyn Fn(QueryId) -> Option<MsgId>;

/// Above this age in seconds a message does not leave again under its own identifier: the peer would find it too old.
const REUSABLE_SECS: i64 = 240;
/// Notices that wait to be read; more are dropped.
const MAX_NOTICES: usize = 256;

#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) role: Role,
    pub(super) config: SessionConfig,
    pub(super) ids: MsgIds,
    pub(super) seq_nos: SeqNos,
    pub(super) received: Received,
    pub(super) acks: AcksDue,
    pub(super) sent: Sent,
    pub(super) outbox: Outbox,
    notices: VecDeque<Notice>,
    /// Identifiers given to messages since the owner last looked: what they were, and their new identifier.
    numbered: Vec<(Kind, MsgId)>,
}

impl Ledger {
    pub(super) fn new(role: Role, config: SessionConfig) -> Self {
        Self {
            role,
            config,
            ids: MsgIds::new(role),
            seq_nos: SeqNos::default(),
            received: Received::new(config.replay_window),
            acks: AcksDue::new(config.ack_delay, config.acks_at_once),
            sent: Sent::default(),
            outbox: Outbox::default(),
            notices: VecDeque::new(),
            numbered: Vec::new(),
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        if self.notices.len() < MAX_NOTICES {
            self.notices.push_back(notice);
        }
    }

    pub(super) fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// The messages that got an identifier since the last call.
    pub(super) fn take_numbered(&mut self) -> Vec<(Kind, MsgId)> {
        core::mem::take(&mut self.numbered)
    }

    /// Queues a message that the peer must acknowledge.
    pub(super) fn queue_content(&mut self, kind: Kind, body: impl Into<Arc<[u8]>>) {
        self.queue(kind, body.into(), true);
    }

    /// Queues a service message that needs no acknowledgement.
    pub(super) fn queue_service<'a>(&mut self, kind: Kind, message: &impl Combinator<'a>) {
        self.queue(kind, message.to_bytes().into(), false);
    }

    /// Queues a container of nothing, unless something else is about to leave.
    pub(super) fn queue_nothing(&mut self, now: Instant) {
        if self.has_packet(now) {
            return;
        }
        let nothing = service::MsgContainer { messages: &[0; 4] };
        self.outbox.push(Message {
            kind: Kind::Fleeting,
            body: nothing.to_bytes().into(),
            content_related: false,
            attempts: 0,
            // A container may not stand in another one.
            alone: true,
            quick_ack: false,
            order: None,
        });
    }

    /// Queues a new message.
    ///
    /// In a full queue the oldest update makes room. If there is none, a message without sequel is dropped: a peer that
    /// asks for many pongs and reads none gets none. Queries and answers are bounded by their own limits.
    fn queue(&mut self, kind: Kind, body: Arc<[u8]>, content_related: bool) {
        if self.outbox.len() >= self.config.queued_messages {
            self.notice(Notice::LimitReached(Limit::QueuedMessages));
            let made_room = self.outbox.evict(|kind| matches!(kind, Kind::Push));
            if !made_room && matches!(kind, Kind::Fleeting | Kind::Push) {
                return;
            }
        }
        self.outbox.push(Message {
            kind,
            body,
            content_related,
            attempts: 0,
            alone: false,
            quick_ack: false,
            order: None,
        });
    }

    /// `body` inside `gzip_packed`, if it is of a size that is worth it and becomes smaller.
    pub(super) fn compressed<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.config.compress.contains(body.len()) {
            return Cow::Borrowed(body);
        }
        let packed = service::GzipPacked {
            packed_data: &gzip::deflate(body),
        }
        .to_bytes();
        if packed.len() < body.len() {
            Cow::Owned(packed)
        } else {
            Cow::Borrowed(body)
        }
    }

    /// Forgets the oldest kept messages beyond the limits: they cannot leave again.
    pub(super) fn trim_kept(&mut self) {
        while self.sent.len() > self.config.unacked_messages
            || self.sent.bytes() > self.config.unacked_bytes
        {
            let Some(oldest) = self.sent.first() else {
                return;
            };
            self.sent.take(oldest);
            self.notice(Notice::LimitReached(Limit::UnackedMessages));
        }
    }

    /// Whether [`Self::next_packet`] has something.
    pub(super) fn has_packet(&self, now: Instant) -> bool {
        !self.outbox.is_empty() || self.acks.are_pressing(now)
    }

    /// The next message or container to seal, if something waits for the stream.
    ///
    /// Acknowledgements ride along. What is alone and new travels bare; everything else travels in a container, as the
    /// specification demands of a message that goes out again under its old identifier.
    ///
    /// `message_of` tells the message that a query of ours travels as, if it has left and not ended.
    pub(super) fn next_packet(
        &mut self,
        now: Instant,
        unix: UnixTime,
        message_of: MessageOf<'_>,
    ) -> Option<Packet> {
        if !self.has_packet(now) {
            return None;
        }
        let mut batch = Batch::default();
        loop {
            let may_share = !self.front_is_alone();
            if !self.acks.is_empty() && may_share && !batch.has_acks {
                self.pack_acks(unix, &mut batch, message_of);
                continue;
            }
            if self.outbox.is_empty() {
                break;
            }
            let Some(len) = self.front_len() else {
                // It was answered or acknowledged while it waited to leave again.
                self.outbox.pop();
                continue;
            };
            if !batch.fits(len, may_share, &self.config) || self.must_not_mix(&batch) {
                break;
            }
            if let Some(waiting) = self.outbox.pop() {
                self.pack(waiting, unix, &mut batch, message_of);
            }
            if !may_share {
                break;
            }
        }
        self.close_batch(batch, unix)
    }

    fn front_is_alone(&self) -> bool {
        matches!(
            self.outbox.front(),
            Some(Waiting::New(message) | Waiting::Numbered(_, message)) if message.alone
        )
    }

    /// Whether the front of the queue has to wait for the next packet, because this one holds messages of the other sort:
    /// a server's old messages travel apart from its new ones.
    ///
    /// Pyrogram drops a container as a whole when it has seen one of its messages before, and with it the pong that it
    /// needs to begin.
    fn must_not_mix(&self, batch: &Batch) -> bool {
        let again = matches!(self.outbox.front(), Some(Waiting::Again(_)));
        self.role == Role::Server && !batch.messages.is_empty() && batch.needs_container != again
    }

    fn front_len(&self) -> Option<usize> {
        match self.outbox.front()? {
            Waiting::New(message) | Waiting::Numbered(_, message) => Some(message.body.len()),
            Waiting::Again(id) => Some(self.sent.get(*id)?.message.body.len()),
        }
    }

    fn pack_acks(&mut self, unix: UnixTime, batch: &mut Batch, message_of: MessageOf<'_>) {
        let ids = self.acks.take();
        let body = service::MsgsAck {
            msg_ids: ids.as_slice().into(),
        }
        .to_bytes();
        batch.has_acks = true;
        let message = Message {
            kind: Kind::Acks(ids),
            body: body.into(),
            content_related: false,
            attempts: 0,
            alone: false,
            quick_ack: false,
            order: None,
        };
        self.pack(Waiting::New(message), unix, batch, message_of);
    }

    fn pack(
        &mut self,
        waiting: Waiting,
        unix: UnixTime,
        batch: &mut Batch,
        message_of: MessageOf<'_>,
    ) {
        let (settled, mut message) = match waiting {
            Waiting::New(message) => (None, message),
            Waiting::Numbered(id, message) => (Some(id), message),
            Waiting::Again(id) => {
                if is_reusable(id, unix) {
                    if let Some(sent) = self.sent.get(id) {
                        batch.needs_container = true;
                        batch.push(id, sent.seq_no, sent.message.body.to_vec());
                    }
                    return;
                }
                match self.sent.take(id) {
                    Some(sent) => (None, sent.message),
                    None => return,
                }
            }
        };
        let flow = match message.kind {
            Kind::Push => Flow::Own,
            _ => Flow::Answer,
        };
        let id = settled.unwrap_or_else(|| self.ids.next(unix, flow));
        let seq_no = self.seq_nos.next(message.content_related);
        if let Some(Order { after, body }) = message.order.as_deref() {
            let just_numbered = |query: QueryId| {
                let mut numbered = self.numbered.iter().rev();
                numbered
                    .find(|(kind, _)| *kind == Kind::Query(query))
                    .map(|(_, id)| *id)
            };
            let earlier: Vec<MsgId> = after
                .iter()
                .filter_map(|query| just_numbered(*query).or_else(|| message_of(*query)))
                .collect();
            message.body = invoke_after(&earlier, body).into();
        }
        if let (Kind::Query(query), true) = (&message.kind, message.quick_ack) {
            batch.quick_ack.push(*query);
        }
        batch.push(id, seq_no, message.body.to_vec());
        self.numbered.push((message.kind.clone(), id));
        self.sent.note(id, seq_no, message);
    }

    fn close_batch(&mut self, mut batch: Batch, unix: UnixTime) -> Option<Packet> {
        if batch.messages.len() == 1
            && !batch.needs_container
            && let Some(single) = batch.messages.pop()
        {
            return Some(Packet {
                msg_id: single.msg_id,
                seq_no: single.seq_no,
                content: Content::Single(single.body),
                quick_ack: batch.quick_ack,
            });
        }
        if batch.messages.is_empty() {
            return None;
        }
        let msg_id = self.ids.next(unix, Flow::Own);
        let seq_no = self.seq_nos.next(false);
        let inner = batch.messages.iter().map(|message| message.msg_id);
        self.sent.note_container(msg_id, inner.collect());
        Some(Packet {
            msg_id,
            seq_no,
            content: Content::Container(batch.messages),
            quick_ack: batch.quick_ack,
        })
    }

    /// Lets everything that nothing came back for leave again, because the stream that carried it is gone.
    ///
    /// Returns the messages that are too old for that: their state has to be asked for first. Queries that the peer
    /// acknowledged need nothing, and messages whose sequel belonged to the old stream are forgotten.
    pub(super) fn resend_on_new_stream(&mut self, unix: UnixTime) -> Vec<MsgId> {
        self.outbox.forget_again();
        let (mut old, mut again) = (Vec::new(), Vec::new());
        let all: Vec<(MsgId, bool, bool)> = self
            .sent
            .iter()
            .map(|(id, sent)| (id, sent.message.kind.survives_stream(), sent.acked))
            .collect();
        for (id, survives, acked) in all {
            if !survives {
                self.sent.take(id);
            } else if acked {
                continue;
            } else if self.role == Role::Client && !is_reusable(id, unix) {
                old.push(id);
            } else {
                again.push(id);
            }
        }
        self.outbox.push_again_first(&again);
        old
    }

    /// Sends the message `id` again under a new identifier, before everything that waits; returns it instead if that
    /// happened too often.
    pub(super) fn renumber(&mut self, id: MsgId, alone: bool) -> Option<Message> {
        let mut message = self.sent.take(id)?.message;
        if message.attempts >= self.config.resends {
            return Some(message);
        }
        message.attempts = message.attempts.saturating_add(1);
        message.alone |= alone;
        self.outbox.push_front(message);
        None
    }
}

/// Whether a message may still leave under the identifier `id`.
fn is_reusable(id: MsgId, unix: UnixTime) -> bool {
    let now = i64::try_from(unix.as_secs()).unwrap_or(i64::MAX);
    now.saturating_sub(i64::from(id.unix_secs())) <= REUSABLE_SECS
}

/// The messages of the packet being made.
#[derive(Debug, Default)]
struct Batch {
    messages: Vec<InnerMessage>,
    bytes: usize,
    has_acks: bool,
    needs_container: bool,
    quick_ack: Vec<QueryId>,
}

impl Batch {
    fn fits(&self, len: usize, may_share: bool, config: &SessionConfig) -> bool {
        if self.messages.is_empty() {
            return true;
        }
        let bytes = self
            .bytes
            .saturating_add(len)
            .saturating_add(InnerMessage::OVERHEAD);
        may_share
            && self.messages.len() < config.container_messages
            && bytes <= config.container_bytes
    }

    fn push(&mut self, msg_id: MsgId, seq_no: SeqNo, body: Vec<u8>) {
        self.bytes = self
            .bytes
            .saturating_add(body.len())
            .saturating_add(InnerMessage::OVERHEAD);
        self.messages.push(InnerMessage {
            msg_id,
            seq_no,
            body,
        });
    }
}
