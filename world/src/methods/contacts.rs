//! `contacts.*`: the address book, blocked peers, and finding people by name.
//!
//! <https://core.telegram.org/api/contacts>

use tl_parser::{Object, Value};

use super::auth::trimmed_name;
use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    CONTACT_ID_INVALID, CONTACT_NAME_EMPTY, PHONE_NOT_OCCUPIED, QUERY_TOO_SHORT, RpcError,
    SEARCH_QUERY_EMPTY, USERNAME_INVALID, USERNAME_NOT_OCCUPIED,
};
use crate::model::ids::{PeerId, UserId};
use crate::model::user::Contact;
use crate::phone::digits;
use crate::request::Arguments;
use crate::usernames::key;

mod links;

pub(super) const METHODS: &[Method] = &[
    Method::new(
        "contacts.resolveUsername",
        Access::Everybody,
        resolve_username,
    ),
    Method::new("contacts.resolvePhone", Access::People, resolve_phone),
    Method::new("contacts.getContacts", Access::People, get_contacts),
    Method::new("contacts.getContactIDs", Access::People, get_contact_ids),
    Method::new("contacts.getStatuses", Access::People, get_statuses),
    Method::new("contacts.importContacts", Access::People, import_contacts),
    Method::new("contacts.addContact", Access::People, add_contact),
    Method::new("contacts.acceptContact", Access::People, accept_contact),
    Method::new("contacts.deleteContacts", Access::People, delete_contacts),
    Method::new("contacts.deleteByPhones", Access::People, delete_by_phones),
    Method::new("contacts.search", Access::People, search),
    Method::new("contacts.block", Access::People, block),
    Method::new("contacts.unblock", Access::People, unblock),
    Method::new("contacts.getBlocked", Access::People, get_blocked),
    Method::new("contacts.getTopPeers", Access::People, get_top_peers),
    Method::new("contacts.resetTopPeerRating", Access::People, take_note),
    Method::new("contacts.toggleTopPeers", Access::People, take_note),
    Method::new("contacts.resetSaved", Access::People, take_note),
    Method::new("contacts.getSaved", Access::People, get_saved),
    Method::new("contacts.exportContactToken", Access::People, links::export),
    Method::new("contacts.importContactToken", Access::People, links::import),
    Method::new(
        "contacts.updateContactNote",
        Access::People,
        links::set_note,
    ),
    Method::new(
        "contacts.editCloseFriends",
        Access::People,
        links::set_close_friends,
    ),
    Method::new("contacts.setBlocked", Access::People, links::set_blocked),
    Method::new("contacts.getSponsoredPeers", Access::People, get_sponsored),
];

/// Most contacts of one account.
const CONTACTS_MAX: usize = 10_000;
/// Most contacts in one import.
const IMPORT_MAX: usize = 200;

fn take_note(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(done())
}

/// `contacts.resolvedPeer`.
fn resolved(call: &Call<'_>, peer: PeerId) -> Result<Value, RpcError> {
    let mut view = call.view(call.me()?);
    let object = Object::new("contacts.resolvedPeer").with("peer", view.peer(peer));
    Ok(view.with_peers(object).into())
}

fn resolve_username(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let name = request.need_str("username")?.trim_start_matches('@');
    if name.is_empty() {
        return Err(USERNAME_INVALID.into());
    }
    let peer = call.state.usernames.get(&key(name)).copied();
    resolved(call, peer.ok_or(USERNAME_NOT_OCCUPIED)?)
}

fn resolve_phone(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let phone = digits(request.need_str("phone")?);
    let user = call.state.phones.get(&phone).copied();
    resolved(call, PeerId::User(user.ok_or(PHONE_NOT_OCCUPIED)?))
}

fn is_mutual(call: &Call<'_>, me: UserId, other: UserId) -> bool {
    let other = call.state.users.get(&other);
    other.is_some_and(|other| other.contacts.contains_key(&me))
}

fn get_contacts(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let ids: Vec<UserId> = call.user_ref(me)?.contacts.keys().copied().collect();
    let hash = list_hash(ids.iter().map(|id| id.0));
    if hash != 0 && request.need_long("hash")? == hash {
        return Ok(Object::new("contacts.contactsNotModified").into());
    }
    let mut view = call.view(me);
    let contacts: Vec<Value> = ids
        .iter()
        .map(|id| {
            Object::new("contact")
                .with("user_id", view.user_id(*id))
                .with("mutual", is_mutual(call, me, *id))
                .into()
        })
        .collect();
    Ok(Object::new("contacts.contacts")
        .with("contacts", contacts)
        .with("saved_count", 0)
        .with("users", view.users())
        .into())
}

/// The hash of a list of ids by which clients ask whether it changed.
/// <https://core.telegram.org/api/offsets#hash-generation>
pub(super) fn list_hash(ids: impl Iterator<Item = i64>) -> i64 {
    ids.fold(0_u64, |hash, id| {
        let mixed = hash ^ (hash >> 21);
        let mixed = mixed ^ (mixed << 35);
        let mixed = mixed ^ (mixed >> 4);
        mixed.wrapping_add(id.cast_unsigned())
    })
    .cast_signed()
}

fn get_contact_ids(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let ids = call.user_ref(me)?.contacts.keys();
    // The result is a vector of 32-bit numbers; larger ids cannot be said.
    Ok(Value::vector(ids.filter_map(|id| i32::try_from(id.0).ok())))
}

fn get_statuses(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let view = call.view(me);
    let contacts = call.user_ref(me)?.contacts.keys();
    Ok(Value::vector(contacts.filter_map(|id| {
        let status = view.status(call.state.users.get(id)?)?;
        Some(
            Object::new("contactStatus")
                .with("user_id", id.0)
                .with("status", status),
        )
    })))
}

fn import_contacts(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut imported = Vec::new();
    let mut retry: Vec<Value> = Vec::new();
    let mut users = Vec::new();
    for (index, contact) in request.need_objects("contacts")?.into_iter().enumerate() {
        let client_id = contact.need_long("client_id")?;
        let full = call.user_ref(me)?.contacts.len() >= CONTACTS_MAX;
        if index >= IMPORT_MAX || full {
            retry.push(client_id.into());
            continue;
        }
        let phone = digits(contact.need_str("phone")?);
        let Some(user) = call.state.phones.get(&phone).copied() else {
            continue;
        };
        if user == me {
            continue;
        }
        let entry = Contact {
            first_name: trimmed_name(contact.need_str("first_name")?),
            last_name: trimmed_name(contact.need_str("last_name")?),
            phone,
            ..call.contact(me, user)?
        };
        call.user_mut(me)?.contacts.insert(user, entry);
        users.push(user);
        imported.push(
            Object::new("importedContact")
                .with("user_id", user.0)
                .with("client_id", client_id),
        );
    }
    let mut view = call.view(me);
    for user in users {
        view.note(PeerId::User(user));
    }
    Ok(Object::new("contacts.importedContacts")
        .with("imported", imported)
        .with("popular_invites", Vec::<Value>::new())
        .with("retry_contacts", retry)
        .with("users", view.users())
        .into())
}

/// `updatePeerSettings` of somebody, as the reply to a change of the address book.
fn contact_updates(call: &mut Call<'_>, users: &[UserId]) -> Result<Value, RpcError> {
    let me = call.me()?;
    let make = |view: &mut crate::render::View<'_>| {
        let settings = users.iter().filter_map(|id| {
            let user = view.state.users.get(id)?;
            Some((PeerId::User(*id), view.peer_settings(user)))
        });
        let settings: Vec<_> = settings.collect();
        settings
            .into_iter()
            .map(|(peer, settings)| {
                Object::new("updatePeerSettings")
                    .with("peer", view.peer(peer))
                    .with("settings", settings)
            })
            .collect::<Vec<_>>()
    };
    call.notify(me, make);
    let mut view = call.view(me);
    let updates = make(&mut view);
    Ok(view.updates(updates).into())
}

fn add_contact(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let user = call.user_in(request, "id")?;
    let first_name = trimmed_name(request.need_str("first_name")?);
    if first_name.is_empty() {
        return Err(CONTACT_NAME_EMPTY.into());
    }
    if user == me {
        return Err(CONTACT_ID_INVALID.into());
    }
    let entry = Contact {
        first_name,
        last_name: trimmed_name(request.need_str("last_name")?),
        phone: digits(request.need_str("phone")?),
        ..call.contact(me, user)?
    };
    call.user_mut(me)?.contacts.insert(user, entry);
    contact_updates(call, &[user])
}

impl Call<'_> {
    /// What an account keeps of a contact; nothing yet where he is none.
    fn contact(&self, owner: UserId, user: UserId) -> Result<Contact, RpcError> {
        let contacts = &self.user_ref(owner)?.contacts;
        Ok(contacts.get(&user).cloned().unwrap_or_default())
    }
}

fn accept_contact(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let user = call.user_in(request, "id")?;
    if user == me {
        return Err(CONTACT_ID_INVALID.into());
    }
    let other = call.user_ref(user)?;
    let entry = Contact {
        first_name: other.first_name.clone(),
        last_name: other.last_name.clone(),
        phone: other.phone.clone().unwrap_or_default(),
        ..call.contact(me, user)?
    };
    call.user_mut(me)?.contacts.insert(user, entry);
    contact_updates(call, &[user])
}

fn delete_contacts(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut users = Vec::new();
    for input in request.need_objects("id")?.into_iter().take(IMPORT_MAX) {
        let user = call.user(input)?;
        call.user_mut(me)?.contacts.remove(&user);
        users.push(user);
    }
    contact_updates(call, &users)
}

fn delete_by_phones(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    for phone in request.need_vector("phones")?.iter().take(IMPORT_MAX) {
        let phone = digits(phone.as_str().unwrap_or_default());
        let contacts = &mut call.user_mut(me)?.contacts;
        contacts.retain(|_, contact| contact.phone != phone);
    }
    Ok(done())
}

fn search(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let query = request.need_str("q")?.trim();
    let query = query.trim_start_matches('@').to_lowercase();
    match query.chars().count() {
        0 => return Err(SEARCH_QUERY_EMPTY.into()),
        1 | 2 => return Err(QUERY_TOO_SHORT.into()),
        _ => {}
    }
    let limit = request.limit(50);
    let state = &call.state;
    let named = state
        .usernames
        .iter()
        .filter(|(name, _)| name.contains(&query))
        .map(|(_, peer)| *peer);
    let mine = state.users.get(&me).into_iter().flat_map(|user| {
        user.contacts
            .iter()
            .filter(|(_, contact)| {
                format!("{} {}", contact.first_name, contact.last_name)
                    .to_lowercase()
                    .contains(&query)
            })
            .map(|(id, _)| PeerId::User(*id))
    });
    let mine: Vec<PeerId> = mine.take(limit).collect();
    let found: Vec<PeerId> = named
        .filter(|peer| !mine.contains(peer) && *peer != PeerId::User(me))
        .take(limit)
        .collect();
    let mut view = call.view(me);
    let mine: Vec<Value> = mine
        .into_iter()
        .map(|peer| view.peer(peer).into())
        .collect();
    let found: Vec<Value> = found
        .into_iter()
        .map(|peer| view.peer(peer).into())
        .collect();
    let object = Object::new("contacts.found")
        .with("my_results", mine)
        .with("results", found);
    Ok(view.with_peers(object).into())
}

/// Blocks or unblocks a peer, and tells the caller's other sessions.
fn set_blocked(call: &mut Call<'_>, request: &Object, blocked: bool) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "id")?;
    if peer == PeerId::User(me) {
        return Err(CONTACT_ID_INVALID.into());
    }
    let date = call.date();
    let list = &mut call.user_mut(me)?.blocked;
    if blocked {
        list.insert(peer, date);
    } else {
        list.remove(&peer);
    }
    call.notify(me, |view| {
        vec![
            Object::new("updatePeerBlocked")
                .with_flag("blocked", blocked)
                .with("peer_id", view.peer(peer)),
        ]
    });
    Ok(done())
}

fn block(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    set_blocked(call, request, true)
}

fn unblock(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    set_blocked(call, request, false)
}

fn get_blocked(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let all = &call.user_ref(me)?.blocked;
    let offset = usize::try_from(request.need_int("offset")?).unwrap_or(0);
    let page = all.iter().skip(offset).take(request.limit(100));
    let mut view = call.view(me);
    let blocked: Vec<Value> = page
        .map(|(peer, date)| {
            Object::new("peerBlocked")
                .with("peer_id", view.peer(*peer))
                .with("date", *date)
                .into()
        })
        .collect();
    let object = if blocked.len() < all.len() {
        let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
        Object::new("contacts.blockedSlice").with("count", count)
    } else {
        Object::new("contacts.blocked")
    };
    Ok(view.with_peers(object.with("blocked", blocked)).into())
}

fn get_top_peers(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("contacts.topPeersDisabled").into())
}

fn get_saved(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Vec::<Value>::new().into())
}

fn get_sponsored(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("contacts.sponsoredPeersEmpty").into())
}
