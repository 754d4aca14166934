//! Login by a QR code: one key shows a token, a session of the account accepts it.
//!
//! <https://core.telegram.org/api/qr-login>

use tl_parser::{Object, Value};

use super::{check_api_id, enter_account, make_room};
use crate::call::Call;
use crate::error::{AUTH_TOKEN_ALREADY_ACCEPTED, AUTH_TOKEN_EXPIRED, AUTH_TOKEN_INVALID, RpcError};
use crate::model::ids::UserId;
use crate::model::login::LoginToken;
use crate::random::Purpose;
use crate::render::session;
use crate::request::Arguments;

/// Seconds that a token lives.
const LIFETIME: i64 = 30;

pub(super) fn export(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check_api_id(call, request)?;
    make_room(call)?;
    let key = call.caller.auth_key_id;
    let shown = call.state.logins.tokens.get(&key);
    if let Some(user) = shown.and_then(|token| token.accepted) {
        let home = call.user_ref(user)?.dc.filter(|dc| *dc != call.caller.dc);
        if let (Some(home), Some(shown)) = (home, shown) {
            // The account is served elsewhere; the token is redeemed there.
            return Ok(Object::new("auth.loginTokenMigrateTo")
                .with("dc_id", home)
                .with("token", shown.token.clone())
                .into());
        }
        call.state.logins.tokens.remove(&key);
        return finish(call, user);
    }
    let token = call.state.random.bytes::<16>().to_vec();
    let expires = call.now.plus(LIFETIME);
    let shown = LoginToken {
        token: token.clone(),
        until: expires.seconds(),
        accepted: None,
        client: call.caller.client.clone().unwrap_or_default(),
    };
    call.state.logins.tokens.insert(key, shown);
    Ok(Object::new("auth.loginToken")
        .with("expires", expires.date())
        .with("token", token)
        .into())
}

/// The caller's token was accepted: logs in, or asks for the password.
fn finish(call: &mut Call<'_>, user: UserId) -> Result<Value, RpcError> {
    let authorization = enter_account(call, user)?;
    Ok(Object::new("auth.loginTokenSuccess")
        .with("authorization", authorization)
        .into())
}

/// The key that shows a token.
fn shown_by(call: &Call<'_>, token: &[u8]) -> Result<i64, RpcError> {
    let mut tokens = call.state.logins.tokens.iter();
    let found = tokens.find(|(_, shown)| shown.token == token);
    let (key, shown) = found.ok_or(AUTH_TOKEN_INVALID)?;
    if shown.until <= call.now.seconds() {
        return Err(AUTH_TOKEN_EXPIRED.into());
    }
    Ok(*key)
}

/// Redeems at this DC a token that was shown at another and accepted since.
pub(super) fn import(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let key = shown_by(call, request.need_bytes("token")?)?;
    let shown = call.state.logins.tokens.get(&key);
    let user = shown
        .and_then(|token| token.accepted)
        .ok_or(AUTH_TOKEN_INVALID)?;
    call.state.logins.tokens.remove(&key);
    finish(call, user)
}

pub(super) fn accept(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let key = shown_by(call, request.need_bytes("token")?)?;
    let shown = call.state.logins.tokens.get_mut(&key);
    let shown = shown.ok_or(AUTH_TOKEN_INVALID)?;
    if shown.accepted.is_some() {
        return Err(AUTH_TOKEN_ALREADY_ACCEPTED.into());
    }
    shown.accepted = Some(me);
    let client = shown.client.clone();
    let date = call.date();
    let update = Object::new("updateShort")
        .with("update", Object::new("updateLoginToken"))
        .with("date", date);
    call.push_to(vec![key], update);
    let hash = call.state.random.derive(Purpose::AuthorizationHash, key, 0);
    Ok(session::authorization(&client, hash, (date, date), "").into())
}
