//! Members of channels and supergroups: joining, inviting, promoting, restricting.
//!
//! <https://core.telegram.org/api/rights>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{
    CHANNEL_PRIVATE, CHAT_ADMIN_REQUIRED, PARTICIPANT_ID_INVALID, RIGHT_FORBIDDEN, RpcError,
    USER_ADMIN_INVALID, USER_BANNED_IN_CHANNEL, USER_BOT, USER_CREATOR, USER_KICKED,
    USER_NOT_PARTICIPANT,
};
use crate::membership::channel_update;
use crate::methods::chats::{admin_rights, banned_rights, invited};
use crate::model::channel::{Admin, Ban, Channel};
use crate::model::ids::{ChannelId, PeerId, UserId};
use crate::model::message::{Action, Place};
use crate::model::rights::{AdminRights, BannedRights};
use crate::request::Arguments;

/// Most members in one page, and longest title of an administrator in characters.
const PAGE: usize = 200;
const RANK_MAX: usize = 16;

/// `messages.chatInviteJoinResultOk`.
pub(in crate::methods) fn joined(updates: Value) -> Value {
    Object::new("messages.chatInviteJoinResultOk")
        .with("updates", updates)
        .into()
}

impl Call<'_> {
    /// The caller becomes a member of a channel, by himself or by a link.
    pub(in crate::methods) fn join_channel(
        &mut self,
        me: UserId,
        id: ChannelId,
        action: Action,
    ) -> Result<Value, RpcError> {
        if self
            .channel_ref(id)?
            .ban(me, self.date())
            .is_some_and(is_kick)
        {
            return Err(USER_BANNED_IN_CHANNEL.into());
        }
        self.enter_channel(id, me, None)?;
        let mut happened = Vec::new();
        if !self.channel_ref(id)?.broadcast {
            happened = self.post_service(me, Place::Channel(id), action)?;
        }
        self.tell_channel(id, me);
        self.settle_with(&happened, |view| vec![channel_update(view, id)])
    }
}

/// Whether a restriction keeps somebody out altogether.
fn is_kick(ban: &Ban) -> bool {
    ban.rights.bits & BannedRights::VIEW_MESSAGES != 0
}

pub(in crate::methods) fn join(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    if call.channel_ref(id)?.username.is_none() {
        return Err(CHANNEL_PRIVATE.into());
    }
    let updates = call.join_channel(me, id, Action::AddUsers(vec![me]))?;
    Ok(joined(updates))
}

pub(in crate::methods) fn leave(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let channel = call.channel_ref(id)?;
    if channel.creator == me {
        return Err(USER_CREATOR.into());
    }
    if !channel.has(me) {
        return Err(USER_NOT_PARTICIPANT.into());
    }
    let happened = if channel.broadcast {
        Vec::new()
    } else {
        call.post_service(me, Place::Channel(id), Action::DeleteUser(me))?
    };
    call.exit_channel(id, me)?;
    call.tell_channel(id, me);
    call.settle_with(&happened, |view| vec![channel_update(view, id)])
}

pub(in crate::methods) fn invite(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let channel = call.channel_ref(id)?;
    let by_default = !channel.broadcast
        && channel.has(me)
        && !channel
            .default_rights
            .forbids(BannedRights::INVITE_USERS, call.date());
    if !by_default && !channel.admin_rights(me).allows(AdminRights::INVITE_USERS) {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let broadcast = channel.broadcast;
    let mut users = Vec::new();
    let mut missing = Vec::new();
    for input in request.need_objects("users")?.into_iter().take(PAGE) {
        let user = call.user(input)?;
        let channel = call.channel_ref(id)?;
        if channel.has(user) || users.contains(&user) {
            continue;
        }
        if channel.ban(user, call.date()).is_some_and(is_kick) {
            if !channel.admin_rights(me).allows(AdminRights::BAN_USERS) {
                return Err(USER_KICKED.into());
            }
            // An administrator who invites somebody forgives him.
            call.channel_mut(id)?.banned.remove(&PeerId::User(user));
        }
        if broadcast && call.user_ref(user)?.is_bot() {
            return Err(USER_BOT.into());
        }
        match call.check_can_be_invited(me, user) {
            Ok(()) => users.push(user),
            Err(_) => missing.push(user),
        }
    }
    for user in &users {
        call.enter_channel(id, *user, Some(me))?;
    }
    for user in &users {
        call.tell_channel(id, *user);
    }
    let happened = if users.is_empty() || broadcast {
        Vec::new()
    } else {
        call.post_service(me, Place::Channel(id), Action::AddUsers(users))?
    };
    let updates = call.settle_with(&happened, |view| vec![channel_update(view, id)])?;
    Ok(invited(updates, &missing))
}

/// Whether a name or username has the query in it.
fn is_named(call: &Call<'_>, user: UserId, query: &str) -> bool {
    let user = call.state.users.get(&user);
    user.is_some_and(|user| {
        let names = [
            user.first_name.as_str(),
            user.last_name.as_str(),
            user.username.as_deref().unwrap_or_default(),
        ];
        names.iter().any(|name| name.to_lowercase().contains(query))
    })
}

pub(in crate::methods) fn list(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let channel = call.channel_ref(id)?;
    let filter = request.need_object("filter")?;
    let is_admin = channel.is_admin(me);
    let asks_admins = filter.name() == "channelParticipantsAdmins";
    if !is_admin && (channel.broadcast || !(channel.has(me) || asks_admins)) {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let query = filter.str("q").unwrap_or_default().to_lowercase();
    let contacts = &call.user_ref(me)?.contacts;
    let now = call.date();
    let mut view = call.view(me);
    view.note(PeerId::Channel(id));
    let rows: Vec<Object> = match filter.name() {
        "channelParticipantsKicked" | "channelParticipantsBanned" => {
            if !is_admin {
                return Err(CHAT_ADMIN_REQUIRED.into());
            }
            let kicked = filter.name() == "channelParticipantsKicked";
            channel
                .banned
                .iter()
                .filter(|(_, ban)| ban.rights.is_in_force(now) && is_kick(ban) == kicked)
                .filter(|(peer, _)| peer.user().is_none_or(|user| is_named(call, user, &query)))
                .map(|(peer, ban)| view.banned(channel, *peer, ban))
                .collect()
        }
        name => channel
            .members
            .iter()
            .filter(|(user, _)| {
                is_named(call, **user, &query)
                    && match name {
                        "channelParticipantsAdmins" => channel.is_admin(**user),
                        "channelParticipantsBots" => {
                            let user = call.state.users.get(user);
                            user.is_some_and(|user| user.is_bot())
                        }
                        "channelParticipantsContacts" => contacts.contains_key(user),
                        _ => true,
                    }
            })
            .map(|(user, member)| view.member(channel, *user, member))
            .collect(),
    };
    let count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
    let offset = usize::try_from(request.need_int("offset")?).unwrap_or(0);
    let page: Vec<Object> = rows
        .into_iter()
        .skip(offset)
        .take(request.limit(PAGE))
        .collect();
    let object = Object::new("channels.channelParticipants")
        .with("count", count)
        .with("participants", page);
    Ok(view.with_peers(object).into())
}

/// The user that a peer of a request stands for.
fn participant(call: &Call<'_>, request: &Object) -> Result<UserId, RpcError> {
    let peer = call.peer_in(request, "participant")?;
    Ok(peer.user().ok_or(PARTICIPANT_ID_INVALID)?)
}

pub(in crate::methods) fn get(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let user = participant(call, request)?;
    let channel = call.channel_ref(id)?;
    if channel.broadcast && user != me && !channel.is_admin(me) {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let mut view = call.view(me);
    view.note(PeerId::Channel(id));
    let row = match (channel.members.get(&user), channel.ban(user, call.date())) {
        (Some(member), _) => view.member(channel, user, member),
        (None, Some(ban)) => view.banned(channel, PeerId::User(user), ban),
        (None, None) => return Err(USER_NOT_PARTICIPANT.into()),
    };
    let object = Object::new("channels.channelParticipant").with("participant", row);
    Ok(view.with_peers(object).into())
}

/// Fails unless the caller may change the place of `user`: not the creator's, and not that of somebody else's administrator.
fn check_may_change(channel: &Channel, me: UserId, user: UserId) -> Result<(), RpcError> {
    if user == channel.creator {
        return Err(USER_CREATOR.into());
    }
    let admin = channel.members.get(&user).and_then(|m| m.admin.as_ref());
    let foreign = admin.is_some_and(|admin| admin.promoted_by != me);
    if foreign && channel.creator != me {
        return Err(USER_ADMIN_INVALID.into());
    }
    Ok(())
}

pub(in crate::methods) fn edit_admin(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let user = call.user_in(request, "user_id")?;
    let rights = admin_rights(request.need_object("admin_rights")?);
    let rank: String = request
        .str("rank")
        .unwrap_or_default()
        .chars()
        .take(RANK_MAX)
        .collect();
    call.check_admin(me, id, AdminRights::ADD_ADMINS)?;
    let channel = call.channel_ref(id)?;
    check_may_change(channel, me, user)?;
    // Nobody gives what he does not have.
    if !channel.admin_rights(me).allows(rights) {
        return Err(RIGHT_FORBIDDEN.into());
    }
    if !channel.has(user) {
        if rights.is_empty() {
            return Err(USER_NOT_PARTICIPANT.into());
        }
        call.check_can_be_invited(me, user)?;
        call.enter_channel(id, user, Some(me))?;
    }
    let channel = call.channel_mut(id)?;
    channel.banned.remove(&PeerId::User(user));
    if let Some(member) = channel.members.get_mut(&user) {
        member.admin = (!rights.is_empty()).then_some(Admin {
            rights,
            promoted_by: me,
            rank,
        });
    }
    call.tell_channel(id, user);
    let mut view = call.view(me);
    let update = channel_update(&mut view, id);
    Ok(view.updates(vec![update]).into())
}

pub(in crate::methods) fn edit_banned(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let user = participant(call, request)?;
    let rights = banned_rights(request.need_object("banned_rights")?);
    call.check_admin(me, id, AdminRights::BAN_USERS)?;
    check_may_change(call.channel_ref(id)?, me, user)?;
    let date = call.date();
    let kicked = rights.forbids(BannedRights::VIEW_MESSAGES, date);
    let was_in = call.channel_ref(id)?.has(user);
    let mut happened = Vec::new();
    if kicked && was_in && !call.channel_ref(id)?.broadcast {
        happened = call.post_service(me, Place::Channel(id), Action::DeleteUser(user))?;
    }
    let channel = call.channel_mut(id)?;
    if rights.bits == 0 {
        channel.banned.remove(&PeerId::User(user));
    } else {
        let ban = Ban {
            rights,
            by: me,
            date,
        };
        channel.banned.insert(PeerId::User(user), ban);
    }
    if let Some(member) = channel.members.get_mut(&user) {
        member.admin = None;
    }
    if kicked && was_in {
        call.exit_channel(id, user)?;
    }
    call.tell_channel(id, user);
    call.settle_with(&happened, |view| vec![channel_update(view, id)])
}

/// Deletes what somebody wrote in a supergroup, a hundred messages at a time.
pub(in crate::methods) fn delete_history(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.channel_in(request, "channel")?;
    let user = participant(call, request)?;
    call.check_admin(me, id, AdminRights::DELETE_MESSAGES)?;
    let messages = &call.channel_ref(id)?.messages;
    let written: Vec<i32> = messages
        .iter()
        .filter(|(_, key)| {
            let message = call.state.messages.get(key);
            message.is_some_and(|message| message.author == user)
        })
        .map(|(id, _)| *id)
        .collect();
    let (now, later) = written.split_at(written.len().min(100));
    let happened = call.state.delete_in_channel(id, now);
    call.announce(&happened);
    let count: i32 = happened.iter().map(|change| change.logged.pts_count).sum();
    Ok(Object::new("messages.affectedHistory")
        .with("pts", call.channel_ref(id)?.log.pts())
        .with("pts_count", count)
        .with("offset", i32::try_from(later.len()).unwrap_or(i32::MAX))
        .into())
}
