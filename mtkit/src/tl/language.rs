//! Schema texts: what is wrong with them, their canonical form, ids.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use tl_parser::Schema;
use tl_parser::syntax;

use super::{put, read_text};
use crate::exit::{Ending, Failure};

pub(super) fn check(files: &[PathBuf]) -> Result<Ending, Failure> {
    let mut found = 0;
    for file in files {
        let text = read_text(file)?;
        let (schema, problems) = Schema::parse(&text);
        let name = file.display().to_string();
        let mut report = String::new();
        for problem in &problems {
            report.push_str(&format!("{}\n", problem.in_file(&name)));
        }
        report.push_str(&format!(
            "{name}: {} constructors, {} functions, {} problems\n",
            schema.constructors().count(),
            schema.functions().count(),
            problems.len()
        ));
        put(&report)?;
        found += problems.len();
    }
    Ok(if found == 0 {
        Ending::Done
    } else {
        Ending::Findings
    })
}

pub(super) fn print(file: &Path) -> Result<Ending, Failure> {
    let text = read_text(file)?;
    let (document, problems) = syntax::parse(&text);
    put(&document.to_string())?;
    let name = file.display().to_string();
    for problem in &problems {
        eprintln!("{}", problem.in_file(&name));
    }
    Ok(if problems.is_empty() {
        Ending::Done
    } else {
        Ending::Findings
    })
}

pub(super) fn id(declaration: &str) -> Result<Ending, Failure> {
    let parsed = syntax::parse_declaration(declaration)
        .map_err(|problem| Failure::Input(anyhow!("{}", problem.in_file("declaration"))))?;
    put(&format!("{:08x}\n", syntax::combinator_id(&parsed)))?;
    Ok(Ending::Done)
}
