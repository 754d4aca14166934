//! The handle that an application holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mtproto_core::ids::AuthKeyId;
use mtproto_core::random::ChaChaRandom;
use tl_parser::typed::{Call, Mismatch, Typed as _};
use tl_parser::{Layers, Limits, Object, Schema, Value};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::ClientConfig;
use crate::driver::{self, Command};
use crate::error::{ConnectError, InvokeError};

/// A connection with an authorization key of its own, driven by a task in the background.
#[derive(Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    schema: &'static Schema,
    commands: mpsc::Sender<Command>,
    updates: broadcast::WeakSender<Arc<[u8]>>,
    auth_key_id: AuthKeyId,
    /// Whether `initConnection` went out.
    introduced: AtomicBool,
    driver: JoinHandle<()>,
}

impl Client {
    /// Connects and makes an authorization key.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], whose variant names the stage that was reached.
    pub async fn connect(config: ClientConfig) -> Result<Self, ConnectError> {
        let config = Arc::new(config);
        let started = driver::start(&config).await?;
        Ok(Self {
            schema: Layers::bundled().at(config.layer).schema,
            config,
            commands: started.commands,
            updates: started.updates,
            auth_key_id: started.auth_key_id,
            introduced: AtomicBool::new(false),
            driver: started.task,
        })
    }

    /// What the client was told.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// The name of its authorization key.
    #[must_use]
    pub fn auth_key_id(&self) -> AuthKeyId {
        self.auth_key_id
    }

    /// Calls a function of the API and waits for its result. The first call carries `initConnection`.
    ///
    /// # Errors
    ///
    /// [`InvokeError::Rpc`] as the server answers; the other variants where no answer came or could be read.
    pub async fn invoke(&self, call: Object) -> Result<Value, InvokeError> {
        let result_type = self
            .schema
            .by_name(call.name())
            .map_or("Object", |function| function.result_type());
        let introduces = !self.introduced.load(Ordering::Relaxed);
        let call = if introduces {
            self.introduction(call)
        } else {
            call
        };
        let body = self.schema.encode(&call.into())?;
        let answer = self.invoke_raw(&body).await;
        if introduces && matches!(answer, Ok(_) | Err(InvokeError::Rpc(_))) {
            self.introduced.store(true, Ordering::Relaxed);
        }
        Ok(self
            .schema
            .decode_as(result_type, &answer?, Limits::NETWORK)?)
    }

    /// Calls a function of the API that has a type, and waits for its result.
    ///
    /// # Errors
    ///
    /// As [`Client::invoke`], and [`InvokeError::Mismatch`] for an answer that its type cannot hold.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Answer, InvokeError> {
        match call.into_value() {
            Value::Object(call) => Ok(C::Answer::from_value(self.invoke(*call).await?)?),
            other => Err(Mismatch::new("a call", &other).into()),
        }
    }

    /// Sends bytes as one query, whatever they are, and waits for the bytes of its result.
    ///
    /// # Errors
    ///
    /// As [`Client::invoke`], but for the errors of reading and writing objects.
    pub async fn invoke_raw(&self, body: &[u8]) -> Result<Vec<u8>, InvokeError> {
        let (reply, answer) = oneshot::channel();
        let body = body.to_vec();
        self.commands
            .send(Command::Query { body, reply })
            .await
            .map_err(|_| InvokeError::Closed)?;
        answer.await.map_err(|_| InvokeError::Closed)?
    }

    /// The updates that arrive from now on.
    #[must_use]
    pub fn updates(&self) -> Updates {
        Updates {
            schema: self.schema,
            received: match self.updates.upgrade() {
                Some(updates) => updates.subscribe(),
                // The driver is gone: a stream that ends at once.
                None => broadcast::channel(1).1,
            },
        }
    }

    /// Closes the connection and waits until it is closed.
    pub async fn close(self) {
        let Self {
            commands, driver, ..
        } = self;
        drop(commands);
        // A driver that panicked has closed its socket as well.
        let _ = driver.await;
    }

    pub(crate) fn random(&self) -> Result<ChaChaRandom, getrandom::Error> {
        driver::random(self.config.seed)
    }

    /// `invokeWithLayer` around `initConnection` around the call, as every use of a key must begin.
    ///
    /// Section: <https://core.telegram.org/api/invoking>.
    fn introduction(&self, query: Object) -> Object {
        let application = &self.config.application;
        let init = Value::object("initConnection")
            .with("api_id", application.api_id)
            .with("device_model", application.device_model.as_str())
            .with("system_version", application.system_version.as_str())
            .with("app_version", application.app_version.as_str())
            .with("system_lang_code", application.lang_code.as_str())
            .with("lang_pack", "")
            .with("lang_code", application.lang_code.as_str())
            .with("query", query);
        Value::object("invokeWithLayer")
            .with("layer", self.config.layer)
            .with("query", init)
    }
}

/// A stream of updates.
#[derive(Debug)]
pub struct Updates {
    schema: &'static Schema,
    received: broadcast::Receiver<Arc<[u8]>>,
}

impl Updates {
    /// The next `Updates` object; `None` once the connection has ended.
    ///
    /// Updates that the application was too slow to take, or that no bundled layer can read, are left out; both are
    /// repaired by `updates.getDifference`, as any gap is.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            match self.received.recv().await {
                Ok(body) => match self.schema.decode(&body, Limits::NETWORK) {
                    Ok(update) => return Some(update),
                    Err(error) => tracing::warn!(%error, "an update cannot be read"),
                },
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "updates came faster than they were taken");
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
