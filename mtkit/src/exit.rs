//! How a command ends: its exit code, and what a person reads when it failed.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;

/// How a command that ran ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything asked for was done.
    Done,
    /// Done, and there is something to look at: undecoded bytes, a failed case, an unmet expectation.
    Findings,
}

/// Why a command could not run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments or the input cannot be used.
    Input(anyhow::Error),
    /// An address cannot be bound or reached.
    Network(anyhow::Error),
    /// The conversation went wrong after it had begun.
    Run(anyhow::Error),
}

/// Reports a failure on standard error and gives the command's exit code.
pub(crate) fn code_of(result: Result<Ending, Failure>) -> ExitCode {
    let (code, error) = match result {
        Ok(Ending::Done) => return ExitCode::SUCCESS,
        Ok(Ending::Findings) => return ExitCode::from(1),
        Err(Failure::Run(error)) => (1, error),
        Err(Failure::Input(error)) => (2, error),
        Err(Failure::Network(error)) => (3, error),
    };
    // Whoever reads our output has seen enough (`mtkit … | head`): that is no failure.
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    eprintln!("mtkit: {error:#}");
    ExitCode::from(code)
}

/// Writes a result to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
