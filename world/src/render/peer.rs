//! `Peer` objects.

use tl_parser::Object;

use super::View;
use crate::model::ids::{PeerId, UserId};

/// `peerUser`, `peerChat` or `peerChannel`.
pub(crate) fn peer(peer: PeerId) -> Object {
    match peer {
        PeerId::User(id) => Object::new("peerUser").with("user_id", id.0),
        PeerId::Chat(id) => Object::new("peerChat").with("chat_id", id.0),
        PeerId::Channel(id) => Object::new("peerChannel").with("channel_id", id.0),
    }
}

impl View<'_> {
    /// A `Peer`, noted for the container.
    pub(crate) fn peer(&mut self, id: PeerId) -> Object {
        self.note(id);
        peer(id)
    }

    /// A user's id as a bare number, noted for the container.
    pub(crate) fn user_id(&mut self, id: UserId) -> i64 {
        self.note(PeerId::User(id));
        id.0
    }
}
