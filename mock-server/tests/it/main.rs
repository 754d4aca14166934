//! The server through real sockets.

mod dcs;
mod doors;
mod keys;
mod library;
mod limits;
mod quick_acks;
mod ready;
mod support;
mod transports;
