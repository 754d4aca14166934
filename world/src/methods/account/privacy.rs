//! Privacy rules: who may see or do what.
//!
//! <https://core.telegram.org/api/privacy>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{PRIVACY_KEY_INVALID, RpcError};
use crate::model::ids::{PeerId, UserId};
use crate::request::Arguments;

/// Most rules of one key, and most peers named in one rule.
const MAX_ENTRIES: usize = 1000;

/// The name of a key without its prefix: `StatusTimestamp`, `ChatInvite`, …
fn key(request: &Object) -> Result<String, RpcError> {
    let name = request.need_object("key")?.name().to_owned();
    let name = name.strip_prefix("inputPrivacyKey");
    Ok(name.ok_or(PRIVACY_KEY_INVALID)?.to_owned())
}

pub(in crate::methods) fn get(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let key = key(request)?;
    reply(call, &key)
}

/// `account.privacyRules` of a key; everything is allowed until somebody forbids it.
fn reply(call: &Call<'_>, key: &str) -> Result<Value, RpcError> {
    let me = call.me()?;
    let stored = call.user_ref(me)?.privacy.get(key).cloned();
    let rules = stored.unwrap_or_else(|| vec![Object::new("privacyValueAllowAll").into()]);
    let mut view = call.view(me);
    let named = rules
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|rule| rule.vector("users"))
        .flatten()
        .filter_map(Value::as_long);
    for id in named {
        view.note(PeerId::User(UserId(id)));
    }
    let object = Object::new("account.privacyRules").with("rules", rules);
    Ok(view.with_peers(object).into())
}

pub(in crate::methods) fn set(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let key = key(request)?;
    let mut rules: Vec<Value> = Vec::new();
    for rule in request.need_objects("rules")?.into_iter().take(MAX_ENTRIES) {
        let kind = rule.name().strip_prefix("inputPrivacyValue");
        let kind = kind.ok_or(PRIVACY_KEY_INVALID)?;
        let mut kept = Object::new(format!("privacyValue{kind}"));
        if let Some(users) = rule.vector("users") {
            let users = users.iter().filter_map(Value::as_object).take(MAX_ENTRIES);
            let known = users.filter_map(|user| call.user(user).ok());
            kept.set("users", Value::vector(known.map(|user| user.0)));
        }
        if let Some(chats) = rule.vector("chats") {
            let chats = chats.iter().take(MAX_ENTRIES).cloned().collect::<Vec<_>>();
            kept.set("chats", chats);
        }
        rules.push(kept.into());
    }
    call.user_mut(me)?
        .privacy
        .insert(key.clone(), rules.clone());
    call.notify(me, |_| {
        vec![
            Object::new("updatePrivacy")
                .with("key", Object::new(format!("privacyKey{key}")))
                .with("rules", rules.clone()),
        ]
    });
    reply(call, &key)
}
