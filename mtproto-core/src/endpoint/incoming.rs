//! From the bytes of a stream to the messages of its sessions.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::connections::Control;
use super::{CloseReason, ConnectionId, Endpoint, ServerEvent, SessionKey};
use crate::crypto::kdf::Direction;
use crate::error::{PeerMisbehaved, TransportError};
use crate::ids::AuthKeyId;
use crate::message::batch::{self, Payload};
use crate::session::{SaltOwner, Surroundings, Verdict};
use crate::time::Instant;
use crate::transport::{Detected, Frame, FrameError, Framer, quick_ack_token};

/// What one stream brought, its payloads apart.
struct Arrival {
    from: ConnectionId,
    detected: Option<Detected>,
    /// For each payload, whether a quick acknowledgement is asked for.
    quick_acks: Vec<bool>,
    failed: Option<FrameError>,
}

impl Endpoint {
    /// Handles bytes that came over a stream. What is wrong with them ends at most this stream.
    pub fn handle_bytes(&mut self, now: Instant, from: ConnectionId, bytes: &[u8]) {
        self.handle_batch(now, &[(from, bytes)]);
    }

    /// Handles bytes that came over several streams, in the order given.
    ///
    /// What happens is what would happen if they were given one after another; but all messages in them are decrypted at
    /// once, which takes a processor with wide registers a fraction of the time.
    pub fn handle_batch(&mut self, now: Instant, batch: &[(ConnectionId, &[u8])]) {
        let mut rest = batch;
        while !rest.is_empty() {
            // A stream that comes twice has its second turn after everything before it.
            let mut seen = BTreeSet::new();
            let twice = rest.iter().position(|(from, _)| !seen.insert(*from));
            let (run, after) = rest.split_at(twice.unwrap_or(rest.len()));
            self.handle_run(now, run);
            rest = after;
        }
    }

    /// Handles bytes of streams of which each is there once.
    fn handle_run(&mut self, now: Instant, run: &[(ConnectionId, &[u8])]) {
        let mut streams = Vec::with_capacity(run.len());
        for (from, bytes) in run {
            let connection = self.connections.get_mut(from);
            let framer = connection
                .filter(|connection| !connection.is_closed)
                .and_then(|connection| connection.framer.take());
            if let Some(mut framer) = framer {
                let refused = framer.handle_bytes(bytes).err();
                streams.push((*from, framer, refused));
            }
        }
        self.handle_streams(now, &mut streams);
        for (from, mut framer, _) in streams {
            // Nothing is left; this gives the room back.
            framer.poll_frames();
            if let Some(connection) = self.connections.get_mut(&from) {
                connection.framer = Some(framer);
            }
        }
    }

    fn handle_streams(
        &mut self,
        now: Instant,
        streams: &mut [(ConnectionId, Framer, Option<FrameError>)],
    ) {
        let mut arrivals = Vec::with_capacity(streams.len());
        let mut payloads = Vec::new();
        for (from, framer, refused) in streams {
            let detected = framer.detected().cloned();
            let (frames, failed) = framer.poll_frames();
            let mut quick_acks = Vec::with_capacity(frames.len());
            for frame in frames {
                // The rest is what only servers send; from a client it says nothing.
                if let Frame::Payload {
                    data,
                    quick_ack_requested,
                } = frame
                {
                    payloads.push(data);
                    quick_acks.push(quick_ack_requested);
                }
            }
            arrivals.push(Arrival {
                from: *from,
                detected: detected.filter(|_| refused.is_none()),
                quick_acks,
                failed: refused.or(failed),
            });
        }
        let store = &self.keys;
        let keys = batch::keys_ahead(&payloads, |id| store.get(id).map(|record| record.key));
        let mut payloads =
            batch::open_ahead(payloads, &keys, Direction::ClientToServer).into_iter();
        for arrival in arrivals {
            self.note_detected(arrival.from, arrival.detected);
            for quick_ack in arrival.quick_acks {
                // Taken in any case, so that the next stream gets its own.
                if let Some(payload) = payloads.next()
                    && self.is_open(arrival.from)
                {
                    self.handle_frame(now, arrival.from, payload, quick_ack);
                }
            }
            if let Some(error) = arrival.failed
                && self.is_open(arrival.from)
            {
                self.close_with(now, arrival.from, CloseReason::Frame(error));
            }
        }
    }

    fn note_detected(&mut self, from: ConnectionId, detected: Option<Detected>) {
        if let Some(detected) = detected
            && let Some(connection) = self.connections.get_mut(&from)
            && !connection.is_detected
        {
            connection.is_detected = true;
            self.events.push_back(ServerEvent::TransportDetected {
                connection: from,
                detected,
            });
        }
    }

    /// Handles a whole message of a connection without framing ([`Listen::Payloads`](super::Listen::Payloads)), which
    /// is decrypted in place.
    pub fn handle_payload(&mut self, now: Instant, from: ConnectionId, payload: &mut [u8]) {
        if self.is_open(from) {
            self.handle_frame(now, from, Payload::Sealed(payload), false);
        }
    }

    fn handle_frame(
        &mut self,
        now: Instant,
        from: ConnectionId,
        payload: Payload<'_>,
        quick_ack: bool,
    ) {
        match payload.auth_key_id() {
            None => {
                let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
                self.close_with(now, from, reason);
            }
            Some(AuthKeyId::UNENCRYPTED) => {
                if let Payload::Sealed(frame) = payload {
                    self.handle_plain(now, from, frame);
                }
            }
            Some(id) => self.handle_encrypted(now, from, id, payload, quick_ack),
        }
    }

    fn handle_encrypted(
        &mut self,
        now: Instant,
        from: ConnectionId,
        id: AuthKeyId,
        payload: Payload<'_>,
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
        let Ok(opened) = payload.open(&record.key, Direction::ClientToServer) else {
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
