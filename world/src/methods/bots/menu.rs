//! What a bot shows beside the text field, the rights it asks for, and who lets it write first.
//!
//! <https://core.telegram.org/api/bots/menu>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{BOT_INVALID, BUTTON_TEXT_INVALID, BUTTON_URL_INVALID, RpcError};
use crate::methods::done;
use crate::model::ids::UserId;
use crate::model::user::Bot;
use crate::request::Arguments;

const DEFAULT: &str = "botMenuButtonDefault";

/// The user that a request speaks of; `inputUserEmpty` stands for all.
fn whom(call: &Call<'_>, request: &Object) -> Result<Option<UserId>, RpcError> {
    match request.need_object("user_id")? {
        input if input.name() == "inputUserEmpty" => Ok(None),
        input => call.user(input).map(Some),
    }
}

fn own<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Bot, RpcError> {
    let me = call.me()?;
    Ok(call.user_mut(me)?.bot.as_mut().ok_or(BOT_INVALID)?)
}

pub(super) fn set_button(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let whom = whom(call, request)?;
    let button = request.need_object("button")?;
    if button.name() == "botMenuButton" {
        if button.need_str("text")?.is_empty() {
            return Err(BUTTON_TEXT_INVALID.into());
        }
        if !button.need_str("url")?.starts_with("https://") {
            return Err(BUTTON_URL_INVALID.into());
        }
    }
    let buttons = &mut own(call)?.menu_buttons;
    if button.name() == DEFAULT {
        buttons.remove(&whom);
    } else {
        buttons.insert(whom, button.clone());
    }
    let listeners = match whom {
        Some(user) => vec![user],
        None => call.acquaintances(me),
    };
    for listener in listeners {
        call.notify(listener, |view| {
            vec![
                Object::new("updateBotMenuButton")
                    .with("bot_id", view.user_id(me))
                    .with("button", button.clone()),
            ]
        });
    }
    Ok(done())
}

pub(super) fn get_button(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let whom = whom(call, request)?;
    let button = own(call)?.menu_buttons.get(&whom).cloned();
    Ok(button.unwrap_or_else(|| Object::new(DEFAULT)).into())
}

pub(super) fn set_group_rights(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let rights = request.need_object("admin_rights")?.clone();
    own(call)?.group_rights = Some(rights);
    Ok(done())
}

pub(super) fn set_channel_rights(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let rights = request.need_object("admin_rights")?.clone();
    own(call)?.channel_rights = Some(rights);
    Ok(done())
}

/// The bot of a request.
fn bot_in(call: &Call<'_>, request: &Object) -> Result<UserId, RpcError> {
    let id = call.user_in(request, "bot")?;
    if call.user_ref(id)?.is_bot() {
        Ok(id)
    } else {
        Err(BOT_INVALID.into())
    }
}

pub(super) fn may_write(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let bot = bot_in(call, request)?;
    Ok(call.is_let_in(me, bot).into())
}

pub(super) fn let_write(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let bot = bot_in(call, request)?;
    call.user_mut(me)?.allowed_bots.insert(bot);
    Ok(call.view(me).updates(Vec::new()).into())
}

impl Call<'_> {
    /// Whether a person has a conversation with a bot, or let it begin one.
    pub(in crate::methods) fn is_let_in(&self, user: UserId, bot: UserId) -> bool {
        let mailbox = self.state.mailboxes.get(&bot);
        let peer = crate::model::ids::PeerId::User(user);
        let begun = mailbox.and_then(|mailbox| mailbox.dialogs.get(&peer));
        let allowed = self.state.users.get(&user);
        begun.is_some_and(|dialog| !dialog.ids.is_empty())
            || allowed.is_some_and(|user| user.allowed_bots.contains(&bot))
    }
}
