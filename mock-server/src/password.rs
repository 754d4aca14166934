//! Two-step verification for the world, with the core's mathematics.

use mtproto_core::crypto::dh::DhParams;
use mtproto_core::crypto::srp::{Challenge, PasswordKdf, Verifier, verifier};
use world::{PasswordChallenge, PasswordCrypto, PasswordParams, PasswordProof};

/// SRP in one group, the one of the key exchange.
#[derive(Debug)]
pub(crate) struct Srp {
    group: DhParams,
}

impl Srp {
    pub(crate) const fn new(group: DhParams) -> Self {
        Self { group }
    }

    fn kdf<'a>(&'a self, params: &'a PasswordParams) -> PasswordKdf<'a> {
        PasswordKdf {
            salt1: &params.salt1,
            salt2: &params.salt2,
            group: &self.group,
        }
    }
}

impl PasswordCrypto for Srp {
    fn group(&self) -> (i32, [u8; 256]) {
        (self.group.g(), *self.group.prime())
    }

    fn verifier(&self, params: &PasswordParams, password: &[u8]) -> [u8; 256] {
        *verifier(self.kdf(params), password).as_bytes()
    }

    fn challenge(
        &self,
        params: &PasswordParams,
        verifier: &[u8; 256],
        random: &[u8; 256],
    ) -> PasswordChallenge {
        let verifier = Verifier::from_bytes(*verifier);
        let challenge = Challenge::from_secret(self.kdf(params), &verifier, *random);
        PasswordChallenge {
            b: *challenge.secret(),
            srp_b: *challenge.srp_b(),
        }
    }

    fn check(
        &self,
        params: &PasswordParams,
        verifier: &[u8; 256],
        challenge: &PasswordChallenge,
        proof: PasswordProof<'_>,
    ) -> bool {
        let verifier = Verifier::from_bytes(*verifier);
        let challenge = Challenge::from_secret(self.kdf(params), &verifier, challenge.b);
        challenge
            .verify(self.kdf(params), &verifier, proof.a, proof.m1)
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtproto_core::crypto::srp::answer;
    use mtproto_core::random::ChaChaRandom;

    #[test]
    fn the_right_password_passes_and_no_other() {
        let srp = Srp::new(DhParams::known(3).expect("3 generates"));
        let params = PasswordParams {
            salt1: vec![1; 40],
            salt2: vec![2; 16],
            g: srp.group().0,
            p: srp.group().1,
        };
        let verifier = srp.verifier(&params, b"hunter2");
        let challenge = srp.challenge(&params, &verifier, &[7; 256]);
        let passes = |password: &[u8]| {
            let mut random = ChaChaRandom::from_number(1);
            let proof = answer(srp.kdf(&params), password, &challenge.srp_b, &mut random)
                .expect("an honest challenge");
            let (a, m1) = (&proof.a[..], &proof.m1[..]);
            srp.check(&params, &verifier, &challenge, PasswordProof { a, m1 })
        };
        assert!(passes(b"hunter2"));
        assert!(!passes(b"hunter3"));
    }
}
