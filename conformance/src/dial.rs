//! A blocking connection to the server under test, which sends what a case wants and says what came back.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use mtproto_core::ids::{MsgId, Nonce};
use mtproto_core::message::plain;
use mtproto_core::random::{self, ChaChaRandom};
use mtproto_core::tl::key_exchange::{ReqPqMulti, ResPq};
use mtproto_core::tl::{Combinator as _, Reader, Writer};
use mtproto_core::transport::{ClientTransport, Frame, FrameLimits, Framer};

/// A server that cases talk to.
#[derive(Clone, Copy, Debug)]
pub struct ServerUnderTest {
    /// Where it listens.
    pub address: SocketAddr,
    /// How long one answer, or a close, may take. Default 5 s.
    pub patience: Duration,
    /// What is random in a case follows from this number. Default 1.
    pub seed: u64,
}

impl ServerUnderTest {
    /// A server with default patience and seed.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            patience: Duration::from_secs(5),
            seed: 1,
        }
    }

    /// Opens a bare TCP connection.
    pub(crate) fn dial(&self) -> Result<Socket, DialError> {
        let stream = TcpStream::connect_timeout(&self.address, self.patience)?;
        stream.set_write_timeout(Some(self.patience))?;
        Ok(Socket {
            stream,
            patience: self.patience,
        })
    }

    /// Opens a connection that speaks `transport`. Different `number`s draw different random bytes.
    pub(crate) fn speak(
        &self,
        transport: &ClientTransport,
        number: u64,
    ) -> Result<Speaker, DialError> {
        let mut random = ChaChaRandom::from_number(self.seed.wrapping_add(number << 32));
        let framer = Framer::client(transport, FrameLimits::default(), &mut random)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        Ok(Speaker {
            socket: self.dial()?,
            framer,
            random,
        })
    }
}

/// A conversation could not be had.
pub(crate) type DialError = io::Error;

/// What a silent wait ended with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server closed or reset the connection.
    Closed,
    /// Nothing happened in the time allowed.
    Silence,
}

/// A bare connection.
pub(crate) struct Socket {
    stream: TcpStream,
    patience: Duration,
}

impl Socket {
    /// Sends bytes as they are. A server that hangs up while they travel is no error of the runner.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), DialError> {
        match self.stream.write_all(bytes) {
            Err(error) if is_hang_up(&error) => Ok(()),
            other => other,
        }
    }

    /// Waits until the server closes the connection; whatever it sends before is ignored.
    pub(crate) fn wait_for_close(&mut self) -> Result<End, DialError> {
        let deadline = Instant::now() + self.patience;
        let mut buffer = [0; 4096];
        loop {
            match self.read(&mut buffer, deadline)? {
                Some(0) => return Ok(End::Closed),
                Some(_) => {}
                None => return Ok(End::Silence),
            }
        }
    }

    /// Bytes that came before the deadline: 0 for a closed connection, `None` for silence.
    fn read(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<Option<usize>, DialError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        self.stream.set_read_timeout(Some(left))?;
        match self.stream.read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) if is_hang_up(&error) => Ok(Some(0)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// A connection that speaks a transport.
pub(crate) struct Speaker {
    socket: Socket,
    framer: Framer,
    random: ChaChaRandom,
}

impl Speaker {
    /// Asks for the first step of a key exchange and gives the server's nonce, or what went wrong in words.
    pub(crate) fn req_pq(&mut self) -> Result<Result<Nonce, String>, DialError> {
        let nonce = Nonce(random::bytes(&mut self.random));
        let (mut body, mut payload, mut frame) = (Vec::new(), Vec::new(), Vec::new());
        ReqPqMulti { nonce }.write(&mut Writer::new(&mut body));
        // Servers do not judge the identifier of an unencrypted message beyond its lowest bits.
        plain::write(MsgId(1 << 32), &body, &mut payload);
        self.framer
            .write_payload(&payload, false, &mut self.random, &mut frame)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        self.socket.send(&frame)?;
        let answer = match self.receive()? {
            Ok(answer) => answer,
            Err(seen) => return Ok(Err(seen)),
        };
        let body = match plain::read(&answer) {
            Ok(message) => message.body,
            Err(error) => {
                return Ok(Err(format!(
                    "the answer is no unencrypted message: {error}"
                )));
            }
        };
        Ok(match ResPq::read(&mut Reader::new(body)) {
            Ok(answer) if answer.nonce == nonce => Ok(answer.server_nonce),
            Ok(_) => Err("resPQ repeats another nonce".to_owned()),
            Err(error) => Err(format!("the answer is no resPQ: {error}")),
        })
    }

    fn receive(&mut self) -> Result<Result<Vec<u8>, String>, DialError> {
        let deadline = Instant::now() + self.socket.patience;
        let mut buffer = [0; 4096];
        loop {
            match self.framer.poll_frame() {
                Ok(Some(Frame::Payload { data, .. })) => return Ok(Ok(data.to_vec())),
                Ok(Some(Frame::TransportError(code))) => {
                    return Ok(Err(format!("transport error {code}")));
                }
                Ok(Some(Frame::QuickAck(_))) => continue,
                Ok(None) => {}
                Err(error) => {
                    return Ok(Err(format!("the server's frames cannot be read: {error}")));
                }
            }
            match self.socket.read(&mut buffer, deadline)? {
                Some(0) => return Ok(Err("the server closed the connection".to_owned())),
                Some(length) => {
                    // Told by the next poll.
                    let _ = self
                        .framer
                        .handle_bytes(buffer.get(..length).unwrap_or_default());
                }
                None => return Ok(Err("no answer".to_owned())),
            }
        }
    }
}
