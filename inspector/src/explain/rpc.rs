//! Queries: errors that mean something for the protocol, waits that were not kept, answers that never came.

use std::collections::HashMap;
use std::time::Duration;

use mtproto_core::ids::{AuthKeyId, MsgId, SessionId};

use tl_parser::{Object, Value};

use super::{Findings, between};
use crate::record::{At, ConnId, ConnectionEnd, Direction, End, Message, Role, Severity};

/// Queries without an answer that are remembered.
const MAX_OPEN: usize = 16 * 1024;
/// Waits that are remembered.
const MAX_WAITS: usize = 1024;
/// The same query that many times without an answer is a storm.
const STORM: usize = 5;
/// A query that waits longer than this at the end is no longer just on its way.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Open {
    method: String,
    at: At,
    conn: ConnId,
    checksum: u32,
    /// Whether the server acknowledged it.
    acked: bool,
}

/// A wait that the server asked for.
#[derive(Clone, Copy, Debug)]
struct Wait {
    at: At,
    seconds: u64,
}

#[derive(Debug, Default)]
pub(super) struct Rpc {
    open: HashMap<(SessionId, MsgId), Open>,
    /// Open queries with the same body in the same session, in the order in which they were sent.
    alike: HashMap<(SessionId, u32), Vec<(MsgId, At)>>,
    waits: HashMap<(AuthKeyId, String), Wait>,
}

impl Rpc {
    pub(super) fn message(
        &mut self,
        message: &Message<'_>,
        (key, session): (AuthKeyId, SessionId),
        findings: &mut Findings<'_>,
    ) {
        match (message.direction, message.role) {
            (Direction::ClientToServer, Role::Query) => {
                self.too_early(message, key, findings);
                self.sent(message, session, findings);
            }
            (Direction::ServerToClient, Role::Result) => {
                if let Some(answered) = &message.answers {
                    self.close(session, answered.msg_id);
                }
                if message.name == "rpc_error" {
                    self.error(message, key, findings);
                }
            }
            (Direction::ServerToClient, Role::Service) => {
                // A refused message gets no answer.
                if let Some(answered) = &message.answers {
                    self.close(session, answered.msg_id);
                } else if let Some(object) = message.body.tree().and_then(Value::as_object) {
                    self.service(message, session, object, findings);
                }
            }
            _ => {}
        }
    }

    /// Acknowledgements, and sessions that begin anew.
    fn service(
        &mut self,
        message: &Message<'_>,
        session: SessionId,
        object: &Object,
        findings: &mut Findings<'_>,
    ) {
        if message.name == "msgs_ack" {
            let ids = object.vector("msg_ids").unwrap_or_default();
            for id in ids.iter().filter_map(Value::as_long) {
                if let Some(open) = self.open.get_mut(&(session, MsgId(id))) {
                    open.acked = true;
                }
            }
        } else if message.name == "new_session_created"
            && let Some(first) = object.long("first_msg_id").map(MsgId)
        {
            let forgotten = self
                .open
                .keys()
                .filter(|(of, id)| *of == session && *id < first)
                .count();
            if forgotten > 0 {
                findings.add(
                    Severity::Notice,
                    "session-restarted",
                    Some("sv_37"),
                    message.at,
                    format!("the server began the session anew: {forgotten} queries older than {first} are lost"),
                    "send them again, and fetch updates with updates.getDifference",
                    Vec::new(),
                );
            }
        }
    }

    fn sent(&mut self, message: &Message<'_>, session: SessionId, findings: &mut Findings<'_>) {
        if self.open.len() >= MAX_OPEN {
            return;
        }
        let alike = self.alike.entry((session, message.checksum)).or_default();
        if alike.last().is_none_or(|(id, _)| *id != message.msg_id) {
            alike.push((message.msg_id, message.at));
        }
        if alike.len() == STORM {
            let first = alike.first().map_or(message.at, |(_, at)| *at);
            let evidence = alike.iter().map(|(_, at)| at.packet).collect();
            let count = alike.len();
            findings.add(
                Severity::Warning,
                "resend-storm",
                Some("sv_36"),
                message.at,
                format!(
                    "the same {} was sent {count} times within {:.1} s without an answer",
                    message.name,
                    between(&first, &message.at).as_secs_f64()
                ),
                "wait for an answer or a lost connection before sending a query again, and longer each time",
                evidence,
            );
        }
        let open = Open {
            method: message.name.to_owned(),
            at: message.at,
            conn: message.conn,
            checksum: message.checksum,
            acked: false,
        };
        self.open.insert((session, message.msg_id), open);
    }

    /// Forgets a query that was answered or refused.
    fn close(&mut self, session: SessionId, msg_id: MsgId) -> Option<Open> {
        let open = self.open.remove(&(session, msg_id))?;
        let key = (session, open.checksum);
        if let Some(alike) = self.alike.get_mut(&key) {
            alike.retain(|(id, _)| *id != msg_id);
            if alike.is_empty() {
                self.alike.remove(&key);
            }
        }
        Some(open)
    }

    fn too_early(&mut self, message: &Message<'_>, key: AuthKeyId, findings: &mut Findings<'_>) {
        if self.waits.is_empty() {
            return;
        }
        let Some(wait) = self.waits.remove(&(key, message.name.to_owned())) else {
            return;
        };
        let waited = between(&wait.at, &message.at);
        // A second of grace: the server counts whole ones.
        if waited.as_secs() + 1 < wait.seconds {
            findings.add(
                Severity::Warning,
                "flood-wait-ignored",
                Some("rp_08"),
                message.at,
                format!(
                    "{} is called again after {:.1} s, though the server asked to wait {} s",
                    message.name,
                    waited.as_secs_f64(),
                    wait.seconds
                ),
                "wait the whole time: early calls make the server ask for longer ones",
                vec![wait.at.packet, message.at.packet],
            );
        }
    }

    fn error(&mut self, message: &Message<'_>, key: AuthKeyId, findings: &mut Findings<'_>) {
        let Some(object) = message.body.tree().and_then(|body| body.as_object()) else {
            return;
        };
        let code = object.int("error_code").unwrap_or_default();
        let text = object.str("error_message").unwrap_or_default();
        let answered = message.answers.as_ref();
        let method = answered
            .and_then(|answered| answered.method)
            .unwrap_or("a query");
        let evidence: Vec<u64> = answered
            .and_then(|a| a.packet)
            .into_iter()
            .chain([message.at.packet])
            .collect();
        if let Some(seconds) = flood_wait(text) {
            if self.waits.len() < MAX_WAITS {
                self.waits.insert(
                    (key, method.to_owned()),
                    Wait {
                        at: message.at,
                        seconds,
                    },
                );
            }
            findings.add(
                Severity::Notice,
                "flood-wait",
                Some("rp_08"),
                message.at,
                format!("{method} is answered {text}: the server asks to wait {seconds} s"),
                "call it less often; the wait counts for this method and login",
                evidence,
            );
            return;
        }
        let (severity, rule, fix) = match (code, text) {
            (_, "AUTH_KEY_DUPLICATED") => (
                Severity::Error,
                "rp_13",
                "the key was used at two addresses at once: drop it, make a new one and log in again",
            ),
            (_, "AUTH_KEY_PERM_EMPTY") => (
                Severity::Warning,
                "rp_15",
                "bind the temporary key to the permanent one with auth.bindTempAuthKey, then repeat the query",
            ),
            (_, "ENCRYPTED_MESSAGE_INVALID") => (
                Severity::Error,
                "pf_03",
                "encrypt the binding message with the permanent key in the manner of MTProto 1.0, with the msg_id of \
                 the query that carries it and seq_no 0",
            ),
            (_, "CONNECTION_NOT_INITED" | "CONNECTION_LAYER_INVALID") => (
                Severity::Warning,
                "rp_16",
                "wrap the first query of a login in invokeWithLayer and initConnection",
            ),
            (401, "SESSION_REVOKED" | "USER_DEACTIVATED" | "AUTH_KEY_INVALID") => (
                Severity::Warning,
                "rp_12",
                "the login was ended: log in again instead of repeating the query",
            ),
            (500.., _) => (
                Severity::Warning,
                "rp_11",
                "the server failed: repeat a few times, waiting longer each time",
            ),
            _ => return,
        };
        findings.add(
            severity,
            "rpc-error",
            Some(rule),
            message.at,
            format!("{method} is answered {code} {text}"),
            fix,
            evidence,
        );
    }

    /// Queries that were sent on a connection and can no longer be answered on it.
    pub(super) fn connection_ended(
        &mut self,
        end: &ConnectionEnd,
        lossy: bool,
        findings: &mut Findings<'_>,
    ) {
        let ids: Vec<(SessionId, MsgId)> = self
            .open
            .iter()
            .filter(|(_, open)| open.conn == end.conn)
            .map(|(id, _)| *id)
            .collect();
        let mut left: Vec<Open> = ids
            .into_iter()
            .filter_map(|(session, id)| self.close(session, id))
            .collect();
        left.sort_by_key(|open| open.at.packet);
        let Some(first) = left.first() else {
            return;
        };
        let age = between(&first.at, &end.at);
        let by_client = matches!(
            end.end,
            End::Closed {
                by: Direction::ClientToServer
            }
        ) || matches!(
            end.end,
            End::Reset {
                by: Direction::ClientToServer
            }
        );
        let severity = if lossy || by_client || age < ANSWER_PATIENCE {
            Severity::Notice
        } else {
            Severity::Warning
        };
        let how = match end.end {
            End::CaptureEnds => "when the capture ends",
            _ => "when the connection ends",
        };
        let cause = format!(
            "{} without an answer {how}, the first being {} after {:.1} s; the server acknowledged {}",
            if left.len() == 1 {
                "1 query is".to_owned()
            } else {
                format!("{} queries are", left.len())
            },
            first.method,
            age.as_secs_f64(),
            match left.iter().filter(|open| open.acked).count() {
                0 => "none of them".to_owned(),
                acked => format!("{acked} of them"),
            }
        );
        findings.add(
            severity,
            "unanswered-query",
            Some("rp_23"),
            end.at,
            cause,
            "ask for the state of the queries with msgs_state_req, or send them again on the next connection",
            left.iter().take(8).map(|open| open.at.packet).collect(),
        );
    }
}

/// The seconds of `FLOOD_WAIT_n` and its relatives.
fn flood_wait(text: &str) -> Option<u64> {
    ["FLOOD_WAIT_", "FLOOD_PREMIUM_WAIT_", "SLOWMODE_WAIT_"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .and_then(|seconds| seconds.parse().ok())
}
