//! Transport obfuscation: a 64-byte random header, from which the keys of both directions follow.
//!
//! Whoever sees the header can read the stream, unless it is one to an MTProxy, whose secret enters the keys.
//! Section: <https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation>.

use super::secret::{ProxySecret, SecretForm};
use super::{ConfigError, Transport};
use crate::crypto::aes_ctr::AesCtr256;
use crate::crypto::hash::sha256;
use crate::ids::DcId;
use crate::random::SecureRandom;

/// Length of the header in bytes.
pub const HEADER_LEN: usize = 64;

/// The first four bytes that the header must not have, because another transport begins so.
///
/// The last one begins the hello of a TLS client of the usual size, which proxies listen for on the same port.
const RESERVED: [[u8; 4]; 7] = [
    *b"HEAD",
    *b"POST",
    *b"GET ",
    *b"OPTI",
    [0xdd; 4],
    [0xee; 4],
    [0x16, 0x03, 0x01, 0x02],
];

/// Key streams of both directions, at the positions that the header leaves them at.
#[derive(Debug)]
pub struct Keystreams {
    /// What the client sends, from the byte after the header on (keystream offset 64).
    pub client_to_server: AesCtr256,
    /// What the server sends, from its first byte on (keystream offset 0).
    pub server_to_client: AesCtr256,
}

/// What a header says once it is deciphered.
#[derive(Debug)]
pub struct Accepted {
    /// The transport inside.
    pub transport: Transport,
    /// The DC that the client asks a proxy for. Bytes 60 and 61; other servers find random bytes there.
    pub dc: DcId,
    /// The key streams.
    pub keystreams: Keystreams,
}

const fn tag(transport: Transport) -> Result<[u8; 4], ConfigError> {
    match transport {
        Transport::Abridged => Ok([0xef; 4]),
        Transport::Intermediate => Ok([0xee; 4]),
        Transport::PaddedIntermediate => Ok([0xdd; 4]),
        Transport::Full => Err(ConfigError::FullObfuscated),
    }
}

/// Whether a header may begin with these eight bytes: no other transport does.
#[must_use]
pub fn may_begin_with(first: [u8; 8]) -> bool {
    let [head @ .., e, f, g, h] = first;
    first.first() != Some(&0xef) && !RESERVED.contains(&head) && [e, f, g, h] != [0; 4]
}

/// Draws a header and derives the key streams of its stream.
///
/// # Errors
/// The full transport has no tag, a DC beyond 16 bits no place, and a `dd` or `ee` secret wants the padded transport.
pub fn generate(
    transport: Transport,
    dc: Option<DcId>,
    secret: Option<&ProxySecret>,
    random: &mut dyn SecureRandom,
) -> Result<([u8; HEADER_LEN], Keystreams), ConfigError> {
    if secret.is_some_and(|secret| !permits(secret, transport)) {
        return Err(ConfigError::SecretWantsPadding);
    }
    let tag = tag(transport)?;
    let dc = dc.map(|DcId(dc)| i16::try_from(dc)).transpose();
    let dc = dc.map_err(|_| ConfigError::DcOutOfRange)?;

    let mut header = draw(random);
    let (_, tail) = split_tail(&mut header);
    let [t0, t1, t2, t3, d0, d1, ..] = tail;
    [*t0, *t1, *t2, *t3] = tag;
    if let Some(dc) = dc {
        [*d0, *d1] = dc.to_le_bytes();
    }

    let mut keystreams = derive(&header, secret);
    let mut enciphered = header;
    keystreams.client_to_server.apply(&mut enciphered);
    let (_, tail) = split_tail(&mut header);
    let (_, enciphered_tail) = split_tail(&mut enciphered);
    *tail = *enciphered_tail;
    Ok((header, keystreams))
}

/// 64 random bytes that begin as no other transport does.
fn draw(random: &mut dyn SecureRandom) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    // About one draw in 256 is no use. A generator that gives nothing else is broken, but must not hold us up.
    for _ in 0..32 {
        random.fill(&mut header);
        if header
            .first_chunk()
            .is_some_and(|first| may_begin_with(*first))
        {
            return header;
        }
    }
    let [first, _, _, _, fifth, ..] = &mut header;
    (*first, *fifth) = (1, 1);
    header
}

/// Deciphers a header, or finds that it is none: with another secret, or with none, it may be.
#[must_use]
pub fn accept(header: &[u8; HEADER_LEN], secret: Option<&ProxySecret>) -> Option<Accepted> {
    let mut keystreams = derive(header, secret);
    let mut plain = *header;
    keystreams.client_to_server.apply(&mut plain);
    let (_, &mut [t0, t1, t2, t3, d0, d1, ..]) = split_tail(&mut plain);
    let transport = match [t0, t1, t2, t3] {
        [0xef, 0xef, 0xef, 0xef] => Transport::Abridged,
        [0xee, 0xee, 0xee, 0xee] => Transport::Intermediate,
        [0xdd, 0xdd, 0xdd, 0xdd] => Transport::PaddedIntermediate,
        _ => return None,
    };
    if secret.is_some_and(|secret| !permits(secret, transport)) {
        return None;
    }
    let dc = DcId(i16::from_le_bytes([d0, d1]).into());
    Some(Accepted {
        transport,
        dc,
        keystreams,
    })
}

fn permits(secret: &ProxySecret, transport: Transport) -> bool {
    *secret.form() == SecretForm::Plain || transport == Transport::PaddedIntermediate
}

/// The key streams of both directions from their beginnings: key at byte 8, counter at byte 40 of the header, and the
/// same offsets of the header read backwards.
fn derive(header: &[u8; HEADER_LEN], secret: Option<&ProxySecret>) -> Keystreams {
    let mut reversed = *header;
    reversed.reverse();
    Keystreams {
        client_to_server: keystream(header, secret),
        server_to_client: keystream(&reversed, secret),
    }
}

#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "constant ranges inside an array of 64 bytes"
)]
fn keystream(header: &[u8; HEADER_LEN], secret: Option<&ProxySecret>) -> AesCtr256 {
    let mut key: [u8; 32] = header[8..40].try_into().unwrap();
    let iv: [u8; 16] = header[40..56].try_into().unwrap();
    if let Some(secret) = secret {
        key = sha256(&[&key, secret.key()]);
    }
    AesCtr256::new(&key, &iv)
}

/// The header before and from byte 56 on, where the tag is.
#[allow(clippy::unwrap_used, reason = "8 bytes are less than 64")]
fn split_tail(header: &mut [u8; HEADER_LEN]) -> (&mut [u8], &mut [u8; 8]) {
    header.split_last_chunk_mut().unwrap()
}
