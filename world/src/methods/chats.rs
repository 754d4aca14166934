//! Basic groups, which `messages.*` governs.
//!
//! <https://core.telegram.org/api/channel#basic-groups>

use tl_parser::{Object, Value};

use super::messages::send::message_id;
use super::{Access, Method, done};
use crate::call::{Audience, Call, Happened};
use crate::error::{
    CHAT_ABOUT_NOT_MODIFIED, CHAT_ABOUT_TOO_LONG, CHAT_ADMIN_REQUIRED, CHAT_ID_INVALID,
    CHAT_NOT_MODIFIED, CHAT_TITLE_EMPTY, PEER_ID_INVALID, PHOTO_INVALID, RpcError,
    USER_NOT_PARTICIPANT, USERS_TOO_FEW,
};
use crate::membership::{channel_update, participants_update};
use crate::model::channel::{Admin, Channel, Member};
use crate::model::chat::{Chat, Participant};
use crate::model::ids::{ChannelId, ChatId, PeerId, PhotoId, UserId};
use crate::model::message::{Action, Place};
use crate::model::rights::{ADMIN_RIGHTS, AdminRights, BANNED_RIGHTS, BannedRights};
use crate::model::update_log::Change;
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("messages.createChat", Access::People, create_chat),
    Method::new("messages.addChatUser", Access::People, add_user),
    Method::new("messages.deleteChatUser", Access::Everybody, delete_user),
    Method::new("messages.editChatTitle", Access::Everybody, edit_title),
    Method::new("messages.editChatPhoto", Access::Everybody, edit_photo),
    Method::new("messages.editChatAbout", Access::Everybody, edit_about),
    Method::new("messages.editChatAdmin", Access::People, edit_admin),
    Method::new(
        "messages.editChatDefaultBannedRights",
        Access::Everybody,
        edit_default_rights,
    ),
    Method::new("messages.getChats", Access::Everybody, get_chats),
    Method::new("messages.getFullChat", Access::Everybody, get_full_chat),
    Method::new("messages.deleteChat", Access::People, delete_chat),
    Method::new("messages.migrateChat", Access::People, migrate_chat),
    Method::new("messages.getCommonChats", Access::People, get_common_chats),
    Method::new("messages.getOnlines", Access::People, get_onlines),
];

/// Longest title, in characters, and longest description.
const TITLE_MAX: usize = 128;
const ABOUT_MAX: usize = 255;

/// A title of a request, trimmed and checked.
pub(super) fn title(request: &Object) -> Result<String, RpcError> {
    let title: String = request
        .need_str("title")?
        .trim()
        .chars()
        .take(TITLE_MAX)
        .collect();
    if title.is_empty() {
        return Err(CHAT_TITLE_EMPTY.into());
    }
    Ok(title)
}

/// A description of a request, checked.
pub(super) fn about(request: &Object) -> Result<String, RpcError> {
    let about = request.need_str("about")?.trim();
    if about.chars().count() > ABOUT_MAX {
        return Err(CHAT_ABOUT_TOO_LONG.into());
    }
    Ok(about.to_owned())
}

/// The flags of a `chatAdminRights`.
pub(super) fn admin_rights(object: &Object) -> AdminRights {
    let bits = ADMIN_RIGHTS.iter().filter(|(name, _)| object.flag(name));
    AdminRights(bits.fold(0, |all, (_, bit)| all | (1 << bit)))
}

/// The flags of a `chatBannedRights`.
pub(super) fn banned_rights(object: &Object) -> BannedRights {
    let bits = BANNED_RIGHTS.iter().filter(|(name, _)| object.flag(name));
    BannedRights {
        bits: bits.fold(0, |all, (_, bit)| all | (1 << bit)),
        until_date: object.int("until_date").unwrap_or(0),
    }
}

impl Call<'_> {
    /// `updateMessageID` of the message that a new group or channel begins with: TDLib knows by it what it made.
    pub(super) fn first_message(&mut self, me: UserId, happened: &[Happened]) -> Vec<Object> {
        let mine = happened.iter().find_map(|change| {
            let for_me = match change.to {
                Audience::Mailbox(user) => user == me,
                Audience::Channel(_) => true,
            };
            match change.logged.change {
                Change::NewMessage(id) if for_me => Some(id),
                _ => None,
            }
        });
        let random_id = self.state.random.long();
        mine.map(|id| message_id(id, random_id))
            .into_iter()
            .collect()
    }

    /// Fails unless the caller may do in a basic group what `bits` leaves to members.
    pub(super) fn check_chat_right(
        &self,
        me: UserId,
        id: ChatId,
        bits: u32,
    ) -> Result<(), RpcError> {
        let chat = self.chat_ref(id)?;
        let by_default = !chat.default_rights.forbids(bits, self.date());
        if chat.deactivated || !(chat.is_admin(me) || (chat.has(me) && by_default)) {
            return Err(CHAT_ADMIN_REQUIRED.into());
        }
        Ok(())
    }

    /// The photo that an `InputChatPhoto` names; `None` takes the old one away.
    pub(super) fn input_chat_photo(
        &mut self,
        me: UserId,
        request: &Object,
    ) -> Result<Option<PhotoId>, RpcError> {
        let input = request.need_object("photo")?;
        match input.name() {
            "inputChatPhotoEmpty" => Ok(None),
            "inputChatPhoto" => self.known_photo(me, input.need_object("id")?).map(Some),
            _ => {
                let file = input.object("file").ok_or(PHOTO_INVALID)?;
                self.uploaded_photo(me, file).map(Some)
            }
        }
    }

    /// A service message in a basic group, and the members' list for everybody where it changed.
    fn changed_chat(
        &mut self,
        me: UserId,
        id: ChatId,
        action: Action,
        members_changed: bool,
    ) -> Result<Value, RpcError> {
        let happened = self.post_service(me, Place::Chat(id), action)?;
        self.finish_chat(id, &happened, members_changed)
    }

    fn finish_chat(
        &mut self,
        id: ChatId,
        happened: &[Happened],
        members_changed: bool,
    ) -> Result<Value, RpcError> {
        if members_changed {
            self.tell_participants(id);
            return self.settle_with(happened, |view| participants_update(view, id));
        }
        self.settle(happened, Vec::new())
    }
}

/// `messages.invitedUsers`: what happened, and who could not be invited.
pub(super) fn invited(updates: Value, missing: &[UserId]) -> Value {
    let missing: Vec<Value> = missing
        .iter()
        .map(|user| Object::new("missingInvitee").with("user_id", user.0).into())
        .collect();
    Object::new("messages.invitedUsers")
        .with("updates", updates)
        .with("missing_invitees", missing)
        .into()
}

fn create_chat(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let title = title(request)?;
    let mut users = Vec::new();
    let mut missing = Vec::new();
    for input in request.need_objects("users")? {
        let user = call.user(input)?;
        if user == me || users.contains(&user) {
            continue;
        }
        match call.check_can_be_invited(me, user) {
            Ok(()) => users.push(user),
            Err(_) => missing.push(user),
        }
    }
    if users.is_empty() && missing.is_empty() {
        return Err(USERS_TOO_FEW.into());
    }
    call.state.check_room_for_chat()?;
    let id = ChatId(call.state.fresh_id());
    let date = call.date();
    let founder = Participant {
        inviter: me,
        date,
        admin: true,
    };
    let chat = Chat {
        id,
        title: title.clone(),
        about: String::new(),
        creator: me,
        date,
        participants: [(me, founder)].into(),
        version: 1,
        photo: None,
        default_rights: BannedRights::default(),
        invites: Vec::new(),
        migrated_to: None,
        deactivated: false,
    };
    call.state.chats.insert(id, chat);
    for user in &users {
        call.enter_chat(id, *user, me)?;
    }
    let action = Action::ChatCreate { title, users };
    let happened = call.post_service(me, Place::Chat(id), action)?;
    call.tell_participants(id);
    let first_message = call.first_message(me, &happened);
    let updates = call.settle_with(&happened, |view| {
        let mut first = first_message;
        first.extend(participants_update(view, id));
        first
    })?;
    Ok(invited(updates, &missing))
}

fn add_user(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    let user = call.user_in(request, "user_id")?;
    call.check_chat_right(me, id, BannedRights::INVITE_USERS)?;
    if call.check_can_be_invited(me, user).is_err() {
        let nothing = call.settle(&[], Vec::new())?;
        return Ok(invited(nothing, &[user]));
    }
    call.enter_chat(id, user, me)?;
    let updates = call.changed_chat(me, id, Action::AddUsers(vec![user]), true)?;
    Ok(invited(updates, &[]))
}

fn delete_user(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    let user = call.user_in(request, "user_id")?;
    let chat = call.chat_ref(id)?;
    if !chat.has(user) {
        return Err(USER_NOT_PARTICIPANT.into());
    }
    let invited_by_me = chat
        .participants
        .get(&user)
        .is_some_and(|participant| participant.inviter == me);
    let may = user == me
        || chat.creator == me
        || (user != chat.creator && (chat.is_admin(me) || invited_by_me));
    if !may {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    // The one who goes gets the message about it as his last one.
    let happened = call.post_service(me, Place::Chat(id), Action::DeleteUser(user))?;
    let chat = call.chat_mut(id)?;
    chat.participants.remove(&user);
    chat.version = chat.version.saturating_add(1);
    call.finish_chat(id, &happened, true)
}

fn edit_title(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    let title = title(request)?;
    call.check_chat_right(me, id, BannedRights::CHANGE_INFO)?;
    let chat = call.chat_mut(id)?;
    if chat.title == title {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    chat.title.clone_from(&title);
    call.changed_chat(me, id, Action::EditTitle { title }, false)
}

fn edit_photo(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    call.check_chat_right(me, id, BannedRights::CHANGE_INFO)?;
    let photo = call.input_chat_photo(me, request)?;
    call.chat_mut(id)?.photo = photo;
    let action = photo.map_or(Action::DeletePhoto, Action::EditPhoto);
    call.changed_chat(me, id, action, false)
}

/// Descriptions of groups and of channels.
fn edit_about(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let text = about(request)?;
    let old = match call.peer_in(request, "peer")? {
        PeerId::User(_) => return Err(PEER_ID_INVALID.into()),
        PeerId::Chat(id) => {
            call.check_chat_right(me, id, BannedRights::CHANGE_INFO)?;
            &mut call.chat_mut(id)?.about
        }
        PeerId::Channel(id) => {
            call.check_admin(me, id, AdminRights::CHANGE_INFO)?;
            &mut call.channel_mut(id)?.about
        }
    };
    if *old == text {
        return Err(CHAT_ABOUT_NOT_MODIFIED.into());
    }
    *old = text;
    Ok(done())
}

fn edit_admin(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    let user = call.user_in(request, "user_id")?;
    let admin = request.need_bool("is_admin")?;
    let chat = call.chat_mut(id)?;
    if chat.creator != me {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let participant = chat.participants.get_mut(&user);
    participant.ok_or(USER_NOT_PARTICIPANT)?.admin = admin;
    chat.version = chat.version.saturating_add(1);
    call.tell_participants(id);
    Ok(done())
}

/// Default rights of groups and of supergroups.
fn edit_default_rights(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mut rights = banned_rights(request.need_object("banned_rights")?);
    rights.until_date = i32::MAX;
    let (old, version, place) = match peer {
        PeerId::User(_) => return Err(PEER_ID_INVALID.into()),
        PeerId::Chat(id) => {
            let chat = call.chat_mut(id)?;
            if !chat.is_admin(me) {
                return Err(CHAT_ADMIN_REQUIRED.into());
            }
            chat.version = chat.version.saturating_add(1);
            let version = chat.version;
            (&mut chat.default_rights, version, Place::Chat(id))
        }
        PeerId::Channel(id) => {
            call.check_admin(me, id, AdminRights::BAN_USERS)?;
            let channel = call.channel_mut(id)?;
            (&mut channel.default_rights, 0, Place::Channel(id))
        }
    };
    if old.bits == rights.bits {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    *old = rights;
    let make = |view: &mut crate::render::View<'_>| {
        vec![
            Object::new("updateChatDefaultBannedRights")
                .with("peer", view.peer(peer))
                .with(
                    "default_banned_rights",
                    crate::render::chat::banned_rights(rights),
                )
                .with("version", version),
        ]
    };
    for reader in call.state.readers(place) {
        call.notify(reader, make);
    }
    let mut view = call.view(me);
    let updates = make(&mut view);
    Ok(view.updates(updates).into())
}

fn get_chats(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut view = call.view(me);
    for id in request.need_longs("id")?.into_iter().take(200) {
        let id = ChatId(id);
        let chat = call.state.chats.get(&id);
        if !chat.is_some_and(|chat| chat.has(me) || call.had_chat(me, id)) {
            return Err(CHAT_ID_INVALID.into());
        }
        view.note(PeerId::Chat(id));
    }
    Ok(Object::new("messages.chats")
        .with("chats", view.chats())
        .into())
}

fn get_full_chat(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    let chat = call.chat_ref(id)?;
    Ok(call.view(me).chat_full(chat).into())
}

fn delete_chat(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = call.chat_in(request, "chat_id")?;
    if call.chat_ref(id)?.creator != me {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let readers = call.state.readers(Place::Chat(id));
    let chat = call.chat_mut(id)?;
    chat.deactivated = true;
    chat.participants.clear();
    for reader in readers {
        let mailbox = call.state.mailboxes.get(&reader);
        let dialog = mailbox.and_then(|mailbox| mailbox.dialogs.get(&PeerId::Chat(id)));
        let ids: Vec<i32> = dialog.into_iter().flat_map(|d| d.ids.clone()).collect();
        let happened = call.state.delete(reader, &ids, false);
        call.announce(&happened);
    }
    Ok(done())
}

/// A basic group becomes a supergroup; members, title and photo move over, messages stay behind.
fn migrate_chat(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let old = call.chat_in(request, "chat_id")?;
    let chat = call.chat_ref(old)?.clone();
    if chat.creator != me {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    if chat.deactivated {
        return Err(CHAT_ID_INVALID.into());
    }
    call.state.check_room_for_chat()?;
    let id = ChannelId(call.state.fresh_id());
    let logged = call.state.config.limits.logged_updates;
    let title = chat.title.clone();
    let mut channel = Channel::new(id, title.clone(), me, call.date(), false, logged);
    channel.about = chat.about;
    channel.photo = chat.photo;
    channel.default_rights = chat.default_rights;
    channel.migrated_from = Some(old);
    for (user, participant) in &chat.participants {
        let admin = (participant.admin && *user != me).then(|| Admin {
            rights: AdminRights::creator(),
            promoted_by: me,
            rank: String::new(),
        });
        let member = Member {
            inviter: Some(participant.inviter),
            date: participant.date,
            admin,
            last_sent: 0,
        };
        channel.members.insert(*user, member);
    }
    call.state.channels.insert(id, channel);
    for user in chat.participants.keys() {
        call.open_channel_dialog(id, *user);
    }
    let mut happened = call.post_service(me, Place::Chat(old), Action::MigrateTo(id))?;
    let chat = call.chat_mut(old)?;
    chat.migrated_to = Some(id);
    chat.deactivated = true;
    let action = Action::MigrateFrom { title, chat: old };
    happened.extend(call.post_service(me, Place::Channel(id), action)?);
    call.settle_with(&happened, |view| vec![channel_update(view, id)])
}

fn get_common_chats(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let user = call.user_in(request, "user_id")?;
    let max_id = request.need_long("max_id")?;
    let chats = call.state.chats.values();
    let chats = chats
        .filter(|chat| chat.has(me) && chat.has(user) && !chat.deactivated)
        .map(|chat| PeerId::Chat(chat.id));
    let channels = call.state.channels.values();
    let channels = channels
        .filter(|channel| channel.has(me) && channel.has(user) && !channel.broadcast)
        .map(|channel| PeerId::Channel(channel.id));
    let number = |peer: &PeerId| match peer {
        PeerId::User(id) => id.0,
        PeerId::Chat(id) => id.0,
        PeerId::Channel(id) => id.0,
    };
    let mut common: Vec<_> = chats.chain(channels).collect();
    common.retain(|peer| max_id <= 0 || number(peer) < max_id);
    common.sort_unstable_by_key(|peer| std::cmp::Reverse(number(peer)));
    let mut view = call.view(me);
    for peer in common.into_iter().take(request.limit(100)) {
        view.note(peer);
    }
    Ok(Object::new("messages.chats")
        .with("chats", view.chats())
        .into())
}

fn get_onlines(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let readers = match call.peer_in(request, "peer")? {
        PeerId::User(user) => vec![user],
        PeerId::Chat(id) => call.state.readers(Place::Chat(id)),
        PeerId::Channel(id) => call.state.readers(Place::Channel(id)),
    };
    let view = call.view(me);
    let online = readers
        .iter()
        .filter_map(|id| view.status(call.state.users.get(id)?))
        .filter(|status| status.name() == "userStatusOnline")
        .count();
    Ok(Object::new("chatOnlines")
        .with("onlines", i32::try_from(online).unwrap_or(i32::MAX))
        .into())
}
