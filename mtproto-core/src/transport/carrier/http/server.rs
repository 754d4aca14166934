//! The server's end of an HTTP connection.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::head::{Head, HeadReader, check_version};
use super::{HEAD_LIMIT, HttpError};
use crate::transport::FrameLimits;
use crate::transport::buffer::Buffer;

/// Fields of every response. Browsers let a page read it only with the second one.
const COMMON: &str = "Content-Type: application/octet-stream\r\nAccess-Control-Allow-Origin: *\r\n";
const PREFLIGHT: &str = "Access-Control-Allow-Methods: POST, OPTIONS\r\n\
     Access-Control-Allow-Headers: origin, content-type\r\nAccess-Control-Max-Age: 1728000\r\n";

/// The server's end of an HTTP connection: requests out of bytes, responses into bytes, strictly in turn.
///
/// A request is handed out only when the one before is answered, so responses need no numbers; what a client sends
/// ahead waits within a bound.
#[derive(Debug)]
pub struct HttpServer {
    limits: FrameLimits,
    received: Buffer,
    head: HeadReader,
    /// Bytes of the body that the head has announced, and its target.
    expected: Option<(usize, String)>,
    awaits_response: bool,
    keeps_alive: bool,
    owed: Vec<u8>,
    failed: Option<HttpError>,
}

/// A request that carries a payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The target, such as `/api`.
    pub target: String,
    /// The payload, to be decrypted in place.
    pub payload: &'a mut [u8],
}

impl HttpServer {
    /// A server's end that takes bodies up to [`FrameLimits::max_frame`].
    #[must_use]
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            limits,
            received: Buffer::new(),
            head: HeadReader::default(),
            expected: None,
            awaits_response: false,
            keeps_alive: true,
            owed: Vec::new(),
            failed: None,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// More is waiting than two whole requests, or the connection has failed before.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.is_done() {
            // The client has said that it sends nothing more.
            return Ok(());
        }
        self.received.push(bytes, None);
        let waiting = self.received.unread().len();
        let most = self
            .limits
            .max_frame
            .saturating_add(HEAD_LIMIT)
            .saturating_mul(2);
        if self.awaits_response && waiting > most {
            return Err(self.fail(HttpError::Flood));
        }
        Ok(())
    }

    /// The next request, once all of it is there and the one before is answered.
    ///
    /// # Errors
    /// The request is none that carries a payload. What the client is told is in [`poll_transmit`](Self::poll_transmit);
    /// then the connection is to be closed.
    pub fn poll_request(&mut self) -> Result<Option<Request<'_>>, HttpError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while !self.awaits_response && (self.keeps_alive || self.expected.is_some()) {
            if self.expected.is_none() {
                match self.read_head() {
                    Ok(true) => {}
                    Ok(false) => {
                        self.received.reclaim();
                        return Ok(None);
                    }
                    Err(error) => return Err(self.fail(error)),
                }
                continue;
            }
            let Some((len, target)) = self
                .expected
                .take_if(|(len, _)| self.received.unread().len() >= *len)
            else {
                return Ok(None);
            };
            self.awaits_response = true;
            let payload = self.received.take(len);
            return Ok(Some(Request { target, payload }));
        }
        Ok(None)
    }

    /// Whether a head was there, that of a request with a payload or of one that is answered at once.
    fn read_head(&mut self) -> Result<bool, HttpError> {
        let buf = self.received.unread();
        let Some(len) = self.head.find(buf)? else {
            return Ok(false);
        };
        let head = Head::parse(buf.get(..len).unwrap_or_default())?;
        let [method, target, version] = head.request_line();
        check_version(version)?;
        self.keeps_alive = head.keeps_alive(version);
        let announced = head.content_length()?;
        match method {
            "POST" => {
                let announced = announced.ok_or(HttpError::Length)?;
                let limit = self.limits.max_frame;
                let body = usize::try_from(announced)
                    .ok()
                    .filter(|len| *len <= limit)
                    .ok_or(HttpError::TooLong { announced, limit })?;
                self.expected = Some((body, target.into()));
            }
            // A browser asks whether a page may send the request that follows.
            "OPTIONS" if announced.unwrap_or(0) == 0 => {
                write_response(204, PREFLIGHT, None, self.keeps_alive, &mut self.owed);
            }
            _ => return Err(HttpError::Method),
        }
        self.received.take(len);
        Ok(true)
    }

    fn fail(&mut self, error: HttpError) -> HttpError {
        self.failed = Some(error);
        self.keeps_alive = false;
        self.expected = None;
        write_refusal(error.status(), &mut self.owed);
        error
    }

    /// Whether a request was handed out and not answered.
    #[must_use]
    pub const fn awaits_response(&self) -> bool {
        self.awaits_response
    }

    /// Whether bytes have arrived that belong to no request handed out.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.received.unread().is_empty()
    }

    /// Whether the connection is to be closed once everything is sent.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        !self.keeps_alive && !self.awaits_response && self.expected.is_none()
    }

    /// Answers the request with a payload, which may be empty. Without a request, nothing is appended.
    pub fn respond(&mut self, payload: &[u8], wire: &mut Vec<u8>) {
        self.answer(200, payload, wire);
    }

    /// Answers the request with a transport error: −404 is the status 404, and so on.
    pub fn respond_error(&mut self, code: i32, wire: &mut Vec<u8>) {
        let status = code.unsigned_abs();
        let status = u16::try_from(status)
            .ok()
            .filter(|status| (400..600).contains(status));
        self.answer(status.unwrap_or(500), &[], wire);
    }

    fn answer(&mut self, status: u16, body: &[u8], wire: &mut Vec<u8>) {
        if mem::take(&mut self.awaits_response) {
            wire.append(&mut self.owed);
            write_response(status, "", Some(body), self.keeps_alive, wire);
        }
    }

    /// Appends what the server says without being told to.
    pub fn poll_transmit(&mut self, wire: &mut Vec<u8>) {
        wire.append(&mut self.owed);
    }
}

/// Appends the last response of a connection.
pub(in crate::transport::carrier) fn write_refusal(status: u16, wire: &mut Vec<u8>) {
    write_response(status, "", Some(&[]), false, wire);
}

fn write_response(
    status: u16,
    fields: &str,
    body: Option<&[u8]>,
    keeps_alive: bool,
    wire: &mut Vec<u8>,
) {
    let reason = match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    };
    let connection = if keeps_alive { "keep-alive" } else { "close" };
    let mut head = alloc::format!("HTTP/1.1 {status} {reason}\r\nConnection: {connection}\r\n");
    if let Some(body) = body {
        head.push_str(&alloc::format!("Content-Length: {}\r\n", body.len()));
    }
    for part in [&head, COMMON, fields, "\r\n"] {
        wire.extend_from_slice(part.as_bytes());
    }
    wire.extend_from_slice(body.unwrap_or_default());
}
