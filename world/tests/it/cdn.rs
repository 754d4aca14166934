//! Files from a CDN that is not trusted.

use aes::Aes256;
use cipher::{KeyIvInit, StreamCipher};
use sha2::{Digest, Sha256};
use tl_parser::Object;
use world::{CdnDc, WorldConfig};

use crate::driver::{ALICE, BOB, Client, Stage, config, objects};
use crate::files::sent_document;

const CDN: i32 = 203;
const PIECE: usize = 128 * 1024;

fn stage() -> Stage {
    Stage::with(WorldConfig {
        cdns: vec![CdnDc {
            id: CDN,
            public_key: "-----BEGIN RSA PUBLIC KEY-----".into(),
        }],
        cdn_files_from: 1000,
        ..config(7)
    })
}

fn get_file(document: &Object, offset: i64) -> Object {
    let location = Object::new("inputDocumentFileLocation")
        .with("id", document.long("id").unwrap())
        .with("access_hash", document.long("access_hash").unwrap())
        .with("file_reference", document.bytes("file_reference").unwrap())
        .with("thumb_size", "");
    Object::new("upload.getFile")
        .with("location", location)
        .with("offset", offset)
        .with("limit", 512 * 1024)
}

fn get_cdn_file(token: &[u8], offset: i64) -> Object {
    Object::new("upload.getCdnFile")
        .with("file_token", token)
        .with("offset", offset)
        .with("limit", 512 * 1024)
}

/// Decrypts as clients do: the place of the piece stands in the last four bytes of the counter.
fn decrypt(redirect: &Object, offset: u32, bytes: &[u8]) -> Vec<u8> {
    let key: [u8; 32] = redirect
        .bytes("encryption_key")
        .unwrap()
        .try_into()
        .unwrap();
    let mut iv: [u8; 16] = redirect.bytes("encryption_iv").unwrap().try_into().unwrap();
    iv[12..].copy_from_slice(&(offset / 16).to_be_bytes());
    let mut bytes = bytes.to_vec();
    ctr::Ctr128BE::<Aes256>::new(&key.into(), &iv.into()).apply_keystream(&mut bytes);
    bytes
}

#[test]
fn a_file_is_redirected_reuploaded_decrypted_and_checked() {
    let mut stage = stage();
    let alice = stage.log_in(ALICE);
    let content: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let document = sent_document(&mut stage, alice, &content);
    let plain = stage.ok(alice, get_file(&document, 0));
    assert_eq!(
        plain.name(),
        "upload.file",
        "only clients that can are sent away"
    );

    let ask = get_file(&document, 0).with("cdn_supported", true);
    let redirect = stage.ok(alice, ask);
    assert_eq!(redirect.name(), "upload.fileCdnRedirect");
    assert_eq!(redirect.int("dc_id"), Some(CDN));
    let token = redirect.bytes("file_token").unwrap().to_vec();

    let cdn = Client {
        dc: CDN,
        ..stage.client()
    };
    let needed = stage.ok(cdn, get_cdn_file(&token, 0));
    assert_eq!(needed.name(), "upload.cdnFileReuploadNeeded");
    let reupload = |token: &[u8], wish: &[u8]| {
        Object::new("upload.reuploadCdnFile")
            .with("file_token", token)
            .with("request_token", wish)
    };
    assert_eq!(
        stage.error(alice, reupload(&token, b"invented")),
        "400 REQUEST_TOKEN_INVALID"
    );
    let wish = needed.bytes("request_token").unwrap();
    let hashes = stage.list(alice, reupload(&token, wish));
    assert_eq!(hashes.len(), 6, "700,000 bytes in pieces of 128 KiB");

    let mut loaded = Vec::new();
    for offset in [0, 512 * 1024] {
        let piece = stage.ok(cdn, get_cdn_file(&token, offset));
        let bytes = piece.bytes("bytes").unwrap();
        assert_ne!(bytes[..100], content[..100]);
        loaded.extend(decrypt(&redirect, u32::try_from(offset).unwrap(), bytes));
    }
    assert_eq!(loaded, content);

    let ask = Object::new("upload.getCdnFileHashes")
        .with("file_token", token)
        .with("offset", 128 * 1024_i64);
    let told = stage.list(alice, ask);
    assert_eq!(told.len(), 5);
    for (hash, piece) in told.iter().zip(loaded[PIECE..].chunks(PIECE)) {
        let hash = hash.as_object().unwrap();
        assert_eq!(hash.bytes("hash"), Some(&Sha256::digest(piece)[..]));
        assert_eq!(hash.int("limit"), i32::try_from(piece.len()).ok());
    }
}

#[test]
fn a_cdn_knows_nothing_but_pieces_of_files() {
    let mut stage = stage();
    let alice = stage.log_in(ALICE);
    let cdn = Client {
        dc: CDN,
        ..stage.client()
    };
    assert_eq!(
        stage.error(cdn, crate::driver::send_code(BOB)),
        "400 CDN_METHOD_INVALID"
    );
    assert_eq!(
        stage.error(cdn, get_cdn_file(b"invented", 0)),
        "400 FILE_TOKEN_INVALID"
    );
    assert_eq!(
        stage.error(alice, get_cdn_file(b"invented", 0)),
        "400 CDN_METHOD_INVALID",
        "and nobody else has pieces"
    );
    let config = stage.ok(alice, Object::new("help.getCdnConfig"));
    let key = objects(&config, "public_keys").remove(0);
    assert_eq!(key.int("dc_id"), Some(CDN));
    let small = sent_document(&mut stage, alice, &[1; 500]);
    let ask = get_file(&small, 0).with("cdn_supported", true);
    assert_eq!(stage.ok(alice, ask).name(), "upload.file");
}
