//! The server's side of one data centre.
mod event;
mod store;
pub use event::{CloseReason, ConnectionId, RequestId, ServerEvent, SessionKey};
pub use store::{AuthKeyRecord, AuthKeyStore, KeyKind, MemoryKeyStore};
