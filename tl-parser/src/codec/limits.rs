//! What a reader is willing to spend on bytes of unknown origin.

/// Bounds of one reading; what goes beyond them is an error, never a partial result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep objects and vectors may be nested; never more than [`MAX_DEPTH`].
    pub depth: usize,
    /// How many objects and vector elements there may be in all. A decoded element takes some 40
    /// to 200 bytes of memory, whatever it takes on the wire.
    pub elements: usize,
    /// How many bytes the input may have.
    pub bytes: usize,
}

/// The nesting beyond which nothing is read, whatever the limits say, for the sake of the stack.
pub const MAX_DEPTH: usize = 512;

impl Limits {
    /// For what a peer sends: 128 deep, 2^18 elements, 16 MiB.
    pub const NETWORK: Self = Self {
        depth: 128,
        elements: 1 << 18,
        bytes: 1 << 24,
    };
    /// For captures and files given by a person: 256 deep, 2^22 elements, 64 MiB.
    pub const CAPTURE: Self = Self {
        depth: 256,
        elements: 1 << 22,
        bytes: 1 << 26,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::NETWORK
    }
}
