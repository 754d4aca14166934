//! Links to oneself, notes about contacts, close friends, and whole lists of the blocked.

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{CONTACT_ID_INVALID, CONTACT_MISSING, IMPORT_TOKEN_INVALID, RpcError};
use crate::methods::done;
use crate::model::ids::{PeerId, UserId};
use crate::random::Purpose;
use crate::request::Arguments;

/// Seconds that a link lives; it changes with every such span.
const LIFETIME: i64 = 24 * 3600;

/// The token of an account in a span of time.
fn token(call: &Call<'_>, user: UserId, span: i64) -> String {
    let random = &call.state.random;
    let number = random.derive(Purpose::ContactToken, user.0, span);
    format!("{}-{:016x}", user.0, number)
}

pub(super) fn export(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let span = call.now.seconds().div_euclid(LIFETIME);
    let token = token(call, me, span);
    let expires = span.saturating_add(2).saturating_mul(LIFETIME);
    Ok(Object::new("exportedContactToken")
        .with("url", format!("tg://contact?token={token}"))
        .with("expires", i32::try_from(expires).unwrap_or(i32::MAX))
        .into())
}

pub(super) fn import(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let given = request.need_str("token")?;
    let (id, _) = given.split_once('-').ok_or(IMPORT_TOKEN_INVALID)?;
    let user = UserId(id.parse().map_err(|_| IMPORT_TOKEN_INVALID)?);
    let span = call.now.seconds().div_euclid(LIFETIME);
    let right = [span, span.saturating_sub(1)]
        .into_iter()
        .any(|span| token(call, user, span) == given);
    if !right || !call.state.users.contains_key(&user) {
        return Err(IMPORT_TOKEN_INVALID.into());
    }
    Ok(call.view(me).user(user).into())
}

pub(super) fn set_note(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let user = call.user_in(request, "id")?;
    let note = request.need_object("note")?;
    let empty = note.need_str("text")?.is_empty();
    let note = (!empty).then(|| note.clone());
    let contacts = &mut call.user_mut(me)?.contacts;
    let contact = contacts.get_mut(&user).ok_or(CONTACT_MISSING)?;
    contact.note = note;
    Ok(done())
}

pub(super) fn set_close_friends(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let friends: Vec<UserId> = request.need_longs("id")?.into_iter().map(UserId).collect();
    let contacts = &mut call.user_mut(me)?.contacts;
    if !friends.iter().all(|friend| contacts.contains_key(friend)) {
        return Err(CONTACT_ID_INVALID.into());
    }
    for (id, contact) in contacts {
        contact.close_friend = friends.contains(id);
    }
    Ok(done())
}

/// Blocks these peers, and nobody else.
pub(super) fn set_blocked(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let limit = request.limit(1000);
    let mut wanted: Vec<PeerId> = Vec::new();
    for input in request.need_objects("id")?.into_iter().take(limit) {
        wanted.push(call.peer(input)?);
    }
    let date = call.date();
    let blocked = &mut call.user_mut(me)?.blocked;
    blocked.retain(|peer, _| wanted.contains(peer));
    for peer in wanted {
        if peer != PeerId::User(me) {
            blocked.entry(peer).or_insert(date);
        }
    }
    Ok(done())
}
