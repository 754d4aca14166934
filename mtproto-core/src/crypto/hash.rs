//! SHA-1 and SHA-256 over the concatenation of several parts.
//!
//! The protocol hashes concatenations everywhere; taking the parts as they lie saves a copy, often of a secret.

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// SHA-1 of the concatenated `parts`.
///
/// The protocol uses it for key identifiers, the key exchange and MTProto 1.0.
#[must_use]
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    digest::<Sha1>(parts).into()
}

/// SHA-256 of the concatenated `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(parts).into()
}

fn digest<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4, examples published by NIST (Cryptographic Standards and Guidelines, "Example Values").
    #[test]
    fn hashes_match_the_examples_of_nist() {
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        for (input, sha1_hex, sha256_hex) in [
            (
                &b"abc"[..],
                "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                &two_blocks[..],
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex::encode(sha1(&[input])), sha1_hex);
            assert_eq!(hex::encode(sha256(&[input])), sha256_hex);
        }
    }

    #[test]
    fn the_cut_into_parts_does_not_matter() {
        let whole = b"one two three";
        assert_eq!(sha1(&[whole]), sha1(&[b"one", b"", b" two three"]));
        assert_eq!(sha256(&[whole]), sha256(&[b"one ", b"two ", b"three"]));
    }
}
