//! Where a frame begins, found by the authorization key identifier in it.

use crate::crypto::kdf::Direction;
use crate::ids::AuthKeyId;
use crate::transport::Transport;
use crate::transport::codec::{Decoder, Parsed, UnitKind};

/// The longest header that can stand before an identifier, in bytes.
pub(super) const MAX_HEADER: usize = 8;
/// Bytes from the identifier on that a decision needs: those up to the length of an unencrypted message.
pub(super) const LOOKAHEAD: usize = 20;
/// What surrounds the ciphertext of an encrypted message: `auth_key_id` and `msg_key`.
const ENVELOPE: usize = 24;
/// The shortest ciphertext: two blocks of header, four bytes of body, 12 of padding.
const MIN_CIPHERTEXT: usize = 48;

/// A frame that very probably begins in the searched bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it begins.
    pub(super) at: usize,
    /// How it is framed.
    pub(super) transport: Transport,
}

/// Looks for one of `keys` from position `from` on, up to where fewer than [`LOOKAHEAD`] bytes are left.
pub(super) fn find(
    buf: &[u8],
    from: usize,
    keys: &[AuthKeyId],
    transports: &[Transport],
    direction: Direction,
    limit: usize,
) -> Option<Found> {
    let windows = buf.get(from..)?.windows(LOOKAHEAD);
    (from..).zip(windows).find_map(|(position, window)| {
        let id = AuthKeyId(*window.first_chunk()?);
        if id != AuthKeyId::UNENCRYPTED && !keys.contains(&id) {
            return None;
        }
        transports.iter().find_map(|&transport| {
            let decoder = Decoder::new(transport, direction, limit);
            header_lens(transport).iter().find_map(|&header| {
                let at = position.checked_sub(header)?;
                let len = payload_len(buf.get(at..)?, header, &decoder)?;
                plausible(len, transport, id, window).then_some(Found { at, transport })
            })
        })
    })
}

const fn header_lens(transport: Transport) -> &'static [usize] {
    match transport {
        Transport::Abridged => &[4, 1],
        Transport::Intermediate | Transport::PaddedIntermediate => &[4],
        Transport::Full => &[8],
    }
}

/// The length of the payload that `buf` begins with, if its header has `header` bytes.
fn payload_len(buf: &[u8], header: usize, decoder: &Decoder) -> Option<usize> {
    if decoder.transport() == Transport::Abridged {
        let long = buf.first()? & 0x7f == 0x7f;
        if long != (header == 4) {
            return None;
        }
    }
    let total = match decoder.parse(buf).ok()? {
        Parsed::NeedMore { total } => total,
        Parsed::Unit(unit) => match unit.kind {
            UnitKind::Payload { .. } => unit.len,
            UnitKind::QuickAck(_) | UnitKind::TransportError(_) => return None,
        },
    };
    let trailer = if decoder.transport() == Transport::Full {
        4
    } else {
        0
    };
    total.checked_sub(header)?.checked_sub(trailer)
}

/// Whether a payload of `len` bytes can be a message that begins with `head`.
fn plausible(len: usize, transport: Transport, id: AuthKeyId, head: &[u8]) -> bool {
    let padded = transport == Transport::PaddedIntermediate;
    if id == AuthKeyId::UNENCRYPTED {
        let body = head
            .last_chunk()
            .and_then(|len| usize::try_from(u32::from_le_bytes(*len)).ok());
        return body
            .and_then(|body| len.checked_sub(LOOKAHEAD)?.checked_sub(body))
            .is_some_and(|rest| rest == 0 || padded && rest <= 15);
    }
    len.checked_sub(ENVELOPE).is_some_and(|ciphertext| {
        ciphertext >= MIN_CIPHERTEXT && (padded || ciphertext.is_multiple_of(16))
    })
}
