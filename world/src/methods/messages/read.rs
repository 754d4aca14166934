//! Reading and typing: what the other side learns of it.

use tl_parser::{Object, Value};

use crate::call::{Audience, Call, Happened};
use crate::error::RpcError;
use crate::methods::{Access, Method, done};
use crate::model::ids::{ChannelId, MessageKey, PeerId, UserId};
use crate::model::message::Place;
use crate::model::update_log::Change;
use crate::request::Arguments;

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.readHistory", Access::People, read_history),
    Method::new("channels.readHistory", Access::People, read_channel),
    Method::new(
        "messages.readMessageContents",
        Access::People,
        read_contents,
    ),
    Method::new("messages.readMentions", Access::People, read_mentions),
    Method::new(
        "messages.receivedMessages",
        Access::People,
        received_messages,
    ),
    Method::new("messages.setTyping", Access::Everybody, set_typing),
];

/// `messages.affectedMessages` after some changes of the caller's box.
pub(super) fn affected(call: &Call<'_>, me: UserId, happened: &[Happened]) -> Object {
    let count: i32 = happened
        .iter()
        .filter(|change| change.to == Audience::Mailbox(me))
        .map(|change| change.logged.pts_count)
        .sum();
    Object::new("messages.affectedMessages")
        .with("pts", call.pts(me, PeerId::User(me)))
        .with("pts_count", count)
}

fn read_history(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let max_id = request.need_int("max_id")?;
    if let PeerId::Channel(channel) = peer {
        read_in_channel(call, me, channel, max_id);
        return Ok(affected(call, me, &[]).into());
    }
    let happened = call.read_inbox(me, peer, max_id);
    call.announce(&happened);
    Ok(affected(call, me, &happened).into())
}

impl Call<'_> {
    /// Moves the read mark of a dialog up to `max_id` (0: to the end), and lets the writers know.
    fn read_inbox(&mut self, me: UserId, peer: PeerId, max_id: i32) -> Vec<Happened> {
        let Some(mailbox) = self.state.mailboxes.get_mut(&me) else {
            return Vec::new();
        };
        let Some(dialog) = mailbox.dialogs.get_mut(&peer) else {
            return Vec::new();
        };
        let newest = dialog.ids.last().copied().unwrap_or(0);
        let mark = if max_id <= 0 {
            newest
        } else {
            max_id.min(newest)
        };
        let before = dialog.read_inbox_max_id;
        dialog.unread_mark = false;
        if mark <= before {
            return Vec::new();
        }
        let read: Vec<MessageKey> = mailbox
            .unread(peer)
            .filter(|(id, _)| *id <= mark)
            .map(|(_, copy)| copy.message)
            .collect();
        mailbox.dialog_mut(peer).read_inbox_max_id = mark;
        let still_unread = mailbox.unread_count(peer);
        let logged = mailbox.log.push(Change::ReadInbox {
            peer,
            max_id: mark,
            still_unread,
        });
        let mut happened = vec![Happened {
            to: Audience::Mailbox(me),
            logged,
        }];
        happened.extend(self.read_outboxes(me, &read));
        happened
    }

    /// The writers of messages that `me` read see them as read.
    fn read_outboxes(&mut self, me: UserId, read: &[MessageKey]) -> Vec<Happened> {
        let mut marks: Vec<(UserId, PeerId, i32)> = Vec::new();
        for key in read {
            let Some(message) = self.state.messages.get(key) else {
                continue;
            };
            let author = message.author;
            let Some(id) = message.copies.get(&author).filter(|_| author != me) else {
                continue;
            };
            let peer = match message.place {
                Place::Private(..) => PeerId::User(me),
                place => place.peer_for(author),
            };
            match marks.iter_mut().find(|(writer, _, _)| *writer == author) {
                Some(mark) => mark.2 = mark.2.max(*id),
                None => marks.push((author, peer, *id)),
            }
        }
        let mut happened = Vec::new();
        for (author, peer, max_id) in marks {
            let Some(mailbox) = self.state.mailboxes.get_mut(&author) else {
                continue;
            };
            let dialog = mailbox.dialog_mut(peer);
            if dialog.read_outbox_max_id >= max_id {
                continue;
            }
            dialog.read_outbox_max_id = max_id;
            let logged = mailbox.log.push(Change::ReadOutbox { peer, max_id });
            happened.push(Happened {
                to: Audience::Mailbox(author),
                logged,
            });
        }
        happened
    }
}

fn read_channel(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let channel = call.channel_in(request, "channel")?;
    read_in_channel(call, me, channel, request.need_int("max_id")?);
    Ok(done())
}

/// Read marks of channels stand outside `pts`; the caller's other sessions and the writers hear of them.
fn read_in_channel(call: &mut Call<'_>, me: UserId, id: ChannelId, max_id: i32) {
    let peer = PeerId::Channel(id);
    let Some(channel) = call.state.channels.get(&id) else {
        return;
    };
    let newest = channel.last_id();
    let pts = channel.log.pts();
    let mark = if max_id <= 0 {
        newest
    } else {
        max_id.min(newest)
    };
    let Some(mailbox) = call.state.mailboxes.get_mut(&me) else {
        return;
    };
    let dialog = mailbox.dialog_mut(peer);
    dialog.unread_mark = false;
    let before = dialog.read_inbox_max_id;
    if mark <= before {
        return;
    }
    dialog.read_inbox_max_id = mark;
    let still_unread = call.state.unread_count(me, peer);
    call.notify(me, |view| {
        view.note(peer);
        vec![
            Object::new("updateReadChannelInbox")
                .with("channel_id", id.0)
                .with("max_id", mark)
                .with("still_unread_count", still_unread)
                .with("pts", pts),
        ]
    });
    let mut writers: Vec<(UserId, i32)> = Vec::new();
    let broadcast = call.state.channels.get(&id).is_none_or(|c| c.broadcast);
    if !broadcast {
        let channel = call.state.channels.get(&id).into_iter();
        let range = channel.flat_map(|c| c.messages.range(before.saturating_add(1)..=mark));
        for (msg_id, key) in range {
            let author = call.state.messages.get(key).map(|message| message.author);
            let author = author.filter(|author| *author != me);
            if let Some(author) = author {
                writers.retain(|(writer, _)| *writer != author);
                writers.push((author, *msg_id));
            }
        }
    }
    for (writer, max_id) in writers {
        let Some(mailbox) = call.state.mailboxes.get_mut(&writer) else {
            continue;
        };
        let dialog = mailbox.dialog_mut(peer);
        if dialog.read_outbox_max_id >= max_id {
            continue;
        }
        dialog.read_outbox_max_id = max_id;
        call.notify(writer, |view| {
            view.note(peer);
            vec![
                Object::new("updateReadChannelOutbox")
                    .with("channel_id", id.0)
                    .with("max_id", max_id),
            ]
        });
    }
}

fn read_contents(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let ids = request.need_ints("id")?;
    let mut opened: Vec<MessageKey> = Vec::new();
    if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
        for id in ids.into_iter().take(100) {
            let copy = mailbox.copies.get_mut(&id);
            if let Some(copy) = copy.filter(|copy| copy.media_unread || copy.mentioned) {
                copy.media_unread = false;
                copy.mentioned = false;
                opened.push(copy.message);
            }
        }
    }
    let happened = call.contents_read(me, &opened);
    call.announce(&happened);
    Ok(affected(call, me, &happened).into())
}

impl Call<'_> {
    /// Media was opened by `me`: his other sessions and the writers see that.
    fn contents_read(&mut self, me: UserId, opened: &[MessageKey]) -> Vec<Happened> {
        let mut by_reader: std::collections::BTreeMap<UserId, Vec<i32>> =
            std::collections::BTreeMap::new();
        for key in opened {
            let Some(message) = self.state.messages.get(key) else {
                continue;
            };
            for reader in [me, message.author] {
                if let Some(id) = message.copies.get(&reader) {
                    let ids = by_reader.entry(reader).or_default();
                    if !ids.contains(id) {
                        ids.push(*id);
                    }
                }
            }
        }
        let mut happened = Vec::new();
        for (reader, ids) in by_reader {
            if let Some(mailbox) = self.state.mailboxes.get_mut(&reader) {
                for id in &ids {
                    if let Some(copy) = mailbox.copies.get_mut(id) {
                        copy.media_unread = false;
                    }
                }
                let logged = mailbox.log.push(Change::ReadContents(ids));
                happened.push(Happened {
                    to: Audience::Mailbox(reader),
                    logged,
                });
            }
        }
        happened
    }
}

fn read_mentions(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mut opened = Vec::new();
    if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
        for copy in mailbox.copies.values_mut() {
            if copy.peer == peer && copy.mentioned {
                copy.mentioned = false;
                opened.push(copy.message);
            }
        }
    }
    let happened = call.contents_read(me, &opened);
    call.announce(&happened);
    let affected = affected(call, me, &happened);
    Ok(Object::new("messages.affectedHistory")
        .with("pts", affected.int("pts").unwrap_or(0))
        .with("pts_count", affected.int("pts_count").unwrap_or(0))
        .with("offset", 0)
        .into())
}

fn received_messages(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Vec::<Value>::new().into())
}

fn set_typing(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let action = request.need_object("action")?.clone();
    let readers = match peer {
        PeerId::User(user) => vec![user],
        PeerId::Chat(id) => call.state.readers(Place::Chat(id)),
        PeerId::Channel(id) => {
            let channel = call.channel_ref(id)?;
            // Nobody sees who is at work in a broadcast channel.
            if channel.broadcast || !channel.has(me) {
                return Ok(done());
            }
            call.state.readers(Place::Channel(id))
        }
    };
    let from = Object::new("peerUser").with("user_id", me.0);
    for reader in readers {
        let blocked = call.state.users.get(&reader);
        let blocked = blocked.is_some_and(|reader| reader.has_blocked(me));
        if reader == me || (blocked && matches!(peer, PeerId::User(_))) {
            continue;
        }
        call.notify(reader, |view| {
            view.note(PeerId::User(me));
            view.note(peer);
            let update = match peer {
                PeerId::User(_) => Object::new("updateUserTyping").with("user_id", me.0),
                PeerId::Chat(id) => Object::new("updateChatUserTyping")
                    .with("chat_id", id.0)
                    .with("from_id", from.clone()),
                PeerId::Channel(id) => Object::new("updateChannelUserTyping")
                    .with("channel_id", id.0)
                    .with("from_id", from.clone()),
            };
            vec![update.with("action", action.clone())]
        });
    }
    Ok(done())
}
