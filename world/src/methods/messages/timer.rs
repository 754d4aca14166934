//! Messages that are taken away after a time.
//!
//! <https://core.telegram.org/api/auto-delete>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{CHAT_ADMIN_REQUIRED, CHAT_NOT_MODIFIED, RpcError, TTL_PERIOD_INVALID};
use crate::methods::{Access, Method, done};
use crate::model::ids::{PeerId, UserId};
use crate::model::message::{Action, Place};
use crate::model::rights::AdminRights;
use crate::render::View;
use crate::request::Arguments;

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.setHistoryTTL", Access::People, set),
    Method::new("messages.setDefaultHistoryTTL", Access::People, set_default),
    Method::new("messages.getDefaultHistoryTTL", Access::People, get_default),
];

/// Shortest and longest lifetime in seconds.
const SHORTEST: i32 = 24 * 3600;
const LONGEST: i32 = 366 * 24 * 3600;

fn checked_period(request: &Object) -> Result<i32, RpcError> {
    let period = request.need_int("period")?;
    if period != 0 && !(SHORTEST..=LONGEST).contains(&period) {
        return Err(TTL_PERIOD_INVALID.into());
    }
    Ok(period)
}

fn set(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let period = checked_period(request)?;
    let place = match peer {
        PeerId::User(user) => Place::Private(me, user),
        PeerId::Chat(id) => {
            if !call.chat_ref(id)?.is_admin(me) {
                return Err(CHAT_ADMIN_REQUIRED.into());
            }
            Place::Chat(id)
        }
        PeerId::Channel(id) => {
            let rights = call.channel_ref(id)?.admin_rights(me);
            if !rights.allows(AdminRights::DELETE_MESSAGES) {
                return Err(CHAT_ADMIN_REQUIRED.into());
            }
            Place::Channel(id)
        }
    };
    if call.state.ttl(place).unwrap_or(0) == period {
        return Err(CHAT_NOT_MODIFIED.into());
    }
    call.state.set_ttl(place, period);
    for reader in call.state.readers(place) {
        let theirs = place.peer_for(reader);
        call.notify(reader, |view| vec![update(view, theirs, period)]);
    }
    let happened = call.post_service(me, place, Action::SetTtl { period })?;
    let first = update(&mut call.view(me), peer, period);
    call.settle(&happened, vec![first])
}

/// `updatePeerHistoryTTL`.
fn update(view: &mut View<'_>, peer: PeerId, period: i32) -> Object {
    Object::new("updatePeerHistoryTTL")
        .with("peer", view.peer(peer))
        .with_opt("ttl_period", Some(period).filter(|period| *period > 0))
}

fn set_default(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.user_mut(me)?.default_ttl = checked_period(request)?;
    Ok(done())
}

fn get_default(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let period = call.user_ref(me)?.default_ttl;
    Ok(Object::new("defaultHistoryTTL")
        .with("period", period)
        .into())
}

impl Call<'_> {
    /// A private chat that somebody begins has the lifetime that he set for new ones.
    pub(super) fn begin_with_default_ttl(&mut self, me: UserId, place: Place) {
        let Place::Private(_, other) = place else {
            return;
        };
        let period = self.state.users.get(&me).map_or(0, |me| me.default_ttl);
        let mailbox = self.state.mailboxes.get(&me);
        let begun = mailbox.is_some_and(|m| m.dialogs.contains_key(&PeerId::User(other)));
        if period > 0 && !begun && other != me {
            self.state.set_ttl(place, period);
        }
    }

    /// Takes away the messages whose time is over.
    pub(crate) fn expire_due(&mut self) {
        let now = self.date();
        while let Some((date, key)) = self.state.expiring.first().copied() {
            if date > now {
                break;
            }
            self.state.expiring.remove(&(date, key));
            let Some(message) = self.state.messages.get(&key) else {
                continue;
            };
            let happened = match message.place {
                Place::Channel(id) => {
                    let msg_id = message.channel_msg_id;
                    self.state.delete_in_channel(id, &[msg_id])
                }
                _ => match message.copies.first_key_value() {
                    Some((owner, id)) => {
                        let (owner, id) = (*owner, *id);
                        self.state.delete(owner, &[id], true)
                    }
                    None => Vec::new(),
                },
            };
            self.announce(&happened);
        }
    }
}
