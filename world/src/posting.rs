//! Putting messages into the boxes of their readers, changing them, and taking them out.

use std::collections::{BTreeMap, BTreeSet};

use tl_parser::Value;

use crate::call::{Audience, Happened};
use crate::error::RpcError;
use crate::model::ids::{MessageKey, PeerId, UserId};
use crate::model::mailbox::Copy;
use crate::model::media::Media;
use crate::model::message::{Action, Body, Content, Forward, Message, Place, Reply};
use crate::model::update_log::Change;
use crate::state::State;

/// A message about to be posted.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) place: Place,
    pub(crate) author: UserId,
    pub(crate) from: Option<PeerId>,
    pub(crate) body: Body,
    pub(crate) reply: Option<Reply>,
    pub(crate) forward: Option<Forward>,
    pub(crate) via_bot: Option<UserId>,
    pub(crate) grouped_id: Option<i64>,
    pub(crate) post_author: Option<String>,
    pub(crate) silent: bool,
    pub(crate) noforwards: bool,
    pub(crate) invert_media: bool,
    /// It waited for its date.
    pub(crate) from_scheduled: bool,
}

impl Draft {
    /// A message of `author` under his own name.
    pub(crate) fn new(place: Place, author: UserId, body: Body) -> Self {
        Self {
            place,
            author,
            from: Some(PeerId::User(author)),
            body,
            reply: None,
            forward: None,
            via_bot: None,
            grouped_id: None,
            post_author: None,
            silent: false,
            noforwards: false,
            invert_media: false,
            from_scheduled: false,
        }
    }

    /// The message of a moment, not yet in any box.
    pub(crate) fn into_message(self, date: i32) -> Message {
        Message {
            key: MessageKey(0),
            place: self.place,
            author: self.author,
            from: self.from,
            date,
            edit_date: None,
            body: self.body,
            reply: self.reply,
            forward: self.forward,
            via_bot: self.via_bot,
            grouped_id: self.grouped_id,
            post_author: self.post_author,
            silent: self.silent,
            noforwards: self.noforwards,
            invert_media: self.invert_media,
            from_scheduled: self.from_scheduled,
            ttl_period: None,
            pinned: false,
            viewed_by: BTreeSet::from([self.author]),
            forwards: 0,
            reactions: Vec::new(),
            copies: BTreeMap::new(),
            channel_msg_id: 0,
        }
    }

    /// Whether the timer of its chat takes the message away: what tells of the chat itself stays.
    fn may_expire(&self) -> bool {
        matches!(self.body, Body::Ordinary(_))
    }

    /// A service message.
    pub(crate) fn service(place: Place, author: UserId, action: Action) -> Self {
        Self::new(place, author, Body::Service(action))
    }

    /// Sets the entities of an ordinary message.
    pub(crate) fn set_entities(&mut self, entities: Vec<Value>) {
        if let Body::Ordinary(content) = &mut self.body {
            content.entities = entities;
        }
    }

    /// A message of plain text.
    pub(crate) fn text(place: Place, author: UserId, text: String) -> Self {
        let content = Content {
            text,
            ..Content::default()
        };
        Self::new(place, author, Body::Ordinary(content.into()))
    }
}

impl State {
    /// Refuses more messages than the world keeps.
    pub(crate) fn check_room(&self, messages: usize) -> Result<(), RpcError> {
        if self.messages.len().saturating_add(messages) > self.config.limits.messages {
            return Err(RpcError::flood_wait(3600));
        }
        Ok(())
    }

    /// Refuses more groups and channels than the world keeps.
    pub(crate) fn check_room_for_chat(&self) -> Result<(), RpcError> {
        let chats = self.chats.len().saturating_add(self.channels.len());
        if chats >= self.config.limits.chats {
            return Err(RpcError::flood_wait(3600));
        }
        self.check_room(1)
    }

    /// Posts a message: one copy for each reader, or one entry in the channel.
    pub(crate) fn post(&mut self, date: i32, draft: Draft) -> (MessageKey, Vec<Happened>) {
        let readers = self.readers(draft.place);
        self.post_to(date, draft, &readers)
    }

    /// Posts a message for some of the readers of its place, such as the sender alone.
    pub(crate) fn post_to(
        &mut self,
        date: i32,
        draft: Draft,
        readers: &[UserId],
    ) -> (MessageKey, Vec<Happened>) {
        let key = self.fresh_message_key();
        let mut happened = Vec::new();
        let mut copies = BTreeMap::new();
        let mut channel_msg_id = 0;
        if let Place::Channel(id) = draft.place {
            if let Some(channel) = self.channels.get_mut(&id) {
                channel_msg_id = channel.add(key);
                let logged = channel.log.push(Change::NewMessage(channel_msg_id));
                happened.push(Happened {
                    to: Audience::Channel(id),
                    logged,
                });
            }
            for reader in readers {
                if let Some(mailbox) = self.mailboxes.get_mut(reader) {
                    mailbox.dialog_mut(PeerId::Channel(id)).hidden = false;
                }
            }
        } else {
            for reader in readers {
                let out = *reader == draft.author;
                let copy = Copy {
                    message: key,
                    peer: draft.place.peer_for(*reader),
                    out,
                    mentioned: !out && self.is_mentioned(*reader, &draft),
                    media_unread: self.is_to_be_heard(&draft),
                };
                if let Some(mailbox) = self.mailboxes.get_mut(reader) {
                    let id = mailbox.add(copy);
                    copies.insert(*reader, id);
                    let logged = mailbox.log.push(Change::NewMessage(id));
                    happened.push(Happened {
                        to: Audience::Mailbox(*reader),
                        logged,
                    });
                }
            }
        }
        let ttl_period = self.ttl(draft.place).filter(|_| draft.may_expire());
        if let Some(period) = ttl_period {
            self.expiring.insert((date.saturating_add(period), key));
        }
        let message = Message {
            key,
            ttl_period,
            copies,
            channel_msg_id,
            ..draft.into_message(date)
        };
        self.messages.insert(key, message);
        (key, happened)
    }

    /// Whether a group message speaks to `reader`: it answers him or names him.
    fn is_mentioned(&self, reader: UserId, draft: &Draft) -> bool {
        if matches!(draft.place, Place::Private(..)) {
            return false;
        }
        let answered = draft
            .reply
            .as_ref()
            .and_then(|reply| self.messages.get(&reply.to))
            .is_some_and(|message| message.author == reader);
        let Body::Ordinary(content) = &draft.body else {
            return false;
        };
        let named_by_id = content
            .entities
            .iter()
            .filter_map(Value::as_object)
            .any(|entity| {
                entity.name() == "messageEntityMentionName"
                    && entity.long("user_id") == Some(reader.0)
            });
        let named = self
            .users
            .get(&reader)
            .and_then(|user| user.username.as_deref())
            .is_some_and(|name| crate::text::mentions(&content.text, name));
        answered || named_by_id || named
    }

    /// Voice and round video wait to be heard.
    fn is_to_be_heard(&self, draft: &Draft) -> bool {
        let Body::Ordinary(content) = &draft.body else {
            return false;
        };
        let Some(Media::Document { document, .. }) = &content.media else {
            return false;
        };
        self.documents.get(document).is_some_and(|document| {
            document
                .attributes
                .iter()
                .filter_map(Value::as_object)
                .any(|attribute| attribute.flag("voice") || attribute.flag("round_message"))
        })
    }

    /// Tells all readers of a message of the same kind of change, each with his own id.
    pub(crate) fn log_for_readers(
        &mut self,
        key: MessageKey,
        change: impl Fn(i32, PeerId) -> Change,
    ) -> Vec<Happened> {
        let Some(message) = self.messages.get(&key) else {
            return Vec::new();
        };
        if let Place::Channel(id) = message.place {
            let msg_id = message.channel_msg_id;
            let logged = self
                .channels
                .get_mut(&id)
                .map(|channel| channel.log.push(change(msg_id, PeerId::Channel(id))));
            return logged
                .map(|logged| Happened {
                    to: Audience::Channel(id),
                    logged,
                })
                .into_iter()
                .collect();
        }
        let place = message.place;
        let mut happened = Vec::new();
        for (reader, id) in &message.copies {
            if let Some(mailbox) = self.mailboxes.get_mut(reader) {
                let logged = mailbox.log.push(change(*id, place.peer_for(*reader)));
                happened.push(Happened {
                    to: Audience::Mailbox(*reader),
                    logged,
                });
            }
        }
        happened
    }

    /// Takes copies out of the box of `owner`; with `revoke` out of all boxes.
    ///
    /// Ids that the owner does not have are passed over.
    pub(crate) fn delete(&mut self, owner: UserId, ids: &[i32], revoke: bool) -> Vec<Happened> {
        let mut gone: BTreeMap<UserId, Vec<i32>> = BTreeMap::new();
        for id in ids {
            let Some(key) = self.boxed(owner, *id).map(|message| message.key) else {
                continue;
            };
            let readers: Vec<(UserId, i32)> = match self.messages.get(&key) {
                Some(message) if revoke => message
                    .copies
                    .iter()
                    .map(|(user, id)| (*user, *id))
                    .collect(),
                _ => vec![(owner, *id)],
            };
            for (reader, id) in readers {
                if let Some(mailbox) = self.mailboxes.get_mut(&reader)
                    && mailbox.remove(id).is_some()
                {
                    gone.entry(reader).or_default().push(id);
                }
                if let Some(message) = self.messages.get_mut(&key) {
                    message.copies.remove(&reader);
                    if message.copies.is_empty() {
                        self.messages.remove(&key);
                    }
                }
            }
        }
        let mut happened = Vec::new();
        for (reader, ids) in gone {
            if let Some(mailbox) = self.mailboxes.get_mut(&reader) {
                let logged = mailbox.log.push(Change::DeleteMessages(ids));
                happened.push(Happened {
                    to: Audience::Mailbox(reader),
                    logged,
                });
            }
        }
        happened
    }

    /// Takes messages out of a channel.
    pub(crate) fn delete_in_channel(
        &mut self,
        id: crate::model::ids::ChannelId,
        ids: &[i32],
    ) -> Vec<Happened> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Vec::new();
        };
        let mut gone = Vec::new();
        for msg_id in ids {
            if let Some(key) = channel.messages.remove(msg_id) {
                self.messages.remove(&key);
                gone.push(*msg_id);
            }
        }
        if gone.is_empty() {
            return Vec::new();
        }
        let logged = channel.log.push(Change::DeleteMessages(gone));
        vec![Happened {
            to: Audience::Channel(id),
            logged,
        }]
    }
}
