//! `mtkit inspect`: from a capture to decoded messages.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use inspector::io::{Format, InspectError, Options, inspect_file};
use inspector::record::Severity;

use crate::exit::{Ending, Failure};

/// Arguments of `mtkit inspect`.
///
/// The exit code is 0 where everything was decoded and nothing is wrong, and 1 where bytes stayed undecoded or a finding
/// is at least what --fail-on says.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArguments {
    /// The capture, pcap or pcapng; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Keys to decrypt with: a key log, a session string in a file, or a library's session file; may be given several times
    #[arg(long = "keys", short = 'k', value_name = "KEYLOG")]
    keys: Vec<PathBuf>,
    /// Print JSON Lines instead of text
    #[arg(long)]
    json: bool,
    /// Print a table of methods with counts, errors and latencies instead of the messages
    #[arg(long)]
    stats: bool,
    /// The least severity of a finding for which the exit code is 1
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: FailOn,
    /// Show codes, passwords and keys instead of replacing them
    #[arg(long)]
    secrets: bool,
    /// Show long values to their end
    #[arg(long)]
    full: bool,
}

/// From which severity on findings count.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FailOn {
    Notice,
    Warning,
    Error,
    Never,
}

pub(crate) fn run(arguments: &InspectArguments) -> Result<Ending, Failure> {
    let options = Options {
        format: match (arguments.stats, arguments.json) {
            (false, false) => Format::Text,
            (false, true) => Format::Json,
            (true, false) => Format::Stats,
            (true, true) => Format::StatsJson,
        },
        secrets: arguments.secrets,
        full: arguments.full,
        colour: !arguments.json && colour(),
    };
    let mut stdout = io::stdout().lock();
    let summary =
        inspect_file(&arguments.file, &arguments.keys, options, &mut stdout).map_err(|error| {
            match error {
                InspectError::Write(_) => Failure::Run(error.into()),
                _ => Failure::Input(error.into()),
            }
        })?;
    stdout
        .flush()
        .context("cannot write to standard output")
        .map_err(Failure::Run)?;
    let severity = match arguments.fail_on {
        FailOn::Notice => Some(Severity::Notice),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Error => Some(Severity::Error),
        FailOn::Never => None,
    };
    let findings = severity.map_or(0, |severity| summary.findings_from(severity));
    if summary.is_complete() && findings == 0 {
        Ok(Ending::Done)
    } else {
        Ok(Ending::Findings)
    }
}

/// Whether standard output takes colours.
pub(crate) fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
