//! `mtkit tl` as a person uses it.

use std::fs;

use serde_json::Value as Json;

use crate::command::{Folder, mtkit, text};

#[track_caller]
fn prints(arguments: &[&str], expected: &str) {
    let output = mtkit(["tl"].iter().chain(arguments));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn ids_are_computed_from_declarations() {
    prints(&["id", "ping ping_id:long = Pong"], "7abe77ec\n");
}

#[test]
fn objects_are_decoded_and_encoded() {
    prints(
        &["decode", "ec77be7a 0700000000000000"],
        "ping\n  ping_id: 7\n",
    );
    prints(
        &["encode", r#"{"_":"ping","ping_id":"7"}"#],
        "ec77be7a0700000000000000\n",
    );
    let hex = mtkit([
        "tl",
        "encode",
        r#"{"_":"inputPeerUser","user_id":"9007199254740993","access_hash":"-1"}"#,
    ]);
    let hex = text(&hex.stdout);
    let json = mtkit(["tl", "decode", "--json", hex.trim()]);
    let json: Json = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["user_id"], "9007199254740993");
}

#[test]
fn what_cannot_be_decoded_is_named_with_its_place() {
    let output = mtkit(["tl", "decode", "ec77be7a0700"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("at byte 4 in ping.ping_id"), "{message}");
    let output = mtkit(["tl", "decode", "efbeadde"]);
    assert!(text(&output.stderr).contains("#deadbeef"));
}

#[test]
fn schema_files_are_checked_with_line_column_and_caret() {
    let folder = Folder::new("tl_check");
    let file = folder.file("bad.tl");
    fs::write(&file, "good#7abe77ec ping_id:long = Pong;\nfoo x: = ;\n").expect("a file");
    let output = mtkit(["tl".as_ref(), "check".as_ref(), file.as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    assert!(report.contains("bad.tl:1:1: warning"), "{report}");
    assert!(
        report.contains("bad.tl:2:8: error") && report.contains("       ^\n"),
        "{report}"
    );
    assert!(report.contains("2 problems"), "{report}");
}

#[test]
fn the_bundled_schemas_have_no_problems() {
    let schemas = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tl-parser/schemas/mtproto.tl"
    );
    let output = mtkit(["tl", "check", schemas]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_difference_of_layers_is_readable_by_people_and_programs() {
    let output = mtkit(["tl", "diff", "229", "230"]);
    let report = text(&output.stdout);
    let last = report.lines().last().expect("a last line");
    assert!(last.starts_with("layer 229 to 230: "), "{last}");
    let output = mtkit(["tl", "diff", "229", "230", "--json"]);
    let json: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["v"], 1);
    let added = json["added"].as_array().expect("a list").len();
    assert!(
        added > 0 && last.contains(&format!("{added} added")),
        "{last}"
    );
    assert_eq!(
        report.lines().filter(|line| line.starts_with("+ ")).count(),
        added
    );
}

#[test]
fn the_history_of_a_name_spans_the_layers() {
    let output = mtkit(["tl", "doc", "auth.sendCode"]);
    let history = text(&output.stdout);
    assert!(history.lines().count() >= 4, "{history}");
    assert!(history.contains("auth.sendCode#a677244f"), "{history}");
    let by_id = mtkit(["tl", "doc", "#a677244f"]);
    assert_eq!(text(&by_id.stdout), history);
    let unknown = mtkit(["tl", "doc", "nobody.knowsThis"]);
    assert_eq!(unknown.status.code(), Some(2));
}
