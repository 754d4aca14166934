//! Our messages: numbered and sealed when they are made, kept until the other side says that it has them.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::chat::SecretChat;
use super::schema::{Action, DecryptedMessageLayer, RANDOM_BYTES};
use super::{LAYER_OF_MTPROTO_2, SecretChatError, Version, envelope};
use crate::random::{self, SecureRandom};

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMessage {
    /// The `random_id` of the call.
    pub random_id: i64,
    /// Its number among our messages, from 0.
    pub number: i32,
    /// Whether the call is `messages.sendEncryptedService`.
    pub is_service: bool,
    /// Whether it was sent before and asked for again.
    pub is_repeated: bool,
    /// The `data` of the call.
    pub data: Vec<u8>,
}

/// A message that may be asked for again. Its content is erased when it goes.
struct KeptMessage {
    random_id: i64,
    is_service: bool,
    content: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for KeptMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptMessage")
            .field("random_id", &self.random_id)
            .field("len", &self.content.len())
            .finish_non_exhaustive()
    }
}

/// The sent side of a chat.
#[derive(Debug, Default)]
pub(super) struct Kept {
    messages: BTreeMap<i32, KeptMessage>,
    bytes: usize,
    queue: VecDeque<SecretMessage>,
}

impl Kept {
    pub(super) fn pop(&mut self) -> Option<SecretMessage> {
        self.queue.pop_front()
    }

    /// Forgets messages below `number`: the other side has them.
    pub(super) fn forget_below(&mut self, number: i32) {
        while let Some(first) = self.messages.first_entry()
            && *first.key() < number
        {
            let gone = first.remove();
            self.bytes = self.bytes.saturating_sub(gone.content.len());
        }
    }

    fn trim(&mut self, messages: usize, bytes: usize) {
        while self.messages.len() > messages || self.bytes > bytes {
            let Some((_, gone)) = self.messages.pop_first() else {
                return;
            };
            self.bytes = self.bytes.saturating_sub(gone.content.len());
        }
    }
}

impl SecretChat {
    /// Numbers, keeps and seals a message; both of its numbers are settled from here on.
    pub(super) fn push(
        &mut self,
        random_id: i64,
        message: &[u8],
        is_service: bool,
        random: &mut dyn SecureRandom,
    ) -> i32 {
        let number = self.sent;
        self.sent = number.saturating_add(1);
        let content = DecryptedMessageLayer {
            random_bytes: &random::bytes::<RANDOM_BYTES>(random),
            layer: self.config.layer,
            in_seq_no: on_wire(self.received, self.side.in_mark()),
            out_seq_no: on_wire(number, self.side.out_mark()),
            message,
        };
        let content = Zeroizing::new(content.to_bytes());
        let data = self.seal(&content, random);
        self.kept.bytes = self.kept.bytes.saturating_add(content.len());
        let kept = KeptMessage {
            random_id,
            is_service,
            content,
        };
        self.kept.messages.insert(number, kept);
        self.kept
            .trim(self.config.kept_messages, self.config.kept_bytes);
        self.kept.queue.push_back(SecretMessage {
            random_id,
            number,
            is_service,
            is_repeated: false,
            data,
        });
        number
    }

    fn seal(&mut self, content: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
        self.keys.note_use(true);
        let both_speak_it =
            self.config.layer >= LAYER_OF_MTPROTO_2 && self.peer_layer >= LAYER_OF_MTPROTO_2;
        let version = if both_speak_it || self.v2_from.is_some() {
            Version::V2
        } else {
            self.config.first_version
        };
        let direction = self.side.direction();
        envelope::seal(version, &self.keys.current, direction, content, random)
    }

    /// Sends messages again that the other side asked for, under the key in use, which it knows.
    ///
    /// One that still waits to leave is not queued twice, so that requests cost memory for each message once.
    pub(super) fn resend(
        &mut self,
        start_seq_no: i32,
        end_seq_no: i32,
        random: &mut dyn SecureRandom,
    ) -> Result<(), SecretChatError> {
        let mark = self.side.out_mark();
        let first = from_wire(start_seq_no, mark)?;
        let last = from_wire(end_seq_no, mark)?;
        let all_kept = first <= last
            && self.kept.messages.contains_key(&first)
            && self.kept.messages.contains_key(&last);
        if !all_kept {
            return Err(SecretChatError::CannotResend);
        }
        for number in first..=last {
            if self.kept.queue.iter().any(|queued| queued.number == number) {
                continue;
            }
            let Some(kept) = self.kept.messages.get(&number) else {
                continue;
            };
            let (random_id, is_service) = (kept.random_id, kept.is_service);
            let content = kept.content.clone();
            let data = self.seal(&content, random);
            self.kept.queue.push_back(SecretMessage {
                random_id,
                number,
                is_service,
                is_repeated: true,
                data,
            });
        }
        Ok(())
    }

    /// Replaces the content of kept messages by their own deletion.
    pub(super) fn erase(&mut self, random_ids: &[i64], random: &mut dyn SecureRandom) {
        let numbers: Vec<(i32, i64)> = self
            .kept
            .messages
            .iter()
            .filter(|(_, kept)| !kept.is_service && random_ids.contains(&kept.random_id))
            .map(|(number, kept)| (*number, kept.random_id))
            .collect();
        for (number, random_id) in numbers {
            self.erase_one(number, random_id, random);
        }
    }

    fn erase_one(&mut self, number: i32, random_id: i64, random: &mut dyn SecureRandom) {
        let Some(kept) = self.kept.messages.get_mut(&number) else {
            return;
        };
        let deletion = Action::DeleteMessages([random_id].to_vec()).to_message(random_id);
        let Ok(original) = DecryptedMessageLayer::read(&kept.content) else {
            return;
        };
        let content = DecryptedMessageLayer {
            message: &deletion,
            ..original
        };
        let content = Zeroizing::new(content.to_bytes());
        let bytes = self.kept.bytes.saturating_sub(kept.content.len());
        self.kept.bytes = bytes.saturating_add(content.len());
        kept.content = content.clone();
        kept.is_service = true;
        let queued = |message: &SecretMessage| message.number == number;
        if let Some(at) = self.kept.queue.iter().position(queued) {
            let data = self.seal(&content, random);
            if let Some(queued) = self.kept.queue.get_mut(at) {
                queued.data = data;
                queued.is_service = true;
            }
        }
    }
}

/// A number as it travels: doubled, with the mark of its side.
pub(super) const fn on_wire(number: i32, mark: i32) -> i32 {
    number.saturating_mul(2).saturating_add(mark)
}

/// The number that travelled as `seq_no`.
pub(super) const fn from_wire(seq_no: i32, mark: i32) -> Result<i32, SecretChatError> {
    if seq_no < 0 || seq_no & 1 != mark {
        Err(SecretChatError::Parity)
    } else {
        Ok(seq_no >> 1)
    }
}
