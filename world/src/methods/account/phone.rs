//! Moving an account to another phone number.
//!
//! <https://core.telegram.org/method/account.changePhone>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{PHONE_NUMBER_INVALID, PHONE_NUMBER_OCCUPIED, RpcError};
use crate::fixtures::test_code;
use crate::methods::auth::{compare_code, remember_code};
use crate::methods::done;
use crate::model::login::CodeWay;
use crate::phone::digits;
use crate::request::Arguments;

pub(in crate::methods) fn send_code(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let phone = digits(request.need_str("phone_number")?);
    let code = test_code(&phone).ok_or(PHONE_NUMBER_INVALID)?;
    if call.state.phones.contains_key(&phone) {
        return Err(PHONE_NUMBER_OCCUPIED.into());
    }
    let (_, reply) = remember_code(call, phone, code, CodeWay::Sms)?;
    Ok(reply)
}

pub(in crate::methods) fn change(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let (hash, phone) = compare_code(call, request)?;
    if call.state.phones.contains_key(&phone) {
        return Err(PHONE_NUMBER_OCCUPIED.into());
    }
    call.state.logins.codes.remove(&hash);
    let old = call.user_mut(me)?.phone.replace(phone.clone());
    if let Some(old) = old {
        call.state.phones.remove(&old);
    }
    call.state.phones.insert(phone, me);
    let mut listeners = call.acquaintances(me);
    listeners.push(me);
    for listener in listeners {
        call.notify(listener, |view| {
            let user = view.user(me);
            // Only those who may see the number hear of it.
            let phone = user.str("phone").map(str::to_owned);
            let update = Object::new("updateUserPhone").with("user_id", view.user_id(me));
            phone
                .map(|phone| update.with("phone", phone))
                .into_iter()
                .collect()
        });
    }
    Ok(call.view(me).user(me).into())
}

/// Codes that the owner gave away by mistake are dead at once.
pub(in crate::methods) fn invalidate_codes(
    call: &mut Call<'_>,
    request: &Object,
) -> Result<Value, RpcError> {
    let me = call.me()?;
    let given: Vec<&str> = request
        .need_vector("codes")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let phone = call.user_ref(me)?.phone.clone();
    let codes = &mut call.state.logins.codes;
    codes.retain(|_, code| {
        Some(&code.phone) != phone.as_ref() || !given.contains(&code.code.as_str())
    });
    Ok(done())
}
