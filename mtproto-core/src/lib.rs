//! MTProto without IO: both roles of the protocol as state machines.
//!
//! Bytes go in, bytes and events come out; time and randomness are arguments.
//! The crate knows no runtime, socket, clock or API layer: a query is opaque bytes to it, and what the bytes say is the
//! business of a TL codec.
//! It has every rule of transports, key exchange, messages, sessions and secret chats in it, and the list of them in
//! [`rules`]; it is no client for an API, and it opens no connection.
//!
//! ```text
//!            bytes                                                               events, QueryId
//! driver ───────────► Framer ──► Handshake (plain) ──► AuthKey ─┐           ┌──────────────────► application
//!   ▲  now, random      │ └────► message (encrypted) ───────────┴► Session ─┤
//!   │                   │                                                   ◄──────────────────
//!   └───────────────────┴◄──────────────── sealed messages ◄───── acks, resends, queries, answers
//! ```
//!
//! [`connection::Connection`] is a client's side of that, [`endpoint::Endpoint`] a server with many connections.
//! The parts are public as well: [`transport`], [`handshake`], [`message`], [`session`], [`crypto`], [`secret_chat`].
//!
//! # A client's run loop
//!
//! After every input the outputs are drained in one order: bytes, events, the next deadline.
//! Any stream will do; a blocking socket is the shortest to show.
//!
//! ```
//! use std::io::{self, ErrorKind, Read, Write};
//! use std::net::TcpStream;
//!
//! use mtproto_core::connection::{Connection, Event};
//! use mtproto_core::time::Instant;
//!
//! /// Runs until `on_event` returns false or the stream ends; `start` is when the connection's clock began.
//! fn run(
//!     connection: &mut Connection,
//!     mut stream: TcpStream,
//!     start: std::time::Instant,
//!     mut on_event: impl FnMut(&mut Connection, Instant, Event) -> bool,
//! ) -> io::Result<()> {
//!     let now = || Instant::from_nanos(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
//!     let mut input = [0; 16 * 1024];
//!     let mut output = Vec::new();
//!     loop {
//!         output.clear();
//!         while connection.poll_transmit(now(), &mut output).is_some() {}
//!         stream.write_all(&output)?;
//!
//!         let mut has_events = false;
//!         while let Some(event) = connection.poll_event() {
//!             has_events = true;
//!             if !on_event(connection, now(), event) {
//!                 return Ok(());
//!             }
//!         }
//!         if has_events {
//!             // What the application sent in answer leaves before anything is waited for.
//!             continue;
//!         }
//!
//!         let wait = connection
//!             .poll_timeout()
//!             .map(|due| due.saturating_duration_since(now()));
//!         if wait.is_some_and(|wait| wait.is_zero()) {
//!             connection.handle_timeout(now());
//!             continue;
//!         }
//!         stream.set_read_timeout(wait)?;
//!         match stream.read(&mut input) {
//!             Ok(0) => {
//!                 // Queries stay: `reconnect` and a new stream carry them on.
//!                 connection.handle_eof(now());
//!                 return Ok(());
//!             }
//!             Ok(read) => connection
//!                 .handle_bytes(now(), input.get(..read).unwrap_or_default())
//!                 .map_err(io::Error::other)?,
//!             Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
//!                 connection.handle_timeout(now());
//!             }
//!             Err(error) => return Err(error),
//!         }
//!     }
//! }
//! ```
//!
//! # A server's run loop
//!
//! One [`endpoint::Endpoint`] has all connections; what the sockets said since the last turn goes in together, so that
//! messages of many clients are decrypted together.
//! What goes out is typed until it is sealed, which is where a harness may alter it.
//!
//! ```
//! use mtproto_core::endpoint::{ConnectionId, Endpoint, ServerEvent};
//! use mtproto_core::rpc::RpcError;
//! use mtproto_core::time::Instant;
//!
//! /// One turn: `read` is what arrived, `execute` answers a query, `write` takes the bytes for a connection, and
//! /// `close` ends one.
//! /// Returns when the next turn is due, if nothing arrives before.
//! fn turn(
//!     endpoint: &mut Endpoint,
//!     now: Instant,
//!     read: &[(ConnectionId, &[u8])],
//!     mut execute: impl FnMut(&[u8]) -> Result<Vec<u8>, RpcError>,
//!     mut write: impl FnMut(ConnectionId, &[u8]),
//!     mut close: impl FnMut(ConnectionId),
//! ) -> Option<Instant> {
//!     endpoint.handle_batch(now, read);
//!     endpoint.handle_timeout(now);
//!     while let Some(event) = endpoint.poll_event() {
//!         match event {
//!             ServerEvent::Query { request, body, .. } => {
//!                 endpoint.answer(now, request, execute(&body).as_deref());
//!             }
//!             ServerEvent::ConnectionClosed { connection, .. } => close(connection),
//!             // Keys, sessions, notices: for the log, and for whoever keeps logins.
//!             _ => {}
//!         }
//!     }
//!     let mut frame = Vec::new();
//!     while let Some(outgoing) = endpoint.next_outgoing(now) {
//!         frame.clear();
//!         let to = endpoint.seal(outgoing, &mut frame);
//!         write(to, &frame);
//!     }
//!     endpoint.poll_timeout()
//! }
//! ```
//!
//! # Errors
//!
//! What a peer does wrong is [`error::PeerMisbehaved`], one variant for each rule, and says what to do next: drop the
//! message, resend, renew the key, close.
//! What the caller does wrong is an error of that command.
//! "Not enough bytes yet" is no error, and a failed decryption tells the peer nothing.
#![no_std]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod config;
pub mod connection;
pub mod crypto;
pub mod endpoint;
pub mod error;
pub mod handshake;
pub mod ids;
pub mod key_log;
pub mod known_calls;
pub mod message;
pub mod random;
pub mod raw;
pub mod rpc;
pub mod rules;
pub mod secret_chat;
pub mod session;
pub mod time;
pub mod tl;
pub mod transport;
