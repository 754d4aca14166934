//! `mtkit demo`: server, clients and inspector, once, over real sockets.

mod story;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use inspector::io::{Options, inspect_file};
use mock_server::{MockServer, StartError};

use crate::exit::{Ending, Failure};
use crate::inspect;

/// A story that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `mtkit demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArguments {
    /// Seed of the world
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the capture and the key log in FOLDER
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &DemoArguments) -> Result<Ending, Failure> {
    let started = Instant::now();
    let temporary = tempfile::tempdir()
        .context("cannot make a temporary folder")
        .map_err(Failure::Run)?;
    let folder = match &arguments.out {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))
                .map_err(Failure::Input)?;
            folder.as_path()
        }
        None => temporary.path(),
    };
    let capture = folder.join("capture.pcapng");
    let keylog = folder.join("keys.log");
    // A key log is added to by nature; this one shall hold the keys of this run.
    if arguments.out.is_some() && keylog.exists() {
        std::fs::remove_file(&keylog)
            .with_context(|| format!("cannot replace {}", keylog.display()))
            .map_err(Failure::Input)?;
    }

    tell(arguments.seed, &capture, &keylog)?;
    blank_line()?;
    let mut stdout = io::stdout().lock();
    let options = Options {
        colour: inspect::colour(),
        ..Options::default()
    };
    let summary = inspect_file(
        &capture,
        std::slice::from_ref(&keylog),
        options,
        &mut stdout,
    )
    .context("the capture cannot be decoded")
    .map_err(Failure::Run)?;
    let undecoded = summary.undecoded + summary.bytes.undecoded();
    let verdict = format!(
        "\nverdict: {} messages decoded, bytes undecoded: {undecoded}, {} ms in all{}\n",
        summary.messages,
        started.elapsed().as_millis(),
        match &arguments.out {
            Some(folder) => format!("; kept in {}", folder.display()),
            None => "; --out FOLDER keeps capture and keys".to_owned(),
        },
    );
    stdout
        .write_all(verdict.as_bytes())
        .context("cannot write to standard output")
        .map_err(Failure::Run)?;
    if summary.is_complete() && summary.messages > 0 {
        Ok(Ending::Done)
    } else {
        Ok(Ending::Findings)
    }
}

/// Runs the story against a server of its own.
fn tell(seed: u64, capture: &Path, keylog: &Path) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .map_err(Failure::Run)?
        .block_on(async {
            let server = MockServer::builder()
                .seed(seed)
                .capture(capture)
                .keylog(keylog)
                .start()
                .await
                .map_err(|error| match error {
                    StartError::Bind { .. } => Failure::Network(error.into()),
                    _ => Failure::Input(error.into()),
                })?;
            let told = tokio::time::timeout(PATIENCE, story::tell(&server))
                .await
                .context("the story hangs")
                .and_then(|told| told)
                .map_err(Failure::Run);
            server.stop().await;
            told
        })
}

fn blank_line() -> Result<(), Failure> {
    writeln!(io::stdout())
        .context("cannot write to standard output")
        .map_err(Failure::Run)
}
