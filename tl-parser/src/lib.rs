//! The TL language, schemas of many layers as data, and one codec for all of them.
//!
//! TL is the language in which the protocol's objects and functions are declared
//! (<https://core.telegram.org/mtproto/TL>). This crate knows the language and its binary form and
//! nothing of the protocol that carries it.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
    )
)]

mod codec;
pub mod generate;
mod hash;
pub mod json;
pub mod layers;
mod layout;
mod name;
mod pretty;
pub mod project;
mod schema;
pub mod syntax;
pub mod typed;
mod value;
mod view;

pub use codec::{
    DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind, Limits, MAX_DEPTH, PathStep,
    Undecoded,
};
pub use layers::{Layers, mtproto, secret_chats};
pub use name::Name;
pub use pretty::Pretty;
pub use schema::{Combinator, Field, Schema};
pub use value::{Object, Value};
pub use view::{Content, ObjectRef, Tape, ValueRef, VectorRef, View};
