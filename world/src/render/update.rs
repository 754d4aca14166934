//! `Update` objects.

use tl_parser::{Object, Value};

use super::View;
use crate::call::{Audience, Happened};
use crate::model::ids::{ChannelId, PeerId};
use crate::model::update_log::{Change, Logged};

impl View<'_> {
    /// The update that tells of a change.
    pub(crate) fn change(&mut self, happened: &Happened) -> Object {
        match happened.to {
            Audience::Mailbox(_) => self.mailbox_change(&happened.logged),
            Audience::Channel(id) => self.channel_change(id, &happened.logged),
        }
    }

    /// A change of the viewer's own box.
    pub(crate) fn mailbox_change(&mut self, logged: &Logged) -> Object {
        let update = match &logged.change {
            Change::NewMessage(id) => {
                Object::new("updateNewMessage").with("message", self.boxed(*id))
            }
            Change::EditMessage(id) => {
                Object::new("updateEditMessage").with("message", self.boxed(*id))
            }
            Change::DeleteMessages(ids) => {
                Object::new("updateDeleteMessages").with("messages", ints(ids))
            }
            Change::ReadInbox {
                peer,
                max_id,
                still_unread,
            } => Object::new("updateReadHistoryInbox")
                .with("peer", self.peer(*peer))
                .with("max_id", *max_id)
                .with("still_unread_count", *still_unread),
            Change::ReadOutbox { peer, max_id } => Object::new("updateReadHistoryOutbox")
                .with("peer", self.peer(*peer))
                .with("max_id", *max_id),
            Change::ReadContents(ids) => {
                Object::new("updateReadMessagesContents").with("messages", ints(ids))
            }
            Change::Pinned { peer, ids, pinned } => Object::new("updatePinnedMessages")
                .with_flag("pinned", *pinned)
                .with("peer", self.peer(*peer))
                .with("messages", ints(ids)),
        };
        with_pts(update, logged)
    }

    /// A change of a channel.
    pub(crate) fn channel_change(&mut self, id: ChannelId, logged: &Logged) -> Object {
        self.note(PeerId::Channel(id));
        let update = match &logged.change {
            Change::NewMessage(message) => Object::new("updateNewChannelMessage")
                .with("message", self.channel_message(id, *message)),
            Change::EditMessage(message) => Object::new("updateEditChannelMessage")
                .with("message", self.channel_message(id, *message)),
            Change::DeleteMessages(ids) => Object::new("updateDeleteChannelMessages")
                .with("channel_id", id.0)
                .with("messages", ints(ids)),
            Change::Pinned { ids, pinned, .. } => Object::new("updatePinnedChannelMessages")
                .with_flag("pinned", *pinned)
                .with("channel_id", id.0)
                .with("messages", ints(ids)),
            // Read marks and opened media of channels stand outside the sequence and are never logged.
            Change::ReadInbox { .. } | Change::ReadOutbox { .. } | Change::ReadContents(_) => {
                return Object::new("updateChannel").with("channel_id", id.0);
            }
        };
        with_pts(update, logged)
    }

    /// The viewer's copy of a message; `messageEmpty` where it is gone.
    fn boxed(&mut self, id: i32) -> Object {
        match self.state.boxed(self.viewer, id).map(|message| message.key) {
            Some(key) => self.message(key, id),
            None => Object::new("messageEmpty").with("id", id),
        }
    }

    fn channel_message(&mut self, channel: ChannelId, id: i32) -> Object {
        let key = self
            .state
            .channels
            .get(&channel)
            .and_then(|channel| channel.messages.get(&id))
            .copied();
        match key {
            Some(key) => self.message(key, id),
            None => Object::new("messageEmpty").with("id", id),
        }
    }

    /// `updates.state` of the viewer, as `qts` and `seq` of his key stand.
    pub(crate) fn update_state(&self, pts: i32, qts: i32, seq: i32) -> Object {
        let mailbox = self.state.mailboxes.get(&self.viewer);
        let unread = mailbox.map_or(0, |mailbox| {
            mailbox
                .dialogs
                .keys()
                .filter(|peer| self.state.unread_count(self.viewer, **peer) > 0)
                .count()
        });
        Object::new("updates.state")
            .with("pts", pts)
            .with("qts", qts)
            .with("date", self.now)
            .with("seq", seq)
            .with("unread_count", i32::try_from(unread).unwrap_or(i32::MAX))
    }
}

fn ints(ids: &[i32]) -> Vec<Value> {
    ids.iter().map(|id| (*id).into()).collect()
}

fn with_pts(update: Object, logged: &Logged) -> Object {
    update
        .with("pts", logged.pts)
        .with("pts_count", logged.pts_count)
}
