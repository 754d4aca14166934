//! One call in progress: who calls, when, and what has followed so far.

use tl_parser::{Object, Value};

use crate::caller::Caller;
use crate::error::{AUTH_KEY_UNREGISTERED, RpcError};
use crate::model::ids::{ChannelId, PeerId, UserId};
use crate::model::update_log::Logged;
use crate::outcome::{Effect, Push, SessionRef};
use crate::render::View;
use crate::state::State;
use crate::time::UnixTime;

/// A change and the box or channel that it happened in.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) to: Audience,
    pub(crate) logged: Logged,
}

/// Whose sequence a change belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Mailbox(UserId),
    Channel(ChannelId),
}

/// A call in progress.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: UnixTime,
    pub(crate) caller: &'a Caller,
    pub(crate) pushes: Vec<Push>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) me: Option<UserId>,
}

impl Call<'_> {
    /// The account that calls.
    pub(crate) fn me(&self) -> Result<UserId, RpcError> {
        Ok(self.me.ok_or(AUTH_KEY_UNREGISTERED)?)
    }

    /// The moment as a `date` field.
    pub(crate) fn date(&self) -> i32 {
        self.now.date()
    }

    /// What `viewer` sees at this moment.
    pub(crate) fn view(&self, viewer: UserId) -> View<'_> {
        View::new(self.state, viewer, self.date())
    }

    /// The session that made the call.
    fn session(&self) -> SessionRef {
        SessionRef {
            auth_key_id: self.caller.auth_key_id,
            session_id: self.caller.session_id,
        }
    }

    /// Sends an `Updates` object to all sessions of `user` but the calling one.
    pub(crate) fn push(&mut self, user: UserId, updates: Object) {
        let to = self.state.keys_of(user);
        if !to.is_empty() {
            self.push_to(to, updates);
        }
    }

    /// Sends an `Updates` object to all sessions of some keys but the calling one.
    pub(crate) fn push_to(&mut self, to: Vec<i64>, updates: Object) {
        let except = to
            .contains(&self.caller.auth_key_id)
            .then(|| self.session());
        self.pushes.push(Push {
            to,
            except,
            update: updates.into(),
        });
    }

    /// Sends updates that stand outside `pts` to `user`, with the peers that the view mentioned.
    pub(crate) fn notify(&mut self, user: UserId, make: impl Fn(&mut View<'_>) -> Vec<Object>) {
        let mut view = self.view(user);
        let updates = make(&mut view);
        if !updates.is_empty() {
            let container = view.updates(updates);
            self.push(user, container);
        }
    }

    /// Tells everybody what happened, and gives the `Updates` object for the calling session.
    ///
    /// `first` are updates for the calling session alone; they come before the others.
    pub(crate) fn settle(
        &mut self,
        happened: &[Happened],
        first: Vec<Object>,
    ) -> Result<Value, RpcError> {
        self.settle_with(happened, |_| first)
    }

    /// [`Self::settle`] for first updates that mention peers, which the container then lists too.
    pub(crate) fn settle_with(
        &mut self,
        happened: &[Happened],
        first: impl FnOnce(&mut View<'_>) -> Vec<Object>,
    ) -> Result<Value, RpcError> {
        let me = self.me()?;
        self.announce(happened);
        let mine = self.mine(me, happened);
        let mut view = self.view(me);
        let mut updates = first(&mut view);
        updates.extend(mine.iter().map(|happened| view.change(happened)));
        Ok(view.updates(updates).into())
    }

    /// Tells everybody but the calling session what happened.
    pub(crate) fn announce(&mut self, happened: &[Happened]) {
        let mut readers: Vec<UserId> = Vec::new();
        for change in happened {
            match change.to {
                Audience::Mailbox(user) => readers.push(user),
                Audience::Channel(id) => {
                    if let Some(channel) = self.state.channels.get(&id) {
                        readers.extend(channel.members.keys());
                    }
                }
            }
        }
        readers.sort_unstable();
        readers.dedup();
        for reader in readers {
            if self.state.keys_of(reader).is_empty() {
                continue;
            }
            let mine = self.mine(reader, happened);
            let mut view = self.view(reader);
            let updates: Vec<_> = mine.iter().map(|happened| view.change(happened)).collect();
            if !updates.is_empty() {
                let container = view.updates(updates);
                self.push(reader, container);
            }
        }
    }

    /// Those of the changes that `reader` gets to know.
    fn mine(&self, reader: UserId, happened: &[Happened]) -> Vec<Happened> {
        happened
            .iter()
            .filter(|change| match change.to {
                Audience::Mailbox(user) => user == reader,
                Audience::Channel(id) => self
                    .state
                    .channels
                    .get(&id)
                    .is_some_and(|channel| channel.has(reader)),
            })
            .cloned()
            .collect()
    }

    /// `pts` of the sequence that a dialog of the caller belongs to.
    pub(crate) fn pts(&self, me: UserId, peer: PeerId) -> i32 {
        match peer {
            PeerId::Channel(id) => self
                .state
                .channels
                .get(&id)
                .map_or(0, |channel| channel.log.pts()),
            _ => self
                .state
                .mailboxes
                .get(&me)
                .map_or(0, |mailbox| mailbox.log.pts()),
        }
    }
}
