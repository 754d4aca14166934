//! What bots offer in answer to inline queries, until somebody chooses one.
//!
//! <https://core.telegram.org/api/bots/inline>

use std::collections::BTreeMap;

use tl_parser::{Object, Value};

use crate::model::ids::{DocumentId, PhotoId, UserId};
use crate::model::message::Content;

/// One result that a bot offers.
#[derive(Clone, Debug)]
pub(crate) struct InlineResult {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) url: Option<String>,
    /// `WebDocument` objects; nothing of them is ever loaded.
    pub(crate) thumb: Option<Object>,
    pub(crate) web_content: Option<Object>,
    pub(crate) photo: Option<PhotoId>,
    pub(crate) document: Option<DocumentId>,
    /// What is sent when it is chosen.
    pub(crate) content: Content,
    /// The media of the message are those of the result.
    pub(crate) auto: bool,
    pub(crate) no_webpage: bool,
}

/// The answer of a bot to one query of one account.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) bot: UserId,
    pub(crate) user: UserId,
    pub(crate) query: String,
    pub(crate) results: Vec<InlineResult>,
    /// Unix seconds.
    pub(crate) until: i64,
}

/// Seconds that results can be chosen.
pub(crate) const OFFER_LIFETIME: i64 = 3600;
/// Answers that wait at once; the oldest give way.
const OFFERS_MAX: usize = 2000;

/// Answers by `query_id`.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    open: BTreeMap<i64, Offer>,
}

impl Offers {
    pub(crate) fn insert(&mut self, query_id: i64, offer: Offer, now: i64) {
        self.open.retain(|_, offer| offer.until > now);
        if self.open.len() >= OFFERS_MAX {
            let oldest = self.open.iter().min_by_key(|(_, offer)| offer.until);
            if let Some(id) = oldest.map(|(id, _)| *id) {
                self.open.remove(&id);
            }
        }
        self.open.insert(query_id, offer);
    }

    /// The answer that `user` got to his query.
    pub(crate) fn get(&self, query_id: i64, user: UserId, now: i64) -> Option<&Offer> {
        let offer = self.open.get(&query_id)?;
        (offer.user == user && offer.until > now).then_some(offer)
    }
}

/// `webDocumentNoProxy` as a bot described a file of the web.
pub(crate) fn web_document(input: &Object) -> Object {
    let attributes = input.vector("attributes").unwrap_or_default();
    let attributes: Vec<Value> = attributes.iter().take(20).cloned().collect();
    Object::new("webDocumentNoProxy")
        .with("url", input.str("url").unwrap_or_default())
        .with("size", input.int("size").unwrap_or_default())
        .with("mime_type", input.str("mime_type").unwrap_or_default())
        .with("attributes", attributes)
}
