//! The client's end of an HTTP connection.

use alloc::string::String;
use alloc::vec::Vec;

use super::HttpError;
use super::head::{Head, HeadReader};
use crate::transport::buffer::Buffer;
use crate::transport::{Frame, FrameLimits};

/// The client's end of an HTTP connection: a request per payload, and what the responses say.
#[derive(Debug)]
pub struct HttpClient {
    limits: FrameLimits,
    host: String,
    target: String,
    received: Buffer,
    head: HeadReader,
    /// Status and length of the body that the head has announced.
    expected: Option<(u16, usize)>,
    /// Requests without a response.
    asked: usize,
    failed: Option<HttpError>,
}

impl HttpClient {
    /// A client's end that posts to `target` (such as `/api`) at `host`, its port included if it is not the usual one.
    ///
    /// # Errors
    /// [`HttpError::Head`] if one of them holds white space or control characters.
    pub fn new(host: &str, target: &str, limits: FrameLimits) -> Result<Self, HttpError> {
        let sound = |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control());
        if !sound(host) || !sound(target) {
            return Err(HttpError::Head);
        }
        Ok(Self {
            limits,
            host: host.into(),
            target: target.into(),
            received: Buffer::new(),
            head: HeadReader::default(),
            expected: None,
            asked: 0,
            failed: None,
        })
    }

    /// Appends a request with `payload`. Several may be sent ahead; their responses come in the same order.
    pub fn write_request(&mut self, payload: &[u8], wire: &mut Vec<u8>) {
        let head = alloc::format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            self.target,
            self.host,
            payload.len()
        );
        wire.extend_from_slice(head.as_bytes());
        wire.extend_from_slice(payload);
        self.asked = self.asked.saturating_add(1);
    }

    /// Requests that have no response yet.
    #[must_use]
    pub const fn unanswered(&self) -> usize {
        self.asked
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The connection has failed before.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.received.push(bytes, None);
        Ok(())
    }

    /// The next payload or transport error, if all of its response has arrived. Empty responses are passed over.
    ///
    /// # Errors
    /// The bytes are no response that can carry a payload.
    pub fn poll_frame(&mut self) -> Result<Option<Frame<'_>>, HttpError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        loop {
            if self.expected.is_none() {
                match self.read_head() {
                    Ok(true) => {}
                    Ok(false) => {
                        self.received.reclaim();
                        return Ok(None);
                    }
                    Err(error) => return Err(*self.failed.insert(error)),
                }
                continue;
            }
            let Some((status, len)) = self
                .expected
                .take_if(|(_, len)| self.received.unread().len() >= *len)
            else {
                return Ok(None);
            };
            self.asked = self.asked.saturating_sub(1);
            match status {
                200 if len == 0 => {}
                200 => {
                    let data = self.received.take(len);
                    return Ok(Some(Frame::Payload {
                        data,
                        quick_ack_requested: false,
                    }));
                }
                status => {
                    // Whatever the body says, it is not from the protocol.
                    self.received.take(len);
                    let code = i32::from(status);
                    return Ok(Some(Frame::TransportError(code.saturating_neg())));
                }
            }
        }
    }

    fn read_head(&mut self) -> Result<bool, HttpError> {
        let buf = self.received.unread();
        if self.asked == 0 && !buf.is_empty() {
            return Err(HttpError::Unasked);
        }
        let Some(len) = self.head.find(buf)? else {
            return Ok(false);
        };
        let head = Head::parse(buf.get(..len).unwrap_or_default())?;
        let status = head.status()?;
        // Interim responses announce the final one; the last two statuses never have a body.
        if status >= 200 {
            let announced = match status {
                204 | 304 => 0,
                _ => head.content_length()?.ok_or(HttpError::Length)?,
            };
            let limit = self.limits.max_frame;
            let body = usize::try_from(announced)
                .ok()
                .filter(|len| *len <= limit)
                .ok_or(HttpError::TooLong { announced, limit })?;
            self.expected = Some((status, body));
        }
        self.received.take(len);
        Ok(true)
    }
}
