//! `auth.*`: how a key becomes a login, and how it ends.
//!
//! <https://core.telegram.org/api/auth>

use tl_parser::{Object, Value};

use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    ACCESS_TOKEN_INVALID, API_ID_INVALID, AUTH_BYTES_INVALID, DC_ID_INVALID, FIRSTNAME_INVALID,
    PHONE_CODE_EMPTY, PHONE_CODE_EXPIRED, PHONE_CODE_HASH_EMPTY, PHONE_CODE_INVALID,
    PHONE_NUMBER_BANNED, PHONE_NUMBER_INVALID, PHONE_NUMBER_OCCUPIED, RpcError,
    SEND_CODE_UNAVAILABLE, SESSION_PASSWORD_NEEDED, USER_DEACTIVATED,
};
use crate::fixtures::test_code;
use crate::model::authorization::Login;
use crate::model::email::pattern;
use crate::model::ids::UserId;
use crate::model::login::{CodeWay, Exported, MAX_ATTEMPTS, SentCode};
use crate::model::message::Place;
use crate::model::user::{Standing, User};
use crate::outcome::Effect;
use crate::phone::digits;
use crate::posting::Draft;
use crate::request::Arguments;
use crate::state::SERVICE_ACCOUNT;

mod email;
mod qr;

pub(super) const METHODS: &[Method] = &[
    Method::new("auth.sendCode", Access::Anyone, send_code),
    Method::new("auth.resendCode", Access::Anyone, resend_code),
    Method::new("auth.cancelCode", Access::Anyone, cancel_code),
    Method::new("auth.signIn", Access::Anyone, sign_in),
    Method::new("auth.signUp", Access::Anyone, sign_up),
    Method::new("auth.checkPassword", Access::Anyone, check_password),
    Method::new("auth.importBotAuthorization", Access::Anyone, import_bot),
    Method::new("auth.logOut", Access::Everybody, log_out),
    Method::new("auth.resetAuthorizations", Access::People, reset_all),
    Method::new("auth.exportAuthorization", Access::Everybody, export),
    Method::new("auth.importAuthorization", Access::Anyone, import),
    Method::new("auth.dropTempAuthKeys", Access::Everybody, drop_temp_keys),
    Method::new("auth.exportLoginToken", Access::Anyone, qr::export),
    Method::new("auth.importLoginToken", Access::Anyone, qr::import),
    Method::new("auth.acceptLoginToken", Access::People, qr::accept),
    Method::new("auth.resetLoginEmail", Access::Anyone, email::reset),
    Method::new(
        "account.sendVerifyEmailCode",
        Access::Anyone,
        email::send_code,
    ),
    Method::new("account.verifyEmail", Access::Anyone, email::verify),
];

/// Seconds after which the next way of sending a code may be asked for.
const RESEND_AFTER: i32 = 60;
/// Seconds that an exported authorization waits for its import.
const EXPORT_LIFETIME: i64 = 600;
/// Longest first or last name, in characters.
const NAME_MAX: usize = 64;

fn send_code(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check_api_id(call, request)?;
    let phone = digits(request.need_str("phone_number")?);
    let code = test_code(&phone).ok_or(PHONE_NUMBER_INVALID)?;
    let owner = call.state.phones.get(&phone).copied();
    let account = owner.and_then(|id| call.state.users.get(&id));
    if account.is_some_and(|account| account.standing == Standing::Banned) {
        return Err(PHONE_NUMBER_BANNED.into());
    }
    let here = call.caller.dc;
    if let Some(home) = account
        .and_then(|account| account.dc)
        .filter(|dc| *dc != here)
    {
        return Err(RpcError::migrate("PHONE", home));
    }
    if let Some(near) = call.state.config.network_dc.filter(|dc| *dc != here) {
        return Err(RpcError::migrate("NETWORK", near));
    }
    let address = owner.and_then(|owner| email::address(call, owner));
    let listener = owner.filter(|id| !call.state.keys_of(*id).is_empty());
    let way = match (&address, listener) {
        (Some(_), _) => CodeWay::Email,
        (None, _) if call.state.config.login_email_required => CodeWay::SetUpEmail,
        (None, Some(_)) => CodeWay::App,
        (None, None) => CodeWay::Sms,
    };
    let (hash, reply) = remember_code(call, phone, code.clone(), way)?;
    match (address, listener) {
        (Some(address), _) => email::email_login(call, &hash, &address),
        (None, Some(user)) if way == CodeWay::App => {
            tell_code(call, user, &code)?;
            Ok(reply)
        }
        _ => Ok(reply),
    }
}

/// Keeps a code and gives its hash and `auth.sentCode`.
pub(super) fn remember_code(
    call: &mut Call<'_>,
    phone: String,
    code: String,
    way: CodeWay,
) -> Result<(String, Value), RpcError> {
    make_room(call)?;
    let hash = call.state.random.hex::<9>();
    let lifetime = call.state.config.phone_code_lifetime;
    let sent = SentCode {
        phone,
        code,
        way,
        email: None,
        until: call.now.plus(lifetime).seconds(),
        attempts: 0,
        confirmed: false,
    };
    let reply = sent_code(&hash, &sent);
    call.state.logins.codes.insert(hash.clone(), sent);
    Ok((hash, reply))
}

/// Refuses more half-finished logins than the world keeps.
fn make_room(call: &mut Call<'_>) -> Result<(), RpcError> {
    let limit = call.state.config.limits.pending_logins;
    let now = call.now.seconds();
    if call.state.logins.make_room(now, limit) {
        Ok(())
    } else {
        Err(RpcError::flood_wait(60))
    }
}

fn sent_code(hash: &str, sent: &SentCode) -> Value {
    let length = i32::try_from(sent.code.len()).unwrap_or(i32::MAX);
    let kind = match sent.way {
        CodeWay::App => Object::new("auth.sentCodeTypeApp").with("length", length),
        CodeWay::Sms => Object::new("auth.sentCodeTypeSms").with("length", length),
        CodeWay::Call => Object::new("auth.sentCodeTypeCall").with("length", length),
        CodeWay::Email => {
            let address = sent.email.as_deref().unwrap_or_default();
            Object::new("auth.sentCodeTypeEmailCode")
                .with("email_pattern", pattern(address))
                .with("length", length)
                .with("reset_available_period", 0)
        }
        CodeWay::SetUpEmail => Object::new("auth.sentCodeTypeSetUpEmailRequired"),
    };
    let next = sent.way.next().map(|next| {
        Object::new(match next {
            CodeWay::Call => "auth.codeTypeCall",
            _ => "auth.codeTypeSms",
        })
    });
    let timeout = next.as_ref().map(|_| RESEND_AFTER);
    Object::new("auth.sentCode")
        .with("type", kind)
        .with("phone_code_hash", hash)
        .with_opt("next_type", next)
        .with_opt("timeout", timeout)
        .into()
}

/// The service account writes the code to the sessions that are already logged in.
fn tell_code(call: &mut Call<'_>, user: UserId, code: &str) -> Result<(), RpcError> {
    call.state.check_room(1)?;
    let text = format!(
        "Login code: {code}. Do not give this code to anyone, even if they say they are from Telegram!"
    );
    let draft = Draft::text(Place::Private(SERVICE_ACCOUNT, user), SERVICE_ACCOUNT, text);
    let (_, happened) = call.state.post_to(call.now.date(), draft, &[user]);
    call.announce(&happened);
    Ok(())
}

/// Real ids are positive; the real service refuses 0. Where the configuration lists applications, id and hash must be of one.
fn check_api_id(call: &Call<'_>, request: &Object) -> Result<(), RpcError> {
    let id = request.need_int("api_id")?;
    let hash = request.need_str("api_hash")?;
    let known = match &call.state.config.api_ids {
        Some(known) => known.get(&id).is_some_and(|known| known == hash),
        None => id > 0,
    };
    if known {
        Ok(())
    } else {
        Err(API_ID_INVALID.into())
    }
}

/// The code behind `phone_number` and `phone_code_hash`, with its hash.
fn find_code<'c>(
    call: &'c mut Call<'_>,
    request: &Object,
) -> Result<(String, &'c mut SentCode), RpcError> {
    let phone = digits(request.need_str("phone_number")?);
    let hash = request.need_str("phone_code_hash")?;
    if phone.is_empty() {
        return Err(PHONE_NUMBER_INVALID.into());
    }
    if hash.is_empty() {
        return Err(PHONE_CODE_HASH_EMPTY.into());
    }
    let now = call.now.seconds();
    let code = call.state.logins.codes.get_mut(hash);
    let code = code.filter(|code| code.phone == phone && code.until > now);
    Ok((hash.to_owned(), code.ok_or(PHONE_CODE_EXPIRED)?))
}

fn resend_code(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (hash, code) = find_code(call, request)?;
    code.way = code.way.next().ok_or(SEND_CODE_UNAVAILABLE)?;
    Ok(sent_code(&hash, code))
}

fn cancel_code(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (hash, _) = find_code(call, request)?;
    call.state.logins.codes.remove(&hash);
    Ok(done())
}

/// Compares the code that was given with the one that was sent; gives its hash and number.
pub(super) fn compare_code(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<(String, String), RpcError> {
    let given = match request.object("email_verification") {
        Some(verification) => email::verification(verification)?,
        None => request.str("phone_code").unwrap_or_default(),
    };
    if given.is_empty() {
        return Err(PHONE_CODE_EMPTY.into());
    }
    let (hash, code) = find_code(call, request)?;
    if code.code == given && code.way != CodeWay::SetUpEmail {
        let phone = code.phone.clone();
        return Ok((hash, phone));
    }
    code.attempts = code.attempts.saturating_add(1);
    if code.attempts >= MAX_ATTEMPTS {
        call.state.logins.codes.remove(&hash);
    }
    Err(PHONE_CODE_INVALID.into())
}

fn sign_in(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (hash, phone) = compare_code(call, request)?;
    let Some(user) = call.state.phones.get(&phone).copied() else {
        if let Some(code) = call.state.logins.codes.get_mut(&hash) {
            code.confirmed = true;
        }
        let terms = super::help::terms_of_service();
        return Ok(Object::new("auth.authorizationSignUpRequired")
            .with("terms_of_service", terms)
            .into());
    };
    call.state.logins.codes.remove(&hash);
    enter_account(call, user)
}

/// Logs in after a right code, or asks for the password.
fn enter_account(call: &mut Call<'_>, user: UserId) -> Result<Value, RpcError> {
    if call.user_ref(user)?.password.is_some() {
        let date = call.date();
        let login = Login::PasswordPending(user);
        call.state.set_login(call.caller, login, date);
        return Err(SESSION_PASSWORD_NEEDED.into());
    }
    log_in(call, user)
}

fn sign_up(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (first_name, last_name) = names(request)?;
    let (hash, code) = find_code(call, request)?;
    if !code.confirmed {
        return Err(PHONE_CODE_INVALID.into());
    }
    let phone = code.phone.clone();
    if call.state.phones.contains_key(&phone) {
        return Err(PHONE_NUMBER_OCCUPIED.into());
    }
    if call.state.users.len() >= call.state.config.limits.accounts {
        return Err(RpcError::flood_wait(3600));
    }
    call.state.logins.codes.remove(&hash);
    let id = UserId(call.state.fresh_id());
    let mut user = User::new(id, first_name);
    user.last_name = last_name;
    user.phone = Some(phone);
    call.state.add_user(user);
    log_in(call, id)
}

/// First and last name of a request, trimmed and checked.
fn names(request: &Object) -> Result<(String, String), RpcError> {
    let first_name = trimmed_name(request.need_str("first_name")?);
    if first_name.is_empty() {
        return Err(FIRSTNAME_INVALID.into());
    }
    Ok((first_name, trimmed_name(request.need_str("last_name")?)))
}

/// A name without white space around it, cut to the longest that is kept.
pub(super) fn trimmed_name(name: &str) -> String {
    name.trim().chars().take(NAME_MAX).collect()
}

/// Makes the caller's key a login of `user`, tells the others, and gives the `auth.authorization`.
pub(super) fn log_in(call: &mut Call<'_>, user: UserId) -> Result<Value, RpcError> {
    if call.user_ref(user)?.is_deleted() {
        return Err(USER_DEACTIVATED.into());
    }
    let date = call.date();
    call.state.set_login(call.caller, Login::User(user), date);
    call.me = Some(user);
    tell_new_login(call, user);
    Ok(authorization(call, user))
}

/// Other sessions of the account learn of the new one.
fn tell_new_login(call: &mut Call<'_>, user: UserId) {
    let key = call.caller.auth_key_id;
    let Some(authorization) = call.state.authorization(key) else {
        return;
    };
    let update = Object::new("updateNewAuthorization")
        .with("unconfirmed", true)
        .with("hash", authorization.hash)
        .with("date", authorization.created)
        .with("device", authorization.client.device_model.as_str())
        .with("location", authorization.ip.as_str());
    let mut others = call.state.keys_of(user);
    others.retain(|other| *other != key);
    if others.is_empty() {
        return;
    }
    let update = call.view(user).updates(vec![update]);
    call.push_to(others, update);
}

fn authorization(call: &Call<'_>, user: UserId) -> Value {
    Object::new("auth.authorization")
        .with("user", call.view(user).user(user))
        .into()
}

fn check_password(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let user = call.password_owner()?;
    call.check_password(user, request.need_object("password")?)?;
    log_in(call, user)
}

fn import_bot(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check_api_id(call, request)?;
    let token = request.need_str("bot_auth_token")?;
    let bot = call.state.tokens.get(token).copied();
    let bot = bot.ok_or(ACCESS_TOKEN_INVALID)?;
    match call.user_ref(bot)?.dc.filter(|dc| *dc != call.caller.dc) {
        Some(home) => Err(RpcError::migrate("USER", home)),
        None => log_in(call, bot),
    }
}

fn log_out(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let date = call.date();
    call.discard_secrets_of(call.caller.auth_key_id);
    call.state.set_login(call.caller, Login::None, date);
    call.effects.push(Effect::AuthorizationEnded {
        auth_key_id: call.caller.auth_key_id,
    });
    Ok(Object::new("auth.loggedOut").into())
}

fn reset_all(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    for key in call.state.keys_of(me) {
        if key != call.caller.auth_key_id {
            call.end_authorization(key);
        }
    }
    Ok(done())
}

impl Call<'_> {
    /// Ends another session of the caller's account.
    pub(super) fn end_authorization(&mut self, key: i64) {
        self.discard_secrets_of(key);
        self.state.revoke(key);
        self.effects
            .push(Effect::AuthorizationEnded { auth_key_id: key });
    }
}

fn export(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let dc = request.need_int("dc_id")?;
    let known = call.state.config.dcs.iter().any(|address| address.id == dc);
    if !known || dc == call.caller.dc {
        return Err(DC_ID_INVALID.into());
    }
    make_room(call)?;
    let user = call.me()?;
    let bytes = call.state.random.bytes::<96>().to_vec();
    let until = call.now.plus(EXPORT_LIFETIME).seconds();
    let exported = Exported { user, dc, until };
    call.state.logins.exported.insert(bytes.clone(), exported);
    Ok(Object::new("auth.exportedAuthorization")
        .with("id", user.0)
        .with("bytes", bytes)
        .into())
}

fn import(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let bytes = request.need_bytes("bytes")?;
    let id = UserId(request.need_long("id")?);
    let now = call.now.seconds();
    let exported = call.state.logins.exported.get(bytes);
    let right = exported.is_some_and(|exported| {
        exported.user == id && exported.dc == call.caller.dc && exported.until > now
    });
    if !right {
        return Err(AUTH_BYTES_INVALID.into());
    }
    call.state.logins.exported.remove(bytes);
    // Not a new login for the others: it is the same one, at another DC.
    let date = call.date();
    call.state.set_login(call.caller, Login::User(id), date);
    Ok(authorization(call, id))
}

/// Temporary keys belong to the server; the world knows only permanent ones.
fn drop_temp_keys(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(done())
}
