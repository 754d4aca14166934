//! Invite links of groups and channels.
//!
//! <https://core.telegram.org/api/invites>

use tl_parser::{Object, Value};

use super::channels::members::joined;
use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    CHAT_ADMIN_REQUIRED, INVITE_HASH_EMPTY, INVITE_HASH_EXPIRED, INVITE_HASH_INVALID,
    INVITE_REQUEST_SENT, PEER_ID_INVALID, RpcError, USER_ALREADY_PARTICIPANT, USER_ID_INVALID,
};
use crate::membership::participants_update;
use crate::model::ids::{PeerId, UserId};
use crate::model::invite::Invite;
use crate::model::message::{Action, Place};
use crate::model::rights::{AdminRights, BannedRights};
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("messages.exportChatInvite", Access::Everybody, export),
    Method::new("messages.checkChatInvite", Access::People, check),
    Method::new("messages.importChatInvite", Access::People, import),
    Method::new("messages.getExportedChatInvites", Access::People, list),
    Method::new("messages.getExportedChatInvite", Access::People, get),
    Method::new("messages.editExportedChatInvite", Access::Everybody, edit),
    Method::new("messages.deleteExportedChatInvite", Access::People, delete),
    Method::new("messages.getChatInviteImporters", Access::People, importers),
    Method::new(
        "messages.hideChatJoinRequest",
        Access::Everybody,
        answer_request,
    ),
];

/// Most links of one group or channel.
const LINKS_MAX: usize = 1000;

impl Call<'_> {
    /// The links of a group or channel; the caller must be allowed to invite.
    fn invites(&mut self, me: UserId, peer: PeerId) -> Result<&mut Vec<Invite>, RpcError> {
        match peer {
            PeerId::User(_) => Err(PEER_ID_INVALID.into()),
            PeerId::Chat(id) => {
                self.check_chat_right(me, id, BannedRights::INVITE_USERS)?;
                if !self.chat_ref(id)?.is_admin(me) {
                    return Err(CHAT_ADMIN_REQUIRED.into());
                }
                Ok(&mut self.chat_mut(id)?.invites)
            }
            PeerId::Channel(id) => {
                self.check_admin(me, id, AdminRights::INVITE_USERS)?;
                Ok(&mut self.channel_mut(id)?.invites)
            }
        }
    }

    /// The group or channel that a link leads to, and the place of the link in its list.
    fn find_invite(&self, hash: &str) -> Option<(PeerId, usize)> {
        let position = |invites: &[Invite]| invites.iter().position(|one| one.hash == hash);
        let in_chats = self.state.chats.values().find_map(|chat| {
            let at = position(&chat.invites).filter(|_| !chat.deactivated)?;
            Some((PeerId::Chat(chat.id), at))
        });
        in_chats.or_else(|| {
            self.state.channels.values().find_map(|channel| {
                let at = position(&channel.invites).filter(|_| !channel.deleted)?;
                Some((PeerId::Channel(channel.id), at))
            })
        })
    }

    /// One link, by the list it stands in.
    fn invite_mut(&mut self, peer: PeerId, at: usize) -> Option<&mut Invite> {
        match peer {
            PeerId::User(_) => None,
            PeerId::Chat(id) => self.state.chats.get_mut(&id)?.invites.get_mut(at),
            PeerId::Channel(id) => self.state.channels.get_mut(&id)?.invites.get_mut(at),
        }
    }

    fn is_member(&self, peer: PeerId, user: UserId) -> bool {
        match peer {
            PeerId::User(_) => false,
            PeerId::Chat(id) => self.state.chats.get(&id).is_some_and(|c| c.has(user)),
            PeerId::Channel(id) => self.state.channels.get(&id).is_some_and(|c| c.has(user)),
        }
    }
}

fn export(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let date = call.date();
    let hash = call.state.random.letters(16);
    // Without conditions it is the administrator's permanent link, which replaces his old one.
    let permanent = request.int("expire_date").is_none()
        && request.int("usage_limit").is_none()
        && request.str("title").is_none()
        && !request.flag("request_needed");
    let invite = Invite {
        hash,
        admin: me,
        date,
        expire_date: request.int("expire_date").filter(|date| *date > 0),
        usage_limit: request.int("usage_limit").filter(|limit| *limit > 0),
        request_needed: request.flag("request_needed"),
        title: request
            .str("title")
            .map(|title| title.chars().take(32).collect()),
        revoked: false,
        permanent,
        joined: Vec::new(),
        requested: Vec::new(),
    };
    let invites = call.invites(me, peer)?;
    if permanent {
        let old = invites
            .iter_mut()
            .filter(|old| old.permanent && old.admin == me);
        old.for_each(|old| old.revoked = true);
    }
    if invites.len() >= LINKS_MAX {
        invites.remove(0);
    }
    invites.push(invite.clone());
    Ok(call.view(me).invite(&invite).into())
}

/// The secret part of a link.
fn hash_of(link: &str) -> &str {
    link.rsplit(['/', '+']).next().unwrap_or(link)
}

fn check(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let hash = hash_of(request.need_str("hash")?);
    if hash.is_empty() {
        return Err(INVITE_HASH_EMPTY.into());
    }
    let (peer, at) = call.find_invite(hash).ok_or(INVITE_HASH_INVALID)?;
    if call.is_member(peer, me) {
        let mut view = call.view(me);
        view.note(peer);
        let chat = view.chats().remove(0);
        return Ok(Object::new("chatInviteAlready").with("chat", chat).into());
    }
    let date = call.date();
    let invite = call.invite_mut(peer, at).ok_or(INVITE_HASH_INVALID)?;
    if !invite.is_usable(date) {
        return Err(INVITE_HASH_EXPIRED.into());
    }
    let request_needed = invite.request_needed;
    let (object, title, about, photo, count) = match peer {
        PeerId::Channel(id) => {
            let channel = call.channel_ref(id)?;
            let object = Object::new("chatInvite")
                .with("channel", true)
                .with_flag("broadcast", channel.broadcast)
                .with_flag("public", channel.username.is_some())
                .with_flag("megagroup", !channel.broadcast);
            let count = channel.members.len();
            (object, &channel.title, &channel.about, channel.photo, count)
        }
        PeerId::Chat(id) => {
            let chat = call.chat_ref(id)?;
            let count = chat.participants.len();
            let object = Object::new("chatInvite");
            (object, &chat.title, &chat.about, chat.photo, count)
        }
        PeerId::User(_) => return Err(INVITE_HASH_INVALID.into()),
    };
    let photo = photo.map_or_else(
        || Object::new("photoEmpty").with("id", 0_i64),
        |photo| call.view(me).photo(photo),
    );
    Ok(object
        .with_flag("request_needed", request_needed)
        .with("title", title.as_str())
        .with_opt(
            "about",
            Some(about.as_str()).filter(|about| !about.is_empty()),
        )
        .with("photo", photo)
        .with(
            "participants_count",
            i32::try_from(count).unwrap_or(i32::MAX),
        )
        .with("color", 0)
        .into())
}

fn import(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let hash = hash_of(request.need_str("hash")?);
    if hash.is_empty() {
        return Err(INVITE_HASH_EMPTY.into());
    }
    let (peer, at) = call.find_invite(hash).ok_or(INVITE_HASH_INVALID)?;
    if call.is_member(peer, me) {
        return Err(USER_ALREADY_PARTICIPANT.into());
    }
    let date = call.date();
    let invite = call.invite_mut(peer, at).ok_or(INVITE_HASH_INVALID)?;
    if !invite.is_usable(date) {
        return Err(INVITE_HASH_EXPIRED.into());
    }
    let inviter = invite.admin;
    if invite.request_needed {
        if !invite.requested.iter().any(|(user, _)| *user == me) {
            invite.requested.push((me, date));
        }
        tell_requests(call, peer);
        return Err(INVITE_REQUEST_SENT.into());
    }
    let updates = enter(call, me, peer, Action::JoinedByLink { inviter }, inviter)?;
    if let Some(invite) = call.invite_mut(peer, at) {
        invite.joined.push((me, date));
    }
    Ok(joined(updates))
}

/// `user` comes in by a link, or because his request was granted.
fn enter(
    call: &mut Call<'_>,
    user: UserId,
    peer: PeerId,
    action: Action,
    inviter: UserId,
) -> Result<Value, RpcError> {
    match peer {
        PeerId::User(_) => Err(PEER_ID_INVALID.into()),
        PeerId::Chat(id) => {
            call.enter_chat(id, user, inviter)?;
            let happened = call.post_service(user, Place::Chat(id), action)?;
            call.tell_participants(id);
            call.settle_with(&happened, |view| participants_update(view, id))
        }
        PeerId::Channel(id) => call.join_channel(user, id, action),
    }
}

/// Administrators see how many wait to be let in.
fn tell_requests(call: &mut Call<'_>, peer: PeerId) {
    let (admins, waiting) = match peer {
        PeerId::User(_) => return,
        PeerId::Chat(id) => {
            let Some(chat) = call.state.chats.get(&id) else {
                return;
            };
            let admins = chat
                .participants
                .keys()
                .filter(|user| chat.is_admin(**user));
            (admins.copied().collect::<Vec<_>>(), waiting(&chat.invites))
        }
        PeerId::Channel(id) => {
            let Some(channel) = call.state.channels.get(&id) else {
                return;
            };
            let admins = channel
                .members
                .keys()
                .filter(|user| channel.is_admin(**user));
            (admins.copied().collect(), waiting(&channel.invites))
        }
    };
    for admin in admins {
        call.notify(admin, |view| {
            let recent: Vec<Value> = waiting
                .iter()
                .rev()
                .take(5)
                .map(|user| view.user_id(*user).into())
                .collect();
            vec![
                Object::new("updatePendingJoinRequests")
                    .with("peer", view.peer(peer))
                    .with(
                        "requests_pending",
                        i32::try_from(waiting.len()).unwrap_or(i32::MAX),
                    )
                    .with("recent_requesters", recent),
            ]
        });
    }
}

fn waiting(invites: &[Invite]) -> Vec<UserId> {
    let requested = invites.iter().flat_map(|invite| &invite.requested);
    requested.map(|(user, _)| *user).collect()
}

fn list(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let admin = call.user_in(request, "admin_id")?;
    let revoked = request.flag("revoked");
    let limit = request.limit(100);
    let all: Vec<Invite> = call
        .invites(me, peer)?
        .iter()
        .filter(|invite| invite.admin == admin && invite.revoked == revoked)
        .cloned()
        .collect();
    let mut view = call.view(me);
    let rows: Vec<Value> = all
        .iter()
        .rev()
        .take(limit)
        .map(|invite| view.invite(invite).into())
        .collect();
    Ok(Object::new("messages.exportedChatInvites")
        .with("count", i32::try_from(all.len()).unwrap_or(i32::MAX))
        .with("invites", rows)
        .with("users", view.users())
        .into())
}

/// The link of a request, among those of its peer.
fn named<'c>(call: &'c mut Call<'_>, request: &Object) -> Result<&'c mut Invite, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let hash = hash_of(request.need_str("link")?).to_owned();
    let mut invites = call.invites(me, peer)?.iter_mut();
    let invite = invites.find(|invite| invite.hash == hash);
    Ok(invite.ok_or(INVITE_HASH_EXPIRED)?)
}

/// `messages.exportedChatInvite`.
fn exported(call: &Call<'_>, invite: &Invite) -> Result<Value, RpcError> {
    let mut view = call.view(call.me()?);
    Ok(Object::new("messages.exportedChatInvite")
        .with("invite", view.invite(invite))
        .with("users", view.users())
        .into())
}

fn get(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let invite = named(call, request)?.clone();
    exported(call, &invite)
}

fn edit(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let invite = named(call, request)?;
    if request.flag("revoked") {
        invite.revoked = true;
    }
    if let Some(date) = request.int("expire_date") {
        invite.expire_date = Some(date).filter(|date| *date > 0);
    }
    if let Some(limit) = request.int("usage_limit") {
        invite.usage_limit = Some(limit).filter(|limit| *limit > 0);
    }
    if let Some(needed) = request.get("request_needed").and_then(Value::as_bool) {
        invite.request_needed = needed;
    }
    if let Some(title) = request.str("title") {
        invite.title = Some(title.chars().take(32).collect());
    }
    let invite = invite.clone();
    exported(call, &invite)
}

fn delete(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let invite = named(call, request)?;
    if !invite.revoked {
        return Err(INVITE_HASH_EXPIRED.into());
    }
    let hash = invite.hash.clone();
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    call.invites(me, peer)?.retain(|invite| invite.hash != hash);
    Ok(done())
}

fn importers(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let requested = request.flag("requested");
    let hash = request.str("link").map(|link| hash_of(link).to_owned());
    let limit = request.limit(100);
    let invites = call.invites(me, peer)?;
    let all: Vec<(UserId, i32)> = invites
        .iter()
        .filter(|invite| hash.as_ref().is_none_or(|hash| invite.hash == *hash))
        .flat_map(|invite| {
            if requested {
                invite.requested.clone()
            } else {
                invite.joined.clone()
            }
        })
        .collect();
    let mut view = call.view(me);
    let rows: Vec<Value> = all
        .iter()
        .take(limit)
        .map(|(user, date)| {
            Object::new("chatInviteImporter")
                .with_flag("requested", requested)
                .with("user_id", view.user_id(*user))
                .with("date", *date)
                .into()
        })
        .collect();
    Ok(Object::new("messages.chatInviteImporters")
        .with("count", i32::try_from(all.len()).unwrap_or(i32::MAX))
        .with("importers", rows)
        .with("users", view.users())
        .into())
}

/// Grants or refuses a request to be let in.
fn answer_request(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let user = call.user_in(request, "user_id")?;
    let date = call.date();
    let invites = call.invites(me, peer)?;
    let invite = invites
        .iter_mut()
        .find(|invite| invite.requested.iter().any(|(one, _)| *one == user))
        .ok_or(USER_ID_INVALID)?;
    invite.requested.retain(|(one, _)| *one != user);
    if !request.flag("approved") {
        tell_requests(call, peer);
        return call.settle(&[], Vec::new());
    }
    invite.joined.push((user, date));
    let updates = enter(call, user, peer, Action::JoinedByRequest, me);
    tell_requests(call, peer);
    updates
}
