//! PKCS#1 keys in DER and PEM, as far as RSA keys need it: one sequence of non-negative integers.
//!
//! Reading is strict (DER has one form for each value), so that a key that is read and written again stays the same.
//! Formats: RFC 8017, appendix A.1; RFC 7468.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::RsaError;

pub(super) const PUBLIC: &str = "RSA PUBLIC KEY";
pub(super) const PRIVATE: &str = "RSA PRIVATE KEY";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The magnitudes of a sequence of exactly `N` non-negative integers that fills `der`.
///
/// A magnitude has no leading zero, but for zero itself, which is the one byte 0.
pub(super) fn read_sequence<const N: usize>(der: &[u8]) -> Option<[&[u8]; N]> {
    let (mut body, rest) = read_value(der, SEQUENCE)?;
    let mut integers: [&[u8]; N] = [&[]; N];
    for integer in &mut integers {
        let value;
        (value, body) = read_value(body, INTEGER)?;
        *integer = match value {
            [0, magnitude @ ..] if magnitude.first().is_some_and(|&high| high >= 0x80) => magnitude,
            [0] => value,
            [first, ..] if (1..0x80).contains(first) => value,
            _ => return None,
        };
    }
    (body.is_empty() && rest.is_empty()).then_some(integers)
}

/// The contents of the value with this tag at the start of `der`, and what follows it.
fn read_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&len, rest) = rest.split_first()?;
            (Some(usize::from(len)).filter(|&len| len >= 0x80)?, rest)
        }
        0x82 => {
            let (&len, rest) = rest.split_first_chunk()?;
            (
                Some(usize::from(u16::from_be_bytes(len))).filter(|&len| len >= 0x100)?,
                rest,
            )
        }
        // Longer values and indefinite lengths: no key of ours.
        _ => return None,
    };
    rest.split_at_checked(len)
}

/// The sequence of these integers, given as magnitudes without leading zeros, together below 64 KiB.
pub(super) fn write_sequence(integers: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for integer in integers {
        // A leading one bit would make the integer negative.
        let zero: &[u8] = if integer.first().is_none_or(|&high| high >= 0x80) {
            &[0]
        } else {
            &[]
        };
        write_value(&mut body, INTEGER, &[zero, integer]);
    }
    let mut out = Vec::new();
    write_value(&mut out, SEQUENCE, &[&body]);
    out
}

fn write_value(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) {
    let len: usize = parts
        .iter()
        .map(|part| part.len())
        .fold(0, usize::saturating_add);
    out.push(tag);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..=0x7f), _) => out.push(len),
        (Ok(len), _) => out.extend([0x81, len]),
        (_, len) => {
            out.push(0x82);
            out.extend(len.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The contents of the one PEM block with this label; other text around it is allowed.
pub(super) fn read_pem(pem: &str, label: &'static str) -> Result<Zeroizing<Vec<u8>>, RsaError> {
    fn body<'a>(pem: &'a str, label: &str) -> Option<&'a str> {
        let (_, rest) = pem.split_once("-----BEGIN ")?;
        let (body, _) = rest
            .strip_prefix(label)?
            .strip_prefix("-----")?
            .split_once("-----END ")?;
        Some(body)
    }
    let body = body(pem, label).ok_or(RsaError::Pem(label))?;
    let base64: Zeroizing<Vec<u8>> = Zeroizing::new(
        body.bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect(),
    );
    STANDARD
        .decode(&*base64)
        .map(Zeroizing::new)
        .map_err(|_| RsaError::Der)
}

/// The PEM block of these contents: lines of 64 characters, a line break at the end.
pub(super) fn write_pem(der: &[u8], label: &str) -> String {
    let mut pem = String::new();
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    let mut column = 0_usize;
    for character in STANDARD.encode(der).chars() {
        if column == 64 {
            pem.push('\n');
            column = 0;
        }
        pem.push(character);
        column = column.saturating_add(1);
    }
    pem.extend(["\n-----END ", label, "-----\n"]);
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_both_ways() {
        let long = [0xff; 256];
        let der = write_sequence(&[&[1], &[0x80], &[], &long]);
        assert_eq!(
            read_sequence::<4>(&der),
            Some([&[1][..], &[0x80], &[0], &long])
        );
    }

    #[test]
    fn what_der_forbids_is_refused() {
        for (why, der) in [
            ("empty", &[][..]),
            ("other tag", &[0x31, 3, 2, 1, 5]),
            ("negative integer", &[0x30, 3, 2, 1, 0x80]),
            ("needless zero", &[0x30, 4, 2, 2, 0, 5]),
            ("empty integer", &[0x30, 2, 2, 0]),
            ("long form of a short length", &[0x30, 0x81, 3, 2, 1, 5]),
            ("two bytes for a short length", &[0x30, 0x82, 0, 3, 2, 1, 5]),
            ("indefinite length", &[0x30, 0x80, 2, 1, 5, 0, 0]),
            ("cut short", &[0x30, 3, 2, 1]),
            ("bytes behind", &[0x30, 3, 2, 1, 5, 0]),
            ("bytes behind the integers", &[0x30, 4, 2, 1, 5, 0]),
            ("one integer more", &[0x30, 6, 2, 1, 5, 2, 1, 5]),
        ] {
            assert_eq!(read_sequence::<1>(der), None, "{why}");
        }
        assert_eq!(read_sequence::<1>(&[0x30, 3, 2, 1, 5]), Some([&[5][..]]));
    }

    #[test]
    fn a_pem_block_of_another_label_is_refused() {
        let pem = write_pem(&[1, 2, 3], PUBLIC);
        assert_eq!(
            pem,
            "-----BEGIN RSA PUBLIC KEY-----\nAQID\n-----END RSA PUBLIC KEY-----\n"
        );
        assert_eq!(*read_pem(&pem, PUBLIC).unwrap(), [1, 2, 3]);
        assert_eq!(read_pem(&pem, PRIVATE), Err(RsaError::Pem(PRIVATE)));
        assert_eq!(read_pem("", PUBLIC), Err(RsaError::Pem(PUBLIC)));
        assert_eq!(
            read_pem(&pem.replace("AQID", "AQ!D"), PUBLIC),
            Err(RsaError::Der)
        );
    }
}
