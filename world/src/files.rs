//! Bytes of files: references to them, what pictures look like, and reading a range.
//!
//! <https://core.telegram.org/api/file-references>

use crate::error::{
    FILE_REFERENCE_EMPTY, FILE_REFERENCE_EXPIRED, FILE_REFERENCE_INVALID, RpcError,
};
use crate::model::file::{PictureKind, Stored};
use crate::model::ids::UserId;
use crate::random::{Purpose, Random};
use crate::store::FileStore;

/// First byte of our file references.
const REFERENCE_VERSION: u8 = 1;

/// A file reference: version, date of issue, and a tag that only this world can make for this viewer.
pub(crate) fn file_reference(random: &Random, viewer: UserId, id: i64, issued: i32) -> Vec<u8> {
    let mut reference = vec![REFERENCE_VERSION];
    reference.extend(issued.to_be_bytes());
    reference.extend(tag(random, viewer, id, issued).to_be_bytes());
    reference
}

fn tag(random: &Random, viewer: UserId, id: i64, issued: i32) -> i64 {
    let dated = id ^ (i64::from(issued) << 32);
    random.derive(Purpose::FileReference, viewer.0, dated)
}

/// Checks a file reference that came back.
pub(crate) fn check_file_reference(
    random: &Random,
    viewer: UserId,
    id: i64,
    reference: &[u8],
    now: i64,
    lifetime: i64,
) -> Result<(), RpcError> {
    if reference.is_empty() {
        return Err(FILE_REFERENCE_EMPTY.into());
    }
    let issued = reference
        .strip_prefix(&[REFERENCE_VERSION])
        .and_then(|rest| rest.first_chunk())
        .map(|bytes| i32::from_be_bytes(*bytes))
        .ok_or(FILE_REFERENCE_INVALID)?;
    if reference != file_reference(random, viewer, id, issued) {
        return Err(FILE_REFERENCE_INVALID.into());
    }
    if i64::from(issued).saturating_add(lifetime) <= now {
        return Err(FILE_REFERENCE_EXPIRED.into());
    }
    Ok(())
}

/// Up to `limit` bytes of a file from `offset` on; fewer at its end.
pub(crate) fn read(store: &dyn FileStore, stored: &Stored, offset: u64, limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let part_size = u64::from(stored.part_size.max(1));
    let end = stored.size.min(offset.saturating_add(limit as u64));
    let mut position = offset;
    while position < end {
        let part = u32::try_from(position / part_size).unwrap_or(u32::MAX);
        let Some(data) = store.get(stored.file, part) else {
            break;
        };
        let start = usize::try_from(position % part_size).unwrap_or(usize::MAX);
        let wanted = usize::try_from(end - position).unwrap_or(usize::MAX);
        let piece = data.get(start..).unwrap_or_default();
        let piece = piece.get(..wanted).unwrap_or(piece);
        if piece.is_empty() {
            break;
        }
        bytes.extend_from_slice(piece);
        position += piece.len() as u64;
    }
    bytes
}

/// Kind and size in pixels of a picture, from its first bytes. `None` where it is no picture that can be a photo.
pub(crate) fn picture(bytes: &[u8]) -> Option<(PictureKind, i32, i32)> {
    let (kind, width, height) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let word = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        (PictureKind::Png, word(16)?, word(20)?)
    } else if bytes.starts_with(b"GIF8") {
        let word = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        (PictureKind::Gif, word(6)?.into(), word(8)?.into())
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        let (width, height) = webp(bytes)?;
        (PictureKind::Webp, width, height)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        let (width, height) = jpeg(bytes)?;
        (PictureKind::Jpeg, width, height)
    } else {
        return None;
    };
    let (width, height) = (i32::try_from(width).ok()?, i32::try_from(height).ok()?);
    (width > 0 && height > 0).then_some((kind, width, height))
}

/// Size of a JPEG: the first frame header among its segments.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2_usize;
    loop {
        let segment = bytes.get(at..)?;
        let [prefix, marker, high, low] = *segment.first_chunk()?;
        if prefix != 0xff {
            return None;
        }
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let word = |at: usize| {
                let bytes = segment.get(at..)?.first_chunk()?;
                Some(u32::from(u16::from_be_bytes(*bytes)))
            };
            return Some((word(7)?, word(5)?));
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        // A segment counts its own length, so a shorter one would stand still.
        if length < 2 {
            return None;
        }
        at = at.checked_add(length.checked_add(2)?)?;
    }
}

/// Size of a WebP in any of its three forms.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let form = bytes.get(12..16)?;
    match form {
        b"VP8X" => {
            let word = |at: usize| {
                let [a, b, c] = *bytes.get(at..)?.first_chunk()?;
                Some(u32::from_le_bytes([a, b, c, 0]).saturating_add(1))
            };
            Some((word(24)?, word(27)?))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(*bytes.get(21..)?.first_chunk()?);
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8 " => {
            let word = |at: usize| {
                let bytes = bytes.get(at..)?.first_chunk()?;
                Some(u32::from(u16::from_le_bytes(*bytes) & 0x3fff))
            };
            Some((word(26)?, word(28)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{check_file_reference, file_reference, picture, read};
    use crate::model::file::{PictureKind, Stored};
    use crate::model::ids::UserId;
    use crate::random::Random;
    use crate::store::{FileStore, MemoryStore};

    #[test]
    fn a_reference_serves_its_viewer_until_it_expires() {
        let random = Random::new(1);
        let reference = file_reference(&random, UserId(1), 7, 1000);
        let check = |viewer, id, reference: &[u8], now| {
            check_file_reference(&random, UserId(viewer), id, reference, now, 60)
                .map_err(|error| error.message)
        };
        assert_eq!(check(1, 7, &reference, 1059), Ok(()));
        assert_eq!(
            check(1, 7, &reference, 1060),
            Err("FILE_REFERENCE_EXPIRED".into())
        );
        let invalid = || Err("FILE_REFERENCE_INVALID".into());
        assert_eq!(check(2, 7, &reference, 1000), invalid());
        assert_eq!(check(1, 8, &reference, 1000), invalid());
        assert_eq!(check(1, 7, &reference[..5], 1000), invalid());
        assert_eq!(check(1, 7, b"\x02", 1000), invalid());
        assert_eq!(check(1, 7, b"", 1000), Err("FILE_REFERENCE_EMPTY".into()));
    }

    #[test]
    fn a_range_may_cross_parts_and_ends_with_the_file() {
        let mut store = MemoryStore::default();
        store.put(1, 0, b"0123");
        store.put(1, 1, b"4567");
        store.put(1, 2, b"89");
        let stored = Stored {
            file: 1,
            part_size: 4,
            size: 10,
        };
        assert_eq!(read(&store, &stored, 0, 100), b"0123456789");
        assert_eq!(read(&store, &stored, 3, 3), b"345");
        assert_eq!(read(&store, &stored, 9, 5), b"9");
        assert_eq!(read(&store, &stored, 10, 5), b"");
        store.remove(1);
        assert_eq!(read(&store, &stored, 0, 5), b"");
    }

    #[test]
    fn sizes_of_pictures_are_read_from_their_headers() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0";
        assert_eq!(picture(png), Some((PictureKind::Png, 640, 480)));
        let gif = b"GIF89a\x10\0\x20\0";
        assert_eq!(picture(gif), Some((PictureKind::Gif, 16, 32)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x64\0\xc8\x01";
        assert_eq!(picture(jpeg), Some((PictureKind::Jpeg, 200, 100)));
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x63\xc0\x18\0";
        assert_eq!(picture(lossless), Some((PictureKind::Webp, 100, 100)));
    }

    #[test]
    fn what_is_no_picture_is_none_and_never_a_panic() {
        for bytes in [
            &b""[..],
            b"text",
            b"\xff\xd8\xff",
            b"\xff\xd8\xff\xe0\0\0",
            b"\xff\xd8\xff\xe0\xff\xff",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a\0\0\0\0",
            b"RIFF\0\0\0\0WEBPVP8X",
        ] {
            assert_eq!(picture(bytes), None);
        }
    }
}
