//! The ports on a PostgreSQL database, which several hosts may share.
//!
//! What writes is a unit whose rows were made by the caller, in a transaction of its own or with
//! records of other tenants; what reads goes to a pool. The statements are in `../sql`, and `dialect` has what only
//! PostgreSQL says like this.

mod columns;
mod dialect;
mod joined;
mod leasing;
mod open;
mod pooled;
mod statistics;
mod writer;

#[path = "../sql/access.rs"]
mod access;
#[path = "../sql/added.rs"]
mod added;
#[path = "../sql/answered.rs"]
mod answered;
#[path = "../sql/board.rs"]
mod board;
#[path = "../sql/claim.rs"]
mod claim;
#[path = "../sql/coming.rs"]
mod coming;
#[path = "../sql/counters.rs"]
mod counters;
#[path = "../sql/decisions.rs"]
mod decisions;
#[path = "../sql/departed.rs"]
mod departed;
#[path = "../sql/dossier.rs"]
mod dossier;
#[path = "../sql/erase.rs"]
mod erase;
#[path = "../sql/failure.rs"]
mod failure;
#[path = "../sql/figures.rs"]
mod figures;
#[path = "../sql/given.rs"]
mod given;
#[path = "../sql/held.rs"]
mod held;
#[path = "../sql/inbox.rs"]
mod inbox;
#[path = "../sql/kept.rs"]
mod kept;
#[path = "../sql/keys.rs"]
mod keys;
#[path = "../sql/lanes.rs"]
mod lanes;
#[path = "../sql/leases.rs"]
mod leases;
#[path = "../sql/library.rs"]
mod library;
#[path = "../sql/log.rs"]
mod log;
#[path = "../sql/lookups.rs"]
mod lookups;
#[path = "../sql/many.rs"]
mod many;
#[path = "../sql/mends.rs"]
mod mends;
#[path = "../sql/outbox.rs"]
mod outbox;
#[path = "../sql/people.rs"]
mod people;
#[path = "../sql/private.rs"]
mod private;
#[path = "../sql/read.rs"]
mod read;
#[path = "../sql/record.rs"]
mod record;
#[path = "../sql/records.rs"]
mod records;
#[path = "../sql/renew.rs"]
mod renew;
#[path = "../sql/repair.rs"]
mod repair;
#[path = "../sql/retention.rs"]
mod retention;
#[path = "../sql/revisions.rs"]
mod revisions;
#[path = "../sql/rows.rs"]
mod rows;
#[path = "../sql/settle.rs"]
mod settle;
#[path = "../sql/shared.rs"]
mod shared;
#[path = "../sql/store.rs"]
mod store;
#[path = "../sql/strand.rs"]
mod strand;
#[path = "../sql/summing.rs"]
mod summing;
#[path = "../sql/tenant.rs"]
mod tenant;
#[path = "../sql/turns.rs"]
mod turns;
#[path = "../sql/unit.rs"]
mod unit;
#[path = "../sql/vault.rs"]
mod vault;
#[path = "../sql/waits.rs"]
mod waits;
#[path = "../sql/whom.rs"]
mod whom;

use std::sync::Arc;

use rota_flow::ports::StoreError;
use sqlx::Connection as _;

pub use store::SqlStore as PostgresStore;

use dialect::Own;
use keys::Keyring;
use open::Connections;
use writer::Writer;

use crate::sealing::Keys;

/// Connects to a database by its URL, `postgres://user:password@host:port/name`, which is sealed
/// under these keys; its tables are made if they are not there.
///
/// # Errors
/// When the database cannot be used, or is sealed under another key: which, why, and what to do.
pub async fn connect(url: &str, keys: Keys) -> Result<PostgresStore, StoreError> {
    let (options, name) = open::options(url)?;
    let database: Arc<str> = name.into();
    let Connections { mut first, writers, readers, lookups } = open::connect(options, &database).await?;
    let failed = |error| failure::unavailable(&database, &error);
    let mut transaction = first.begin_with(pooled::begin(&writers.connect_options())).await.map_err(failed)?;
    let keys = Keyring::open(&mut transaction, keys, &database).await?;
    transaction.commit().await.map_err(failed)?;
    // It is of no use any more.
    let _ = first.close().await;
    let counting = statistics::keep(&writers);
    let writer = Writer::new(writers.clone(), Arc::clone(&database));
    Ok(PostgresStore::new(database, (readers, lookups), writer, keys, Own { writers, _counting: counting }))
}

/// The database of this URL, as messages name it.
///
/// # Errors
/// When the URL does not read.
pub fn without_password(url: &str) -> Result<String, StoreError> {
    open::options(url).map(|(_, name)| name)
}

impl PostgresStore {
    /// Closes its connections once what is under way has ended, for who must know when that is.
    pub async fn close(self) {
        self.own.writers.close().await;
        self.readers.close().await;
        self.lookups.close().await;
    }
}
