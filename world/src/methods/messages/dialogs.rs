//! The list of dialogs and its order.
//!
//! <https://core.telegram.org/api/folders>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{FOLDER_ID_INVALID, PEER_ID_INVALID, PINNED_DIALOGS_TOO_MUCH, RpcError};
use crate::methods::{Access, Method, done};
use crate::model::ids::{PeerId, UserId};
use crate::model::mailbox::Dialog;
use crate::render::View;
use crate::request::Arguments;

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.getDialogs", Access::People, get_dialogs),
    Method::new("messages.getPinnedDialogs", Access::People, get_pinned),
    Method::new("messages.getPeerDialogs", Access::People, get_peer_dialogs),
    Method::new("messages.toggleDialogPin", Access::People, toggle_pin),
    Method::new(
        "messages.reorderPinnedDialogs",
        Access::People,
        reorder_pinned,
    ),
    Method::new("messages.markDialogUnread", Access::People, mark_unread),
    Method::new("messages.getDialogUnreadMarks", Access::People, get_marks),
    Method::new(
        "messages.getPeerSettings",
        Access::People,
        get_peer_settings,
    ),
    Method::new("messages.hidePeerSettingsBar", Access::People, take_note),
    Method::new("messages.getDialogFilters", Access::People, get_filters),
    Method::new("messages.updateDialogFilter", Access::People, update_filter),
    Method::new(
        "messages.updateDialogFiltersOrder",
        Access::People,
        take_note,
    ),
    Method::new(
        "messages.getSuggestedDialogFilters",
        Access::People,
        get_suggested,
    ),
    Method::new("folders.editPeerFolders", Access::People, edit_folders),
];

/// Most dialogs in one page.
const PAGE: usize = 100;
/// Most pinned dialogs of the main list, without and with Premium; the archive has room for 100.
const PINNED_MAX: usize = 5;
const PINNED_MAX_PREMIUM: usize = 10;
const PINNED_MAX_ARCHIVE: usize = 100;
/// Most folders.
const FILTERS_MAX: usize = 10;

fn take_note(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(done())
}

/// The dialogs of a folder that are shown, the newest first, with date and id of their top messages.
fn shown(call: &Call<'_>, me: UserId, folder_id: i32) -> Vec<(i32, i32, PeerId)> {
    let Some(mailbox) = call.state.mailboxes.get(&me) else {
        return Vec::new();
    };
    let mut dialogs: Vec<_> = mailbox
        .dialogs
        .iter()
        .filter(|(peer, dialog)| {
            dialog.folder_id == folder_id && is_shown(call, me, **peer, dialog)
        })
        .map(|(peer, dialog)| {
            let (id, date) = call.state.top_message(me, *peer);
            (date.max(dialog.since), id, *peer)
        })
        .collect();
    dialogs.sort_unstable_by(|a, b| b.cmp(a));
    dialogs
}

/// Dialogs without messages do not exist for the list; channels stay as long as one is in them.
fn is_shown(call: &Call<'_>, me: UserId, peer: PeerId, dialog: &Dialog) -> bool {
    match peer {
        PeerId::Channel(id) => {
            let channel = call.state.channels.get(&id);
            channel.is_some_and(|channel| channel.has(me) && !channel.deleted)
        }
        _ => !dialog.hidden && !dialog.ids.is_empty(),
    }
}

fn folder(request: &Object) -> Result<i32, RpcError> {
    match request.int("folder_id").unwrap_or(0) {
        id @ 0..=1 => Ok(id),
        _ => Err(FOLDER_ID_INVALID.into()),
    }
}

fn get_dialogs(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let folder_id = folder(request)?;
    let limit = request.limit(PAGE);
    let offset_date = request.need_int("offset_date")?;
    let offset_id = request.need_int("offset_id")?;
    let offset_peer = request.need_object("offset_peer")?;
    let offset_peer = call.peer(offset_peer).ok();
    let all = shown(call, me, folder_id);
    let pinned = call
        .state
        .mailboxes
        .get(&me)
        .map(|mailbox| mailbox.pinned(folder_id))
        .unwrap_or_default();
    let ordinary = all
        .iter()
        .filter(|(_, _, peer)| !pinned.contains(peer))
        .filter(|(date, id, peer)| {
            // A dialog is after the offset when it is older, or as old and further down.
            if offset_date == 0 {
                return true;
            }
            let here = (*date, *id, Some(*peer));
            here < (offset_date, offset_id, offset_peer)
        })
        .map(|(_, _, peer)| *peer);
    let first_page = offset_date == 0 && offset_id == 0;
    let mut page: Vec<PeerId> = Vec::new();
    if first_page && !request.flag("exclude_pinned") {
        let shown = |peer: &&PeerId| all.iter().any(|(_, _, other)| other == *peer);
        page.extend(pinned.iter().filter(shown));
    }
    page.extend(ordinary.take(limit.saturating_sub(page.len())));
    let complete = first_page && page.len() == all.len();
    let mut view = call.view(me);
    let (dialogs, messages) = render(&mut view, &page);
    let object = if complete {
        Object::new("messages.dialogs")
    } else {
        let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
        Object::new("messages.dialogsSlice").with("count", count)
    };
    let object = object.with("dialogs", dialogs).with("messages", messages);
    Ok(view.with_peers(object).into())
}

/// Dialogs and their newest messages.
fn render(view: &mut View<'_>, peers: &[PeerId]) -> (Vec<Value>, Vec<Value>) {
    let mut dialogs = Vec::new();
    let mut messages = Vec::new();
    for peer in peers {
        let dialog = view
            .state
            .mailboxes
            .get(&view.viewer)
            .and_then(|mailbox| mailbox.dialogs.get(peer))
            .cloned()
            .unwrap_or_default();
        dialogs.push(view.dialog(*peer, &dialog).into());
        messages.extend(view.top_message(*peer).map(Value::from));
    }
    (dialogs, messages)
}

/// `messages.peerDialogs` of some dialogs.
fn peer_dialogs(call: &Call<'_>, me: UserId, peers: &[PeerId]) -> Value {
    let mut view = call.view(me);
    let (dialogs, messages) = render(&mut view, peers);
    let pts = call.pts(me, PeerId::User(me));
    let qts = call.state.secrets.qts(call.caller.auth_key_id);
    let object = Object::new("messages.peerDialogs")
        .with("dialogs", dialogs)
        .with("messages", messages)
        .with("state", view.update_state(pts, qts, 1));
    view.with_peers(object).into()
}

fn get_pinned(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let folder_id = folder(request)?;
    let mailbox = call.state.mailboxes.get(&me);
    let pinned = mailbox.map(|mailbox| mailbox.pinned(folder_id));
    Ok(peer_dialogs(call, me, &pinned.unwrap_or_default()))
}

/// The peer of an `InputDialogPeer`.
pub(super) fn dialog_peer(call: &Call<'_>, input: &Object) -> Result<PeerId, RpcError> {
    match input.name() {
        "inputDialogPeer" => call.peer_in(input, "peer"),
        _ => Err(PEER_ID_INVALID.into()),
    }
}

fn get_peer_dialogs(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let inputs = request.need_objects("peers")?;
    let peers: Vec<_> = inputs
        .into_iter()
        .take(PAGE)
        .map(|input| dialog_peer(call, input))
        .collect::<Result<_, _>>()?;
    Ok(peer_dialogs(call, me, &peers))
}

/// Renumbers the pinned dialogs of a folder, and tells the caller's other sessions.
fn set_pinned(call: &mut Call<'_>, me: UserId, folder_id: i32, order: &[PeerId]) {
    if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
        for dialog in mailbox.dialogs.values_mut() {
            if dialog.folder_id == folder_id {
                dialog.pinned = 0;
            }
        }
        for (place, peer) in (1..).zip(order) {
            mailbox.dialog_mut(*peer).pinned = place;
        }
    }
}

fn pinned_max(call: &Call<'_>, me: UserId, folder_id: i32) -> Result<usize, RpcError> {
    Ok(match (folder_id, call.user_ref(me)?.premium) {
        (0, false) => PINNED_MAX,
        (0, true) => PINNED_MAX_PREMIUM,
        _ => PINNED_MAX_ARCHIVE,
    })
}

fn dialog_peer_object(view: &mut View<'_>, peer: PeerId) -> Object {
    Object::new("dialogPeer").with("peer", view.peer(peer))
}

fn toggle_pin(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = dialog_peer(call, request.need_object("peer")?)?;
    let pinned = request.flag("pinned");
    let Some(mailbox) = call.state.mailboxes.get(&me) else {
        return Err(PEER_ID_INVALID.into());
    };
    let folder_id = mailbox.dialogs.get(&peer).map_or(0, |d| d.folder_id);
    let mut order = mailbox.pinned(folder_id);
    order.retain(|other| *other != peer);
    if pinned {
        if order.len() >= pinned_max(call, me, folder_id)? {
            return Err(PINNED_DIALOGS_TOO_MUCH.into());
        }
        order.insert(0, peer);
    }
    set_pinned(call, me, folder_id, &order);
    call.notify(me, |view| {
        vec![
            Object::new("updateDialogPinned")
                .with_flag("pinned", pinned)
                .with_opt("folder_id", Some(folder_id).filter(|id| *id != 0))
                .with("peer", dialog_peer_object(view, peer)),
        ]
    });
    Ok(done())
}

fn reorder_pinned(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let folder_id = folder(request)?;
    let most = pinned_max(call, me, folder_id)?;
    let mut order: Vec<PeerId> = Vec::new();
    for input in request.need_objects("order")? {
        let peer = dialog_peer(call, input)?;
        if !order.contains(&peer) {
            order.push(peer);
        }
        if order.len() > most {
            return Err(PINNED_DIALOGS_TOO_MUCH.into());
        }
    }
    if !request.flag("force") {
        let mailbox = call.state.mailboxes.get(&me);
        let old = mailbox.map(|mailbox| mailbox.pinned(folder_id));
        let rest = old.unwrap_or_default().into_iter();
        let rest: Vec<_> = rest.filter(|peer| !order.contains(peer)).collect();
        order.extend(rest);
        order.truncate(most);
    }
    set_pinned(call, me, folder_id, &order);
    call.notify(me, |view| {
        let order: Vec<Value> = order
            .iter()
            .map(|peer| dialog_peer_object(view, *peer).into())
            .collect();
        vec![
            Object::new("updatePinnedDialogs")
                .with_opt("folder_id", Some(folder_id).filter(|id| *id != 0))
                .with("order", order),
        ]
    });
    Ok(done())
}

fn mark_unread(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = dialog_peer(call, request.need_object("peer")?)?;
    let unread = request.flag("unread");
    if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
        mailbox.dialog_mut(peer).unread_mark = unread;
    }
    call.notify(me, |view| {
        vec![
            Object::new("updateDialogUnreadMark")
                .with_flag("unread", unread)
                .with("peer", dialog_peer_object(view, peer)),
        ]
    });
    Ok(done())
}

fn get_marks(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut view = call.view(me);
    let dialogs = call.state.mailboxes.get(&me).into_iter();
    let marked = dialogs
        .flat_map(|mailbox| &mailbox.dialogs)
        .filter(|(_, dialog)| dialog.unread_mark)
        .map(|(peer, _)| dialog_peer_object(&mut view, *peer));
    Ok(Value::vector(marked))
}

fn get_peer_settings(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mut view = call.view(me);
    view.note(peer);
    let user = peer.user().and_then(|id| call.state.users.get(&id));
    let settings = user.map_or_else(
        || Object::new("peerSettings"),
        |user| view.peer_settings(user),
    );
    let object = Object::new("messages.peerSettings").with("settings", settings);
    Ok(view.with_peers(object).into())
}

fn get_filters(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut filters = vec![Object::new("dialogFilterDefault")];
    filters.extend(call.user_ref(me)?.filters.values().cloned());
    Ok(Object::new("messages.dialogFilters")
        .with("filters", filters)
        .into())
}

fn update_filter(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = request.need_int("id")?;
    // 0 is the list of all chats and 1 the archive.
    if !(2..=255).contains(&id) {
        return Err(FOLDER_ID_INVALID.into());
    }
    let filters = &mut call.user_mut(me)?.filters;
    match request.object("filter") {
        None => {
            filters.remove(&id);
        }
        Some(_) if filters.len() >= FILTERS_MAX && !filters.contains_key(&id) => {
            return Err(FOLDER_ID_INVALID.into());
        }
        Some(filter) => {
            let mut filter = filter.clone();
            filter.set("id", id);
            filters.insert(id, filter);
        }
    }
    let filter = request.object("filter").cloned();
    call.notify(me, |_| {
        vec![
            Object::new("updateDialogFilter")
                .with("id", id)
                .with_opt("filter", filter.clone()),
        ]
    });
    Ok(done())
}

fn get_suggested(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Vec::<Value>::new().into())
}

fn edit_folders(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut moved = Vec::new();
    for input in request.need_objects("folder_peers")?.into_iter().take(PAGE) {
        let folder_id = folder(input)?;
        let peer = call.peer_in(input, "peer")?;
        if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
            let dialog = mailbox.dialog_mut(peer);
            dialog.folder_id = folder_id;
            dialog.pinned = 0;
        }
        moved.push((peer, folder_id));
    }
    // The change counts one in `pts`, like the reading of nothing.
    let pts = call.pts(me, PeerId::User(me));
    let make = |view: &mut View<'_>| {
        let peers: Vec<Value> = moved
            .iter()
            .map(|(peer, folder_id)| {
                Object::new("folderPeer")
                    .with("peer", view.peer(*peer))
                    .with("folder_id", *folder_id)
                    .into()
            })
            .collect();
        vec![
            Object::new("updateFolderPeers")
                .with("folder_peers", peers)
                .with("pts", pts)
                .with("pts_count", 0),
        ]
    };
    call.notify(me, make);
    let mut view = call.view(me);
    let updates = make(&mut view);
    Ok(view.updates(updates).into())
}
