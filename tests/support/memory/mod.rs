//! A store in memory that keeps what the port promises, commit by commit, and nothing more: no
//! file, no thread, no sealing, no erasures. It runs in the caller's task and never waits, so
//! that a simulation on it is the same each time. The contract suite holds it to the real ones.

mod board;
mod lanes;
mod leases;
mod log;
mod mend;
mod settle;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::Wait;
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, HostId, LeadId, RepId, Seed, TenantId};
use rota_flow::ports::{
    Accepted, Arrival, Before, Claim, Dossier, Earlier, Entry, Erased, Keyed, LaneState, LogEnd, OutboxRow, People,
    Recalled, RecordRef, Repair, Settlement, Snapshot, Store, StoreError, Stored, Waiting, Whom,
};

use lanes::{Lane, LaneKey, Row};
use leases::Hosts;
use log::{Called, Decided, Inboxed, State};

/// Durable state in memory. Clones are the same store, and the same process.
#[derive(Clone)]
pub struct MemoryStore {
    tenants: Arc<Mutex<BTreeMap<TenantId, Tenant>>>,
    board: Arc<Mutex<BTreeMap<String, String>>>,
    hosts: Arc<Mutex<Hosts>>,
    host: HostId,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { tenants: Arc::default(), board: Arc::default(), hosts: Arc::default(), host: "memory".into() }
    }
}

/// Everything of one tenant.
struct Tenant {
    id: TenantId,
    seed: Seed,
    /// All entries, the first with the number 1.
    log: Vec<Entry>,
    state: State,
    inbox: BTreeMap<i64, Inboxed>,
    arrived: BTreeMap<String, i64>,
    calls: BTreeMap<String, Called>,
    decisions: BTreeMap<u64, Decided>,
    outbox: Vec<Row>,
    lanes: BTreeMap<LaneKey, Lane>,
    fence: i64,
    kept: BTreeMap<Digest, Arc<[u8]>>,
}

impl Tenant {
    fn new(id: TenantId, seed: Seed) -> Self {
        Self {
            id,
            seed,
            log: Vec::new(),
            state: State::default(),
            inbox: BTreeMap::new(),
            arrived: BTreeMap::new(),
            calls: BTreeMap::new(),
            decisions: BTreeMap::new(),
            outbox: Vec::new(),
            lanes: BTreeMap::new(),
            fence: 0,
            kept: BTreeMap::new(),
        }
    }
}

type Tenants = BTreeMap<TenantId, Tenant>;

impl MemoryStore {
    /// A tenant's log, the entry with the number 1 first.
    #[must_use]
    pub fn entries(&self, tenant: &TenantId) -> Vec<Entry> {
        self.tenants().get(tenant).map(|tenant| tenant.log.clone()).unwrap_or_default()
    }

    /// All effects of a tenant with what became of them, in the order of the log.
    #[must_use]
    pub fn effects(&self, tenant: &TenantId) -> Vec<OutboxRow> {
        let tenants = self.tenants();
        tenants.get(tenant).map(|tenant| tenant.rows(|_| true).collect()).unwrap_or_default()
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same store, as another process has it.
    #[must_use]
    pub fn of(&self, host: &str) -> Self {
        Self { host: host.into(), ..self.clone() }
    }

    /// Does something with a tenant; nobody sees half of it.
    fn with<T>(&self, tenant: &TenantId, work: impl FnOnce(&mut Tenant) -> T) -> Result<T, StoreError> {
        let mut tenants = self.tenants();
        let known = tenants.get_mut(tenant).ok_or_else(|| StoreError::Inconsistent {
            what: format!("tenant `{tenant}`"),
            detail: "it was never opened in this database".into(),
        })?;
        Ok(work(known))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn open(&self, tenant: &TenantId, seed: Seed) -> Result<(), StoreError> {
        self.tenants().entry(tenant.clone()).or_insert_with(|| Tenant::new(tenant.clone(), seed));
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        Ok(Self::tenants(self).keys().cloned().collect())
    }

    async fn load(&self, tenant: &TenantId, recent_since: Timestamp) -> Result<Snapshot, StoreError> {
        self.with(tenant, |tenant| tenant.snapshot(recent_since))
    }

    async fn vouch(&self, tenant: &TenantId, text: &str) -> Result<Vec<u8>, StoreError> {
        let digest = Digest::of(format!("{tenant} {text}").as_bytes());
        Ok(digest.as_str().as_bytes().to_vec())
    }

    async fn progress(&self, tenant: &TenantId) -> Result<LogEnd, StoreError> {
        self.with(tenant, |tenant| tenant.log_end())
    }

    async fn agenda(&self, tenant: &TenantId, lead: Option<&LeadId>) -> Result<Vec<(LeadId, Wait)>, StoreError> {
        let of = |waits: Vec<(LeadId, Wait)>| waits.into_iter().filter(|(of, _)| lead.is_none_or(|lead| of == lead));
        self.with(tenant, |tenant| of(tenant.waits()).collect())
    }

    async fn accept(
        &self,
        tenant: &TenantId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError> {
        self.with(tenant, |tenant| arrivals.into_iter().map(|arrival| tenant.accept(arrival, now)).collect())
    }

    async fn waiting(&self, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.with(tenant, |tenant| tenant.waiting(after).take(most(limit)).collect())
    }

    async fn owners_on_their_way(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        records: &[RecordRef],
    ) -> Result<Vec<Option<RepId>>, StoreError> {
        self.with(tenant, |tenant| records.iter().map(|record| tenant.owner_on_its_way(connection, record)).collect())
    }

    async fn record_after(
        &self,
        before: Before,
        tenant: &TenantId,
        expected: u64,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        self.with(tenant, |_| ())?;
        if !before.is_recorded().await {
            return Err(StoreError::Conflict { tenant: tenant.clone(), seq: expected });
        }
        self.with(tenant, |tenant| tenant.record(expected, entries))?
    }

    async fn answered(&self, tenant: &TenantId, calls: &[Keyed]) -> Result<Vec<Option<Earlier>>, StoreError> {
        self.with(tenant, |tenant| calls.iter().map(|call| tenant.earlier(call)).collect())
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        self.with(tenant, |tenant| tenant.claim((connection, &self.host), now, lease, most(limit)))
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError> {
        let Some(tenant) = settlements.first().map(|first| first.claim.tenant.clone()) else { return Ok(Vec::new()) };
        self.with(&tenant, |tenant| tenant.settle(settlements))
    }

    async fn keep(&self, tenant: &TenantId, things: Vec<Arc<[u8]>>) -> Result<(), StoreError> {
        let things = things.into_iter().map(|thing| (Digest::of(&thing), thing));
        self.with(tenant, |tenant| tenant.kept.extend(things))
    }

    async fn kept(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(tenant, |tenant| tenant.kept.get(digest).map(|thing| thing.to_vec()))
    }

    async fn decision(&self, tenant: &TenantId, id: &DecisionId) -> Result<Option<Recalled>, StoreError> {
        self.with(tenant, |tenant| tenant.recall(id))
    }

    async fn decisions_of(&self, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, StoreError> {
        let ids = |tenant: &mut Tenant| {
            let about = tenant.decisions.values().rev().filter(|known| known.stored.decision.lead == *lead);
            about.map(|known| known.stored.decision.id.clone()).collect()
        };
        self.with(tenant, ids)
    }

    async fn log(&self, tenant: &TenantId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.with(tenant, |tenant| tenant.decided(after).take(most(limit)).cloned().collect())
    }

    async fn log_of(
        &self,
        tenant: &TenantId,
        lead: &LeadId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let about = |tenant: &mut Tenant| {
            tenant.decided(after).filter(|stored| stored.decision.lead == *lead).take(most(limit)).cloned().collect()
        };
        self.with(tenant, about)
    }

    async fn outbox(&self, tenant: &TenantId, dead: bool, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        let state = |state| state == LaneState::Dead || (!dead && state == LaneState::Waiting);
        self.with(tenant, |tenant| tenant.rows(|row| state(row.state)).take(most(limit)).collect())
    }

    async fn repair(
        &self,
        tenant: &TenantId,
        effect: &EffectId,
        repair: Repair,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.with(tenant, |tenant| tenant.repair(effect, repair, now))
    }

    async fn strand(&self, tenant: &TenantId, connections: &[ConnectionId], now: Timestamp) -> Result<u64, StoreError> {
        self.with(tenant, |tenant| tenant.strand(connections, now))
    }

    async fn backlog(&self, tenant: &TenantId) -> Result<(u64, u64), StoreError> {
        let effects = |tenant: &Tenant| tenant.outbox.iter().filter(|row| row.state == LaneState::Waiting).count();
        self.with(tenant, |tenant| (tenant.waiting(0).count() as u64, effects(tenant) as u64))
    }
}

#[async_trait]
impl People for MemoryStore {
    async fn export(&self, _: &TenantId, _: &Whom) -> Result<Dossier, StoreError> {
        Err(not_modelled())
    }

    async fn erase(&self, _: &TenantId, _: &Whom, _: &str, _: Timestamp, _: Option<i64>) -> Result<Erased, StoreError> {
        Err(not_modelled())
    }

    async fn forget_departed(&self, tenant: &TenantId, _: Timestamp) -> Result<(), StoreError> {
        self.with(tenant, |_| ())
    }
}

fn not_modelled() -> StoreError {
    StoreError::Inconsistent { what: "the store in memory".into(), detail: "it has no erasures".into() }
}

fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
