//! Configurations of the two sides that trust each other.

use std::sync::{Arc, LazyLock};

use mtproto_core::config::{ClientConfig, ServerConfig};
use mtproto_core::crypto::dh::{DhParams, GeneratorTable};
use mtproto_core::crypto::rsa::RsaPrivateKey;
use mtproto_core::handshake;
use mtproto_core::ids::DcId;

/// The published test key: it protects nothing.
const PRIVATE_KEY: &str = include_str!("../../mock-server/keys/test_rsa_private.pem");

static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| {
    RsaPrivateKey::from_pem(PRIVATE_KEY).expect("the committed key is well-formed")
});

static TABLE: LazyLock<Arc<GeneratorTable>> = LazyLock::new(|| {
    let params = DhParams::known(3).expect("3 generates the subgroup of the well-known prime");
    Arc::new(GeneratorTable::new(params))
});

/// A client of data centre 2 that trusts the test key.
#[must_use]
pub fn client_config() -> ClientConfig {
    ClientConfig::new(vec![KEY.public().clone()], DcId(2))
}

/// A server with the test key.
#[must_use]
pub fn server_config() -> ServerConfig {
    ServerConfig::new(handshake::ServerConfig::new(
        vec![KEY.clone()],
        TABLE.clone(),
    ))
}
