//! Two-step verification: SRP 6a over the Diffie–Hellman group, both sides.
//!
//! The password never travels: the client proves with `M1` that it knows what the server's [`Verifier`] was made of.
//! Every number that is hashed is 256 bytes, big-endian.
//! Section: <https://core.telegram.org/api/srp>.

use alloc::vec::Vec;
use core::fmt;

use hmac::Hmac;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::dh::DhParams;
use super::hash::sha256;
use super::modular::{self, FULL, Num};
use crate::random::{self, SecureRandom};

/// Rounds of PBKDF2-HMAC-SHA512, named in the algorithm's constructor.
const ROUNDS: u32 = 100_000;
/// Random bytes that a client appends to `salt1` when it sets a password.
const NEW_SALT: usize = 32;

/// Why a password check is refused before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SrpError {
    /// `srp_B` is not a number that an honest server sends.
    ServerPublic,
    /// `A` is not a number that an honest client sends.
    ClientPublic,
}

impl fmt::Display for SrpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerPublic => "srp_B is not a valid public value",
            Self::ClientPublic => "A is not a valid public value",
        })
    }
}

impl core::error::Error for SrpError {}

/// `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow`: salts and group of one account.
///
/// The group comes out of [`check_params`](super::dh::check_params), so an unsafe one cannot get here.
#[derive(Clone, Copy, Debug)]
pub struct PasswordKdf<'a> {
    /// The salt that holds the client's random bytes.
    pub salt1: &'a [u8],
    /// The server's salt.
    pub salt2: &'a [u8],
    /// p and g.
    pub group: &'a DhParams,
}

/// What the client sends in `inputCheckPasswordSRP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `A`, the client's public value.
    pub a: [u8; 256],
    /// `M1`, the proof.
    pub m1: [u8; 32],
}

/// `v` = g^x, what the server keeps instead of the password; also `new_password_hash`. Erased when dropped.
#[derive(Clone)]
pub struct Verifier([u8; 256]);

impl Verifier {
    /// The verifier of these 256 bytes, as `new_password_hash` carries them.
    #[must_use]
    pub const fn from_bytes(v: [u8; 256]) -> Self {
        Self(v)
    }

    /// The 256 bytes, big-endian.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 256] {
        &self.0
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// `salt1` for a new password: the server's beginning with 32 random bytes of the client behind it.
pub fn new_salt1(given: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
    let own: [u8; NEW_SALT] = random::bytes(random);
    [given, &own].concat()
}

/// The verifier of a password. Takes about a tenth of a second, on purpose.
#[must_use]
pub fn verifier(kdf: PasswordKdf<'_>, password: &[u8]) -> Verifier {
    let modulus = kdf.group.modulus();
    let x = password_hash(kdf, password);
    let v = Zeroizing::new(modulus.pow(&modulus.enter(&kdf.group.generator()), &*x));
    Verifier(modular::to_be_bytes(&modulus.leave(&v)))
}

/// The client's answer to `srp_B`. Takes about a tenth of a second, on purpose.
///
/// # Errors
/// [`SrpError::ServerPublic`] if `srp_B` is longer than 256 bytes, out of the range of
/// [`DhParams::check_public`], or gives a session key that does not depend on the password.
pub fn answer(
    kdf: PasswordKdf<'_>,
    password: &[u8],
    srp_b: &[u8],
    random: &mut dyn SecureRandom,
) -> Result<Answer, SrpError> {
    let b = pad(srp_b).ok_or(SrpError::ServerPublic)?;
    kdf.group
        .check_public(&b)
        .map_err(|_| SrpError::ServerPublic)?;
    let modulus = kdf.group.modulus();

    let secret: Zeroizing<[u8; 256]> = Zeroizing::new(random::bytes(random));
    let a = kdf.group.g_pow(&secret);
    let u = sha256(&[&a, &b]);
    let x = password_hash(kdf, password);
    let v = Zeroizing::new(modulus.pow(&modulus.enter(&kdf.group.generator()), &*x));
    let t = Zeroizing::new(modulus.sub(&modulus.enter(&modular::from_be_bytes(&b)), &k_v(kdf, &v)));
    if *t == [0; FULL] || u == [0; 32] {
        return Err(SrpError::ServerPublic);
    }
    // t^(a + u x) as t^a (t^x)^u
    let t_ux = Zeroizing::new(modulus.pow(&Zeroizing::new(modulus.pow(&t, &*x)), &u));
    let s = Zeroizing::new(modulus.mul(&Zeroizing::new(modulus.pow(&t, &*secret)), &t_ux));
    Ok(Answer {
        m1: proof(kdf, &a, &b, &s),
        a,
    })
}

/// The server's side of one password check. Used once: [`Challenge::verify`] takes it.
pub struct Challenge {
    secret: [u8; 256],
    public: [u8; 256],
}

impl Challenge {
    /// Draws the secret `b` of a new check.
    pub fn new(kdf: PasswordKdf<'_>, verifier: &Verifier, random: &mut dyn SecureRandom) -> Self {
        Self::from_secret(kdf, verifier, random::bytes(random))
    }

    /// The check whose secret `b` is known, to take it up again.
    #[must_use]
    pub fn from_secret(kdf: PasswordKdf<'_>, verifier: &Verifier, b: [u8; 256]) -> Self {
        let modulus = kdf.group.modulus();
        let v = Zeroizing::new(modulus.enter(&modular::from_be_bytes(&verifier.0)));
        let g_b = modulus.pow(&modulus.enter(&kdf.group.generator()), &b);
        let public = modulus.leave(&modulus.add(&k_v(kdf, &v), &g_b));
        Self {
            secret: b,
            public: modular::to_be_bytes(&public),
        }
    }

    /// `srp_B`, the number that the client gets.
    #[must_use]
    pub const fn srp_b(&self) -> &[u8; 256] {
        &self.public
    }

    /// The secret `b`, to keep it until the answer comes.
    #[must_use]
    pub const fn secret(&self) -> &[u8; 256] {
        &self.secret
    }

    /// Whether the client proved that it knows the password. The proof is compared in constant time.
    ///
    /// # Errors
    /// [`SrpError::ClientPublic`] if `A` is 0 modulo p, not below p, or longer than 256 bytes: such a value would make
    /// the session key known without the password.
    pub fn verify(
        self,
        kdf: PasswordKdf<'_>,
        verifier: &Verifier,
        a: &[u8],
        m1: &[u8],
    ) -> Result<bool, SrpError> {
        let a = pad(a).ok_or(SrpError::ClientPublic)?;
        let modulus = kdf.group.modulus();
        let number = modular::from_be_bytes(&a);
        if number == [0; FULL] || modular::less(&number, modulus.n()) == 0 {
            return Err(SrpError::ClientPublic);
        }
        let u = sha256(&[&a, &self.public]);
        let v = Zeroizing::new(modulus.enter(&modular::from_be_bytes(&verifier.0)));
        let v_u = Zeroizing::new(modulus.pow(&v, &u));
        let base = Zeroizing::new(modulus.mul(&modulus.enter(&number), &v_u));
        let s = Zeroizing::new(modulus.pow(&base, &self.secret));
        Ok(proof(kdf, &a, &self.public, &s).ct_eq(m1).into())
    }
}

impl Drop for Challenge {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}

/// `PH2`: the number x as 32 bytes, big-endian.
fn password_hash(kdf: PasswordKdf<'_>, password: &[u8]) -> Zeroizing<[u8; 32]> {
    let salted = |data: &[u8], salt: &[u8]| Zeroizing::new(sha256(&[salt, data, salt]));
    let ph1 = salted(&*salted(password, kdf.salt1), kdf.salt2);
    let mut stretched = Zeroizing::new([0; 64]);
    let keyed = pbkdf2::pbkdf2::<Hmac<Sha512>>(&*ph1, kdf.salt1, ROUNDS, &mut *stretched);
    debug_assert!(keyed.is_ok(), "HMAC takes a key of any length");
    salted(&*stretched, kdf.salt2)
}

/// k v in Montgomery form, k = H(p, g).
fn k_v(kdf: PasswordKdf<'_>, v: &Num<FULL>) -> Num<FULL> {
    let modulus = kdf.group.modulus();
    let k = sha256(&[
        kdf.group.prime(),
        &modular::to_be_bytes(&kdf.group.generator()),
    ]);
    let k = modular::from_be(&k).unwrap_or([0; FULL]);
    modulus.mul(&modulus.enter(&k), v)
}

/// M1 = H(H(p) xor H(g), H(salt1), H(salt2), A, B, H(S)); `s` is in Montgomery form.
fn proof(kdf: PasswordKdf<'_>, a: &[u8; 256], b: &[u8; 256], s: &Num<FULL>) -> [u8; 32] {
    let s = Zeroizing::new(modular::to_be_bytes(&kdf.group.modulus().leave(s)));
    let key = Zeroizing::new(sha256(&[&*s]));
    let mut group = sha256(&[kdf.group.prime()]);
    let g = sha256(&[&modular::to_be_bytes(&kdf.group.generator())]);
    for (to, from) in group.iter_mut().zip(g) {
        *to ^= from;
    }
    sha256(&[
        &group,
        &sha256(&[kdf.salt1]),
        &sha256(&[kdf.salt2]),
        a,
        b,
        &*key,
    ])
}

/// A number of up to 256 bytes with its leading zeros.
fn pad(number: &[u8]) -> Option<[u8; 256]> {
    let mut out = [0; 256];
    let start = out.len().checked_sub(number.len())?;
    out.get_mut(start..)?.copy_from_slice(number);
    Some(out)
}
