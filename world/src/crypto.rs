//! The mathematics of two-step verification, which the world asks of its owner.
//!
//! The world decides who must give a password and what follows from a right or a wrong one; it knows no hash and no modular power.
//! <https://core.telegram.org/api/srp>

/// Parameters of one password, as `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow` carries them.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordParams {
    /// First salt: the server's 8 bytes and 32 more of the client.
    pub salt1: Vec<u8>,
    /// Second salt, 16 bytes, the server's.
    pub salt2: Vec<u8>,
    /// Generator of the group.
    pub g: i32,
    /// Safe prime of the group, 256 bytes, big-endian.
    pub p: [u8; 256],
}

impl core::fmt::Debug for PasswordParams {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PasswordParams")
            .field("g", &self.g)
            .finish_non_exhaustive()
    }
}

/// The server's half of one check: `b` stays, `srp_b` goes to the client.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordChallenge {
    /// The secret exponent, 256 bytes, big-endian.
    pub b: [u8; 256],
    /// `(k·v + g^b) mod p`, 256 bytes, big-endian.
    pub srp_b: [u8; 256],
}

impl core::fmt::Debug for PasswordChallenge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PasswordChallenge").finish_non_exhaustive()
    }
}

/// What the client sent in `inputCheckPasswordSRP`.
#[derive(Clone, Copy, Debug)]
pub struct PasswordProof<'a> {
    /// `A`, up to 256 bytes, big-endian; unchecked.
    pub a: &'a [u8],
    /// `M1`; 32 bytes where it is right; unchecked.
    pub m1: &'a [u8],
}

/// SRP as the owner of the world implements it.
pub trait PasswordCrypto {
    /// The group given to clients: generator and prime.
    fn group(&self) -> (i32, [u8; 256]);

    /// `v = g^x mod p` of a password given in clear, as fixtures give it.
    fn verifier(&self, params: &PasswordParams, password: &[u8]) -> [u8; 256];

    /// A challenge for `verifier`, made of 256 random bytes.
    fn challenge(
        &self,
        params: &PasswordParams,
        verifier: &[u8; 256],
        random: &[u8; 256],
    ) -> PasswordChallenge;

    /// Whether `proof` shows knowledge of the password behind `verifier`.
    ///
    /// Proofs with `A` outside the group are wrong ones, not errors.
    fn check(
        &self,
        params: &PasswordParams,
        verifier: &[u8; 256],
        challenge: &PasswordChallenge,
        proof: PasswordProof<'_>,
    ) -> bool;
}
