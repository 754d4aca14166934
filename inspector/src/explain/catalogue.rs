//! Every kind of finding: what it means, where it comes from, and what to do.
//!
//! The same text is printed by `mtkit explain` and stands in the book.

use std::fmt::Write as _;

use mtproto_core::rules;

use crate::record::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its stable word.
    pub id: &'static str,
    /// The worst severity that it comes with.
    pub severity: Severity,
    /// What was seen, in one sentence.
    pub meaning: &'static str,
    /// Where it usually comes from.
    pub causes: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// The rules that it can name; for findings that carry the rule of whatever was broken, none.
    pub rules: &'static [&'static str],
}

/// The kind with this word.
#[must_use]
pub fn find(id: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.id == id)
}

impl Kind {
    /// The reference of this kind as Markdown.
    #[must_use]
    pub fn reference(&self) -> String {
        let severity = match self.severity {
            Notice => "notice",
            Warning => "warning",
            Error => "error",
        };
        let mut text = format!(
            "## {}\n\n*At worst: {severity}.*\n{}\n\n**Usual causes.** {}\n\n**What to do.** {}\n",
            self.id, self.meaning, self.causes, self.fix
        );
        if !self.rules.is_empty() {
            text.push_str("\n**Rules.**\n");
            for rule in self.rules.iter().filter_map(|id| rules::find(id)) {
                let _ = writeln!(
                    text,
                    "- `{}`: {} <{}>",
                    rule.id, rule.sentence, rule.section
                );
            }
        }
        text
    }
}

/// The page of the book: all kinds in the order of their words.
#[must_use]
pub fn page() -> String {
    let mut text = "# Findings\n\n\
        Each finding of `mtkit inspect` has one of these words; `mtkit explain WORD` prints the same text.\n\
        Errors are what does not work, warnings what costs time or may fail tomorrow, notices what belongs to normal \
        operation or is a known deviation of clients.\n\
        The exit code is 1 from the severity on that `--fail-on` names, a warning if it names none.\n"
        .to_owned();
    for kind in KINDS {
        text.push('\n');
        text.push_str(&kind.reference());
    }
    text
}

use Severity::{Error, Notice, Warning};

/// All kinds, in the order of their words.
pub const KINDS: &[Kind] = &[
    Kind {
        id: "ack-missing",
        severity: Warning,
        meaning: "The client goes on sending, but did not acknowledge content-related messages of the server for two minutes.",
        causes: "A client that forgets the messages inside of containers, or the results that it threw away; acknowledgements that are collected and never flushed.",
        fix: "Acknowledge every message with an odd seq_no, those in containers too, within a minute; otherwise the server sends them again and ends the session at last.",
        rules: &["se_23", "se_24"],
    },
    Kind {
        id: "ack-unknown",
        severity: Notice,
        meaning: "The client acknowledges a message that the server did not send in this session.",
        causes: "Acknowledgements that outlive their session, or identifiers of the client's own messages among them.",
        fix: "Forget pending acknowledgements when a session begins; name only messages of the other side.",
        rules: &["se_26"],
    },
    Kind {
        id: "bad-gzip",
        severity: Error,
        meaning: "A packed object cannot be unpacked: it is damaged, packed twice, or grows beyond 32 MiB.",
        causes: "Compression in another format than gzip; a stream cut short; a bomb.",
        fix: "Pack with gzip and its header, once, and send the object alone if packing does not make it shorter.",
        rules: &["sv_15", "sv_16", "sv_17"],
    },
    Kind {
        id: "broken-frame",
        severity: Error,
        meaning: "A frame cannot be read: its length, counter or sum is wrong, or its msg_key does not match.",
        causes: "Sides that hold different keys; a sender that derives keys for the wrong direction; a stream altered or cut on its way.",
        fix: "Compare the keys of both sides, and check that the derivation uses x = 0 towards the server and x = 8 towards the client.",
        rules: &[
            "tr_09", "tr_10", "tr_13", "tr_14", "en_02", "en_07", "en_12", "en_18",
        ],
    },
    Kind {
        id: "broken-message",
        severity: Error,
        meaning: "A message could be read, but a receiver that follows the rules discards it.",
        causes: "Padding outside of 12 to 1024 bytes, lengths not divisible by four, containers in containers, or content newer than its container.",
        fix: "Correct the sender; the finding names the rule.",
        rules: &[
            "en_10", "en_11", "en_14", "sv_03", "sv_05", "sv_08", "sv_11",
        ],
    },
    Kind {
        id: "clock-offset",
        severity: Error,
        meaning: "The server refuses a message because its msg_id is too old or too new (codes 16 and 17).",
        causes: "The client's clock is wrong. Time zones play no part: identifiers are made of Unix time. If the capturing host agrees with the server, it is the client's machine; if the finding says *again*, the client did not use the time that the server offered.",
        fix: "Take the server's time from the upper half of the refusal's own msg_id, keep the difference, and send the message again under a new identifier. Setting the machine's clock helps as well.",
        rules: &["sv_22", "sv_23"],
    },
    Kind {
        id: "flood-wait",
        severity: Notice,
        meaning: "The server answers a query with FLOOD_WAIT_n or a relative and asks to wait n seconds.",
        causes: "The method was called too often by this login. Libraries often sleep silently, which looks like a hang.",
        fix: "Call the method less often; waits add up. `mtkit inspect --stats` counts them per method.",
        rules: &["rp_08"],
    },
    Kind {
        id: "flood-wait-ignored",
        severity: Warning,
        meaning: "A method is called again before the time that the server asked to wait is over.",
        causes: "A retry loop that does not look at the number in the error.",
        fix: "Wait the whole time: early calls make the server ask for longer ones.",
        rules: &["rp_08"],
    },
    Kind {
        id: "foreign-session",
        severity: Error,
        meaning: "A message arrives on a connection whose client uses another session.",
        causes: "Two programs, or two client objects in one program, share a stored session; the server sends to whichever connection came last. This is what libraries report as a wrong session ID.",
        fix: "Let one program own a session, or give each a login of its own. A late message of the client's own earlier session is only a notice and to be ignored.",
        rules: &["se_16"],
    },
    Kind {
        id: "key-exchange",
        severity: Error,
        meaning: "A step of the key exchange breaks a rule, or the server refuses it.",
        causes: "An RSA key that is not the server's; factors in the wrong order or encoding; nonces that are not repeated; unsafe values of Diffie-Hellman.",
        fix: "The finding names step and rule. With MTPROTO_NEW_NONCE in the key log the encrypted parts are checked too.",
        rules: &[
            "hs_08", "hs_09", "hs_15", "hs_20", "hs_26", "hs_28", "hs_33", "hs_35", "hs_36",
            "hs_45", "hs_46", "hs_63", "hs_64",
        ],
    },
    Kind {
        id: "layer-mismatch",
        severity: Warning,
        meaning: "An object is readable only with another layer than the one that the client announced.",
        causes: "A client that announces one layer in invokeWithLayer and serializes with the schema of another; a server that does not convert its answers.",
        fix: "Announce the layer of the schema that the client is built with. A server answers in the layer that was announced last for the key.",
        rules: &["rp_18"],
    },
    Kind {
        id: "message-refused",
        severity: Error,
        meaning: "The server refuses a message with bad_msg_notification.",
        causes: "Sequence numbers or identifiers that are not in order (18, 19, 32 to 35), messages too old to be judged (20), invalid containers (64). Two tasks that number messages in one order and write them in another are the usual cause of 32 and 33.",
        fix: "Number and write messages under one lock. Look for an earlier seq-no-series or seq-no-parity: the first one is the fault, the rest follows from it.",
        rules: &["se_38", "se_39", "se_40", "se_41", "sv_26", "sv_32"],
    },
    Kind {
        id: "misaligned-read",
        severity: Error,
        meaning: "A word that should be a constructor is none, but looks like a time, a small number or text: the reading went out of step before it.",
        causes: "A schema of another layer, in which an earlier object has one field more or less; a flags word that does not match the fields.",
        fix: "Compare the fields of the object before the place named with the layer that the other side uses: `mtkit tl diff` shows what changed.",
        rules: &[],
    },
    Kind {
        id: "msg-id-order",
        severity: Notice,
        meaning: "A client's message has a lower identifier than the one before it.",
        causes: "Two tasks: one made its identifier first and was written second.",
        fix: "Write messages in the order in which their identifiers are made.",
        rules: &["se_02"],
    },
    Kind {
        id: "msg-id-parity",
        severity: Error,
        meaning: "The lowest two bits of a message identifier do not fit the side that made it.",
        causes: "Identifiers made without masking the lower bits.",
        fix: "Clients send identifiers divisible by four, servers odd ones: 1 modulo 4 for answers, 3 otherwise.",
        rules: &["se_01", "se_04"],
    },
    Kind {
        id: "msg-id-repeated",
        severity: Notice,
        meaning: "A message is sent again under its identifier.",
        causes: "The sender did not see an acknowledgement. Replayed traffic looks the same.",
        fix: "None is needed if the first was lost: a receiver ignores the repetition.",
        rules: &["se_06"],
    },
    Kind {
        id: "mtproto-1",
        severity: Notice,
        meaning: "A side encrypts with MTProto 1.0.",
        causes: "An old client library.",
        fix: "Use MTProto 2.0: its msg_key is a SHA-256 over part of the key and the padded plaintext.",
        rules: &["en_19"],
    },
    Kind {
        id: "nonce-unknown",
        severity: Warning,
        meaning: "A message of a key exchange has a nonce with which none began.",
        causes: "An answer to another client's exchange, or a capture that lacks the first message.",
        fix: "Repeat the client's nonce in every message of the exchange, and abort it if the other side does not.",
        rules: &["hs_02", "hs_20"],
    },
    Kind {
        id: "ping-delay-expired",
        severity: Warning,
        meaning: "The server closed the connection because no further ping_delay_disconnect came within the delay.",
        causes: "A ping interval longer than disconnect_delay, or an event loop that was blocked.",
        fix: "Ping at least once in half of the delay, from a timer that long work does not hold up.",
        rules: &["sv_49"],
    },
    Kind {
        id: "refusal-of-unknown-message",
        severity: Warning,
        meaning: "The server refuses a message that no client of the capture sent in this session.",
        causes: "A refusal that outlived its session, or one made up by somebody on the path.",
        fix: "Let the client ignore such refusals: neither its clock nor its salt may change by them.",
        rules: &["sv_34"],
    },
    Kind {
        id: "resend-storm",
        severity: Warning,
        meaning: "The same query was sent five times or more without an answer.",
        causes: "A loop that sends again on every refusal without curing its reason: clock, salt or sequence numbers.",
        fix: "Look at what the server answered to the first of them. Wait before sending again, and longer each time.",
        rules: &["sv_36"],
    },
    Kind {
        id: "rpc-error",
        severity: Error,
        meaning: "The server answers a query with an error that concerns the key, the login or the connection and not the query alone.",
        causes: "AUTH_KEY_DUPLICATED: the key was used at two addresses at once. AUTH_KEY_PERM_EMPTY: a temporary key is not bound. CONNECTION_NOT_INITED: the first query was not wrapped. SESSION_REVOKED and relatives: the login was ended elsewhere. Codes from 500 on: the server failed.",
        fix: "The finding says what to do about the very error.",
        rules: &["rp_11", "rp_12", "rp_13", "rp_15", "rp_16", "pf_03"],
    },
    Kind {
        id: "salt-byte-order",
        severity: Error,
        meaning: "The client sends the offered salt with its bytes reversed.",
        causes: "A long that was read as big-endian.",
        fix: "Read new_server_salt as a little-endian long, as every other field.",
        rules: &["se_29"],
    },
    Kind {
        id: "salt-ignored",
        severity: Error,
        meaning: "The client goes on with a salt that the server refused.",
        causes: "bad_server_salt is not handled, or the new salt is stored but not used for messages that are already made.",
        fix: "Adopt new_server_salt at once, and send the refused message again with it.",
        rules: &["se_29"],
    },
    Kind {
        id: "salt-replaced",
        severity: Notice,
        meaning: "The server refuses a salt and offers another one.",
        causes: "Clients begin with a salt of zero or an old one; salts change every half hour.",
        fix: "None is needed. get_future_salts avoids the round trip.",
        rules: &["se_34"],
    },
    Kind {
        id: "seq-no-parity",
        severity: Error,
        meaning: "The parity of a sequence number does not fit the message.",
        causes: "Acknowledgements or containers counted as content-related, or queries not counted. Odd acknowledgements and even pings are known deviations of clients and only noticed.",
        fix: "Count a message as content-related exactly if the other side must acknowledge it.",
        rules: &["se_20", "se_21"],
    },
    Kind {
        id: "seq-no-series",
        severity: Warning,
        meaning: "A sequence number does not follow from the one before; this is the first of the series that is wrong.",
        causes: "A counter that counts messages of the wrong kind, or is not reset with the session.",
        fix: "seq_no is twice the number of content-related messages before, plus one if this one is content-related.",
        rules: &["se_19"],
    },
    Kind {
        id: "server-clock",
        severity: Notice,
        meaning: "The server's clock is more than a minute from that of the capturing host.",
        causes: "A test server with a time of its own, or a wrong clock on the capturing host.",
        fix: "None is needed: clients take the server's time.",
        rules: &["hs_50"],
    },
    Kind {
        id: "session-restarted",
        severity: Notice,
        meaning: "The server began the session anew and knows nothing of queries that were sent before.",
        causes: "The server forgot the session: it was idle for long, or the server was restarted.",
        fix: "Send the queries older than first_msg_id again, and call updates.getDifference: updates may be missing.",
        rules: &["sv_37"],
    },
    Kind {
        id: "session-zero",
        severity: Error,
        meaning: "A client uses the session identifier 0.",
        causes: "A session identifier that was never drawn.",
        fix: "Draw 64 random bits for each session; servers refuse 0 with the transport error -404.",
        rules: &["se_18"],
    },
    Kind {
        id: "shared-key",
        severity: Warning,
        meaning: "Two addresses use one authorization key at the same time.",
        causes: "A session file copied to a second machine; a program started twice; a client behind a network that changes its address.",
        fix: "Give each program a login of its own: the server ends a login whose key appears at two addresses (AUTH_KEY_DUPLICATED).",
        rules: &["rp_13"],
    },
    Kind {
        id: "slow-exchange",
        severity: Notice,
        meaning: "A key exchange takes more than ten minutes.",
        causes: "A client that was suspended in the middle of it.",
        fix: "Begin a new exchange: servers forget old ones.",
        rules: &["hs_66"],
    },
    Kind {
        id: "temporary-key-expired",
        severity: Warning,
        meaning: "A temporary key is used after the time at which its binding ends.",
        causes: "A client that does not watch expires_at, or whose clock is slow.",
        fix: "Make and bind a new temporary key some minutes before the old one ends.",
        rules: &["pf_08"],
    },
    Kind {
        id: "transport-error",
        severity: Error,
        meaning: "The server answers with a bare negative number instead of a message.",
        causes: "-404: the server does not know the authorization key, or a temporary one expired, or the message was malformed. -429: too many connections. -444: the wrong data centre. Libraries that do not know these errors print them as 4294966892 or `6c fe ff ff`.",
        fix: "-404: create a new key for this very data centre, and check that the session identifier is not 0; one such error alone is no reason to drop a permanent key, for anybody on the path can send it. -429: wait longer before each new connection. -444: check the number of the data centre.",
        rules: &["tr_18"],
    },
    Kind {
        id: "unanswered-query",
        severity: Warning,
        meaning: "Queries are without an answer when their connection or the capture ends.",
        causes: "The server never got them, lost them with its session, or answers on another connection. Acknowledged queries arrived; others perhaps not.",
        fix: "Ask with msgs_state_req, or send the queries again on the next connection.",
        rules: &["rp_23"],
    },
    Kind {
        id: "undecoded-object",
        severity: Error,
        meaning: "An object cannot be read to its end; the finding gives the path of fields to the place.",
        causes: "An object of a layer that the other side does not have, which libraries report as an unknown constructor or TypeNotFound. If a layer at hand has the constructor, the finding names it.",
        fix: "Compare the layer that the client announced with the one that the object belongs to, and update whichever is older.",
        rules: &[],
    },
    Kind {
        id: "update-gap",
        severity: Warning,
        meaning: "The pts of updates jumps: updates are missing between two that arrived.",
        causes: "Updates that were sent while the client was away, or on a connection that was already dead. It is a notice if the client repairs it with updates.getDifference, a warning if it never does: then messages are silently missing.",
        fix: "Compare pts with the local one plus pts_count for every update, wait half a second for stragglers, then call updates.getDifference.",
        rules: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_rules_are_those_of_the_registry() {
        assert!(KINDS.is_sorted_by(|a, b| a.id < b.id));
        for kind in KINDS {
            for rule in kind.rules {
                assert!(rules::find(rule).is_some(), "{rule} of {}", kind.id);
            }
            for text in [kind.meaning, kind.causes, kind.fix] {
                assert!(text.ends_with('.'), "{text}");
            }
        }
        assert!(find("clock-offset").is_some_and(|kind| kind.reference().contains("Unix time")));
        assert!(find("no-such-thing").is_none());
    }
}
