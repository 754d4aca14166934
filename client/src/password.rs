//! The client's half of two-step verification.
//!
//! Section: <https://core.telegram.org/api/srp>.

use mtproto_core::crypto::dh::{PrimeCache, check_params};
use mtproto_core::crypto::srp::{self, PasswordKdf};
use mtproto_core::random::SecureRandom;
use tl_parser::{Object, Value};

use crate::error::LoginError;

/// The one algorithm there is.
const ALGORITHM: &str = "passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow";

/// `inputCheckPasswordSRP` for an `account.password`.
pub(crate) fn prove(
    asked: &Object,
    password: &str,
    random: &mut dyn SecureRandom,
) -> Result<Object, LoginError> {
    let missing = || LoginError::Unexpected("account.password without a password to check".into());
    let algorithm = asked.object("current_algo").ok_or_else(missing)?;
    if algorithm.name() != ALGORITHM {
        return Err(LoginError::Unexpected(algorithm.name().to_owned()));
    }
    let bytes = |field| algorithm.bytes(field).ok_or_else(missing);
    // A server could choose a group in which the answer gives the password away.
    let group = check_params(
        bytes("p")?,
        algorithm.int("g").ok_or_else(missing)?,
        &mut PrimeCache::new(),
        random,
    )
    .map_err(LoginError::PasswordGroup)?;
    let kdf = PasswordKdf {
        salt1: bytes("salt1")?,
        salt2: bytes("salt2")?,
        group: &group,
    };
    let srp_b = asked.bytes("srp_B").ok_or_else(missing)?;
    let answer =
        srp::answer(kdf, password.as_bytes(), srp_b, random).map_err(LoginError::Password)?;
    Ok(Value::object("inputCheckPasswordSRP")
        .with("srp_id", asked.long("srp_id").ok_or_else(missing)?)
        .with("A", answer.a.to_vec())
        .with("M1", answer.m1.to_vec()))
}
