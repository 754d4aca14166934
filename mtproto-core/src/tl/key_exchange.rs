//! The messages of a key exchange, typed.
//!
//! All but the inner data are generated from the schema: those are one type in four forms, and hold a secret that is
//! wiped.
//! Numbers of the exchange (`pq`, `p`, `q`, `dh_prime`, `g_a`, `g_b`) are strings in big-endian order.
//! Section: <https://core.telegram.org/mtproto/auth_key>.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Field, ReadError, ReadErrorKind, Reader, Writer};
use crate::ids::{ConstructorId, DcId, Nonce};

pub use super::generated::key_exchange::*;

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
