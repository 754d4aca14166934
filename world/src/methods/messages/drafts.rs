//! Drafts: unfinished messages, kept for all sessions of an account.
//!
//! <https://core.telegram.org/api/drafts>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::RpcError;
use crate::methods::{Access, Method, done};
use crate::model::ids::{PeerId, UserId};
use crate::render::View;
use crate::request::Arguments;
use crate::text::MESSAGE_LENGTH_MAX;

pub(in crate::methods) const METHODS: &[Method] = &[
    Method::new("messages.saveDraft", Access::People, save_draft),
    Method::new("messages.getAllDrafts", Access::People, get_all_drafts),
    Method::new("messages.clearAllDrafts", Access::People, clear_all_drafts),
];

fn save_draft(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let entities = request.vector("entities").unwrap_or_default();
    let raw = request.need_str("message")?;
    let (text, entities) = call.prepare_text(raw, entities, MESSAGE_LENGTH_MAX)?;
    let reply_to = request.object("reply_to").cloned();
    let draft = if text.is_empty() && reply_to.is_none() {
        None
    } else {
        let draft = Object::new("draftMessage")
            .with_flag("no_webpage", request.flag("no_webpage"))
            .with_flag("invert_media", request.flag("invert_media"))
            .with_opt("reply_to", reply_to)
            .with("message", text)
            .with_opt(
                "entities",
                Some(entities).filter(|entities| !entities.is_empty()),
            )
            .with("date", call.date());
        Some(draft)
    };
    if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
        mailbox.dialog_mut(peer).draft = draft;
    }
    tell(call, me, peer);
    Ok(done())
}

/// `updateDraftMessage` of a dialog.
fn update(view: &mut View<'_>, peer: PeerId) -> Object {
    let mailbox = view.state.mailboxes.get(&view.viewer);
    let dialog = mailbox.and_then(|mailbox| mailbox.dialogs.get(&peer));
    let draft = dialog.and_then(|dialog| dialog.draft.clone());
    let draft = draft.unwrap_or_else(|| Object::new("draftMessageEmpty").with("date", view.now));
    Object::new("updateDraftMessage")
        .with("peer", view.peer(peer))
        .with("draft", draft)
}

/// Tells the caller's other sessions of the draft of a dialog.
pub(super) fn tell(call: &mut Call<'_>, me: UserId, peer: PeerId) {
    call.notify(me, |view| vec![update(view, peer)]);
}

/// The dialogs that have a draft.
fn drafted(call: &Call<'_>, me: UserId) -> Vec<PeerId> {
    let mailbox = call.state.mailboxes.get(&me).into_iter();
    mailbox
        .flat_map(|mailbox| &mailbox.dialogs)
        .filter(|(_, dialog)| dialog.draft.is_some())
        .map(|(peer, _)| *peer)
        .collect()
}

fn get_all_drafts(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peers = drafted(call, me);
    let mut view = call.view(me);
    let updates = peers
        .into_iter()
        .map(|peer| update(&mut view, peer))
        .collect();
    Ok(view.updates(updates).into())
}

fn clear_all_drafts(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    for peer in drafted(call, me) {
        if let Some(mailbox) = call.state.mailboxes.get_mut(&me) {
            mailbox.dialog_mut(peer).draft = None;
        }
        tell(call, me, peer);
    }
    Ok(done())
}
