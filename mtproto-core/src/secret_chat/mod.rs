//! Secret chats: two people's keys, messages and order, which no server can read or change.
//!
//! The driver carries bytes between this module and the calls of the API: `messages.getDhConfig`,
//! `messages.requestEncryption` and `messages.acceptEncryption` for the key ([`KeyRequest`], [`accept`]),
//! `messages.sendEncrypted` and `updateNewEncryptedMessage` for the messages ([`SecretChat`]).
//! What the messages say is opaque but for a closed list: the wrapper with the sequence numbers, and the actions that
//! ask for missing messages, change keys, announce a layer and delete messages.
//! Which layer a message is written in is the caller's choice.
//!
//! ```text
//! send ──► number, keep, seal ──► poll_transmit ──► messages.sendEncrypted
//! updateNewEncryptedMessage ──► handle_message ──► open ──► order ──► actions of the list ──► SecretChatEvent
//! ```
//!
//! After every input and command, drain [`SecretChat::poll_transmit`], [`SecretChat::poll_event`] and
//! [`SecretChat::poll_timeout`].
//! Sections: <https://core.telegram.org/api/end-to-end>, <https://core.telegram.org/api/end-to-end/seq_no>,
//! <https://core.telegram.org/api/end-to-end/pfs>.

mod chat;
pub mod envelope;
mod error;
mod incoming;
mod key;
mod outgoing;
mod rekey;
pub mod schema;

pub use chat::{SecretChat, SecretChatConfig, SecretChatEvent, Side};
pub use envelope::Version;
pub use error::{RekeyFailure, SecretChatError};
pub use key::{Accepted, KeyRequest, accept, file_key_fingerprint, key_picture};
pub use outgoing::SecretMessage;

/// The layer from which on both sides speak MTProto 2.0 only.
pub const LAYER_OF_MTPROTO_2: i32 = 73;
/// The layer that a peer is held to know before it says anything else.
pub const FIRST_LAYER: i32 = 46;
