//! The four pictures that two callers compare to be sure that nobody stands between them.
//!
//! Section: <https://core.telegram.org/api/end-to-end/video-calls#key-verification>.

use super::hash::sha256;

/// The number of emoji in the list that all clients share.
pub const EMOJI_COUNT: u16 = 333;

/// The positions, from 0, of the four emoji of a call in that list.
///
/// `key` is the shared key and `g_a` the public value of the caller, both with their leading zeros.
#[must_use]
pub fn emoji_fingerprint(key: &[u8; 256], g_a: &[u8; 256]) -> [u16; 4] {
    let digest = sha256(&[key, g_a]);
    let mut positions = [0; 4];
    for (position, part) in positions.iter_mut().zip(digest.as_chunks().0) {
        let number = u64::from_be_bytes(*part) & (u64::MAX >> 1);
        let remainder = number.checked_rem(u64::from(EMOJI_COUNT));
        *position = remainder
            .and_then(|rest| u16::try_from(rest).ok())
            .unwrap_or(0);
    }
    positions
}
