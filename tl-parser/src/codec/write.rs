//! Primitive values at the end of a buffer.

/// The longest string that has a binary form: 2^24 - 1 bytes.
pub(crate) const MAX_STRING: usize = (1 << 24) - 1;

#[inline]
pub(crate) fn word(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_le_bytes());
}

/// A string of at most [`MAX_STRING`] bytes, in its canonical form.
pub(crate) fn string(out: &mut Vec<u8>, content: &[u8]) {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let header = match u8::try_from(length) {
        Ok(short @ 0..=253) => {
            out.push(short);
            1
        }
        _ => {
            word(out, length << 8 | 254);
            4_usize
        }
    };
    out.extend_from_slice(content);
    let padding = header.wrapping_add(content.len()).wrapping_neg() & 3;
    out.extend_from_slice([0; 3].get(..padding).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::read::string as read;

    #[test]
    fn strings_around_the_long_form_are_read_back_canonically() {
        for length in [
            0, 1, 2, 3, 4, 250, 252, 253, 254, 255, 256, 1000, 65536, MAX_STRING,
        ] {
            let content = vec![7; length];
            let mut out = vec![];
            string(&mut out, &content);
            let found = read(&out, 0).unwrap();
            assert_eq!(
                (found.content, found.size),
                (&*content, out.len()),
                "{length}"
            );
            assert!(!found.long_length && !found.bad_padding);
        }
    }
}
