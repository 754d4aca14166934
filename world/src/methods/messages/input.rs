//! `InputMedia`, `InputFile`, `InputPhoto` and `InputDocument`: what a client wants to send.
//!
//! <https://core.telegram.org/api/files>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{
    FILE_REFERENCE_INVALID, IMAGE_PROCESS_FAILED, MD5_CHECKSUM_INVALID, MEDIA_EMPTY, MEDIA_INVALID,
    PHOTO_EXT_INVALID, PHOTO_INVALID, RpcError,
};
use crate::files::{check_file_reference, picture, read};
use crate::model::file::{Document, Photo, PictureKind, Stored};
use crate::model::ids::{DocumentId, PhotoId, UserId};
use crate::model::media::{GeoPoint, Media, Poll, PollAnswer};
use crate::random::Purpose;
use crate::request::Arguments;

/// Bytes of a picture that are looked at to find its size.
const HEADER: usize = 256 * 1024;
/// Most attributes of a document, most answers of a poll, longest free text in a media.
const ATTRIBUTES_MAX: usize = 20;
const ANSWERS_MAX: usize = 12;
const TEXT_MAX: usize = 255;

/// Emoji that roll, with the number of their faces.
const DICE: [(&str, i64); 6] = [
    ("🎲", 6),
    ("🎯", 6),
    ("🎳", 6),
    ("🏀", 5),
    ("⚽", 5),
    ("🎰", 64),
];

/// A text of a request, cut to a sensible length.
fn text(object: &Object, field: &str) -> Result<String, RpcError> {
    Ok(object.need_str(field)?.chars().take(TEXT_MAX).collect())
}

impl Call<'_> {
    /// The media that an `InputMedia` describes.
    pub(in crate::methods) fn input_media(
        &mut self,
        me: UserId,
        input: &Object,
    ) -> Result<Media, RpcError> {
        let ttl_seconds = input.int("ttl_seconds");
        let spoiler = input.flag("spoiler");
        match input.name() {
            "inputMediaUploadedPhoto" => Ok(Media::Photo {
                photo: self.uploaded_photo(me, input.need_object("file")?)?,
                spoiler,
                ttl_seconds,
            }),
            "inputMediaPhoto" => Ok(Media::Photo {
                photo: self.known_photo(me, input.need_object("id")?)?,
                spoiler,
                ttl_seconds,
            }),
            "inputMediaUploadedDocument" => Ok(Media::Document {
                document: self.uploaded_document(me, input)?,
                spoiler,
                ttl_seconds,
            }),
            "inputMediaDocument" => Ok(Media::Document {
                document: self.known_document(me, input.need_object("id")?)?,
                spoiler,
                ttl_seconds,
            }),
            "inputMediaGeoPoint" | "inputMediaGeoLive" => {
                Ok(Media::Geo(geo(input.need_object("geo_point")?)?))
            }
            "inputMediaVenue" => Ok(Media::Venue {
                geo: geo(input.need_object("geo_point")?)?,
                title: text(input, "title")?,
                address: text(input, "address")?,
                provider: text(input, "provider")?,
                venue_id: text(input, "venue_id")?,
                venue_type: text(input, "venue_type")?,
            }),
            "inputMediaContact" => {
                let phone_number = text(input, "phone_number")?;
                let digits = crate::phone::digits(&phone_number);
                Ok(Media::Contact {
                    user: self.state.phones.get(&digits).copied(),
                    phone_number,
                    first_name: text(input, "first_name")?,
                    last_name: text(input, "last_name")?,
                    vcard: input.need_str("vcard")?.chars().take(2048).collect(),
                })
            }
            "inputMediaDice" => {
                let emoticon = input.need_str("emoticon")?;
                let known = DICE.iter().find(|(emoji, _)| *emoji == emoticon);
                let (emoji, faces) = known.ok_or(MEDIA_INVALID)?;
                let value = self.state.random.within(1, faces + 1);
                Ok(Media::Dice {
                    emoticon: (*emoji).to_owned(),
                    value: i32::try_from(value).unwrap_or(1),
                })
            }
            "inputMediaPoll" => self.poll(input).map(Media::Poll),
            "inputMediaEmpty" => Err(MEDIA_EMPTY.into()),
            _ => Err(MEDIA_INVALID.into()),
        }
    }

    fn poll(&mut self, input: &Object) -> Result<Poll, RpcError> {
        let poll = input.need_object("poll")?;
        // Questions and answers were plain text before they could have entities.
        let words = |object: &Object, field: &str| -> Result<String, RpcError> {
            match object.object(field) {
                Some(formatted) => text(formatted, "text"),
                None => text(object, field),
            }
        };
        let correct: Vec<usize> = input
            .vector("correct_answers")
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_int)
            .filter_map(|index| usize::try_from(index).ok())
            .collect();
        let mut answers: Vec<PollAnswer> = Vec::new();
        for (index, answer) in poll.need_objects("answers")?.into_iter().enumerate() {
            let option = match answer.bytes("option") {
                Some(option) => option.iter().copied().take(100).collect(),
                // A new answer has no name yet; its place names it.
                None => vec![b'0'.saturating_add(u8::try_from(index).unwrap_or(0))],
            };
            answers.push(PollAnswer {
                text: words(answer, "text")?,
                option,
                voters: Vec::new(),
                correct: correct.contains(&index),
            });
        }
        let question = words(poll, "question")?;
        let distinct = answers.iter().enumerate().all(|(index, answer)| {
            !answers
                .iter()
                .take(index)
                .any(|other| other.option == answer.option)
        });
        if question.is_empty() || !distinct || !(1..=ANSWERS_MAX).contains(&answers.len()) {
            return Err(MEDIA_INVALID.into());
        }
        Ok(Poll {
            id: self.state.random.long(),
            question,
            answers,
            closed: poll.flag("closed"),
            public_voters: poll.flag("public_voters"),
            multiple_choice: poll.flag("multiple_choice"),
            quiz: poll.flag("quiz"),
        })
    }

    /// The bytes behind an `InputFile`; the upload is over with this.
    pub(in crate::methods) fn take_upload(
        &mut self,
        me: UserId,
        input: &Object,
    ) -> Result<Stored, RpcError> {
        let id = input.need_long("id")?;
        let parts = input.need_int("parts")?;
        let upload = self.state.uploads.get(me, id);
        let upload = upload.ok_or_else(|| RpcError::new(400, "FILE_PART_0_MISSING"))?;
        let stored = upload.finish(parts)?;
        let sum = input.str("md5_checksum").unwrap_or_default();
        let is_sum = sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !sum.is_empty() && !is_sum {
            return Err(MD5_CHECKSUM_INVALID.into());
        }
        self.state.uploads.close(me, id);
        Ok(stored)
    }

    /// A new photo from an upload.
    pub(in crate::methods) fn uploaded_photo(
        &mut self,
        me: UserId,
        file: &Object,
    ) -> Result<PhotoId, RpcError> {
        let name = file.str("name").unwrap_or_default().to_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if !["", "jpg", "jpeg", "png", "gif", "webp", "bmp"].contains(&extension) {
            return Err(PHOTO_EXT_INVALID.into());
        }
        let stored = self.take_upload(me, file)?;
        let header = read(self.state.store.as_ref(), &stored, 0, HEADER);
        let (kind, width, height) = picture(&header).ok_or(IMAGE_PROCESS_FAILED)?;
        // The real service refuses what is longer or larger than a photo can be.
        if width.saturating_add(height) > 10_000 || width / height > 20 || height / width > 20 {
            return Err(RpcError::new(400, "PHOTO_INVALID_DIMENSIONS"));
        }
        Ok(self.add_photo(kind, width, height, stored))
    }

    fn add_photo(&mut self, kind: PictureKind, width: i32, height: i32, stored: Stored) -> PhotoId {
        let id = PhotoId(self.state.random.within(1 << 60, i64::MAX));
        let photo = Photo {
            id,
            date: self.date(),
            dc_id: self.caller.dc,
            width,
            height,
            kind,
            stored,
        };
        self.state.photos.insert(id, photo);
        id
    }

    fn uploaded_document(&mut self, me: UserId, input: &Object) -> Result<DocumentId, RpcError> {
        let file = input.need_object("file")?;
        let mime_type = text(input, "mime_type")?;
        let given = input.need_objects("attributes")?;
        let mut attributes: Vec<Value> = given
            .into_iter()
            .take(ATTRIBUTES_MAX)
            .filter(|attribute| attribute.name().starts_with("documentAttribute"))
            .map(|attribute| attribute.clone().into())
            .collect();
        let named = attributes.iter().filter_map(Value::as_object);
        let named = named
            .into_iter()
            .any(|attribute| attribute.name() == "documentAttributeFilename");
        let name = text(file, "name")?;
        if !named && !name.is_empty() {
            let attribute = Object::new("documentAttributeFilename").with("file_name", name);
            attributes.push(attribute.into());
        }
        let stored = self.take_upload(me, file)?;
        let id = DocumentId(self.state.random.within(1 << 60, i64::MAX));
        let document = Document {
            date: self.date(),
            dc_id: self.caller.dc,
            mime_type,
            attributes,
            stored,
        };
        self.state.documents.insert(id, document);
        Ok(id)
    }

    /// The photo that an `inputPhoto` names, if the caller may.
    pub(in crate::methods) fn known_photo(
        &self,
        me: UserId,
        input: &Object,
    ) -> Result<PhotoId, RpcError> {
        let id = PhotoId(input.need_long("id")?);
        let hash = self.state.random.derive(Purpose::PhotoHash, me.0, id.0);
        let known = self.state.photos.contains_key(&id);
        if !known || input.need_long("access_hash")? != hash {
            return Err(PHOTO_INVALID.into());
        }
        self.check_reference(me, id.0, input)?;
        Ok(id)
    }

    /// The document that an `inputDocument` names, if the caller may.
    pub(in crate::methods) fn known_document(
        &self,
        me: UserId,
        input: &Object,
    ) -> Result<DocumentId, RpcError> {
        let id = DocumentId(input.need_long("id")?);
        let hash = self.state.random.derive(Purpose::DocumentHash, me.0, id.0);
        let known = self.state.documents.contains_key(&id);
        if !known || input.need_long("access_hash")? != hash {
            return Err(MEDIA_EMPTY.into());
        }
        self.check_reference(me, id.0, input)?;
        Ok(id)
    }

    /// Checks the file reference of a location or of media.
    pub(in crate::methods) fn check_reference(
        &self,
        me: UserId,
        id: i64,
        input: &Object,
    ) -> Result<(), RpcError> {
        let reference = input.bytes("file_reference");
        check_file_reference(
            &self.state.random,
            me,
            id,
            reference.ok_or(FILE_REFERENCE_INVALID)?,
            self.now.seconds(),
            self.state.config.file_reference_lifetime,
        )
    }
}

/// The point of an `inputGeoPoint`.
fn geo(input: &Object) -> Result<GeoPoint, RpcError> {
    let lat = input.double("lat").ok_or(MEDIA_INVALID)?;
    let long = input.double("long").ok_or(MEDIA_INVALID)?;
    let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&long);
    if on_earth {
        Ok(GeoPoint { lat, long })
    } else {
        Err(MEDIA_INVALID.into())
    }
}
