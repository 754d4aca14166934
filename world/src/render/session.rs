//! `Authorization`: one row in the list of sessions.

use tl_parser::Object;

use crate::caller::ClientInfo;

/// A session, by what its client said of itself. `dates` are those of its login and of its latest call.
pub(crate) fn authorization(client: &ClientInfo, hash: i64, dates: (i32, i32), ip: &str) -> Object {
    Object::new("authorization")
        .with("hash", hash)
        .with("device_model", client.device_model.as_str())
        .with("platform", "")
        .with("system_version", client.system_version.as_str())
        .with("api_id", client.api_id)
        .with("app_name", "")
        .with("app_version", client.app_version.as_str())
        .with("date_created", dates.0)
        .with("date_active", dates.1)
        .with("ip", ip)
        .with("country", "")
        .with("region", "")
}
