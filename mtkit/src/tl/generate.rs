//! Rust types for a few combinators.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use tl_parser::generate::{Entry, Form, Recipe, SchemaName};
use tl_parser::{Layers, Schema};

use super::{layer, put, read_text};
use crate::exit::{Ending, Failure};

/// Arguments of `mtkit tl gen`.
#[derive(Debug, clap::Args)]
pub(super) struct GenArguments {
    /// The functions, constructors and types wanted, with commas between
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        required_unless_present = "recipe"
    )]
    only: Vec<String>,
    /// Types that are not followed
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    cut: Vec<String>,
    /// What the types stand on
    #[arg(long, value_enum, default_value = "values")]
    form: FormName,
    /// The API layer; without it the newest one
    #[arg(long, value_name = "N", conflicts_with = "schema")]
    layer: Option<i32>,
    /// A schema of your own; - for standard input
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The path of the crate that the types stand on
    #[arg(long, value_name = "PATH")]
    runtime: Option<String>,
    /// All of this, and documentation, from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "cut", "form", "layer", "schema", "runtime"])]
    recipe: Option<PathBuf>,
    /// The file to write; without it standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FormName {
    /// tl-parser: conversions to and from its values, for every layer
    Values,
    /// mtproto-core: one layer, read and written without a schema
    Wire,
}

pub(super) fn run(arguments: &GenArguments) -> Result<Ending, Failure> {
    let text = match &arguments.recipe {
        Some(file) => from_recipe(file)?,
        None => from_arguments(arguments)?,
    };
    match &arguments.output {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write {}", file.display()))
            .map_err(Failure::Run)?,
        None => put(&text)?,
    }
    Ok(Ending::Done)
}

fn from_recipe(file: &Path) -> Result<String, Failure> {
    let wrong = |error| Failure::Input(anyhow!("{}: {error}", file.display()));
    let recipe = Recipe::parse(&read_text(file)?).map_err(wrong)?;
    let schema = match recipe.schema {
        Some(SchemaName::Api(number)) => layer(number),
        Some(name) => name.schema(),
        None => layer(Layers::bundled().newest()),
    };
    // The name alone: the text must not depend on where it was made.
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let command = format!("mtkit tl gen --recipe {name}");
    recipe.generate(schema, &command).map_err(wrong)
}

fn from_arguments(arguments: &GenArguments) -> Result<String, Failure> {
    let newest = Layers::bundled().newest();
    let number = arguments.layer.unwrap_or(newest);
    let mut command = String::from("mtkit tl gen");
    let loaded;
    let schema = match &arguments.schema {
        Some(file) => {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            command.push_str(&format!(" --schema {name}"));
            loaded = load(file)?;
            &loaded
        }
        None => {
            command.push_str(&format!(" --layer {number}"));
            layer(number)
        }
    };
    command.push_str(&format!(" --only {}", arguments.only.join(",")));
    if !arguments.cut.is_empty() {
        command.push_str(&format!(" --cut {}", arguments.cut.join(",")));
    }
    let form = match arguments.form {
        FormName::Values => Form::Values,
        FormName::Wire => {
            command.push_str(" --form wire");
            Form::Wire
        }
    };
    if let Some(runtime) = &arguments.runtime {
        command.push_str(&format!(" --runtime {runtime}"));
    }
    let recipe = Recipe {
        form,
        runtime: arguments.runtime.clone(),
        only: arguments
            .only
            .iter()
            .map(|name| Entry::from(name.as_str()))
            .collect(),
        cut: arguments.cut.clone(),
        ..Recipe::default()
    };
    recipe
        .generate(schema, &command)
        .map_err(|error| Failure::Input(anyhow!("{error}")))
}

fn load(file: &Path) -> Result<Schema, Failure> {
    let text = read_text(file)?;
    let (schema, problems) = Schema::parse(&text);
    let name = file.display().to_string();
    for problem in &problems {
        eprintln!("{}", problem.in_file(&name));
    }
    Ok(schema)
}
