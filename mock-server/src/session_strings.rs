//! Session strings: the forms in which client libraries carry a login about, written.
//!
//! | library | form |
//! |---|---|
//! | Telethon | `1`, then URL-safe base64 of: dc (1), IP address (4 or 16), port (2, big-endian), key (256) |
//! | GramJS | `1`, then base64 of: dc (1), length (2, big-endian) and text of the address, port (2), key (256) |
//! | Pyrogram, Kurigram | URL-safe base64 without padding of: dc (1), `api_id` (4), test mode (1), key (256), user id (8), bot (1), big-endian |
//! | mtcute | URL-safe base64 without padding of: 3, flags (4), data centre as TL bytes, user id (8), bot as a TL boolean, key as TL bytes, little-endian |

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::ready::ReadySession;

/// `boolTrue` and `boolFalse` of TL.
const TL_TRUE: u32 = 0x9972_75b5;
const TL_FALSE: u32 = 0xbc79_9737;

/// Why a library's form cannot say what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// GramJS keeps ports in a signed 16-bit number.
    Port(u16),
    /// The forms have one byte for the DC.
    Dc(i32),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(
                f,
                "a GramJS session cannot name port {port}: let the server listen below 32768"
            ),
            Self::Dc(dc) => write!(
                f,
                "a session string cannot name DC {dc}: give one up to 255"
            ),
        }
    }
}

impl std::error::Error for SessionError {}

impl ReadySession {
    fn dc_byte(&self) -> Result<u8, SessionError> {
        u8::try_from(self.dc).map_err(|_| SessionError::Dc(self.dc))
    }

    /// For Telethon's `StringSession`.
    ///
    /// # Errors
    ///
    /// [`SessionError::Dc`].
    pub fn telethon(&self, server: SocketAddr) -> Result<String, SessionError> {
        let mut bytes = vec![self.dc_byte()?];
        match server.ip() {
            IpAddr::V4(address) => bytes.extend(address.octets()),
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
        bytes.extend(server.port().to_be_bytes());
        bytes.extend(self.key.as_bytes());
        Ok(format!("1{}", URL_SAFE.encode(bytes)))
    }

    /// For GramJS's `StringSession`. The port is written, but GramJS dials 80 or 443 whatever it says.
    ///
    /// # Errors
    ///
    /// [`SessionError`]: a port above 32767 cannot be told.
    pub fn gramjs(&self, server: SocketAddr) -> Result<String, SessionError> {
        let port = i16::try_from(server.port()).map_err(|_| SessionError::Port(server.port()))?;
        let address = server.ip().to_string();
        let length = u16::try_from(address.len()).unwrap_or(u16::MAX);
        let mut bytes = vec![self.dc_byte()?];
        bytes.extend(length.to_be_bytes());
        bytes.extend(address.as_bytes());
        bytes.extend(port.to_be_bytes());
        bytes.extend(self.key.as_bytes());
        Ok(format!("1{}", STANDARD.encode(bytes)))
    }

    /// For the `session_string` of Pyrogram and Kurigram, which holds no address.
    ///
    /// # Errors
    ///
    /// [`SessionError::Dc`].
    pub fn pyrogram(&self, api_id: u32) -> Result<String, SessionError> {
        let mut bytes = vec![self.dc_byte()?];
        bytes.extend(api_id.to_be_bytes());
        bytes.push(0);
        bytes.extend(self.key.as_bytes());
        bytes.extend(self.user_id.to_be_bytes());
        bytes.push(u8::from(self.is_bot));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// For mtcute's `importSession`, version 3.
    ///
    /// # Errors
    ///
    /// [`SessionError::Dc`].
    pub fn mtcute(&self, server: SocketAddr) -> Result<String, SessionError> {
        const SELF_PRESENT: u32 = 1;
        const IPV6: u8 = 1;
        let mut option = vec![2, self.dc_byte()?, if server.is_ipv6() { IPV6 } else { 0 }];
        tl_bytes(server.ip().to_string().as_bytes(), &mut option);
        option.extend(u32::from(server.port()).to_le_bytes());
        let mut bytes = vec![3];
        bytes.extend(SELF_PRESENT.to_le_bytes());
        tl_bytes(&option, &mut bytes);
        bytes.extend(self.user_id.to_le_bytes());
        bytes.extend(if self.is_bot { TL_TRUE } else { TL_FALSE }.to_le_bytes());
        tl_bytes(self.key.as_bytes(), &mut bytes);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A string of TL: length in one byte or four, content, padding to whole words.
fn tl_bytes(content: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let length = u32::try_from(content.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    match content.len() {
        0..254 => out.push(length[0]),
        _ => out.extend([254, length[0], length[1], length[2]]),
    }
    out.extend_from_slice(content);
    let padded = (out.len() - start).next_multiple_of(4);
    out.resize(start + padded, 0);
}
