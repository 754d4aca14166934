//! `mtkit patch-keys`: a copy of a program whose built-in RSA keys are ours.
//!
//! Some clients take no key at run time. Their keys stand in the file as PEM text or as DER; a key of the same size has
//! the same length in both, so it takes their place and nothing else moves.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use mtproto_core::crypto::rsa::RsaPublicKey;

use crate::exit::{Ending, Failure};
use crate::keys::{KeyArgument, public_key};

/// Both ends of a public key in PEM; between them, the label may have `RSA ` in front.
const BEGIN: &[&[u8]] = &[
    b"-----BEGIN RSA PUBLIC KEY-----",
    b"-----BEGIN PUBLIC KEY-----",
];
const END: &[u8] = b"-----END ";

/// The most characters between the two ends that are looked at: a key of 8192 bits has fewer.
const MAX_PEM: usize = 4096;

/// How a PKCS#1 public key of 2048 bits begins: SEQUENCE of 266 bytes, INTEGER of 257, a zero in front of the high bit.
const DER_HEAD: [u8; 9] = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];

/// Bytes of such a key.
const DER_LEN: usize = 270;

/// Arguments of `mtkit patch-keys`.
#[derive(Debug, clap::Args)]
pub(crate) struct PatchArguments {
    /// The library or program; it is only read
    file: PathBuf,
    /// The copy to write
    #[arg(short, long, value_name = "COPY")]
    output: PathBuf,
    #[command(flatten)]
    key: KeyArgument,
}

pub(crate) fn run(arguments: &PatchArguments) -> Result<Ending, Failure> {
    let report = patch(arguments).map_err(Failure::Input)?;
    crate::exit::print(&report).map_err(Failure::Run)?;
    Ok(Ending::Done)
}

fn patch(arguments: &PatchArguments) -> anyhow::Result<String> {
    let (from, to) = (&arguments.file, &arguments.output);
    let key = public_key(&arguments.key)?;
    let mut bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if is_same(from, to) {
        bail!(
            "{} is the file itself: give a copy another name",
            to.display()
        );
    }
    let found = replace(&mut bytes, &key);
    let places = found.swapped.len();
    if places == 0 {
        let hint = if found.other == 0 {
            "no public RSA key is in it, neither as PEM nor as DER".to_owned()
        } else {
            format!("{} PEM keys are in it, none of 2048 bits", found.other)
        };
        bail!("{}: {hint}; nothing was written", from.display());
    }
    // With the rights of the original: a library may have to be executable.
    fs::copy(from, to)
        .and_then(|_| fs::write(to, &bytes))
        .with_context(|| format!("cannot write {}", to.display()))?;
    let mut report = format!(
        "{}: {places} {} replaced by {:016x}\n",
        to.display(),
        if places == 1 { "key" } else { "keys" },
        key.fingerprint()
    );
    for swap in found.swapped {
        report.push_str(&format!(
            "  {} at byte {}: was {:016x}\n",
            swap.form, swap.at, swap.old
        ));
    }
    if found.other > 0 {
        report.push_str(&format!(
            "  {} keys of another size left as they are\n",
            found.other
        ));
    }
    Ok(report)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        // A copy that does not exist yet is another file.
        _ => false,
    }
}

/// A key that was replaced.
#[derive(Debug, PartialEq, Eq)]
struct Swap {
    form: &'static str,
    at: usize,
    /// The fingerprint of the key that stood there.
    old: i64,
}

#[derive(Debug, Default)]
struct Found {
    swapped: Vec<Swap>,
    /// Keys of other sizes.
    other: usize,
}

/// Replaces every public RSA key of the size of `key`, in PEM (PKCS#1 or SPKI) or DER.
fn replace(bytes: &mut [u8], key: &RsaPublicKey) -> Found {
    let mut found = Found::default();
    let der = key.to_pkcs1_der();
    for place in pem_bodies(bytes) {
        let text = &mut bytes[place.clone()];
        match replace_in_pem(text, &der) {
            Some(old) => found.swapped.push(Swap {
                form: "PEM",
                at: place.start,
                old,
            }),
            None => found.other += 1,
        }
    }
    let heads: Vec<usize> = memmem::find_iter(bytes, &DER_HEAD).collect();
    for at in heads {
        let Some(place) = bytes.get_mut(at..at + DER_LEN) else {
            continue;
        };
        if let Some(old) = replace_der(place, &der) {
            found.swapped.push(Swap {
                form: "DER",
                at,
                old,
            });
        }
    }
    found
}

/// Where the text between the two lines of each PEM key stands.
fn pem_bodies(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut bodies: Vec<Range<usize>> = BEGIN
        .iter()
        .flat_map(|begin| {
            memmem::find_iter(bytes, begin).filter_map(|at| {
                let start = at + begin.len();
                let window = &bytes[start..bytes.len().min(start + MAX_PEM)];
                let length = memmem::find(window, END)?;
                Some(start..start + length)
            })
        })
        .collect();
    bodies.sort_by_key(|body| body.start);
    bodies
}

/// Puts `der` into the body of a PEM block, character by character, so that line breaks stay where they are. Gives the
/// fingerprint of the key that stood there; nothing if it has another size, and then nothing is changed.
fn replace_in_pem(text: &mut [u8], der: &[u8]) -> Option<i64> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let digits: Vec<u8> = text.iter().copied().filter(is_digit).collect();
    let mut content = STANDARD.decode(&digits).ok()?;
    let at = memmem::find(&content, &DER_HEAD)?;
    let old = replace_der(content.get_mut(at..at + DER_LEN)?, der)?;
    let new = STANDARD.encode(content);
    let places = text.iter_mut().filter(|byte| is_digit(byte));
    for (place, digit) in places.zip(new.bytes()) {
        *place = digit;
    }
    Some(old)
}

/// Puts `der` where another PKCS#1 key of the same length stands.
fn replace_der(place: &mut [u8], der: &[u8]) -> Option<i64> {
    let old = RsaPublicKey::from_pkcs1_der(place).ok()?.fingerprint();
    if der.len() != place.len() || place == der {
        return None;
    }
    place.copy_from_slice(der);
    Some(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(fill: u8) -> RsaPublicKey {
        let mut n = [fill; 256];
        n[0] = 0xc0;
        n[255] = 0x01;
        RsaPublicKey::new(&n, &[1, 0, 1]).expect("a modulus of 2048 bits")
    }

    /// SubjectPublicKeyInfo around a PKCS#1 key.
    fn spki(key: &RsaPublicKey) -> Vec<u8> {
        let head = [
            0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,
            1, 1, 5, 0, 3, 0x82, 1, 0x0f, 0,
        ];
        [head.as_slice(), &key.to_pkcs1_der()].concat()
    }

    #[test]
    fn keys_in_every_form_are_replaced_and_nothing_moves() {
        let (ours, first, second) = (key(7), key(1), key(2));
        let unix = first.to_pem();
        let windows = second.to_pem().replace('\n', "\r\n");
        let spki_pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            STANDARD.encode(spki(&first))
        );
        let parts: [&[u8]; 9] = [
            b"\x7fELF code",
            unix.as_bytes(),
            b"\0data\0",
            windows.as_bytes(),
            b"\0\0",
            &second.to_pkcs1_der(),
            b"more code",
            &spki(&first),
            spki_pem.as_bytes(),
        ];
        let original = parts.concat();
        let mut patched = original.clone();
        let found = replace(&mut patched, &ours);
        let forms: Vec<&str> = found.swapped.iter().map(|swap| swap.form).collect();
        assert_eq!(forms, ["PEM", "PEM", "PEM", "DER", "DER"]);
        let old: Vec<i64> = found.swapped.iter().map(|swap| swap.old).collect();
        let (a, b) = (first.fingerprint(), second.fingerprint());
        assert_eq!(old, [a, b, a, b, a]);
        assert_eq!(patched.len(), original.len());
        let pem = ours.to_pem();
        assert!(memmem::find(&patched, pem.as_bytes()).is_some());
        let windows = pem.replace('\n', "\r\n");
        assert!(memmem::find(&patched, windows.as_bytes()).is_some());
        assert!(memmem::find(&patched, &spki(&ours)).is_some());
        assert!(patched.starts_with(b"\x7fELF code"));
        // A second run finds our own key, which needs no replacement.
        assert_eq!(replace(&mut patched, &ours).swapped, []);
    }

    #[test]
    fn what_is_no_key_of_the_size_stays() {
        let small =
            "-----BEGIN RSA PUBLIC KEY-----\nMAoCAwEAAQIDAQAB\n-----END RSA PUBLIC KEY-----\n";
        let cut = &key(1).to_pem()[..200];
        let mut bytes = format!("{small}\0{cut}").into_bytes();
        bytes.extend(DER_HEAD);
        let before = bytes.clone();
        let found = replace(&mut bytes, &key(7));
        assert_eq!((found.swapped.len(), found.other), (0, 1));
        assert_eq!(bytes, before);
    }
}
