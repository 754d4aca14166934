//! `Photo` and `Document`, with access hashes and file references of the viewer.

use tl_parser::{Object, Value};

use super::View;
use crate::files::file_reference;
use crate::model::ids::{DocumentId, PhotoId};
use crate::random::Purpose;

impl View<'_> {
    /// A `Photo`; `photoEmpty` where there is none.
    pub(crate) fn photo(&self, id: PhotoId) -> Object {
        let Some(photo) = self.state.photos.get(&id) else {
            return Object::new("photoEmpty").with("id", id.0);
        };
        let random = &self.state.random;
        let size = Object::new("photoSize")
            .with("type", photo.size_type())
            .with("w", photo.width)
            .with("h", photo.height)
            .with("size", i32::try_from(photo.stored.size).unwrap_or(i32::MAX));
        Object::new("photo")
            .with("id", id.0)
            .with(
                "access_hash",
                random.derive(Purpose::PhotoHash, self.viewer.0, id.0),
            )
            .with(
                "file_reference",
                file_reference(random, self.viewer, id.0, self.now),
            )
            .with("date", photo.date)
            .with("sizes", vec![Value::from(size)])
            .with("dc_id", photo.dc_id)
    }

    /// A `Document`; `documentEmpty` where there is none.
    pub(crate) fn document(&self, id: DocumentId) -> Object {
        let Some(document) = self.state.documents.get(&id) else {
            return Object::new("documentEmpty").with("id", id.0);
        };
        let random = &self.state.random;
        Object::new("document")
            .with("id", id.0)
            .with(
                "access_hash",
                random.derive(Purpose::DocumentHash, self.viewer.0, id.0),
            )
            .with(
                "file_reference",
                file_reference(random, self.viewer, id.0, self.now),
            )
            .with("date", document.date)
            .with("mime_type", document.mime_type.as_str())
            .with(
                "size",
                i64::try_from(document.stored.size).unwrap_or(i64::MAX),
            )
            .with("dc_id", document.dc_id)
            .with("attributes", document.attributes.clone())
    }
}
