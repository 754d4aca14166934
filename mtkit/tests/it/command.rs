//! Runs the built command as a user would.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use serde_json::Value as Json;

pub(crate) const MTKIT: &str = env!("CARGO_BIN_EXE_mtkit");

/// Runs `mtkit` to its end, offline and without anybody's environment.
pub(crate) fn mtkit<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Output {
    Command::new(MTKIT)
        .args(arguments)
        .env_remove("MTPROTO_KEYLOGFILE")
        .stdin(Stdio::null())
        .output()
        .expect("the binary of this package runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the output is text")
}

/// A folder of one test, removed when it ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        // Left over from a run that was killed.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running `mtkit serve --json`, ended when dropped.
pub(crate) struct Serve {
    process: Child,
    /// Its end ends the server.
    stdin: Option<ChildStdin>,
    /// The ready line.
    pub(crate) ready: Json,
}

impl Serve {
    pub(crate) fn start<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
        let mut process = Command::new(MTKIT)
            .args(["serve", "--json", "--exit-on-stdin-close"])
            .args(arguments)
            .env_remove("MTPROTO_KEYLOGFILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary of this package runs");
        let stdin = process.stdin.take();
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a piped standard output");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the ready line is text");
        let ready = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("no ready line ({error}): {line:?}"));
        Self {
            process,
            stdin,
            ready,
        }
    }

    pub(crate) fn address(&self) -> &str {
        self.ready["mtproto"].as_str().expect("an address")
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Closes its standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits for its end; `None` where a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.process
            .wait()
            .expect("a child can be waited for")
            .code()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.stdin = None;
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
