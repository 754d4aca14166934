//! AES-256 in counter mode: transport obfuscation and files from CDN data centres.
//!
//! The counter is the whole 128-bit block, big-endian.
//! Sections: <https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation>,
//! <https://core.telegram.org/cdn#decrypting-files>.

use core::fmt;

use aes::Aes256;
use cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

/// An AES-256-CTR keystream and the position reached in it.
///
/// Encryption and decryption are the same operation.
pub struct AesCtr256 {
    stream: ctr::Ctr128BE<Aes256>,
}

impl AesCtr256 {
    /// The keystream of `key` whose first counter block is `iv`.
    #[must_use]
    pub fn new(key: &[u8; 32], iv: &[u8; 16]) -> Self {
        Self {
            stream: ctr::Ctr128BE::new(key.into(), iv.into()),
        }
    }

    /// Combines `buf` with the next bytes of the keystream.
    pub fn apply(&mut self, buf: &mut [u8]) {
        // Positions are 128-bit block numbers: the keystream cannot be used up.
        self.stream.apply_keystream(buf);
    }

    /// Goes to `offset` bytes from the start of the keystream, forward or back.
    pub fn seek(&mut self, offset: u64) {
        self.stream.seek(offset);
    }
}

impl fmt::Debug for AesCtr256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesCtr256(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // NIST SP 800-38A, F.5.5 (CTR-AES256.Encrypt).
    #[test]
    fn matches_the_vector_of_nist() {
        let key = hex::decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
            .unwrap();
        let iv = hex::decode("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap();
        let mut buf = hex::decode(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        )
        .unwrap();
        AesCtr256::new(key[..].try_into().unwrap(), iv[..].try_into().unwrap()).apply(&mut buf);
        assert_eq!(
            hex::encode(buf),
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5\
             2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
        );
    }

    #[test]
    fn the_counter_carries_through_all_sixteen_bytes() {
        let key = [3; 32];
        let mut wrapped = [0; 32];
        AesCtr256::new(&key, &[0xff; 16]).apply(&mut wrapped);
        let mut zero = [0; 16];
        AesCtr256::new(&key, &[0; 16]).apply(&mut zero);
        assert_eq!(wrapped[16..], zero);
    }

    proptest! {
        #[test]
        fn any_cut_and_any_seek_give_the_same_keystream(
            key: [u8; 32],
            iv: [u8; 16],
            len in 0_usize..200,
            cut in 0_usize..200,
        ) {
            let cut = cut.min(len);
            let mut whole = std::vec![0; len];
            AesCtr256::new(&key, &iv).apply(&mut whole);

            let mut pieces = std::vec![0; len];
            let mut stream = AesCtr256::new(&key, &iv);
            stream.apply(&mut pieces[..cut]);
            stream.apply(&mut pieces[cut..]);
            prop_assert_eq!(&pieces, &whole);

            let mut tail = std::vec![0; len - cut];
            stream.seek(cut as u64);
            stream.apply(&mut tail);
            prop_assert_eq!(&tail[..], &whole[cut..]);
        }
    }
}
