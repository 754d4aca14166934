//! From the bytes of a query to the bytes of its answer: layers, wrappers, and the world between.

mod codec;
#[cfg(test)]
mod tests;
mod wrappers;

use std::collections::{BTreeMap, BTreeSet};

use mtproto_core::endpoint::{RequestId, SessionKey};
use mtproto_core::ids::{AuthKeyId, DcId};
use mtproto_core::rpc::RpcError;
use tl_parser::{Object, Value};
use world::{Caller, ClientInfo, Effect, Outcome, Push, UnixTime, World};

use codec::Codec;

use crate::hub::plain_dc;

/// A query as the endpoint hands it out.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) request: RequestId,
    pub(crate) key: SessionKey,
    /// The permanent key that the caller's login belongs to.
    pub(crate) login_key: Option<AuthKeyId>,
    /// The DC that the connection reached, where something tells.
    pub(crate) dc: Option<i32>,
    /// The peer's address, for the list of sessions.
    pub(crate) ip: &'a str,
    pub(crate) body: &'a [u8],
}

/// What the endpoint is to send.
#[derive(Debug)]
pub(crate) enum Action {
    Answer {
        request: RequestId,
        result: Result<Vec<u8>, RpcError>,
    },
    Push {
        to: SessionKey,
        body: Vec<u8>,
    },
    /// A login now belongs to a key, or belongs to it no longer.
    Keep {
        key: AuthKeyId,
        kept: bool,
    },
}

/// What a key said of itself; the layer belongs to the key, not to the connection or the session.
#[derive(Debug, Default)]
struct KeyState {
    layer: Option<i32>,
    client: Option<ClientInfo>,
    /// The DC that the client named when it made the key.
    dc: Option<i32>,
}

/// What a session wants.
#[derive(Debug)]
struct SessionState {
    login_key: AuthKeyId,
    /// Whether it gets updates: not while it only carries files.
    updates: bool,
}

/// A call that somebody else's call will answer.
#[derive(Debug)]
struct Waiting {
    request: RequestId,
    layer: i32,
    function: String,
    until: i64,
    /// The reply if nobody answers.
    late: Result<Value, world::RpcError>,
}

/// The DCs of the server.
#[derive(Clone, Debug)]
pub(crate) struct Dcs {
    pub(crate) all: BTreeSet<i32>,
    /// Where clients begin, and what a connection reaches of which nothing tells its DC.
    pub(crate) default: i32,
}

/// The world and what stands between it and the wire.
#[derive(Debug)]
pub(crate) struct Rpc {
    world: World,
    codec: Codec,
    dcs: Dcs,
    /// The accounts of ready sessions that were not used yet.
    ready: BTreeMap<AuthKeyId, i64>,
    keys: BTreeMap<AuthKeyId, KeyState>,
    sessions: BTreeMap<SessionKey, SessionState>,
    waiting: BTreeMap<i64, Waiting>,
}

impl Rpc {
    /// `ready` are keys that belong to an account from their first use on.
    pub(crate) fn new(world: World, dcs: Dcs, ready: BTreeMap<AuthKeyId, i64>) -> Self {
        Self {
            world,
            codec: Codec::bundled(),
            dcs,
            ready,
            keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// The DC where clients begin.
    pub(crate) fn default_dc(&self) -> i32 {
        self.dcs.default
    }

    pub(crate) fn has_dc(&self, dc: i32) -> bool {
        self.dcs.all.contains(&dc)
    }

    /// The DC that a client means, if there is one of this number.
    pub(crate) fn own_dc(&self, dc: DcId) -> Option<i32> {
        Some(plain_dc(dc)).filter(|dc| self.has_dc(*dc))
    }

    /// A client made a key, perhaps for a DC that it named.
    pub(crate) fn key_made(&mut self, key: AuthKeyId, dc: Option<DcId>) {
        let dc = dc.and_then(|dc| self.own_dc(dc));
        self.keys.entry(key).or_default().dc = dc;
    }

    pub(crate) fn forget_session(&mut self, key: &SessionKey) {
        self.sessions.remove(key);
    }

    pub(crate) fn forget_key(&mut self, key: AuthKeyId) {
        self.keys.remove(&key);
        self.sessions
            .retain(|session, _| session.auth_key_id != key);
    }

    /// Unix second of the next [`Rpc::handle_timeout`].
    pub(crate) fn poll_timeout(&self) -> Option<i64> {
        let waiting = self.waiting.values().map(|waiting| waiting.until).min();
        let world = self.world.poll_timeout();
        [waiting, world].into_iter().flatten().min()
    }

    /// Gives the calls that waited too long the reply for that case, and lets the world do what is due.
    pub(crate) fn handle_timeout(&mut self, now: UnixTime, actions: &mut Vec<Action>) {
        let late: Vec<i64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.until <= now.seconds())
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in late {
            if let Some(waiting) = self.waiting.remove(&ticket) {
                let reply = waiting.late.clone();
                actions.push(self.reply(&waiting, reply));
            }
        }
        for push in self.world.handle_timeout(now) {
            self.push(&push, actions);
        }
    }

    /// Carries a query out.
    pub(crate) fn handle_query(
        &mut self,
        now: UnixTime,
        query: &Query<'_>,
        actions: &mut Vec<Action>,
    ) {
        match self.call(now, query, actions) {
            Ok(()) => {}
            Err(error) => actions.push(Action::Answer {
                request: query.request,
                result: Err(error),
            }),
        }
    }

    fn call(
        &mut self,
        now: UnixTime,
        query: &Query<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), RpcError> {
        let state = self.keys.entry(query.key.auth_key_id).or_default();
        let decoded = self.codec.decode_query(state.layer, query.body)?;
        let unwrapped = wrappers::unwrap(decoded.request);
        if decoded.announced {
            state.layer = Some(decoded.layer);
        }
        if unwrapped.client.is_some() {
            state.client.clone_from(&unwrapped.client);
        }
        if state.client.is_none() {
            return Err(error(400, "CONNECTION_NOT_INITED"));
        }
        // A temporary key without a binding may do nothing but bind, which the core does, and ask for the configuration.
        let login_key = match query.login_key {
            Some(key) => key,
            None if BEFORE_BINDING.contains(&unwrapped.query.name()) => query.key.auth_key_id,
            None => return Err(error(401, "AUTH_KEY_PERM_EMPTY")),
        };
        let caller = Caller {
            auth_key_id: login_key.as_long(),
            session_id: query.key.session_id.0,
            layer: decoded.layer,
            dc: query.dc.or(state.dc).unwrap_or(self.dcs.default),
            client: state.client.clone(),
            ip: query.ip.to_owned(),
        };
        if let Some(user) = self.ready.remove(&login_key) {
            self.world.log_in(now, &caller, user);
        }
        self.note_session(
            query.key,
            login_key,
            &unwrapped.query,
            unwrapped.without_updates,
        );
        let function = unwrapped.query.name().to_owned();
        let request = self.codec.normalise(decoded.layer, unwrapped.query)?;
        tracing::debug!(%function, layer = decoded.layer, key = %login_key, "call");
        let had_login = self.world.user_of(caller.auth_key_id).is_some();
        let outcome = self.world.call(now, &caller, &request);
        let kept = self.world.user_of(caller.auth_key_id).is_some();
        if kept != had_login {
            let key = login_key;
            actions.push(Action::Keep { key, kept });
        }
        self.carry_out(query.request, decoded.layer, function, outcome, actions);
        Ok(())
    }

    /// Decides whether a session gets updates: once it made a call that is not about files or the configuration.
    fn note_session(
        &mut self,
        key: SessionKey,
        login_key: AuthKeyId,
        query: &Object,
        without_updates: bool,
    ) {
        let name = query.name();
        let only_files = without_updates
            || name.starts_with("upload.")
            || matches!(
                name,
                "help.getConfig" | "auth.exportAuthorization" | "auth.importAuthorization"
            );
        let state = self.sessions.entry(key).or_insert(SessionState {
            login_key,
            updates: false,
        });
        state.login_key = login_key;
        state.updates |= !only_files;
    }

    fn carry_out(
        &mut self,
        request: RequestId,
        layer: i32,
        function: String,
        outcome: Outcome,
        actions: &mut Vec<Action>,
    ) {
        let mut call = Waiting {
            request,
            layer,
            function,
            until: 0,
            late: Ok(Value::Bool(false)),
        };
        let mut ticket = None;
        for effect in outcome.effects {
            match effect {
                Effect::AwaitAnswer {
                    ticket: waiting,
                    until,
                } => {
                    call.until = until;
                    ticket = Some(waiting);
                }
                Effect::Answer { ticket, reply } => {
                    if let Some(waiting) = self.waiting.remove(&ticket) {
                        actions.push(self.reply(&waiting, reply));
                    }
                }
                Effect::EmailSent { address, code } => {
                    tracing::info!(%address, %code, "an e-mail with a code");
                }
                Effect::Unimplemented { function } => {
                    tracing::warn!(%function, "nobody implements this function");
                }
                Effect::AuthorizationEnded { auth_key_id } => {
                    let key = AuthKeyId::from_long(auth_key_id);
                    tracing::info!(%key, "authorization ended");
                    actions.push(Action::Keep { key, kept: false });
                }
                _ => {}
            }
        }
        match ticket {
            Some(ticket) => {
                call.late = outcome.reply;
                self.waiting.insert(ticket, call);
            }
            None => actions.push(self.reply(&call, outcome.reply)),
        }
        for push in outcome.pushes {
            self.push(&push, actions);
        }
    }

    fn reply(&self, call: &Waiting, reply: Result<Value, world::RpcError>) -> Action {
        let result = reply
            .map_err(|failed| error(failed.code, &failed.message))
            .and_then(|value| self.codec.encode_reply(call.layer, &call.function, &value));
        Action::Answer {
            request: call.request,
            result,
        }
    }

    /// Sends an update to every session of its keys that wants it, each in its own layer.
    fn push(&self, push: &Push, actions: &mut Vec<Action>) {
        let mut encoded: BTreeMap<i32, Option<Vec<u8>>> = BTreeMap::new();
        for (key, session) in &self.sessions {
            let login = session.login_key.as_long();
            let made_the_call = push.except.is_some_and(|except| {
                except.auth_key_id == login && except.session_id == key.session_id.0
            });
            if !session.updates || made_the_call || push.to.binary_search(&login).is_err() {
                continue;
            }
            let Some(layer) = self.keys.get(&key.auth_key_id).and_then(|key| key.layer) else {
                continue;
            };
            let body = encoded
                .entry(layer)
                .or_insert_with(|| self.codec.encode_update(layer, &push.update));
            if let Some(body) = body {
                actions.push(Action::Push {
                    to: *key,
                    body: body.clone(),
                });
            }
        }
    }
}

/// What an unbound temporary key may call beside `auth.bindTempAuthKey`.
///
/// Section: <https://core.telegram.org/api/pfs>.
const BEFORE_BINDING: &[&str] = &["help.getConfig", "help.getNearestDc"];

fn error(code: i32, message: &str) -> RpcError {
    RpcError {
        code,
        message: message.to_owned(),
    }
}
