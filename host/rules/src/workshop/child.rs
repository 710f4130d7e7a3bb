//! One child: started, fed, listened to, watched, and ended whatever happens.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::bounds::{Bounds, confine};

/// How often a child is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// How long its last words may take to arrive when it has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The most that it may say on stderr.
const STDERR_MAX: usize = 64 << 10;

/// What a child reads on its stdin.
#[derive(Debug)]
pub(crate) enum Input {
    /// These bytes, through a pipe.
    Bytes(Vec<u8>),
    /// A file of its own, open for reading.
    File(File),
}

/// How a child ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself: its status, stdout and stderr.
    ByItself(ExitStatus, Vec<u8>, Vec<u8>),
    /// By us, since it took too long.
    TooLate,
    /// By us, since it wrote too much.
    TooMuch,
}

/// A process group, which is killed when this is dropped.
struct Watched(Child);

impl Watched {
    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.0.id()).ok().and_then(Pid::from_raw)
    }

    /// Whether it has ended. Its number stays its own, so that the group can still be killed.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.pid().is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
    }

    /// Kills whatever is left of it, and takes its status.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(pid) = self.pid() {
            // It is not there any more where it ended by itself.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.0.wait()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Runs a command within bounds: hands it the input, and takes at most so many bytes of stdout.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run(mut command: Command, bounds: Bounds, input: Input, most: usize) -> io::Result<Ended> {
    confine(&mut command, bounds);
    let (stdin, piped) = match input {
        Input::Bytes(bytes) => (Stdio::piped(), bytes),
        Input::File(file) => (file.into(), Vec::new()),
    };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Watched(command.spawn()?);
    let (tell, told) = channel();
    if let Some(mut stdin) = child.0.stdin.take() {
        // A child that does not listen has ended, or will be: its status says why.
        spawn(move || drop(stdin.write_all(&piped)))?;
    }
    if let Some(stdout) = child.0.stdout.take() {
        listen(stdout, most, Stream::Out, tell.clone())?;
    }
    if let Some(stderr) = child.0.stderr.take() {
        listen(stderr, STDERR_MAX, Stream::Err, tell)?;
    }
    watch(child, bounds.wall, &told)
}

#[derive(Clone, Copy, Debug)]
enum Stream {
    Out,
    Err,
}

/// What a stream said until its end, or that it says too much.
type Heard = (Stream, Option<Vec<u8>>);

fn listen(from: impl Read + Send + 'static, most: usize, stream: Stream, tell: Sender<Heard>) -> io::Result<()> {
    spawn(move || {
        let mut heard = Vec::new();
        let _ = from.take(most as u64 + 1).read_to_end(&mut heard);
        let _ = tell.send((stream, (heard.len() <= most).then_some(heard)));
    })
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("rota-workshop".into()).spawn(work).map(drop)
}

/// Waits for the end. Time is counted in looks: below the server nobody reads a clock.
fn watch(mut child: Watched, wall: Duration, told: &Receiver<Heard>) -> io::Result<Ended> {
    let (mut out, mut err) = (None, None);
    let mut waited = Duration::ZERO;
    while !child.has_ended() {
        if waited >= wall {
            return Ok(Ended::TooLate);
        }
        match told.recv_timeout(LOOK) {
            Ok((_, None)) => return Ok(Ended::TooMuch),
            Ok((Stream::Out, heard)) => out = heard,
            Ok((Stream::Err, heard)) => err = heard,
            Err(RecvTimeoutError::Timeout) => waited += LOOK,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(LOOK);
                waited += LOOK;
            }
        }
    }
    let status = child.end()?;
    while out.is_none() || err.is_none() {
        match told.recv_timeout(LAST_WORDS) {
            Ok((_, None)) => return Ok(Ended::TooMuch),
            Ok((Stream::Out, heard)) => out = heard,
            Ok((Stream::Err, heard)) => err = heard,
            // Somebody else holds its streams: what it said is not known to be whole.
            Err(_) => return Ok(Ended::TooLate),
        }
    }
    Ok(Ended::ByItself(status, out.unwrap_or_default(), err.unwrap_or_default()))
}
