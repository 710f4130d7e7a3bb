//! The store of one database: what it consists of, and the port `Store`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::Wait;
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, HostId, LeadId, RepId, Seed, TenantId};
use rota_flow::ports::{
    Accepted, Arrival, Before, Claim, Earlier, Entry, Keyed, LogEnd, OutboxRow, Recalled, RecordRef, Repair,
    Settlement, Snapshot, Store, StoreError, Stored, Summed, Waiting,
};

use super::answered::{self, CallLookup};
use super::claim::Lease;
use super::coming;
use super::dialect::{Own, Pool};
use super::failure::Failure;
use super::inbox::{self, Arrivals};
use super::kept::{self, Step};
use super::keys::{Keyring, TenantKeys};
use super::lookups::Lookup;
use super::people::{self, People, PersonLookup};
use super::read;
use super::record::{self, Record};
use super::repair::Mend;
use super::settle::{Line, Settlements};
use super::shared::Written;
use super::strand::Strand;
use super::summing;
use super::tenant::NewTenant;
use super::waits;
use super::writer::Writer;

/// Durable state in one database.
pub struct SqlStore {
    /// The database as errors name it.
    pub(super) database: Arc<str>,
    /// What its claims are signed with.
    pub(super) host: HostId,
    pub(super) writer: Writer,
    pub(super) readers: Pool,
    pub(super) lookups: Pool,
    pub(super) persons: PersonLookup,
    calls: CallLookup,
    pub(super) keys: Arc<Keyring>,
    /// Arrivals that could not be read and were reported, each once: they are met at every turn.
    reported: Mutex<HashSet<i64>>,
    /// Large texts that decisions share and that are in the database.
    shared: Written,
    /// What only a store on this kind of database has.
    pub(super) own: Own,
}

impl SqlStore {
    /// A store over these connections.
    pub(super) fn new(
        database: Arc<str>,
        (readers, lookups): (Pool, Pool),
        writer: Writer,
        keys: Arc<Keyring>,
        own: Own,
    ) -> Self {
        let persons = Lookup::start(lookups.clone(), Arc::clone(&database), people::FIND);
        let calls = Lookup::start(lookups.clone(), Arc::clone(&database), answered::FIND);
        Self {
            database,
            host: keys.draw_host(),
            writer,
            readers,
            lookups,
            persons,
            calls,
            keys,
            reported: Mutex::default(),
            shared: Written::default(),
            own,
        }
    }

    /// A tenant's keys.
    pub(super) async fn tenant(&self, tenant: &TenantId) -> Result<Arc<TenantKeys>, Failure> {
        if let Some(known) = self.keys.known(tenant) {
            return Ok(known);
        }
        let row: Option<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT key, seed FROM tenants WHERE tenant = $1 AND key IS NOT NULL")
                .bind(tenant.as_str())
                .fetch_optional(&self.readers)
                .await?;
        let (key, seed) = row.ok_or_else(|| unknown_tenant(tenant))?;
        match self.keys.unlock(&self.keys.host(), tenant, key.clone(), &seed) {
            Err(Failure::OtherKey) => {
                let host = self.keys.reload(&self.readers).await?;
                self.keys.unlock(&host, tenant, key, &seed)
            }
            unlocked => unlocked,
        }
    }

    /// Does something with a tenant's keys; once more with keys that are read anew, where it
    /// met one that is not known or was made with one that is gone. The second argument says
    /// whether the keys are as they stand in the database.
    pub(super) async fn keyed<T, F>(
        &self,
        tenant: &TenantId,
        work: impl Fn(Arc<TenantKeys>, bool) -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let mut attempt = 0;
        loop {
            let keys = self.read(self.tenant(tenant).await)?;
            match work(keys, attempt > 0).await {
                Err(Failure::OtherKey) if attempt == 0 => {}
                Err(Failure::Stale) if attempt < STALE => {}
                done => return self.read(done),
            }
            self.keys.forget(tenant);
            attempt += 1;
        }
    }

    /// Makes a tenant unless it is there; says whether it is new.
    pub(super) async fn make_tenant(
        &self,
        tenant: &TenantId,
        seed: &Seed,
        plan: Option<String>,
        made: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut host = self.keys.host();
        for _ in 0..STALE {
            let sealed = self.keys.draw(&host, tenant, seed);
            let new = NewTenant { tenant: tenant.clone(), sealed, under: host.check, plan: plan.clone(), made };
            match self.writer.attempt(new).await {
                Err(Failure::Stale) => host = self.read(self.keys.reload(&self.readers).await)?,
                made => return self.read(made),
            }
        }
        self.read(Err(Failure::Stale))
    }

    /// Works out what would keep the runtime's threads from others for too long.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_or_else(
            |error| {
                let detail = format!("this is a fault of Rota; please report it ({error})");
                Err(StoreError::Unavailable { database: self.database.to_string(), detail })
            },
            |result| self.read(result),
        )
    }

    pub(super) fn read<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.of(&self.database))
    }
}

/// How often a unit is made anew because others changed what it was made with.
const STALE: u32 = 16;

/// Nobody opened this tenant.
pub(super) fn unknown_tenant(tenant: &TenantId) -> StoreError {
    StoreError::Inconsistent {
        what: format!("tenant `{tenant}`"),
        detail: "it was never opened in this database".into(),
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn open(&self, tenant: &TenantId, seed: Seed) -> Result<(), StoreError> {
        match self.tenant(tenant).await {
            Ok(_) => return Ok(()),
            // Most likely it is not there; who cannot be read is not made anew.
            Err(Failure::Store(StoreError::Inconsistent { .. })) => {}
            Err(failure) => return self.read(Err(failure)),
        }
        self.make_tenant(tenant, &seed, None, None).await.map(drop)
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.read(read::tenants(&self.readers).await)
    }

    async fn load(&self, tenant: &TenantId, recent_since: Timestamp) -> Result<Snapshot, StoreError> {
        self.keyed(tenant, |keys, _| async move { read::load(&self.readers, &keys, recent_since).await }).await
    }

    async fn progress(&self, tenant: &TenantId) -> Result<LogEnd, StoreError> {
        self.read(waits::progress(&self.readers, tenant).await)
    }

    async fn agenda(&self, tenant: &TenantId, lead: Option<&LeadId>) -> Result<Vec<(LeadId, Wait)>, StoreError> {
        let waits = async {
            let mut reader = self.readers.acquire().await?;
            waits::read(&mut reader, tenant, lead).await
        };
        self.read(waits.await)
    }

    async fn vouch(&self, tenant: &TenantId, text: &str) -> Result<Vec<u8>, StoreError> {
        let vouch = |keys: Arc<TenantKeys>, _| async move { Ok(people::vouched(&keys.seed, text)) };
        self.keyed(tenant, vouch).await
    }

    async fn accept(
        &self,
        tenant: &TenantId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError> {
        let arrivals = &arrivals;
        let accept = |keys, _| async move {
            self.writer.attempt(Arrivals::new(&self.persons, keys, arrivals, now).await?).await
        };
        self.keyed(tenant, accept).await
    }

    async fn waiting(&self, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let page = |keys: Arc<_>, sure| async move { inbox::waiting(&self.readers, &keys, after, limit, sure).await };
        let page = self.keyed(tenant, page).await?;
        for (id, error) in page.unreadable {
            if self.reported.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
                tracing::error!(%error, "An arrival is left out until it can be read");
            }
        }
        Ok(page.waiting)
    }

    async fn owners_on_their_way(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        records: &[RecordRef],
    ) -> Result<Vec<Option<RepId>>, StoreError> {
        self.read(coming::owners(&self.readers, tenant, connection, records).await)
    }

    async fn record_after(
        &self,
        before: Before,
        tenant: &TenantId,
        expected: u64,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        let persons = &entries;
        let meet = |keys, _| People::meet(&self.persons, keys, record::persons(persons));
        let people = self.keyed(tenant, meet).await?;
        let mut record = Record::new(people, expected, entries)?;
        self.shared.reduce(tenant, &mut record.shared);
        let shared = record.shared.keys().cloned().collect();
        if !before.is_recorded().await {
            return Err(StoreError::Conflict { tenant: tenant.clone(), seq: expected });
        }
        match self.writer.record(record).await {
            Ok(()) => {
                self.shared.add(tenant, shared);
                Ok(())
            }
            // Somebody was met or erased meanwhile. What was decided holds no longer, then.
            Err(Failure::Stale) => {
                self.keys.forget(tenant);
                Err(StoreError::Conflict { tenant: tenant.clone(), seq: expected })
            }
            failed => self.read(failed),
        }
    }

    async fn answered(&self, tenant: &TenantId, calls: &[Keyed]) -> Result<Vec<Option<Earlier>>, StoreError> {
        let read =
            |keys: Arc<TenantKeys>, _| async move { answered::read(&self.readers, &self.calls, &keys, calls).await };
        self.keyed(tenant, read).await
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        let claim = |keys, sure| async move {
            let lease = Lease::new(keys, (connection.clone(), self.host.clone()), now, lease, limit, sure);
            if lease.promises(&self.readers).await? { self.writer.attempt(lease).await } else { Ok(Vec::new()) }
        };
        self.keyed(tenant, claim).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError> {
        let Some(first) = settlements.first() else { return Ok(Vec::new()) };
        // All of a courier's are one tenant's; of others, keys are read one by one.
        let (tenant, settlements) = (&first.claim.tenant, &settlements);
        let settle = |keys: Arc<TenantKeys>, _| async move {
            let mut lines = Vec::with_capacity(settlements.len());
            for settlement in settlements {
                let own = settlement.claim.tenant == keys.tenant;
                let keys = if own { keys.clone() } else { self.tenant(&settlement.claim.tenant).await? };
                lines.push(Line::new((&self.readers, &self.persons), &keys, settlement).await?);
            }
            self.writer.attempt(Settlements(lines)).await
        };
        self.keyed(tenant, settle).await
    }

    async fn keep(&self, tenant: &TenantId, things: Vec<Arc<[u8]>>) -> Result<(), StoreError> {
        self.read(self.tenant(tenant).await)?;
        let things = self.work(move || Ok(kept::by_digest(things))).await?;
        let known = self.read(kept::known(&self.readers, tenant, &things).await)?;
        for (digest, thing) in things {
            match known.get(&digest) {
                Some(true) => {}
                Some(false) => self.writer.write(Step::of_known(tenant, digest, &thing)).await?,
                None => {
                    for step in Step::of_new(tenant, &digest, &thing) {
                        self.writer.write(step).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn kept(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(thing) = self.read(kept::read(&self.readers, tenant, digest).await)? else {
            return Ok(None);
        };
        let (tenant, digest) = (tenant.clone(), digest.clone());
        self.work(move || kept::checked(&tenant, &digest, thing)).await.map(Some)
    }

    async fn decision(&self, tenant: &TenantId, id: &DecisionId) -> Result<Option<Recalled>, StoreError> {
        self.keyed(tenant, |keys, _| async move { read::decision(&self.readers, &keys, id).await }).await
    }

    async fn decisions_of(&self, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, StoreError> {
        self.read(read::decisions_of(&self.readers, tenant, lead).await)
    }

    async fn log(&self, tenant: &TenantId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.keyed(tenant, |keys, _| async move { read::log(&self.readers, &keys, after, limit).await }).await
    }

    async fn log_of(
        &self,
        tenant: &TenantId,
        lead: &LeadId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let read =
            |keys: Arc<TenantKeys>, _| async move { read::log_of(&self.readers, &keys, lead, after, limit).await };
        self.keyed(tenant, read).await
    }

    async fn outbox(&self, tenant: &TenantId, dead: bool, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        let outbox = |keys: Arc<_>, sure| async move { read::outbox(&self.readers, &keys, dead, limit, sure).await };
        self.keyed(tenant, outbox).await
    }

    async fn repair(
        &self,
        tenant: &TenantId,
        effect: &EffectId,
        repair: Repair,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.writer.write(Mend::new(tenant.clone(), effect.clone(), repair, now)).await
    }

    async fn strand(&self, tenant: &TenantId, connections: &[ConnectionId], now: Timestamp) -> Result<u64, StoreError> {
        self.writer.write(Strand::new(tenant.clone(), connections.to_vec(), now)).await
    }

    async fn summed(&self, tenant: &TenantId) -> Result<Option<Summed>, StoreError> {
        self.read(summing::read(&self.readers, tenant).await)
    }

    async fn backlog(&self, tenant: &TenantId) -> Result<(u64, u64), StoreError> {
        self.read(read::backlog(&self.readers, tenant).await)
    }
}
