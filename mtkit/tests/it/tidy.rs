//! The rules of the tree: who may depend on whom, where `unsafe` may stand, how long a file may grow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The only arrows there are. A package that is not listed may depend on none of ours.
const ARROWS: &[(&str, &[&str])] = &[
    ("tl-parser", &[]),
    ("mtproto-core", &[]),
    ("testkit", &["mtproto-core"]),
    ("client", &["mtproto-core", "tl-parser"]),
    ("world", &["tl-parser"]),
    ("mock-server", &["mtproto-core", "tl-parser", "world"]),
    ("inspector", &["mtproto-core", "tl-parser"]),
    ("conformance", &["mtproto-core", "tl-parser", "mock-server"]),
];

/// Nothing may depend on these.
const LEAVES: &[&str] = &["mtkit", "fuzz", "benches"];

/// Crates that only see time, randomness, files and sockets as arguments.
const PURE: &[&str] = &["tl-parser", "mtproto-core", "world"];

/// The longest file, in lines before its tests.
const MAX_LINES: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the binary's folder is inside the workspace")
        .to_path_buf()
}

/// Folder name of each workspace package, with the folders of ours that it depends on (not for its tests).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata answers");
    let folder = |manifest: &Path| {
        let folder = manifest.parent().and_then(Path::file_name);
        folder
            .expect("a manifest stands in a folder")
            .to_string_lossy()
            .into_owned()
    };
    metadata
        .packages
        .iter()
        .map(|package| {
            let ours = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .filter_map(|dependency| dependency.path.as_ref()?.file_name().map(str::to_owned))
                .collect();
            (folder(package.manifest_path.as_std_path()), ours)
        })
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    rust_files(&root(), &mut found);
    assert!(
        found.len() >= 10,
        "the walk found only {} files",
        found.len()
    );
    found
}

#[test]
fn dependency_arrows_point_one_way() {
    let seen = dependencies();
    assert!(seen.contains_key("mtkit") && seen.len() >= ARROWS.len());
    for (package, ours) in &seen {
        if LEAVES.contains(&package.as_str()) {
            let leaf = LEAVES.iter().find(|leaf| ours.contains(**leaf));
            assert_eq!(
                leaf, None,
                "{package} depends on what nothing may depend on"
            );
            continue;
        }
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| name == package)
            .unwrap_or_else(|| {
                panic!("{package} is new: give it its arrows here and in docs/src/architecture.md")
            });
        for dependency in ours {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{package} depends on {dependency}; allowed: {allowed:?}"
            );
        }
    }
}

#[test]
fn pure_crates_depend_on_no_runtime() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata answers");
    let mut checked = 0;
    for package in &metadata.packages {
        let folder = package
            .manifest_path
            .parent()
            .and_then(|path| path.file_name());
        if !folder.is_some_and(|folder| PURE.contains(&folder)) {
            continue;
        }
        checked += 1;
        for dependency in &package.dependencies {
            let drives = ["tokio", "mio", "socket2", "getrandom", "libc"]
                .contains(&dependency.name.as_str());
            assert!(
                !drives || dependency.kind == DependencyKind::Development,
                "{} is pure and must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
    assert_eq!(checked, PURE.len());
}

#[test]
fn unsafe_stands_only_in_the_crypto_kernels() {
    let kernels = root().join("mtproto-core/src/crypto/kernels");
    // Part of no library: a program without the standard library has to bring an allocator.
    let proof = root().join("mtproto-core/no-std-proof");
    for path in all_rust_files() {
        // A fuzz binary's entry point is unsafe inside the engine's macro, not in our text.
        if path.starts_with(&kernels) || path.starts_with(&proof) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file is text");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let uses = code.contains(concat!("uns", "afe {"))
                || code.contains(concat!("uns", "afe fn"))
                || code.contains(concat!("uns", "afe impl"));
            assert!(!uses, "{}:{}: {}", path.display(), number + 1, line.trim());
        }
    }
}

#[test]
fn every_crate_but_the_core_forbids_unsafe() {
    for folder in dependencies()
        .keys()
        .filter(|folder| *folder != "mtproto-core")
    {
        let source = root().join(folder).join("src");
        let file = ["lib.rs", "main.rs"]
            .map(|name| source.join(name))
            .into_iter()
            .find(|file| file.exists())
            .unwrap_or_else(|| panic!("{folder} has no root file"));
        let text = fs::read_to_string(&file).expect("a source file is text");
        assert!(
            text.contains("#![forbid(unsafe_code)]"),
            "{} must forbid unsafe code",
            file.display()
        );
    }
}

#[test]
fn no_file_grows_past_its_limit() {
    for path in all_rust_files() {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        assert!(
            lines <= MAX_LINES,
            "{}: {lines} lines before its tests",
            path.display()
        );
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace manifest");
    let reasons =
        fs::read_to_string(root().join("docs/dependencies.md")).expect("docs/dependencies.md");
    let table = manifest
        .split("[workspace.dependencies]")
        .nth(1)
        .expect("the table of dependencies");
    let table = table.split("\n[").next().expect("its end");
    let names: Vec<&str> = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("path ="))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim())
        .collect();
    assert!(names.len() > 10, "only {} dependencies found", names.len());
    for name in &names {
        assert!(
            reasons.contains(&format!("| `{name}` |")),
            "docs/dependencies.md has no row for {name}"
        );
    }
    for row in reasons.lines().filter_map(|line| line.strip_prefix("| `")) {
        let name = row.split('`').next().unwrap_or_default();
        assert!(
            names.contains(&name),
            "docs/dependencies.md explains {name}, which nobody uses"
        );
    }
}

/// Sleeping hides a race and slows every run; tests here wait for events.
#[test]
fn no_test_sleeps_or_is_ignored() {
    for path in all_rust_files() {
        if path.ends_with("tidy.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file is text");
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(
                !line.trim_start().starts_with("#[ignore"),
                "{place}: an ignored test"
            );
            assert!(
                !(is_test && line.contains("sleep(")),
                "{place}: a sleep in a test"
            );
        }
    }
}
