//! What leaves an endpoint: typed first, sealed and framed after.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::connections::Control;
use super::{ConnectionId, Endpoint, SessionKey};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::kdf::Direction;
use crate::error::TransportError;
use crate::handshake::Reply;
use crate::ids::{MsgId, ServerSalt, SessionId};
use crate::message::{Header, batch, encrypted, plain};
use crate::session::Packet;
use crate::time::Instant;
use crate::transport::WriteError;

/// One frame for one stream, before it is sealed. Every field may be altered; [`Endpoint::seal`] takes it as it is.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The stream.
    pub connection: ConnectionId,
    /// The frame.
    pub message: OutgoingMessage,
}

/// The frames that a server sends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OutgoingMessage {
    /// An answer of a key exchange, in an unencrypted message.
    KeyExchange {
        /// Its identifier.
        msg_id: MsgId,
        /// The answer.
        reply: Box<Reply>,
    },
    /// An encrypted message.
    Encrypted {
        /// The key that it is sealed with.
        key: AuthKey,
        /// The salt in it.
        salt: ServerSalt,
        /// The session in it.
        session_id: SessionId,
        /// Identifier, sequence number and content.
        packet: Packet,
        /// Blocks of 16 random bytes beyond the least padding.
        extra_padding: u8,
    },
    /// A quick acknowledgement with this token.
    QuickAck(u32),
    /// A transport error.
    TransportError(TransportError),
}

impl Endpoint {
    /// The next frame to send, if there is any for a stream that can take it.
    pub fn next_outgoing(&mut self, now: Instant) -> Option<Outgoing> {
        while let Some(connection) = self.ready_connections.pop_front() {
            if let Some(outgoing) = self.next_control(connection) {
                return Some(outgoing);
            }
        }
        while let Some(key) = self.ready_sessions.pop_front() {
            if let Some(outgoing) = self.next_of_session(now, key) {
                return Some(outgoing);
            }
        }
        None
    }

    fn next_control(&mut self, id: ConnectionId) -> Option<Outgoing> {
        let connection = self.connections.get_mut(&id)?;
        connection.is_queued = false;
        if connection.paused {
            return None;
        }
        let message = match connection.control.pop_front()? {
            Control::KeyExchange { msg_id, reply } => {
                OutgoingMessage::KeyExchange { msg_id, reply }
            }
            Control::QuickAck(token) => OutgoingMessage::QuickAck(token),
            Control::TransportError(error) => OutgoingMessage::TransportError(error),
        };
        self.make_ready(id);
        Some(Outgoing {
            connection: id,
            message,
        })
    }

    fn next_of_session(&mut self, now: Instant, key: SessionKey) -> Option<Outgoing> {
        let unix = self.clock.unix(now);
        let entry = self.sessions.get_mut(&key)?;
        entry.is_queued = false;
        let connection = entry.connection.filter(|id| {
            self.connections
                .get(id)
                .is_some_and(|connection| !connection.paused && !connection.is_closed)
        })?;
        let packet = entry.session.next_packet(now, unix);
        let salt = self.salts.current(&entry.salt_owner, unix);
        let outgoing = packet.map(|packet| Outgoing {
            connection,
            message: OutgoingMessage::Encrypted {
                key: entry.key.clone(),
                salt,
                session_id: key.session_id,
                packet,
                extra_padding: 0,
            },
        });
        if entry.is_doomed && !entry.session.has_packet(now) {
            self.remove_session(key);
        } else {
            self.touch(now, key);
        }
        self.handle_session_events(now, key, connection);
        outgoing
    }

    /// Seals several frames and hands each to `send`, in their order; nothing for streams that are gone.
    ///
    /// All messages are encrypted at once, which takes a processor with wide registers a fraction of the time of
    /// [`Self::seal`] for each. They hold the same; the random bytes between them fall differently.
    pub fn seal_many(
        &mut self,
        outgoing: Vec<Outgoing>,
        mut send: impl FnMut(ConnectionId, Vec<u8>),
    ) {
        let mut frames: Vec<Option<(AuthKey, Vec<u8>)>> = Vec::with_capacity(outgoing.len());
        for one in &outgoing {
            frames.push(match &one.message {
                OutgoingMessage::Encrypted {
                    key,
                    salt,
                    session_id,
                    packet,
                    extra_padding,
                } if outgoing.len() > 1 => {
                    let body = &mut self.scratch.0;
                    body.clear();
                    packet.write_body(body);
                    let header = Header {
                        salt: *salt,
                        session_id: *session_id,
                        msg_id: packet.msg_id,
                        seq_no: packet.seq_no,
                    };
                    let mut frame = Vec::new();
                    let random = &mut *self.random;
                    encrypted::prepare(&header, body, *extra_padding, random, &mut frame);
                    Some((key.clone(), frame))
                }
                _ => None,
            });
        }
        let jobs = frames.iter_mut().flatten();
        let jobs = jobs.map(|(key, bytes)| batch::Frame {
            key,
            direction: Direction::ServerToClient,
            bytes,
        });
        batch::seal_many(jobs.collect());
        for (one, frame) in outgoing.into_iter().zip(frames) {
            let mut out = Vec::new();
            let connection = match frame {
                None => self.seal(one, &mut out),
                Some((_, payload)) => {
                    self.write_payload(one.connection, &payload, &mut out);
                    one.connection
                }
            };
            if !out.is_empty() {
                send(connection, out);
            }
        }
    }

    fn write_payload(&mut self, to: ConnectionId, payload: &[u8], out: &mut Vec<u8>) {
        let Some(entry) = self.connections.get_mut(&to) else {
            return;
        };
        match &mut entry.framer {
            None => out.extend_from_slice(payload),
            Some(framer) => {
                let written = framer.write_payload(payload, false, &mut *self.random, out);
                // A client is answered only after its transport is known, with whole words.
                debug_assert!(!matches!(written, Err(WriteError::NotDetected)));
            }
        }
    }

    /// Seals a frame and appends its bytes to `out`; nothing if the stream is gone or its transport has no such frame.
    pub fn seal(&mut self, outgoing: Outgoing, out: &mut Vec<u8>) -> ConnectionId {
        let Outgoing {
            connection,
            message,
        } = outgoing;
        let Some(entry) = self.connections.get_mut(&connection) else {
            return connection;
        };
        let random = &mut *self.random;
        let (body, payload) = &mut self.scratch;
        body.clear();
        payload.clear();
        match message {
            OutgoingMessage::KeyExchange { msg_id, reply } => {
                plain::write(msg_id, &reply.to_bytes(), payload);
            }
            OutgoingMessage::Encrypted {
                key,
                salt,
                session_id,
                packet,
                extra_padding,
            } => {
                packet.write_body(body);
                let header = Header {
                    salt,
                    session_id,
                    msg_id: packet.msg_id,
                    seq_no: packet.seq_no,
                };
                let direction = Direction::ServerToClient;
                encrypted::seal_padded(
                    &key,
                    direction,
                    &header,
                    body,
                    extra_padding,
                    random,
                    payload,
                );
            }
            OutgoingMessage::QuickAck(token) => {
                if let Some(framer) = &mut entry.framer {
                    // Transports without quick acknowledgements never ask for one.
                    let _ = framer.write_quick_ack(token, random, out);
                }
                return connection;
            }
            OutgoingMessage::TransportError(error) => {
                payload.extend_from_slice(&error.0.to_le_bytes());
            }
        }
        let payload = core::mem::take(payload);
        self.write_payload(connection, &payload, out);
        self.scratch.1 = payload;
        connection
    }
}
