//! The sessions of an endpoint: found by key, bounded in number and age, each carried by one stream at a time.

use alloc::collections::BTreeMap;

use super::timers::Owner;
use super::{CloseReason, ConnectionId, Endpoint, RequestId, ServerEvent, SessionKey};
use crate::crypto::auth_key::AuthKey;
use crate::error::{Limit, Notice, TransportError};
use crate::ids::MsgId;
use crate::random;
use crate::session::{SaltOwner, ServerSession, ServerSessionEvent};
use crate::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct SessionEntry {
    pub(super) session: ServerSession,
    pub(super) key: AuthKey,
    pub(super) salt_owner: SaltOwner,
    /// The live stream that carries the session.
    pub(super) connection: Option<ConnectionId>,
    /// The stream that carried it last.
    pub(super) carrier: ConnectionId,
    /// Queries given to the driver, by their message.
    pub(super) requests: BTreeMap<MsgId, RequestId>,
    /// Whether it stands in the endpoint's queue of ready sessions.
    pub(super) is_queued: bool,
    /// Its key is destroyed: it goes once the last answer left.
    pub(super) is_doomed: bool,
    last_used: Instant,
    deadline: Option<Instant>,
}

impl Endpoint {
    /// Makes sure that there is a session `key`; `false` if there are too many and none can go.
    pub(super) fn ensure_session(
        &mut self,
        now: Instant,
        from: ConnectionId,
        key: SessionKey,
        salt_owner: SaltOwner,
        auth_key: &AuthKey,
    ) -> bool {
        if let Some(entry) = self.sessions.get_mut(&key) {
            entry.last_used = now;
            return true;
        }
        let of_key = self.sessions.range(SessionKey::range_of(key.auth_key_id));
        if of_key.count() >= self.config.sessions_per_key && !self.evict_session_of(key) {
            return false;
        }
        if self.sessions.len() >= self.config.sessions && !self.evict_any_session() {
            return false;
        }
        let unique_id = i64::from_le_bytes(random::bytes(&mut self.random));
        let entry = SessionEntry {
            session: ServerSession::new(self.config.session, unique_id),
            key: auth_key.clone(),
            salt_owner,
            connection: None,
            carrier: from,
            requests: BTreeMap::new(),
            is_queued: false,
            is_doomed: false,
            last_used: now,
            deadline: None,
        };
        self.sessions.insert(key, entry);
        self.idle_keys.set_used(key.auth_key_id);
        true
    }

    /// Forgets the session of the same key that was used least recently, one without a stream if there is any.
    fn evict_session_of(&mut self, key: SessionKey) -> bool {
        let oldest = self
            .sessions
            .range(SessionKey::range_of(key.auth_key_id))
            .min_by_key(|(_, entry)| (entry.connection.is_some(), entry.last_used))
            .map(|(key, _)| *key);
        oldest.is_some_and(|oldest| self.evict(oldest))
    }

    /// Forgets the session without a stream that was used least recently.
    fn evict_any_session(&mut self) -> bool {
        let oldest = self
            .sessions
            .iter()
            .filter(|(_, entry)| entry.connection.is_none())
            .min_by_key(|(_, entry)| entry.last_used)
            .map(|(key, _)| *key);
        oldest.is_some_and(|oldest| self.evict(oldest))
    }

    fn evict(&mut self, key: SessionKey) -> bool {
        if let Some(connection) = self.sessions.get(&key).and_then(|entry| entry.connection) {
            self.events.push_back(ServerEvent::Notice {
                connection,
                key: Some(key),
                notice: Notice::LimitReached(Limit::SessionsPerKey),
            });
        }
        self.remove_session(key)
    }

    pub(super) fn remove_session(&mut self, key: SessionKey) -> bool {
        let Some(entry) = self.sessions.remove(&key) else {
            return false;
        };
        self.timers
            .reschedule(Owner::Session(key), entry.deadline, None);
        for request in entry.requests.values() {
            self.requests.remove(request);
        }
        if let Some(connection) = entry
            .connection
            .and_then(|connection| self.connections.get_mut(&connection))
        {
            connection.sessions.remove(&key);
        }
        self.events.push_back(ServerEvent::SessionDestroyed { key });
        self.on_session_of_key_gone(key.auth_key_id);
        true
    }

    /// Lets `connection` carry the session from now on.
    pub(super) fn attach(&mut self, now: Instant, key: SessionKey, connection: ConnectionId) {
        let unix = self.clock.unix(now);
        let Some(entry) = self.sessions.get_mut(&key) else {
            return;
        };
        entry.carrier = connection;
        let former = entry.connection.replace(connection);
        if former == Some(connection) {
            return;
        }
        if former.is_none() && entry.session.is_established() {
            entry.session.on_new_stream(unix);
            self.events
                .push_back(ServerEvent::SessionMoved { key, connection });
        }
        if let Some(former) = former.and_then(|former| self.connections.get_mut(&former)) {
            former.sessions.remove(&key);
        }
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.sessions.insert(key);
        }
    }

    /// The stream that carried the session is gone.
    pub(super) fn detach(&mut self, now: Instant, key: SessionKey, from: ConnectionId) {
        let Some(entry) = self.sessions.get_mut(&key) else {
            return;
        };
        if entry.connection == Some(from) {
            entry.connection = None;
            entry.last_used = now;
            entry.session.on_stream_lost();
            if entry.is_doomed || !entry.session.is_established() {
                self.remove_session(key);
            } else {
                self.touch(now, key);
            }
        }
    }

    /// Notes what a session has to do next, after anything happened to it.
    pub(super) fn touch(&mut self, now: Instant, key: SessionKey) {
        let lifetime = self.config.session_lifetime;
        let Some(entry) = self.sessions.get_mut(&key) else {
            return;
        };
        let carrier = entry
            .connection
            .and_then(|connection| self.connections.get(&connection));
        let can_send =
            carrier.is_some_and(|connection| !connection.paused && !connection.is_closed);
        if can_send && !entry.is_queued && entry.session.has_packet(now) {
            entry.is_queued = true;
            self.ready_sessions.push_back(key);
        }
        let deadline = match entry.connection {
            None => Some(entry.last_used.saturating_add(lifetime)),
            // What is due already leaves with the queue.
            Some(_) if can_send => entry.session.ack_deadline().filter(|due| *due > now),
            Some(_) => None,
        };
        let deadline = deadline
            .into_iter()
            .chain(entry.session.held_deadline())
            .min();
        let old = core::mem::replace(&mut entry.deadline, deadline);
        self.timers.reschedule(Owner::Session(key), old, deadline);
    }

    pub(super) fn on_session_deadline(&mut self, now: Instant, key: SessionKey) {
        let lifetime = self.config.session_lifetime;
        let Some(entry) = self.sessions.get_mut(&key) else {
            return;
        };
        entry.deadline = None;
        let end_of_life = entry.last_used.saturating_add(lifetime);
        if entry.connection.is_none() && end_of_life <= now {
            self.remove_session(key);
            return;
        }
        entry.session.handle_timeout(now);
        let carrier = entry.carrier;
        self.handle_session_events(now, key, carrier);
        self.touch(now, key);
    }

    /// Carries out what a session asks for and tells the driver the rest.
    pub(super) fn handle_session_events(
        &mut self,
        now: Instant,
        key: SessionKey,
        connection: ConnectionId,
    ) {
        while let Some(event) = self
            .sessions
            .get_mut(&key)
            .and_then(|entry| entry.session.poll_event())
        {
            self.handle_session_event(now, key, connection, event);
        }
    }

    fn handle_session_event(
        &mut self,
        now: Instant,
        key: SessionKey,
        connection: ConnectionId,
        event: ServerSessionEvent,
    ) {
        match event {
            ServerSessionEvent::Created { .. } => {
                self.events
                    .push_back(ServerEvent::SessionCreated { key, connection });
            }
            ServerSessionEvent::Query { msg_id, body } => {
                self.on_query(now, key, connection, msg_id, body);
            }
            ServerSessionEvent::QueryDropped { msg_id } => {
                let request = self
                    .sessions
                    .get_mut(&key)
                    .and_then(|entry| entry.requests.remove(&msg_id));
                if let Some(request) = request {
                    self.requests.remove(&request);
                    self.events.push_back(ServerEvent::QueryDropped { request });
                }
            }
            ServerSessionEvent::AnswerAcked { msg_id } => {
                self.events
                    .push_back(ServerEvent::AnswerAcked { key, msg_id });
            }
            ServerSessionEvent::SaltsRequested { msg_id, count } => {
                self.send_salts(now, key, msg_id, count);
            }
            ServerSessionEvent::DestroySession { session_id } => {
                let other = SessionKey { session_id, ..key };
                let existed = other != key && self.remove_session(other);
                if let Some(entry) = self.sessions.get_mut(&key) {
                    entry.session.send_destroyed(session_id, existed);
                }
            }
            ServerSessionEvent::DestroyAuthKey => self.on_destroy_auth_key(key),
            ServerSessionEvent::DisconnectAfter(delay) => {
                self.set_ping_delay(now, connection, delay);
            }
            ServerSessionEvent::HttpWait {
                max_delay,
                wait_after,
                max_wait,
            } => self.events.push_back(ServerEvent::HttpWait {
                connection,
                max_delay,
                wait_after,
                max_wait,
            }),
            ServerSessionEvent::Overloaded => {
                self.refuse_frame(now, connection, TransportError::FLOOD);
                self.close_with(
                    now,
                    connection,
                    CloseReason::TransportError(TransportError::FLOOD),
                );
            }
            ServerSessionEvent::Notice(notice) => self.events.push_back(ServerEvent::Notice {
                connection,
                key: Some(key),
                notice,
            }),
        }
    }

    fn send_salts(&mut self, now: Instant, key: SessionKey, msg_id: MsgId, count: usize) {
        let unix = self.clock.unix(now);
        if let Some(entry) = self.sessions.get_mut(&key) {
            let salts = self.salts.future(&entry.salt_owner, unix, count);
            entry.session.send_salts(msg_id, unix, &salts);
        }
    }

    fn set_ping_delay(&mut self, now: Instant, id: ConnectionId, delay: Duration) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.ping_delay = Some(delay);
            self.set_idle_deadline(id, now);
        }
    }

    /// Only the answer still leaves; then the session goes, too.
    fn on_destroy_auth_key(&mut self, key: SessionKey) {
        self.idle_keys.untrack(key.auth_key_id);
        let existed = self.keys.remove(key.auth_key_id);
        let others: alloc::vec::Vec<SessionKey> = self
            .sessions_of(key.auth_key_id)
            .map(|(other, _)| other)
            .filter(|other| *other != key)
            .collect();
        for other in others {
            self.remove_session(other);
        }
        if let Some(entry) = self.sessions.get_mut(&key) {
            entry.session.send_key_destroyed(existed);
            entry.is_doomed = true;
        }
        if existed {
            self.events.push_back(ServerEvent::AuthKeyDestroyed {
                auth_key_id: key.auth_key_id,
            });
        }
    }
}
