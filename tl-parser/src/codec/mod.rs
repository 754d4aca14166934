//! The binary form: <https://core.telegram.org/mtproto/serialize>.
//!
//! Reading is exact: whatever [`Schema::decode`](crate::Schema::decode) accepts, encoding gives
//! back byte for byte. Forms that would not come back (padding that is not zero, a short string
//! with a long length) are errors, and tolerated only by the lossy reading of captures, which says
//! which bytes it did not keep.

pub(crate) mod decode;
mod encode;
mod encode_error;
mod error;
mod known;
mod limits;
mod lossy;
pub(crate) mod read;
mod skip;
pub(crate) mod walk;
mod write;

pub use encode_error::{EncodeError, EncodeErrorKind};
pub use error::{DecodeError, DecodeErrorKind, PathStep};
pub use limits::{Limits, MAX_DEPTH};
pub use lossy::Undecoded;
