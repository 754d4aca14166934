//! Temporary keys of a client: made, bound, renewed in time, and never stored.
//!
//! With temporary keys in use the permanent key encrypts nothing but the inner message of the binding.
//! Section: <https://core.telegram.org/api/pfs>.

use alloc::vec::Vec;

use super::{Connection, Event, draw_session_id};
use crate::crypto::auth_key::AuthKey;
use crate::error::ConnectionError;
use crate::handshake::NewAuthKey;
use crate::handshake::bind::{self, BindContext};
use crate::ids::{AuthKeyId, ServerSalt, SessionId};
use crate::key_log::Secret;
use crate::session::{ClientSession, QueryFailure, SaltBook, SessionEvent};
use crate::time::{Duration, Instant};
use crate::transport::Framer;

/// How long before its end a temporary key is renewed, at most; for short lives, a quarter of them.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// How often a binding is tried again because its message was refused.
const MAX_ATTEMPTS: u8 = 4;
/// How often in a row the server may forget a temporary key that is younger than [`MATURE`].
const MAX_FORGOTTEN: u8 = 3;
/// A key that served this long was no mistake.
const MATURE: Duration = Duration::from_secs(60);

/// The temporary keys of a connection.
#[derive(Debug, Default)]
pub(super) struct Temporary {
    /// The key that traffic is encrypted with.
    current: Option<BoundKey>,
    /// The key that is being bound.
    binding: Option<Binding>,
    /// The key before the current one, and its session: late answers still come under it.
    former: Option<(AuthKey, SessionId)>,
    /// Keys in a row that the server forgot soon.
    forgotten: u8,
}

#[derive(Debug)]
struct BoundKey {
    key: AuthKey,
    bound_at: Instant,
    renew_at: Instant,
}

/// A binding under way. It has a session of its own, so that nothing else can leave under a key that is not bound.
#[derive(Debug)]
struct Binding {
    key: AuthKey,
    salt: ServerSalt,
    session: ClientSession,
    expires_at: i32,
    renew_at: Instant,
    attempts: u8,
}

impl Connection {
    /// Whether a temporary key must be made before queries can travel.
    pub(super) fn needs_temporary_key(&self) -> bool {
        self.config.temporary_keys.is_some()
            && self.temporary.current.is_none()
            && self.temporary.binding.is_none()
    }

    pub(super) const fn is_binding(&self) -> bool {
        self.temporary.binding.is_some()
    }

    /// The key that traffic is encrypted with.
    pub(super) fn traffic_key(&self) -> Option<AuthKey> {
        match self.config.temporary_keys {
            None => self.auth_key.clone(),
            Some(_) => self
                .temporary
                .current
                .as_ref()
                .map(|bound| bound.key.clone()),
        }
    }

    /// The key in use that is named `id`.
    pub(super) fn key_named(&self, id: AuthKeyId) -> Option<AuthKey> {
        let binding = self.temporary.binding.as_ref().map(|binding| &binding.key);
        let former = self.temporary.former.as_ref().map(|(key, _)| key);
        self.traffic_key()
            .into_iter()
            .chain(binding.cloned())
            .chain(former.cloned())
            .find(|key| key.id() == id)
    }

    /// Binds a temporary key that was just made.
    pub(super) fn bind(&mut self, now: Instant, key: NewAuthKey) {
        let lives = u64::try_from(key.expires_in.unwrap_or(0)).unwrap_or(0);
        let lives = Duration::from_secs(lives);
        let clock = *self.session.clock();
        let quarter = lives.checked_div(4).unwrap_or_default();
        let renew_after = lives.saturating_sub(RENEW_BEFORE.min(quarter));
        let mut session = ClientSession::new(
            draw_session_id(&mut self.random),
            self.config.session,
            clock,
            SaltBook::new(key.server_salt),
        );
        session.set_clock_offset(clock.offset_secs());
        self.temporary.binding = Some(Binding {
            key: key.auth_key,
            salt: key.server_salt,
            session,
            expires_at: clock.unix(now).saturating_add(lives).as_tl_int(),
            renew_at: now.saturating_add(renew_after),
            attempts: 0,
        });
        self.send_binding(now);
    }

    fn send_binding(&mut self, now: Instant) {
        let (Some(binding), Some(permanent)) = (&mut self.temporary.binding, &self.auth_key) else {
            return;
        };
        let temp_auth_key_id = binding.key.id();
        let temp_session_id = binding.session.id();
        let expires_at = binding.expires_at;
        let random = &mut self.random;
        binding.session.send_numbered_query(now, |msg_id| {
            let context = BindContext {
                temp_auth_key_id,
                temp_session_id,
                msg_id,
            };
            bind::request(permanent, &context, expires_at, random)
        });
    }

    /// The session of the binding under way, if it is named `id`.
    pub(super) fn binding_session(&mut self, id: SessionId) -> Option<&mut ClientSession> {
        let binding = self.temporary.binding.as_mut()?;
        (binding.session.id() == id).then_some(&mut binding.session)
    }

    /// Whether a message under the key `id` belongs to the session before the current key was bound.
    pub(super) fn is_of_former_session(&self, id: AuthKeyId, session_id: SessionId) -> bool {
        let former = self.temporary.former.as_ref();
        former.is_some_and(|(key, session)| key.id() == id && *session == session_id)
    }

    /// The server says that the temporary key is bound to none: another one is made and bound.
    pub(super) fn bind_again(&mut self, now: Instant) -> Result<(), ConnectionError> {
        if self.replace_forgotten_key(now) {
            Ok(())
        } else {
            Err(ConnectionError::BindingRefused)
        }
    }

    /// Writes the next frame of the binding, if one is due.
    pub(super) fn transmit_binding(
        &mut self,
        now: Instant,
        framer: &mut Framer,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(binding) = &mut self.temporary.binding else {
            return false;
        };
        let Some(packet) = binding.session.next_packet(now) else {
            return false;
        };
        let key = binding.key.clone();
        let (salt, session_id) = (binding.session.salt(now), binding.session.id());
        self.write_packet(&key, salt, session_id, packet, framer, out)
    }

    /// Follows what became of the binding.
    pub(super) fn handle_binding_events(&mut self, now: Instant) -> Result<(), ConnectionError> {
        while let Some(binding) = &mut self.temporary.binding {
            let Some(event) = binding.session.poll_event() else {
                return Ok(());
            };
            match event {
                SessionEvent::QueryAnswered { result: Ok(_), .. } => self.finish_binding(now),
                SessionEvent::QueryAnswered { result: Err(_), .. } => {
                    return Err(ConnectionError::BindingRefused);
                }
                SessionEvent::QueryFailed {
                    reason: QueryFailure::Refused(_),
                    ..
                } if binding.attempts < MAX_ATTEMPTS => {
                    // The inner message names the outer one's identifier, so that both must be made anew.
                    binding.attempts = binding.attempts.saturating_add(1);
                    self.send_binding(now);
                }
                SessionEvent::QueryFailed { .. } => return Err(ConnectionError::BindingRefused),
                SessionEvent::Notice(notice) => self.events.push_back(Event::Notice(notice)),
                _ => {}
            }
        }
        Ok(())
    }

    fn finish_binding(&mut self, now: Instant) {
        let (Some(mut binding), Some(permanent)) = (self.temporary.binding.take(), &self.auth_key)
        else {
            return;
        };
        if let Some(log) = &self.config.key_log {
            log.log(&Secret::KeyBind {
                temporary: binding.key.id(),
                permanent: permanent.id(),
                expires_at: binding.expires_at,
            });
        }
        let bound = BoundKey {
            key: binding.key,
            bound_at: now,
            renew_at: binding.renew_at,
        };
        let former = self.temporary.current.replace(bound);
        self.temporary.former = former.map(|former| (former.key, self.session.id()));
        self.session
            .set_clock_offset(binding.session.clock().offset_secs());
        let salt = binding.session.salt(now);
        self.session
            .set_salt(if salt.0 == 0 { binding.salt } else { salt });
        if self.session.has_been_used() {
            // A session belongs to its key.
            let id = draw_session_id(&mut self.random);
            self.session.renew(id);
        }
        self.events.push_back(Event::TemporaryKeyBound {
            expires_at: binding.expires_at,
        });
        self.advance(now);
    }

    /// The stream is gone, and with it the binding that was under way.
    pub(super) fn abandon_binding(&mut self) {
        self.temporary.binding = None;
    }

    /// The server does not know the temporary key any more: another one is made. `false` if that happened too often.
    pub(super) fn replace_forgotten_key(&mut self, now: Instant) -> bool {
        let Some(current) = &self.temporary.current else {
            return false;
        };
        if now.saturating_duration_since(current.bound_at) >= MATURE {
            self.temporary.forgotten = 0;
        }
        if self.temporary.forgotten >= MAX_FORGOTTEN {
            return false;
        }
        self.temporary.forgotten = self.temporary.forgotten.saturating_add(1);
        self.temporary.current = None;
        self.temporary.binding = None;
        self.is_ready = false;
        self.advance(now);
        true
    }

    /// When the temporary key in use is to be renewed.
    pub(super) fn temporary_deadline(&self) -> Option<Instant> {
        let bound = self.temporary.current.as_ref()?;
        let idle = self.is_ready && self.exchange.is_none() && !self.is_binding();
        idle.then_some(bound.renew_at)
    }

    /// Starts to renew the temporary key, if it is time; the old one stays in use until the new one is bound.
    pub(super) fn renew_temporary_key(&mut self, now: Instant) {
        if self.temporary_deadline().is_some_and(|at| at <= now) {
            self.start_exchange(now, self.config.temporary_keys);
        }
    }
}
