//! `MessageMedia`.

use tl_parser::{Object, Value};

use super::View;
use crate::model::ids::{PeerId, UserId};
use crate::model::media::{GeoPoint, Media, Poll};

impl View<'_> {
    /// The media of a message.
    pub(crate) fn media(&mut self, media: &Media) -> Object {
        match media {
            Media::Photo {
                photo,
                spoiler,
                ttl_seconds,
            } => Object::new("messageMediaPhoto")
                .with_flag("spoiler", *spoiler)
                .with("photo", self.photo(*photo))
                .with_opt("ttl_seconds", *ttl_seconds),
            Media::Document {
                document,
                spoiler,
                ttl_seconds,
            } => {
                let kind = self.document_kind(*document);
                Object::new("messageMediaDocument")
                    .with_flag("spoiler", *spoiler)
                    .with_flag("video", kind.video)
                    .with_flag("round", kind.round)
                    .with_flag("voice", kind.voice)
                    .with("document", self.document(*document))
                    .with_opt("ttl_seconds", *ttl_seconds)
            }
            Media::Geo(geo) => Object::new("messageMediaGeo").with("geo", geo_point(*geo)),
            Media::Venue {
                geo,
                title,
                address,
                provider,
                venue_id,
                venue_type,
            } => Object::new("messageMediaVenue")
                .with("geo", geo_point(*geo))
                .with("title", title.as_str())
                .with("address", address.as_str())
                .with("provider", provider.as_str())
                .with("venue_id", venue_id.as_str())
                .with("venue_type", venue_type.as_str()),
            Media::Contact {
                phone_number,
                first_name,
                last_name,
                vcard,
                user,
            } => {
                let user_id = user.map_or(0, |user| self.user_id(user));
                Object::new("messageMediaContact")
                    .with("phone_number", phone_number.as_str())
                    .with("first_name", first_name.as_str())
                    .with("last_name", last_name.as_str())
                    .with("vcard", vcard.as_str())
                    .with("user_id", user_id)
            }
            Media::Dice { emoticon, value } => Object::new("messageMediaDice")
                .with("value", *value)
                .with("emoticon", emoticon.as_str()),
            Media::Poll(poll) => Object::new("messageMediaPoll")
                .with("poll", self.poll(poll))
                .with("results", self.poll_results(poll)),
        }
    }

    /// What the attributes of a document make it.
    fn document_kind(&self, id: crate::model::ids::DocumentId) -> DocumentKind {
        let mut kind = DocumentKind::default();
        let attributes = self
            .state
            .documents
            .get(&id)
            .map(|document| document.attributes.as_slice())
            .unwrap_or_default();
        for attribute in attributes.iter().filter_map(Value::as_object) {
            match attribute.name() {
                "documentAttributeVideo" => {
                    kind.video = true;
                    kind.round = attribute.flag("round_message");
                }
                "documentAttributeAudio" => kind.voice = attribute.flag("voice"),
                _ => {}
            }
        }
        kind
    }

    /// `poll`.
    pub(crate) fn poll(&self, poll: &Poll) -> Object {
        let answers: Vec<Value> = poll
            .answers
            .iter()
            .map(|answer| {
                Object::new("pollAnswer")
                    .with("text", text_with_entities(&answer.text))
                    .with("option", answer.option.clone())
                    .into()
            })
            .collect();
        Object::new("poll")
            .with("id", poll.id)
            .with_flag("closed", poll.closed)
            .with_flag("public_voters", poll.public_voters)
            .with_flag("multiple_choice", poll.multiple_choice)
            .with_flag("quiz", poll.quiz)
            .with("question", text_with_entities(&poll.question))
            .with("answers", answers)
            .with("hash", 0_i64)
    }

    /// `pollResults`: numbers of votes are shown to those who voted, and when the poll is closed.
    pub(crate) fn poll_results(&mut self, poll: &Poll) -> Object {
        let viewer = self.viewer;
        let voted = poll
            .answers
            .iter()
            .any(|answer| answer.voters.contains(&viewer));
        let voters: std::collections::BTreeSet<UserId> = poll
            .answers
            .iter()
            .flat_map(|answer| answer.voters.iter().copied())
            .collect();
        let results: Vec<Value> = poll
            .answers
            .iter()
            .map(|answer| {
                Object::new("pollAnswerVoters")
                    .with_flag("chosen", answer.voters.contains(&viewer))
                    .with_flag("correct", poll.quiz && answer.correct)
                    .with("option", answer.option.clone())
                    .with("voters", count(answer.voters.len()))
                    .with("recent_voters", Vec::<Value>::new())
                    .into()
            })
            .collect();
        let recent: Option<Vec<Value>> = poll.public_voters.then(|| {
            voters
                .iter()
                .take(3)
                .map(|voter| self.peer(PeerId::User(*voter)).into())
                .collect()
        });
        Object::new("pollResults")
            .with_opt("results", (voted || poll.closed).then_some(results))
            .with("total_voters", count(voters.len()))
            .with_opt("recent_voters", recent)
    }
}

#[derive(Default)]
struct DocumentKind {
    video: bool,
    round: bool,
    voice: bool,
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// `textWithEntities` of plain text.
pub(crate) fn text_with_entities(text: &str) -> Object {
    Object::new("textWithEntities")
        .with("text", text)
        .with("entities", Vec::<Value>::new())
}

fn geo_point(geo: GeoPoint) -> Object {
    Object::new("geoPoint")
        .with("long", geo.long)
        .with("lat", geo.lat)
        .with("access_hash", 0_i64)
}
