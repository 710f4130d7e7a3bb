//! The merciless driver: it sends leads to real hosts while it kills them, cuts the ways between
//! them and the CRM, and lets the CRM fail; and holds what came of it against what it knows to be
//! true. Everything that it draws comes from one seed.

pub mod crowd;
pub mod disk;
mod end;
pub mod hosts;
pub mod plan;
pub mod proxy;
pub mod truth;
pub mod verdict;
pub mod world;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use rota_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crowd::Crowd;
use disk::Disk;
use hosts::{Hosts, Place};
use plan::{Act, Scale, Step};
use proxy::{Mood, Proxy};

/// How long an answer is waited for that shall be held back.
const HELD_WITHIN: Duration = Duration::from_secs(4);

/// What is wanted of a run.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The binary of the hosts.
    pub program: PathBuf,
    /// What everything is drawn from.
    pub seed: u64,
    /// How often a host is killed at least.
    pub kills: usize,
    /// How many hosts there are.
    pub hosts: usize,
    /// The database's URL; without one, a SQLite file that an older version began.
    pub database: Option<String>,
    /// The size of a disk of its own for the SQLite file, in MiB, which is filled from time to
    /// time; that needs root.
    pub disk_mib: Option<u32>,
    /// How long things may take at the end until nothing waits.
    pub patience: Duration,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// What is not as it should be.
    pub wrongs: Vec<String>,
    /// What was counted, by name.
    pub figures: Vec<(&'static str, usize)>,
    /// The folder with everything, which stays where something is wrong.
    pub folder: PathBuf,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures: Vec<String> = self.figures.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(f, "{}", figures.join(", "))?;
        if self.wrongs.is_empty() {
            return write!(f, "nothing is wrong");
        }
        writeln!(f, "{} things are wrong; all of it is in {}", self.wrongs.len(), self.folder.display())?;
        self.wrongs.iter().take(20).try_for_each(|wrong| writeln!(f, "- {wrong}"))
    }
}

/// Why a run could not be prepared.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// A run on its way.
struct Run {
    wanted: Wanted,
    place: Place,
    hosts: Hosts,
    crowd: Crowd,
    /// The way from the hosts to the CRM.
    crm: Proxy,
    /// The way from the hosts to their database, where that is a server.
    base: Option<Proxy>,
    /// The disk that is filled, where there is one.
    disk: Option<Disk>,
    /// How often a host was killed while an answer of the CRM was held back.
    waiting: usize,
    /// How often the disk was full.
    full: usize,
    /// How often a host did not start because of that.
    refused: usize,
    /// Dropped, it is gone.
    _double: Sandbox,
}

/// Runs the plan of a seed, and gives its verdict.
///
/// # Errors
/// When the run itself cannot go on, as where a host does not start; in words.
pub async fn run(wanted: Wanted) -> Result<Report, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut run = Run::prepare(wanted, folder.path().to_owned()).await.map_err(|error| error.to_string())?;
    let Wanted { seed, kills, hosts, .. } = run.wanted;
    let scale = Scale { kills, hosts, base: run.base.is_some(), disk: run.disk.is_some() };
    let ended = match run.follow(plan::draw(seed, scale)).await {
        Ok(()) => run.end().await,
        Err(stopped) => Err(stopped),
    };
    let kept = |mut report: Report| {
        report.folder = folder.path().to_owned();
        if report.wrongs.is_empty() {
            return report;
        }
        report.folder = folder.keep();
        report
    };
    // A run that cannot go on is a finding as well, and its folder says why.
    Ok(kept(ended.unwrap_or_else(|stopped| Report { wrongs: vec![stopped], ..Report::default() })))
}

impl Run {
    async fn prepare(wanted: Wanted, folder: PathBuf) -> Result<Self, Wrong> {
        let seed = serde_json::from_value(world::double(wanted.seed))?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = Options { listen, target: None, seed, client_secret: world::SECRET.into() };
        let double = rota_sandbox::start(options).await?;
        let crm = Proxy::open(vec![Some(double.address())]).await?;
        let door = Arc::new(Proxy::open(vec![None; wanted.hosts]).await?);
        let url = |address: SocketAddr| format!("http://{address}");
        world::lay_out(&folder, &url(crm.address()), &url(door.address()))?;
        let disk = wanted.disk_mib.map(|mib| Disk::mount(&folder, mib)).transpose()?;
        let (database, base) = match &wanted.database {
            None => {
                let file = if disk.is_some() { "disk/rota.db" } else { "rota.db" };
                world::older(&folder.join(file)).await?;
                (file.to_owned(), None)
            }
            Some(database) => {
                let (database, base) = world::beside(database).await?;
                (database, Some(base))
            }
        };
        let place = Place { program: wanted.program.clone(), folder, database };
        let hosts = Hosts::new(place.clone(), Arc::clone(&door), wanted.hosts);
        let crowd = Crowd::new(url(door.address()), url(double.address()));
        double.set_target(&format!("{}/v1/hubspot/main/webhook", url(door.address())))?;
        Ok(Self { wanted, place, hosts, crowd, crm, base, disk, waiting: 0, full: 0, refused: 0, _double: double })
    }

    /// Does what the plan says, step by step.
    async fn follow(&mut self, plan: Vec<Step>) -> Result<(), String> {
        let text: Vec<String> = plan.iter().map(|step| format!("{} {:?}\n", step.pause_ms, step.act)).collect();
        let written = std::fs::write(self.place.folder.join("plan.txt"), text.concat());
        written.map_err(|error| format!("the plan cannot be written: {error}"))?;
        self.faults(&json!(plan::webhooks())).await?;
        for host in 0..self.wanted.hosts {
            self.start(host)?;
        }
        for step in plan {
            pause(step.pause_ms).await;
            self.act(step.act).await?;
        }
        Ok(())
    }

    async fn act(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Contacts(count) => self.crowd.contacts(count).await?,
            Act::Calls(count) => {
                self.let_in().await?;
                self.crowd.calls(count);
            }
            Act::Again(count) => self.crowd.again(count),
            Act::Edit(pick) => self.crowd.edit(pick).await?,
            Act::Take(pick, owner) => self.crowd.take(pick, owner).await?,
            Act::Kill { host, away_ms } => {
                self.hosts.ready(host).await?;
                self.hosts.kill(host);
                pause(away_ms).await;
                self.start(host)?;
            }
            Act::KillYoung { host, age_ms } => {
                if self.hosts.listens(host) {
                    self.hosts.kill(host);
                    self.start(host)?;
                }
                pause(age_ms).await;
                self.hosts.kill(host);
                self.start(host)?;
            }
            Act::KillWaiting { host, contacts, writes } => self.kill_waiting(host, contacts, writes).await?,
            Act::Still { host, ms } => {
                self.hosts.still(host, true);
                pause(ms).await;
                self.hosts.still(host, false);
            }
            Act::Crm(mood, ms) => {
                self.crm.be(mood);
                pause(ms).await;
                self.crm.be(Mood::Well);
            }
            Act::Base(mood, ms) => {
                if let Some(base) = &self.base {
                    base.be(mood);
                    pause(ms).await;
                    base.be(Mood::Well);
                }
            }
            Act::Faults(faults) => self.faults(&faults).await?,
            Act::Clock(ms) => self.clock(ms).await?,
            Act::Full(ms) => self.full(ms).await?,
        }
        Ok(())
    }

    async fn kill_waiting(&mut self, host: usize, contacts: usize, writes: bool) -> Result<(), String> {
        self.hosts.ready(host).await?;
        self.crm.be(if writes { Mood::WritesStalled } else { Mood::Stalled });
        self.crowd.contacts(contacts).await?;
        let deadline = tokio::time::Instant::now() + HELD_WITHIN;
        while self.crm.held() == 0 && tokio::time::Instant::now() < deadline {
            pause(3).await;
        }
        self.waiting += usize::from(self.crm.held() > 0);
        self.hosts.kill(host);
        self.crm.be(Mood::Well);
        self.start(host)
    }

    /// The disk is full for so long; in the middle of that a host is killed, and started again.
    async fn full(&mut self, ms: u64) -> Result<(), String> {
        let Some(disk) = &self.disk else { return Ok(()) };
        disk.fill();
        // Somebody asks meanwhile, who is to be told.
        self.crowd.contacts(2).await?;
        self.crowd.calls(if self.crowd.is_let_in() { 2 } else { 0 });
        pause(ms).await;
        self.hosts.kill(0);
        self.start(0)?;
        pause(ms).await;
        let freed = self.disk.as_ref().map_or(Ok(()), Disk::free);
        freed.map_err(|error| format!("the disk cannot be freed: {error}"))?;
        self.full += 1;
        // On a full disk it may refuse to start; whoever runs it starts it again.
        if self.hosts.alive(0).is_err() {
            self.refused += 1;
            self.start(0)?;
        }
        Ok(())
    }

    fn start(&mut self, host: usize) -> Result<(), String> {
        self.hosts.start(host).map_err(|error| format!("host {host} cannot be started: {error}"))
    }

    async fn faults(&self, faults: &Value) -> Result<(), String> {
        self.crowd.tell(Method::POST, "faults", faults).await.map(drop)
    }

    /// Sets the double's clock so far from the right time.
    async fn clock(&self, ms: i64) -> Result<(), String> {
        let now = rota_flow::ports::Clock::now(&rota::clock::SystemClock);
        let at = now + jiff::SignedDuration::from_millis(ms);
        self.crowd.tell(Method::POST, "clock", &json!({ "at": at.to_string() })).await.map(drop)
    }

    /// Makes a token for calls, once.
    async fn let_in(&mut self) -> Result<(), String> {
        if self.crowd.is_let_in() {
            return Ok(());
        }
        self.hosts.ready(0).await?;
        let arguments = ["token", "new", "--tenant", world::TENANT, "--role", "operator", "--json"];
        let (code, out, err) = self.place.run(&arguments).await.map_err(|error| error.to_string())?;
        let made: Value = serde_json::from_str(&out).unwrap_or_default();
        let token = made["token"].as_str().ok_or_else(|| format!("no token was made ({code}): {out}{err}"))?;
        self.crowd.let_in(token.to_owned());
        Ok(())
    }
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
