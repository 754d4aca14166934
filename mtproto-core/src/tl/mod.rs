//! The part of TL that the core itself speaks: primitives and the service schema.
//!
//! Bodies of API calls are opaque to the core; what is read here is the closed set of objects that the protocol's own
//! pages define.
//! Everything borrows from the input: reading allocates nothing, so a hostile length cannot cost memory.
//! Section: <https://core.telegram.org/mtproto/serialize>.

mod combinator;
mod generated;
pub mod key_exchange;
mod read;
pub mod service;
mod vector;
mod write;

pub use combinator::{Combinator, Field};
pub use read::{MAX_BYTES, ReadError, ReadErrorKind, Reader};
pub use service::ServiceMessage;
pub use vector::{Element, MAX_VECTOR, Vector};
pub use write::Writer;

/// The constructor of every boxed `Vector t`.
pub const VECTOR: crate::ids::ConstructorId = crate::ids::ConstructorId(0x1cb5_c415);
