//! Accounting: every byte of TCP payload ends in exactly one class.

use std::ops::{AddAssign, Index};

/// What became of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteClass {
    /// Part of a message that was decoded, its envelope and framing included.
    Decoded,
    /// Part of the key exchange, or a transport's first bytes.
    Handshake,
    /// Part of an encrypted message whose key is not known.
    NoKey,
    /// Not in the capture.
    Gap,
    /// On a connection that is not MTProto, as far as can be told.
    NotMtproto,
    /// Part of a frame or body that could not be decoded.
    Error,
}

impl ByteClass {
    /// All classes, in the order of outputs.
    pub const ALL: [Self; 6] = [
        Self::Decoded,
        Self::Handshake,
        Self::NoKey,
        Self::Gap,
        Self::NotMtproto,
        Self::Error,
    ];

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decoded => "decoded",
            Self::Handshake => "handshake",
            Self::NoKey => "no_key",
            Self::Gap => "gap",
            Self::NotMtproto => "not_mtproto",
            Self::Error => "error",
        }
    }
}

/// Bytes by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteCounts([u64; 6]);

impl ByteCounts {
    /// Counts `bytes` under `class`.
    pub fn add(&mut self, class: ByteClass, bytes: u64) {
        self.0[class as usize] += bytes;
    }

    /// Counts what was counted under `from` under `to` instead.
    pub fn reclassify(&mut self, from: ByteClass, to: ByteClass) {
        let bytes = std::mem::take(&mut self.0[from as usize]);
        self.add(to, bytes);
    }

    /// All bytes: captured payload and gaps.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Bytes of MTProto that were not decoded: without key, lost, or in error.
    #[must_use]
    pub fn undecoded(&self) -> u64 {
        self[ByteClass::NoKey] + self[ByteClass::Gap] + self[ByteClass::Error]
    }
}

impl Index<ByteClass> for ByteCounts {
    type Output = u64;

    fn index(&self, class: ByteClass) -> &u64 {
        &self.0[class as usize]
    }
}

impl AddAssign for ByteCounts {
    fn add_assign(&mut self, other: Self) {
        for class in ByteClass::ALL {
            self.add(class, other[class]);
        }
    }
}
