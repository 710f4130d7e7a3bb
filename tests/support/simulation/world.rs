//! What all parts of a simulation share: time, chance, the trace, and what is truly there.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rota_domain::id::TenantId;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Clock, Store as _};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::crm::CrmState;
use super::host::Door;
use super::plan::Plan;
use super::rule::workspace;
use super::traffic::Sent;
use crate::memory::MemoryStore;

/// How much happened in a simulation, for whoever wants to know what it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Hosts that died.
    pub deaths: u64,
    /// Commits that another host was before.
    pub conflicts: u64,
    /// Answers of the store that were lost.
    pub lost: u64,
    /// Decisions in the log.
    pub decisions: u64,
    /// Effects in the outbox.
    pub effects: u64,
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            deaths: self.deaths + other.deaths,
            conflicts: self.conflicts + other.conflicts,
            lost: self.lost + other.lost,
            decisions: self.decisions + other.decisions,
            effects: self.effects + other.effects,
        }
    }
}

/// The simulated world.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) tenant: TenantId,
    pub(super) store: MemoryStore,
    /// The doors of the hosts that are up.
    doors: Mutex<Vec<Option<Door>>>,
    crm: Mutex<CrmState>,
    sent: Mutex<Sent>,
    dice: Mutex<SmallRng>,
    trace: Mutex<Vec<String>>,
    counts: Mutex<Counts>,
    began: Mutex<Option<Instant>>,
}

/// Holds the lock of something that no panic can leave half done.
pub(super) fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        let plan = Plan::of(seed);
        let line = format!("seed {seed}: {plan:?}");
        Arc::new(Self {
            tenant: "acme".into(),
            store: MemoryStore::default(),
            doors: Mutex::new((0..plan.hosts).map(|_| None).collect()),
            crm: Mutex::new(CrmState::of(plan.records)),
            sent: Mutex::default(),
            dice: Mutex::new(SmallRng::seed_from_u64(seed)),
            trace: Mutex::new(vec![line]),
            counts: Mutex::default(),
            began: Mutex::default(),
            plan,
        })
    }

    /// What is in the CRM.
    pub(super) fn crm(&self) -> MutexGuard<'_, CrmState> {
        hold(&self.crm)
    }

    /// What was sent to the hosts, and what they promised.
    pub(super) fn sent(&self) -> MutexGuard<'_, Sent> {
        hold(&self.sent)
    }

    pub(super) fn counts(&self) -> Counts {
        *hold(&self.counts)
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut hold(&self.counts));
    }

    /// How long it has been going on.
    pub(super) fn elapsed(&self) -> Duration {
        hold(&self.began).get_or_insert_with(Instant::now).elapsed()
    }

    /// Whether things go wrong now.
    pub(super) fn storms(&self) -> bool {
        self.elapsed() < self.plan.storm
    }

    /// Whether the store is out of reach now.
    pub(super) fn is_cut_off(&self) -> bool {
        let now = self.elapsed();
        self.plan.outage.is_some_and(|(from, lasts)| now >= from && now < from + lasts)
    }

    /// True so many times of a thousand, while things go wrong.
    pub(super) fn befalls(&self, thousandths: u32) -> bool {
        self.storms() && thousandths > 0 && self.draw(1_000) < u64::from(thousandths)
    }

    /// A number below this one.
    pub(super) fn draw(&self, below: u64) -> u64 {
        hold(&self.dice).random_range(0..below.max(1))
    }

    /// A draw from 0 to 1.
    pub(super) fn fraction(&self) -> f64 {
        hold(&self.dice).random_range(0.0..1.0)
    }

    /// Notes something that happened.
    pub(super) fn note(&self, what: impl std::fmt::Display) {
        let mut line = String::new();
        write!(line, "{:9.3} {what}", self.elapsed().as_secs_f64()).unwrap_or_default();
        hold(&self.trace).push(line);
    }

    /// The digest of what happened, and all of it.
    pub(super) fn trace(&self) -> (String, Vec<String>) {
        let lines = hold(&self.trace).clone();
        let mut hash = Sha256::new();
        for line in &lines {
            hash.update(line);
            hash.update([b'\n']);
        }
        let mut digest = String::new();
        for byte in hash.finalize() {
            write!(digest, "{byte:02x}").unwrap_or_default();
        }
        (digest, lines)
    }

    /// A host opens its door, or has none any more.
    pub(super) fn set_door(&self, host: usize, door: Option<Door>) {
        hold(&self.doors)[host] = door;
    }

    /// The door of a host that is up, whichever it is.
    pub(super) fn door(&self) -> Option<Door> {
        let up: Vec<Door> = hold(&self.doors).iter().flatten().cloned().collect();
        if up.is_empty() {
            return None;
        }
        let which = self.draw(up.len() as u64);
        usize::try_from(which).ok().and_then(|which| up.into_iter().nth(which))
    }

    /// The workspace at the end of the log, with which a host starts; the first, where there is none.
    pub(super) async fn workspace(&self) -> Workspace {
        let known = self.store.load(&self.tenant, Timestamp::MAX).await.ok().and_then(|state| state.workspace);
        known.map_or_else(|| workspace(0), |(_, known)| known)
    }

    /// The clock of a host, or of somebody outside where it is not off.
    pub(super) fn clock(self: &Arc<Self>, off_ms: i64) -> Arc<dyn Clock> {
        Arc::new(Skewed { world: self.clone(), off: SignedDuration::from_millis(off_ms) })
    }

    /// The true time.
    pub(super) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        Timestamp::from_second(1_770_000_000).unwrap_or(Timestamp::UNIX_EPOCH) + elapsed
    }
}

/// A clock that is off by a little.
struct Skewed {
    world: Arc<World>,
    off: SignedDuration,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.world.now() + self.off
    }
}
