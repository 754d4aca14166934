//! `photos.*`: profile photos.
//!
//! <https://core.telegram.org/api/files#uploading-profile-or-chat-pictures>

use tl_parser::{Object, Value};

use super::{Access, Method};
use crate::call::Call;
use crate::error::{PHOTO_FILE_MISSING, RpcError};
use crate::model::ids::{PeerId, PhotoId, UserId};
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("photos.uploadProfilePhoto", Access::Everybody, upload),
    Method::new("photos.updateProfilePhoto", Access::Everybody, update),
    Method::new("photos.deletePhotos", Access::Everybody, delete),
    Method::new("photos.getUserPhotos", Access::Everybody, get),
];

/// Most photos that an account keeps; the oldest give way.
const PHOTOS_MAX: usize = 200;

/// `photos.photo`, after telling those who know the account.
fn changed(call: &mut Call<'_>, me: UserId, photo: Option<PhotoId>) -> Value {
    for listener in call.acquaintances(me) {
        call.notify(listener, |view| {
            vec![Object::new("updateUser").with("user_id", view.user_id(me))]
        });
    }
    let mut view = call.view(me);
    view.note(PeerId::User(me));
    let photo = photo.map_or_else(
        || Object::new("photoEmpty").with("id", 0_i64),
        |photo| view.photo(photo),
    );
    Object::new("photos.photo")
        .with("photo", photo)
        .with("users", view.users())
        .into()
}

/// Puts a photo at the end of the list, where the current one is.
fn make_current(call: &mut Call<'_>, me: UserId, photo: PhotoId) -> Result<(), RpcError> {
    let photos = &mut call.user_mut(me)?.photos;
    photos.retain(|old| *old != photo);
    if photos.len() >= PHOTOS_MAX {
        photos.remove(0);
    }
    photos.push(photo);
    Ok(())
}

fn upload(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let file = request.object("file").ok_or(PHOTO_FILE_MISSING)?;
    let photo = call.uploaded_photo(me, file)?;
    make_current(call, me, photo)?;
    Ok(changed(call, me, Some(photo)))
}

fn update(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let input = request.need_object("id")?;
    if input.name() == "inputPhotoEmpty" {
        let left = &mut call.user_mut(me)?.photos;
        left.pop();
        let current = left.last().copied();
        return Ok(changed(call, me, current));
    }
    let photo = call.known_photo(me, input)?;
    make_current(call, me, photo)?;
    Ok(changed(call, me, Some(photo)))
}

fn delete(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut gone: Vec<Value> = Vec::new();
    for input in request.need_objects("id")?.into_iter().take(100) {
        let Ok(photo) = call.known_photo(me, input) else {
            continue;
        };
        let photos = &mut call.user_mut(me)?.photos;
        let before = photos.len();
        photos.retain(|old| *old != photo);
        if photos.len() < before {
            gone.push(photo.0.into());
        }
    }
    let current = call.user_ref(me)?.photos.last().copied();
    if !gone.is_empty() {
        changed(call, me, current);
    }
    Ok(gone.into())
}

fn get(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let user = call.user_in(request, "user_id")?;
    let all = &call.user_ref(user)?.photos;
    let offset = usize::try_from(request.need_int("offset")?).unwrap_or(0);
    let page = all.iter().rev().skip(offset).take(request.limit(100));
    let mut view = call.view(me);
    view.note(PeerId::User(user));
    let photos: Vec<Value> = page.map(|photo| view.photo(*photo).into()).collect();
    let object = if photos.len() < all.len() {
        let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
        Object::new("photos.photosSlice").with("count", count)
    } else {
        Object::new("photos.photos")
    };
    Ok(object
        .with("photos", photos)
        .with("users", view.users())
        .into())
}
