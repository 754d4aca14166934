//! The HTTP exchange that opens a WebSocket.

use alloc::string::String;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::WebSocketError;
use crate::crypto::hash::sha1;
use crate::transport::carrier::http::{Head, HttpError};

/// What a server appends to a client's key before it hashes it (RFC 6455, section 1.3).
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The sub-protocol that must be asked for.
const SUB_PROTOCOL: &str = "binary";

/// The accept key that answers the key of a request.
#[must_use]
pub fn accept_key(key: &str) -> String {
    STANDARD.encode(sha1(&[key.as_bytes(), MAGIC]))
}

/// A client's request to open a WebSocket at `target` (such as `/apiws`) of `host`.
///
/// # Errors
/// [`HttpError::Head`] if one of them holds white space or control characters.
pub fn request(host: &str, target: &str, key: &[u8; 16]) -> Result<String, WebSocketError> {
    let sound = |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if !sound(host) || !sound(target) {
        return Err(HttpError::Head.into());
    }
    Ok(alloc::format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: {SUB_PROTOCOL}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n",
        STANDARD.encode(key)
    ))
}

/// A server's response to the head of a request.
///
/// # Errors
/// The request is no upgrade that carries a stream; the client is to be told the status 400.
pub fn accept_upgrade(head: &[u8]) -> Result<String, WebSocketError> {
    let head = Head::parse(head)?;
    let [method, _, version] = head.request_line();
    let key = head.values("Sec-WebSocket-Key").next().unwrap_or("");
    let key_len = STANDARD.decode(key).map_or(0, |key| key.len());
    if method != "GET"
        || version != "HTTP/1.1"
        || !head.lists("Upgrade", "websocket")
        || !head.lists("Connection", "upgrade")
        || head.values("Sec-WebSocket-Version").next() != Some("13")
        || key_len != 16
    {
        return Err(WebSocketError::Upgrade);
    }
    if !head.lists("Sec-WebSocket-Protocol", SUB_PROTOCOL) {
        return Err(WebSocketError::SubProtocol);
    }
    Ok(alloc::format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {SUB_PROTOCOL}\r\n\r\n",
        accept_key(key)
    ))
}

/// Checks the head of a server's response to the request with `key`.
///
/// # Errors
/// The server refuses, or answers something else.
pub fn check_response(head: &[u8], key: &[u8; 16]) -> Result<(), WebSocketError> {
    let head = Head::parse(head)?;
    match head.status()? {
        101 => {}
        status => return Err(WebSocketError::Refused { status }),
    }
    if !head.lists("Upgrade", "websocket") || !head.lists("Connection", "upgrade") {
        return Err(WebSocketError::Upgrade);
    }
    let expected = accept_key(&STANDARD.encode(key));
    if head.values("Sec-WebSocket-Accept").next() != Some(&expected[..]) {
        return Err(WebSocketError::Accept);
    }
    if !head.lists("Sec-WebSocket-Protocol", SUB_PROTOCOL) {
        return Err(WebSocketError::SubProtocol);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 6455, section 1.3.
    #[test]
    fn the_accept_key_agrees_with_the_example_of_the_rfc() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
