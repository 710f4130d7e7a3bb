//! The hosts of a run: processes of the product's own binary behind one door, killed with SIGKILL
//! and started again.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::proxy::Proxy;
use super::world::{CRM_TOKEN, SECRET};

/// How long is waited before a host that ended is started again, as whoever runs it does.
const STARTS_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What a host says last that does not start since its database answered nothing for ten seconds,
/// as on a machine that stands still for a while.
const TOO_SLOW: &str = "no connection to it was free in time";

/// Where the binary is, and where it works.
#[derive(Clone, Debug)]
pub struct Place {
    /// The binary.
    pub program: PathBuf,
    /// The folder with its configuration and, where the database is on a server, its key; what it
    /// says goes there, too.
    pub folder: PathBuf,
    /// The database: a file or a URL.
    pub database: String,
}

impl Place {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).args(arguments).envs([("CRM_TOKEN", CRM_TOKEN), ("APP_SECRET", SECRET)]);
        for name in ["ROTA_DB", "ROTA_TOKEN", "ROTA_SERVER", "RUST_LOG"] {
            command.env_remove(name);
        }
        // It says, too, when another host was first.
        command.env("RUST_LOG", "info,rota_flow=debug");
        command
    }

    /// Runs a command on the database: its exit code, stdout and stderr.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn run(&self, arguments: &[&str]) -> std::io::Result<(i32, String, String)> {
        let mut command = self.command(arguments);
        command.args(["--db", &self.database]);
        let output = tokio::process::Command::from(command).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr)))
    }
}

/// All hosts of a run.
#[derive(Debug)]
pub struct Hosts {
    door: Arc<Proxy>,
    hosts: Vec<Host>,
    /// How often one was killed.
    pub kills: usize,
    /// Those that were killed before they listened.
    pub young: usize,
    /// How often one did not start, for what was done to its disk or to its way to the database,
    /// and was started again.
    pub refused: usize,
}

/// One host, or the place of one that is away.
#[derive(Debug)]
struct Host {
    place: Place,
    child: Option<Child>,
    life: Arc<Mutex<Life>>,
    /// Whether it has a reason not to start.
    excused: bool,
}

/// Which life it is, and where it listens in it.
#[derive(Debug, Default)]
struct Life {
    number: u64,
    listens: Option<SocketAddr>,
}

impl Hosts {
    /// One for each place, all away, behind this door.
    #[must_use]
    pub fn new(places: Vec<Place>, door: Arc<Proxy>) -> Self {
        let host = |place| Host { place, child: None, life: Arc::default(), excused: false };
        Self { door, hosts: places.into_iter().map(host).collect(), kills: 0, young: 0, refused: 0 }
    }

    /// Starts one; when it listens, the door leads to it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, at: usize) -> std::io::Result<()> {
        let host = &mut self.hosts[at];
        let log = OpenOptions::new().create(true).append(true).open(host.log(at))?;
        let arguments = ["serve", "--config", "rota.toml", "--listen", "127.0.0.1:0", "--json", "--db"];
        let mut command = host.place.command(&arguments);
        let mut child = command.arg(&host.place.database).stdout(Stdio::piped()).stderr(log).spawn()?;
        let number = lock(&host.life).number;
        let (life, door, said) = (Arc::clone(&host.life), Arc::clone(&self.door), child.stdout.take());
        std::thread::spawn(move || {
            let mut line = String::new();
            let Some(said) = said else { return };
            if BufReader::new(said).read_line(&mut line).is_err() {
                return;
            }
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            let address = said["listening"].as_str().and_then(|url| url.trim_start_matches("http://").parse().ok());
            let mut life = lock(&life);
            if life.number == number {
                life.listens = address;
                door.leads(at, address);
            }
        });
        host.child = Some(child);
        Ok(())
    }

    /// Whether it listens.
    #[must_use]
    pub fn listens(&self, at: usize) -> bool {
        lock(&self.hosts[at].life).listens.is_some()
    }

    /// Which life of it this is.
    #[must_use]
    pub fn life(&self, at: usize) -> u64 {
        lock(&self.hosts[at].life).number
    }

    /// It may refuse to start from now on, or has no reason any more.
    pub fn excuse(&mut self, at: usize, excused: bool) {
        self.hosts[at].excused = excused;
    }

    /// Starts it again where it refused to start, and was excused or its database was too slow.
    ///
    /// # Errors
    /// When it ended by itself for no reason.
    pub async fn tend(&mut self, at: usize) -> Result<(), String> {
        let ended = self.hosts[at].child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        let Some(status) = ended else { return Ok(()) };
        let host = &self.hosts[at];
        let log = std::fs::read_to_string(host.log(at)).unwrap_or_default();
        let slow = log.lines().last().is_some_and(|line| line.contains(TOO_SLOW));
        if self.listens(at) || !(host.excused || slow) {
            return Err(format!("host {at} ended by itself with {status}; host-{at}.log says why"));
        }
        self.refused += 1;
        tokio::time::sleep(STARTS_AGAIN_AFTER).await;
        self.start(at).map_err(|error| format!("host {at} cannot be started: {error}"))
    }

    /// How often hosts said these words.
    #[must_use]
    pub fn said(&self, words: &str) -> usize {
        let logs = self.hosts.iter().enumerate().map(|(at, host)| host.log(at));
        let texts = logs.filter_map(|log| std::fs::read_to_string(log).ok());
        texts.map(|text| text.matches(words).count()).sum()
    }

    /// It stands still, or goes on.
    pub fn still(&self, at: usize, still: bool) {
        let signal = if still { Signal::STOP } else { Signal::CONT };
        let id = self.hosts[at].child.as_ref().and_then(|child| i32::try_from(child.id()).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // One that ended by itself is seen by what it left undone.
            let _ = kill_process(id, signal);
        }
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        let mut life = lock(&host.life);
        life.number += 1;
        self.young += usize::from(life.listens.take().is_none());
        self.door.leads(at, None);
        drop(life);
        self.kills += 1;
        end(host);
    }
}

impl Host {
    fn log(&self, at: usize) -> PathBuf {
        self.place.folder.join(format!("host-{at}.log"))
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.hosts.iter_mut().for_each(end);
    }
}

fn end(host: &mut Host) {
    if let Some(mut child) = host.child.take() {
        // It may have ended by itself, which was seen before or is seen by what it left undone.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn lock(life: &Mutex<Life>) -> std::sync::MutexGuard<'_, Life> {
    life.lock().unwrap_or_else(PoisonError::into_inner)
}
