//! What a case is, and what can come out of it.

use std::fmt;

use mtproto_core::rules::{self, Rule};

use crate::dial::{DialError, ServerUnderTest};

/// One conversation that judges one rule.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Id of the rule, as in [`mtproto_core::rules`].
    pub rule: &'static str,
    /// What is done to the server.
    pub stimulus: &'static str,
    pub(crate) conversation: fn(&ServerUnderTest) -> Result<Verdict, DialError>,
}

impl Case {
    /// The rule with its level, page and sentence; `None` only for an id that the registry does not have.
    #[must_use]
    pub fn rule(&self) -> Option<&'static Rule> {
        rules::find(self.rule)
    }

    /// Has the conversation and judges it.
    #[must_use]
    pub fn run(&self, server: &ServerUnderTest) -> Verdict {
        (self.conversation)(server).unwrap_or_else(|error| Verdict::Error(error.to_string()))
    }
}

/// What came out of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule is obeyed.
    Pass,
    /// The rule is broken; what was seen instead.
    Fail(String),
    /// The case could not be carried out: the runner's fault, or a server that cannot be reached.
    Error(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Fail(seen) => write!(f, "FAIL: {seen}"),
            Self::Error(why) => write!(f, "ERROR: {why}"),
        }
    }
}
