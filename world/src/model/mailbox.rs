//! What one account has of its chats: its copies of messages, and its dialogs.
//!
//! Message ids of private chats and basic groups are numbered per account; those of channels belong to the channel.

use std::collections::{BTreeMap, BTreeSet};

use tl_parser::Object;

use super::ids::{MessageKey, PeerId};
use super::update_log::UpdateLog;

/// One account's copy of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy {
    pub(crate) message: MessageKey,
    /// The dialog it stands in.
    pub(crate) peer: PeerId,
    /// Sent by the owner of the box.
    pub(crate) out: bool,
    /// Names the owner, or answers him.
    pub(crate) mentioned: bool,
    /// Voice or round video that was not opened.
    pub(crate) media_unread: bool,
}

/// One chat in the list of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialog {
    /// Ids of the copies in this dialog; empty for channels, which have their own list.
    pub(crate) ids: BTreeSet<i32>,
    pub(crate) read_inbox_max_id: i32,
    pub(crate) read_outbox_max_id: i32,
    /// Marked unread by hand.
    pub(crate) unread_mark: bool,
    /// Place among the pinned ones, from 1; 0 where it is not pinned.
    pub(crate) pinned: u32,
    /// 0 the main list, 1 the archive.
    pub(crate) folder_id: i32,
    /// `draftMessage`, where there is one.
    pub(crate) draft: Option<Object>,
    /// Taken from the list by its owner, until the next message.
    pub(crate) hidden: bool,
    /// Date shown for a dialog without messages, such as a channel just joined.
    pub(crate) since: i32,
}

/// Everything that one account has.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    last_id: i32,
    pub(crate) copies: BTreeMap<i32, Copy>,
    pub(crate) dialogs: BTreeMap<PeerId, Dialog>,
    pub(crate) log: UpdateLog,
    /// `random_id` of the latest sends, each with its message, so that a repeated send is recognised.
    recent_sends: Vec<i64>,
}

/// How many `random_id` are remembered.
const RECENT_SENDS: usize = 256;

impl Mailbox {
    pub(crate) fn new(logged_updates: usize) -> Self {
        Self {
            last_id: 0,
            copies: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            log: UpdateLog::new(logged_updates),
            recent_sends: Vec::new(),
        }
    }

    /// The dialog with `peer`, made when it is missing.
    pub(crate) fn dialog_mut(&mut self, peer: PeerId) -> &mut Dialog {
        self.dialogs.entry(peer).or_default()
    }

    /// Adds a copy and gives it the next id.
    pub(crate) fn add(&mut self, copy: Copy) -> i32 {
        self.last_id = self.last_id.saturating_add(1);
        let id = self.last_id;
        let dialog = self.dialog_mut(copy.peer);
        dialog.ids.insert(id);
        dialog.hidden = false;
        self.copies.insert(id, copy);
        id
    }

    /// Takes a copy out. The dialog stays.
    pub(crate) fn remove(&mut self, id: i32) -> Option<Copy> {
        let copy = self.copies.remove(&id)?;
        if let Some(dialog) = self.dialogs.get_mut(&copy.peer) {
            dialog.ids.remove(&id);
        }
        Some(copy)
    }

    /// Incoming copies above the read mark of a dialog.
    pub(crate) fn unread(&self, peer: PeerId) -> impl Iterator<Item = (i32, &Copy)> {
        self.dialogs.get(&peer).into_iter().flat_map(|dialog| {
            dialog
                .ids
                .range(dialog.read_inbox_max_id.saturating_add(1)..)
                .filter_map(|id| Some((*id, self.copies.get(id)?)))
                .filter(|(_, copy)| !copy.out)
        })
    }

    /// How many unread messages a dialog has.
    pub(crate) fn unread_count(&self, peer: PeerId) -> i32 {
        i32::try_from(self.unread(peer).count()).unwrap_or(i32::MAX)
    }

    /// Whether `random_id` was used before; remembers it otherwise.
    pub(crate) fn is_repeated_send(&mut self, random_id: i64) -> bool {
        if self.recent_sends.contains(&random_id) {
            return true;
        }
        if self.recent_sends.len() == RECENT_SENDS {
            self.recent_sends.remove(0);
        }
        self.recent_sends.push(random_id);
        false
    }

    /// Pinned dialogs of a folder, in their order.
    pub(crate) fn pinned(&self, folder_id: i32) -> Vec<PeerId> {
        let mut pinned: Vec<_> = self
            .dialogs
            .iter()
            .filter(|(_, dialog)| dialog.pinned > 0 && dialog.folder_id == folder_id)
            .map(|(peer, dialog)| (dialog.pinned, *peer))
            .collect();
        pinned.sort_unstable();
        pinned.into_iter().map(|(_, peer)| peer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Copy, Mailbox};
    use crate::model::ids::{MessageKey, PeerId, UserId};

    fn copy(out: bool) -> Copy {
        Copy {
            message: MessageKey(1),
            peer: PeerId::User(UserId(5)),
            out,
            mentioned: false,
            media_unread: false,
        }
    }

    #[test]
    fn ids_count_over_all_dialogs_of_a_box() {
        let mut mailbox = Mailbox::new(10);
        assert_eq!(mailbox.add(copy(true)), 1);
        assert_eq!(mailbox.add(copy(false)), 2);
        mailbox.remove(2);
        assert_eq!(mailbox.add(copy(false)), 3, "an id is never used twice");
    }

    #[test]
    fn only_incoming_messages_above_the_mark_are_unread() {
        let mut mailbox = Mailbox::new(10);
        let peer = PeerId::User(UserId(5));
        for out in [false, true, false, false] {
            mailbox.add(copy(out));
        }
        assert_eq!(mailbox.unread_count(peer), 3);
        mailbox.dialog_mut(peer).read_inbox_max_id = 3;
        assert_eq!(mailbox.unread_count(peer), 1);
    }

    #[test]
    fn a_random_id_is_recognised_again() {
        let mut mailbox = Mailbox::new(10);
        assert!(!mailbox.is_repeated_send(7));
        assert!(mailbox.is_repeated_send(7));
        for other in 100..400 {
            mailbox.is_repeated_send(other);
        }
        assert!(!mailbox.is_repeated_send(7), "but not for ever");
    }
}
