//! From the bytes of a stream to the messages of its sessions.

use super::connections::Control;
use super::{CloseReason, ConnectionId, Endpoint, ServerEvent, SessionKey};
use crate::crypto::kdf::Direction;
use crate::error::{PeerMisbehaved, TransportError};
use crate::ids::AuthKeyId;
use crate::message::{self, encrypted};
use crate::session::{SaltOwner, Surroundings, Verdict};
use crate::time::Instant;
use crate::transport::{Frame, FrameError, Framer, quick_ack_token};

impl Endpoint {
    /// Handles bytes that came over a stream. What is wrong with them ends at most this stream.
    pub fn handle_bytes(&mut self, now: Instant, from: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&from) else {
            return;
        };
        if connection.is_closed {
            return;
        }
        let Some(mut framer) = connection.framer.take() else {
            return;
        };
        let result = self.read_frames(now, from, &mut framer, bytes);
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.framer = Some(framer);
        }
        if let Err(error) = result {
            self.close_with(now, from, CloseReason::Frame(error));
        }
    }

    /// Handles bytes that came over several streams, in the order given.
    pub fn handle_batch(&mut self, now: Instant, batch: &[(ConnectionId, &[u8])]) {
        for (from, bytes) in batch {
            self.handle_bytes(now, *from, bytes);
        }
    }

    /// Handles a whole message of a connection without framing ([`Listen::Payloads`](super::Listen::Payloads)), which
    /// is decrypted in place.
    pub fn handle_payload(&mut self, now: Instant, from: ConnectionId, payload: &mut [u8]) {
        if self.is_open(from) {
            self.handle_frame(now, from, payload, false);
        }
    }

    fn read_frames(
        &mut self,
        now: Instant,
        from: ConnectionId,
        framer: &mut Framer,
        bytes: &[u8],
    ) -> Result<(), FrameError> {
        framer.handle_bytes(bytes)?;
        if let Some(detected) = framer.detected()
            && let Some(connection) = self.connections.get_mut(&from)
            && !connection.is_detected
        {
            connection.is_detected = true;
            self.events.push_back(ServerEvent::TransportDetected {
                connection: from,
                detected: detected.clone(),
            });
        }
        while let Some(frame) = framer.poll_frame()? {
            // The rest is what only servers send; from a client it says nothing.
            if let Frame::Payload {
                data,
                quick_ack_requested,
            } = frame
            {
                self.handle_frame(now, from, data, quick_ack_requested);
            }
            if !self.is_open(from) {
                break;
            }
        }
        Ok(())
    }

    fn handle_frame(
        &mut self,
        now: Instant,
        from: ConnectionId,
        frame: &mut [u8],
        quick_ack: bool,
    ) {
        match message::auth_key_id(frame) {
            None => {
                let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
                self.close_with(now, from, reason);
            }
            Some(AuthKeyId::UNENCRYPTED) => self.handle_plain(now, from, frame),
            Some(id) => self.handle_encrypted(now, from, id, frame, quick_ack),
        }
    }

    fn handle_encrypted(
        &mut self,
        now: Instant,
        from: ConnectionId,
        id: AuthKeyId,
        frame: &mut [u8],
        quick_ack: bool,
    ) {
        let unix = self.clock.unix(now);
        let Some(record) = self.keys.get(id) else {
            self.refuse_frame(now, from, TransportError::UNKNOWN_KEY);
            return;
        };
        if record.is_expired(unix) {
            self.destroy_auth_key(id);
            self.events
                .push_back(ServerEvent::AuthKeyDestroyed { auth_key_id: id });
            self.refuse_frame(now, from, TransportError::UNKNOWN_KEY);
            return;
        }
        let Ok(opened) = encrypted::open(&record.key, Direction::ClientToServer, frame) else {
            let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
            self.close_with(now, from, reason);
            return;
        };
        let header = opened.header;
        let key = SessionKey {
            auth_key_id: id,
            session_id: header.session_id,
        };
        self.on_activity(from, now);
        self.events.push_back(ServerEvent::MessageReceived {
            connection: from,
            key,
            msg_id: header.msg_id,
            seq_no: header.seq_no,
            bytes: opened.body.len(),
        });
        if quick_ack {
            let token = quick_ack_token(&opened.msg_key_large);
            self.queue_control(now, from, Control::QuickAck(token));
        }
        let owner = SaltOwner {
            id,
            created: record.created,
            first_salt: record.first_salt,
        };
        let surroundings = Surroundings {
            now,
            unix,
            salt: self.salts.current(&owner, unix),
            salt_is_valid: self.salts.accepts(&owner, header.salt, unix),
        };
        if !self.ensure_session(now, from, key, owner, &record.key) {
            self.refuse_frame(now, from, TransportError::FLOOD);
            return;
        }
        let Some(entry) = self.sessions.get_mut(&key) else {
            return;
        };
        let verdict =
            entry
                .session
                .handle_message(&surroundings, header.msg_id, header.seq_no, opened.body);
        // A replayed frame must not draw the session to the stream of whoever replays it.
        let may_be_replay = matches!(
            verdict,
            Verdict::Refused(
                PeerMisbehaved::DuplicateMsgId
                    | PeerMisbehaved::ContainerIdReused
                    | PeerMisbehaved::MsgIdBelowWindow
            )
        );
        if !may_be_replay {
            self.attach(now, key, from);
        }
        self.handle_session_events(now, key, from);
        self.touch(now, key);
    }
}
