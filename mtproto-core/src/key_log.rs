//! The key log: what a tool needs to decrypt a capture, told as it comes into being.
//!
//! The core calls a [`KeyLog`]; writing files is the business of drivers. [`line()`] gives the published text form, one
//! line per secret, words separated by one space, hexadecimal in lower case, bytes in the order of the wire:
//!
//! ```text
//! MTPROTO_AUTH_KEY <dc> <auth_key_id, 16 digits> <key, 512 digits> perm|temp
//! MTPROTO_NEW_NONCE <nonce, 32 digits> <new_nonce, 64 digits>
//! MTPROTO_KEY_BIND <temporary auth_key_id> <permanent auth_key_id> <expires_at, unix seconds>
//! ```

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use crate::crypto::auth_key::AuthKey;
use crate::ids::{AuthKeyId, DcId, Nonce};

/// Receives secrets as they come into being.
pub trait KeyLog: Send + Sync {
    /// Takes note of a secret.
    fn log(&self, secret: &Secret<'_>);
}

/// Something without which a capture cannot be decrypted.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    /// An authorization key was made.
    AuthKey {
        /// The data centre it is for.
        dc: DcId,
        /// The key.
        key: &'a AuthKey,
        /// Whether it is a temporary one.
        temporary: bool,
    },
    /// The secret number of a key exchange, which decrypts the exchange itself.
    NewNonce {
        /// The client's public number of the exchange.
        nonce: Nonce,
        /// The secret.
        new_nonce: &'a [u8; 32],
    },
    /// A temporary key was bound to a permanent one.
    KeyBind {
        /// The temporary key.
        temporary: AuthKeyId,
        /// The permanent key.
        permanent: AuthKeyId,
        /// Unix time in seconds at which the binding ends.
        expires_at: i32,
    },
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthKey { .. } => "AuthKey(..)",
            Self::NewNonce { .. } => "NewNonce(..)",
            Self::KeyBind { .. } => "KeyBind(..)",
        })
    }
}

/// The line of a key log for `secret`, without a line end.
#[must_use]
pub fn line(secret: &Secret<'_>) -> String {
    match secret {
        Secret::AuthKey { dc, key, temporary } => {
            let kind = if *temporary { "temp" } else { "perm" };
            let bytes = hex(key.as_bytes());
            format!("MTPROTO_AUTH_KEY {} {} {bytes} {kind}", dc.0, key.id())
        }
        Secret::NewNonce { nonce, new_nonce } => {
            format!("MTPROTO_NEW_NONCE {nonce} {}", hex(*new_nonce))
        }
        Secret::KeyBind {
            temporary,
            permanent,
            expires_at,
        } => format!("MTPROTO_KEY_BIND {temporary} {permanent} {expires_at}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_published_form() {
        let mut bytes = [0xab; 256];
        bytes[0] = 0x0c;
        let key = AuthKey::new(bytes);
        let text = line(&Secret::AuthKey {
            dc: DcId(-2),
            key: &key,
            temporary: true,
        });
        let words: std::vec::Vec<&str> = text.split(' ').collect();
        assert_eq!(words[..2], ["MTPROTO_AUTH_KEY", "-2"]);
        assert_eq!(words[2], std::format!("{}", key.id()));
        assert_eq!(words[2].len(), 16);
        assert!(words[3].starts_with("0cab") && words[3].len() == 512);
        assert_eq!(words[4], "temp");

        let text = line(&Secret::NewNonce {
            nonce: Nonce([1; 16]),
            new_nonce: &[0xfe; 32],
        });
        let expected = std::format!("MTPROTO_NEW_NONCE {} {}", "01".repeat(16), "fe".repeat(32));
        assert_eq!(text, expected);

        let text = line(&Secret::KeyBind {
            temporary: AuthKeyId([1; 8]),
            permanent: AuthKeyId([2; 8]),
            expires_at: 1_700_000_000,
        });
        assert_eq!(
            text,
            "MTPROTO_KEY_BIND 0101010101010101 0202020202020202 1700000000"
        );
    }

    #[test]
    fn debug_tells_no_secret() {
        let secret = Secret::NewNonce {
            nonce: Nonce([1; 16]),
            new_nonce: &[7; 32],
        };
        assert_eq!(std::format!("{secret:?}"), "NewNonce(..)");
    }
}
