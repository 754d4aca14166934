//! Logging in: phone and code, password, bot token.
//!
//! Section: <https://core.telegram.org/api/auth>.

use tl_parser::Object;
use tl_parser::typed::Typed;

use crate::api::{self, AnyAuthAuthorization, AnyAuthSentCode};
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
        let call = api::AuthSendCode {
            phone_number: phone.to_owned(),
            api_id: application.api_id,
            api_hash: application.api_hash.clone(),
            settings: api::CodeSettings::default(),
        };
        match self.call(call).await? {
            AnyAuthSentCode::SentCode(sent) => Ok(SentCode {
                phone: phone.to_owned(),
                hash: sent.phone_code_hash,
            }),
            other => Err(unexpected(other)),
        }
    }

    /// Shows the code that arrived.
    ///
    /// # Errors
    ///
    /// [`LoginError::Invoke`] as the server answers, for example `400 PHONE_CODE_INVALID`.
    pub async fn sign_in(&self, sent: &SentCode, code: &str) -> Result<Login, LoginError> {
        let call = api::AuthSignIn {
            phone_number: sent.phone.clone(),
            phone_code_hash: sent.hash.clone(),
            phone_code: Some(code.to_owned()),
            ..api::AuthSignIn::default()
        };
        match self.call(call).await {
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
        let call = api::AuthSignUp {
            no_joined_notifications: false,
            phone_number: sent.phone.clone(),
            phone_code_hash: sent.hash.clone(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
        };
        login(self.call(call).await?)
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
        let asked = self.call(api::AccountGetPassword).await?;
        let mut random = self.random().map_err(LoginError::Random)?;
        let password = prove(asked, password, &mut random)?;
        login(self.call(api::AuthCheckPassword { password }).await?)
    }

    /// Logs a bot in.
    ///
    /// # Errors
    ///
    /// [`LoginError::Invoke`] as the server answers, for example `400 ACCESS_TOKEN_INVALID`.
    pub async fn sign_in_bot(&self, token: &str) -> Result<Login, LoginError> {
        let application = &self.config().application;
        let call = api::AuthImportBotAuthorization {
            flags: 0,
            api_id: application.api_id,
            api_hash: application.api_hash.clone(),
            bot_auth_token: token.to_owned(),
        };
        login(self.call(call).await?)
    }
}

fn login(answer: AnyAuthAuthorization) -> Result<Login, LoginError> {
    match answer {
        AnyAuthAuthorization::Authorization(done) => match done.user.into_object() {
            Ok(user) => Ok(Login::Done(user)),
            Err(other) => Err(unexpected(other)),
        },
        AnyAuthAuthorization::SignUpRequired(_) => Ok(Login::SignUpNeeded),
    }
}

fn unexpected(answer: impl Typed) -> LoginError {
    let value = answer.into_value();
    let name = value.as_object().map_or_else(|| value.kind(), Object::name);
    LoginError::Unexpected(name.to_owned())
}
