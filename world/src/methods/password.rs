//! Two-step verification: what `account.*` says of the password, and how it is checked, set and removed.
//!
//! <https://core.telegram.org/api/srp>

use tl_parser::{Object, Value};

use super::{Access, Method, done};
use crate::call::Call;
use crate::crypto::{PasswordParams, PasswordProof};
use crate::error::{
    NEW_SALT_INVALID, NEW_SETTINGS_INVALID, PASSWORD_EMPTY, PASSWORD_HASH_INVALID, RpcError,
    SRP_ID_INVALID,
};
use crate::model::email::pattern;
use crate::model::ids::UserId;
use crate::model::password::{OpenChallenge, Password};
use crate::random::Purpose;
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("account.getPassword", Access::Anyone, get_password),
    Method::new(
        "account.getPasswordSettings",
        Access::People,
        get_password_settings,
    ),
    Method::new(
        "account.updatePasswordSettings",
        Access::People,
        update_password_settings,
    ),
    Method::new("account.getTmpPassword", Access::People, get_tmp_password),
    Method::new(
        "account.confirmPasswordEmail",
        Access::People,
        recovery::confirm_email,
    ),
    Method::new(
        "account.resendPasswordEmail",
        Access::People,
        recovery::resend_email,
    ),
    Method::new(
        "account.cancelPasswordEmail",
        Access::People,
        recovery::cancel_email,
    ),
    Method::new("account.resetPassword", Access::People, recovery::reset),
    Method::new(
        "account.declinePasswordReset",
        Access::People,
        recovery::decline_reset,
    ),
    Method::new(
        "auth.requestPasswordRecovery",
        Access::Anyone,
        recovery::request_recovery,
    ),
    Method::new(
        "auth.checkRecoveryPassword",
        Access::Anyone,
        recovery::check_recovery,
    ),
    Method::new("auth.recoverPassword", Access::Anyone, recovery::recover),
];

mod recovery;

/// The only algorithm there is.
const ALGORITHM: &str = "passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow";
/// Seconds that a challenge waits for its proof.
const CHALLENGE_LIFETIME: i64 = 3600;

fn get_password(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let user = call.password_owner()?;
    let (salt1, salt2) = call.server_salts(user);
    let (g, p) = call.state.crypto.group();
    let new = PasswordParams { salt1, salt2, g, p };
    let secure = Object::new("securePasswordKdfAlgoPBKDF2HMACSHA512iter100000")
        .with("salt", call.state.random.bytes::<8>().to_vec());
    let secure_random = call.state.random.bytes::<256>().to_vec();
    let reply = Object::new("account.password")
        .with("new_algo", algorithm(&new))
        .with("new_secure_algo", secure)
        .with("secure_random", secure_random);
    let account = call.user_ref(user)?;
    let pending = account.pending_password.as_ref();
    let unconfirmed = pending.map(|pending| pattern(&pending.email));
    let login_email = account.login_email.as_deref().map(pattern);
    let reply = reply
        .with_opt("email_unconfirmed_pattern", unconfirmed)
        .with_opt("pending_reset_date", account.password_reset)
        .with_opt("login_email_pattern", login_email);
    let Some(password) = account.password.clone() else {
        return Ok(reply.into());
    };
    let verifier = call.verifier(user, &password)?;
    let random = call.state.random.bytes::<256>();
    let challenge = call
        .state
        .crypto
        .challenge(&password.params, &verifier, &random);
    let srp_id = call.state.random.long();
    let srp_b = challenge.srp_b.to_vec();
    let now = call.now.seconds();
    let open = OpenChallenge {
        user,
        challenge,
        until: call.now.plus(CHALLENGE_LIFETIME).seconds(),
    };
    call.state.challenges.insert(srp_id, open, now);
    Ok(reply
        .with_flag("has_recovery", password.recovery_email.is_some())
        .with("has_password", true)
        .with("current_algo", algorithm(&password.params))
        .with("srp_B", srp_b)
        .with("srp_id", srp_id)
        .with_opt("hint", Some(password.hint).filter(|hint| !hint.is_empty()))
        .into())
}

fn algorithm(params: &PasswordParams) -> Object {
    Object::new(ALGORITHM)
        .with("salt1", params.salt1.clone())
        .with("salt2", params.salt2.clone())
        .with("g", params.g)
        .with("p", params.p.to_vec())
}

impl Call<'_> {
    /// The server's part of the salts of a new password.
    fn server_salts(&self, user: UserId) -> (Vec<u8>, Vec<u8>) {
        let word = |n| {
            self.state
                .random
                .derive(Purpose::NewSalt, user.0, n)
                .to_be_bytes()
        };
        (word(0).to_vec(), [word(1), word(2)].concat())
    }

    /// The verifier of a password; that of one in clear is made once and kept.
    fn verifier(&mut self, user: UserId, password: &Password) -> Result<[u8; 256], RpcError> {
        if let Some(verifier) = &password.verifier {
            return Ok(**verifier);
        }
        let clear = password.clear.as_deref().unwrap_or_default();
        let crypto = &self.state.crypto;
        let verifier = crypto.verifier(&password.params, clear.as_bytes());
        if let Some(kept) = self.user_mut(user)?.password.as_mut() {
            kept.verifier = Some(Box::new(verifier));
        }
        Ok(verifier)
    }

    /// Checks an `InputCheckPasswordSRP` against the password of `user`, where there is one.
    pub(super) fn check_password(&mut self, user: UserId, input: &Object) -> Result<(), RpcError> {
        let Some(password) = self.user_ref(user)?.password.clone() else {
            return Ok(());
        };
        if input.name() != "inputCheckPasswordSRP" {
            return Err(PASSWORD_HASH_INVALID.into());
        }
        let srp_id = input.need_long("srp_id")?;
        let proof = PasswordProof {
            a: input.need_bytes("A")?,
            m1: input.need_bytes("M1")?,
        };
        let now = self.now.seconds();
        let challenge = self.state.challenges.take(srp_id, user, now);
        let challenge = challenge.ok_or(SRP_ID_INVALID)?;
        let verifier = self.verifier(user, &password)?;
        let right = self
            .state
            .crypto
            .check(&password.params, &verifier, &challenge, proof);
        if right {
            Ok(())
        } else {
            Err(PASSWORD_HASH_INVALID.into())
        }
    }
}

fn get_password_settings(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.check_password(me, request.need_object("password")?)?;
    let email = call
        .user_ref(me)?
        .password
        .as_ref()
        .and_then(|password| password.recovery_email.clone());
    Ok(Object::new("account.passwordSettings")
        .with_opt("email", email)
        .into())
}

fn update_password_settings(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.check_password(me, request.need_object("password")?)?;
    let settings = request.need_object("new_settings")?;
    let email = settings.str("email");
    let Some(new_algo) = settings.object("new_algo") else {
        // Only the recovery address changes.
        let Some(email) = email else {
            return Ok(done());
        };
        let password = call.user_mut(me)?.password.as_mut();
        let password = password.ok_or(PASSWORD_EMPTY)?;
        if email.is_empty() {
            password.recovery_email = None;
            return Ok(done());
        }
        return recovery::await_confirmation(call, me, None, email);
    };
    if new_algo.name() != ALGORITHM {
        let hash = settings.bytes("new_password_hash").unwrap_or_default();
        if !hash.is_empty() {
            return Err(NEW_SETTINGS_INVALID.into());
        }
        let user = call.user_mut(me)?;
        user.password = None;
        user.pending_password = None;
        user.password_reset = None;
        return Ok(done());
    }
    let mut password = new_password(call, me, settings)?;
    if let Some(email) = email.filter(|email| !email.is_empty()) {
        // The password waits with its address, so that nobody is locked out by a mistyped one.
        return recovery::await_confirmation(call, me, Some(password), email);
    }
    let user = call.user_mut(me)?;
    if email.is_none() {
        let old = user.password.take();
        password.recovery_email = old.and_then(|password| password.recovery_email);
    }
    user.password = Some(password);
    user.password_reset = None;
    Ok(done())
}

/// The password that `account.passwordInputSettings` describe, without a recovery address.
fn new_password(call: &Call<'_>, user: UserId, settings: &Object) -> Result<Password, RpcError> {
    let hash = settings.bytes("new_password_hash").unwrap_or_default();
    let verifier: [u8; 256] = hash.try_into().map_err(|_| NEW_SETTINGS_INVALID)?;
    let params = call.checked_params(user, settings.need_object("new_algo")?)?;
    Ok(Password {
        params,
        verifier: Some(Box::new(verifier)),
        clear: None,
        hint: settings.str("hint").unwrap_or_default().to_owned(),
        recovery_email: None,
    })
}

impl Call<'_> {
    /// Parameters of a new password: our group, and salts that begin with ours.
    fn checked_params(&self, me: UserId, algo: &Object) -> Result<PasswordParams, RpcError> {
        let (server1, server2) = self.server_salts(me);
        let (g, p) = self.state.crypto.group();
        let salt1 = algo.need_bytes("salt1")?;
        let salt2 = algo.need_bytes("salt2")?;
        // 32 bytes of the client follow the server's 8; longer salts would only fill memory.
        let right_length = (server1.len() + 32..=server1.len() + 64).contains(&salt1.len());
        if !salt1.starts_with(&server1) || !right_length || salt2 != server2 {
            return Err(NEW_SALT_INVALID.into());
        }
        if algo.need_int("g")? != g || algo.need_bytes("p")? != p {
            return Err(NEW_SETTINGS_INVALID.into());
        }
        Ok(PasswordParams {
            salt1: salt1.to_vec(),
            salt2: salt2.to_vec(),
            g,
            p,
        })
    }
}

fn get_tmp_password(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.check_password(me, request.need_object("password")?)?;
    let period = request.need_int("period")?.clamp(60, 86_400);
    let password = call.state.random.bytes::<16>().to_vec();
    Ok(Object::new("account.tmpPassword")
        .with("tmp_password", password)
        .with("valid_until", call.now.plus(period.into()).date())
        .into())
}
