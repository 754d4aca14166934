//! Scheduled messages: put off, listed, changed, and sent when their time has come.
//!
//! <https://core.telegram.org/api/scheduled-messages>

use tl_parser::{Object, Value};

use super::send::message_id;
use crate::call::{Call, Happened};
use crate::error::{
    MESSAGE_EMPTY, MESSAGE_ID_INVALID, MESSAGE_IDS_EMPTY, PEER_ID_INVALID, RpcError,
    SCHEDULE_BOT_NOT_ALLOWED, SCHEDULE_DATE_INVALID, SCHEDULE_DATE_TOO_LATE,
    SCHEDULE_STATUS_PRIVATE, SCHEDULE_TOO_MUCH,
};
use crate::methods::{Access, Method};
use crate::model::ids::{PeerId, UserId};
use crate::model::message::Body;
use crate::model::rights::AdminRights;
use crate::model::schedule::{Shelf, WHEN_ONLINE, Waiting};
use crate::model::user::Presence;
use crate::posting::Draft;
use crate::render::View;
use crate::request::Arguments;
use crate::text::{CAPTION_LENGTH_MAX, MESSAGE_LENGTH_MAX};

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.getScheduledHistory", Access::People, get_history),
    Method::new("messages.getScheduledMessages", Access::People, get),
    Method::new("messages.sendScheduledMessages", Access::People, send_now),
    Method::new("messages.deleteScheduledMessages", Access::People, delete),
];

/// Most messages that wait in one chat.
const WAITING_MAX: usize = 100;
/// Dates nearer than this many seconds are now.
const NOW: i32 = 10;
/// Farthest date, in seconds from now.
const HORIZON: i32 = 366 * 24 * 3600;

impl Call<'_> {
    /// The moment for which a request puts its message off; `None` to send it now.
    pub(in crate::methods) fn schedule_date(
        &self,
        me: UserId,
        peer: PeerId,
        request: &Object,
    ) -> Result<Option<i32>, RpcError> {
        let Some(date) = request.int("schedule_date").filter(|date| *date != 0) else {
            return Ok(None);
        };
        if self.user_ref(me)?.is_bot() {
            return Err(SCHEDULE_BOT_NOT_ALLOWED.into());
        }
        if date == WHEN_ONLINE {
            let user = peer.user().filter(|user| *user != me);
            let user = user.ok_or(SCHEDULE_DATE_INVALID)?;
            if !self.permits(user, "StatusTimestamp", me) {
                return Err(SCHEDULE_STATUS_PRIVATE.into());
            }
            return Ok((!self.is_online(user)).then_some(date));
        }
        if date < 0 {
            return Err(SCHEDULE_DATE_INVALID.into());
        }
        if date > self.date().saturating_add(HORIZON) {
            return Err(SCHEDULE_DATE_TOO_LATE.into());
        }
        Ok((date > self.date().saturating_add(NOW)).then_some(date))
    }

    fn is_online(&self, user: UserId) -> bool {
        let user = self.state.users.get(&user);
        user.is_some_and(
            |user| matches!(user.presence, Presence::Online { until } if until > self.date()),
        )
    }

    /// The shelf of the caller's messages to a peer.
    fn shelf(&self, me: UserId, peer: PeerId) -> Result<Shelf, RpcError> {
        let shared = match peer {
            PeerId::Channel(id) => self.channel_ref(id)?.broadcast,
            _ => false,
        };
        let owner = (!shared).then_some(me);
        Ok(Shelf { owner, peer })
    }

    /// Puts drafts off, and answers as a send does.
    pub(super) fn put_off(
        &mut self,
        me: UserId,
        peer: PeerId,
        due: i32,
        drafts: Vec<(i64, Draft)>,
    ) -> Result<Value, RpcError> {
        let shelf = self.shelf(me, peer)?;
        let shelves = &mut self.state.schedule.shelves;
        let shelved = shelves.entry(shelf).or_default();
        if shelved.waiting.len().saturating_add(drafts.len()) > WAITING_MAX {
            return Err(SCHEDULE_TOO_MUCH.into());
        }
        let mut named = Vec::new();
        let mut ids = Vec::new();
        for (random_id, draft) in drafts {
            let id = shelved.add(Waiting { due, draft });
            named.push(message_id(id, random_id));
            ids.push(id);
        }
        self.tell_shelf(me, shelf, &ids, named)
    }

    /// Tells whoever sees a shelf of new or changed messages on it; gives the caller's `updates`.
    fn tell_shelf(
        &mut self,
        me: UserId,
        shelf: Shelf,
        ids: &[i32],
        first: Vec<Object>,
    ) -> Result<Value, RpcError> {
        for reader in self.shelf_readers(shelf) {
            self.notify(reader, |view| {
                let updates = ids.iter().filter_map(|id| new_update(view, shelf, *id));
                updates.collect()
            });
        }
        let mut view = self.view(me);
        let mut updates = first;
        for id in ids {
            updates.extend(new_update(&mut view, shelf, *id));
        }
        Ok(view.updates(updates).into())
    }

    fn shelf_readers(&self, shelf: Shelf) -> Vec<UserId> {
        match (shelf.owner, shelf.peer) {
            (Some(owner), _) => vec![owner],
            (None, PeerId::Channel(id)) => {
                let channel = self.state.channels.get(&id);
                let members = channel.into_iter().flat_map(|channel| {
                    let posting = |user: &&UserId| {
                        let rights = channel.admin_rights(**user);
                        rights.allows(AdminRights::POST_MESSAGES)
                    };
                    channel.members.keys().filter(posting)
                });
                members.copied().collect()
            }
            (None, _) => Vec::new(),
        }
    }

    /// Sends the messages whose time has come.
    pub(crate) fn send_due(&mut self) {
        let now = self.date();
        let due = self.state.schedule.due(|_, waiting| waiting.due <= now);
        self.send_all_due(due);
    }

    /// Sends the messages that waited for somebody to come online.
    pub(crate) fn send_for_online(&mut self, user: UserId) {
        let due = self
            .state
            .schedule
            .due(|shelf, waiting| shelf.peer == PeerId::User(user) && waiting.due == WHEN_ONLINE);
        self.send_all_due(due);
    }

    fn send_all_due(&mut self, due: Vec<(Shelf, i32)>) {
        for (shelf, id) in due {
            let (sent, happened) = self.send_waiting(shelf, id);
            self.announce(&happened);
            self.tell_gone(shelf, &[id], sent);
        }
    }

    /// Takes a message off its shelf and delivers it, if its author still may. Gives the id it got.
    fn send_waiting(&mut self, shelf: Shelf, id: i32) -> (Option<i32>, Vec<Happened>) {
        let shelved = self.state.schedule.shelves.get_mut(&shelf);
        let Some(waiting) = shelved.and_then(|shelved| shelved.waiting.remove(&id)) else {
            return (None, Vec::new());
        };
        let mut draft = waiting.draft;
        let author = draft.author;
        draft.from_scheduled = true;
        let may =
            self.writable(author, shelf.peer, false).is_ok() && self.state.check_room(1).is_ok();
        if !may {
            return (None, Vec::new());
        }
        let (sent, happened) = self.deliver(author, draft);
        (Some(sent), happened)
    }

    fn tell_gone(&mut self, shelf: Shelf, ids: &[i32], sent: Option<i32>) {
        for reader in self.shelf_readers(shelf) {
            self.notify(reader, |view| vec![gone_update(view, shelf, ids, sent)]);
        }
    }
}

/// `updateNewScheduledMessage`.
fn new_update(view: &mut View<'_>, shelf: Shelf, id: i32) -> Option<Object> {
    let message = waiting_message(view, shelf, id)?;
    Some(Object::new("updateNewScheduledMessage").with("message", message))
}

/// A waiting message as it will look.
fn waiting_message(view: &mut View<'_>, shelf: Shelf, id: i32) -> Option<Object> {
    let waiting = view.state.schedule.shelves.get(&shelf)?.waiting.get(&id)?;
    let message = waiting.draft.clone().into_message(waiting.due);
    Some(view.message_of(&message, id).with("from_scheduled", true))
}

/// `updateDeleteScheduledMessages`.
fn gone_update(view: &mut View<'_>, shelf: Shelf, ids: &[i32], sent: Option<i32>) -> Object {
    let sent = sent.map(|sent| Value::vector([sent]));
    Object::new("updateDeleteScheduledMessages")
        .with("peer", view.peer(shelf.peer))
        .with("messages", Value::vector(ids.iter().copied()))
        .with_opt("sent_messages", sent)
}

/// The shelf that a request speaks of, which the caller may see.
fn shelf_of(call: &Call<'_>, request: &Object) -> Result<(UserId, Shelf), RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let shelf = call.shelf(me, peer)?;
    if !call.shelf_readers(shelf).contains(&me) {
        return Err(PEER_ID_INVALID.into());
    }
    Ok((me, shelf))
}

fn list(call: &Call<'_>, me: UserId, shelf: Shelf, ids: &[i32]) -> Value {
    let mut view = call.view(me);
    let messages: Vec<Value> = ids
        .iter()
        .map(|id| {
            let message = waiting_message(&mut view, shelf, *id);
            let message = message.unwrap_or_else(|| Object::new("messageEmpty").with("id", *id));
            message.into()
        })
        .collect();
    let object = Object::new("messages.messages")
        .with("messages", messages)
        .with("topics", Vec::<Value>::new());
    view.with_peers(object).into()
}

fn get_history(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (me, shelf) = shelf_of(call, request)?;
    let shelved = call.state.schedule.shelves.get(&shelf);
    let mut waiting: Vec<(i32, i32)> = shelved
        .into_iter()
        .flat_map(|shelved| &shelved.waiting)
        .map(|(id, waiting)| (waiting.due, *id))
        .collect();
    waiting.sort_unstable();
    let ids: Vec<i32> = waiting.into_iter().rev().map(|(_, id)| id).collect();
    Ok(list(call, me, shelf, &ids))
}

fn ids_of(request: &Object) -> Result<Vec<i32>, RpcError> {
    let mut ids = request.need_ints("id")?;
    if ids.is_empty() {
        return Err(MESSAGE_IDS_EMPTY.into());
    }
    ids.truncate(WAITING_MAX);
    Ok(ids)
}

fn get(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (me, shelf) = shelf_of(call, request)?;
    Ok(list(call, me, shelf, &ids_of(request)?))
}

fn is_waiting(call: &Call<'_>, shelf: Shelf, id: i32) -> bool {
    let shelved = call.state.schedule.shelves.get(&shelf);
    shelved.is_some_and(|shelved| shelved.waiting.contains_key(&id))
}

fn send_now(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (me, shelf) = shelf_of(call, request)?;
    let ids = ids_of(request)?;
    if !ids.iter().all(|id| is_waiting(call, shelf, *id)) {
        return Err(MESSAGE_ID_INVALID.into());
    }
    call.writable(me, shelf.peer, false)?;
    call.state.check_room(ids.len())?;
    let mut gone = Vec::new();
    let mut happened = Vec::new();
    for id in ids {
        let (sent, changes) = call.send_waiting(shelf, id);
        happened.extend(changes);
        call.tell_gone(shelf, &[id], sent);
        gone.push((id, sent));
    }
    let mut view = call.view(me);
    let first = gone
        .into_iter()
        .map(|(id, sent)| gone_update(&mut view, shelf, &[id], sent));
    let first = first.collect();
    call.settle(&happened, first)
}

fn delete(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let (me, shelf) = shelf_of(call, request)?;
    let mut gone = Vec::new();
    for id in ids_of(request)? {
        let shelved = call.state.schedule.shelves.get_mut(&shelf);
        if shelved
            .and_then(|shelved| shelved.waiting.remove(&id))
            .is_some()
        {
            gone.push(id);
        }
    }
    if gone.is_empty() {
        return Err(MESSAGE_ID_INVALID.into());
    }
    call.tell_gone(shelf, &gone, None);
    let mut view = call.view(me);
    let update = gone_update(&mut view, shelf, &gone, None);
    Ok(view.updates(vec![update]).into())
}

/// Changes text, media or date of a waiting message.
pub(super) fn edit(
    call: &mut Call<'_>,
    me: UserId,
    peer: PeerId,
    request: &Object,
) -> Result<Value, RpcError> {
    let (_, shelf) = shelf_of(call, request)?;
    let id = request.need_int("id")?;
    let due = call.schedule_date(me, peer, request)?;
    let shelved = call.state.schedule.shelves.get(&shelf);
    let waiting = shelved.and_then(|shelved| shelved.waiting.get(&id));
    let mut waiting = waiting.ok_or(MESSAGE_ID_INVALID)?.clone();
    let Body::Ordinary(content) = &mut waiting.draft.body else {
        return Err(MESSAGE_ID_INVALID.into());
    };
    if let Some(raw) = request.str("message") {
        let longest = match content.media {
            Some(_) => CAPTION_LENGTH_MAX,
            None => MESSAGE_LENGTH_MAX,
        };
        let entities = request.vector("entities").unwrap_or_default();
        (content.text, content.entities) = call.prepare_text(raw, entities, longest)?;
    }
    if let Some(media) = request.object("media") {
        content.media = Some(call.input_media(me, media)?);
    }
    if content.text.is_empty() && content.media.is_none() {
        return Err(MESSAGE_EMPTY.into());
    }
    waiting.due = due.unwrap_or_else(|| call.date());
    if let Some(shelved) = call.state.schedule.shelves.get_mut(&shelf) {
        shelved.waiting.insert(id, waiting);
    }
    if due.is_none() {
        let (sent, happened) = call.send_waiting(shelf, id);
        call.tell_gone(shelf, &[id], sent);
        let gone = gone_update(&mut call.view(me), shelf, &[id], sent);
        return call.settle(&happened, vec![gone]);
    }
    call.tell_shelf(me, shelf, &[id], Vec::new())
}
