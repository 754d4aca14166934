//! What one client, or many, may cost the server.

use std::time::Duration;

/// Bounds that keep a hostile or a broken client from hurting the others. A connection that exceeds one is shed, with a
/// [`Notice`](crate::Notice).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at once; more are closed as they come. Default 65536.
    pub connections: usize,
    /// How long a connection may take to say its first message. Default one minute.
    pub opening_timeout: Duration,
    /// How long a connection may send nothing of use, so that one whose peer has vanished, or stopped within a message,
    /// ends; clients that ping set a time of their own. Default half an hour.
    pub idle_timeout: Duration,
    /// How long a connection may take no byte of what is sent to it. Default one minute.
    pub write_timeout: Duration,
    /// Keys of clients that have neither a session nor a login; another one pushes out the one that has been idle for
    /// longest. Default 16384.
    pub idle_keys: usize,
    /// How long a session without a connection is remembered. Default 10 minutes.
    pub session_lifetime: Duration,
    /// Bytes that may wait for one connection's socket. Beyond, nothing is read from it and its messages wait in their
    /// sessions, whose queues are bounded, too. Default 1 MiB.
    pub send_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            opening_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(1800),
            write_timeout: Duration::from_secs(60),
            idle_keys: 16_384,
            session_lifetime: Duration::from_secs(600),
            send_queue: 1 << 20,
        }
    }
}
