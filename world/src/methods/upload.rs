//! `upload.*`: parts of files on their way in, and ranges of files on their way out.
//!
//! <https://core.telegram.org/api/files>

use tl_parser::{Object, Value};

use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{FILE_ID_INVALID, LIMIT_INVALID, LOCATION_INVALID, OFFSET_INVALID, RpcError};
use crate::files::read;
use crate::model::file::{PictureKind, Stored};
use crate::model::ids::{DocumentId, PeerId, PhotoId, UserId};
use crate::model::upload::{MAX_PARTS, MAX_PARTS_PREMIUM};
use crate::random::Purpose;
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("upload.saveFilePart", Access::Everybody, save_part),
    Method::new("upload.saveBigFilePart", Access::Everybody, save_big_part),
    Method::new("upload.getFile", Access::Everybody, get_file),
    Method::new("upload.getFileHashes", Access::Everybody, cdn::get_hashes),
    Method::new("upload.getCdnFile", Access::Anyone, cdn::get_file),
    Method::new("upload.reuploadCdnFile", Access::Everybody, cdn::reupload),
    Method::new(
        "upload.getCdnFileHashes",
        Access::Everybody,
        cdn::get_cdn_hashes,
    ),
];

mod cdn;

/// Largest range of one download, and the block that no download may cross.
const BLOCK: i64 = 1024 * 1024;

fn save_part(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    save(call, request, None)
}

fn save_big_part(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    save(call, request, Some(request.need_int("file_total_parts")?))
}

fn save(call: &mut Call<'_>, request: &Object, total: Option<i32>) -> Result<Value, RpcError> {
    let me = call.me()?;
    let file_id = request.need_long("file_id")?;
    let part = request.need_int("file_part")?;
    let bytes = request.need_bytes("bytes")?;
    let most = if call.user_ref(me)?.premium {
        MAX_PARTS_PREMIUM
    } else {
        MAX_PARTS
    };
    let size = bytes.len() as u64;
    if call.state.stored_bytes.saturating_add(size) > call.state.config.limits.file_bytes {
        return Err(RpcError::flood_wait(60));
    }
    let accepted = call
        .state
        .uploads
        .part(me, file_id, part, total, bytes.len(), most)?;
    if let Some(dropped) = accepted.dropped {
        call.state.store.remove(dropped.file);
        call.state.stored_bytes = call.state.stored_bytes.saturating_sub(dropped.bytes);
    }
    let grown = size.saturating_sub(accepted.replaced.into());
    call.state.stored_bytes = call.state.stored_bytes.saturating_add(grown);
    let number = u32::try_from(part).unwrap_or(0);
    call.state.store.put(accepted.file, number, bytes);
    Ok(done())
}

/// A file that can be downloaded: its bytes, date and kind.
struct Located {
    stored: Stored,
    date: i32,
    picture: Option<PictureKind>,
    dc_id: i32,
}

impl Call<'_> {
    /// The file that an `InputFileLocation` names.
    fn locate(&self, me: UserId, location: &Object) -> Result<Located, RpcError> {
        match location.name() {
            "inputDocumentFileLocation" => {
                let id = DocumentId(location.need_long("id")?);
                let document = self.state.documents.get(&id).ok_or(FILE_ID_INVALID)?;
                let hash = self.state.random.derive(Purpose::DocumentHash, me.0, id.0);
                if location.need_long("access_hash")? != hash {
                    return Err(FILE_ID_INVALID.into());
                }
                self.check_reference(me, id.0, location)?;
                // There are no thumbnails of documents, so no size of one can be asked for.
                if !location.need_bytes("thumb_size")?.is_empty() {
                    return Err(LOCATION_INVALID.into());
                }
                Ok(Located {
                    stored: document.stored.clone(),
                    date: document.date,
                    picture: None,
                    dc_id: document.dc_id,
                })
            }
            "inputPhotoFileLocation" => {
                let id = PhotoId(location.need_long("id")?);
                let hash = self.state.random.derive(Purpose::PhotoHash, me.0, id.0);
                if location.need_long("access_hash")? != hash {
                    return Err(FILE_ID_INVALID.into());
                }
                self.check_reference(me, id.0, location)?;
                self.locate_photo(id)
            }
            "inputEncryptedFileLocation" => {
                let (_, file) = self.encrypted_file(me, location)?;
                Ok(Located {
                    stored: file.stored.clone(),
                    date: 0,
                    picture: None,
                    dc_id: file.dc_id,
                })
            }
            "inputPeerPhotoFileLocation" => {
                let id = PhotoId(location.need_long("photo_id")?);
                let peer = self.peer_in(location, "peer")?;
                if !self.photos_of(peer).contains(&id) {
                    return Err(LOCATION_INVALID.into());
                }
                self.locate_photo(id)
            }
            _ => Err(LOCATION_INVALID.into()),
        }
    }

    fn locate_photo(&self, id: PhotoId) -> Result<Located, RpcError> {
        let photo = self.state.photos.get(&id).ok_or(FILE_ID_INVALID)?;
        Ok(Located {
            stored: photo.stored.clone(),
            date: photo.date,
            picture: Some(photo.kind),
            dc_id: photo.dc_id,
        })
    }

    /// The photos that stand for a peer.
    fn photos_of(&self, peer: PeerId) -> Vec<PhotoId> {
        match peer {
            PeerId::User(id) => {
                let user = self.state.users.get(&id);
                user.map(|user| user.photos.clone()).unwrap_or_default()
            }
            PeerId::Chat(id) => {
                let chat = self.state.chats.get(&id);
                chat.and_then(|chat| chat.photo).into_iter().collect()
            }
            PeerId::Channel(id) => {
                let channel = self.state.channels.get(&id);
                let photo = channel.and_then(|channel| channel.photo);
                photo.into_iter().collect()
            }
        }
    }
}

/// Offset and limit of a download, checked.
fn range(request: &Object) -> Result<(u64, usize), RpcError> {
    let offset = request.need_long("offset")?;
    let limit = i64::from(request.need_int("limit")?);
    let unit = if request.flag("precise") { 1024 } else { 4096 };
    if offset < 0 || offset % unit != 0 {
        return Err(OFFSET_INVALID.into());
    }
    let fits = limit > 0 && limit <= BLOCK && limit % unit == 0;
    if !fits || (!request.flag("precise") && BLOCK % limit != 0) {
        return Err(LIMIT_INVALID.into());
    }
    let last = offset.saturating_add(limit - 1);
    if offset / BLOCK != last / BLOCK {
        return Err(LIMIT_INVALID.into());
    }
    let offset = u64::try_from(offset).map_err(|_| OFFSET_INVALID)?;
    let limit = usize::try_from(limit).map_err(|_| LIMIT_INVALID)?;
    Ok((offset, limit))
}

fn get_file(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let (offset, limit) = range(request)?;
    let located = call.locate(me, request.need_object("location")?)?;
    if call.state.config.pin_files_to_dc && located.dc_id != call.caller.dc {
        let dc = located.dc_id;
        return Err(RpcError::migrate("FILE", dc));
    }
    if request.flag("cdn_supported")
        && located.picture.is_none()
        && let Some(redirect) = call.redirect(&located.stored, located.dc_id, offset)
    {
        return Ok(redirect.into());
    }
    let store = call.state.store.as_ref();
    let bytes = read(store, &located.stored, offset, limit);
    let kind = match located.picture {
        Some(PictureKind::Jpeg) => "storage.fileJpeg",
        Some(PictureKind::Png) => "storage.filePng",
        Some(PictureKind::Gif) => "storage.fileGif",
        Some(PictureKind::Webp) => "storage.fileWebp",
        None => "storage.filePartial",
    };
    Ok(Object::new("upload.file")
        .with("type", Object::new(kind))
        .with("mtime", located.date)
        .with("bytes", bytes)
        .into())
}
