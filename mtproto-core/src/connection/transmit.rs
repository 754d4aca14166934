//! From a client's session to the bytes of its stream.

use alloc::vec::Vec;

use super::{Connection, Transmit};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::Direction;
use crate::ids::{ServerSalt, SessionId};
use crate::message::{Header, encrypted, plain};
use crate::session::{Flow, Packet};
use crate::time::Instant;
use crate::transport::{Framer, Transport, quick_ack_token};

/// Capacity in bytes that each reused buffer may keep: a connection at rest holds little memory.
const RETAINED: usize = 256;

impl Connection {
    /// Appends the next bytes to send to `out`; call until there are none.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let start = out.len();
        let mut framer = self.framer.take()?;
        let written = self.write_plain(now, &mut framer, out)
            || self.transmit_binding(now, &mut framer, out)
            || self.write_message(now, &mut framer, out);
        self.framer = Some(framer);
        written.then(|| Transmit {
            len: out.len().saturating_sub(start),
        })
    }

    fn write_plain(&mut self, now: Instant, framer: &mut Framer, out: &mut Vec<u8>) -> bool {
        let exchange = self.exchange.as_mut();
        let Some(body) = exchange.and_then(|exchange| exchange.request.take()) else {
            return false;
        };
        let unix = self.session.clock().unix(now);
        let id = self.plain_ids.next(unix, Flow::Own);
        let payload = &mut self.scratch.1;
        payload.clear();
        plain::write(id, &body, payload);
        framer
            .write_payload(payload, false, &mut self.random, out)
            .is_ok()
    }

    fn write_message(&mut self, now: Instant, framer: &mut Framer, out: &mut Vec<u8>) -> bool {
        if !self.is_ready {
            return false;
        }
        let Some(key) = self.traffic_key() else {
            return false;
        };
        let Some(packet) = self.session.next_packet(now) else {
            return false;
        };
        let (salt, session_id) = (self.session.salt(now), self.session.id());
        self.write_packet(&key, salt, session_id, packet, framer, out)
    }

    pub(super) fn write_packet(
        &mut self,
        key: &AuthKey,
        salt: ServerSalt,
        session_id: SessionId,
        packet: Packet,
        framer: &mut Framer,
        out: &mut Vec<u8>,
    ) -> bool {
        let (body, payload) = &mut self.scratch;
        body.clear();
        payload.clear();
        packet.write_body(body);
        let header = Header {
            salt,
            session_id,
            msg_id: packet.msg_id,
            seq_no: packet.seq_no,
        };
        let direction = Direction::ClientToServer;
        let large = encrypted::seal(key, direction, &header, body, &mut self.random, payload);
        let quick_ack = !packet.quick_ack.is_empty() && has_quick_acks(framer);
        if quick_ack {
            self.quick_acks
                .expect(quick_ack_token(&large), packet.quick_ack);
        }
        let written = framer.write_payload(payload, quick_ack, &mut self.random, out);
        for buffer in [body, payload] {
            buffer.clear();
            buffer.shrink_to(RETAINED);
        }
        written.is_ok()
    }
}

fn has_quick_acks(framer: &Framer) -> bool {
    framer
        .detected()
        .is_some_and(|detected| detected.transport != Transport::Full)
}
