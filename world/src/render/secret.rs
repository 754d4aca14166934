//! `EncryptedChat`, `EncryptedFile` and `EncryptedMessage`, as one authorization key sees them.

use tl_parser::Object;

use super::View;
use crate::model::ids::{EncryptedFileId, PeerId};
use crate::model::secret::{Letter, SecretChat, SecretState};
use crate::random::Purpose;

impl View<'_> {
    /// A secret chat in the eyes of `key`, which belongs to the viewer.
    pub(crate) fn secret_chat(&mut self, chat: &SecretChat, key: i64) -> Object {
        if let SecretState::Discarded { history_deleted } = chat.state {
            return Object::new("encryptedChatDiscarded")
                .with_flag("history_deleted", history_deleted)
                .with("id", chat.id);
        }
        self.note(PeerId::User(chat.creator));
        self.note(PeerId::User(chat.participant));
        let hash = self.secret_chat_hash(chat.id);
        let known = |name: &'static str| {
            Object::new(name)
                .with("id", chat.id)
                .with("access_hash", hash)
                .with("date", chat.date)
                .with("admin_id", chat.creator.0)
                .with("participant_id", chat.participant.0)
        };
        match &chat.state {
            SecretState::Established {
                participant_key,
                g_b,
                fingerprint,
            } if key == chat.creator_key || key == *participant_key => {
                let other_half = if key == chat.creator_key {
                    g_b
                } else {
                    &chat.g_a
                };
                known("encryptedChat")
                    .with("g_a_or_b", other_half.clone())
                    .with("key_fingerprint", *fingerprint)
            }
            SecretState::Requested { .. } if key == chat.creator_key => {
                known("encryptedChatWaiting")
            }
            SecretState::Requested { offered_to } if offered_to.contains(&key) => {
                known("encryptedChatRequested").with("g_a", chat.g_a.clone())
            }
            // Accepted on another device of the account.
            _ => Object::new("encryptedChatDiscarded").with("id", chat.id),
        }
    }

    /// The access hash of a secret chat for the viewer.
    pub(crate) fn secret_chat_hash(&self, id: i32) -> i64 {
        self.state
            .random
            .derive(Purpose::SecretChatHash, self.viewer.0, id.into())
    }

    /// `encryptedFile`, or `encryptedFileEmpty` where there is none.
    pub(crate) fn encrypted_file(&self, id: Option<EncryptedFileId>) -> Object {
        let file = id.and_then(|id| Some((id, self.state.secrets.files.get(&id)?)));
        let Some((id, file)) = file else {
            return Object::new("encryptedFileEmpty");
        };
        let hash = self
            .state
            .random
            .derive(Purpose::EncryptedFileHash, self.viewer.0, id.0);
        Object::new("encryptedFile")
            .with("id", id.0)
            .with("access_hash", hash)
            .with("size", i64::try_from(file.stored.size).unwrap_or(i64::MAX))
            .with("dc_id", file.dc_id)
            .with("key_fingerprint", file.key_fingerprint)
    }

    /// `encryptedMessage`, or `encryptedMessageService`.
    pub(crate) fn letter(&self, letter: &Letter) -> Object {
        let name = match letter.file {
            Some(_) => "encryptedMessage",
            None => "encryptedMessageService",
        };
        let object = Object::new(name)
            .with("random_id", letter.random_id)
            .with("chat_id", letter.chat_id)
            .with("date", letter.date)
            .with("bytes", letter.bytes.clone());
        match letter.file {
            Some(file) => object.with("file", self.encrypted_file(file)),
            None => object,
        }
    }

    /// `updateEncryption` of a secret chat for `key`.
    pub(crate) fn encryption_update(&mut self, chat: &SecretChat, key: i64) -> Object {
        Object::new("updateEncryption")
            .with("chat", self.secret_chat(chat, key))
            .with("date", chat.changed)
    }
}
