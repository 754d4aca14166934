//! Notification settings: kept as they were given, by scope.
//!
//! <https://core.telegram.org/api/notifications>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{PEER_ID_INVALID, RpcError};
use crate::methods::done;
use crate::model::user::NotifyScope;
use crate::request::Arguments;

/// What an `InputNotifyPeer` names.
fn scope(call: &Call<'_>, request: &Object) -> Result<NotifyScope, RpcError> {
    let input = request.need_object("peer")?;
    Ok(match input.name() {
        "inputNotifyPeer" | "inputNotifyForumTopic" => {
            NotifyScope::Peer(call.peer_in(input, "peer")?)
        }
        "inputNotifyUsers" => NotifyScope::Users,
        "inputNotifyChats" => NotifyScope::Chats,
        "inputNotifyBroadcasts" => NotifyScope::Broadcasts,
        _ => return Err(PEER_ID_INVALID.into()),
    })
}

pub(in crate::methods) fn get(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let scope = scope(call, request)?;
    Ok(call.view(me).notify_settings(scope).into())
}

pub(in crate::methods) fn update(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let scope = scope(call, request)?;
    let given = request.need_object("settings")?;
    let mut settings = call.view(me).notify_settings(scope);
    for field in ["show_previews", "silent", "mute_until", "stories_muted"] {
        if let Some(value) = given.get(field) {
            settings.set(field, value.clone());
        }
    }
    if let Some(sound) = given.get("sound") {
        for field in ["ios_sound", "android_sound", "other_sound"] {
            settings.set(field, sound.clone());
        }
    }
    call.user_mut(me)?.notify.insert(scope, settings);
    call.notify(me, |view| {
        let peer = match scope {
            NotifyScope::Peer(peer) => Object::new("notifyPeer").with("peer", view.peer(peer)),
            NotifyScope::Users => Object::new("notifyUsers"),
            NotifyScope::Chats => Object::new("notifyChats"),
            NotifyScope::Broadcasts => Object::new("notifyBroadcasts"),
        };
        let settings = view.notify_settings(scope);
        vec![
            Object::new("updateNotifySettings")
                .with("peer", peer)
                .with("notify_settings", settings),
        ]
    });
    Ok(done())
}

pub(in crate::methods) fn reset(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.user_mut(me)?.notify.clear();
    Ok(done())
}

/// The peers whose settings differ from the usual ones, as updates.
pub(in crate::methods) fn exceptions(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let scopes: Vec<_> = call.user_ref(me)?.notify.keys().copied().collect();
    let mut view = call.view(me);
    let mut updates = Vec::new();
    for scope in scopes {
        if let NotifyScope::Peer(peer) = scope {
            let peer = Object::new("notifyPeer").with("peer", view.peer(peer));
            let settings = view.notify_settings(scope);
            updates.push(
                Object::new("updateNotifySettings")
                    .with("peer", peer)
                    .with("notify_settings", settings),
            );
        }
    }
    Ok(view.updates(updates).into())
}
