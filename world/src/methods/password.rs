//! Two-step verification: what `account.*` says of the password, and how it is checked, set and removed.
//!
//! <https://core.telegram.org/api/srp>

use tl_parser::{Object, Value};

use super::{Access, Method, done};
use crate::call::Call;
use crate::crypto::{PasswordParams, PasswordProof};
use crate::error::{
    AUTH_KEY_UNREGISTERED, NEW_SALT_INVALID, NEW_SETTINGS_INVALID, PASSWORD_HASH_INVALID, RpcError,
    SRP_ID_INVALID,
};
use crate::model::authorization::Login;
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
];

/// The only algorithm there is.
const ALGORITHM: &str = "passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow";
/// Seconds that a challenge waits for its proof.
const CHALLENGE_LIFETIME: i64 = 3600;

fn get_password(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let user = match call.state.login(call.caller.auth_key_id) {
        Login::PasswordPending(user) | Login::User(user) => user,
        Login::None | Login::Revoked => return Err(AUTH_KEY_UNREGISTERED.into()),
    };
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
    let Some(password) = call.user_ref(user)?.password.clone() else {
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
    let Some(new_algo) = settings.object("new_algo") else {
        return Ok(done());
    };
    let hash = settings.bytes("new_password_hash").unwrap_or_default();
    if new_algo.name() != ALGORITHM {
        if !hash.is_empty() {
            return Err(NEW_SETTINGS_INVALID.into());
        }
        call.user_mut(me)?.password = None;
        return Ok(done());
    }
    let verifier: [u8; 256] = hash.try_into().map_err(|_| NEW_SETTINGS_INVALID)?;
    let params = call.checked_params(me, new_algo)?;
    let hint = settings.str("hint").unwrap_or_default().to_owned();
    let user = call.user_mut(me)?;
    let recovery_email = user
        .password
        .take()
        .and_then(|password| password.recovery_email);
    user.password = Some(Password {
        params,
        verifier: Some(Box::new(verifier)),
        clear: None,
        hint,
        recovery_email,
    });
    Ok(done())
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
