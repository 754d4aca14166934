//! Files on their way in: parts that arrive in any order until a message names the file.
//!
//! <https://core.telegram.org/api/files#uploading-files>

use std::collections::BTreeMap;

use crate::error::{
    FILE_PART_EMPTY, FILE_PART_INVALID, FILE_PART_SIZE_CHANGED, FILE_PART_SIZE_INVALID,
    FILE_PART_TOO_BIG, FILE_PARTS_INVALID, RpcError,
};

use super::file::Stored;
use super::ids::UserId;

/// Largest part, 512 KiB.
pub(crate) const MAX_PART: usize = 512 * 1024;
/// Most parts of one file.
pub(crate) const MAX_PARTS: i32 = 4000;
/// Most parts of one file with Premium.
pub(crate) const MAX_PARTS_PREMIUM: i32 = 8000;
/// Most parts of a file sent with `upload.saveFilePart`: 10 MiB in the largest parts, more in smaller ones.
const MAX_SMALL_BYTES: u64 = 10 * 1024 * 1024;
/// Unfinished uploads of one account; the oldest is dropped for a new one.
const MAX_PER_ACCOUNT: usize = 64;

/// One unfinished upload.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Key in the file store.
    pub(crate) file: u64,
    /// Sizes of the parts that arrived.
    parts: BTreeMap<i32, u32>,
    /// Number of parts as `saveBigFilePart` announced; 0 while unknown.
    total: i32,
    big: bool,
    bytes: u64,
}

impl Upload {
    fn new(file: u64, big: bool) -> Self {
        Self {
            file,
            parts: BTreeMap::new(),
            total: 0,
            big,
            bytes: 0,
        }
    }

    /// Notes a part that arrived. A part may come twice; the later one counts.
    fn note(&mut self, part: i32, total: Option<i32>, length: usize) -> Result<u32, RpcError> {
        let length = u32::try_from(length).map_err(|_| FILE_PART_TOO_BIG)?;
        if let Some(total) = total.filter(|total| *total > 0) {
            if part >= total || (self.total > 0 && self.total != total) {
                return Err(FILE_PARTS_INVALID.into());
            }
            self.total = total;
        }
        let last = self.total > 0 && part == self.total.saturating_sub(1);
        if !last && self.parts.len() > 1 {
            // Only the last part may be of another size, and it is the one with the highest number.
            let highest = self.parts.keys().next_back().copied().unwrap_or(0);
            let usual = self
                .parts
                .iter()
                .find(|(number, _)| **number != highest)
                .map(|(_, size)| *size);
            if part < highest && usual.is_some_and(|usual| usual != length) {
                return Err(FILE_PART_SIZE_CHANGED.into());
            }
        }
        let before = self.parts.insert(part, length).unwrap_or(0);
        self.bytes = self
            .bytes
            .saturating_sub(before.into())
            .saturating_add(length.into());
        if !self.big && self.bytes > MAX_SMALL_BYTES {
            return Err(FILE_PARTS_INVALID.into());
        }
        Ok(before)
    }

    /// Checks that parts `0..count` are there and of one size, and names the bytes.
    pub(crate) fn finish(&self, count: i32) -> Result<Stored, RpcError> {
        let wanted = usize::try_from(count).map_err(|_| FILE_PARTS_INVALID)?;
        if wanted == 0 || self.parts.len() > wanted {
            return Err(FILE_PARTS_INVALID.into());
        }
        let missing = (0..count).find(|part| !self.parts.contains_key(part));
        if let Some(part) = missing {
            return Err(RpcError::new(400, format!("FILE_PART_{part}_MISSING")));
        }
        let part_size = self.parts.get(&0).copied().unwrap_or(0);
        let mut size = 0_u64;
        for (part, length) in &self.parts {
            let last = *part == count.saturating_sub(1);
            if (!last && *length != part_size) || (last && *length > part_size) {
                return Err(FILE_PART_SIZE_CHANGED.into());
            }
            size = size.saturating_add(u64::from(*length));
        }
        if count > 1
            && (!part_size.is_multiple_of(1024)
                || !(MAX_PART as u32).is_multiple_of(part_size.max(1)))
        {
            return Err(FILE_PART_SIZE_INVALID.into());
        }
        Ok(Stored {
            file: self.file,
            part_size,
            size,
        })
    }
}

/// All unfinished uploads, by account and by the client's `file_id`.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    open: BTreeMap<(UserId, i64), Upload>,
    next_file: u64,
}

/// Where an accepted part belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) file: u64,
    /// Bytes of an earlier copy of the part, which the new one replaces.
    pub(crate) replaced: u32,
    /// An older upload that nobody will finish.
    pub(crate) dropped: Option<Dropped>,
}

/// What is left of a dropped upload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) file: u64,
    pub(crate) bytes: u64,
}

impl Uploads {
    /// Takes note of one part. `total` is `file_total_parts` of a big file, -1 while unknown.
    pub(crate) fn part(
        &mut self,
        owner: UserId,
        file_id: i64,
        part: i32,
        total: Option<i32>,
        length: usize,
        max_parts: i32,
    ) -> Result<Accepted, RpcError> {
        let end_of_stream = total.is_some_and(|total| total > 0);
        if length == 0 && !end_of_stream {
            return Err(FILE_PART_EMPTY.into());
        }
        if length > MAX_PART {
            return Err(FILE_PART_TOO_BIG.into());
        }
        if !(0..max_parts).contains(&part) {
            return Err(FILE_PART_INVALID.into());
        }
        if total.is_some_and(|total| total == 0 || total < -1 || total > max_parts) {
            return Err(FILE_PARTS_INVALID.into());
        }
        let mut dropped = None;
        if !self.open.contains_key(&(owner, file_id)) {
            dropped = self.make_room(owner);
            self.next_file = self.next_file.saturating_add(1);
            let upload = Upload::new(self.next_file, total.is_some());
            self.open.insert((owner, file_id), upload);
        }
        let upload = self
            .open
            .get_mut(&(owner, file_id))
            .ok_or(FILE_PART_INVALID)?;
        if upload.big != total.is_some() {
            return Err(FILE_PARTS_INVALID.into());
        }
        let replaced = upload.note(part, total, length)?;
        Ok(Accepted {
            file: upload.file,
            replaced,
            dropped,
        })
    }

    /// Drops the oldest upload of an account that has too many.
    fn make_room(&mut self, owner: UserId) -> Option<Dropped> {
        let range = (owner, i64::MIN)..=(owner, i64::MAX);
        if self.open.range(range.clone()).count() < MAX_PER_ACCOUNT {
            return None;
        }
        let uploads = self.open.range(range);
        let oldest = *uploads.min_by_key(|(_, upload)| upload.file)?.0;
        self.open.remove(&oldest).map(|upload| Dropped {
            file: upload.file,
            bytes: upload.bytes,
        })
    }

    /// Looks at an upload that a message names.
    pub(crate) fn get(&self, owner: UserId, file_id: i64) -> Option<&Upload> {
        self.open.get(&(owner, file_id))
    }

    /// Ends an upload whose bytes became a file.
    pub(crate) fn close(&mut self, owner: UserId, file_id: i64) {
        self.open.remove(&(owner, file_id));
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PART, MAX_PARTS, Uploads};
    use crate::model::ids::UserId;

    const ME: UserId = UserId(1);

    fn upload(parts: &[(i32, usize)]) -> Result<Uploads, String> {
        let mut uploads = Uploads::default();
        for (part, length) in parts {
            uploads
                .part(ME, 9, *part, None, *length, MAX_PARTS)
                .map_err(|error| error.message)?;
        }
        Ok(uploads)
    }

    fn finish(parts: &[(i32, usize)], count: i32) -> Result<u64, String> {
        let uploads = upload(parts)?;
        uploads
            .get(ME, 9)
            .unwrap()
            .finish(count)
            .map(|stored| stored.size)
            .map_err(|error| error.message)
    }

    #[test]
    fn parts_arrive_in_any_order() {
        assert_eq!(finish(&[(2, 10), (0, 1024), (1, 1024)], 3), Ok(2058));
        assert_eq!(finish(&[(0, 1024), (1, 1024), (1, 1024)], 2), Ok(2048));
        assert_eq!(finish(&[(0, 17)], 1), Ok(17));
    }

    #[test]
    fn each_broken_rule_has_its_error() {
        let error = |parts: &[_], count| finish(parts, count).unwrap_err();
        assert_eq!(error(&[(0, 0)], 1), "FILE_PART_EMPTY");
        assert_eq!(error(&[(0, MAX_PART + 1)], 1), "FILE_PART_TOO_BIG");
        assert_eq!(error(&[(-1, 1)], 1), "FILE_PART_INVALID");
        assert_eq!(error(&[(MAX_PARTS, 1)], 1), "FILE_PART_INVALID");
        assert_eq!(error(&[(0, 1024), (2, 3)], 3), "FILE_PART_1_MISSING");
        assert_eq!(error(&[(0, 1024), (1, 3)], 1), "FILE_PARTS_INVALID");
        assert_eq!(error(&[(0, 1024)], 0), "FILE_PARTS_INVALID");
        assert_eq!(error(&[(0, 1000), (1, 3)], 2), "FILE_PART_SIZE_INVALID");
        assert_eq!(error(&[(0, 1024), (1, 2048)], 2), "FILE_PART_SIZE_CHANGED");
        assert_eq!(
            error(&[(0, 1024), (2, 5), (1, 2048)], 3),
            "FILE_PART_SIZE_CHANGED"
        );
    }

    #[test]
    fn a_stream_announces_its_length_at_its_end() {
        let mut uploads = Uploads::default();
        let mut part = |number, total, length| {
            uploads
                .part(ME, 9, number, Some(total), length, MAX_PARTS)
                .map(|accepted| accepted.file)
                .map_err(|error| error.message)
        };
        assert_eq!(part(0, -1, 1024), Ok(1));
        assert_eq!(part(1, -1, 1024), Ok(1));
        assert_eq!(part(2, 3, 0), Ok(1), "the last part may be empty");
        assert_eq!(part(3, 3, 5), Err("FILE_PARTS_INVALID".into()));
        assert_eq!(part(0, 4, 1024), Err("FILE_PARTS_INVALID".into()));
        let stored = uploads.get(ME, 9).unwrap().finish(3).unwrap();
        assert_eq!((stored.size, stored.part_size), (2048, 1024));
    }

    #[test]
    fn an_account_cannot_keep_uploads_without_bound() {
        let mut uploads = Uploads::default();
        let mut dropped = Vec::new();
        for file_id in 0..70 {
            let accepted = uploads.part(ME, file_id, 0, None, 10, MAX_PARTS).unwrap();
            dropped.extend(accepted.dropped.map(|dropped| dropped.file));
        }
        assert_eq!(dropped, [1, 2, 3, 4, 5, 6]);
        assert!(uploads.get(ME, 0).is_none());
        assert!(uploads.get(ME, 69).is_some());
    }
}
