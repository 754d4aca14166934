//! From the bytes of a client's stream to its session.

use alloc::vec::Vec;

use super::{Connection, Event, draw_session_id};
use crate::crypto::kdf::Direction;
use crate::error::{ConnectionError, Notice, PeerMisbehaved, TransportError};
use crate::ids::AuthKeyId;
use crate::message::batch::{self, Payload};
use crate::time::Instant;
use crate::transport::{Frame, Framer};

/// The one reaction to everything that is wrong with an encrypted message: an attacker learns nothing from it.
const BROKEN: ConnectionError = ConnectionError::Peer(PeerMisbehaved::InvalidMessage);

/// What came over the stream, payloads apart.
enum Arrived {
    Payload,
    QuickAck(u32),
    TransportError(TransportError),
}

impl Connection {
    /// Handles bytes of the stream.
    ///
    /// # Errors
    /// The stream is to be closed for this reason, which is also told as [`Event::Closed`].
    pub fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) -> Result<(), ConnectionError> {
        let Some(mut framer) = self.framer.take() else {
            return Ok(());
        };
        match self.read_frames(now, &mut framer, bytes) {
            Ok(()) => {
                self.framer = Some(framer);
                Ok(())
            }
            Err(error) => {
                self.lose_stream(error);
                Err(error)
            }
        }
    }

    fn read_frames(
        &mut self,
        now: Instant,
        framer: &mut Framer,
        bytes: &[u8],
    ) -> Result<(), ConnectionError> {
        framer.handle_bytes(bytes).map_err(ConnectionError::Frame)?;
        let (frames, failed) = framer.poll_frames();
        self.handle_frames(now, frames)?;
        // Nothing is left; this gives the room back.
        framer.poll_frames();
        failed.map_or(Ok(()), |error| Err(ConnectionError::Frame(error)))
    }

    fn handle_frames(
        &mut self,
        now: Instant,
        frames: Vec<Frame<'_>>,
    ) -> Result<(), ConnectionError> {
        let mut payloads = Vec::new();
        let mut kinds = Vec::with_capacity(frames.len());
        for frame in frames {
            kinds.push(match frame {
                Frame::Payload { data, .. } => {
                    payloads.push(data);
                    Arrived::Payload
                }
                Frame::QuickAck(token) => Arrived::QuickAck(token),
                Frame::TransportError(code) => Arrived::TransportError(TransportError(code)),
            });
        }
        let keys = batch::keys_ahead(&payloads, |id| self.key_named(id));
        let mut payloads =
            batch::open_ahead(payloads, &keys, Direction::ServerToClient).into_iter();
        for kind in kinds {
            match kind {
                Arrived::Payload => {
                    if let Some(payload) = payloads.next() {
                        self.handle_payload(now, payload)?;
                    }
                }
                Arrived::QuickAck(token) => self.on_quick_ack(token),
                Arrived::TransportError(error) => self.on_transport_error(now, error)?,
            }
        }
        Ok(())
    }

    fn handle_payload(
        &mut self,
        now: Instant,
        payload: Payload<'_>,
    ) -> Result<(), ConnectionError> {
        match (payload.auth_key_id().ok_or(BROKEN)?, payload) {
            (AuthKeyId::UNENCRYPTED, Payload::Sealed(frame)) => self.handle_plain(now, frame),
            (id, payload) => self.handle_encrypted(now, id, payload),
        }
    }

    fn handle_encrypted(
        &mut self,
        now: Instant,
        id: AuthKeyId,
        payload: Payload<'_>,
    ) -> Result<(), ConnectionError> {
        let Some(key) = self.key_named(id) else {
            // In a key exchange there is no key yet that could tell whether the message is worth anything.
            let exchanging = self.exchange.is_some();
            return if exchanging { Ok(()) } else { Err(BROKEN) };
        };
        let opened = payload
            .open(&key, Direction::ServerToClient)
            .map_err(|_| BROKEN)?;
        let header = opened.header;
        let session = if header.session_id == self.session.id() {
            &mut self.session
        } else if self.is_of_former_session(id, header.session_id) {
            let seq_no = header.seq_no;
            self.session
                .handle_late_message(now, header.msg_id, seq_no, opened.body);
            return Ok(());
        } else {
            self.binding_session(header.session_id).ok_or(BROKEN)?
        };
        session
            .handle_message(now, header.msg_id, header.seq_no, opened.body)
            .map_err(|_| BROKEN)?;
        self.key_unknown = 0;
        self.keepalive.on_message();
        if self.session.wants_renewal() {
            let id = draw_session_id(&mut self.random);
            self.session.renew(id);
        }
        if self.session.key_is_destroyed() {
            return Err(self.give_up_key());
        }
        if self.session.take_unbound() {
            self.bind_again(now)?;
        }
        self.handle_binding_events(now)
    }

    fn on_quick_ack(&mut self, token: u32) {
        match self.quick_acks.take(token) {
            Some(queries) => self.session.on_quick_ack(&queries),
            None => self
                .events
                .push_back(Event::Notice(Notice::UnknownQuickAck(token))),
        }
    }

    /// Transport errors are not authenticated: none of them destroys a permanent key by itself.
    fn on_transport_error(
        &mut self,
        now: Instant,
        error: TransportError,
    ) -> Result<(), ConnectionError> {
        match error {
            TransportError::UNKNOWN_KEY if self.exchange.is_some() => self.restart_exchange(now),
            TransportError::UNKNOWN_KEY if self.replace_forgotten_key(now) => Ok(()),
            TransportError::UNKNOWN_KEY => {
                self.key_unknown = self.key_unknown.saturating_add(1);
                let confirmed = self.key_unknown > 1;
                Err(ConnectionError::KeyUnknown { confirmed })
            }
            TransportError::FLOOD | TransportError::WRONG_DC => {
                Err(ConnectionError::Refused(error))
            }
            _ => {
                let notice = Notice::TransportError(error);
                self.events.push_back(Event::Notice(notice));
                Ok(())
            }
        }
    }
}
