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
    let (head, header) = match length {
        0..=253 => (length, 1_usize),
        _ => (length << 8 | 254, 4),
    };
    let start = out.len();
    let content_end = header.saturating_add(content.len());
    // Zeros for the padding; the rest is written over.
    let size = content_end.saturating_add(3) & !3;
    out.resize(start.saturating_add(size), 0);
    let place = out.get_mut(start..).unwrap_or_default();
    if let Some(first) = place.first_chunk_mut::<4>() {
        *first = head.to_le_bytes();
    }
    if let Some(place) = place.get_mut(header..content_end) {
        place.copy_from_slice(content);
    }
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
