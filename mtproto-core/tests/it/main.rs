//! Stories and vectors over the public interface of the core.

mod crypto_properties;
mod crypto_rsa;
mod service_messages;
mod support;
mod vectors_auth_key;
mod vectors_crypto;
