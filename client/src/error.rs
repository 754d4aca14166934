//! What can go wrong, and what it means for the caller.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mtproto_core::crypto::dh::DhError;
use mtproto_core::crypto::srp::SrpError;
use mtproto_core::error::ConnectionError;
use mtproto_core::rpc::RpcError;
use mtproto_core::session::{QueryFailure, SendError};
use mtproto_core::transport::carrier::CarrierError;
use tl_parser::typed::Mismatch;
use tl_parser::{DecodeError, EncodeError};

/// Why no connection came about; the variant names the stage that was reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The TCP connection failed.
    #[error("cannot reach {address}: {source}")]
    Tcp {
        /// The server.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server accepted the connection and then said too little.
    #[error("{address} did not complete the key exchange within {} s", timeout.as_secs())]
    Timeout {
        /// The server.
        address: SocketAddr,
        /// How long was waited.
        timeout: Duration,
    },
    /// The key exchange failed, or the stream broke during it.
    #[error("no authorization key could be made: {0}")]
    KeyExchange(ConnectionError),
    /// The proxy did not connect to the server.
    #[error("the proxy {address} does not connect to {target}")]
    Proxy {
        /// The proxy.
        address: SocketAddr,
        /// The server.
        target: SocketAddr,
    },
    /// The server did not open a WebSocket or what looks like TLS as it should, or its HTTP is broken.
    #[error("the server's answer has the wrong form: {0}")]
    Carrier(CarrierError),
    /// The server closed the connection during the key exchange.
    #[error("{address} closed the connection during the key exchange")]
    Closed {
        /// The server.
        address: SocketAddr,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness: {0}")]
    Random(getrandom::Error),
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The server answered with an error.
    #[error("the server answered {0}")]
    Rpc(RpcError),
    /// The call is not one of the layer that the client speaks.
    #[error("the call cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// The answer is not one of the layer that the client speaks.
    #[error("the answer cannot be decoded: {0}")]
    Decode(#[from] DecodeError),
    /// The answer is not what the type of the call says.
    #[error("the answer is not what was expected: {0}")]
    Mismatch(#[from] Mismatch),
    /// The query could not be sent.
    #[error("the query was not sent: {0}")]
    NotSent(SendError),
    /// The query ended without an answer.
    #[error("the query failed: {0}")]
    Failed(QueryFailure),
    /// The connection has ended.
    #[error("the connection has ended")]
    Closed,
}

/// Why a login did not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// A call of the login failed.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The server answered with an object that has no place here.
    #[error("the server answered with {0}, which has no place here")]
    Unexpected(String),
    /// The server's group for the password is unsafe.
    #[error("the server's password parameters are unsafe: {0}")]
    PasswordGroup(DhError),
    /// The server's public value for the password is unsafe.
    #[error("the server's password challenge cannot be answered: {0}")]
    Password(SrpError),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness: {0}")]
    Random(getrandom::Error),
}
