//! Every function that the world answers, by name: one file for each namespace of the API.
//!
//! A handler reads its request in terms of the newest layer, changes the model, and answers in terms of the newest layer.

mod account;
mod auth;
mod bots;
mod channels;
mod chats;
mod contacts;
mod help;
mod invites;
mod langpack;
mod messages;
mod password;
mod photos;
mod secret;
mod stats;
mod stickers;
mod updates;
mod upload;
mod users;

use std::collections::BTreeMap;

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::RpcError;

/// Carries out one function.
pub(crate) type Handler = fn(&mut Call<'_>, &Object) -> Result<Value, RpcError>;

/// Who may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Keys without a login too.
    Anyone,
    /// People and bots.
    Everybody,
    /// People, not bots.
    People,
    /// Bots, not people.
    Bots,
}

/// One row of the table of functions.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) handler: Handler,
}

impl Method {
    const fn new(name: &'static str, access: Access, handler: Handler) -> Self {
        Self {
            name,
            access,
            handler,
        }
    }
}

/// The rows of all namespaces.
const TABLES: &[&[Method]] = &[
    account::METHODS,
    auth::METHODS,
    bots::METHODS,
    channels::METHODS,
    chats::METHODS,
    contacts::METHODS,
    help::METHODS,
    invites::METHODS,
    langpack::METHODS,
    messages::dialogs::METHODS,
    messages::drafts::METHODS,
    messages::edit::METHODS,
    messages::history::METHODS,
    messages::reactions::METHODS,
    messages::read::METHODS,
    messages::schedule::METHODS,
    messages::send::METHODS,
    messages::timer::METHODS,
    password::METHODS,
    photos::METHODS,
    secret::METHODS,
    stats::METHODS,
    stickers::EMPTY,
    stickers::METHODS,
    updates::METHODS,
    upload::METHODS,
    users::METHODS,
];

/// All rows by name.
pub(crate) fn table() -> BTreeMap<&'static str, &'static Method> {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .map(|method| (method.name, method))
        .collect()
}

/// A reply of `true`.
pub(crate) fn done() -> Value {
    Value::Bool(true)
}

#[cfg(test)]
mod tests {
    use super::{TABLES, table};

    #[test]
    fn no_function_is_registered_twice() {
        let rows: usize = TABLES.iter().map(|table| table.len()).sum();
        assert_eq!(table().len(), rows);
    }
}
