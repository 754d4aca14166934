//! Profile photos.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, BOB, Client, Stage, as_user, objects};
use crate::files::{png, upload};

fn set_photo(stage: &mut Stage, client: Client, size: u32) -> Object {
    let file = upload(stage, client, &png(size, size), 1024).with("name", "me.png");
    let request = Object::new("photos.uploadProfilePhoto").with("file", file);
    let reply = stage.ok(client, request);
    reply.object("photo").unwrap().clone()
}

fn get_photos(user: Object) -> Object {
    Object::new("photos.getUserPhotos")
        .with("user_id", user)
        .with("offset", 0)
        .with("max_id", 0_i64)
        .with("limit", 100)
}

#[test]
fn the_latest_photo_is_the_one_shown() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let bob = stage.log_in(BOB);
    let first = set_photo(&mut stage, alice, 200);
    let second = set_photo(&mut stage, alice, 300);
    let to_alice = stage.peer(bob, "alice_mtkit");
    let photos = stage.ok(bob, get_photos(as_user(&to_alice)));
    let ids: Vec<_> = objects(&photos, "photos")
        .iter()
        .map(|photo| photo.long("id"))
        .collect();
    assert_eq!(ids, [second.long("id"), first.long("id")]);
    let user = objects(&photos, "users").remove(0);
    assert_eq!(
        user.object("photo").unwrap().long("photo_id"),
        second.long("id")
    );
    let location = Object::new("inputPeerPhotoFileLocation")
        .with("big", true)
        .with("peer", to_alice)
        .with("photo_id", second.long("id").unwrap());
    let get = Object::new("upload.getFile")
        .with("location", location)
        .with("offset", 0_i64)
        .with("limit", 4096);
    let file = stage.ok(bob, get);
    assert_eq!(file.bytes("bytes"), Some(png(300, 300).as_slice()));
}

#[test]
fn photos_are_chosen_again_and_deleted() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let first = set_photo(&mut stage, alice, 200);
    let second = set_photo(&mut stage, alice, 300);
    let input = |photo: &Object| {
        Object::new("inputPhoto")
            .with("id", photo.long("id").unwrap())
            .with("access_hash", photo.long("access_hash").unwrap())
            .with("file_reference", photo.bytes("file_reference").unwrap())
    };
    let choose = Object::new("photos.updateProfilePhoto").with("id", input(&first));
    stage.ok(alice, choose);
    let shown = |stage: &mut Stage| {
        let me = stage.me(alice);
        me.object("photo").and_then(|photo| photo.long("photo_id"))
    };
    assert_eq!(shown(&mut stage), first.long("id"));
    let delete = Object::new("photos.deletePhotos").with("id", vec![Value::from(input(&first))]);
    let gone = stage.list(alice, delete);
    assert_eq!(gone, [Value::from(first.long("id").unwrap())]);
    assert_eq!(shown(&mut stage), second.long("id"));
    let none = Object::new("photos.updateProfilePhoto").with("id", Object::new("inputPhotoEmpty"));
    stage.ok(alice, none);
    assert_eq!(shown(&mut stage), None);
    let missing = Object::new("photos.uploadProfilePhoto");
    assert_eq!(stage.error(alice, missing), "400 PHOTO_FILE_MISSING");
}
