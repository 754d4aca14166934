//! The hellos of both ends, and the proofs in them.

use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use super::{TlsError, hmac_sha256};
use crate::random::{self, SecureRandom};

/// The longest hello of either side, in bytes: real ones are below 2 KiB, and a server's is followed by one record in
/// the place of its certificate.
pub const HELLO_LIMIT: usize = 5 + 16_384 + 1024;

/// Offset of the 32 random bytes in a hello's first record: headers of record and message, version.
const RANDOM_AT: usize = 5 + 4 + 2;
/// The length to which browsers long padded their hello: some servers dislike those between 256 and 511 bytes.
const PADDED_HELLO: usize = 517;
const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_PADDING: u16 = 21;

/// Builds a client's hello for `domain`: the secret's proof and the time in seconds since 1970 are in it.
pub fn client_hello(
    key: &[u8; 16],
    domain: &str,
    unix_secs: u32,
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let mut hello = Vec::with_capacity(PADDED_HELLO);
    hello.extend_from_slice(&[0x16, 3, 1]);
    block(&mut hello, |hello| {
        hello.extend_from_slice(&[1, 0]);
        block(hello, |hello| client_hello_body(domain, random, hello));
    });
    let digest = hmac_sha256(key, &[&hello]);
    if let Some(place) = random_mut(&mut hello) {
        *place = digest;
        xor_time(place, unix_secs);
    }
    hello
}

fn client_hello_body(domain: &str, random: &mut dyn SecureRandom, hello: &mut Vec<u8>) {
    hello.extend_from_slice(&[3, 3]);
    hello.extend_from_slice(&[0; 32]);
    hello.push(32);
    hello.extend_from_slice(&random::bytes::<32>(random));
    // Cipher suites as browsers offer them, TLS 1.3 first; no compression.
    let suites: [u16; 15] = [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
        0x009c, 0x009d, 0x002f, 0x0035,
    ];
    block(hello, |hello| words(hello, &suites));
    hello.extend_from_slice(&[1, 0]);
    block(hello, |hello| {
        extension(hello, EXTENSION_SERVER_NAME, |hello| {
            block(hello, |hello| {
                hello.push(0);
                block(hello, |hello| hello.extend_from_slice(domain.as_bytes()));
            });
        });
        // extended_master_secret, renegotiation_info, session_ticket
        extension(hello, 0x0017, |_| {});
        extension(hello, 0xff01, |hello| hello.push(0));
        extension(hello, 0x0023, |_| {});
        // supported_groups, ec_point_formats
        extension(hello, 0x000a, |hello| {
            block(hello, |hello| words(hello, &[0x1d, 0x17, 0x18]))
        });
        extension(hello, 0x000b, |hello| hello.extend_from_slice(&[1, 0]));
        // application_layer_protocol_negotiation
        extension(hello, 0x0010, |hello| {
            block(hello, |hello| {
                hello.extend_from_slice(b"\x02h2\x08http/1.1")
            });
        });
        // status_request, signature_algorithms, signed_certificate_timestamp
        extension(hello, 0x0005, |hello| {
            hello.extend_from_slice(&[1, 0, 0, 0, 0])
        });
        let signatures = [
            0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
        ];
        extension(hello, 0x000d, |hello| {
            block(hello, |hello| words(hello, &signatures))
        });
        extension(hello, 0x0012, |_| {});
        // key_share, psk_key_exchange_modes, supported_versions
        extension(hello, 0x0033, |hello| {
            block(hello, |hello| {
                words(hello, &[0x001d, 32]);
                hello.extend_from_slice(&random::bytes::<32>(random));
            });
        });
        extension(hello, 0x002d, |hello| hello.extend_from_slice(&[1, 1]));
        extension(hello, 0x002b, |hello| {
            hello.extend_from_slice(&[4, 3, 4, 3, 3])
        });
        let missing = PADDED_HELLO.saturating_sub(hello.len()).saturating_sub(4);
        if missing > 0 {
            extension(hello, EXTENSION_PADDING, |hello| {
                hello.resize(hello.len().saturating_add(missing), 0);
            });
        }
    });
}

/// A client's hello as a server reads it.
#[derive(Clone, Copy, Debug)]
pub struct ClientHello<'a> {
    record: &'a [u8],
    /// What the client calls its session; the server repeats it.
    pub session_id: &'a [u8],
    /// The server name that the client asks for, if any.
    pub server_name: Option<&'a [u8]>,
}

impl<'a> ClientHello<'a> {
    /// The hello at the head of `bytes` and its length, or nothing if it is not all there.
    ///
    /// # Errors
    /// [`TlsError::Hello`]: the bytes are no client hello, or one that is too long.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, TlsError> {
        let Some(&[kind, 3, _, l1, l0]) = bytes.first_chunk::<5>() else {
            return if bytes.len() < 5 {
                Ok(None)
            } else {
                Err(TlsError::Hello)
            };
        };
        let len = usize::from(u16::from_be_bytes([l1, l0])).saturating_add(5);
        if kind != 0x16 || len > HELLO_LIMIT {
            return Err(TlsError::Hello);
        }
        let Some(record) = bytes.get(..len) else {
            return Ok(None);
        };
        let hello = Self::parse_record(record).ok_or(TlsError::Hello)?;
        Ok(Some((hello, len)))
    }

    fn parse_record(record: &'a [u8]) -> Option<Self> {
        let mut rest = record.get(5..)?;
        if take(&mut rest, 2)? != [1, 0] {
            return None;
        }
        let mut body = take_block(&mut rest)?;
        take(&mut body, 2 + 32)?;
        let session_id = usize::from(*take(&mut body, 1)?.first()?);
        let session_id = take(&mut body, session_id)?;
        take_block(&mut body)?;
        let compressions = usize::from(*take(&mut body, 1)?.first()?);
        take(&mut body, compressions)?;
        let server_name = server_name(&mut body)?;
        Some(Self {
            record,
            session_id,
            server_name,
        })
    }

    /// The 32 random bytes: what a replayed hello has in common with the first one.
    #[must_use]
    pub fn random(&self) -> [u8; 32] {
        random_of(self.record).unwrap_or_default()
    }

    /// The time in the hello, in seconds since 1970, if its digest fits the secret.
    #[must_use]
    pub fn verify(&self, key: &[u8; 16]) -> Option<u32> {
        let (head, random, tail) = around_random(self.record)?;
        let digest = hmac_sha256(key, &[head, &[0; 32], tail]);
        // The time hides in the last four bytes; the others must be equal.
        let fits = digest
            .first_chunk::<28>()?
            .ct_eq(random.first_chunk::<28>()?);
        let time = u32::from_le_bytes(*random.last_chunk::<4>()?);
        let mask = u32::from_le_bytes(*digest.last_chunk::<4>()?);
        bool::from(fits).then_some(time ^ mask)
    }
}

/// The first host name among the extensions; no extensions at all are legal.
fn server_name<'a>(body: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    if body.is_empty() {
        return Some(None);
    }
    let mut extensions = take_block(body)?;
    while !extensions.is_empty() {
        let kind = u16::from_be_bytes(*take(&mut extensions, 2)?.first_chunk()?);
        let mut extension = take_block(&mut extensions)?;
        if kind == EXTENSION_SERVER_NAME {
            let mut list = take_block(&mut extension)?;
            take(&mut list, 1)?;
            return Some(Some(take_block(&mut list)?));
        }
    }
    Some(None)
}

/// Builds a server's answer to `client`: its hello, a ChangeCipherSpec, and a record of noise where TLS has the
/// enciphered certificate.
pub fn server_hello(
    key: &[u8; 16],
    client: &ClientHello<'_>,
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let mut hello = Vec::new();
    hello.extend_from_slice(&[0x16, 3, 3]);
    block(&mut hello, |hello| {
        hello.extend_from_slice(&[2, 0]);
        block(hello, |hello| {
            hello.extend_from_slice(&[3, 3]);
            hello.extend_from_slice(&[0; 32]);
            hello.push(u8::try_from(client.session_id.len()).unwrap_or(0));
            hello.extend_from_slice(client.session_id);
            hello.extend_from_slice(&[0x13, 0x01, 0]);
            block(hello, |hello| {
                extension(hello, 0x0033, |hello| {
                    words(hello, &[0x001d, 32]);
                    hello.extend_from_slice(&random::bytes::<32>(random));
                });
                extension(hello, 0x002b, |hello| hello.extend_from_slice(&[3, 4]));
            });
        });
    });
    hello.extend_from_slice(&[0x14, 3, 3, 0, 1, 1]);
    hello.extend_from_slice(&[0x17, 3, 3]);
    block(&mut hello, |hello| {
        // As long as a chain of certificates may be.
        let extra = u16::from_le_bytes(random::bytes(random)) % 2048;
        let start = hello.len();
        hello.resize(start.saturating_add(1024).saturating_add(extra.into()), 0);
        random.fill(hello.get_mut(start..).unwrap_or_default());
    });
    let digest = hmac_sha256(key, &[&client.random(), &hello]);
    if let Some(place) = random_mut(&mut hello) {
        *place = digest;
    }
    hello
}

/// The length of a server's answer to a hello, three records, once all of it is there.
///
/// # Errors
/// The records are others, or longer than [`HELLO_LIMIT`].
pub fn server_hello_len(bytes: &[u8]) -> Result<Option<usize>, TlsError> {
    let mut len = 0_usize;
    for expected in [0x16, 0x14, 0x17] {
        let rest = bytes.get(len..).unwrap_or_default();
        let Some(&[kind, v1, v0, l1, l0]) = rest.first_chunk::<5>() else {
            return Ok(None);
        };
        if kind != expected {
            return Err(TlsError::Record { kind });
        }
        let body = usize::from(u16::from_be_bytes([l1, l0]));
        len = len.saturating_add(5).saturating_add(body);
        if [v1, v0] != [3, 3] || len > HELLO_LIMIT {
            return Err(TlsError::Hello);
        }
    }
    Ok((bytes.len() >= len).then_some(len))
}

/// The length of the server's answer to the hello with `client_random`, once all of it is there and proves that the
/// server knows the secret. The server's stream follows it.
///
/// # Errors
/// The records are others, or the digest proves nothing. Nothing may be sent then.
pub fn check_server_hello(
    bytes: &[u8],
    key: &[u8; 16],
    client_random: &[u8; 32],
) -> Result<Option<usize>, TlsError> {
    let Some(len) = server_hello_len(bytes)? else {
        return Ok(None);
    };
    let records = bytes.get(..len).unwrap_or_default();
    let (head, random, tail) = around_random(records).ok_or(TlsError::Hello)?;
    let digest = hmac_sha256(key, &[client_random, head, &[0; 32], tail]);
    if bool::from(digest.ct_eq(random)) {
        Ok(Some(len))
    } else {
        Err(TlsError::Digest)
    }
}

fn around_random(hello: &[u8]) -> Option<(&[u8], &[u8; 32], &[u8])> {
    let (head, rest) = hello.split_at_checked(RANDOM_AT)?;
    let (random, tail) = rest.split_first_chunk()?;
    Some((head, random, tail))
}

pub(in crate::transport::carrier) fn random_of(hello: &[u8]) -> Option<[u8; 32]> {
    around_random(hello).map(|(_, random, _)| *random)
}

fn random_mut(hello: &mut [u8]) -> Option<&mut [u8; 32]> {
    hello.get_mut(RANDOM_AT..)?.first_chunk_mut()
}

fn xor_time(random: &mut [u8; 32], unix_secs: u32) {
    if let Some(last) = random.last_chunk_mut::<4>() {
        *last = (u32::from_le_bytes(*last) ^ unix_secs).to_le_bytes();
    }
}

/// Appends what `fill` appends, after its length in two bytes.
fn block(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    fill(out);
    let len = out.len().saturating_sub(start).saturating_sub(2);
    if let Some(place) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *place = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
    }
}

fn extension(out: &mut Vec<u8>, kind: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    words(out, &[kind]);
    block(out, fill);
}

fn words(out: &mut Vec<u8>, words: &[u16]) {
    out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head)
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u16::from_be_bytes(*take(rest, 2)?.first_chunk()?);
    take(rest, len.into())
}
