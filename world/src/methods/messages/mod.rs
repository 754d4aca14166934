//! `messages.*`: dialogs and what stands in them.

pub(super) mod dialogs;
pub(super) mod drafts;
pub(super) mod edit;
pub(super) mod history;
pub(super) mod input;
pub(super) mod markup;
pub(super) mod reactions;
pub(super) mod read;
pub(super) mod schedule;
pub(super) mod send;
pub(super) mod timer;
