//! Secret chats: the service relays what it cannot read, between two authorization keys.
//!
//! <https://core.telegram.org/api/end-to-end>

use std::collections::{BTreeMap, VecDeque};

use super::file::Stored;
use super::ids::{EncryptedFileId, UserId};

/// How far a secret chat has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretState {
    /// Offered to these keys of the participant; the first that accepts has it.
    Requested { offered_to: Vec<i64> },
    /// The participant's key, his half of the exchange, and the fingerprint of the common key.
    Established {
        participant_key: i64,
        g_b: Vec<u8>,
        fingerprint: i64,
    },
    /// Over; whether the history shall be deleted at the other side too.
    Discarded { history_deleted: bool },
}

/// A secret chat. It lives on one key of each side.
#[derive(Clone, Debug)]
pub(crate) struct SecretChat {
    pub(crate) id: i32,
    pub(crate) creator: UserId,
    pub(crate) creator_key: i64,
    pub(crate) participant: UserId,
    pub(crate) date: i32,
    pub(crate) g_a: Vec<u8>,
    pub(crate) state: SecretState,
    /// When the state last changed, so that a client that was away learns of it.
    pub(crate) changed: i32,
}

impl SecretChat {
    /// The account and key at the other side of `key`; none before the chat is accepted, or where `key` has no part in it.
    pub(crate) fn other(&self, key: i64) -> Option<(UserId, i64)> {
        let SecretState::Established {
            participant_key, ..
        } = self.state
        else {
            return None;
        };
        if key == self.creator_key {
            Some((self.participant, participant_key))
        } else if key == participant_key {
            Some((self.creator, self.creator_key))
        } else {
            None
        }
    }

    /// Whether `key` has a part in the chat, or may still take one.
    pub(crate) fn concerns(&self, key: i64) -> bool {
        key == self.creator_key
            || match &self.state {
                SecretState::Requested { offered_to } => offered_to.contains(&key),
                SecretState::Established {
                    participant_key, ..
                } => *participant_key == key,
                SecretState::Discarded { .. } => false,
            }
    }
}

/// A file that only the two sides can read.
#[derive(Clone, Debug)]
pub(crate) struct EncryptedFile {
    pub(crate) dc_id: i32,
    pub(crate) key_fingerprint: i32,
    pub(crate) stored: Stored,
}

/// A message of a secret chat on its way to one key.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) qts: i32,
    pub(crate) random_id: i64,
    pub(crate) chat_id: i32,
    pub(crate) date: i32,
    pub(crate) bytes: Vec<u8>,
    /// `None` in service messages; ordinary ones have a file or say that there is none.
    pub(crate) file: Option<Option<EncryptedFileId>>,
}

/// Letters to one key, until it confirms them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    qts: i32,
    letters: VecDeque<Letter>,
    bytes: usize,
}

/// Most letters, and most bytes of letters, that wait for one key; the oldest give way.
const LETTERS_MAX: usize = 10_000;
const BYTES_MAX: usize = 16 << 20;

impl Queue {
    /// Counts letters ever sent to the key.
    pub(crate) fn qts(&self) -> i32 {
        self.qts
    }

    /// Adds a letter and gives it its `qts`.
    pub(crate) fn push(&mut self, mut letter: Letter) -> Letter {
        self.qts = self.qts.saturating_add(1);
        letter.qts = self.qts;
        self.bytes = self.bytes.saturating_add(letter.bytes.len());
        self.letters.push_back(letter.clone());
        while self.letters.len() > LETTERS_MAX || self.bytes > BYTES_MAX {
            self.pop();
        }
        letter
    }

    fn pop(&mut self) -> Option<Letter> {
        let letter = self.letters.pop_front()?;
        self.bytes = self.bytes.saturating_sub(letter.bytes.len());
        Some(letter)
    }

    /// Letters after `qts`, the oldest first.
    pub(crate) fn since(&self, qts: i32) -> impl Iterator<Item = &Letter> {
        self.letters.iter().filter(move |letter| letter.qts > qts)
    }

    /// Forgets the letters up to `qts`, and gives their `random_id`.
    pub(crate) fn confirm(&mut self, qts: i32) -> Vec<i64> {
        let mut confirmed = Vec::new();
        while self.letters.front().is_some_and(|letter| letter.qts <= qts) {
            confirmed.extend(self.pop().map(|letter| letter.random_id));
        }
        confirmed
    }
}

/// Everything secret.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// By chat id.
    pub(crate) chats: BTreeMap<i32, SecretChat>,
    /// By authorization key.
    pub(crate) queues: BTreeMap<i64, Queue>,
    pub(crate) files: BTreeMap<EncryptedFileId, EncryptedFile>,
}

impl Secrets {
    /// `qts` of a key.
    pub(crate) fn qts(&self, key: i64) -> i32 {
        self.queues.get(&key).map_or(0, Queue::qts)
    }
}

#[cfg(test)]
mod tests {
    use super::{Letter, Queue};

    fn letter(size: usize) -> Letter {
        Letter {
            qts: 0,
            random_id: 7,
            chat_id: 1,
            date: 0,
            bytes: vec![0; size],
            file: None,
        }
    }

    #[test]
    fn letters_wait_until_they_are_confirmed() {
        let mut queue = Queue::default();
        for _ in 0..3 {
            queue.push(letter(10));
        }
        assert_eq!(queue.qts(), 3);
        assert_eq!(queue.since(1).count(), 2);
        assert_eq!(queue.confirm(2), [7, 7]);
        assert_eq!(queue.since(0).map(|l| l.qts).collect::<Vec<_>>(), [3]);
        assert_eq!(queue.qts(), 3, "the count never goes back");
    }

    #[test]
    fn a_key_that_never_comes_cannot_fill_the_memory() {
        let mut queue = Queue::default();
        for _ in 0..40 {
            queue.push(letter(1 << 20));
        }
        assert_eq!(queue.since(0).count(), 16);
        assert_eq!(queue.since(0).last().map(|l| l.qts), Some(40));
    }
}
