//! What went into one side and what came out of it, to be played back: the same inputs give the same bytes.

use std::sync::Arc;

use mtproto_core::config::{ClientConfig, ServerConfig};
use mtproto_core::connection::Connection;
use mtproto_core::endpoint::{
    ConnectionId, Endpoint, Listen, MemoryKeyStore, RequestId, SessionKey,
};
use mtproto_core::rpc::RpcError;
use mtproto_core::session::QueryOptions;
use mtproto_core::time::Instant;

use crate::pair::start;

/// Something that went into a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// Nothing yet: the client was made.
    Start,
    /// Bytes of the stream.
    Bytes(Vec<u8>),
    /// The end of the stream.
    Eof,
    /// A deadline came.
    Timeout,
    /// A query of the application.
    Query(Vec<u8>, QueryOptions),
    /// A ping of the application.
    Ping,
    /// A new stream.
    Reconnect,
}

/// Something that went into a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// A new stream.
    Accept,
    /// Bytes of a stream.
    Bytes(ConnectionId, Vec<u8>),
    /// The end of a stream.
    Eof(ConnectionId),
    /// A deadline came.
    Timeout,
    /// The application answers a query.
    Answer(RequestId, Result<Vec<u8>, RpcError>),
    /// The application sends an update.
    Push(SessionKey, Vec<u8>),
}

/// An input, when it came, and the bytes that left because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<I> {
    /// When.
    pub at: Instant,
    /// The input.
    pub input: I,
    /// Everything that left before the next input, in order.
    pub output: Vec<u8>,
}

/// All steps of both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// The client's.
    pub client: Vec<Step<ClientInput>>,
    /// The server's.
    pub server: Vec<Step<ServerInput>>,
}

/// The number of the first step whose output differs when it is played back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Counted from zero.
    pub step: usize,
}

impl Recording {
    /// Plays the client's steps to a new client with the same configuration and seed.
    ///
    /// # Errors
    /// The first step that gives other bytes.
    pub fn replay_client(&self, config: &Arc<ClientConfig>, seed: u64) -> Result<(), Differs> {
        let mut client = Connection::new(config.clone(), start(seed));
        for (step, recorded) in self.client.iter().enumerate() {
            let now = recorded.at;
            apply_to_client(&mut client, now, &recorded.input);
            let mut output = Vec::new();
            while client.poll_transmit(now, &mut output).is_some() {}
            while client.poll_event().is_some() {}
            if output != recorded.output {
                return Err(Differs { step });
            }
        }
        Ok(())
    }

    /// Plays the server's steps to a new server with the same configuration and seed.
    ///
    /// # Errors
    /// The first step that gives other bytes.
    pub fn replay_server(&self, config: &Arc<ServerConfig>, seed: u64) -> Result<(), Differs> {
        let keys = Box::new(MemoryKeyStore::new());
        let mut server = Endpoint::new(config.clone(), keys, start(seed));
        for (step, recorded) in self.server.iter().enumerate() {
            let now = recorded.at;
            apply_to_server(&mut server, now, &recorded.input);
            let mut output = Vec::new();
            while let Some(outgoing) = server.next_outgoing(now) {
                server.seal(outgoing, &mut output);
            }
            while server.poll_event().is_some() {}
            if output != recorded.output {
                return Err(Differs { step });
            }
        }
        Ok(())
    }
}

/// Gives an input to a client. Its results are events; errors of commands show in the bytes that do not leave.
pub(crate) fn apply_to_client(client: &mut Connection, now: Instant, input: &ClientInput) {
    match input {
        ClientInput::Start => {}
        ClientInput::Bytes(bytes) => drop(client.handle_bytes(now, bytes)),
        ClientInput::Eof => client.handle_eof(now),
        ClientInput::Timeout => client.handle_timeout(now),
        ClientInput::Query(body, options) => drop(client.send_query(now, body, options.clone())),
        ClientInput::Ping => drop(client.ping(now)),
        ClientInput::Reconnect => drop(client.reconnect(now)),
    }
}

/// Gives an input to a server.
pub(crate) fn apply_to_server(server: &mut Endpoint, now: Instant, input: &ServerInput) {
    match input {
        ServerInput::Accept => {
            server.accept(now, Listen::Stream);
        }
        ServerInput::Bytes(from, bytes) => server.handle_bytes(now, *from, bytes),
        ServerInput::Eof(from) => server.handle_eof(now, *from),
        ServerInput::Timeout => server.handle_timeout(now),
        ServerInput::Answer(request, result) => {
            server.answer(now, *request, result.as_deref());
        }
        ServerInput::Push(key, body) => {
            server.push_update(now, *key, body);
        }
    }
}
