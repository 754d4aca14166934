//! What can go wrong in a key exchange, one variant per broken rule.

use core::fmt;

use crate::crypto::dh::DhError;
use crate::crypto::rsa::RsaError;
use crate::ids::ConstructorId;
use crate::tl::{ReadError, ReadErrorKind};

/// Why the client gave up a run. Nothing derived from it may be used; a new run may be started.
///
/// Section: <https://core.telegram.org/mtproto/security_guidelines#diffie-hellman-key-exchange>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The run is over, by success or failure.
    Finished,
    /// A message that has no place at this step.
    UnexpectedMessage(ConstructorId),
    /// A message that is malformed or cut off.
    Malformed(ReadError),
    /// `resPQ` carries another `nonce` than ours.
    ResPqNonce,
    /// `pq` has more than 64 bits.
    PqTooLarge,
    /// `pq` is not the product of two primes.
    PqNotFactored,
    /// None of the keys offered is known.
    UnknownFingerprints,
    /// Our own data cannot be encrypted with the key.
    Rsa(RsaError),
    /// The answer to `req_DH_params` carries other nonces than this run.
    DhParamsNonce,
    /// The server refused our data with `server_DH_params_fail`.
    DhParamsRefused,
    /// `encrypted_answer` is not made of whole blocks, or too short to hold anything.
    AnswerLength,
    /// The SHA-1 in front of the answer does not match it.
    AnswerHash,
    /// More than 15 bytes follow the answer.
    AnswerPadding,
    /// The decrypted answer is no `server_DH_inner_data`.
    AnswerContent(ReadError),
    /// The decrypted answer carries another `nonce`.
    AnswerNonce,
    /// The decrypted answer carries another `server_nonce`.
    AnswerServerNonce,
    /// `dh_prime`, `g` or `g_a` breaks a rule.
    Dh(DhError),
    /// The source of randomness gives no usable secret.
    Randomness,
    /// The answer to `set_client_DH_params` carries other nonces than this run.
    DhGenNonce,
    /// `new_nonce_hash` does not prove that the server has the same key.
    NewNonceHash,
    /// The server asked for another secret too often.
    TooManyRetries,
    /// The server ended the run with `dh_gen_fail`.
    DhGenFailed,
}

impl HandshakeError {
    /// The broken rule's identifier in [`crate::rules`], where the peer broke one.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        Some(match self {
            Self::Finished | Self::Rsa(_) | Self::Randomness => return None,
            Self::UnexpectedMessage(_) => "hs_47",
            Self::Malformed(_) => "tp_04",
            Self::ResPqNonce => "hs_02",
            Self::PqTooLarge => "hs_06",
            Self::PqNotFactored => "hs_03",
            Self::UnknownFingerprints => "hs_09",
            Self::DhParamsNonce => "hs_20",
            Self::DhParamsRefused => "hs_60",
            Self::AnswerLength => "hs_21",
            Self::AnswerHash => "hs_23",
            Self::AnswerPadding => "hs_24",
            Self::AnswerContent(_) => "hs_27",
            Self::AnswerNonce => "hs_25",
            Self::AnswerServerNonce => "hs_26",
            Self::Dh(error) => match error {
                DhError::PrimeLength => "hs_28",
                DhError::NotSafePrime => "hs_29",
                DhError::GeneratorRange => "hs_33",
                DhError::GeneratorResidue => "hs_34",
                DhError::PublicRange => "hs_35",
            },
            Self::DhGenNonce => "hs_41",
            Self::NewNonceHash => "hs_42",
            Self::TooManyRetries => "hs_45",
            Self::DhGenFailed => "hs_46",
        })
    }
}

impl From<ReadError> for HandshakeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError {
                offset: 0,
                kind: ReadErrorKind::UnexpectedConstructor(id),
            } => Self::UnexpectedMessage(id),
            _ => Self::Malformed(error),
        }
    }
}

impl From<DhError> for HandshakeError {
    fn from(error: DhError) -> Self {
        Self::Dh(error)
    }
}

impl From<RsaError> for HandshakeError {
    fn from(error: RsaError) -> Self {
        Self::Rsa(error)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "the key exchange is over",
            Self::UnexpectedMessage(id) => {
                return write!(f, "{id} has no place at this step of the key exchange");
            }
            Self::Malformed(error) => {
                return write!(f, "malformed message of the key exchange: {error}");
            }
            Self::ResPqNonce => "resPQ carries another nonce than the one sent",
            Self::PqTooLarge => "pq has more than 64 bits",
            Self::PqNotFactored => "pq is not the product of two primes",
            Self::UnknownFingerprints => "none of the server's RSA keys is known",
            Self::Rsa(error) => return write!(f, "the server's RSA key cannot be used: {error}"),
            Self::DhParamsNonce => "the answer to req_DH_params carries other nonces",
            Self::DhParamsRefused => "the server refused req_DH_params",
            Self::AnswerLength => "encrypted_answer has an impossible length",
            Self::AnswerHash => "the hash of the decrypted answer does not match",
            Self::AnswerPadding => "the decrypted answer has more than 15 bytes of padding",
            Self::AnswerContent(error) => {
                return write!(
                    f,
                    "the decrypted answer is no server_DH_inner_data: {error}"
                );
            }
            Self::AnswerNonce => "the decrypted answer carries another nonce",
            Self::AnswerServerNonce => "the decrypted answer carries another server_nonce",
            Self::Dh(error) => return write!(f, "{error}"),
            Self::Randomness => "the source of randomness gives no usable secret",
            Self::DhGenNonce => "the answer to set_client_DH_params carries other nonces",
            Self::NewNonceHash => "new_nonce_hash does not match: the server has another key",
            Self::TooManyRetries => "the server asked for another secret too often",
            Self::DhGenFailed => "the server ended the key exchange with dh_gen_fail",
        })
    }
}

impl core::error::Error for HandshakeError {}

/// A query that the server does not answer but refuses with a transport error; its run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why: for the log, never for the wire.
    pub reason: RefusalReason,
}

impl Refusal {
    /// The transport error that the client gets: −404, or −444 for a wrong data centre.
    #[must_use]
    pub const fn transport_error(&self) -> i32 {
        match self.reason {
            RefusalReason::WrongDc => -444,
            _ => -404,
        }
    }
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self { reason }
    }
}

/// Why the server refuses a query.
///
/// What goes wrong after the RSA decryption has one variant alone, so that not even a log is an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// No message of a client in a key exchange, or one that is malformed or cut off.
    Malformed(ReadError),
    /// The nonces belong to no run, to one that has ended, or to one that was forgotten.
    UnknownRun,
    /// A message that has no place at this step.
    WrongStep,
    /// `p` and `q` are not the factors of `pq`.
    WrongFactors,
    /// The RSA key named is none of the server's.
    UnknownFingerprint,
    /// `encrypted_data` cannot be decrypted, or holds something else than the data of this run.
    InnerData,
    /// The form of the data, or of its padding, is not allowed by the configuration.
    FormNotAllowed,
    /// The client believes it talks to another data centre.
    WrongDc,
    /// The hash, nonces, lengths or `retry_id` of `client_DH_inner_data` are wrong.
    ClientInnerData,
    /// `g_b` is out of range.
    ClientPublic,
    /// The source of randomness gives no usable secret.
    Randomness,
}

impl RefusalReason {
    /// The broken rule's identifier in [`crate::rules`], where the client broke one.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        Some(match self {
            Self::Malformed(_) => "tp_04",
            Self::UnknownRun => "hs_68",
            Self::WrongStep | Self::WrongFactors | Self::UnknownFingerprint => "hs_60",
            Self::InnerData => "hs_62",
            Self::FormNotAllowed => "hs_70",
            Self::WrongDc => "hs_61",
            Self::ClientInnerData => "hs_65",
            Self::ClientPublic => "hs_63",
            Self::Randomness => return None,
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            RefusalReason::Malformed(error) => {
                return write!(f, "malformed query of a key exchange: {error}");
            }
            RefusalReason::UnknownRun => "the nonces belong to no running key exchange",
            RefusalReason::WrongStep => "the query has no place at this step of the key exchange",
            RefusalReason::WrongFactors => "p and q are not the factors of pq",
            RefusalReason::UnknownFingerprint => {
                "the query names an RSA key that this server does not have"
            }
            RefusalReason::InnerData => {
                "encrypted_data does not hold the data of this key exchange"
            }
            RefusalReason::FormNotAllowed => "the form of encrypted_data is not allowed here",
            RefusalReason::WrongDc => "the client means another data centre",
            RefusalReason::ClientInnerData => {
                "client_DH_inner_data does not belong to this key exchange"
            }
            RefusalReason::ClientPublic => "g_b is out of range",
            RefusalReason::Randomness => "the source of randomness gives no usable secret",
        })
    }
}

impl core::error::Error for Refusal {}
