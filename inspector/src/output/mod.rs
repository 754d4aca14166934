//! Rows as text for people and as JSON Lines for programs.

mod escape;
mod json;
mod redact;
mod table;
mod text;

pub use json::JsonLines;
pub use table::{stats_json, stats_text};
pub use text::TextTree;

use mtproto_core::transport::Transport;
use mtproto_core::transport::carrier::Carrier;

const fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Abridged => "abridged",
        Transport::Intermediate => "intermediate",
        Transport::PaddedIntermediate => "padded_intermediate",
        Transport::Full => "full",
    }
}

const fn carrier_name(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Direct => "direct",
        Carrier::WebSocket => "websocket",
        Carrier::FakeTls { .. } => "fake_tls",
        Carrier::Http => "http",
        _ => "other",
    }
}

/// Whether a type of a schema is text.
fn is_text(type_text: &str) -> bool {
    type_text == "string"
}

/// The type of the elements of a vector type.
fn element_type(type_text: &str) -> &str {
    type_text
        .strip_prefix("Vector<")
        .or_else(|| type_text.strip_prefix("vector<"))
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or_default()
}
