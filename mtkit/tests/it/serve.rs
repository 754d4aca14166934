//! `mtkit serve` as its users start and end it.

use std::process::Command;

use crate::command::{Folder, Serve, mtkit, text};

#[test]
fn the_ready_line_says_everything_a_client_needs() {
    let folder = Folder::new("ready_line");
    let keylog = folder.file("keys.log");
    let capture = folder.file("capture.pcapng");
    let serve = Serve::start([
        "--seed".as_ref(),
        "7".as_ref(),
        "--keylog".as_ref(),
        keylog.as_os_str(),
        "--capture".as_ref(),
        capture.as_os_str(),
    ]);
    let ready = &serve.ready;
    assert_eq!(ready["v"], 1);
    assert_eq!(ready["ready"], true);
    let (host, port) = serve.address().rsplit_once(':').expect("host:port");
    assert_eq!(host, "127.0.0.1");
    let port: u16 = port.parse().expect("a port");
    assert!((20_000..30_000).contains(&port), "port {port}");
    assert!((1..=5).contains(&ready["dc"].as_i64().expect("a number")));
    let pem = ready["rsa_public_key_pem"].as_str().expect("a key");
    assert!(pem.starts_with("-----BEGIN RSA PUBLIC KEY-----"));
    assert_eq!(ready["rsa_fingerprint"].as_str().map(str::len), Some(16));
    assert_eq!(ready["keylog"].as_str(), keylog.to_str());
    assert_eq!(ready["capture"].as_str(), capture.to_str());

    let accounts = ready["accounts"].as_array().expect("accounts");
    let digit = accounts[0]["phone"].as_str().expect("a phone")[5..6].to_owned();
    for account in accounts {
        let phone = account["phone"].as_str().expect("a phone");
        assert!(phone.len() == 10 && phone.starts_with("99966"), "{phone}");
        assert_eq!(phone[5..6], digit, "all numbers share one digit");
        assert_eq!(account["code"].as_str(), Some(&*digit.repeat(5)));
        assert!(account["first_name"].is_string() && account["username"].is_string());
    }
    let plain = accounts.iter().filter(|a| a["password"].is_null()).count();
    assert!(plain >= 2 && accounts.len() > plain);
    assert!(ready["bots"][0]["token"].is_string() && ready["bots"][0]["username"].is_string());
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let world = |seed| {
        let ready = Serve::start(["--seed", seed]).ready.clone();
        (ready["accounts"].clone(), ready["bots"].clone())
    };
    assert_eq!(world("3"), world("3"));
}

#[test]
fn it_ends_in_peace_when_standard_input_ends() {
    let mut serve = Serve::start([] as [&str; 0]);
    serve.close_stdin();
    assert_eq!(serve.wait(), Some(0));
}

#[test]
fn it_ends_in_peace_on_sigterm() {
    let mut serve = Serve::start([] as [&str; 0]);
    let process_id = serve.process_id().to_string();
    let sent = Command::new("kill").args(["-TERM", &process_id]).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(serve.wait(), Some(0));
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let serve = Serve::start([] as [&str; 0]);
    let port = serve.address().rsplit_once(':').expect("host:port").1;
    let second = mtkit(["serve", "--port", port]);
    assert_eq!(second.status.code(), Some(3));
    assert!(second.stdout.is_empty());
    let message = text(&second.stderr);
    assert!(message.contains(serve.address()), "{message}");
    assert!(message.contains("another port"), "{message}");
}

#[test]
fn a_capture_that_cannot_be_written_is_a_clear_error() {
    let output = mtkit(["serve", "--capture", "/nonexistent/folder/capture.pcapng"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("/nonexistent/folder/capture.pcapng"),
        "{message}"
    );
}

#[test]
fn the_overview_names_address_accounts_and_bots() {
    // Without --json, standard input at its end lets it start, print, and end.
    let output = mtkit(["serve", "--exit-on-stdin-close", "--seed", "1"]);
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output.stdout);
    for word in [
        "MTProto    127.0.0.1:2",
        "RSA key",
        "Alice",
        "code 22222",
        "password",
        "Bots",
        "Ready in",
    ] {
        assert!(text.contains(word), "no {word:?} in\n{text}");
    }
}
