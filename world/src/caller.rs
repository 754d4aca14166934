//! Who calls.

/// What a client said of itself in `initConnection`.
/// <https://core.telegram.org/method/initConnection>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The application's id.
    pub api_id: i32,
    /// Device model.
    pub device_model: String,
    /// Version of the operating system.
    pub system_version: String,
    /// Version of the application.
    pub app_version: String,
    /// Language of the system.
    pub system_lang_code: String,
    /// Name of the language pack.
    pub lang_pack: String,
    /// Language of the application.
    pub lang_code: String,
}

/// The connection behind a call, as the server knows it.
///
/// A login belongs to the permanent authorization key: for a temporary key the server gives the permanent one it is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The permanent authorization key.
    pub auth_key_id: i64,
    /// The session under that key.
    pub session_id: i64,
    /// The layer that the key announced; informs nothing but the list of sessions.
    pub layer: i32,
    /// The DC that the call arrived at.
    pub dc: i32,
    /// From `initConnection`, once the key has sent one.
    pub client: Option<ClientInfo>,
    /// Address of the peer as text, for the list of sessions; may be empty.
    pub ip: String,
}
