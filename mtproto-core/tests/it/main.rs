//! Stories and vectors over the public interface of the core.

mod crypto_properties;
mod crypto_rsa;
mod crypto_srp;
mod handshake_bind;
mod handshake_client;
mod handshake_exchange;
mod handshake_server;
mod handshake_support;
mod message_batch;
mod message_container;
mod message_encrypted;
mod message_encrypted_v1;
mod message_gzip;
mod message_plain;
mod service_messages;
mod support;
mod transport_detection;
mod transport_framing;
mod transport_obfuscation;
mod transport_passive;
mod transport_properties;
mod transport_support;
mod transport_vectors;
mod vectors_auth_key;
mod vectors_crypto;
