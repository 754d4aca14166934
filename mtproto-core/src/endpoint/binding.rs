//! Queries on their way to the driver, and the one that the endpoint answers itself: `auth.bindTempAuthKey`.
//!
//! Section: <https://core.telegram.org/api/pfs>.

use alloc::vec::Vec;

use super::{
    AuthKeyRecord, ConnectionId, Endpoint, KeyKind, KnownCall, RequestId, ServerEvent, SessionKey,
};
use crate::handshake::bind::{self, BindContext, BindTempAuthKey};
use crate::ids::{AuthKeyId, MsgId};
use crate::key_log::Secret;
use crate::rpc::RpcError;
use crate::time::{Instant, UnixTime};

/// `boolTrue`, as it travels.
const BOOL_TRUE: [u8; 4] = 0x9972_75b5_u32.to_le_bytes();

impl Endpoint {
    pub(super) fn on_query(
        &mut self,
        now: Instant,
        key: SessionKey,
        connection: ConnectionId,
        msg_id: MsgId,
        body: Vec<u8>,
    ) {
        if let Some(KnownCall::BindTempAuthKey(call)) = KnownCall::read(&body) {
            let outcome = self.bind(now, key, connection, msg_id, &call);
            if let Some(entry) = self.sessions.get_mut(&key) {
                let result = outcome.as_ref().map(|()| &BOOL_TRUE[..]);
                entry.session.answer(msg_id, result);
            }
            return;
        }
        self.last_request = self.last_request.wrapping_add(1);
        let request = RequestId(self.last_request);
        let Some(entry) = self.sessions.get_mut(&key) else {
            return;
        };
        entry.requests.insert(msg_id, request);
        self.requests.insert(request, (key, msg_id));
        let login_key = self
            .keys
            .get(key.auth_key_id)
            .and_then(|record| record.login_key());
        self.events.push_back(ServerEvent::Query {
            request,
            connection,
            key,
            login_key,
            msg_id,
            body,
        });
    }

    fn bind(
        &mut self,
        now: Instant,
        key: SessionKey,
        connection: ConnectionId,
        msg_id: MsgId,
        call: &BindTempAuthKey<'_>,
    ) -> Result<(), RpcError> {
        let refuse = |message: &str| RpcError::new(400, message);
        let temporary = self
            .keys
            .get(key.auth_key_id)
            .ok_or_else(|| refuse("TEMP_AUTH_KEY_EMPTY"))?;
        let KeyKind::Temporary {
            expires_at: end_of_key,
            permanent: bound_to,
        } = temporary.kind
        else {
            return Err(refuse("TEMP_AUTH_KEY_EMPTY"));
        };
        if bound_to.is_some_and(|bound_to| bound_to != call.perm_auth_key_id) {
            return Err(refuse("TEMP_AUTH_KEY_ALREADY_BOUND"));
        }
        let permanent = self
            .keys
            .get(call.perm_auth_key_id)
            .filter(|record| matches!(record.kind, KeyKind::Permanent { .. }))
            .ok_or_else(|| refuse("ENCRYPTED_MESSAGE_INVALID"))?;
        let expires_at = u64::try_from(call.expires_at).unwrap_or(0);
        let expires_at = UnixTime::from_secs(expires_at);
        let binding = BindContext {
            temp_auth_key_id: key.auth_key_id,
            temp_session_id: key.session_id,
            msg_id,
        };
        bind::verify(call, &permanent.key, &binding)
            .map_err(|error| refuse(error.rpc_error_message()))?;
        if expires_at <= self.clock.unix(now) {
            return Err(refuse("EXPIRES_AT_INVALID"));
        }
        // A client may say that the key ends earlier than it said when it made it, not later.
        let expires_at = expires_at.min(end_of_key);
        self.replace_binding(&permanent, key.auth_key_id);
        self.keys.insert(AuthKeyRecord {
            kind: KeyKind::Temporary {
                expires_at,
                permanent: Some(permanent.key.id()),
            },
            ..temporary
        });
        if let Some(log) = &self.config.key_log {
            log.log(&Secret::KeyBind {
                temporary: key.auth_key_id,
                permanent: permanent.key.id(),
                expires_at: expires_at.as_tl_int(),
            });
        }
        self.events.push_back(ServerEvent::AuthKeyBound {
            connection,
            temporary: key.auth_key_id,
            permanent: permanent.key.id(),
            expires_at,
        });
        Ok(())
    }

    /// Lets `temporary` be the one temporary key of `permanent`; the former one acts for nobody any more.
    fn replace_binding(&mut self, permanent: &AuthKeyRecord, temporary: AuthKeyId) {
        if let KeyKind::Permanent {
            temporary: Some(former),
        } = permanent.kind
            && former != temporary
            && let Some(record) = self.keys.get(former)
            && let KeyKind::Temporary { expires_at, .. } = record.kind
        {
            self.keys.insert(AuthKeyRecord {
                kind: KeyKind::Temporary {
                    expires_at,
                    permanent: None,
                },
                ..record
            });
        }
        self.keys.insert(AuthKeyRecord {
            kind: KeyKind::Permanent {
                temporary: Some(temporary),
            },
            ..permanent.clone()
        });
    }
}
