//! Stories and vectors over the public interface of the core.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read reference data and may do what the core may not"
)]

mod connection_answers;
mod connection_checks;
mod connection_life;
mod connection_queries;
mod crypto_properties;
mod crypto_rsa;
mod crypto_srp;
mod endpoint_batch;
mod endpoint_checks;
mod endpoint_services;
mod handshake_bind;
mod handshake_client;
mod handshake_exchange;
mod handshake_replay;
mod handshake_server;
mod handshake_support;
mod handshake_wire;
mod limits;
mod message_batch;
mod message_container;
mod message_encrypted;
mod message_encrypted_v1;
mod message_gzip;
mod message_plain;
mod misbehaviour;
mod protocol_coverage;
mod query_order;
mod rules;
mod secret_chat_keys;
mod secret_chat_order;
mod secret_chat_properties;
mod secret_chat_rekey;
mod secret_chat_support;
mod secrets;
mod service_messages;
mod session_properties;
mod session_stories;
mod session_support;
mod session_temporary_keys;
mod support;
mod transport_carriers;
mod transport_detection;
mod transport_framing;
mod transport_http;
mod transport_obfuscation;
mod transport_passive;
mod transport_passive_carriers;
mod transport_properties;
mod transport_support;
mod transport_vectors;
mod vectors_auth_key;
mod vectors_crypto;
