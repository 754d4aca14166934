//! The token of a quick acknowledgment.

/// The token by which a server says at once that it has received and decrypted a message, not yet executed it.
///
/// `msg_key_large` is the SHA-256 from whose middle the message's `msg_key` was taken. The token is its first four
/// bytes as a little-endian word with the top bit set; each transport has its own form for it, which
/// [`Framer`](super::Framer) knows.
/// Section: <https://core.telegram.org/mtproto/mtproto-transports#quick-ack>.
#[must_use]
pub const fn quick_ack_token(msg_key_large: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *msg_key_large;
    u32::from_le_bytes([a, b, c, d]) | 0x8000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tr_24_the_token_is_the_head_of_the_hash_with_its_top_bit_set() {
        let mut hash = [0xaa; 32];
        hash[..4].copy_from_slice(&[0x01, 0x02, 0x03, 0x04]);
        assert_eq!(quick_ack_token(&hash), 0x8403_0201);
    }
}
