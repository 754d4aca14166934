//! Sending: text, media, albums, forwards.
//!
//! <https://core.telegram.org/method/messages.sendMessage>

use tl_parser::{Object, Value};

use crate::call::{Call, Happened};
use crate::error::{
    CHAT_ADMIN_REQUIRED, CHAT_FORWARDS_RESTRICTED, CHAT_WRITE_FORBIDDEN, INPUT_USER_DEACTIVATED,
    MEDIA_CAPTION_TOO_LONG, MEDIA_EMPTY, MESSAGE_EMPTY, MESSAGE_ID_INVALID, MESSAGE_IDS_EMPTY,
    MULTI_MEDIA_TOO_LONG, PEER_FLOOD, PEER_ID_INVALID, RANDOM_ID_DUPLICATE, RANDOM_ID_EMPTY,
    RANDOM_ID_INVALID, REPLY_MESSAGE_ID_INVALID, RpcError, USER_BANNED_IN_CHANNEL, USER_IS_BLOCKED,
    USER_IS_BOT, YOU_BLOCKED_USER,
};
use crate::methods::{Access, Method};
use crate::model::ids::{PeerId, UserId};
use crate::model::message::{Body, Content, Forward, Message, Place, Reply};
use crate::model::rights::{AdminRights, BannedRights};
use crate::model::user::Standing;
use crate::posting::Draft;
use crate::request::Arguments;
use crate::text::{CAPTION_LENGTH_MAX, MESSAGE_LENGTH_MAX};

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.sendMessage", Access::Everybody, send_message),
    Method::new("messages.sendMedia", Access::Everybody, send_media),
    Method::new(
        "messages.sendMultiMedia",
        Access::Everybody,
        send_multi_media,
    ),
    Method::new(
        "messages.forwardMessages",
        Access::Everybody,
        forward_messages,
    ),
    Method::new("messages.uploadMedia", Access::Everybody, upload_media),
];

/// Most messages forwarded at once, and most items of an album.
const FORWARD_MAX: usize = 100;
const ALBUM_MAX: usize = 10;

impl Call<'_> {
    /// Where the caller's message to `peer` goes, if he may write there.
    pub(in crate::methods) fn writable(
        &self,
        me: UserId,
        peer: PeerId,
        with_media: bool,
    ) -> Result<Place, RpcError> {
        match peer {
            PeerId::User(user) => self.writable_user(me, user),
            PeerId::Chat(id) => {
                let chat = self.chat_ref(id)?;
                let bits = BannedRights::SEND_MESSAGES;
                let forbidden = chat.default_rights.forbids(bits, self.date());
                if chat.deactivated || !chat.has(me) || (forbidden && !chat.is_admin(me)) {
                    return Err(CHAT_WRITE_FORBIDDEN.into());
                }
                Ok(Place::Chat(id))
            }
            PeerId::Channel(id) => {
                let channel = self.channel_ref(id)?;
                let rights = channel.admin_rights(me);
                if channel.broadcast {
                    if !rights.allows(AdminRights::POST_MESSAGES) {
                        return Err(CHAT_ADMIN_REQUIRED.into());
                    }
                    return Ok(Place::Channel(id));
                }
                if !channel.has(me) {
                    return Err(CHAT_WRITE_FORBIDDEN.into());
                }
                let bits = if with_media {
                    BannedRights::SEND_MESSAGES | BannedRights::SEND_MEDIA
                } else {
                    BannedRights::SEND_MESSAGES | BannedRights::SEND_PLAIN
                };
                let now = self.date();
                if channel
                    .banned
                    .get(&PeerId::User(me))
                    .is_some_and(|ban| ban.rights.forbids(bits, now))
                {
                    return Err(USER_BANNED_IN_CHANNEL.into());
                }
                if rights.is_empty() {
                    if channel.default_rights.forbids(bits, now) {
                        return Err(CHAT_WRITE_FORBIDDEN.into());
                    }
                    let member = channel.members.get(&me);
                    let last = member.map_or(0, |member| member.last_sent);
                    let wait = last
                        .saturating_add(channel.slowmode_seconds)
                        .saturating_sub(now);
                    if channel.slowmode_seconds > 0 && last > 0 && wait > 0 {
                        return Err(RpcError::new(420, format!("SLOWMODE_WAIT_{wait}")));
                    }
                }
                Ok(Place::Channel(id))
            }
        }
    }

    fn writable_user(&self, me: UserId, user: UserId) -> Result<Place, RpcError> {
        let sender = self.user_ref(me)?;
        let receiver = self.user_ref(user)?;
        if receiver.is_deleted() {
            return Err(INPUT_USER_DEACTIVATED.into());
        }
        if sender.has_blocked(user) {
            return Err(YOU_BLOCKED_USER.into());
        }
        self.check_stranger(me, user)?;
        if sender.is_bot() && user != me {
            if receiver.is_bot() {
                return Err(USER_IS_BOT.into());
            }
            if receiver.has_blocked(me) {
                return Err(USER_IS_BLOCKED.into());
            }
            // A bot begins no conversation but with those who let it.
            if !self.is_let_in(user, me) {
                return Err(PEER_ID_INVALID.into());
            }
        }
        Ok(Place::Private(me, user))
    }

    /// A draft of the caller's with the flags and the reply of the request.
    pub(in crate::methods) fn draft(
        &self,
        me: UserId,
        peer: PeerId,
        place: Place,
        request: &Object,
        body: Body,
    ) -> Result<Draft, RpcError> {
        let mut draft = Draft::new(place, me, body);
        draft.reply = self.reply(me, peer, request.object("reply_to"))?;
        draft.silent = request.flag("silent");
        draft.noforwards = request.flag("noforwards");
        draft.invert_media = request.flag("invert_media");
        self.sign(me, &mut draft)?;
        Ok(draft)
    }

    /// Posts of broadcast channels come from the channel, perhaps with the author's name.
    fn sign(&self, me: UserId, draft: &mut Draft) -> Result<(), RpcError> {
        if let Place::Channel(id) = draft.place {
            let channel = self.channel_ref(id)?;
            if channel.broadcast {
                draft.from = None;
                draft.post_author = match channel.signatures {
                    true => Some(self.user_ref(me)?.first_name.clone()),
                    false => None,
                };
            }
        }
        Ok(())
    }

    /// The message that an `InputReplyTo` names.
    fn reply(
        &self,
        me: UserId,
        peer: PeerId,
        input: Option<&Object>,
    ) -> Result<Option<Reply>, RpcError> {
        let Some(input) = input.filter(|input| input.name() == "inputReplyToMessage") else {
            return Ok(None);
        };
        let id = input.need_int("reply_to_msg_id")?;
        if id == 0 {
            return Ok(None);
        }
        let from = match input.object("reply_to_peer_id") {
            Some(other) => self.peer(other)?,
            None => peer,
        };
        let message = self.state.message_in(me, from, id);
        let message = message.ok_or(REPLY_MESSAGE_ID_INVALID)?;
        let quote = input.str("quote_text").map(|text| {
            let entities = input.vector("quote_entities").unwrap_or_default();
            let text: String = text.chars().take(1024).collect();
            let entities = entities.iter().take(100).cloned().collect();
            (text, entities, input.int("quote_offset"))
        });
        Ok(Some(Reply {
            to: message.key,
            quote,
        }))
    }

    /// Posts a draft of the caller's where its readers can see it.
    pub(in crate::methods) fn deliver(&mut self, me: UserId, draft: Draft) -> (i32, Vec<Happened>) {
        let place = draft.place;
        let date = self.date();
        self.begin_with_default_ttl(me, place);
        self.note_stranger(me, place);
        self.kill_shared_codes(me, &draft);
        let (key, happened) = match place {
            // Whoever blocked the sender never gets the message; the sender is not told.
            Place::Private(_, to) if self.has_blocked(to, me) => {
                self.state.post_to(date, draft, &[me])
            }
            _ => self.state.post(date, draft),
        };
        if let Place::Channel(id) = place {
            let channel = self.state.channels.get_mut(&id);
            if let Some(member) = channel.and_then(|channel| channel.members.get_mut(&me)) {
                member.last_sent = date;
            }
        }
        let id = self.state.messages.get(&key).and_then(|m| m.id_for(me));
        (id.unwrap_or(0), happened)
    }

    /// Whether `user` neither has the caller in his address book nor ever wrote to him.
    fn is_stranger(&self, me: UserId, user: UserId) -> bool {
        let acquainted = user == me
            || self
                .state
                .users
                .get(&user)
                .is_none_or(|user| user.is_bot() || user.contacts.contains_key(&me));
        let wrote = || {
            let mailbox = self.state.mailboxes.get(&me)?;
            let dialog = mailbox.dialogs.get(&PeerId::User(user))?;
            let mut copies = dialog.ids.iter().filter_map(|id| mailbox.copies.get(id));
            Some(copies.any(|copy| !copy.out))
        };
        !acquainted && wrote() != Some(true)
    }

    /// Refuses messages to strangers from accounts that write to too many.
    fn check_stranger(&self, me: UserId, user: UserId) -> Result<(), RpcError> {
        let limited = self.user_ref(me)?.standing == Standing::Limited;
        let most = self.state.config.strangers_per_day;
        if !limited && most.is_none() || !self.is_stranger(me, user) {
            return Ok(());
        }
        let now = self.now.seconds();
        let flooding = most.is_some_and(|most| self.state.limits.is_flooding(me, user, most, now));
        if limited || flooding {
            return Err(PEER_FLOOD.into());
        }
        Ok(())
    }

    fn note_stranger(&mut self, me: UserId, place: Place) {
        if let Place::Private(_, user) = place
            && self.state.config.strangers_per_day.is_some()
            && self.is_stranger(me, user)
        {
            let now = self.now.seconds();
            self.state.limits.note_stranger(me, user, now);
        }
    }

    /// A login code that its owner writes to somebody is dead at once, so that nobody can be talked out of one.
    fn kill_shared_codes(&mut self, me: UserId, draft: &Draft) {
        let Body::Ordinary(content) = &draft.body else {
            return;
        };
        let phone = self.state.users.get(&me).and_then(|me| me.phone.clone());
        if let Some(phone) = phone.filter(|_| draft.place != Place::Private(me, me)) {
            let codes = &mut self.state.logins.codes;
            codes.retain(|_, code| code.phone != phone || !content.text.contains(&code.code));
        }
    }

    fn has_blocked(&self, user: UserId, other: UserId) -> bool {
        let user = self.state.users.get(&user);
        user.is_some_and(|user| user.has_blocked(other))
    }

    /// Checks and remembers the `random_id` of a send.
    fn first_send(&mut self, me: UserId, random_id: i64) -> Result<(), RpcError> {
        if random_id == 0 {
            return Err(RANDOM_ID_EMPTY.into());
        }
        let mailbox = self.state.mailboxes.get_mut(&me);
        if mailbox.is_some_and(|mailbox| mailbox.is_repeated_send(random_id)) {
            return Err(RANDOM_ID_DUPLICATE.into());
        }
        Ok(())
    }

    /// The caller's draft of a dialog is done with once he sends.
    fn clear_draft(&mut self, me: UserId, peer: PeerId, request: &Object) {
        if !request.flag("clear_draft") {
            return;
        }
        let mailbox = self.state.mailboxes.get_mut(&me);
        let dialog = mailbox.and_then(|mailbox| mailbox.dialogs.get_mut(&peer));
        if dialog.is_some_and(|dialog| dialog.draft.take().is_some()) {
            super::drafts::tell(self, me, peer);
        }
    }
}

/// `updateMessageID`: which message a `random_id` became.
pub(in crate::methods) fn message_id(id: i32, random_id: i64) -> Object {
    Object::new("updateMessageID")
        .with("id", id)
        .with("random_id", random_id)
}

fn send_message(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let place = call.writable(me, peer, false)?;
    let entities = request.vector("entities").unwrap_or_default();
    let raw = request.need_str("message")?;
    let (text, entities) = call.prepare_text(raw, entities, MESSAGE_LENGTH_MAX)?;
    if text.is_empty() {
        return Err(MESSAGE_EMPTY.into());
    }
    let content = Content {
        text,
        entities,
        media: None,
        markup: call.markup(me, request)?,
    };
    let draft = call.draft(me, peer, place, request, Body::Ordinary(content.into()))?;
    finish(call, me, peer, request, draft)
}

/// Posts the one draft of a request and answers it.
pub(in crate::methods) fn finish(
    call: &mut Call<'_>,
    me: UserId,
    peer: PeerId,
    request: &Object,
    draft: Draft,
) -> Result<Value, RpcError> {
    let random_id = request.need_long("random_id")?;
    post_all(call, me, peer, request, vec![(random_id, draft)])
}

/// Content with media and a caption.
fn captioned(
    call: &mut Call<'_>,
    me: UserId,
    request: &Object,
    media: &Object,
) -> Result<Content, RpcError> {
    let entities = request.vector("entities").unwrap_or_default();
    let caption = request.need_str("message")?;
    let (text, entities) = call
        .prepare_text(caption, entities, CAPTION_LENGTH_MAX)
        .map_err(|error| match error.message.as_str() {
            "MESSAGE_TOO_LONG" => MEDIA_CAPTION_TOO_LONG.into(),
            _ => error,
        })?;
    Ok(Content {
        text,
        entities,
        media: Some(call.input_media(me, media)?),
        markup: call.markup(me, request)?,
    })
}

fn send_media(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let place = call.writable(me, peer, true)?;
    let content = captioned(call, me, request, request.need_object("media")?)?;
    let draft = call.draft(me, peer, place, request, Body::Ordinary(content.into()))?;
    finish(call, me, peer, request, draft)
}

fn send_multi_media(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let place = call.writable(me, peer, true)?;
    let items = request.need_objects("multi_media")?;
    if items.is_empty() {
        return Err(MEDIA_EMPTY.into());
    }
    if items.len() > ALBUM_MAX {
        return Err(MULTI_MEDIA_TOO_LONG.into());
    }
    let grouped_id = call.state.random.long();
    let mut drafts = Vec::new();
    for item in items {
        let random_id = item.need_long("random_id")?;
        let content = captioned(call, me, item, item.need_object("media")?)?;
        let mut draft = call.draft(me, peer, place, request, Body::Ordinary(content.into()))?;
        draft.grouped_id = Some(grouped_id);
        drafts.push((random_id, draft));
    }
    post_all(call, me, peer, request, drafts)
}

/// Posts drafts, now or when the request says, and answers with one `updates`.
fn post_all(
    call: &mut Call<'_>,
    me: UserId,
    peer: PeerId,
    request: &Object,
    drafts: Vec<(i64, Draft)>,
) -> Result<Value, RpcError> {
    call.state.check_room(drafts.len())?;
    let due = call.schedule_date(me, peer, request)?;
    for (random_id, _) in &drafts {
        call.first_send(me, *random_id)?;
    }
    call.clear_draft(me, peer, request);
    if let Some(due) = due {
        return call.put_off(me, peer, due, drafts);
    }
    let mut happened = Vec::new();
    let mut ids = Vec::new();
    for (random_id, draft) in drafts {
        let (id, changes) = call.deliver(me, draft);
        ids.push(message_id(id, random_id));
        happened.extend(changes);
    }
    call.settle(&happened, ids)
}

fn forward_messages(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let from = call.peer_in(request, "from_peer")?;
    let to = call.peer_in(request, "to_peer")?;
    let place = call.writable(me, to, true)?;
    let ids = request.need_ints("id")?;
    let random_ids = request.need_longs("random_id")?;
    if ids.is_empty() {
        return Err(MESSAGE_IDS_EMPTY.into());
    }
    if ids.len() != random_ids.len() || ids.len() > FORWARD_MAX {
        return Err(RANDOM_ID_INVALID.into());
    }
    let drop_author = request.flag("drop_author");
    let mut drafts = Vec::new();
    for (id, random_id) in ids.into_iter().zip(random_ids) {
        let message = call.state.message_in(me, from, id);
        let message = message.ok_or(MESSAGE_ID_INVALID)?;
        let mut content = message.content().cloned().ok_or(MESSAGE_ID_INVALID)?;
        if message.noforwards || call.is_protected(from) {
            return Err(CHAT_FORWARDS_RESTRICTED.into());
        }
        let media_stays = content.media.is_some();
        if request.flag("drop_media_captions") && media_stays {
            content.text.clear();
            content.entities.clear();
        }
        content.markup = None;
        let saved_from = (to == PeerId::User(me)).then_some((from, id));
        let forward = (!drop_author).then(|| Forward {
            saved_from,
            ..call.origin(message)
        });
        let grouped_id = message.grouped_id;
        let via_bot = message.via_bot;
        let mut draft = Draft::new(place, me, Body::Ordinary(content.into()));
        draft.forward = forward;
        draft.grouped_id = grouped_id;
        draft.via_bot = via_bot;
        draft.silent = request.flag("silent");
        call.sign(me, &mut draft)?;
        drafts.push((random_id, draft));
    }
    regroup(call, &mut drafts);
    let reply = post_all(call, me, to, request, drafts)?;
    for id in request.need_ints("id")? {
        call.count_forward(me, from, id);
    }
    Ok(reply)
}

/// Forwarded albums become albums of their own.
fn regroup(call: &mut Call<'_>, drafts: &mut [(i64, Draft)]) {
    let mut groups = std::collections::BTreeMap::new();
    for (_, draft) in drafts {
        if let Some(old) = draft.grouped_id {
            let random = &mut call.state.random;
            draft.grouped_id = Some(*groups.entry(old).or_insert_with(|| random.long()));
        }
    }
}

impl Call<'_> {
    /// Whether a group or channel forbids forwarding out of it.
    fn is_protected(&self, peer: PeerId) -> bool {
        match peer {
            PeerId::Channel(id) => {
                let channel = self.state.channels.get(&id);
                channel.is_some_and(|channel| channel.noforwards)
            }
            _ => false,
        }
    }

    /// Where a message comes from when it is forwarded: its first source stays.
    fn origin(&self, message: &Message) -> Forward {
        if let Some(forward) = &message.forward {
            let saved_from = None;
            return Forward {
                saved_from,
                ..forward.clone()
            };
        }
        let post = match message.place {
            Place::Channel(id) if message.from.is_none() => Some(PeerId::Channel(id)),
            _ => None,
        };
        Forward {
            from: post.or(Some(PeerId::User(message.author))),
            from_name: None,
            date: message.date,
            channel_post: post.map(|_| message.channel_msg_id),
            post_author: message.post_author.clone(),
            saved_from: None,
        }
    }

    /// Channel posts count how often they were forwarded.
    fn count_forward(&mut self, me: UserId, from: PeerId, id: i32) {
        let key = self.state.message_in(me, from, id).map(|m| m.key);
        let message = key.and_then(|key| self.state.messages.get_mut(&key));
        if let Some(message) = message {
            message.forwards = message.forwards.saturating_add(1);
        }
    }
}

fn upload_media(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.peer_in(request, "peer")?;
    let media = call.input_media(me, request.need_object("media")?)?;
    Ok(call.view(me).media(&media).into())
}
