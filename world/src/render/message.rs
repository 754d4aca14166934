//! `Message`.

use tl_parser::{Object, Value};

use super::View;
use crate::model::ids::{MessageKey, PeerId};
use crate::model::message::{Body, Content, Forward, Message, Place, Reply};

impl View<'_> {
    /// A message as the viewer has it; `messageEmpty` where he has none.
    pub(crate) fn message(&mut self, key: MessageKey, id: i32) -> Object {
        let Some(message) = self.state.messages.get(&key) else {
            return Object::new("messageEmpty").with("id", id);
        };
        self.message_of(message, id)
    }

    /// A message that need not be in any box, under an id.
    pub(crate) fn message_of(&mut self, message: &Message, id: i32) -> Object {
        match &message.body {
            Body::Ordinary(content) => self.ordinary(message, content, id),
            Body::Service(action) => {
                let head = self.head(Object::new("messageService"), message, id);
                let reply = self.reply_header(message);
                let action = self.action(action);
                head.with_opt("reply_to", reply)
                    .with("date", message.date)
                    .with("action", action)
            }
        }
    }

    /// The fields that stand before the date in both kinds of message.
    fn head(&mut self, object: Object, message: &Message, id: i32) -> Object {
        let viewer = self.viewer;
        let to_self = message.place == Place::Private(viewer, viewer);
        let out = message.author == viewer && !to_self;
        let in_private = matches!(message.place, Place::Private(..));
        // The sender of an incoming private message is the dialog itself.
        let from = message.from.filter(|_| !in_private || out || to_self);
        let from = from.map(|from| self.peer(from));
        if in_private {
            self.note(PeerId::User(message.author));
        }
        let copy = self
            .state
            .mailboxes
            .get(&viewer)
            .and_then(|mailbox| mailbox.copies.get(&id))
            .filter(|copy| copy.message == message.key);
        let peer = self.peer(message.place.peer_for(viewer));
        object
            .with_flag("out", out)
            .with_flag("mentioned", copy.is_some_and(|copy| copy.mentioned))
            .with_flag("media_unread", copy.is_some_and(|copy| copy.media_unread))
            .with_flag("silent", message.silent)
            .with_flag("post", self.is_post(message))
            .with("id", id)
            .with_opt("from_id", from)
            .with("peer_id", peer)
    }

    fn ordinary(&mut self, message: &Message, content: &Content, id: i32) -> Object {
        let viewer = self.viewer;
        let head = self.head(Object::new("message"), message, id);
        let to_self = message.place == Place::Private(viewer, viewer);
        // The part of Saved Messages that it belongs to: where it was taken from.
        let taken_from = message
            .forward
            .as_ref()
            .and_then(|forward| forward.saved_from);
        let saved =
            to_self.then(|| self.peer(taken_from.map_or(PeerId::User(viewer), |(peer, _)| peer)));
        let forward = message
            .forward
            .as_ref()
            .map(|forward| self.forward(forward));
        let reply = self.reply_header(message);
        let media = content.media.as_ref().map(|media| self.media(media));
        let post = self.is_post(message);
        let views = i32::try_from(message.viewed_by.len()).unwrap_or(i32::MAX);
        let entities = Some(content.entities.clone()).filter(|entities| !entities.is_empty());
        let reactions = self.reactions(message);
        self.note_entities(&content.entities);
        if let Some(bot) = message.via_bot {
            self.note(PeerId::User(bot));
        }
        head.with_flag("from_scheduled", message.from_scheduled)
            .with_flag("pinned", message.pinned)
            .with_flag("noforwards", message.noforwards)
            .with_flag("invert_media", message.invert_media)
            .with_opt("saved_peer_id", saved)
            .with_opt("fwd_from", forward)
            .with_opt("via_bot_id", message.via_bot.map(|bot| bot.0))
            .with_opt("reply_to", reply)
            .with("date", message.date)
            .with("message", content.text.as_str())
            .with_opt("media", media)
            .with_opt("reply_markup", content.markup.clone())
            .with_opt("entities", entities)
            .with_opt("views", post.then_some(views))
            .with_opt("forwards", post.then_some(message.forwards))
            .with_opt("edit_date", message.edit_date)
            .with_opt("post_author", message.post_author.clone())
            .with_opt("grouped_id", message.grouped_id)
            .with_opt("reactions", reactions)
            .with_opt("ttl_period", message.ttl_period)
    }

    fn is_post(&self, message: &Message) -> bool {
        match message.place {
            Place::Channel(id) => self
                .state
                .channels
                .get(&id)
                .is_some_and(|channel| channel.broadcast),
            _ => false,
        }
    }

    fn reply_header(&self, message: &Message) -> Option<Object> {
        let reply: &Reply = message.reply.as_ref()?;
        let to = self.state.messages.get(&reply.to);
        // A reply to a message that the viewer never had, or that was deleted, stays a reply to nothing.
        let id = to.and_then(|to| to.id_for(self.viewer));
        let header = Object::new("messageReplyHeader");
        let header = match &reply.quote {
            None => header.with_opt("reply_to_msg_id", id),
            Some((text, entities, offset)) => header
                .with("quote", true)
                .with_opt("reply_to_msg_id", id)
                .with("quote_text", text.as_str())
                .with_opt(
                    "quote_entities",
                    Some(entities.clone()).filter(|entities| !entities.is_empty()),
                )
                .with_opt("quote_offset", *offset),
        };
        Some(header)
    }

    fn forward(&mut self, forward: &Forward) -> Object {
        let from = forward.from.map(|from| self.peer(from));
        let saved_peer = forward.saved_from.map(|(peer, _)| self.peer(peer));
        Object::new("messageFwdHeader")
            .with_opt("from_id", from)
            .with_opt("from_name", forward.from_name.clone())
            .with("date", forward.date)
            .with_opt("channel_post", forward.channel_post)
            .with_opt("post_author", forward.post_author.clone())
            .with_opt("saved_from_peer", saved_peer)
            .with_opt("saved_from_msg_id", forward.saved_from.map(|(_, id)| id))
    }

    /// Notes the users whom the text names by id.
    fn note_entities(&mut self, entities: &[Value]) {
        for entity in entities.iter().filter_map(Value::as_object) {
            if entity.name() == "messageEntityMentionName"
                && let Some(id) = entity.long("user_id")
            {
                self.note(PeerId::User(crate::model::ids::UserId(id)));
            }
        }
    }

    /// The pinned message of a dialog with the highest id.
    pub(crate) fn pinned_message(&self, peer: PeerId) -> Option<i32> {
        let is_pinned = |key: &MessageKey| {
            self.state
                .messages
                .get(key)
                .is_some_and(|message| message.pinned)
        };
        match peer {
            PeerId::Channel(id) => {
                let messages = &self.state.channels.get(&id)?.messages;
                let mut newest = messages.iter().rev();
                newest.find(|(_, key)| is_pinned(key)).map(|(id, _)| *id)
            }
            _ => {
                let mailbox = self.state.mailboxes.get(&self.viewer)?;
                let mut newest = mailbox.dialogs.get(&peer)?.ids.iter().rev();
                newest
                    .find(|id| {
                        mailbox
                            .copies
                            .get(id)
                            .is_some_and(|copy| is_pinned(&copy.message))
                    })
                    .copied()
            }
        }
    }
}
