//! The messages of a key exchange, typed.
//!
//! Numbers of the exchange (`pq`, `p`, `q`, `dh_prime`, `g_a`, `g_b`) are strings in big-endian order.
//! Section: <https://core.telegram.org/mtproto/auth_key>.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::combinator::combinators;
use super::{Combinator, Field, ReadError, ReadErrorKind, Reader, Vector, Writer};
use crate::ids::{AuthKeyId, ConstructorId, DcId, Nonce, SessionId};

combinators! {
    /// First step of the client, old form; the answer may name only one key.
    ReqPq = 0x6046_9778 {
        /// Random, new for each run.
        nonce: Nonce,
    }
    /// First step of the client.
    ReqPqMulti = 0xbe7e_8ef1 {
        /// Random, new for each run.
        nonce: Nonce,
    }
    /// First answer of the server.
    ResPq<'a> = 0x0516_2463 {
        /// The client's number.
        nonce: Nonce,
        /// The server's number, new for each run.
        server_nonce: Nonce,
        /// Product of two odd primes, below 2⁶³.
        pq: &'a [u8],
        /// The RSA keys that the client may use.
        server_public_key_fingerprints: Vector<'a, i64>,
    }
    /// Second step of the client: proof of work and the secret under the server's key.
    ReqDhParams<'a> = 0xd712_e4be {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// The smaller prime.
        p: &'a [u8],
        /// The larger prime.
        q: &'a [u8],
        /// The RSA key used.
        public_key_fingerprint: i64,
        /// [`PqInnerData`] padded and encrypted: 256 bytes.
        encrypted_data: &'a [u8],
    }
    /// Second answer of the server: its half of the Diffie–Hellman exchange.
    ServerDhParamsOk<'a> = 0xd0e8_075c {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// SHA1, [`ServerDhInnerData`] and padding, encrypted with the temporary key.
        encrypted_answer: &'a [u8],
    }
    /// Second answer of the server: refusal.
    ServerDhParamsFail = 0x79cb_045d {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// Last 16 bytes of SHA1(`new_nonce`).
        new_nonce_hash: Nonce,
    }
    /// What [`ServerDhParamsOk`] holds.
    ServerDhInnerData<'a> = 0xb589_0dba {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// The generator, 2 to 7.
        g: i32,
        /// A safe prime of 2048 bits.
        dh_prime: &'a [u8],
        /// g to the power of the server's secret.
        g_a: &'a [u8],
        /// Unix time at the server, in seconds.
        server_time: i32,
    }
    /// Third step of the client.
    SetClientDhParams<'a> = 0xf504_5f1f {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// SHA1, [`ClientDhInnerData`] and padding, encrypted with the temporary key.
        encrypted_data: &'a [u8],
    }
    /// What [`SetClientDhParams`] holds.
    ClientDhInnerData<'a> = 0x6643_b654 {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// 0 at first, then the auxiliary hash of the key that was refused.
        retry_id: i64,
        /// g to the power of the client's secret.
        g_b: &'a [u8],
    }
    /// Third answer of the server: the key is made.
    DhGenOk = 0x3bcb_f734 {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// Proof that the server has the same key.
        new_nonce_hash1: Nonce,
    }
    /// Third answer of the server: choose another secret.
    DhGenRetry = 0x46dc_1fb9 {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// Proof that the server has the same key.
        new_nonce_hash2: Nonce,
    }
    /// Third answer of the server: start again.
    DhGenFail = 0xa69d_ae02 {
        /// The client's number.
        nonce: Nonce,
        /// The server's number.
        server_nonce: Nonce,
        /// Proof that the server has the same key.
        new_nonce_hash3: Nonce,
    }
    /// What binds a temporary key to a permanent one.
    /// Section: <https://core.telegram.org/method/auth.bindTempAuthKey>.
    BindAuthKeyInner = 0x75a3_f765 {
        /// Random, equal to the one of the surrounding call.
        nonce: i64,
        /// The temporary key.
        temp_auth_key_id: AuthKeyId,
        /// The permanent key.
        perm_auth_key_id: AuthKeyId,
        /// The session in which the call is made.
        temp_session_id: SessionId,
        /// Unix time in seconds at which the temporary key ends.
        expires_at: i32,
    }
}

/// The client's secret number of a run; wiped when dropped and never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NewNonce(pub [u8; 32]);

impl PartialEq for NewNonce {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for NewNonce {}

impl fmt::Debug for NewNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewNonce(..)")
    }
}

/// What the client encrypts with the server's RSA key, in one of its four forms.
///
/// The form follows from the optional fields: `p_q_inner_data`, `…_dc`, `…_temp` and `…_temp_dc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PqInnerData<'a> {
    /// The product, as in [`ResPq`].
    pub pq: &'a [u8],
    /// The smaller prime.
    pub p: &'a [u8],
    /// The larger prime.
    pub q: &'a [u8],
    /// The client's number.
    pub nonce: Nonce,
    /// The server's number.
    pub server_nonce: Nonce,
    /// The secret.
    pub new_nonce: NewNonce,
    /// The data centre that the client believes it talks to.
    pub dc: Option<DcId>,
    /// Seconds that the key shall live, for a temporary key.
    pub expires_in: Option<i32>,
}

impl<'a> PqInnerData<'a> {
    const PLAIN: ConstructorId = ConstructorId(0x83c9_5aec);
    const DC: ConstructorId = ConstructorId(0xa9f5_5f95);
    const TEMP: ConstructorId = ConstructorId(0x3c6a_84d4);
    const TEMP_DC: ConstructorId = ConstructorId(0x56fd_df88);

    /// The number on the wire of this form.
    #[must_use]
    pub const fn id(&self) -> ConstructorId {
        match (self.dc, self.expires_in) {
            (None, None) => Self::PLAIN,
            (Some(_), None) => Self::DC,
            (None, Some(_)) => Self::TEMP,
            (Some(_), Some(_)) => Self::TEMP_DC,
        }
    }

    /// Reads any of the four forms.
    ///
    /// # Errors
    /// Another constructor, or a malformed field.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let at = reader.offset();
        let id = reader.constructor()?;
        let (has_dc, is_temp) = match id {
            Self::PLAIN => (false, false),
            Self::DC => (true, false),
            Self::TEMP => (false, true),
            Self::TEMP_DC => (true, true),
            other => {
                let kind = ReadErrorKind::UnexpectedConstructor(other);
                return Err(ReadError { offset: at, kind });
            }
        };
        Ok(Self {
            pq: reader.bytes()?,
            p: reader.bytes()?,
            q: reader.bytes()?,
            nonce: Field::read(reader)?,
            server_nonce: Field::read(reader)?,
            new_nonce: NewNonce(reader.array()?),
            dc: has_dc.then(|| reader.int().map(DcId)).transpose()?,
            expires_in: is_temp.then(|| reader.int()).transpose()?,
        })
    }

    /// Appends the boxed object.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer
            .constructor(self.id())
            .bytes(self.pq)
            .bytes(self.p)
            .bytes(self.q)
            .raw(&self.nonce.0)
            .raw(&self.server_nonce.0)
            .raw(&self.new_nonce.0);
        if let Some(dc) = self.dc {
            writer.int(dc.0);
        }
        if let Some(expires_in) = self.expires_in {
            writer.int(expires_in);
        }
    }
}
