//! From the model to TL: what one account sees of the world, in terms of the newest layer.
//!
//! Objects are built by field name; a field that an older layer lacks is dropped later, when the server projects the reply.

mod channel;
pub(crate) mod chat;
mod dialog;
mod file;
mod inline;
mod media;
mod message;
pub(crate) mod peer;
pub(crate) mod reaction;
mod secret;
mod service;
pub(crate) mod session;
mod update;
pub(crate) mod user;
mod view;

pub(crate) use view::View;
