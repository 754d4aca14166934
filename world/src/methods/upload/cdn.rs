//! Files from CDN data centres: redirect, reupload, encrypted pieces, and hashes to check them with.
//!
//! <https://core.telegram.org/cdn>

use aes::Aes256;
use cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use sha2::{Digest, Sha256};
use tl_parser::{Object, Value};

use super::range;
use crate::call::Call;
use crate::error::{
    CDN_METHOD_INVALID, FILE_TOKEN_INVALID, LOCATION_INVALID, REQUEST_TOKEN_INVALID, RpcError,
};
use crate::files::read;
use crate::model::cdn::CdnFile;
use crate::model::file::Stored;
use crate::request::Arguments;

/// Bytes that one hash stands for.
const PIECE: u64 = 128 * 1024;
/// Most hashes in one reply: those of the largest range that a download may ask for.
const HASHES_MAX: usize = 8;

impl Call<'_> {
    /// The redirect to a CDN for a download, where the configuration has one for files of this size.
    pub(super) fn redirect(&mut self, stored: &Stored, home: i32, offset: u64) -> Option<Object> {
        let config = &self.state.config;
        let cdn = config.cdns.first()?.id;
        if stored.size < config.cdn_files_from || config.is_cdn(self.caller.dc) {
            return None;
        }
        let token = match self.state.cdn.tokens.get(&stored.file) {
            Some(token) => token.clone(),
            None => self.new_token(stored, home),
        };
        let file = self.state.cdn.files.get(&token)?;
        let (key, iv) = (file.key.to_vec(), file.iv.to_vec());
        let hashes = self.hashes(stored, offset);
        Some(
            Object::new("upload.fileCdnRedirect")
                .with("dc_id", cdn)
                .with("file_token", token)
                .with("encryption_key", key)
                .with("encryption_iv", iv)
                .with("file_hashes", hashes),
        )
    }

    fn new_token(&mut self, stored: &Stored, home: i32) -> Vec<u8> {
        let random = &mut self.state.random;
        let token = random.bytes::<32>().to_vec();
        let file = CdnFile {
            stored: stored.clone(),
            home,
            key: random.bytes(),
            iv: random.bytes(),
            request_token: None,
            at_cdn: false,
        };
        self.state.cdn.files.insert(token.clone(), file);
        self.state.cdn.tokens.insert(stored.file, token.clone());
        token
    }

    /// SHA-256 of the pieces from `offset` on.
    fn hashes(&self, stored: &Stored, offset: u64) -> Vec<Value> {
        let first = offset / PIECE;
        let mut hashes = Vec::new();
        for piece in first.. {
            let start = piece.saturating_mul(PIECE);
            if start >= stored.size || hashes.len() >= HASHES_MAX {
                break;
            }
            let bytes = read(
                self.state.store.as_ref(),
                stored,
                start,
                usize::try_from(PIECE).unwrap_or(usize::MAX),
            );
            let hash = Object::new("fileHash")
                .with("offset", i64::try_from(start).unwrap_or(i64::MAX))
                .with("limit", i32::try_from(bytes.len()).unwrap_or(i32::MAX))
                .with("hash", Sha256::digest(&bytes).to_vec());
            hashes.push(hash.into());
        }
        hashes
    }

    fn cdn_file(&mut self, request: &Object) -> Result<&mut CdnFile, RpcError> {
        let token = request.need_bytes("file_token")?;
        let file = self.state.cdn.files.get_mut(token);
        Ok(file.ok_or(FILE_TOKEN_INVALID)?)
    }
}

/// At a CDN: an encrypted piece, or the wish to be given the file first.
pub(super) fn get_file(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    if !call.state.config.is_cdn(call.caller.dc) {
        return Err(CDN_METHOD_INVALID.into());
    }
    let (offset, limit) = range(request)?;
    let wish = call.state.random.bytes::<16>().to_vec();
    let file = call.cdn_file(request)?;
    if !file.at_cdn {
        let token = file.request_token.get_or_insert(wish).clone();
        return Ok(Object::new("upload.cdnFileReuploadNeeded")
            .with("request_token", token)
            .into());
    }
    let (key, mut iv, stored) = (file.key, file.iv, file.stored.clone());
    let mut bytes = read(call.state.store.as_ref(), &stored, offset, limit);
    // Clients put offset / 16 into the last four bytes, so the keystream begins with none there.
    if let Some(counter) = iv.last_chunk_mut::<4>() {
        *counter = [0; 4];
    }
    let mut stream = ctr::Ctr128BE::<Aes256>::new(&key.into(), &iv.into());
    stream.seek(offset);
    stream.apply_keystream(&mut bytes);
    Ok(Object::new("upload.cdnFile").with("bytes", bytes).into())
}

/// At the DC of the file: the CDN gets it.
pub(super) fn reupload(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let wish = request.need_bytes("request_token")?.to_vec();
    let dc = call.caller.dc;
    let pinned = call.state.config.pin_files_to_dc;
    let file = call.cdn_file(request)?;
    if pinned && file.home != dc {
        return Err(RpcError::migrate("FILE", file.home));
    }
    if file.request_token.as_deref() != Some(wish.as_slice()) {
        return Err(REQUEST_TOKEN_INVALID.into());
    }
    file.at_cdn = true;
    let stored = file.stored.clone();
    Ok(call.hashes(&stored, 0).into())
}

pub(super) fn get_cdn_hashes(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let offset = u64::try_from(request.need_long("offset")?).map_err(|_| LOCATION_INVALID)?;
    let stored = call.cdn_file(request)?.stored.clone();
    Ok(call.hashes(&stored, offset).into())
}

/// Hashes of a file that is loaded from its own DC.
pub(super) fn get_hashes(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let offset = u64::try_from(request.need_long("offset")?).map_err(|_| LOCATION_INVALID)?;
    let located = call.locate(me, request.need_object("location")?)?;
    Ok(call.hashes(&located.stored, offset).into())
}
