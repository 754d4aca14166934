//! The server's RSA key, as commands that do not run a server are told it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mock_server::published_key;
use mtproto_core::crypto::rsa::{RsaPrivateKey, RsaPublicKey};

/// Which key the server has.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyArgument {
    /// The server's RSA key, PKCS#1 in PEM, private or public; without it, the published test key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl KeyArgument {
    /// The file, if one was given.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.key.as_deref()
    }
}

/// The public half of the server's key.
pub(crate) fn public_key(argument: &KeyArgument) -> anyhow::Result<RsaPublicKey> {
    let Some(path) = &argument.key else {
        return Ok(published_key());
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the key {}", path.display()))?;
    RsaPublicKey::from_pem(&text)
        .or_else(|_| RsaPrivateKey::from_pem(&text).map(|key| key.public().clone()))
        .with_context(|| {
            format!(
                "{} is no RSA key of 2048 bits in PEM (PKCS#1)",
                path.display()
            )
        })
}
