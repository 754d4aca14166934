//! `mtkit serve`: a mock server until somebody ends it.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use mock_server::{FloodRule, Limits, MockServer, Notice, StartError, WorldConfig, secret_text};
use mtproto_core::transport::ProxySecret;
use serde_json::{Value as Json, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::oneshot;

use crate::exit::{Ending, Failure};

/// Arguments of `mtkit serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArguments {
    /// Port to listen on; without it a free one from 20000 to 29999
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Seed of the world and of the server's randomness; the same seed gives the same world
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The DC that clients begin with
    #[arg(long, value_name = "DC", default_value_t = 2)]
    dc: i32,
    /// Numbers of the DCs
    #[arg(long, value_name = "DC,…", value_delimiter = ',', default_values_t = 1..=5)]
    dcs: Vec<i32>,
    /// Give each DC a port of its own, so that every client can migrate
    #[arg(long)]
    port_per_dc: bool,
    /// Advertise each DC a second time as one for media
    #[arg(long)]
    media_dcs: bool,
    /// Be a test server
    #[arg(long)]
    test_mode: bool,
    /// Listen on another address, too, for clients that are given a SOCKS5 or HTTP proxy; every port serves them
    #[arg(long, value_name = "ADDRESS:PORT")]
    door: Option<SocketAddr>,
    /// Serve clients with this MTProxy secret (plain, dd or ee), beside all others; may be given several times
    #[arg(long, value_name = "SECRET", value_parser = ProxySecret::parse)]
    secret: Vec<ProxySecret>,
    /// Use the RSA key in FILE, PKCS#1 in PEM, instead of the published test key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections)]
    connections: usize,
    /// Append every authorization key to FILE
    #[arg(long, value_name = "FILE", env = "MTPROTO_KEYLOGFILE")]
    keylog: Option<PathBuf>,
    /// Write everything sent and received to FILE, as pcapng
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Print one line of JSON once the server is ready, instead of text
    #[arg(long)]
    json: bool,
    /// End when standard input ends, so that a test's server cannot outlive the test
    #[arg(long)]
    exit_on_stdin_close: bool,

    /// Answer `FLOOD_WAIT` to more calls than this: FUNCTIONS@SCOPE=BURST/SECONDS, the scope `account`, `method` or `chat`; can be repeated
    #[arg(long, value_name = "RULE")]
    flood: Vec<FloodRule>,

    /// Accept this application and no other: its id and hash; can be repeated
    #[arg(long, value_name = "ID:HASH", value_parser = application)]
    strict_api_id: Vec<(i32, String)>,
}

/// `ID:HASH` of an application.
fn application(text: &str) -> Result<(i32, String), String> {
    let parsed = text
        .split_once(':')
        .and_then(|(id, hash)| Some((id.parse().ok()?, hash.to_owned())));
    parsed.ok_or_else(|| {
        "write the number, a colon and the hash, for instance 1:0123456789abcdef".into()
    })
}

pub(crate) fn run(arguments: &ServeArguments) -> Result<Ending, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .map_err(Failure::Run)?
        .block_on(serve(arguments))
}

async fn serve(arguments: &ServeArguments) -> Result<Ending, Failure> {
    let started = Instant::now();
    // Before the server is announced, so that a signal sent at once is not lost.
    let ending = Endings::new(arguments.exit_on_stdin_close).map_err(Failure::Run)?;
    let server = start(arguments).await?;
    tokio::spawn(narrate(server.notices()));
    let text = if arguments.json {
        format!("{}\n", ready_line(&server, arguments))
    } else {
        let took = started.elapsed().as_millis();
        format!(
            "{}\nReady in {took} ms. Ctrl-C ends it.\n",
            overview(&server, arguments)
        )
    };
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
        .map_err(Failure::Run)?;
    ending.wait().await;
    server.stop().await;
    Ok(Ending::Done)
}

async fn start(arguments: &ServeArguments) -> Result<MockServer, Failure> {
    let mut limits = Limits::default();
    limits.connections = arguments.connections;
    let mut builder = MockServer::builder()
        .bind(arguments.bind)
        .port(arguments.port.unwrap_or(0))
        .dc(arguments.dc)
        .dcs(arguments.dcs.iter().copied())
        .limits(limits);
    if arguments.port_per_dc {
        builder = builder.port_per_dc();
    }
    if arguments.media_dcs {
        builder = builder.media_dcs();
    }
    if arguments.test_mode {
        builder = builder.test_mode();
    }
    if let Some(address) = arguments.door {
        builder = builder.door(address);
    }
    for secret in &arguments.secret {
        builder = builder.secret(secret.clone());
    }
    if let Some(path) = &arguments.key {
        let pem = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the key {}", path.display()))
            .map_err(Failure::Input)?;
        builder = builder.rsa_private_key_pem(pem);
    }
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
    }
    if !arguments.flood.is_empty() || !arguments.strict_api_id.is_empty() {
        let known = arguments.strict_api_id.iter().cloned().collect();
        builder = builder.world(WorldConfig {
            flood: arguments.flood.clone(),
            api_ids: Some(known).filter(|known: &BTreeMap<_, _>| !known.is_empty()),
            ..WorldConfig::default()
        });
    }
    if let Some(path) = &arguments.keylog {
        builder = builder.keylog(path);
    }
    if let Some(path) = &arguments.capture {
        builder = builder.capture(path);
    }
    builder.start().await.map_err(|error| match error {
        StartError::Bind { .. } => Failure::Network(error.into()),
        _ => Failure::Input(error.into()),
    })
}

/// Tells on standard error whom the server disconnects, and why, until the server ends.
async fn narrate(mut notices: broadcast::Receiver<Notice>) {
    loop {
        match notices.recv().await {
            Ok(notice) => eprintln!("mtkit: {notice}"),
            Err(RecvError::Lagged(missed)) => eprintln!("mtkit: {missed} more notices"),
            Err(RecvError::Closed) => return,
        }
    }
}

/// What may end the server.
struct Endings {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    stdin: oneshot::Receiver<()>,
    /// Keeps `stdin` pending where its end means nothing.
    _open: Option<oneshot::Sender<()>>,
}

impl Endings {
    fn new(exit_on_stdin_close: bool) -> anyhow::Result<Self> {
        let (closed, stdin) = oneshot::channel();
        let open = if exit_on_stdin_close {
            // A thread of its own: a read of standard input cannot be cancelled.
            std::thread::spawn(move || {
                let mut buffer = [0; 1024];
                while matches!(io::stdin().lock().read(&mut buffer), Ok(length) if length > 0) {}
                let _ = closed.send(());
            });
            None
        } else {
            Some(closed)
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?,
            stdin,
            _open: open,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.stdin => {}
        }
    }
}

/// The fingerprint as clients show it: the 64-bit number in hexadecimal.
fn fingerprint(server: &MockServer) -> String {
    format!("{:016x}", server.rsa_public_key().fingerprint())
}

fn ready_line(server: &MockServer, arguments: &ServeArguments) -> Json {
    let accounts: Vec<Json> = server
        .accounts()
        .iter()
        .map(|account| {
            json!({
                "phone": account.phone,
                "code": account.code,
                "password": account.password,
                "first_name": account.first_name,
                "username": account.username,
            })
        })
        .collect();
    let bots: Vec<Json> = server
        .bots()
        .iter()
        .map(|bot| json!({ "token": bot.token, "username": bot.username }))
        .collect();
    let dcs: serde_json::Map<String, Json> = server
        .dcs()
        .iter()
        .map(|(dc, address)| (dc.to_string(), address.to_string().into()))
        .collect();
    let secrets: Vec<String> = arguments.secret.iter().map(secret_text).collect();
    json!({
        "v": 1,
        "ready": true,
        "mtproto": server.address().to_string(),
        "dc": server.dc(),
        "dcs": dcs,
        "door": server.door().map(|door| door.to_string()),
        "seed": server.seed(),
        "secrets": secrets,
        "rsa_public_key_pem": server.rsa_public_key().to_pem(),
        "rsa_fingerprint": fingerprint(server),
        "keylog": arguments.keylog,
        "capture": arguments.capture,
        "accounts": accounts,
        "bots": bots,
    })
}

fn overview(server: &MockServer, arguments: &ServeArguments) -> String {
    let mut lines = vec![
        format!(
            "MTProto    {}   DC {}{}; every transport, SOCKS5 and HTTP CONNECT",
            server.address(),
            server.dc(),
            if arguments.port_per_dc {
                ""
            } else {
                " and every other one"
            },
        ),
        format!(
            "RSA key    {}   {}",
            fingerprint(server),
            if arguments.key.is_some() {
                "yours"
            } else {
                "a published test key: it protects nothing"
            },
        ),
        format!("Seed       {}   for `mtkit session`", server.seed()),
    ];
    if arguments.port_per_dc {
        for (dc, address) in server.dcs().iter().filter(|(dc, _)| **dc != server.dc()) {
            lines.insert(1, format!("           {address}   DC {dc}"));
        }
        lines[1..server.dcs().len()].reverse();
    }
    if let Some(door) = server.door() {
        lines.push(format!("Proxy      {door}"));
    }
    for secret in &arguments.secret {
        lines.push(format!("Secret     {}", secret_text(secret)));
    }
    let mut label = "Accounts";
    for account in server.accounts() {
        let username = account.username.as_deref().map(|name| format!("@{name}"));
        let password = account
            .password
            .as_deref()
            .map(|password| format!("   password {password}"));
        lines.push(format!(
            "{label:<10} +{}   code {}   {:<6} {:<12}{}",
            account.phone,
            account.code.as_deref().unwrap_or("-"),
            account.first_name,
            username.unwrap_or_default(),
            password.unwrap_or_default(),
        ));
        label = "";
    }
    label = "Bots";
    for bot in server.bots() {
        lines.push(format!("{label:<10} {}   @{}", bot.token, bot.username));
        label = "";
    }
    if let Some(path) = &arguments.keylog {
        lines.push(format!("Key log    {}", path.display()));
    }
    if let Some(path) = &arguments.capture {
        lines.push(format!("Capture    {}", path.display()));
    }
    lines.join("\n")
}
