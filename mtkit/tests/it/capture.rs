//! `mtkit demo` and `mtkit inspect`: from a run to its decoded capture, and what happens to captures that are damaged.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::command::{Folder, mtkit, text};

/// A capture and its key log, as the demo makes them.
fn demo(folder: &Folder) {
    let output = mtkit(["demo".as_ref(), "--out".as_ref(), folder.path().as_os_str()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

fn rows(stdout: &[u8]) -> Vec<Json> {
    text(stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn inspect(arguments: &[&Path]) -> std::process::Output {
    let inspect = Path::new("inspect");
    mtkit(std::iter::once(&inspect).chain(arguments))
}

#[test]
fn the_demo_tells_its_story_and_decodes_all_of_it() {
    let output = mtkit(["demo"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let text = text(&output.stdout);
    for line in [
        "logged in with phone and code",
        "code and password",
        "live update",
        "bot      answered",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    let verdict = text.lines().last().expect("a last line");
    assert!(verdict.starts_with("verdict: "), "{verdict}");
    assert!(verdict.contains("bytes undecoded: 0"), "{verdict}");
}

#[test]
fn json_rows_account_for_every_byte() {
    let folder = Folder::new("json_rows");
    demo(&folder);
    let (capture, keys) = (folder.file("capture.pcapng"), folder.file("keys.log"));
    let output = inspect(&[&capture, Path::new("--keys"), &keys, Path::new("--json")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let rows = rows(&output.stdout);
    assert!(rows.iter().all(|row| row["v"] == 1));
    let summary = rows.last().expect("rows");
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["undecoded_bytes"], 0);
    let messages = rows.iter().filter(|row| row["kind"] == "msg").count();
    assert!(messages > 50, "{messages} messages");
}

#[test]
fn the_capture_carries_its_own_keys() {
    let folder = Folder::new("own_keys");
    demo(&folder);
    let output = inspect(&[&folder.file("capture.pcapng")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_truncated_capture_is_decoded_up_to_its_end_and_says_where_that_is() {
    let folder = Folder::new("truncated");
    demo(&folder);
    let whole = fs::read(folder.file("capture.pcapng")).expect("the capture");
    let cut = folder.file("cut.pcapng");
    fs::write(&cut, &whole[..whole.len() / 2 + 1]).expect("half a capture");
    let output = inspect(&[&cut, Path::new("--json")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let rows = rows(&output.stdout);
    assert!(rows.iter().any(|row| row["kind"] == "msg"));
    let summary = rows.last().expect("rows");
    let said = summary["capture_error"]
        .as_str()
        .expect("the place of the cut");
    assert!(said.chars().any(|c| c.is_ascii_digit()), "{said}");
}

#[test]
fn a_missing_key_log_is_a_clear_error() {
    let folder = Folder::new("missing_keys");
    demo(&folder);
    let missing = folder.file("nobody.log");
    let output = inspect(&[
        &folder.file("capture.pcapng"),
        Path::new("--keys"),
        &missing,
    ]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("nobody.log"), "{message}");
}

#[test]
fn what_is_no_capture_and_no_key_log_is_named() {
    let folder = Folder::new("no_capture");
    let noise = folder.file("noise");
    fs::write(&noise, b"this is a letter to my grandmother, not a capture").expect("a file");
    let output = inspect(&[&noise]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("noise"));
    let output = inspect(&[&noise, Path::new("--keys"), &noise]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("noise: no keys: neither a key log"),
        "{message}"
    );
}

#[test]
fn findings_are_explained_by_their_word() {
    let explain = |arguments: &[&str]| mtkit(["explain"].iter().chain(arguments));
    let all = explain(&[]);
    assert_eq!(all.status.code(), Some(0));
    assert!(
        text(&all.stdout)
            .lines()
            .any(|line| line.starts_with("clock-offset "))
    );
    let one = explain(&["clock-offset"]);
    assert_eq!(one.status.code(), Some(0));
    assert!(text(&one.stdout).contains("**What to do.**"));
    let unknown = explain(&["clock"]);
    assert_eq!(unknown.status.code(), Some(2));
    let error = text(&unknown.stderr);
    assert!(
        error.contains("clock-offset") && error.contains("server-clock"),
        "{error}"
    );
}

#[test]
fn the_severity_of_a_failure_can_be_chosen() {
    let folder = Folder::new("fail_on");
    demo(&folder);
    let capture = folder.file("capture.pcapng");
    let json = inspect(&[&capture, Path::new("--json")]);
    let rows = rows(&json.stdout);
    let findings = &rows.last().expect("a summary")["findings"];
    let code = |severity: &str| {
        let output = inspect(&[&capture, Path::new("--fail-on"), Path::new(severity)]);
        output.status.code()
    };
    let notices = findings["notice"].as_u64().expect("a number");
    assert_eq!(code("notice"), Some(i32::from(notices > 0)));
    for severity in ["warning", "error", "never"] {
        assert_eq!(code(severity), Some(0));
    }
}
