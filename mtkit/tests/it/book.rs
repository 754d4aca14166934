//! The commands of the book run, and print what the book says they print.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{Folder, MTKIT};

/// The `console` blocks of a page, each a list of lines.
fn blocks(page: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == "```console" {
            found.push(lines.by_ref().take_while(|line| *line != "```").collect());
        }
    }
    found
}

/// Whether `line` is what `pattern` says, where `…` stands for anything.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        open = true;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

#[test]
fn the_tutorial_does_what_it_says() {
    run_page("tutorial", 4);
}

#[test]
fn the_chapter_on_tl_does_what_it_says() {
    run_page("tl", 2);
}

#[test]
fn the_chapter_on_connecting_does_what_it_says() {
    run_page("connect", 2);
}

fn run_page(name: &str, least: usize) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/src/{name}.md"));
    let page = std::fs::read_to_string(page).expect("a page of the book");
    let blocks = blocks(&page);
    assert!(blocks.len() >= least, "only {} blocks found", blocks.len());

    // Blocks build on each other: one folder, one home for the command.
    let folder = Folder::new(&format!("page_{name}"));
    let bin = Path::new(MTKIT).parent().expect("a folder of binaries");
    let path = std::env::var("PATH").expect("a search path");
    for block in blocks {
        let script: Vec<&str> = block
            .iter()
            .filter_map(|line| line.strip_prefix("$ "))
            .collect();
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script.join("\n")])
            .current_dir(folder.path())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env_remove("MTPROTO_KEYLOGFILE")
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        let stdout = String::from_utf8(output.stdout).expect("the output is text");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{script:?} failed:\n{stdout}\n{stderr}"
        );
        let mut printed = stdout.lines();
        for expected in block
            .iter()
            .filter(|line| !line.starts_with("$ ") && !line.is_empty())
        {
            assert!(
                *expected == "…" || printed.any(|line| fits(expected, line)),
                "{script:?} does not print {expected:?}, in order, but\n{stdout}"
            );
        }
    }
}
