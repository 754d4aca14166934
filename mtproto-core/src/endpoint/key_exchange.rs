//! Plain messages: the key exchange, and the keys that come out of it.

use alloc::boxed::Box;

use super::connections::Control;
use super::{AuthKeyRecord, CloseReason, ConnectionId, Endpoint, KeyKind, ServerEvent};
use crate::error::{PeerMisbehaved, TransportError};
use crate::handshake::{self, NewServerKey};
use crate::ids::{DcId, Nonce};
use crate::key_log::Secret;
use crate::message::plain;
use crate::session::Flow;
use crate::time::{Duration, Instant};

impl Endpoint {
    pub(super) fn handle_plain(&mut self, now: Instant, from: ConnectionId, frame: &[u8]) {
        let Ok(message) = plain::read(frame) else {
            let reason = CloseReason::Misbehaved(PeerMisbehaved::InvalidMessage);
            self.close_with(now, from, reason);
            return;
        };
        let unix = self.clock.unix(now);
        let keys = &self.keys;
        let step = self.handshakes.handle(
            now,
            unix,
            message.body,
            &|id| keys.get(id).is_some(),
            &mut *self.random,
        );
        let step = match step {
            Ok(step) => step,
            Err(refusal) => {
                self.refuse_frame(now, from, TransportError(refusal.transport_error()));
                return;
            }
        };
        if let Some(created) = step.created {
            let nonce = handshake::nonce_of(message.body);
            self.on_key_created(now, from, nonce, created);
        }
        let control = Control::KeyExchange {
            msg_id: self.plain_ids.next(unix, Flow::Answer),
            reply: Box::new(step.reply),
        };
        self.queue_control(now, from, control);
    }

    fn on_key_created(
        &mut self,
        now: Instant,
        from: ConnectionId,
        nonce: Option<Nonce>,
        created: NewServerKey,
    ) {
        let unix = self.clock.unix(now);
        let expires_at = created.expires_in.map(|secs| {
            let secs = u64::try_from(secs).unwrap_or(0);
            unix.saturating_add(Duration::from_secs(secs))
        });
        if let Some(log) = &self.config.key_log {
            if let Some(nonce) = nonce {
                log.log(&Secret::NewNonce {
                    nonce,
                    new_nonce: &created.new_nonce.0,
                });
            }
            log.log(&Secret::AuthKey {
                dc: created.dc.unwrap_or(DcId(0)),
                key: &created.auth_key,
                temporary: expires_at.is_some(),
            });
        }
        let auth_key_id = created.auth_key.id();
        self.keys.insert(AuthKeyRecord {
            key: created.auth_key,
            dc: created.dc,
            created: unix,
            first_salt: Some(created.server_salt),
            kind: match expires_at {
                None => KeyKind::Permanent { temporary: None },
                Some(expires_at) => KeyKind::Temporary {
                    expires_at,
                    permanent: None,
                },
            },
        });
        self.set_idle_deadline(from, now);
        self.events.push_back(ServerEvent::AuthKeyCreated {
            connection: from,
            auth_key_id,
            dc: created.dc,
            expires_at,
        });
        self.may_forget_key(auth_key_id);
    }
}
