//! `BotInlineResult`.

use tl_parser::Object;

use super::View;
use crate::inline::InlineResult;
use crate::model::ids::{MessageKey, PeerId};
use crate::model::media::Media;
use crate::random::Purpose;

impl View<'_> {
    /// One result, as the account that asked sees it.
    pub(crate) fn inline_result(&mut self, result: &InlineResult) -> Object {
        let send = self.inline_message(result);
        if result.photo.is_none() && result.document.is_none() {
            return Object::new("botInlineResult")
                .with("id", result.id.as_str())
                .with("type", result.kind.as_str())
                .with_opt("title", result.title.clone())
                .with_opt("description", result.description.clone())
                .with_opt("url", result.url.clone())
                .with_opt("thumb", result.thumb.clone())
                .with_opt("content", result.web_content.clone())
                .with("send_message", send);
        }
        let photo = result.photo.map(|photo| self.photo(photo));
        let document = result.document.map(|document| self.document(document));
        Object::new("botInlineMediaResult")
            .with("id", result.id.as_str())
            .with("type", result.kind.as_str())
            .with_opt("photo", photo)
            .with_opt("document", document)
            .with_opt("title", result.title.clone())
            .with_opt("description", result.description.clone())
            .with("send_message", send)
    }

    fn inline_message(&mut self, result: &InlineResult) -> Object {
        let content = &result.content;
        let markup = content.markup.clone();
        let texts = |object: Object| {
            let entities = Some(content.entities.clone()).filter(|e| !e.is_empty());
            object
                .with("message", content.text.as_str())
                .with_opt("entities", entities)
                .with_opt("reply_markup", markup.clone())
        };
        if result.auto {
            return texts(Object::new("botInlineMessageMediaAuto"));
        }
        let geo = |media: Object| media.object("geo").cloned();
        match &content.media {
            Some(media @ Media::Geo(_)) => Object::new("botInlineMessageMediaGeo")
                .with_opt("geo", geo(self.media(media)))
                .with_opt("reply_markup", markup),
            Some(
                media @ Media::Venue {
                    title,
                    address,
                    provider,
                    venue_id,
                    venue_type,
                    ..
                },
            ) => Object::new("botInlineMessageMediaVenue")
                .with_opt("geo", geo(self.media(media)))
                .with("title", title.as_str())
                .with("address", address.as_str())
                .with("provider", provider.as_str())
                .with("venue_id", venue_id.as_str())
                .with("venue_type", venue_type.as_str())
                .with_opt("reply_markup", markup),
            Some(Media::Contact {
                phone_number,
                first_name,
                last_name,
                vcard,
                ..
            }) => Object::new("botInlineMessageMediaContact")
                .with("phone_number", phone_number.as_str())
                .with("first_name", first_name.as_str())
                .with("last_name", last_name.as_str())
                .with("vcard", vcard.as_str())
                .with_opt("reply_markup", markup),
            _ => texts(
                Object::new("botInlineMessageText").with_flag("no_webpage", result.no_webpage),
            ),
        }
    }

    /// `inputBotInlineMessageID` by which a bot names a message that was sent via it.
    pub(crate) fn inline_message_id(&self, key: MessageKey, dc: i32) -> Object {
        let id = i64::try_from(key.0).unwrap_or(i64::MAX);
        Object::new("inputBotInlineMessageID")
            .with("dc_id", dc)
            .with("id", id)
            .with("access_hash", self.inline_message_hash(id))
    }

    /// The access hash of such a message for the viewer.
    pub(crate) fn inline_message_hash(&self, id: i64) -> i64 {
        let random = &self.state.random;
        random.derive(Purpose::InlineMessageHash, self.viewer.0, id)
    }

    /// What kind of chat an inline query was written in, as the bot is told.
    pub(crate) fn inline_peer_type(&self, peer: PeerId, bot: PeerId) -> Object {
        Object::new(match peer {
            _ if peer == bot => "inlineQueryPeerTypeSameBotPM",
            PeerId::User(id) => match self.state.users.get(&id) {
                Some(user) if user.is_bot() => "inlineQueryPeerTypeBotPM",
                _ => "inlineQueryPeerTypePM",
            },
            PeerId::Chat(_) => "inlineQueryPeerTypeChat",
            PeerId::Channel(id) => match self.state.channels.get(&id) {
                Some(channel) if channel.broadcast => "inlineQueryPeerTypeBroadcast",
                _ => "inlineQueryPeerTypeMegagroup",
            },
        })
    }
}
