//! The report of steps, one line of JSON each.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use crate::situation::{Situation, text_of};

pub type Done<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Longer than the slowest retry inside the client.
const STEP: Duration = Duration::from_secs(45);

/// The client has no such thing; the text says what is missing.
#[derive(Debug)]
pub struct NotOffered(pub &'static str);

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for NotOffered {}

pub struct Steps {
    wanted: Vec<String>,
    failed: bool,
}

impl Steps {
    pub fn new(situation: &Situation) -> Self {
        let steps = situation.ready["steps"].as_array().expect("steps");
        Self {
            wanted: steps.iter().map(|step| text_of(step).to_owned()).collect(),
            failed: false,
        }
    }

    /// Runs a step and reports it; whether it passed.
    pub async fn run(&mut self, name: &str, work: impl Future<Output = Done>) -> bool {
        if !self.wanted.iter().any(|step| step == name) {
            return true;
        }
        let done = match tokio::time::timeout(STEP, work).await {
            Ok(done) => done,
            Err(_) => Err("took too long".into()),
        };
        let (ok, detail) = match done {
            Ok(()) => (Some(true), String::new()),
            Err(error) if error.is::<NotOffered>() => (None, error.to_string()),
            Err(error) => (Some(false), error.to_string()),
        };
        self.failed |= ok == Some(false);
        println!("{}", json!({ "step": name, "ok": ok, "detail": detail }));
        ok != Some(false)
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.failed))
    }
}

pub fn expect(condition: bool, what: impl fmt::Display) -> Done {
    if condition {
        Ok(())
    } else {
        Err(what.to_string().into())
    }
}

/// Fails unless the service refused with `error`.
pub fn refused<T>(result: Result<T, grammers_client::InvocationError>, error: &str) -> Done {
    match result {
        Ok(_) => Err(format!("done, though {error} was due").into()),
        Err(failed) => expect(
            failed.is(error),
            format!("refused with {failed}, not {error}"),
        ),
    }
}
