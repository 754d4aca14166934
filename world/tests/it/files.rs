//! Files go up with one message and come down from another.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, BOB, Client, Stage, objects, to_self};

/// The smallest thing that counts as a PNG picture: its header.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes
}

/// Uploads bytes in parts and gives their `inputFile`.
pub(crate) fn upload(stage: &mut Stage, client: Client, bytes: &[u8], part: usize) -> Object {
    let file_id = stage.random();
    let mut parts = 0;
    for chunk in bytes.chunks(part) {
        let save = Object::new("upload.saveFilePart")
            .with("file_id", file_id)
            .with("file_part", parts)
            .with("bytes", chunk);
        stage.yes(client, save);
        parts += 1;
    }
    Object::new("inputFile")
        .with("id", file_id)
        .with("parts", parts)
        .with("name", "notes.txt")
        .with("md5_checksum", "")
}

fn send_media(peer: &Object, media: Object, random_id: i64) -> Object {
    Object::new("messages.sendMedia")
        .with("peer", peer.clone())
        .with("media", media)
        .with("message", "look")
        .with("random_id", random_id)
}

fn document(file: Object) -> Object {
    Object::new("inputMediaUploadedDocument")
        .with("file", file)
        .with("mime_type", "text/plain")
        .with("attributes", Vec::<Value>::new())
}

/// Sends a file to oneself and gives its `document`.
pub(crate) fn sent_document(stage: &mut Stage, client: Client, bytes: &[u8]) -> Object {
    let file = upload(stage, client, bytes, 1024);
    let random = stage.random();
    let reply = stage.ok(client, send_media(&to_self(), document(file), random));
    media(&reply).object("document").unwrap().clone()
}

/// The media of the message in an `updates`.
fn media(updates: &Object) -> Object {
    let update = objects(updates, "updates").pop().unwrap();
    let message = update.object("message").unwrap();
    message.object("media").unwrap().clone()
}

fn location(document: &Object) -> Object {
    Object::new("inputDocumentFileLocation")
        .with("id", document.long("id").unwrap())
        .with("access_hash", document.long("access_hash").unwrap())
        .with("file_reference", document.bytes("file_reference").unwrap())
        .with("thumb_size", "")
}

fn get_file(location: &Object, offset: i64, limit: i32) -> Object {
    Object::new("upload.getFile")
        .with("location", location.clone())
        .with("offset", offset)
        .with("limit", limit)
}

fn download(stage: &mut Stage, client: Client, location: &Object) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let offset = i64::try_from(bytes.len()).unwrap();
        let file = stage.ok(client, get_file(location, offset, 4096));
        let part = file.bytes("bytes").unwrap();
        if part.is_empty() {
            return bytes;
        }
        bytes.extend_from_slice(part);
        if part.len() < 4096 {
            return bytes;
        }
    }
}

#[test]
fn a_document_comes_back_byte_for_byte() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bytes: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0] ^ 0x5a).collect();
    let document = sent_document(&mut stage, alice, &bytes);
    assert_eq!(document.long("size"), Some(10_000));
    let name = objects(&document, "attributes").remove(0);
    assert_eq!(name.str("file_name"), Some("notes.txt"));
    assert_eq!(download(&mut stage, alice, &location(&document)), bytes);
}

#[test]
fn big_files_need_not_know_their_length() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let part = |number: i32, total: i32, bytes: Vec<u8>| {
        Object::new("upload.saveBigFilePart")
            .with("file_id", 5_i64)
            .with("file_part", number)
            .with("file_total_parts", total)
            .with("bytes", bytes)
    };
    stage.yes(alice, part(0, -1, vec![1; 1024]));
    stage.yes(alice, part(1, -1, vec![2; 1024]));
    stage.yes(alice, part(2, 3, vec![3; 7]));
    let file = Object::new("inputFileBig")
        .with("id", 5_i64)
        .with("parts", 3)
        .with("name", "x.bin");
    let reply = stage.ok(alice, send_media(&to_self(), document(file), 1));
    assert_eq!(
        media(&reply).object("document").unwrap().long("size"),
        Some(2055)
    );
}

#[test]
fn a_photo_has_the_size_of_its_picture() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let file = upload(&mut stage, alice, &png(640, 480), 1024).with("name", "a.png");
    let photo = Object::new("inputMediaUploadedPhoto").with("file", file);
    let reply = stage.ok(alice, send_media(&to_self(), photo, 1));
    let photo = media(&reply).object("photo").unwrap().clone();
    let size = objects(&photo, "sizes").remove(0);
    assert_eq!((size.int("w"), size.int("h")), (Some(640), Some(480)));
    let location = Object::new("inputPhotoFileLocation")
        .with("id", photo.long("id").unwrap())
        .with("access_hash", photo.long("access_hash").unwrap())
        .with("file_reference", photo.bytes("file_reference").unwrap())
        .with("thumb_size", size.str("type").unwrap());
    let file = stage.ok(alice, get_file(&location, 0, 4096));
    assert_eq!(file.object("type").unwrap().name(), "storage.filePng");
    assert_eq!(file.bytes("bytes"), Some(png(640, 480).as_slice()));
}

#[test]
fn what_is_no_picture_is_no_photo() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let mut error = |bytes: &[u8], name: &str| {
        let file = upload(&mut stage, alice, bytes, 1024).with("name", name);
        let photo = Object::new("inputMediaUploadedPhoto").with("file", file);
        stage.error(alice, send_media(&to_self(), photo, 1))
    };
    assert_eq!(error(b"text", "a.jpg"), "400 IMAGE_PROCESS_FAILED");
    assert_eq!(error(&png(1, 1), "a.exe"), "400 PHOTO_EXT_INVALID");
    assert_eq!(
        error(&png(9_000, 9_000), "a.png"),
        "400 PHOTO_INVALID_DIMENSIONS"
    );
}

#[test]
fn a_document_is_sent_on_by_its_id() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let document = sent_document(&mut stage, alice, b"content");
    let to_bob = stage.peer(alice, "bob_mtkit");
    let id = Object::new("inputDocument")
        .with("id", document.long("id").unwrap())
        .with("access_hash", document.long("access_hash").unwrap())
        .with("file_reference", document.bytes("file_reference").unwrap());
    let media = Object::new("inputMediaDocument").with("id", id);
    stage.ok(alice, send_media(&to_bob, media, 9));
    let update = stage.update(bob);
    let theirs = update.object("message").unwrap().object("media").unwrap();
    let theirs = theirs.object("document").unwrap().clone();
    assert_eq!(theirs.long("id"), document.long("id"));
    assert_ne!(theirs.long("access_hash"), document.long("access_hash"));
    let bytes = download(&mut stage, bob, &location(&theirs));
    assert_eq!(bytes, b"content");
    assert_eq!(
        stage.error(bob, get_file(&location(&document), 0, 4096)),
        "400 FILE_ID_INVALID",
        "alice's hash is not bob's"
    );
}

#[test]
fn references_expire_and_are_renewed_with_the_message() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let document = sent_document(&mut stage, alice, b"content");
    stage.now += 24 * 3600;
    assert_eq!(
        stage.error(alice, get_file(&location(&document), 0, 4096)),
        "400 FILE_REFERENCE_EXPIRED"
    );
    let history = stage.ok(alice, crate::driver::get_history(&to_self()));
    let message = objects(&history, "messages").remove(0);
    let fresh = message.object("media").unwrap().object("document").unwrap();
    let fresh = location(fresh);
    stage.ok(alice, get_file(&fresh, 0, 4096));
    for (reference, error) in [
        (&b""[..], "400 FILE_REFERENCE_EMPTY"),
        (b"\x01", "400 FILE_REFERENCE_INVALID"),
    ] {
        let bad = fresh.clone().with("file_reference", reference);
        assert_eq!(stage.error(alice, get_file(&bad, 0, 4096)), error);
    }
}

#[test]
fn ranges_keep_to_the_rules_of_downloads() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let document = sent_document(&mut stage, alice, &[7; 5000]);
    let place = location(&document);
    let mut error = |offset, limit| stage.error(alice, get_file(&place, offset, limit));
    assert_eq!(error(-4096, 4096), "400 OFFSET_INVALID");
    assert_eq!(error(1000, 4096), "400 OFFSET_INVALID");
    assert_eq!(error(0, 0), "400 LIMIT_INVALID");
    assert_eq!(error(0, 1000), "400 LIMIT_INVALID");
    assert_eq!(error(0, 12_288), "400 LIMIT_INVALID");
    assert_eq!(error(0, 2 << 20), "400 LIMIT_INVALID");
    let beyond = stage.ok(alice, get_file(&place, i64::MAX - 4095, 4096));
    assert_eq!(beyond.bytes("bytes"), Some(&b""[..]));
    let precise = get_file(&place, 1024, 3072).with("precise", true);
    let file = stage.ok(alice, precise);
    assert_eq!(file.bytes("bytes").unwrap().len(), 3072);
    let crossing = get_file(&place, (1 << 20) - 1024, 2048).with("precise", true);
    assert_eq!(stage.error(alice, crossing), "400 LIMIT_INVALID");
}

#[test]
fn a_file_may_be_bound_to_its_dc() {
    let mut config = crate::driver::config(1);
    config.pin_files_to_dc = true;
    let mut stage = Stage::with(config);
    let alice = stage.log_in(ALICE);
    let document = sent_document(&mut stage, alice, b"content");
    let mut elsewhere = alice;
    elsewhere.dc = 4;
    assert_eq!(
        stage.error(elsewhere, get_file(&location(&document), 0, 4096)),
        "303 FILE_MIGRATE_2"
    );
}

#[test]
fn missing_parts_and_spent_uploads_have_their_errors() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let file = upload(&mut stage, alice, b"content", 1024);
    let more = file.clone().with("parts", 2);
    let random = stage.random();
    assert_eq!(
        stage.error(alice, send_media(&to_self(), document(more), random)),
        "400 FILE_PART_1_MISSING"
    );
    stage.ok(
        alice,
        send_media(&to_self(), document(file.clone()), random),
    );
    assert_eq!(
        stage.error(alice, send_media(&to_self(), document(file), 3)),
        "400 FILE_PART_0_MISSING"
    );
}

#[test]
fn the_store_has_an_end() {
    let mut config = crate::driver::config(1);
    config.limits.file_bytes = 3000;
    let mut stage = Stage::with(config);
    let alice = stage.log_in(ALICE);
    let part = |id: i64, number: i32| {
        Object::new("upload.saveFilePart")
            .with("file_id", id)
            .with("file_part", number)
            .with("bytes", vec![0; 1024])
    };
    stage.yes(alice, part(1, 0));
    stage.yes(alice, part(1, 1));
    assert_eq!(stage.error(alice, part(2, 0)), "420 FLOOD_WAIT_60");
}

#[test]
fn albums_share_a_group() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let mut items = Vec::new();
    for n in 0..3 {
        let file = upload(&mut stage, alice, &png(100, 100), 1024).with("name", "a.png");
        let media = Object::new("inputMediaUploadedPhoto").with("file", file);
        let item = Object::new("inputSingleMedia")
            .with("media", media)
            .with("random_id", 100 + n)
            .with("message", "");
        items.push(Value::from(item));
    }
    let album = Object::new("messages.sendMultiMedia")
        .with("peer", to_self())
        .with("multi_media", items);
    let reply = stage.ok(alice, album);
    let groups: Vec<_> = objects(&reply, "updates")
        .iter()
        .filter_map(|update| update.object("message")?.long("grouped_id"))
        .collect();
    assert_eq!(groups.len(), 3);
    assert!(groups.iter().all(|group| *group == groups[0]));
}

#[test]
fn media_without_files_is_sent_too() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let point = || {
        Object::new("inputGeoPoint")
            .with("lat", 52.5)
            .with("long", 13.4)
    };
    let venue = Object::new("inputMediaVenue")
        .with("geo_point", point())
        .with("title", "Stage")
        .with("address", "")
        .with("provider", "")
        .with("venue_id", "")
        .with("venue_type", "");
    let contact = Object::new("inputMediaContact")
        .with("phone_number", BOB)
        .with("first_name", "Bob")
        .with("last_name", "")
        .with("vcard", "");
    let dice = Object::new("inputMediaDice").with("emoticon", "🎲");
    let geo = Object::new("inputMediaGeoPoint").with("geo_point", point());
    let mut names = Vec::new();
    for input in [geo, venue, contact, dice] {
        let random = stage.random();
        let reply = stage.ok(alice, send_media(&to_self(), input, random));
        names.push(media(&reply).name().to_owned());
    }
    assert_eq!(
        names,
        [
            "messageMediaGeo",
            "messageMediaVenue",
            "messageMediaContact",
            "messageMediaDice"
        ]
    );
    let off_the_earth =
        Object::new("inputMediaGeoPoint").with("geo_point", point().with("lat", f64::NAN));
    assert_eq!(
        stage.error(alice, send_media(&to_self(), off_the_earth, 9)),
        "400 MEDIA_INVALID"
    );
}

#[test]
fn media_is_uploaded_ahead_of_its_message() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let file = upload(&mut stage, alice, b"content", 1024);
    let request = Object::new("messages.uploadMedia")
        .with("peer", to_self())
        .with("media", document(file));
    let media = stage.ok(alice, request);
    assert_eq!(media.name(), "messageMediaDocument");
}
