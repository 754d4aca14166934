//! `mtkit explain`: the reference of a finding.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use inspector::explain::catalogue::{self, KINDS};

use crate::exit::{Ending, Failure};

/// Arguments of `mtkit explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArguments {
    /// The word of a finding, such as clock-offset; without it all are listed
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<Ending, Failure> {
    let text = match &arguments.id {
        None => KINDS
            .iter()
            .map(|kind| format!("{:<28}{}\n", kind.id, kind.meaning))
            .collect(),
        Some(id) => catalogue::find(id)
            .map(catalogue::Kind::reference)
            .ok_or_else(|| Failure::Input(unknown(id)))?,
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
        .map_err(Failure::Run)?;
    Ok(Ending::Done)
}

fn unknown(id: &str) -> anyhow::Error {
    let near: Vec<&str> = KINDS
        .iter()
        .map(|kind| kind.id)
        .filter(|known| known.split('-').any(|part| id.contains(part)))
        .collect();
    match near.as_slice() {
        [] => anyhow!("no finding is called {id:?}; `mtkit explain` lists them"),
        near => anyhow!(
            "no finding is called {id:?}; did you mean {}?",
            near.join(" or ")
        ),
    }
}
