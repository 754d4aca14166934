//! Which transport a client speaks, told from its first bytes.
//!
//! One port serves all of them, because no client announces its transport in any other way.
//! Section: <https://core.telegram.org/mtproto/mtproto-transports>.

use super::Transport;

/// What the first bytes of a client's stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirstBytes {
    /// Too few to tell.
    NeedMore,
    /// A plain transport, whose tag takes `tag_len` bytes.
    Plain {
        /// The transport.
        transport: Transport,
        /// Bytes to leave out before the first frame.
        tag_len: usize,
    },
    /// Random bytes, so perhaps an obfuscation header: 64 bytes are needed to find out.
    Obfuscated,
    /// An HTTP request.
    Http,
    /// The hello of a TLS client.
    Tls,
}

/// Judges the first bytes of a client's stream.
///
/// At most 11 bytes are needed. The full transport has no tag, but its first counter is zero, which bytes 4 to 7 of
/// an obfuscation header never are; nor can its length begin with `ef`, since it is divisible by four.
#[must_use]
pub fn first_bytes(bytes: &[u8]) -> FirstBytes {
    if bytes.first() == Some(&0xef) {
        return FirstBytes::Plain {
            transport: Transport::Abridged,
            tag_len: 1,
        };
    }
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else {
        return FirstBytes::NeedMore;
    };
    match head {
        [0xee, 0xee, 0xee, 0xee] => {
            return FirstBytes::Plain {
                transport: Transport::Intermediate,
                tag_len: 4,
            };
        }
        [0xdd, 0xdd, 0xdd, 0xdd] => {
            return FirstBytes::Plain {
                transport: Transport::PaddedIntermediate,
                tag_len: 4,
            };
        }
        b"POST" | b"GET " | b"HEAD" | b"OPTI" => return FirstBytes::Http,
        _ => {}
    }
    match rest.first_chunk::<4>() {
        None => return FirstBytes::NeedMore,
        Some([0, 0, 0, 0]) => {
            return FirstBytes::Plain {
                transport: Transport::Full,
                tag_len: 0,
            };
        }
        Some(_) => {}
    }
    if head.starts_with(&[0x16, 0x03, 0x01]) {
        return tls_hello(bytes);
    }
    FirstBytes::Obfuscated
}

/// Whether a handshake record holds exactly one client hello, as every client sends it.
///
/// Headers of obfuscated streams avoid only the hello of 512 bytes, and hellos have long been longer; so the shape
/// decides: record type 22, version 3.1, length; message type 1, length (4 less), version 3.3.
fn tls_hello(bytes: &[u8]) -> FirstBytes {
    let Some(&[_, _, _, r1, r0, kind, 0, m1, m0, v1, v0]) = bytes.first_chunk::<11>() else {
        return if bytes.len() < 11 {
            FirstBytes::NeedMore
        } else {
            FirstBytes::Obfuscated
        };
    };
    let record = u16::from_be_bytes([r1, r0]);
    let message = u16::from_be_bytes([m1, m0]);
    if kind == 1 && [v1, v0] == [3, 3] && message.checked_add(4) == Some(record) {
        FirstBytes::Tls
    } else {
        FirstBytes::Obfuscated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tr_39_each_transport_is_known_by_its_first_bytes() {
        let plain = |transport, tag_len| FirstBytes::Plain { transport, tag_len };
        for (bytes, expected) in [
            (&[0xef][..], plain(Transport::Abridged, 1)),
            (&[0xee; 4], plain(Transport::Intermediate, 4)),
            (&[0xdd; 4], plain(Transport::PaddedIntermediate, 4)),
            (&[0x34, 0, 0, 0, 0, 0, 0, 0], plain(Transport::Full, 0)),
            (b"POST", FirstBytes::Http),
            (b"GET ", FirstBytes::Http),
            (b"OPTI", FirstBytes::Http),
            (&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], FirstBytes::Tls),
            (&[0x16, 3, 1, 7, 0, 1, 0, 6, 0xfc, 3, 3], FirstBytes::Tls),
            (
                &[0x16, 3, 1, 7, 0, 1, 0, 6, 0xfd, 3, 3],
                FirstBytes::Obfuscated,
            ),
            (
                &[0x16, 3, 1, 7, 0, 1, 9, 6, 0xfc, 3, 3],
                FirstBytes::Obfuscated,
            ),
            (&[0x51, 2, 3, 4, 5, 6, 7, 8], FirstBytes::Obfuscated),
        ] {
            assert_eq!(first_bytes(bytes), expected, "{bytes:02x?}");
            for len in 0..bytes.len() {
                let prefix = &bytes[..len];
                assert_eq!(first_bytes(prefix), FirstBytes::NeedMore, "{prefix:02x?}");
            }
        }
    }
}
