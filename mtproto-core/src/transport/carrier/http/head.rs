//! Heads of HTTP messages: found without rereading, judged before they are used.

use super::{HEAD_LIMIT, HttpError};

/// Finds the end of a head in a growing buffer.
#[derive(Debug, Default)]
pub(in crate::transport) struct HeadReader {
    searched: usize,
}

impl HeadReader {
    /// The length of the head that `buf` begins with, its empty line included, once all of it is there.
    ///
    /// # Errors
    /// [`HttpError::HeadTooLong`].
    pub(in crate::transport) fn find(&mut self, buf: &[u8]) -> Result<Option<usize>, HttpError> {
        let from = self.searched.saturating_sub(3);
        let found = buf.get(from..).and_then(|unsearched| {
            unsearched
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
        });
        let end = found.map(|position| from.saturating_add(position).saturating_add(4));
        self.searched = if end.is_some() { 0 } else { buf.len() };
        match end {
            Some(end) if end <= HEAD_LIMIT => Ok(Some(end)),
            None if buf.len() < HEAD_LIMIT => Ok(None),
            _ => Err(HttpError::HeadTooLong),
        }
    }
}

/// A well-formed head.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct Head<'a> {
    first_line: [&'a str; 3],
    fields: &'a str,
}

impl<'a> Head<'a> {
    /// The head in `bytes`, which end with its empty line.
    pub(in crate::transport) fn parse(bytes: &'a [u8]) -> Result<Self, HttpError> {
        let text = core::str::from_utf8(bytes).map_err(|_| HttpError::Head)?;
        let legal = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
        if !text.chars().all(legal) {
            return Err(HttpError::Head);
        }
        let (line, fields) = text.split_once("\r\n").ok_or(HttpError::Head)?;
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().ok_or(HttpError::Head);
        let first_line = [word()?, word()?, word().unwrap_or("")];
        let head = Self {
            first_line,
            fields: fields.strip_suffix("\r\n").unwrap_or(fields),
        };
        // A field name with white space, or a line that continues the one before, is how requests are smuggled.
        let sound = |line: &str| {
            let name = line.split_once(':').map_or("", |(name, _)| name);
            !name.is_empty() && !name.contains([' ', '\t', '\r', '\n'])
        };
        if head.lines().all(sound) {
            Ok(head)
        } else {
            Err(HttpError::Head)
        }
    }

    fn lines(self) -> impl Iterator<Item = &'a str> {
        self.fields.split_terminator("\r\n")
    }

    /// Method, target and version of a request.
    pub(in crate::transport) const fn request_line(self) -> [&'a str; 3] {
        self.first_line
    }

    /// The status of a response.
    pub(in crate::transport) fn status(self) -> Result<u16, HttpError> {
        let [version, status, _] = self.first_line;
        check_version(version)?;
        match status.parse() {
            Ok(status @ 100..=599) if status >= 100 => Ok(status),
            _ => Err(HttpError::Head),
        }
    }

    /// The values of all fields of this name.
    pub(in crate::transport) fn values(self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines().filter_map(move |line| {
            let (found, value) = line.split_once(':')?;
            found
                .eq_ignore_ascii_case(name)
                .then(|| value.trim_matches([' ', '\t']))
        })
    }

    /// Whether a field of this name lists `token`.
    pub(in crate::transport) fn lists(self, name: &'a str, token: &str) -> bool {
        self.values(name).any(|value| {
            value
                .split(',')
                .any(|item| item.trim_matches([' ', '\t']).eq_ignore_ascii_case(token))
        })
    }

    /// The length of the body in bytes, if it is told once and in no other way.
    pub(in crate::transport) fn content_length(self) -> Result<Option<u64>, HttpError> {
        if self.values("Transfer-Encoding").next().is_some() {
            return Err(HttpError::Length);
        }
        let mut values = self.values("Content-Length");
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(HttpError::Length);
        }
        value.parse().map(Some).map_err(|_| HttpError::Length)
    }

    /// Whether the sender keeps the connection open after this message.
    pub(in crate::transport) fn keeps_alive(self, version: &str) -> bool {
        if version == "HTTP/1.0" {
            self.lists("Connection", "keep-alive")
        } else {
            !self.lists("Connection", "close")
        }
    }
}

pub(in crate::transport) fn check_version(version: &str) -> Result<(), HttpError> {
    match version {
        "HTTP/1.1" | "HTTP/1.0" => Ok(()),
        _ => Err(HttpError::Version),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_end_of_a_head_is_found_however_it_arrives() {
        let message = b"POST / HTTP/1.1\r\nHost: a\r\n\r\nbody";
        let mut reader = HeadReader::default();
        for len in 0..28 {
            assert_eq!(reader.find(&message[..len]), Ok(None));
        }
        assert_eq!(reader.find(message), Ok(Some(28)));
        assert_eq!(HeadReader::default().find(message), Ok(Some(28)));
    }

    #[test]
    fn tr_38_a_head_without_end_is_refused_at_its_limit() {
        let mut reader = HeadReader::default();
        assert_eq!(reader.find(&[b'a'; HEAD_LIMIT - 1]), Ok(None));
        assert_eq!(
            reader.find(&[b'a'; HEAD_LIMIT]),
            Err(HttpError::HeadTooLong)
        );
    }

    #[test]
    fn fields_are_found_without_regard_to_case_and_white_space() {
        let head =
            Head::parse(b"GET /a HTTP/1.1\r\nuPGRADE:  x, WebSocket \r\nA: 1\r\na:2\r\n\r\n")
                .unwrap();
        assert_eq!(head.request_line(), ["GET", "/a", "HTTP/1.1"]);
        assert!(head.lists("Upgrade", "websocket"));
        assert!(!head.lists("Upgrade", "web"));
        assert_eq!(head.values("a").collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn tr_38_lengths_that_can_be_read_in_two_ways_are_refused() {
        let length = |fields: &str| {
            let text = alloc::format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
            Head::parse(text.as_bytes()).and_then(|head| head.content_length())
        };
        assert_eq!(length("Content-Length: 12"), Ok(Some(12)));
        assert_eq!(length("Host: a"), Ok(None));
        for lying in [
            "Content-Length: +1",
            "Content-Length: 1, 1",
            "Content-Length: ",
            "Content-Length: 0x10",
            "Content-Length: 1\r\nContent-Length: 1",
            "Content-Length: 99999999999999999999",
            "Transfer-Encoding: chunked",
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
        ] {
            // An empty value parses as no number.
            assert_eq!(length(lying), Err(HttpError::Length), "{lying}");
        }
    }

    #[test]
    fn malformed_heads_are_refused() {
        for text in [
            "POST\r\n\r\n",
            "POST / HTTP/1.1\r\nno colon\r\n\r\n",
            "POST / HTTP/1.1\r\n: no name\r\n\r\n",
            "POST / HTTP/1.1\r\nA: b\r\n continued: c\r\n\r\n",
            "POST / HTTP/1.1\r\nName : b\r\n\r\n",
            "POST / HTTP/1.1\r\nA: b\nB: c\0\r\n\r\n",
        ] {
            assert_eq!(
                Head::parse(text.as_bytes()).err(),
                Some(HttpError::Head),
                "{text:?}"
            );
        }
    }
}
