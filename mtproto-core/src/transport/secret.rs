//! Secrets of MTProxy servers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The shared secret of an MTProxy server, 16 bytes, and the form of the stream that it demands.
///
/// Section: <https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation>.
#[derive(Clone, ZeroizeOnDrop)]
pub struct ProxySecret {
    key: [u8; 16],
    #[zeroize(skip)]
    form: SecretForm,
}

/// What a stream to a proxy looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretForm {
    /// 16 bytes: any transport that can be obfuscated.
    Plain,
    /// `dd` and 16 bytes: the padded intermediate transport.
    Padded,
    /// `ee`, 16 bytes and a domain: the padded intermediate transport inside what looks like TLS 1.3 to that domain.
    FakeTls {
        /// The server name that the client pretends to ask for, in ASCII.
        domain: String,
    },
}

/// Why bytes or a text are no proxy secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// Neither hexadecimal nor base64 (standard or URL-safe, with or without padding).
    Encoding,
    /// Neither 16 bytes, nor 17 with `dd` in front, nor `ee` and 16 bytes and a domain.
    Form,
    /// The domain is no host name: 1 to 253 ASCII letters, digits, dots and dashes.
    Domain,
}

impl ProxySecret {
    /// A secret from its bytes, the first of which tells the form if there are more than 16.
    ///
    /// # Errors
    /// [`SecretError::Form`] and [`SecretError::Domain`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        if let Ok(key) = bytes.try_into() {
            return Ok(Self {
                key,
                form: SecretForm::Plain,
            });
        }
        let (first, rest) = bytes.split_first().ok_or(SecretError::Form)?;
        let (key, domain) = rest.split_first_chunk().ok_or(SecretError::Form)?;
        let form = match (first, domain) {
            // Proxies hand out `ee` without a domain too; clients take it for `dd`.
            (0xdd | 0xee, []) => SecretForm::Padded,
            (0xee, domain) => SecretForm::FakeTls {
                domain: host_name(domain)?,
            },
            _ => return Err(SecretError::Form),
        };
        Ok(Self { key: *key, form })
    }

    /// A secret as links to proxies spell it: hexadecimal or base64.
    ///
    /// # Errors
    /// Any [`SecretError`].
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let mut bytes = decode_hex(text)
            .or_else(|| decode_base64(text))
            .ok_or(SecretError::Encoding)?;
        let secret = Self::from_bytes(&bytes);
        bytes.zeroize();
        secret
    }

    /// The shared 16 bytes.
    #[must_use]
    pub const fn key(&self) -> &[u8; 16] {
        &self.key
    }

    /// The form of the stream.
    #[must_use]
    pub const fn form(&self) -> &SecretForm {
        &self.form
    }
}

fn host_name(domain: &[u8]) -> Result<String, SecretError> {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if domain.len() > 253 || !domain.iter().all(legal) {
        return Err(SecretError::Domain);
    }
    Ok(domain.iter().copied().map(char::from).collect())
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode(text))
        .ok()
}

impl fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxySecret")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encoding => "the proxy secret is neither hexadecimal nor base64",
            Self::Form => {
                "a proxy secret is 16 bytes, or dd and 16 bytes, or ee and 16 bytes and a domain"
            }
            Self::Domain => "the domain in the proxy secret is no host name",
        })
    }
}

impl core::error::Error for SecretError {}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn the_length_and_the_first_byte_tell_the_form() {
        let key = "00112233445566778899aabbccddeeff";
        let form = |text: &str| ProxySecret::parse(text).map(|secret| secret.form().clone());
        assert_eq!(form(key), Ok(SecretForm::Plain));
        assert_eq!(form(&format!("dd{key}")), Ok(SecretForm::Padded));
        assert_eq!(form(&format!("ee{key}")), Ok(SecretForm::Padded));
        assert_eq!(
            form(&format!("ee{key}612e6578616d706c65")),
            Ok(SecretForm::FakeTls {
                domain: "a.example".into()
            })
        );
        assert_eq!(form(&format!("{key}00")), Err(SecretError::Form));
        assert_eq!(form(&format!("dd{key}61")), Err(SecretError::Form));
        assert_eq!(form("dd"), Err(SecretError::Form));
        assert_eq!(form(""), Err(SecretError::Form));
        assert_eq!(form(&format!("ee{key}6120")), Err(SecretError::Domain));
        assert_eq!(form("not a secret"), Err(SecretError::Encoding));
    }

    #[test]
    fn hexadecimal_and_both_alphabets_of_base64_spell_the_same_secret() {
        let hex = ProxySecret::parse("ddfbff000102030405060708090a0b0c0d").unwrap();
        for text in ["3fv/AAECAwQFBgcICQoLDA0=", "3fv_AAECAwQFBgcICQoLDA0"] {
            let base64 = ProxySecret::parse(text).unwrap();
            assert_eq!(
                (base64.key(), base64.form()),
                (hex.key(), hex.form()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_printed_secret_tells_nothing() {
        let secret = ProxySecret::from_bytes(&[0x77; 16]).unwrap();
        assert_eq!(format!("{secret:?}"), "ProxySecret { form: Plain, .. }");
    }
}
