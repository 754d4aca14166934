//! `mtkit session`: logins made by one process work at the server of another.

use client::{Client, ClientConfig};
use inspector::keys::session_string;
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::rsa::RsaPublicKey;
use tl_parser::Value;

use crate::command::{Folder, Serve, mtkit, text};

const STRINGS: [&str; 5] = ["telethon", "pyrogram", "kurigram", "gramjs", "mtcute"];

/// The string that the command prints.
fn session(form: &str, seed: &str, account: &str, server: &str) -> String {
    let output = mtkit([
        "session",
        "--for",
        form,
        "--seed",
        seed,
        "--account",
        account,
        "--server",
        server,
    ]);
    assert!(output.status.success(), "{form}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The first name of the account whose key this is.
fn first_name_of(serve: &Serve, key: AuthKey) -> String {
    let pem = serve.ready["rsa_public_key_pem"].as_str().expect("a key");
    let rsa = RsaPublicKey::from_pem(pem).expect("a public key");
    let address = serve.address().parse().expect("an address");
    let config = ClientConfig {
        auth_key: Some(key),
        ..ClientConfig::new(address, 2, rsa)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let client = Client::connect(config).await.expect("a connection");
        let own = Value::object("inputUserSelf");
        let request = Value::object("users.getUsers").with("id", Value::Vector(vec![own.into()]));
        let users = client.invoke(request).await.expect("the key is logged in");
        let users = users.as_vector().expect("users").to_vec();
        let user = users[0].as_object().expect("a user").clone();
        client.close().await;
        user.str("first_name").expect("a name").to_owned()
    })
}

#[test]
fn a_session_of_any_library_is_logged_in_at_the_server_of_the_same_seed() {
    let serve = Serve::start(["--seed", "31"]);
    let account = &serve.ready["accounts"][1];
    let phone = account["phone"].as_str().expect("a phone");
    let name = account["first_name"].as_str().expect("a name");
    for form in STRINGS {
        let printed = session(form, "31", phone, serve.address());
        let read = session_string::parse(&printed).expect("a session string");
        assert_eq!(first_name_of(&serve, read.key), name, "{form}");
    }
    let bot = serve.ready["bots"][0]["username"].as_str().expect("a bot");
    let printed = session("telethon", "31", bot, serve.address());
    let read = session_string::parse(&printed).expect("a session string");
    assert_eq!(first_name_of(&serve, read.key), "mtkit bot");
}

#[test]
fn a_server_without_a_seed_tells_the_one_it_drew() {
    let serve = Serve::start([] as [&str; 0]);
    let seed = serve.ready["seed"].as_u64().expect("a seed").to_string();
    let phone = serve.ready["accounts"][0]["phone"]
        .as_str()
        .expect("a phone");
    let printed = session("gramjs", &seed, phone, serve.address());
    let read = session_string::parse(&printed).expect("a session string");
    assert_eq!(first_name_of(&serve, read.key), "Alice");
}

#[test]
fn the_file_for_grammers_holds_address_and_login() {
    let folder = Folder::new("session_grammers");
    let file = folder.file("mtkit.session");
    let serve = Serve::start(["--seed", "32"]);
    let make = || {
        mtkit([
            "session".as_ref(),
            "--for".as_ref(),
            "grammers".as_ref(),
            "--seed".as_ref(),
            "32".as_ref(),
            "--server".as_ref(),
            serve.address().as_ref(),
            "-o".as_ref(),
            file.as_os_str(),
        ])
    };
    let output = make();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let database = rusqlite::Connection::open(&file).expect("a database");
    let version = database.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    assert_eq!(version.expect("a version"), 1);
    let home = database.query_row("SELECT dc_id FROM dc_home", [], |row| row.get::<_, i32>(0));
    let home = home.expect("a home");
    let option = "SELECT ipv4, auth_key FROM dc_option WHERE dc_id = ?1";
    let (address, key) = database
        .query_row(option, [home], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .expect("a DC");
    assert_eq!(address, serve.address());
    let key = AuthKey::new(key.try_into().expect("256 bytes"));
    assert_eq!(first_name_of(&serve, key), "Alice");
    // It may be somebody's login by now.
    let again = make();
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("exists"));
}

#[test]
fn what_is_missing_is_named() {
    for (arguments, word) in [
        (&["--for", "telethon", "--seed", "1"][..], "--server"),
        (&["--for", "pyrogram"], "--seed"),
        (
            &[
                "--for",
                "grammers",
                "--seed",
                "1",
                "--server",
                "127.0.0.1:1",
            ],
            "-o PATH",
        ),
        (&["--for", "tdesktop", "--seed", "1"], "-o PATH"),
        (
            &["--for", "pyrogram", "--seed", "1", "--account", "12345"],
            "+9996620001",
        ),
        (
            &[
                "--for",
                "gramjs",
                "--seed",
                "1",
                "--server",
                "127.0.0.1:40000",
            ],
            "32768",
        ),
    ] {
        let output = mtkit(["session"].iter().chain(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.contains(word), "{arguments:?}: {message}");
    }
}
