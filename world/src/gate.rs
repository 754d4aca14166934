//! What every call passes before its handler: who calls, whether he is served, where, and how often.

use tl_parser::Object;

use crate::call::Call;
use crate::error::{
    AUTH_KEY_DUPLICATED, AUTH_KEY_UNREGISTERED, BOT_METHOD_INVALID, CDN_METHOD_INVALID,
    CONNECTION_API_ID_INVALID, FROZEN_METHOD_INVALID, RpcError, SESSION_PASSWORD_NEEDED,
    SESSION_REVOKED, USER_BOT_REQUIRED, USER_DEACTIVATED, USER_DEACTIVATED_BAN,
};
use crate::methods::{Access, Method};
use crate::model::authorization::Login;
use crate::model::user::Standing;

/// Seconds within which one key must not be used from two addresses, where the configuration forbids it.
const DUPLICATE_WINDOW: i32 = 60;

impl Call<'_> {
    /// Checks that the caller may call the function now, and finds out who he is.
    pub(crate) fn enter(&mut self, method: &Method, request: &Object) -> Result<(), RpcError> {
        self.check_duplicate()?;
        self.check_client()?;
        self.check_cdn(method.name)?;
        self.check_login(method)?;
        self.check_dc(method.name)?;
        self.check_flood(request)
    }

    /// A key that is used from two places at once is lost.
    fn check_duplicate(&mut self) -> Result<(), RpcError> {
        let key = self.caller.auth_key_id;
        let date = self.date();
        let Some(authorization) = self.state.authorization(key) else {
            return Ok(());
        };
        let elsewhere = !self.caller.ip.is_empty()
            && !authorization.ip.is_empty()
            && authorization.ip != self.caller.ip;
        let recent = date.saturating_sub(authorization.active) < DUPLICATE_WINDOW;
        if authorization.login == Login::Duplicated {
            return Err(AUTH_KEY_DUPLICATED.into());
        }
        if self.state.config.one_address_per_key && elsewhere && recent {
            self.state.duplicate(key);
            return Err(AUTH_KEY_DUPLICATED.into());
        }
        self.state.touch(self.caller, date);
        Ok(())
    }

    /// Where the configuration lists applications, `initConnection` must have named one of them.
    fn check_client(&self) -> Result<(), RpcError> {
        match (&self.state.config.api_ids, &self.caller.client) {
            (Some(known), Some(client)) if !known.contains_key(&client.api_id) => {
                Err(CONNECTION_API_ID_INVALID.into())
            }
            _ => Ok(()),
        }
    }

    /// A CDN knows nobody, and little else.
    fn check_cdn(&self, function: &str) -> Result<(), RpcError> {
        if self.state.config.is_cdn(self.caller.dc) && !AT_CDN.contains(&function) {
            return Err(CDN_METHOD_INVALID.into());
        }
        Ok(())
    }

    fn check_login(&mut self, method: &Method) -> Result<(), RpcError> {
        let login = self.state.login(self.caller.auth_key_id);
        let Login::User(id) = login else {
            return match (method.access, login) {
                (Access::Anyone, _) => Ok(()),
                (_, Login::PasswordPending(_)) => Err(SESSION_PASSWORD_NEEDED.into()),
                (_, Login::Revoked) => Err(SESSION_REVOKED.into()),
                _ => Err(AUTH_KEY_UNREGISTERED.into()),
            };
        };
        let user = self.user_ref(id)?;
        match user.standing {
            Standing::Good | Standing::Limited => {}
            Standing::Deactivated => return Err(USER_DEACTIVATED.into()),
            Standing::Banned => return Err(USER_DEACTIVATED_BAN.into()),
            Standing::Frozen if is_writing(method.name) => {
                return Err(FROZEN_METHOD_INVALID.into());
            }
            Standing::Frozen => {}
        }
        match (method.access, user.is_bot()) {
            (Access::People, true) => Err(BOT_METHOD_INVALID.into()),
            (Access::Bots, false) => Err(USER_BOT_REQUIRED.into()),
            _ => {
                self.me = Some(id);
                Ok(())
            }
        }
    }

    /// An account is served by its own DC; the others give files, and help on the way there.
    fn check_dc(&self, function: &str) -> Result<(), RpcError> {
        let user = self.me.and_then(|me| self.state.users.get(&me));
        let home = user.and_then(|user| user.dc);
        match home {
            Some(home) if home != self.caller.dc && !is_anywhere(function) => {
                Err(RpcError::migrate("USER", home))
            }
            _ => Ok(()),
        }
    }
}

/// All that a CDN answers.
const AT_CDN: [&str; 2] = ["upload.getCdnFile", "help.getConfig"];

/// Whether a DC answers the function to accounts of other DCs too.
fn is_anywhere(function: &str) -> bool {
    ["upload.", "help.", "auth.", "langpack.", "stats."]
        .iter()
        .any(|namespace| function.starts_with(namespace))
}

/// Whether a frozen account is refused the function: whatever changes something, which names of functions tell.
fn is_writing(function: &str) -> bool {
    let verb = function.split('.').next_back().unwrap_or(function);
    ![
        "get",
        "check",
        "search",
        "resolve",
        "export",
        "read",
        "logOut",
        "updateStatus",
    ]
    .iter()
    .any(|reading| verb.starts_with(reading))
}
