//! What the world consists of. Nothing here knows a TL constructor or a layer.

pub(crate) mod authorization;
pub(crate) mod cdn;
pub(crate) mod channel;
pub(crate) mod chat;
pub(crate) mod email;
pub(crate) mod file;
pub(crate) mod ids;
pub(crate) mod invite;
pub(crate) mod login;
pub(crate) mod mailbox;
pub(crate) mod media;
pub(crate) mod message;
pub(crate) mod password;
pub(crate) mod rights;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod update_log;
pub(crate) mod upload;
pub(crate) mod user;
