//! `Dialog` and the containers of lists of messages.

use tl_parser::{Object, Value};

use super::View;
use crate::model::ids::{MessageKey, PeerId};
use crate::model::mailbox::Dialog;
use crate::model::user::NotifyScope;

impl View<'_> {
    /// A dialog of the viewer.
    pub(crate) fn dialog(&mut self, id: PeerId, dialog: &Dialog) -> Object {
        let (top, _) = self.state.top_message(self.viewer, id);
        let pts = match id {
            PeerId::Channel(channel) => self
                .state
                .channels
                .get(&channel)
                .map(|channel| channel.log.pts()),
            _ => None,
        };
        let mentions = self.state.mailboxes.get(&self.viewer).map_or(0, |mailbox| {
            mailbox
                .unread(id)
                .filter(|(_, copy)| copy.mentioned)
                .count()
        });
        Object::new("dialog")
            .with_flag("pinned", dialog.pinned > 0)
            .with_flag("unread_mark", dialog.unread_mark)
            .with("peer", self.peer(id))
            .with("top_message", top)
            .with("read_inbox_max_id", dialog.read_inbox_max_id)
            .with("read_outbox_max_id", dialog.read_outbox_max_id)
            .with("unread_count", self.state.unread_count(self.viewer, id))
            .with(
                "unread_mentions_count",
                i32::try_from(mentions).unwrap_or(i32::MAX),
            )
            .with("unread_reactions_count", 0)
            .with("unread_poll_votes_count", 0)
            .with(
                "notify_settings",
                self.notify_settings(NotifyScope::Peer(id)),
            )
            .with_opt("pts", pts)
            .with_opt("draft", dialog.draft.clone())
            .with_opt("folder_id", Some(dialog.folder_id).filter(|id| *id != 0))
    }

    /// The newest message of a dialog, as a list of one or none.
    pub(crate) fn top_message(&mut self, id: PeerId) -> Option<Object> {
        let (top, _) = self.state.top_message(self.viewer, id);
        let key = self.state.message_in(self.viewer, id, top)?.key;
        Some(self.message(key, top))
    }

    /// `messages.messages`, or `messages.messagesSlice` where `total` says that there are more.
    ///
    /// In a channel it is `messages.channelMessages`, with the `pts` of the channel.
    pub(crate) fn messages(
        &mut self,
        peer: Option<PeerId>,
        messages: &[(i32, MessageKey)],
        total: usize,
    ) -> Object {
        let rendered: Vec<Value> = messages
            .iter()
            .map(|(id, key)| self.message(*key, *id).into())
            .collect();
        let total_count = i32::try_from(total).unwrap_or(i32::MAX);
        let object = match peer {
            Some(PeerId::Channel(id)) => {
                let pts = self
                    .state
                    .channels
                    .get(&id)
                    .map_or(1, |channel| channel.log.pts());
                self.note(PeerId::Channel(id));
                Object::new("messages.channelMessages")
                    .with("pts", pts)
                    .with("count", total_count)
            }
            _ if rendered.len() < total => {
                Object::new("messages.messagesSlice").with("count", total_count)
            }
            _ => Object::new("messages.messages"),
        };
        let object = object
            .with("messages", rendered)
            .with("topics", Vec::<Value>::new());
        self.with_peers(object)
    }
}
