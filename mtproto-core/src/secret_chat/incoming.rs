//! The other side's messages: opened, put into their order, interpreted.
//!
//! Section: <https://core.telegram.org/api/end-to-end/seq_no#security-checks>.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::chat::{SecretChat, SecretChatEvent};
use super::outgoing::{from_wire, on_wire};
use super::schema::{Action, DecryptedMessageLayer};
use super::{LAYER_OF_MTPROTO_2, SecretChatError, Version, envelope};
use crate::error::Disposition;
use crate::random::SecureRandom;
use crate::time::Instant;

/// An opened message that may wait for those before it.
pub(super) struct Waiting {
    /// How many of our messages the other side had.
    after: i32,
    layer: i32,
    message: Zeroizing<Vec<u8>>,
    /// It asked for messages and got them when it came.
    was_served: bool,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("after", &self.after)
            .field("len", &self.message.len())
            .finish_non_exhaustive()
    }
}

impl SecretChat {
    /// Handles the `bytes` of an `encryptedMessage` or `encryptedMessageService`.
    ///
    /// # Errors
    /// The broken rule. Its [`disposition`](SecretChatError::disposition) says whether only the message is dropped or the
    /// chat is over, which is also told as [`SecretChatEvent::Aborted`].
    pub fn handle_message(
        &mut self,
        now: Instant,
        data: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<(), SecretChatError> {
        self.check_sendable().map_err(|_| SecretChatError::Closed)?;
        let outcome = self.take(now, data, random);
        match outcome {
            Ok(()) => self.start_rekey_if_due(now, random),
            Err(error) if error.disposition() == Disposition::Close => self.abort(error),
            Err(_) => {}
        }
        outcome
    }

    fn take(
        &mut self,
        now: Instant,
        data: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<(), SecretChatError> {
        let id = envelope::key_fingerprint(data).ok_or(SecretChatError::InvalidMessage)?;
        let (under, key) = self.key_named(id).ok_or(SecretChatError::UnknownKey)?;
        let mut buffer = Zeroizing::new(data.to_vec());
        let direction = self.side.other().direction();
        let mut version = Version::V1;
        let mut opened = Err(SecretChatError::InvalidMessage);
        if self.may_be_v1() {
            opened = envelope::open(Version::V1, &key, direction, &mut buffer).map(<[u8]>::to_vec);
        }
        if opened.is_err() {
            version = Version::V2;
            buffer.clear();
            buffer.extend_from_slice(data);
            opened = envelope::open(Version::V2, &key, direction, &mut buffer).map(<[u8]>::to_vec);
        }
        let content = Zeroizing::new(opened?);
        let content =
            DecryptedMessageLayer::read(&content).map_err(|_| SecretChatError::Malformed)?;
        let number = self.check_order(version, &content)?;
        self.note_peer_layer(content.layer);
        self.on_key_used(now, under, number, random);
        let waiting = Waiting {
            after: from_wire(content.in_seq_no, self.side.other().in_mark())?,
            layer: content.layer,
            message: Zeroizing::new(content.message.to_vec()),
            was_served: false,
        };
        if number > self.received {
            return self.put_aside(number, waiting, random);
        }
        self.interpret(now, number, waiting, random)?;
        while let Some(next) = self.waiting.remove(&self.received) {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(next.message.len());
            self.interpret(now, self.received, next, random)?;
        }
        self.horizon = self.horizon.max(self.received);
        Ok(())
    }

    /// MTProto 1.0 is tried until everything before the first message of 2.0 has come.
    fn may_be_v1(&self) -> bool {
        let is_over = self.v2_from.is_some_and(|from| self.received > from);
        self.config.accept_v1 && !is_over
    }

    /// The number of a message, if its sequence numbers and its version are possible.
    fn check_order(
        &mut self,
        version: Version,
        content: &DecryptedMessageLayer<'_>,
    ) -> Result<i32, SecretChatError> {
        let peer = self.side.other();
        let number = from_wire(content.out_seq_no, peer.out_mark())?;
        let after = from_wire(content.in_seq_no, peer.in_mark())?;
        // What a repetition says does not count: the original may have been deleted.
        if number < self.received || self.waiting.contains_key(&number) {
            return Err(SecretChatError::Duplicate);
        }
        if after > self.sent {
            return Err(SecretChatError::InSeqNoAhead);
        }
        if number.saturating_sub(self.received) > self.config.waiting_messages {
            return Err(SecretChatError::GapTooLarge);
        }
        if version == Version::V1 && self.v2_from.is_some_and(|from| number > from) {
            return Err(SecretChatError::OldVersion);
        }
        if version == Version::V2 || content.layer >= LAYER_OF_MTPROTO_2 {
            self.v2_from = Some(self.v2_from.map_or(number, |from| from.min(number)));
        }
        Ok(number)
    }

    fn note_peer_layer(&mut self, layer: i32) {
        if layer > self.peer_layer {
            self.peer_layer = layer;
            self.events.push_back(SecretChatEvent::PeerLayer(layer));
        }
    }

    /// Lets a message wait for those before it, and asks for them once.
    fn put_aside(
        &mut self,
        number: i32,
        mut waiting: Waiting,
        random: &mut dyn SecureRandom,
    ) -> Result<(), SecretChatError> {
        self.waiting_bytes = self.waiting_bytes.saturating_add(waiting.message.len());
        if self.waiting_bytes > self.config.waiting_bytes {
            return Err(SecretChatError::GapTooLarge);
        }
        // Served at once, or two sides that wait for each other would wait for ever.
        if let Ok(Some(Action::Resend {
            start_seq_no,
            end_seq_no,
        })) = Action::read(&waiting.message)
        {
            self.resend(start_seq_no, end_seq_no, random)?;
            waiting.was_served = true;
        }
        self.waiting.insert(number, waiting);
        if number > self.horizon {
            self.ask(self.horizon, number.saturating_sub(1), random);
        }
        self.horizon = self.horizon.max(number.saturating_add(1));
        Ok(())
    }

    /// Asks for missing messages.
    pub(super) fn ask(&mut self, first: i32, last: i32, random: &mut dyn SecureRandom) {
        let mark = self.side.other().out_mark();
        let request = Action::Resend {
            start_seq_no: on_wire(first, mark),
            end_seq_no: on_wire(last, mark),
        };
        self.push_action(&request, random);
        self.events
            .push_back(SecretChatEvent::GapFound { first, last });
    }

    /// Takes the next message in its order.
    fn interpret(
        &mut self,
        now: Instant,
        number: i32,
        waiting: Waiting,
        random: &mut dyn SecureRandom,
    ) -> Result<(), SecretChatError> {
        if waiting.after < self.peer_received {
            return Err(SecretChatError::InSeqNoFell);
        }
        self.peer_received = waiting.after;
        self.kept.forget_below(waiting.after);
        self.received = number.saturating_add(1);
        self.keys.on_interpreted(number);
        let Ok(action) = Action::read(&waiting.message) else {
            self.events.push_back(SecretChatEvent::Ignored {
                number,
                reason: SecretChatError::Malformed,
            });
            return Ok(());
        };
        match action {
            Some(Action::Resend {
                start_seq_no,
                end_seq_no,
            }) => {
                if !waiting.was_served {
                    self.resend(start_seq_no, end_seq_no, random)?;
                }
            }
            Some(Action::NotifyLayer(layer)) => self.note_peer_layer(layer),
            Some(Action::RequestKey { exchange_id, g_a }) => {
                self.on_request_key(now, exchange_id, g_a, random);
            }
            Some(Action::AcceptKey {
                exchange_id,
                g_b,
                key_fingerprint,
            }) => self.on_accept_key(now, exchange_id, g_b, key_fingerprint, random),
            Some(Action::CommitKey {
                exchange_id,
                key_fingerprint,
            }) => self.on_commit_key(now, exchange_id, key_fingerprint, random)?,
            Some(Action::AbortKey { exchange_id }) => self.on_abort_key(now, exchange_id),
            Some(Action::Noop) => {}
            Some(Action::DeleteMessages(_)) | None => {
                self.events.push_back(SecretChatEvent::Message {
                    number,
                    after: waiting.after,
                    layer: waiting.layer,
                    message: waiting.message.to_vec(),
                });
            }
        }
        Ok(())
    }
}
