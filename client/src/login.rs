//! Logging in: phone and code, password, bot token.
//!
//! Section: <https://core.telegram.org/api/auth>.

use tl_parser::{Object, Value};

use crate::client::Client;
use crate::error::{InvokeError, LoginError};
use crate::password::prove;

/// What `auth.sendCode` gave, to be shown with the code.
#[derive(Clone, Debug)]
pub struct SentCode {
    phone: String,
    hash: String,
}

/// How a step of the login ended.
#[derive(Clone, Debug)]
pub enum Login {
    /// The key is authorised; the user as the server described it.
    Done(Object),
    /// The account has a password: go on with [`Client::check_password`].
    PasswordNeeded,
    /// Nobody has this number: go on with [`Client::sign_up`].
    SignUpNeeded,
}

impl Client {
    /// Asks the server to send a login code to `phone` (digits, with or without `+`).
    ///
    /// # Errors
    ///
    /// [`LoginError::Invoke`] as the server answers, for example `400 PHONE_NUMBER_INVALID`.
    pub async fn send_code(&self, phone: &str) -> Result<SentCode, LoginError> {
        let application = &self.config().application;
        let call = Value::object("auth.sendCode")
            .with("phone_number", phone)
            .with("api_id", application.api_id)
            .with("api_hash", application.api_hash.as_str())
            .with("settings", Value::object("codeSettings"));
        let sent = object(self.invoke(call).await?, "auth.sentCode")?;
        Ok(SentCode {
            phone: phone.to_owned(),
            hash: text(&sent, "phone_code_hash")?,
        })
    }

    /// Shows the code that arrived.
    ///
    /// # Errors
    ///
    /// [`LoginError::Invoke`] as the server answers, for example `400 PHONE_CODE_INVALID`.
    pub async fn sign_in(&self, sent: &SentCode, code: &str) -> Result<Login, LoginError> {
        let call = Value::object("auth.signIn")
            .with("phone_number", sent.phone.as_str())
            .with("phone_code_hash", sent.hash.as_str())
            .with("phone_code", code);
        match self.invoke(call).await {
            Err(InvokeError::Rpc(error)) if error.message == "SESSION_PASSWORD_NEEDED" => {
                Ok(Login::PasswordNeeded)
            }
            answer => login(answer?),
        }
    }

    /// Makes an account for a number that nobody has, after its code was shown.
    ///
    /// # Errors
    ///
    /// [`LoginError::Invoke`] as the server answers, for example `400 FIRSTNAME_INVALID`.
    pub async fn sign_up(
        &self,
        sent: &SentCode,
        first_name: &str,
        last_name: &str,
    ) -> Result<Login, LoginError> {
        let call = Value::object("auth.signUp")
            .with("phone_number", sent.phone.as_str())
            .with("phone_code_hash", sent.hash.as_str())
            .with("first_name", first_name)
            .with("last_name", last_name);
        login(self.invoke(call).await?)
    }

    /// Proves knowledge of the password of two-step verification, without sending it.
    ///
    /// Section: <https://core.telegram.org/api/srp>.
    ///
    /// # Errors
    ///
    /// [`LoginError::Password`] or [`LoginError::PasswordGroup`] where the server's parameters are unsafe,
    /// [`LoginError::Invoke`] as it answers,
    /// for example `400 PASSWORD_HASH_INVALID`.
    pub async fn check_password(&self, password: &str) -> Result<Login, LoginError> {
        let asked = object(
            self.invoke(Value::object("account.getPassword")).await?,
            "account.password",
        )?;
        let proof = prove(
            &asked,
            password,
            &mut self.random().map_err(LoginError::Random)?,
        )?;
        let call = Value::object("auth.checkPassword").with("password", proof);
        login(self.invoke(call).await?)
    }

    /// Logs a bot in.
    ///
    /// # Errors
    ///
    /// [`LoginError::Invoke`] as the server answers, for example `400 ACCESS_TOKEN_INVALID`.
    pub async fn sign_in_bot(&self, token: &str) -> Result<Login, LoginError> {
        let application = &self.config().application;
        // No word of flags, in spite of its name: an `int` like any other.
        let call = Value::object("auth.importBotAuthorization")
            .with("flags", 0)
            .with("api_id", application.api_id)
            .with("api_hash", application.api_hash.as_str())
            .with("bot_auth_token", token);
        login(self.invoke(call).await?)
    }
}

fn login(answer: Value) -> Result<Login, LoginError> {
    let answer = answer
        .into_object()
        .map_err(|value| LoginError::Unexpected(value.kind().to_owned()))?;
    match answer.name() {
        "auth.authorization" => match answer.object("user") {
            Some(user) => Ok(Login::Done(user.clone())),
            None => Err(LoginError::Unexpected(
                "auth.authorization without user".into(),
            )),
        },
        "auth.authorizationSignUpRequired" => Ok(Login::SignUpNeeded),
        other => Err(LoginError::Unexpected(other.to_owned())),
    }
}

fn object(answer: Value, name: &str) -> Result<Object, LoginError> {
    match answer.into_object() {
        Ok(object) if object.name() == name => Ok(object),
        Ok(object) => Err(LoginError::Unexpected(object.name().to_owned())),
        Err(value) => Err(LoginError::Unexpected(value.kind().to_owned())),
    }
}

fn text(object: &Object, field: &str) -> Result<String, LoginError> {
    object
        .str(field)
        .map(str::to_owned)
        .ok_or_else(|| LoginError::Unexpected(format!("{} without {field}", object.name())))
}
