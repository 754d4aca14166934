//! The recovery address of a password, and ways back in without the password.
//!
//! <https://core.telegram.org/api/srp#email-verification>

use tl_parser::{Object, Value};

use super::{ALGORITHM, new_password};
use crate::call::Call;
use crate::error::{
    AUTH_KEY_UNREGISTERED, CODE_EMPTY, CODE_INVALID, EMAIL_HASH_EXPIRED, EMAIL_INVALID,
    PASSWORD_EMPTY, PASSWORD_RECOVERY_EXPIRED, PASSWORD_RECOVERY_NA, RESET_REQUEST_MISSING,
    RpcError,
};
use crate::methods::{auth, done};
use crate::model::authorization::Login;
use crate::model::email::{EmailPurpose, WrongCode, is_address, pattern};
use crate::model::ids::UserId;
use crate::model::password::{Password, PendingPassword};
use crate::outcome::Effect;
use crate::request::Arguments;

/// Digits of a code.
const CODE_LENGTH: usize = 6;
/// Seconds between asking for a reset and the reset.
const RESET_WAIT: i64 = 7 * 24 * 3600;

impl Call<'_> {
    /// Sends a new code to an address.
    pub(in crate::methods) fn send_email(
        &mut self,
        purpose: EmailPurpose,
        address: &str,
    ) -> Result<(), RpcError> {
        let code = self.email_code();
        let now = self.now.seconds();
        let effect = Effect::EmailSent {
            address: address.to_owned(),
            code: code.clone(),
        };
        if self.state.emails.send(purpose, address, code, now) {
            self.effects.push(effect);
            Ok(())
        } else {
            Err(RpcError::flood_wait(60))
        }
    }

    /// Six digits.
    pub(in crate::methods) fn email_code(&mut self) -> String {
        let number = self.state.random.within(0, 1_000_000);
        format!("{number:0CODE_LENGTH$}")
    }

    /// The account whose password is asked for: logged in, or about to be.
    pub(in crate::methods) fn password_owner(&self) -> Result<UserId, RpcError> {
        match self.state.login(self.caller.auth_key_id) {
            Login::PasswordPending(user) | Login::User(user) => Ok(user),
            _ => Err(AUTH_KEY_UNREGISTERED.into()),
        }
    }
}

/// Keeps a new recovery address until it is confirmed.
///
/// # Errors
///
/// Always one: `EMAIL_UNCONFIRMED_n` tells the client that a code of n digits is on its way.
pub(super) fn await_confirmation(
    call: &mut Call<'_>,
    me: UserId,
    password: Option<Password>,
    email: &str,
) -> Result<Value, RpcError> {
    if !is_address(email) {
        return Err(EMAIL_INVALID.into());
    }
    call.send_email(EmailPurpose::ConfirmRecovery(me), email)?;
    call.user_mut(me)?.pending_password = Some(PendingPassword {
        password,
        email: email.to_owned(),
    });
    let error = format!("EMAIL_UNCONFIRMED_{CODE_LENGTH}");
    Err(RpcError::new(400, error))
}

pub(super) fn confirm_email(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let code = request.need_str("code")?;
    let purpose = EmailPurpose::ConfirmRecovery(me);
    let now = call.now.seconds();
    let right = call.state.emails.check(&purpose, code, now);
    right.map_err(|wrong| match wrong {
        WrongCode::Expired => EMAIL_HASH_EXPIRED,
        WrongCode::Invalid => CODE_INVALID,
    })?;
    call.state.emails.close(&purpose);
    let user = call.user_mut(me)?;
    let pending = user.pending_password.take().ok_or(EMAIL_HASH_EXPIRED)?;
    if let Some(password) = pending.password {
        user.password = Some(password);
    }
    let password = user.password.as_mut().ok_or(EMAIL_HASH_EXPIRED)?;
    password.recovery_email = Some(pending.email);
    Ok(done())
}

pub(super) fn resend_email(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let pending = call.user_ref(me)?.pending_password.as_ref();
    let email = pending.ok_or(EMAIL_HASH_EXPIRED)?.email.clone();
    call.send_email(EmailPurpose::ConfirmRecovery(me), &email)?;
    Ok(done())
}

pub(super) fn cancel_email(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let pending = call.user_mut(me)?.pending_password.take();
    pending.ok_or(EMAIL_HASH_EXPIRED)?;
    call.state.emails.close(&EmailPurpose::ConfirmRecovery(me));
    Ok(done())
}

pub(super) fn request_recovery(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let user = call.password_owner()?;
    let password = call.user_ref(user)?.password.as_ref();
    let password = password.ok_or(PASSWORD_EMPTY)?;
    let email = password.recovery_email.clone();
    let email = email.ok_or(PASSWORD_RECOVERY_NA)?;
    call.send_email(EmailPurpose::Recover(user), &email)?;
    Ok(Object::new("auth.passwordRecovery")
        .with("email_pattern", pattern(&email))
        .into())
}

/// Compares a recovery code; it stays open.
fn check_code(call: &mut Call<'_>, user: UserId, request: &Object) -> Result<(), RpcError> {
    let code = request.need_str("code")?;
    if code.is_empty() {
        return Err(CODE_EMPTY.into());
    }
    let now = call.now.seconds();
    let purpose = EmailPurpose::Recover(user);
    let right = call.state.emails.check(&purpose, code, now);
    right.map_err(|wrong| match wrong {
        WrongCode::Expired => PASSWORD_RECOVERY_EXPIRED,
        WrongCode::Invalid => CODE_INVALID,
    })?;
    Ok(())
}

pub(super) fn check_recovery(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let user = call.password_owner()?;
    check_code(call, user, request)?;
    Ok(done())
}

pub(super) fn recover(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let user = call.password_owner()?;
    check_code(call, user, request)?;
    let settings = request.object("new_settings");
    let replacement = match settings.filter(|settings| is_password(settings)) {
        Some(settings) => Some(new_password(call, user, settings)?),
        None => None,
    };
    call.state.emails.close(&EmailPurpose::Recover(user));
    let account = call.user_mut(user)?;
    let email = account.password.take().and_then(|p| p.recovery_email);
    account.password = replacement.map(|password| Password {
        recovery_email: email,
        ..password
    });
    account.password_reset = None;
    auth::log_in(call, user)
}

/// Whether settings name a new password.
fn is_password(settings: &Object) -> bool {
    settings
        .object("new_algo")
        .is_some_and(|algo| algo.name() == ALGORITHM)
}

/// Takes a forgotten password away, a week after it was first asked for.
pub(super) fn reset(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let date = call.date();
    let until = call.now.plus(RESET_WAIT).date();
    let user = call.user_mut(me)?;
    if user.password.is_none() {
        return Err(PASSWORD_EMPTY.into());
    }
    match user.password_reset {
        Some(due) if due <= date => {
            user.password = None;
            user.password_reset = None;
            Ok(Object::new("account.resetPasswordOk").into())
        }
        asked => {
            let until_date = asked.unwrap_or(until);
            user.password_reset = Some(until_date);
            Ok(Object::new("account.resetPasswordRequestedWait")
                .with("until_date", until_date)
                .into())
        }
    }
}

pub(super) fn decline_reset(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let asked = call.user_mut(me)?.password_reset.take();
    asked.ok_or(RESET_REQUEST_MISSING)?;
    Ok(done())
}
