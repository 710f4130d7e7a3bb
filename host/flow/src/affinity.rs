//! For which tenants this host decides, where several hosts share a database. A tenant's lease keeps
//! its deciding on one host, so that two do not throw away what the other decided. That is all it is
//! for: a host that decides without the lease meets a conflict and decides again, and nothing is
//! lost or doubled, whatever clocks, leases and looks say.
//!
//! A host that is alone holds everything and takes no lease, and says only now and then that it is
//! there: then neither does deciding write a row for this, nor does a start after a kill wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rota_domain::id::{Digest, HostId, TenantId};
use tokio::sync::watch;

use crate::ingest::Inbox;
use crate::ports::{Accepted, Clock, Keyed, Leased, Leases, Posted, StoreError};

/// How long a host is taken to be there after it said so.
const THERE: SignedDuration = SignedDuration::from_secs(5);
/// How often it says so while others are there.
const RENEW: SignedDuration = SignedDuration::from_secs(1);
/// How often it says so while it is alone, so that hosts that lost sight of each other meet again.
const RENEW_ALONE: SignedDuration = SignedDuration::from_secs(30);
/// How long after its start it says so as if others were there, so that they learn of it.
const NEWCOMER: SignedDuration = SignedDuration::from_secs(3);
/// How often it looks for others, while it is alone.
const LOOK_ALONE: Duration = Duration::from_secs(1);
/// How often it looks for leases and for what others took in, while they are there.
const LOOK: Duration = Duration::from_millis(100);
/// A lease that was of no use for so long is given up: whoever has work next takes it.
const IDLE: SignedDuration = SignedDuration::from_secs(30);

/// Where a tenant's leads are decided now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// On this host.
    Here,
    /// On another one, which is there.
    Elsewhere,
    /// Nowhere: whoever has work takes the lease.
    Free,
}

/// What this host knows of the others of its database.
pub struct Affinity {
    host: HostId,
    leases: Arc<dyn Leases>,
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
    alone: AtomicBool,
    known: RwLock<Known>,
    /// When each lease that is held here was of use last.
    used: Mutex<BTreeMap<TenantId, Timestamp>>,
    pace: Mutex<Pace>,
    /// Calls without a key that were given one.
    given: AtomicU64,
}

#[derive(Default)]
struct Known {
    /// Hosts besides this one that are there.
    others: BTreeSet<HostId>,
    /// The leases, whether their hosts are there or not.
    holders: BTreeMap<TenantId, HostId>,
}

/// When this host says again that it is there.
struct Pace {
    newcomer_until: Timestamp,
    renewed: Timestamp,
}

impl Affinity {
    /// What a host of this name knows when it begins: nothing of others.
    #[must_use]
    pub fn new(host: HostId, leases: Arc<dyn Leases>, inbox: Arc<Inbox>, clock: Arc<dyn Clock>) -> Self {
        Self {
            host,
            leases,
            inbox,
            clock,
            alone: AtomicBool::new(true),
            known: RwLock::default(),
            used: Mutex::default(),
            pace: Mutex::new(Pace { newcomer_until: Timestamp::MIN, renewed: Timestamp::MIN }),
            given: AtomicU64::new(0),
        }
    }

    /// Says that this host is there, and learns who else is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.leases.begin(now).await?;
        lock(&self.pace).newcomer_until = now.checked_add(NEWCOMER).unwrap_or(now);
        self.look().await
    }

    /// Looks at the others, until this host goes.
    pub async fn run(self: Arc<Self>, mut gone: watch::Receiver<()>) {
        loop {
            let pause = if self.is_alone() && !self.is_newcomer() { LOOK_ALONE } else { LOOK };
            tokio::select! {
                () = tokio::time::sleep(pause) => {
                    if let Err(error) = self.look().await {
                        tracing::debug!(%error, "Other hosts could not be looked at");
                    }
                }
                _ = gone.changed() => return,
            }
        }
    }

    /// Gives everything up, once nothing is decided here any more: others need not wait then.
    pub async fn leave(&self) {
        if let Err(error) = self.leases.leave(&self.host).await {
            tracing::debug!(%error, "This host's leases run out by themselves");
        }
    }

    /// How many hosts there are, with this one.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).others.len() + 1
    }

    /// Whether no other host is known to be there.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }

    /// Where a tenant's leads are decided.
    #[must_use]
    pub fn stand(&self, tenant: &TenantId) -> Stand {
        if self.is_alone() {
            return Stand::Here;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.holders.get(tenant) {
            Some(holder) if *holder == self.host => Stand::Here,
            Some(holder) if known.others.contains(holder) => Stand::Elsewhere,
            Some(_) | None => Stand::Free,
        }
    }

    /// The lease of this tenant is of use.
    pub(crate) fn uses(&self, tenant: &TenantId) {
        if !self.is_alone() {
            lock(&self.used).insert(tenant.clone(), self.clock.now());
        }
    }

    /// Takes the lease of a tenant, which seemed free; says whether this host has it.
    pub(crate) async fn take(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let taken = self.leases.take(&self.host, tenant, self.clock.now()).await?;
        if taken {
            self.uses(tenant);
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.holders.insert(tenant.clone(), self.host.clone());
        } else {
            self.look().await?;
        }
        Ok(taken)
    }

    /// Gives a lease up, since another host can decide where this one cannot.
    pub(crate) async fn give_up(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.forget(std::slice::from_ref(tenant));
        self.leases.give_up(&self.host, std::slice::from_ref(tenant)).await
    }

    /// Stores calls for whoever decides.
    pub(crate) async fn post(&self, tenant: &TenantId, calls: Vec<Posted>) -> Result<Vec<Accepted>, StoreError> {
        self.leases.post(tenant, calls).await
    }

    /// A key for a call that came without one, so that its answer can be found. Nobody can guess
    /// this host's name, so nobody else uses it.
    pub(crate) fn key(&self, received: Timestamp) -> Keyed {
        let key = format!("{}:{}", self.host, self.given.fetch_add(1, Ordering::Relaxed));
        Keyed { asked: Digest::of(key.as_bytes()), key, received }
    }

    fn is_newcomer(&self) -> bool {
        self.clock.now() < lock(&self.pace).newcomer_until
    }

    /// Looks at the others once, and says that this host is there where it is time to.
    async fn look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let hosts = self.leases.hosts().await?;
        let others: BTreeSet<HostId> = hosts
            .into_iter()
            .filter(|(host, until)| *host != self.host && *until > now)
            .map(|(host, _)| host)
            .collect();
        let alone = others.is_empty();
        if self.is_to_renew(alone, now) {
            self.leases.stay(&self.host, now.checked_add(THERE).unwrap_or(now)).await?;
            lock(&self.pace).renewed = now;
            self.give_up_idle(now).await?;
        }
        let Leased { holders, waiting } = if alone { Leased::default() } else { self.leases.leased().await? };
        if self.is_alone() != alone {
            let hosts = others.len() + 1;
            tracing::info!(hosts, "Hosts that share this database");
        }
        for (tenant, _) in holders.iter().filter(|(_, holder)| **holder == self.host) {
            lock(&self.used).entry(tenant.clone()).or_insert(now);
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { others, holders };
        self.alone.store(alone, Ordering::Relaxed);
        // What others took in, and what nobody is left to decide.
        for tenant in waiting.iter().filter(|tenant| self.stand(tenant) != Stand::Elsewhere) {
            self.inbox.ring(tenant);
        }
        Ok(())
    }

    fn is_to_renew(&self, alone: bool, now: Timestamp) -> bool {
        let pace = lock(&self.pace);
        let every = if alone && now >= pace.newcomer_until { RENEW_ALONE } else { RENEW };
        // A clock that was set back must not silence it.
        now.duration_since(pace.renewed).abs() >= every
    }

    async fn give_up_idle(&self, now: Timestamp) -> Result<(), StoreError> {
        let idle: Vec<TenantId> = {
            let used = lock(&self.used);
            used.iter().filter(|(_, at)| now.duration_since(**at) > IDLE).map(|(tenant, _)| tenant.clone()).collect()
        };
        if idle.is_empty() {
            return Ok(());
        }
        self.forget(&idle);
        self.leases.give_up(&self.host, &idle).await
    }

    fn forget(&self, tenants: &[TenantId]) {
        let mut used = lock(&self.used);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for tenant in tenants {
            used.remove(tenant);
            known.holders.remove(tenant);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
