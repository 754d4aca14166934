//! The text tree: one headline per row, the fields of a message indented below it.

use std::fmt::Write as _;

use mtproto_core::rules;
use mtproto_core::time::UnixTime;
use mtproto_core::transport::carrier::Carrier;
use tl_parser::{Object, Schema, Value};

use super::{escape, redact, transport_name};
use crate::account::ByteClass;
use crate::record::{
    Answered, At, ConnId, Connection, ConnectionEnd, Direction, End, Finding, Frame, FrameKind,
    Message, Note, Role, Row, Security, Severity, Stage, Summary, Transport, Undecoded, Version,
};

/// Characters of a text that are shown unless everything is asked for.
const MAX_TEXT: usize = 200;
/// Bytes of a byte field that are shown unless everything is asked for.
const MAX_BYTES: usize = 32;
/// Elements of a vector that are shown unless everything is asked for.
const MAX_ELEMENTS: usize = 20;

/// Numbers of a vector that are written on one line, at most.
const MAX_INLINE: usize = 8;

/// How the text tree looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextTree {
    /// Show secrets instead of replacing them.
    pub secrets: bool,
    /// Show long texts, byte fields and vectors to their end.
    pub full: bool,
    /// Use the colours of a terminal.
    pub colour: bool,
    /// The last day that was written, in days since 1970.
    day: Option<u64>,
}

/// Escape sequences for parts of a line.
#[derive(Clone, Copy)]
enum Style {
    Name,
    Dim,
    Bad,
}

impl TextTree {
    /// A tree that replaces secrets unless `secrets`, shortens unless `full`, and is coloured if `colour`.
    #[must_use]
    pub const fn new(secrets: bool, full: bool, colour: bool) -> Self {
        Self {
            secrets,
            full,
            colour,
            day: None,
        }
    }

    /// Appends the lines of one row.
    pub fn row(&mut self, row: &Row<'_>, out: &mut String) {
        match row {
            Row::Connection(connection) => self.connection(connection, out),
            Row::Transport(transport) => self.transport(transport, out),
            Row::Message(message) => self.message(message, out),
            Row::Frame(frame) => self.frame(frame, out),
            Row::End(end) => self.end(end, out),
            Row::Finding(finding) => self.finding(finding, out),
            Row::Note(note) => self.note(note, out),
            Row::Summary(summary) => self.summary(summary, out),
        }
    }

    fn styled(&self, style: Style, text: &str, out: &mut String) {
        if !self.colour {
            out.push_str(text);
            return;
        }
        let code = match style {
            Style::Name => "1",
            Style::Dim => "2",
            Style::Bad => "31",
        };
        let _ = write!(out, "\x1b[{code}m{text}\x1b[0m");
    }

    /// Starts a line: time and connection.
    fn head(&mut self, at: &At, conn: ConnId, out: &mut String) {
        let secs = at.time.as_secs();
        let day = secs / 86_400;
        // Simple packets of pcapng have no time.
        if self.day != Some(day) && secs != 0 {
            self.day = Some(day);
            let (year, month, date) = civil(day);
            let _ = writeln!(out, "—— {year}-{month:02}-{date:02} UTC ——");
        }
        let mut text = String::new();
        time_of_day(&mut text, at.time);
        self.styled(Style::Dim, &text, out);
        let _ = write!(out, " {conn} ");
    }

    fn connection(&mut self, row: &Connection, out: &mut String) {
        self.head(&row.at, row.conn, out);
        let _ = write!(out, "TCP {} → {}", row.client, row.server);
        if !row.from_start {
            out.push_str("; began before the capture");
        }
        out.push('\n');
    }

    fn transport(&mut self, row: &Transport<'_>, out: &mut String) {
        self.head(&row.at, row.conn, out);
        out.push_str("transport: ");
        match row.carrier {
            Some(Carrier::WebSocket) => out.push_str("WebSocket, "),
            Some(Carrier::FakeTls { .. }) => out.push_str("TLS in looks only, "),
            _ => {}
        }
        let Some(detected) = row.detected else {
            out.push_str("HTTP\n");
            return;
        };
        let obfuscated = if detected.obfuscated {
            "obfuscated "
        } else {
            ""
        };
        let _ = write!(
            out,
            "{obfuscated}{}",
            transport_name(detected.transport).replace('_', " ")
        );
        if detected.secret.is_some() {
            out.push_str(", with a proxy secret");
        }
        if let Some(dc) = detected.dc {
            let _ = write!(out, ", DC {}", dc.0);
        }
        out.push('\n');
    }

    fn message(&mut self, row: &Message<'_>, out: &mut String) {
        self.head(&row.at, row.conn, out);
        let indent = if row.container.is_some() { "  " } else { "" };
        let _ = write!(out, "{} {indent}", row.direction);
        for wrapper in row.wrappers {
            out.push_str(wrapper);
            out.push_str(" › ");
        }
        let style = if row.role == Role::Unknown {
            Style::Bad
        } else {
            Style::Name
        };
        self.styled(style, row.name, out);
        let body = row.body.to_tree();
        let held = match body.as_deref() {
            Some(Value::Vector(items)) => Some(items.len()),
            _ => row.contained,
        };
        if let Some(held) = held {
            let _ = write!(out, " of {held}");
        }
        if let Some(answered) = &row.answers {
            self.answered(row.role, answered, out);
        }
        let mut meta = String::new();
        let _ = write!(meta, "  [msg_id {}", row.msg_id.0);
        if let Some(seq_no) = row.seq_no {
            let _ = write!(meta, ", seq_no {}", seq_no.0);
        }
        let _ = write!(meta, ", {}", size(row.len));
        if let Some(len) = row.unpacked_len {
            let _ = write!(meta, " packed, {} unpacked", size(len));
        }
        if let Security::Encrypted {
            version: Version::V1,
            ..
        } = row.security
        {
            meta.push_str(", MTProto 1.0");
        }
        if row.quick_ack {
            meta.push_str(", quick ack wanted");
        }
        meta.push(']');
        self.styled(Style::Dim, &meta, out);
        out.push('\n');
        match body.as_deref() {
            Some(Value::Object(object)) => self.fields(object, row.schema, 1, out),
            Some(Value::Vector(items)) => self.elements(items, row.schema, "", 1, out),
            Some(value) => {
                push_indent(1, out);
                self.value("", value, row.schema, "", 1, out);
            }
            None => {}
        }
        for range in row.undecoded {
            self.undecoded(range, out);
        }
        for remark in row.remarks {
            self.styled(Style::Dim, "    · ", out);
            escape::terminal(out, remark);
            out.push('\n');
        }
        for fault in row.faults {
            self.styled(Style::Bad, "    ! ", out);
            escape::terminal(out, &fault.text);
            let _ = writeln!(out, " ({})", fault.rule);
        }
    }

    fn finding(&mut self, row: &Finding, out: &mut String) {
        self.head(&row.at, row.conn, out);
        let (style, word) = match row.severity {
            Severity::Notice => (Style::Dim, "notice"),
            Severity::Warning => (Style::Bad, "warning"),
            Severity::Error => (Style::Bad, "ERROR"),
        };
        self.styled(style, word, out);
        let _ = write!(out, " {}: ", row.id);
        escape::terminal(out, &row.cause);
        // What belongs to normal operation needs no advice.
        if row.severity == Severity::Notice {
            if let Some(rule) = row.rule {
                let _ = write!(out, " ({rule})");
            }
            out.push('\n');
            return;
        }
        out.push('\n');
        if let Some(rule) = row.rule.and_then(rules::find) {
            let _ = writeln!(out, "    rule {}\n    {}", rule, rule.section);
        }
        let _ = writeln!(out, "    fix: {}", row.fix);
        if !row.evidence.is_empty() {
            out.push_str("    see packets");
            for packet in &row.evidence {
                let _ = write!(out, " {packet}");
            }
            out.push('\n');
        }
    }

    fn answered(&self, role: Role, answered: &Answered<'_>, out: &mut String) {
        out.push_str(if role == Role::Result {
            "  → result of "
        } else {
            "  → for "
        });
        match answered.method {
            Some(method) => self.styled(Style::Name, method, out),
            None => {
                let _ = write!(
                    out,
                    "msg_id {}, which the capture does not have",
                    answered.msg_id.0
                );
            }
        }
        if let Some(latency) = answered.latency {
            let micros = latency.as_micros();
            let _ = write!(out, " in {}.{:03} ms", micros / 1000, micros % 1000);
        }
    }

    fn undecoded(&self, range: &Undecoded, out: &mut String) {
        self.styled(Style::Bad, "    ! ", out);
        let _ = write!(
            out,
            "{} from offset {} not decoded: ",
            size(range.bytes.len()),
            range.offset
        );
        escape::terminal(out, &range.reason);
        out.push_str("\n      ");
        self.bytes(&range.bytes, out);
        out.push('\n');
    }

    fn frame(&mut self, row: &Frame, out: &mut String) {
        self.head(&row.at, row.conn, out);
        let _ = write!(out, "{} ", row.direction);
        let bytes = row.span.len;
        match &row.kind {
            FrameKind::QuickAck(token) => {
                let _ = write!(out, "quick acknowledgement {token:08x}");
            }
            FrameKind::TransportError(code) => {
                self.styled(Style::Bad, "transport error ", out);
                let _ = write!(out, "{code}: {}", transport_error(*code));
            }
            FrameKind::NoKey(id) => {
                let _ = write!(
                    out,
                    "encrypted, key {id} is not known, {}",
                    size(bytes as usize)
                );
            }
            FrameKind::Gap => {
                self.styled(Style::Bad, "gap: ", out);
                let _ = write!(out, "{} are not in the capture", size(bytes as usize));
            }
            FrameKind::NotMtproto(reason) => {
                let _ = write!(out, "not MTProto, {}: ", size(bytes as usize));
                escape::terminal(out, reason);
            }
            FrameKind::Error { reason, .. } => {
                self.styled(Style::Bad, "error: ", out);
                escape::terminal(out, reason);
                let _ = write!(out, " ({})", size(bytes as usize));
            }
        }
        out.push('\n');
    }

    fn end(&mut self, row: &ConnectionEnd, out: &mut String) {
        self.head(&row.at, row.conn, out);
        let name = |by| {
            if by == Direction::ClientToServer {
                "the client"
            } else {
                "the server"
            }
        };
        match row.end {
            End::Closed { by } => {
                let _ = write!(out, "closed by {}", name(by));
            }
            End::Reset { by } => {
                let _ = write!(out, "reset by {}", name(by));
            }
            End::Reused => out.push_str("ends: its ports are used again"),
            End::Forgotten => out.push_str("given up: too many connections at once"),
            End::CaptureEnds => out.push_str("still open when the capture ends"),
        }
        let undecoded = row.bytes.undecoded() + row.bytes[ByteClass::NotMtproto];
        let _ = write!(
            out,
            "; stage: {}; {} of payload, {} undecoded",
            stage(row.stage),
            size(row.bytes.total() as usize),
            if undecoded == 0 {
                "none".to_owned()
            } else {
                size(undecoded as usize)
            }
        );
        out.push('\n');
        if let Some(stopped) = &row.stopped {
            out.push_str("    stopped there: ");
            escape::terminal(out, stopped);
            out.push('\n');
        }
        for reason in &row.reasons {
            self.styled(Style::Bad, "    ! ", out);
            escape::terminal(out, reason);
            out.push('\n');
        }
    }

    fn note(&self, row: &Note, out: &mut String) {
        self.styled(Style::Bad, "! ", out);
        escape::terminal(out, &row.about);
        out.push_str(": ");
        escape::terminal(out, &row.text);
        out.push('\n');
    }

    fn summary(&self, row: &Summary, out: &mut String) {
        out.push_str("——\n");
        let _ = writeln!(
            out,
            "{} decoded on {} ({} seen): {}, {} answered ({} with an error), {} refused",
            count(row.messages, "message", "messages"),
            count(
                row.mtproto_connections,
                "MTProto connection",
                "MTProto connections"
            ),
            row.connections,
            count(row.queries, "query", "queries"),
            row.answered,
            row.rpc_errors,
            row.refused,
        );
        let _ = write!(out, "{} of TCP payload:", size(row.bytes.total() as usize));
        let mut separator = " ";
        for (class, name) in ByteClass::ALL.into_iter().zip([
            "decoded",
            "handshake",
            "encrypted without key",
            "missing in the capture",
            "not MTProto",
            "in error",
        ]) {
            if row.bytes[class] > 0 {
                let _ = write!(out, "{separator}{} {name}", grouped(row.bytes[class]));
                separator = ", ";
            }
        }
        out.push('\n');
        let [notices, warnings, errors] = row.findings;
        if row.findings != [0; 3] {
            let _ = writeln!(
                out,
                "findings: {}, {}, {}",
                count(errors, "error", "errors"),
                count(warnings, "warning", "warnings"),
                count(notices, "notice", "notices")
            );
        }
        for (id, frames) in &row.missing_keys {
            let _ = writeln!(
                out,
                "missing key {id}: {}; add its line to the key log",
                count(*frames, "encrypted message", "encrypted messages")
            );
        }
        if row.is_complete() {
            out.push_str("undecoded: 0\n");
        } else {
            let undecoded = row.bytes.undecoded();
            let mut text = format!("undecoded: {} of payload", size(undecoded as usize));
            if row.undecoded > 0 {
                let _ = write!(text, ", {} within messages", size(row.undecoded as usize));
            }
            self.styled(Style::Bad, &text, out);
            out.push('\n');
        }
    }

    fn fields(&self, object: &Object, schema: &Schema, depth: usize, out: &mut String) {
        let combinator = schema.by_name(object.name());
        for (name, value) in object.fields() {
            push_indent(depth, out);
            out.push_str(name);
            out.push_str(": ");
            let type_text = combinator
                .and_then(|c| c.field(name))
                .map_or("", |field| field.value_type());
            if !self.secrets && redact::is_secret(object.name(), name) {
                out.push_str(redact::REDACTED);
                out.push('\n');
            } else {
                self.value(name, value, schema, type_text, depth, out);
            }
        }
    }

    /// Writes a value behind its name, and what is inside it on the lines below.
    fn value(
        &self,
        name: &str,
        value: &Value,
        schema: &Schema,
        type_text: &str,
        depth: usize,
        out: &mut String,
    ) {
        match value {
            Value::Bool(bool) => {
                let _ = write!(out, "{bool}");
            }
            Value::Int(int) => {
                let _ = write!(out, "{int}");
                if matches!(
                    name,
                    "date" | "expires" | "server_time" | "now" | "expires_at"
                ) && *int > 1_000_000_000
                {
                    self.date(*int, out);
                }
            }
            Value::Long(long) => {
                let _ = write!(out, "{long}");
            }
            Value::Double(double) => {
                let _ = write!(out, "{double:?}");
            }
            Value::Int128(bytes) => escape::hex(out, bytes),
            Value::Int256(bytes) => escape::hex(out, bytes),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if super::is_text(type_text) => self.text(text, out),
                _ => self.bytes(bytes, out),
            },
            Value::Vector(items) if items.len() <= MAX_INLINE && items.iter().all(is_number) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n > 0 { ", " } else { "" });
                    let _ = write!(out, "{}", item.as_long().unwrap_or_default());
                }
                out.push(']');
            }
            Value::Vector(items) => {
                let _ = writeln!(out, "[{}]", items.len());
                self.elements(
                    items,
                    schema,
                    super::element_type(type_text),
                    depth + 1,
                    out,
                );
                return;
            }
            Value::Object(object) => {
                out.push_str(object.name());
                out.push('\n');
                self.fields(object, schema, depth + 1, out);
                return;
            }
        }
        out.push('\n');
    }

    fn elements(
        &self,
        items: &[Value],
        schema: &Schema,
        type_text: &str,
        depth: usize,
        out: &mut String,
    ) {
        let shown = if self.full {
            items.len()
        } else {
            items.len().min(MAX_ELEMENTS)
        };
        for item in &items[..shown] {
            push_indent(depth, out);
            out.push_str("- ");
            self.value("", item, schema, type_text, depth, out);
        }
        if shown < items.len() {
            push_indent(depth, out);
            let _ = writeln!(out, "… {} more", items.len() - shown);
        }
    }

    fn text(&self, text: &str, out: &mut String) {
        out.push('"');
        let end = text
            .char_indices()
            .nth(MAX_TEXT)
            .map(|(at, _)| at)
            .filter(|_| !self.full);
        escape::terminal(out, &text[..end.unwrap_or(text.len())]);
        out.push('"');
        if end.is_some() {
            let _ = write!(out, "… ({})", size(text.len()));
        }
    }

    fn bytes(&self, bytes: &[u8], out: &mut String) {
        if bytes.is_empty() {
            out.push_str("(no bytes)");
            return;
        }
        let shown = if self.full {
            bytes.len()
        } else {
            bytes.len().min(MAX_BYTES)
        };
        escape::hex(out, &bytes[..shown]);
        if shown < bytes.len() {
            let _ = write!(out, "… ({})", size(bytes.len()));
        }
    }

    fn date(&self, unix: i32, out: &mut String) {
        let secs = u64::try_from(unix).unwrap_or_default();
        let (year, month, date) = civil(secs / 86_400);
        let of_day = secs % 86_400;
        let text = format!(
            " ({year}-{month:02}-{date:02} {:02}:{:02}:{:02} UTC)",
            of_day / 3600,
            of_day / 60 % 60,
            of_day % 60
        );
        self.styled(Style::Dim, &text, out);
    }
}

/// Whether a value is a whole number, which fits beside its neighbours on one line.
const fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Long(_))
}

fn push_indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("    ");
    }
}

fn time_of_day(out: &mut String, time: UnixTime) {
    let nanos = time.as_nanos();
    let secs = nanos / 1_000_000_000 % 86_400;
    let micros = nanos / 1000 % 1_000_000;
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}.{micros:06}",
        secs / 3600,
        secs / 60 % 60,
        secs % 60
    );
}

/// Year, month and day of a day since 1970, in the Gregorian calendar.
///
/// Counts in eras of 400 years that begin on the first of March, so that leap days come last.
fn civil(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, date)
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

fn size(bytes: usize) -> String {
    count(bytes as u64, "byte", "bytes")
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a transport error says. Section: <https://core.telegram.org/mtproto/mtproto-transports#transport-errors>.
const fn transport_error(code: i32) -> &'static str {
    match code {
        -404 => "the authorization key is unknown there, or the message was malformed",
        -429 => "too many connections",
        -444 => "this data centre is not served there",
        -403 => "forbidden",
        _ => "an undocumented code",
    }
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Tcp => "TCP only",
        Stage::Proxy => "proxy",
        Stage::Transport => "transport known",
        Stage::ResPq => "key exchange begun",
        Stage::KeyExchange => "key agreed",
        Stage::Encrypted => "encrypted messages, none readable",
        Stage::Session => "session",
        Stage::Rpc => "RPC answered",
        Stage::InitConnection => "initConnection answered",
        Stage::Authorised => "authorised",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_717), (2026, 9, 21));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(47_541), (2100, 3, 1));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
