//! `mtkit connect` and `mtkit patch-keys`: what points a client at a server.

use mtproto_core::crypto::rsa::RsaPublicKey;

use crate::command::{Folder, mtkit, text};

const CLIENTS: [&str; 10] = [
    "telethon", "pyrogram", "kurigram", "gramjs", "mtcute", "grammers", "gotd", "tdlib",
    "tdesktop", "proxy",
];

const OTHER_KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../mock-server/tests/it/other_key.pem"
);

#[test]
fn the_lines_hold_the_address_and_the_key_and_no_empty_place() {
    for client in CLIENTS {
        let print = |arguments: &[&str]| {
            let first = [
                "connect",
                client,
                "--server",
                "127.0.0.1:23456",
                "--dc",
                "4",
            ];
            let output = mtkit(first.iter().chain(arguments));
            assert!(
                output.status.success(),
                "{client}: {}",
                text(&output.stderr)
            );
            text(&output.stdout)
        };
        let lines = print(&[]);
        assert!(
            lines.contains("127.0.0.1") && lines.contains("23456"),
            "{lines}"
        );
        for place in [
            "{HOST}",
            "{PORT}",
            "{SERVER}",
            "{DC}",
            "{PEM}",
            "{N}",
            "{E}",
            "FINGERPRINT}",
            "{KEY_OPTION}",
        ] {
            assert!(!lines.contains(place), "{client}: {place}\n{lines}");
        }
        let other = print(&["--key", OTHER_KEY]);
        // A ready session needs no key.
        assert_eq!(lines == other, client == "grammers", "{client}");
    }
}

#[test]
fn the_fingerprint_and_the_numbers_are_those_of_the_published_key() {
    let output = mtkit(["connect", "pyrogram", "--server", "127.0.0.1:1"]);
    let lines = text(&output.stdout);
    assert!(
        lines.contains("server_public_keys[-7781068946372033311]"),
        "{lines}"
    );
    assert!(lines.contains("\"9b44e77bca6d503826"), "{lines}");
    assert!(lines.contains("65537"), "{lines}");
}

#[test]
fn a_file_that_is_no_key_is_a_clear_error() {
    let output = mtkit([
        "connect",
        "telethon",
        "--server",
        "127.0.0.1:1",
        "--key",
        "Cargo.toml",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("Cargo.toml is no RSA key"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_library_with_keys_gets_ours_in_a_copy() {
    let folder = Folder::new("patch_keys");
    let (library, copy) = (
        folder.file("libclient.so"),
        folder.file("libclient-mtkit.so"),
    );
    let theirs = RsaPublicKey::new(&[0xc1; 256], &[1, 0, 1]).expect("a modulus of 2048 bits");
    let code = [
        b"\x7fELF".as_slice(),
        &[0; 100],
        theirs.to_pem().as_bytes(),
        &[0; 50],
    ]
    .concat();
    let code = [code, theirs.to_pkcs1_der(), vec![0; 9]].concat();
    std::fs::write(&library, &code).expect("a library");
    let patch = |to: &std::path::Path| {
        mtkit([
            "patch-keys".as_ref(),
            library.as_os_str(),
            "-o".as_ref(),
            to.as_os_str(),
        ])
    };
    let output = patch(&copy);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(
        report.contains("2 keys replaced by 94041704e6ac04e1"),
        "{report}"
    );
    let old = format!("PEM at byte 134: was {:016x}", theirs.fingerprint());
    assert!(report.contains(&old), "{report}");

    let patched = std::fs::read(&copy).expect("the copy");
    assert_eq!(patched.len(), code.len());
    let ours = text(&mtkit(["connect", "proxy", "--server", "127.0.0.1:1"]).stdout);
    let begin = ours.find("-----BEGIN").expect("a key");
    let ours = ours[begin..].trim_end().as_bytes();
    assert!(patched.windows(ours.len()).any(|window| window == ours));
    assert_eq!(
        std::fs::read(&library).expect("the library"),
        code,
        "it is only read"
    );

    // In place, and without keys: nothing is written.
    assert_eq!(patch(&library).status.code(), Some(2));
    std::fs::write(&library, b"no key here").expect("a library");
    std::fs::remove_file(&copy).expect("the copy");
    let output = patch(&copy);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("no public RSA key"),
        "{}",
        text(&output.stderr)
    );
    assert!(!copy.exists());
}
