//! RSA of 2048 bits: the key by which a client recognises its server.
//!
//! Keys are read and written as PKCS#1, the form in which clients carry them.
//! Section: <https://core.telegram.org/mtproto/auth_key#dh-exchange-initiation>.

mod padding;
mod pkcs1;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, Zeroizing};

pub use padding::{
    Decrypted, LEGACY_MAX, Padding, RSA_PAD_MAX, decrypt_either, legacy_encrypt, pad_encrypt,
};

use super::hash::sha1;
use super::modular::{self, FULL, HALF, Modulus, Num};

/// Why a key or a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RsaError {
    /// The text is not one PEM block with the expected label; the label is given.
    Pem(&'static str),
    /// The contents of the block are not the DER form of a PKCS#1 key.
    Der,
    /// The modulus is not an odd number of exactly 2048 bits.
    Modulus,
    /// The public exponent is not an odd number from 3 to 2^32.
    Exponent,
    /// The parts of a private key do not belong together, or its primes are not of 1024 bits each.
    PrivateParts,
    /// The data to encrypt is longer than the padding allows.
    TooLong,
    /// The source of randomness kept giving values that do not fit below the modulus.
    Random,
    /// The message cannot be decrypted. It says nothing more, so that it helps no attacker.
    Decrypt,
}

impl fmt::Display for RsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem(label) => {
                return write!(
                    f,
                    "no PEM block \"{label}\" (PKCS#1); convert other forms with \
                     `openssl rsa -traditional` or `openssl rsa -RSAPublicKey_out`"
                );
            }
            Self::Der => "the PEM block does not hold a PKCS#1 RSA key",
            Self::Modulus => "the RSA modulus is not an odd number of exactly 2048 bits",
            Self::Exponent => "the RSA public exponent is not an odd number from 3 to 2^32",
            Self::PrivateParts => {
                "the parts of the RSA private key do not belong together, or its primes are not of 1024 bits"
            }
            Self::TooLong => "the data is too long for this padding",
            Self::Random => "the source of randomness is broken: it gives the same values again and again",
            Self::Decrypt => "the RSA-encrypted data is wrong",
        })
    }
}

impl core::error::Error for RsaError {}

/// A public key of 2048 bits.
#[derive(Clone)]
pub struct RsaPublicKey {
    modulus: Arc<Modulus<FULL>>,
    exponent: u64,
}

impl RsaPublicKey {
    /// The key of a modulus and a public exponent, both big-endian.
    ///
    /// # Errors
    /// [`RsaError::Modulus`] or [`RsaError::Exponent`].
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, RsaError> {
        let n = modular::from_be(n).ok_or(RsaError::Modulus)?;
        if modular::bit_length(&n) != 2048 {
            return Err(RsaError::Modulus);
        }
        let [exponent] = modular::from_be::<1>(e).ok_or(RsaError::Exponent)?;
        if exponent < 3 || exponent & 1 == 0 || exponent > 1 << 32 {
            return Err(RsaError::Exponent);
        }
        let modulus = Arc::new(Modulus::new(n).ok_or(RsaError::Modulus)?);
        Ok(Self { modulus, exponent })
    }

    /// Reads the PKCS#1 DER form (`RSAPublicKey`).
    ///
    /// # Errors
    /// [`RsaError::Der`], or as [`RsaPublicKey::new`].
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, RsaError> {
        let [n, e] = pkcs1::read_sequence(der).ok_or(RsaError::Der)?;
        Self::new(n, e)
    }

    /// Reads a PEM block `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// [`RsaError::Pem`], or as [`RsaPublicKey::from_pkcs1_der`].
    pub fn from_pem(pem: &str) -> Result<Self, RsaError> {
        Self::from_pkcs1_der(&pkcs1::read_pem(pem, pkcs1::PUBLIC)?)
    }

    /// The PKCS#1 DER form.
    #[must_use]
    pub fn to_pkcs1_der(&self) -> Vec<u8> {
        pkcs1::write_sequence(&[&self.n(), significant(&self.exponent.to_be_bytes())])
    }

    /// The PEM form, with a line break at the end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pkcs1::write_pem(&self.to_pkcs1_der(), pkcs1::PUBLIC)
    }

    /// The modulus, big-endian.
    #[must_use]
    pub fn n(&self) -> [u8; 256] {
        modular::to_be_bytes(self.modulus.n())
    }

    /// The public exponent.
    #[must_use]
    pub const fn e(&self) -> u64 {
        self.exponent
    }

    /// The last 8 bytes of SHA1 over n and e as TL strings, as the `long` that `resPQ` lists.
    #[must_use]
    pub fn fingerprint(&self) -> i64 {
        let exponent = self.exponent.to_be_bytes();
        let exponent = significant(&exponent);
        // TL strings: 254 and three bytes of length, or one byte of length; zeros up to whole words.
        let head = [u8::try_from(exponent.len()).unwrap_or(0)];
        let zeros = [0; 3];
        let used = exponent.len().saturating_add(1);
        let zeros = zeros.get(..used.wrapping_neg() % 4).unwrap_or(&[]);
        let digest = sha1(&[&[254, 0, 1, 0], &self.n(), &head, exponent, zeros]);
        digest
            .last_chunk()
            .map_or(0, |last| i64::from_le_bytes(*last))
    }

    /// m^e modulo n; the time depends on e alone.
    fn raw(&self, m: &Num<FULL>) -> Num<FULL> {
        let m = self.modulus.enter(m);
        self.modulus
            .leave(&self.modulus.pow_public(&m, self.exponent))
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.exponent == other.exponent && self.modulus.n() == other.modulus.n()
    }
}

impl Eq for RsaPublicKey {}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({:#018x})", self.fingerprint())
    }
}

/// A private key of 2048 bits with two primes of 1024 bits.
///
/// Clones share one allocation, which is erased when the last of them goes.
#[derive(Clone)]
pub struct RsaPrivateKey {
    public: RsaPublicKey,
    secret: Arc<Secret>,
}

struct Secret {
    p: Modulus<HALF>,
    q: Modulus<HALF>,
    /// d modulo p − 1 and q − 1, big-endian.
    d_p: [u8; 128],
    d_q: [u8; 128],
    /// 1/q modulo p, in Montgomery form.
    q_inverse: Num<HALF>,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.p.zeroize();
        self.q.zeroize();
        self.d_p.zeroize();
        self.d_q.zeroize();
        self.q_inverse.zeroize();
    }
}

impl RsaPrivateKey {
    /// Reads a PEM block `RSA PRIVATE KEY` (PKCS#1, unencrypted, two primes).
    ///
    /// # Errors
    /// [`RsaError::Pem`], [`RsaError::Der`], [`RsaError::PrivateParts`], or as [`RsaPublicKey::new`].
    pub fn from_pem(pem: &str) -> Result<Self, RsaError> {
        Self::from_pkcs1_der(&pkcs1::read_pem(pem, pkcs1::PRIVATE)?)
    }

    /// Reads the PKCS#1 DER form (`RSAPrivateKey`, two primes).
    ///
    /// # Errors
    /// [`RsaError::Der`], [`RsaError::PrivateParts`], or as [`RsaPublicKey::new`].
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, RsaError> {
        let [version, n, e, _d, p, q, d_p, d_q, q_inverse] =
            pkcs1::read_sequence(der).ok_or(RsaError::Der)?;
        if version.iter().any(|&byte| byte != 0) {
            return Err(RsaError::Der);
        }
        let public = RsaPublicKey::new(n, e)?;
        let secret = Secret::new(p, q, d_p, d_q, q_inverse).ok_or(RsaError::PrivateParts)?;
        let key = Self {
            public,
            secret: Arc::new(secret),
        };
        let product = modular::multiply_halves(key.secret.p.n(), key.secret.q.n());
        // One number through both operations: wrong exponents or a wrong inverse do not survive it.
        let mut probe = [0; FULL];
        probe.fill(0x0123_4567_89ab_cdef);
        let fits = key.raw(&key.public.raw(&probe)) == Some(probe);
        if product == *key.public.modulus.n() && fits {
            Ok(key)
        } else {
            Err(RsaError::PrivateParts)
        }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// c^d modulo n by the Chinese remainder theorem, in constant time.
    ///
    /// The result is checked with the public exponent: a fault in one half would give the primes away.
    /// The same check refuses c ≥ n.
    fn raw(&self, c: &Num<FULL>) -> Option<Num<FULL>> {
        let Secret {
            p,
            q,
            d_p,
            d_q,
            q_inverse,
        } = &*self.secret;
        let m_p = Zeroizing::new(p.pow(&p.enter_wide(c), d_p));
        let m_q = Zeroizing::new(q.leave(&q.pow(&q.enter_wide(c), d_q)));
        // m = m_q + q ((m_p − m_q)/q modulo p)
        let h = Zeroizing::new(p.leave(&p.mul(&p.sub(&m_p, &p.enter(&m_q)), q_inverse)));
        let mut m = modular::multiply_halves(&h, q.n());
        m = modular::wrapping_add(&m, &modular::widen(&m_q));
        if self.public.raw(&m) == *c {
            Some(m)
        } else {
            m.zeroize();
            None
        }
    }
}

impl Secret {
    fn new(p: &[u8], q: &[u8], d_p: &[u8], d_q: &[u8], q_inverse: &[u8]) -> Option<Self> {
        let p = prime_modulus(p)?;
        let q = prime_modulus(q)?;
        let q_inverse = p.enter(&Zeroizing::new(modular::from_be(q_inverse)?));
        Some(Self {
            d_p: padded(d_p)?,
            d_q: padded(d_q)?,
            p,
            q,
            q_inverse,
        })
    }
}

fn prime_modulus(prime: &[u8]) -> Option<Modulus<HALF>> {
    let number = Zeroizing::new(modular::from_be(prime)?);
    if modular::bit_length(&number) != 1024 {
        return None;
    }
    Modulus::new(*number)
}

/// A magnitude with leading zeros up to the whole width.
fn padded<const N: usize>(magnitude: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let start = N.checked_sub(magnitude.len())?;
    out.get_mut(start..)?.copy_from_slice(magnitude);
    Some(out)
}

/// A magnitude without leading zeros.
fn significant(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|&byte| byte != 0)
        .unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or(&[])
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({:#018x}, ..)", self.public.fingerprint())
    }
}
