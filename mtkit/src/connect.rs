//! `mtkit connect`: the lines that point a client at a server, with its address and key in them.

use std::net::SocketAddr;

use clap::ValueEnum;
use mtproto_core::crypto::rsa::RsaPublicKey;

use crate::exit::{Ending, Failure};
use crate::keys::{KeyArgument, public_key};

/// A client, and how it is pointed at another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    Telethon,
    Pyrogram,
    Kurigram,
    Gramjs,
    Mtcute,
    Grammers,
    Gotd,
    Tdlib,
    Tdesktop,
    /// Any client that takes an MTProxy or SOCKS5 proxy
    Proxy,
}

/// Arguments of `mtkit connect`.
#[derive(Debug, clap::Args)]
pub(crate) struct ConnectArguments {
    /// The client
    client: Target,
    /// Address of the server, as `mtkit serve` prints it
    #[arg(long, value_name = "HOST:PORT")]
    server: SocketAddr,
    /// The DC to begin with
    #[arg(long, value_name = "DC", default_value_t = 2)]
    dc: i32,
    #[command(flatten)]
    key: KeyArgument,
}

pub(crate) fn run(arguments: &ConnectArguments) -> Result<Ending, Failure> {
    let key = public_key(&arguments.key).map_err(Failure::Input)?;
    let text = fill(template(arguments.client), arguments, &key);
    crate::exit::print(&text).map_err(Failure::Run)?;
    Ok(Ending::Done)
}

/// Puts address and key into the places that a template has for them.
fn fill(template: &str, arguments: &ConnectArguments, key: &RsaPublicKey) -> String {
    let n: String = key.n().iter().map(|byte| format!("{byte:02x}")).collect();
    // The options that are not the default, for the lines that name another command of ours.
    let option = match arguments.key.path() {
        Some(path) => format!(" --key {}", path.display()),
        None => String::new(),
    };
    [
        ("{HOST}", arguments.server.ip().to_string()),
        ("{PORT}", arguments.server.port().to_string()),
        ("{SERVER}", arguments.server.to_string()),
        ("{DC}", arguments.dc.to_string()),
        ("{PEM}", key.to_pem().trim_end().to_owned()),
        ("{N}", n),
        ("{E}", key.e().to_string()),
        ("{FINGERPRINT}", key.fingerprint().to_string()),
        ("{HEX_FINGERPRINT}", format!("{:016x}", key.fingerprint())),
        ("{KEY_OPTION}", option),
    ]
    .into_iter()
    .fold(template.to_owned(), |text, (place, value)| {
        text.replace(place, &value)
    })
}

const fn template(client: Target) -> &'static str {
    match client {
        Target::Telethon => include_str!("connect/telethon.txt"),
        Target::Pyrogram => include_str!("connect/pyrogram.txt"),
        Target::Kurigram => include_str!("connect/kurigram.txt"),
        Target::Gramjs => include_str!("connect/gramjs.txt"),
        Target::Mtcute => include_str!("connect/mtcute.txt"),
        Target::Grammers => include_str!("connect/grammers.txt"),
        Target::Gotd => include_str!("connect/gotd.txt"),
        Target::Tdlib => include_str!("connect/tdlib.txt"),
        Target::Tdesktop => include_str!("connect/tdesktop.txt"),
        Target::Proxy => include_str!("connect/proxy.txt"),
    }
}
