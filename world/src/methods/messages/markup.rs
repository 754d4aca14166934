//! Keyboards that bots put under messages.
//!
//! <https://core.telegram.org/api/bots/buttons>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{BUTTON_DATA_INVALID, REPLY_MARKUP_INVALID, RpcError};
use crate::model::ids::UserId;

/// Most buttons of one keyboard, and most bytes that a callback button carries.
const BUTTONS_MAX: usize = 300;
const CALLBACK_DATA_MAX: usize = 64;

impl Call<'_> {
    /// The keyboard of a request; people's messages have none.
    pub(in crate::methods) fn markup(
        &self,
        me: UserId,
        request: &Object,
    ) -> Result<Option<Object>, RpcError> {
        let Some(markup) = request.object("reply_markup") else {
            return Ok(None);
        };
        if !self.user_ref(me)?.is_bot() {
            return Ok(None);
        }
        let known = matches!(
            markup.name(),
            "replyInlineMarkup"
                | "replyKeyboardMarkup"
                | "replyKeyboardHide"
                | "replyKeyboardForceReply"
        );
        if !known {
            return Err(REPLY_MARKUP_INVALID.into());
        }
        let rows = markup.vector("rows").unwrap_or_default();
        let buttons: Vec<&Object> = rows
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|row| row.vector("buttons"))
            .flatten()
            .filter_map(Value::as_object)
            .collect();
        if buttons.len() > BUTTONS_MAX {
            return Err(REPLY_MARKUP_INVALID.into());
        }
        // A keyboard without buttons takes an older one away.
        if buttons.is_empty() && markup.name() == "replyInlineMarkup" {
            return Ok(None);
        }
        for button in buttons {
            if button.bytes("text").is_none_or(<[u8]>::is_empty) {
                return Err(REPLY_MARKUP_INVALID.into());
            }
            let data = callback_data(button);
            if data.is_some_and(|data| data.len() > CALLBACK_DATA_MAX) {
                return Err(BUTTON_DATA_INVALID.into());
            }
        }
        Ok(Some(markup.clone()))
    }
}

/// The data of a callback button.
pub(super) fn callback_data(button: &Object) -> Option<&[u8]> {
    let kind = button.object("type")?;
    (kind.name() == "inlineButtonTypeCallback").then(|| kind.bytes("data"))?
}

/// Whether a keyboard has a callback button with this data.
pub(in crate::methods) fn has_callback(markup: &Object, data: &[u8]) -> bool {
    markup
        .vector("rows")
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|row| row.vector("buttons"))
        .flatten()
        .filter_map(Value::as_object)
        .any(|button| callback_data(button) == Some(data))
}
