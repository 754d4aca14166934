//! What stands between the connection and its socket: nothing, a carrier, or HTTP.

use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::UnixTime;
use mtproto_core::transport::carrier::http::HttpClient;
use mtproto_core::transport::carrier::{CarrierError, ClientCarrier};
use mtproto_core::transport::{
    ClientTransport, Frame, FrameLimits, Framer, ServerTransport, Transport,
};

use crate::config::{Carrier, ClientConfig};
use crate::error::ConnectError;

/// One end of a socket's byte stream in the form that the server was told to expect.
#[derive(Debug)]
pub(crate) struct Line {
    kind: Kind,
    random: ChaChaRandom,
}

#[derive(Debug)]
enum Kind {
    Direct,
    Hidden(Box<ClientCarrier>),
    /// HTTP has no stream: this end takes the connection's stream apart and puts responses together again.
    Http {
        http: Box<HttpClient>,
        stream: Box<Framer>,
    },
}

impl Line {
    pub(crate) fn new(
        config: &ClientConfig,
        now: UnixTime,
        mut random: ChaChaRandom,
    ) -> Result<Self, ConnectError> {
        let host = config.address.to_string();
        let secret = config.transport.secret.as_ref();
        let fake_tls = secret.and_then(|secret| ClientCarrier::fake_tls(secret, now, &mut random));
        let kind = match (&config.carrier, fake_tls) {
            (Carrier::Direct, None) => Kind::Direct,
            (_, Some(carrier)) => Kind::Hidden(Box::new(carrier)),
            (Carrier::WebSocket, None) => {
                let carrier = ClientCarrier::websocket(&host, "/apiws", &mut random);
                Kind::Hidden(Box::new(carrier.map_err(ConnectError::Carrier)?))
            }
            (Carrier::Http, None) => {
                let limits = FrameLimits::default();
                let http = HttpClient::new(&host, "/api", limits)
                    .map_err(|error| ConnectError::Carrier(CarrierError::Http(error)))?;
                Kind::Http {
                    http: Box::new(http),
                    stream: Box::new(Framer::server(ServerTransport::default(), limits)),
                }
            }
        };
        Ok(Self { kind, random })
    }

    /// The transport that the connection has to speak into this line.
    pub(crate) fn transport(&self, config: &ClientConfig) -> ClientTransport {
        match self.kind {
            Kind::Http { .. } => ClientTransport::plain(Transport::Intermediate),
            _ => config.transport.clone(),
        }
    }

    /// Whether the server can say something only if it is asked, and is not asked now.
    pub(crate) fn wants_request(&self) -> bool {
        matches!(&self.kind, Kind::Http { http, .. } if http.unanswered() == 0)
    }

    /// Appends the connection's bytes to `wire`, in the form of the line, after what the line itself has to send.
    pub(crate) fn write(&mut self, stream: &[u8], wire: &mut Vec<u8>) {
        match &mut self.kind {
            Kind::Direct => wire.extend_from_slice(stream),
            Kind::Hidden(carrier) if stream.is_empty() => {
                carrier.poll_transmit(&mut self.random, wire);
            }
            Kind::Hidden(carrier) => carrier.write(stream, &mut self.random, wire),
            Kind::Http { http, stream: own } => {
                // Our own frames: they are well-formed.
                let _ = own.handle_bytes(stream);
                while let Ok(Some(frame)) = own.poll_frame() {
                    if let Frame::Payload { data, .. } = frame {
                        http.write_request(data, wire);
                    }
                }
            }
        }
    }

    /// Takes the socket's bytes and appends what they carry to `stream`.
    pub(crate) fn read(&mut self, wire: &[u8], stream: &mut Vec<u8>) -> Result<(), CarrierError> {
        match &mut self.kind {
            Kind::Direct => stream.extend_from_slice(wire),
            Kind::Hidden(carrier) => carrier.handle_bytes(wire, stream)?,
            Kind::Http { http, stream: own } => {
                http.handle_bytes(wire)?;
                while let Some(frame) = http.poll_frame()? {
                    let code;
                    let payload: &[u8] = match frame {
                        Frame::Payload { data, .. } => data,
                        Frame::TransportError(error) => {
                            code = error.to_le_bytes();
                            &code
                        }
                        _ => continue,
                    };
                    // The connection has spoken first, so its transport is known.
                    let _ = own.write_payload(payload, false, &mut self.random, stream);
                }
            }
        }
        Ok(())
    }
}
