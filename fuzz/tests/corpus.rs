//! Replays the corpora, and keeps table, binaries and corpora in step.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn entries(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names() -> BTreeSet<String> {
    fuzz::TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect()
}

#[test]
fn every_corpus_runs_through_its_target() {
    for target in fuzz::TARGETS {
        let files = entries(&folder("corpus").join(target.name));
        assert!(!files.is_empty(), "{} has no corpus", target.name);
        for file in files {
            // A panic does not tell the input; this line, shown with it, does.
            eprintln!("{}", file.display());
            (target.run)(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn targets_binaries_and_corpora_are_the_same_set() {
    assert_eq!(
        names().len(),
        fuzz::TARGETS.len(),
        "a name stands twice in the table"
    );
    let stems = |path: &str| -> BTreeSet<String> {
        entries(&folder(path))
            .iter()
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(stems("fuzz_targets"), names());
    assert_eq!(stems("corpus"), names());
}

#[test]
fn every_target_has_its_binary_in_the_manifest() {
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for target in fuzz::TARGETS {
        let name = target.name;
        let entry = format!(
            "[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n\
             required-features = [\"libfuzzer\"]\ntest = false\ndoc = false\nbench = false\n"
        );
        assert!(
            manifest.contains(&entry),
            "{name} lacks this in Cargo.toml:\n{entry}"
        );
    }
}
