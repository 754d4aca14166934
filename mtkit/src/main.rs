//! The `mtkit` command: arguments and start-up, nothing else.
//!
//! Standard output carries the result, standard error the narration.
//! Exit codes: 0 done, 1 findings, 2 usage or unreadable input, 3 cannot bind or connect, 130 interrupted.
#![forbid(unsafe_code)]

mod connect;
mod demo;
mod exit;
mod explain;
mod inspect;
mod keys;
mod patch_keys;
mod serve;
mod session;
mod tl;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A whole private MTProto world on your laptop: server, client, wire-tap and judge.
#[derive(Debug, Parser)]
#[command(name = "mtkit", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run server, clients and inspector once, from the key exchange to the decoded capture
    Demo(demo::DemoArguments),
    /// Run a mock server until interrupted
    Serve(serve::ServeArguments),
    /// Print the lines that point a client at a server
    Connect(connect::ConnectArguments),
    /// Make a login of a seeded account that a client can begin with
    Session(session::SessionArguments),
    /// Copy a library or program with the server's RSA key in the place of its own
    PatchKeys(patch_keys::PatchArguments),
    /// Decode a capture
    Inspect(inspect::InspectArguments),
    /// Explain a finding of inspect: what it means, where it comes from, what to do
    Explain(explain::ExplainArguments),
    /// Read, check, compare and apply TL schemas
    Tl(tl::TlArguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Connect(arguments) => connect::run(&arguments),
        Command::Session(arguments) => session::run(&arguments),
        Command::PatchKeys(arguments) => patch_keys::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Tl(arguments) => tl::run(&arguments),
    };
    exit::code_of(result)
}
