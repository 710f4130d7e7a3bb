//! The merciless driver: it sends leads to real hosts while it kills them, cuts the ways between
//! them and the CRM, and lets the CRM fail; and holds what came of it against what it knows to be
//! true. Everything that it draws comes from one seed.

pub mod crowd;
pub mod disk;
mod end;
pub mod hosts;
pub mod plan;
pub mod proxy;
pub mod report;
pub mod truth;
pub mod verdict;
pub mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use rota_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::time::Instant;

use crowd::Crowd;
use disk::Disk;
use hosts::{Hosts, Place};
use plan::{Act, Scale, Step};
use proxy::{Mood, Proxy};
pub use report::Report;

/// How long an answer is waited for that shall be held back.
const HELD_WITHIN: Duration = Duration::from_secs(4);
/// How long a host may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// A host that is out of reach for longer than this is left alone meanwhile: others are killed.
const SOON: Duration = Duration::from_secs(3);

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
    /// How long the pauses between what is done are, as a share of the usual.
    pub pace: f64,
    /// How long things may take at the end until nothing waits.
    pub patience: Duration,
}

/// Why a run could not be prepared.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// A run on its way.
struct Run {
    wanted: Wanted,
    /// Where all of it lies.
    folder: PathBuf,
    /// Where commands are run on the database, by a way that is never cut.
    place: Place,
    hosts: Hosts,
    crowd: Crowd,
    /// The way from the hosts to the CRM.
    crm: Proxy,
    /// The way of each host to its database, where that is a server.
    bases: Vec<Proxy>,
    /// The disk that is filled, where there is one.
    disk: Option<Disk>,
    /// What is set right again, and when.
    later: Vec<(Instant, Right)>,
    counts: Counts,
    began: Instant,
    /// Dropped, it is gone.
    _double: Sandbox,
}

/// What is set right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// The way of this host to the database.
    Base(usize),
    /// This host goes on, if it is still in this life.
    Still(usize, u64),
}

impl Right {
    fn host(self) -> usize {
        match self {
            Self::Base(host) | Self::Still(host, _) => host,
        }
    }
}

/// What was done, counted.
#[derive(Debug, Default)]
struct Counts {
    /// Killed while an answer of the CRM to a read was held back, and to a write.
    waiting: (usize, usize),
    /// Hosts that stood still, and of those for longer than any lease.
    still: (usize, usize),
    /// Ways to the database that were cut or stalled, and of those for longer than any lease.
    bases: (usize, usize),
    /// How often the way to the CRM was cut or stalled, and how often it failed otherwise.
    crm: (usize, usize),
    /// How often the double's clock was set.
    clock: usize,
    /// How often the disk was full.
    full: usize,
}

/// Runs the plan of a seed, and gives its verdict.
///
/// # Errors
/// When the run itself cannot go on, as where a host does not start; in words.
pub async fn run(wanted: Wanted) -> Result<Report, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut run = Run::prepare(wanted, folder.path().to_owned()).await.map_err(|error| error.to_string())?;
    let Wanted { seed, kills, hosts, .. } = run.wanted;
    let scale = Scale { kills, hosts, base: !run.bases.is_empty(), disk: run.disk.is_some() };
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
        let disk = wanted.disk_mib.map(|mib| Disk::mount(&folder, mib)).transpose()?;
        let (mut places, mut bases) = (Vec::new(), Vec::new());
        let place = |folder, database| Place { program: wanted.program.clone(), folder, database };
        let key = world::key(wanted.seed);
        for host in 0..wanted.hosts {
            let Some(database) = &wanted.database else {
                let file = if disk.is_some() { "disk/rota.db" } else { "rota.db" };
                places.push(place(folder.clone(), file.to_owned()));
                continue;
            };
            let (database, base) = world::beside(database).await?;
            let own = folder.join(format!("host-{host}"));
            world::lay_out(&own, &url(crm.address()), &url(door.address()))?;
            world::give(&own, &key)?;
            places.push(place(own, database));
            bases.push(base);
        }
        let mut calm = places[0].clone();
        match &wanted.database {
            Some(database) => calm.database.clone_from(database),
            None => {
                world::lay_out(&folder, &url(crm.address()), &url(door.address()))?;
                world::older(&folder.join(&calm.database)).await?;
            }
        }
        let hosts = Hosts::new(places, Arc::clone(&door));
        let crowd = Crowd::new(Arc::clone(&door), url(double.address()));
        double.set_target(&format!("{}/v1/hubspot/main/webhook", url(door.address())))?;
        let (later, counts, began) = (Vec::new(), Counts::default(), Instant::now());
        Ok(Self { wanted, folder, place: calm, hosts, crowd, crm, bases, disk, later, counts, began, _double: double })
    }

    /// Does what the plan says, step by step.
    async fn follow(&mut self, plan: Vec<Step>) -> Result<(), String> {
        let text: Vec<String> = plan.iter().map(|step| format!("{} {:?}\n", step.pause_ms, step.act)).collect();
        let written = std::fs::write(self.folder.join("plan.txt"), text.concat());
        written.map_err(|error| format!("the plan cannot be written: {error}"))?;
        self.faults(&json!(plan::webhooks())).await?;
        for host in 0..self.wanted.hosts {
            self.start(host)?;
        }
        for step in plan {
            self.pause(step.pause_ms).await;
            self.set_right(Instant::now());
            for host in 0..self.wanted.hosts {
                self.hosts.tend(host).await?;
            }
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
                let host = self.near(host);
                self.ready(host).await?;
                self.hosts.kill(host);
                self.pause(away_ms).await;
                self.start(host)?;
            }
            Act::KillYoung { host, age_ms } => {
                let host = self.near(host);
                if self.hosts.listens(host) {
                    self.hosts.kill(host);
                    self.start(host)?;
                }
                pause(age_ms).await;
                self.hosts.kill(host);
                self.start(host)?;
            }
            Act::KillWaiting { host, contacts, writes } => {
                let host = self.near(host);
                self.kill_waiting(host, contacts, writes).await?;
            }
            Act::Still { host, ms } => {
                let host = self.near(host);
                self.hosts.still(host, true);
                self.later(ms, Right::Still(host, self.hosts.life(host)));
                self.counts.still.0 += 1;
                self.counts.still.1 += usize::from(ms > plan::LEASE_MS);
            }
            Act::Crm(mood, ms) => {
                self.crm.be(mood);
                pause(ms).await;
                self.crm.be(Mood::Well);
                self.counts.crm.0 += 1;
            }
            Act::Base { host, mood, ms } => self.base(host, mood, ms),
            Act::Faults(faults) => {
                self.faults(&faults).await?;
                self.counts.crm.1 += 1;
            }
            Act::Clock(ms) => {
                self.clock(ms).await?;
                self.counts.clock += 1;
            }
            Act::Full(ms) => self.full(ms).await?,
        }
        Ok(())
    }

    /// A host's way to the database is so for a while, in which all else goes on.
    fn base(&mut self, host: usize, mood: Mood, ms: u64) {
        let host = self.near(host);
        let Some(base) = self.bases.get(host) else { return };
        base.be(mood);
        self.hosts.excuse(host, true);
        self.later(ms, Right::Base(host));
        self.counts.bases.0 += 1;
        self.counts.bases.1 += usize::from(ms > plan::LEASE_MS);
    }

    fn later(&mut self, ms: u64, right: Right) {
        self.later.push((Instant::now() + Duration::from_millis(ms), right));
    }

    /// Waits until a host listens.
    async fn ready(&mut self, host: usize) -> Result<(), String> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while !self.hosts.listens(host) {
            self.set_right(Instant::now());
            self.hosts.tend(host).await?;
            if Instant::now() > deadline {
                return Err(format!("host {host} does not listen after {} s", STARTS_WITHIN.as_secs()));
            }
            pause(5).await;
        }
        Ok(())
    }

    /// Sets right what is to be right again by then.
    fn set_right(&mut self, by: Instant) {
        for (_, right) in self.later.extract_if(.., |(at, _)| *at <= by) {
            match right {
                Right::Base(host) => self.bases[host].be(Mood::Well),
                Right::Still(host, life) if self.hosts.life(host) == life => self.hosts.still(host, false),
                Right::Still(..) => {}
            }
        }
    }

    /// This host, or the next one that is not out of reach for long.
    fn near(&self, host: usize) -> usize {
        let soon = Instant::now() + SOON;
        let far = |host: usize| self.later.iter().any(|(at, right)| right.host() == host && *at > soon);
        let mut around = (host..host + self.wanted.hosts).map(|host| host % self.wanted.hosts);
        around.find(|host| !far(*host)).unwrap_or(host)
    }

    async fn kill_waiting(&mut self, host: usize, contacts: usize, writes: bool) -> Result<(), String> {
        self.ready(host).await?;
        self.crm.be(if writes { Mood::WritesStalled } else { Mood::Stalled });
        self.crowd.contacts(contacts).await?;
        let deadline = Instant::now() + HELD_WITHIN;
        while self.crm.held() == 0 && Instant::now() < deadline {
            self.set_right(Instant::now());
            pause(3).await;
        }
        let waits = usize::from(self.crm.held() > 0);
        *(if writes { &mut self.counts.waiting.1 } else { &mut self.counts.waiting.0 }) += waits;
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
        // On a full disk it may refuse to start; whoever runs it starts it again.
        self.hosts.excuse(0, true);
        pause(ms).await;
        let freed = self.disk.as_ref().map_or(Ok(()), Disk::free);
        freed.map_err(|error| format!("the disk cannot be freed: {error}"))?;
        self.counts.full += 1;
        Ok(())
    }

    async fn pause(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms).mul_f64(self.wanted.pace.max(0.0))).await;
    }

    fn start(&mut self, host: usize) -> Result<(), String> {
        self.hosts.excuse(host, self.bases.get(host).is_some_and(|base| !base.is_well()));
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
        self.ready(0).await?;
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
