//! What may surround a query: layer, introduction, order, silence.
//!
//! <https://core.telegram.org/api/invoking>

use tl_parser::Object;
use world::ClientInfo;

/// A query without its wrappers, and what they said.
#[derive(Debug)]
pub(crate) struct Unwrapped {
    pub(crate) query: Object,
    /// From `initConnection`.
    pub(crate) client: Option<ClientInfo>,
    /// From `invokeWithoutUpdates`: this session carries files, not news.
    pub(crate) without_updates: bool,
}

/// The wrappers that carry nothing the server acts upon itself.
///
/// Order (`invokeAfterMsg`) needs no action here, because queries of a session are carried out in the order of arrival.
const TRANSPARENT: &[&str] = &[
    "invokeAfterMsg",
    "invokeAfterMsgs",
    "invokeWithApnsSecret",
    "invokeWithBusinessConnection",
    "invokeWithGooglePlayIntegrity",
    "invokeWithMessagesRange",
    "invokeWithReCaptcha",
    "invokeWithTakeout",
];

/// Takes the wrappers off. A wrapper without a query inside is returned as the query.
pub(crate) fn unwrap(mut request: Object) -> Unwrapped {
    let mut client = None;
    let mut without_updates = false;
    loop {
        match request.name() {
            "initConnection" => client = Some(client_info(&request)),
            "invokeWithoutUpdates" => without_updates = true,
            "invokeWithLayer" => {}
            name if TRANSPARENT.contains(&name) => {}
            _ => break,
        }
        match request
            .remove("query")
            .and_then(|query| query.into_object().ok())
        {
            Some(query) => request = query,
            None => break,
        }
    }
    Unwrapped {
        query: request,
        client,
        without_updates,
    }
}

fn client_info(request: &Object) -> ClientInfo {
    let text = |field| request.str(field).unwrap_or_default().to_owned();
    ClientInfo {
        api_id: request.int("api_id").unwrap_or_default(),
        device_model: text("device_model"),
        system_version: text("system_version"),
        app_version: text("app_version"),
        system_lang_code: text("system_lang_code"),
        lang_pack: text("lang_pack"),
        lang_code: text("lang_code"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tl_parser::Value;

    #[test]
    fn every_wrapper_comes_off_and_says_its_word() {
        let query = Value::object("help.getConfig");
        let init = Value::object("initConnection")
            .with("api_id", 7)
            .with("device_model", "laptop")
            .with("query", query);
        let silent = Value::object("invokeWithoutUpdates").with("query", init);
        let layered = Value::object("invokeWithLayer")
            .with("layer", 158)
            .with("query", silent);
        let unwrapped = unwrap(layered);
        assert_eq!(unwrapped.query.name(), "help.getConfig");
        assert!(unwrapped.without_updates);
        let client = unwrapped.client.unwrap();
        assert_eq!((client.api_id, client.device_model.as_str()), (7, "laptop"));
    }

    #[test]
    fn a_plain_query_stays_as_it_is() {
        let unwrapped = unwrap(Value::object("updates.getState"));
        assert_eq!(unwrapped.query, Value::object("updates.getState"));
        assert!(!unwrapped.without_updates && unwrapped.client.is_none());
    }
}
