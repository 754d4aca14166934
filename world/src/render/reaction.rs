//! Reactions under a message.

use std::collections::BTreeMap;

use tl_parser::{Object, Value};

use super::View;
use crate::model::ids::PeerId;
use crate::model::message::{Message, Reacted, Reaction};

/// How many of the latest reactions are listed with their senders.
const RECENT: usize = 3;

impl View<'_> {
    /// `messageReactions`; nothing where nobody reacted.
    pub(crate) fn reactions(&mut self, message: &Message) -> Option<Object> {
        if message.reactions.is_empty() {
            return None;
        }
        let mut counts: BTreeMap<&Reaction, (i32, bool)> = BTreeMap::new();
        for reacted in &message.reactions {
            let entry = counts.entry(&reacted.reaction).or_default();
            entry.0 = entry.0.saturating_add(1);
            entry.1 |= reacted.by == self.viewer;
        }
        let results: Vec<Value> = counts
            .into_iter()
            .map(|(reaction, (count, mine))| {
                Object::new("reactionCount")
                    .with_opt("chosen_order", mine.then_some(0))
                    .with("reaction", reaction_object(reaction))
                    .with("count", count)
                    .into()
            })
            .collect();
        let recent: Vec<Value> = message
            .reactions
            .iter()
            .rev()
            .take(RECENT)
            .map(|reacted| self.peer_reaction(reacted).into())
            .collect();
        Some(
            Object::new("messageReactions")
                .with("can_see_list", true)
                .with("results", results)
                .with("recent_reactions", recent),
        )
    }

    /// `messagePeerReaction`.
    pub(crate) fn peer_reaction(&mut self, reacted: &Reacted) -> Object {
        Object::new("messagePeerReaction")
            .with_flag("big", reacted.big)
            .with_flag("my", reacted.by == self.viewer)
            .with("peer_id", self.peer(PeerId::User(reacted.by)))
            .with("date", reacted.date)
            .with("reaction", reaction_object(&reacted.reaction))
    }
}

/// `reactionEmoji`.
pub(crate) fn reaction_object(reaction: &Reaction) -> Object {
    Object::new("reactionEmoji").with("emoticon", reaction.0.as_str())
}
