//! The client's half of two-step verification.
//!
//! Section: <https://core.telegram.org/api/srp>.

use mtproto_core::crypto::dh::{PrimeCache, check_params};
use mtproto_core::crypto::srp::{self, PasswordKdf};
use mtproto_core::random::SecureRandom;

use crate::api::{
    AccountPassword, AnyInputCheckPasswordSrp, InputCheckPasswordSrp, PasswordKdfAlgo,
};
use crate::error::LoginError;

/// The proof for the password that is `asked` for.
pub(crate) fn prove(
    asked: AccountPassword,
    password: &str,
    random: &mut dyn SecureRandom,
) -> Result<AnyInputCheckPasswordSrp, LoginError> {
    let (Some(algorithm), Some(srp_b), Some(srp_id)) =
        (asked.current_algo, asked.srp_b, asked.srp_id)
    else {
        let without = "account.password without a password to check";
        return Err(LoginError::Unexpected(without.into()));
    };
    // The one algorithm there is.
    let PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(algorithm) = algorithm
    else {
        return Err(LoginError::Unexpected("passwordKdfAlgoUnknown".into()));
    };
    // A server could choose a group in which the answer gives the password away.
    let group = check_params(&algorithm.p, algorithm.g, &mut PrimeCache::new(), random)
        .map_err(LoginError::PasswordGroup)?;
    let kdf = PasswordKdf {
        salt1: &algorithm.salt1,
        salt2: &algorithm.salt2,
        group: &group,
    };
    let answer =
        srp::answer(kdf, password.as_bytes(), &srp_b, random).map_err(LoginError::Password)?;
    Ok(AnyInputCheckPasswordSrp::Srp(InputCheckPasswordSrp {
        srp_id,
        a: answer.a.to_vec(),
        m1: answer.m1.to_vec(),
    }))
}
