//! Where the bytes of files are kept.
//!
//! The world cuts files into the parts in which they were uploaded and asks a [`FileStore`] to keep them, so that a driver can put them on disk.

use std::collections::BTreeMap;

/// Keeps the parts of files. Files are numbered by the world.
pub trait FileStore {
    /// Keeps the bytes of one part; a part that is there already is replaced.
    fn put(&mut self, file: u64, part: u32, bytes: &[u8]);

    /// The bytes of one part; `None` where it was never put.
    fn get(&self, file: u64, part: u32) -> Option<Vec<u8>>;

    /// Forgets all parts of a file.
    fn remove(&mut self, file: u64);
}

/// Keeps files in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    parts: BTreeMap<(u64, u32), Vec<u8>>,
}

impl FileStore for MemoryStore {
    fn put(&mut self, file: u64, part: u32, bytes: &[u8]) {
        self.parts.insert((file, part), bytes.to_vec());
    }

    fn get(&self, file: u64, part: u32) -> Option<Vec<u8>> {
        self.parts.get(&(file, part)).cloned()
    }

    fn remove(&mut self, file: u64) {
        let parts: Vec<_> = self
            .parts
            .range((file, 0)..=(file, u32::MAX))
            .map(|(key, _)| *key)
            .collect();
        for key in parts {
            self.parts.remove(&key);
        }
    }
}
