//! Files from CDN data centres: decryption and the check of each part.
//!
//! A CDN is not trusted: it stores ciphertext, and the file's own data centre gives the SHA-256 of each part.
//! Section: <https://core.telegram.org/cdn>.

use core::fmt;

use subtle::ConstantTimeEq;

use super::aes_ctr::AesCtr256;
use super::hash::sha256;

/// Why a part of a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CdnError {
    /// The offset is not a multiple of 16, or too great for the 32-bit counter.
    Offset,
    /// The part differs from what the file's data centre vouched for.
    Hash,
}

impl fmt::Display for CdnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offset => "the offset of a CDN part is not a multiple of 16 below 2^36",
            Self::Hash => "the CDN part differs from its fileHash",
        })
    }
}

impl core::error::Error for CdnError {}

/// Encrypts or decrypts in place the part of a file that starts at `offset` bytes.
///
/// `key` and `iv` are `encryption_key` and `encryption_iv` of `upload.fileCdnRedirect`.
///
/// # Errors
/// [`CdnError::Offset`]; the part is then unchanged.
pub fn apply(key: &[u8; 32], iv: &[u8; 16], offset: u64, part: &mut [u8]) -> Result<(), CdnError> {
    if !offset.is_multiple_of(16) {
        return Err(CdnError::Offset);
    }
    // The last four bytes of the IV are replaced, not added to.
    let block = u32::try_from(offset / 16).map_err(|_| CdnError::Offset)?;
    let mut iv = *iv;
    if let Some(counter) = iv.last_chunk_mut() {
        *counter = block.to_be_bytes();
    }
    AesCtr256::new(key, &iv).apply(part);
    Ok(())
}

/// Checks the encrypted bytes of a part against the `hash` of its `fileHash`.
///
/// # Errors
/// [`CdnError::Hash`].
pub fn check(encrypted: &[u8], hash: &[u8]) -> Result<(), CdnError> {
    if bool::from(sha256(&[encrypted]).ct_eq(hash)) {
        Ok(())
    } else {
        Err(CdnError::Hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cd_04_parts_decrypt_like_the_whole_file() {
        let (key, iv) = ([7; 32], [9; 16]);
        let mut whole = std::vec![0; 4096];
        apply(&key, &iv, 0, &mut whole).unwrap();
        for (start, end) in [(0, 4096), (16, 48), (1024, 4096), (4080, 4096)] {
            let mut part = std::vec![0; end - start];
            apply(&key, &iv, start as u64, &mut part).unwrap();
            assert_eq!(part, whole[start..end]);
        }
    }

    #[test]
    fn cd_04_the_counter_replaces_the_end_of_the_iv() {
        let mut with_counter = [1; 32];
        apply(&[7; 32], &[9; 16], 16 * 0x0102_0304, &mut with_counter).unwrap();
        let iv = [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4];
        let mut plain_ctr = [1; 32];
        AesCtr256::new(&[7; 32], &iv).apply(&mut plain_ctr);
        assert_eq!(with_counter, plain_ctr);
    }

    #[test]
    fn odd_and_huge_offsets_are_refused() {
        for offset in [1, 15, 17, 16 << 32, u64::MAX] {
            assert_eq!(
                apply(&[7; 32], &[9; 16], offset, &mut []),
                Err(CdnError::Offset)
            );
        }
        assert_eq!(
            apply(&[7; 32], &[9; 16], 16 * u64::from(u32::MAX), &mut []),
            Ok(())
        );
    }

    #[test]
    fn cd_02_a_changed_part_or_a_short_hash_is_refused() {
        let hash = sha256(&[b"part"]);
        assert_eq!(check(b"part", &hash), Ok(()));
        assert_eq!(check(b"Part", &hash), Err(CdnError::Hash));
        assert_eq!(check(b"part", &hash[..31]), Err(CdnError::Hash));
        assert_eq!(check(b"part", &[]), Err(CdnError::Hash));
    }
}
