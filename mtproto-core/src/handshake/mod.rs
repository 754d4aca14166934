//! The key exchange: how client and server come to share an authorization key.
//!
//! Both roles take and return the bodies of unencrypted messages
//! ([`crate::message::plain`] puts the envelope around them):
//!
//! ```text
//! ClientHandshake                                 ServerHandshakes (many runs)
//!   req_pq_multi         ------------------------>
//!                        <------------------------  resPQ
//!   req_DH_params        ------------------------>
//!                        <------------------------  server_DH_params_ok
//!   set_client_DH_params ------------------------>
//!                        <------------------------  dh_gen_ok | dh_gen_retry | dh_gen_fail
//! ```
//!
//! Bytes after the object in a body are tolerated on both sides, for some clients pad their messages.
//! Section: <https://core.telegram.org/mtproto/auth_key>.

pub mod bind;
pub mod client;
mod error;
pub mod inner_data;
mod reply;
mod runs;
pub mod server;

pub use client::{ClientConfig, ClientHandshake, ClientStep, NewAuthKey};
pub use error::{HandshakeError, Refusal, RefusalReason};
pub use reply::{DhAnswer, Reply};
pub use runs::{RunLimits, ServerHandshakes};
pub use server::{DcPolicy, IsTaken, NewServerKey, ServerConfig, ServerHandshake, ServerStep};

use crate::ids::Nonce;
use crate::tl::Reader;

/// The client's number in the body of any message of a key exchange, to tell several exchanges on one stream apart.
#[must_use]
pub fn nonce_of(body: &[u8]) -> Option<Nonce> {
    let mut reader = Reader::new(body);
    reader.constructor().ok()?;
    reader.array().ok().map(Nonce)
}

/// A big-endian number of at most 2048 bits as 256 bytes; `None` if it is longer.
pub(crate) fn to_256_bytes(number: &[u8]) -> Option<[u8; 256]> {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeroes..)?;
    let mut out = [0; 256];
    let start = out.len().checked_sub(digits.len())?;
    out.get_mut(start..)?.copy_from_slice(digits);
    Some(out)
}

/// A big-endian number of at most 64 bits; `None` if it is longer.
fn to_u64(number: &[u8]) -> Option<u64> {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeroes..)?;
    let mut out = [0; 8];
    let start = out.len().checked_sub(digits.len())?;
    out.get_mut(start..)?.copy_from_slice(digits);
    Some(u64::from_be_bytes(out))
}

/// The bytes of a number in big-endian order without leading zeroes.
fn to_digits(number: u64) -> alloc::vec::Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}
