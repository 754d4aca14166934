//! Drives grammers through the runner's story, in two programs of one source.
//!
//! grammers keeps the server's RSA keys in a private match, so the logins run with a copy of `grammers-mtproto` that has
//! one more arm there (`logins SITUATION KEYS`); they leave the authorization keys behind. Everything else begins with
//! those keys and runs with the published crates, untouched (`rest SITUATION KEYS`).

mod account;
mod logins;
mod report;
mod rest;
mod situation;

use std::process::ExitCode;

use report::Steps;
use situation::Situation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [phase, situation, keys] = arguments.as_slice() else {
        eprintln!("usage: logins|rest SITUATION KEYS");
        return ExitCode::from(2);
    };
    let situation = Situation::read(situation);
    let mut steps = Steps::new(&situation);
    let told = match phase.as_str() {
        "logins" => logins::tell(&situation, keys, &mut steps).await,
        _ => rest::tell(&situation, keys, &mut steps).await,
    };
    if let Err(stopped) = told {
        eprintln!("stopped: {stopped}");
    }
    steps.exit_code()
}
