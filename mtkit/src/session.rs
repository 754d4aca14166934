//! `mtkit session`: a login that a client can begin with, without key exchange and code.

mod grammers;
mod tdesktop;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::ValueEnum;
use mock_server::{MockServer, ReadySession};

use crate::exit::{Ending, Failure};

/// A client library or application that keeps logins in a form of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// StringSession of Telethon
    Telethon,
    /// Session string of Pyrogram
    Pyrogram,
    /// Session string of Kurigram, the same as Pyrogram's
    Kurigram,
    /// StringSession of GramJS
    Gramjs,
    /// Exported session of mtcute
    Mtcute,
    /// SQLite file of grammers
    Grammers,
    /// Folder `tdata` of Telegram Desktop
    Tdesktop,
}

/// Arguments of `mtkit session`.
#[derive(Debug, clap::Args)]
pub(crate) struct SessionArguments {
    /// The client
    #[arg(long = "for", value_name = "CLIENT")]
    form: Form,
    /// Phone number of an account or username of a bot; without it, the first account
    #[arg(long, value_name = "WHO")]
    account: Option<String>,
    /// Seed of the server, as `mtkit serve` was given it or prints it
    #[arg(long, value_name = "N")]
    seed: u64,
    /// The DC of the login, as in `mtkit serve --dc`
    #[arg(long, value_name = "DC", default_value_t = 2)]
    dc: i32,
    /// Address of the server, for the forms that hold one
    #[arg(long, value_name = "HOST:PORT")]
    server: Option<SocketAddr>,
    /// The api_id to write, for the forms that hold one
    #[arg(long, value_name = "N", default_value_t = 1)]
    api_id: u32,
    /// Write to PATH: a file, or a folder for tdesktop. It must not exist
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &SessionArguments) -> Result<Ending, Failure> {
    make(arguments).map_err(Failure::Input)?;
    Ok(Ending::Done)
}

fn make(arguments: &SessionArguments) -> anyhow::Result<()> {
    let sessions = MockServer::ready_sessions_of(arguments.seed, arguments.dc)?;
    let session = choose(&sessions, arguments.account.as_deref())?;
    let server = || {
        arguments.server.context(
            "this form holds the server's address: give --server HOST:PORT, as `mtkit serve` prints it",
        )
    };
    let text = match arguments.form {
        Form::Telethon => session.telethon(server()?)?,
        Form::Pyrogram | Form::Kurigram => session.pyrogram(arguments.api_id)?,
        Form::Gramjs => session.gramjs(server()?)?,
        Form::Mtcute => session.mtcute(server()?)?,
        Form::Grammers => return grammers::write(session, server()?, &output(arguments)?),
        Form::Tdesktop => return tdesktop::write(session, &output(arguments)?),
    };
    match &arguments.output {
        None => crate::exit::print(&format!("{text}\n")),
        Some(_) => {
            let path = output(arguments)?;
            std::fs::write(&path, format!("{text}\n"))
                .with_context(|| format!("cannot write {}", path.display()))
        }
    }
}

/// Where to write; nothing that exists is overwritten, since it may be somebody's login.
fn output(arguments: &SessionArguments) -> anyhow::Result<PathBuf> {
    let path = arguments
        .output
        .clone()
        .context("this form is no text: give -o PATH")?;
    if path.exists() {
        bail!("{} exists: give another path, or remove it", path.display());
    }
    Ok(path)
}

fn choose<'a>(
    sessions: &'a [ReadySession],
    account: Option<&str>,
) -> anyhow::Result<&'a ReadySession> {
    let Some(account) = account else {
        return sessions.first().context("the world has no accounts");
    };
    let wanted = account.trim_start_matches(['+', '@']);
    let is = |name: &Option<String>| name.as_deref() == Some(wanted);
    let found = sessions
        .iter()
        .find(|session| is(&session.phone) || is(&session.username));
    found.ok_or_else(|| {
        let names: Vec<String> = sessions.iter().map(name).collect();
        anyhow!("nobody is {account}; there are {}", names.join(", "))
    })
}

fn name(session: &ReadySession) -> String {
    match (&session.phone, &session.username) {
        (Some(phone), _) => format!("+{phone}"),
        (None, Some(username)) => format!("@{username}"),
        (None, None) => session.user_id.to_string(),
    }
}
