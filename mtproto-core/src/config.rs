//! Configuration of the two roles: what is fixed for a connection or an endpoint, and every limit with its default.

use crate::time::Duration;

/// Bounds and habits of one session, in either role.
///
/// Everything that a peer can make grow is bounded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Identifiers remembered to recognise replays. Default 1024.
    pub replay_window: usize,
    /// How long an acknowledgement may wait for company. Default 5 s.
    pub ack_delay: Duration,
    /// Acknowledgements due at which they leave alone. Default 16.
    pub acks_at_once: usize,
    /// Messages of one container, sent and received. Default 1024, the specification's limit, and no more.
    pub container_messages: usize,
    /// Bytes of one container sent. Default 1 MiB.
    pub container_bytes: usize,
    /// Bodies that are worth compressing. Default 256 B to 64 KiB; larger ones are mostly media.
    pub compress: Sizes,
    /// Bytes that compressed data may inflate to. Default 16 MiB.
    pub inflated_bytes: usize,
    /// Messages that wait for a stream. Default 4096.
    pub queued_messages: usize,
    /// Messages kept until the peer acknowledges them (a server's answers and updates). Default 1024.
    pub unacked_messages: usize,
    /// Bytes of such messages. Default 8 MiB.
    pub unacked_bytes: usize,
    /// Queries without an answer: a client cannot send more, a server takes no more up. Default 4096.
    pub pending_queries: usize,
    /// How often one query is sent again because the server refused its message. Default 6.
    pub resends: u8,
    /// Whether rules that real peers are known to break are enforced instead of reported. Default no.
    pub strict: bool,
}

/// A range of sizes in bytes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The smallest size.
    pub least: usize,
    /// The largest size.
    pub most: usize,
}

impl Sizes {
    /// No size at all.
    pub const NONE: Self = Self { least: 1, most: 0 };

    /// Whether `size` is in the range.
    #[must_use]
    pub const fn contains(self, size: usize) -> bool {
        self.least <= size && size <= self.most
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            replay_window: 1024,
            ack_delay: Duration::from_secs(5),
            acks_at_once: 16,
            container_messages: 1024,
            container_bytes: 1 << 20,
            compress: Sizes {
                least: 256,
                most: 64 << 10,
            },
            inflated_bytes: 16 << 20,
            queued_messages: 4096,
            unacked_messages: 1024,
            unacked_bytes: 8 << 20,
            pending_queries: 4096,
            resends: 6,
            strict: false,
        }
    }
}
