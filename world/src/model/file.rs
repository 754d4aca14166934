//! Photos and documents that were uploaded, apart from their bytes.

use tl_parser::Value;

use super::ids::PhotoId;

/// Stored bytes: a file of the store and how it is cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Key in the file store.
    pub(crate) file: u64,
    /// Bytes of every part but the last.
    pub(crate) part_size: u32,
    /// Bytes altogether.
    pub(crate) size: u64,
}

/// Kinds of picture that are recognised by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PictureKind {
    Jpeg,
    Png,
    Gif,
    Webp,
}

/// A photo. The world scales nothing, so there is one size.
#[derive(Clone, Debug)]
pub(crate) struct Photo {
    pub(crate) id: PhotoId,
    pub(crate) date: i32,
    pub(crate) dc_id: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) kind: PictureKind,
    pub(crate) stored: Stored,
}

impl Photo {
    /// The letter of the size: the smallest of the published boxes that holds the picture.
    /// <https://core.telegram.org/api/files#image-thumbnail-types>
    pub(crate) fn size_type(&self) -> &'static str {
        match self.width.max(self.height) {
            ..=100 => "s",
            101..=320 => "m",
            321..=800 => "x",
            801..=1280 => "y",
            _ => "w",
        }
    }
}

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) date: i32,
    pub(crate) dc_id: i32,
    pub(crate) mime_type: String,
    /// `DocumentAttribute` objects as the uploader gave them.
    pub(crate) attributes: Vec<Value>,
    pub(crate) stored: Stored,
}
