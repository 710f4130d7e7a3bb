//! The port `Store` on one SQLite file.
//!
//! What writes goes to the one writer (`writer`), as a unit whose rows were made by the
//! caller; what reads goes to a pool of read-only connections. `rows` alone knows how a
//! domain value stands in columns, and `private` alone writes personal text.

mod access;
mod claim;
mod counters;
mod failure;
mod held;
mod inbox;
mod kept;
mod lanes;
mod log;
mod many;
mod mends;
mod open;
mod outbox;
mod people;
mod private;
mod read;
mod record;
mod records;
mod repair;
mod rows;
mod settle;
mod shared;
mod strand;
mod tenant;
mod turns;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, LeadId, Seed, TenantId};
use rota_flow::ports::{
    Accepted, Arrival, Claim, Entry, OutboxRow, Recalled, Repair, Settlement, Snapshot, Store, StoreError, Stored,
    Waiting,
};
use sqlx::SqlitePool;
use tokio::task::JoinHandle;

use claim::Lease;
use failure::Failure;
use inbox::Arrivals;
use kept::Step;
use record::Record;
use repair::Mend;
use settle::{Line, Settlements};
use shared::Written;
use strand::Strand;
use tenant::NewTenant;
use writer::Writer;

/// Durable state in one SQLite file. When it is dropped, what was asked of it is still
/// written, and then the file is closed.
pub struct SqliteStore {
    database: Arc<str>,
    writer: Writer,
    writing: JoinHandle<()>,
    readers: SqlitePool,
    /// Seeds that were read. A tenant's never changes.
    seeds: Mutex<HashMap<TenantId, Seed>>,
    /// Arrivals that could not be read and were reported, each once: they are met at every turn.
    reported: Mutex<HashSet<i64>>,
    /// Large texts that decisions share and that are in the file.
    shared: Written,
}

/// Opens a database file; it is made if it is not there.
///
/// # Errors
/// When the file cannot be used: which, why, and what to do.
pub async fn open(path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
    let file = open::full_path(path.as_ref());
    let database: Arc<str> = file.display().to_string().into();
    let (connection, readers) = open::connect(&file, &database).await?;
    let (writer, writing) = Writer::start(connection, Arc::clone(&database));
    Ok(SqliteStore {
        database,
        writer,
        writing,
        readers,
        seeds: Mutex::default(),
        reported: Mutex::default(),
        shared: Written::default(),
    })
}

impl SqliteStore {
    /// Closes the file after everything that was asked, for who must know when that is.
    pub async fn close(self) {
        self.readers.close().await;
        drop(self.writer);
        if let Err(error) = self.writing.await {
            tracing::error!(database = %self.database, %error, "The writer ended badly");
        }
    }

    async fn seed(&self, tenant: &TenantId) -> Result<Seed, StoreError> {
        let known = self.seeds.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).copied();
        if let Some(seed) = known {
            return Ok(seed);
        }
        let seed = self.read(read::seed(&self.readers, tenant).await)?;
        self.seeds.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), seed);
        Ok(seed)
    }

    /// Works out what would keep the runtime's threads from others for too long.
    async fn work<T: Send + 'static>(
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

    fn read<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.of(&self.database))
    }
}

/// Nobody opened this tenant.
fn unknown_tenant(tenant: &TenantId) -> StoreError {
    StoreError::Inconsistent {
        what: format!("tenant `{tenant}`"),
        detail: "it was never opened in this database".into(),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn open(&self, tenant: &TenantId, seed: Seed) -> Result<(), StoreError> {
        self.writer.write(NewTenant { tenant: tenant.clone(), seed }).await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.read(read::tenants(&self.readers).await)
    }

    async fn load(&self, tenant: &TenantId, recent_since: Timestamp) -> Result<Snapshot, StoreError> {
        let seed = self.seed(tenant).await?;
        self.read(read::load(&self.readers, tenant, seed, recent_since).await)
    }

    async fn accept(
        &self,
        tenant: &TenantId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError> {
        let seed = self.seed(tenant).await?;
        self.writer.write(Arrivals::new(tenant.clone(), &seed, &arrivals, now)?).await
    }

    async fn waiting(&self, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let page = self.read(inbox::waiting(&self.readers, tenant, after, limit).await)?;
        for (id, error) in page.unreadable {
            if self.reported.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
                tracing::error!(%error, "An arrival is left out until it can be read");
            }
        }
        Ok(page.waiting)
    }

    async fn record(&self, tenant: &TenantId, expected: u64, entries: Vec<Entry>) -> Result<(), StoreError> {
        let seed = self.seed(tenant).await?;
        let mut record = Record::new(tenant.clone(), &seed, expected, entries)?;
        self.shared.reduce(tenant, &mut record.shared);
        let shared = record.shared.keys().cloned().collect();
        self.writer.write(record).await?;
        self.shared.add(tenant, shared);
        Ok(())
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        let lease = Lease::new(tenant.clone(), connection.clone(), now, lease, limit);
        if !self.read(lease.promises(&self.readers).await)? {
            return Ok(Vec::new());
        }
        self.writer.write(lease).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError> {
        let mut lines = Vec::with_capacity(settlements.len());
        for settlement in settlements {
            let seed = self.seed(&settlement.claim.tenant).await?;
            lines.push(Line::new(settlement, &seed)?);
        }
        self.writer.write(Settlements(lines)).await
    }

    async fn keep(&self, tenant: &TenantId, things: Vec<Arc<[u8]>>) -> Result<(), StoreError> {
        self.seed(tenant).await?;
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
        self.read(read::decision(&self.readers, tenant, id).await)
    }

    async fn decisions_of(&self, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, StoreError> {
        self.read(read::decisions_of(&self.readers, tenant, lead).await)
    }

    async fn log(&self, tenant: &TenantId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.read(read::log(&self.readers, tenant, after, limit).await)
    }

    async fn outbox(&self, tenant: &TenantId, dead: bool, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(read::outbox(&self.readers, tenant, dead, limit).await)
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

    async fn backlog(&self, tenant: &TenantId) -> Result<(u64, u64), StoreError> {
        self.read(read::backlog(&self.readers, tenant).await)
    }
}
