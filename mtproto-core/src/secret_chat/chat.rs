//! A secret chat as its owner sees it: what is fixed for it, its commands, its outputs.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::incoming::Waiting;
use super::outgoing::Kept;
use super::rekey::{Keys, Rekey};
use super::schema::Action;
use super::{FIRST_LAYER, RekeyFailure, SecretChatError, SecretMessage, Version};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::dh::DhParams;
use crate::crypto::kdf::Direction;
use crate::random::{self, SecureRandom};
use crate::session::SendError;
use crate::time::{Duration, Instant};

/// Sequence numbers travel doubled in 31 bits; no chat comes near.
const MAX_MESSAGES: i32 = 1 << 29;
/// A message travels in one call of the API, below 16 MiB with everything around it.
const MAX_MESSAGE_BYTES: usize = (16 << 20) - 4096;

/// Who we are in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one who asked for the chat.
    Originator,
    /// The one who accepted it.
    Acceptor,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Originator => Self::Acceptor,
            Self::Acceptor => Self::Originator,
        }
    }

    /// The way of this side's messages.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            Self::Originator => Direction::ClientToServer,
            Self::Acceptor => Direction::ServerToClient,
        }
    }

    /// The lowest bit of `out_seq_no` in this side's messages.
    #[must_use]
    pub const fn out_mark(self) -> i32 {
        match self {
            Self::Originator => 1,
            Self::Acceptor => 0,
        }
    }

    /// The lowest bit of `in_seq_no` in this side's messages.
    #[must_use]
    pub const fn in_mark(self) -> i32 {
        self.other().out_mark()
    }
}

/// Bounds and habits of a secret chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretChatConfig {
    /// The layer that our messages are written in. Default 144.
    pub layer: i32,
    /// The version that our messages are encrypted by until the other side is known to speak 2.0. Default 2.0.
    pub first_version: Version,
    /// Whether messages of 1.0 are accepted until the first one of 2.0. Default yes, as the specification has it.
    pub accept_v1: bool,
    /// How far messages may run ahead of a missing one. Default 256.
    pub waiting_messages: i32,
    /// Bytes of messages that wait for a missing one. Default 8 MiB.
    pub waiting_bytes: usize,
    /// Messages kept until the other side says that it has them; older ones cannot be sent again. Default 1024.
    pub kept_messages: usize,
    /// Bytes of such messages. Default 8 MiB.
    pub kept_bytes: usize,
    /// After more messages than this under one key it is changed. Default 100.
    pub rekey_after_messages: u32,
    /// After this time under one key it is changed, if anything was sent under it. Default a week.
    pub rekey_after: Duration,
}

impl Default for SecretChatConfig {
    fn default() -> Self {
        Self {
            layer: 144,
            first_version: Version::V2,
            accept_v1: true,
            waiting_messages: 256,
            waiting_bytes: 8 << 20,
            kept_messages: 1024,
            kept_bytes: 8 << 20,
            rekey_after_messages: 100,
            rekey_after: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// What happened in a secret chat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretChatEvent {
    /// The next message of the other side, in its order.
    Message {
        /// Its number among the other side's messages, from 0.
        number: i32,
        /// How many of our messages the other side had when it wrote this one: its place in the conversation.
        after: i32,
        /// The layer that it is written in.
        layer: i32,
        /// A boxed `DecryptedMessage`.
        message: Vec<u8>,
    },
    /// Messages are missing and were asked for; later ones wait for them.
    GapFound {
        /// The first missing number.
        first: i32,
        /// The last missing number.
        last: i32,
    },
    /// The other side knows this layer, higher than before.
    PeerLayer(i32),
    /// A message of the other side had its place in the order and no meaning.
    Ignored {
        /// Its number among the other side's messages.
        number: i32,
        /// Why.
        reason: SecretChatError,
    },
    /// The chat has a new key.
    KeyChanged {
        /// The last 64 bits of the new key's SHA-1.
        key_fingerprint: i64,
    },
    /// A change of keys was given up.
    RekeyFailed(RekeyFailure),
    /// The chat is over, all its secrets are erased: call `messages.discardEncryption` and tell the user.
    Aborted(SecretChatError),
}

/// One side of a secret chat.
///
/// Inputs: [`Self::handle_message`], [`Self::handle_timeout`]. Commands: [`Self::send`], [`Self::delete`],
/// [`Self::ask_again`], [`Self::discard`]. Outputs, drained after every input and command: [`Self::poll_transmit`],
/// [`Self::poll_event`], [`Self::poll_timeout`].
#[derive(Debug)]
pub struct SecretChat {
    pub(super) config: SecretChatConfig,
    pub(super) side: Side,
    pub(super) params: DhParams,
    pub(super) keys: Keys,
    pub(super) rekey: Rekey,
    pub(super) kept: Kept,
    /// Messages sent.
    pub(super) sent: i32,
    /// Messages of the other side that were interpreted, all in order.
    pub(super) received: i32,
    /// One past the highest number that was received or asked for.
    pub(super) horizon: i32,
    /// Our messages that the other side had, by its last interpreted message.
    pub(super) peer_received: i32,
    pub(super) waiting: BTreeMap<i32, Waiting>,
    pub(super) waiting_bytes: usize,
    /// The lowest number of a message that was, or could be, of MTProto 2.0.
    pub(super) v2_from: Option<i32>,
    pub(super) peer_layer: i32,
    pub(super) events: VecDeque<SecretChatEvent>,
    is_closed: bool,
}

impl SecretChat {
    /// A chat whose key was just made with these parameters.
    #[must_use]
    pub fn new(
        config: SecretChatConfig,
        side: Side,
        params: DhParams,
        key: AuthKey,
        now: Instant,
    ) -> Self {
        Self {
            keys: Keys::new(key, &config, now),
            config,
            side,
            params,
            rekey: Rekey::Idle,
            kept: Kept::default(),
            sent: 0,
            received: 0,
            horizon: 0,
            peer_received: 0,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            v2_from: None,
            peer_layer: FIRST_LAYER,
            events: VecDeque::new(),
            is_closed: false,
        }
    }

    /// The fingerprint of the key in use.
    #[must_use]
    pub const fn key_fingerprint(&self) -> i64 {
        self.keys.current.id().as_long()
    }

    /// The highest layer that the other side is known to know.
    #[must_use]
    pub const fn peer_layer(&self) -> i32 {
        self.peer_layer
    }

    /// Whether the chat is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The first missing messages of the other side, if later ones wait for them: first and last number.
    #[must_use]
    pub fn gap(&self) -> Option<(i32, i32)> {
        let (next, _) = self.waiting.first_key_value()?;
        Some((self.received, next.saturating_sub(1)))
    }

    /// Changes the layer that our messages are written in, once the program knows a higher one.
    pub fn set_layer(&mut self, layer: i32) {
        self.config.layer = self.config.layer.max(layer);
    }

    /// Sends a boxed `DecryptedMessage` with this `random_id`; returns its number among our messages, from 0.
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::BodyLength`].
    pub fn send(
        &mut self,
        now: Instant,
        random_id: i64,
        message: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<i32, SendError> {
        self.check_sendable()?;
        if message.len() < 4
            || !message.len().is_multiple_of(4)
            || message.len() > MAX_MESSAGE_BYTES
        {
            return Err(SendError::BodyLength);
        }
        let number = self.push(random_id, message, false, random);
        self.start_rekey_if_due(now, random);
        Ok(number)
    }

    /// Tells the other side which layer our messages are written in.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn notify_layer(&mut self, random: &mut dyn SecureRandom) -> Result<i32, SendError> {
        self.check_sendable()?;
        Ok(self.push_action(&Action::NotifyLayer(self.config.layer), random))
    }

    /// Deletes messages of ours by their `random_id`, at both ends.
    ///
    /// The content of those that the other side has not confirmed is erased: should one be asked for, it is sent as its
    /// own deletion.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn delete(
        &mut self,
        random_ids: &[i64],
        random: &mut dyn SecureRandom,
    ) -> Result<i32, SendError> {
        self.check_sendable()?;
        self.erase(random_ids, random);
        Ok(self.push_action(&Action::DeleteMessages(random_ids.to_vec()), random))
    }

    /// Asks once more for the first missing messages, for when the answer to the first request was lost, too.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub fn ask_again(
        &mut self,
        random: &mut dyn SecureRandom,
    ) -> Result<Option<(i32, i32)>, SendError> {
        self.check_sendable()?;
        let gap = self.gap();
        if let Some((first, last)) = gap {
            self.ask(first, last, random);
        }
        Ok(gap)
    }

    /// Ends the chat and erases its secrets.
    pub fn discard(&mut self) {
        self.is_closed = true;
        self.rekey = Rekey::Idle;
        self.keys.erase();
        self.kept = Kept::default();
        self.waiting.clear();
        self.waiting_bytes = 0;
    }

    /// Lets time pass: a key that is too old is changed.
    pub fn handle_timeout(&mut self, now: Instant, random: &mut dyn SecureRandom) {
        if !self.is_closed {
            self.start_rekey_if_due(now, random);
        }
    }

    /// The next message to send, in this order: `messages.sendEncryptedService` for service messages,
    /// `messages.sendEncrypted` for others, each after the one before (`invokeAfterMsg`).
    pub fn poll_transmit(&mut self) -> Option<SecretMessage> {
        self.kept.pop()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<SecretChatEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do without other input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let may_rekey = !self.is_closed && self.can_start_rekey();
        may_rekey.then(|| self.keys.deadline()).flatten()
    }

    pub(super) const fn check_sendable(&self) -> Result<(), SendError> {
        if self.is_closed || self.sent >= MAX_MESSAGES {
            Err(SendError::Closed)
        } else {
            Ok(())
        }
    }

    /// Ends the chat because of `error`.
    pub(super) fn abort(&mut self, error: SecretChatError) {
        self.discard();
        self.events.push_back(SecretChatEvent::Aborted(error));
    }

    /// Sends an action under a random identifier.
    pub(super) fn push_action(
        &mut self,
        action: &Action<'_>,
        random: &mut dyn SecureRandom,
    ) -> i32 {
        let random_id = i64::from_le_bytes(random::bytes(random));
        self.push(random_id, &action.to_message(random_id), true, random)
    }
}
