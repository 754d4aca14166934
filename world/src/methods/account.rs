//! `account.*`: the caller's own account, its sessions and settings.

use tl_parser::{Object, Value};

use super::auth::trimmed_name;
use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    ABOUT_TOO_LONG, FIRSTNAME_INVALID, HASH_INVALID, RpcError, TTL_DAYS_INVALID,
    USERNAME_NOT_MODIFIED, USERNAME_OCCUPIED,
};
use crate::model::ids::{PeerId, UserId};
use crate::model::user::{Presence, Standing};
use crate::render::session;
use crate::request::Arguments;
use crate::usernames::{check_username, key};

pub(super) mod notify;
pub(super) mod phone;
pub(super) mod privacy;
pub(super) mod settings;

pub(super) const METHODS: &[Method] = &[
    Method::new("account.updateStatus", Access::People, update_status),
    Method::new("account.updateProfile", Access::People, update_profile),
    Method::new("account.checkUsername", Access::People, check_username_free),
    Method::new("account.updateUsername", Access::People, update_username),
    Method::new(
        "account.getAuthorizations",
        Access::People,
        get_authorizations,
    ),
    Method::new(
        "account.resetAuthorization",
        Access::People,
        reset_authorization,
    ),
    Method::new(
        "account.changeAuthorizationSettings",
        Access::People,
        change_authorization,
    ),
    Method::new(
        "account.getWebAuthorizations",
        Access::People,
        get_web_authorizations,
    ),
    Method::new(
        "account.sendChangePhoneCode",
        Access::People,
        phone::send_code,
    ),
    Method::new("account.changePhone", Access::People, phone::change),
    Method::new(
        "account.invalidateSignInCodes",
        Access::People,
        phone::invalidate_codes,
    ),
    Method::new(
        "account.setAuthorizationTTL",
        Access::People,
        set_session_ttl,
    ),
    Method::new(
        "account.setGlobalPrivacySettings",
        Access::People,
        settings::set_privacy,
    ),
    Method::new(
        "account.setContentSettings",
        Access::People,
        settings::set_content,
    ),
    Method::new(
        "account.setContactSignUpNotification",
        Access::People,
        settings::set_sign_ups,
    ),
    Method::new(
        "account.getReactionsNotifySettings",
        Access::People,
        settings::get_reactions,
    ),
    Method::new(
        "account.setReactionsNotifySettings",
        Access::People,
        settings::set_reactions,
    ),
    Method::new(
        "account.updateBirthday",
        Access::People,
        settings::set_birthday,
    ),
    Method::new("contacts.getBirthdays", Access::People, settings::birthdays),
    Method::new(
        "account.initTakeoutSession",
        Access::People,
        settings::begin_takeout,
    ),
    Method::new(
        "account.finishTakeoutSession",
        Access::People,
        settings::finish_takeout,
    ),
    Method::new(
        "messages.getSplitRanges",
        Access::People,
        settings::split_ranges,
    ),
    Method::new(
        "account.resetWebAuthorization",
        Access::People,
        settings::reset_web,
    ),
    Method::new("account.resetWebAuthorizations", Access::People, take_note),
    Method::new("account.reportPeer", Access::People, report),
    Method::new("account.reportProfilePhoto", Access::People, report),
    Method::new("messages.reportSpam", Access::People, report),
    Method::new("account.getAccountTTL", Access::People, get_ttl),
    Method::new("account.setAccountTTL", Access::People, set_ttl),
    Method::new("account.deleteAccount", Access::People, delete_account),
    Method::new("account.registerDevice", Access::People, take_note),
    Method::new("account.unregisterDevice", Access::People, take_note),
    Method::new("account.updateDeviceLocked", Access::People, take_note),
    Method::new("account.getNotifySettings", Access::Everybody, notify::get),
    Method::new(
        "account.updateNotifySettings",
        Access::People,
        notify::update,
    ),
    Method::new("account.resetNotifySettings", Access::People, notify::reset),
    Method::new(
        "account.getNotifyExceptions",
        Access::People,
        notify::exceptions,
    ),
    Method::new("account.getPrivacy", Access::People, privacy::get),
    Method::new("account.setPrivacy", Access::People, privacy::set),
    Method::new(
        "account.getContactSignUpNotification",
        Access::People,
        settings::get_sign_ups,
    ),
    Method::new(
        "account.getContentSettings",
        Access::People,
        settings::get_content,
    ),
    Method::new(
        "account.getGlobalPrivacySettings",
        Access::People,
        settings::get_privacy,
    ),
];

/// Seconds that somebody stays online after he said so.
const ONLINE_FOR: i64 = 300;
/// Longest text about oneself, in characters.
const ABOUT_MAX: usize = 70;
/// The same with Premium.
const ABOUT_MAX_PREMIUM: usize = 140;

/// Functions that only tell the service something; there is nobody to act on it here.
fn take_note(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(done())
}

/// A report about a peer that exists; nobody reads it.
fn report(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    call.peer_in(request, "peer")?;
    Ok(done())
}

fn update_status(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let presence = if request.need_bool("offline")? {
        Presence::Offline { since: call.date() }
    } else {
        let until = call.now.plus(ONLINE_FOR).date();
        Presence::Online { until }
    };
    call.user_mut(me)?.presence = presence;
    if matches!(presence, Presence::Online { .. }) {
        call.send_for_online(me);
    }
    for friend in call.acquaintances(me) {
        call.notify(friend, |view| {
            let status = view.state.users.get(&me).and_then(|user| view.status(user));
            let update = Object::new("updateUserStatus").with("user_id", view.user_id(me));
            status
                .map(|status| update.with("status", status))
                .into_iter()
                .collect()
        });
    }
    Ok(done())
}

impl Call<'_> {
    /// Those who hear of changes of `user`: everybody who has a dialog with him, and his contacts' owners.
    pub(super) fn acquaintances(&self, user: UserId) -> Vec<UserId> {
        let peer = PeerId::User(user);
        self.state
            .mailboxes
            .iter()
            .filter(|(owner, mailbox)| {
                **owner != user
                    && (mailbox.dialogs.contains_key(&peer)
                        || self
                            .state
                            .users
                            .get(owner)
                            .is_some_and(|owner| owner.contacts.contains_key(&user)))
            })
            .map(|(owner, _)| *owner)
            .collect()
    }

    /// Tells others and the account's other sessions of a new name or username.
    pub(super) fn tell_name(&mut self, user: UserId) {
        let mut listeners = self.acquaintances(user);
        listeners.push(user);
        for listener in listeners {
            self.notify(listener, |view| {
                let Some(named) = view.state.users.get(&user) else {
                    return Vec::new();
                };
                let usernames: Vec<Value> = named
                    .username
                    .iter()
                    .map(|name| {
                        Object::new("username")
                            .with("editable", true)
                            .with("active", true)
                            .with("username", name.as_str())
                            .into()
                    })
                    .collect();
                vec![
                    Object::new("updateUserName")
                        .with("user_id", view.user_id(user))
                        .with("first_name", named.first_name.as_str())
                        .with("last_name", named.last_name.as_str())
                        .with("usernames", usernames),
                ]
            });
        }
    }
}

fn update_profile(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let first_name = request.str("first_name").map(trimmed_name);
    let last_name = request.str("last_name").map(trimmed_name);
    let about = request.str("about").map(str::trim);
    if first_name.as_deref() == Some("") {
        return Err(FIRSTNAME_INVALID.into());
    }
    let user = call.user_mut(me)?;
    let longest = if user.premium {
        ABOUT_MAX_PREMIUM
    } else {
        ABOUT_MAX
    };
    if about.is_some_and(|about| about.chars().count() > longest) {
        return Err(ABOUT_TOO_LONG.into());
    }
    let renamed = first_name.is_some() || last_name.is_some();
    if let Some(name) = first_name {
        user.first_name = name;
    }
    if let Some(name) = last_name {
        user.last_name = name;
    }
    if let Some(about) = about {
        user.about = about.to_owned();
    }
    if renamed {
        call.tell_name(me);
    }
    Ok(call.view(me).user(me).into())
}

fn check_username_free(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let name = request.need_str("username")?;
    check_username(name)?;
    Ok((!call.state.usernames.contains_key(&key(name))).into())
}

fn update_username(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let name = request.need_str("username")?;
    let old = call.user_ref(me)?.username.clone();
    if old.as_deref().unwrap_or_default() == name {
        return Err(USERNAME_NOT_MODIFIED.into());
    }
    if !name.is_empty() {
        check_username(name)?;
        let holder = call.state.usernames.get(&key(name));
        if holder.is_some_and(|holder| *holder != PeerId::User(me)) {
            return Err(USERNAME_OCCUPIED.into());
        }
    }
    if let Some(old) = old {
        call.state.usernames.remove(&key(&old));
    }
    let new = Some(name.to_owned()).filter(|name| !name.is_empty());
    if new.is_some() {
        call.state.usernames.insert(key(name), PeerId::User(me));
    }
    call.user_mut(me)?.username = new;
    call.tell_name(me);
    Ok(call.view(me).user(me).into())
}

fn get_authorizations(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let rows: Vec<Value> = call
        .state
        .keys_of(me)
        .into_iter()
        .filter_map(|key| Some((key, call.state.authorization(key)?)))
        .map(|(key, row)| {
            let current = key == call.caller.auth_key_id;
            // The real service gives the current session the hash 0.
            let hash = if current { 0 } else { row.hash };
            session::authorization(&row.client, hash, (row.created, row.active), &row.ip)
                .with_flag("current", current)
                .with_flag("encrypted_requests_disabled", row.secret_chats_off)
                .with_flag("call_requests_disabled", row.calls_off)
                .into()
        })
        .collect();
    Ok(Object::new("account.authorizations")
        .with(
            "authorization_ttl_days",
            call.user_ref(me)?.session_ttl_days,
        )
        .with("authorizations", rows)
        .into())
}

/// The key of the caller's account whose session has this hash.
fn session_key(call: &Call<'_>, hash: i64) -> Result<i64, RpcError> {
    let me = call.me()?;
    let keys = call.state.keys_of(me);
    let key = keys.into_iter().find(|key| {
        let authorization = call.state.authorization(*key);
        authorization.is_some_and(|authorization| authorization.hash == hash)
    });
    Ok(key.ok_or(HASH_INVALID)?)
}

fn reset_authorization(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let key = session_key(call, request.need_long("hash")?)?;
    if key == call.caller.auth_key_id {
        return Err(HASH_INVALID.into());
    }
    call.end_authorization(key);
    Ok(done())
}

fn change_authorization(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let key = match request.need_long("hash")? {
        0 => call.caller.auth_key_id,
        hash => session_key(call, hash)?,
    };
    let secret_chats_off = request.bool("encrypted_requests_disabled");
    let calls_off = request.bool("call_requests_disabled");
    if let Some(authorization) = call.state.authorization_mut(key) {
        authorization.secret_chats_off = secret_chats_off.unwrap_or(authorization.secret_chats_off);
        authorization.calls_off = calls_off.unwrap_or(authorization.calls_off);
    }
    Ok(done())
}

fn set_session_ttl(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let days = request.need_int("authorization_ttl_days")?;
    if !(1..=366).contains(&days) {
        return Err(TTL_DAYS_INVALID.into());
    }
    call.user_mut(me)?.session_ttl_days = days;
    Ok(done())
}

fn get_web_authorizations(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("account.webAuthorizations")
        .with("authorizations", Vec::<Value>::new())
        .with("users", Vec::<Value>::new())
        .into())
}

fn get_ttl(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let days = call.user_ref(me)?.account_ttl_days;
    Ok(Object::new("accountDaysTTL").with("days", days).into())
}

fn set_ttl(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let days = request.need_object("ttl")?.need_int("days")?;
    if !(30..=730).contains(&days) {
        return Err(TTL_DAYS_INVALID.into());
    }
    call.user_mut(me)?.account_ttl_days = days;
    Ok(done())
}

fn delete_account(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    if call.user_ref(me)?.password.is_some() {
        let given = request.object("password");
        let nothing = Object::new("inputCheckPasswordEmpty");
        call.check_password(me, given.unwrap_or(&nothing))?;
    }
    let user = call.user_mut(me)?;
    user.standing = Standing::Deactivated;
    let names = (user.phone.take(), user.username.take());
    if let Some(phone) = names.0 {
        call.state.phones.remove(&phone);
    }
    if let Some(name) = names.1 {
        call.state.usernames.remove(&key(&name));
    }
    for authorization in call.state.keys_of(me) {
        call.end_authorization(authorization);
    }
    Ok(done())
}
