//! What a message can carry besides text.

use super::ids::{DocumentId, PhotoId, UserId};

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GeoPoint {
    pub(crate) lat: f64,
    pub(crate) long: f64,
}

/// An answer of a poll and who chose it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PollAnswer {
    pub(crate) text: String,
    /// Names the answer in votes; chosen by the sender.
    pub(crate) option: Vec<u8>,
    pub(crate) voters: Vec<UserId>,
    pub(crate) correct: bool,
}

/// A poll or quiz.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Poll {
    pub(crate) id: i64,
    pub(crate) question: String,
    pub(crate) answers: Vec<PollAnswer>,
    pub(crate) closed: bool,
    pub(crate) public_voters: bool,
    pub(crate) multiple_choice: bool,
    pub(crate) quiz: bool,
}

/// Media of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Media {
    Photo {
        photo: PhotoId,
        spoiler: bool,
        ttl_seconds: Option<i32>,
    },
    Document {
        document: DocumentId,
        spoiler: bool,
        ttl_seconds: Option<i32>,
    },
    Geo(GeoPoint),
    Venue {
        geo: GeoPoint,
        title: String,
        address: String,
        provider: String,
        venue_id: String,
        venue_type: String,
    },
    Contact {
        phone_number: String,
        first_name: String,
        last_name: String,
        vcard: String,
        user: Option<UserId>,
    },
    Dice {
        emoticon: String,
        value: i32,
    },
    Poll(Poll),
}
