//! `docs/protocol-coverage.md`: each rule of the registry, the file that keeps it, and the tests named after it.
//!
//! The page is written from the registry and from the names of tests, and compared with what is committed.
//! `MTKIT_UPDATE=1 cargo test -p mtproto-core --test it protocol_coverage` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mtproto_core::rules::{self, Keeper, Level, Role, Rule};

const UPDATE: &str = "MTKIT_UPDATE=1 cargo test -p mtproto-core --test it protocol_coverage";

/// The crates whose tests show that a rule is kept. The inspector's judge captures, which is another matter.
const CRATES: [&str; 8] = [
    "mtproto-core",
    "tl-parser",
    "client",
    "world",
    "mock-server",
    "conformance",
    "testkit",
    "mtkit",
];

/// Names of the areas, in the order of the registry.
const AREAS: [&str; 12] = [
    "Transports",
    "Key exchange",
    "Encrypted messages",
    "Sessions",
    "Service messages",
    "Queries",
    "Temporary keys",
    "CDN",
    "Password",
    "Files",
    "Secret chats",
    "Reading TL",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of functions that stand under a `test` attribute.
fn tests_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
            continue;
        }
        let signature = line.strip_prefix("async ").unwrap_or(line);
        if is_test && let Some(rest) = signature.strip_prefix("fn ") {
            found.extend(rest.split('(').next().map(str::to_owned));
        }
        // Between the attribute and its function stand comments alone.
        is_test &= line.starts_with("//");
    }
    found
}

/// The rules that a test is named after: `se_16_se_17_client_closes` names two.
fn rules_named_by(test: &str) -> Vec<&'static Rule> {
    let mut found = Vec::new();
    let mut rest = test;
    while let Some(rule) = rest.get(..5).and_then(rules::find) {
        let Some(after) = rest.get(5..).and_then(|after| after.strip_prefix('_')) else {
            break;
        };
        found.push(rule);
        rest = after.strip_prefix("and_").unwrap_or(after);
    }
    found
}

/// The tests of each rule, by its name; those of other crates with the crate in front.
fn tests_by_rule() -> BTreeMap<&'static str, Vec<String>> {
    let mut tests: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for name in CRATES {
        let mut files = Vec::new();
        for part in ["src", "tests"] {
            rust_files(&root().join(name).join(part), &mut files);
        }
        assert!(!files.is_empty(), "{name} has no sources");
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file is text");
            for test in tests_in(&text) {
                for rule in rules_named_by(&test) {
                    let is_core = name == "mtproto-core";
                    if is_core || matches!(rule.keeper, Keeper::Elsewhere(_)) {
                        let place = if is_core { "" } else { name };
                        let separator = if is_core { "" } else { ": " };
                        let entry = format!("{place}{separator}`{test}`");
                        tests.entry(rule.id).or_default().push(entry);
                    }
                }
            }
        }
    }
    for names in tests.values_mut() {
        names.sort();
        names.dedup();
    }
    tests
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Expected => "expected",
        Level::Recommended => "recommended",
        Level::Documented => "documented",
        Level::Paper => "paper",
        Level::GoodPractice => "good practice",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
        Role::Both => "both",
    }
}

fn page(tests: &BTreeMap<&'static str, Vec<String>>) -> String {
    let is_core = |rule: &&Rule| matches!(rule.keeper, Keeper::Core(_));
    let kept = rules::all().filter(is_core).count();
    let normative = rules::all().filter(is_core);
    let normative = normative.filter(|rule| rule.level.is_normative()).count();
    let shown = rules::all().filter(is_core);
    let shown = shown.filter(|rule| tests.contains_key(rule.id)).count();
    let mut page = String::from("# Protocol coverage\n\n");
    let all = rules::all().count();
    let _ = write!(
        page,
        "Every rule of the registry `mtproto_core::rules`, where the core keeps it, and the tests named after it.\n\
         Of {all} rules the core keeps {kept}, {normative} of them normative (must, expected); {shown} have tests.\n\
         The others are kept outside the core, with the reason in the place of the file.\n\
         \n\
         This page is generated; `{UPDATE}` writes it anew, and the same test without the variable compares.\n\
         Files are below `mtproto-core/src/`.\n"
    );
    assert_eq!(AREAS.len(), rules::AREAS.len());
    for (name, area) in AREAS.iter().zip(rules::AREAS) {
        let _ = write!(
            page,
            "\n## {name}\n\n| rule | level | role | what it asks | kept by | tests |\n|---|---|---|---|---|---|\n"
        );
        for rule in *area {
            let keeper = match rule.keeper {
                Keeper::Core(file) => format!("`{file}`"),
                Keeper::Elsewhere(reason) => reason.to_owned(),
            };
            let tests = tests.get(rule.id).map(|names| names.join(", "));
            let _ = writeln!(
                page,
                "| [{}]({}) | {} | {} | {} | {keeper} | {} |",
                rule.id,
                rule.section,
                level(rule.level),
                role(rule.role),
                rule.sentence,
                tests.unwrap_or_default(),
            );
        }
    }
    page
}

#[test]
fn the_page_is_what_registry_and_tests_say() {
    let path = root().join("docs/protocol-coverage.md");
    let wanted = page(&tests_by_rule());
    if std::env::var_os("MTKIT_UPDATE").is_some() {
        fs::write(&path, &wanted).expect("the page can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = found
        .lines()
        .zip(wanted.lines())
        .find(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "docs/protocol-coverage.md is out of date ({differs:?}); run {UPDATE}"
    );
}

#[test]
fn every_normative_rule_that_the_core_keeps_has_a_test() {
    let tests = tests_by_rule();
    let without: Vec<&str> = rules::all()
        .filter(|rule| rule.level.is_normative())
        .filter(|rule| matches!(rule.keeper, Keeper::Core(_)))
        .map(|rule| rule.id)
        .filter(|id| !tests.contains_key(id))
        .collect();
    assert!(
        without.is_empty(),
        "no test begins with the name of {without:?}"
    );
}

#[test]
fn every_rule_names_a_file_that_exists_or_a_reason() {
    for rule in rules::all() {
        match rule.keeper {
            Keeper::Core(file) => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
                assert!(path.is_file(), "{}: {file} is no file", rule.id);
            }
            Keeper::Elsewhere(reason) => {
                let (who, why) = reason.split_once(": ").unwrap_or_default();
                assert!(!who.is_empty() && why.len() > 5, "{}: {reason}", rule.id);
            }
        }
    }
}

#[test]
fn names_of_tests_are_read_as_they_are_meant() {
    let text = "#[test]\n#[cfg(unix)]\n/// Why.\nfn hs_23_a_test() {\nfn helper() {\n#[tokio::test]\nasync fn two() {";
    assert_eq!(tests_in(text), ["hs_23_a_test", "two"]);
    let ids = |test| -> Vec<&str> { rules_named_by(test).iter().map(|rule| rule.id).collect() };
    assert_eq!(ids("se_16_se_17_client_closes"), ["se_16", "se_17"]);
    assert_eq!(ids("se_01_and_se_04_parity"), ["se_01", "se_04"]);
    assert_eq!(ids("to_256_bytes"), [""; 0]);
    assert_eq!(ids("hs_99_no_such_rule"), [""; 0]);
}
