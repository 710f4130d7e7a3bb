//! How tests run the command line, and keep a server as a process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// What a command printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Stdout as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// Stdout as one JSON value a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

/// Runs `rota` in a directory.
pub(crate) fn rota(directory: &Path, arguments: &[&str]) -> Ran {
    rota_with(directory, arguments, &[])
}

/// Runs `rota` in a directory, with these variables in its environment.
pub(crate) fn rota_with(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = command(directory, arguments);
    let output = command.envs(environment.iter().copied()).output();
    let Output { status, stdout, stderr } = output.expect("rota runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota-under-test"));
    command
        .current_dir(directory)
        .args(arguments)
        .env_remove("ROTA_DB")
        .env_remove("ROTA_TOKEN")
        .env_remove("ROTA_SERVER")
        .env_remove("RUST_LOG")
        .env_remove("ROTA_LOG")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
    command
}

/// A command that listens, as a process of its own. It is killed with SIGKILL when dropped.
pub(crate) struct Running {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Running {
    /// Starts a command with `--json`, and waits until it says where it listens.
    pub(crate) fn start(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::saying(Stdio::inherit(), directory, arguments, environment)
    }

    /// The same, with its log going there.
    pub(crate) fn saying(log: Stdio, directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(directory, arguments);
        command.arg("--json").envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("rota starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let url = said["listening"].as_str().expect("where it listens").to_owned();
        Self { child, url }
    }

    /// Ends it at once, with SIGKILL, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `rota` in a directory and ends it with SIGKILL after this time, unless it has ended by then.
pub(crate) fn unfinished(directory: &Path, arguments: &[&str], time: std::time::Duration) {
    let mut command = command(directory, arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("rota starts");
    std::thread::sleep(time);
    // Where it has ended, there is nobody to be killed.
    let _ = child.kill();
    child.wait().expect("it ends");
}
