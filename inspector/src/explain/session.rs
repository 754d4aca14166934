//! Rules of a session: identifiers, sequence numbers, salts, acknowledgements, refusals.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use mtproto_core::ids::{MsgId, ServerSalt};
use tl_parser::{Object, Value};

use super::{Findings, between};
use crate::record::{At, ConnId, Direction, Message, Role, Severity};

/// Message identifiers of each side that are remembered.
const MAX_IDS: usize = 4096;
/// Messages with a refused salt that are taken for messages under way.
const SALT_PATIENCE: u32 = 3;
/// A content-related message that is not acknowledged after this long is a finding.
const ACK_PATIENCE: Duration = Duration::from_secs(120);

/// What is remembered of one side's messages.
#[derive(Debug, Default)]
struct Side {
    /// Packet and salt of each message.
    ids: HashMap<MsgId, (u64, ServerSalt)>,
    order: VecDeque<MsgId>,
    /// The last message of the series: connection, identifier, sequence number.
    last: Option<(ConnId, MsgId, i32)>,
    /// Whether the series was found broken.
    broken: bool,
}

/// The state of one session as seen from outside.
#[derive(Debug)]
pub(super) struct Session {
    client: Side,
    server: Side,
    client_conn: Option<ConnId>,
    /// A salt that the server refused, the one it offered, and how often the old one was used since.
    refused_salt: Option<(ServerSalt, ServerSalt, u32)>,
    /// Whether the client's clock was complained about.
    clock_told: bool,
    /// Content-related messages of the server that the client has not acknowledged.
    unacked: VecDeque<(MsgId, At)>,
    /// Whether the capture may lack messages of it.
    lossy: bool,
    /// Whether the capture has its first message.
    whole: Option<bool>,
}

impl Session {
    pub(super) fn new(lossy: bool) -> Self {
        Self {
            client: Side::default(),
            server: Side::default(),
            client_conn: None,
            refused_salt: None,
            clock_told: false,
            unacked: VecDeque::new(),
            lossy,
            whole: None,
        }
    }

    /// The connection on which the client used it last.
    pub(super) const fn last_client_conn(&self) -> Option<ConnId> {
        self.client_conn
    }

    pub(super) fn message(
        &mut self,
        message: &Message<'_>,
        salt: ServerSalt,
        lossy: bool,
        findings: &mut Findings<'_>,
    ) {
        self.lossy |= lossy;
        self.identifier(message, salt, findings);
        self.parity(message, findings);
        self.series(message, findings);
        match message.direction {
            Direction::ClientToServer => {
                self.client_conn = Some(message.conn);
                self.whole
                    .get_or_insert_with(|| message.seq_no.is_some_and(|seq_no| seq_no.0 <= 1));
                self.salt_used(message, salt, findings);
                self.acknowledge(message, findings);
                self.overdue(message, findings);
            }
            Direction::ServerToClient => {
                if message
                    .seq_no
                    .is_some_and(|seq_no| seq_no.is_content_related())
                    && message.role != Role::Container
                    && self.unacked.len() < MAX_IDS
                {
                    self.unacked.push_back((message.msg_id, message.at));
                }
                if let Some(object) = message.body.tree().and_then(|body| body.as_object()) {
                    self.refusal(message, object, findings);
                }
            }
        }
    }

    const fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }

    fn identifier(&mut self, message: &Message<'_>, salt: ServerSalt, findings: &mut Findings<'_>) {
        let id = message.msg_id;
        let (sound, rule, expected) = match message.direction {
            Direction::ClientToServer => (id.is_client(), "se_01", "a client's are divisible by 4"),
            Direction::ServerToClient => (id.is_server(), "se_04", "a server's are odd"),
        };
        if !sound {
            findings.add(
                Severity::Error,
                "msg-id-parity",
                Some(rule),
                message.at,
                format!(
                    "{} has the msg_id {id}, whose remainder by 4 is {}; {expected}",
                    message.name,
                    id.0 & 3
                ),
                "make identifiers from the time and set the lowest two bits by side",
                Vec::new(),
            );
        }
        let lossless = !self.lossy;
        let side = self.side(message.direction);
        let packet = message.at.packet;
        if let Some((first, _)) = side.ids.get(&id).copied() {
            // A client may send a message again under its identifier, if the first was not acknowledged.
            findings.add(
                Severity::Notice,
                "msg-id-repeated",
                Some("se_06"),
                message.at,
                format!("{} is sent again under the msg_id {id}", message.name),
                "none is needed if the first was lost; a receiver ignores the repetition",
                vec![first, packet],
            );
            return;
        }
        side.ids.insert(id, (packet, salt));
        side.order.push_back(id);
        if side.order.len() > MAX_IDS
            && let Some(oldest) = side.order.pop_front()
        {
            side.ids.remove(&oldest);
        }
        if lossless
            && message.direction == Direction::ClientToServer
            && message.container.is_none()
            && let Some((conn, last, _)) = side.last
            && conn == message.conn
            && id < last
        {
            findings.add(
                Severity::Notice,
                "msg-id-order",
                Some("se_02"),
                message.at,
                format!("{} has the msg_id {id}, lower than {last} of the message before", message.name),
                "write messages in the order in which their identifiers are made: two tasks race here",
                Vec::new(),
            );
        }
    }

    /// Messages that must, and those that must not, be content-related.
    fn parity(&self, message: &Message<'_>, findings: &mut Findings<'_>) {
        let Some(seq_no) = message.seq_no else {
            return;
        };
        let odd = seq_no.is_content_related();
        let complaint = match (message.role, message.name) {
            (Role::Query, _) if !odd => Some((
                Severity::Error,
                "se_20",
                "a query must be content-related, its seq_no odd",
            )),
            (Role::Container, _) if odd => Some((
                Severity::Error,
                "se_21",
                "a container is not content-related, its seq_no is even",
            )),
            // Known deviations, tolerated by servers.
            (Role::Service, "msgs_ack") if odd => Some((
                Severity::Notice,
                "se_21",
                "an acknowledgement is not content-related, its seq_no is even",
            )),
            (Role::Service, "ping" | "ping_delay_disconnect")
                if !odd && message.direction == Direction::ClientToServer =>
            {
                Some((
                    Severity::Notice,
                    "se_20",
                    "a ping expects an answer, so its seq_no is odd",
                ))
            }
            _ => None,
        };
        if let Some((severity, rule, expected)) = complaint {
            findings.add(
                severity,
                "seq-no-parity",
                Some(rule),
                message.at,
                format!("{} has the seq_no {}; {expected}", message.name, seq_no.0),
                "count a message as content-related exactly if the other side must acknowledge it",
                Vec::new(),
            );
        }
    }

    /// `seq_no` is twice the number of content-related messages before, plus one if this is one.
    fn series(&mut self, message: &Message<'_>, findings: &mut Findings<'_>) {
        // The number of a container says nothing about the messages in it, which come after it here.
        let Some(seq_no) = message.seq_no.filter(|_| message.role != Role::Container) else {
            return;
        };
        let lossy = self.lossy;
        let side = self.side(message.direction);
        let before = side.last.replace((message.conn, message.msg_id, seq_no.0));
        let Some((conn, last_id, last)) = before.filter(|_| !lossy && !side.broken) else {
            return;
        };
        // Across connections, and where identifiers are out of order, the order of making is not known.
        if conn != message.conn || message.msg_id <= last_id {
            return;
        }
        let counted = (last + 1) / 2;
        let expected = counted * 2 + i32::from(seq_no.is_content_related());
        if seq_no.0 == expected {
            return;
        }
        side.broken = true;
        let before = last_id;
        findings.add(
            Severity::Warning,
            "seq-no-series",
            Some("se_19"),
            message.at,
            format!(
                "{} has the seq_no {} where {expected} is due after {last} of message {before}; later numbers are \
                 off by as much",
                message.name, seq_no.0
            ),
            "number messages in the order of their identifiers, and count only content-related ones",
            Vec::new(),
        );
    }

    fn salt_used(&mut self, message: &Message<'_>, salt: ServerSalt, findings: &mut Findings<'_>) {
        let Some((refused, offered, uses)) = &mut self.refused_salt else {
            return;
        };
        if salt.0 == offered.0.swap_bytes() && salt != *offered {
            let cause = format!(
                "the client sends the salt {salt}, which is the offered {offered} with its bytes reversed"
            );
            self.refused_salt = None;
            findings.add(
                Severity::Error,
                "salt-byte-order",
                Some("se_29"),
                message.at,
                cause,
                "read new_server_salt as a little-endian long, as every other field",
                Vec::new(),
            );
        } else if salt == *refused && message.container.is_none() {
            *uses += 1;
            if *uses == SALT_PATIENCE {
                let cause = format!(
                    "the client still sends the salt {refused}, {uses} messages after {offered} was offered"
                );
                findings.add(
                    Severity::Error,
                    "salt-ignored",
                    Some("se_29"),
                    message.at,
                    cause,
                    "adopt new_server_salt of bad_server_salt at once, and send the refused message again with it",
                    Vec::new(),
                );
            }
        } else if salt == *offered {
            self.refused_salt = None;
        }
    }

    fn acknowledge(&mut self, message: &Message<'_>, findings: &mut Findings<'_>) {
        let Some(object) = message.body.tree().and_then(|body| body.as_object()) else {
            return;
        };
        if object.name() == "msgs_ack"
            && let Some(ids) = object.vector("msg_ids")
        {
            let named: HashSet<i64> = ids.iter().filter_map(Value::as_long).collect();
            self.unacked.retain(|(id, _)| !named.contains(&id.0));
            let remembers_all = !self.lossy && self.whole == Some(true);
            let unknown = |id: &&i64| !self.server.ids.contains_key(&MsgId(**id));
            if remembers_all
                && self.server.order.len() < MAX_IDS
                && let Some(first) = named.iter().filter(unknown).min()
            {
                findings.add(
                    Severity::Notice,
                    "ack-unknown",
                    Some("se_26"),
                    message.at,
                    format!(
                        "the client acknowledges {first}, which the server did not send in this session"
                    ),
                    "forget pending acknowledgements when a session begins; name only messages of the other side",
                    Vec::new(),
                );
            }
        }
    }

    /// The oldest message that the client should have acknowledged by now.
    fn overdue(&mut self, message: &Message<'_>, findings: &mut Findings<'_>) {
        let Some((id, at)) = self.unacked.front().copied() else {
            return;
        };
        if self.lossy || between(&at, &message.at) < ACK_PATIENCE {
            return;
        }
        let count = self
            .unacked
            .iter()
            .filter(|(_, at)| between(at, &message.at) >= ACK_PATIENCE)
            .count();
        self.unacked.clear();
        findings.add(
            Severity::Warning,
            "ack-missing",
            Some("se_23"),
            message.at,
            format!(
                "{count} messages of the server are not acknowledged after {} s, the first being {id}, though the \
                 client goes on sending",
                ACK_PATIENCE.as_secs()
            ),
            "acknowledge every message with an odd seq_no, those in containers too; the server sends them again",
            vec![at.packet, message.at.packet],
        );
    }

    /// `bad_msg_notification` and `bad_server_salt`.
    fn refusal(&mut self, message: &Message<'_>, object: &Object, findings: &mut Findings<'_>) {
        let (Some(bad), Some(code)) = (object.long("bad_msg_id"), object.int("error_code")) else {
            if let ("new_session_created", Some(salt)) = (object.name(), object.long("server_salt"))
            {
                self.refused_salt = self.refused_salt.filter(|(refused, ..)| refused.0 != salt);
            }
            return;
        };
        let bad = MsgId(bad);
        let sent = self.client.ids.get(&bad).copied();
        let evidence: Vec<u64> = sent
            .map(|(packet, _)| packet)
            .into_iter()
            .chain([message.at.packet])
            .collect();
        if !self.lossy && sent.is_none() {
            findings.add(
                Severity::Warning,
                "refusal-of-unknown-message",
                Some("sv_34"),
                message.at,
                format!("the server refuses message {bad}, which no client of the capture sent in this session"),
                "let the client ignore such a refusal: neither its clock nor its salt may change by it",
                Vec::new(),
            );
        }
        if object.name() == "bad_server_salt" {
            let salt = ServerSalt(object.long("new_server_salt").unwrap_or_default());
            // Several refusals of messages under way count as one.
            if let Some((_, refused)) = sent
                && self
                    .refused_salt
                    .is_none_or(|(_, offered, _)| offered != salt)
            {
                self.refused_salt = Some((refused, salt, 0));
            }
            findings.add(
                Severity::Notice,
                "salt-replaced",
                Some("se_34"),
                message.at,
                format!("the server refuses message {bad} for its salt and offers {salt}"),
                "none is needed: clients begin with a salt of zero or an old one",
                evidence,
            );
            return;
        }
        if matches!(code, 16 | 17) {
            self.clock(message, bad, code, evidence, findings);
            return;
        }
        let (cause, fix) = code_in_words(code);
        findings.add(
            Severity::Error,
            "message-refused",
            code_rule(code),
            message.at,
            format!("the server refuses message {bad} with code {code}: {cause}"),
            fix,
            evidence,
        );
        // What follows a refusal starts a new series.
        self.client.last = None;
    }

    fn clock(
        &mut self,
        message: &Message<'_>,
        bad: MsgId,
        code: i32,
        evidence: Vec<u64>,
        findings: &mut Findings<'_>,
    ) {
        let offset = seconds(message.msg_id) - seconds(bad);
        let host = message.at.time.as_nanos() as f64 / 1e9 - seconds(message.msg_id);
        let way = if offset >= 0.0 { "behind" } else { "ahead of" };
        let witness = if host.abs() < 30.0 {
            "the capturing host agrees with the server, so it is the client's clock that is wrong"
        } else {
            "the capturing host agrees with neither side"
        };
        let again = if self.clock_told {
            "again: its clock was not corrected, "
        } else {
            ""
        };
        self.clock_told = true;
        findings.add(
            Severity::Error,
            "clock-offset",
            Some(if code == 16 { "sv_22" } else { "sv_23" }),
            message.at,
            format!(
                "{again}the client's msg_id clock is {:.1} s {way} the server's (code {code}); {witness}",
                offset.abs()
            ),
            "take the server's time from the upper half of the refusal's own msg_id, and send the message again under \
             a new identifier; time zones play no part",
            evidence,
        );
    }
}

/// Seconds since 1970 of a message identifier.
fn seconds(id: MsgId) -> f64 {
    id.0 as f64 / f64::from(1_u32 << 31) / 2.0
}

const fn code_rule(code: i32) -> Option<&'static str> {
    Some(match code {
        18 => "se_38",
        19 => "se_39",
        20 => "sv_26",
        32 | 33 => "se_40",
        34 | 35 => "se_41",
        64 => "sv_32",
        _ => return None,
    })
}

const fn code_in_words(code: i32) -> (&'static str, &'static str) {
    match code {
        18 => (
            "its msg_id is not divisible by 4",
            "set the lowest two bits of a client's msg_id to zero",
        ),
        19 => (
            "a container has the msg_id of an earlier message",
            "give every container an identifier of its own",
        ),
        20 => (
            "it is too old for the server to tell whether it was received",
            "send it again under a new identifier, and only if a repetition does no harm",
        ),
        32 => (
            "its seq_no is lower than that of a message with a lower msg_id",
            "number messages in the order of their identifiers",
        ),
        33 => (
            "its seq_no is higher than that of a message with a higher msg_id",
            "number messages in the order of their identifiers; begin a new session at zero",
        ),
        34 => (
            "its seq_no is odd where an even one is due",
            "do not count acknowledgements and containers",
        ),
        35 => (
            "its seq_no is even where an odd one is due",
            "count every query and every other message to be answered",
        ),
        48 => ("its salt is wrong", "adopt the salt that the server offers"),
        64 => (
            "the container is invalid",
            "send the messages singly; check count, lengths and nesting",
        ),
        _ => ("an undocumented code", "treat it as a lost message"),
    }
}
