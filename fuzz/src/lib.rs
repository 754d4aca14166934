//! Bodies of the fuzz targets, and the table of them.
//!
//! A body takes any bytes and panics where it finds a fault; the engine's binaries in `fuzz_targets/` only call it.
//! The corpora in `corpus/<target>/` are replayed by an ordinary test, so they need neither the engine nor a nightly
//! compiler.
#![forbid(unsafe_code)]

pub mod carriers;
pub mod inspector;
pub mod message;
pub mod secret_chat;
pub mod session;
pub mod tl;
pub mod transport;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its binary and of its corpus.
    pub name: &'static str,
    /// What it does with the engine's bytes.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All targets, in the order of their names.
pub const TARGETS: &[Target] = &[
    target("capture", inspector::capture),
    target("carrier", carriers::carrier),
    target("container", message::container),
    target("detect", transport::detect),
    target("endpoint", session::endpoint),
    target("fake_tls", carriers::fake_tls),
    target("frame_abridged", transport::frame_abridged),
    target("frame_full", transport::frame_full),
    target("frame_intermediate", transport::frame_intermediate),
    target("frame_obfuscated", transport::frame_obfuscated),
    target("frame_padded", transport::frame_padded),
    target("gzip", message::gzip),
    target("handshake_client", message::handshake_client),
    target("handshake_server", message::handshake_server),
    target("http", carriers::http),
    target("inspect", inspector::inspect),
    target("keys", inspector::keys),
    target("open_message", message::open_message),
    target("packet", inspector::packet),
    target("plain_message", message::plain_message),
    target("secret_chat", secret_chat::secret_chat),
    target("service_message", message::service_message),
    target("session_ops", session::session_ops),
    target("tap", transport::tap),
    target("tl_decode", tl::tl_decode),
    target("tl_json", tl::tl_json),
    target("tl_roundtrip", tl::tl_roundtrip),
    target("tl_text", tl::tl_text),
    target("view_vs_value", tl::view_vs_value),
    target("websocket", carriers::websocket),
];
