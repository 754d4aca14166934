//! The cryptography of MTProto: hashes, ciphers, key derivation, RSA, Diffie–Hellman, factorisation, SRP.
//!
//! Everything here is a pure function of its arguments; randomness comes through
//! [`SecureRandom`](crate::random::SecureRandom).
//! Operations on secrets do not branch on them and do not index by them; where an operation is variable-time, its
//! documentation says so and why its inputs are public.
//! Secrets are erased when dropped and never printed by `Debug`.

pub mod aes_ctr;
pub mod aes_ige;
pub mod auth_key;
pub mod cdn;
pub mod dh;
pub mod emoji;
pub mod envelope;
pub mod hash;
pub mod kdf;
#[cfg(target_arch = "x86_64")]
mod kernels;
mod modular;
pub mod pq;
mod prime;
pub mod rsa;
pub mod srp;
