//! `docs/src/methods.md` is made from the table of functions and the sources of their handlers.
//!
//! `MTKIT_UPDATE=1 cargo test -p mtkit-world reference` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tl_parser::Layers;
use world::{Access, ERRORS};

use crate::driver::Stage;

/// A function of the sources: where it stands, and what its body names and calls.
struct Body {
    file: PathBuf,
    /// Whether it has a receiver.
    is_method: bool,
    words: BTreeSet<String>,
    calls: BTreeSet<Invocation>,
}

/// A call as it is written.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Invocation {
    name: String,
    /// The module in front of `::`.
    module: Option<String>,
    is_method: bool,
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c| !is_word(c)).map(str::to_owned).collect()
}

/// The word at the end of a text.
fn last_word(text: &str) -> &str {
    let start = text.trim_end_matches(is_word).len();
    &text[start..]
}

/// The calls of a body. Methods count where their receiver is the call, its state or a view of it, since others are not ours.
fn calls(text: &str) -> BTreeSet<Invocation> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('(') {
        let name = last_word(&text[..at]);
        let before = &text[..at - name.len()];
        let (module, is_method) = if let Some(path) = before.strip_suffix("::") {
            (Some(last_word(path).to_owned()), false)
        } else if let Some(receiver) = before.trim_end().strip_suffix('.') {
            let receiver = last_word(receiver.trim_end());
            if !["call", "self", "state", "view"].contains(&receiver) {
                continue;
            }
            (None, true)
        } else {
            (None, false)
        };
        if !name.is_empty() {
            found.insert(Invocation {
                name: name.to_owned(),
                module,
                is_method,
            });
        }
    }
    // A handler can be handed on by its name.
    for path in text.split(|c: char| !is_word(c) && c != ':') {
        if let Some((module, name)) = path.rsplit_once("::") {
            found.insert(Invocation {
                name: name.to_owned(),
                module: Some(last_word(module).to_owned()),
                is_method: false,
            });
        }
    }
    found
}

/// The functions of one file by name.
fn functions(file: &Path, text: &str) -> Vec<(String, Body)> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, _) in text.match_indices("fn ") {
        let rest = &text[at + 3..];
        let end = rest.find(['(', '<']).unwrap_or(0);
        let name = rest[..end].trim();
        let Some(open) = rest.find('{') else { continue };
        let mut depth = 0;
        let length = rest[open..].find(|c| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        let body = &rest[open..open + length.unwrap_or(0)];
        let body = Body {
            file: file.to_owned(),
            is_method: rest[..open].contains("self"),
            words: words(body),
            calls: calls(body),
        };
        found.push((name.to_owned(), body));
    }
    found
}

/// The errors that a handler and everything it calls can name.
///
/// A name that several files define is looked up in the module before `::`, or in the file of its caller; otherwise it is passed over.
fn errors(start: &Body, all: &BTreeMap<String, Vec<Body>>) -> BTreeSet<String> {
    let mut errors = BTreeSet::new();
    let mut seen: BTreeSet<(PathBuf, String)> = BTreeSet::new();
    let mut open: Vec<&Body> = vec![start];
    while let Some(body) = open.pop() {
        for word in &body.words {
            if ERRORS.iter().any(|(_, kind)| kind == word) {
                errors.insert(word.clone());
            }
        }
        if body.words.contains("flood_wait") {
            errors.insert("FLOOD_WAIT_X".into());
        }
        if body.words.contains("SLOWMODE_WAIT_") {
            errors.insert("SLOWMODE_WAIT_X".into());
        }
        for call in &body.calls {
            let Some(bodies) = all.get(&call.name) else {
                continue;
            };
            let fitting = bodies
                .iter()
                .filter(|other| other.is_method == call.is_method);
            let fitting: Vec<&Body> = fitting.collect();
            let local = fitting.iter().find(|other| other.file == body.file);
            let chosen = match (&call.module, fitting.as_slice()) {
                (Some(module), _) => fitting.iter().find(|other| {
                    other
                        .file
                        .file_stem()
                        .is_some_and(|stem| stem == module.as_str())
                }),
                (None, [only]) => Some(only),
                (None, _) => local,
            };
            if let Some(chosen) = chosen
                && seen.insert((chosen.file.clone(), call.name.clone()))
            {
                open.push(chosen);
            }
        }
    }
    errors
}

/// The handler that stands in the row of a function.
fn handler<'a>(
    function: &str,
    texts: &[(PathBuf, String)],
    all: &'a BTreeMap<String, Vec<Body>>,
) -> Option<&'a Body> {
    let quoted = format!("\"{function}\"");
    let (file, text) = texts.iter().find(|(_, text)| {
        text.contains(&format!("Method::new({quoted}"))
            || text
                .split("Method::new(")
                .skip(1)
                .any(|row| row.trim_start().starts_with(&quoted))
    })?;
    let row = text.split("Method::new(").skip(1);
    let row = row
        .map(str::trim_start)
        .find(|row| row.starts_with(&quoted))?;
    let row = row.split(')').next()?;
    let path = row
        .rsplit(',')
        .map(str::trim)
        .find(|part| !part.is_empty())?;
    let (module, name) = path.rsplit_once("::").unwrap_or(("", path));
    let bodies = all.get(name)?;
    let module = module.rsplit("::").next().unwrap_or_default();
    bodies.iter().find(|body| match module {
        "" => body.file == *file,
        _ => body.file.file_stem().is_some_and(|stem| stem == module),
    })
}

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let texts: Vec<(PathBuf, String)> = files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            (file, text)
        })
        .collect();
    let mut all: BTreeMap<String, Vec<Body>> = BTreeMap::new();
    for (file, text) in &texts {
        for (name, body) in functions(file, text) {
            all.entry(name).or_default().push(body);
        }
    }
    let layers = Layers::bundled();
    let schema = layers.at(layers.newest()).schema;
    let stage = Stage::new();
    let methods: Vec<_> = stage.world.methods().collect();
    let declared = schema.functions().count();
    let mut page = format!(
        "# Functions of the world\n\n\
         <!-- Made by world/tests/it/reference.rs; `MTKIT_UPDATE=1 cargo test -p mtkit-world reference` writes it anew. -->\n\n\
         The server answers {} of the {declared} functions of layer {}, the wrappers aside.\n\
         Every other function is answered with `400 METHOD_NOT_IMPLEMENTED`, which is ours, and named in the log.\n\n\
         Any call can end in `AUTH_KEY_UNREGISTERED`, `SESSION_REVOKED`, `SESSION_PASSWORD_NEEDED`, `AUTH_KEY_DUPLICATED`, `USER_DEACTIVATED`, `USER_DEACTIVATED_BAN`, `FROZEN_METHOD_INVALID`, `BOT_METHOD_INVALID`, `USER_BOT_REQUIRED`, `CONNECTION_API_ID_INVALID`, `CDN_METHOD_INVALID`, `USER_MIGRATE_X`, `FLOOD_WAIT_X` or `INPUT_FETCH_FAIL`; these are not repeated below.\n\
         The last column is read from the sources: the errors that a handler and what it calls can name.\n",
        methods.len(),
        layers.newest(),
    );
    let general = [
        "AUTH_KEY_UNREGISTERED",
        "INPUT_FETCH_FAIL",
        "METHOD_NOT_IMPLEMENTED",
    ];
    let mut space = "";
    for (name, access) in &methods {
        let (namespace, _) = name.split_once('.').unwrap();
        if namespace != space {
            space = namespace;
            let _ = write!(
                page,
                "\n## {namespace}\n\n| function | for | gives | errors of its own |\n|---|---|---|---|\n"
            );
        }
        let who = match access {
            Access::Anyone => "keys without a login too",
            Access::Everybody => "people and bots",
            Access::People => "people",
            Access::Bots => "bots",
        };
        let gives = schema.by_name(name).unwrap().result_type();
        let body = handler(name, &texts, &all);
        let errors = body.map(|body| errors(body, &all)).unwrap_or_default();
        let errors: Vec<String> = errors
            .into_iter()
            .filter(|error| !general.contains(&error.as_str()))
            .map(|error| format!("`{error}`"))
            .collect();
        let _ = writeln!(
            page,
            "| `{name}` | {who} | `{gives}` | {} |",
            errors.join(", ")
        );
    }
    page
}

#[test]
fn the_reference_of_functions_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/methods.md");
    let page = page();
    if std::env::var_os("MTKIT_UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/src/methods.md is out of step; MTKIT_UPDATE=1 cargo test -p mtkit-world reference writes it anew"
    );
    for (function, error) in [
        ("messages.sendMessage", "SCHEDULE_DATE_TOO_LATE"),
        ("messages.acceptEncryption", "DH_G_A_INVALID"),
        ("auth.signIn", "PHONE_CODE_INVALID"),
        ("messages.setInlineBotResults", "RESULT_ID_DUPLICATE"),
    ] {
        let row = page
            .lines()
            .find(|line| line.contains(&format!("`{function}`")));
        assert!(row.unwrap().contains(error), "{function}: {row:?}");
    }
}
