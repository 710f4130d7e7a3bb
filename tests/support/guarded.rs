//! A server program that a shell runs for as long as this process lives. It may not run as root, so
//! where this process does, it is run as Debian's user `postgres`.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// One that runs.
pub(crate) struct Guarded {
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    /// The shell: it ends the program when nobody holds the other end of its input any more.
    _shell: Child,
}

/// Starts one. The script gets the program, a free port and the arguments, and says `ready` once
/// the program is. None where there is no shell or no port.
///
/// # Panics
/// When it does not start.
pub(crate) fn start<A: AsRef<OsStr>>(script: &str, program: &Path, arguments: &[A]) -> Option<Guarded> {
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let mut command = if rustix::process::getuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", script, "sh"]).arg(program).arg(port.to_string()).args(arguments);
    let mut shell = command.current_dir("/tmp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut line = String::new();
    BufReader::new(shell.stdout.take()?).read_line(&mut line).ok()?;
    assert_eq!(line, "ready\n", "{} did not start", program.display());
    Some(Guarded { port, _shell: shell })
}
