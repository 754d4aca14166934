//! `mtkit tl`: schemas and objects for people.

mod generate;
mod history;
mod language;
mod objects;

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use tl_parser::{Layers, Schema};

use crate::exit::{Ending, Failure};

/// Arguments of `mtkit tl`.
#[derive(Debug, clap::Args)]
pub(crate) struct TlArguments {
    #[command(subcommand)]
    command: TlCommand,
}

#[derive(Debug, Subcommand)]
enum TlCommand {
    /// List what is wrong with schema files
    Check {
        /// Schema files; - for standard input
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a schema file in its canonical form
    Print {
        /// The schema file; - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Compute the id of a declaration
    Id {
        /// The declaration, for example 'ping ping_id:long = Pong'
        #[arg(value_name = "DECLARATION")]
        declaration: String,
    },
    /// Show what changed between two layers
    Diff {
        /// The older layer
        #[arg(value_name = "FROM")]
        from: i32,
        /// The newer layer
        #[arg(value_name = "TO")]
        to: i32,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Decode one object or function call given in hexadecimal
    Decode {
        /// The bytes; white space is ignored; - reads them from standard input
        #[arg(value_name = "HEX")]
        hex: String,
        /// The API layer; without it the newest one that knows the object
        #[arg(long, value_name = "N")]
        layer: Option<i32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Encode one object given as JSON, and print hexadecimal
    Encode {
        /// The object, with its name in "_"; - reads it from standard input
        #[arg(value_name = "JSON")]
        json: String,
        /// The API layer; without it the newest one
        #[arg(long, value_name = "N")]
        layer: Option<i32>,
    },
    /// Show a combinator with its history over the layers
    Doc {
        /// Its name, for example auth.sendCode, or its id, for example #a677244f
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Write Rust types for a few functions, constructors and types, and what they need
    Gen(generate::GenArguments),
    /// List the bundled layers
    Layers,
}

pub(crate) fn run(arguments: &TlArguments) -> Result<Ending, Failure> {
    match &arguments.command {
        TlCommand::Check { files } => language::check(files),
        TlCommand::Print { file } => language::print(file),
        TlCommand::Id { declaration } => language::id(declaration),
        TlCommand::Diff { from, to, json } => history::diff(*from, *to, *json),
        TlCommand::Doc { name } => history::doc(name),
        TlCommand::Gen(arguments) => generate::run(arguments),
        TlCommand::Layers => history::layers(),
        TlCommand::Decode { hex, layer, json } => objects::decode(hex, *layer, *json),
        TlCommand::Encode { json, layer } => objects::encode(json, *layer),
    }
}

/// A layer that a person named; one that is not bundled is replaced by the nearest, and said.
fn layer(number: i32) -> &'static Schema {
    let at = Layers::bundled().at(number);
    if !at.exact {
        eprintln!("layer {number} is not bundled; layer {} is used", at.layer);
    }
    at.schema
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::Input)?;
    // A schema is ASCII; what is not shows up as a problem at its place.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An argument, or standard input in its place.
fn argument_or_stdin(argument: &str) -> Result<String, Failure> {
    if argument == "-" {
        read_text(Path::new("-"))
    } else {
        Ok(argument.to_owned())
    }
}

fn put(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
        .map_err(Failure::Run)
}
