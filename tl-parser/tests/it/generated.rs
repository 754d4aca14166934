//! Generated Rust: one text for one input, in the form that rustfmt leaves alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tl_parser::generate::{Entry, Form, GenerateError, Recipe};
use tl_parser::{Combinator, Layers, Schema, mtproto, secret_chats};

fn newest() -> &'static Schema {
    let layers = Layers::bundled();
    layers.at(layers.newest()).schema
}

fn recipe(form: Form, only: &[&str], cut: &[&str]) -> Recipe {
    Recipe {
        form,
        only: only.iter().map(|name| Entry::from(*name)).collect(),
        cut: cut.iter().map(|name| (*name).to_owned()).collect(),
        ..Recipe::default()
    }
}

/// A folder of one test, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What rustfmt would change in these texts; nothing where there is no rustfmt.
fn misformatted(name: &str, texts: &[String]) -> String {
    let there = Command::new("rustfmt")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no rustfmt");
        return String::new();
    }
    let folder = Folder::new(name);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024", "--config-path"]);
    rustfmt.arg(root.join("rustfmt.toml"));
    for (number, text) in texts.iter().enumerate() {
        let file = folder.0.join(format!("{number}.rs"));
        fs::write(&file, text).unwrap();
        rustfmt.arg(file);
    }
    let output = rustfmt.output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let head: Vec<&str> = report.lines().take(60).collect();
    format!("{}{errors}", head.join("\n"))
}

#[test]
fn a_whole_layer_is_written_as_rustfmt_would() {
    let functions: Vec<&str> = newest().functions().map(Combinator::name).collect();
    let text = recipe(Form::Values, &functions, &[])
        .generate(newest(), "a test")
        .unwrap();
    assert!(text.lines().count() > 30_000, "{}", text.lines().count());
    // In parts, for a difference in a large file costs rustfmt a large table; and not all of them, for each costs time.
    let items: Vec<&str> = text.split("\n}\n\n").collect();
    let parts = items.chunks(200).map(|items| match items.join("\n}\n\n") {
        whole if whole.ends_with("}\n") => whole,
        cut => format!("{cut}\n}}\n"),
    });
    assert_eq!(
        misformatted("values", &parts.step_by(5).collect::<Vec<_>>()),
        ""
    );
}

#[test]
fn every_closure_in_the_wire_form_is_written_as_rustfmt_would() {
    let mut texts = Vec::new();
    for function in newest().functions().map(Combinator::name) {
        match recipe(Form::Wire, &[function], &["Updates"]).generate(newest(), "a test") {
            Ok(text) => texts.push(text),
            Err(GenerateError::Field { .. }) => {}
            Err(error) => panic!("{function}: {error}"),
        }
    }
    let all = texts.len();
    assert!(all > 200, "only {all}");
    // Most are alike, and the largest have it all.
    texts.sort_by_key(String::len);
    let some: Vec<String> = texts.into_iter().rev().step_by(20).collect();
    assert_eq!(misformatted("wire", &some), "");
}

#[test]
fn two_runs_give_the_same_bytes() {
    for form in [Form::Values, Form::Wire] {
        let only = ["auth.sendCode", "help.getConfig", "InputPeer"];
        let run = || {
            let recipe = recipe(form, &only, &["auth.SentCode"]);
            recipe.generate(newest(), "a test").unwrap()
        };
        assert_eq!(run(), run());
        // A schema that was built anew, from its own text.
        let (again, _) = Schema::parse(&newest().to_string());
        let other = recipe(form, &only, &["auth.SentCode"]).generate(&again, "a test");
        let (a, b) = (other.unwrap(), run());
        assert_eq!(a.lines().count(), b.lines().count());
    }
}

#[test]
fn names_that_are_not_there_come_with_near_ones() {
    let error = |only: &str, cut: &str| {
        let cut = (!cut.is_empty()).then_some(cut);
        let recipe = recipe(Form::Values, &[only], cut.as_slice());
        recipe.generate(newest(), "a test").unwrap_err().to_string()
    };
    assert!(error("auth.sendcode", "").contains("did you mean auth.sendCode"));
    assert!(error("getUsers", "").contains("users.getUsers"));
    assert!(error("users.getUsers", "Usr").contains("did you mean User"));
    assert!(!error("nothing.likeThisAtAll", "").contains("did you mean"));
    let nothing = recipe(Form::Values, &[], &[]).generate(newest(), "a test");
    assert_eq!(nothing, Err(GenerateError::NothingNamed));
}

#[test]
fn a_note_for_a_field_that_is_not_there_names_its_line() {
    let recipe = Recipe::parse("ping: A question.\n  pingid: A number.\n").unwrap();
    let error = recipe.generate(mtproto(), "a test").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: ping has no field \"pingid\"; did you mean ping_id?"
    );
}

#[test]
fn what_the_wire_form_cannot_read_is_refused_with_what_to_do() {
    let error = |only: &str, cut: &[&str]| {
        let recipe = recipe(Form::Wire, &[only], cut);
        recipe.generate(newest(), "a test").unwrap_err()
    };
    let message = error("channels.editTitle", &["InputChannel", "Updates"]).to_string();
    assert!(
        message.contains("channel: its end is not known"),
        "{message}"
    );
}

#[test]
fn conditional_fields_that_are_cut_and_not_last_are_left_out_and_said() {
    let recipe = recipe(
        Form::Wire,
        &["initConnection"],
        &["InputClientProxy", "JSONValue"],
    );
    let text = recipe.generate(newest(), "a test").unwrap();
    assert!(
        text.contains("Left out, and refused when read: `proxy`, `params`."),
        "{text}"
    );
    assert!(text.contains("pub query: &'a [u8],"), "{text}");
}

#[test]
fn the_service_schema_and_secret_chats_are_written_too() {
    let recipe_of = |form, schema: &Schema| {
        let names = schema.combinators().map(Combinator::name);
        let names: Vec<&str> = names
            .filter(|name| !["vector", "int128", "int256"].contains(name))
            .collect();
        recipe(form, &names, &[]).generate(schema, "a test")
    };
    let secret = secret_chats().at(144).schema;
    let text = recipe_of(Form::Values, secret).unwrap();
    assert!(text.contains("pub struct DecryptedMessage {"));
    assert_eq!(misformatted("others", &[text]), "");
}
