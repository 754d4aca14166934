//! Login codes by e-mail: the address of an account, set up, changed and used.
//!
//! <https://core.telegram.org/api/auth#email-verification>

use tl_parser::{Object, Value};

use super::{find_code, sent_code};
use crate::call::Call;
use crate::error::{
    AUTH_KEY_UNREGISTERED, CODE_INVALID, EMAIL_INVALID, EMAIL_NOT_SETUP, EMAIL_VERIFY_EXPIRED,
    PHONE_CODE_EXPIRED, RpcError,
};
use crate::model::email::{EmailPurpose, WrongCode, is_address, pattern};
use crate::model::ids::UserId;
use crate::model::login::CodeWay;
use crate::outcome::Effect;
use crate::request::Arguments;

/// What the caller may verify an address for.
fn purpose(call: &mut Call<'_>, request: &Object) -> Result<EmailPurpose, RpcError> {
    let input = request.need_object("purpose")?;
    if input.name() == "emailVerifyPurposeLoginSetup" {
        let (hash, code) = find_code(call, input)?;
        if code.way != CodeWay::SetUpEmail {
            return Err(EMAIL_NOT_SETUP.into());
        }
        return Ok(EmailPurpose::LoginSetup(hash));
    }
    let me = call.me.ok_or(AUTH_KEY_UNREGISTERED)?;
    Ok(match input.name() {
        "emailVerifyPurposeLoginChange" => EmailPurpose::LoginChange(me),
        _ => EmailPurpose::Passport(me),
    })
}

pub(super) fn send_code(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let purpose = purpose(call, request)?;
    let address = request.need_str("email")?;
    if !is_address(address) {
        return Err(EMAIL_INVALID.into());
    }
    call.send_email(purpose, address)?;
    Ok(Object::new("account.sentEmailCode")
        .with("email_pattern", pattern(address))
        .with("length", 6)
        .into())
}

pub(super) fn verify(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let purpose = purpose(call, request)?;
    let given = verification(request.need_object("verification")?)?;
    let now = call.now.seconds();
    let checked = call.state.emails.check(&purpose, given, now);
    let address = checked.map_err(|wrong| match wrong {
        WrongCode::Expired => EMAIL_VERIFY_EXPIRED,
        WrongCode::Invalid => CODE_INVALID,
    })?;
    call.state.emails.close(&purpose);
    match purpose {
        EmailPurpose::LoginSetup(hash) => set_up(call, &hash, address),
        EmailPurpose::LoginChange(user) => {
            call.user_mut(user)?.login_email = Some(address.clone());
            Ok(verified(&address))
        }
        _ => Ok(verified(&address)),
    }
}

fn verified(address: &str) -> Value {
    Object::new("account.emailVerified")
        .with("email", address)
        .into()
}

/// The code of an `EmailVerification`; nobody can be asked about tokens of other services.
pub(super) fn verification(input: &Object) -> Result<&str, RpcError> {
    match input.name() {
        "emailVerificationCode" => input.need_str("code"),
        _ => Err(CODE_INVALID.into()),
    }
}

/// The login goes on with a code to the new address.
fn set_up(call: &mut Call<'_>, hash: &str, address: String) -> Result<Value, RpcError> {
    let code = call.state.logins.codes.get(hash);
    let phone = code.ok_or(PHONE_CODE_EXPIRED)?.phone.clone();
    if let Some(user) = call.state.phones.get(&phone).copied() {
        call.user_mut(user)?.login_email = Some(address.clone());
    }
    let sent = email_login(call, hash, &address)?;
    Ok(Object::new("account.emailVerifiedLogin")
        .with("email", address)
        .with("sent_code", sent)
        .into())
}

/// Sends the code of a login to an address.
pub(super) fn email_login(
    call: &mut Call<'_>,
    hash: &str,
    address: &str,
) -> Result<Value, RpcError> {
    let fresh = call.email_code();
    let now = call.now.seconds();
    let code = call.state.logins.codes.get_mut(hash);
    let code = code.ok_or(PHONE_CODE_EXPIRED)?;
    code.way = CodeWay::Email;
    code.code.clone_from(&fresh);
    code.email = Some(address.to_owned());
    let reply = sent_code(hash, code);
    call.state.emails.note(address, &fresh, now);
    call.effects.push(Effect::EmailSent {
        address: address.to_owned(),
        code: fresh,
    });
    Ok(reply)
}

/// The owner has lost the address: it is forgotten, and the code comes another way.
pub(super) fn reset(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (hash, code) = find_code(call, request)?;
    if code.way != CodeWay::Email {
        return Err(EMAIL_NOT_SETUP.into());
    }
    let phone = code.phone.clone();
    if let Some(user) = call.state.phones.get(&phone).copied() {
        call.user_mut(user)?.login_email = None;
    }
    let (_, code) = find_code(call, request)?;
    code.email = None;
    code.way = CodeWay::Sms;
    let known = crate::fixtures::test_code(&phone);
    code.code = known.ok_or(PHONE_CODE_EXPIRED)?;
    Ok(sent_code(&hash, code))
}

/// The login address of an account.
pub(super) fn address(call: &Call<'_>, user: UserId) -> Option<String> {
    call.state.users.get(&user)?.login_email.clone()
}
