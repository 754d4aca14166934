//! `users.*`.

use tl_parser::{Object, Value};

use super::{Access, Method};
use crate::call::Call;
use crate::error::{LIMIT_INVALID, RpcError};
use crate::model::ids::UserId;
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("users.getUsers", Access::Everybody, get_users),
    Method::new("users.getFullUser", Access::Everybody, get_full_user),
    Method::new(
        "users.getRequirementsToContact",
        Access::People,
        get_requirements,
    ),
    Method::new("users.getSavedMusic", Access::People, get_saved_music),
];

/// Most users in one question.
const USERS_MAX: usize = 200;

fn get_users(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let inputs = request.need_objects("id")?;
    if inputs.len() > USERS_MAX {
        return Err(LIMIT_INVALID.into());
    }
    let view = call.view(me);
    Ok(Value::vector(inputs.iter().map(|input| {
        // Whom the caller may not see comes back empty, not as an error.
        match call.user(input) {
            Ok(user) => view.user(user),
            Err(_) => {
                let id = input.long("user_id").unwrap_or(0);
                Object::new("userEmpty").with("id", id)
            }
        }
    })))
}

fn get_full_user(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id: UserId = call.user_in(request, "id")?;
    let user = call.user_ref(id)?;
    Ok(call.view(me).user_full(user).into())
}

fn get_requirements(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let users = request.need_objects("id")?;
    if users.len() > USERS_MAX {
        return Err(LIMIT_INVALID.into());
    }
    for user in &users {
        call.user(user)?;
    }
    Ok(Value::vector(
        users
            .iter()
            .map(|_| Object::new("requirementToContactEmpty")),
    ))
}

fn get_saved_music(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    call.user_in(request, "id")?;
    Ok(Object::new("users.savedMusic")
        .with("count", 0)
        .with("documents", Vec::<Value>::new())
        .into())
}
