//! Settings of an account that are kept and given back, and tell the account's other sessions nothing.

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{BIRTHDAY_INVALID, HASH_INVALID, RpcError, TAKEOUT_REQUIRED};
use crate::methods::done;
use crate::model::ids::UserId;
use crate::request::Arguments;

/// The settings object of a kind, as it was set last.
fn kept(call: &Call<'_>, kind: &str) -> Result<Option<Object>, RpcError> {
    let me = call.me()?;
    Ok(call.user_ref(me)?.settings.get(kind).cloned())
}

fn keep(call: &mut Call<'_>, kind: &'static str, settings: Object) -> Result<(), RpcError> {
    let me = call.me()?;
    call.user_mut(me)?.settings.insert(kind, settings);
    Ok(())
}

const PRIVACY: &str = "globalPrivacySettings";
const CONTENT: &str = "account.contentSettings";
const REACTIONS: &str = "reactionsNotifySettings";
const SIGN_UPS: &str = "contactSignUpNotification";

pub(in crate::methods) fn get_privacy(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let settings = kept(call, PRIVACY)?;
    Ok(settings.unwrap_or_else(|| Object::new(PRIVACY)).into())
}

pub(in crate::methods) fn set_privacy(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let settings = request.need_object("settings")?.clone();
    keep(call, PRIVACY, settings.clone())?;
    Ok(settings.into())
}

pub(in crate::methods) fn get_content(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let settings = kept(call, CONTENT)?;
    let settings = settings.unwrap_or_else(|| Object::new(CONTENT));
    Ok(settings.with("sensitive_can_change", true).into())
}

pub(in crate::methods) fn set_content(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let enabled = request.flag("sensitive_enabled");
    let settings = Object::new(CONTENT).with_flag("sensitive_enabled", enabled);
    keep(call, CONTENT, settings)?;
    Ok(done())
}

pub(in crate::methods) fn get_sign_ups(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let silent = kept(call, SIGN_UPS)?.is_some_and(|settings| settings.flag("silent"));
    Ok(silent.into())
}

pub(in crate::methods) fn set_sign_ups(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let silent = request.need_bool("silent")?;
    keep(
        call,
        SIGN_UPS,
        Object::new(SIGN_UPS).with_flag("silent", silent),
    )?;
    Ok(done())
}

pub(in crate::methods) fn get_reactions(
    call: &mut Call<'_>,
    _: &Object,
) -> Result<Value, RpcError> {
    let everybody = || {
        Object::new(REACTIONS)
            .with(
                "messages_notify_from",
                Object::new("reactionNotificationsFromAll"),
            )
            .with("sound", Object::new("notificationSoundDefault"))
            .with("show_previews", true)
    };
    Ok(kept(call, REACTIONS)?.unwrap_or_else(everybody).into())
}

pub(in crate::methods) fn set_reactions(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let settings = request.need_object("settings")?.clone();
    keep(call, REACTIONS, settings.clone())?;
    Ok(settings.into())
}

pub(in crate::methods) fn set_birthday(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let birthday = match request.object("birthday") {
        None => None,
        Some(birthday) => {
            let (day, month) = (birthday.need_int("day")?, birthday.need_int("month")?);
            let longest = match month {
                2 => 29,
                4 | 6 | 9 | 11 => 30,
                1..=12 => 31,
                _ => 0,
            };
            let year = birthday.int("year").unwrap_or(2000);
            if !(1..=longest).contains(&day) || !(1800..=3000).contains(&year) {
                return Err(BIRTHDAY_INVALID.into());
            }
            Some(birthday.clone())
        }
    };
    call.user_mut(me)?.birthday = birthday;
    Ok(done())
}

/// Birthdays of the caller's contacts, as far as they let him see them.
pub(in crate::methods) fn birthdays(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let contacts: Vec<UserId> = call.user_ref(me)?.contacts.keys().copied().collect();
    let mut view = call.view(me);
    let mut rows: Vec<Value> = Vec::new();
    for contact in contacts {
        if let Some(birthday) = view.birthday(contact) {
            let row = Object::new("contactBirthday")
                .with("contact_id", view.user_id(contact))
                .with("birthday", birthday);
            rows.push(row.into());
        }
    }
    Ok(Object::new("contacts.contactBirthdays")
        .with("contacts", rows)
        .with("users", view.users())
        .into())
}

pub(in crate::methods) fn begin_takeout(
    call: &mut Call<'_>,
    _: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let fresh = call.state.random.long();
    let id = *call.user_mut(me)?.takeout.get_or_insert(fresh);
    Ok(Object::new("account.takeout").with("id", id).into())
}

pub(in crate::methods) fn finish_takeout(
    call: &mut Call<'_>,
    _: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let open = call.user_mut(me)?.takeout.take();
    open.ok_or(TAKEOUT_REQUIRED)?;
    Ok(done())
}

/// All ids of the caller's own box, in one range.
pub(in crate::methods) fn split_ranges(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mailbox = call.state.mailboxes.get(&me);
    let last = mailbox.and_then(|mailbox| mailbox.copies.last_key_value());
    let range = Object::new("messageRange")
        .with("min_id", 1)
        .with("max_id", last.map_or(1, |(id, _)| *id));
    Ok(Value::vector([range]))
}

/// There are no logins by websites.
pub(in crate::methods) fn reset_web(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Err(HASH_INVALID.into())
}
