//! JSON Lines: one object per row, each with `"v":1` and a `kind`.
//!
//! 64-bit integers are strings, because many readers have none; hashes and identifiers that are byte strings are
//! hexadecimal. TL objects have the form of [`tl_parser::json`], but for secrets, which are replaced.
//! Times are Unix seconds with nine decimals, as strings. New fields may come, none goes.

mod tree;
mod view;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mtproto_core::rules;
use mtproto_core::time::UnixTime;

use super::escape;
use crate::account::{ByteClass, ByteCounts};
use crate::keys::KeyLife;
use crate::record::{
    Answered, At, Body, Connection, ConnectionEnd, Direction, End, Fault, Finding, Frame,
    FrameKind, Message, Note, Role, Row, Security, Severity, Summary, Transport, Undecoded,
    Version,
};

/// Writes rows as JSON Lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonLines {
    secrets: bool,
}

impl JsonLines {
    /// A writer that replaces secrets unless `secrets` is set.
    #[must_use]
    pub const fn new(secrets: bool) -> Self {
        Self { secrets }
    }

    /// Appends one row and a line feed.
    pub fn row(&self, row: &Row<'_>, out: &mut String) {
        let mut line = Line {
            out,
            first: true,
            secrets: self.secrets,
        };
        line.out.push('{');
        line.number("v", 1);
        match row {
            Row::Connection(connection) => line.connection(connection),
            Row::Transport(transport) => line.transport(transport),
            Row::Message(message) => line.message(message),
            Row::Frame(frame) => line.frame(frame),
            Row::End(end) => line.end(end),
            Row::Finding(finding) => line.finding(finding),
            Row::Note(note) => line.note(note),
            Row::Summary(summary) => line.summary(summary),
        }
        line.out.push_str("}\n");
    }
}

/// The inside of one JSON object.
struct Line<'o> {
    out: &'o mut String,
    first: bool,
    secrets: bool,
}

impl Line<'_> {
    /// Names of this file need no escapes.
    fn key(&mut self, name: &'static str) {
        self.out.push_str(if self.first { "\"" } else { ",\"" });
        self.first = false;
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn text(&mut self, name: &'static str, text: &str) {
        self.key(name);
        escape::json(self.out, text);
    }

    fn number(&mut self, name: &'static str, number: impl itoa::Integer) {
        self.key(name);
        push_number(self.out, number);
    }

    fn boolean(&mut self, name: &'static str, value: bool) {
        self.key(name);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// A number of 64 bits, as text.
    fn long(&mut self, name: &'static str, number: impl itoa::Integer) {
        self.key(name);
        quoted_number(self.out, number);
    }

    fn hex(&mut self, name: &'static str, bytes: &[u8]) {
        self.key(name);
        quoted_hex(self.out, bytes);
    }

    /// Anything whose text needs no escapes, in quotes.
    fn quoted(&mut self, name: &'static str, value: impl std::fmt::Display) {
        self.key(name);
        let _ = write!(self.out, "\"{value}\"");
    }

    fn flag(&mut self, name: &'static str, value: bool) {
        if value {
            self.boolean(name, true);
        }
    }

    fn object(&mut self, name: &'static str, fill: impl FnOnce(&mut Line<'_>)) {
        self.key(name);
        self.out.push('{');
        fill(&mut Line {
            out: self.out,
            first: true,
            secrets: self.secrets,
        });
        self.out.push('}');
    }

    fn texts<'t>(&mut self, name: &'static str, texts: impl IntoIterator<Item = &'t String>) {
        self.key(name);
        self.out.push('[');
        for (n, text) in texts.into_iter().enumerate() {
            if n > 0 {
                self.out.push(',');
            }
            escape::json(self.out, text);
        }
        self.out.push(']');
    }

    fn head(&mut self, kind: &str, at: &At) {
        self.text("kind", kind);
        self.key("time");
        time(self.out, at.time);
        self.number("packet", at.packet);
    }

    fn connection(&mut self, row: &Connection) {
        self.head("conn", &row.at);
        self.number("conn", row.conn.0);
        self.quoted("client", row.client);
        self.quoted("server", row.server);
        self.boolean("from_start", row.from_start);
    }

    fn transport(&mut self, row: &Transport<'_>) {
        self.head("transport", &row.at);
        self.number("conn", row.conn.0);
        if let Some(carrier) = row.carrier {
            self.text("carrier", super::carrier_name(carrier));
        }
        let Some(detected) = row.detected else {
            self.text("transport", "http");
            return;
        };
        self.text("transport", super::transport_name(detected.transport));
        self.boolean("obfuscated", detected.obfuscated);
        if detected.secret.is_some() {
            self.boolean("proxy_secret", true);
        }
        if let Some(dc) = detected.dc {
            self.number("dc", dc.0);
        }
    }

    fn message(&mut self, row: &Message<'_>) {
        self.head("msg", &row.at);
        self.number("conn", row.conn.0);
        self.text("dir", direction(row.direction));
        self.long("msg_id", row.msg_id.0);
        if let Some(seq_no) = row.seq_no {
            self.number("seq_no", seq_no.0);
        }
        self.text("role", role(row.role));
        self.text("name", row.name);
        if !row.wrappers.is_empty() {
            self.texts("wrappers", row.wrappers);
        }
        if let Some(layer) = row.layer {
            self.number("layer", layer);
        }
        self.number("bytes", row.len);
        if let Some(len) = row.unpacked_len {
            self.number("unpacked_bytes", len);
        }
        if let Some(container) = row.container {
            self.long("container", container.0);
        }
        self.object("frame", |frame| {
            frame.number("offset", row.frame.offset);
            frame.number("bytes", row.frame.len);
        });
        self.security(&row.security);
        self.flag("quick_ack", row.quick_ack);
        if let Some(answered) = &row.answers {
            self.answered(answered);
        }
        match row.body {
            Body::None => {}
            Body::Tree(body) => {
                self.key("body");
                tree::value(self.out, body, row.schema, "", self.secrets);
            }
            Body::View(body) => {
                self.key("body");
                view::value(self.out, body, self.secrets);
            }
        }
        if !row.undecoded.is_empty() {
            self.undecoded(row.undecoded);
        }
        if let Some(contained) = row.contained {
            self.number("messages", contained);
        }
        if !row.remarks.is_empty() {
            self.texts("remarks", row.remarks);
        }
        if !row.faults.is_empty() {
            self.faults(row.faults);
        }
    }

    fn security(&mut self, security: &Security) {
        let Security::Encrypted {
            auth_key_id,
            life,
            version,
            session_id,
            salt,
            padding,
        } = security
        else {
            return;
        };
        self.hex("auth_key_id", &auth_key_id.0);
        if let Some(life) = life {
            self.text(
                "key",
                if *life == KeyLife::Temporary {
                    "temp"
                } else {
                    "perm"
                },
            );
        }
        if *version == Version::V1 {
            self.number("mtproto", 1);
        }
        self.long("session_id", session_id.0);
        self.long("salt", salt.0);
        self.number("padding", *padding);
    }

    fn answered(&mut self, answered: &Answered<'_>) {
        self.object("answers", |line| {
            line.long("msg_id", answered.msg_id.0);
            if let Some(method) = answered.method {
                line.text("method", method);
            }
            if let Some(conn) = answered.conn {
                line.number("conn", conn.0);
            }
            if let Some(packet) = answered.packet {
                line.number("packet", packet);
            }
            if let Some(latency) = answered.latency {
                line.number("latency_us", latency.as_micros());
            }
        });
    }

    fn faults(&mut self, faults: &[Fault]) {
        self.key("faults");
        self.out.push('[');
        for (n, fault) in faults.iter().enumerate() {
            self.out.push_str(if n > 0 { ",{" } else { "{" });
            let mut line = Line {
                out: self.out,
                first: true,
                secrets: self.secrets,
            };
            line.text("rule", fault.rule);
            line.text("text", &fault.text);
            line.out.push('}');
        }
        self.out.push(']');
    }

    fn finding(&mut self, row: &Finding) {
        self.head("finding", &row.at);
        self.number("conn", row.conn.0);
        self.text("id", row.id);
        self.text("severity", severity(row.severity));
        if let Some(rule) = row.rule {
            self.text("rule", rule);
            if let Some(rule) = rules::find(rule) {
                self.text("sentence", rule.sentence);
                self.text("section", rule.section);
            }
        }
        self.text("cause", &row.cause);
        self.text("fix", row.fix);
        self.key("packets");
        self.out.push('[');
        for (n, packet) in row.evidence.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let _ = write!(self.out, "{comma}{packet}");
        }
        self.out.push(']');
    }

    fn undecoded(&mut self, ranges: &[Undecoded]) {
        self.key("undecoded");
        self.out.push('[');
        for (n, range) in ranges.iter().enumerate() {
            if n > 0 {
                self.out.push(',');
            }
            self.out.push('{');
            let mut line = Line {
                out: self.out,
                first: true,
                secrets: self.secrets,
            };
            line.number("offset", range.offset);
            line.number("bytes", range.bytes.len());
            line.text("reason", &range.reason);
            line.key("hex");
            line.out.push('"');
            escape::hex(line.out, &range.bytes);
            line.out.push_str("\"}");
        }
        self.out.push(']');
    }

    fn frame(&mut self, row: &Frame) {
        let kind = if row.kind == FrameKind::Gap {
            "gap"
        } else {
            "frame"
        };
        self.head(kind, &row.at);
        self.number("conn", row.conn.0);
        self.text("dir", direction(row.direction));
        self.object("frame", |frame| {
            frame.number("offset", row.span.offset);
            frame.number("bytes", row.span.len);
        });
        match &row.kind {
            FrameKind::QuickAck(token) => {
                self.text("name", "quick_ack");
                self.number("token", *token);
            }
            FrameKind::TransportError(code) => {
                self.text("name", "transport_error");
                self.number("code", *code);
            }
            FrameKind::NoKey(id) => {
                self.text("name", "no_key");
                self.hex("auth_key_id", &id.0);
            }
            FrameKind::Gap => {}
            FrameKind::NotMtproto(reason) => {
                self.text("name", "not_mtproto");
                self.text("reason", reason);
            }
            FrameKind::Error { reason, rule } => {
                self.text("name", "error");
                self.text("reason", reason);
                if let Some(rule) = rule {
                    self.text("rule", rule);
                }
            }
        }
    }

    fn end(&mut self, row: &ConnectionEnd) {
        self.head("end", &row.at);
        self.number("conn", row.conn.0);
        let (how, by) = match row.end {
            End::Closed { by } => ("closed", Some(by)),
            End::Reset { by } => ("reset", Some(by)),
            End::Reused => ("reused", None),
            End::Forgotten => ("forgotten", None),
            End::CaptureEnds => ("capture_ends", None),
        };
        self.text("end", how);
        if let Some(by) = by {
            self.text(
                "by",
                if by == Direction::ClientToServer {
                    "client"
                } else {
                    "server"
                },
            );
        }
        self.text("stage", row.stage.name());
        if let Some(stopped) = &row.stopped {
            self.text("stopped", stopped);
        }
        self.number("messages", row.messages);
        self.bytes(&row.bytes);
        if !row.reasons.is_empty() {
            self.texts("reasons", &row.reasons);
        }
    }

    fn bytes(&mut self, bytes: &ByteCounts) {
        self.object("bytes", |line| {
            line.number("total", bytes.total());
            for class in ByteClass::ALL {
                line.number(class.name(), bytes[class]);
            }
        });
    }

    fn note(&mut self, row: &Note) {
        self.text("kind", "note");
        self.text("about", &row.about);
        self.text("text", &row.text);
    }

    fn summary(&mut self, row: &Summary) {
        self.text("kind", "summary");
        self.boolean("complete", row.is_complete());
        self.number("messages", row.messages);
        self.number("queries", row.queries);
        self.number("answered", row.answered);
        self.number("refused", row.refused);
        self.number("rpc_errors", row.rpc_errors);
        self.number("connections", row.connections);
        self.number("mtproto_connections", row.mtproto_connections);
        self.bytes(&row.bytes);
        self.number("undecoded_bytes", row.undecoded);
        self.object("packets", |line| {
            line.number("total", row.packets.total);
            line.number("tcp", row.packets.tcp);
            line.number("fragments", row.packets.fragments);
            line.number("other", row.packets.other);
            line.number("malformed", row.packets.malformed);
            line.number(
                "unknown_link",
                row.packets.unknown_link.values().sum::<u64>(),
            );
            line.number("stray_bytes", row.packets.stray_bytes);
        });
        self.object("findings", |line| {
            for (level, number) in [Severity::Notice, Severity::Warning, Severity::Error]
                .into_iter()
                .zip(row.findings)
            {
                line.number(severity(level), number);
            }
        });
        self.number("keys", row.keys);
        self.key("missing_keys");
        self.out.push('[');
        for (n, (id, frames)) in row.missing_keys.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let _ = write!(
                self.out,
                "{comma}{{\"auth_key_id\":\"{id}\",\"frames\":{frames}}}"
            );
        }
        self.out.push(']');
        if let Some(error) = &row.capture_error {
            self.text("capture_error", error);
        }
    }
}

fn push_number(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

fn quoted_number(out: &mut String, number: impl itoa::Integer) {
    out.push('"');
    push_number(out, number);
    out.push('"');
}

fn time(out: &mut String, time: UnixTime) {
    let nanos = time.as_nanos();
    out.push('"');
    push_number(out, nanos / 1_000_000_000);
    out.push('.');
    let mut buffer = itoa::Buffer::new();
    let fraction = buffer.format(nanos % 1_000_000_000);
    out.push_str("000000000".get(fraction.len()..).unwrap_or_default());
    out.push_str(fraction);
    out.push('"');
}

const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client_to_server",
        Direction::ServerToClient => "server_to_client",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::KeyExchange => "key_exchange",
        Role::Container => "container",
        Role::Query => "query",
        Role::Result => "result",
        Role::Service => "service",
        Role::Update => "update",
        Role::Unknown => "unknown",
    }
}

fn double(out: &mut String, double: f64) {
    if double.is_finite() {
        let _ = write!(out, "{double:?}");
    } else {
        // JSON has no word for infinities and for what is no number: their bits.
        let _ = write!(out, "{{\"$double\":\"{:016x}\"}}", double.to_bits());
    }
}

fn string(out: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => escape::json(out, text),
        // A string that is no UTF-8 must not look like one that is.
        Err(_) => {
            out.push_str("{\"$base64\":");
            quoted_base64(out, bytes);
            out.push('}');
        }
    }
}

fn quoted_hex(out: &mut String, bytes: &[u8]) {
    out.push('"');
    escape::hex(out, bytes);
    out.push('"');
}

fn quoted_base64(out: &mut String, bytes: &[u8]) {
    out.push('"');
    STANDARD.encode_string(bytes, out);
    out.push('"');
}
