//! What the server answers, typed until the last moment.
//!
//! A server serialises a [`Reply`] as it is; a test suite may change any field first.

use alloc::vec::Vec;

use super::inner_data;
use crate::crypto::hash;
use crate::crypto::kdf::AesKeyIv;
use crate::ids::Nonce;
use crate::tl::Combinator;
use crate::tl::key_exchange::{
    DhGenFail, DhGenOk, DhGenRetry, ResPq, ServerDhInnerData, ServerDhParamsFail, ServerDhParamsOk,
};

/// An answer of the server in a key exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `resPQ`.
    ResPq {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// The product, big-endian.
        pq: Vec<u8>,
        /// The RSA keys offered.
        fingerprints: Vec<i64>,
    },
    /// `server_DH_params_ok`.
    DhParamsOk {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// What is encrypted.
        answer: DhAnswer,
    },
    /// `server_DH_params_fail`. The server of this crate uses transport errors instead, as the service does.
    DhParamsFail(ServerDhParamsFail),
    /// `dh_gen_ok`.
    DhGenOk(DhGenOk),
    /// `dh_gen_retry`.
    DhGenRetry(DhGenRetry),
    /// `dh_gen_fail`.
    DhGenFail(DhGenFail),
}

/// The content of `encrypted_answer`, before encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhAnswer {
    /// The client's number.
    pub nonce: Nonce,
    /// The server's number.
    pub server_nonce: Nonce,
    /// The generator.
    pub g: i32,
    /// The prime, big-endian.
    pub dh_prime: Vec<u8>,
    /// The server's half, big-endian.
    pub g_a: Vec<u8>,
    /// Unix time at the server, in seconds.
    pub server_time: i32,
    /// The hash in front; `None` for the right one.
    pub hash: Option<[u8; 20]>,
    /// Random bytes, of which as many stand behind as make a whole block.
    pub random: [u8; 15],
    /// The bytes behind instead of those; `None` for the right number of them.
    pub padding: Option<Vec<u8>>,
    /// `tmp_aes_key` and `tmp_aes_iv`.
    pub keys: AesKeyIv,
}

impl DhAnswer {
    /// The object that is hashed.
    fn object(&self) -> Vec<u8> {
        ServerDhInnerData {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            g: self.g,
            dh_prime: &self.dh_prime,
            g_a: &self.g_a,
            server_time: self.server_time,
        }
        .to_bytes()
    }

    fn encrypt(&self) -> Vec<u8> {
        let object = self.object();
        let hash = self.hash.unwrap_or_else(|| hash::sha1(&[&object]));
        let random = self.random.get(..inner_data::padding_len(object.len()));
        let padding = self.padding.as_deref().or(random).unwrap_or_default();
        inner_data::encrypt_with(&self.keys, &hash, &object, padding)
    }
}

impl Reply {
    /// The body of the unencrypted message.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::ResPq {
                nonce,
                server_nonce,
                pq,
                fingerprints,
            } => ResPq {
                nonce: *nonce,
                server_nonce: *server_nonce,
                pq,
                server_public_key_fingerprints: fingerprints.as_slice().into(),
            }
            .to_bytes(),
            Self::DhParamsOk {
                nonce,
                server_nonce,
                answer,
            } => ServerDhParamsOk {
                nonce: *nonce,
                server_nonce: *server_nonce,
                encrypted_answer: &answer.encrypt(),
            }
            .to_bytes(),
            Self::DhParamsFail(message) => message.to_bytes(),
            Self::DhGenOk(message) => message.to_bytes(),
            Self::DhGenRetry(message) => message.to_bytes(),
            Self::DhGenFail(message) => message.to_bytes(),
        }
    }
}
