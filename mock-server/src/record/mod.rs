//! Recording of everything a server sends and receives, as a capture file that ordinary tools open.
//!
//! [`pcapng`] and [`tcp_synth`] are sans-IO: they append bytes to a buffer of the caller, who owns the file and the clock.
//! The server sees byte streams, not packets, so the IP and TCP headers of such a capture are synthetic;
//! the file's own comment says so.

pub(crate) mod files;
pub mod pcapng;
pub mod tcp_synth;

pub use pcapng::PcapngWriter;
pub use tcp_synth::{Side, Stream};
